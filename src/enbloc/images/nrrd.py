"""NRRD (.nrrd, .nhdr) and 3D Slicer's segmentations in it (.seg.nrrd)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Array
from enbloc.images.limits import LARGEST_HEADER_BYTES, refuse_ratio, refuse_size
from enbloc.images.paths import beside
from enbloc.images.raw import RawImage
from enbloc.images.segments import Binary, NamedSegments
from enbloc.images.stream import opened, read_array

_TYPES = {
    "i1": "signed char, int8, int8_t",
    "u1": "uchar, unsigned char, uint8, uint8_t",
    "i2": "short, short int, signed short, signed short int, int16, int16_t",
    "u2": "ushort, unsigned short, unsigned short int, uint16, uint16_t",
    "i4": "int, signed int, int32, int32_t",
    "u4": "uint, unsigned int, uint32, uint32_t",
    "i8": "longlong, long long, long long int, signed long long, signed long long int, int64, int64_t",
    "u8": "ulonglong, unsigned long long, unsigned long long int, uint64, uint64_t",
    "f4": "float",
    "f8": "double",
}
_CODES = {name: code for code, names in _TYPES.items() for name in names.split(", ")}
_SPACES = {
    "right-anterior-superior": (1, 1, 1),
    "ras": (1, 1, 1),
    "left-anterior-superior": (-1, 1, 1),
    "las": (-1, 1, 1),
    "left-posterior-superior": (-1, -1, 1),
    "lps": (-1, -1, 1),
}
_VECTOR = re.compile(r"none|\(([^()]*)\)")
_SEGMENT = re.compile(r"Segment(\d+)_(ID|Name|LabelValue|Layer)")


@dataclass(frozen=True, slots=True)
class Segment:
    """A named segment: the voxels of `layer` that equal `value`."""

    name: str
    id: str
    layer: int
    value: int


@dataclass(frozen=True, slots=True, eq=False)
class Nrrd:
    """`layers` has shape (n, i, j, k); n = 1 unless the file is a segmentation with overlaps. `segments` is empty for
    an image.

    `empty`: the one-voxel file by which 3D Slicer says that no segment holds anything.
    """

    layers: npt.NDArray[np.generic]
    matrix: Array
    segments: tuple[Segment, ...]
    empty: bool


def read_nrrd(path: Path, file: str) -> RawImage:
    """A file with one volume; raises ImageError for several."""
    nrrd = read_layers(path, file)
    if nrrd.layers.shape[0] != 1:
        hint = "name the segment, or save the segments without overlap"
        raise ImageError(f"holds {nrrd.layers.shape[0]} layers, not one volume", file=file, field="sizes", hint=hint)
    return RawImage(nrrd.layers[0], nrrd.matrix)


def read_layers(path: Path, file: str) -> Nrrd:
    """Reads header and voxels. Space LPS, LAS or RAS in mm; a file without a space is refused."""
    fields, keys, data_at = _header(path, file)
    sizes, spatial = _sizes(fields, file)
    matrix = _matrix(fields, spatial, file)
    dtype = _dtype(fields, file)
    n_bytes = int(np.prod(sizes, dtype=object)) * dtype.itemsize
    refuse_size(n_bytes, file, "sizes")
    data, start = _data_file(path, fields, data_at, file)
    coding = {"raw": "raw", "gzip": "gzip", "gz": "gzip"}.get(fields.get("encoding", "").lower())
    if coding is None:
        said = fields.get("encoding", "none")
        raise ImageError(f"encoding {said!r} is not read", file=file, field="encoding", hint="save it as raw or gzip")
    refuse_ratio(n_bytes, data, file, "sizes")
    with opened(data, file, coding, start) as stream:
        voxels = read_array(stream, dtype, sizes, file)
    if voxels.ndim == 3:
        voxels = voxels[np.newaxis]
    segments = _segments(keys, file)
    return Nrrd(voxels, matrix, segments, empty=bool(segments) and voxels.size == 1)


def named_segments(nrrd: Nrrd, file: str) -> NamedSegments:
    """The segments of a .seg.nrrd; raises ImageError when one lies in a layer that is asked for and not there."""

    def mask(place: int) -> Binary:
        segment = nrrd.segments[place]
        if not 0 <= segment.layer < nrrd.layers.shape[0]:
            message = f"segment {segment.name!r} lies in layer {segment.layer} of {nrrd.layers.shape[0]}"
            raise ImageError(message, file=file, field="SegmentN_Layer")
        found: Binary = nrrd.layers[segment.layer] == segment.value
        return found

    names = tuple((segment.name, segment.id) for segment in nrrd.segments)
    i, j, k = nrrd.layers.shape[1:]
    return NamedSegments(names, (i, j, k), nrrd.matrix, mask, nrrd.empty)


def _header(path: Path, file: str) -> tuple[dict[str, str], dict[str, str], int]:
    """(fields in lower case, key/value pairs, byte where attached data begin)."""
    with opened(path, file, "raw") as stream:
        start = stream.read(LARGEST_HEADER_BYTES)
    if not start.startswith(b"NRRD000"):
        raise ImageError("is not a NRRD file", file=file, field="magic", hint="its first bytes are no NRRD header")
    end = re.search(rb"\r?\n\r?\n", start)
    if end is None and len(start) == LARGEST_HEADER_BYTES:
        raise ImageError("its header does not end", file=file, field="header", hint="the file is damaged")
    text = start[: end.start() if end else len(start)].decode("utf-8", "replace")
    fields: dict[str, str] = {}
    keys: dict[str, str] = {}
    for line in text.splitlines()[1:]:
        if line.startswith("#"):
            continue
        key, colon, value = line.partition(":")
        if not colon:
            raise ImageError("a header line has no colon", file=file, field=line[:40] or "header")
        if value.startswith("="):
            keys[key] = value[1:]
        elif key.strip().lower() in fields:
            raise ImageError("is said twice", file=file, field=key.strip())
        else:
            fields[key.strip().lower()] = value.strip()
    return fields, keys, end.end() if end else len(start)


def _sizes(fields: Mapping[str, str], file: str) -> tuple[tuple[int, ...], list[int]]:
    """(sizes, the three axes that lie in space). One further axis may come first: the layers of a segmentation."""
    try:
        sizes = tuple(int(n) for n in fields["sizes"].split())
        dimension = int(fields["dimension"])
    except KeyError as error:
        raise ImageError("is missing", file=file, field=str(error.args[0])) from None
    except ValueError:
        raise ImageError("is no list of whole numbers", file=file, field="sizes") from None
    if len(sizes) != dimension or any(n < 1 for n in sizes):
        raise ImageError(f"sizes {fields['sizes']!r} do not describe {dimension} axes", file=file, field="sizes")
    if dimension == 3:
        return sizes, [0, 1, 2]
    kinds = fields.get("kinds", "").split()
    if dimension == 4 and kinds and (kinds[0] == "list" or sizes[0] == 1):
        return sizes, [1, 2, 3]
    raise ImageError(f"is not three-dimensional, its sizes are {sizes}", file=file, field="dimension")


def _matrix(fields: Mapping[str, str], spatial: list[int], file: str) -> Array:
    space = fields.get("space", "").lower()
    if space not in _SPACES:
        said = f"space {space!r} is none of LPS, LAS, RAS" if space else "does not say how it lies in the patient"
        raise ImageError(said, file=file, field="space", hint="save it from a program that writes the patient's axes")
    if any(unit.strip('"') != "mm" for unit in fields.get("space units", "").split()):
        raise ImageError("lengths are not in mm", file=file, field="space units", hint="save the file in mm")
    directions = _vectors(fields, "space directions", file)
    origin = _vectors(fields, "space origin", file)
    chosen = [directions[axis] if axis < len(directions) else None for axis in spatial]
    if len(directions) != len(spatial) + spatial[0] or any(v is None for v in chosen):
        raise ImageError("does not give a direction for each axis", file=file, field="space directions")
    if len(origin) != 1 or origin[0] is None:
        raise ImageError("is no point", file=file, field="space origin")
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(chosen, dtype=np.float64).T
    matrix[:3, 3] = origin[0]
    matrix[:3] *= np.array(_SPACES[space])[:, np.newaxis]
    return matrix


def _vectors(fields: Mapping[str, str], name: str, file: str) -> list[list[float] | None]:
    if name not in fields:
        raise ImageError(
            "is missing", file=file, field=name, hint="save it from a program that writes the patient's axes"
        )
    found: list[list[float] | None] = []
    for match in _VECTOR.finditer(fields[name]):
        if match[0] == "none":
            found.append(None)
            continue
        try:
            vector = [float(x) for x in match[1].split(",")]
        except ValueError:
            vector = []
        if len(vector) != 3:
            raise ImageError(f"{match[0]!r} is no vector of three numbers", file=file, field=name)
        # A list axis is written as `none` or, by 3D Slicer's writer, as a vector of NaN.
        found.append(None if np.isnan(vector).all() else vector)
    return found


def _dtype(fields: Mapping[str, str], file: str) -> np.dtype[np.generic]:
    code = _CODES.get(" ".join(fields.get("type", "").lower().split()))
    if code is None:
        raise ImageError(f"type {fields.get('type', 'missing')!r} is not read", file=file, field="type")
    if code.endswith("1"):
        return np.dtype(code)
    order = {"little": "<", "big": ">"}.get(fields.get("endian", "").lower())
    if order is None:
        raise ImageError("is missing, or neither little nor big", file=file, field="endian")
    return np.dtype(order + code)


def _data_file(path: Path, fields: Mapping[str, str], data_at: int, file: str) -> tuple[Path, int]:
    skips = [fields.get(name, fields.get(name.replace(" ", ""), "0")) for name in ("line skip", "byte skip")]
    if skips != ["0", "0"]:
        raise ImageError(
            "skipping lines or bytes before the voxels is not read", file=file, field="line skip/byte skip"
        )
    name = fields.get("data file", fields.get("datafile"))
    if name is None:
        return path, data_at
    if name.upper().startswith("LIST") or "%" in name:
        raise ImageError("voxels in several files are not read", file=file, field="data file", hint="save one file")
    return beside(path, name, file, "data file"), 0


def _segments(keys: Mapping[str, str], file: str) -> tuple[Segment, ...]:
    rows: dict[int, dict[str, str]] = {}
    for key, value in keys.items():
        match = _SEGMENT.fullmatch(key)
        if match:
            rows.setdefault(int(match[1]), {})[match[2]] = value.strip()
    try:
        return tuple(
            Segment(
                row.get("Name", row.get("ID", "")), row.get("ID", ""), int(row.get("Layer", 0)), int(row["LabelValue"])
            )
            for _, row in sorted(rows.items())
        )
    except (KeyError, ValueError):
        raise ImageError("a segment has no whole-number label value", file=file, field="SegmentN_LabelValue") from None
