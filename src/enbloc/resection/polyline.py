"""A line of many points as one of few."""

from __future__ import annotations

import numba
import numpy as np

from enbloc.core.geometry import Array
from enbloc.core.volume import Mask


def simplified(points: Array, tolerance: float) -> Array:
    """Those of the points (n, 2) without which the line would be left by more than `tolerance`; the ends stay.

    The farthest point is kept and both halves are treated alike, after Douglas and Peucker (Cartographica 1973). A
    closed line is given with its first point at its end.
    """
    kept: Array = points[_kept(np.ascontiguousarray(points, dtype=np.float64), tolerance)]
    return kept


@numba.njit(cache=True, nogil=True)
def _kept(points: Array, tolerance: float) -> Mask:
    last = len(points) - 1
    kept = np.zeros(len(points), np.bool_)
    kept[0] = kept[last] = True
    spans = [(0, last)]
    while len(spans) > 0:
        begin, end = spans.pop()
        farthest, where = tolerance, -1
        for n in range(begin + 1, end):
            off = from_segment(points[n], points[begin], points[end])
            if off > farthest:
                farthest, where = off, n
        if where >= 0:
            kept[where] = True
            spans.append((begin, where))
            spans.append((where, end))
    return kept


@numba.njit(cache=True)
def from_segment(point: Array, begin: Array, end: Array) -> float:
    """Distance of `point` from the nearest point of the segment."""
    across, along = end[0] - begin[0], end[1] - begin[1]
    length = across * across + along * along
    share = 0.0
    if length > 0.0:
        share = ((point[0] - begin[0]) * across + (point[1] - begin[1]) * along) / length
        share = min(max(share, 0.0), 1.0)
    off: float = np.hypot(point[0] - begin[0] - share * across, point[1] - begin[1] - share * along)
    return off
