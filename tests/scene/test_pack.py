"""Packed meshes: the same surface to within half a step, and never more bytes than a page may hold."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.scene import Mesh, build_scene
from enbloc.scene.pack import FEWEST, PackedMesh, packed, packed_bytes, within
from scene.hand_made import a_plan


def unpacked(small: PackedMesh) -> tuple[np.ndarray, np.ndarray]:
    """As the documentation of PackedMesh says it, with nothing of ours."""
    steps = np.frombuffer(small.vertices, dtype="<i2").reshape(-1, 3).astype(float)
    faces = np.frombuffer(small.faces, dtype="<u4" if small.wide else "<u2").reshape(-1, 3)
    return small.centre_mm + small.step_mm * steps, faces


def a_mesh(vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    return Mesh("m", "m", "tumour", (0, 0, 0), 1.0, vertices.astype(np.float32), faces.astype(np.int32))


def test_what_is_packed_comes_back() -> None:
    for mesh in build_scene(a_plan(spacing_mm=2.0, turn_degrees=20.0)).meshes:
        small = packed(mesh)
        points, faces = unpacked(small)
        longest = float(np.ptp(mesh.vertices_mm, axis=0).max())
        assert small.step_mm == pytest.approx(longest / 65534, rel=1e-6)  # float32 coordinates
        # Rounding to the nearest step: half a step, and 1e-9 of it for the sums.
        np.testing.assert_allclose(points, mesh.vertices_mm, rtol=0, atol=0.5 * small.step_mm * (1 + 1e-9))
        np.testing.assert_array_equal(faces, mesh.faces)
        assert len(small.vertices) + len(small.faces) == packed_bytes(mesh)


@pytest.mark.parametrize(("count", "wide"), [(65536, False), (65537, True)])
def test_indices_are_as_wide_as_the_last_vertex_needs(count: int, wide: bool) -> None:
    """65536 vertices are numbered 0 to 65535, which two bytes hold."""
    last = count - 1
    points = np.column_stack([np.linspace(0.0, 100.0, count), np.zeros(count), np.ones(count)])
    small = packed(a_mesh(points, np.array([[0, 1, last], [last, 5, 0]])))
    assert small.wide is wide
    np.testing.assert_array_equal(unpacked(small)[1], [[0, 1, last], [last, 5, 0]])


def test_a_flat_mesh_can_be_packed() -> None:
    points, _ = unpacked(packed(a_mesh(np.zeros((3, 3)) + 7.0, np.array([[0, 1, 2]]))))
    np.testing.assert_allclose(points, 7.0)


def test_a_scene_within_its_budget_is_left_alone() -> None:
    meshes = build_scene(a_plan(spacing_mm=2.0)).meshes
    assert within(meshes, sum(map(packed_bytes, meshes))) == meshes


def test_a_scene_beyond_its_budget_is_thinned_to_it() -> None:
    """A third of the bytes; 10 % for meshes that stop a little above their share. The outline stays where it was."""
    meshes = build_scene(a_plan(spacing_mm=1.0)).meshes
    budget = sum(map(packed_bytes, meshes)) // 3
    light = within(meshes, budget)
    assert sum(map(packed_bytes, light)) <= 1.1 * budget
    assert [mesh.name for mesh in light] == [mesh.name for mesh in meshes]
    for before, after in zip(meshes, light, strict=True):
        assert len(after.faces) >= min(FEWEST, len(before.faces)) * 0.9
        # Solids of some 10 mm with flat faces lose no millimetre when every third triangle is left.
        np.testing.assert_allclose(after.vertices_mm.min(axis=0), before.vertices_mm.min(axis=0), atol=1.0)
        np.testing.assert_allclose(after.vertices_mm.max(axis=0), before.vertices_mm.max(axis=0), atol=1.0)
