"""Kernels of the search: sections of planes through voxels, what they pass, and whether they sever.

Lengths are in voxels of the operative field (cubes), points in its index coordinates. A plane is `normal . x = offset` with
two axes `across` and `along` in it; a section is read at pixels `pitch` voxels apart, the pixel (0, 0) at the point of
the plane nearest to `pivot`. Codes of tissue: see `passage.Code`.
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

OUTSIDE, SOLID, BEYOND, CANAL = 0, 1, 2, 3
MEASURES = 12
(PIXELS, IN_TUMOUR, TUMOUR_MM, NO_GO_MM, VESSEL_MM, AT_CANAL, AT_OUTSIDE, FLAW, BODY, PEDICLE, ARCH, END) = range(12)
"""Columns of what is measured of a section: pixels; pixels in tumour; least distances; pixels that touch the canal, the
outside; flaw (below); pixels in body, pedicles and the rest of the bone; place along the wall path where it ends."""
SOUND, NO_SECTION, LEAVES_SIDE, MISSES_PATH = 0.0, 1.0, 2.0, 3.0


@numba.njit(cache=True, inline="always")
def trilinear(field: Millimetres, x: float, y: float, z: float) -> float:
    """`field` between its voxels; outside the array as at its border."""
    x = min(max(x, 0.0), field.shape[0] - 1.000001)
    y = min(max(y, 0.0), field.shape[1] - 1.000001)
    z = min(max(z, 0.0), field.shape[2] - 1.000001)
    i, j, k = int(x), int(y), int(z)
    a, b, c = x - i, y - j, z - k
    low = (field[i, j, k] * (1 - a) + field[i + 1, j, k] * a) * (1 - b) + (
        field[i, j + 1, k] * (1 - a) + field[i + 1, j + 1, k] * a
    ) * b
    high = (field[i, j, k + 1] * (1 - a) + field[i + 1, j, k + 1] * a) * (1 - b) + (
        field[i, j + 1, k + 1] * (1 - a) + field[i + 1, j + 1, k + 1] * a
    ) * b
    return low * (1 - c) + high * c


@numba.njit(cache=True, inline="always")
def code_at(code: Codes, x: float, y: float, z: float) -> int:
    i, j, k = int(floor(x + 0.5)), int(floor(y + 0.5)), int(floor(z + 0.5))
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

    Gives their number, and whether the part leaves its side (pixels of code BEYOND) or the raster. `stamp` is square, its
    middle pixel is (0, 0).
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


@numba.njit(cache=True, inline="always")
def pixel(value: float) -> int:
    return int(floor(value + 0.5))


@numba.njit(cache=True, inline="always")
def side_of(points: Millimetres, s: int, normal: Array, offset: float) -> float:
    return normal[0] * points[s, 0] + normal[1] * points[s, 1] + normal[2] * points[s, 2] - offset


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
) -> None:
    """Fills `row` with what the first `count` pixels of `queue` pass."""
    for column in range(MEASURES):
        row[column] = 0.0
    row[PIXELS] = count
    row[TUMOUR_MM] = row[NO_GO_MM] = row[VESSEL_MM] = 1e3
    for n in range(count):
        a, b = queue[n, 0], queue[n, 1]
        x = origin[0] + pitch * (a * across[0] + b * along[0])
        y = origin[1] + pitch * (a * across[1] + b * along[1])
        z = origin[2] + pitch * (a * across[2] + b * along[2])
        tumour = trilinear(tumour_mm, x, y, z)
        row[IN_TUMOUR] += tumour < 0.0
        row[TUMOUR_MM] = min(row[TUMOUR_MM], tumour)
        row[NO_GO_MM] = min(row[NO_GO_MM], trilinear(no_go_mm, x, y, z))
        row[VESSEL_MM] = min(row[VESSEL_MM], trilinear(vessel_mm, x, y, z))
        bone = code_at(part, x, y, z)
        row[BODY] += bone == 1
        row[PEDICLE] += bone == 2 or bone == 3
        row[ARCH] += 4 <= bone <= 10
        for step in range(4):
            c = a + (1 if step == 0 else -1 if step == 1 else 0)
            d = b + (1 if step == 2 else -1 if step == 3 else 0)
            beside = code_at(
                code,
                origin[0] + pitch * (c * across[0] + d * along[0]),
                origin[1] + pitch * (c * across[1] + d * along[1]),
                origin[2] + pitch * (c * across[2] + d * along[2]),
            )
            row[AT_CANAL] += beside == CANAL
            row[AT_OUTSIDE] += beside == OUTSIDE


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
    stamp: Stamps,
    mark: int,
    queue: Ints,
) -> tuple[int, int, float, float]:
    """The plane's section that crosses every path: its mark, number of pixels, where the wall path meets it, its flaw.

    Path n is points[ends[n]:ends[n + 1]]; path 0 runs along the wall of the canal. Sections are tried in the order in
    which the wall path meets them. Marks from `mark` on are used.
    """
    flaw = NO_SECTION
    first, last = ends[0], ends[1]
    here = side_of(points, first, normal, offset)
    base = mark
    for s in range(first, last - 1):
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
    return pivot + move * normal


@numba.njit(cache=True, parallel=True)
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
    """One row of measures per plane (normals[n], offsets[n])."""
    rows = np.zeros((len(offsets), MEASURES))
    chunks = 64
    for chunk in numba.prange(chunks):
        stamp = np.zeros((2 * half + 1, 2 * half + 1), np.int32)
        queue = np.empty(((2 * half + 1) ** 2, 2), np.int32)
        mark = 1
        for n in range(chunk, len(offsets), chunks):
            across, along = basis(normals[n])
            origin = plane_origin(normals[n], offsets[n], pivot)
            found, count, end, flaw = sound_section(
                code, points, ends, normals[n], offsets[n], origin, across, along, pitch, stamp, mark, queue
            )
            mark = found + 1
            if flaw == SOUND:
                measure_section(
                    code, part, tumour_mm, no_go_mm, vessel_mm, origin, across, along, pitch, queue, count, rows[n]
                )
            rows[n, FLAW], rows[n, END] = flaw, end
    return rows


@numba.njit(cache=True)
def reached_behind(
    code: Codes,
    front: npt.NDArray[np.bool_],
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
    """Floods solid tissue from `front` over links that do not cross the stamped section; the first voxel of `back`
    reached, as flat index, or -1.

    `before` (flat, one per voxel) receives where each voxel was reached from: itself + 2 for seeds, 0 not reached.
    """
    n0, n1, n2 = code.shape
    before[:] = 0
    queue = np.empty(code.size, np.int32)
    filled = 0
    for i in range(n0):
        for j in range(n1):
            for k in range(n2):
                if front[i, j, k] and code[i, j, k] == SOLID:
                    flat = (i * n1 + j) * n2 + k
                    before[flat] = flat + 2
                    queue[filled] = flat
                    filled += 1
    head = 0
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
                return other
            queue[filled] = other
            filled += 1
    return -1


@numba.njit(cache=True)
def severs(
    code: Codes,
    front: npt.NDArray[np.bool_],
    back: npt.NDArray[np.bool_],
    points: Millimetres,
    ends: Ints,
    normal: Array,
    offset: float,
    pivot: Array,
    pitch: float,
    half: int,
) -> bool:
    """Whether the plane's sound section parts `front` from `back`; False where it has none."""
    stamp = np.zeros((2 * half + 1, 2 * half + 1), np.int32)
    queue = np.empty(((2 * half + 1) ** 2, 2), np.int32)
    across, along = basis(normal)
    origin = plane_origin(normal, offset, pivot)
    mark, _, _, flaw = sound_section(code, points, ends, normal, offset, origin, across, along, pitch, stamp, 1, queue)
    if flaw != SOUND:
        return False
    before = np.zeros(code.size, np.int32)
    return reached_behind(code, front, back, normal, offset, origin, across, along, pitch, stamp, mark, before) < 0


