"""Where tumour meets the surface of a vertebra: triangle by triangle, from under the surface and from beyond it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Compartment, Spine
from enbloc.core.geometry import Affine, Array, Box, Vector, bounding_box
from enbloc.core.volume import Grid, Mask
from enbloc.tumour.noise import NoiseFloor

PROBE_VOXELS = 0.15
"""How far under and beyond the surface tumour is looked for. Farther, tumour that stops short of it would count."""
SMOOTH_VOXELS = 0.5
"""Takes the stairs off the distance, as smoothing took them off the surface."""
FieldOfMm = npt.NDArray[np.float32]


class Touch(IntEnum):
    """What tumour does at one triangle of the surface."""

    FREE = 0
    TOUCHED = 1
    BREACHED = 2
    TOUCHED_OUTSIDE = 3


@dataclass(frozen=True, slots=True, eq=False)
class Contact:
    """One compartment beside the tumour; signed distances to tumour in mm (negative inside it), one per triangle.

    `under_mm` and `beyond_mm`: a hair (PROBE_VOXELS) under and beyond the surface; `past_mm`: beyond it by the noise
    floor; `at_mm`: on it. `state` holds codes of `Touch`.
    """

    compartment: Compartment
    under_mm: Vector
    beyond_mm: Vector
    past_mm: Vector
    at_mm: Vector

    @property
    def state(self) -> npt.NDArray[np.uint8]:
        under, beyond = self.under_mm < 0.0, self.beyond_mm < 0.0
        return np.select(
            [under & beyond, under, beyond], [Touch.BREACHED, Touch.TOUCHED, Touch.TOUCHED_OUTSIDE], Touch.FREE
        ).astype(np.uint8)


def contacts(spine: Spine, compartments: Sequence[Compartment]) -> tuple[Contact, ...]:
    """One for each compartment whose box tumour comes near; none without tumour."""
    lesion = bounding_box(spine.tumour)
    if lesion is None:
        return ()
    floor = NoiseFloor.of(spine.grid)
    reach = floor.noise_mm(conventional=False)
    near = [c for c in compartments if _meets(box_of(c, spine.grid), lesion, reach, spine.grid)]
    if not near:
        return ()
    box = lesion
    for compartment in near:
        box = box.union(box_of(compartment, spine.grid))
    box = box.grown((2, 2, 2), spine.grid.shape)
    field, affine = signed_distance(spine.tumour[box.slices], spine.grid.spacing_mm), spine.grid.crop(box).affine
    return tuple(contact(compartment, field, affine, reach) for compartment in near)


def box_of(compartment: Compartment, grid: Grid) -> Box:
    """The voxels around the compartment's surface."""
    index = grid.affine.to_index(compartment.vertices_mm)
    low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, np.array(grid.shape) - 1)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, low + 1, grid.shape)
    return Box((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))


def _meets(box: Box, lesion: Box, reach_mm: float, grid: Grid) -> bool:
    i, j, k = (int(np.ceil(reach_mm / step)) for step in grid.spacing_mm)
    grown = box.grown((i, j, k), grid.shape)
    return all(a < d and c < b for a, b, c, d in zip(grown.lower, grown.upper, lesion.lower, lesion.upper, strict=True))


def signed_distance(mask: Mask, spacing_mm: Array) -> FieldOfMm:
    """Distance in mm to the surface of `mask`, negative inside; the surface runs between voxel centres."""
    import edt
    from scipy.ndimage import gaussian_filter

    spacing = tuple(float(step) for step in spacing_mm)
    half = 0.5 * min(spacing)
    outside = edt.edt(np.ascontiguousarray(~mask), anisotropy=spacing, black_border=False)
    inside = edt.edt(np.ascontiguousarray(mask), anisotropy=spacing, black_border=False)
    stairs = np.where(mask, half - inside, outside - half).astype(np.float32)
    field: FieldOfMm = gaussian_filter(stairs, SMOOTH_VOXELS)
    return field


def contact(compartment: Compartment, field: FieldOfMm, affine: Affine, reach_mm: float) -> Contact:
    points = compartment.centroids_mm
    normals = compartment.area_vectors / np.maximum(compartment.areas_mm2, 1e-12)[:, None]
    rate = np.abs(normals @ affine.inverse[:3, :3].T).max(axis=1, keepdims=True)
    step = PROBE_VOXELS * normals / np.maximum(rate, 1e-12)
    return Contact(
        compartment,
        sampled(field, affine, points - step),
        sampled(field, affine, points + step),
        sampled(field, affine, points + reach_mm * normals),
        sampled(field, affine, points),
    )


def sampled(field: FieldOfMm, affine: Affine, points_mm: Array) -> Vector:
    """Trilinear values of `field` at points; beyond the array the nearest value."""
    from scipy.ndimage import map_coordinates

    values: Vector = map_coordinates(field, affine.to_index(points_mm).T, order=1, mode="nearest").astype(np.float64)
    return values
