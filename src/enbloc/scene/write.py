"""Scene to files: scene.json beside meshes/*.stl, the form 3D Slicer and any browser viewer read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from enbloc.planning.plan import Plan
from enbloc.scene.build import build_scene
from enbloc.scene.nouns import Mesh, Motion, Operation, Scene, View

SCHEMA = "enbloc.scene/1"
STL_HEADER = b"SPACE=LPS UNIT=mm enbloc research use only"
_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def write_scene(plan: Plan, folder: Path, scene: Scene | None = None) -> tuple[Path, ...]:
    """Write scene.json and meshes/*.stl into `folder`; returns what was written. Equal plans give equal bytes.

    STL coordinates are LPS mm, as 3D Slicer reads them, and the header says so; scene.json is RAS mm like the rest.
    `scene` may be handed over where it was already built.
    """
    scene = build_scene(plan) if scene is None else scene
    meshes = folder / "meshes"
    meshes.mkdir(parents=True, exist_ok=True)
    written = []
    for mesh in scene.meshes:
        path = meshes / f"{mesh.name}.stl"
        path.write_bytes(stl(mesh))
        written.append(path)
    document = folder / "scene.json"
    document.write_text(json.dumps(scene_document(scene), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return (*written, document)


def stl(mesh: Mesh) -> bytes:
    """Binary STL with x and y turned from RAS to LPS. A half turn about z keeps every face's orientation."""
    corners = mesh.vertices_mm[mesh.faces] * np.array([-1.0, -1.0, 1.0], dtype=np.float32)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    facets = np.zeros(len(corners), dtype=_FACET)
    facets["normal"] = normals / np.where(length > 0.0, length, 1.0)
    facets["corners"] = corners
    return STL_HEADER.ljust(80, b" ") + np.uint32(len(corners)).tobytes() + facets.tobytes()


def scene_document(scene: Scene) -> dict[str, object]:
    """The scene as plain data: what each file is and how it is drawn; lengths in mm, directions in RAS."""
    frame = scene.frame
    return {
        "schema": SCHEMA,
        "space": "RAS",
        "mesh_space": "LPS",
        "unit": "mm",
        "frame": {
            "of": scene.frame_of,
            "origin_mm": _rounded(frame.origin_mm),
            "right": _rounded(frame.right, 6),
            "anterior": _rounded(frame.anterior, 6),
            "superior": _rounded(frame.superior, 6),
        },
        "meshes": [_mesh_entry(mesh) for mesh in scene.meshes],
        "views": [_view_entry(view) for view in scene.views],
        "notes": list(scene.notes),
        "operation": None if scene.operation is None else _operation_entry(scene.operation),
    }


def _operation_entry(operation: Operation) -> dict[str, object]:
    """Poses are those of RAS: a rotation vector in degrees about a point, then a movement."""
    return {
        "gone": list(operation.gone),
        "stays": list(operation.stays),
        "pieces": list(operation.pieces),
        "motions": [_motion_entry(motion) for motion in operation.motions],
    }


def _motion_entry(motion: Motion) -> dict[str, object]:
    return {
        "piece": motion.piece,
        "meshes": list(motion.meshes),
        "about_mm": _rounded(motion.about_mm),
        "way_mm": round(motion.way_mm, 3),
        "keys": [
            {"at": round(key.at, 6), "turn_deg": _rounded(key.turn_deg, 4), "moved_mm": _rounded(key.moved_mm, 4)}
            for key in motion.keys
        ],
    }


def _mesh_entry(mesh: Mesh) -> dict[str, object]:
    red, green, blue = mesh.colour
    return {
        "name": mesh.name,
        "title": mesh.title,
        "kind": mesh.kind,
        "file": f"meshes/{mesh.name}.stl",
        "colour": f"#{red:02x}{green:02x}{blue:02x}",
        "opacity": mesh.opacity,
        "estimated": mesh.estimated,
        "triangles": len(mesh.faces),
    }


def _view_entry(view: View) -> dict[str, object]:
    return {
        "name": view.name,
        "title": view.title,
        "viewer": _rounded(view.viewer, 6),
        "up": _rounded(view.up, 6),
        "letters": {
            "left": view.letter_left,
            "right": view.letter_right,
            "top": view.letter_top,
            "bottom": view.letter_bottom,
        },
    }


def _rounded(vector: tuple[float, float, float], digits: int = 3) -> list[float]:
    return [round(v, digits) + 0.0 for v in vector]
