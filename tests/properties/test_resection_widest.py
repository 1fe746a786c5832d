"""The pair that opens the ring widest, against every pair of small grids."""

from __future__ import annotations

from functools import cache

import numpy as np

from enbloc.resection.candidates import Candidates
from enbloc.resection.pairs import Settled, settled_pair, widest_pair
from properties.test_resection_twin import strewn

GRIDS = 40


@cache
def compared() -> list[tuple[Settled, Settled]]:
    """The pair that comes first and the widest, of every small grid that has one."""
    found = []
    for number in range(GRIDS):
        case = strewn(number)
        first = settled_pair(*case.fast(), case.opening_mm)
        if first is not None:
            wide = widest_pair(first)
            assert wide is not None, "the first is one of those allowed"
            found.append((first, wide))
    return found


def ends_mm(side: Candidates, numbers) -> np.ndarray:
    return side.passage.wall_mm()[side.places[numbers]]


def opens_mm(pair: Settled) -> float:
    left, right = ends_mm(pair.left, pair.pair.left), ends_mm(pair.right, pair.pair.right)
    return float(np.hypot(*(left - right)))


def widest_of_all(first: Settled) -> float:
    """By a loop over all pairs: cuts that sever and, as the search reads them, keep what the first pair keeps."""
    sides = []
    for side, n in ((first.left, first.pair.left), (first.right, first.pair.right)):
        floor = min(side.margin_mm[n], side.settings.enough_mm)
        kept = [m for m in range(len(side)) if min(side.margin_mm[m], side.settings.enough_mm) >= floor]
        sides.append([ends_mm(side, m) for m in kept if side.severs(m)])
    return max(float(np.hypot(*(a - b))) for a in sides[0] for b in sides[1])


def test_no_cut_keeps_less_than_the_first_on_its_side():
    for first, wide in compared():
        for before, after, n, m in (
            (first.left, wide.left, first.pair.left, wide.pair.left),
            (first.right, wide.right, first.pair.right, wide.pair.right),
        ):
            assert after.capped_mm[m] >= before.capped_mm[n]
            assert m in after.settled
            assert after.severs(m)


def test_none_of_all_pairs_is_wider():
    """Where fine measuring takes nothing away the two are the same; it only ever takes away."""
    same = wider = 0
    for first, wide in compared():
        most = widest_of_all(first)
        assert opens_mm(first) - 1e-9 <= opens_mm(wide) <= most + 1e-9
        same += abs(opens_mm(wide) - most) < 1e-9
        wider += opens_mm(wide) > opens_mm(first) + 1.0
    assert same >= 0.5 * len(compared())
    assert wider >= 5
