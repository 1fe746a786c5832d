"""The field with its pieces, vertebra by vertebra: which piece, or which vertebra that stays, each voxel belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.anatomy.spine import Triple
from enbloc.core.geometry import Array, bounding_box, indices_of
from enbloc.core.levels import Level
from enbloc.core.volume import Mask
from enbloc.resection.field import Codes, OperativeField
from enbloc.resection.nouns import Piece
from enbloc.resection.pieces import REMAINING

Indices = npt.NDArray[np.intp]
NOWHERE = np.zeros((0, 3), dtype=np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Voxels:
    """Voxels (n, 3) with their parts, labels of pieces, and whether they lie at a surface; each (n,)."""

    index: Indices
    part: Codes
    label: Codes
    outer: Mask

    @property
    def at_surface(self) -> Voxels:
        return Voxels(self.index[self.outer], self.part[self.outer], self.label[self.outer], self.outer[self.outer])

    def of(self, parts: Sequence[Part]) -> Indices:
        """Indices of the voxels of these parts."""
        found: Indices = self.index[np.isin(self.part, parts)]
        return found


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """`names` of the pieces by label; `bones` of the resected levels and their neighbours in view, `outside` the
    surfaces of these and `ribs` those of the labelled ribs. What is no piece belongs to its vertebra.
    """

    field: OperativeField
    label: Codes
    names: Mapping[int, str]
    bones: Mapping[Level, Voxels]
    outside: Mapping[Level, Voxels]
    ribs: Mapping[str, Voxels]

    @classmethod
    def of(cls, field: OperativeField, pieces: Sequence[Piece], label: Codes) -> Ground:
        """A half that stays with the patient is no piece here."""
        names = {piece.label: piece.name for piece in pieces if not piece.name.startswith(REMAINING)}
        bone = np.isin(np.arange(len(Part)), BONE_PARTS)[field.part]
        first, last = field.column.index(field.levels[0]), field.column.index(field.levels[-1])
        near = field.column[max(first - 1, 0) : last + 2]
        bones = {level: _voxels(field, label, bone & (field.owner == field.number(level))) for level in near}
        outside = {level: voxels.at_surface for level, voxels in bones.items()}
        ribs = {name: _voxels(field, label, mask).at_surface for name, mask in field.ribs.items()}
        return cls(field, label, names, bones, outside, ribs)

    def node(self, label: int, otherwise: str) -> str:
        return self.names.get(label, otherwise)

    def bone(self, level: Level) -> Voxels:
        """The surface of a vertebra; nothing where it is not in view."""
        return self.outside.get(level, _NONE)

    def rib(self, name: str) -> Voxels:
        return self.ribs[name]

    def parts(self, level: Level, parts: Sequence[Part]) -> Indices:
        """Voxels of these parts of a vertebra."""
        return self.bones.get(level, _NONE).of(parts)

    def holder(self, level: Level, parts: Sequence[Part]) -> str:
        """The piece that holds most of these parts of `level`; the level itself where it stays or has none of them."""
        if level not in self.field.levels:
            return level
        mine = self.bones[level]
        held = mine.label[np.isin(mine.part, parts) & np.isin(mine.label, list(self.names))]
        return self.node(int(np.bincount(held).argmax()), level) if held.size else level

    def place(self, index: npt.ArrayLike) -> Triple:
        """The mean of voxel indices (n, 3) in RAS mm, to a hundredth."""
        return rounded(self.field.affine.to_world(np.mean(np.asarray(index, dtype=np.float64), axis=0)))


def rounded(point_mm: Array) -> Triple:
    x, y, z = np.round(point_mm, 2).tolist()
    return x, y, z


_NONE = Voxels(NOWHERE, np.zeros(0, np.uint8), np.zeros(0, np.uint8), np.zeros(0, np.bool_))


def _voxels(field: OperativeField, label: Codes, mask: Mask) -> Voxels:
    box = bounding_box(mask)
    if box is None:
        return _NONE
    inside = mask[box.slices]
    index = indices_of(inside)
    outer = _at_surface(inside)[tuple(index.T)]
    index = index + np.array(box.lower)
    return Voxels(index, field.part[tuple(index.T)], label[tuple(index.T)], outer)


def _at_surface(mask: Mask) -> Mask:
    """Voxels with a face towards what is not of the mask."""
    padded = np.pad(mask, 1)
    inner = mask.copy()
    for axis in range(3):
        for step in (1, -1):
            inner &= np.roll(padded, step, axis)[1:-1, 1:-1, 1:-1]
    outer: Mask = mask & ~inner
    return outer
