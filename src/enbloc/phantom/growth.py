"""The tumour as an implicit function: blobs with a bumpy surface, held back by the zones they must not enter."""

from __future__ import annotations

from math import sin
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array
from enbloc.phantom import kernels as k
from enbloc.phantom.primitives import ellipsoid, limb, smooth_min


class Restraint(Protocol):
    """What holds one lesion back.

    `level`: the vertebra (0-based) it speaks of. Zones: 1 forbidden, 0 free to grow into; `above`, `below` are the
    neighbours. `clearance` is kept from forbidden zones; `y_low`, `y_high` bound the bone part in the vertebra's
    frame. Reaches: into the canal from its wall, out of the bone, into disc and neighbours past the endplate. `sac`:
    1 keeps out of the dural sac.
    """

    level: float
    body: float
    pedicle_left: float
    pedicle_right: float
    arch: float
    canal: float
    outside: float
    disc: float
    above: float
    below: float
    clearance: float
    y_low: float
    y_high: float
    canal_reach: float
    outside_reach: float
    disc_reach: float
    above_reach: float
    below_reach: float
    sac: float


RULES = np.dtype([(name, np.float64) for name in Restraint.__annotations__], align=True)
Rules = Any
"""A record array of `RULES`, shape (1,)."""
ELLIPSOID, ROD = 0.0, 1.0
Column = tuple[Array, Array, k.Shapes, Array]
FUSE_MM = 3.0


@njit(cache=True)
def blob(blobs: Array, bumps: Array, column: Column, x: float, y: float, z: float) -> float:
    """Union of blobs (n, 14: vertebra, kind, numbers in its frame) with bumps (m, 5: wave vector, phase, height)."""
    origin, axes, _, _ = column
    distance = k.FAR
    for b in range(blobs.shape[0]):
        lx, ly, lz = k.local(origin, axes, int(blobs[b, 0]), x, y, z)
        p = blobs[b, 2:]
        if blobs[b, 1] == ELLIPSOID:
            d = ellipsoid(lx - p[0], ly - p[1], lz - p[2], p[3], p[4], p[5])
        else:
            d = limb(lx, ly, lz, p)
        distance = smooth_min(distance, d, FUSE_MM)
    if distance < 8.0:
        for m in range(bumps.shape[0]):
            distance += bumps[m, 4] * sin(bumps[m, 0] * x + bumps[m, 1] * y + bumps[m, 2] * z + bumps[m, 3])
    return distance


@njit(cache=True)
def hull(rules: Restraint, column: Column, x: float, y: float, z: float, whole: float, space: float) -> float:
    """The bone and the spaces the tumour may fill, as one shape without inner borders."""
    origin, axes, shapes, _ = column
    i = int(rules.level)
    inside = whole
    if rules.canal == 0.0:
        inside = min(inside, space)
    if rules.disc == 0.0 or rules.below == 0.0:
        _, _, uz = k.local(origin, axes, i, x, y, z)
        if uz < 0.0:
            inside = min(inside, k.disc_side(origin, axes, shapes, i, x, y, z))
    if rules.above == 0.0 and i > 0:
        _, _, wz = k.local(origin, axes, i, x, y, z)
        if wz > 0.0:
            inside = min(inside, k.disc_side(origin, axes, shapes, i - 1, x, y, z))
    return inside


@njit(cache=True)
def past_neighbours(
    distance: float,
    rules: Restraint,
    column: Column,
    x: float,
    y: float,
    z: float,
    solids: tuple[float, float, float],
    space: float,
) -> float:
    """`distance`, held back by the vertebra and disc on either side, or by the reach into them.

    `solids` of the vertebra above, the own one and the one below, and the canal's distance, are known at the point.
    """
    origin, axes, shapes, limbs = column
    i = int(rules.level)
    m = rules.clearance
    v = shapes[i]
    _, ly, lz = k.local(origin, axes, i, x, y, z)
    for j, forbidden, reach in ((i - 1, rules.above, rules.above_reach), (i + 1, rules.below, rules.below_reach)):
        if not 0 <= j < origin.shape[0]:
            continue
        if forbidden == 1.0:
            other = solids[1 + j - i]
            if other < k.FAR:
                farther = k.raw(origin, axes, shapes, limbs, 2 * j - i, x, y, z)
                other = k.carved(other, farther, solids[1], space)
            distance = max(distance, m - other)
            if rules.disc == 1.0 or j < i:
                distance = max(distance, m - k.disc(origin, axes, shapes, min(i, j), x, y, z, space))
            else:
                distance = max(distance, k.endplate(v, ly, -lz, 0.0) - rules.disc_reach)
        else:
            wx, wy, wz = k.local(origin, axes, j, x, y, z)
            deep = -k.endplate(shapes[j], wy, wz if j > i else -wz, 0.0)
            deep = max(deep - 2.0, -k.body(shapes[j], abs(wx), wy, wz))
            distance = max(distance, deep - reach, shapes[j].wall_y + m - wy)
    return distance


