"""Rings with balls of tumour: margins against the formula, certificates against thousands of planes drawn at random,
and what must follow from turning, mirroring, refining and growing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from enbloc.resection import kernels
from enbloc.resection.candidates import Candidates, candidates
from enbloc.resection.family import at_angles
from enbloc.resection.field import OperativeField
from enbloc.resection.gates import Chosen, RingChoice, ring_choice
from enbloc.resection.nouns import Gate
from enbloc.resection.pairs import wide_enough
from enbloc.resection.settings import ResectionSettings
from properties.ring_blocks import LEVEL, Ring, ball, limits, mirrored, ring_field, turned_axes

SIZES = {"canal": (8.0, 7.5), "wide": 20.0, "ahead": 24.0, "behind": 17.0, "height": 12.0}
GATES = (Gate.LEFT, Gate.RIGHT)
AXES = turned_axes((2.0, -3.0, 4.0))
SETTINGS = ResectionSettings(enough_mm=25.0, gap_mm=1.0)
"""No margin is enough, so that every certificate has to be earned. The gap is twice the usual one, for time's sake."""
DRAWN = 20_000
PIXEL = 0.25 * 0.5**0.5
"""Share of a voxel: from any point of a finely measured section to the middle of its nearest pixel."""
COARSE = 0.5**0.5
"""The same for a section of the search, whose pixels are as large as voxels."""
Balls = tuple[tuple[float, float, float, float], ...]
"""By angle from the front (rad, to the right), distance from the canal's middle, height and radius, mm."""
PHANTOMS: dict[str, tuple[Balls, float, float | None]] = {  # balls, voxel, sac within the canal
    "lamina and body": (((-2.2, 13.0, 1.3, 4.0), (1.8, 13.0, -2.0, 4.0)), 1.0, 1.5),
    "pedicle and body": (((1.6, 13.0, 1.3, 3.0), (-1.2, 13.0, -2.0, 4.0)), 1.0, 1.5),
    "behind": (((2.6, 12.0, 1.3, 5.0), (-3.0, 14.0, -2.0, 4.0)), 1.0, 1.5),
    "half the body": (((0.3, 15.0, 0.0, 9.0),), 1.0, None),
}


@cache
def field_of(name: str) -> OperativeField:
    balls, step_mm, sac_mm = PHANTOMS[name]
    ring = Ring(step_mm=step_mm, sac_mm=sac_mm, **SIZES)
    masks = [ball(ring, (r * np.sin(turn), r * np.cos(turn), z), radius) for turn, r, z, radius in balls]
    return ring_field(ring, np.any(masks, axis=0))


def chosen_in(field: OperativeField, axes=AXES, settings: ResectionSettings = SETTINGS) -> RingChoice:
    found = ring_choice(field, LEVEL, axes, limits(field), settings)
    assert isinstance(found, RingChoice)
    return found


@cache
def choice(name: str) -> RingChoice:
    return chosen_in(field_of(name))


def fine_mm(chosen: Chosen) -> float:
    return float(chosen.section().row[kernels.TUMOUR_MM]) - chosen.among.limits.half_kerf_mm


@pytest.fixture(params=PHANTOMS)
def name(request) -> str:
    return request.param


def test_margin_is_the_distance_to_the_ball(name):
    """Half a voxel: what a mask of voxels can tell of a ball. Least over the points of the cut's own section."""
    field, balls = field_of(name), PHANTOMS[name][0]
    for chosen in choice(name).chosen.values():
        points = field.places(chosen.section().points())
        centres = [(r * np.sin(turn), r * np.cos(turn), z, radius) for turn, r, z, radius in balls]
        true = min((np.linalg.norm(points - c[:3], axis=1) - c[3]).min() for c in centres) - 0.25
        assert fine_mm(chosen) == pytest.approx(true, abs=0.5 * field.step_mm)


def drawn(chosen: Chosen, seed: int, count: int = DRAWN) -> Candidates:
    """Valid sections of planes of the family, half of them near the chosen one."""
    rng = np.random.default_rng([20261123, seed])
    passage, half = chosen.passage, count // 2
    reach = 0.5 * passage.step_mm * float(np.linalg.norm(passage.code.shape))
    angles = np.column_stack([rng.uniform(0.0, 180.0, count), rng.uniform(-30.0, 30.0, count)])
    apart = rng.uniform(-reach, reach, count)
    planes = chosen.among.planes
    near = planes.angles_deg[chosen.number] + rng.normal(0.0, 3.0, (half, 2))
    angles[:half] = np.column_stack([near[:, 0], np.clip(near[:, 1], -30.0, 30.0)])
    apart[:half] = planes.apart_mm[chosen.number] + rng.normal(0.0, 0.7, half)
    return candidates(passage, at_angles(passage, angles, apart), chosen.among.limits, chosen.among.settings)


