"""Voxel arrays that carry their place in the patient.

Arrays are stored in the axis order closest to RAS (index 0 runs to the right, 1 to the front, 2 upwards, up to
obliquity), so that axis order and flips in a file can change nothing downstream. No voxel is resampled for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Affine, Array, Box, Index

Mask = npt.NDArray[np.bool_]


def axes_as_stored(values: npt.NDArray[np.generic]) -> tuple[int, ...]:
    """The axes from the slowest to the fastest in memory: handed over so, an array is walked along its memory."""
    return tuple(sorted(range(values.ndim), key=lambda axis: -abs(values.strides[axis])))


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where the voxels are: array shape and affine."""

    shape: Index
    affine: Affine

    @property
    def spacing_mm(self) -> Array:
        return self.affine.spacing_mm

    @property
    def box(self) -> Box:
        return Box((0, 0, 0), self.shape)

    def corners_mm(self) -> Array:
        """The outer corners of the block of voxels, shape (8, 3)."""
        ends = [(-0.5, n - 0.5) for n in self.shape]
        return self.affine.to_world([[i, j, k] for i in ends[0] for j in ends[1] for k in ends[2]])

    def corner_shift_mm(self, other: Grid) -> float:
        """Largest distance between equal corners of two grids. The one way grids are compared; 0 for the same grid."""
        return float(np.linalg.norm(self.corners_mm() - other.corners_mm(), axis=1).max())

    def same_as(self, other: Grid, tolerance_mm: float = 0.01) -> bool:
        return self.shape == other.shape and self.corner_shift_mm(other) <= tolerance_mm

    def crop(self, box: Box) -> Grid:
        """The sub-grid of `box`; voxel centres keep their place in the patient."""
        matrix = self.affine.matrix.copy()
        matrix[:3, 3] = self.affine.to_world(box.lower)
        return Grid(box.shape, Affine(matrix))


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """An image. `stored` keeps the file's own type (CT: int16); value = stored * slope + intercept."""

    stored: npt.NDArray[np.generic]
    grid: Grid
    slope: float = 1.0
    intercept: float = 0.0

    def values(self, box: Box) -> npt.NDArray[np.float32]:
        """Rescaled values (CT: HU) in `box`, float32."""
        block = self.stored[box.slices].astype(np.float32)
        return block * np.float32(self.slope) + np.float32(self.intercept)


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """Small unsigned integers with names. `structures` maps a value to a structure name of the label vocabulary."""

    values: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
    grid: Grid
    structures: Mapping[int, str]

    def value_of(self, structure: str) -> int | None:
        """The value that carries `structure`; None when this map has no such structure."""
        return next((value for value, name in self.structures.items() if name == structure), None)


@dataclass(frozen=True, slots=True, eq=False)
class Imaging:
    """What was read for one case. All label maps and the tumour share `grid`; the image keeps its own.

    `tumour` is boolean on `grid`. `None` means not given. `notes` are caveats from reading (resampled, qform ignored,
    ...).
    """

    grid: Grid
    labels: tuple[LabelMap, ...]
    tumour: Mask | None
    image: Volume | None
    modality: str | None
    inputs: tuple[InputFile, ...]
    notes: tuple[tuple[str, str], ...] = ()

    def holders(self, structure: str) -> tuple[tuple[LabelMap, int], ...]:
        """Every (label map, value) that carries `structure`."""
        found = ((labels, labels.value_of(structure)) for labels in self.labels)
        return tuple((labels, value) for labels, value in found if value is not None)


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read: its role, the name as the case wrote it, and the SHA-256 of its bytes."""

    role: str
    file: str
    sha256: str
