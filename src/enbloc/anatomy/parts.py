"""The voxel partition: which part of which vertebra each voxel is, which voxels are canal, which are disc.

Borders, in the vertebra's own frame, with the canal's cross-section taken from the bony ring: body     bone in front
of the posterior wall plane, the coronal plane through the most anterior point of the canal; pedicle  bone behind that
plane, beside the canal, in front of the coronal plane through the middle of the canal's depth; arch     the rest:
lamina, articular, transverse and spinous parts. These divide by simple planes and carry no type decision.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numba
import numpy as np
import numpy.typing as npt

from enbloc.anatomy.canal import CanalWall, canal_box, index_to_local, wall_radius
from enbloc.anatomy.frames import Pose
from enbloc.anatomy.spine import Part
from enbloc.core.geometry import Array, Box, Plane, Vector, unit
from enbloc.core.volume import Grid

PartMap = npt.NDArray[np.uint8]

LAMINA_MM = 7.0
"""Depth of the laminar belt behind the canal; bone behind it near the midline is spinous process."""
SPINOUS_HALF_MM = 9.0
BEYOND_ENDPLATE_MM = 2.0
PEDICLE_SPREAD_MM = 3.0
WIDEST_DISC_MM = 22.0
COLUMN_MM = 1.5
COLUMNS = 64

BODY, LAMINA_LEFT, LAMINA_RIGHT, SPINOUS = (
    int(Part.BODY),
    int(Part.LAMINA_LEFT),
    int(Part.LAMINA_RIGHT),
    int(Part.SPINOUS),
)
PEDICLE_LEFT, PEDICLE_RIGHT = int(Part.PEDICLE_LEFT), int(Part.PEDICLE_RIGHT)
TRANSVERSE_LEFT, TRANSVERSE_RIGHT = int(Part.TRANSVERSE_LEFT), int(Part.TRANSVERSE_RIGHT)
ARTICULAR_LEFT, ARTICULAR_RIGHT = int(Part.ARTICULAR_LEFT), int(Part.ARTICULAR_RIGHT)
CANAL, DISC = int(Part.CANAL), int(Part.DISC)


def landmarks(
    pose: Pose, wall: CanalWall, half_width_mm: tuple[float, float], pedicle_mm: tuple[float, float]
) -> Vector:
    """The numbers that `_divide` needs, in its order."""
    return np.array(
        [
            *wall.line,
            wall.front_mm,
            0.5 * (wall.front_mm + wall.back_mm),
            wall.back_mm,
            wall.left_mm,
            wall.right_mm,
            pose.bottom_mm,
            pose.top_mm,
            *half_width_mm,
            *pedicle_mm,
        ]
    )


def divide(part: PartMap, owner: PartMap, number: int, grid: Grid, box: Box, pose: Pose, wall: CanalWall) -> None:
    """Writes the bone parts of vertebra `number` (so numbered in `owner`, within `box`) into `part`."""
    matrix, offset = index_to_local(grid.crop(box), pose)
    mine = owner[box.slices]
    body = _half_widths(mine, number, matrix, offset, np.array(wall.line), wall.front_mm)
    pedicle = _pedicle_limits(mine, number, matrix, offset, wall, pose)
    _divide(part[box.slices], mine, number, matrix, offset, landmarks(pose, wall, body, pedicle))


def _half_widths(
    owner: PartMap, number: int, matrix: Array, offset: Vector, line: Vector, front: float
) -> tuple[float, float]:
    """Left and right extent of the body in the frame (negative, positive), from bone well in front of the posterior
    wall.
    """
    low, high = _extent_in_front(owner, number, matrix, offset, line, front + 4.0)
    return float(low), float(high)


def _pedicle_limits(
    owner: PartMap, number: int, matrix: Array, offset: Vector, wall: CanalWall, pose: Pose
) -> tuple[float, float]:
    """Lateral limits of left and right pedicle: their outer edge where they are narrowest, and a little more."""
    line = np.array(wall.line)
    middle = 0.5 * (wall.front_mm + wall.back_mm)
    edges = _outer_edges(owner, number, matrix, offset, line, middle, wall.front_mm, pose.bottom_mm, pose.top_mm)
    left = edges[0][np.isfinite(edges[0])]
    right = edges[1][np.isfinite(edges[1])]
    narrow_left = float(left.max()) if left.size else wall.left_mm - 8.0
    narrow_right = float(right.min()) if right.size else wall.right_mm + 8.0
    return narrow_left - PEDICLE_SPREAD_MM, narrow_right + PEDICLE_SPREAD_MM


@numba.njit(cache=True)
def _extent_in_front(
    owner: PartMap, number: int, matrix: Array, offset: Vector, line: Vector, front: float
) -> tuple[float, float]:
    low, high = 0.0, 0.0
    for i in range(owner.shape[0]):
        for j in range(owner.shape[1]):
            for k in range(owner.shape[2]):
                if owner[i, j, k] == number:
                    z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + offset[2]
                    y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + offset[1] - line[1] - line[3] * z
                    if y > front:
                        x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + offset[0]
                        low = min(low, x)
                        high = max(high, x)
    return low, high


@numba.njit(cache=True)
def _outer_edges(
    owner: PartMap,
    number: int,
    matrix: Array,
    offset: Vector,
    line: Vector,
    back: float,
    front: float,
    bottom: float,
    top: float,
) -> Array:
    """Outermost x of bone per millimetre between the two coronal planes, (2, n): left (lowest) and right (highest)."""
    rows = max(1, int(front - back))
    edges = np.full((2, rows), np.nan)
    for i in range(owner.shape[0]):
        for j in range(owner.shape[1]):
            for k in range(owner.shape[2]):
                if owner[i, j, k] != number:
                    continue
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + offset[2]
                if z < bottom or z > top:
                    continue
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + offset[1] - line[1] - line[3] * z
                row = int(np.floor(y - back))
                if 0 <= row < rows:
                    x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + offset[0]
                    if x < 0 and not x >= edges[0, row]:
                        edges[0, row] = x
                    if x > 0 and not x <= edges[1, row]:
                        edges[1, row] = x
    return edges


@numba.njit(cache=True)
def _divide(part: PartMap, owner: PartMap, number: int, matrix: Array, offset: Vector, marks: Vector) -> None:
    x0, y0, sx, sy = marks[0], marks[1], marks[2], marks[3]
    for i in range(part.shape[0]):
        for j in range(part.shape[1]):
            for k in range(part.shape[2]):
                if owner[i, j, k] == number:
                    z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + offset[2]
                    x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + offset[0]
                    y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + offset[1]
                    part[i, j, k] = _part_at(x, x - x0 - sx * z, y - y0 - sy * z, z, marks)


@numba.njit(cache=True)
def _part_at(x: float, beside: float, y: float, z: float, marks: Vector) -> int:  # noqa: PLR0911 - one return a part
    """The part at x, z of the frame; `beside` and `y` count from the canal line."""
    _, _, _, _, front, middle, back, left, right, bottom, top, body_left, body_right, lateral_left, lateral_right = (
        marks
    )
    to_left = beside < 0.0
    if y >= front:
        if body_left - 1.0 <= x <= body_right + 1.0:
            return BODY
        return TRANSVERSE_LEFT if to_left else TRANSVERSE_RIGHT
    if x < lateral_left:
        return TRANSVERSE_LEFT
    if x > lateral_right:
        return TRANSVERSE_RIGHT
    if y >= middle and bottom - BEYOND_ENDPLATE_MM <= z <= top + BEYOND_ENDPLATE_MM:
        return PEDICLE_LEFT if to_left else PEDICLE_RIGHT
    if y < back - LAMINA_MM and abs(beside) <= SPINOUS_HALF_MM:
        return SPINOUS
    if y >= back - LAMINA_MM and left <= beside <= right:
        return LAMINA_LEFT if to_left else LAMINA_RIGHT
    return ARTICULAR_LEFT if to_left else ARTICULAR_RIGHT


def slab_planes(poses: Sequence[Pose]) -> tuple[Plane, ...]:
    """One plane between each two neighbours, normal towards the head, through the middle of their disc space."""
    planes = []
    for upper, lower in pairwise(poses):
        floor = upper.frame.to_world(np.array([0.0, 0.0, upper.bottom_mm]))
        ceiling = lower.frame.to_world(np.array([0.0, 0.0, lower.top_mm]))
        normal = unit(np.array(upper.frame.superior) + np.array(lower.frame.superior))
        planes.append(Plane(0.5 * (floor + ceiling), normal))
    return tuple(planes)


def fill_canal(
    part: PartMap,
    owner: PartMap,
    number: int,
    grid: Grid,
    pose: Pose,
    wall: CanalWall,
    slab: tuple[Plane | None, Plane | None],
) -> None:
    """Marks canal voxels between the slab planes (above, below; None at the ends of the column: as far as the wall is
    described).
    """
    box = canal_box(grid, pose)
    matrix, offset = index_to_local(grid.crop(box), pose)
    limits = np.array([[0.0, 0.0, 1.0, pose.top_mm + 6.0], [0.0, 0.0, 1.0, pose.bottom_mm - 6.0]])
    for row, plane in enumerate(slab):
        if plane is not None:
            normal = pose.frame.axes @ plane.normal
            limits[row] = [*normal, normal @ pose.frame.to_local(plane.point_mm)]
    _fill_canal(
        part[box.slices],
        owner[box.slices],
        number,
        matrix,
        offset,
        np.array(wall.line),
        wall.radius,
        wall.lowest_mm,
        limits,
    )


@numba.njit(cache=True)
def _fill_canal(
    part: PartMap,
    owner: PartMap,
    number: int,
    matrix: Array,
    offset: Vector,
    line: Vector,
    radius: Array,
    lowest: float,
    limits: Array,
) -> None:
    for i in range(part.shape[0]):
        for j in range(part.shape[1]):
            for k in range(part.shape[2]):
                if part[i, j, k] != 0:
                    continue
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + offset[2]
                x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + offset[0]
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + offset[1]
                if limits[0, 0] * x + limits[0, 1] * y + limits[0, 2] * z > limits[0, 3]:
                    continue
                if limits[1, 0] * x + limits[1, 1] * y + limits[1, 2] * z <= limits[1, 3]:
                    continue
                across, along = x - line[0] - line[2] * z, y - line[1] - line[3] * z
                if np.hypot(across, along) < wall_radius(across, along, z, radius, lowest):
                    part[i, j, k] = CANAL
                    owner[i, j, k] = number


def fill_disc(
    part: PartMap,
    owner: PartMap,
    pair: tuple[int, int],
    grid: Grid,
    box: Box,
    poses: tuple[Pose, Pose | None],
    wall: CanalWall,
) -> None:
    """Marks the disc between the two vertebrae of `pair` (upper, lower) within `box`; owned by the upper one.

    Disc is what lies, in the upper frame, below the upper body's floor and above the lower body's ceiling, within
    their outline and no more than 3 mm (4 mm) beyond the endplate planes: a floor broken by tumour, or a bulge at the
    waist, does not count. `poses` of upper and lower (None for the sacrum, which then sets no plane); `wall` is the
    upper one's.
    """
    upper, lower = poses
    matrix, offset = index_to_local(grid.crop(box), upper)
    floor, ceiling = _heights(
        owner[box.slices], part[box.slices], pair[0], pair[1], matrix, offset, np.array(wall.line), wall.front_mm
    )
    floor = np.clip(floor, upper.bottom_mm - 4.0, upper.bottom_mm + 3.0)
    if lower is not None:
        plane = _plane_over_columns(upper, lower)
        ceiling = np.clip(ceiling, plane - 3.0, plane + 4.0)
    _fill_disc(
        part[box.slices],
        owner[box.slices],
        pair[0],
        matrix,
        offset,
        _closed(floor, lowest=True),
        _closed(ceiling, lowest=False),
    )


def _plane_over_columns(upper: Pose, lower: Pose) -> Array:
    """Height of the lower vertebra's top endplate plane in the upper frame, by column."""
    point = upper.frame.to_local(lower.frame.to_world(np.array([0.0, 0.0, lower.top_mm])))
    normal = upper.frame.axes @ np.array(lower.frame.superior)
    across = (np.arange(COLUMNS) + 0.5 - COLUMNS // 2) * COLUMN_MM
    x, y = np.meshgrid(across - point[0], across - point[1], indexing="ij")
    height: Array = point[2] - (normal[0] * x + normal[1] * y) / normal[2]
    return height


def _closed(heights: Array, *, lowest: bool) -> Array:
    """Columns without bone take the lowest (highest) of the columns around, so that voxel-sized holes do not stay
    open.
    """
    sign = 1.0 if lowest else -1.0
    known = np.where(np.isfinite(heights), sign * heights, np.inf)
    padded = np.pad(known, 1, constant_values=np.inf)
    around = np.min([padded[a : a + COLUMNS, b : b + COLUMNS] for a in range(3) for b in range(3)], axis=0)
    closed = np.where(np.isfinite(known), known, around)
    return np.where(np.isfinite(closed), sign * closed, np.nan)


@numba.njit(cache=True)
def _heights(
    owner: PartMap, part: PartMap, upper: int, lower: int, matrix: Array, offset: Vector, line: Vector, front: float
) -> tuple[Array, Array]:
    """Lowest z of the upper body and highest z of the lower body by column of the upper frame; NaN where there is
    none.
    """
    floor = np.full((COLUMNS, COLUMNS), np.nan)
    ceiling = np.full((COLUMNS, COLUMNS), np.nan)
    rise = 0.5 * np.abs(matrix[2]).max()
    for i in range(owner.shape[0]):
        for j in range(owner.shape[1]):
            for k in range(owner.shape[2]):
                number = owner[i, j, k]
                if number not in (upper, lower) or part[i, j, k] > ARTICULAR_RIGHT:
                    continue
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + offset[2]
                x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + offset[0]
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + offset[1]
                if y - line[1] - line[3] * z < front:
                    continue
                a = int(np.floor(x / COLUMN_MM)) + COLUMNS // 2
                b = int(np.floor(y / COLUMN_MM)) + COLUMNS // 2
                if 0 <= a < COLUMNS and 0 <= b < COLUMNS:
                    if number == upper and not z - rise >= floor[a, b]:
                        floor[a, b] = z - rise
                    if number == lower and not z + rise <= ceiling[a, b]:
                        ceiling[a, b] = z + rise
    return floor, ceiling


@numba.njit(cache=True)
def _fill_disc(
    part: PartMap, owner: PartMap, upper: int, matrix: Array, offset: Vector, floor: Array, ceiling: Array
) -> None:
    for i in range(part.shape[0]):
        for j in range(part.shape[1]):
            for k in range(part.shape[2]):
                if part[i, j, k] != 0:
                    continue
                x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + offset[0]
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + offset[1]
                a = int(np.floor(x / COLUMN_MM)) + COLUMNS // 2
                b = int(np.floor(y / COLUMN_MM)) + COLUMNS // 2
                if not (0 <= a < COLUMNS and 0 <= b < COLUMNS):
                    continue
                high, low = floor[a, b], ceiling[a, b]
                if not (high > low and high - low < WIDEST_DISC_MM):
                    continue
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + offset[2]
                if low < z < high:
                    part[i, j, k] = DISC
                    owner[i, j, k] = upper
