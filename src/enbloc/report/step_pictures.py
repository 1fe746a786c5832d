"""Pictures of the steps of the operation, drawn from the scene: what lies where, and how pieces move."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from enbloc.core.geometry import Array, Vector
from enbloc.planning.nouns import Cut, Release
from enbloc.report.draw import BLACK, WHITE, Canvas
from enbloc.report.pictures import Picture
from enbloc.scene import STYLES, Mesh, Motion, Operation, Scene, View
from enbloc.scene.cuts import rim
from enbloc.scene.operation import PIECE_KINDS, carried, key_at, meshes_of

WIDTH = 560
HEIGHTS = (300, 640)
COLOURS = 128
SEE_THROUGH = 0.3
"""Of a piece that holds tumour, so that the tumour is seen in it."""
SIDEWAYS_MM, UPWARD_MM, LENGTHWAYS_MM = 32.0, 26.0, 22.0
"""Shown around the pieces, along the axes of the index vertebra."""
NEAR_PX = 24.0
"""Marks closer together share one number."""
NAME_PX = 17
LETTER_PX = 10.5
"""Size of a name, and about how wide each of its letters is."""
MARK_INK = (150, 20, 20)
INKS = (BLACK, WHITE, MARK_INK, STYLES["cut"].surface, STYLES["cut"].line)
SHIFTS_PX = (0.0, 19.0, -19.0, 38.0, -38.0)
DOT_PX = 3.5
VESSEL_OPACITY = 0.35
LEAVING = (*PIECE_KINDS, "tumour-piece")
VESSELS = ("artery", "vein")
BONE = ("vertebra", "stays", "rib")


@dataclass(frozen=True, slots=True)
class Mark:
    """A place (RAS mm) with what is written beside it."""

    point_mm: tuple[float, float, float]
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Theatre:
    """The scene once it is taken apart. `below`: names of meshes that lie below the resected levels and would stand
    before them in a view from the feet.
    """

    scene: Scene
    operation: Operation
    below: frozenset[str]

    def view(self, name: str) -> View:
        return next(view for view in self.scene.views if view.name == name)

    def piece(self, name: str) -> list[Mesh]:
        """A piece's surface, see-through with its tumour in it where it holds any."""
        mesh, inside = (self.scene.named(each) for each in meshes_of(name))
        if mesh is None:
            return []
        plainly = replace(mesh, tints=None, opacity=1.0 if inside is None else SEE_THROUGH)
        return [plainly] if inside is None else [plainly, inside]

    def standing(self, view: View, with_rod: bool) -> Iterator[Mesh]:
        """All that is not a piece, bone solid; seen from the feet without what lies below and without the rod."""
        for mesh in self.scene.meshes:
            if mesh.name in self.operation.gone or mesh.kind in ("cut", "estimated"):
                continue
            if mesh.kind in LEAVING and mesh.name not in self.operation.stays:
                continue
            if mesh.kind == "rod" and (view.letter_top == "A" or not with_rod):
                continue
            if view.letter_top == "A" and mesh.name in self.below:
                continue
            if mesh.kind in VESSELS:
                yield replace(mesh, opacity=VESSEL_OPACITY)
            else:
                yield replace(mesh, kind="bone", opacity=1.0) if mesh.kind in BONE else mesh


@dataclass(frozen=True, slots=True, eq=False)
class Framing:
    centre_mm: Vector
    width: int
    height: int
    mm_per_pixel: float

    def pixel(self, view: View, point_mm: Array) -> tuple[float, float]:
        offset = (np.asarray(point_mm, dtype=np.float64) - self.centre_mm) / self.mm_per_pixel
        return self.width / 2 + float(offset @ view.rightward), self.height / 2 - float(offset @ np.array(view.up))


def framing(scene: Scene, view: View, meshes: Iterable[Mesh]) -> Framing:
    """Holds the meshes and what lies around them."""
    local = scene.frame.to_local(np.concatenate([mesh.vertices_mm for mesh in meshes]).astype(np.float64))
    around = np.array([SIDEWAYS_MM, LENGTHWAYS_MM, UPWARD_MM])
    low, high = local.min(axis=0) - around, local.max(axis=0) + around
    axes = np.array([scene.frame.right, scene.frame.anterior, scene.frame.superior])
    across, tall = (float(np.abs(axes @ np.array(way)) @ (high - low)) for way in (view.rightward, view.up))
    height = int(np.clip(round(WIDTH * tall / across), *HEIGHTS))
    return Framing(scene.frame.to_world((low + high) / 2.0), WIDTH, height, max(across / WIDTH, tall / height))


