"""Sections of a tube of voxels (vessel, dural sac, cord) square to its own centreline.

The centreline follows distances travelled inside the tube, so that an arch is followed around its bend. A section
whose centre lies outside the tube, as at a fork, is left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector, indices_of, unit
from enbloc.core.volume import Grid, Mask

RAYS = 120
PITCH_MM = 1.0
LARGEST_RADIUS_MM = 30.0
MOST_VOXELS = 20_000
"""A larger tube is thinned to about as many voxels before its centreline is followed."""
OPEN_SHARE = 0.2
"""A section with more open rays than this is none: the tube ends or forks there."""


@dataclass(frozen=True, slots=True, eq=False)
class Sections:
    """`centre_mm` (n, 3), `PITCH_MM` apart; `wall_mm` (n, RAYS, 3) and `radius_mm` (n, RAYS), NaN where a ray met no
    wall.
    """

    centre_mm: Array
    wall_mm: Array
    radius_mm: Array


def sections_near(mask: Mask, grid: Grid, centre_mm: Array, tangent: Array) -> Sections:
    """The sections of `mask` at the given centres that are whole."""
    from scipy.ndimage import map_coordinates

    across, up = _square_to(tangent)
    angle = np.arange(RAYS) * (2.0 * np.pi / RAYS)
    ray = np.cos(angle)[None, :, None] * across[:, None, :] + np.sin(angle)[None, :, None] * up[:, None, :]
    pitch = 0.5 * float(grid.spacing_mm.min())
    radii = np.arange(0.0, LARGEST_RADIUS_MM, pitch)
    points = centre_mm[:, None, None, :] + radii[None, None, :, None] * ray[:, :, None, :]
    index = np.moveaxis(grid.affine.to_index(points), -1, 0)
    filled = map_coordinates(mask.astype(np.float32), index, order=1, mode="constant")
    radius = _first_fall(filled, radii)
    wall = centre_mm[:, None, :] + radius[..., None] * ray
    whole = np.isnan(radius).mean(axis=1) <= OPEN_SHARE
    return Sections(centre_mm[whole], wall[whole], radius[whole])


def _first_fall(filled: Array, radii: Vector) -> Array:
    """Where the value first falls through one half along the last axis; NaN where it starts below or never does."""
    below = filled < 0.5
    first = below.argmax(axis=-1)
    fine = (first > 0) & below.any(axis=-1)
    after = np.take_along_axis(filled, first[..., None], axis=-1)[..., 0]
    before = np.take_along_axis(filled, np.maximum(first - 1, 0)[..., None], axis=-1)[..., 0]
    share = np.divide(before - 0.5, before - after, out=np.zeros_like(before), where=before > after)
    found: Array = np.where(fine, radii[np.maximum(first - 1, 0)] + share * (radii[1] - radii[0]), np.nan)
    return found


def _square_to(tangent: Array) -> tuple[Array, Array]:
    """Two unit vectors square to each tangent and to each other."""
    least = np.eye(3)[np.abs(tangent).argmin(axis=1)]
    across = np.cross(tangent, least)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    return across, np.cross(tangent, across)


def centreline(mask: Mask, grid: Grid) -> tuple[Array, Array]:
    """Points (n, 3) `PITCH_MM` apart along one connected tube, and unit tangents; n is 0 for a mere speck.

    Nodes stand about a radius apart; the line runs straight on past both ends of the tube.
    """
    from scipy.spatial import cKDTree

    voxels, along = _travelled(mask, grid)
    points = grid.affine.to_world(voxels)
    volume = float(np.count_nonzero(mask)) * grid.affine.voxel_volume_mm3
    radius = float(np.sqrt(volume / (np.pi * max(along.max(), 1.0))))
    width = max(radius, 2.0, 1.5 * float(grid.spacing_mm.max()))
    inner = (along >= 0.5 * width) & (along <= along.max() - 0.5 * width)  # an end's level sets are round, not flat
    if np.ptp(along) < 3.0 * width or not inner.any():
        return np.empty((0, 3)), np.empty((0, 3))
    node = _means(points[inner], np.floor(along[inner] / width).astype(np.intp))
    for _ in range(3):
        line = _evenly(_smooth(_lengthened(node, 2.0 * width), width))
        place = np.floor(cKDTree(line).query(points)[1] * PITCH_MM / width).astype(np.intp)
        node = _means(points, place)[1:-1]
        if len(node) < 3:
            return np.empty((0, 3)), np.empty((0, 3))
    line = _evenly(_smooth(_lengthened(node, 2.0 * width), width))
    tangent = np.gradient(line, axis=0)
    return line, tangent / np.linalg.norm(tangent, axis=1, keepdims=True)


def _travelled(mask: Mask, grid: Grid) -> tuple[Array, Vector]:
    """Voxels (n, 3) of the tube, thinned, and the way from the tube's farthest end to each, inside the tube."""
    from skimage.graph import MCP_Geometric

    count = int(np.count_nonzero(mask))
    spacing = grid.spacing_mm
    side = max(float(np.cbrt(grid.affine.voxel_volume_mm3 * max(1.0, count / MOST_VOXELS))), float(spacing.min()))
    step = np.maximum(1, np.floor(side / spacing + 1e-6)).astype(int) if count > MOST_VOXELS else np.ones(3, int)
    thin = mask[:: step[0], :: step[1], :: step[2]]
    cost = np.where(thin, 1.0, -1.0)
    sampling = tuple(float(v) for v in spacing * step)
    start: npt.NDArray[np.intp] = indices_of(thin)[0]
    way: Array = np.empty(0)
    for _ in range(2):  # from anywhere to one end, from that end to all
        way = MCP_Geometric(cost, sampling=sampling).find_costs([tuple(start)])[0]
        way[~np.isfinite(way)] = -1.0
        start = indices_of(way == way.max())[0].astype(np.intp)
    inside: Array = (indices_of(way >= 0.0) * step).astype(np.float64)
    return inside, way[way >= 0.0]


def _means(points: Array, place: Array) -> Array:
    """Mean of the points of each place, in rising order; empty places are passed over."""
    count = np.bincount(place)
    sums = np.stack([np.bincount(place, weights=points[:, axis]) for axis in range(3)], axis=1)
    means: Array = sums[count > 0] / count[count > 0, None]
    return means


def _lengthened(node: Array, by_mm: float) -> Array:
    """Carried straight on at both ends."""
    head, tail = unit(node[0] - node[min(2, len(node) - 1)]), unit(node[-1] - node[max(-3, -len(node))])
    return np.vstack([node[0] + by_mm * head, node, node[-1] + by_mm * tail])


def _smooth(node: Array, sigma_mm: float) -> Array:
    """The line through the nodes, corners taken off; its ends stay where they are."""
    from scipy.ndimage import gaussian_filter1d

    line = _evenly(node)
    around = 2 * line[0] - line[1:][::-1], 2 * line[-1] - line[:-1][::-1]
    padded = np.vstack([around[0], line, around[1]])
    smooth: Array = gaussian_filter1d(padded, sigma_mm / PITCH_MM, axis=0)[len(line) - 1 : 2 * len(line) - 1]
    return smooth


def _evenly(line: Array) -> Array:
    """The same line as points `PITCH_MM` apart."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    at = np.arange(0.0, along[-1] + 1e-9, PITCH_MM)
    return np.stack([np.interp(at, along, line[:, axis]) for axis in range(3)], axis=1)
