"""The intact outline of vertebrae that tumour has eaten (first step: nothing is estimated)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy.bones import Bone
from enbloc.anatomy.frames import Pose
from enbloc.anatomy.parts import PartMap
from enbloc.core.evidence import Caveat
from enbloc.core.geometry import Box
from enbloc.core.volume import Grid, Mask


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    poses: tuple[Pose | None, ...]
    frame_basis: tuple[str, ...]
    estimated: Mask
    caveats: tuple[Caveat, ...]

    def estimated_mm3(self, number: int, owner: PartMap, grid: Grid) -> float:
        return float(np.count_nonzero(self.estimated & (owner == number))) * grid.affine.voxel_volume_mm3


def restore_outlines(
    bones: Sequence[Bone], poses: Sequence[Pose | None], own: Sequence[Pose | None], owner: PartMap, tumour: Mask, grid: Grid, region: Box
) -> Outline:
    basis = tuple("own-bone" if o is not None else ("neighbours" if p is not None else "not-modelled") for o, p in zip(own, poses, strict=True))
    return Outline(tuple(poses), basis, np.zeros(grid.shape, dtype=bool), ())
