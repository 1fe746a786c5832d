"""The image series in a folder of DICOM, or in one multi-frame file."""

from __future__ import annotations

import os
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enbloc.core.errors import ImageError
from enbloc.images.dicom.frames import PixelForm, form_of, native_start, read_into
from enbloc.images.dicom.header import DIRECTORY, DicomFile, Header, NotDicom, quiet, read_dicom
from enbloc.images.dicom.lattice import Lattice, Slice, fit_lattice, slice_of
from enbloc.images.dicom.reference import Reference
from enbloc.images.dicom.syntax import SYNTAXES, Pixels, syntax_of
from enbloc.images.limits import MOST_FILES, refuse_size
from enbloc.images.raw import LPS_TO_RAS, Note, RawImage
from enbloc.images.space import SQUARE_DEG

IMAGES = ("CT", "MR")
NOTED_SHIFT_MM = 0.01
AIR_HU = -1024.0
TISSUE_HU = (-1024.0, 3071.0)
"""What twelve bits hold; a padding value outside of it is nobody's."""
_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Scale:
    """value = stored * slope + intercept."""

    slope: float
    intercept: float


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Files that belong together, in the order of their names. `number` is what the case may ask for."""

    number: int | None
    modality: str
    files: tuple[DicomFile, ...]

    @property
    def n_slices(self) -> int:
        return sum(file.frames for file in self.files)


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """What a folder (or file) holds: `series` of images, and what is `ignored`, counted by reason."""

    file: str
    series: tuple[Series, ...]
    ignored: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """The series that is the image, out of its source, with what objects drawn on it refer to."""

    source: Source
    series: Series
    reference: Reference


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """Every slice of a series: (file, number of the frame in it), where it lies, and its scale."""

    origin: tuple[tuple[int, int], ...]
    slices: tuple[Slice, ...]
    scales: tuple[Scale, ...]


def find_series(path: Path, file: str) -> Source:
    """Reads all headers below `path`, none of the pixels. Raises ImageError when a file is damaged."""
    paths = _files_below(path, file) if path.is_dir() else [path]
    ignored: Counter[str] = Counter()
    groups: dict[tuple[object, ...], list[DicomFile]] = {}
    for place, entry in enumerate(paths):
        shown = file if path.is_file() else f"{file} (file {place + 1} of {len(paths)} by name)"
        try:
            found = read_dicom(entry, shown)
        except NotDicom:
            ignored["no DICOM"] += 1
            continue
        reason = _no_slice(found)
        if reason:
            ignored[reason] += 1
        else:
            groups.setdefault(_key(found.header), []).append(found)
    series = [
        Series(files[0].header.whole("SeriesNumber"), files[0].header.text("Modality"), tuple(files))
        for files in groups.values()
    ]
    series.sort(key=lambda s: (s.number is None, s.number or 0, s.modality, -s.n_slices))
    return Source(file, tuple(series), tuple(f"{count} {reason}" for reason, count in sorted(ignored.items())))


def _files_below(folder: Path, file: str) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        found += [Path(place, name) for name in sorted(names)]
        if len(found) > MOST_FILES:
            raise ImageError(f"holds more than {MOST_FILES} files", file=file, field="folder", hint="copy one series")
    home = folder.resolve()
    if any(not entry.resolve().is_relative_to(home) for entry in found):
        raise ImageError("holds a link that leads out of it", file=file, field="folder")
    return sorted(entry for entry in found if entry.is_file())


def _no_slice(found: DicomFile) -> str | None:
    """Why the file is no slice of a CT or MR series; None when it is one."""
    header = found.header
    if header.text("SOPClassUID") == DIRECTORY:
        return "DICOMDIR"
    if header.text("SOPClassUID").startswith(_CAPTURE):
        return "secondary capture"
    if header.text("Modality") not in IMAGES or found.pixels_at is None:
        return "no CT or MR image"
    if "LOCALIZER" in header.texts("ImageType"):
        return "localiser"
    return None


def _key(header: Header) -> tuple[object, ...]:
    """Of the series; where its UID is missing or empty, what slices of one series share."""
    uid = header.text("SeriesInstanceUID")
    if uid:
        return (uid,)
    cosines = header.numbers("ImageOrientationPatient", 6)
    turned = None if cosines is None else tuple(np.round(cosines, 2) + 0.0)
    names = ("Modality", "Rows", "Columns", "FrameOfReferenceUID", "SeriesNumber")
    return (turned, *(header.text(name) for name in names))


def choose(source: Source, wanted: int | None) -> Scan:
    """The only series, or the one of that number. Raises ImageError that lists what is there."""
    listed = "; ".join(describe(series) for series in source.series)
    rest = f"ignored: {', '.join(source.ignored)}" if source.ignored else "the folder is empty"
    if not source.series:
        raise ImageError("holds no series of CT or MR slices", file=source.file, field="Modality", hint=rest)
    found = [series for series in source.series if wanted in (None, series.number)]
    if len(found) == 1:
        return Scan(source, found[0], _reference(found[0], source.file))
    if not found:
        message, hint = f"holds no series {wanted}", f"there is {listed}"
    else:
        message = f"holds {len(found)} series: {'; '.join(map(describe, found))}"
        numbers = [series.number for series in found]
        can = len(set(numbers)) == len(numbers) and None not in numbers
        hint = "say which with series = <number>" if can else "copy the one that is meant into a folder of its own"
    raise ImageError(message, file=source.file, field="imaging.series", hint=hint)


def describe(series: Series) -> str:
    """Number, modality, slices and the distance between them, in words."""
    number = "without a number" if series.number is None else str(series.number)
    try:
        step = _lattice(series, series.files[0].header.file)[1].matrix[:3, 2]
        distance = f"{np.linalg.norm(step):.3g} mm apart"
    except ImageError:
        distance = "not on one lattice"
    return f"{number} ({series.modality}, {series.n_slices} slices, {distance})"


def describe_fully(series: Series) -> str:
    """As `describe`, with pixels, transfer syntax and tilt, for people who look at what is there."""
    header = series.files[0].header
    names = sorted({SYNTAXES[f.syntax].name if f.syntax in SYNTAXES else "without a decoder" for f in series.files})
    try:
        frames, lattice = _lattice(series, header.file)
        pixel = " x ".join(f"{mm:.3g}" for mm in frames.slices[0].spacing_mm)
        place = f"pixels of {pixel} mm, sheared by {lattice.tilt_deg:.1f} degrees"
    except ImageError as error:
        place = f"{error.field}: {error.message}"
    return f"{describe(series)}, {header.text('Rows')} x {header.text('Columns')} {place}, {' and '.join(names)}"


def _lattice(series: Series, file: str) -> tuple[Frames, Lattice]:
    origin: list[tuple[int, int]] = []
    slices: list[Slice] = []
    scales: list[Scale] = []
    for place, found in enumerate(series.files):
        header = found.header
        shared = header.item("SharedFunctionalGroupsSequence")
        own = header.items("PerFrameFunctionalGroupsSequence")
        if found.frames != max(1, len(own)):
            message = f"declares {found.frames} frames, describes {len(own)}"
            raise ImageError(message, file=header.file, field="NumberOfFrames", hint="the header is damaged")
        for number in range(found.frames):
            groups = (own[number] if own else None, shared)
            origin.append((place, number))
            slices.append(slice_of(header, *groups))
            scales.append(_scale(header, series.modality, groups))
    size = series.files[0].header
    shape = size.needed("Rows"), size.needed("Columns")
    return Frames(tuple(origin), tuple(slices), tuple(scales)), fit_lattice(slices, shape, file)


def _scale(header: Header, modality: str, groups: tuple[Header | None, ...]) -> Scale:
    """CT without a rescale has no HU and is refused; in MR the stored numbers are as good as any."""
    items = [group.item("PixelValueTransformationSequence") for group in groups if group is not None]
    for source in (*items, header):
        if source is None:
            continue
        slope, intercept = source.number("RescaleSlope"), source.number("RescaleIntercept")
        if slope is not None and intercept is not None:
            if slope == 0.0:
                raise ImageError("is 0", file=header.file, field="RescaleSlope", hint="the header is damaged")
            return Scale(slope, intercept)
    if modality == "CT":
        raise ImageError("is missing, so the values are not HU", file=header.file, field="RescaleSlope")
    return Scale(1.0, 0.0)


def read_series(scan: Scan) -> RawImage:
    """All slices on one lattice, in one array of the stored type (float32 where the slices' scales differ)."""
    file, series = scan.source.file, scan.series
    form = _one_form(series, file)
    frames, lattice = _lattice(series, file)
    _refuse_small_files(series, form)
    n = len(frames.slices)
    refuse_size(n * form.frame_bytes, file, "Rows")
    stack = np.empty((n, form.rows, form.columns), form.dtype)
    padded = _read_stack(series, form, frames, lattice, stack)
    scale, stored, notes = _common_scale(stack, frames, lattice, form, file)
    notes = [*_notes(series, lattice, padded, file), *notes]
    if scan.source.ignored:
        notes.append(("files-ignored", f"{file}: not part of the series: {', '.join(scan.source.ignored)}"))
    matrix = LPS_TO_RAS @ lattice.matrix
    return RawImage(stored.transpose(2, 1, 0), matrix, scale.slope, scale.intercept, tuple(notes))


def _reference(series: Series, file: str) -> Reference:
    header = series.files[0].header
    uid = header.text("SeriesInstanceUID")
    return Reference(file, header.text("FrameOfReferenceUID"), frozenset([uid] if uid else []))


def _one_form(series: Series, file: str) -> PixelForm:
    """The pixel form that all files share; refuses what could show a name, or lies in another space."""
    first = series.files[0].header
    forms = {form_of(found.header) for found in series.files}
    if len(forms) > 1:
        shapes = sorted({f"{form.rows} x {form.columns}" for form in forms})
        message = f"holds slices of more than one shape or type: {', '.join(shapes)}"
        raise ImageError(message, file=file, field="Rows", hint="export one series alone")
    if len({found.header.text("FrameOfReferenceUID") for found in series.files}) > 1:
        raise ImageError("holds slices of more than one frame of reference", file=file, field="FrameOfReferenceUID")
    if any(found.header.text("BurnedInAnnotation") == "YES" for found in series.files):
        message = "is YES: the pixels may show who the patient is"
        raise ImageError(message, file=file, field="BurnedInAnnotation", hint="export the original slices")
    for found in series.files:
        syntax_of(found.syntax, found.header.file)
    return form_of(first)


def _refuse_small_files(series: Series, form: PixelForm) -> None:
    """Uncompressed files must hold all pixels that their headers declare, before an array is made for them."""
    for found in series.files:
        if SYNTAXES[found.syntax].coding == "native":
            with found.opened() as stream:
                native_start(stream, found, found.frames * form.frame_bytes)


def _read_stack(series: Series, form: PixelForm, frames: Frames, lattice: Lattice, stack: Pixels) -> int:
    """Fills the stack; returns how many pixels were padding."""
    targets: list[dict[int, Pixels]] = [{} for _ in series.files]
    for (place, number), at in zip(frames.origin, lattice.places, strict=True):
        targets[place][number] = stack[at]
    with quiet(), ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(lambda place: read_into(series.files[place], form, targets[place]), range(len(targets))):
            pass
    if series.modality != "CT":
        return 0
    padded = 0
    for (place, _), at, scale in zip(frames.origin, lattice.places, frames.scales, strict=True):
        padded += _pad(stack[at], _padding(series.files[place].header, form), scale)
    return padded


def _padding(header: Header, form: PixelForm) -> tuple[int, int] | None:
    """Lowest and highest stored number that stands for "outside of what was scanned"."""
    values = [_as_stored(header, name, form) for name in ("PixelPaddingValue", "PixelPaddingRangeLimit")]
    found = [value for value in values if value is not None]
    return (min(found), max(found)) if values[0] is not None else None


def _as_stored(header: Header, keyword: str, form: PixelForm) -> int | None:
    """The element's type is ambiguous (US or SS): its bits are taken, as the pixels' are."""
    value = header.value(keyword)
    if value is None:
        return None
    number = int.from_bytes(value[:2], "little") if isinstance(value, bytes) else header.needed(keyword)
    bits = number & ((1 << form.stored) - 1)
    return bits - (1 << form.stored) if form.signed and bits >> (form.stored - 1) else bits


def _pad(target: Pixels, limits: tuple[int, int] | None, scale: Scale) -> int:
    """Padding becomes air, unless its value could be tissue as well: some headers name 0 HU, and would punch holes."""
    if limits is None or any(TISSUE_HU[0] <= limit * scale.slope + scale.intercept <= TISSUE_HU[1] for limit in limits):
        return 0
    outside = np.greater_equal(target, limits[0]) & np.less_equal(target, limits[1])
    info = np.iinfo(target.dtype.str)
    target[outside] = min(max(round((AIR_HU - scale.intercept) / scale.slope), info.min), info.max)
    return int(np.count_nonzero(outside))


def _common_scale(
    stack: Pixels, frames: Frames, lattice: Lattice, form: PixelForm, file: str
) -> tuple[Scale, Pixels, list[Note]]:
    if len(set(frames.scales)) == 1:
        fits = form.dtype == np.uint16 and int(stack.max()) <= np.iinfo(np.int16).max
        return frames.scales[0], stack.view(np.int16) if fits else stack, []
    values = np.empty(stack.shape, np.float32)
    for at, scale in zip(lattice.places, frames.scales, strict=True):
        np.multiply(stack[at], scale.slope, out=values[at], casting="unsafe")
        values[at] += np.float32(scale.intercept)
    text = f"{file}: slices carry different rescale slopes; values are held as 32-bit floats"
    return Scale(1.0, 0.0), values, [("rescale-differs", text)]


def _notes(series: Series, lattice: Lattice, padded: int, file: str) -> list[Note]:
    notes: list[Note] = []
    if lattice.shift_mm > NOTED_SHIFT_MM:
        text = f"{file}: the worst slice lies {lattice.shift_mm:.2f} mm from its place in the regular grid"
        notes.append(("slice-shift", text))
    if lattice.tilt_deg > SQUARE_DEG:
        text = f"{file}: the slices are sheared by {lattice.tilt_deg:.1f} degrees (gantry tilt); no voxel was moved"
        notes.append(("gantry-tilt", text))
    if padded:
        notes.append(("padding", f"{file}: {padded} pixels outside of the scanned field are taken as air"))
    said = {found.header.text("LossyImageCompression") for found in series.files}
    may = any(SYNTAXES[found.syntax].lossy for found in series.files)
    if "01" in said or (may and said != {"00"}):
        notes.append(("lossy", f"{file}: was compressed with loss; small differences in value are not the patient's"))
    return notes
