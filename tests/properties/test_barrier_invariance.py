"""Barriers: the fast division against its twin, and what axis order, place and side must not change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.anatomy import BARRIERS, Barrier, compartments, locate, patches
from enbloc.core.volume import Imaging
from enbloc.tumour import barrier_findings, contacts
from properties.patches_twin import barriers_one_by_one
from properties.test_invariance import imaging_of, moved_by, other_side, patient, stored_as

SWAPPED = {Barrier.LATERAL_LEFT: Barrier.LATERAL_RIGHT, Barrier.LATERAL_RIGHT: Barrier.LATERAL_LEFT}
PROCESS = (Barrier.INTERSPINOUS, Barrier.SUPRASPINOUS, Barrier.LAMINAR)


def areas(imaging: Imaging) -> dict[tuple[str, Barrier], np.ndarray]:
    """Area, touched, breached of every barrier of every level; zeros where tumour is far."""
    spine = locate(imaging)
    found = compartments(spine)
    rows = {(c.level, b): np.array([c.area_mm2(b), 0.0, 0.0]) for c in found for b in BARRIERS[:-1]}
    for level in barrier_findings(spine, contacts(spine, found)):
        for one in level.barriers:
            rows[level.level, one.barrier][1:] = one.touched_mm2.value, one.breached_mm2.value
    return rows


@pytest.fixture(scope="module")
def plain():
    return areas(patient().imaging)


def assert_close(found, expected, rel: float, least_mm2: float) -> None:
    assert found.keys() == expected.keys()
    for key, values in expected.items():
        np.testing.assert_allclose(found[key], values, rtol=rel, atol=least_mm2, err_msg=str(key))


def test_the_division_agrees_with_its_twin(monkeypatch):
    """Every triangle of T12; the spinous process is divided elsewhere, and the twin says nothing of it."""
    seen = {}
    divided = patches.divided

    def watched(surface, part, canal, centre, borders):
        seen["codes"] = divided(surface, part, canal, centre, borders)
        seen["twin"] = barriers_one_by_one(surface, part, canal, centre, borders)
        return seen["codes"]

    monkeypatch.setattr(patches, "divided", watched)
    spine = locate(patient().imaging)
    number = spine.levels.index("T12") + 1
    vertebra = spine.vertebrae[number - 1]
    patches.compartment_of(spine, number, vertebra, vertebra.frame, vertebra.canal_centre_mm)
    assert len(seen["codes"]) > 10_000
    for code, twin in zip(seen["codes"], seen["twin"], strict=True):
        assert BARRIERS[code] in PROCESS if twin is None else BARRIERS[code] is twin


@pytest.mark.parametrize("order", ["LPS", "PIR"])
def test_axis_order_of_the_file_changes_nothing(order, plain):
    """The arrays that anatomy sees are the same, and frames agree to 1e-6 mm: a triangle on a border, 1 mm² each."""
    assert_close(areas(stored_as(order)), plain, 1e-4, 1.0)


def test_moving_the_patient_changes_nothing(plain):
    """Vertices are stored as 32-bit floats: 1e-4 mm at 1500 mm; again a triangle on a border."""
    matrix = np.eye(4)
    matrix[:3, 3] = (123.4, -87.6, 1500.0)
    assert_close(areas(moved_by(matrix)), plain, 1e-3, 2.0)


def test_turning_the_patient_moves_borders_by_less_than_the_frame():
    """The same voxels turned rigidly: the surface is the same, the frame moves by up to 2 degrees and 1 mm (tested in
    test_invariance), which moves a border by up to 1 mm: 10 % of an area, 25 mm² of the narrow ones.
    """
    from enbloc.phantom.pose import turned

    matrix = np.eye(4)
    matrix[:3, :3] = turned((0.0, 9.0, 20.0))
    plain, found = areas(patient().imaging), areas(moved_by(matrix))
    assert_close(found, plain, 0.10, 25.0)
    whole = [sum(values[0] for (level, _), values in each.items() if level == "T12") for each in (plain, found)]
    assert whole[1] == pytest.approx(whole[0], rel=1e-4)


def test_a_mirrored_patient_has_its_sides_swapped():
    """Frames are mirrored to 1e-6 mm. Marching cubes cuts some cubes differently in a mirror: 3 %, or 8 mm².

    The tumour is grown by 4 voxels, so that it breaches the periosteum of one side.
    """
    from scipy.ndimage import binary_dilation

    grid, labels = patient().grid, patient().labels
    tumour = binary_dilation(patient().tumour, iterations=4)
    plain = areas(replace(patient().imaging, tumour=tumour))
    names = {value: other_side(name) for value, name in labels.structures.items()}
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
    found = areas(imaging_of(labels.values, tumour, mirror @ grid.affine.matrix, names))
    swapped = {(level, SWAPPED.get(barrier, barrier)): values for (level, barrier), values in plain.items()}
    assert_close(found, swapped, 0.03, 8.0)
    assert plain["T12", Barrier.LATERAL_LEFT][2] > plain["T12", Barrier.LATERAL_RIGHT][2] + 50.0
