"""The scene as the page's script wants it. Every name, colour, view, letter and length is decided here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from enbloc.core.geometry import Array, Vector
from enbloc.planning.nouns import PieceRemoval, Resection
from enbloc.planning.plan import Plan
from enbloc.report import leaving
from enbloc.scene import STYLES, Mesh, Motion, Scene, View
from enbloc.scene.pack import PackedMesh, packed, within
from enbloc.scene.planes import lesion_planes

BONE = ("vertebra", "estimated", "rib")
"""Kinds that the see-through slider works on."""
EDGED = ("cut",)
"""Kinds whose edges are drawn as lines: thin ones, which seen from the side would vanish."""
HELD = ("vertebra", "tumour", "artery", "vein")
"""Kinds that fill the picture; others may reach beyond its edges."""
BUTTONS = {
    "anterior": "Front",
    "posterior": "Behind",
    "left-lateral": "Left",
    "right-lateral": "Right",
    "axial": "Axial, cut at the lesion",
}
TOUCHING_MM = 1.0
"""How far see-through surfaces give way to solid ones, as in the still pictures."""
LETTER_ABOVE = 0.26
"""A side is named at an edge of the picture from 15 degrees on: sin 15 = 0.26."""
BARS_MM = (1, 2, 5, 10, 20, 50, 100)
PLAYED_IN = "axial"
"""The view in which pieces are seen to leave."""
PLAYER = {"play": "Play", "pause": "Pause", "step": "Next step"}
MM_PER_S, PLAYED_S = 25.0, (2.0, 9.0)
MARGIN_MM = 16.0
NAMES_MM = 14.0
"""Room for the names of the levels beside the vertebrae."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of structure in the list beside the scene, with its meshes as (name, title); `shown` from the start."""

    kind: str
    title: str
    colour: str
    meshes: tuple[tuple[str, str], ...]
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Button:
    """A view's button. `title` says it in full."""

    view: str
    text: str
    title: str
    key: str


@dataclass(frozen=True, slots=True, eq=False)
class Turnable:
    """The scene as the page wants it: `payload` for the script, the rest for the controls around it."""

    payload: dict[str, object]
    buttons: tuple[Button, ...]
    rows: tuple[Row, ...]
    bone_opacity: int
    """Per cent at which the slider starts: that of the vertebrae as they are drawn."""
    leaving: tuple[str, ...] = ()
    """What stands beside the choice of each piece, in the order in which they leave; none: nothing moves."""


def turnable(plan: Plan, scene: Scene, titles: dict[str, str]) -> Turnable:
    """`titles` names the kinds of structures. The scene must not be empty."""
    opacity = next((mesh.opacity for mesh in scene.of_kind(*BONE)), 1.0)
    return Turnable(
        scene_payload(plan, scene),
        buttons(scene),
        rows(scene, titles),
        round(100 * opacity),
        tuple(f"{leaving.name(piece)}: {leaving.short(piece)}" for piece in _leaving(plan)),
    )


def buttons(scene: Scene) -> tuple[Button, ...]:
    numbered = enumerate(scene.views, start=1)
    return tuple(Button(view.name, BUTTONS.get(view.name, view.title), view.title, str(n)) for n, view in numbered)


def rows(scene: Scene, titles: dict[str, str]) -> tuple[Row, ...]:
    """The structures by kind, in the palette's order; `titles` names the kinds."""
    return tuple(
        Row(kind, titles[kind], hexadecimal(style.surface), tuple((m.name, m.title) for m in meshes), style.shown)
        for kind, style in STYLES.items()
        if (meshes := scene.of_kind(kind))
    )


def scene_payload(plan: Plan, scene: Scene) -> dict[str, object]:
    """What the script draws; lengths in mm, directions in RAS."""
    box = _box(scene)
    centre = scene.frame.to_world(box.mean(axis=0))
    levels = {mesh.title for mesh in scene.of_kind("vertebra")}
    keyed = zip(scene.views, buttons(scene), strict=True)
    return {
        "centre_mm": _rounded(centre, 3),
        "views": [_view(scene, view, button.key, box, _cut_mm(plan, view, centre)) for view, button in keyed],
        "sides": list(_sides(scene)),
        "letter_above": LETTER_ABOVE,
        "touching_mm": TOUCHING_MM,
        "bars_mm": list(BARS_MM),
        "faded": list(BONE),
        "labels": [
            {"mesh": mesh.name, "text": mesh.title, "strong": mesh.title == scene.frame_of}
            for mesh in scene.of_kind("vertebra", "stays")
            if mesh.title in levels
        ],
        "meshes": [_mesh(mesh, packed(mesh)) for mesh in within(scene.meshes)],
        "operation": operation_payload(plan, scene),
    }


