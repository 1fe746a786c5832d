"""Bounds over bundles of paths: which planes can sever at all, and what margin no cut of a cell of planes exceeds."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.resection.kernels import Ints, Millimetres, side_of


@numba.njit(cache=True, nogil=True)
def path_spans(normals: Array, points: Millimetres, ends: Ints) -> Array:
    """Offsets (n, 2) between which a plane of each normal meets every path; empty (low > high) where none does."""
    spans = np.empty((len(normals), 2))
    for n in range(len(normals)):
        low, high = -1e9, 1e9
        for path in range(len(ends) - 1):
            least, most = 1e9, -1e9
            for s in range(ends[path], ends[path + 1]):
                at = side_of(points, s, normals[n], 0.0)
                least, most = min(least, at), max(most, at)
            low, high = max(low, least), min(high, most)
        spans[n, 0], spans[n, 1] = low, high
    return spans


@numba.njit(cache=True)
def farthest_from(points: Millimetres, pivot: Array) -> float:
    """The greatest distance of a point from the pivot."""
    square = 0.0
    for s in range(len(points)):
        here = 0.0
        for axis in range(3):
            here += (points[s, axis] - pivot[axis]) ** 2
        square = max(square, here)
    return float(np.sqrt(square))


@numba.njit(cache=True)
def clipped(here: float, there: float, slack: float) -> tuple[float, float]:
    """The part of a segment within `slack` of a plane, as shares of its length, its ends lying `here` and `there` off
    the plane; empty (start > end) where none is.
    """
    if here == there:
        return (0.0, 1.0) if abs(here) <= slack else (1.0, 0.0)
    one, two = (-slack - here) / (there - here), (slack - here) / (there - here)
    return max(0.0, min(one, two)), min(1.0, max(one, two))


@numba.njit(cache=True, nogil=True)
def margin_bounds(
    normals: Array,
    spread: Array,
    offsets: Array,
    thick: Array,
    pivot: Array,
    points: Millimetres,
    at_mm: Millimetres,
    ends: Ints,
    floor_mm: float,
) -> Array:
    """For each cell of planes an upper bound on the tumour distance (mm) of every cut in it that severs, and the places
    (least, greatest) along path 0 where it may end; shape (n, 3).

    A cell holds the planes whose normal is within the chord `spread` of its own and whose offset from `pivot` is within
    `thick` of its own. Every such cut meets every path, and does so where the path lies within
    thick + spread * reach of the middle plane. A bound found to be `floor_mm` or less is not lowered further. Between
    voxels `at_mm` runs linearly along the path, as the field does along a voxel edge.
    """
    bounds = np.empty((len(offsets), 3))
    farthest = farthest_from(points, pivot)
    for n in range(len(offsets)):
        bound, low, high = 1e9, 1e9, -1e9
        offset = offsets[n]
        for path in range(len(ends) - 1):
            best = -1e9
            for s in range(ends[path], ends[path + 1] - 1):
                here = side_of(points, s, normals[n], offset)
                if abs(here) > thick[n] + spread[n] * (farthest + 1.0) + 1.8:
                    continue
                there = side_of(points, s + 1, normals[n], offset)
                reach = 0.0
                for axis in range(3):
                    reach += (points[s, axis] - pivot[axis]) ** 2
                slack = thick[n] + spread[n] * (np.sqrt(reach) + 1.0)
                start, end = clipped(here, there, slack)
                if start > end:
                    continue
                step = at_mm[s + 1] - at_mm[s]
                best = max(best, at_mm[s] + step * start, at_mm[s] + step * end)
                if path == 0:
                    low, high = min(low, s - ends[0] + start), max(high, s - ends[0] + end)
            bound = min(bound, best)
            if bound <= floor_mm:
                break
        bounds[n, 0], bounds[n, 1], bounds[n, 2] = bound, low, high
    return bounds


@numba.njit(cache=True, nogil=True)
def swept_bounds(
    normals: Array,
    spread: Array,
    first: Array,
    counts: npt.NDArray[np.int64],
    step: float,
    thick: float,
    pivot: Array,
    points: Millimetres,
    at_mm: Millimetres,
    ends: Ints,
) -> Array:
    """`margin_bounds` of all cells of an orientation in one pass over the paths: offsets first[m] + k * step, k below
    counts[m]. Rows of one orientation after the other, (sum of counts, 3).
    """
    bounds = np.empty((counts.sum(), 3))
    reach = np.empty(len(points))
    for s in range(len(points)):
        square = 0.0
        for axis in range(3):
            square += (points[s, axis] - pivot[axis]) ** 2
        reach[s] = np.sqrt(square) + 1.0
    best, start_row = np.empty(counts.max()), 0
    for m in range(len(normals)):
        count = counts[m]
        rows = bounds[start_row : start_row + count]
        rows[:, 0], rows[:, 1], rows[:, 2] = 1e9, 1e9, -1e9
        for path in range(len(ends) - 1):
            best[:count] = -1e9
            there = side_of(points, ends[path], normals[m], first[m])
            for s in range(ends[path], ends[path + 1] - 1):
                here, there = there, side_of(points, s + 1, normals[m], first[m])
                slack = thick + spread[m] * reach[s]
                low = max(0, int(np.ceil((min(here, there) - slack) / step)))
                high = min(count - 1, int(np.floor((max(here, there) + slack) / step)))
                for k in range(low, high + 1):
                    start, end = clipped(here - k * step, there - k * step, slack)
                    if start > end:
                        continue
                    rise = at_mm[s + 1] - at_mm[s]
                    best[k] = max(best[k], at_mm[s] + rise * start, at_mm[s] + rise * end)
                    if path == 0:
                        rows[k, 1] = min(rows[k, 1], s - ends[0] + start)
                        rows[k, 2] = max(rows[k, 2], s - ends[0] + end)
            for k in range(count):
                rows[k, 0] = min(rows[k, 0], best[k])
        start_row += count
    return bounds
