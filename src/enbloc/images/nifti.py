"""NIfTI-1 and NIfTI-2 in one file (.nii, .nii.gz)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Affine, Array
from enbloc.core.volume import Grid
from enbloc.images.limits import LARGEST_HEADER_BYTES, refuse_ratio, refuse_size
from enbloc.images.raw import Note, RawImage
from enbloc.images.stream import opened, read_array

_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_REFUSED = {32: "complex", 1792: "complex", 2048: "complex", 128: "RGB colour", 2304: "RGBA colour", 1: "single-bit"}
_UNITS = {1: "metres", 3: "microns"}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where the two editions keep what is read here: (struct code, byte offset)."""

    size: int
    magic: tuple[str, int]
    dim: tuple[str, int]
    datatype: tuple[str, int]
    pixdim: tuple[str, int]
    vox_offset: tuple[str, int]
    scale: tuple[str, int]
    units: tuple[str, int]
    codes: tuple[str, int]
    quaternion: tuple[str, int]
    srow: tuple[str, int]


_FIRST = _Layout(
    348, ("4s", 344), ("8h", 40), ("h", 70), ("8f", 76), ("f", 108), ("2f", 112), ("B", 123), ("2h", 252), ("6f", 256),
    ("12f", 280),
)  # fmt: skip
_SECOND = _Layout(
    540, ("8s", 4), ("8q", 16), ("h", 12), ("8d", 104), ("q", 168), ("2d", 176), ("i", 500), ("2i", 344), ("6d", 352),
    ("12d", 400),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Header:
    """The header's fields as numbers, nothing judged yet."""

    dim: tuple[int, ...]
    datatype: int
    pixdim: tuple[float, ...]
    data_at: float
    slope: float
    intercept: float
    units: int
    qform_code: int
    sform_code: int
    quaternion: tuple[float, ...]
    srow: tuple[float, ...]
    order: str


def read_nifti(path: Path, file: str) -> RawImage:
    """Reads `path`; raises ImageError naming `file` and the header field.

    Orientation: sform if its code > 0, else qform if its code > 0, else refused; where both are coded they must agree
    within half a voxel at the farthest corner. Trailing dimensions of 1 are dropped. Units other than mm (or unstated)
    are refused.
    """
    coding = "gzip" if path.name.lower().endswith(".gz") else "raw"
    with opened(path, file, coding) as stream:
        start = stream.read(_FIRST.size)
        second = start[:4] in (struct.pack("<i", _SECOND.size), struct.pack(">i", _SECOND.size))
        if second:
            start += stream.read(_SECOND.size - _FIRST.size)
        header = _parse(start, _SECOND if second else _FIRST, file)
        shape = _shape(header.dim, file)
        dtype = _dtype(header, file)
        _refuse_units(header.units, file)
        slope, intercept = _scale(header, file)
        matrix, notes = _orientation(header, shape, file)
        n_bytes = int(np.prod(shape, dtype=object)) * dtype.itemsize
        refuse_size(n_bytes, file, "dim")
        refuse_ratio(n_bytes, path, file, "dim")
        gap = _gap(header.data_at, len(start), file)
        if stream.skip(gap) < gap:
            raise ImageError("the file ends before its voxels begin", file=file, field="vox_offset")
        stored = read_array(stream, dtype, shape, file)
    return RawImage(stored, matrix, slope, intercept, notes)


def _parse(block: bytes, layout: _Layout, file: str) -> _Header:
    if len(block) < layout.size:
        raise ImageError("too short for a NIfTI header", file=file, field="header", hint="the file is cut short")
    order = next((o for o in "<>" if struct.unpack_from(f"{o}i", block)[0] == layout.size), None)
    if order is None:
        raise ImageError(
            "is not a NIfTI file", file=file, field="sizeof_hdr", hint="its first bytes are no NIfTI header"
        )

    def take(field: tuple[str, int]) -> tuple[float, ...]:
        return struct.unpack_from(order + field[0], block, field[1])

    magic = struct.unpack_from(layout.magic[0], block, layout.magic[1])[0]
    if magic[:3] in (b"ni1", b"ni2"):
        raise ImageError("is half of a .hdr/.img pair", file=file, field="magic", hint="save it as one .nii.gz file")
    if magic[:3] not in (b"n+1", b"n+2"):
        raise ImageError("has no NIfTI magic", file=file, field="magic", hint="ANALYZE files carry no orientation")
    codes, scale = take(layout.codes), take(layout.scale)
    return _Header(
        dim=tuple(int(n) for n in take(layout.dim)),
        datatype=int(take(layout.datatype)[0]),
        pixdim=take(layout.pixdim),
        data_at=take(layout.vox_offset)[0],
        slope=scale[0],
        intercept=scale[1],
        units=int(take(layout.units)[0]) & 0x07,
        qform_code=int(codes[0]),
        sform_code=int(codes[1]),
        quaternion=take(layout.quaternion),
        srow=take(layout.srow),
        order=order,
    )


def _shape(dim: tuple[int, ...], file: str) -> tuple[int, int, int]:
    if not 1 <= dim[0] <= 7:
        raise ImageError(f"declares {dim[0]} dimensions", file=file, field="dim", hint="the header is damaged")
    sizes = [*dim[1 : dim[0] + 1]]
    if any(n < 1 for n in sizes):
        raise ImageError(f"has no voxels, its shape is {tuple(sizes)}", file=file, field="dim")
    if len(sizes) < 3 or any(n != 1 for n in sizes[3:]):
        raise ImageError(f"is not three-dimensional, its shape is {tuple(sizes)}", file=file, field="dim",
                         hint="save the one volume that is meant")  # fmt: skip
    return sizes[0], sizes[1], sizes[2]


def _dtype(header: _Header, file: str) -> np.dtype[np.generic]:
    code = _TYPES.get(header.datatype)
    if code is None:
        kind = _REFUSED.get(header.datatype, f"type {header.datatype}")
        raise ImageError(
            f"holds {kind} voxels, which are not read", file=file, field="datatype", hint="save plain numbers"
        )
    return np.dtype(header.order + code)


def _gap(data_at: float, read: int, file: str) -> int:
    if not np.isfinite(data_at) or data_at < read or data_at != int(data_at):
        raise ImageError(f"voxels cannot begin at byte {data_at:g}", file=file, field="vox_offset")
    if data_at > read + 64 * LARGEST_HEADER_BYTES:
        raise ImageError(f"voxels begin at byte {data_at:g}, too far on", file=file, field="vox_offset")
    return int(data_at) - read


def _refuse_units(units: int, file: str) -> None:
    if units in (0, 2):
        return
    said = _UNITS.get(units, f"code {units}")
    hint = "many programs set this field wrongly, so nothing is guessed: save the file in mm"
    raise ImageError(f"says that its lengths are in {said}, not mm", file=file, field="xyzt_units", hint=hint)


def _scale(header: _Header, file: str) -> tuple[float, float]:
    """Slope 0 or NaN means none (the standard's 0, and what nibabel writes)."""
    if header.slope == 0.0 or np.isnan(header.slope):
        return 1.0, 0.0
    if not (np.isfinite(header.slope) and np.isfinite(header.intercept)):
        raise ImageError("rescale slope or intercept is not finite", file=file, field="scl_slope")
    return float(header.slope), float(header.intercept)


def _orientation(header: _Header, shape: tuple[int, int, int], file: str) -> tuple[Array, tuple[Note, ...]]:
    if header.sform_code <= 0 and header.qform_code <= 0:
        said = any(header.srow[:3] + header.srow[4:7] + header.srow[8:11])
        hint = (
            "an sform is written but its code is 0; set the code if it holds" if said else "save it with an orientation"
        )
        raise ImageError("does not say how it lies in the patient", file=file, field="sform_code", hint=hint)
    sform = _checked(_sform(header), file, "sform") if header.sform_code > 0 else None
    qform = _checked(_qform(header, file), file, "qform") if header.qform_code > 0 else None
    if sform is None:
        assert qform is not None
        return qform, ()
    if qform is None:
        return sform, ()
    grid = Grid(shape, Affine(sform))
    shift = grid.corner_shift_mm(Grid(shape, Affine(qform)))
    if shift > 0.5 * float(grid.spacing_mm.min()):
        message = f"qform and sform disagree by {shift:.2f} mm at the farthest corner"
        hint = "save it with one orientation; half a voxel is allowed"
        raise ImageError(message, file=file, field="qform/sform", hint=hint)
    return sform, ()


def _checked(matrix: Array, file: str, field: str) -> Array:
    try:
        return Affine(matrix).matrix
    except ValueError as error:
        raise ImageError(str(error), file=file, field=field, hint="the header is damaged") from None


def _sform(header: _Header) -> Array:
    return np.vstack([np.reshape(header.srow, (3, 4)), [0.0, 0.0, 0.0, 1.0]]).astype(np.float64)


def _qform(header: _Header, file: str) -> Array:
    """Rotation from the quaternion (a, b, c, d), a = sqrt(1 - b2 - c2 - d2); qfac = pixdim[0], 0 read as 1 (NIfTI-1
    standard).
    """
    b, c, d, *offset = header.quaternion
    squares = b * b + c * c + d * d
    size = np.array(header.pixdim[1:4])
    if not np.isfinite(squares) or squares > 1.0 + 1e-5:
        raise ImageError("quaternion is longer than 1", file=file, field="quatern_b", hint="the header is damaged")
    if not np.isfinite(size).all() or size.min() <= 0.0:
        raise ImageError(f"voxel sizes {size.tolist()} are not positive", file=file, field="pixdim")
    a = np.sqrt(max(0.0, 1.0 - squares))
    rotation = np.array(
        [
            [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
            [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
            [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
        ]
    )
    size[2] *= -1.0 if header.pixdim[0] < 0.0 else 1.0
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * size
    matrix[:3, 3] = offset
    return matrix
