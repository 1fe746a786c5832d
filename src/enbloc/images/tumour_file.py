"""The tumour mask: any volume whose non-zero voxels are tumour, a named segment or region, or a closed surface."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from enbloc.core.errors import ImageError, LabelError
from enbloc.core.volume import Grid, Mask
from enbloc.images.dicom.contours import RTSTRUCT, read_contours
from enbloc.images.dicom.fill import filled
from enbloc.images.dicom.header import looks_like_dicom, read_dicom
from enbloc.images.dicom.reference import Reference, refuse_other_reference
from enbloc.images.dicom.segmentation import SEG, read_segmentation
from enbloc.images.labels import whole_numbers
from enbloc.images.nrrd import named_segments, read_layers
from enbloc.images.raw import Note, closest_ras
from enbloc.images.read import ending_of, read_image
from enbloc.images.segments import NamedSegments, pick_segment
from enbloc.images.space import refuse_outside
from enbloc.images.surface import SPACE_HINT, is_surface, read_surface, surface_note, voxelised


def read_tumour(
    path: Path, file: str, segment: str | None, reference: Grid, other: Reference | None = None
) -> tuple[Grid, Mask, list[Note]]:
    """(its grid, the mask on it, notes). Surfaces and contours are filled on `reference`; a volume keeps its own grid.

    DICOM must belong to `other`. Raises LabelError when there is no tumour in it.
    """
    name = path.name.lower()
    if path.is_dir():
        hint = "name the SEG or RTSTRUCT itself"
        raise ImageError("is a folder", file=file, field="imaging.tumour.file", hint=hint)
    if is_surface(path.name):
        triangles, frame = read_surface(path, file)
        refuse_outside(triangles.reshape(-1, 3), reference, file, "surface", "wrong frame? " + SPACE_HINT)
        grid, mask, notes = reference, voxelised(triangles, reference), [surface_note(file, frame)]
    elif name.endswith(".nrrd") and (nrrd := read_layers(path, file)).segments:
        grid, mask, notes = _from_segments(named_segments(nrrd, file), segment, file)
    elif ending_of(name) is None and looks_like_dicom(path):
        grid, mask, notes = _from_dicom(path, file, segment, reference, other)
    elif segment is not None:
        message = "holds no named segments" if name.endswith(".nrrd") else "is of no format with named segments"
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


def _from_segments(segments: NamedSegments, segment: str | None, file: str) -> tuple[Grid, Mask, list[Note]]:
    chosen = pick_segment(segments, segment, file)
    if chosen is None:
        raise LabelError("nothing is segmented in it", file=file, field="imaging.tumour.segment")
    view, grid = closest_ras(chosen, segments.matrix, file)
    return grid, np.asarray(view, dtype=np.bool_), list(segments.notes)


def _from_dicom(
    path: Path, file: str, segment: str | None, reference: Grid, other: Reference | None
) -> tuple[Grid, Mask, list[Note]]:
    found = read_dicom(path, file)
    kind = found.header.text("Modality")
    if kind == SEG:
        segments, own = read_segmentation(found, file)
        more = refuse_other_reference(own, other)
        grid, mask, notes = _from_segments(segments, segment, file)
        return grid, mask, [*notes, *more]
    if kind == RTSTRUCT:
        contours, own, notes = read_contours(found, file, segment)
        more = refuse_other_reference(own, other)
        refuse_outside(contours.points_mm, reference, file, "contours", "were they drawn on another scan?")
        mask, gaps = filled(contours, reference, file)
        return reference, mask, [*notes, *more, *gaps]
    raise LabelError("is DICOM, but neither SEG nor RTSTRUCT", file=file, field="Modality")


def _several(highest: int, file: str) -> list[Note]:
    if highest == 1:
        return []
    return [("tumour-values", f"{file}: holds values up to {highest}; every non-zero voxel is taken as tumour")]
