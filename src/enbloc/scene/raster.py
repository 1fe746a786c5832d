"""A small orthographic z-buffer rasteriser. No GPU, no window system, the same bytes everywhere numba runs.

Solid surfaces are drawn first. See-through surfaces keep their front-most sheet per kind, and the sheets are blended
from back to front over what is solid, so a lesion inside a vertebra stays visible.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array, Vector
from enbloc.scene.nouns import Mesh, Scene, View

OVERSAMPLING = 2
AMBIENT = 0.45
SILHOUETTE = np.float32(0.45)
"""How dark a line is drawn where one structure ends in front of another."""
CREASE_MM = np.float32(6.0)
"""A jump in depth of this much within one structure also gets a line."""
TOUCHING_MM = np.float32(1.0)
"""A see-through sheet less than this in front of a solid is left out: it follows the same voxels and would speckle."""
PAPER = (255, 255, 255)

Depth = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


def render(scene: Scene, view: View, width: int, height: int, centre_mm: Vector, mm_per_pixel: float) -> Picture:
    """`scene` seen from `view`, RGB uint8 of shape (height, width, 3), on white; `centre_mm` (RAS) is in the middle."""
    size = (height * OVERSAMPLING, width * OVERSAMPLING)
    scale = OVERSAMPLING / mm_per_pixel
    opacities = {mesh.kind: mesh.opacity for mesh in scene.meshes if mesh.opacity < 1.0}
    solid, sheets = _Sheets.empty(1, size), _Sheets.empty(len(opacities), size)
    place = {kind: number for number, kind in enumerate(sorted(opacities))}
    for number, mesh in enumerate(scene.meshes):
        screen = _projected(mesh, view, centre_mm, scale, size)
        target, sheet = (sheets, place[mesh.kind]) if mesh.kind in place else (solid, 0)
        depth, shade, owner = target.sheet(sheet)
        _fill(screen, _brightness(mesh, view)[None], mesh.faces, number, depth, shade[None], owner)
    colours = np.array([mesh.colour for mesh in scene.meshes], dtype=np.float32).reshape(-1, 3)
    opacity = np.array([opacities[kind] for kind in sorted(opacities)], dtype=np.float32)
    picture = np.empty((height, width, 3), dtype=np.uint8)
    _compose(picture, *solid.sheet(0), *sheets, opacity, colours)
    return picture


class Survey(NamedTuple):
    """What each pixel of one solid mesh shows, (rows, columns): mm towards the viewer from the picture's centre,
    brightness, where there is any surface, whether an outline passes, and the vertices' values read between them.
    """

    depth: Depth
    light: Depth
    covered: npt.NDArray[np.bool_]
    outline: npt.NDArray[np.bool_]
    values: tuple[Depth, ...]


def survey(
    mesh: Mesh,
    values: tuple[npt.NDArray[np.float32], ...],
    view: View,
    size: tuple[int, int],
    centre_mm: Vector,
    mm_per_pixel: float,
) -> Survey:
    """`mesh` seen from `view` in a picture of `size` (height, width); each of `values` holds a number per vertex."""
    depth, _, owner = _Sheets.empty(1, size).sheet(0)
    read = np.stack([_brightness(mesh, view), *values])
    shown = np.zeros((len(read), *size), dtype=np.float32)
    _fill(_projected(mesh, view, centre_mm, 1.0 / mm_per_pixel, size), read, mesh.faces, 0, depth, shown, owner)
    outline = np.zeros(size, dtype=bool)
    _outline(outline, depth, owner)
    return Survey(depth, shown[0], np.isfinite(depth), outline, tuple(shown[1:]))


class _Sheets(NamedTuple):
    """Front-most surfaces, (sheets, rows, columns): mm towards the viewer (-inf: none), brightness, which mesh."""

    depth: Depth
    shade: Depth
    owner: npt.NDArray[np.int32]

    @classmethod
    def empty(cls, sheets: int, size: tuple[int, int]) -> _Sheets:
        shape = (sheets, *size)
        return cls(
            np.full(shape, -np.inf, dtype=np.float32),
            np.zeros(shape, dtype=np.float32),
            np.zeros(shape, dtype=np.int32),
        )

    def sheet(self, number: int) -> tuple[Depth, Depth, npt.NDArray[np.int32]]:
        return self.depth[number], self.shade[number], self.owner[number]


def _projected(
    mesh: Mesh, view: View, centre_mm: Vector, scale: float, size: tuple[int, ...]
) -> npt.NDArray[np.float32]:
    """Vertices as (column, row, mm towards the viewer), shape (n, 3); pixel centres at whole numbers."""
    offset = mesh.vertices_mm.astype(np.float64) - centre_mm
    column = offset @ view.rightward * scale + (size[1] - 1) / 2.0
    row = -(offset @ np.array(view.up)) * scale + (size[0] - 1) / 2.0
    return np.column_stack([column, row, offset @ np.array(view.viewer)]).astype(np.float32)


def _brightness(mesh: Mesh, view: View) -> npt.NDArray[np.float32]:
    """Lambert's cosine per vertex for a lamp over the viewer's left shoulder, shape (n,), in [AMBIENT, 1]."""
    lamp = np.array(view.viewer) - 0.35 * view.rightward + 0.45 * np.array(view.up)
    cosine = vertex_normals(mesh) @ (lamp / np.linalg.norm(lamp))
    return (AMBIENT + (1.0 - AMBIENT) * np.clip(cosine, 0.0, 1.0)).astype(np.float32)


def vertex_normals(mesh: Mesh) -> Array:
    """Outward unit normals, shape (n, 3): the mean of the neighbouring faces' normals weighted by their area."""
    sums: Array = np.zeros((3, len(mesh.vertices_mm), 3))
    _add_normals(sums, mesh.vertices_mm.astype(np.float64), mesh.faces)
    normals = sums.sum(axis=0)
    unit: Array = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    return unit


