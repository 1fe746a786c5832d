"""Sections of planes through voxels: which tissue belongs to one, and what it passes.

Lengths are in voxels of the operative field (cubes), points in its index coordinates. A plane is `normal . x = offset`
with two axes `across` and `along` in it; a section is read at pixels `pitch` voxels apart, pixel (0, 0) at the point of
the plane nearest to `pivot`.
"""

from __future__ import annotations

from math import floor

import numba
import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array

Codes = npt.NDArray[np.uint8]
Millimetres = npt.NDArray[np.float32]
Stamps = npt.NDArray[np.int32]
Ints = npt.NDArray[np.int32]

OUTSIDE, SOLID, BEYOND, CANAL, JOINED = 0, 1, 2, 3, 4
MEASURES = 11
(PIXELS, IN_TUMOUR, TUMOUR_MM, NO_GO_MM, VESSEL_MM, AT_JOINED, FLAW, BODY, PEDICLE, ARCH, END) = range(11)
"""Columns of what is measured of a section: pixels; pixels in tumour; least distances; sides of pixels at tissue coded
as joined; flaw (below); pixels in body, pedicles and the rest of the bone; place along the wall path where it ends.
"""
MOST_SECTIONS = 3
"""So many sound sections of one plane are looked at: a sagittal plane may pass the body and, behind, the lamina."""
SOUND, NO_SECTION, LEAVES_SIDE, MISSES_PATH = 0.0, 1.0, 2.0, 3.0


Corner = tuple[int, int, int, float, float, float]
"""The voxel at the lower corner of a place between voxels, and how far the place lies from it along each axis."""


@numba.njit(cache=True)
def corner_of(field: Millimetres, x: float, y: float, z: float) -> Corner:
    """Outside the array as at its border."""
    x = min(max(x, 0.0), field.shape[0] - 1.000001)
    y = min(max(y, 0.0), field.shape[1] - 1.000001)
    z = min(max(z, 0.0), field.shape[2] - 1.000001)
    i, j, k = int(x), int(y), int(z)
    return i, j, k, x - i, y - j, z - k


@numba.njit(cache=True)
def trilinear(field: Millimetres, corner: Corner) -> float:
    """`field` between its voxels."""
    i, j, k, a, b, c = corner
    low = (field[i, j, k] * (1 - a) + field[i + 1, j, k] * a) * (1 - b) + (
        field[i, j + 1, k] * (1 - a) + field[i + 1, j + 1, k] * a
    ) * b
    high = (field[i, j, k + 1] * (1 - a) + field[i + 1, j, k + 1] * a) * (1 - b) + (
        field[i, j + 1, k + 1] * (1 - a) + field[i + 1, j + 1, k + 1] * a
    ) * b
    between: float = low * (1 - c) + high * c
    return between


@numba.njit(cache=True)
def code_at(code: Codes, x: float, y: float, z: float) -> int:
    i, j, k = floor(x + 0.5), floor(y + 0.5), floor(z + 0.5)
    if i < 0 or j < 0 or k < 0 or i >= code.shape[0] or j >= code.shape[1] or k >= code.shape[2]:
        return OUTSIDE
    return int(code[i, j, k])


@numba.njit(cache=True)
def basis(normal: Array) -> tuple[Array, Array]:
    """Two unit vectors square to `normal` and to each other; `across` lies level where the normal is not upright."""
    across = np.empty(3)
    flat = np.sqrt(normal[0] ** 2 + normal[1] ** 2)
    if flat > 1e-6:
        across[0], across[1], across[2] = -normal[1] / flat, normal[0] / flat, 0.0
    else:
        across[0], across[1], across[2] = 1.0, 0.0, 0.0
    along = np.empty(3)
    along[0] = normal[1] * across[2] - normal[2] * across[1]
    along[1] = normal[2] * across[0] - normal[0] * across[2]
    along[2] = normal[0] * across[1] - normal[1] * across[0]
    return across, along


@numba.njit(cache=True)
def flood_section(
    code: Codes,
    origin: Array,
    across: Array,
    along: Array,
    pitch: float,
    seed: tuple[int, int],
    stamp: Stamps,
    mark: int,
    queue: Ints,
) -> tuple[int, bool]:
    """Stamps the pixels of the section's part that holds `seed` with `mark` and lists them in `queue` (n, 2).

    Gives their number, and whether the part leaves its side (pixels of code BEYOND) or the raster. `stamp` is square,
    its middle pixel is (0, 0).
    """
    half = stamp.shape[0] // 2
    if abs(seed[0]) >= half or abs(seed[1]) >= half:
        return 0, True
    queue[0, 0], queue[0, 1] = seed
    stamp[seed[0] + half, seed[1] + half] = mark
    head, filled, leaves = 0, 1, False
    while head < filled:
        a, b = queue[head, 0], queue[head, 1]
        head += 1
        for step in range(4):
            c = a + (1 if step == 0 else -1 if step == 1 else 0)
            d = b + (1 if step == 2 else -1 if step == 3 else 0)
            if abs(c) >= half or abs(d) >= half:
                leaves = True
                continue
            if stamp[c + half, d + half] == mark:
                continue
            x = origin[0] + pitch * (c * across[0] + d * along[0])
            y = origin[1] + pitch * (c * across[1] + d * along[1])
            z = origin[2] + pitch * (c * across[2] + d * along[2])
            tissue = code_at(code, x, y, z)
            if tissue == SOLID:
                stamp[c + half, d + half] = mark
                queue[filled, 0], queue[filled, 1] = c, d
                filled += 1
            elif tissue == BEYOND:
                leaves = True
    return filled, leaves


