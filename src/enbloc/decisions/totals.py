"""Totals of the Tomita score that the possible answers to its three items leave open."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import product

from enbloc.knowledge import instrument
from enbloc.knowledge.decision_tables import Values

INSTRUMENT = "tomita-2001"
ITEMS = ("growth", "visceral", "bone")


@cache
def points() -> tuple[Mapping[str, int], ...]:
    """Points by option, for each item."""
    return tuple(instrument(INSTRUMENT).items[name].options for name in ITEMS)


@lru_cache(maxsize=1 << 10)
def totals(*answers: Values) -> Values:
    """Every total that some combination of the possible answers gives."""
    scored = [[table[str(answer)] for answer in possible] for table, possible in zip(points(), answers, strict=True)]
    return frozenset(sum(parts) for parts in product(*scored))
