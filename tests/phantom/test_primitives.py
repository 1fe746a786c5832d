"""Single shapes against closed forms."""

from math import gamma, pi

import numpy as np
import pytest

from enbloc.phantom.primitives import ellipse, ellipsoid, limb, smooth_max, smooth_min, squircle


def inside_volume(function, half, step):
    """Midpoint count of the points where `function` is negative, in a box of half sizes `half`."""
    axes = [np.arange(-h + step / 2, h, step) for h in half]
    grid = np.meshgrid(*axes, indexing="ij")
    values = np.vectorize(function)(*grid)
    return np.count_nonzero(values < 0) * step ** len(half)


def test_ellipsoid_volume():
    """4/3 pi abc. A midpoint count is wrong by about area * step^2 / size: 1 % at a step of 0.5 mm."""
    volume = inside_volume(lambda x, y, z: ellipsoid(x, y, z, 9.0, 6.0, 4.0), (10, 7, 5), 0.5)
    assert volume == pytest.approx(4 / 3 * pi * 9 * 6 * 4, rel=0.01)


def test_capsule_volume():
    """pi r^2 L + 4/3 pi r^3 for a rod without taper or stretch; tolerance as above."""
    rod = np.array([-4.0, -4.0, 2.0, 4.0, 4.0, -2.0, 4.0, 4.0, 0, 0, 1.0, 1.0])  # oblique, so that the count is fair
    volume = inside_volume(lambda x, y, z: limb(x, y, z, rod), (9, 9, 7), 0.4)
    assert volume == pytest.approx(pi * 16 * 12 + 4 / 3 * pi * 64, rel=0.01)


def test_stretch_multiplies_the_volume():
    """A section stretched by 1.5 across a rod multiplies its volume by 1.5."""
    rod = np.array([-4.0, -4.0, 0, 4.0, 4.0, 0, 4.0, 4.0, 0, 0, 1.0, 1.5])
    volume = inside_volume(lambda x, y, z: limb(x, y, z, rod), (9, 9, 7), 0.4)
    assert volume == pytest.approx(1.5 * (pi * 16 * 128**0.5 + 4 / 3 * pi * 64), rel=0.01)


def test_rounded_rectangle_area():
    """|x/a|^4 + |y/b|^4 = 1 encloses 4 a b Gamma(5/4)^2 / Gamma(3/2); 0.2 % is the count's error at this step."""
    area = inside_volume(lambda x, y: squircle(x, y, 9.0, 6.0), (10, 7), 0.05)
    assert area == pytest.approx(4 * 9 * 6 * gamma(1.25) ** 2 / gamma(1.5), rel=0.002)


def test_a_ball_has_exact_distances():
    """For equal axes the first-order formula is the distance itself; tolerance is rounding."""
    for point in ((3.0, 4.0, 0.0), (0.1, 0.0, 0.0), (7.0, -2.0, 5.0)):
        assert ellipsoid(*point, 5.0, 5.0, 5.0) == pytest.approx(np.linalg.norm(point) - 5.0, abs=1e-12)


@pytest.mark.parametrize("angle", np.linspace(0.1, 6.2, 7))
def test_gradient_is_near_one_at_the_surface(angle):
    """First-order distances: 0.05 mm off the surface they say 0.05 mm within 3 % (curvature radius >= 2.7 mm here)."""
    on = np.array([9.0 * np.cos(angle), 6.0 * np.sin(angle)])
    normal = np.array([np.cos(angle) / 9.0, np.sin(angle) / 6.0])
    off = on + 0.05 * normal / np.linalg.norm(normal)
    assert ellipse(*off, 9.0, 6.0) == pytest.approx(0.05, rel=0.03)


def test_smooth_union_is_the_union_away_from_the_seam():
    assert smooth_min(1.0, 9.0, 2.0) == 1.0
    assert smooth_max(1.0, 9.0, 2.0) == 9.0
    assert smooth_min(1.0, 1.0, 2.0) == 0.5  # a - r/4: the deepest fillet, by hand
