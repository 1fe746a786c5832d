"""Affines, planes and boxes. Space is patient RAS+ in mm: +x right, +y anterior, +z superior."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
"""Shape (3,), mm unless it is a direction."""
Index = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Affine:
    """The 4 x 4 map from voxel index (centre of voxel 0,0,0 at index 0,0,0) to RAS mm. Finite and invertible."""

    matrix: Array

    def __post_init__(self) -> None:
        matrix = np.array(self.matrix, dtype=np.float64)
        if matrix.shape != (4, 4) or not np.isfinite(matrix).all():
            raise ValueError("affine is not a finite 4 x 4 matrix")
        if not np.array_equal(matrix[3], [0.0, 0.0, 0.0, 1.0]):
            raise ValueError("affine's last row is not 0 0 0 1")
        lengths = np.linalg.norm(matrix[:3, :3], axis=0)
        if lengths.min() < 1e-6 or abs(np.linalg.det(matrix[:3, :3] / lengths)) < 1e-3:
            raise ValueError("affine is singular")
        matrix.setflags(write=False)
        object.__setattr__(self, "matrix", matrix)

    @cached_property
    def spacing_mm(self) -> Vector:
        """Distance between neighbouring voxel centres along each index axis, shape (3,)."""
        lengths: Vector = np.sqrt(np.square(self.matrix[:3, :3]).sum(axis=0))
        return lengths

    @cached_property
    def voxel_volume_mm3(self) -> float:
        return float(abs(np.linalg.det(self.matrix[:3, :3])))

    @cached_property
    def inverse(self) -> Array:
        inverse: Array = np.linalg.inv(self.matrix).astype(np.float64)
        return inverse

    def to_world(self, index: npt.ArrayLike) -> Array:
        """Index coordinates (..., 3) to RAS mm (..., 3)."""
        world: Array = np.asarray(index, dtype=np.float64) @ self.matrix[:3, :3].T + self.matrix[:3, 3]
        return world

    def to_index(self, world_mm: npt.ArrayLike) -> Array:
        """RAS mm (..., 3) to fractional index coordinates (..., 3)."""
        index: Array = np.asarray(world_mm, dtype=np.float64) @ self.inverse[:3, :3].T + self.inverse[:3, 3]
        return index


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A plane through `point_mm`; `normal` has length 1 and points to the side called positive."""

    point_mm: Vector
    normal: Vector

    def __post_init__(self) -> None:
        length = float(np.linalg.norm(self.normal))
        if abs(length - 1.0) > 1e-9:
            raise ValueError(f"normal must have length 1, got {length:.6g}")

    def signed_distance_mm(self, points_mm: Array) -> Array:
        """Distance of points (..., 3), positive on the side of `normal`."""
        distance: Array = (points_mm - self.point_mm) @ self.normal
        return distance


@dataclass(frozen=True, slots=True)
class Box:
    """A block of voxels, `lower` inclusive, `upper` exclusive, never empty."""

    lower: Index
    upper: Index

    def __post_init__(self) -> None:
        if any(a >= b for a, b in zip(self.lower, self.upper, strict=True)):
            raise ValueError(f"empty box {self.lower} to {self.upper}")

    @property
    def shape(self) -> Index:
        i, j, k = (b - a for a, b in zip(self.lower, self.upper, strict=True))
        return i, j, k

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        i, j, k = (slice(a, b) for a, b in zip(self.lower, self.upper, strict=True))
        return i, j, k

    def grown(self, margin: Index, shape: Index) -> Box:
        """Grown by `margin` voxels on both sides of each axis and clipped to a volume of `shape`."""
        low = tuple(max(0, a - m) for a, m in zip(self.lower, margin, strict=True))
        high = tuple(min(n, b + m) for b, m, n in zip(self.upper, margin, shape, strict=True))
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def union(self, other: Box) -> Box:
        low = tuple(map(min, self.lower, other.lower))
        high = tuple(map(max, self.upper, other.upper))
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def relative_to(self, outer: Box) -> Box:
        """The same block with indices counted from the lower corner of `outer`."""
        low = tuple(a - o for a, o in zip(self.lower, outer.lower, strict=True))
        high = tuple(b - o for b, o in zip(self.upper, outer.lower, strict=True))
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))

    def placed_in(self, outer: Box) -> Box:
        """The other way round: a block counted from the lower corner of `outer`, with the indices that `outer` has."""
        low = tuple(a + o for a, o in zip(self.lower, outer.lower, strict=True))
        high = tuple(b + o for b, o in zip(self.upper, outer.lower, strict=True))
        return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def bounding_box(mask: npt.NDArray[np.bool_]) -> Box | None:
    """The smallest box that holds every true voxel; None when there is none."""
    low, high = [], []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        if hit.size == 0:
            return None
        low.append(int(hit[0]))
        high.append(int(hit[-1]) + 1)
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))


def indices_of(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Indices (n, d) of the true voxels in the order of the array, as `np.argwhere` gives them; several times as fast
    where few are true.
    """
    if mask.flags.c_contiguous:
        flat = np.flatnonzero(mask)
    elif mask.flags.f_contiguous:
        there = np.unravel_index(np.flatnonzero(mask.T), mask.shape[::-1])
        flat = np.sort(np.ravel_multi_index(there[::-1], mask.shape))
    else:
        return np.argwhere(mask)
    return np.transpose(np.unravel_index(flat, mask.shape))


def unit(vector: npt.ArrayLike) -> Vector:
    """`vector` scaled to length 1; raises ValueError for a zero vector."""
    v = np.asarray(vector, dtype=np.float64)
    length = float(np.linalg.norm(v))
    if not length > 0.0:
        raise ValueError("a zero vector has no direction")
    direction: Vector = v / length
    return direction
