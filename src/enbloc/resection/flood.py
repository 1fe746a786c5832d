"""Cuts as links that are taken away between neighbouring voxels, and the parts that then hang together."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.anatomy import Part
from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Mask
from enbloc.resection.field import Codes, Millimetres, OperativeField
from enbloc.resection.nouns import Cut, Gate

SOLID, STAYS = 1, 2
"""States of a voxel: of the part that comes out, and of what it is cut from. 0 is neither."""
DISC = int(Part.DISC)
DISC_MM = 15.0
"""More than a disc is thick."""
TUMOUR_LINK, COLUMN_LINK = 1, 2
"""Bits of what joins voxels of different vertebrae: tumour on both sides, or body and disc."""
Numbers = npt.NDArray[np.int32]
New = TypeVar("New", np.int32, np.uint8)


def saw(field: OperativeField, state: Codes, cut: Cut, cut_links: Codes, sawn_mm: Millimetres) -> None:
    """Marks the links that `cut` takes away: bit n of `cut_links` for the one to the next voxel along axis n.

    A cut without a section takes none away. A link is cut where it crosses the plane inside the polygon or within one
    voxel of it, so that no crack stays open at its rim; between voxels of which one is disc or left of a neighbour,
    within DISC_MM of it: a ring cut that opens into the disc space goes on through what is left on the disc. `sawn_mm`
    takes the least distance from tumour to the kerf at such a link, at the voxels on its ends, but for those beside the
    polygon.
    """
    if not cut.polygon_mm:
        return
    normal = field.frame.axes @ np.array(cut.normal)
    point = field.frame.to_local(np.array(cut.point_mm))
    outline = field.frame.to_local(np.array(cut.polygon_mm))
    across, along = _plane_axes(normal)
    flat = np.column_stack([(outline - point) @ across, (outline - point) @ along])
    index = field.to_index(outline)
    soft_mm = 0.0 if cut.gate in (Gate.CRANIAL, Gate.CAUDAL) else DISC_MM
    spare = 2 + int(soft_mm / field.step_mm)
    low = np.clip(np.floor(index.min(axis=0)).astype(np.int64) - spare, 0, field.shape)
    high = np.clip(np.ceil(index.max(axis=0)).astype(np.int64) + spare + 1, low, field.shape)
    first = field.places(np.zeros(3)) - point
    basis = np.stack([normal, across, along])
    _saw(
        state, left_on_disc(field), field.tumour_mm, first, field.step_mm, basis, flat, soft_mm, low, high,
        0.5 * cut.kerf_mm, cut_links, sawn_mm,
    )  # fmt: skip


def left_on_disc(field: OperativeField) -> Mask:
    """Disc, and what belongs to no resected level."""
    first, last = field.number(field.levels[0]), field.number(field.levels[-1])
    left: Mask = (field.part == DISC) | (field.owner < first) | (field.owner > last)
    return left


def _plane_axes(normal: Vector) -> tuple[Vector, Vector]:
    helper = np.eye(3)[int(np.argmin(np.abs(normal)))]
    across = np.cross(normal, helper)
    across /= np.linalg.norm(across)
    return across, np.cross(normal, across)


@njit(cache=True)
def _flatten(basis: Array, point: Vector, flat: Vector) -> None:
    """Coordinates of `point` along the second and third row of `basis`."""
    for row in range(2):
        flat[row] = 0.0
        for column in range(3):
            flat[row] += basis[1 + row, column] * point[column]


@njit(cache=True, nogil=True)
def _saw(
    state: Codes,
    soft: Mask,
    tumour_mm: Millimetres,
    first: Vector,
    step: float,
    basis: Array,
    polygon: Array,
    soft_mm: float,
    low: npt.NDArray[np.int64],
    high: npt.NDArray[np.int64],
    half_kerf: float,
    cut_links: Codes,
    sawn_mm: Millimetres,
) -> None:
    at, crossing, flat = np.empty(3), np.empty(3), np.empty(2)
    for i in range(low[0], high[0]):
        for j in range(low[1], high[1]):
            for k in range(low[2], high[2]):
                if state[i, j, k] == 0:
                    continue
                at[0], at[1], at[2] = first[0] + step * i, first[1] + step * j, first[2] + step * k
                here = basis[0, 0] * at[0] + basis[0, 1] * at[1] + basis[0, 2] * at[2]
                for axis in range(3):
                    there = here + step * basis[0, axis]
                    if (here >= 0.0) == (there >= 0.0):
                        continue
                    a, b, c = i + (axis == 0), j + (axis == 1), k + (axis == 2)
                    if a >= state.shape[0] or b >= state.shape[1] or c >= state.shape[2]:
                        continue
                    if state[a, b, c] == 0 or (state[i, j, k] == STAYS and state[a, b, c] == STAYS):
                        continue
                    share = here / (here - there)
                    crossing[:] = at
                    crossing[axis] += share * step
                    _flatten(basis, crossing, flat)
                    beside = soft[i, j, k] or soft[a, b, c]
                    if not _within(flat[0], flat[1], polygon, max(step, soft_mm) if beside else step):
                        continue
                    cut_links[i, j, k] |= 1 << axis
                    if beside and not _within(flat[0], flat[1], polygon, step):
                        continue
                    mm = (1.0 - share) * tumour_mm[i, j, k] + share * tumour_mm[a, b, c] - half_kerf
                    sawn_mm[i, j, k] = min(sawn_mm[i, j, k], mm)
                    sawn_mm[a, b, c] = min(sawn_mm[a, b, c], mm)


@njit(cache=True)
def _within(x: float, y: float, polygon: Array, reach: float) -> bool:
    """Whether (x, y) lies in the polygon or no farther than `reach` from its outline."""
    inside = False
    count = polygon.shape[0]
    for n in range(count):
        x0, y0 = polygon[n]
        x1, y1 = polygon[(n + 1) % count]
        dx, dy = x1 - x0, y1 - y0
        square = dx * dx + dy * dy
        t = 0.0 if square == 0.0 else min(max(((x - x0) * dx + (y - y0) * dy) / square, 0.0), 1.0)
        if (x - x0 - t * dx) ** 2 + (y - y0 - t * dy) ** 2 <= reach * reach:
            return True
        if (y0 > y) != (y1 > y) and x < x0 + (y - y0) * dx / dy:
            inside = not inside
    return inside


@njit(cache=True, nogil=True)
def flood(state: Codes, owner: Codes, joins: Codes, cut_links: Codes) -> tuple[Numbers, int]:
    """Numbers from 1 for the parts of SOLID that hang together by links not cut, and how many there are.

    Voxels of different vertebrae are linked where they share a bit of `joins`: not where only their joints touch.
    """
    ni, nj, nk = state.shape
    found = np.zeros(state.shape, dtype=np.int32)
    stack = np.empty(int(np.count_nonzero(state == SOLID)) + 1, dtype=np.int64)
    count = 0
    for start in range(state.size):
        i, j, k = start // (nj * nk), start // nk % nj, start % nk
        if state[i, j, k] != SOLID or found[i, j, k] != 0:
            continue
        count += 1
        found[i, j, k] = count
        stack[0], depth = start, 1
        while depth > 0:
            depth -= 1
            i, j, k = stack[depth] // (nj * nk), stack[depth] // nk % nj, stack[depth] % nk
            for side in range(6):
                axis, ahead = side // 2, side % 2 == 0
                step = 1 if ahead else -1
                a, b, c = i + step * (axis == 0), j + step * (axis == 1), k + step * (axis == 2)
                if a < 0 or b < 0 or c < 0 or a >= ni or b >= nj or c >= nk:
                    continue
                if state[a, b, c] != SOLID or found[a, b, c] != 0:
                    continue
                if owner[i, j, k] != owner[a, b, c] and joins[i, j, k] & joins[a, b, c] == 0:
                    continue
                links = cut_links[i, j, k] if ahead else cut_links[a, b, c]
                if links >> axis & 1:
                    continue
                found[a, b, c] = count
                stack[depth] = (a * nj + b) * nk + c
                depth += 1
    return found, count


@njit(cache=True, nogil=True)
def sizes_of(found: Numbers, count: int) -> npt.NDArray[np.int64]:
    """Voxels of each number from 0 to `count`."""
    sizes = np.zeros(count + 1, dtype=np.int64)
    for number in found.flat:
        sizes[number] += 1
    return sizes


@njit(cache=True, nogil=True)
def _renumber(found: Numbers, table: Numbers | Codes, out: Numbers | Codes) -> None:
    for n in range(found.size):
        out.flat[n] = table[found.flat[n]]


def renumbered(found: Numbers, table: npt.NDArray[New]) -> npt.NDArray[New]:
    """Each number as the table has it."""
    out = np.empty(found.shape, dtype=table.dtype)
    _renumber(found, table, out)
    return out


def joined_to_what_they_touch(found: Numbers, small: Mask) -> Numbers:
    """New number (by old) of each part: a small one takes that of the larger part it shares most voxel faces with,
    else 0; `small[0]` is false.
    """
    count = len(small)
    keys, faces = np.unique(_touching(found, small), return_counts=True)
    new = np.where(small, 0, np.arange(count)).astype(np.int32)
    for key in keys[np.argsort(faces, kind="stable")]:
        new[key // count] = key % count
    return new


@njit(cache=True, nogil=True)
def _touching(found: Numbers, small: Mask) -> npt.NDArray[np.int64]:
    """For each face between a small part and a larger one: number of the small one times count, plus the other's."""
    count = len(small)
    pairs = []
    for i in range(found.shape[0]):
        for j in range(found.shape[1]):
            for k in range(found.shape[2]):
                mine = found[i, j, k]
                if not small[mine]:
                    continue
                for side in range(6):
                    axis, step = side // 2, 1 if side % 2 == 0 else -1
                    a, b, c = i + step * (axis == 0), j + step * (axis == 1), k + step * (axis == 2)
                    if a < 0 or b < 0 or c < 0 or a >= found.shape[0] or b >= found.shape[1] or c >= found.shape[2]:
                        continue
                    other = found[a, b, c]
                    if other > 0 and not small[other]:
                        pairs.append(np.int64(mine) * count + other)
    return np.array(pairs, dtype=np.int64)
