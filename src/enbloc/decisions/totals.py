"""Totals of the Tomita score that the possible answers to its three items leave open."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import product

from enbloc.knowledge import load_table
from enbloc.knowledge.decision_tables import Values

TABLE = "scores/tomita-2001.toml"
ITEMS = ("growth", "visceral", "bone")


@cache
def points() -> tuple[Mapping[str, int], ...]:
    """Points by option, for each item."""
    items = {item["id"]: item["options"] for item in load_table(TABLE)["item"]}
    return tuple(items[name] for name in ITEMS)


@lru_cache(maxsize=1 << 10)
def totals(*answers: Values) -> Values:
    """Every total that some combination of the possible answers gives."""
    scored = [[table[str(answer)] for answer in possible] for table, possible in zip(points(), answers, strict=True)]
    return frozenset(sum(parts) for parts in product(*scored))
