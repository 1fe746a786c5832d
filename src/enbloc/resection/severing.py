"""Whether a section severs: floods through voxels over links that it does not cross."""

from __future__ import annotations

import numba
import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.resection.kernels import (
    SOLID,
    SOUND,
    Codes,
    Ints,
    Millimetres,
    Stamps,
    basis,
    pixel,
    plane_origin,
    sound_section,
    stamped_near,
)


@numba.njit(cache=True)
def seeds_of(code: Codes, end: npt.NDArray[np.bool_]) -> Ints:
    """Flat indices of the solid voxels of `end`."""
    solid, wanted = code.ravel(), end.ravel()
    seeds = np.empty(code.size, np.int32)
    count = 0
    for v in range(code.size):
        if wanted[v] and solid[v] == SOLID:
            seeds[count] = v
            count += 1
    return seeds[:count].copy()


@numba.njit(cache=True)
def reached_behind(
    code: Codes,
    seeds: Ints,
    back: npt.NDArray[np.bool_],
    normal: Array,
    offset: float,
    origin: Array,
    across: Array,
    along: Array,
    pitch: float,
    stamp: Stamps,
    mark: int,
    before: Ints,
) -> int:
    """Floods solid tissue from `seeds` over links that do not cross the stamped section; the first voxel of `back`
    reached, as flat index, or -1.

    `before` (flat, one per voxel, all 0) receives where each voxel was reached from: itself + 2 for seeds, 0 for those
    not reached.
    """
    n0, n1, n2 = code.shape
    queue = np.empty(code.size, np.int32)
    head, filled = 0, len(seeds)
    for n in range(filled):
        queue[n] = seeds[n]
        before[seeds[n]] = seeds[n] + 2
    while head < filled:
        flat = queue[head]
        head += 1
        i, j, k = flat // (n1 * n2), flat // n2 % n1, flat % n2
        here = normal[0] * i + normal[1] * j + normal[2] * k - offset
        for step in range(6):
            u = i + (1 if step == 0 else -1 if step == 1 else 0)
            v = j + (1 if step == 2 else -1 if step == 3 else 0)
            w = k + (1 if step == 4 else -1 if step == 5 else 0)
            if u < 0 or v < 0 or w < 0 or u >= n0 or v >= n1 or w >= n2:
                continue
            other = (u * n1 + v) * n2 + w
            if before[other] or code[u, v, w] != SOLID:
                continue
            there = normal[0] * u + normal[1] * v + normal[2] * w - offset
            if (here < 0.0) != (there < 0.0):
                t = here / (here - there)
                x = i + t * (u - i) - origin[0]
                y = j + t * (v - j) - origin[1]
                z = k + t * (w - k) - origin[2]
                a = pixel((x * across[0] + y * across[1] + z * across[2]) / pitch)
                b = pixel((x * along[0] + y * along[1] + z * along[2]) / pitch)
                if stamped_near(stamp, mark, a, b):
                    continue
            before[other] = flat + 2
            if back[u, v, w]:
                reached: int = other
                return reached
            queue[filled] = other
            filled += 1
    return -1


@numba.njit(cache=True, nogil=True)
def severs(
    code: Codes,
    seeds: Ints,
    back: npt.NDArray[np.bool_],
    points: Millimetres,
    ends: Ints,
    normal: Array,
    offset: float,
    pivot: Array,
    pitch: float,
    half: int,
    start: int,
) -> bool:
    """Whether the plane's sound section that the wall path meets first from its point `start` on parts `seeds` (flat
    indices) from `back`; False where it has none.
    """
    stamp = np.zeros((2 * half + 1, 2 * half + 1), np.int32)
    queue = np.empty(((2 * half + 1) ** 2, 2), np.int32)
    across, along = basis(normal)
    origin = plane_origin(normal, offset, pivot)
    new = int(np.int64(1))  # of a literal another version would be compiled
    mark, _, _, flaw = sound_section(
        code, points, ends, normal, offset, origin, across, along, pitch, start, stamp, new, new, queue
    )
    if flaw != SOUND:
        return False
    before = np.zeros(code.size, np.int32)
    return reached_behind(code, seeds, back, normal, offset, origin, across, along, pitch, stamp, mark, before) < 0


