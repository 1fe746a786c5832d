"""Bytes of plain or deflated files, never more than were asked for."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError

_INPUT = 1 << 16
_OUTPUT = 1 << 17
_WINDOW = {"gzip": 31, "deflate": 47}


class Stream:
    """Reads forwards only. `coding`: `raw`, `gzip`, or `deflate` (zlib or gzip wrapping, told apart by its first
    bytes).

    A deflated stream is inflated piece by piece into the caller's buffer, so a bomb is stopped at the size the header
    declared.
    """

    def __init__(self, file: BinaryIO, shown_as: str, coding: str) -> None:
        self._file = file
        self._shown_as = shown_as
        self._window = _WINDOW.get(coding)
        self._inflater = None if self._window is None else zlib.decompressobj(self._window)
        self._pending = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, n_bytes: int) -> bytes:
        """`n_bytes`, or fewer at the end."""
        buffer = bytearray(n_bytes)
        return bytes(buffer[: self.fill(memoryview(buffer))])

    def fill(self, view: memoryview) -> int:
        """Fills `view` as far as the stream goes; returns how many bytes were filled."""
        filled = 0
        while filled < len(view):
            got = self._raw(view[filled:]) if self._inflater is None else self._inflate(view[filled:])
            if not got:
                break
            filled += got
        return filled

    def skip(self, n_bytes: int) -> int:
        """Reads over `n_bytes`; returns how many there were."""
        left = n_bytes
        while left and (got := len(self.read(min(left, _OUTPUT)))):
            left -= got
        return n_bytes - left

    def _raw(self, view: memoryview) -> int:
        return self._file.readinto(view)  # type: ignore[attr-defined, no-any-return]

    def _inflate(self, view: memoryview) -> int:
        while True:
            assert self._inflater is not None
            if self._inflater.eof and not self._next_member():
                return 0
            fed = self._pending or self._file.read(_INPUT)
            if not fed:
                raise ImageError(
                    "the compressed data end too early",
                    file=self._shown_as,
                    field="voxels",
                    hint="the file is cut short",
                )
            try:
                piece = self._inflater.decompress(fed, min(len(view), _OUTPUT))
            except zlib.error:
                raise ImageError("the compressed data are damaged", file=self._shown_as, field="voxels") from None
            self._pending = self._inflater.unused_data if self._inflater.eof else self._inflater.unconsumed_tail
            if piece:
                view[: len(piece)] = piece
                return len(piece)

    def _next_member(self) -> bool:
        """Whether another gzip member follows (block-wise compressors write many); zero padding does not count."""
        if self._window != _WINDOW["gzip"]:
            return False
        rest = (self._pending or self._file.read(_INPUT)).lstrip(b"\0")
        if not rest:
            return False
        self._pending = rest
        self._inflater = zlib.decompressobj(_WINDOW["gzip"])
        return True


@contextmanager
def opened(path: Path, shown_as: str, coding: str, start: int = 0) -> Iterator[Stream]:
    """A stream on `path` from byte `start`; a file that cannot be opened is an ImageError."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise ImageError(f"cannot be opened: {error.strerror}", file=shown_as) from None
    with Stream(file, shown_as, coding) as stream:
        file.seek(start)
        yield stream


def read_array(
    stream: Stream, dtype: np.dtype[np.generic], shape: tuple[int, ...], file: str
) -> npt.NDArray[np.generic]:
    """An array in Fortran order (first index fastest) in the machine's byte order; exactly the declared number of
    bytes.

    Raises ImageError when the stream holds fewer or more.
    """
    count = int(np.prod(shape, dtype=np.int64))
    flat: npt.NDArray[np.generic] = np.empty(count, dtype=dtype)
    filled = stream.fill(memoryview(flat.view(np.uint8)))  # type: ignore[arg-type]
    if filled < flat.nbytes:
        message = f"holds {filled} bytes of voxels, the header declares {flat.nbytes}"
        raise ImageError(message, file=file, field="voxels", hint="the file is cut short")
    if stream.read(1):
        message = f"holds more than the {flat.nbytes} bytes of voxels that the header declares"
        raise ImageError(message, file=file, field="voxels", hint="the header and the data do not belong together")
    if not dtype.isnative:
        flat = flat.byteswap(inplace=True).view(dtype.newbyteorder("="))
    return flat.reshape(shape, order="F")
