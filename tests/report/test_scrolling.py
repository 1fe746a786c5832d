"""Slices in the page: the right pixels in the right place, few enough bytes, and none where none were asked for."""

from __future__ import annotations

import base64
import json
import zlib
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from enbloc.core.volume import Volume
from enbloc.report import render_report, without_slices
from enbloc.report import scrolling as room
from enbloc.report.scrolling import CT_STEPS_HU, scrolling
from enbloc.scene import STYLES
from enbloc.scene.planes import lesion_planes
from scene.hand_made import TUMOUR_CENTRE_MM, TUMOUR_RADIUS_MM, a_plan, a_plan_without_images

TITLES = {kind: style.title for kind, style in STYLES.items()}


def payload(plan: Any) -> dict[str, Any]:
    found = scrolling(plan, TITLES)
    assert found is not None
    return json.loads(json.dumps(found.payload))


def cube(data: dict[str, Any], name: str) -> np.ndarray:
    flat = np.frombuffer(zlib.decompress(base64.b64decode(data[name])), dtype=np.uint8)
    return flat.reshape(data["shape"])


def mask(data: dict[str, Any], kind: str) -> np.ndarray:
    bit = next(one["bit"] for one in data["structures"] if one["kind"] == kind)
    return (cube(data, "masks") & bit) > 0


@pytest.mark.parametrize("turn_degrees", [0.0, 25.0])
def test_the_tumour_is_a_ball_in_the_middle(turn_degrees: float) -> None:
    """4/3 pi 11³ = 5575 mm³; nearest voxels of 1 mm: under 1.5 % (a layer of 0.05 mm on 1521 mm²)."""
    data = payload(a_plan(turn_degrees=turn_degrees))
    tumour = mask(data, "tumour")
    assert tumour.sum() == pytest.approx(4.0 / 3.0 * np.pi * TUMOUR_RADIUS_MM**3, rel=0.015)
    middle = (np.array(data["shape"]) - 1) / 2.0
    # The block is centred on the lesion's voxel nearest to its centre: half a voxel per axis, and half for the nearest.
    np.testing.assert_allclose(np.argwhere(tumour).mean(axis=0), middle, atol=1.0)


@pytest.mark.parametrize(("side", "sign"), [("left", -1), ("right", 1)])
def test_sides_of_the_block(side: str, sign: int) -> None:
    """Index 2 runs to the patient's left and index 1 to the back: the canal lies medial of the lesion and behind it,
    the cava to the right of the aorta and both in front."""
    data = payload(a_plan(side, turn_degrees=20.0))
    at = {kind: np.argwhere(mask(data, kind)).mean(axis=0) for kind in ("tumour", "no-go", "artery", "vein")}
    assert at["no-go"][2] - at["tumour"][2] == pytest.approx(sign * TUMOUR_CENTRE_MM[0], abs=1.0)
    assert at["no-go"][1] > at["tumour"][1] + 10
    assert at["vein"][2] < at["artery"][2]
    assert at["artery"][1] < at["tumour"][1]


