"""How far any point lies from the tumour's surface, as finely as voxels tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Spine
from enbloc.core.geometry import Array, Box, Index, bounding_box
from enbloc.core.volume import Grid, Mask
from enbloc.knowledge import vessel_limits
from enbloc.tumour.measure import distance_to

Field = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TumourField:
    """Around the tumour, on the block `box` of a larger grid.

    `gap_mm`: from a voxel's centre to the tumour's surface, negative inside. The surface lies half a voxel beyond the
    outermost centres. `step_mm`: a voxel's width along the way there; by as much a gap between two masks is in doubt.
    """

    grid: Grid
    box: Box
    gap_mm: Field
    step_mm: Field

    def gap_at(self, points_mm: Array) -> tuple[Array, Array]:
        """Gap and step at points (..., 3), linear between voxels. Outside the block: as at its border."""
        from scipy.ndimage import map_coordinates

        index = np.moveaxis(self.grid.affine.to_index(points_mm), -1, 0)
        gap: Array = map_coordinates(self.gap_mm, index, order=1, mode="nearest").astype(np.float64)
        step: Array = map_coordinates(self.step_mm, index, order=0, mode="nearest").astype(np.float64)
        return gap, step


def field_around(spine: Spine, whole: Grid) -> TumourField:
    """The field within reach of vessels; `whole` is the label maps' grid, of which the spine's is a block."""
    return tumour_field(spine.tumour, spine.grid, spine.region, whole, vessel_limits()[1])


def tumour_field(tumour: Mask, grid: Grid, place: Box, whole: Grid, reach_mm: float) -> TumourField:
    """The field within `reach_mm` of the tumour, on the grid `whole`; `tumour` fills its block `place`."""
    inner = bounding_box(tumour)
    assert inner is not None
    i, j, k = (int(np.ceil(reach_mm / spacing)) + 1 for spacing in grid.spacing_mm)
    box = moved(inner, place.lower).grown((i, j, k), whole.shape)
    mask = np.zeros(box.shape, dtype=bool)
    mask[moved(inner, place.lower).relative_to(box).slices] = tumour[inner.slices]
    outside, step = distance_and_step(mask, grid.spacing_mm)
    within, step_within = _depth_and_step(mask, grid.spacing_mm)
    step = np.where(mask, step_within, step)
    gap = np.where(mask, 0.5 * step - within, outside - 0.5 * step)
    return TumourField(whole.crop(box), box, gap.astype(np.float32), step.astype(np.float32))


def _depth_and_step(mask: Mask, spacing: Array) -> tuple[Field, Field]:
    """As `distance_and_step` to what is not tumour; where tumour fills the image, to what lies beyond the image."""
    if not mask.all():
        return distance_and_step(~mask, spacing)
    inner = (slice(1, -1),) * 3
    mm, step = distance_and_step(~np.pad(mask, 1), spacing)
    return mm[inner], step[inner]


def distance_and_step(target: Mask, spacing: Array) -> tuple[Field, Field]:
    """Distance in mm to the nearest `target` voxel, and mm per voxel along the way (0 on the target itself)."""
    mm, voxels = distance_to(target, spacing), distance_to(target, np.ones(3))
    return mm, np.divide(mm, voxels, out=np.zeros_like(mm), where=voxels > 0.0)


def moved(box: Box, by: Index) -> Box:
    """`box` with its indices counted from elsewhere."""
    low = tuple(a + b for a, b in zip(box.lower, by, strict=True))
    high = tuple(a + b for a, b in zip(box.upper, by, strict=True))
    return Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
