"""Closed surfaces (STL, OBJ) to a mask."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Array
from enbloc.core.volume import Grid, Mask
from enbloc.images.limits import LARGEST_SURFACE_BYTES
from enbloc.images.raw import Note

SURFACE_ENDINGS = (".stl", ".obj")
SPACE_HINT = "write SPACE=RAS or SPACE=LPS into its header"
SMALLEST_MM, LARGEST_MM = 1.0, 600.0
"""Extent of a surface along its longest side outside of which its unit cannot be mm."""

_SPACE = re.compile(rb"SPACE\s*=\s*(RAS|LPS)", re.IGNORECASE)
Triangles = npt.NDArray[np.float64]


def is_surface(name: str) -> bool:
    return name.lower().endswith(SURFACE_ENDINGS)


def read_surface(path: Path, file: str) -> tuple[Triangles, str]:
    """(corner points of each triangle in RAS mm, shape (n, 3, 3); frame it was written in).

    STL and OBJ carry neither frame nor unit: mm and LPS are taken, as 3D Slicer writes them, unless `SPACE=RAS` stands
    in the STL header or in a comment of the OBJ. Raises ImageError for damaged, open or self-overlapping surfaces and
    for sizes that cannot be mm.
    """
    if path.stat().st_size > LARGEST_SURFACE_BYTES:
        raise ImageError("is larger than 512 MiB", file=file, field="size", hint="reduce the number of triangles")
    data = path.read_bytes()
    triangles, frame = _obj(data, file) if file.lower().endswith(".obj") else _stl(data, file)
    if not len(triangles):
        raise ImageError("holds no triangle", file=file, field="triangles")
    if not np.isfinite(triangles).all():
        raise ImageError("a point is not finite", file=file, field="vertices")
    _refuse_unit(triangles, file)
    _refuse_open(triangles, file)
    if frame == "LPS":
        triangles = triangles * np.array([-1.0, -1.0, 1.0])
    return triangles, frame


def _frame(found: re.Match[bytes] | None) -> str:
    return found[1].decode().upper() if found else "LPS"


def _stl(data: bytes, file: str) -> tuple[Triangles, str]:
    count = int.from_bytes(data[80:84], "little")
    if len(data) >= 84 and len(data) == 84 + 50 * count:
        record = np.dtype([("normal", "<f4", 3), ("points", "<f4", (3, 3)), ("unused", "<u2")])
        with np.errstate(invalid="ignore"):  # a signalling NaN warns in the cast; it is refused later by its field
            triangles = np.frombuffer(data, dtype=record, offset=84)["points"].astype(np.float64)
        return triangles, _frame(_SPACE.search(data[:80]))
    if not data.lstrip().startswith(b"solid"):
        message = f"declares {count} triangles, its {len(data)} bytes hold another number"
        raise ImageError(message, file=file, field="triangle count", hint="the file is cut short, or is no STL")
    words = re.findall(rb"vertex\s+(\S+)\s+(\S+)\s+(\S+)", data)
    if len(words) % 3 or b"endsolid" not in data:
        raise ImageError(
            "ends within a triangle or before endsolid", file=file, field="triangles", hint="it is cut short"
        )
    points = np.array([[_number(word, file) for word in row] for row in words]).reshape(-1, 3, 3)
    return points, _frame(_SPACE.search(data[: data.find(b"\n")]))


def _obj(data: bytes, file: str) -> tuple[Triangles, str]:
    points: list[list[float]] = []
    faces: list[list[int]] = []
    frame: re.Match[bytes] | None = None
    for line in data.splitlines():
        words = line.split()
        if not words:
            continue
        if words[0] == b"v":
            points.append([_number(word, file) for word in words[1:4]])
        elif words[0] == b"f":
            faces += _fan([_corner(word, len(points), file) for word in words[1:]], file)
        elif words[0].startswith(b"#"):
            frame = frame or _SPACE.search(line)
    if not faces:
        return np.zeros((0, 3, 3)), _frame(frame)
    if any(len(point) != 3 for point in points):
        raise ImageError("a point has fewer than three numbers", file=file, field="v")
    index = np.array(faces)
    if index.min() < 0 or index.max() >= len(points):
        raise ImageError("a face names a point that is not there", file=file, field="f")
    return np.array(points)[index], _frame(frame)


def _number(word: bytes, file: str) -> float:
    try:
        return float(word)
    except ValueError:
        shown = word[:20].decode("utf-8", "replace")
        raise ImageError(f"{shown!r} is no number", file=file, field="vertices") from None


def _corner(word: bytes, n_points: int, file: str) -> int:
    try:
        index = int(word.split(b"/")[0])
    except ValueError:
        raise ImageError("a face is no list of points", file=file, field="f") from None
    return index - 1 if index > 0 else n_points + index


def _fan(corners: list[int], file: str) -> list[list[int]]:
    if len(corners) < 3:
        raise ImageError("a face has fewer than three points", file=file, field="f")
    return [[corners[0], a, b] for a, b in pairwise(corners[1:])]


def _refuse_unit(triangles: Triangles, file: str) -> None:
    points = triangles.reshape(-1, 3)
    extent = float((points.max(axis=0) - points.min(axis=0)).max())
    if not SMALLEST_MM <= extent <= LARGEST_MM:
        hint = "surfaces must be in mm"
        raise ImageError(f"is {extent:g} mm long", file=file, field="unit", hint=hint)


def _refuse_open(triangles: Triangles, file: str) -> None:
    """Each edge must be walked once in each direction: closed, and all triangles turned the same way."""
    _, corner = np.unique(triangles.reshape(-1, 3), axis=0, return_inverse=True)
    faces = corner.reshape(-1, 3)
    faces = faces[(faces != np.roll(faces, 1, axis=1)).all(axis=1)]
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there, n_there = np.unique(edges, axis=0, return_counts=True)
    back = np.unique(edges[:, ::-1], axis=0)
    if there.shape != back.shape or not np.array_equal(there, back) or n_there.max(initial=0) > 1:
        hint = "close it, for instance by exporting it again from a segmentation"
        raise ImageError("the surface is not closed (watertight)", file=file, field="triangles", hint=hint)


def voxelised(triangles: Triangles, grid: Grid) -> Mask:
    """Voxels whose centres lie inside the closed surface (even-odd count of crossings along the third index axis)."""
    index = grid.affine.to_index(triangles)
    # Rays run beside the voxel centres by less than a thousandth of a voxel: none meets an edge or a corner exactly.
    index = index - np.array([3.1e-4, 2.3e-4, 0.0])
    mask = np.zeros(grid.shape, dtype=np.bool_)
    _kernel()(np.ascontiguousarray(index), mask)
    return mask


@cache
def _kernel() -> Callable[[Array, Mask], None]:
    import numba

    kernel: Callable[[Array, Mask], None] = numba.njit(cache=True)(_fill)
    return kernel


def _fill(triangles: npt.NDArray[Any], mask: npt.NDArray[Any]) -> None:
    """Every crossing flips all voxels of its column above it; what was flipped an odd number of times is inside."""
    n_i, n_j, n_k = mask.shape
    for t in range(triangles.shape[0]):
        ax, ay, az = triangles[t, 0]
        bx, by, bz = triangles[t, 1]
        cx, cy, cz = triangles[t, 2]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area == 0.0:
            continue
        i_low = max(0, int(np.ceil(min(ax, bx, cx))))
        i_high = min(n_i - 1, int(np.floor(max(ax, bx, cx))))
        j_low = max(0, int(np.ceil(min(ay, by, cy))))
        j_high = min(n_j - 1, int(np.floor(max(ay, by, cy))))
        for i in range(i_low, i_high + 1):
            for j in range(j_low, j_high + 1):
                u = ((bx - i) * (cy - j) - (cx - i) * (by - j)) / area
                v = ((cx - i) * (ay - j) - (ax - i) * (cy - j)) / area
                w = 1.0 - u - v
                if u >= 0.0 and v >= 0.0 and w >= 0.0:
                    height = u * az + v * bz + w * cz
                    for k in range(max(0, int(np.ceil(height))), n_k):
                        mask[i, j, k] = not mask[i, j, k]


def surface_note(file: str, frame: str) -> Note:
    return (
        "surface-frame",
        f"{file}: surface read as {frame} in mm; it states neither by itself unless SPACE= is written in it",
    )