@numba.njit(cache=True)
def pixel(value: float) -> int:
    return floor(value + 0.5)


@numba.njit(cache=True)
def side_of(points: Millimetres, s: int, normal: Array, offset: float) -> float:
    side: float = normal[0] * points[s, 0] + normal[1] * points[s, 1] + normal[2] * points[s, 2] - offset
    return side


@numba.njit(cache=True)
def crossed_at(
    points: Millimetres, s: int, t: float, origin: Array, across: Array, along: Array, pitch: float
) -> tuple[int, int]:
    """The pixel where the segment after point `s` meets the plane."""
    x = points[s, 0] + t * (points[s + 1, 0] - points[s, 0]) - origin[0]
    y = points[s, 1] + t * (points[s + 1, 1] - points[s, 1]) - origin[1]
    z = points[s, 2] + t * (points[s + 1, 2] - points[s, 2]) - origin[2]
    return (
        pixel((x * across[0] + y * across[1] + z * across[2]) / pitch),
        pixel((x * along[0] + y * along[1] + z * along[2]) / pitch),
    )


@numba.njit(cache=True)
def solid_near(
    code: Codes, a: int, b: int, origin: Array, across: Array, along: Array, pitch: float
) -> tuple[bool, int, int]:
    """A pixel of solid tissue at (a, b) or next to it."""
    for da in (0, 1, -1):
        for db in (0, 1, -1):
            u, v = pitch * (a + da), pitch * (b + db)
            x = origin[0] + u * across[0] + v * along[0]
            y = origin[1] + u * across[1] + v * along[1]
            z = origin[2] + u * across[2] + v * along[2]
            if code_at(code, x, y, z) == SOLID:
                return True, a + da, b + db
    return False, 0, 0


@numba.njit(cache=True)
def stamped_near(stamp: Stamps, mark: int, a: int, b: int) -> bool:
    """Whether the pixel or one of the eight around it carries `mark`."""
    half = stamp.shape[0] // 2
    for da in range(-1, 2):
        for db in range(-1, 2):
            c, d = a + da + half, b + db + half
            if 0 <= c < stamp.shape[0] and 0 <= d < stamp.shape[1] and stamp[c, d] == mark:
                return True
    return False


@numba.njit(cache=True)
def meets_path(
    points: Millimetres,
    first: int,
    last: int,
    normal: Array,
    offset: float,
    origin: Array,
    across: Array,
    along: Array,
    pitch: float,
    stamp: Stamps,
    mark: int,
) -> float:
    """Where along the path points[first:last] it meets the stamped section, in points; -1 where it passes it by."""
    here = side_of(points, first, normal, offset)
    for s in range(first, last - 1):
        there = side_of(points, s + 1, normal, offset)
        if (here < 0.0) != (there < 0.0):
            t = here / (here - there)
            a, b = crossed_at(points, s, t, origin, across, along, pitch)
            if stamped_near(stamp, mark, a, b):
                return s - first + t
        here = there
    return -1.0


@numba.njit(cache=True)
def holds(code: Codes, tissue: int) -> bool:
    for i in range(code.shape[0]):
        for j in range(code.shape[1]):
            for k in range(code.shape[2]):
                if code[i, j, k] == tissue:
                    return True
    return False


@numba.njit(cache=True)
def measure_section(
    code: Codes,
    part: Codes,
    tumour_mm: Millimetres,
    no_go_mm: Millimetres,
    vessel_mm: Millimetres,
    origin: Array,
    across: Array,
    along: Array,
    pitch: float,
    queue: Ints,
    count: int,
    row: Array,
    joins: bool,
) -> None:
    """Fills `row` with what the first `count` pixels of `queue` pass; `joins`: whether `code` holds JOINED at all."""
    in_tumour = at_joined = body = pedicle = arch = 0
    least_mm = no_go = vessel = 1e3
    for n in range(count):
        a, b = queue[n, 0], queue[n, 1]
        x = origin[0] + pitch * (a * across[0] + b * along[0])
        y = origin[1] + pitch * (a * across[1] + b * along[1])
        z = origin[2] + pitch * (a * across[2] + b * along[2])
        corner = corner_of(tumour_mm, x, y, z)
        tumour = trilinear(tumour_mm, corner)
        in_tumour += tumour < 0.0
        least_mm = min(least_mm, tumour)
        no_go = min(no_go, trilinear(no_go_mm, corner))
        vessel = min(vessel, trilinear(vessel_mm, corner))
        bone = code_at(part, x, y, z)
        body += bone == 1
        pedicle += 2 <= bone <= 3
        arch += 4 <= bone <= 10
        if not joins:
            continue
        for step in range(4):
            c = a + (1 if step == 0 else -1 if step == 1 else 0)
            d = b + (1 if step == 2 else -1 if step == 3 else 0)
            beside = code_at(
                code,
                origin[0] + pitch * (c * across[0] + d * along[0]),
                origin[1] + pitch * (c * across[1] + d * along[1]),
                origin[2] + pitch * (c * across[2] + d * along[2]),
            )
            at_joined += beside == JOINED
    row[PIXELS], row[IN_TUMOUR], row[AT_JOINED] = count, in_tumour, at_joined
    row[TUMOUR_MM], row[NO_GO_MM], row[VESSEL_MM] = least_mm, no_go, vessel
    row[BODY], row[PEDICLE], row[ARCH] = body, pedicle, arch
    row[FLAW] = row[END] = 0.0


