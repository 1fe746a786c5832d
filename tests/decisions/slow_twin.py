"""The obvious evaluator: every combination of possible values, one by one, and the first row that fits it."""

from __future__ import annotations

from itertools import product

from enbloc.decisions.evaluate import World
from enbloc.knowledge import DecisionRow, DecisionTable


def first_row(table: DecisionTable, facts: dict[str, str | int]) -> DecisionRow | None:
    for row in table.rows:
        if all(facts[fact] in wanted for fact, wanted in row.when.items()):
            return row
    return None


def deciding_rows(table: DecisionTable, world: World) -> set[DecisionRow | None]:
    """The rows that decide some combination; None among them where a combination is left undecided."""
    found = set()
    for values in product(*(sorted(world[fact], key=str) for fact in table.reads)):
        found.add(first_row(table, dict(zip(table.reads, values, strict=True))))
    return found
