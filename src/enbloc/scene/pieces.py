"""The pieces of a resection on another grid."""

from __future__ import annotations

from itertools import product

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Box, bounding_box
from enbloc.core.volume import Grid
from enbloc.resection.nouns import Pieces


def pieces_on(grid: Grid, pieces: Pieces) -> npt.NDArray[np.uint8]:
    """The label of the piece at every voxel of `grid`, by nearest voxel; 0 outside of the pieces' own grid."""
    found = np.zeros(grid.shape, dtype=np.uint8)
    shape = np.array(pieces.label.shape)
    box = _reached(grid, pieces)
    if box is None:
        return found
    across = np.meshgrid(*(np.arange(a, b) for a, b in zip(box.lower[:2], box.upper[:2], strict=True)), indexing="ij")
    for k in range(box.lower[2], box.upper[2]):
        world = grid.affine.to_world(np.stack([*across, np.full_like(across[0], k)], axis=-1))
        index = np.rint(pieces.affine.to_index(world)).astype(np.int64)
        inside = ((index >= 0) & (index < shape)).all(axis=-1)
        found[..., k][box.slices[:2]][inside] = pieces.label[tuple(index[inside].T)]
    return found


def _reached(grid: Grid, pieces: Pieces) -> Box | None:
    """The block of `grid` that holds every voxel whose nearest voxel is a piece's; None where there is none."""
    held = bounding_box(pieces.label > 0)
    if held is None:
        return None
    ends = product(*((a - 1.0, b) for a, b in zip(held.lower, held.upper, strict=True)))
    corners = grid.affine.to_index(pieces.affine.to_world(list(ends)))
    low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0).tolist()
    high = np.minimum(np.ceil(corners.max(axis=0)).astype(int) + 1, grid.shape).tolist()
    return Box(tuple(low), tuple(high)) if all(a < b for a, b in zip(low, high, strict=True)) else None
