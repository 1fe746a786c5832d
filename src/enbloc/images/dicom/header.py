"""The few elements of a DICOM file that are looked at. Everything else, private or identifying, is passed over."""

from __future__ import annotations

import logging
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Array
from enbloc.images.limits import LARGEST_ARRAY_BYTES, LARGEST_DEFLATED_BYTES

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ALLOWED = (
    "SpecificCharacterSet", "ImageType", "SOPClassUID", "Modality", "SeriesInstanceUID", "SeriesNumber",
    "ImagePositionPatient", "ImageOrientationPatient", "FrameOfReferenceUID", "SamplesPerPixel",
    "PhotometricInterpretation", "NumberOfFrames", "Rows", "Columns", "PixelSpacing", "BitsAllocated", "BitsStored",
    "HighBit", "PixelRepresentation", "PixelPaddingValue", "PixelPaddingRangeLimit", "BurnedInAnnotation",
    "RescaleIntercept", "RescaleSlope", "LossyImageCompression", "SharedFunctionalGroupsSequence",
    "PerFrameFunctionalGroupsSequence", "ReferencedSeriesSequence", "SegmentationType", "SegmentationFractionalType",
    "MaximumFractionalValue", "SegmentSequence", "ReferencedFrameOfReferenceSequence", "StructureSetROISequence",
    "ROIContourSequence",
)  # fmt: skip
"""The only elements of a data set that are read; of the sequences among them, only what the code asks for by name."""

NATIVE_LITTLE, DEFLATED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99"
_PREAMBLE = 132
_META_LENGTH_END = 144


class NotDicom(Exception):
    """The file does not begin as a DICOM file does."""


@dataclass(frozen=True, slots=True, eq=False)
class Header:
    """The allowed elements of one data set, or of one item of a sequence. `file` is how errors name it.

    No method returns text that errors or notes may quote, but the names that users gave to segments.
    """

    file: str
    elements: Dataset = field(repr=False)

    def value(self, keyword: str) -> Any:
        """As pydicom converts it; None where it is missing or empty."""
        try:
            with quiet():
                found = self.elements.get(keyword)
        except damage():
            raise ImageError("cannot be read", file=self.file, field=keyword, hint="the file is damaged") from None
        return None if found is None or found == "" else found

    def text(self, keyword: str) -> str:
        found = self.value(keyword)
        return "" if found is None else str(found).strip(" \0")

    def texts(self, keyword: str) -> tuple[str, ...]:
        found = self.value(keyword)
        if found is None:
            return ()
        return (found,) if isinstance(found, str) else tuple(map(str, found))

    def numbers(self, keyword: str, count: int) -> Array | None:
        """`count` finite numbers; None where the element is missing or empty."""
        found = self.value(keyword)
        if found is None:
            return None
        try:
            numbers = np.atleast_1d(np.array(found, dtype=np.float64))
        except (TypeError, ValueError):
            numbers = np.array([np.nan])
        if numbers.shape != (count,) or not np.isfinite(numbers).all():
            said = "a finite number" if count == 1 else f"{count} finite numbers"
            raise ImageError(f"is not {said}", file=self.file, field=keyword, hint="the header is damaged")
        return numbers

    def number(self, keyword: str) -> float | None:
        found = self.numbers(keyword, 1)
        return None if found is None else float(found[0])

    def whole(self, keyword: str) -> int | None:
        found = self.number(keyword)
        if found is not None and found != int(found):
            raise ImageError("is no whole number", file=self.file, field=keyword, hint="the header is damaged")
        return None if found is None else int(found)

    def needed(self, keyword: str) -> int:
        """A whole number that must be there."""
        found = self.whole(keyword)
        if found is None:
            raise ImageError("is missing", file=self.file, field=keyword, hint="the header is damaged")
        return found

    def decimals(self, keyword: str) -> Array:
        """Any number of finite numbers written as text; without an object for each, as contours hold many."""
        raw = getattr(self.elements.get_item(keyword), "value", None)
        try:
            numbers = np.array(raw.split(b"\\") if isinstance(raw, bytes) else raw, dtype=np.float64).reshape(-1)
        except (TypeError, ValueError):
            numbers = np.array([np.nan])
        if not np.isfinite(numbers).all():
            raise ImageError("are not finite numbers", file=self.file, field=keyword, hint="the file is damaged")
        return numbers

    def items(self, keyword: str) -> tuple[Header, ...]:
        from pydicom.sequence import Sequence

        found = self.value(keyword)
        if found is None:
            return ()
        if not isinstance(found, Sequence):
            raise ImageError("is no sequence", file=self.file, field=keyword, hint="the header is damaged")
        return tuple(Header(self.file, item) for item in found)

    def item(self, keyword: str) -> Header | None:
        """The first item."""
        found = self.items(keyword)
        return found[0] if found else None


