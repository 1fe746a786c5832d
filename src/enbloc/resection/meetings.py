"""Where bones of different vertebrae, and ribs and vertebrae, come so near each other that a joint holds them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.anatomy.spine import Triple
from enbloc.core.levels import Level
from enbloc.core.volume import Mask
from enbloc.resection.field import Codes, OperativeField
from enbloc.resection.nouns import Piece, Pieces

Indices = npt.NDArray[np.intp]
LEFT_PARTS = frozenset((Part.PEDICLE_LEFT, Part.LAMINA_LEFT, Part.TRANSVERSE_LEFT, Part.ARTICULAR_LEFT))
RIGHT_PARTS = frozenset((Part.PEDICLE_RIGHT, Part.LAMINA_RIGHT, Part.TRANSVERSE_RIGHT, Part.ARTICULAR_RIGHT))
COLUMN = frozenset((Part.BODY, Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT, Part.DISC))
"""What borders a disc. The pedicle's part takes in the corner of the body from which it springs."""
ARTICULAR = frozenset((Part.ARTICULAR_LEFT, Part.ARTICULAR_RIGHT))
LAMINA = frozenset((Part.LAMINA_LEFT, Part.LAMINA_RIGHT))
TRANSVERSE = frozenset((Part.TRANSVERSE_LEFT, Part.TRANSVERSE_RIGHT))
REMAINING = "remaining-half"


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """The field with its pieces: which node every voxel belongs to.

    `label` on the field's grid; `names` of the pieces by label. What is no piece belongs to its vertebra.
    """

    field: OperativeField
    label: Codes
    names: dict[int, str]

    @classmethod
    def of(cls, field: OperativeField, pieces: Sequence[Piece], drawing: Pieces) -> Ground:
        """A half that stays with the patient is no piece here."""
        names = {piece.label: piece.name for piece in pieces if not piece.name.startswith(REMAINING)}
        return cls(field, drawing.label, names)

    def node(self, label: int, level: Level) -> str:
        return self.names.get(label, level)

    def holder(self, level: Level, parts: Sequence[Part]) -> str:
        """The piece that holds most of these parts of `level`; the level itself where it stays or has none of them."""
        if level not in self.field.levels:
            return level
        here = (self.field.owner == self.field.number(level)) & np.isin(self.field.part, parts)
        held = self.label[here & np.isin(self.label, list(self.names))]
        return self.node(int(np.bincount(held).argmax()), level) if held.size else level

    def bone(self, level: Level) -> Indices:
        """Voxels (n, 3) of bone at the surface of a vertebra, and of disc that stays with it."""
        if level not in self.field.column:
            return np.zeros((0, 3), dtype=np.intp)
        mine = (self.field.owner == self.field.number(level)) & np.isin(self.field.part, BONE_PARTS)
        return surface_voxels(mine)

    def place(self, index: npt.ArrayLike) -> Triple:
        """Mean of voxel indices (n, 3) in RAS mm, to a hundredth."""
        mean = self.field.affine.to_world(np.mean(np.asarray(index, dtype=np.float64), axis=0))
        x, y, z = np.round(mean, 2).tolist()
        return x, y, z


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


def surface_voxels(mask: Mask) -> Indices:
    """Voxels (n, 3) of `mask` with a face towards what is not of it."""
    padded = np.pad(mask, 1)
    inner = padded[1:-1, 1:-1, 1:-1].copy()
    for axis in range(3):
        for step in (1, -1):
            inner &= np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1]
    return np.argwhere(mask & ~inner)


def vertebrae_meet(ground: Ground, upper: Level, lower: Level, gap_mm: float) -> list[Meeting]:
    """How two neighbouring vertebrae meet, where their voxels' faces are no farther apart than `gap_mm`.

    What belongs to the same node is left out.
    """
    pairs = near_pairs(ground.bone(upper), ground.bone(lower), gap_mm, ground.field.step_mm)
    return list(_meetings(ground, pairs, (upper, lower), joint_between))


def rib_meets(ground: Ground, rib: str, level: Level, gap_mm: float) -> list[Meeting]:
    """How a labelled rib meets a vertebra: joint `transverse` (with the arch) or `body`."""
    pairs = near_pairs(surface_voxels(ground.field.ribs[rib]), ground.bone(level), gap_mm, ground.field.step_mm)
    return list(_meetings(ground, pairs, (rib, level), _joint_with_rib))


Pairs = tuple[Indices, Indices, npt.NDArray[np.float64]]


def near_pairs(first: Indices, second: Indices, gap_mm: float, step_mm: float) -> Pairs:
    """Each voxel with its nearest of the other set, both ways, and the gap (mm) between their faces."""
    from scipy.spatial import cKDTree

    reach = gap_mm + step_mm
    first, second = _close(first, second, reach / step_mm), _close(second, first, reach / step_mm)
    if not len(first) or not len(second):
        return first[:0], second[:0], np.zeros(0)
    there, which = cKDTree(second).query(first, distance_upper_bound=reach / step_mm)
    back, other = cKDTree(first).query(second, distance_upper_bound=reach / step_mm)
    ours, theirs = np.isfinite(there), np.isfinite(back)
    a = np.concatenate([first[ours], first[other[theirs]]])
    b = np.concatenate([second[which[ours]], second[theirs]])
    gap = np.maximum(np.concatenate([there[ours], back[theirs]]) - 1.0, 0.0) * step_mm
    return a, b, gap


def _close(voxels: Indices, to: Indices, reach: float) -> Indices:
    """Those within `reach` voxels of the box around `to`."""
    if not len(to):
        return voxels[:0]
    return voxels[((voxels >= to.min(axis=0) - reach) & (voxels <= to.max(axis=0) + reach)).all(axis=1)]


Kind = Callable[[Part, Part], tuple[str, str | None]]


def _meetings(ground: Ground, pairs: Pairs, of: tuple[str, Level], kind: Kind) -> Iterator[Meeting]:
    """Pairs gathered by joint and nodes, those with most voxels first."""
    a, b, gap = pairs
    field = ground.field
    parts = (field.part[tuple(a.T)], field.part[tuple(b.T)])
    labels = (ground.label[tuple(a.T)], ground.label[tuple(b.T)])
    rows: dict[tuple[str, str | None, str, str], list[int]] = defaultdict(list)
    for n, (p, q, i, j) in enumerate(zip(*(array.tolist() for array in (*parts, *labels)), strict=True)):
        nodes = (ground.node(i, of[0]) if isinstance(of[0], Level) else of[0], ground.node(j, of[1]))
        if nodes[0] != nodes[1]:
            rows[(*kind(Part(p), Part(q)), *nodes)].append(n)
    for (joint, side, one, other), found in sorted(rows.items(), key=lambda row: -len(row[1])):
        behind = float(np.mean(b[found, 1] - a[found, 1])) * field.step_mm
        point = ground.place(np.concatenate([a[found], b[found]]))
        yield Meeting(joint, side, (one, other), point, float(gap[found].min()), len(found), behind)


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
        return "column", None
    if both <= LAMINA:
        return "flavum", side_of(lower)
    if both & ARTICULAR:
        return "facet", side_of(*(part for part in (lower, upper) if part in ARTICULAR))
    if both & LAMINA:
        return "facet", side_of(*(part for part in (lower, upper) if part in LAMINA))
    return "rib-head", side_of(*(part for part in (lower, upper) if part in TRANSVERSE))


def _joint_with_rib(_: Part, part: Part) -> tuple[str, str | None]:
    return ("body" if part in COLUMN else "transverse"), side_of(part)
