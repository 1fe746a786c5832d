"""One label file or folder with its scheme, on its own grid."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from enbloc.core.errors import ImageError, LabelError
from enbloc.core.volume import Grid
from enbloc.images.census import Census, Labels, take_census
from enbloc.images.contradictions import fitting_schemes, names_under
from enbloc.images.dicom.header import looks_like_dicom, read_dicom
from enbloc.images.dicom.reference import Reference, refuse_other_reference
from enbloc.images.dicom.segmentation import SEG, read_segmentation
from enbloc.images.folder import read_folder, read_segments
from enbloc.images.labels import named, whole_numbers
from enbloc.images.nrrd import named_segments, read_layers
from enbloc.images.paths import resolve
from enbloc.images.raw import Note, closest_ras
from enbloc.images.read import ending_of, read_image
from enbloc.knowledge.schemes import LabelScheme, load_scheme, read_scheme


@dataclass(frozen=True, slots=True, eq=False)
class ReadLabels:
    """Labels closest to RAS on their own grid. Values that the scheme does not know are in `values` without a name.

    `names` has every value found; in `structures` values that share a structure stand under the first of them, as in
    `values`. `reference`: what a DICOM SEG says it belongs to.
    """

    file: str
    values: Labels
    grid: Grid
    structures: dict[int, str]
    names: dict[int, str]
    census: Census
    scheme: LabelScheme
    notes: tuple[Note, ...]
    reference: Reference | None = None


def scheme_of(name: str, folder: Path, field: str) -> LabelScheme:
    """A shipped scheme, or the user's own TOML file beside the case."""
    if name.lower().endswith(".toml"):
        return read_scheme(resolve(folder, name, field), name)
    return load_scheme(name)


def read_labels(path: Path, file: str, scheme: LabelScheme, other: Reference | None = None) -> ReadLabels:
    """Reads one label file (scheme form `values`), or a folder or .seg.nrrd of named structures (form `files`).

    The segments of a DICOM SEG are read by their names whatever the scheme's form; it must belong to `other`.
    """
    if path.is_file() and ending_of(path.name) is None and looks_like_dicom(path):
        return _read_seg(path, file, scheme, other)
    if scheme.form == "files":
        return _read_named(path, file, scheme)
    if path.is_dir():
        hint = "one file per structure needs a scheme of form files; of DICOM name the SEG itself"
        raise LabelError(f"is a folder, scheme {scheme.id} is for one file", file=file, field="scheme", hint=hint)
    values, grid = read_values(path, file)
    census = take_census(values, grid)
    values, structures = named(values, census.values, scheme, file, lambda: fitting_schemes(census))
    return ReadLabels(file, values, grid, structures, names_under(census, scheme), census, scheme, ())


def read_values(path: Path, file: str) -> tuple[Labels, Grid]:
    """Whole-number voxels closest to RAS, as uint8 or uint16."""
    raw = read_image(path, file)
    view, grid = closest_ras(whole_numbers(raw, file), raw.matrix, file)
    return view, grid  # type: ignore[return-value]


def _read_named(path: Path, file: str, scheme: LabelScheme) -> ReadLabels:
    if path.is_dir():
        values, grid, structures, notes = read_folder(path, file, scheme)
    elif path.name.lower().endswith(".nrrd"):
        nrrd = read_layers(path, file)
        if not nrrd.segments:
            raise ImageError("holds no named segments", file=file, field="SegmentN_Name")
        values, grid, structures, notes = read_segments(named_segments(nrrd, file), file, scheme)
    else:
        raise LabelError(f"scheme {scheme.id} needs a folder or a .seg.nrrd", file=file, field="scheme")
    return ReadLabels(file, values, grid, structures, structures, take_census(values, grid), scheme, notes)


def _read_seg(path: Path, file: str, scheme: LabelScheme, other: Reference | None) -> ReadLabels:
    found = read_dicom(path, file)
    if found.header.text("Modality") != SEG:
        hint = "labels come as a SEG; contours cannot name vertebrae"
        raise LabelError("is DICOM, but no SEG", file=file, field="Modality", hint=hint)
    segments, reference = read_segmentation(found, file)
    more = refuse_other_reference(reference, other)
    values, grid, structures, notes = read_segments(segments, file, scheme)
    census = take_census(values, grid)
    return ReadLabels(file, values, grid, structures, structures, census, scheme, (*notes, *more), reference)
