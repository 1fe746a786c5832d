"""What the page's script is handed: every direction and letter is right before a browser sees it."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from enbloc.report import render_report
from enbloc.report.script import json_in_html
from enbloc.report.turnable import scene_payload, turnable
from enbloc.scene import STYLES, build_scene
from scene.hand_made import TUMOUR_CENTRE_MM, a_case, a_plan, rotation

TURN = 25.0
OPPOSITE = {"R": "L", "L": "R", "A": "P", "P": "A", "S": "I", "I": "S"}


@pytest.fixture(scope="module")
def payload() -> dict[str, Any]:
    plan = a_plan(turn_degrees=TURN)
    return json.loads(json.dumps(scene_payload(plan, build_scene(plan))))


def in_page(text: str, name: str) -> dict[str, Any]:
    """The data block of the page, read as a browser reads it: up to the first end tag."""
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found.group(1))


def test_sides_of_a_turned_patient(payload: dict[str, Any]) -> None:
    """The patient was turned about the x axis; the expected axes are the columns of that turn."""
    right, anterior, superior = rotation(TURN)[:3, :3].T
    wanted = {"R": right, "L": -right, "A": anterior, "P": -anterior, "S": superior, "I": -superior}
    assert {side["letter"] for side in payload["sides"]} == set(wanted)
    for side in payload["sides"]:
        np.testing.assert_allclose(side["direction"], wanted[side["letter"]], atol=1e-6)  # printed with six digits
        assert abs(np.dot(side["up"], side["direction"])) < 1e-6


def test_views_look_where_their_names_say(payload: dict[str, Any]) -> None:
    """(towards the viewer, up, viewer's left): the convention of each, axial as in CT from the feet."""
    side = {one["letter"]: np.array(one["direction"]) for one in payload["sides"]}
    wanted = {"anterior": "ASR", "posterior": "PSL", "left-lateral": "LSA", "right-lateral": "RSP", "axial": "IAR"}
    assert [view["name"] for view in payload["views"]] == list(wanted)
    for view in payload["views"]:
        towards, up, left = wanted[view["name"]]
        np.testing.assert_allclose(view["viewer"], side[towards], atol=2e-6)
        np.testing.assert_allclose(view["up"], side[up], atol=2e-6)
        rightward = np.cross(view["up"], view["viewer"])
        np.testing.assert_allclose(rightward, side[OPPOSITE[left]], atol=2e-6)


def test_letters_of_a_view_are_those_of_its_directions() -> None:
    """The still pictures' letters and the script's sides cannot disagree."""
    scene = build_scene(a_plan(turn_degrees=TURN))
    axes = {"R": scene.frame.right, "A": scene.frame.anterior, "S": scene.frame.superior}
    for view in scene.views:
        for letter, way in ((view.letter_right, view.rightward), (view.letter_top, view.up)):
            sign = 1.0 if letter in axes else -1.0
            axis = axes.get(letter) or axes[OPPOSITE[letter]]
            np.testing.assert_allclose(np.array(way) * sign, axis, atol=1e-9)
        assert view.letter_left == OPPOSITE[view.letter_right]
        assert view.letter_bottom == OPPOSITE[view.letter_top]


def test_every_mesh_is_there_as_the_palette_draws_it(payload: dict[str, Any]) -> None:
    scene = build_scene(a_plan(turn_degrees=TURN))
    assert [mesh["name"] for mesh in payload["meshes"]] == [mesh.name for mesh in scene.meshes]
    for mesh, drawn in zip(payload["meshes"], scene.meshes, strict=True):
        assert mesh["opacity"] == STYLES[mesh["kind"]].opacity
        assert tuple(bytes.fromhex(mesh["colour"][1:])) == STYLES[mesh["kind"]].surface
        steps = np.frombuffer(base64.b64decode(mesh["vertices"]), dtype="<i2").reshape(-1, 3)
        points = np.array(mesh["centre_mm"]) + mesh["step_mm"] * steps
        np.testing.assert_allclose(points, drawn.vertices_mm, rtol=0, atol=0.51 * mesh["step_mm"])


def test_the_axial_view_is_cut_at_the_lesion(payload: dict[str, Any]) -> None:
    """The lesion's centre lies `TUMOUR_CENTRE_MM` from the frame's origin; a voxel of 1 mm is half a millimetre off."""
    view = next(view for view in payload["views"] if view["name"] == "axial")
    centre = rotation(TURN)[:3, :3] @ (np.array(TUMOUR_CENTRE_MM) * (-1.0, 1.0, 1.0))
    at = (centre - np.array(payload["centre_mm"])) @ np.array(view["viewer"])
    assert view["front_mm"] == pytest.approx(at, abs=0.8)
    assert [view["front_mm"] for view in payload["views"]][:4] == [None] * 4


def test_views_hold_the_column(payload: dict[str, Any]) -> None:
    scene = build_scene(a_plan(turn_degrees=TURN))
    points = np.concatenate([mesh.vertices_mm for mesh in scene.of_kind("vertebra", "tumour", "artery", "vein")])
    for view in payload["views"]:
        offset = points - np.array(payload["centre_mm"])
        across = np.abs(offset @ np.cross(view["up"], view["viewer"])).max()
        assert 2.0 * across < view["field_mm"][0]
        assert 2.0 * np.abs(offset @ np.array(view["up"])).max() < view["field_mm"][1]


def test_every_structure_is_in_the_list() -> None:
    plan = a_plan(spacing_mm=2.0)
    scene = build_scene(plan)
    shown = turnable(plan, scene, {kind: kind for kind in STYLES})
    assert {name for row in shown.rows for name, _ in row.meshes} == {mesh.name for mesh in scene.meshes}
    assert [button.key for button in shown.buttons] == list("12345")


def test_a_hostile_title_ends_no_element() -> None:
    """A label scheme of the user's own may name structures as it likes."""
    plan = a_plan(spacing_mm=3.0)
    scene = build_scene(plan)
    title = "</script><script>alert(1)</script><!--"
    meshes = tuple(replace(mesh, title=title) for mesh in scene.meshes)
    text = render_report(plan, replace(scene, meshes=meshes))
    assert len(re.findall(r"<script\b", text)) == 2
    assert "<!--" not in text
    assert in_page(text, "scene-data")["meshes"][0]["title"] == title


def test_a_hostile_case_id_stays_text() -> None:
    text = render_report(a_plan(spacing_mm=3.0, case=a_case("x.y-1", histology="</script><b>")))
    assert len(re.findall(r"<script\b", text)) == len(re.findall("</script>", text)) == 2


def test_json_in_html_is_json() -> None:
    value = {"a": ["</script>", "<!--", "&amp;", " ", "é"], "b": 1.5}
    assert json.loads(json_in_html(value)) == value
    assert not re.search(r"[<>&]|[^ -~]", json_in_html(value))
