"""The imaging of one case: labels first, then the tumour on their grid, then the image on its own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from enbloc.case import Case
from enbloc.case.model import Anchor, ImagingFiles, TumourFile
from enbloc.core.errors import CaseError, ImageError, LabelError, SpaceMismatch
from enbloc.core.evidence import Progress, silent
from enbloc.core.volume import Grid, Imaging, InputFile, LabelMap, Mask, Volume
from enbloc.images.census import Census
from enbloc.images.contradictions import (
    contradictions_in,
    fitting_schemes,
    refuse_impossible_jump,
    refuse_reversed,
    refuse_strange_values,
    refuse_worse_sides,
)
from enbloc.images.dicom.header import looks_like_dicom
from enbloc.images.dicom.reference import Reference
from enbloc.images.dicom.series import Scan, choose, find_series, read_series
from enbloc.images.label_file import ReadLabels, read_labels, scheme_of
from enbloc.images.labels import levels_from_anchor, refuse_other_anchor
from enbloc.images.paths import resolve, sha256_of
from enbloc.images.raw import Note, RawImage, closest_ras
from enbloc.images.read import ending_of, read_image
from enbloc.images.sides import compare_sides, refuse_flipped
from enbloc.images.space import (
    SQUARE_DEG,
    refuse_other_space,
    rounding_note,
    same_voxels,
    sheared_deg,
    square_grid,
    to_grid,
)
from enbloc.images.tumour_file import read_tumour
from enbloc.knowledge import level_of

HIGHEST_AIR_HU = -500


def load_images(case: Case, progress: Progress = silent) -> Imaging:
    """Reads everything that the case's [imaging] names.

    The first label file's grid is the reference: further labels and the tumour are on it, or are moved to it by nearest
    voxel (noted with the volumes before and after) when they share its space. The image keeps its own grid and type.
    Raises CaseError, ImageError, LabelError or SpaceMismatch, each naming file and field.
    """
    if case.imaging is None:
        raise CaseError("this case has no images", field="imaging")
    try:
        return _load(case, case.imaging, progress)
    except MemoryError:
        raise ImageError("the images do not fit into memory", field="imaging", hint="crop them to the spine") from None


def _load(case: Case, files: ImagingFiles, progress: Progress) -> Imaging:
    """An image in one file is read while labels and tumour are; what is wrong with those is said first all the same."""
    image_path = None if files.image is None else resolve(case.folder, files.image, "imaging.image")
    scan = None if image_path is None else find_scan(image_path, files)
    with ThreadPoolExecutor(1) as meanwhile:
        raw: Callable[[], RawImage] | None = None if scan is None else partial(read_series, scan)
        if image_path is not None and files.image is not None and scan is None:
            raw = meanwhile.submit(read_image, image_path, files.image).result
        return _put_together(case, files, image_path, scan, raw, progress)


def _put_together(
    case: Case,
    files: ImagingFiles,
    image_path: Path | None,
    scan: Scan | None,
    image_read: Callable[[], RawImage] | None,
    progress: Progress,
) -> Imaging:
    notes: list[Note] = []
    inputs: list[InputFile] = []
    other = None if scan is None else scan.reference
    maps: list[LabelMap] = []
    censuses: list[Census] = []
    for place, entry in enumerate(files.labels):
        progress(f"reading {entry.file}")
        field = f"imaging.labels[{place}]"
        path = resolve(case.folder, entry.file, f"{field}.file")
        scheme = scheme_of(entry.scheme, case.folder, f"{field}.scheme")
        read = read_labels(path, entry.file, scheme, other)
        other = other or read.reference
        inputs.append(InputFile("labels", entry.file, sha256_of(path)))
        censuses.append(read.census)
        labels, more = _checked(read, files.anchor)
        notes += more
        if not maps:
            labels, more = _squared(labels, entry.file)
            notes += more
        else:
            labels, more = _on_grid(labels, maps[0].grid, entry.file, files.labels[0].file)
            notes += more
        maps.append(labels)
    _refuse_no_levels(maps, censuses, files)
    grid = maps[0].grid
    tumour: Mask | None = None
    if files.tumour is not None:
        progress(f"reading {files.tumour.file}")
        tumour, more = _tumour(case, files.tumour, grid, files.labels[0].file, other)
        inputs.append(InputFile("tumour", files.tumour.file, sha256_of(resolve(case.folder, files.tumour.file, ""))))
        notes += more
    image: Volume | None = None
    modality = files.modality if scan is None else scan.series.modality.lower()
    if files.image is not None and image_path is not None and image_read is not None:
        progress(f"reading {files.image}")
        image, more = _image(image_read(), files.image, modality, maps[0], files.labels[0].file)
        inputs.append(InputFile("image", files.image, sha256_of(image_path)))
        notes += more
    return Imaging(grid, tuple(maps), tumour, image, modality, tuple(inputs), tuple(dict.fromkeys(notes)))


def _refuse_no_levels(maps: list[LabelMap], censuses: list[Census], files: ImagingFiles) -> None:
    """Without one named vertebra there is no spine to plan on; most often the scheme is another one."""
    if any(level_of(name) for labels in maps for name in labels.structures.values()):
        return
    fits = fitting_schemes(censuses[0])
    hint = f"the values would fit {', '.join(fits)}" if fits else "add a label map that names the vertebrae"
    message = f"no vertebra is named under {', '.join(entry.scheme for entry in files.labels)}"
    raise LabelError(message, file=files.labels[0].file, field="scheme", hint=hint)


def _checked(read: ReadLabels, anchor: Anchor | None) -> tuple[LabelMap, list[Note]]:
    """The label map with levels instead of instance numbers; refused when order or sides contradict the scheme."""
    refuse_strange_values(read.census, read.names, read.scheme, read.file)
    refuse_worse_sides(read.census, read.names, read.scheme, read.file)
    refuse_reversed(read.census, read.names, read.scheme, read.file)
    refuse_impossible_jump(read.census, read.names, read.file)
    refuse_flipped(compare_sides(read.census, read.names), read.file)
    notes = [*read.notes]
    notes += [(c.id, f"{read.file}: {c.text}") for c in contradictions_in(read.census, read.names, read.scheme)]
    structures = read.structures
    if read.scheme.holds == "instances":
        if anchor is None:
            hint = "say which label is which level"
            message = f"numbers of scheme {read.scheme.id} are not levels"
            raise LabelError(message, file=read.file, field="imaging.anchor", hint=hint)
        structures, more = levels_from_anchor(structures, anchor.label, anchor.level, read.file)
        notes += more
    elif anchor is not None:
        refuse_other_anchor(structures, anchor.label, anchor.level, read.file)
    return LabelMap(read.values, read.grid, structures), notes


def _squared(labels: LabelMap, file: str) -> tuple[LabelMap, list[Note]]:
    """Distances are counted along the axes of the labels' grid, so a sheared one is left for one at right angles."""
    sheared = sheared_deg(labels.grid)
    if sheared <= SQUARE_DEG:
        return labels, []
    grid = square_grid(labels.grid)
    moved = to_grid(labels.values, labels.grid, grid)
    before = np.count_nonzero(labels.values) * labels.grid.affine.voxel_volume_mm3
    after = np.count_nonzero(moved) * grid.affine.voxel_volume_mm3
    text = (
        f"{file}: its axes are sheared by {sheared:.1f} degrees; moved to right angles by nearest voxel, "
        f"{before / 1000.0:.2f} mL before, {after / 1000.0:.2f} mL after"
    )
    return LabelMap(moved, grid, labels.structures), [("sheared", text)]


