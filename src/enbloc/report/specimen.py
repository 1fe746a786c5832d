"""The specimen from four sides, coloured by its margin; sawn faces are hatched."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array, Vector
from enbloc.core.side_by_side import side_by_side
from enbloc.planning.nouns import Cut, Pieces, Resection
from enbloc.report.draw import BLACK, WHITE, Canvas, Rgb
from enbloc.report.pictures import COLOURS, Picture
from enbloc.scene import STYLES, Mesh, Scene, View
from enbloc.scene.cuts import corners, in_plane
from enbloc.scene.margins import IN_TUMOUR, SCALE, bare_mm, margin_colours
from enbloc.scene.raster import PAPER, Survey, survey

SAWN_WITHIN_MM = 1.0
"""A vertex this near to a cut's section, beyond half its kerf, lies on the sawn face: voxels are about as large."""
HEIGHT = 620
FINE = 2
"""Drawn this much larger, and averaged."""
HATCH = 14
"""Distance of the hatching's lines, in pixels as drawn."""
FRAME_MM = 9.0
SIDES = ("anterior", "posterior", "left-lateral", "right-lateral")
INKS = (BLACK, WHITE, IN_TUMOUR, *SCALE)
OUTLINE_LIGHT = np.float32(0.4)


@dataclass(frozen=True, slots=True)
class MarginKey:
    """The colour bar: (share of its length, colour) of each stop, and (share, number) of each tick."""

    stops: tuple[tuple[float, str], ...]
    ticks: tuple[tuple[float, str], ...]
    bare: str


def specimen_pictures(resection: Resection, scene: Scene) -> tuple[Picture, ...]:
    """Front, back, left and right at one scale; empty where no surface of the specimen is kept."""
    drawing = resection.drawing
    if drawing is None or not len(drawing.faces):
        return ()
    centre, width, scale = _framing(drawing, scene)
    mesh = _mesh(drawing)
    sawn = sawn_vertices(drawing.vertices_mm.astype(np.float64), resection.cuts).astype(np.float32)
    values = (drawing.margin_mm.astype(np.float32), sawn)
    size = (HEIGHT * FINE, width * FINE)

    def seen_from(view: View) -> Picture:
        seen = survey(mesh, values, view, size, centre, scale / FINE)
        return _picture(_painted(seen, resection.certificate.enough_mm, bare_mm(drawing)), view, scale)

    return side_by_side(seen_from, (view for view in scene.views if view.name in SIDES))


def margin_key(enough_mm: float) -> MarginKey:
    """The bar runs from 0 to `enough_mm`; what lies beyond looks like its end."""
    stops = tuple((n / (len(SCALE) - 1), _css(colour)) for n, colour in enumerate(SCALE))
    whole = [float(mm) for mm in range(int(enough_mm) + 1)] if enough_mm <= 12.0 else [0.0, enough_mm]
    ticks = tuple((mm / enough_mm, f"{mm:g}{' and more' if mm == enough_mm else ''}") for mm in whole)
    return MarginKey(stops, ticks, _css(IN_TUMOUR))


def sawn_vertices(points_mm: Array, cuts: tuple[Cut, ...]) -> npt.NDArray[np.bool_]:
    """Which of the points (n, 3) lie on the face that a cut leaves: near its plane and beside its section."""
    sawn = np.zeros(len(points_mm), dtype=bool)
    for cut in cuts:
        outline = corners(cut)
        if len(outline) < 3:
            continue
        plane = cut.plane
        near = np.abs(plane.signed_distance_mm(points_mm)) <= cut.kerf_mm / 2.0 + SAWN_WITHIN_MM
        flat, border = in_plane(points_mm[near], plane.normal), in_plane(outline, plane.normal)
        on = _inside(flat, border)
        on[~on] = _distance_mm(flat[~on], border) <= SAWN_WITHIN_MM
        sawn[near] |= on
    return sawn


