"""A rigid body among obstacles: how much room it has in a pose, and a way through poses in which it has enough.

All lengths here are millimetres from the first voxel of the obstacles' grid, along that grid's axes. A pose is six
numbers: movement along the three axes, and a rotation vector (radians) along the same axes about a pivot.

The room of a pose is the least, over the body's surface voxels, of a field that gives each place's distance to what is
in the way. A field of distances changes by no more than the way gone: balls around parts of the body that lie farther
off than the least so far are passed over whole, and on a motion each ball jumps ahead by the room that it has itself.
"""

from __future__ import annotations

import heapq

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array, Vector
from enbloc.resection.body import Counts
from enbloc.resection.field import Millimetres

FAR = 1.0e3
SLACK = 0.25
"""Between voxels a field may change by this share of a voxel more than the way gone."""
HINTS = 12
EXIT_EVERY = 3
"""Straight ways out are tried from one in so many poses of the lattice."""


@njit(cache=True, nogil=True)
def rotation(vector: Vector) -> Array:
    """The matrix that turns by the rotation vector (radians)."""
    out = np.eye(3)
    angle = np.sqrt(vector[0] ** 2 + vector[1] ** 2 + vector[2] ** 2)
    if angle < 1e-12:
        return out
    x, y, z = vector[0] / angle, vector[1] / angle, vector[2] / angle
    c, s = np.cos(angle), np.sin(angle)
    d = 1.0 - c
    out[0, 0], out[0, 1], out[0, 2] = c + x * x * d, x * y * d - z * s, x * z * d + y * s
    out[1, 0], out[1, 1], out[1, 2] = y * x * d + z * s, c + y * y * d, y * z * d - x * s
    out[2, 0], out[2, 1], out[2, 2] = z * x * d - y * s, z * y * d + x * s, c + z * z * d
    return out


@njit(cache=True, nogil=True)
def dot(a: Vector, b: Vector) -> float:
    along: float = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return along


@njit(cache=True, nogil=True)
def placed(pivot: Vector, pose: Vector) -> tuple[Array, Vector]:
    """A pose as matrix and shift: x goes to matrix x + shift."""
    turn = rotation(pose[3:])
    shift = np.empty(3)
    for d in range(3):
        shift[d] = pivot[d] + pose[d] - dot(turn[d], pivot)
    return turn, shift


@njit(cache=True, nogil=True)
def field_at(field: Millimetres, step: float, x: float, y: float, z: float) -> float:
    """Trilinear; beyond the field the value at its border, which is never more than the distance to what it holds."""
    ni, nj, nk = field.shape
    per = 1.0 / step
    x = min(max(x * per, 0.0), ni - 1.0)
    y = min(max(y * per, 0.0), nj - 1.0)
    z = min(max(z * per, 0.0), nk - 1.0)
    a, b, c = int(x), int(y), int(z)
    u, v, w = x - a, y - b, z - c
    d, e, f = min(a + 1, ni - 1), min(b + 1, nj - 1), min(c + 1, nk - 1)
    low = (1.0 - v) * ((1.0 - w) * field[a, b, c] + w * field[a, b, f]) + v * (
        (1.0 - w) * field[a, e, c] + w * field[a, e, f]
    )
    high = (1.0 - v) * ((1.0 - w) * field[d, b, c] + w * field[d, b, f]) + v * (
        (1.0 - w) * field[d, e, c] + w * field[d, e, f]
    )
    value: float = (1.0 - u) * low + u * high
    return value


@njit(cache=True, nogil=True)
def carried(turn: Array, shift: Vector, p: Vector) -> tuple[float, float, float]:
    return (
        turn[0, 0] * p[0] + turn[0, 1] * p[1] + turn[0, 2] * p[2] + shift[0],
        turn[1, 0] * p[0] + turn[1, 1] * p[1] + turn[1, 2] * p[2] + shift[1],
        turn[2, 0] * p[0] + turn[2, 1] * p[1] + turn[2, 2] * p[2] + shift[2],
    )


@njit(cache=True, nogil=True)
def at_point(field: Millimetres, step: float, turn: Array, shift: Vector, p: Vector) -> float:
    """The field where the pose puts a point."""
    x, y, z = carried(turn, shift, p)
    value: float = field_at(field, step, x, y, z)
    return value


