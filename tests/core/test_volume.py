"""Grids: corners, shifts between grids, crops; volumes and label maps."""

from __future__ import annotations

from math import radians, sin

import numpy as np
import pytest

from enbloc.core.geometry import Affine, Box
from enbloc.core.volume import Grid, Imaging, LabelMap, Volume

EXACT = 1e-10
"""mm: rounding of a few operations on numbers of order 100."""


def grid(shape=(100, 100, 100), matrix=None) -> Grid:
    return Grid(shape, Affine(np.eye(4) if matrix is None else matrix))


def turned(degrees: float, about=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Rotation about the z axis through `about`."""
    c, s = np.cos(radians(degrees)), np.sin(radians(degrees))
    matrix = np.eye(4)
    matrix[:2, :2] = [[c, -s], [s, c]]
    matrix[:3, 3] = np.array(about) - matrix[:3, :3] @ np.array(about)
    return matrix


def test_corners_are_the_outer_faces_of_the_voxels():
    """Four voxels of 2 mm centred on 0, 2, 4, 6 reach from -1 to 7."""
    corners = grid((4, 2, 1), np.diag([2.0, 1.0, 5.0, 1.0])).corners_mm()
    np.testing.assert_allclose(corners.min(axis=0), [-1.0, -0.5, -2.5], atol=EXACT)
    np.testing.assert_allclose(corners.max(axis=0), [7.0, 1.5, 2.5], atol=EXACT)
    assert corners.shape == (8, 3)


@pytest.mark.parametrize("degrees", [0.1, 1.0, 3.6, 30.0, 180.0])
def test_shift_of_a_grid_turned_about_its_middle(degrees):
    """A corner at distance r from the axis moves by the chord 2 r sin(angle / 2); here r = 50 sqrt 2."""
    other = grid(matrix=turned(degrees, about=(49.5, 49.5, 0.0)))
    chord = 2.0 * 50.0 * np.sqrt(2.0) * sin(radians(degrees) / 2.0)
    assert grid().corner_shift_mm(other) == pytest.approx(chord, abs=EXACT)


def test_shift_of_a_grid_turned_about_its_first_voxel():
    """The farthest corner lies at (99.5, 99.5): r = 99.5 sqrt 2."""
    chord = 2.0 * 99.5 * np.sqrt(2.0) * sin(radians(1.0) / 2.0)
    assert grid().corner_shift_mm(grid(matrix=turned(1.0))) == pytest.approx(chord, abs=EXACT)


def test_shift_of_a_moved_grid_is_the_move():
    moved = np.eye(4)
    moved[:3, 3] = [3.0, 4.0, 12.0]
    assert grid().corner_shift_mm(grid(matrix=moved)) == pytest.approx(13.0, abs=EXACT)


def test_shift_of_a_stretched_grid_shows_at_the_far_corner():
    """1 % more spacing along one axis of 100 voxels: 0.995 mm at the far end, 0.005 at the near one."""
    assert grid().corner_shift_mm(grid(matrix=np.diag([1.01, 1, 1, 1]))) == pytest.approx(0.995, abs=EXACT)


def test_same_grid():
    near = np.eye(4)
    near[0, 3] = 0.009
    far = np.eye(4)
    far[0, 3] = 0.011
    assert grid().same_as(grid(matrix=near))
    assert not grid().same_as(grid(matrix=far))
    assert not grid().same_as(grid((100, 100, 101)))


def test_a_crop_leaves_voxels_where_they_are():
    whole = grid(matrix=turned(30.0) @ np.diag([0.7, 0.7, 3.0, 1.0]))
    part = whole.crop(Box((5, 6, 7), (20, 30, 40)))
    assert part.shape == (15, 24, 33)
    np.testing.assert_allclose(part.affine.to_world([1, 2, 3]), whole.affine.to_world([6, 8, 10]), atol=EXACT)


def test_stored_values_are_rescaled_in_the_box_only():
    """12-bit storage with slope 2 and intercept -1024: 500 -> -24."""
    stored = np.zeros((4, 4, 4), dtype=np.int16)
    stored[1, 2, 3] = 500
    volume = Volume(stored, grid((4, 4, 4)), 2.0, -1024.0)
    block = volume.values(Box((1, 2, 3), (2, 3, 4)))
    assert block.shape == (1, 1, 1)
    assert block.dtype == np.float32
    assert block[0, 0, 0] == -24.0
    assert volume.values(volume.grid.box)[0, 0, 0] == -1024.0


def test_who_holds_a_structure():
    place = grid((2, 2, 2))
    first = LabelMap(np.zeros((2, 2, 2), np.uint8), place, {31: "T12", 52: "aorta"})
    second = LabelMap(np.zeros((2, 2, 2), np.uint8), place, {7: "aorta"})
    imaging = Imaging(place, (first, second), None, None, None, ())
    assert imaging.holders("aorta") == ((first, 52), (second, 7))
    assert imaging.holders("T12") == ((first, 31),)
    assert imaging.holders("T11") == ()
    assert second.value_of("T12") is None
