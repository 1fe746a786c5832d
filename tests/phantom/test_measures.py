"""True sizes of phantoms: against the table they are made from, against the wedges they were asked for, and scaled."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from enbloc.phantom import PhantomSpec
from enbloc.phantom.build import pose_of
from enbloc.phantom.column import build_column
from enbloc.phantom.measures import _first, _last, measures
from enbloc.phantom.morphometry import morphometry
from enbloc.phantom.truth import find_truth

LEVELS = ("T11", "T12", "L1")
LENGTHS = ("posterior_body_height_mm", "lower_endplate_width_mm", "lower_endplate_depth_mm", "canal_depth_mm")


@cache
def true_of(**wishes: object):
    spec = PhantomSpec(levels=wishes.pop("levels", LEVELS), tumour=None, **wishes)  # type: ignore[arg-type]
    return {one.level: one for one in measures(find_truth(build_column(spec), pose_of(spec), ()))}


@cache
def straight():
    return true_of()


def test_sizes_follow_the_table():
    """The shapes are drawn with the table's numbers, then waisted, hollowed, filleted.

    0.5 mm for the canal's depth; 6 % off widths and depths, which are read below the rim. A mean chord over half the
    area of an ellipse is 4 % under its diameter, and a fillet adds up to 0.5 mm. The wall of the canal turns the axis by
    some 5 degrees.
    """
    for level, found in straight().items():
        table = morphometry()[level]
        assert found.canal_depth_mm == pytest.approx(table.canal_depth, abs=0.5)
        # T12's canal is carved wider where its pedicles lean outwards.
        assert found.canal_width_mm == pytest.approx(table.canal_width, abs=1.0)
        assert found.upper_endplate_width_mm == pytest.approx(table.width, rel=0.06)
        assert found.upper_endplate_depth_mm == pytest.approx(table.depth, rel=0.06)
        for pedicle in (found.pedicle_left, found.pedicle_right):
            assert pedicle.width_mm == pytest.approx(0.96 * table.pedicle_width, abs=0.5)
            assert pedicle.height_mm == pytest.approx(0.96 * table.pedicle_height, abs=0.5)
            assert pedicle.transverse_angle_deg == pytest.approx(table.pedicle_angle, abs=5.0)
            assert pedicle.narrowest_area_mm2 == pytest.approx(
                0.25 * np.pi * pedicle.width_mm * pedicle.height_mm, rel=0.1
            )


def test_a_wished_wedge_is_found():
    """15 degrees more wedge in T12: 15 more between its endplates, and between its and the next upper endplate."""
    wedged = true_of(wedges=(("T12", 15.0),))
    before, after = straight(), wedged
    level = next(name for name in after if name == "T12")
    # The hollow of the endplates is read over strips that move with the body's depth: 0.5 degrees.
    assert after[level].body_wedge_deg - before[level].body_wedge_deg == pytest.approx(15.0, abs=0.5)
    assert after[level].kyphosis_below_deg - before[level].kyphosis_below_deg == pytest.approx(15.0, abs=0.5)
    assert after[level].anterior_body_height_mm < before[level].anterior_body_height_mm - 3.0


def test_a_wished_kyphosis_is_shared_out():
    """20 degrees over three levels: a fifth in each body, a fifth in each disc (three fifths of it in bodies)."""
    before, after = straight(), true_of(kyphosis_deg=20.0)
    for level in list(after)[:2]:
        gained = after[level].kyphosis_below_deg - before[level].kyphosis_below_deg
        assert gained == pytest.approx(20.0 * (0.6 / 3 + 0.4 / 2), abs=0.5)


def test_a_curved_column_keeps_its_bones():
    """Scoliosis and a turn in the scanner move vertebrae and change none: 0.05 mm for lines that lie elsewhere."""
    moved = true_of(rotation_deg=(20.0, -15.0, 40.0), position_mm=(7.0, 30.0, -11.0))
    for level, found in straight().items():
        for name in ("anterior_body_height_mm", "upper_endplate_width_mm", "canal_width_mm", "canal_depth_mm"):
            assert getattr(moved[level], name) == pytest.approx(getattr(found, name), abs=0.05)


def test_sizes_grow_with_the_patient():
    """1.1 times as large: lengths 1.1 times as long; fillets, hollows and the averaging window keep their mm: 2 %."""
    large = true_of(scale=1.1)
    for level, found in straight().items():
        for name in (
            "posterior_body_height_mm",
            "lower_endplate_width_mm",
            "lower_endplate_depth_mm",
            "canal_depth_mm",
        ):
            assert getattr(large[level], name) == pytest.approx(1.1 * getattr(found, name), rel=0.02)


def test_left_and_right_are_a_mirror_image():
    found = true_of(mirror=True, asymmetry=0.06)
    plain = true_of(asymmetry=0.06)
    for level, one in plain.items():
        assert found[level].pedicle_left.width_mm == pytest.approx(one.pedicle_right.width_mm, abs=0.02)
        assert one.pedicle_left.width_mm < one.pedicle_right.width_mm  # the right side is drawn 6 % larger


def test_lines_meet_a_ball_at_its_radius():
    """Distance to a ball of 10 mm; the zero is found by linear interpolation: h^2 / 8 r = 0.003 mm for h = 0.5."""
    places = np.arange(-15.0, 15.01, 0.5)
    x, y = np.meshgrid(places, [0.0, 6.0, 12.0], indexing="ij")
    value = np.hypot(x, y) - 10.0
    np.testing.assert_allclose(_first(value, places, 0), [-10.0, -8.0, np.nan], atol=0.01)
    np.testing.assert_allclose(_last(value, places, 0), [10.0, 8.0, np.nan], atol=0.01)