@njit(cache=True, nogil=True)
def room_of(
    points: Array, first: Counts, ball: Array, block: Counts, block_ball: Array, pivot: Vector,
    field: Millimetres, step: float, pose: Vector, enough: float, hints: Counts,
) -> float:  # fmt: skip
    """The least of `field` over the body in `pose`; at once, and then only a bound, where that is below `enough`.

    `hints`: points that were the least lately, looked at first, the latest in front.
    """
    turn, shift = placed(pivot, pose)
    slack = SLACK * step
    least, where = FAR, -1
    for h in range(len(hints)):
        least = min(least, at_point(field, step, turn, shift, points[hints[h]]))
        if least < enough:
            return least
    for c in range(len(block_ball)):
        if at_point(field, step, turn, shift, block_ball[c]) - block_ball[c, 3] - slack >= least:
            continue
        for b in range(block[c], block[c + 1]):
            if at_point(field, step, turn, shift, ball[b]) - ball[b, 3] - slack >= least:
                continue
            for n in range(first[b], first[b + 1]):
                mm = at_point(field, step, turn, shift, points[n])
                if mm < least:
                    least, where = mm, n
            if least < enough:
                note(hints, where)
                return least
    if where >= 0:
        note(hints, where)
    return least


@njit(cache=True, nogil=True)
def note(hints: Counts, new: int) -> None:
    """`new` to the front, the last one falls out."""
    for h in range(len(hints) - 1, 0, -1):
        hints[h] = hints[h - 1]
    if len(hints) > 0:
        hints[0] = new


@njit(cache=True, nogil=True)
def trailing(block_ball: Array, pivot: Vector, pose: Vector, way: Vector) -> float:
    """How far back along `way` the body reaches, at most: greatest of -way . x over its blocks."""
    turn, shift = placed(pivot, pose)
    back = -FAR
    along, base = np.zeros(3), 0.0
    for d in range(3):
        base += way[d] * shift[d]
        for e in range(3):
            along[e] += way[d] * turn[d, e]
    for c in range(len(block_ball)):
        p = block_ball[c]
        back = max(back, p[3] - along[0] * p[0] - along[1] * p[1] - along[2] * p[2] - base)
    return back


@njit(cache=True, nogil=True)
def is_clear(
    points: Array, first: Counts, ball: Array, block: Counts, block_ball: Array, pivot: Vector,
    field: Millimetres, step: float, start: Vector, end: Vector, length: float, check: float, met: Counts,
) -> bool:  # fmt: skip
    """Whether the straight way between two poses keeps the field at 0 or above, both ends included.

    `length`: no point of the body moves farther on the way. Every brick is looked at at least each `check` of its own
    way: farther apart only where it has the room. `met`: bricks that did not pass lately, looked at first.
    """
    looks = max(1, int(np.ceil(length / check)))
    turns, shifts = np.empty((looks + 1, 3, 3)), np.empty((looks + 1, 3))
    moved = turned = 0.0
    for d in range(3):
        moved += (end[d] - start[d]) ** 2
        turned += (end[d + 3] - start[d + 3]) ** 2
    moved, turned = np.sqrt(moved) / looks, np.sqrt(turned) / looks
    for n in range(looks + 1):
        if n > 0 and turned == 0.0:
            turns[n] = turns[0]
            shifts[n] = shifts[0] + (n / looks) * (end[:3] - start[:3])
        else:
            turns[n], shifts[n] = placed(pivot, start + (n / looks) * (end - start))
    at_first = int(np.int64(0))  # of a literal another version would be compiled
    for h in range(len(met)):
        if met[h] >= 0 and not passes(
            points, first, ball, met[h], pivot, field, step, turns, shifts, moved, turned, check, at_first
        ):
            return False
    for c in range(len(block_ball)):
        begins = held_at(block_ball[c], pivot, field, step, turns, shifts, moved, turned)
        if begins < 0:
            continue
        for b in range(block[c], block[c + 1]):
            if not passes(points, first, ball, b, pivot, field, step, turns, shifts, moved, turned, check, begins):
                note(met, b)
                return False
    return True


