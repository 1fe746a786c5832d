"""What must not matter: a file's axis order, where the patient lies, which side is which; and what must follow."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from enbloc.anatomy import Part, Spine, locate
from enbloc.case import StatedExtent
from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid, Imaging, LabelMap
from enbloc.images.raw import closest_ras
from enbloc.phantom import Phantom, PhantomSpec, TumourSpec, make_phantom
from enbloc.tumour import Extent, Zone, measure

SAME_MM = 1e-6
"""Sums over some 10^5 points of about 100 mm in another order: 1e-10; the figure asked for is 1e-6 mm."""
SAME_AXES = 1e-8
FLIPS = ["LPS", "LAS", "RPI", "PIR", "SRA", "IPL", "ASR"]
LETTER = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
SWAPPED = {Zone.PEDICLE_LEFT: Zone.PEDICLE_RIGHT, Zone.PEDICLE_RIGHT: Zone.PEDICLE_LEFT}
SPEC = PhantomSpec(
    levels=("T11", "T12", "L1"),
    spacing_mm=(0.7, 1.3, 1.5),
    oblique_deg=(11.0, -4.0, 7.0),
    asymmetry=0.05,
    scoliosis_deg=8.0,
    tumour=TumourSpec(type=3, level="T12", side="left"),
)


@cache
def patient() -> Phantom:
    return make_phantom(SPEC)


@cache
def plain() -> tuple[Spine, Extent]:
    return answer(patient().imaging)


def answer(imaging: Imaging) -> tuple[Spine, Extent]:
    spine = locate(imaging)
    return spine, measure(spine, StatedExtent())


def imaging_of(values: np.ndarray, tumour: np.ndarray, matrix: np.ndarray, structures) -> Imaging:
    """As the room `images` makes it: arrays turned to the axis order closest to RAS, without copying."""
    labels, grid = closest_ras(values, matrix, "labels")
    mask, _ = closest_ras(tumour, matrix, "tumour")
    return replace(patient().imaging, grid=grid, labels=(LabelMap(labels, grid, structures),), tumour=mask)


def stored_as(order: str) -> Imaging:
    """The patient's arrays as a file with axes in `order` holds them, then read."""
    grid, labels = patient().grid, patient().labels
    values, tumour, matrix = labels.values, patient().tumour, grid.affine.matrix.copy()
    axes = [LETTER[letter][0] for letter in order]
    for axis in range(3):
        if LETTER[order[axes.index(axis)]][1] < 0:
            values, tumour = np.flip(values, axis), np.flip(tumour, axis)
            matrix[:3, 3] += matrix[:3, axis] * (grid.shape[axis] - 1)
            matrix[:3, axis] *= -1.0
    matrix[:3, :3] = matrix[:3, axes]
    values, tumour = (np.ascontiguousarray(a.transpose(axes)) for a in (values, tumour))
    return imaging_of(values, tumour, matrix, labels.structures)


def moved_by(matrix: np.ndarray) -> Imaging:
    """The same voxels elsewhere in space."""
    grid = Grid(patient().grid.shape, Affine(matrix @ patient().grid.affine.matrix))
    labels = LabelMap(patient().labels.values, grid, patient().labels.structures)
    return replace(patient().imaging, grid=grid, labels=(labels,))


def zone_table(extent: Extent) -> dict:
    return {(row.level, row.zone): (row.volume_mm3, row.depth_mm, row.involvement) for row in extent.zones}


@pytest.mark.parametrize("order", FLIPS)
def test_axis_order_of_the_file_changes_nothing(order):
    spine, extent = answer(stored_as(order))
    before, found = plain()
    for old, new in zip(before.vertebrae, spine.vertebrae, strict=True):
        np.testing.assert_allclose(new.frame.origin_mm, old.frame.origin_mm, atol=SAME_MM)
        np.testing.assert_allclose(new.frame.axes, old.frame.axes, atol=SAME_AXES)
        np.testing.assert_allclose(new.canal_centre_mm, old.canal_centre_mm, atol=SAME_MM)
    # A height that falls on the border of a bin goes either way with the last bit: 1 voxel in 10,000.
    assert (spine.part != before.part).mean() == 0
    assert (spine.owner != before.owner).mean() == 0
    assert zone_table(extent).keys() == zone_table(found).keys()
    for key, (volume, depth, involvement) in zone_table(found).items():
        new_volume, new_depth, new_involvement = zone_table(extent)[key]
        assert (new_volume, new_depth) == pytest.approx((volume, depth), abs=1e-4)  # T12's own; 32-bit distances
        assert new_involvement is involvement
    assert extent.tomita_type == found.tomita_type


