"""Where in the picture a release belongs: the places of joints and soft tissue that no label shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.anatomy.spine import Triple
from enbloc.core.geometry import Vector
from enbloc.core.levels import Level
from enbloc.resection.ground import Ground, Indices
from enbloc.resection.neighbours import Pair

RIM = 0.03
"""The share of a part's voxels that stands for its rim."""
HEAD_AT = 0.2
"""How far forward on a body, as a share of its voxels from the back, the head of a rib lies."""
PEDICLES = {"left": Part.PEDICLE_LEFT, "right": Part.PEDICLE_RIGHT}


def between_mm(ground: Ground, pair: Pair, holds: str, parts: Sequence[Part]) -> Triple | None:
    """Half way between parts of two neighbours; at the one in view where the other is not. RAS mm."""
    found = [here for level in (pair.upper, pair.lower) if len(here := ground.parts(level, parts))]
    return ground.place(np.stack([_middle(here, holds) for here in found])) if found else None


def beside_mm(ground: Ground, level: Level, holds: str, side: str | None) -> Triple | None:
    """Where soft tissue holds a level: the side or the front of its body; of a root, below the pedicle. RAS mm."""
    pedicle = holds == "pedicle" and side is not None
    here = ground.parts(level, (PEDICLES[side] if pedicle and side else Part.BODY,))
    if not len(here):
        here = ground.parts(level, BONE_PARTS)
    if not len(here):
        return None
    at = _middle(here, holds)
    if pedicle:
        at[2] = float(here[:, 2].min())
    elif side is not None:
        at[0] = _outermost(here, side)
    return ground.place(at[None, :])


def part_mm(ground: Ground, level: Level, part: Part) -> Triple | None:
    """The middle of a part, RAS mm."""
    here = ground.parts(level, (part,))
    return ground.place(here) if len(here) else None


def rib_head_mm(ground: Ground, level: Level, side: str, *, at_top: bool) -> Triple | None:
    """Where the head of a rib lies on a body: at its side, towards the back, at its upper or lower edge. RAS mm."""
    here = ground.parts(level, (Part.BODY,))
    if not len(here):
        return None
    height = np.quantile(here[:, 2], 1.0 - RIM if at_top else RIM)
    return ground.place(np.array([[_outermost(here, side), np.quantile(here[:, 1], HEAD_AT), height]]))


def _outermost(here: Indices, side: str) -> float:
    return float(np.quantile(here[:, 0], RIM if side == "left" else 1.0 - RIM))


def _middle(here: Indices, holds: str) -> Vector:
    """The middle of voxels, moved to their front or back where that is meant."""
    middle: Vector = here.mean(axis=0)
    if holds in ("front", "back"):
        middle[1] = np.quantile(here[:, 1], 1.0 - RIM if holds == "front" else RIM)
    return middle