def beating(among: Candidates, bound_mm: float) -> list[int]:
    """Those that sever and, measured finely, keep farther from tumour than the bound. A fine section has the pixels of
    the coarse one among its own.
    """
    numbers = (int(n) for n in np.flatnonzero(among.margin_mm > bound_mm))
    return [n for n in numbers if fine_mm(Chosen(among, n)) > bound_mm and among.severs(n)]


def test_no_plane_drawn_beats_the_certificate(name):
    """A path's crossing may lie between two pixels of the section: `PIXEL` of a voxel is the only allowance."""
    found = choice(name)
    sides = [drawn(found.chosen[gate], n) for n, gate in enumerate(GATES)]
    assert sum(map(len, sides)) > 10_000
    slack = PIXEL * field_of(name).step_mm
    one, two = (beating(side, found.bound_mm + slack) for side in sides)
    wide = wide_enough(*(side.passage.wall_mm() for side in sides), found.opening_mm or 0.0)
    assert not wide[np.ix_(sides[0].places[one], sides[1].places[two])].any()


def test_the_gap_is_small(name):
    """Half a millimetre, and what the search's pixels of one voxel can overlook of a section."""
    found = choice(name)
    margin = min(fine_mm(chosen) for chosen in found.chosen.values())
    assert found.bound_mm - margin <= SETTINGS.gap_mm + COARSE * field_of(name).step_mm
    assert found.bound_mm >= margin - PIXEL * field_of(name).step_mm


def test_single_cuts_beat_the_bound_but_not_both():
    """The certificate binds pairs, and only just: one side alone does better, so that the test above has teeth."""
    found = choice("pedicle and body")
    sides = [drawn(found.chosen[gate], n, 1_500) for n, gate in enumerate(GATES)]
    free = [beating(side, found.bound_mm) for side in sides]
    assert any(free)
    lowered = found.bound_mm - 2.0
    one, two = (beating(side, lowered) for side in sides)
    wide = wide_enough(*(side.passage.wall_mm() for side in sides), found.opening_mm or 0.0)
    assert wide[np.ix_(sides[0].places[one], sides[1].places[two])].any(), "a bound 2 mm too low is found out"


def test_mirrored_rings_have_the_same_margins():
    """Both searches are exact to their gap; their grids are mirror images, so the margins of the grid are the same."""
    flip = np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    one, two = choice("lamina and body"), chosen_in(mirrored(field_of("lamina and body")), AXES * flip)
    for gate, other in (GATES, GATES[::-1]):
        a, b = one.chosen[gate], two.chosen[other]
        assert fine_mm(a) == pytest.approx(fine_mm(b), abs=SETTINGS.gap_mm)
    assert one.bound_mm == pytest.approx(two.bound_mm, abs=SETTINGS.gap_mm)


def test_finer_voxels_find_the_same_margin():
    """Ring and balls are the same in mm: half a voxel at each of tumour and bone, one pixel of the search, the gap."""
    balls, _, sac_mm = PHANTOMS["half the body"]
    turn, r, z, radius = balls[0]
    best = []
    for step_mm in (1.5, 1.1):
        ring = Ring(step_mm=step_mm, sac_mm=sac_mm, **SIZES)
        mask = ball(ring, (r * np.sin(turn), r * np.cos(turn), z), radius)
        found = chosen_in(ring_field(ring, mask))
        best.append(min(fine_mm(chosen) for chosen in found.chosen.values()))
    assert best[0] == pytest.approx(best[1], abs=0.75 + 0.75 + 1.5 * COARSE)


@pytest.mark.parametrize("name", ["pedicle and body", "behind"])
def test_more_tumour_never_widens_the_margin(name):
    """Tumour grows inside bone, so that the tissue to be cut stays the same. On one grid no margin may grow at all but
    for the ties that are settled by less bone; a bound is only as sharp as the gap asked for.
    """
    _, step_mm, sac_mm = PHANTOMS[name]
    ring, before = Ring(step_mm=step_mm, sac_mm=sac_mm, **SIZES), field_of(name)
    bone = (before.part > 0) & (before.part < 11)
    grown = binary_dilation(before.tumour, iterations=2) & (bone | before.tumour)
    after = ring_field(ring, grown)
    np.testing.assert_array_equal(after.owner, before.owner)
    assert (after.tumour_mm <= before.tumour_mm + 1e-6).all()
    only_grid = replace(SETTINGS, gap_mm=100.0)
    hands = []
    for field in (before, after):
        found = chosen_in(field, settings=only_grid)
        hands.append(min(chosen.among.margin_mm[chosen.number] for chosen in found.chosen.values()))
    assert hands[1] <= hands[0] + SETTINGS.tie_mm
    later = chosen_in(after).bound_mm
    assert later is None or later <= choice(name).bound_mm + SETTINGS.gap_mm
