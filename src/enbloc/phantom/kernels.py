"""The column as implicit functions of one point: vertebra, canal, cord, disc, zone.

Points are in the patient's own mm (x right, y anterior, z superior, before the patient is turned in the scanner). A
`Column` of arrays travels through every kernel: origin (n, 3), axes (n, 3, 3) rows right-anterior-superior, shape
(n,) records of `VERTEBRA`, limbs (n, m, 15).
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numba import njit

from enbloc.core.geometry import Array
from enbloc.phantom.primitives import ellipse, limb, smooth_max, smooth_min, squircle


class Shape(Protocol):
    """What one vertebra's body, arch and canal are drawn with, in its own frame; mm unless a share or a slope.

    Half axes of the body at its endplates, its mean height, share lost at the waist, tangent of half the wedge angle,
    hollow of the endplates. Canal: y of its front (the posterior wall) and of its middle, half axes, how much it
    narrows backwards. Lamina: thickness, upper and lower edge, lean. Pedicle: z, half height, outer x. Half axes of
    the cord and of the disc below. Asymmetry: share of size and shear of the arch. Reach: the box that holds the
    vertebra.
    """

    width_up: float
    width_low: float
    depth_up: float
    depth_low: float
    height: float
    waist: float
    tilt: float
    hollow: float
    wall_y: float
    canal_y: float
    canal_w: float
    canal_d: float
    taper: float
    lamina_t: float
    lamina_top: float
    lamina_bottom: float
    lamina_slope: float
    pedicle_z: float
    pedicle_h: float
    pedicle_x: float
    cord_w: float
    cord_d: float
    disc_w: float
    disc_d: float
    lopsided: float
    shear: float
    reach_x: float
    reach_front: float
    reach_back: float
    reach_up: float
    reach_down: float


VERTEBRA = np.dtype([(name, np.float64) for name in Shape.__annotations__], align=True)
Shapes = Any
"""A record array of `VERTEBRA`, shape (n,); its elements have the attributes of `Shape`."""

NONE, BODY, PEDICLE_LEFT, PEDICLE_RIGHT, LAMINA_LEFT, LAMINA_RIGHT, SPINOUS = 0, 1, 2, 3, 4, 5, 6
TRANSVERSE_LEFT, ARTICULAR_LEFT, CANAL, DISC = 7, 9, 11, 12
_LAMINA, _SPINOUS, _TRANSVERSE, _ARTICULAR, _PEDICLE = 4.0, 6.0, 7.0, 9.0, 2.0
FAR = 99.0
FILLET_MM = 3.0
"""Between the shapes of one vertebra."""
FACET_GAP_MM = 1.2
LOWER_HOLLOW = 1.2
"""The lower endplate is that much hollower than the upper one."""
RING_OVERLAP_MM = 2.5
SAC_GAP_MM = 2.0


@njit(cache=True, inline="always")
def local(origin: Array, axes: Array, i: int, x: float, y: float, z: float) -> tuple[float, float, float]:
    """Patient mm to mm along right, anterior, superior of vertebra `i`."""
    dx = x - origin[i, 0]
    dy = y - origin[i, 1]
    dz = z - origin[i, 2]
    a = axes[i]
    return (
        a[0, 0] * dx + a[0, 1] * dy + a[0, 2] * dz,
        a[1, 0] * dx + a[1, 1] * dy + a[1, 2] * dz,
        a[2, 0] * dx + a[2, 1] * dy + a[2, 2] * dz,
    )


@njit(cache=True, inline="always")
def opening(x: float, y: float, half_w: float, half_d: float, taper: float) -> float:
    """Section of the canal, y from its middle: half ellipse, half rounded rectangle, narrower behind by `taper`."""
    back = min(1.3, max(0.0, -y / half_d))
    w = half_w * (1.0 - taper * back)
    return 0.5 * (ellipse(x, y, w, half_d) + squircle(x, y, w, half_d))


@njit(cache=True, inline="always")
def endplate(v: Shape, y: float, outwards: float, bowl: float) -> float:
    """Height above an endplate, `outwards` being z for the upper and -z for the lower one.

    `bowl` is 1 in its middle, 0 at the rim.
    """
    return outwards - (0.5 * v.height - v.tilt * y - v.hollow * bowl)


@njit(cache=True)
def body(v: Shape, x: float, y: float, z: float) -> float:
    """The vertebral body alone, reaching a little into the canal (which is carved out later)."""
    u = min(1.0, max(-1.0, 2.0 * z / v.height))
    lift = 0.5 * (u + 1.0)
    waist = 1.0 - v.waist * (1.0 - u * u) ** 1.5
    w = (v.width_low + lift * (v.width_up - v.width_low)) * waist
    d = (v.depth_low + lift * (v.depth_up - v.depth_low)) * (0.4 + 0.6 * waist)
    half_d = 1.1 * d
    centre_y = d - half_d
    side = 0.6 * ellipse(x, y - centre_y, w, half_d) + 0.4 * squircle(x, y - centre_y, w, half_d)
    side = smooth_max(side, v.wall_y - 1.2 - y, 2.0)
    bowl = max(0.0, 1.0 - ((x / w) ** 2 + ((y - centre_y) / half_d) ** 2) / 0.72)
    return smooth_max(smooth_max(side, endplate(v, y, z, bowl), 2.0), endplate(v, y, -z, LOWER_HOLLOW * bowl), 2.0)


@njit(cache=True, inline="always")
def lamina(v: Shape, x: float, y: float, z: float) -> float:
    """Both laminae: a shell behind the canal that leans back towards its lower edge."""
    lean = v.lamina_slope * (v.pedicle_z - z)
    behind = y - v.canal_y
    c = opening(x, behind + max(0.0, lean), v.canal_w, v.canal_d, v.taper)
    shell = max(c - v.lamina_t, -c - RING_OVERLAP_MM)
    notch = 0.28 * (v.canal_w - min(v.canal_w, abs(x)))
    edges = smooth_max(z - (v.lamina_top - notch), v.lamina_bottom + 0.8 * notch - z, 2.0)
    front = behind - (0.1 * v.canal_d - 0.35 * max(0.0, v.pedicle_z - z))
    return smooth_max(smooth_max(shell, edges, 2.5), front, 2.5)


@njit(cache=True, inline="always")
def off_limb(s: Array, x: float, y: float, z: float, least: float) -> bool:
    """Whether the distance to a limb is surely `least` or more, by a ball about its middle.

    A section stretched by f makes the first-order distance at worst a = max(f, 1 / f) times too short, so it is at
    least D / a - radius at D from the limb's line. s[13]: half its length and a times its radius, with a thousandth of
    a mm against rounding; s[14]: a.
    """
    dx = x - 0.5 * (s[0] + s[3])
    dy = y - 0.5 * (s[1] + s[4])
    dz = z - 0.5 * (s[2] + s[5])
    reach = s[13] + s[14] * max(0.0, least)
    return bool(dx * dx + dy * dy + dz * dz >= reach * reach)


@njit(cache=True)
def flesh(v: Shape, limbs: Array, x: float, y: float, z: float, named: bool) -> tuple[float, float]:
    """The whole vertebra before canal and joints are carved.

    With the arch part whose shape is nearest, if it is to be `named`. Own frame, mm. A limb too far off to change
    either is passed over.
    """
    x = x + v.shear * max(0.0, v.wall_y - y)
    x = abs(x / (1.0 + v.lopsided) if x > 0.0 else x / (1.0 - v.lopsided))
    distance = body(v, x, y, z)
    part = _LAMINA
    nearest = lamina(v, x, y, z)
    distance = smooth_min(distance, nearest, FILLET_MM)
    for k in range(limbs.shape[0]):
        s = limbs[k]
        if s[12] == 0.0:
            break
        arch = named and s[12] != _PEDICLE
        if off_limb(s, x, y, z, max(distance + FILLET_MM, nearest) if arch else distance + FILLET_MM):
            continue
        d = limb(x, y, z, s)
        distance = smooth_min(distance, d, FILLET_MM)
        if arch and d < nearest:
            nearest = d
            part = s[12]
    return distance, part


@njit(cache=True)
def apart(v: Shape, limbs: Array, x: float, y: float, z: float, least: float) -> bool:
    """Whether `flesh` is surely `least` or more: all its shapes are, by what fillets may add besides.

    Body and laminae by their ends, which lie at least that far away.
    """
    least += FILLET_MM / 4.0 * (limbs.shape[0] + 1.0)
    if abs(z) - 0.5 * v.height + v.tilt * y < least or max(z - v.lamina_top, v.lamina_bottom - z) < least:
        return False
    x = x + v.shear * max(0.0, v.wall_y - y)
    x = abs(x / (1.0 + v.lopsided) if x > 0.0 else x / (1.0 - v.lopsided))
    for k in range(limbs.shape[0]):
        if limbs[k, 12] == 0.0:
            break
        if not off_limb(limbs[k], x, y, z, least):
            return False
    return True


@njit(cache=True)
def boxed(v: Shape, x: float, y: float, z: float) -> bool:
    """Whether a point in the vertebra's frame is in the box that holds all of it."""
    return abs(x) <= v.reach_x and -v.reach_back <= y <= v.reach_front and -v.reach_down <= z <= v.reach_up


