"""The fast looks at a moving body against slow ones: every point, every pose, by scipy alone."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.spatial.transform import Rotation

from enbloc.resection.body import body_of
from enbloc.resection.motion import HINTS, is_clear, least_along, room_of

STEP_MM, CHECK_MM = 0.8, 0.5
SHAPE = (36, 32, 30)
PIVOT = np.array([14.0, 12.0, 11.0])
FINE = 100
"""Slow looks on a whole way: at most 0.25 mm of any point's own way apart."""
DIP_MM = CHECK_MM / 2.0 + STEP_MM / 8.0
"""Between looks 0.5 mm apart a point may dip by half of that, and the trilinear field by an eighth of a voxel more."""


def strewn(seed: int):
    """A lumpy body of two balls, and a field of distances to a ball, a wall and specks that a leap would miss."""
    rng = np.random.default_rng(seed)
    places = np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), axis=-1) * STEP_MM

    def balls(count, middle, spread, least, most):
        found = np.zeros(SHAPE, dtype=bool)
        for _ in range(count):
            centre = middle + rng.uniform(-spread, spread, 3)
            found |= np.linalg.norm(places - centre, axis=-1) < rng.uniform(least, most)
        return found

    mask = balls(2, PIVOT, 3.0, 3.0, 5.0)
    obstacle = balls(1, PIVOT, 11.0, 2.0, 4.0) | (places[..., 0] > 26.0) | (rng.random(SHAPE) < 0.0004)
    obstacle &= distance_transform_edt(~mask) * STEP_MM > 1.5
    field = distance_transform_edt(~obstacle) - distance_transform_edt(obstacle)
    return mask, (field * STEP_MM).astype(np.float32), rng


def slow_room(mask, field, pose) -> float:
    """Rotation vector about the pivot, then the shift; all voxels of the surface and within."""
    points = np.argwhere(mask) * STEP_MM
    at = Rotation.from_rotvec(pose[3:]).apply(points - PIVOT) + PIVOT + pose[:3]
    return float(map_coordinates(field, (at / STEP_MM).T, order=1, mode="nearest").min())


def surface_of(body):
    surface = np.zeros(SHAPE, dtype=bool)
    surface[tuple(np.round(body.points / STEP_MM).astype(int).T)] = True
    return surface


def fast(body):
    return body.points, body.first, body.ball, body.block, body.block_ball, body.pivot


@pytest.mark.parametrize("seed", range(8))
def test_the_room_of_a_pose_is_the_least_over_all_surface_voxels(seed):
    mask, field, rng = strewn(seed)
    body = body_of(mask, STEP_MM, PIVOT)
    surface = surface_of(body)
    hints = np.zeros(HINTS, dtype=np.int64)
    for _ in range(6):
        pose = np.concatenate([rng.uniform(-4.0, 4.0, 3), rng.uniform(-1.0, 1.0, 3)])
        found = room_of(*fast(body), field, STEP_MM, pose, -1e3, hints)
        assert found == pytest.approx(slow_room(surface, field, pose), abs=1e-5)  # float32 values of some 10 mm


@pytest.mark.parametrize("seed", range(24))
def test_a_way_is_clear_where_slow_fine_looks_say_so(seed):
    """A way with room everywhere is never refused; one that is accepted dips by no more than the looks leave open."""
    mask, field, rng = strewn(seed)
    body = body_of(mask, STEP_MM, PIVOT)
    end = np.concatenate([rng.uniform(-6.0, 6.0, 3), rng.uniform(-0.8, 0.8, 3)])
    length = float(np.linalg.norm(end[:3]) + body.reach * np.linalg.norm(end[3:]))
    met = np.full(HINTS, -1, dtype=np.int64)
    clear, again = (is_clear(*fast(body), field, STEP_MM, np.zeros(6), end, length, CHECK_MM, met) for _ in range(2))
    surface = surface_of(body)
    least = min(slow_room(surface, field, share * end) for share in np.linspace(0.0, 1.0, FINE))
    assert clear == again, "bricks met before change the order of looks, not the answer"
    assert least >= -DIP_MM if clear else least < DIP_MM
    told = least_along(*fast(body), body.reach, field, STEP_MM, np.stack([np.zeros(6), end]), CHECK_MM)
    assert told == pytest.approx(least, abs=DIP_MM)


def test_both_answers_occur_among_the_ways():
    """So that the test above decides something: of its 24 ways some are clear."""
    rooms = []
    for seed in range(24):
        mask, field, rng = strewn(seed)
        surface = surface_of(body_of(mask, STEP_MM, PIVOT))
        end = np.concatenate([rng.uniform(-6.0, 6.0, 3), rng.uniform(-0.8, 0.8, 3)])
        rooms.append(min(slow_room(surface, field, share * end) for share in np.linspace(0.0, 1.0, 10)))
    assert 4 <= sum(room > 0.0 for room in rooms) <= 20
