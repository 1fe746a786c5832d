"""The scene of a hand-made patient, and the files it is written as."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from enbloc.core.mesh import is_closed
from enbloc.scene import Scene, build_scene, write_scene
from enbloc.scene.surface import TRIANGLES
from enbloc.scene.write import stl
from scene.hand_made import TUMOUR_RADIUS_MM, a_plan, a_plan_without_images


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_scene(a_plan(side="left", turn_degrees=25.0))


def test_what_is_drawn(scene: Scene) -> None:
    names = {mesh.name for mesh in scene.meshes}
    assert {"tumour", "no-go", "aorta", "inferior-vena-cava", "vertebra-T12", "disc-T12", "estimated-T12"} <= names
    assert [mesh.title for mesh in scene.of_kind("vertebra")] == ["T10", "T11", "T12", "L1", "L2"]
    assert scene.frame_of == "T12"


def test_a_vessel_in_two_label_maps_is_drawn_once() -> None:
    """A second mesh of the same name would take the place of the first one's file."""
    plan = a_plan(spacing_mm=2.0)
    assert plan.drawing is not None
    imaging = replace(plan.drawing.imaging, labels=plan.drawing.imaging.labels * 2)
    names = [mesh.name for mesh in build_scene(replace(plan, drawing=replace(plan.drawing, imaging=imaging))).meshes]
    assert "aorta" in names
    assert len(names) == len(set(names))


def test_only_what_is_estimated_is_marked_so(scene: Scene) -> None:
    assert [mesh.name for mesh in scene.meshes if mesh.estimated] == ["estimated-T12"]


@pytest.mark.parametrize("spacing_mm", [1.0, 2.0])
def test_meshes_are_closed_and_light(spacing_mm: float) -> None:
    for mesh in build_scene(a_plan(spacing_mm=spacing_mm)).meshes:
        assert is_closed(mesh.faces), mesh.name
        # A structure that stays closed only above its budget may cost twice as much.
        assert len(mesh.faces) <= 2 * TRIANGLES, mesh.name


def test_volumes(scene: Scene) -> None:
    """The tumour is a ball of known radius; 1 mm voxels: 3 x 0.15 voxel / 11 mm = 4 % (see test_surface)."""
    tumour = next(mesh for mesh in scene.meshes if mesh.name == "tumour")
    assert tumour.volume_mm3 == pytest.approx(4.0 / 3.0 * np.pi * TUMOUR_RADIUS_MM**3, rel=0.04)


def test_a_left_sided_tumour_lies_to_the_left(scene: Scene) -> None:
    tumour = next(mesh for mesh in scene.meshes if mesh.name == "tumour")
    # 14 mm to the patient's left by construction; half a voxel for the crop and the smoothing.
    assert scene.frame.to_local(tumour.vertices_mm).mean(axis=0)[0] == pytest.approx(-14.0, abs=0.5)


def test_stl_is_lps_and_says_so(scene: Scene) -> None:
    mesh = scene.meshes[0]
    data = stl(mesh)
    assert data[:80].startswith(b"SPACE=LPS")
    assert int.from_bytes(data[80:84], "little") == len(mesh.faces)
    first = np.frombuffer(data, dtype="<f4", count=12, offset=84).reshape(4, 3)
    np.testing.assert_array_equal(first[1:], mesh.vertices_mm[mesh.faces[0]] * [-1, -1, 1])
    normal = np.cross(first[2] - first[1], first[3] - first[1])
    # float32 cross products of millimetre edges: parallel to about 1e-5.
    np.testing.assert_allclose(normal / np.linalg.norm(normal), first[0], atol=1e-4)


def test_another_program_reads_the_stl(scene: Scene, tmp_path: Path) -> None:
    """trimesh merges the facets' corners and must find a watertight solid of the same volume."""
    import trimesh

    mesh = next(mesh for mesh in scene.meshes if mesh.name == "vertebra-T12")
    (tmp_path / "m.stl").write_bytes(stl(mesh))
    read = trimesh.load(tmp_path / "m.stl")
    assert read.is_watertight
    # float32 corners: 1e-7 of coordinates up to 100 mm, over thousands of facets.
    assert read.volume == pytest.approx(mesh.volume_mm3, rel=1e-4)


def test_files(tmp_path: Path) -> None:
    written = write_scene(a_plan(spacing_mm=2.0), tmp_path)
    document = json.loads((tmp_path / "scene.json").read_text())
    assert document["schema"] == "enbloc.scene/1"
    assert {tmp_path / mesh["file"] for mesh in document["meshes"]} | {tmp_path / "scene.json"} == set(written)
    assert all(path.is_file() for path in written)


def test_files_repeat_byte_for_byte(tmp_path: Path) -> None:
    one = write_scene(a_plan(spacing_mm=2.0), tmp_path / "a")
    two = write_scene(a_plan(spacing_mm=2.0), tmp_path / "b")
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_a_case_without_images_has_an_empty_scene(tmp_path: Path) -> None:
    scene = build_scene(a_plan_without_images())
    assert scene.meshes == ()
    assert scene.notes
    assert write_scene(a_plan_without_images(), tmp_path) == (tmp_path / "scene.json",)
