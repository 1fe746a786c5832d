"""The best pair of ring cuts, one on each side of the canal.

Whether two cuts leave an opening wide enough for the canal's contents depends only on where they meet its wall. So the
best cut for each place on the wall, on each side, is all that has to be paired.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.core.geometry import Array
from enbloc.core.volume import Mask
from enbloc.resection.candidates import Candidates, Key


@dataclass(frozen=True, slots=True)
class Pair:
    """Positions of the chosen candidates on both sides."""

    left: int
    right: int


def pair_key(left: Key, right: Key) -> tuple[float, ...]:
    """The order among pairs: sums of what adds up; of depth and of margin the worse one before the better.

    It never improves where one of the two cuts worsens.
    """
    in_tumour, area, depth, margin, *rest = zip(left, right, strict=True)
    sums = (sum(both) for both in rest)
    return (sum(in_tumour), sum(area), max(depth), min(depth), max(margin), min(margin), *sums)


def best_pair(left: Candidates, right: Candidates, opening_mm: float) -> Pair | None:
    """The first pair by `pair_key` whose cuts sever and leave `opening_mm` between their ends; None without one."""
    one, two = best_by_place(left), best_by_place(right)
    enough = wide_enough(left.passage.wall_mm(), right.passage.wall_mm(), opening_mm)
    found = (
        (pair_key(left.keys[l], right.keys[r]), Pair(l, r))
        for a, l in one.items()
        for b, r in two.items()
        if enough[a, b]
    )
    best = min(found, key=lambda entry: entry[0], default=None)
    return None if best is None else best[1]


def best_by_place(among: Candidates) -> dict[int, int]:
    """For each place on the canal's wall the first candidate, in their order, that ends there and severs."""
    best: dict[int, int] = {}
    for n in among.order.tolist():
        place = int(among.places[n])
        if place not in best and among.severs(n):
            best[place] = n
    return best


def wide_enough(left_mm: Array, right_mm: Array, opening_mm: float) -> Mask:
    """Whether places on the left and right wall, (n, 2) and (m, 2), lie at least `opening_mm` apart; (n, m)."""
    apart = np.linalg.norm(left_mm[:, None] - right_mm[None], axis=-1)
    enough: Mask = apart >= opening_mm - 1e-9
    return enough