@numba.njit(cache=True)
def sound_section(
    code: Codes,
    points: Millimetres,
    ends: Ints,
    normal: Array,
    offset: float,
    origin: Array,
    across: Array,
    along: Array,
    pitch: float,
    start: int,
    stamp: Stamps,
    base: int,
    mark: int,
    queue: Ints,
) -> tuple[int, int, float, float]:
    """The plane's section that crosses every path: its mark, number of pixels, where the wall path meets it, its flaw.

    Path n is points[ends[n]:ends[n + 1]]; path 0 runs along the wall of the canal. Sections are tried in the order in
    which the wall path meets them from its point `start` on, without those that carry marks from `base` on. Marks from
    `mark` on are used.
    """
    flaw = NO_SECTION
    first, last = ends[0], ends[1]
    here = side_of(points, min(first + start, last - 1), normal, offset)
    for s in range(first + start, last - 1):
        there = side_of(points, s + 1, normal, offset)
        crosses, t = (here < 0.0) != (there < 0.0), here / (here - there) if here != there else 0.0
        here = there
        if not crosses:
            continue
        a, b = crossed_at(points, s, t, origin, across, along, pitch)
        found, a, b = solid_near(code, a, b, origin, across, along, pitch)
        half = stamp.shape[0] // 2
        if not found or abs(a) >= half or abs(b) >= half or base <= stamp[a + half, b + half] < mark:
            continue
        count, leaves = flood_section(code, origin, across, along, pitch, (a, b), stamp, mark, queue)
        mark += 1
        if leaves:
            flaw = max(flaw, LEAVES_SIDE)
            continue
        missed = False
        for n in range(1, len(ends) - 1):
            if (
                meets_path(points, ends[n], ends[n + 1], normal, offset, origin, across, along, pitch, stamp, mark - 1)
                < 0.0
            ):
                missed = True
                break
        if not missed:
            return mark - 1, count, s - first + t, SOUND
        flaw = MISSES_PATH
    return mark, 0, -1.0, flaw


@numba.njit(cache=True)
def plane_origin(normal: Array, offset: float, pivot: Array) -> Array:
    """The point of the plane nearest to `pivot`."""
    move = offset - (normal[0] * pivot[0] + normal[1] * pivot[1] + normal[2] * pivot[2])
    origin: Array = pivot + move * normal
    return origin


@numba.njit(cache=True, nogil=True)
def evaluate_planes(
    code: Codes,
    part: Codes,
    tumour_mm: Millimetres,
    no_go_mm: Millimetres,
    vessel_mm: Millimetres,
    points: Millimetres,
    ends: Ints,
    normals: Array,
    offsets: Array,
    pivot: Array,
    pitch: float,
    half: int,
) -> Array:
    """Measures of each plane (normals[n], offsets[n]) by sound section, (n, MOST_SECTIONS, MEASURES)."""
    rows = np.zeros((len(offsets), MOST_SECTIONS, MEASURES))
    rows[:, :, FLAW] = NO_SECTION
    stamp = np.zeros((2 * half + 1, 2 * half + 1), np.int32)
    queue = np.empty(((2 * half + 1) ** 2, 2), np.int32)
    mark, joins = 1, holds(code, JOINED)
    for n in range(len(offsets)):
        across, along = basis(normals[n])
        origin = plane_origin(normals[n], offsets[n], pivot)
        base, start = mark, 0
        for m in range(MOST_SECTIONS):
            found, count, end, flaw = sound_section(
                code,
                points,
                ends,
                normals[n],
                offsets[n],
                origin,
                across,
                along,
                pitch,
                start,
                stamp,
                base,
                mark,
                queue,
            )
            mark = found + 1
            if flaw == SOUND:
                measure_section(
                    code,
                    part,
                    tumour_mm,
                    no_go_mm,
                    vessel_mm,
                    origin,
                    across,
                    along,
                    pitch,
                    queue,
                    count,
                    rows[n, m],
                    joins,
                )
            rows[n, m, FLAW], rows[n, m, END] = flaw, end
            if flaw != SOUND:
                break
            start = int(end) + 1
    return rows
