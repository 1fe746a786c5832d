"""The vertebrae at both ends of a resection and between its levels, in view or not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level, are_neighbours
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import Gate


@dataclass(frozen=True, slots=True)
class Pair:
    """Two neighbours of which at least one leaves. `gate`: the end of the resection that they are, None within it.
    `seen`: both are labelled in view.
    """

    upper: Level
    lower: Level
    gate: Gate | None
    seen: bool

    @property
    def level(self) -> Level:
        """The resected one; of two, the lower."""
        return self.upper if self.gate is Gate.CAUDAL else self.lower

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        if self.seen:
            return ()
        missing = self.upper if self.gate is Gate.CRANIAL else self.lower
        text = f"{missing} is not labelled in view: what holds {self.level} there is known by level only"
        return (Caveat("neighbour-not-in-view", text),)


def pairs_of(field: OperativeField) -> Iterator[Pair]:
    """The pairs of neighbours at and between the resected levels, cranial first."""
    levels = field.levels
    yield pair_at(field, levels[0], Gate.CRANIAL)
    yield from (Pair(upper, lower, None, True) for upper, lower in pairwise(levels))
    yield pair_at(field, levels[-1], Gate.CAUDAL)


def pair_at(field: OperativeField, level: Level, gate: Gate) -> Pair:
    step = -1 if gate is Gate.CRANIAL else 1
    place = field.column.index(level) + step
    in_view = 0 <= place < len(field.column) and are_neighbours(level, field.column[place])
    other = field.column[place] if in_view else usual_neighbour(level, step)
    return Pair(other, level, gate, in_view) if step < 0 else Pair(level, other, gate, in_view)


def usual_neighbour(level: Level, step: int) -> Level:
    """The next level that every spine has, `step` -1 above and 1 below."""
    extra = (Level.T13, Level.L6, Level.L7, Level.S1)
    usual = [each for each in Level if each not in extra or each is level]
    return usual[usual.index(level) + step]
