"""The scene as the page's script wants it. Every name, colour, view, letter and length is decided here."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from enbloc.core.geometry import Array
from enbloc.scene import STYLES, Mesh, Scene, View
from enbloc.scene.pack import PackedMesh, packed, within

BONE = ("vertebra", "estimated", "rib")
"""Kinds that the see-through slider works on."""
BUTTONS = {
    "anterior": "Front",
    "posterior": "Behind",
    "left-lateral": "Left",
    "right-lateral": "Right",
    "axial": "Axial, from below",
}
LETTER_ABOVE = 0.26
"""A side is named at an edge of the picture from 15 degrees on: sin 15 = 0.26."""
BARS_MM = (1, 2, 5, 10, 20, 50, 100)
MARGIN_MM = 16.0
NAMES_MM = 14.0
"""Room for the names of the levels beside the vertebrae."""


@dataclass(frozen=True, slots=True)
class Row:
    """A kind of structure in the list beside the scene, with its meshes as (name, title)."""

    kind: str
    title: str
    colour: str
    meshes: tuple[tuple[str, str], ...]


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


def turnable(scene: Scene, titles: dict[str, str]) -> Turnable:
    """`titles` names the kinds of structures. The scene must not be empty."""
    opacity = next((mesh.opacity for mesh in scene.of_kind(*BONE)), 1.0)
    return Turnable(scene_payload(scene), buttons(scene), rows(scene, titles), round(100 * opacity))


def buttons(scene: Scene) -> tuple[Button, ...]:
    numbered = enumerate(scene.views, start=1)
    return tuple(Button(view.name, BUTTONS.get(view.name, view.title), view.title, str(n)) for n, view in numbered)


def rows(scene: Scene, titles: dict[str, str]) -> tuple[Row, ...]:
    """The structures by kind, in the palette's order; `titles` names the kinds."""
    return tuple(
        Row(kind, titles[kind], hexadecimal(meshes[0].colour), tuple((mesh.name, mesh.title) for mesh in meshes))
        for kind in STYLES
        if (meshes := scene.of_kind(kind))
    )


def scene_payload(scene: Scene) -> dict[str, object]:
    """What the script draws; lengths in mm, directions in RAS."""
    meshes = within(scene.meshes)
    centre = scene.frame.to_world(_middle(scene))
    return {
        "centre_mm": _rounded(centre, 3),
        "views": [
            _view(scene, view, button.key) for view, button in zip(scene.views, buttons(scene), strict=True)
        ],
        "sides": list(_sides(scene)),
        "letter_above": LETTER_ABOVE,
        "bars_mm": list(BARS_MM),
        "faded": list(BONE),
        "labels": [_label(scene, mesh) for mesh in scene.of_kind("vertebra")],
        "meshes": [_mesh(mesh, packed(mesh)) for mesh in meshes],
    }  # fmt: skip


def hexadecimal(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _column(scene: Scene) -> Array:
    """Vertices of vertebrae and tumour in the scene's frame: what a view must hold."""
    meshes = scene.of_kind("vertebra", "tumour") or scene.meshes
    return scene.frame.to_local(np.concatenate([mesh.vertices_mm for mesh in meshes]))


def _middle(scene: Scene) -> Array:
    local = _column(scene)
    middle: Array = (local.min(axis=0) + local.max(axis=0)) / 2.0
    return middle


def _view(scene: Scene, view: View, key: str) -> dict[str, object]:
    """`field_mm`: width and height that hold the column from this side, and its names."""
    local = _column(scene)
    half = (local.max(axis=0) - local.min(axis=0)) / 2.0
    axes = np.array([scene.frame.right, scene.frame.anterior, scene.frame.superior])
    across, tall = (2.0 * float(np.abs(axes @ np.array(way)) @ half) for way in (view.rightward, view.up))
    return {
        "name": view.name,
        "key": key,
        "viewer": _rounded(view.viewer),
        "up": _rounded(view.up),
        "field_mm": _rounded((across + 2 * (MARGIN_MM + NAMES_MM), tall + 2 * MARGIN_MM), 3),
    }


def _sides(scene: Scene) -> Iterator[dict[str, object]]:
    """The six sides of the patient, each with the direction it lies in and the one that is up on its letter."""
    right, anterior, superior = (np.array(axis) for axis in (scene.frame.right, scene.frame.anterior, scene.frame.superior))
    for letter, direction, up in (
        ("R", right, superior),
        ("L", -right, superior),
        ("A", anterior, superior),
        ("P", -anterior, superior),
        ("S", superior, anterior),
        ("I", -superior, anterior),
    ):
        yield {"letter": letter, "direction": _rounded(direction), "up": _rounded(up)}


def _label(scene: Scene, mesh: Mesh) -> dict[str, object]:
    """A vertebra's name with the box that holds it in the scene's frame: its middle and its three half edges."""
    local = scene.frame.to_local(mesh.vertices_mm)
    low, high = local.min(axis=0), local.max(axis=0)
    axes = np.array([scene.frame.right, scene.frame.anterior, scene.frame.superior])
    return {
        "mesh": mesh.name,
        "text": mesh.title,
        "strong": mesh.title == scene.frame_of,
        "at_mm": _rounded(scene.frame.to_world((low + high) / 2.0), 3),
        "halves_mm": [_rounded(half * axis, 3) for half, axis in zip((high - low) / 2.0, axes, strict=True)],
    }


def _mesh(mesh: Mesh, small: PackedMesh) -> dict[str, object]:
    return {
        "name": mesh.name,
        "title": mesh.title,
        "kind": mesh.kind,
        "colour": hexadecimal(mesh.colour),
        "opacity": mesh.opacity,
        "centre_mm": [float(mm) for mm in small.centre_mm],
        "step_mm": small.step_mm,
        "vertices": b64encode(small.vertices).decode("ascii"),
        "faces": b64encode(small.faces).decode("ascii"),
        "wide": small.wide,
    }


def _rounded(vector: Array | tuple[float, ...], digits: int = 6) -> list[float]:
    return [round(float(v), digits) + 0.0 for v in vector]
