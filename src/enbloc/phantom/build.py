"""Make the patient: grid, label map, tumour and truth."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from enbloc.core.geometry import Affine, Array
from enbloc.core.volume import Grid
from enbloc.phantom.column import Column
from enbloc.phantom.paint import Bounds, Codes, paint_rods, paint_spaces, paint_vertebra
from enbloc.phantom.pose import Pose, turned
from enbloc.phantom.spec import PhantomSpec
from enbloc.phantom.surroundings import Rod, surroundings


@dataclass(frozen=True, slots=True, eq=False)
class Voxels:
    """Codes on the grid: `part` (zone codes), `owner` (1-based level), `other` (1-based into `structures`)."""

    part: Codes
    owner: Codes
    other: Codes
    structures: tuple[str, ...]


def pose_of(spec: PhantomSpec) -> Pose:
    return Pose(turned(spec.rotation_deg), np.array(spec.position_mm, dtype=np.float64))


def grid_of(spec: PhantomSpec, column: Column, pose: Pose) -> Grid:
    """The scan's grid in RAS order: the vertebrae's boxes plus the margin, or `shape` voxels about their middle."""
    turn = turned(spec.oblique_deg)
    spacing = np.array(spec.spacing_mm)
    corners = np.concatenate([pose.to_world(_box_corners(column, i)) for i in range(len(column.levels))]) @ turn
    low, high = corners.min(axis=0) - spec.margin_mm, corners.max(axis=0) + spec.margin_mm
    counts = [ceil(float(n)) for n in (high - low) / spacing] if spec.shape is None else list(spec.shape)
    first = 0.5 * (low + high) - 0.5 * (np.array(counts) - 1.0) * spacing
    matrix = np.eye(4)
    matrix[:3, :3] = turn * spacing
    matrix[:3, 3] = turn @ first
    return Grid((counts[0], counts[1], counts[2]), Affine(matrix))


def _box_corners(column: Column, i: int) -> Array:
    v = column.shapes[i]
    x, front, back = float(v["reach_x"]), float(v["reach_front"]), float(v["reach_back"])
    up, down = float(v["reach_up"]), float(v["reach_down"])
    return column.to_patient(i, np.array([[a, b, c] for a in (-x, x) for b in (-back, front) for c in (-down, up)]))


def paint(spec: PhantomSpec, column: Column, pose: Pose, grid: Grid) -> Voxels:
    """Evaluate every structure at every voxel centre where it can be."""
    part, owner, other = (np.zeros(grid.shape, np.uint8) for _ in range(3))
    to_mm = index_to_patient(grid, pose)
    for i in range(len(column.levels)):
        paint_vertebra(part, owner, to_mm, bounds_of(_box_corners(column, i), grid, pose), column.arrays, i)
    for i in range(len(column.levels)):
        paint_spaces(part, owner, other, to_mm, _space_bounds(column, i, grid, pose), column.arrays, i)
    rods = surroundings(column, spec.mirror)
    structures = ("cord", "dural-sac", *(rod.structure for rod in rods))
    _paint_rods(rods, part, other, to_mm, grid, pose)
    return Voxels(part, owner, other, structures)


def index_to_patient(grid: Grid, pose: Pose) -> Array:
    """The 3 x 4 map from voxel index to the patient's own mm."""
    matrix: Array = np.column_stack(
        [pose.rotation.T @ grid.affine.matrix[:3, :3], pose.to_patient(grid.affine.matrix[:3, 3])]
    )
    return np.ascontiguousarray(matrix)


def _paint_rods(rods: tuple[Rod, ...], part: Codes, other: Codes, to_mm: Array, grid: Grid, pose: Pose) -> None:
    rows = np.concatenate([rod.rows for rod in rods])
    codes = np.concatenate([np.full(len(rod.rows), 3 + n, np.uint8) for n, rod in enumerate(rods)])
    thick = (rows[:, 6:8].max(axis=1) * np.maximum(1.0, rows[:, 11]))[:, None]
    low = np.minimum(rows[:, 0:3], rows[:, 3:6]) - thick
    high = np.maximum(rows[:, 0:3], rows[:, 3:6]) + thick
    picks = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    corners = np.where(picks[None], high[:, None, :], low[:, None, :])
    index = grid.affine.to_index(pose.to_world(corners))
    bounds = np.stack([np.floor(index.min(axis=1)), np.ceil(index.max(axis=1)) + 1.0], axis=2)
    bounds = np.clip(bounds, 0, np.array(grid.shape)[None, :, None]).astype(np.int64)
    paint_rods(other, part, to_mm, bounds, np.ascontiguousarray(rows), codes)


def bounds_of(corners_patient_mm: Array, grid: Grid, pose: Pose) -> Bounds:
    """Index bounds (3, 2) of a block that holds the points, clipped to the grid."""
    index = grid.affine.to_index(pose.to_world(corners_patient_mm))
    bounds = np.stack([np.floor(index.min(axis=0)), np.ceil(index.max(axis=0)) + 1.0], axis=1)
    clipped: Bounds = np.clip(bounds, 0, np.array(grid.shape)[:, None]).astype(np.int64)
    return clipped


def _space_bounds(column: Column, i: int, grid: Grid, pose: Pose) -> Bounds:
    """Around body, disc below and canal of one vertebra.

    The canal of the end vertebrae runs on to the border of the scan.
    """
    v = column.intact[i]
    half = 0.5 * float(v["height"])
    up = half if i else half + 200.0
    sunk = 0.5 * float((column.intact["height"] - column.shapes["height"]).max())
    down = half + 14.0 + sunk if i + 1 < len(column.levels) else half + 200.0
    x, front = 1.3 * float(v["width_low"]) + 4.0, 1.3 * float(v["depth_low"]) + 4.0
    back = 2.0 * float(v["canal_d"]) - float(v["canal_y"])
    corners = np.array([[a, b, c] for a in (-x, x) for b in (-back, front) for c in (-down, up)])
    return bounds_of(column.to_patient(i, corners), grid, pose)
