"""How much a file may ask for. A header that asks for more is refused before anything is allocated."""

from __future__ import annotations

from pathlib import Path

from enbloc.core.errors import ImageError

LARGEST_ARRAY_BYTES = 2 << 30
"""One array as stored in the file: 2 GiB, about ten times a 512 x 512 x 400 CT of 16 bits."""
LARGEST_HEADER_BYTES = 1 << 20
LARGEST_SURFACE_BYTES = 512 << 20
LARGEST_DEFLATED_BYTES = 512 << 20
"""A deflated DICOM file, inflated: such files hold single slices, or segments of many zeros."""
MOST_FILES = 20_000
"""Files in a folder of DICOM; a whole study has some thousand."""
LARGEST_DEFLATE_RATIO = 1032
"""A byte of a deflate stream cannot hold more bytes than this (258 bytes per two bits)."""


def refuse_size(n_bytes: int, file: str, field: str) -> None:
    if n_bytes > LARGEST_ARRAY_BYTES:
        gib = n_bytes / (1 << 30)
        raise ImageError(
            f"asks for {gib:.3g} GiB, more than the {LARGEST_ARRAY_BYTES >> 30} GiB that are read",
            file=file,
            field=field,
            hint="crop the image, or the header is damaged",
        )


def refuse_ratio(n_bytes: int, path: Path, file: str, field: str) -> None:
    """Refuses an array that no compressed file of this size could hold."""
    held = path.stat().st_size
    if n_bytes > held * LARGEST_DEFLATE_RATIO:
        message = f"the header declares {n_bytes} bytes of voxels, a file of {held} bytes cannot hold them"
        raise ImageError(message, file=file, field=field, hint="the file is damaged or cut short")