@numba.njit(cache=True)
def nearest_link(
    shape: tuple[int, int, int],
    tumour_mm: Millimetres,
    ahead: Ints,
    behind: Ints,
    normal: Array,
    offset: float,
) -> tuple[int, int]:
    """Of the links that cross the plane from what was reached ahead to what was reached behind, the one whose crossing
    is nearest to tumour; flat indices of its two voxels, -1 where there is none.
    """
    flat_mm = tumour_mm.ravel()
    n1, n2 = shape[1], shape[2]
    strides = (n1 * n2, n2, 1)
    best, one, two = 1e9, -1, -1
    for v in range(len(ahead)):
        if not ahead[v]:
            continue
        at = (v // (n1 * n2), v // n2 % n1, v % n2)
        here = normal[0] * at[0] + normal[1] * at[1] + normal[2] * at[2] - offset
        for step in range(6):
            axis, sign = step // 2, 1 - 2 * (step % 2)
            if not 0 <= at[axis] + sign < shape[axis]:
                continue
            w, there = v + sign * strides[axis], here + sign * normal[axis]
            if not behind[w] or ahead[w] or (here < 0.0) == (there < 0.0):
                continue
            t = here / (here - there)
            nearest = (1.0 - t) * flat_mm[v] + t * flat_mm[w]
            if nearest < best:
                best, one, two = nearest, v, w
    return one, two


@numba.njit(cache=True)
def traced(before: Ints, end: int) -> npt.NDArray[np.int64]:
    """Flat indices from `end` back to the seed that it was reached from."""
    length, v = 1, end
    while before[v] - 2 != v:
        v, length = before[v] - 2, length + 1
    way = np.empty(length, np.int64)
    v = end
    for n in range(length):
        way[n] = v
        v = before[v] - 2
    return way


@numba.njit(cache=True, nogil=True)
def path_through_worst(
    code: Codes,
    tumour_mm: Millimetres,
    front: npt.NDArray[np.bool_],
    back: npt.NDArray[np.bool_],
    seeds: Ints,
    points: Millimetres,
    ends: Ints,
    normal: Array,
    offset: float,
    pivot: Array,
    pitch: float,
    half: int,
    start: int,
) -> npt.NDArray[np.int64]:
    """Flat indices of a path from front (its solid voxels: `seeds`) to back that crosses the plane's severing section
    once, where it is nearest to tumour; empty where the section does not sever.
    """
    nothing = np.empty(0, np.int64)
    stamp = np.zeros((2 * half + 1, 2 * half + 1), np.int32)
    queue = np.empty(((2 * half + 1) ** 2, 2), np.int32)
    across, along = basis(normal)
    origin = plane_origin(normal, offset, pivot)
    new = int(np.int64(1))  # of a literal another version would be compiled
    mark, _, _, flaw = sound_section(
        code, points, ends, normal, offset, origin, across, along, pitch, start, stamp, new, new, queue
    )
    if flaw != SOUND:
        return nothing
    ahead, behind = np.zeros(code.size, np.int32), np.zeros(code.size, np.int32)
    if reached_behind(code, seeds, back, normal, offset, origin, across, along, pitch, stamp, mark, ahead) >= 0:
        return nothing
    reached_behind(code, seeds_of(code, back), front, normal, offset, origin, across, along, pitch, stamp, mark, behind)
    one, two = nearest_link(code.shape, tumour_mm, ahead, behind, normal, offset)
    return nothing if one < 0 else np.concatenate((traced(ahead, one)[::-1], traced(behind, two)))
