"""The tumour mask: any volume whose non-zero voxels are tumour, a named segment, or a closed surface."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from enbloc.core.errors import LabelError
from enbloc.core.volume import Grid, Mask
from enbloc.images.folder import pick_segment
from enbloc.images.labels import whole_numbers
from enbloc.images.nrrd import read_layers
from enbloc.images.raw import Note, closest_ras
from enbloc.images.read import read_image
from enbloc.images.surface import is_surface, read_surface, refuse_outside, surface_note, voxelised


def read_tumour(path: Path, file: str, segment: str | None, reference: Grid) -> tuple[Grid, Mask, list[Note]]:
    """(its grid, the mask on it, notes). A surface is voxelised on `reference`; a volume keeps its own grid.

    Raises LabelError when there is no tumour in it.
    """
    if path.is_file() and is_surface(path.name):
        triangles, frame = read_surface(path, file)
        refuse_outside(triangles, reference, file)
        grid, mask, notes = reference, voxelised(triangles, reference), [surface_note(file, frame)]
    elif path.name.lower().endswith(".nrrd"):
        grid, mask, notes = _from_nrrd(path, file, segment)
    elif segment is not None:
        message = "only a .seg.nrrd holds named segments"
        raise LabelError(message, file=file, field="imaging.tumour.segment", hint="leave segment out")
    else:
        raw = read_image(path, file)
        values = whole_numbers(raw, file)
        view, grid = closest_ras(values, raw.matrix, file)
        mask, notes = np.asarray(view) != 0, _several(int(values.max()), file)
    if not mask.any():
        hint = "state the extent in [extent] instead, or save the mask again"
        raise LabelError("the tumour mask is empty", file=file, field="voxel values", hint=hint)
    return grid, mask, notes


def _from_nrrd(path: Path, file: str, segment: str | None) -> tuple[Grid, Mask, list[Note]]:
    nrrd = read_layers(path, file)
    if not nrrd.segments:
        if segment is not None:
            message = "holds no named segments"
            raise LabelError(message, file=file, field="imaging.tumour.segment", hint="leave segment out")
        raw = read_image(path, file)
        values = whole_numbers(raw, file)
        view, grid = closest_ras(values, raw.matrix, file)
        return grid, np.asarray(view) != 0, _several(int(values.max()), file)
    chosen = pick_segment(nrrd, segment, file)
    if chosen is None:
        raise LabelError("nothing is segmented in it", file=file, field="imaging.tumour.segment")
    view, grid = closest_ras(chosen, nrrd.matrix, file)
    return grid, np.asarray(view, dtype=np.bool_), []


def _several(highest: int, file: str) -> list[Note]:
    if highest == 1:
        return []
    return [("tumour-values", f"{file}: holds values up to {highest}; every non-zero voxel is taken as tumour")]
