"""The margin of displaced sections, by branch and bound over their patches."""

from __future__ import annotations

import numba
import numpy as np

from enbloc.core.geometry import Array
from enbloc.resection.kernels import Millimetres, corner_of, trilinear
from enbloc.resection.section_points import Starts


@numba.njit(cache=True, nogil=True)
def steepest(field: Millimetres) -> float:
    """A bound on the length of the gradient of `field` read by `trilinear`, in mm per voxel: along each axis the
    gradient inside a cell is a mean of the differences along the cell's four edges.
    """
    most = 0.0
    for i in range(field.shape[0] - 1):
        for j in range(field.shape[1] - 1):
            for k in range(field.shape[2] - 1):
                a, b, c = 0.0, 0.0, 0.0
                for u in range(2):
                    for v in range(2):
                        a = max(a, abs(field[i + 1, j + u, k + v] - field[i, j + u, k + v]))
                        b = max(b, abs(field[i + u, j + 1, k + v] - field[i + u, j, k + v]))
                        c = max(c, abs(field[i + u, j + v, k + 1] - field[i + u, j + v, k]))
                most = max(most, a * a + b * b + c * c)
    longest: float = np.sqrt(most)
    return longest


@numba.njit(cache=True)
def moved_to(field: Millimetres, turn: Array, move: Array, p: Array) -> float:
    """`field` where turn p + move lies."""
    x = turn[0, 0] * p[0] + turn[0, 1] * p[1] + turn[0, 2] * p[2] + move[0]
    y = turn[1, 0] * p[0] + turn[1, 1] * p[1] + turn[1, 2] * p[2] + move[1]
    z = turn[2, 0] * p[0] + turn[2, 1] * p[1] + turn[2, 2] * p[2] + move[2]
    value: float = trilinear(field, corner_of(field, x, y, z))
    return value


@numba.njit(cache=True, nogil=True)
def displaced_margins(
    tumour_mm: Millimetres,
    slope: float,
    points: Array,
    starts: Starts,
    centre: Array,
    radius: Array,
    first: Starts,
    turn: Array,
    move: Array,
    out: Array,
) -> None:
    """For each sample s and cut c: the least of `tumour_mm` over the cut's points p at turn[s, c] p + move[s, c].

    Cut c owns patches first[c] to first[c + 1]. A patch is passed over when the value at its centre, less `slope` times
    its radius, is no less than the least found: `slope` bounds the gradient of the field.
    """
    most = 0
    for c in range(len(first) - 1):
        most = max(most, first[c + 1] - first[c])
    value = np.empty(most)
    for s in range(turn.shape[0]):
        for c in range(turn.shape[1]):
            m, t = turn[s, c], move[s, c]
            low, count = first[c], first[c + 1] - first[c]
            for n in range(count):
                p = centre[low + n]
                at = moved_to(tumour_mm, m, t, p)
                value[n] = at - slope * radius[low + n]
            nearest = int(np.argmin(value[:count]))
            least = np.inf
            for visit in range(-1, count):
                n = visit if visit >= 0 else nearest
                if value[n] >= least:
                    continue
                value[n] = np.inf
                for i in range(starts[low + n], starts[low + n + 1]):
                    least = min(least, moved_to(tumour_mm, m, t, points[i]))
            out[s, c] = least