@numba.njit(cache=True)
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


@numba.njit(cache=True, parallel=True)
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
    `thick` of its own. Every such cut meets every path, and does so where the path lies within thick + spread * reach of
    the middle plane. A bound found to be `floor_mm` or less is not lowered further. Between voxels `at_mm` runs linearly along the path, as the field does along a voxel edge.
    """
    bounds = np.empty((len(offsets), 3))
    for n in numba.prange(len(offsets)):
        bound, low, high = 1e9, 1e9, -1e9
        offset = offsets[n]
        for path in range(len(ends) - 1):
            best = -1e9
            for s in range(ends[path], ends[path + 1] - 1):
                here = side_of(points, s, normals[n], offset)
                if abs(here) > thick[n] + spread[n] * 200.0 + 1.8:
                    continue
                there = side_of(points, s + 1, normals[n], offset)
                reach = 0.0
                for axis in range(3):
                    reach += (points[s, axis] - pivot[axis]) ** 2
                slack = thick[n] + spread[n] * (np.sqrt(reach) + 1.0)
                # the part of the segment within the slab, as shares of its length
                if here == there:
                    if abs(here) > slack:
                        continue
                    start, end = 0.0, 1.0
                else:
                    one, two = (-slack - here) / (there - here), (slack - here) / (there - here)
                    start, end = max(0.0, min(one, two)), min(1.0, max(one, two))
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


@numba.njit(cache=True)
def path_through_worst(
    code: Codes,
    tumour_mm: Millimetres,
    front: npt.NDArray[np.bool_],
    back: npt.NDArray[np.bool_],
    points: Millimetres,
    ends: Ints,
    normal: Array,
    offset: float,
    pivot: Array,
    pitch: float,
    half: int,
) -> npt.NDArray[np.int64]:
    """Voxels (n, 3) of a path from front to back that crosses the plane's severing section once, where it is nearest
    to tumour; empty where the section does not sever.
    """
    nothing = np.empty((0, 3), np.int64)
    stamp = np.zeros((2 * half + 1, 2 * half + 1), np.int32)
    queue = np.empty(((2 * half + 1) ** 2, 2), np.int32)
    across, along = basis(normal)
    origin = plane_origin(normal, offset, pivot)
    mark, _, _, flaw = sound_section(code, points, ends, normal, offset, origin, across, along, pitch, stamp, 1, queue)
    if flaw != SOUND:
        return nothing
    ahead, behind = np.zeros(code.size, np.int32), np.zeros(code.size, np.int32)
    if reached_behind(code, front, back, normal, offset, origin, across, along, pitch, stamp, mark, ahead) >= 0:
        return nothing
    reached_behind(code, back, front, normal, offset, origin, across, along, pitch, stamp, mark, behind)
    n1, n2 = code.shape[1], code.shape[2]
    strides = np.array([n1 * n2, n2, 1])
    best, one, two = 1e9, -1, -1
    for v in range(code.size):
        if not ahead[v]:
            continue
        at = (v // (n1 * n2), v // n2 % n1, v % n2)
        here = normal[0] * at[0] + normal[1] * at[1] + normal[2] * at[2] - offset
        for axis in range(3):
            for sign in (-1, 1):
                if at[axis] + sign < 0 or at[axis] + sign >= code.shape[axis]:
                    continue
                w = v + sign * strides[axis]
                if not behind[w] or ahead[w]:
                    continue
                there = here + sign * normal[axis]
                if (here < 0.0) == (there < 0.0):
                    continue
                t = here / (here - there)
                nearest = (1.0 - t) * tumour_mm.ravel()[v] + t * tumour_mm.ravel()[w]
                if nearest < best:
                    best, one, two = nearest, v, w
    if one < 0:
        return nothing
    length = 2
    v = one
    while ahead[v] - 2 != v:
        v, length = ahead[v] - 2, length + 1
    v = two
    while behind[v] - 2 != v:
        v, length = behind[v] - 2, length + 1
    path = np.empty((length, 3), np.int64)
    n = 0
    v = one
    while True:
        path[n, 0], path[n, 1], path[n, 2] = v // (n1 * n2), v // n2 % n1, v % n2
        n += 1
        if ahead[v] - 2 == v:
            break
        v = ahead[v] - 2
    for m in range(n // 2):
        for axis in range(3):
            path[m, axis], path[n - 1 - m, axis] = path[n - 1 - m, axis], path[m, axis]
    v = two
    while True:
        path[n, 0], path[n, 1], path[n, 2] = v // (n1 * n2), v // n2 % n1, v % n2
        n += 1
        if behind[v] - 2 == v:
            break
        v = behind[v] - 2
    return path
