"""The search for ring cuts against its slow twin: the same planes sever, with the same measures, and the same pair is
chosen from all pairs, on small vertebrae with tumour strewn at random.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
import pytest

from enbloc.core.geometry import Array
from enbloc.resection.candidates import Candidates, Limits, candidates
from enbloc.resection.family import planes_through, ring_angles, ring_normals
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import Gate
from enbloc.resection.pairs import MARGIN, Pair, best_pair, pair_key
from enbloc.resection.passage import Passage, ring_passage
from enbloc.resection.settings import ORDER, ResectionSettings
from properties.ring_blocks import LEVEL, Ring, ball, limits, mirrored, ring_field, turned_axes
from properties.twin_resection import SlowSide, slow_best

SEED = 20261123
SMALL_GRIDS = 100
EQUAL = 1e-5
"""Distances are 32-bit floats of up to 20 mm: 1e-6 of those, several added."""
GATES = (Gate.LEFT, Gate.RIGHT)


@dataclass(frozen=True)
class Case:
    field: OperativeField
    axes: Array
    settings: ResectionSettings
    limits: Limits
    opening_mm: float

    def passages(self) -> list[Passage]:
        found = [ring_passage(self.field, LEVEL, gate, self.axes) for gate in GATES]
        assert all(isinstance(each, Passage) for each in found)
        return found

    def fast(self) -> list[Candidates]:
        angles = ring_angles(self.settings)
        normals = ring_normals(angles, self.axes)
        step = self.settings.offset_step_mm
        return [
            candidates(each, planes_through(each, normals, angles, step), self.limits, self.settings)
            for each in self.passages()
        ]


def strewn(number: int) -> Case:
    """Every fifth vertebra has tumour in each pedicle and lamina, every tenth in all of its ring."""
    rng = np.random.default_rng([SEED, number])
    ring = Ring(
        wide=rng.uniform(8.0, 10.0),
        ahead=rng.uniform(8.5, 10.5),
        behind=rng.uniform(7.5, 9.0),
        height=rng.uniform(4.0, 6.0),
        sac_mm=1.2 if number % 2 else None,
    )
    places = [(rng.uniform(-np.pi, np.pi), rng.uniform(5.0, 9.0), rng.uniform(1.0, 3.0)) for _ in range(1 + number % 3)]
    if number % 5 == 0:
        places += [(turn, 7.0, 4.2) for turn in (-2.4, -1.2, 1.2, 2.4)]
    if number % 10 == 0:
        places += [(turn, 7.0, 4.2) for turn in (-0.5, 0.5)]
    tumour = np.zeros(ring.grid()[0], bool)
    for turn, far, radius in places:
        tumour |= ball(ring, (far * np.sin(turn), far * np.cos(turn), rng.uniform(-2.0, 2.0)), radius)
    field = ring_field(ring, tumour)
    settings = ResectionSettings(
        azimuth_step_deg=float(rng.choice([30.0, 36.0, 45.0])),
        tilt_step_deg=12.0,
        largest_tilt_deg=12.0,
        offset_step_mm=rng.uniform(1.8, 2.6),
        prefer_pedicle=number % 4 != 0,
        order=ORDERS[number // 3 % len(ORDERS)] if number % 3 == 0 else ORDERS[0],
    )
    axes = turned_axes(tuple(rng.uniform(-5.0, 5.0, 3)))
    return Case(field, axes, settings, limits(field), float(rng.choice([0.0, 4.0, 8.0, 11.0, 30.0], p=P_OPENING)))


ORDERS = [", ".join(words) for words in permutations(ORDER)]
P_OPENING = [0.3, 0.2, 0.25, 0.2, 0.05]


def key_of(left: Candidates, right: Candidates, pair: Pair) -> tuple[float, ...]:
    margin = MARGIN + left.settings.ordered.index("margin")
    return pair_key(left.key(pair.left), right.key(pair.right), margin)


@cache
def compared() -> list[tuple[Case, list[Candidates], list, tuple | None]]:
    """Every small grid, searched by both."""
    found = []
    for number in range(SMALL_GRIDS):
        case = strewn(number)
        slow = [SlowSide(each, case.limits, case.settings) for each in case.passages()]
        cuts = [side.cuts(ring_angles(case.settings)) for side in slow]
        found.append((case, case.fast(), cuts, slow_best(*slow, *cuts, case.opening_mm)))
    return found


def test_the_same_sections_sever_and_measure_the_same():
    for _, fast, slow, _ in compared():
        for among, cuts in zip(fast, slow, strict=True):
            mine = [among.key(n) for n in range(len(among)) if among.severs(n)]
            assert len(mine) == len(cuts)
            np.testing.assert_allclose(sorted(mine), sorted(cut.key for cut in cuts), atol=EQUAL)


def test_the_same_pair_is_best():
    for case, (left, right), _, best in compared():
        pair = best_pair(left, right, case.opening_mm)
        assert (pair is None) == (best is None)
        if pair is not None:
            np.testing.assert_allclose(key_of(left, right, pair), best[0], atol=EQUAL)


def test_the_small_grids_hold_every_kind():
    """Neither side in tumour, one, both; openings that exclude some pairs, and all."""
    best = [found for *_, found in compared()]
    in_tumour = [found[0][0] for found in best if found is not None]
    assert {0.0, 1.0, 2.0} <= set(in_tumour)
    assert in_tumour.count(0.0) >= 40
    assert None in best
    narrowed = 0
    for _, (left, right), _, found in compared():
        free = best_pair(left, right, 0.0)
        narrowed += found is not None and key_of(left, right, free) < found[0]
    assert narrowed >= 5, "the opening decides somewhere"
    assert any(len({(n.apart_mm, n.angles) for n in cuts}) < len(cuts) for _, _, slow, _ in compared() for cuts in slow)


@pytest.mark.parametrize("number", range(5, 60, 6))
def test_left_and_right_are_alike(number):
    """The mirror image of a vertebra is cut along the mirror images: the same key. The opening is left out of it: of
    paths equally near the canal's wall either may be taken.
    """
    case = strewn(number)
    axes = case.axes * np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]])
    image = Case(mirrored(case.field), axes, case.settings, case.limits, 0.0)
    keys = []
    for one in (case, image):
        left, right = one.fast()
        pair = best_pair(left, right, 0.0)
        keys.append(key_of(left, right, pair))
    np.testing.assert_allclose(*keys, atol=EQUAL)