@njit(cache=True)
def solid(v: Shape, limbs: Array, x: float, y: float, z: float) -> tuple[float, float]:
    """As `flesh` with its part, but simply far outside of the vertebra's box."""
    if not boxed(v, x, y, z):
        return FAR, 0.0
    return flesh(v, limbs, x, y, z, True)


@njit(cache=True)
def along(origin: Array, axes: Array, shapes: Shapes, x: float, y: float, z: float) -> tuple[int, float, float, float]:
    """Place along the column: vertebra above, share of the way to the next, and x, y from the middle of the canal.

    Between two vertebrae the coordinates of both frames are blended, so that canal, cord and vessels follow the curve.
    """
    n = origin.shape[0]
    i = -1
    for k in range(n):
        a = axes[k, 2]
        if a[0] * (x - origin[k, 0]) + a[1] * (y - origin[k, 1]) + a[2] * (z - origin[k, 2]) > 0.0:
            break
        i = k
    if i < 0 or i == n - 1:
        k = max(0, i)
        lx, ly, _ = local(origin, axes, k, x, y, z)
        return k, 0.0, lx, ly - shapes[k].canal_y
    ux, uy, uz = local(origin, axes, i, x, y, z)
    wx, wy, wz = local(origin, axes, i + 1, x, y, z)
    below = max(0.0, -uz - 0.3 * shapes[i].height)
    above = max(0.0, wz - 0.3 * shapes[i + 1].height)
    t = below / (below + above) if below + above > 0.0 else 0.5
    t = t * t * (3.0 - 2.0 * t)
    uy -= shapes[i].canal_y
    wy -= shapes[i + 1].canal_y
    return i, t, ux + t * (wx - ux), uy + t * (wy - uy)