def drawn(
    theatre: Theatre,
    view: View,
    pieces: Sequence[Mesh],
    frame: Framing,
    *,
    name: str,
    title: str,
    caption: str,
    cuts: Sequence[Cut] = (),
    marks: Sequence[Mark] = (),
    with_rod: bool = True,
) -> Picture:
    from enbloc.scene.raster import render

    scene = theatre.scene
    seen = Scene((*theatre.standing(view, with_rod), *pieces), scene.views, scene.frame, scene.frame_of)
    image = render(seen, view, frame.width, frame.height, frame.centre_mm, frame.mm_per_pixel)
    canvas = Canvas(image, 1, BLACK, WHITE)
    _levels(canvas, theatre, view, frame)
    names = Names(canvas)
    _cuts(canvas, names, scene, view, frame, cuts)
    _marks(canvas, names, view, frame, marks)
    canvas.letters(view.letter_left, view.letter_right, view.letter_top, view.letter_bottom, size=28)
    canvas.scale_bar(1.0 / frame.mm_per_pixel, 20, size=20)
    sides = f"{view.letter_left} on the left, {view.letter_right} on the right"
    alt = f"{title}, {view.title.lower()}: {sides}. {caption}"
    return Picture(
        name,
        title,
        f"{view.title}, {sides}. {caption}".strip(),
        alt,
        canvas.png(COLOURS, INKS),
        canvas.width,
        canvas.height,
    )


def _levels(canvas: Canvas, theatre: Theatre, view: View, frame: Framing) -> None:
    """The names of the vertebrae at their heights, where the head is up."""
    if view.letter_top != "S":
        return
    for mesh in theatre.scene.of_kind("vertebra"):
        _, row = frame.pixel(view, mesh.vertices_mm.mean(axis=0))
        if 30 < row < canvas.height - 40:
            canvas.text(48, row, mesh.title, 20, anchor="lm")


class Names:
    """Writes names beside places, each clear of those before it."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self._taken: list[tuple[float, float, float]] = []

    def beside(self, x: float, y: float, text: str, right: bool, ink: tuple[int, int, int]) -> None:
        """To the right or left of a place and inside the picture; where another name stands, above or below it."""
        room = LETTER_PX * len(text)
        left = min(x, self._canvas.width - room) if right else max(x, room) - room
        row = next((y + shift for shift in SHIFTS_PX if self._free(left, y + shift, room)), y)
        self._taken.append((left, row, room))
        self._canvas.text(left if right else left + room, row, text, NAME_PX, "lm" if right else "rm", ink=ink)

    def keep_clear(self, left: float, row: float, width: float) -> None:
        self._taken.append((left, row, width))

    def _free(self, left: float, row: float, room: float) -> bool:
        return all(
            abs(row - other) > NAME_PX or left > start + width or start > left + room
            for start, other, width in self._taken
        )


def _cuts(canvas: Canvas, names: Names, scene: Scene, view: View, frame: Framing, cuts: Sequence[Cut]) -> None:
    """The outline of each cut over everything, with its name beyond its outer end."""
    for cut in cuts:
        mesh = scene.named(f"cut-{cut.name}")
        if mesh is None:
            continue
        line = [frame.pixel(view, corner) for corner in rim(mesh)]
        canvas.line([*line, line[0]], STYLES["cut"].line, 2.4)
        middle = np.mean(line, axis=0)
        right = middle[0] > canvas.width / 2
        x = max(point[0] for point in line) + 6 if right else min(point[0] for point in line) - 6
        names.beside(x, float(middle[1]), cut.name, right, STYLES["cut"].surface)


def _marks(canvas: Canvas, names: Names, view: View, frame: Framing, marks: Sequence[Mark]) -> None:
    """A dot for every mark; those that would run into one another share their numbers."""
    groups: list[tuple[list[tuple[float, float]], list[str]]] = []
    for mark in marks:
        at = frame.pixel(view, np.array(mark.point_mm))
        for places, texts in groups:
            if np.hypot(at[0] - places[0][0], at[1] - places[0][1]) < NEAR_PX:
                places.append(at)
                texts.append(mark.text)
                break
        else:
            groups.append(([at], [mark.text]))
    for place in (place for places, _ in groups for place in places):
        canvas.dot(*place, DOT_PX, MARK_INK)
        names.keep_clear(place[0] - DOT_PX, place[1], 2.0 * DOT_PX)
    for places, texts in groups:
        x, y = np.mean(places, axis=0)
        right = x >= canvas.width / 2
        edge = max(place[0] for place in places) + 7 if right else min(place[0] for place in places) - 7
        names.beside(edge, float(y), ", ".join(texts), right, MARK_INK)


def marks_of(releases: Iterable[Release]) -> list[Mark]:
    """The releases whose place is known, by their number."""
    return [Mark(each.point_mm, str(each.order)) for each in releases if each.point_mm is not None]


def on_the_way(theatre: Theatre, motion: Motion, share: float) -> list[Mesh]:
    """The piece after a share of its way."""
    key = key_at(motion, share)
    return [carried(mesh, motion, key) for mesh in theatre.piece(motion.piece)]
