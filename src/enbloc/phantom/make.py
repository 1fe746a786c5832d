"""One parametric patient: voxels, label map, tumour mask and truth."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from enbloc.core.geometry import Array
from enbloc.core.volume import Grid, Imaging, LabelMap, Mask, Volume
from enbloc.knowledge import load_scheme
from enbloc.phantom import growth
from enbloc.phantom.build import Voxels, bounds_of, grid_of, index_to_patient, paint, pose_of
from enbloc.phantom.column import Column, build_column
from enbloc.phantom.labels import label_map
from enbloc.phantom.pose import Pose
from enbloc.phantom.spec import PhantomSpec
from enbloc.phantom.truth import Truth, find_truth
from enbloc.phantom.tumour import Lesion, grow


@dataclass(frozen=True, eq=False)
class Phantom:
    """A parametric patient as scanned. `labels` and `tumour` share `grid`, axis order RAS (files may differ).

    `voxels` holds the zone code and owner of every voxel centre, before the scheme's numbers are put on.
    """

    spec: PhantomSpec
    grid: Grid
    labels: LabelMap
    tumour: Mask
    truth: Truth
    voxels: Voxels = field(repr=False)

    @cached_property
    def ct(self) -> Volume:
        """The CT in HU, int16, made when first asked for."""
        from enbloc.phantom.ct import render

        return render(self.spec, self.truth, self.grid, self.voxels, self.tumour)

    @cached_property
    def imaging(self) -> Imaging:
        """The phantom as if read from files, without an image: only structures with a voxel are named."""
        present = set(np.unique(self.labels.values).tolist())
        named = {value: name for value, name in self.labels.structures.items() if value in present}
        labels = LabelMap(self.labels.values, self.grid, named)
        return Imaging(self.grid, (labels,), self.tumour, None, "ct", ())


def make_phantom(spec: PhantomSpec) -> Phantom:
    """Build the patient of `spec`. Raises InputError where the wish cannot be met (no room for the type)."""
    scheme = load_scheme(spec.scheme)
    column = build_column(spec)
    lesions = grow(spec, column)
    pose = pose_of(spec)
    grid = grid_of(spec, column, pose)
    voxels = paint(spec, column, pose, grid)
    tumour = tumour_mask(column, lesions, pose, grid)
    labels = label_map(voxels, column, grid, index_to_patient(grid, pose), scheme)
    return Phantom(spec, grid, labels, tumour, find_truth(column, pose, lesions, spec.collapse), voxels)


def tumour_mask(column: Column, lesions: tuple[Lesion, ...], pose: Pose, grid: Grid) -> Mask:
    """Voxels whose centre lies in a lesion."""
    mask: Mask = np.zeros(grid.shape, np.bool_)
    to_mm = index_to_patient(grid, pose)
    for lesion in lesions:
        bounds = bounds_of(_box(*lesion.box_mm(column)), grid, pose)
        growth.fill(mask, to_mm, bounds, lesion.blobs, lesion.bumps, lesion.rules, column.arrays)
    return mask


def _box(low: Array, high: Array) -> Array:
    return np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