def test_moving_the_patient_moves_the_frames_and_nothing_else():
    shift = np.array([123.4, -87.6, 1500.0])
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    spine, extent = answer(moved_by(matrix))
    before, found = plain()
    for old, new in zip(before.vertebrae, spine.vertebrae, strict=True):
        np.testing.assert_allclose(new.frame.origin_mm, np.add(old.frame.origin_mm, shift), atol=SAME_MM)
        np.testing.assert_allclose(new.frame.axes, old.frame.axes, atol=SAME_AXES)
    np.testing.assert_array_equal(spine.part, before.part)
    assert extent.tomita_type == found.tomita_type
    assert extent.volume_mm3 == pytest.approx(found.volume_mm3, rel=1e-9)


@pytest.mark.parametrize("degrees", [(6.0, 0.0, 0.0), (0.0, 9.0, 0.0), (0.0, 0.0, 20.0)])
def test_turning_the_patient_turns_the_frames(degrees):
    """A rigid turn of the same voxels. The search for the canal starts elsewhere, so borders may move a little.

    Frames within 2 degrees (the search ends with steps of 3) and 1 mm (a silhouette has pixels of 1.5 mm); zones by a
    shell about their border, at most a tenth of the tumour.
    """
    from enbloc.phantom.pose import turned

    matrix = np.eye(4)
    matrix[:3, :3] = turned(degrees)
    spine, extent = answer(moved_by(matrix))
    before, found = plain()
    for old, new in zip(before.vertebrae, spine.vertebrae, strict=True):
        back = new.frame.axes @ matrix[:3, :3]
        angles = np.degrees(np.arccos(np.clip((back * old.frame.axes).sum(axis=1), -1.0, 1.0)))
        assert angles.max() < 2.0
        assert np.linalg.norm(matrix[:3, :3].T @ np.array(new.frame.origin_mm) - old.frame.origin_mm) < 1.0
    assert extent.tomita_type.value == found.tomita_type.value
    assert extent.volume_mm3 == pytest.approx(found.volume_mm3, rel=1e-9)
    old, new = zone_table(found), zone_table(extent)
    for key in old.keys() | new.keys():
        change = (new[key][0] if key in new else 0.0) - (old[key][0] if key in old else 0.0)
        assert abs(change) <= 0.1 * found.volume_mm3, key


def test_a_mirrored_patient_has_mirrored_frames_and_swapped_sides():
    """Data flipped along x under a mirrored affine: each voxel now lies at -x."""
    grid, labels = patient().grid, patient().labels
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
    names = {value: other_side(name) for value, name in labels.structures.items()}
    imaging = imaging_of(labels.values, patient().tumour, mirror @ grid.affine.matrix, names)
    spine, extent = answer(imaging)
    before, found = plain()
    flip = np.array([-1.0, 1.0, 1.0])
    for old, new in zip(before.vertebrae, spine.vertebrae, strict=True):
        np.testing.assert_allclose(new.frame.origin_mm, flip * old.frame.origin_mm, atol=SAME_MM)
        for axis, sign in (("anterior", 1.0), ("superior", 1.0), ("right", -1.0)):
            np.testing.assert_allclose(
                getattr(new.frame, axis), sign * flip * getattr(old.frame, axis), atol=SAME_AXES, err_msg=axis
            )
        np.testing.assert_allclose(new.canal_centre_mm, flip * old.canal_centre_mm, atol=SAME_MM)
    assert extent.tomita_type.value == found.tomita_type.value
    assert (extent.tomita_type.low, extent.tomita_type.high) == (found.tomita_type.low, found.tomita_type.high)
    voxel = grid.affine.voxel_volume_mm3
    swapped = {(row.level, SWAPPED.get(row.zone, row.zone)): row.volume_mm3 for row in found.zones}
    mirrored = {(row.level, row.zone): row.volume_mm3 for row in extent.zones}
    assert mirrored.keys() == swapped.keys()
    for key, volume in swapped.items():
        assert mirrored[key] == pytest.approx(volume, abs=2.0 * voxel), key  # a centre that lies on a border
    for left, right in ((Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT), (Part.LAMINA_LEFT, Part.LAMINA_RIGHT)):
        pair = np.count_nonzero(before.part == left), np.count_nonzero(before.part == right)
        now = np.count_nonzero(spine.part == right), np.count_nonzero(spine.part == left)
        assert now == pytest.approx(pair, abs=3)  # voxels whose centre lies on a border


def other_side(name: str) -> str:
    if "left" in name:
        return name.replace("left", "right")
    return name.replace("right", "left")
