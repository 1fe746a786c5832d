"""One vertebra as it is measured: its bone, where tumour took part in its borders, and how fine its voxels are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from enbloc.anatomy.block import Block, sampled
from enbloc.anatomy.morphometry import ERROR_SHARE, ERROR_VOXELS
from enbloc.anatomy.spine import Frame, Part, Spine, Triple, Vertebra, is_bone
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Affine, Array, Vector, indices_of
from enbloc.core.volume import Mask

MOST_LOST = 0.3
"""A size is not given where more than this share of the borders that it rests on is estimated or cut off. Own choice,
unverified.
"""
UNSEEN_MM = 2.5
"""A hole in the bone may be so deep before the outline is taken for eaten. Own choice, unverified."""
FITTED, FITTED_DEG = 0.08, 8.0
"""Added error, as a share of a length and to an angle, where the axes are those of the neighbours' fitted shape. Own
choice after failures on phantoms (docs/benchmarks.md), unverified.
"""


@dataclass(frozen=True, slots=True)
class Trust:
    """Shares of border points that lie on estimated bone, touch tumour outside the bone, or lie at the image's edge."""

    estimated: float
    touched: float
    cut: float

    @property
    def problem(self) -> str | None:
        """Why a size that rests on these borders cannot be given; None where it can."""
        if self.cut > MOST_LOST:
            return "cut off at the edge of the image"
        return "its border is eaten by tumour" if self.estimated > MOST_LOST else None


@dataclass(frozen=True, eq=False)
class Site:
    """A vertebra that has a frame; `number` is its place in the spine, from 1. Points are in its frame."""

    spine: Spine
    number: int
    vertebra: Vertebra
    frame: Frame
    canal_mm: Triple | None

    @property
    def fitted(self) -> bool:
        """Whether the axes are those of the neighbours' shape, fitted to what is left of this one."""
        return self.vertebra.frame_basis == "fitted"

    @cached_property
    def affine(self) -> Affine:
        """Of the vertebra's box."""
        return self.spine.grid.crop(self.vertebra.box).affine

    @cached_property
    def bone(self) -> Mask:
        """Label bone and tumour inside the estimated outline, in the vertebra's box."""
        part = self.spine.part[self.vertebra.box.slices]
        mine = self.spine.owner[self.vertebra.box.slices] == self.number
        solid: Mask = mine & is_bone(part)
        return solid

    @cached_property
    def body_points(self) -> Array:
        """Voxel centres of the body, (n, 3)."""
        index = indices_of(self.bone & (self.spine.part[self.vertebra.box.slices] == Part.BODY))
        return self.frame.to_local(self.affine.to_world(index))

    def block(self, low_mm: Vector, high_mm: Vector, frame: Frame | None = None) -> Block:
        """The bone between two corners, along the vertebra's axes or those of `frame`."""
        return sampled(self.bone, self.affine, frame or self.frame, low_mm, high_mm)

    def voxel_mm(self, direction: Vector) -> float:
        """Voxel size along a direction of the frame: the root of the summed squares of cosine times spacing."""
        return float(np.linalg.norm((direction @ self.frame.axes) @ self.spine.grid.affine.matrix[:3, :3]))

    def flags(self, points_mm: Array, outward: Vector) -> tuple[Mask, Mask, Mask]:
        """Which border points (..., 3) are estimated, touched, cut; `outward` leads out of the bone there."""
        step = 0.6 * self.voxel_mm(outward) * outward
        spine = self.spine
        inner, _ = self._voxels(points_mm - step)
        outer, there = self._voxels(points_mm + 1.5 * step)
        loose = spine.tumour[outer] & ~(
            (spine.owner[outer] == self.number) & (spine.part[outer] <= Part.ARTICULAR_RIGHT)
        )
        return spine.estimated[inner], loose & there, ~there

    def _voxels(self, points_mm: Array) -> tuple[tuple[Array, ...], Mask]:
        """Indices of the voxels that hold the points (clipped), and which points lie in the image."""
        index = np.rint(self.spine.grid.affine.to_index(self.frame.to_world(points_mm))).astype(np.intp)
        most = np.array(self.spine.grid.shape) - 1
        within: Mask = np.all((index >= 0) & (index <= most), axis=-1)
        clipped = np.clip(index, 0, most)
        return tuple(np.moveaxis(clipped, -1, 0)), within

    def trust(self, *borders: tuple[Array, Vector]) -> Trust:
        """The shares over several borders, each points (n, 3) with its outward direction."""
        found = [self.flags(points, outward) for points, outward in borders]
        estimated, touched, cut = (
            float(np.mean(np.concatenate([np.ravel(flags[n]) for flags in found]))) for n in range(3)
        )
        return Trust(estimated, touched, cut)

    def measured(self, value: float, direction: Vector, trust: Trust) -> Measured | str:
        """A length along `direction` with the interval that voxels and tumour leave it; a reason where it is none."""
        if trust.problem is not None:
            return trust.problem
        half = ERROR_VOXELS * self.voxel_mm(direction) + ERROR_SHARE * abs(value)
        half += UNSEEN_MM * min(1.0, trust.estimated + trust.touched) + (FITTED * abs(value) if self.fitted else 0.0)
        return Measured(value, value - half, value + half)
