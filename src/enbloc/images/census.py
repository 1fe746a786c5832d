"""One pass over a label array: how many voxels each value has, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.core.volume import Grid, axes_as_stored

Labels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True, eq=False)
class Census:
    """Of each non-zero value present, ascending: voxel counts, shape (n,), and centroids in RAS mm, shape (n, 3)."""

    values: tuple[int, ...]
    counts: npt.NDArray[np.int64]
    centroids_mm: Array

    def centroid_of(self, wanted: tuple[int, ...]) -> Array | None:
        """Centroid (RAS mm) of several values taken together; None when none of them is present."""
        rows = [row for row, value in enumerate(self.values) if value in wanted]
        if not rows:
            return None
        weights = self.counts[rows]
        centre: Array = weights @ self.centroids_mm[rows] / weights.sum()
        return centre


def take_census(values: Labels, grid: Grid) -> Census:
    """Census of `values` (any memory order) on `grid`."""
    order = list(axes_as_stored(values))
    sums = np.zeros((np.iinfo(values.dtype).max + 1, 4), dtype=np.int64)
    _kernel()(values.transpose(order), sums)
    present = np.flatnonzero(sums[1:, 0]) + 1
    counts = sums[present, 0]
    index = np.empty((present.size, 3))
    index[:, order] = sums[present, 1:] / counts[:, np.newaxis]
    return Census(tuple(present.tolist()), counts, grid.affine.to_world(index))


@cache
def _kernel() -> Callable[[npt.NDArray[Any], npt.NDArray[np.int64]], None]:
    import numba

    kernel: Callable[[npt.NDArray[Any], npt.NDArray[np.int64]], None] = numba.njit(cache=True)(_count)
    return kernel


def _count(values: npt.NDArray[Any], sums: npt.NDArray[np.int64]) -> None:
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            for k in range(values.shape[2]):
                value = values[i, j, k]
                if value:
                    sums[value, 0] += 1
                    sums[value, 1] += i
                    sums[value, 2] += j
                    sums[value, 3] += k
