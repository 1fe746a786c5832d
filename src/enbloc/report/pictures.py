"""The report's pictures: three slices through the lesion, and the scene from four sides."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import numpy as np

from enbloc.core.geometry import Array, Vector
from enbloc.core.side_by_side import side_by_side
from enbloc.core.volume import Imaging, Mask
from enbloc.knowledge import vessel_kind
from enbloc.planning.plan import Drawing, Plan
from enbloc.report.draw import BLACK, WHITE, Canvas, Rgb, contours
from enbloc.report.saw_lines import draw_outlines, draw_saw_lines
from enbloc.scene import STYLES, Scene, View
from enbloc.scene.planes import PIXEL_MM, LesionPlane, lesion_planes
from enbloc.scene.slices import Field, Outline, any_label, column_outlines, labelled_outlines, sampled_image

ZOOM = 3
BONE_WINDOW_HU = (-450.0, 1150.0)
"""Display only: grey from black to white."""
NOT_IMAGED = (44, 49, 66)
TUMOUR_WASH = 0.28
NAMED_ABOVE_MM2 = 60.0
SHORT_NAMES = {
    "aorta": "aorta",
    "inferior-vena-cava": "IVC",
    "superior-vena-cava": "SVC",
    "iliac-artery-left": "iliac a.",
    "iliac-artery-right": "iliac a.",
    "iliac-vein-left": "iliac v.",
    "iliac-vein-right": "iliac v.",
}
DIRECTIONS = {
    "axial": ("above", "below"),
    "sagittal": ("to the patient's right of", "to the patient's left of"),
    "coronal": ("in front of", "behind"),
}
"""What a positive and a negative offset of a slice mean."""
COLOURS = 192
"""Of pictures of the scene: enough for all of its shades, and a third of the bytes."""
EDGE = 70.0
"""Kept free of names for the letters, in pixels of a picture 720 wide."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A PNG with what a reader needs beside it. `width` and `height` in its own pixels."""

    name: str
    title: str
    caption: str
    alt: str
    png: bytes
    width: int
    height: int

    @property
    def data_uri(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def slice_pictures(plan: Plan) -> tuple[Picture, ...]:
    """Axial, sagittal and coronal through the main lesion, then an axial one through each further lesion drawn.

    Empty for a plan without voxels or without a measured lesion.
    """
    drawing = plan.drawing
    return () if drawing is None else tuple(_slice(plan, drawing, plane) for plane in lesion_planes(plan))


def _slice(plan: Plan, drawing: Drawing, plane: LesionPlane) -> Picture:
    cut = plane.cut
    points = cut.points_mm
    column = column_outlines(drawing.spine, points)
    outlines = labelled_outlines(drawing.imaging, vessel_kind, points) + column
    background = _background(drawing.imaging, points, column)
    canvas = Canvas(_washed(background, outlines), ZOOM, WHITE, BLACK, fine=2)
    for outline in outlines:
        _outlined(canvas, outline)
    draw_saw_lines(canvas, plan, cut)
    if cut.name == "axial":
        _vessels_named(canvas, outlines)
    else:
        _levels_named(canvas, column, plane.frame_of)
    canvas.letters(*cut.letters, size=36 * canvas.grain)
    canvas.scale_bar(ZOOM / PIXEL_MM, 20, size=25 * canvas.grain)
    title = cut.name if plane.lesion == 1 else f"{cut.name}, lesion {plane.lesion}"
    canvas.text(14, 14, title, 24 * canvas.grain, anchor="la")
    left, right, top, bottom = cut.letters
    seen = ", ".join(dict.fromkeys(_spoken(outline) for outline in outlines))
    return Picture(
        name=f"{cut.name}-{plane.lesion}",
        title=title.capitalize(),
        caption=position(plane),
        alt=f"{cut.name} slice; {left} left, {right} right, {top} above, {bottom} below; outlined: {seen}",
        png=canvas.png(),
        width=canvas.width,
        height=canvas.height,
    )


def _spoken(outline: Outline) -> str:
    return outline.name.replace("-", " ") if outline.kind != "estimated" else "estimated outline"


def _background(imaging: Imaging, points_mm: Array, column: list[Outline]) -> Rgb:
    """Grey of the image, or of the labels where there is no image; `NOT_IMAGED` where there is neither."""
    if imaging.image is None:
        return _label_grey(imaging, points_mm, column)
    values, inside = sampled_image(imaging.image, points_mm)
    low, high = _window(imaging, values, inside)
    grey = np.clip((values - low) / max(high - low, 1e-6), 0.0, 1.0) * 255.0
    picture = np.repeat(np.rint(grey)[..., None], 3, axis=2).astype(np.uint8)
    picture[~inside] = NOT_IMAGED
    return picture


def _window(imaging: Imaging, values: Field, inside: Mask) -> tuple[float, float]:
    """The bone window for CT; for anything else from the darkest to the brightest hundredth of the slice."""
    if imaging.modality == "ct":
        return BONE_WINDOW_HU
    if not inside.any():
        return 0.0, 1.0
    low, high = np.percentile(values[inside], (1.0, 99.0))
    return float(low), float(high)


def _label_grey(imaging: Imaging, points_mm: Array, column: list[Outline]) -> Rgb:
    grey = 34.0 + 42.0 * any_label(imaging, points_mm)
    for outline in column:
        if outline.kind in ("vertebra", "disc"):
            grey += outline.share * (70.0 if outline.kind == "vertebra" else 30.0)
    return np.repeat(np.rint(np.clip(grey, 0, 255))[..., None], 3, axis=2).astype(np.uint8)


def _washed(background: Rgb, outlines: list[Outline]) -> Rgb:
    """The tumour tinted, lightly enough that the image shows through."""
    picture = background.astype(np.float32)
    for outline in outlines:
        if outline.kind == "tumour":
            alpha = (TUMOUR_WASH * np.clip(2.0 * outline.share - 0.5, 0.0, 1.0))[..., None]
            picture = (1.0 - alpha) * picture + alpha * np.array(STYLES["tumour"].line, dtype=np.float32)
    tinted: Rgb = np.rint(picture).astype(np.uint8)
    return tinted


def _outlined(canvas: Canvas, outline: Outline) -> None:
    style = STYLES[outline.kind]
    width = (3.6 if outline.kind == "tumour" else 2.4) * canvas.grain
    for line in contours(outline.share, ZOOM):
        canvas.line(line, style.line, width, dashed=outline.kind == "estimated")


def _vessels_named(canvas: Canvas, outlines: list[Outline]) -> None:
    """Vessels carry their name, so that colour is not the only sign; none at the edge, where the letters are."""
    for outline in outlines:
        name = SHORT_NAMES.get(outline.name)
        if name is None or outline.pixels * PIXEL_MM**2 < NAMED_ABOVE_MM2:
            continue
        y, x = np.argwhere(outline.share > 0.5).mean(axis=0) * ZOOM
        if min(x, y, canvas.width - x, canvas.height - y) > EDGE * canvas.grain:
            canvas.text(x, y, name, 23 * canvas.grain, ink=_light(STYLES[outline.kind].line))


def _light(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Half way to white: legible on a dark halo."""
    r, g, b = ((c + 255) // 2 for c in colour)
    return r, g, b


def _levels_named(canvas: Canvas, column: list[Outline], index: str) -> None:
    """Each vertebra's name in a column at the viewer's left, at the height where the vertebra is cut."""
    for outline in column:
        if outline.kind != "vertebra" or outline.pixels * PIXEL_MM**2 < NAMED_ABOVE_MM2:
            continue
        row = float(np.argwhere(outline.share > 0.5)[:, 0].mean()) * ZOOM
        if EDGE * canvas.grain < row < canvas.height - EDGE * canvas.grain:
            size = 32 if outline.name == index else 26
            canvas.text(70 * canvas.grain, row, outline.name, size * canvas.grain, anchor="lm")


def position(plane: LesionPlane, digits: int = 0) -> str:
    """Where the slice lies, in words, from the centre of the vertebral body whose frame it follows."""
    if plane.frame_of == "patient":
        return "in the axes of the image: no vertebra's own frame is known"
    positive, negative = DIRECTIONS[plane.cut.name]
    return f"{offset_words(plane.offset_mm, positive, negative, digits)} the centre of the {plane.frame_of} body"


def offset_words(offset_mm: float, positive: str, negative: str, digits: int = 0) -> str:
    if abs(offset_mm) < 0.5 * 10.0**-digits:
        return "through"
    return f"{abs(offset_mm):.{digits}f} mm {positive if offset_mm > 0 else negative}"


def surface_pictures(scene: Scene) -> tuple[Picture, ...]:
    """The scene from its four sides at one scale; empty for an empty scene.

    Only views with the head up: in the others the names of the levels, which stand at their heights, would say nothing.
    """
    bones = scene.of_kind("vertebra", "tumour")
    if not bones:
        return ()
    from enbloc.scene.raster import render

    centre, width, height, scale = _framing(scene)
    kinds = {kind for kind, style in STYLES.items() if style.shown and kind != "estimated"}
    drawn = Scene(scene.of_kind(*kinds), scene.views, scene.frame, scene.frame_of)

    def seen_from(view: View) -> Picture:
        image = render(drawn, view, width, height, centre, scale)
        canvas = Canvas(image, 1, BLACK, WHITE)
        draw_outlines(canvas, scene, view, centre, scale)
        for mesh in scene.of_kind("vertebra"):
            offset = mesh.vertices_mm.mean(axis=0) - centre
            canvas.text(62, height / 2 - float(offset @ np.array(view.up)) / scale, mesh.title, 24, anchor="lm")
        return _lettered(canvas, view, scale)

    return side_by_side(seen_from, (view for view in scene.views if view.letter_top == "S"))


def _framing(scene: Scene) -> tuple[Vector, int, int, float]:
    """Centre, size in pixels and mm per pixel that hold vertebrae and tumour, and their names, from every side."""
    points = np.concatenate([mesh.vertices_mm for mesh in scene.of_kind("vertebra", "tumour")])
    local = scene.frame.to_local(points)
    low, high = local.min(axis=0), local.max(axis=0)
    across = float(max(high[0] - low[0], high[1] - low[1])) + 60.0
    tall = float(high[2] - low[2]) + 30.0
    height = 800
    width = int(np.clip(round(height * across / tall), 420, 900))
    return scene.frame.to_world((low + high) / 2.0), width, height, max(tall / height, across / width)


def _lettered(canvas: Canvas, view: View, mm_per_pixel: float) -> Picture:
    canvas.letters(view.letter_left, view.letter_right, view.letter_top, view.letter_bottom, size=34)
    canvas.scale_bar(1.0 / mm_per_pixel, 20, size=24)
    words = f"{view.letter_left} on the left, {view.letter_right} on the right"
    png = canvas.png(COLOURS, (BLACK, WHITE, STYLES["cut"].surface))
    return Picture(view.name, view.title, words, f"{view.title}: {words}", png, canvas.width, canvas.height)
