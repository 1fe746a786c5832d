"""Where cuts run in the pictures: as outlines in views of the scene, as lines in slices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.core.geometry import Array, Vector
from enbloc.planning.nouns import Cut
from enbloc.planning.plan import Plan
from enbloc.report.draw import Canvas, Point
from enbloc.report.resection import cuts_of
from enbloc.scene import STYLES, Scene, View
from enbloc.scene.cuts import corners, rim
from enbloc.scene.slices import Cut as Slice

NAME_PX = 20.0
"""Size of a cut's name in a picture 720 wide, and how far it stands from the end of its line."""


def draw_outlines(canvas: Canvas, scene: Scene, view: View, centre_mm: Vector, mm_per_pixel: float) -> None:
    """Every cut's outline over the view, whatever lies before it: a section seen from its edge is a line."""
    for mesh in scene.of_kind("cut"):
        offset = rim(mesh) - centre_mm
        column = canvas.width / 2 + offset @ view.rightward / mm_per_pixel
        row = canvas.height / 2 - offset @ np.array(view.up) / mm_per_pixel
        line = [(float(x), float(y)) for x, y in zip(column, row, strict=True)]
        canvas.line([*line, line[0]], STYLES["cut"].line, 1.8)


def draw_saw_lines(canvas: Canvas, plan: Plan, plane: Slice) -> None:
    """Every cut that the slice meets, with its gate's name at the end that lies further out."""
    zoom = canvas.width / plane.pixels
    for cut in cuts_of(plan):
        segments = [[_pixel(end, plane, zoom) for end in ends] for ends in crossings(cut, plane)]
        for segment in segments:
            canvas.line(segment, STYLES["cut"].line, 4.0 * canvas.grain)
        if segments:
            ends = [end for segment in segments for end in segment]
            _name(canvas, cut, max(ends, key=lambda end: _from_middle(canvas, end)))


def _name(canvas: Canvas, cut: Cut, end: Point) -> None:
    size = NAME_PX * canvas.grain
    out_x, out_y = end[0] - canvas.width / 2, end[1] - canvas.height / 2
    length = max(_from_middle(canvas, end), 1.0)
    anchor = "lm" if out_x > 0 else "rm"
    canvas.text(end[0] + out_x / length * size, end[1] + out_y / length * size, cut.gate.value, size, anchor)


def _from_middle(canvas: Canvas, point: Point) -> float:
    return float(np.hypot(point[0] - canvas.width / 2, point[1] - canvas.height / 2))


def _pixel(point_mm: Vector, plane: Slice, zoom: float) -> Point:
    offset = (point_mm - plane.centre_mm) / plane.mm_per_pixel
    middle = (plane.pixels - 1) / 2.0
    x, y = (float(middle + offset @ way) for way in (plane.rightward, plane.downward))
    return x * zoom + (zoom - 1.0) / 2.0, y * zoom + (zoom - 1.0) / 2.0


def crossings(cut: Cut, plane: Slice) -> Iterator[tuple[Vector, Vector]]:
    """The pieces of line (RAS mm) in which the slice meets the cut's section; none where it runs along it."""
    outline = corners(cut)
    if len(outline) < 3:
        return
    across = np.cross(plane.rightward, plane.downward)
    height: Array = (outline - plane.centre_mm) @ across
    met = []
    for a, b, below, above in zip(outline, np.roll(outline, -1, axis=0), height, np.roll(height, -1), strict=True):
        if (below < 0.0) != (above < 0.0):
            met.append(a + below / (below - above) * (b - a))
    along = np.cross(across, np.array(cut.normal))
    met.sort(key=lambda point: float(point @ along))
    yield from zip(met[::2], met[1::2], strict=True)