@njit(cache=True)
def barred(distance: float, rules: Restraint, column: Column, x: float, y: float, z: float, enough: float) -> float:
    """`distance` to the blob, held back by every forbidden zone and every reach.

    Zones only hold back: once at `enough` or more, what is left is not looked at.
    """
    origin, axes, shapes, limbs = column
    i = int(rules.level)
    m = rules.clearance
    v = shapes[i]
    lx, ly, lz = k.local(origin, axes, i, x, y, z)
    space, cord, sac, _ = k.canal(origin, axes, shapes, x, y, z)
    distance = max(distance, rules.y_low - ly, ly - rules.y_high)
    if rules.canal == 1.0:
        distance = max(distance, m - space)
    else:
        distance = max(distance, -space - rules.canal_reach, 0.4 - cord)
        if rules.sac == 1.0:
            distance = max(distance, 0.2 - sac)
    if distance >= enough:
        return distance
    whole, _ = k.flesh(v, limbs[i], lx, ly, lz, False)
    solid = whole if k.boxed(v, lx, ly, lz) else k.FAR
    above = k.raw(origin, axes, shapes, limbs, i - 1, x, y, z)
    below = k.raw(origin, axes, shapes, limbs, i + 1, x, y, z)
    own = k.carved(solid, above, below, space) if solid < k.FAR else solid
    if rules.body == 1.0:
        distance = max(distance, m - max(own, v.wall_y - ly))
    for side in (-1.0, 1.0):
        if (rules.pedicle_left if side < 0.0 else rules.pedicle_right) == 1.0:
            bar = max(own, ly - v.wall_y, v.canal_y - ly, 0.5 * v.canal_w - side * lx)
            distance = max(distance, m - bar)
    if rules.arch == 1.0:
        forward = max(ly - v.wall_y, v.pedicle_z + v.pedicle_h + 1.0 - lz)
        wing = v.pedicle_x - abs(lx)
        distance = max(distance, m - max(own, min(ly - v.canal_y, forward, wing)))
    if distance >= enough:
        return distance
    joined = whole
    if rules.above == 1.0:
        joined = max(joined, 0.5 * (whole - above + k.FACET_GAP_MM))
    if rules.below == 1.0:
        joined = max(joined, 0.5 * (whole - below + k.FACET_GAP_MM))
    inside = hull(rules, column, x, y, z, joined, space)
    distance = max(distance, inside + min(m, 1.0) if rules.outside == 1.0 else inside - rules.outside_reach)
    if distance >= enough:
        return distance
    return past_neighbours(distance, rules, column, x, y, z, (above, solid, below), space)


@njit(cache=True)
def tumour_at(
    blobs: Array, bumps: Array, rules: Rules, column: Column, x: float, y: float, z: float, enough: float
) -> float:
    """Signed distance-like function of one lesion; `enough` as in `barred`."""
    distance = blob(blobs, bumps, column, x, y, z)
    if distance > 4.0 or distance >= enough:
        return distance
    return barred(distance, rules[0], column, x, y, z, enough)


@njit(cache=True)
def fill(
    mask: npt.NDArray[np.bool_],
    to_mm: Array,
    bounds: npt.NDArray[np.int64],
    blobs: Array,
    bumps: Array,
    rules: Rules,
    column: Column,
) -> None:
    """Set voxels of `mask` whose centre lies in the lesion, inside `bounds` (3, 2)."""
    for a in range(bounds[0, 0], bounds[0, 1]):
        for b in range(bounds[1, 0], bounds[1, 1]):
            for c in range(bounds[2, 0], bounds[2, 1]):
                x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                distance = blob(blobs, bumps, column, x, y, z)
                if distance < 0.0 and barred(distance, rules[0], column, x, y, z, 0.0) < 0.0:
                    mask[a, b, c] = True


@njit(cache=True)
def zones_where(
    mask: npt.NDArray[np.bool_],
    to_mm: Array,
    column: Column,
    codes: npt.NDArray[np.uint8],
    owners: npt.NDArray[np.uint8],
) -> None:
    """Zone code and 1-based owner of every true voxel of `mask`."""
    origin, axes, shapes, limbs = column
    for a in range(mask.shape[0]):
        for b in range(mask.shape[1]):
            for c in range(mask.shape[2]):
                if not mask[a, b, c]:
                    continue
                x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                code, owner = k.zone_at(origin, axes, shapes, limbs, x, y, z)
                codes[a, b, c] = code
                owners[a, b, c] = owner + 1
