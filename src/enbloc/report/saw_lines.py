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

LIGHT = (226, 196, 255)
"""The colour of saw lines, lighter: legible on a dark halo."""
NAME_PX = 20.0
"""Size of a cut's name in a picture 720 wide, and how far it stands from the end of its line."""


def draw_outlines(canvas: Canvas, scene: Scene, view: View, centre_mm: Vector, mm_per_pixel: float) -> None:
    """Every cut's outline over the view, whatever lies before it: a section seen from its edge is a line."""
    for mesh in scene.of_kind("cut"):
        offset = rim(mesh) - centre_mm
        column = canvas.width / 2 + offset @ view.rightward / mm_per_pixel
        row = canvas.height / 2 - offset @ np.array(view.up) / mm_per_pixel
        line = [(float(x), float(y)) for x, y in zip(column, row, strict=True)]
        canvas.line([*line, line[0]], STYLES["cut"].surface, 1.8)


def draw_saw_lines(canvas: Canvas, plan: Plan, plane: Slice) -> None:
    """Every cut that the slice meets, with its gate's name at the end that lies further out."""
    zoom = canvas.width / plane.pixels
    ends = {
        cut: [[_pixel(end, plane, zoom) for end in segment] for segment in crossings(cut, plane)]
        for cut in cuts_of(plan)
    }
    everywhere = [end for segments in ends.values() for segment in segments for end in segment]
    for cut, segments in ends.items():
        for segment in segments:
            canvas.line(segment, STYLES["cut"].line, 4.0 * canvas.grain)
        if segments:
            _name(canvas, cut, [end for segment in segments for end in segment], np.mean(everywhere, axis=0))


def _name(canvas: Canvas, cut: Cut, ends: list[Point], middle: Array) -> None:
    """At the end farthest from the middle of all cuts in the slice, and beyond it."""
    size = NAME_PX * canvas.grain
    outward = np.array(max(ends, key=lambda end: float(np.linalg.norm(middle - end)))) - middle
    x, y = middle + outward * (1.0 + size / max(float(np.linalg.norm(outward)), 1.0))
    anchor = "lm" if outward[0] > 0 else "rm"
    canvas.text(float(x), float(y), cut.where, size, anchor, ink=LIGHT)


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
