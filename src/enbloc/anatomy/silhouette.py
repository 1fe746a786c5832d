"""A vertebra seen along an axis: its shadow, the hole of the canal in it, and the disc of its body.

The cord passes straight through every vertebra, so along the right axis, and only near it, the shadow of an intact
vertebra has one large hole. That holds for kyphotic, oblique and coarsely sampled bone alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector, indices_of, unit

PIXEL_MM = 1.53
"""Not a divisor of common spacings, so that voxel centres do not fall on pixel borders."""
PIXELS = 112

Image = npt.NDArray[np.uint8]
EMPTY, BONE, HOLE = 0, 1, 2


@dataclass(frozen=True, slots=True, eq=False)
class Shadow:
    """The silhouette on the plane through `centre_mm` spanned by `u` and `v`; pixel values EMPTY, BONE, HOLE."""

    image: Image
    centre_mm: Vector
    u: Vector
    v: Vector
    axis: Vector

    def world(self, pixel: npt.ArrayLike) -> Vector:
        """Pixel coordinates (2,) to RAS mm on the plane."""
        a, b = (np.asarray(pixel, dtype=np.float64) - (PIXELS - 1) / 2) * PIXEL_MM
        point: Vector = self.centre_mm + a * self.u + b * self.v
        return point

    @property
    def hole_mm2(self) -> float:
        return float(np.count_nonzero(self.image == HOLE)) * PIXEL_MM**2

    def hole_centre_mm(self) -> Vector:
        return self.world(indices_of(self.image == HOLE).mean(axis=0))

    def body_disc(self) -> tuple[Vector, float]:
        """Centre (RAS mm) and radius (mm) of the largest disc inside the shadow: the body is its thickest part."""
        from scipy import ndimage

        depth = ndimage.distance_transform_edt(self.image == BONE)
        weight = np.clip(depth - 0.93 * depth.max(), 0.0, None)
        centre = np.array(ndimage.center_of_mass(weight))
        return self.world(centre), float(depth.max()) * PIXEL_MM


def shadow(points_mm: Array, axis: Vector, centre: Vector) -> Shadow:
    """The shadow of points (n, 3) along `axis` on the plane through `centre`, with its largest enclosed hole marked."""
    u, v = plane_basis(axis)
    image = _cast(points_mm, centre, u, v)
    return Shadow(_largest_hole(image), centre, u, v, axis)


def plane_basis(axis: Vector) -> tuple[Vector, Vector]:
    """Two unit vectors square to `axis`, the first as near to the patient's right as can be, the second towards the
    front.
    """
    reference = np.array([1.0, 0.0, 0.0]) if abs(axis[0]) < 0.9 else np.array([0.0, 1.0, 0.0])
    u = unit(reference - (reference @ axis) * axis)
    return u, np.cross(axis, u)


def canal_axis(points_mm: Array, guess: Vector) -> Shadow:
    """The shadow along the direction within 40 degrees of `guess` that shows the largest hole.

    Coarse star, then two finer ones; each step moves to the mean of the directions that score within 8 % of the best,
    so that the answer mirrors when the patient does.
    """
    direction, centre = unit(guess), points_mm.mean(axis=0)
    for radius_deg, rings in ((36.0, 3), (9.0, 2), (3.0, 1)):
        star = [direction, *_star(direction, radius_deg, rings)]
        scores = np.array([shadow(points_mm, d, centre).hole_mm2 for d in star])
        if scores.max() <= 0.0:
            continue
        weights = np.clip(scores / scores.max() - 0.92, 0.0, None)
        direction = unit(weights @ np.array(star))
    return shadow(points_mm, direction, centre)


def _star(axis: Vector, radius_deg: float, rings: int) -> list[Vector]:
    u, v = plane_basis(axis)
    found = []
    for ring in range(1, rings + 1):
        tilt = np.radians(radius_deg * ring / rings)
        for step in range(8):
            turn = np.pi * step / 4
            side = np.cos(turn) * u + np.sin(turn) * v
            found.append(unit(np.cos(tilt) * axis + np.sin(tilt) * side))
    return found


@numba.njit(cache=True, nogil=True)
def _cast(points: Array, centre: Vector, u: Vector, v: Vector) -> Image:
    """Pixels hit by the points; a single-pixel gap between hit neighbours is closed."""
    image = np.zeros((PIXELS, PIXELS), np.uint8)
    middle = PIXELS / 2
    for n in range(points.shape[0]):
        x, y, z = points[n, 0] - centre[0], points[n, 1] - centre[1], points[n, 2] - centre[2]
        i = int(np.floor((x * u[0] + y * u[1] + z * u[2]) / PIXEL_MM + middle))
        j = int(np.floor((x * v[0] + y * v[1] + z * v[2]) / PIXEL_MM + middle))
        if 1 <= i < PIXELS - 1 and 1 <= j < PIXELS - 1:
            image[i, j] = BONE
    closed = image.copy()
    for i in range(1, PIXELS - 1):
        for j in range(1, PIXELS - 1):
            if image[i, j] == EMPTY and (
                (image[i - 1, j] and image[i + 1, j]) or (image[i, j - 1] and image[i, j + 1])
            ):
                closed[i, j] = BONE
    return closed


@numba.njit(cache=True, nogil=True)
def _largest_hole(image: Image) -> Image:
    """Marks the largest background region (4-connected) that does not reach the border."""
    region = np.zeros(image.shape, np.int32)
    stack = np.empty((image.size, 2), np.int32)
    best, best_size, count = 0, 0, 0
    for i in range(PIXELS):
        for j in range(PIXELS):
            if image[i, j] == EMPTY and region[i, j] == 0:
                count += 1
                size = _flood(image, region, stack, i, j, count)
                if size > best_size:
                    best, best_size = count, size
    if best > 0:
        for i in range(PIXELS):
            for j in range(PIXELS):
                if region[i, j] == best:
                    image[i, j] = HOLE
    return image


@numba.njit(cache=True, nogil=True)
def _flood(
    image: Image, region: npt.NDArray[np.int32], stack: npt.NDArray[np.int32], i0: int, j0: int, number: int
) -> int:
    """Writes `number` over the empty region around (i0, j0); returns its size, 0 when it reaches the border."""
    size, top, enclosed = 0, 1, True
    stack[0, 0], stack[0, 1] = i0, j0
    region[i0, j0] = number
    while top > 0:
        top -= 1
        i, j = stack[top, 0], stack[top, 1]
        size += 1
        if i == 0 or j == 0 or i == PIXELS - 1 or j == PIXELS - 1:
            enclosed = False
        for di, dj in ((1, 0), (-1, 0), (0, 1), (0, -1)):
            p, q = i + di, j + dj
            if 0 <= p < PIXELS and 0 <= q < PIXELS and image[p, q] == EMPTY and region[p, q] == 0:
                region[p, q] = number
                stack[top, 0], stack[top, 1] = p, q
                top += 1
    return size if enclosed else 0
