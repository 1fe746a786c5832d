"""Small case folders, written with nibabel and pynrrd, or byte by byte."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import nibabel as nib
import numpy as np

from enbloc.case import Case, read_case

AFFINE = np.array([[1.0, 0, 0, -10], [0, 1.5, 0, -20], [0, 0, 2.0, 5], [0, 0, 0, 1]])
SHAPE = (20, 24, 40)
FIELDS = {  # NIfTI-1 header: struct code and byte offset, from the standard's nifti1.h
    "sizeof_hdr": ("i", 0),
    "dim": ("8h", 40),
    "datatype": ("h", 70),
    "pixdim": ("8f", 76),
    "vox_offset": ("f", 108),
    "scl_slope": ("f", 112),
    "xyzt_units": ("B", 123),
    "qform_code": ("h", 252),
    "sform_code": ("h", 254),
    "quatern_b": ("f", 256),
    "srow_x": ("4f", 280),
    "srow_y": ("4f", 296),
    "magic": ("4s", 344),
}


def spine_labels(first: int = 20, step: int = 1) -> np.ndarray:
    """Five blocks stacked from the head down, numbered from `first`: VerSe L1-L5 by default. RAS axes."""
    values = np.zeros(SHAPE, dtype=np.uint8)
    for n in range(5):
        values[6:14, 8:16, 34 - 8 * n : 39 - 8 * n] = first + step * n
    return values


def tumour_mask() -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask[8:12, 10:14, 19:22] = 1
    return mask


def write_nifti(path: Path, values: np.ndarray, affine: np.ndarray = AFFINE, qform: bool = False) -> Path:
    image = nib.Nifti1Image(values, affine)
    image.set_sform(affine, 0 if qform else 1)
    image.set_qform(affine, 1 if qform else 0)
    image.header.set_xyzt_units("mm")
    nib.save(image, path)
    return path


def patch(path: Path, field: str, *numbers: object) -> None:
    """Overwrites one header field of an uncompressed NIfTI-1 file."""
    code, at = FIELDS[field]
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{code}", data, at, *numbers)
    path.write_bytes(data)


def regzip(path: Path) -> None:
    """Compresses `path` (x.nii) to x.nii.gz and removes it."""
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def write_case(
    folder: Path,
    labels: str | list[tuple[str, str]] = "spine.nii",
    *,
    scheme: str = "verse",
    image: str | None = None,
    tumour: str | None = None,
    segment: str | None = None,
    anchor: tuple[int, str] | None = None,
    modality: str | None = "ct",
    series: int | None = None,
) -> Case:
    lines = ['schema = "enbloc.case/1"', 'id = "made"', "[imaging]"]
    if modality:
        lines.append(f'modality = "{modality}"')
    if series is not None:
        lines.append(f"series = {series}")
    if image:
        lines.append(f'image = "{image}"')
    for file, name in [(labels, scheme)] if isinstance(labels, str) else labels:
        lines += ["[[imaging.labels]]", f'file = "{file}"', f'scheme = "{name}"']
    if anchor:
        lines += ["[imaging.anchor]", f"label = {anchor[0]}", f'level = "{anchor[1]}"']
    if tumour:
        lines += ["[imaging.tumour]", f'file = "{tumour}"']
    if segment:
        lines.append(f'segment = "{segment}"')
    (folder / "case.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_case(folder / "case.toml")


def cube_stl(
    path: Path, low: tuple[float, ...], high: tuple[float, ...], *, frame: str = "", open_: bool = False
) -> Path:
    """A box as binary STL: twelve triangles turned outwards; `open_` leaves one out."""
    corners = np.array([[(low, high)[b >> axis & 1][axis] for axis in range(3)] for b in range(8)], dtype=np.float32)
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    faces = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))][: 11 if open_ else 12]
    body = b"".join(struct.pack("<12fH", 0, 0, 0, *corners[list(face)].ravel(), 0) for face in faces)
    path.write_bytes(frame.encode().ljust(80, b" ") + struct.pack("<I", len(faces)) + body)
    return path


def mha(
    values: np.ndarray, lps: np.ndarray, kind: str, *, extra: str = "", data: bytes | None = None, file: str = "LOCAL"
) -> bytes:
    """A MetaImage: values indexed [x, y, z]; `lps` maps index to LPS mm. Written from the format's description."""
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    axes = (lps[:3, :3] / spacing).T
    header = (
        "ObjectType = Image\nNDims = 3\nBinaryData = True\n"
        f"{extra}TransformMatrix = {' '.join(map(repr, axes.ravel().tolist()))}\n"
        f"Offset = {' '.join(map(repr, lps[:3, 3].tolist()))}\n"
        f"ElementSpacing = {' '.join(map(repr, spacing.tolist()))}\n"
        f"DimSize = {' '.join(map(str, values.shape))}\nElementType = {kind}\nElementDataFile = {file}\n"
    )
    return header.encode() + (values.tobytes(order="F") if data is None else data)
