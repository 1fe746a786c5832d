"""Pixel data into arrays: where it lies in the file, and how its bits are meant."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError
from enbloc.images.dicom.header import DicomFile, Header, damage
from enbloc.images.dicom.syntax import SYNTAXES, Pixels, Syntax, damaged, decode
from enbloc.images.limits import refuse_size

IMPLICIT = "1.2.840.10008.1.2"
_UNDEFINED = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class PixelForm:
    """One frame's size and the meaning of its bits, alike in every file of a series."""

    rows: int
    columns: int
    allocated: int
    stored: int
    signed: bool

    @property
    def dtype(self) -> np.dtype[np.generic]:
        return np.dtype(f"{'i' if self.signed else 'u'}{self.allocated // 8}")

    @property
    def frame_bytes(self) -> int:
        return self.rows * self.columns * self.allocated // 8


def form_of(header: Header) -> PixelForm:
    """Raises ImageError for anything but one channel of whole numbers where dark is low."""
    file = header.file
    said = header.text("PhotometricInterpretation")
    if said != "MONOCHROME2" or header.whole("SamplesPerPixel") not in (1, None):
        message = "is MONOCHROME1, so bright means little" if said == "MONOCHROME1" else "is no plain grey image"
        hint = "export the original series, not a picture of it"
        raise ImageError(message, file=file, field="PhotometricInterpretation", hint=hint)
    form = PixelForm(
        header.needed("Rows"),
        header.needed("Columns"),
        header.needed("BitsAllocated"),
        header.needed("BitsStored"),
        header.needed("PixelRepresentation") == 1,
    )
    high = header.whole("HighBit")
    if form.allocated not in (8, 16) or not 1 <= form.stored <= form.allocated or high not in (form.stored - 1, None):
        message = f"{form.stored} of {form.allocated} bits up to bit {high} are not read"
        raise ImageError(message, file=file, field="BitsAllocated", hint="8 and 16 bits are")
    if form.rows < 1 or form.columns < 1:
        raise ImageError(f"has no pixels, {form.rows} x {form.columns}", file=file, field="Rows")
    refuse_size(form.frame_bytes, file, "Rows")
    return form


def read_into(file: DicomFile, form: PixelForm, targets: Mapping[int, Pixels]) -> None:
    """Fills each array (rows x columns of `form.dtype`, contiguous) with the frame of its number, bits as meant."""
    syntax = SYNTAXES[file.syntax]
    with file.opened() as stream:
        if syntax.coding == "native":
            start = native_start(stream, file, file.frames * form.frame_bytes)
            for number, target in targets.items():
                _read_native(stream, start + number * form.frame_bytes, target, syntax, file.header.file)
        else:
            for number, data in enumerate(compressed_frames(stream, file)):
                if number in targets:
                    _read_compressed(data, form, targets[number], syntax, file.header.file)
    for target in targets.values():
        _fix_bits(target, form)


def native_start(stream: BinaryIO, file: DicomFile, n_bytes: int) -> int:
    """Where `n_bytes` of uncompressed pixels begin. Raises ImageError unless the element holds just as many."""
    length, start = _element(stream, file)
    end = stream.seek(0, 2)
    if length not in (n_bytes, n_bytes + n_bytes % 2) or start + n_bytes > end:
        there = min(length, end - start)
        raise damaged(f"holds {there} bytes of pixels, the header declares {n_bytes}", file.header.file)
    return start


def _element(stream: BinaryIO, file: DicomFile) -> tuple[int, int]:
    """(declared length, first byte) of the pixel data."""
    name = file.header.file
    if file.pixels_at is None:
        raise damaged("is missing", name)
    stream.seek(file.pixels_at)
    order = SYNTAXES[file.syntax].order
    code = f"{order}4xI" if file.syntax == IMPLICIT else f"{order}8xI"
    head = stream.read(struct.calcsize(code))
    if len(head) < struct.calcsize(code):
        raise damaged("ends in its first bytes", name)
    return struct.unpack(code, head)[0], stream.tell()


def _read_native(stream: BinaryIO, start: int, target: Pixels, syntax: Syntax, file: str) -> None:
    stream.seek(start)
    view = memoryview(target.reshape(-1).view(np.uint8))  # type: ignore[arg-type]
    if stream.readinto(view) < len(view):  # type: ignore[attr-defined]
        raise damaged("ends too early", file)
    if syntax.order == ">":
        if target.dtype.itemsize == 1:
            raise ImageError("8-bit pixels in big endian order are not read", file=file, field="TransferSyntaxUID")
        target.byteswap(inplace=True)


def compressed_frames(stream: BinaryIO, file: DicomFile) -> Iterator[bytes]:
    """Each frame's fragments put together."""
    from pydicom.encaps import generate_frames

    length, _ = _element(stream, file)
    if length != _UNDEFINED:
        raise damaged("compressed pixels are not in fragments", file.header.file)
    count = file.frames
    made = 0
    try:
        for frame in generate_frames(stream, number_of_frames=count):
            yield frame
            made += 1
            if made == count:
                return
    except damage():
        raise damaged("the fragments of its frames are damaged", file.header.file) from None
    raise damaged(f"holds {made} frames, the header declares {count}", file.header.file)


def _read_compressed(data: bytes, form: PixelForm, target: Pixels, syntax: Syntax, file: str) -> None:
    pixels, bits = decode(data, syntax.coding, (form.rows, form.columns), np.dtype(f"u{form.dtype.itemsize}"), file)
    if pixels.dtype.itemsize > form.dtype.itemsize:
        raise damaged(f"a frame holds values of {bits} bits", file)
    if pixels.dtype.kind == "i" and not form.signed and int(pixels.min()) < 0:
        raise damaged("a frame holds negative values, the header says there are none", file)
    if pixels.dtype.kind == "u" and form.signed and bits < form.stored:
        raise damaged(f"signed values of {form.stored} bits lie in a frame of {bits} bits", file)
    target[...] = pixels.astype(form.dtype)


def _fix_bits(target: Pixels, form: PixelForm) -> None:
    """Only the stored bits count: what old writers kept above them is dropped, and the sign is carried up."""
    spare = form.allocated - form.stored
    if not spare:
        return
    whole: npt.NDArray[np.int16] = target  # type: ignore[assignment]
    if form.signed:
        np.left_shift(whole, spare, out=whole)
        np.right_shift(whole, spare, out=whole)
    else:
        np.bitwise_and(whole, whole.dtype.type((1 << form.stored) - 1), out=whole)
