"""Where bones of different vertebrae, and ribs and vertebrae, come so near each other that a joint holds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Part
from enbloc.anatomy.spine import Triple
from enbloc.core.levels import Level
from enbloc.resection.ground import Ground, Indices, Voxels

LEFT_PARTS = frozenset((Part.PEDICLE_LEFT, Part.LAMINA_LEFT, Part.TRANSVERSE_LEFT, Part.ARTICULAR_LEFT))
RIGHT_PARTS = frozenset((Part.PEDICLE_RIGHT, Part.LAMINA_RIGHT, Part.TRANSVERSE_RIGHT, Part.ARTICULAR_RIGHT))
COLUMN = frozenset((Part.BODY, Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT, Part.DISC))
"""What borders a disc. The pedicle's part takes in the corner of the body from which it springs."""
ARTICULAR = frozenset((Part.ARTICULAR_LEFT, Part.ARTICULAR_RIGHT))
LAMINA = frozenset((Part.LAMINA_LEFT, Part.LAMINA_RIGHT))
TRANSVERSE = frozenset((Part.TRANSVERSE_LEFT, Part.TRANSVERSE_RIGHT))


@dataclass(frozen=True, slots=True)
class Meeting:
    """Labels that meet: `joint` of a `side`, between two nodes, `gap_mm` apart where nearest, around `point_mm`.

    `voxels`: pairs of voxels; `behind_mm`: how far the first lies behind the second, on average.
    """

    joint: str
    side: str | None
    between: tuple[str, str]
    point_mm: Triple
    gap_mm: float
    voxels: int
    behind_mm: float


def vertebrae_meet(ground: Ground, upper: Level, lower: Level, gap_mm: float) -> list[Meeting]:
    """How two neighbouring vertebrae meet, where their voxels' faces are no farther apart than `gap_mm`.

    What belongs to the same node is left out.
    """
    return list(_meetings(ground, (upper, lower), (ground.bone(upper), ground.bone(lower)), gap_mm, joint_between))


def rib_meets(ground: Ground, rib: str, level: Level, gap_mm: float) -> list[Meeting]:
    """How a labelled rib meets a vertebra: joint `transverse` (with the arch) or `body`."""
    return list(_meetings(ground, (rib, level), (ground.rib(rib), ground.bone(level)), gap_mm, _joint_with_rib))


def near_pairs(first: Indices, second: Indices, reach: float) -> tuple[Indices, Indices, npt.NDArray[np.float64]]:
    """Rows of both sets (n, 3) that make pairs no farther apart than `reach`, and their distances: each row with its
    nearest of the other set, both ways. Lengths in voxels.
    """
    from scipy.spatial import cKDTree

    ours, theirs = _close(first, second, reach), _close(second, first, reach)
    if not len(ours) or not len(theirs):
        return ours[:0], theirs[:0], np.zeros(0)
    far = np.nextafter(reach, np.inf)
    there, which = cKDTree(second[theirs]).query(first[ours], distance_upper_bound=far)
    back, other = cKDTree(first[ours]).query(second[theirs], distance_upper_bound=far)
    one, two = np.isfinite(there), np.isfinite(back)
    a = np.concatenate([ours[one], ours[other[two]]])
    b = np.concatenate([theirs[which[one]], theirs[two]])
    return a, b, np.concatenate([there[one], back[two]])


def _close(voxels: Indices, to: Indices, reach: float) -> Indices:
    """Rows of voxels within `reach` of the box around `to`."""
    if not len(to):
        return np.zeros(0, dtype=np.intp)
    near: Indices = ((voxels >= to.min(axis=0) - reach) & (voxels <= to.max(axis=0) + reach)).all(axis=1)
    return np.flatnonzero(near)


Kind = Callable[[Part, Part], tuple[str, str | None]]


def _meetings(
    ground: Ground, of: tuple[str, Level], voxels: tuple[Voxels, Voxels], gap_mm: float, kind: Kind
) -> Iterator[Meeting]:
    """Pairs of voxels whose faces come within `gap_mm`, gathered by joint and nodes; those with most pairs first."""
    step, (one, two) = ground.field.step_mm, voxels
    a, b, apart = near_pairs(one.index, two.index, gap_mm / step + 1.0)
    rows: dict[tuple[str, str | None, str, str], list[int]] = defaultdict(list)
    columns = (one.part[a], two.part[b], one.label[a], two.label[b])
    for n, (p, q, i, j) in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        nodes = (ground.node(i, of[0]), ground.node(j, of[1]))
        if nodes[0] != nodes[1]:
            rows[(*kind(Part(p), Part(q)), *nodes)].append(n)
    for (joint, side, node, other), found in sorted(rows.items(), key=lambda row: -len(row[1])):
        here, there = one.index[a[found]], two.index[b[found]]
        point = ground.place(np.concatenate([here, there]))
        gap = max(float(apart[found].min()) - 1.0, 0.0) * step
        yield Meeting(joint, side, (node, other), point, gap, len(found), step * float(np.mean((there - here)[:, 1])))


def side_of(*parts: Part) -> str | None:
    """The side of the first part that has one."""
    for part in parts:
        if part in LEFT_PARTS:
            return "left"
        if part in RIGHT_PARTS:
            return "right"
    return None


def joint_between(upper: Part, lower: Part) -> tuple[str, str | None]:
    """What holds parts of two neighbouring vertebrae together where they come near, and on which side.

    A process that meets column or arch beside the midline does so at the facet joint; transverse parts of neighbours
    meet only where a rib's head is labelled as part of its vertebra.
    """
    both = {upper, lower}
    if Part.SPINOUS in both:
        return "interspinous", None
    if both <= COLUMN:
        return "column", side_of(lower, upper)
    if both <= LAMINA:
        return "flavum", side_of(lower)
    if both & ARTICULAR:
        return "facet", side_of(*(part for part in (lower, upper) if part in ARTICULAR))
    if both & LAMINA:
        return "facet", side_of(*(part for part in (lower, upper) if part in LAMINA))
    return "rib-head", side_of(*(part for part in (lower, upper) if part in TRANSVERSE))


def _joint_with_rib(_: Part, part: Part) -> tuple[str, str | None]:
    return ("body" if part in COLUMN else "transverse"), side_of(part)
