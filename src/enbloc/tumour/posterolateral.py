"""Posterolateral involvement: facet, pedicle or joint with a rib, on neither, one or both sides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy import BONE_PARTS, Part, Spine, Vertebra, is_bone
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.geometry import Box
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, Mask
from enbloc.knowledge import SinsReading, sins_reading
from enbloc.tumour.extent import Extent, Involvement, Zone
from enbloc.tumour.field import distance_and_step
from enbloc.tumour.measure import penetration
from enbloc.tumour.noise import CONVENTION_MM, SPECK_VOXELS, NoiseFloor
from enbloc.tumour.sins import StabilityItem, read_item, scored, unread

ITEM = "posterolateral"
SIDES = ("left", "right")
OPTIONS = ("none", "unilateral", "bilateral")
"""By the number of sides involved."""
PEDICLE = {"left": Zone.PEDICLE_LEFT, "right": Zone.PEDICLE_RIGHT}
FACET = {"left": Part.ARTICULAR_LEFT, "right": Part.ARTICULAR_RIGHT}
REACH_MM = 12.0
"""Ribs are looked for this far around the vertebra's box. Own choice, unverified: six times the width of a joint."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element of one side. `best`: the best reading says involved. `measured` under a name with its unit."""

    side: str
    name: str
    involvement: Involvement
    best: bool
    measured: tuple[str, Measured]


def posterolateral_item(level: Level, spine: Spine, imaging: Imaging, extent: Extent) -> StabilityItem:
    vertebra = spine.vertebra(level)
    if vertebra is None or vertebra.frame is None:
        text = f"the bone of {level} was not divided into body, pedicles and arch, so no side was looked at"
        return unread(ITEM, Caveat("not-divided", text))
    rule = sins_reading()
    box = around(vertebra, spine)
    elements = [
        *pedicles(level, spine, extent),
        *facets(level, spine, box),
        *rib_joints(level, spine, imaging, box, rule),
    ]
    unseen = ribs_not_seen(level, spine, imaging)
    sure = [side for side in SIDES if any(e.side == side and e.involvement is Involvement.INVOLVED for e in elements)]
    best = [side for side in SIDES if any(e.side == side and e.best for e in elements)]
    open_ = [side for side in SIDES if side in unseen or any(e.side == side for e in elements)]
    answer = OPTIONS[len(best)]
    return read_item(
        ITEM,
        answer,
        {OPTIONS[n] for n in range(len(sure), len(open_) + 1)} | {answer},
        because=reasons(answer, elements),
        measured=dict(element.measured for element in elements),
        caveats=(Caveat("ribs-not-labelled", not_seen(unseen)),) if unseen else (),
    )


def around(vertebra: Vertebra, spine: Spine) -> Box:
    """The vertebra's own box with some room for the rib heads."""
    i, j, k = (int(np.ceil(REACH_MM / spacing)) for spacing in spine.grid.spacing_mm)
    return vertebra.box.grown((i, j, k), spine.grid.shape)


def pedicles(level: Level, spine: Spine, extent: Extent) -> Iterator[Element]:
    """As the zones have it."""
    speck = SPECK_VOXELS * spine.grid.affine.voxel_volume_mm3
    for side, zone in PEDICLE.items():
        row = next((row for row in extent.zones if row.level is level and row.zone is zone), None)
        if row is not None and row.depth_mm is not None and row.volume_mm3 is not None:
            likely = row.volume_mm3 > speck and row.depth_mm > CONVENTION_MM
            yield element(side, "pedicle", row.involvement, likely, "depth_mm", row.depth_mm, spine)


def element(
    side: str, name: str, found: Involvement, likely: bool, measure: str, value_mm: float, spine: Spine
) -> Element:
    """The number is good to half a voxel."""
    half = 0.5 * float(spine.grid.spacing_mm.max())
    number = Measured(value_mm, max(0.0, value_mm - half), value_mm + half)
    best = found is Involvement.INVOLVED or likely
    return Element(side, name, found, best, (f"{name}_{side}_{measure}", number))


