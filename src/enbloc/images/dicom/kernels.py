"""Loops over voxels and edges; imported only when contours are filled."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

Numbers = npt.NDArray[Any]
ROUNDING = 1e-6
ON_A_PLANE = 1e-3
"""Share of a step within which a voxel centre counts as lying in the plane itself."""


@njit(cache=True)
def encloses(edges: Numbers, start: int, end: int, u: float, v: float) -> bool:
    """Even-odd: whether a ray to higher u crosses an odd number of edges."""
    inside = False
    for e in range(start, end):
        u1, v1, u2, v2 = edges[e, 0], edges[e, 1], edges[e, 2], edges[e, 3]
        if (v1 <= v) != (v2 <= v) and u < u1 + (v - v1) * (u2 - u1) / (v2 - v1):
            inside = not inside
    return inside


@njit(cache=True)
def depth(edges: Numbers, start: int, end: int, u: float, v: float) -> float:
    """Distance to the nearest edge, negative outside."""
    nearest = np.inf
    for e in range(start, end):
        u1, v1 = edges[e, 0], edges[e, 1]
        du, dv = edges[e, 2] - u1, edges[e, 3] - v1
        along = ((u - u1) * du + (v - v1) * dv) / max(du * du + dv * dv, 1e-30)
        along = min(1.0, max(0.0, along))
        off_u, off_v = u - u1 - along * du, v - v1 - along * dv
        nearest = min(nearest, off_u * off_u + off_v * off_v)
    distance = float(np.sqrt(nearest))
    return distance if encloses(edges, start, end, u, v) else -distance


@njit(cache=True)
def between(heights: Numbers, w: float, reach: float, bridged: float) -> tuple[int, int, float]:
    """(plane below, plane above, share of the one above); the same plane twice where it alone decides, -1 where none
    reaches. A centre half-way between two sections that do not meet belongs to the upper one.
    """
    n = heights.size
    above = int(np.searchsorted(heights, w))
    below = above - 1
    from_below = w - heights[below] if above > 0 else np.inf
    from_above = heights[above] - w if above < n else np.inf
    gap = from_below + from_above
    if gap <= bridged:
        share = from_below / gap
        if ON_A_PLANE <= share <= 1.0 - ON_A_PLANE:
            return below, above, share
    if from_above <= min(reach + ROUNDING, from_below + ROUNDING):
        return above, above, 0.0
    return (below, below, 0.0) if from_below < reach - ROUNDING else (-1, -1, 0.0)


@njit(cache=True)
def fill(
    edges: Numbers,
    starts: Numbers,
    heights: Numbers,
    reach: float,
    bridged: float,
    to_plane: Numbers,
    low: Numbers,
    mask: Numbers,
) -> None:
    """Sets the voxels of `mask` (its corner at index `low`) with centres inside. `to_plane`: index to (u, v, w)."""
    for i in range(mask.shape[0]):
        for j in range(mask.shape[1]):
            for k in range(mask.shape[2]):
                x, y, z = i + low[0], j + low[1], k + low[2]
                u = to_plane[0, 0] * x + to_plane[0, 1] * y + to_plane[0, 2] * z + to_plane[0, 3]
                v = to_plane[1, 0] * x + to_plane[1, 1] * y + to_plane[1, 2] * z + to_plane[1, 3]
                w = to_plane[2, 0] * x + to_plane[2, 1] * y + to_plane[2, 2] * z + to_plane[2, 3]
                below, above, share = between(heights, w, reach, bridged)
                if below < 0:
                    continue
                if below == above:
                    mask[i, j, k] = encloses(edges, starts[below], starts[below + 1], u, v)
                else:
                    lower = depth(edges, starts[below], starts[below + 1], u, v)
                    upper = depth(edges, starts[above], starts[above + 1], u, v)
                    mask[i, j, k] = (1.0 - share) * lower + share * upper > 0.0