@njit(cache=True)
def canal(origin: Array, axes: Array, shapes: Shapes, x: float, y: float, z: float) -> tuple[float, float, float, int]:
    """Canal, cord and dural sac at a point, and the level the space belongs to: (canal, cord, sac, level)."""
    i, t, cx, cy = along(origin, axes, shapes, x, y, z)
    j = min(i + 1, origin.shape[0] - 1)
    a = shapes[i]
    b = shapes[j]
    space = opening(
        cx,
        cy,
        a.canal_w + t * (b.canal_w - a.canal_w),
        a.canal_d + t * (b.canal_d - a.canal_d),
        a.taper + t * (b.taper - a.taper),
    )
    cord_w = a.cord_w + t * (b.cord_w - a.cord_w)
    cord_d = a.cord_d + t * (b.cord_d - a.cord_d)
    cord = ellipse(cx, cy - 0.08 * a.canal_d, cord_w, cord_d) if min(cord_w, cord_d) > 0.6 else FAR
    return space, cord, min(space + SAC_GAP_MM, FAR), j if t > 0.5 else i


@njit(cache=True)
def raw(origin: Array, axes: Array, shapes: Shapes, limbs: Array, i: int, x: float, y: float, z: float) -> float:
    """As `solid`, of vertebra `i` and without the part; far where there is no such vertebra."""
    if not 0 <= i < origin.shape[0]:
        return FAR
    lx, ly, lz = local(origin, axes, i, x, y, z)
    return flesh(shapes[i], limbs[i], lx, ly, lz, False)[0] if boxed(shapes[i], lx, ly, lz) else FAR


@njit(cache=True)
def bone(origin: Array, axes: Array, shapes: Shapes, limbs: Array, i: int, x: float, y: float, z: float) -> float:
    """Bone of vertebra `i`: its solid, less the canal and less half a joint gap towards each neighbour."""
    whole = raw(origin, axes, shapes, limbs, i, x, y, z)
    if whole >= FAR:
        return whole
    above, below = beside(origin, axes, shapes, limbs, i, x, y, z, whole)
    space, _, _, _ = canal(origin, axes, shapes, x, y, z)
    return carved(whole, above, below, space)


@njit(cache=True)
def beside(
    origin: Array, axes: Array, shapes: Shapes, limbs: Array, i: int, x: float, y: float, z: float, whole: float
) -> tuple[float, float]:
    """Solids of the vertebrae above and below vertebra `i`; simply far where they take nothing off its solid."""
    return (
        near(origin, axes, shapes, limbs, i - 1, x, y, z, FACET_GAP_MM - whole),
        near(origin, axes, shapes, limbs, i + 1, x, y, z, FACET_GAP_MM - whole),
    )


