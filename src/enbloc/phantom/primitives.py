"""Distance-like functions of single shapes: negative inside, gradient near 1 at the surface, mm."""

from __future__ import annotations

from math import sqrt

from numba import njit

from enbloc.core.geometry import Array


@njit(cache=True, inline="always")
def smooth_min(a: float, b: float, radius: float) -> float:
    """Union of two shapes with a fillet of about `radius` (polynomial smooth minimum)."""
    h = radius - abs(a - b)
    low = min(a, b)
    return low - h * h / (4.0 * radius) if h > 0.0 else low


@njit(cache=True, inline="always")
def smooth_max(a: float, b: float, radius: float) -> float:
    """Intersection of two shapes with edges rounded by about `radius`."""
    return -smooth_min(-a, -b, radius)


@njit(cache=True, inline="always")
def ellipse(x: float, y: float, half_x: float, half_y: float) -> float:
    """First-order distance to an ellipse (p-norm 2) in the plane."""
    u = x / half_x
    v = y / half_y
    norm = sqrt(u * u + v * v)
    if norm < 1e-9:
        return -min(half_x, half_y)
    gradient = sqrt((u / half_x) ** 2 + (v / half_y) ** 2) / norm
    return (norm - 1.0) / gradient


@njit(cache=True, inline="always")
def ellipsoid(x: float, y: float, z: float, half_x: float, half_y: float, half_z: float) -> float:
    """First-order distance to an ellipsoid."""
    u = x / half_x
    v = y / half_y
    w = z / half_z
    norm = sqrt(u * u + v * v + w * w)
    if norm < 1e-9:
        return -min(half_x, half_y, half_z)
    gradient = sqrt((u / half_x) ** 2 + (v / half_y) ** 2 + (w / half_z) ** 2) / norm
    return (norm - 1.0) / gradient


@njit(cache=True, inline="always")
def squircle(x: float, y: float, half_x: float, half_y: float) -> float:
    """First-order distance to a rounded rectangle |x/a|^4 + |y/b|^4 = 1."""
    u = abs(x / half_x)
    v = abs(y / half_y)
    u3 = u * u * u
    v3 = v * v * v
    power = u3 * u + v3 * v
    norm = sqrt(sqrt(power))
    if norm < 1e-9:
        return -min(half_x, half_y)
    gradient = sqrt((u3 / half_x) ** 2 + (v3 / half_y) ** 2) / (norm * norm * norm)
    return (norm - 1.0) / gradient


@njit(cache=True, inline="always")
def limb(x: float, y: float, z: float, s: Array) -> float:
    """First-order distance to a tapered rod with round ends and elliptical section.

    `s`: start xyz, end xyz, radius at start, radius at end, direction xyz (unit) in which the section is stretched,
    stretch.
    """
    ux = s[3] - s[0]
    uy = s[4] - s[1]
    uz = s[5] - s[2]
    px = x - s[0]
    py = y - s[1]
    pz = z - s[2]
    length2 = ux * ux + uy * uy + uz * uz
    t = (px * ux + py * uy + pz * uz) / length2 if length2 > 0.0 else 0.0
    t = min(1.0, max(0.0, t))
    px -= t * ux
    py -= t * uy
    pz -= t * uz
    shrink = 1.0 / s[11] - 1.0
    along = (px * s[8] + py * s[9] + pz * s[10]) * shrink
    qx = px + s[8] * along
    qy = py + s[9] * along
    qz = pz + s[10] * along
    norm = sqrt(qx * qx + qy * qy + qz * qz)
    radius = s[6] + t * (s[7] - s[6])
    if norm < 1e-9:
        return float(-radius * min(1.0, s[11]))
    again = (qx * s[8] + qy * s[9] + qz * s[10]) * shrink
    gx = qx + s[8] * again
    gy = qy + s[9] * again
    gz = qz + s[10] * again
    return float((norm - radius) * norm / sqrt(gx * gx + gy * gy + gz * gz))
