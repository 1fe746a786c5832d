"""Lines with fewer points: what another program keeps, and a shape worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.core.polyline import thinned


def test_a_staircase_below_the_tolerance_is_a_straight_line():
    """Its corners stand 1 / sqrt 2 off the diagonal, but for those on it."""
    stairs = np.array([[n // 2, (n + 1) // 2] for n in range(11)], dtype=np.float64)
    np.testing.assert_array_equal(thinned(stairs, 0.75), stairs[[0, -1]])
    assert len(thinned(stairs, 0.70)) > 2


def test_a_corner_stays():
    bent = np.array([[0.0, 0.0], [0.1, 2.0], [0.0, 4.0], [3.0, 4.1], [6.0, 4.0]])
    np.testing.assert_array_equal(thinned(bent, 0.5), bent[[0, 2, 4]])


@pytest.mark.parametrize("seed", range(20))
def test_keeps_what_scikit_image_keeps(seed):
    """Outlines of blobs of pixels, whose many equal distances make ties."""
    from scipy import ndimage
    from skimage.measure import approximate_polygon, find_contours

    generator = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(generator.normal(size=(60, 60)), 4.0) > 0.0
    for line in find_contours(np.pad(blobs, 1).astype(np.float32), 0.5):
        for tolerance in (0.3, 0.5, 1.0, 2.5):
            np.testing.assert_array_equal(thinned(line, tolerance), approximate_polygon(line, tolerance))
