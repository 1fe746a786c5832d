"""Closed contours to a mask: exact in their planes, interpolated by shape between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from enbloc.core.volume import Grid, Mask
from enbloc.images.dicom.contours import Contours
from enbloc.images.raw import Note

BRIDGED = 2.5
"""A gap up to this many usual steps (one plane left out) is filled by interpolation; a wider one stays empty."""


def filled(contours: Contours, grid: Grid, file: str) -> tuple[Mask, list[Note]]:
    """Voxels whose centres lie inside.

    In a plane of contours inside is what an odd number of them encloses. Between two planes the signed distances to
    their contours are mixed by how near each plane is. Beyond the first and last plane a section reaches half of the
    usual step between planes (half a voxel where there is one plane only).
    """
    heights = contours.heights_mm
    along = np.abs(contours.axes[2] @ grid.affine.matrix[:3, :3])
    usual = float(np.median(np.diff(heights))) if len(heights) > 1 else float(along.max())
    to_plane = np.hstack(
        [contours.axes @ grid.affine.matrix[:3, :3], (contours.axes @ grid.affine.matrix[:3, 3])[:, np.newaxis]]
    )
    mask = np.zeros(grid.shape, dtype=np.bool_)
    low, high = _box(contours, grid, usual)
    part = np.zeros(tuple(high - low), dtype=np.bool_)
    starts = np.cumsum([0, *map(len, contours.edges)])
    from enbloc.images.dicom.kernels import fill

    fill(np.concatenate(contours.edges), starts, heights, 0.5 * usual, BRIDGED * usual, to_plane, low, part)
    mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]] = part
    return mask, _gap_notes(np.diff(heights), usual, file)


def _box(contours: Contours, grid: Grid, usual: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Lowest and highest voxel that the contours can reach, the highest exclusive."""
    reach = contours.axes[2] * 0.5 * usual
    ends = grid.affine.to_index(np.concatenate([contours.points_mm - reach, contours.points_mm + reach]))
    low = np.clip(np.floor(ends.min(axis=0)), 0, grid.shape).astype(np.int64)
    high = np.clip(np.ceil(ends.max(axis=0)) + 1, 0, grid.shape).astype(np.int64)
    return low, np.maximum(low, high)


def _gap_notes(steps: npt.NDArray[np.float64], usual: float, file: str) -> list[Note]:
    gaps = steps > 1.5 * usual
    wide = steps > BRIDGED * usual
    notes: list[Note] = []
    if (gaps & ~wide).any():
        text = f"{file}: {int((gaps & ~wide).sum())} planes without a contour inside the region are interpolated"
        notes.append(("contours-interpolated", text))
    if wide.any():
        text = (
            f"{file}: the region is interrupted for up to {steps.max():.1f} mm without a contour "
            f"(usual step {usual:.3g} mm); nothing is filled in there"
        )
        notes.append(("contours-interrupted", text))
    return notes
