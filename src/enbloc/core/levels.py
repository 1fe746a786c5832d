"""Names of vertebrae and their order along the spine."""

from __future__ import annotations

from enum import StrEnum
from functools import cache


class Level(StrEnum):
    """A vertebra's name. T13, L6 and L7 exist in some people; T12 and L5 are missing in some."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    T13 = "T13"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"
    L6 = "L6"
    L7 = "L7"
    S1 = "S1"
    SACRUM = "sacrum"
    COCCYX = "coccyx"

    @property
    def rank(self) -> int:
        """Position counted from C1 = 0 towards the feet. (A StrEnum compares as text, so sort by this.)"""
        return _RANK[self]

    @property
    def region(self) -> str:
        """`cervical`, `thoracic`, `lumbar` or `sacral`."""
        return _REGION.get(self.value[0], "sacral")

    @property
    def in_scope(self) -> bool:
        """True for the thoracic and lumbar levels that the operation is described for."""
        return self.region in ("thoracic", "lumbar")


_RANK = {level: i for i, level in enumerate(Level)}
_REGION = {"C": "cervical", "T": "thoracic", "L": "lumbar"}
_OPTIONAL = frozenset({Level.T13, Level.L6, Level.L7, Level.S1})


def is_level(name: str) -> bool:
    return name in _RANK


def between(upper: Level, lower: Level) -> tuple[Level, ...]:
    """The levels strictly between two levels, cranial first."""
    low, high = sorted((upper.rank, lower.rank))
    return tuple(level for level in Level if low < level.rank < high)


@cache
def missing_between(upper: Level, lower: Level) -> tuple[Level, ...]:
    """Levels that every spine has between the two; empty when they can be neighbours."""
    return tuple(level for level in between(upper, lower) if level not in _OPTIONAL)


def are_neighbours(a: Level, b: Level) -> bool:
    """Whether `a` and `b` can touch: different, and no level that every spine has lies between."""
    return a is not b and not missing_between(a, b)