def operation_payload(plan: Plan, scene: Scene) -> dict[str, object] | None:
    """How the pieces leave, for the script to play; None where no way was sought. Keys: share of the way, rotation
    vector in degrees, movement in mm.
    """
    pieces = _leaving(plan)
    if scene.operation is None or not pieces:
        return None
    motions = zip(scene.operation.motions, pieces, strict=True)
    stuck = [leaving.name(piece) for piece in pieces if not piece.found]
    return {
        "view": PLAYED_IN,
        "words": PLAYER,
        "gone": list(scene.operation.gone),
        "stays": list(scene.operation.stays),
        "pieces": list(scene.operation.pieces),
        "motions": [
            {
                "title": leaving.name(piece),
                "meshes": list(motion.meshes),
                "about_mm": _rounded(motion.about_mm, 3),
                "keys": [_rounded((key.at, *key.turn_deg, *key.moved_mm), 4) for key in motion.keys],
                "seconds": _seconds(motion),
                "stops": _stops(motion),
                "says": leaving.told(piece) + _as_if_out(piece, pieces, stuck),
            }
            for motion, piece in motions
        ],
    }


def _leaving(plan: Plan) -> tuple[PieceRemoval, ...]:
    return leaving.pieces(plan.resection) if isinstance(plan.resection, Resection) else ()


def _as_if_out(piece: PieceRemoval, pieces: tuple[PieceRemoval, ...], stuck: list[str]) -> str:
    """That pieces for which no way was found are left out of the picture afterwards."""
    before = [name for name in stuck if name in {leaving.name(each) for each in pieces[: pieces.index(piece)]}]
    return f" Shown as if out: {', '.join(before)}." if before else ""


def _seconds(motion: Motion) -> float:
    """How long the way is played; as long as it takes to read where there is none."""
    least, most = PLAYED_S
    return float(round(np.clip(motion.way_mm / MM_PER_S, least, most), 2))


def _stops(motion: Motion) -> list[float]:
    """Shares of the way that are worth a look where nothing may move by itself: half of the turn, its end, out."""
    if len(motion.keys) < 2:
        return [0.5]
    half, turned = motion.keys[len(motion.keys) // 2 - 1].at, motion.keys[-2].at
    return sorted({round(share, 4) for share in (half, turned, 1.0) if share > 0.0})


def hexadecimal(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _box(scene: Scene) -> Array:
    """Lower and upper corner, in the scene's frame, of what a view must hold."""
    meshes = scene.of_kind(*HELD) or scene.meshes
    local = scene.frame.to_local(np.concatenate([mesh.vertices_mm for mesh in meshes]))
    return np.stack([local.min(axis=0), local.max(axis=0)])


def _view(scene: Scene, view: View, key: str, box: Array, cut_mm: float | None) -> dict[str, object]:
    """`field_mm`: width and height that hold the box and the names beside it. `front_mm`: see `_cut_mm`."""
    axes = np.array([scene.frame.right, scene.frame.anterior, scene.frame.superior])
    across, tall = (float(np.abs(axes @ np.array(way)) @ (box[1] - box[0])) for way in (view.rightward, view.up))
    return {
        "name": view.name,
        "key": key,
        "viewer": _rounded(view.viewer),
        "up": _rounded(view.up),
        "field_mm": _rounded((across + 2 * (MARGIN_MM + NAMES_MM), tall + 2 * MARGIN_MM), 3),
        "front_mm": cut_mm,
    }


def _cut_mm(plan: Plan, view: View, centre_mm: Vector) -> float | None:
    """Where the axial view is cut open: at the lesion's axial slice, in mm from the middle of the scene towards the
    viewer. Other vertebrae would stand before it. None: the view is not cut.
    """
    planes = lesion_planes(plan) if view.name == "axial" else ()
    return round(float((planes[0].cut.centre_mm - centre_mm) @ np.array(view.viewer)), 3) if planes else None


def _sides(scene: Scene) -> Iterator[dict[str, object]]:
    """The six sides of the patient, each with the direction it lies in and the one that is up on its letter."""
    right, anterior, superior = (np.array(v) for v in (scene.frame.right, scene.frame.anterior, scene.frame.superior))
    for letter, direction, up in (
        ("R", right, superior),
        ("L", -right, superior),
        ("A", anterior, superior),
        ("P", -anterior, superior),
        ("S", superior, anterior),
        ("I", -superior, anterior),
    ):
        yield {"letter": letter, "direction": _rounded(direction), "up": _rounded(up)}


def _mesh(mesh: Mesh, small: PackedMesh) -> dict[str, object]:
    return {
        "name": mesh.name,
        "title": mesh.title,
        "kind": mesh.kind,
        "colour": hexadecimal(mesh.colour),
        "opacity": mesh.opacity,
        "edged": mesh.kind in EDGED,
        "centre_mm": [float(mm) for mm in small.centre_mm],
        "step_mm": small.step_mm,
        "vertices": b64encode(small.vertices).decode("ascii"),
        "faces": b64encode(small.faces).decode("ascii"),
        "wide": small.wide,
        **({} if mesh.tints is None else {"tints": b64encode(mesh.tints.tobytes()).decode("ascii")}),
    }


def _rounded(vector: Array | tuple[float, ...], digits: int = 6) -> list[float]:
    return [round(float(v), digits) + 0.0 for v in vector]
