"""The vertebral canal: its wall seen from the canal line, height by height and angle by angle.

Where bone is met within reach of the typical wall, that bone is the wall; where the ring is open (foramen, disc
level, bone eaten by tumour) the typical wall at that angle stands in, then the mirror angle, then the neighbours'. So
the canal goes on between the rings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from enbloc.anatomy.frames import Pose
from enbloc.core.geometry import Array, Box, Vector
from enbloc.core.volume import Grid, Mask

ANGLES = 64
"""Angle bin a covers 2 pi a / 64 .. from the patient's right (0) over anterior (a quarter turn)."""
HEIGHT_MM = 2.0
OVERHANG_MM = 12.0
"""How far above and below the endplates the wall is described: half a thick disc."""
REACH_MM = 24.0


@dataclass(frozen=True, slots=True, eq=False)
class CanalWall:
    """Wall radius in mm over (height bin, angle bin), around the canal line x0 + sx z, y0 + sy z of a vertebra's
    frame.

    `typical` (ANGLES,) is the ring's own radius by angle. `closed_share` is the share of angles at which own bone was
    met.
    """

    line: tuple[float, float, float, float]
    lowest_mm: float
    radius: Array
    typical: Array
    closed_share: float

    @property
    def front_mm(self) -> float:
        """How far in front of the canal line its most anterior point lies: the posterior wall plane."""
        return float((self.typical * np.sin(_angles())).max())

    @property
    def back_mm(self) -> float:
        """The most posterior point, negative."""
        return float((self.typical * np.sin(_angles())).min())

    @property
    def right_mm(self) -> float:
        return float((self.typical * np.cos(_angles())).max())

    @property
    def left_mm(self) -> float:
        return float((self.typical * np.cos(_angles())).min())


def _angles() -> Vector:
    middles: Vector = np.linspace(0.0, 2.0 * np.pi, ANGLES, endpoint=False, dtype=np.float64) + np.pi / ANGLES
    return middles


def index_to_local(grid: Grid, pose: Pose) -> tuple[Array, Vector]:
    """Matrix and offset that take voxel indices of `grid` to the frame of `pose`."""
    axes = pose.frame.axes
    matrix = np.ascontiguousarray(axes @ grid.affine.matrix[:3, :3])
    offset = axes @ (grid.affine.matrix[:3, 3] - np.array(pose.frame.origin_mm))
    return matrix, offset


def canal_box(grid: Grid, pose: Pose) -> Box:
    """The voxels within REACH_MM of the canal line over the described heights, clipped to the grid (at least one
    voxel).
    """
    x0, y0, sx, sy = pose.canal_local()
    ends = [(x0 + sx * z, y0 + sy * z, z) for z in (pose.bottom_mm - OVERHANG_MM, pose.top_mm + OVERHANG_MM)]
    index = grid.affine.to_index(pose.frame.to_world(np.array(ends)))
    half = REACH_MM * np.linalg.norm(grid.affine.inverse[:3, :3], axis=1)
    shape = np.array(grid.shape)
    low = np.clip(np.floor(index.min(axis=0) - half).astype(int), 0, shape - 1)
    high = np.clip(np.ceil(index.max(axis=0) + half).astype(int) + 1, low + 1, shape)
    return Box((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))


def measure_wall(bone: Mask, grid: Grid, pose: Pose) -> CanalWall:
    """The wall around one vertebra's canal line; `bone` is every vertebra's bone on `grid`."""
    line = pose.canal_local()
    lowest = pose.bottom_mm - OVERHANG_MM
    bins = int(np.ceil((pose.top_mm + OVERHANG_MM - lowest) / HEIGHT_MM))
    box = canal_box(grid, pose)
    matrix, offset = index_to_local(grid.crop(box), pose)
    hits = _first_bone(bone[box.slices], matrix, offset, np.array(line), lowest, bins)
    first = round(OVERHANG_MM / HEIGHT_MM)
    inside = slice(first, first + round(pose.height_mm / HEIGHT_MM))
    typical, closed = _typical(hits[inside], np.sqrt(max(pose.hole_mm2, 100.0) / np.pi))
    return CanalWall(line, lowest, _fill(hits + 0.75 * float(grid.spacing_mm.min()), typical), typical, closed)


