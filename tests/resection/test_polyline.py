"""A line of few points against worked examples and another program."""

import numpy as np
import pytest

from enbloc.resection.polyline import simplified


def test_corners_stay_and_points_between_go():
    square = np.array([[0, 0], [1, 0], [2, 0], [2, 1], [2, 2], [1, 2], [0, 2], [0, 1], [0, 0]], dtype=float)
    corners = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]
    np.testing.assert_array_equal(simplified(square, 0.1), corners)


@pytest.mark.parametrize(("height", "kept"), [(0.29, 2), (0.31, 3)])
def test_a_bump_stays_only_above_the_tolerance(height, kept):
    assert len(simplified(np.array([[0.0, 0.0], [1.0, height], [2.0, 0.0]]), 0.3)) == kept


@pytest.mark.parametrize("seed", range(5))
def test_another_program_keeps_the_same_points(seed):
    from skimage.measure import approximate_polygon

    angle = np.linspace(0.0, 2.0 * np.pi, 300)
    radius = 20.0 + np.random.default_rng(seed).normal(0.0, 0.6, 300)
    radius[-1] = radius[0]
    line = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    line[-1] = line[0]
    np.testing.assert_array_equal(simplified(line, 0.7), approximate_polygon(line, 0.7))
