"""The pieces of a resection on another grid."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from enbloc.core.volume import Grid
from enbloc.resection.nouns import Pieces


def pieces_on(grid: Grid, pieces: Pieces) -> npt.NDArray[np.uint8]:
    """The label of the piece at every voxel of `grid`, by nearest voxel; 0 outside of the pieces' own grid."""
    found = np.zeros(grid.shape, dtype=np.uint8)
    shape = np.array(pieces.label.shape)
    for k in range(grid.shape[2]):
        i, j = np.meshgrid(np.arange(grid.shape[0]), np.arange(grid.shape[1]), indexing="ij")
        world = grid.affine.to_world(np.stack([i, j, np.full_like(i, k)], axis=-1))
        index = np.rint(pieces.affine.to_index(world)).astype(np.int64)
        inside = ((index >= 0) & (index < shape)).all(axis=-1)
        found[..., k][inside] = pieces.label[tuple(index[inside].T)]
    return found
