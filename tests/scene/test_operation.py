"""How pieces leave, as data: poses by hand, what makes way, and the tubes that roots and rods are drawn as."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.core.mesh import is_closed
from enbloc.planning.plan import Plan
from enbloc.resection.removal_nouns import Way
from enbloc.scene import Mesh, Scene, build_scene, scene_document
from enbloc.scene.operation import around, carried, key_at
from resection.hand_made_removal import a_removal
from scene.hand_made import a_plan
from scene.hand_made_resection import a_resected_plan

ARC_MM = np.pi / 2.0 * 50.0
"""A right angle, as the way of a point 50 mm off."""


def a_leaving_plan(way: Way | None = Way.TURNED_LEFT) -> Plan:
    plan = a_resected_plan()
    return replace(plan, resection=replace(plan.resection, removal=a_removal(way)))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_scene(a_leaving_plan())


def a_point(x: float, y: float, z: float) -> Mesh:
    return Mesh("p", "p", "tumour", (0, 0, 0), 1.0, np.array([[x, y, z]], np.float32), np.zeros((0, 3), np.int32))


def test_the_block_turns_to_the_left_and_then_goes_back(scene: Scene) -> None:
    """By hand: a point 26 mm in front of the axis at y = -26 comes to lie 26 mm to the left of it, then 80 mm back."""
    arch, block = scene.operation.motions
    assert (arch.piece, arch.way_mm) == ("posterior-arch", 60.0)
    assert block.way_mm == pytest.approx(ARC_MM + 80.0)
    assert [key.at for key in block.keys] == pytest.approx([0.0, ARC_MM / (ARC_MM + 80.0), 1.0])
    places = [carried(a_point(0.0, 0.0, 5.0), block, key_at(block, share)).vertices_mm[0] for share in (0.0, 1.0)]
    assert places[0] == pytest.approx((0.0, 0.0, 5.0))
    assert places[1] == pytest.approx((-26.0, -106.0, 5.0), abs=1e-4)  # float32
    half = key_at(block, 0.5 * block.keys[1].at)
    place = carried(a_point(0.0, 0.0, 5.0), block, half).vertices_mm[0]
    assert place == pytest.approx((-26.0 * np.sqrt(0.5), -26.0 + 26.0 * np.sqrt(0.5), 5.0), abs=1e-4)


def test_what_makes_way_and_what_stands(scene: Scene) -> None:
    operation = scene.operation
    assert {"tumour", "vertebra-T12", "estimated-T12", "disc-T11", "disc-T12", "cut-T12-left"} <= set(operation.gone)
    assert not {"vertebra-T11", "vertebra-L1", "disc-T10", "disc-L1", "no-go", "aorta"} & set(operation.gone)
    assert operation.pieces == ("piece-anterior-block", "tumour-in-anterior-block", "piece-posterior-arch")
    assert {"T12-left-root", "T12-right-root", "rod-right"} <= set(operation.stays)  # turned left: the rod is right
    assert not set(operation.gone) & set(operation.stays)
    assert [mesh.name for mesh in scene.of_kind("root-divided")] == ["T12-left-root"]  # the path runs through it


def test_a_piece_without_a_way_does_not_move() -> None:
    arch, block = build_scene(a_leaving_plan(None)).operation.motions
    assert len(arch.keys) == 2
    assert block.keys == ()


def test_without_a_search_nothing_moves_and_without_a_resection_nothing_is_parted() -> None:
    found = build_scene(a_resected_plan()).operation
    assert found.motions == ()
    assert found.pieces
    assert build_scene(a_plan(spacing_mm=2.0)).operation is None


def test_the_document_carries_the_poses(scene: Scene) -> None:
    entry = scene_document(scene)["operation"]["motions"][1]
    assert entry["meshes"] == ["piece-anterior-block", "tumour-in-anterior-block"]
    assert entry["about_mm"] == [0.0, -26.0, 0.0]
    assert entry["keys"][2] == {"at": 1.0, "turn_deg": [0.0, 0.0, 90.0], "moved_mm": [0.0, -80.0, 0.0]}


def test_a_tube_is_closed_and_as_thick_as_said() -> None:
    """A straight tube of 12 sides: half of 12 r² sin 30° = 3 r², times its length."""
    vertices, faces = around(np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 23.0]]), 2.0)
    mesh = Mesh("t", "t", "rod", (0, 0, 0), 1.0, vertices, faces)
    assert is_closed(faces)
    assert mesh.volume_mm3 == pytest.approx(3.0 * 4.0 * 20.0, rel=1e-5)
    bent = around(np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -3.0], [20.0, 0.0, -12.0]]), 2.0)
    assert is_closed(bent[1])
    assert Mesh("t", "t", "rod", (0, 0, 0), 1.0, *bent).volume_mm3 > 0.0  # facing outward


def test_every_mesh_of_the_operation_is_closed(scene: Scene) -> None:
    for mesh in scene.meshes:
        if mesh.name in (*scene.operation.pieces, *scene.operation.stays):
            assert is_closed(mesh.faces), mesh.name