def complete_walls(walls: Sequence[CanalWall | None]) -> tuple[CanalWall | None, ...]:
    """Angles at which a vertebra has no wall of its own are taken from the nearest vertebrae that have one."""
    known = [n for n, wall in enumerate(walls) if wall is not None and np.isfinite(wall.typical).all()]
    done: list[CanalWall | None] = []
    for n, wall in enumerate(walls):
        if wall is None or np.isfinite(wall.typical).all():
            done.append(wall)
            continue
        lent = [walls[m].typical for m in sorted(known, key=lambda m: abs(m - n))[:2]]  # type: ignore[union-attr]
        default = np.mean(lent, axis=0) if lent else np.full(ANGLES, np.nanmedian(wall.typical))
        typical = np.where(np.isfinite(wall.typical), wall.typical, default)
        done.append(replace(wall, typical=typical, radius=_fill(wall.radius, typical)))
    return tuple(done)


def _typical(hits: Array, expected_mm: float) -> tuple[Array, float]:
    """Radius by angle from the rows inside the vertebra: a low quantile, since rows through the foramen see farther
    bone.

    Angles without bone take the mirror angle's radius (right-left), else stay NaN.
    """
    near = np.where(hits < 1.8 * expected_mm, hits, np.nan)
    count = np.isfinite(near).sum(axis=0)
    typical = np.full(ANGLES, np.nan)
    for angle in np.flatnonzero(count >= 2):
        typical[angle] = np.nanquantile(near[:, angle], 0.3)
    closed = float(np.isfinite(typical).mean())
    mirrored = typical[(ANGLES // 2 - 1 - np.arange(ANGLES)) % ANGLES]
    typical = np.where(np.isfinite(typical), typical, mirrored)
    return _without_spikes(typical), closed


def _without_spikes(typical: Array) -> Array:
    """Circular median over five angles; short gaps are bridged by it, wide ones stay NaN."""
    stacked = np.stack([np.roll(typical, shift) for shift in (-2, -1, 0, 1, 2)])
    enough = np.isfinite(stacked).sum(axis=0) >= 3
    smooth = np.full(ANGLES, np.nan)
    smooth[enough] = np.nanmedian(stacked[:, enough], axis=0)
    return smooth


def _fill(hits: Array, typical: Array) -> Array:
    """Hits where they belong to the ring, the typical radius elsewhere.

    Hits are passed three quarters of a voxel farther out: bone itself ends the canal there, and no sliver may stay
    between the two.
    """
    belongs = hits <= 1.25 * typical + 1.5
    filled: Array = np.where(belongs, hits, typical)
    return filled


@numba.njit(cache=True)
def _first_bone(bone: Mask, matrix: Array, offset: Vector, line: Vector, lowest: float, bins: int) -> Array:
    """Smallest distance from the canal line to a bone voxel's centre by height and angle; infinity where none is
    near.
    """
    radius = np.full((bins, ANGLES), np.inf)
    half = 0.5 * np.sqrt((matrix**2).sum() / 3.0)
    rise = 0.5 * np.abs(matrix[2]).sum()
    for i in range(bone.shape[0]):
        for j in range(bone.shape[1]):
            for k in range(bone.shape[2]):
                if not bone[i, j, k]:
                    continue
                z = matrix[2, 0] * i + matrix[2, 1] * j + matrix[2, 2] * k + offset[2]
                low = int(np.floor((z - rise - lowest) / HEIGHT_MM))
                high = int(np.floor((z + rise - lowest) / HEIGHT_MM))
                if high < 0 or low >= bins:
                    continue
                x = matrix[0, 0] * i + matrix[0, 1] * j + matrix[0, 2] * k + offset[0] - line[0] - line[2] * z
                y = matrix[1, 0] * i + matrix[1, 1] * j + matrix[1, 2] * k + offset[1] - line[1] - line[3] * z
                r = np.hypot(x, y)
                if r > REACH_MM or r < 1.0:
                    continue
                spread = half / r
                angle = np.arctan2(y, x)
                first = int(np.floor((angle - spread) * ANGLES / (2 * np.pi)))
                last = int(np.floor((angle + spread) * ANGLES / (2 * np.pi)))
                for row in range(max(low, 0), min(high, bins - 1) + 1):
                    for column in range(first, last + 1):
                        a = column % ANGLES
                        radius[row, a] = min(radius[row, a], r)
    return radius


@numba.njit(cache=True)
def wall_radius(x: float, y: float, z: float, radius: npt.NDArray[np.float64], lowest: float) -> float:
    """Wall radius in the direction of (x, y) from the canal line at height z; linear in angle, nearest in height."""
    row = min(max(int(np.floor((z - lowest) / HEIGHT_MM)), 0), radius.shape[0] - 1)
    place = (np.arctan2(y, x) * ANGLES / (2 * np.pi) - 0.5) % ANGLES
    first = int(np.floor(place)) % ANGLES
    share = place - np.floor(place)
    blended: float = (1.0 - share) * radius[row, first] + share * radius[row, (first + 1) % ANGLES]
    return blended