@dataclass(frozen=True, slots=True, eq=False)
class DicomFile:
    """A file whose header was read. `pixels_at`: where the element of the pixel data begins; None when there is none.

    `frames` is the number it declares. `content` holds the data set of a deflated file, inflated; all others are read
    from `path`.
    """

    path: Path
    header: Header
    syntax: str
    frames: int
    pixels_at: int | None
    content: bytes | None

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        if self.content is not None:
            yield BytesIO(self.content)
            return
        try:
            stream = self.path.open("rb")
        except OSError as error:
            raise ImageError(f"cannot be opened: {error.strerror}", file=self.header.file, field="file") from None
        with stream:
            yield stream


def looks_like_dicom(path: Path) -> bool:
    """By the first bytes: the mark at byte 128, or the first group of a data set without it."""
    try:
        with path.open("rb") as stream:
            start = stream.read(_PREAMBLE)
    except OSError:
        return False
    return start[128:] == b"DICM" or (len(start) == _PREAMBLE and start[:2] in (b"\x02\0", b"\x08\0") and start[3] == 0)


def read_dicom(path: Path, file: str) -> DicomFile:
    """The header of one file. Raises NotDicom, or ImageError when it is damaged."""
    if not looks_like_dicom(path):
        raise NotDicom
    if path.stat().st_size > LARGEST_ARRAY_BYTES:
        hint = "export the spine alone"
        raise ImageError("is larger than the 2 GiB that are read", file=file, field="size", hint=hint)
    from pydicom import dcmread

    try:
        with path.open("rb") as stream, quiet():
            if DEFLATED.encode() in stream.read(4096):
                return _deflated(path, file)
            stream.seek(0)
            elements = dcmread(stream, stop_before_pixels=True, specific_tags=list(_tags()), force=True)
            at = stream.tell()
            meta = elements.file_meta
            syntax = str(meta.get("TransferSyntaxUID", ""))
            if str(meta.get("MediaStorageSOPClassUID", "")) == DIRECTORY:
                elements.SOPClassUID = DIRECTORY
            del elements.file_meta
            there = stream.seek(at) == at and stream.read(4) in (b"\xe0\x7f\x10\0", b"\x7f\xe0\0\x10")
    except damage():
        raise ImageError("cannot be read as DICOM", file=file, field="header", hint="the file is damaged") from None
    if not syntax:
        implicit = elements.original_encoding[0]
        syntax = "1.2.840.10008.1.2" if implicit or implicit is None else NATIVE_LITTLE
    return _file(path, Header(file, elements), syntax, at if there else None, None)


DIRECTORY = "1.2.840.10008.1.3.10"


def _deflated(path: Path, file: str) -> DicomFile:
    """The data set behind the meta information is inflated here, never more of it than is allowed."""
    from pydicom.filereader import read_dataset, read_file_meta_info

    meta = read_file_meta_info(path)
    data = path.read_bytes()[_META_LENGTH_END + int(meta.FileMetaInformationGroupLength) :]
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    content = inflater.decompress(data, LARGEST_DEFLATED_BYTES)
    if inflater.unconsumed_tail:
        message = f"inflates to more than the {LARGEST_DEFLATED_BYTES >> 20} MiB that are read"
        raise ImageError(message, file=file, field="deflated data", hint="store it without compression")
    if not inflater.eof:
        raise ImageError("the deflated data end too early", file=file, field="deflated data", hint="it is cut short")
    stream = BytesIO(content)
    elements = read_dataset(
        stream, False, True, stop_when=lambda tag, *_: tag >= _PIXEL_GROUP, specific_tags=list(_tags())
    )
    at = stream.tell()
    there = content[at : at + 4] == b"\xe0\x7f\x10\0"
    return _file(path, Header(file, elements), NATIVE_LITTLE, at if there else None, content)


def _file(path: Path, header: Header, syntax: str, pixels_at: int | None, content: bytes | None) -> DicomFile:
    count = header.whole("NumberOfFrames")
    if count is not None and not 0 <= count <= LARGEST_ARRAY_BYTES:
        raise ImageError("is not possible", file=header.file, field="NumberOfFrames", hint="the header is damaged")
    return DicomFile(path, header, syntax, count or 1, pixels_at, content)


_PIXEL_GROUP = 0x7FE00000


@cache
def _tags() -> tuple[Any, ...]:
    from pydicom.tag import Tag

    return tuple(map(Tag, ALLOWED))


@cache
def damage() -> tuple[type[Exception], ...]:
    """What pydicom raises on damaged files, as far as fuzzing it has shown."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return (
        ArithmeticError, AssertionError, AttributeError, BytesLengthException, EOFError, InvalidDicomError, LookupError,
        MemoryError, OSError, RuntimeError, TypeError, ValueError, struct.error, zlib.error,
    )  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    """pydicom quotes values in warnings and log lines: none of them may be seen, or become an error."""
    log = logging.getLogger("pydicom")
    was, log.disabled = log.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.disabled = was