def _on_grid(labels: LabelMap, reference: Grid, file: str, other: str) -> tuple[LabelMap, list[Note]]:
    if same_voxels(labels.grid, reference):
        return LabelMap(labels.values, reference, labels.structures), rounding_note(labels.grid, reference, file, other)
    named = np.isin(labels.values, list(labels.structures))
    refuse_other_space(named, labels.grid, reference, file, other)
    moved = to_grid(labels.values, labels.grid, reference)
    before = np.count_nonzero(labels.values) * labels.grid.affine.voxel_volume_mm3
    after = np.count_nonzero(moved) * reference.affine.voxel_volume_mm3
    return LabelMap(moved, reference, labels.structures), [_moved_note(file, other, before, after)]


def _moved_note(file: str, other: str, before_mm3: float, after_mm3: float) -> Note:
    text = (
        f"{file}: moved to the grid of {other} by nearest voxel; "
        f"{before_mm3 / 1000.0:.2f} mL before, {after_mm3 / 1000.0:.2f} mL after"
    )
    return "resampled", text


def _tumour(
    case: Case, entry: TumourFile, grid: Grid, other: str, reference: Reference | None
) -> tuple[Mask, list[Note]]:
    path = resolve(case.folder, entry.file, "imaging.tumour.file")
    own, mask, notes = read_tumour(path, entry.file, entry.segment, grid, reference)
    if same_voxels(own, grid):
        return mask, [*notes, *rounding_note(own, grid, entry.file, other)]
    refuse_other_space(mask, own, grid, entry.file, other)
    moved = to_grid(mask.view(np.uint8), own, grid).view(np.bool_)
    if not moved.any():
        message = f"no voxel of {other} has its centre in the tumour"
        raise LabelError(message, file=entry.file, field="grid", hint="use labels with finer voxels")
    before = np.count_nonzero(mask) * own.affine.voxel_volume_mm3
    after = np.count_nonzero(moved) * grid.affine.voxel_volume_mm3
    return moved, [*notes, _moved_note(entry.file, other, before, after)]


def find_scan(path: Path, files: ImagingFiles) -> Scan | None:
    """The series of DICOM that is the case's image; None when the image is of another format."""
    file = files.image or ""
    if path.is_file() and (ending_of(path.name) is not None or not looks_like_dicom(path)):
        if files.series is not None:
            hint = "leave series out"
            raise CaseError("only a folder of DICOM holds series", file=file, field="imaging.series", hint=hint)
        return None
    scan = choose(find_series(path, file), files.series)
    said = scan.series.modality
    if files.modality not in (said.lower(), None):
        message = f"the case says {files.modality}, the series is {said}"
        raise CaseError(message, file=file, field="imaging.modality", hint="which of the two is meant?")
    return scan


def _image(
    raw: RawImage, file: str, modality: str | None, labels: LabelMap, labels_file: str
) -> tuple[Volume, list[Note]]:
    stored, grid = closest_ras(raw.stored, raw.matrix, file)
    if not grid.same_as(labels.grid):
        try:
            refuse_other_space(
                labels.values != 0, labels.grid, grid, file, labels_file, "the labelled voxels lie in it"
            )
        except SpaceMismatch as error:
            raise SpaceMismatch(error.message, file=file, field="grid", hint="were the labels made on it?") from None
    low = float(stored.min()) * raw.slope + raw.intercept
    if stored.dtype.kind == "f" and not np.isfinite([low, stored.max()]).all():
        raise ImageError("holds NaN or infinite values", file=file, field="voxel values")
    notes = list(raw.notes)
    if modality == "ct" and low > HIGHEST_AIR_HU:
        text = f"{file}: its lowest value is {low:.0f}, so air is not about -1000 HU: masked, windowed or no CT"
        notes.append(("air-not-minus-1000", text))
    return Volume(stored, grid, raw.slope, raw.intercept), notes
