"""Vessels as round rods beside a box of tumour: distance, arc and length by hand.

A rod of radius r whose axis runs d from the box's face: the gap is d - r, and the wall lies within w of the face over
2 acos((d - w) / r) of its circumference. Along the rod the box is 24 mm long; wall within w of it reaches past its ends
by sqrt(w^2 - gap^2).
"""

from __future__ import annotations

from functools import cache
from math import acos, degrees, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.core.evidence import Skipped
from enbloc.core.geometry import Affine, unit
from enbloc.core.volume import Grid, Imaging, LabelMap
from enbloc.knowledge import asked_vessels, vessel_kind, vessel_limits
from enbloc.tumour import Involvement, vessel_contacts
from enbloc.tumour.field import tumour_field
from enbloc.tumour.tube import centreline
from enbloc.tumour.tube_contact import TubeContact, contact_with

RADIUS_MM, WITHIN_MM, HALF_MM = 8.0, 2.0, 12.0
SPACINGS = [(1.0, 1.0, 1.0), (0.7, 0.7, 0.7), (0.8, 0.8, 3.0)]
UPRIGHT, OBLIQUE = (0.0, 0.0, 1.0), (0.5, 0.2, 1.0)


def grid_of(spacing_mm, side_mm=90.0) -> tuple[Grid, np.ndarray]:
    """A cube around the origin, off-centre by a fraction of a voxel, and its voxels' centres."""
    shape = tuple(int(np.ceil(side_mm / s)) for s in spacing_mm)
    matrix = np.diag([*spacing_mm, 1.0])
    matrix[:3, 3] = -0.5 * side_mm + 0.137
    grid = Grid(shape, Affine(matrix))
    return grid, grid.affine.to_world(np.moveaxis(np.indices(shape), 0, -1))


@cache
def beside(spacing_mm, axis, gap_mm) -> TubeContact:
    """A rod along `axis` through the origin and a box `gap_mm` from it."""
    grid, points = grid_of(spacing_mm)
    along = unit(axis)
    across = unit(np.cross(along, [0.0, 1.0, 0.3]))
    height = points @ along
    rod = np.linalg.norm(points - height[..., None] * along, axis=-1) < RADIUS_MM
    outwards = points @ across - RADIUS_MM - gap_mm
    box = (outwards > 0) & (outwards < 20) & (np.abs(height) < HALF_MM)
    box &= np.abs(points @ np.cross(along, across)) < 15
    field = tumour_field(box, grid, grid.box, grid, 30.0)
    return contact_with("aorta", rod[field.box.slices], field, WITHIN_MM)


@pytest.mark.parametrize("gap_mm", [-3.0, 0.0, 1.0, 5.0, 12.0])
@pytest.mark.parametrize("axis", [UPRIGHT, OBLIQUE], ids=["upright", "oblique"])
@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
def test_distance(spacing_mm, axis, gap_mm):
    """Within its range, and the range is no wider than a voxel either way."""
    found = beside(spacing_mm, axis, gap_mm).distance_mm
    assert found.low - 1e-6 <= max(0.0, gap_mm) <= found.high + 1e-6  # 32-bit distances
    assert found.high - found.low <= 2.0 * max(spacing_mm) + 1e-4


@pytest.mark.parametrize("gap_mm", [-3.0, 0.0, 1.0])
@pytest.mark.parametrize("axis", [UPRIGHT, OBLIQUE], ids=["upright", "oblique"])
@pytest.mark.parametrize("spacing_mm", SPACINGS, ids=str)
def test_arc_and_length(spacing_mm, axis, gap_mm):
    """Truth lies in the range. The value itself: the best section of a stepped wall errs by half a voxel towards more
    contact, which is up to 20 degrees here; lengths count whole sections of 1 mm, and each end is in doubt by
    a voxel.
    """
    found = beside(spacing_mm, axis, gap_mm)
    arc = 2.0 * degrees(acos((RADIUS_MM + gap_mm - WITHIN_MM) / RADIUS_MM))
    length = 2.0 * (HALF_MM + sqrt(WITHIN_MM**2 - max(0.0, gap_mm) ** 2))
    assert found.arc_deg.low <= arc <= found.arc_deg.high
    assert found.arc_deg.value == pytest.approx(arc, abs=20.0)
    assert found.length_mm.low - 1.0 <= length <= found.length_mm.high + 1.0
    assert found.length_mm.value == pytest.approx(length, abs=1.0 + 2.0 * max(spacing_mm))


