"""Barriers from label map to plan, reasons, scene and report."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from enbloc.case import parse_case
from enbloc.core.evidence import Skipped
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
from enbloc.planning import Drawing, Plan, plan, plan_document, why
from enbloc.planning.nouns import Barrier, State
from enbloc.report.html import render_report
from enbloc.scene import STYLES, Mesh, anatomy_meshes, build_scene
from enbloc.scene.barriers import RAISED_MM
from enbloc.tumour import Extent
from planning import stand_ins

STATED = parse_case('schema = "enbloc.case/1"\nid = "a"\n[extent]\nlevels = ["T12"]\nzones = ["body"]\n')
SPEC = PhantomSpec(levels=("T11", "T12", "L1"), tumour=TumourSpec(type=4, variant="body", level="T12"))


CASE = stand_ins.case()


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SPEC)


@pytest.fixture(scope="module")
def told() -> list[tuple[Drawing, Extent | Skipped]]:
    """What was told while `planned` was being made."""
    return []


@pytest.fixture(scope="module")
def planned(phantom, told) -> Plan:
    """A tumour of the body that has gone through the posterior wall into the canal."""
    return plan(CASE, phantom.imaging, stand_ins.NO_WAY_OUT, located=lambda *places: told.append(places))


def test_tumour_through_the_posterior_wall_breaches_the_ligament_there(planned):
    (level,) = planned.tumour.barriers
    assert level.level == "T12"
    found = {row.barrier: row for row in level.barriers}
    assert found[Barrier.POSTERIOR_LIGAMENT].state is State.BREACHED
    assert [b for b, row in found.items() if row.state is State.BREACHED] == [Barrier.POSTERIOR_LIGAMENT]
    assert level.leak_paths[0].leads_to == "spinal canal"


def test_every_modelled_level_has_its_areas(planned):
    assert {row.level for row in planned.spine.compartments} == {"T11", "T12", "L1"}
    assert all(row.area_mm2 > 0.0 for row in planned.spine.compartments)


def test_reasons_carry_their_marks(planned):
    text = why(planned, "tumour.barriers")
    assert "tumour.barriers.0.leak_paths.0: open into: spinal canal" in text
    assert "strength; Tomita K et al. 2006, doi:10.1007/s00776-005-0964-y [seed]" in text
    assert "leads to; The enbloc developers 2026, enbloc [unverified]" in text


def test_surfaces_and_states_stay_out_of_the_document(planned):
    document = plan_document(planned)
    assert "contacts" not in document
    assert "drawing" not in document
    assert set(document["tumour"]["barriers"][0]["barriers"][0]["touched_mm2"]) == {"value", "low", "high"}


@pytest.mark.parametrize(("case", "reason"), [(CASE, None), (STATED, "there is no tumour mask")])
def test_without_a_mask_the_stage_says_why_it_did_not_run(phantom, case, reason):
    made = plan(case, replace(phantom.imaging, tumour=None))
    assert made.spine.compartments
    if reason is None:
        assert isinstance(made.tumour, Skipped)
    else:
        assert made.tumour.barriers == Skipped(reason)


def test_without_images_the_stage_says_why_it_did_not_run():
    assert plan(STATED).tumour.barriers == Skipped("no images were given")


def test_surfaces_made_before_the_cuts_are_those_of_the_scene(planned, told):
    """From what was told on the way, when there was no plan yet; barriers are among them."""
    early = anatomy_meshes(*told[0])
    late, given = build_scene(planned), build_scene(planned, early)
    assert planned.resection.cuts
    assert {"tumour", "vertebra", "barrier-breached"} <= {mesh.kind for mesh in early}
    assert given.meshes[: len(early)] == early, "those given, and first"
    assert (given.notes, given.operation) == (late.notes, late.operation)
    for one, two in zip(given.meshes, late.meshes, strict=True):
        assert_same(one, two)


def assert_same(one: Mesh, two: Mesh) -> None:
    for field in fields(Mesh):
        np.testing.assert_array_equal(getattr(one, field.name), getattr(two, field.name), err_msg=one.name, strict=True)


def test_the_breach_is_drawn_just_off_the_bone(planned):
    """Every drawn corner lies RAISED_MM off the compartment's own surface; areas agree with the finding."""
    from scipy.spatial import cKDTree

    scene = build_scene(planned)
    (mesh,) = scene.of_kind("barrier-breached")
    (contact,) = (c for c in planned.drawing.contacts if c.compartment.level == "T12")
    near, _ = cKDTree(contact.compartment.vertices_mm).query(mesh.vertices_mm)
    assert near.max() <= RAISED_MM + 1e-4  # float32
    assert near.min() > 0.0
    a, b, c = (mesh.vertices_mm[mesh.faces[:, i]].astype(float) for i in range(3))
    area = 0.5 * np.linalg.norm(np.cross(b - a, c - a), axis=1).sum()
    found = next(row for row in planned.tumour.barriers[0].barriers if row.barrier is Barrier.POSTERIOR_LIGAMENT)
    # Lifting a patch of a few mm radius of curvature by 0.3 mm stretches it by less than a tenth.
    assert area == pytest.approx(found.breached_mm2.value, rel=0.1)
    assert STYLES["barrier-breached"].surface != STYLES["tumour"].surface


def test_the_report_tells_path_range_and_mark(planned):
    text = render_report(planned)
    assert "Barriers around the compartment" in text
    assert "Open into: spinal canal, by the posterior longitudinal ligament." in text
    found = next(row for row in planned.tumour.barriers[0].barriers if row.barrier is Barrier.POSTERIOR_LIGAMENT)
    measured = found.breached_mm2
    assert f"{measured.value:.0f} ({measured.low:.0f} to {measured.high:.0f})" in text
    assert "not verified" in text
