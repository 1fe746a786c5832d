"""Signed distance to the surface of a mask on its own voxels, and reading it on another grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Affine, Array, Vector, bounding_box
from enbloc.core.side_by_side import CORES
from enbloc.core.volume import Grid, Mask

FAR_MM = 1e3
"""Stands for the distance to what is not there."""
FINE_MM = 0.8
"""Thick voxels are divided until they are about as long as they are wide, but not below this."""
Distances = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class DistanceMap:
    """`mm` at voxel centres of `affine`; None where the mask holds no voxel."""

    mm: Distances | None
    affine: Affine

    def on(self, affine: Affine, shape: tuple[int, int, int]) -> Distances:
        """Trilinear values at the voxels of another grid; beyond the map the nearest value."""
        if self.mm is None:
            return np.full(shape, FAR_MM, dtype=np.float32)
        matrix = self.affine.inverse @ affine.matrix
        out = np.empty(shape, dtype=np.float32)
        _trilinear(self.mm, np.ascontiguousarray(matrix[:3, :3]), np.ascontiguousarray(matrix[:3, 3]), out)
        return out


def distance_map(mask: Mask, grid: Grid) -> DistanceMap:
    """Distance in mm to the surface of `mask`, negative inside, FAR_MM at most.

    The surface runs along the faces of voxels: half a voxel from the centres on either side. Thick voxels count as
    stacks of thinner ones, so that half a voxel means about the same in every direction. Nothing is smoothed: one
    voxel stays one voxel, and a larger mask is nowhere farther.
    """
    factors = divisions(grid)
    fine = _divided(mask, factors)
    matrix = grid.affine.matrix.copy()
    matrix[:3, :3] /= np.array(factors)
    matrix[:3, 3] = grid.affine.to_world([(1.0 / n - 1.0) / 2.0 for n in factors])
    affine = Affine(matrix)
    return DistanceMap(signed_distance_mm(fine, affine.spacing_mm), affine)


def divisions(grid: Grid) -> tuple[int, int, int]:
    """Into how many each voxel is divided along each axis."""
    wide = max(FINE_MM, float(grid.spacing_mm.min()))
    i, j, k = (max(1, round(float(step) / wide)) for step in grid.spacing_mm)
    return i, j, k


def _divided(mask: Mask, factors: tuple[int, int, int]) -> Mask:
    for axis, factor in enumerate(factors):
        if factor > 1:
            mask = np.repeat(mask, factor, axis=axis)
    return np.ascontiguousarray(mask)


def signed_distance_mm(mask: Mask, spacing_mm: Array) -> Distances | None:
    """The distance from centre to centre less half a voxel (the mean over the axes); None for an empty mask."""
    import edt

    box = bounding_box(mask)
    if box is None:
        return None
    spacing = tuple(float(step) for step in spacing_mm)
    half = np.float32(0.5 * spacing_mm.mean())
    distance: Distances = edt.edt(~mask, anisotropy=spacing, black_border=False, parallel=CORES)
    np.subtract(distance, half, out=distance, where=~mask)
    near = box.grown((1, 1, 1), mask.shape)
    inside = np.ascontiguousarray(mask[near.slices])
    if inside.all():
        depth = np.full(inside.shape, FAR_MM, dtype=np.float32)
    else:
        depth = edt.edt(inside, anisotropy=spacing, black_border=False, parallel=CORES)
    distance[near.slices][inside] = half - depth[inside]
    return distance


@njit(
    "void(float32[:, :, ::1], float64[:, ::1], float64[::1], float32[:, :, ::1])",
    cache=True,
)
def _trilinear(field: Distances, matrix: Array, offset: Vector, out: Distances) -> None:
    """out[i, j, k] = field at matrix (i, j, k) + offset, clamped to the field."""
    ni, nj, nk = field.shape
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            x0 = matrix[0, 0] * i + matrix[0, 1] * j + offset[0]
            y0 = matrix[1, 0] * i + matrix[1, 1] * j + offset[1]
            z0 = matrix[2, 0] * i + matrix[2, 1] * j + offset[2]
            for k in range(out.shape[2]):
                x = min(max(x0 + matrix[0, 2] * k, 0.0), ni - 1.0)
                y = min(max(y0 + matrix[1, 2] * k, 0.0), nj - 1.0)
                z = min(max(z0 + matrix[2, 2] * k, 0.0), nk - 1.0)
                a, b, c = int(x), int(y), int(z)
                u, v, w = x - a, y - b, z - c
                d, e, f = min(a + 1, ni - 1), min(b + 1, nj - 1), min(c + 1, nk - 1)
                low = (1.0 - v) * ((1.0 - w) * field[a, b, c] + w * field[a, b, f]) + v * (
                    (1.0 - w) * field[a, e, c] + w * field[a, e, f]
                )
                high = (1.0 - v) * ((1.0 - w) * field[d, b, c] + w * field[d, b, f]) + v * (
                    (1.0 - w) * field[d, e, c] + w * field[d, e, f]
                )
                out[i, j, k] = (1.0 - u) * low + u * high
