"""MetaImage (.mha, or .mhd with its voxels beside it)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Array
from enbloc.images.limits import LARGEST_HEADER_BYTES, refuse_ratio, refuse_size
from enbloc.images.paths import beside
from enbloc.images.raw import LPS_TO_RAS, RawImage
from enbloc.images.stream import opened, read_array

_TYPES = {
    "MET_CHAR": "i1",
    "MET_UCHAR": "u1",
    "MET_SHORT": "i2",
    "MET_USHORT": "u2",
    "MET_INT": "i4",
    "MET_UINT": "u4",
    "MET_LONG_LONG": "i8",
    "MET_ULONG_LONG": "u8",
    "MET_FLOAT": "f4",
    "MET_DOUBLE": "f8",
}
_TRUE = ("true", "1", "yes")


def read_metaimage(path: Path, file: str) -> RawImage:
    """Reads `path`: positions and directions are LPS mm as ITK writes them; each triple of TransformMatrix is one
    index axis.
    """
    fields, data_at = _header(path, file)
    shape = _shape(fields, file)
    matrix = _matrix(fields, file)
    dtype = _dtype(fields, file)
    n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
    refuse_size(n_bytes, file, "DimSize")
    name = fields["ElementDataFile"]
    local = name.upper() == "LOCAL"
    if name.upper().startswith("LIST") or "%" in name:
        raise ImageError(
            "voxels in several files are not read", file=file, field="ElementDataFile", hint="save one .mha"
        )
    data = path if local else beside(path, name, file, "ElementDataFile")
    if fields.get("HeaderSize", "0") != "0":
        raise ImageError("a header before the voxels is not read", file=file, field="HeaderSize", hint="save one .mha")
    refuse_ratio(n_bytes, data, file, "DimSize")
    coding = "deflate" if _true(fields, "CompressedData") else "raw"
    with opened(data, file, coding, data_at if local else 0) as stream:
        return RawImage(read_array(stream, dtype, shape, file), matrix)


def _header(path: Path, file: str) -> tuple[dict[str, str], int]:
    """(fields, byte after the line ElementDataFile, which ends every header)."""
    with opened(path, file, "raw") as stream:
        start = stream.read(LARGEST_HEADER_BYTES)
    fields: dict[str, str] = {}
    at = 0
    while "ElementDataFile" not in fields:
        end = start.find(b"\n", at)
        line = start[at : end if end >= 0 else len(start)]
        key, equals, value = line.decode("utf-8", "replace").partition("=")
        if not equals or len(line) > 65536:
            raise ImageError(
                "is not a MetaImage header", file=file, field="header", hint="ElementDataFile was not found"
            )
        fields[key.strip()] = value.strip()
        at = end + 1 if end >= 0 else len(start)
    return fields, at


def _numbers(fields: Mapping[str, str], names: tuple[str, ...], count: int, file: str) -> Array:
    name = next((n for n in names if n in fields), None)
    if name is None:
        raise ImageError("is missing, so the place in the patient is unknown", file=file, field=names[0])
    try:
        numbers = np.array([float(x) for x in fields[name].split()])
    except ValueError:
        raise ImageError(f"{fields[name]!r} is no list of numbers", file=file, field=name) from None
    if numbers.size != count or not np.isfinite(numbers).all():
        raise ImageError(f"needs {count} finite numbers", file=file, field=name)
    return numbers


def _shape(fields: Mapping[str, str], file: str) -> tuple[int, int, int]:
    if fields.get("NDims") != "3":
        raise ImageError(f"is not three-dimensional: {fields.get('NDims', 'unknown')} axes", file=file, field="NDims")
    sizes = _numbers(fields, ("DimSize",), 3, file)
    if (sizes < 1).any() or (sizes != np.rint(sizes)).any():
        raise ImageError(f"has no voxels, its size is {fields['DimSize']!r}", file=file, field="DimSize")
    return int(sizes[0]), int(sizes[1]), int(sizes[2])


def _matrix(fields: Mapping[str, str], file: str) -> Array:
    if fields.get("DistanceUnits", "mm").lower() not in ("mm", "millimeter", "millimetre", "?"):
        raise ImageError("lengths are not in mm", file=file, field="DistanceUnits", hint="save the file in mm")
    axes = _numbers(fields, ("TransformMatrix", "Rotation", "Orientation"), 9, file).reshape(3, 3)
    spacing = _numbers(fields, ("ElementSpacing",), 3, file)
    matrix = np.eye(4)
    matrix[:3, :3] = (axes * spacing[:, np.newaxis]).T
    matrix[:3, 3] = _numbers(fields, ("Offset", "Position", "Origin"), 3, file)
    turned: Array = LPS_TO_RAS @ matrix
    return turned


def _dtype(fields: Mapping[str, str], file: str) -> np.dtype[np.generic]:
    if fields.get("BinaryData", "True").lower() not in _TRUE:
        raise ImageError("voxels written as text are not read", file=file, field="BinaryData")
    if fields.get("ElementNumberOfChannels", "1") != "1":
        raise ImageError("holds several channels", file=file, field="ElementNumberOfChannels", hint="save one volume")
    kind = fields.get("ElementType", "missing")
    if kind not in _TYPES:
        raise ImageError(f"element type {kind!r} is not read", file=file, field="ElementType")
    big = _true(fields, "BinaryDataByteOrderMSB") or _true(fields, "ElementByteOrderMSB")
    return np.dtype((">" if big else "<") + _TYPES[kind])


def _true(fields: Mapping[str, str], name: str) -> bool:
    return fields.get(name, "False").lower() in _TRUE
