"""Transfer syntaxes: what each is called, and how one compressed frame becomes an array."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError

Pixels = npt.NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Syntax:
    """`coding` is a key of the decoders, or `native`. `lossy`: it may have lost something."""

    name: str
    coding: str
    order: str = "<"
    lossy: bool = False


_BASE = "1.2.840.10008.1.2"
SYNTAXES = {
    _BASE: Syntax("implicit little endian", "native"),
    f"{_BASE}.1": Syntax("explicit little endian", "native"),
    f"{_BASE}.1.99": Syntax("deflated", "native"),
    f"{_BASE}.2": Syntax("big endian", "native", ">"),
    f"{_BASE}.5": Syntax("RLE", "rle"),
    f"{_BASE}.8.1": Syntax("deflated frames", "deflate"),
    f"{_BASE}.4.50": Syntax("JPEG baseline", "jpeg", lossy=True),
    f"{_BASE}.4.51": Syntax("JPEG extended", "jpeg", lossy=True),
    f"{_BASE}.4.57": Syntax("JPEG lossless", "jpeg"),
    f"{_BASE}.4.70": Syntax("JPEG lossless, first order", "jpeg"),
    f"{_BASE}.4.80": Syntax("JPEG-LS lossless", "jpeg-ls"),
    f"{_BASE}.4.81": Syntax("JPEG-LS near-lossless", "jpeg-ls", lossy=True),
    f"{_BASE}.4.90": Syntax("JPEG 2000 lossless", "jpeg-2000"),
    f"{_BASE}.4.91": Syntax("JPEG 2000", "jpeg-2000", lossy=True),
}


def syntax_of(uid: str, file: str) -> Syntax:
    """Raises ImageError for a syntax without decoder, named where the standard names it."""
    if uid in SYNTAXES:
        return SYNTAXES[uid]
    from pydicom.uid import AllTransferSyntaxes

    said = next((known.name for known in AllTransferSyntaxes if known == uid), "an unknown transfer syntax")
    hint = "export it uncompressed, as JPEG 2000, JPEG-LS, lossless JPEG or RLE"
    raise ImageError(f"there is no decoder for {said}", file=file, field="TransferSyntaxUID", hint=hint)


def decode(
    data: bytes, coding: str, shape: tuple[int, int], dtype: np.dtype[np.generic], file: str
) -> tuple[Pixels, int]:
    """(one frame, unsigned or signed as its codec gives it; bits of its values). Never more pixels than `shape` has.

    The codestream's own size is compared with the header before a codec sees it: a lie would make codecs allocate
    gigabytes. A stream that does not end as it must is refused, because codecs fill the rest with zeros, or hang.
    """
    if coding == "rle":
        return _rle(data, shape, dtype, file), 8 * dtype.itemsize
    if coding == "deflate":
        return _deflated(data, shape, dtype, file), 8 * dtype.itemsize
    data = data.rstrip(b"\0")
    if not data.endswith(b"\xff\xd9"):
        raise damaged("a compressed frame has no end", file)
    try:
        found = _size_j2k(data) if coding == "jpeg-2000" else _size_jpeg(data)
    except (struct.error, IndexError):
        found = None
    if found is None:
        raise damaged("a compressed frame does not begin as its syntax asks", file)
    rows, columns, components, bits = found
    if (rows, columns) != shape or components != 1:
        message = (
            f"a frame holds {rows} x {columns} pixels of {components} channels, the header {shape[0]} x {shape[1]}"
        )
        raise damaged(message, file)
    import imagecodecs

    codec = {
        "jpeg": imagecodecs.jpeg_decode,
        "jpeg-ls": imagecodecs.jpegls_decode,
        "jpeg-2000": imagecodecs.jpeg2k_decode,
    }[coding]
    try:
        pixels: Pixels = codec(data)
    except (RuntimeError, ValueError, MemoryError):  # every codec's own error is a RuntimeError
        raise damaged("a compressed frame cannot be decoded", file) from None
    if pixels.shape != shape:
        raise damaged(f"a frame decodes to shape {pixels.shape}", file)
    return pixels, bits


def damaged(message: str, file: str) -> ImageError:
    return ImageError(message, file=file, field="PixelData", hint="the file is damaged or cut short")


def _size_j2k(data: bytes) -> tuple[int, int, int, int] | None:
    """(rows, columns, components, bits) of the SIZ marker; None when there is none, or the image lies in many tiles."""
    at = data.find(b"\xff\x4f\xff\x51", 0, 1024)
    if at < 0:
        return None
    _, _, x, y, x0, y0, tile_x, tile_y, tile_x0, tile_y0, n = struct.unpack_from(">2H8IH", data, at + 4)
    if not tile_x or not tile_y or ((x - tile_x0) // tile_x + 1) * ((y - tile_y0) // tile_y + 1) > 4096:
        return None
    bits, *steps = data[at + 42 : at + 45]
    return (y - y0, x - x0, n, (bits & 0x7F) + 1) if steps == [1, 1] else None


def _size_jpeg(data: bytes) -> tuple[int, int, int, int] | None:
    """(rows, columns, components, bits) of the frame header of JPEG (SOF0, 1, 3) or JPEG-LS (SOF55)."""
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while data[at] == 0xFF and (marker := data[at + 1]) != 0xDA:
        length, bits, rows, columns, components = struct.unpack_from(">HBHHB", data, at + 2)
        if marker in (0xC0, 0xC1, 0xC3, 0xF7):
            return rows, columns, components, bits
        at += 2 + length
    return None


def _rle(data: bytes, shape: tuple[int, int], dtype: np.dtype[np.generic], file: str) -> Pixels:
    """PS3.5 annex G: a table of 16 numbers, then one PackBits segment per byte of a pixel, the highest byte first."""
    import imagecodecs

    n_bytes, n_pixels = dtype.itemsize, shape[0] * shape[1]
    if len(data) < 64:
        raise damaged("an RLE frame is too short", file)
    count, *starts = struct.unpack_from("<16I", data)
    if count != n_bytes:
        raise damaged(f"an RLE frame has {count} segments for pixels of {n_bytes} bytes", file)
    ends = [*starts[1:count], len(data)]
    planes = np.empty((n_pixels, n_bytes), np.uint8)
    for place, (start, end) in enumerate(zip(starts, ends, strict=False)):
        plane = np.zeros(n_pixels + 1, np.uint8)  # one more: a pad byte may follow
        try:
            filled = len(imagecodecs.packbits_decode(data[start:end], out=plane.data))
        except (RuntimeError, ValueError):
            raise damaged("an RLE segment cannot be decoded", file) from None
        if filled < n_pixels:
            raise damaged("an RLE segment ends too early", file)
        planes[:, n_bytes - 1 - place] = plane[:n_pixels]
    return planes.reshape(-1).view(dtype.newbyteorder("<")).reshape(shape)


def _deflated(data: bytes, shape: tuple[int, int], dtype: np.dtype[np.generic], file: str) -> Pixels:
    n_bytes = shape[0] * shape[1] * dtype.itemsize
    try:
        inflated = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, n_bytes + 1)
    except zlib.error:
        raise damaged("a deflated frame is damaged", file) from None
    if not n_bytes <= len(inflated) <= n_bytes + 1:
        raise damaged("a deflated frame holds another number of bytes than the header", file)
    return np.frombuffer(inflated[:n_bytes], dtype.newbyteorder("<")).reshape(shape)
