"""Frames against the phantom's own axes, in every position."""

from __future__ import annotations

from math import atan, degrees

import numpy as np
import pytest

from anatomy.patients import WISHES, coarsest_mm, patient

AXES = ("right", "anterior", "superior")
DEPTH_MM = 25.0
"""A body's depth: one voxel's step between its front and back edge tilts an endplate by atan(voxel / depth)."""
WEDGED = ("wedged", "kyphotic")


def angle_deg(a, b) -> float:
    return degrees(np.arccos(np.clip(np.dot(a, b), -1.0, 1.0)))


@pytest.fixture(params=WISHES)
def seen(request):
    phantom, spine = patient(request.param)
    return request.param, phantom.truth, spine


def modelled(truth, spine):
    return [(spine.vertebra(name), truth.frame(name)) for name in truth.names]


def test_every_level_is_found_in_order(seen):
    """(The scheme counts S1 twice: by itself and as the sacrum's first.)"""
    _, truth, spine = seen
    assert [level for level in spine.levels if level != "sacrum"] == list(truth.names)
    for vertebra, _ in modelled(truth, spine):
        assert (vertebra.frame_basis, vertebra.canal_closed) == ("own-bone", True)
        assert vertebra.estimated_mm3 == 0.0


def test_axes_are_orthonormal_and_right_handed(seen):
    """1e-9: rounding of unit vectors."""
    _, truth, spine = seen
    for vertebra, _ in modelled(truth, spine):
        axes = vertebra.frame.axes
        np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(axes) == pytest.approx(1.0, abs=1e-9)


def test_axes(seen):
    """Within one voxel's step over an endplate, and 2 degrees for how a rounded rim is read."""
    _, truth, spine = seen
    most = degrees(atan(coarsest_mm(spine) / DEPTH_MM)) + 2.0
    for vertebra, true in modelled(truth, spine):
        for axis in AXES:
            assert angle_deg(getattr(vertebra.frame, axis), getattr(true, axis)) <= most, (vertebra.level, axis)


def test_origin_is_the_middle_of_the_body(seen):
    """Within a voxel and 1 mm, for waisted bodies; in wedged ones the thick side pulls, so 2 mm more forwards."""
    name, truth, spine = seen
    most = coarsest_mm(spine) + 1.0
    for vertebra, true in modelled(truth, spine):
        right, anterior, superior = vertebra.frame.to_local(np.array(true.origin_mm))
        assert np.hypot(right, superior) <= most, vertebra.level
        assert abs(anterior) <= most + (2.0 if name in WEDGED else 0.0), vertebra.level


def test_canal_centre(seen):
    """The truth's point lies at pedicle height, ours at the body's: compared across the canal's axis only.

    The middle of a hole and the middle of a ring differ by the canal's own roundness: 1 mm, and a voxel.
    """
    _, truth, spine = seen
    for vertebra, true in modelled(truth, spine):
        shift = vertebra.frame.axes @ np.subtract(true.canal_centre_mm, vertebra.canal_centre_mm)
        assert np.hypot(shift[0], shift[1]) <= coarsest_mm(spine) + 1.0, vertebra.level


def test_canal_is_behind_the_body(seen):
    _, truth, spine = seen
    for vertebra, _ in modelled(truth, spine):
        assert vertebra.frame.to_local(np.array(vertebra.canal_centre_mm))[1] < 0.0