def facets(level: Level, spine: Spine, box: Box) -> Iterator[Element]:
    """Tumour in the articular processes, judged as zones are: its depth from the rest of the tumour's bone."""
    grid, floor = spine.grid.crop(box), NoiseFloor.of(spine.grid)
    part, tumour, mine = crops(level, spine, box)
    for side, articular in FACET.items():
        mask = tumour & mine & (part == articular)
        if not mask.any():
            continue
        held = [code for code in BONE_PARTS if code is not articular and (tumour & mine & (part == code)).any()]
        drawn = [mine & (part == code) for code in held]
        rest = (tumour & ~mask) | np.isin(part, [int(code) for code in held]) & mine
        depth_mm, certain = penetration(mask, rest, drawn, grid, floor)
        likely = int(np.count_nonzero(mask)) > SPECK_VOXELS and depth_mm > CONVENTION_MM
        found = Involvement.INVOLVED if certain else Involvement.POSSIBLE
        yield element(side, "facet", found, likely, "depth_mm", depth_mm, spine)


def crops(level: Level, spine: Spine, box: Box) -> tuple[np.ndarray, Mask, Mask]:
    """Part codes, tumour, and what belongs to the level, in `box`."""
    number = spine.levels.index(level) + 1
    return spine.part[box.slices], spine.tumour[box.slices], spine.owner[box.slices] == number


def rib_joints(level: Level, spine: Spine, imaging: Imaging, box: Box, rule: SinsReading) -> Iterator[Element]:
    """Tumour in the vertebra's bone that comes as near to a rib as their joint is wide.

    Distances run between voxel centres, so both surfaces lie half a voxel nearer; the doubt is a voxel either way, as
    wide as it is along the way.
    """
    part, tumour, mine = crops(level, spine, box)
    bone = tumour & mine & is_bone(part)
    if not bone.any():
        return
    for side in SIDES:
        rib = ribs(level, side, spine, imaging, box)
        if not rib.any():
            continue
        mm, step = (field[bone] for field in distance_and_step(rib, spine.grid.spacing_mm))
        away = mm - step
        if not (away <= rule.joint_mm + step).any():
            continue
        gap = max(0.0, float(away.min()))
        sure = int(np.count_nonzero(away <= rule.joint_mm - step)) > SPECK_VOXELS
        found = Involvement.INVOLVED if sure else Involvement.POSSIBLE
        yield element(side, "rib_joint", found, gap <= rule.joint_mm, "distance_mm", gap, spine)


def ribs(level: Level, side: str, spine: Spine, imaging: Imaging, box: Box) -> Mask:
    """Voxels of the ribs that may meet the vertebra: its own, and the next one, whose head lies on the lower corner."""
    mask = np.zeros(box.shape, dtype=bool)
    for name in rib_names(level, side, spine):
        for labels, value in imaging.holders(name):
            mask |= labels.values[spine.region.slices][box.slices] == value
    return mask


def rib_names(level: Level, side: str, spine: Spine) -> Sequence[str]:
    place = spine.levels.index(level)
    near = [name for name in spine.levels[place : place + 2] if name.region == "thoracic"]
    return [f"rib-{side}-{name.value[1:]}" for name in near]


def ribs_not_seen(level: Level, spine: Spine, imaging: Imaging) -> Sequence[str]:
    """Sides of a thoracic level on which no rib is labelled."""
    if level.region != "thoracic":
        return ()
    return [side for side in SIDES if not any(imaging.holders(name) for name in rib_names(level, side, spine)[:1])]


def not_seen(sides: Sequence[str]) -> str:
    return f"no rib is labelled on the {' or '.join(sides)}, so joints with ribs were not looked at there"


def reasons(answer: str, elements: Sequence[Element]) -> tuple[Step, ...]:
    facts = tuple(
        f"{e.name.replace('_', ' ')} {e.side}: {'involved' if e.involvement is Involvement.INVOLVED else 'possible'}, "
        f"{'depth' if e.name != 'rib_joint' else 'distance'} {e.measured[1].value:.1f} mm"
        for e in elements
    )
    said = facts or ("no tumour in pedicles or articular processes, none at a joint with a rib",)
    return scored(ITEM, answer, said)