@njit(cache=True, nogil=True)
def held_at(
    ball: Vector, pivot: Vector, field: Millimetres, step: float, turns: Array, shifts: Array, moved: float,
    turned: float,
) -> int:  # fmt: skip
    """The first look at which a ball may touch something; -1 where it passes."""
    looks = len(shifts) - 1
    each = max(1e-6, moved + turned * farthest_of(ball, pivot))
    n = 0
    while True:
        room = at_point(field, step, turns[n], shifts[n], ball) - ball[3] - SLACK * step
        if room < 0.0:
            return n
        if n >= looks:
            return -1
        n = min(looks, n + max(1, int(room / each)))


@njit(cache=True, nogil=True)
def farthest_of(ball: Vector, pivot: Vector) -> float:
    """No point of the ball lies farther from the pivot."""
    away: float = np.sqrt((ball[0] - pivot[0]) ** 2 + (ball[1] - pivot[1]) ** 2 + (ball[2] - pivot[2]) ** 2) + ball[3]
    return away


@njit(cache=True, nogil=True)
def passes(
    points: Array, first: Counts, ball: Array, b: int, pivot: Vector, field: Millimetres, step: float, turns: Array,
    shifts: Array, moved: float, turned: float, check: float, begins: int,
) -> bool:  # fmt: skip
    """Whether one brick keeps the field at 0 or above from the look `begins` on."""
    looks = len(shifts) - 1
    each = max(1e-6, moved + turned * farthest_of(ball[b], pivot))
    n = begins
    while True:
        ahead = at_point(field, step, turns[n], shifts[n], ball[b]) - ball[b, 3] - SLACK * step
        if ahead < 0.0:
            least = FAR
            for p in range(first[b], first[b + 1]):
                least = min(least, at_point(field, step, turns[n], shifts[n], points[p]))
                if least < 0.0:
                    return False
            ahead = max(check, least - SLACK * step)
        if n >= looks:
            return True
        n = min(looks, n + max(1, int(ahead / each)))