def test_tumour_that_fills_the_image_ends_at_its_edge():
    """5 voxels of 2 mm across: the middle's centre lies 5 mm under the nearest face of the image, a corner's 1 mm."""
    grid = Grid((5, 5, 5), Affine(np.diag([2.0, 2.0, 2.0, 1.0])))
    field = tumour_field(np.ones(grid.shape, bool), grid, grid.box, grid, 30.0)
    assert field.gap_mm[2, 2, 2] == pytest.approx(-5.0)
    assert field.gap_mm[0, 0, 0] == pytest.approx(-1.0)
    np.testing.assert_allclose(field.step_mm, 2.0)


def test_area_of_contact():
    """Touching: the arc over the box's 24 mm, and a cap of less than 2 mm at each end: between the two products."""
    found = beside((0.7, 0.7, 0.7), UPRIGHT, 0.0)
    arc_mm = 2.0 * acos((RADIUS_MM - WITHIN_MM) / RADIUS_MM) * RADIUS_MM
    assert found.area_mm2.low < arc_mm * 2 * HALF_MM < found.area_mm2.high
    assert found.area_mm2.value == pytest.approx(arc_mm * 2 * (HALF_MM + 1.0), rel=0.15)  # half of each cap


def test_where_the_largest_arc_lies():
    """A box 24 mm long around the origin, the rod through the origin: the place is on the axis, beside the box."""
    found = beside((1.0, 1.0, 1.0), UPRIGHT, 0.0)
    x, y, z = found.arc_at_mm
    assert np.hypot(x, y) < 0.5  # half a voxel
    assert abs(z) <= HALF_MM + 1.0


@pytest.mark.parametrize(
    ("spacing", "gap_mm", "contact"),
    [(1.0, -1.0, "involved"), (1.0, 2.0, "possible"), (1.0, 6.0, "free"), (3.0, 0.0, "possible"), (3.0, 11.0, "free")],
)
def test_contact_is_certain_only_beyond_the_voxels_doubt(spacing, gap_mm, contact):
    """Touching at 3 mm voxels may be a gap of 3 mm, which is more than the 2 mm of contact."""
    found = beside((spacing,) * 3, UPRIGHT, gap_mm)
    assert found.contact.value == contact
    if contact == "free":
        assert found.arc_deg.high == found.length_mm.high == found.area_mm2.high == 0.0
        assert found.arc_at_mm is None


@given(
    first=st.tuples(*[st.integers(0, 5)] * 3),
    second=st.tuples(*[st.integers(0, 5)] * 3),
    spacing=st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 3),
)
def test_distance_of_two_voxels_by_hand(first, second, spacing):
    """Centre to centre, less the width of a voxel along that way: mm per voxel of the way."""
    grid = Grid((6, 6, 6), Affine(np.diag([*spacing, 1.0])))
    tumour, vessel = np.zeros(grid.shape, bool), np.zeros(grid.shape, bool)
    tumour[first], vessel[second] = True, True
    field = tumour_field(tumour, grid, grid.box, grid, 30.0)
    found = contact_with("aorta", vessel, field, WITHIN_MM).distance_mm
    way = np.subtract(first, second)
    mm, voxels = float(np.linalg.norm(way * spacing)), float(np.linalg.norm(way))
    step = mm / voxels if voxels else 0.0
    assert found.value == pytest.approx(max(0.0, mm - step), abs=1e-5)  # 32-bit distances
    assert found.high == pytest.approx(mm if voxels else 0.0, abs=1e-5) or found.value == 0.0