def _inside(points: Array, outline: Array) -> npt.NDArray[np.bool_]:
    """Even-odd rule in the plane: how often a ray to the side crosses the outline."""
    inside = np.zeros(len(points), dtype=bool)
    for (ax, ay), (bx, by) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if ay == by:
            continue
        between = (points[:, 1] < ay) != (points[:, 1] < by)
        inside ^= between & (points[:, 0] < ax + (points[:, 1] - ay) / (by - ay) * (bx - ax))
    return inside


def _distance_mm(points: Array, outline: Array) -> Array:
    """From each of the points (n, 2) to the outline."""
    least: Array = np.full(len(points), np.inf)
    for a, b in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        along = np.clip((points - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-12), 0.0, 1.0)
        least = np.minimum(least, np.linalg.norm(points - a - along[:, None] * (b - a), axis=1))
    return least


def _mesh(drawing: Pieces) -> Mesh:
    style = STYLES["piece-anterior"]
    return Mesh("specimen", "", "piece-anterior", style.surface, 1.0, drawing.vertices_mm, drawing.faces)


def _framing(drawing: Pieces, scene: Scene) -> tuple[Vector, int, float]:
    """Centre, width in pixels and mm per pixel that hold the specimen from every side."""
    local = scene.frame.to_local(drawing.vertices_mm.astype(np.float64))
    low, high = local.min(axis=0), local.max(axis=0)
    across = float(max(high[0] - low[0], high[1] - low[1])) + 2 * FRAME_MM
    tall = float(high[2] - low[2]) + 2 * FRAME_MM
    width = int(np.clip(round(HEIGHT * across / tall), 460, 900))
    return scene.frame.to_world((low + high) / 2.0), width, max(tall / HEIGHT, across / width)


def _painted(seen: Survey, enough_mm: float, bare: float) -> Rgb:
    """Colour by margin, shaded; diagonal lines on sawn faces."""
    margin, read = seen.values
    sawn = read > 0.5
    border = sawn & ~_eroded(sawn)
    light = np.where(seen.outline | border, OUTLINE_LIGHT, seen.light)
    painted: Rgb = np.empty((margin.shape[0] // FINE, margin.shape[1] // FINE, 3), dtype=np.uint8)
    _average(painted, margin_colours(margin, enough_mm, bare), light, sawn, seen.covered)
    return painted


@njit(
    "void(uint8[:, :, ::1], uint8[:, :, ::1], float32[:, ::1], boolean[:, ::1], boolean[:, ::1])",
    cache=True,
    nogil=True,
)
def _average(painted, colours, light, sawn, covered):  # type: ignore[no-untyped-def]  # pragma: no cover
    """The mean of the fine pixels, each the paper or its colour by its light; lines run across what is sawn."""
    white = np.float32(255.0)
    for row in range(painted.shape[0]):
        for column in range(painted.shape[1]):
            for c in range(3):
                total = np.float32(0.0)
                for y in range(FINE * row, FINE * (row + 1)):
                    for x in range(FINE * column, FINE * (column + 1)):
                        if not covered[y, x]:
                            total += np.float32(PAPER[c])
                            continue
                        colour = np.float32(colours[y, x, c])
                        if sawn[y, x] and (y + x) % HATCH < HATCH // 5:
                            colour = white - np.float32(0.25) * (white - colour)
                        total += colour * light[y, x]
                painted[row, column, c] = np.rint(total / np.float32(FINE**2))


def _eroded(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    inner = mask.copy()
    for axis in (0, 1):
        for step in (-1, 1):
            inner &= np.roll(mask, step, axis=axis)
    return inner


def _picture(image: Rgb, view: View, scale: float) -> Picture:
    canvas = Canvas(image, 1, BLACK, WHITE)
    canvas.letters(view.letter_left, view.letter_right, view.letter_top, view.letter_bottom, size=34)
    canvas.scale_bar(1.0 / scale, 10, size=26)
    words = f"{view.letter_left} on the left, {view.letter_right} on the right"
    alt = f"specimen coloured by margin, {view.title.lower()}: {words}"
    png = canvas.png(COLOURS, INKS)
    return Picture(f"specimen-{view.name}", view.title, words, alt, png, canvas.width, canvas.height)


def _css(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)