def test_stored_values_are_those_of_the_image_to_half_a_step() -> None:
    """A ramp along the patient's x axis, which trilinear sampling keeps exactly; steps are those of `CT_STEPS_HU`."""
    plan = a_plan()
    assert plan.drawing is not None
    grid = plan.drawing.imaging.grid
    x = np.arange(grid.shape[0], dtype=np.float32)[:, None, None]
    ramp = np.broadcast_to(12.0 * x - 400.0, grid.shape).astype(np.float32)
    imaging = replace(plan.drawing.imaging, image=Volume(ramp, grid))
    plan = replace(plan, drawing=replace(plan.drawing, imaging=imaging))
    data = payload(plan)
    codes, table = cube(data, "values"), np.array(data["table"])
    (axial, *_) = lesion_planes(plan)
    count = data["shape"][2]
    across = np.arange(count) - (count - 1) / 2.0
    world = axial.cut.centre_mm + across[:, None] * axial.cut.rightward
    wanted = 12.0 * grid.affine.to_index(world)[:, 0] - 400.0
    row = codes[count // 2, count // 2]
    inside = row > 0
    assert inside.sum() > 100
    step = np.diff(table[1:])[np.searchsorted(table[1:], wanted) - 1]
    assert (np.abs(table[row] - wanted)[inside] <= 0.5 * step[inside] + 0.02).all()  # two decimals in the table


def test_table_of_ct_runs_through_its_ends() -> None:
    table = payload(a_plan(spacing_mm=2.0))["table"]
    assert [table[code] for code, _ in CT_STEPS_HU] == [hu for _, hu in CT_STEPS_HU]
    assert np.diff(table[1:]).min() > 0.0


def test_the_note_names_the_steps_of_ct() -> None:
    """460 HU in 140 steps are 3.3 HU, 1240 HU in 75 steps 16.5 HU."""
    found = scrolling(a_plan(spacing_mm=2.0), TITLES)
    assert found is not None
    assert "in steps of 3 HU in soft tissue and 17 HU in bone" in found.note


def test_captions_tell_the_place_of_every_slice() -> None:
    """The lesion is 14 mm to the left and 8 mm behind; its own slice is the middle one."""
    data = payload(a_plan("left", turn_degrees=20.0))
    axial, sagittal, coronal = data["planes"]
    for plane in data["planes"]:
        assert len(plane["captions"]) == data["shape"][plane["through"]]
        assert {plane["through"], plane["down"], plane["across"]} == {0, 1, 2}
    count = data["shape"][0]
    middle = count // 2  # half a millimetre beyond the block's centre, towards the feet, the back and the left
    assert axial["captions"][middle].startswith("0.5 mm below")
    assert sagittal["captions"][middle].startswith("14.5 mm to the patient's left")
    assert coronal["captions"][middle].startswith("8.5 mm behind")
    assert axial["captions"][0].endswith(f"{count / 2 - 0.5:.1f} mm above the centre of the T12 body")
    assert "patient's right" in sagittal["captions"][0]
    assert "in front of" in coronal["captions"][0]


def test_names_of_levels_stand_at_their_bodies() -> None:
    """Bodies are 32 mm apart; the lesion is level with the body of T12."""
    plane = payload(a_plan(turn_degrees=20.0))["planes"][1]
    rows = {level["text"]: level["row"] for level in plane["levels"]}
    assert set(rows) == {"T11", "T12", "L1"}
    assert rows["L1"] - rows["T12"] == pytest.approx(32.0, abs=0.2)  # rows are printed to a tenth
    assert [level["text"] for level in plane["levels"] if level["strong"]] == ["T12"]


def test_an_image_of_noise_is_made_coarser_until_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = a_plan()
    assert plan.drawing is not None
    fine = payload(plan)
    limit = len(base64.b64decode(fine["values"])) // 2
    monkeypatch.setattr(room, "MOST_BYTES", limit)
    coarse = scrolling(plan, TITLES)
    assert coarse is not None
    assert len(base64.b64decode(str(coarse.payload["values"]))) <= limit
    assert "resampled to 1.2 mm" in coarse.note or "resampled to 1.4 mm" in coarse.note


def test_mr_is_shown_whatever_its_scale() -> None:
    plan = a_plan(spacing_mm=2.0)
    assert plan.drawing is not None
    cubes = []
    for slope in (1.0, 1000.0):
        image = replace(plan.drawing.imaging.image, slope=slope)  # type: ignore[type-var]
        imaging = replace(plan.drawing.imaging, modality="mr", image=image)
        cubes.append(cube(payload(replace(plan, drawing=replace(plan.drawing, imaging=imaging))), "values").astype(int))
    # float32 rounding may move a value by one step.
    assert np.abs(cubes[0] - cubes[1]).max() <= 1


def test_no_pixels_unless_asked_for() -> None:
    plan = a_plan(spacing_mm=2.0)
    assert "slices-data" not in render_report(plan)
    text = render_report(plan, with_slices=True)
    assert "slices-data" in text
    assert "This file holds pixels of the patient" in text
    assert len(text.encode()) <= 10_000_000


def test_without_an_image_it_is_said() -> None:
    for plan in (a_plan(spacing_mm=2.0, with_image=False), a_plan_without_images()):
        assert "the case has no image" in without_slices(plan)
        assert scrolling(plan, TITLES) is None
        text = render_report(plan, with_slices=True)
        assert "There are no slices to scroll through: the case has no image." in text
        assert "slices-data" not in text


def test_slices_repeat_byte_for_byte() -> None:
    plan = a_plan(spacing_mm=2.0)
    assert render_report(plan, with_slices=True) == render_report(plan, with_slices=True)