@njit("void(float64[:, :, ::1], float64[:, ::1], int32[:, ::1])", cache=True, nogil=True)
def _add_normals(sums, points, faces):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Each face's normal, as long as twice its area, to the sums (corner, vertex, axis) at its three corners."""
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        bx, by, bz = points[j, 0] - points[i, 0], points[j, 1] - points[i, 1], points[j, 2] - points[i, 2]
        cx, cy, cz = points[k, 0] - points[i, 0], points[k, 1] - points[i, 1], points[k, 2] - points[i, 2]
        normal = (by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx)
        for corner in range(3):
            for axis in range(3):
                sums[corner, faces[f, corner], axis] += normal[axis]


@njit(
    "void(float32[:, ::1], float32[:, ::1], int32[:, ::1], int64, float32[:, ::1], float32[:, :, ::1], int32[:, ::1])",
    cache=True,
    nogil=True,
)
def _fill(screen, values, faces, number, depth, shown, owner):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Draw faces into a layer; a pixel belongs to a face when its centre's barycentric coordinates are all >= 0.

    `values` (channels, vertices) are read between the vertices into `shown` (channels, rows, columns).
    """
    rows, columns = depth.shape
    for f in range(faces.shape[0]):
        i, j, k = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, bx, by, cx, cy = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1], screen[k, 0], screen[k, 1]
        area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay)
        if area >= 0.0:  # rows run downwards, so faces turned to the viewer have negative area
            continue
        left = max(0, int(np.ceil(min(ax, bx, cx))))
        right = min(columns - 1, int(np.floor(max(ax, bx, cx))))
        top = max(0, int(np.ceil(min(ay, by, cy))))
        bottom = min(rows - 1, int(np.floor(max(ay, by, cy))))
        for y in range(top, bottom + 1):
            entered = False
            for x in range(left, right + 1):
                u = ((bx - x) * (cy - y) - (cx - x) * (by - y)) / area
                v = ((cx - x) * (ay - y) - (ax - x) * (cy - y)) / area
                w = 1.0 - u - v
                if u < -1e-5 or v < -1e-5 or w < -1e-5:
                    if entered:  # the rest of the row lies beyond the face
                        break
                    continue
                entered = True
                z = u * screen[i, 2] + v * screen[j, 2] + w * screen[k, 2]
                if z > depth[y, x]:
                    depth[y, x] = z
                    owner[y, x] = number
                    for n in range(values.shape[0]):
                        shown[n, y, x] = u * values[n, i] + v * values[n, j] + w * values[n, k]


@njit(cache=True, nogil=True)
def _line(depth, owner, y, x):  # type: ignore[no-untyped-def]  # pragma: no cover
    """Whether a silhouette or crease passes here: this pixel's surface ends in front of a neighbour's."""
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        ny, nx = y + dy, x + dx
        if 0 <= ny < depth.shape[0] and 0 <= nx < depth.shape[1]:
            jump = depth[y, x] - depth[ny, nx]
            if (owner[ny, nx] != owner[y, x] and jump >= 0.0) or jump > CREASE_MM:
                return True
    return False


@njit("void(boolean[:, ::1], float32[:, ::1], int32[:, ::1])", cache=True, nogil=True)
def _outline(outline, depth, owner):  # type: ignore[no-untyped-def]  # pragma: no cover
    for y in range(depth.shape[0]):
        for x in range(depth.shape[1]):
            outline[y, x] = depth[y, x] > -np.inf and _line(depth, owner, y, x)


@njit(cache=True, nogil=True)
def _paint(strip, top, depth, shade, owner, colours):  # type: ignore[no-untyped-def]  # pragma: no cover
    """What is solid in the rows from `top` on, or the paper."""
    for i in range(strip.shape[0]):
        y = top + i
        for x in range(strip.shape[1]):
            if depth[y, x] == -np.inf:
                for c in range(3):
                    strip[i, x, c] = PAPER[c]
                continue
            n, light = owner[y, x], shade[y, x]
            if _line(depth, owner, y, x):
                light *= SILHOUETTE
            for c in range(3):
                strip[i, x, c] = colours[n, c] * light


@njit(cache=True, nogil=True)
def _blend(  # type: ignore[no-untyped-def]  # pragma: no cover
    strip, top, solid, depths, shades, owners, opacities, colours
):
    """Blend see-through layers over the strip, the farthest first; what lies behind a solid surface is hidden."""
    layers = depths.shape[0]
    for i in range(strip.shape[0]):
        y = top + i
        for x in range(strip.shape[1]):
            reached = -np.inf
            for _ in range(layers):
                best, nearest = -1, np.inf
                for k in range(layers):  # the farthest sheet not yet drawn
                    d = depths[k, y, x]
                    if d > solid[y, x] + TOUCHING_MM and reached < d < nearest:
                        best, nearest = k, d
                if best < 0:
                    break
                reached = nearest
                alpha, light = opacities[best], shades[best, y, x]
                if _line(depths[best], owners[best], y, x):
                    light *= SILHOUETTE
                    alpha = min(1.0, alpha * 1.6)
                n = owners[best, y, x]
                for c in range(3):
                    strip[i, x, c] = (1.0 - alpha) * strip[i, x, c] + alpha * colours[n, c] * light


@njit(
    "void(uint8[:, :, ::1], float32[:, ::1], float32[:, ::1], int32[:, ::1], float32[:, :, ::1], float32[:, :, ::1],"
    " int32[:, :, ::1], float32[::1], float32[:, ::1])",
    cache=True,
    nogil=True,
)
def _compose(  # type: ignore[no-untyped-def]  # pragma: no cover
    picture, depth, shade, owner, depths, shades, owners, opacities, colours
):
    """The sheets over one another, averaged over `OVERSAMPLING`, a row of the picture at a time: that fits in cache."""
    strip = np.empty((OVERSAMPLING, depth.shape[1], 3), dtype=np.float32)
    for row in range(picture.shape[0]):
        top = OVERSAMPLING * row
        _paint(strip, top, depth, shade, owner, colours)
        _blend(strip, top, depth, depths, shades, owners, opacities, colours)
        for column in range(picture.shape[1]):
            for c in range(3):
                total = np.float32(0.0)
                for i in range(OVERSAMPLING):
                    for j in range(OVERSAMPLING):
                        total += strip[i, OVERSAMPLING * column + j, c]
                mean = np.rint(total / np.float32(OVERSAMPLING**2))
                picture[row, column, c] = min(max(mean, np.float32(0.0)), np.float32(255.0))
