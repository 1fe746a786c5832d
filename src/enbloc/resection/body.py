"""A piece as what moves: its surface voxels, in balls within balls."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector, bounding_box, indices_of
from enbloc.core.volume import Mask

BRICK_VOXELS = 3
BLOCK_BRICKS = 4
"""A block holds so many bricks along each axis."""
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A piece's surface voxels `points` (n, 3), in bricks, and these in blocks: brick b holds points `first[b]` to
    `first[b + 1]`, block c bricks `block[c]` to `block[c + 1]`. `ball` and `block_ball`: centre and radius (4) of
    a ball around each brick and block. It turns about `pivot`, from which no point is farther than `reach`.
    """

    points: Array
    first: Counts
    ball: Array
    block: Counts
    block_ball: Array
    pivot: Vector
    reach: float

    def seen_from(self, corner: Vector) -> Body:
        """The same with lengths from another voxel."""
        off = np.append(corner, 0.0)
        return replace(
            self,
            points=self.points - corner,
            ball=self.ball - off,
            block_ball=self.block_ball - off,
            pivot=self.pivot - corner,
        )


def body_of(mask: Mask, step_mm: float, pivot: Vector) -> Body:
    """The voxels of `mask` (not empty) with a face to what is not of it."""
    from scipy.ndimage import binary_erosion

    box = bounding_box(mask)
    assert box is not None, "a piece has voxels"
    inside = mask[box.slices]
    surface = indices_of(inside & ~binary_erosion(inside)) + np.array(box.lower)
    brick = surface // BRICK_VOXELS
    block_key, brick_key = _key(brick // BLOCK_BRICKS), _key(brick)
    order = np.lexsort((brick_key, block_key))
    points: Array = surface[order].astype(np.float64) * step_mm
    first = np.append(np.flatnonzero(np.diff(brick_key[order], prepend=-1)), len(points)).astype(np.int64)
    opens = np.append(np.flatnonzero(np.diff(block_key[order], prepend=-1)), len(points))
    reach = float(np.linalg.norm(points - pivot, axis=1).max())
    block = np.searchsorted(first, opens).astype(np.int64)
    return Body(points, first, _balls(points, first), block, _balls(points, opens), pivot.astype(np.float64), reach)


def _key(cell: Counts) -> Counts:
    key: Counts = (cell[:, 0] * 4096 + cell[:, 1]) * 4096 + cell[:, 2]
    return key


def _balls(points: Array, first: Counts) -> Array:
    """Centre and radius (n, 4) of a ball around each run of points: the middle of their box, and the farthest one."""
    low, high = (pick.reduceat(points, first[:-1], axis=0) for pick in (np.minimum, np.maximum))
    centre = 0.5 * (low + high)
    away = np.linalg.norm(points - np.repeat(centre, np.diff(first), axis=0), axis=1)
    return np.ascontiguousarray(np.column_stack([centre, np.maximum.reduceat(away, first[:-1])]))
