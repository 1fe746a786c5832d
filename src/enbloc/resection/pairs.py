"""The best pair of ring cuts, one on each side of the canal.

Whether two cuts leave an opening wide enough for the canal's contents depends only on where they meet its wall. So the
best cut for each place on the wall, on each side, is all that has to be paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.core.geometry import Array
from enbloc.core.side_by_side import side_by_side
from enbloc.core.volume import Mask
from enbloc.resection.candidates import Candidates, Key

DEPTH, MARGIN = 2, 3
"""Where depth, and by default margin, stand in a key; before them whether and how much tumour is cut."""
MOST_SETTLED = 60
"""So many cuts are measured finely in one search before the best of them is taken."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions of the chosen candidates on both sides."""

    left: int
    right: int


def pair_key(left: Key, right: Key, margin: int = MARGIN) -> tuple[float, ...]:
    """The order among pairs: sums of what adds up; of depth and of margin the worse one before the better.

    `margin`: where it stands in the keys. It never improves where one of the two cuts worsens.
    """
    found: list[float] = []
    for column, both in enumerate(zip(left, right, strict=True)):
        found += [max(both), min(both)] if column in (DEPTH, margin) else [sum(both)]
    return tuple(found)


def best_pair(left: Candidates, right: Candidates, opening_mm: float) -> Pair | None:
    """The first pair by `pair_key` whose cuts sever and leave `opening_mm` between their ends; None without one."""
    one, two = side_by_side(best_by_place, (left, right))
    enough = wide_enough(left.passage.wall_mm(), right.passage.wall_mm(), opening_mm)
    margin = MARGIN + left.settings.ordered.index("margin")
    lefts, rights = ({place: side.key(n) for place, n in by.items()} for side, by in ((left, one), (right, two)))
    found = (
        (pair_key(lefts[a], rights[b], margin), Pair(l, r))
        for a, l in one.items()
        for b, r in two.items()
        if enough[a, b]
    )
    best = min(found, key=lambda entry: entry[0], default=None)
    return None if best is None else best[1]


@dataclass(frozen=True, slots=True, eq=False)
class Settled:
    """A pair among candidates of which its two are measured finely."""

    left: Candidates
    right: Candidates
    pair: Pair


def settled_pair(left: Candidates, right: Candidates, opening_mm: float) -> Settled | None:
    """The best pair when what is chosen is measured finely: both cuts of it are, and no other is better on the pixels
    of the search, which rate a section too well rather than too badly. None without a pair.
    """
    pair = best_pair(left, right, opening_mm)
    for _ in range(MOST_SETTLED):
        if pair is None or (pair.left in left.settled and pair.right in right.settled):
            break
        left = left if pair.left in left.settled else left.settle(pair.left)
        right = right if pair.right in right.settled else right.settle(pair.right)
        pair = best_pair(left, right, opening_mm)
    return None if pair is None else Settled(left, right, pair)


def best_alone(among: Candidates) -> tuple[Candidates, int] | None:
    """The first candidate that severs, likewise settled; None without one."""
    n = first_severing(among)
    for _ in range(MOST_SETTLED):
        if n is None or n in among.settled:
            break
        among = among.settle(n)
        n = first_severing(among)
    return None if n is None else (among, n)


def first_severing(among: Candidates) -> int | None:
    return next((n for n in among.order.tolist() if among.severs(n)), None)


def best_by_place(among: Candidates, allowed: Mask | None = None) -> dict[int, int]:
    """For each place on the canal's wall the first candidate, in their order, that ends there and severs; of those
    `allowed` (all where None).
    """
    best: dict[int, int] = {}
    for n in among.order.tolist():
        place = int(among.places[n])
        if place not in best and (allowed is None or allowed[n]) and among.severs(n):
            best[place] = n
    return best


def widest_pair(first: Settled) -> Settled | None:
    """The pair whose ends on the canal's wall lie farthest apart, of those in which no cut keeps less margin (up to
    what is enough) than that of `first` on its side, likewise settled. Of equally wide ones the first by `pair_key`.
    """
    left, right = first.left, first.right
    floors = float(left.capped_mm[first.pair.left]), float(right.capped_mm[first.pair.right])
    margin = MARGIN + left.settings.ordered.index("margin")
    apart = between(left.passage.wall_mm(), right.passage.wall_mm())
    for _ in range(MOST_SETTLED):
        one, two = (best_by_place(*side) for side in zip((left, right), allowed(left, right, floors), strict=True))
        widest = max((apart[a, b] for a in one for b in two), default=0.0)
        pairs = (Pair(l, r) for a, l in one.items() for b, r in two.items() if apart[a, b] >= widest - 1e-6)
        pair = min(pairs, key=lambda p: pair_key(left.key(p.left), right.key(p.right), margin), default=None)
        if pair is None or (pair.left in left.settled and pair.right in right.settled):
            return None if pair is None else Settled(left, right, pair)
        left = left if pair.left in left.settled else left.settle(pair.left)
        right = right if pair.right in right.settled else right.settle(pair.right)
    return None


def allowed(left: Candidates, right: Candidates, floors_mm: tuple[float, float]) -> tuple[Mask, Mask]:
    return left.capped_mm >= floors_mm[0], right.capped_mm >= floors_mm[1]


def wide_enough(left_mm: Array, right_mm: Array, opening_mm: float) -> Mask:
    """Whether places on the left and right wall, (n, 2) and (m, 2), lie at least `opening_mm` apart; (n, m)."""
    enough: Mask = between(left_mm, right_mm) >= opening_mm - 1e-9
    return enough


def between(left_mm: Array, right_mm: Array) -> Array:
    """Distances between places on the left and right wall, (n, 2) and (m, 2); (n, m)."""
    apart: Array = np.linalg.norm(left_mm[:, None] - right_mm[None], axis=-1)
    return apart
