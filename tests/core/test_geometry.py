"""Affine, plane and box against values worked out by hand."""

from __future__ import annotations

from math import cos, radians, sin

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.core.geometry import Affine, Box, Plane, bounding_box, indices_of, unit

EXACT = 1e-12
"""mm: a few operations on numbers of order 100 lose about 1e-14 of each."""


def affine(columns: list[list[float]], origin: list[float]) -> Affine:
    matrix = np.eye(4)
    matrix[:3, :3] = np.array(columns).T
    matrix[:3, 3] = origin
    return Affine(matrix)


LPS_3MM = affine([[-2.0, 0, 0], [0, -1.0, 0], [0, 0, 3.0]], [100.0, 50.0, -20.0])


def test_voxel_to_world_by_hand():
    """100 - 2*10, 50 - 1*20, -20 + 3*5."""
    np.testing.assert_allclose(LPS_3MM.to_world([10, 20, 5]), [80.0, 30.0, -5.0], atol=EXACT)
    np.testing.assert_allclose(LPS_3MM.to_index([80.0, 30.0, -5.0]), [10, 20, 5], atol=EXACT)
    np.testing.assert_allclose(LPS_3MM.spacing_mm, [2.0, 1.0, 3.0], atol=EXACT)
    assert LPS_3MM.voxel_volume_mm3 == pytest.approx(6.0, abs=EXACT)


def test_swapped_axes_by_hand():
    """Index 0 runs up by 3 mm, index 1 to the right by 1 mm, index 2 to the front by 2 mm."""
    swapped = affine([[0, 0, 3.0], [1.0, 0, 0], [0, 2.0, 0]], [1.0, 2.0, 3.0])
    np.testing.assert_allclose(swapped.to_world([1, 10, 100]), [11.0, 202.0, 6.0], atol=EXACT)
    np.testing.assert_allclose(swapped.to_index([11.0, 202.0, 6.0]), [1, 10, 100], atol=EXACT)
    np.testing.assert_allclose(swapped.spacing_mm, [3.0, 1.0, 2.0], atol=EXACT)


def test_sheared_axes_keep_volume_and_lengths():
    """A gantry tilt: third axis (0, 3, 4) is 5 long but climbs only 4."""
    tilted = affine([[1.0, 0, 0], [0, 1.0, 0], [0, 3.0, 4.0]], [0.0, 0.0, 0.0])
    np.testing.assert_allclose(tilted.spacing_mm, [1.0, 1.0, 5.0], atol=EXACT)
    assert tilted.voxel_volume_mm3 == pytest.approx(4.0, abs=EXACT)


def test_points_of_any_shape():
    points = np.arange(24.0).reshape(2, 4, 3)
    assert LPS_3MM.to_world(points).shape == (2, 4, 3)
    np.testing.assert_allclose(LPS_3MM.to_index(LPS_3MM.to_world(points)), points, atol=EXACT)


@pytest.mark.parametrize(
    "matrix",
    [
        np.eye(3),
        np.full((4, 4), np.nan),
        np.diag([1.0, 1.0, np.inf, 1.0]),
        np.diag([1.0, 1.0, 0.0, 1.0]),
        np.array([[1.0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),  # two equal axes
        np.array([[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]),  # perspective
    ],
)
def test_no_affine(matrix):
    with pytest.raises(ValueError, match="affine"):
        Affine(matrix)


def test_an_affine_cannot_be_changed_afterwards():
    mine = np.eye(4)
    kept = Affine(mine)
    mine[0, 3] = 7.0
    assert kept.matrix[0, 3] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        kept.matrix[0, 3] = 1.0


def test_plane_by_hand():
    """Through (0, 0, 10), tilted 30 degrees to the front: distance of (0, 4, 10) is 4 sin 30 = 2."""
    tilt = radians(30.0)
    plane = Plane(np.array([0.0, 0.0, 10.0]), np.array([0.0, sin(tilt), cos(tilt)]))
    points = np.array([[0.0, 4.0, 10.0], [5.0, 0.0, 10.0], [0.0, 0.0, 8.0]])
    np.testing.assert_allclose(plane.signed_distance_mm(points), [2.0, 0.0, -2.0 * cos(tilt)], atol=EXACT)


def test_a_plane_needs_a_unit_normal():
    with pytest.raises(ValueError, match="length 1"):
        Plane(np.zeros(3), np.array([0.0, 0.0, 1.001]))


def test_box_by_hand():
    box = Box((2, 3, 4), (5, 7, 9))
    assert box.shape == (3, 4, 5)
    assert np.ones((10, 10, 10))[box.slices].size == 60
    assert box.grown((1, 5, 2), (10, 9, 10)) == Box((1, 0, 2), (6, 9, 10))
    assert box.union(Box((0, 6, 5), (1, 8, 6))) == Box((0, 3, 4), (5, 8, 9))
    assert box.relative_to(Box((1, 1, 1), (9, 9, 9))) == Box((1, 2, 3), (4, 6, 8))


@pytest.mark.parametrize(("low", "high"), [((0, 0, 0), (1, 0, 1)), ((2, 0, 0), (1, 1, 1))])
def test_no_empty_box(low, high):
    with pytest.raises(ValueError, match="empty box"):
        Box(low, high)


def test_bounding_box_of_nothing_is_nothing():
    assert bounding_box(np.zeros((3, 3, 3), dtype=bool)) is None


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=4))
def test_bounding_box_holds_every_voxel_and_no_more(voxels):
    mask = np.zeros((6, 6, 6), dtype=bool)
    for voxel in voxels:
        mask[voxel] = True
    box = bounding_box(mask)
    assert box.lower == tuple(min(v[a] for v in voxels) for a in range(3))
    assert box.upper == tuple(max(v[a] for v in voxels) + 1 for a in range(3))


def test_unit():
    np.testing.assert_allclose(unit([0, 3, 4]), [0.0, 0.6, 0.8], atol=EXACT)
    with pytest.raises(ValueError, match="direction"):
        unit([0, 0, 0])


@pytest.mark.parametrize("shape", [(7, 5, 9), (6, 11)])
@pytest.mark.parametrize(
    "laid", [np.ascontiguousarray, np.asfortranarray, lambda mask: np.repeat(mask, 2, axis=0)[::2]]
)
def test_indices_are_those_of_the_slow_way_in_its_order(shape, laid):
    """Whatever lies next to what in memory."""
    for share in (0.0, 0.1, 1.0):
        mask = laid(np.random.default_rng(4).random(shape) < share)
        assert np.array_equal(indices_of(mask), np.argwhere(mask))


def test_a_block_within_a_block_and_back():
    outer, inner = Box((3, 4, 5), (13, 14, 15)), Box((4, 6, 8), (5, 8, 11))
    assert inner.relative_to(outer) == Box((1, 2, 3), (2, 4, 6))
    assert inner.relative_to(outer).placed_in(outer) == inner