@njit(cache=True)
def near(
    origin: Array, axes: Array, shapes: Shapes, limbs: Array, i: int, x: float, y: float, z: float, least: float
) -> float:
    """As `raw`, but simply far where the vertebra is surely `least` away or more."""
    if not 0 <= i < origin.shape[0]:
        return FAR
    v = shapes[i]
    lx, ly, lz = local(origin, axes, i, x, y, z)
    if not boxed(v, lx, ly, lz) or apart(v, limbs[i], lx, ly, lz, least):
        return FAR
    return flesh(v, limbs[i], lx, ly, lz, False)[0]


@njit(cache=True)
def carved(whole: float, above: float, below: float, space: float) -> float:
    """`bone` of a vertebra from its solid, those of its neighbours and the canal's distance."""
    jointed = max(0.5 * (whole - above + FACET_GAP_MM), 0.5 * (whole - below + FACET_GAP_MM))
    return max(whole, jointed, -space)


@njit(cache=True)
def part_of(v: Shape, arch_part: float, x: float, y: float, z: float) -> int:
    """Part code of a bone point in the vertebra's frame, by the planes that define body, pedicle and arch."""
    outward = abs(x)
    right = 1 if x > 0.0 else 0
    wing = arch_part == _TRANSVERSE and outward > v.pedicle_x
    code = LAMINA_LEFT + right
    if wing or (y < v.canal_y and arch_part == _TRANSVERSE):
        code = TRANSVERSE_LEFT + right
    elif y >= v.wall_y or (y >= v.canal_y and outward < 0.5 * v.canal_w):
        code = BODY
    elif y >= v.canal_y:
        code = (ARTICULAR_LEFT if z > v.pedicle_z + v.pedicle_h + 1.0 else PEDICLE_LEFT) + right
    elif arch_part == _SPINOUS:
        code = SPINOUS
    elif arch_part == _ARTICULAR:
        code = ARTICULAR_LEFT + right
    return code


@njit(cache=True)
def disc_side(origin: Array, axes: Array, shapes: Shapes, i: int, x: float, y: float, z: float) -> float:
    """Outline of the disc below vertebra `i`, as a column without ends, halfway between the two frames."""
    ux, uy, _ = local(origin, axes, i, x, y, z)
    wx, wy, _ = local(origin, axes, i + 1, x, y, z)
    v = shapes[i]
    mx = 0.5 * (ux + wx)
    my = 0.5 * (uy + wy)
    half = 1.1 * v.disc_d
    side = ellipse(mx, my - v.disc_d + half, v.disc_w, half)
    side = 0.6 * side + 0.4 * squircle(mx, my - v.disc_d + half, v.disc_w, half)
    return smooth_max(side, 0.5 * (v.wall_y + shapes[i + 1].wall_y) - 1.2 - my, 2.0)


@njit(cache=True)
def disc(origin: Array, axes: Array, shapes: Shapes, i: int, x: float, y: float, z: float, space: float) -> float:
    """Disc below vertebra `i`: between the endplates, within an outline halfway between the two frames.

    `space` is the canal's distance there.
    """
    ux, uy, uz = local(origin, axes, i, x, y, z)
    wx, wy, wz = local(origin, axes, i + 1, x, y, z)
    v = shapes[i]
    if uz > 0.0 or wz < 0.0:
        return FAR
    mx = 0.5 * (ux + wx)
    my = 0.5 * (uy + wy)
    half = 1.1 * v.disc_d
    my -= v.disc_d - half
    bowl = max(0.0, 1.0 - ((mx / v.disc_w) ** 2 + (my / half) ** 2) / 0.72)
    gap = -min(endplate(v, uy, -uz, LOWER_HOLLOW * bowl), endplate(shapes[i + 1], wy, wz, bowl)) - 1.2
    gap = max(gap, -min(body(v, abs(ux), uy, uz), body(shapes[i + 1], abs(wx), wy, wz)))
    return max(disc_side(origin, axes, shapes, i, x, y, z), gap, -space)


@njit(cache=True)
def zone_at(origin: Array, axes: Array, shapes: Shapes, limbs: Array, x: float, y: float, z: float) -> tuple[int, int]:
    """Zone code of a point and the vertebra (0-based) it is counted with; code 0 is the paravertebral space."""
    space, _, _, level = canal(origin, axes, shapes, x, y, z)
    if space < 0.0:
        return CANAL, level
    for i in range(origin.shape[0]):
        lx, ly, lz = local(origin, axes, i, x, y, z)
        rough, arch_part = solid(shapes[i], limbs[i], lx, ly, lz)
        if rough < 0.0:
            above, below = beside(origin, axes, shapes, limbs, i, x, y, z, rough)
            if carved(rough, above, below, space) < 0.0:
                return part_of(shapes[i], arch_part, lx, ly, lz), i
    for i in range(origin.shape[0] - 1):
        if disc(origin, axes, shapes, i, x, y, z, space) < 0.0:
            return DISC, i
    return NONE, level
