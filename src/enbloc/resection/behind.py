"""What lies behind a barrier that tumour has passed, and how far tumour stays from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import BONE_PARTS, Spine, vessel_kind
from enbloc.anatomy.surroundings import structure_mask
from enbloc.core.geometry import Array, Box, bounding_box, indices_of
from enbloc.core.levels import Level, are_neighbours
from enbloc.core.volume import Imaging, Mask
from enbloc.knowledge import vessel_limits

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Gap:
    """From tumour to the structure `to`, in mm; negative is the depth to which tumour lies in it."""

    to: str
    mm: float


def vessel_masks(imaging: Imaging, spine: Spine) -> dict[str, Mask]:
    """The labelled vessels by name, on the spine's grid; those with no voxel there are left out."""
    names = sorted({name for labels in imaging.labels for name in labels.structures.values() if vessel_kind(name)})
    masks = {name: structure_mask(imaging, name, spine.region) for name in names}
    return {name: mask for name, mask in masks.items() if mask is not None and mask.any()}


def neighbour(spine: Spine, level: Level, step: int) -> Level | None:
    """The vertebra next to `level`: `step` -1 above, 1 below; None where none is labelled."""
    place = spine.levels.index(level) + step
    if not 0 <= place < len(spine.levels) or not are_neighbours(level, spine.levels[place]):
        return None
    return spine.levels[place]


def bone_of(spine: Spine, level: Level) -> Mask:
    mine: Mask = (spine.owner == 1 + spine.levels.index(level)) & np.isin(spine.part, BONE_PARTS)
    return mine


def nearest_gap(tumour: Indices, structures: Mapping[str, Mask], spacing_mm: Array) -> Gap | None:
    """The least gap from tumour voxels (n, 3) to any of `structures`; None where all lie beyond the vessels' reach."""
    gaps = [Gap(name, mm) for name, mask in structures.items() if (mm := gap_mm(tumour, mask, spacing_mm)) is not None]
    return min(gaps, key=lambda gap: (gap.mm, gap.to), default=None)


def gap_mm(tumour: Indices, structure: Mask, spacing_mm: Array) -> float | None:
    """From surface to surface, counted in whole voxels' faces: 0 between voxels that touch; negative inside.

    None without a voxel of `structure` within the reach of `vessel_limits`.
    """
    if not len(tumour):
        return None
    box = _reached(tumour, structure.shape, spacing_mm)
    here, near = tumour - np.array(box.lower), structure[box.slices]
    inside = near[tuple(here.T)]
    if inside.any():
        outer = _rim(~near)
        return -float(_to_nearest(here[inside], outer, spacing_mm)[0].max()) if len(outer) else None
    rim = _rim(near)
    if not len(rim):
        return None
    mm, step_mm = _to_nearest(here, rim, spacing_mm)
    gap = max(0.0, float((mm - step_mm).min()))
    return gap if gap <= vessel_limits()[1] else None


def _reached(tumour: Indices, shape: tuple[int, ...], spacing_mm: Array) -> Box:
    low, high = tumour.min(axis=0), tumour.max(axis=0) + 1
    i, j, k = (int(np.ceil(vessel_limits()[1] / step)) + 1 for step in spacing_mm)
    box = Box((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))
    return box.grown((i, j, k), (shape[0], shape[1], shape[2]))


def _rim(mask: Mask) -> Indices:
    """Voxels of `mask` with a face to what is not of it; the edge of the array is no such face."""
    from scipy.ndimage import binary_erosion

    box = bounding_box(mask)
    if box is None:
        return np.empty((0, 3), dtype=np.intp)
    box = box.grown((1, 1, 1), (mask.shape[0], mask.shape[1], mask.shape[2]))
    part = mask[box.slices]
    found: Indices = indices_of(part & ~binary_erosion(part, border_value=1)) + np.array(box.lower)
    return found


def _to_nearest(points: Indices, targets: Indices, spacing_mm: Array) -> tuple[Array, Array]:
    """From each voxel's centre to the nearest target's, in mm, and mm per voxel along that way (0 on the target)."""
    from scipy.spatial import cKDTree

    mm, found = cKDTree(targets * spacing_mm).query(points * spacing_mm)
    voxels = np.linalg.norm(points - targets[found], axis=1)
    return mm, np.divide(mm, voxels, out=np.zeros_like(mm), where=voxels > 0.0)