@njit(cache=True, nogil=True)
def seek(  # noqa: C901  one loop of a search, whose parts share all of its state
    points: Array, first: Counts, ball: Array, block: Counts, block_ball: Array, pivot: Vector, reach: float,
    field: Millimetres, step: float,
    low: Counts, high: Counts, steps: Vector, basis: Array,
    exits: Array, way: Vector, outside: float, check: float, comfortable: float, most: int,
) -> tuple[Array, int, Vector]:  # fmt: skip
    """The poses (n, 6) of a way out, how many poses were looked at, and the pose farthest turned of these.

    Poses lie on the lattice `steps` times whole numbers from `low` to `high` along the rows of `basis`. The best first,
    by the length gone (longer where there is less room than `comfortable`) and the length that remains. From each
    third pose straight ways along `exits` are tried, until the body lies wholly beyond `outside` along `way`. No rows
    where there is none.
    """
    dims = high - low + 1
    size = 1
    for d in range(6):
        size *= dims[d]
    gone = np.full(size, np.float32(np.inf))
    came = np.full(size, np.int8(-1))
    closed = np.zeros(size, np.bool_)
    room = np.full(size, np.float32(np.nan))
    remains = np.zeros(size, np.float32)
    unit = np.ones(6, np.int64)
    for d in range(4, -1, -1):
        unit[d] = unit[d + 1] * dims[d + 1]
    start = 0
    for d in range(6):
        start -= low[d] * unit[d]
    pose, other, leave = np.zeros(6), np.zeros(6), np.zeros(6)
    hints, met, met_out = np.zeros(HINTS, np.int64), np.full(HINTS, -1, np.int64), np.full(HINTS, -1, np.int64)
    begins = room_of(points, first, ball, block, block_ball, pivot, field, step, pose, 0.0, hints)
    if begins < 0.0:
        return np.empty((0, 6)), 1, pose
    gone[start], room[start] = 0.0, begins
    heap = [(0.0, start, -1)]
    looked, turned, farthest = 0, 0, np.zeros(6)
    while len(heap) > 0 and looked < most:
        _, here, move = heapq.heappop(heap)
        if closed[here]:
            continue
        lay(here, unit, dims, low, steps, basis, pose)
        if move >= 0:
            d, sign = move // 2, 1 - 2 * (move % 2)
            before = here - sign * unit[d]
            lay(before, unit, dims, low, steps, basis, other)
            length = steps[d] if d < 3 else steps[d] * reach
            if room[before] + room[here] < length and not is_clear(
                points, first, ball, block, block_ball, pivot, field, step, other, pose, length, check, met
            ):
                continue
            gone[here] = gone[before] + price(length, d, room[here], comfortable)
            came[here] = move
        closed[here] = True
        looked += 1
        turns = abs(here // unit[5] % dims[5] + low[5])
        if turns > turned:
            turned = turns
            farthest[:] = pose
        back = trailing(block_ball, pivot, pose, way)
        place = 0
        for d in range(6):
            place += here // unit[d] % dims[d] + low[d]
        for n in range(len(exits)):
            if place % EXIT_EVERY != 0:
                break
            length = max(0.0, (back + outside) / dot(exits[n], way))
            leave[:] = pose
            leave[:3] += exits[n] * length
            if length == 0.0 or is_clear(
                points, first, ball, block, block_ball, pivot, field, step, pose, leave, length, check, met_out
            ):
                return traced(came, here, start, unit, dims, low, steps, basis, leave), looked, farthest
        for move in range(12):
            d, sign = move // 2, 1 - 2 * (move % 2)
            place = here // unit[d] % dims[d] + sign
            there = here + sign * unit[d]
            if place < 0 or place >= dims[d] or closed[there]:
                continue
            if np.isnan(room[there]):
                lay(there, unit, dims, low, steps, basis, other)
                room[there] = room_of(points, first, ball, block, block_ball, pivot, field, step, other, 0.0, hints)
                remains[there] = max(0.0, trailing(block_ball, pivot, other, way) + outside)
            if room[there] < 0.0:
                continue
            length = steps[d] if d < 3 else steps[d] * reach
            cost = gone[here] + price(length, d, room[there], comfortable)
            heapq.heappush(heap, (cost + remains[there], there, move))
    return np.empty((0, 6)), looked, farthest


@njit(cache=True, nogil=True)
def lay(at: int, unit: Counts, dims: Counts, low: Counts, steps: Vector, basis: Array, pose: Vector) -> None:
    """Sets `pose` to that of the lattice's place `at`."""
    pose[:] = 0.0
    for d in range(6):
        value = steps[d] * (at // unit[d] % dims[d] + low[d])
        for e in range(3):
            pose[d // 3 * 3 + e] += value * basis[d % 3, e]


@njit(cache=True, nogil=True)
def price(length: float, d: int, room: float, comfortable: float) -> float:
    """What one step along d costs: the way of the body's middle, up to four times as much where there is no room."""
    return (length if d < 3 else 0.5 * length) * (1.0 + 3.0 * max(0.0, 1.0 - room / comfortable))


@njit(cache=True, nogil=True)
def traced(
    came: npt.NDArray[np.int8], last: int, start: int, unit: Counts, dims: Counts, low: Counts, steps: Vector,
    basis: Array, leave: Vector,
) -> Array:  # fmt: skip
    """The poses from the start to `last`, then `leave`."""
    count, at = 1, last
    while at != start:
        move = came[at]
        at -= (1 - 2 * (move % 2)) * unit[move // 2]
        count += 1
    path = np.empty((count + 1, 6))
    path[count] = leave
    at = last
    for n in range(count - 1, -1, -1):
        lay(at, unit, dims, low, steps, basis, path[n])
        if n > 0:
            move = came[at]
            at -= (1 - 2 * (move % 2)) * unit[move // 2]
    return path


@njit(cache=True, nogil=True)
def least_along(
    points: Array, first: Counts, ball: Array, block: Counts, block_ball: Array, pivot: Vector, reach: float,
    field: Millimetres, step: float, poses: Array, check: float,
) -> float:  # fmt: skip
    """The least of `field` over the body on its way through all `poses`."""
    least = FAR
    hints = np.zeros(0, np.int64)
    for n in range(len(poses) - 1):
        change = poses[n + 1] - poses[n]
        length = np.sqrt(change[0] ** 2 + change[1] ** 2 + change[2] ** 2)
        length += reach * np.sqrt(change[3] ** 2 + change[4] ** 2 + change[5] ** 2)
        done = 0.0
        while True:
            share = 1.0 if done >= length else done / length
            room = room_of(
                points, first, ball, block, block_ball, pivot, field, step, poses[n] + share * change, -FAR, hints
            )
            least = min(least, room)
            if share >= 1.0:
                break
            done += max(check, room - least - SLACK * step)
    return least