def test_the_centreline_follows_an_arch():
    """Half a ring of radius 30 mm, tube radius 6: every point within 1 mm of the ring, tangents along it to 12 degrees.

    (At its ends, which are cut flat, the line runs straight on; the last 10 mm are left out.)
    """
    grid, points = grid_of((1.0, 1.0, 1.0))
    x, y, z = np.moveaxis(points, -1, 0)
    tube = (np.hypot(np.hypot(x, z) - 30.0, y) < 6.0) & (z > 0)
    line, tangent = centreline(tube, grid)
    inner = line[:, 2] > 10.0
    assert np.count_nonzero(inner) > 60
    off = np.hypot(np.hypot(line[:, 0], line[:, 2]) - 30.0, line[:, 1])
    assert off[inner].max() < 1.0
    along = np.stack([-line[:, 2], np.zeros(len(line)), line[:, 0]], axis=1)[inner]
    cosine = np.abs((along / np.linalg.norm(along, axis=1, keepdims=True) * tangent[inner]).sum(axis=1))
    assert cosine.min() > np.cos(np.radians(12.0))


def test_a_speck_of_vessel_has_a_distance_and_no_sections():
    grid, points = grid_of((1.0, 1.0, 1.0), 40.0)
    box, speck = np.abs(points).max(axis=-1) < 5, np.linalg.norm(points - [7.0, 0.0, 0.0], axis=-1) < 1.2
    field = tumour_field(box, grid, grid.box, grid, 30.0)
    found = contact_with("azygos-vein", speck[field.box.slices], field, WITHIN_MM)
    assert found.contact is not Involvement.FREE
    assert (found.arc_deg, found.length_mm, found.area_mm2) == (None, None, None)


# Which vessels are looked at.


def labelled(names: list[str], places_mm: list[float]):
    """Rods along z at the given x, each under its name, and a box of tumour about the origin."""
    grid, points = grid_of((1.0, 1.0, 1.0), 110.0)
    values = np.zeros(grid.shape, np.uint8)
    for value, x in enumerate(places_mm, start=1):
        values[np.hypot(points[..., 0] - x, points[..., 1]) < 4.0] = value
    tumour = np.abs(points).max(axis=-1) < 5
    labels = LabelMap(values, grid, dict(enumerate(names, start=1)))
    imaging = Imaging(grid, (labels,), tumour, None, "ct", ())
    return vessel_contacts(imaging, tumour_field(tumour, grid, grid.box, grid, vessel_limits()[1]))


def test_vessels_near_far_and_not_labelled():
    found = labelled(["aorta", "azygos-vein", "heart", "inferior-vena-cava"], [12.0, -20.0, 25.0, 50.0])
    assert [one.structure for one in found.contacts] == ["aorta", "azygos-vein"]
    assert found.farther == ("inferior-vena-cava",)
    assert found.not_looked_at == ("superior-vena-cava", "iliac-artery", "iliac-vein", "segmental-artery")


def test_a_drawn_vessel_is_looked_at_by_its_name():
    found = labelled(["segmental-artery-left-T12"], [8.0])
    assert found.contacts[0].structure == "segmental-artery-left-T12"
    assert "segmental-artery" not in found.not_looked_at


def test_without_any_vessel_nothing_is_said():
    assert labelled(["heart"], [20.0]) == Skipped("no vessel is labelled")


@pytest.mark.parametrize(
    ("structure", "kind"),
    [
        ("aorta", "artery"),
        ("brachiocephalic-trunk", "artery"),
        ("segmental-artery-right-T9", "artery"),
        ("superior-vena-cava", "vein"),
        ("portal-vein-and-splenic-vein", "vein"),
        ("azygos", "vein"),
        ("cord", None),
        ("heart", None),
        ("T12", None),
    ],
)
def test_what_is_a_vessel(structure, kind):
    assert vessel_kind(structure) == kind


def test_every_vessel_asked_for_is_one():
    assert all(vessel_kind(name) for name in asked_vessels())
