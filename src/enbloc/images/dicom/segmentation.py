"""DICOM SEG: named segments, each a mask on one lattice, decoded when it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Array
from enbloc.images.dicom.frames import PixelForm, native_start, read_into
from enbloc.images.dicom.header import DicomFile, Header
from enbloc.images.dicom.lattice import LATTICE_MM, SAME_PLACE_MM, Slice, lattice_at, normal_of, refuse_mixed, slice_of
from enbloc.images.dicom.reference import Reference
from enbloc.images.dicom.syntax import SYNTAXES, syntax_of
from enbloc.images.limits import refuse_size
from enbloc.images.raw import LPS_TO_RAS, Note
from enbloc.images.segments import Binary, NamedSegments

SEG = "SEG"
INSIDE_FRACTION = 0.5
KINDS = ("BINARY", "FRACTIONAL", "LABELMAP")


@dataclass(frozen=True, slots=True, eq=False)
class _Frames:
    """Of each frame: where it lies, its number along the normal, and the segment it belongs to (0 in a LABELMAP)."""

    places: tuple[int, ...]
    segments: tuple[int, ...]
    matrix: Array
    depth: int


def read_segmentation(found: DicomFile, file: str) -> tuple[NamedSegments, Reference]:
    """The segments of a SEG with what it refers to. A frame that is not there is empty; overlaps stay apart."""
    header = found.header
    kind = header.text("SegmentationType")
    if kind not in KINDS:
        raise ImageError("is not BINARY, FRACTIONAL or LABELMAP", file=file, field="SegmentationType")
    form = _form(header, kind)
    syntax_of(found.syntax, file)
    segments = [(row.needed("SegmentNumber"), row.text("SegmentLabel")) for row in header.items("SegmentSequence")]
    segments = [row for row in segments if row[0] != 0]  # 0 is the background of a LABELMAP
    if not segments:
        raise ImageError("holds no segment", file=file, field="SegmentSequence")
    if len({number for number, _ in segments}) < len(segments):
        raise ImageError("two segments have the same number", file=file, field="SegmentNumber")
    frames = _frames(found, form, kind)
    shape = form.columns, form.rows, frames.depth
    refuse_size(int(np.prod(shape, dtype=object)), file, "NumberOfFrames")
    _refuse_small_file(found, form, kind)
    notes: list[Note] = []
    if kind == "FRACTIONAL":
        notes.append(_fraction_note(header, file))
    named = NamedSegments(
        names=tuple((name, str(number)) for number, name in segments),
        shape=shape,
        matrix=LPS_TO_RAS @ frames.matrix,
        mask=_masks(found, form, kind, frames, [number for number, _ in segments]),
        notes=tuple(notes),
    )
    return named, _reference(header, file)


def _form(header: Header, kind: str) -> PixelForm:
    rows, columns = header.needed("Rows"), header.needed("Columns")
    form = PixelForm(rows, columns, header.needed("BitsAllocated"), header.needed("BitsStored"), signed=False)
    allowed = {"BINARY": (1,), "FRACTIONAL": (8,), "LABELMAP": (8, 16)}[kind]
    plain = form.stored == form.allocated and header.whole("SamplesPerPixel") in (1, None)
    if form.allocated not in allowed or not plain:
        raise ImageError(f"{form.allocated} bits do not fit {kind}", file=header.file, field="BitsAllocated")
    if form.rows < 1 or form.columns < 1:
        raise ImageError(f"has no pixels, {form.rows} x {form.columns}", file=header.file, field="Rows")
    return form


def _frames(found: DicomFile, form: PixelForm, kind: str) -> _Frames:
    header, file = found.header, found.header.file
    shared = header.item("SharedFunctionalGroupsSequence")
    own = header.items("PerFrameFunctionalGroupsSequence")
    if found.frames != len(own):
        message = f"declares {found.frames} frames, describes {len(own)}"
        raise ImageError(message, file=file, field="NumberOfFrames", hint="the header is damaged")
    slices = [slice_of(header, group, shared) for group in own]
    refuse_mixed(slices, (form.rows, form.columns), file)
    places, step = _places(slices, shared, own[0], file)
    lattice = lattice_at(slices, places, None if max(places) else step * normal_of(slices), file)
    numbers = (0,) * len(own) if kind == "LABELMAP" else tuple(_segment(group, shared) for group in own)
    if kind == "LABELMAP" and len(set(places)) < len(places):
        raise ImageError("two frames lie in one place", file=file, field="ImagePositionPatient")
    return _Frames(lattice.places, numbers, lattice.matrix, max(places) + 1)


def _segment(*groups: Header | None) -> int:
    for group in groups:
        item = None if group is None else group.item("SegmentIdentificationSequence")
        if item is not None:
            return item.needed("ReferencedSegmentNumber")
    file = next(group.file for group in groups if group is not None)
    raise ImageError("a frame does not say which segment it shows", file=file, field="SegmentIdentificationSequence")


def _places(slices: list[Slice], shared: Header | None, first: Header, file: str) -> tuple[list[int], float]:
    """(number of each frame along the normal, step in mm): the stated spacing of slices where every frame fits it, else
    the smallest distance between frames. The thickness of a slice is never taken for it.
    """
    heights = np.array([s.position_mm for s in slices]) @ normal_of(slices)
    heights = heights - heights.min()
    measures = [group.item("PixelMeasuresSequence") for group in (first, shared) if group is not None]
    stated = [abs(mm) for m in measures if m is not None and (mm := m.number("SpacingBetweenSlices")) is not None]
    apart = np.diff(np.sort(heights))
    smallest = [float(apart[apart > SAME_PLACE_MM].min())] if (apart > SAME_PLACE_MM).any() else []
    for step in [mm for mm in stated if mm > SAME_PLACE_MM] + smallest:
        places = np.rint(heights / step)
        if np.abs(heights - places * step).max() <= LATTICE_MM:
            return places.astype(int).tolist(), step
    if not smallest:
        hint = "it lies in one slice only"
        raise ImageError("is missing, so its depth is unknown", file=file, field="SpacingBetweenSlices", hint=hint)
    raise ImageError("frames do not lie on evenly spaced slices", file=file, field="ImagePositionPatient")


def _refuse_small_file(found: DicomFile, form: PixelForm, kind: str) -> None:
    if SYNTAXES[found.syntax].coding == "native":
        bits = found.frames * form.rows * form.columns * form.allocated
        with found.opened() as stream:
            native_start(stream, found, -(-bits // 8))
    elif kind == "BINARY" and SYNTAXES[found.syntax].coding != "deflate":
        name = SYNTAXES[found.syntax].name
        raise ImageError(f"single bits as {name} are not read", file=found.header.file, field="TransferSyntaxUID")


def _masks(
    found: DicomFile, form: PixelForm, kind: str, frames: _Frames, numbers: list[int]
) -> Callable[[int], Binary]:
    """The mask of a segment by its place in the list, in (column, row, slice) order."""
    if kind == "LABELMAP":
        stack = np.zeros((frames.depth, form.rows, form.columns), form.dtype)
        read_into(found, form, {number: stack[at] for number, at in enumerate(frames.places)})
        return lambda place: (stack == numbers[place]).transpose(2, 1, 0)
    least = INSIDE_FRACTION * (found.header.whole("MaximumFractionalValue") or 255) if kind == "FRACTIONAL" else 1

    def mask(place: int) -> Binary:
        inside = np.zeros((frames.depth, form.rows, form.columns), np.bool_)
        own = [n for n, segment in enumerate(frames.segments) if segment == numbers[place]]
        if kind == "BINARY":
            _read_bits(found, form, {n: inside[frames.places[n]] for n in own})
            return inside.transpose(2, 1, 0)
        buffers = {n: np.zeros((form.rows, form.columns), form.dtype) for n in own}
        read_into(found, form, buffers)
        for n, fraction in buffers.items():
            inside[frames.places[n]] |= fraction >= least
        return inside.transpose(2, 1, 0)

    return mask


def _read_bits(found: DicomFile, form: PixelForm, targets: dict[int, Binary]) -> None:
    """Bits lie one after the other through all frames, the lowest of each byte first; no frame begins on a byte."""
    n = form.rows * form.columns
    with found.opened() as stream:
        start = native_start(stream, found, -(-found.frames * n // 8))
        for number, target in targets.items():
            first, last = number * n // 8, -(-(number + 1) * n // 8)
            stream.seek(start + first)
            packed = np.frombuffer(stream.read(last - first), np.uint8)
            bits = np.unpackbits(packed, bitorder="little")[number * n - 8 * first :][:n]
            np.logical_or(target, bits.reshape(target.shape), out=target)


def _fraction_note(header: Header, file: str) -> Note:
    occupied = header.text("SegmentationFractionalType") == "OCCUPANCY"
    meaning = "share of the voxel that is occupied" if occupied else "probability"
    return "fractional", f"{file}: holds fractions ({meaning}); voxels of {INSIDE_FRACTION:.0%} and more are inside"


def _reference(header: Header, file: str) -> Reference:
    series = {row.text("SeriesInstanceUID") for row in header.items("ReferencedSeriesSequence")} - {""}
    return Reference(file, header.text("FrameOfReferenceUID"), frozenset(series))
