"""How much of what each part of the bone holds, counted in one pass over the field's voxels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.core.volume import Mask
from enbloc.resection.field import Codes, Millimetres, OperativeField
from enbloc.resection.flood import Numbers

Counts = npt.NDArray[np.int64]
BONE = np.isin(np.arange(len(Part)), BONE_PARTS)


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """Voxels by number of what hangs together (from 1; 0 stays empty), owner, part of the vertebra, and whether of
    tumour; and the least of `sawn_mm` over each number's voxels.
    """

    voxels: Counts
    least_mm: Millimetres

    @classmethod
    def of(cls, field: OperativeField, found: Numbers, count: int, sawn_mm: Millimetres) -> Tally:
        voxels = np.zeros((count + 1, len(field.column) + 1, len(Part), 2), dtype=np.int64)
        least = np.full(count + 1, np.inf, dtype=np.float32)
        _count(found, field.owner, field.part, field.tumour, sawn_mm, voxels, least)
        return cls(voxels, least)

    def size(self, number: int) -> int:
        return int(self.voxels[number].sum())

    def bone(self, number: int) -> int:
        """Without tumour."""
        return int(self.voxels[number][:, BONE, 0].sum())

    def tumour(self, number: int) -> int:
        return int(self.voxels[number][..., 1].sum())

    def owners(self, number: int) -> npt.NDArray[np.intp]:
        """Whose bone it holds; of a part without bone, whose voxels."""
        bone = self.voxels[number][:, BONE].sum(axis=(1, 2))
        return np.flatnonzero(bone if bone.any() else self.voxels[number].sum(axis=(1, 2)))

    def holder(self, owner: int, parts: Sequence[Part], without: int = 0) -> int:
        """The number, other than `without`, that holds most of these parts of a vertebra; 0 where there is none."""
        held = self.voxels[:, owner, list(parts)].sum(axis=(1, 2))
        held[[0, without]] = 0
        return int(held.argmax())

    def most_tumour(self) -> int:
        """The number with most tumour; without tumour, the largest; 0 where there is none."""
        if len(self.voxels) == 1:
            return 0
        held = self.voxels[1:, ..., 1].sum(axis=(1, 2))
        return 1 + int((held if held.any() else self.voxels[1:].sum(axis=(1, 2, 3))).argmax())


@njit(cache=True, nogil=True)
def _count(
    found: Numbers,
    owner: Codes,
    part: Codes,
    tumour: Mask,
    sawn_mm: Millimetres,
    voxels: Counts,
    least: Millimetres,
) -> None:
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            for k in range(found.shape[2]):
                number = found[i, j, k]
                if number > 0:
                    voxels[number, owner[i, j, k], part[i, j, k], int(tumour[i, j, k])] += 1
                    least[number] = min(least[number], sawn_mm[i, j, k])
