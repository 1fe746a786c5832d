"""Label maps out: NIfTI with a name table beside it."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from enbloc.core.files import write_whole
from enbloc.core.volume import Grid
from enbloc.images.census import Labels

_LABEL_INTENT = 1002
_SCANNER = 1
_MM = 2
_CODES = {"u1": (2, 8), "u2": (512, 16)}


def write_labels(path: Path, values: Labels, grid: Grid, names: Mapping[int, str]) -> None:
    """Writes `path` (.nii.gz, sform and qform-free, RAS mm) and, beside it, the ITK-SNAP label description
    `<stem>.txt`.

    Both are written beside their place and renamed, so that no half file is ever there; the same arguments give the
    same bytes. Raises ValueError for values without a name.
    """
    unnamed = set(np.unique(values).tolist()) - {0} - set(names)
    if unnamed:
        raise ValueError(f"values without a name: {sorted(unnamed)}")
    header = _header(values, grid)
    plain = header + np.ascontiguousarray(values.transpose(2, 1, 0)).astype(values.dtype.newbyteorder("<")).tobytes()
    write_whole(path, gzip.compress(plain, compresslevel=6, mtime=0))
    stem = path.name.removesuffix(".gz").removesuffix(".nii")
    write_whole(path.with_name(f"{stem}.txt"), _description(names))


def _header(values: Labels, grid: Grid) -> bytes:
    """A NIfTI-1 header with the sform only: the qform cannot say sheared axes and would add a second truth."""
    code, bits = _CODES[values.dtype.str[1:]]
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *values.shape, 1, 1, 1, 1)
    struct.pack_into("<3h", header, 68, _LABEL_INTENT, code, bits)
    struct.pack_into("<8f", header, 76, 1.0, *grid.spacing_mm, 0.0, 0.0, 0.0, 0.0)
    struct.pack_into("<3f", header, 108, 352.0, 1.0, 0.0)
    header[123] = _MM
    struct.pack_into("<80s", header, 148, b"enbloc label map; names in the .txt file beside it")
    struct.pack_into("<2h", header, 252, 0, _SCANNER)
    struct.pack_into("<12f", header, 280, *grid.affine.matrix[:3].ravel())
    struct.pack_into("<4s", header, 344, b"n+1\0")
    return bytes(header)


def _description(names: Mapping[int, str]) -> str:
    """ITK-SNAP label description: index, red, green, blue, opacity, visible, mesh visible, name."""
    rows = ['    0     0    0    0        0  0  0    "Clear Label"']
    for value in sorted(names):
        red, green, blue = _colour(value)
        rows.append(f'{value:5d}   {red:3d}  {green:3d}  {blue:3d}        1  1  1    "{names[value]}"')
    return "\n".join(rows) + "\n"


def _colour(value: int) -> tuple[int, int, int]:
    """A colour far from its neighbours': hue turned by the golden angle from one value to the next."""
    turn = (value * 0.618033988749895) % 1.0 * 6.0
    rise = round(155 * (1.0 - abs(turn % 2.0 - 1.0))) + 80
    wheel = ((235, rise, 80), (rise, 235, 80), (80, 235, rise), (80, rise, 235), (rise, 80, 235), (235, 80, rise))
    return wheel[int(turn)]
