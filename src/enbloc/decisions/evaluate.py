"""Which rows of a table can decide, when every fact may still have several values.

A world gives each fact the set of values it may have. A row is tried on the part of the world that the rows above it
have left; what it does not take is passed on in disjoint boxes. The answer is exact for facts that are independent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from enbloc.core.errors import KnowledgeError
from enbloc.decisions.totals import totals
from enbloc.knowledge import DecisionRow, DecisionTable, decision_facts, decision_tables
from enbloc.knowledge.decision_tables import Value, Values

World = Mapping[str, Values]
Box = tuple[Values, ...]
Rows = tuple[DecisionRow, ...]
SCORE, SCORED = "score", ("growth", "visceral", "bone")


def value(fact: str, world: World) -> Values:
    """The values that a decided fact may have in a world that holds all it is decided from."""
    if fact == SCORE:
        return totals(*(world[part] for part in SCORED))
    return given(deciding(decision_tables()[fact], world))


def deciding(table: DecisionTable, world: World) -> Rows:
    """Every row that decides in some part of the world, in the table's order."""
    return deciding_in(table, facts_of(table, world))


def facts_of(table: DecisionTable, world: World) -> Box:
    return tuple(map(world.__getitem__, table.reads))


@lru_cache(maxsize=1 << 16)
def deciding_in(table: DecisionTable, facts: Box) -> Rows:
    left, found = [facts], dict[DecisionRow, None]()
    for row, wanted in zip(table.rows, table.wanted, strict=True):
        untaken: list[Box] = []
        for box in left:
            for i, values in wanted:
                if box[i].isdisjoint(values):
                    untaken.append(box)
                    break
            else:
                found[row] = None
                untaken.extend(remainder(box, wanted))
        left = untaken
        if not left:
            return tuple(found)
    raise KnowledgeError(f"no row decides {dict(zip(table.reads, left[0], strict=True))}", field=table.id)


def remainder(box: Box, wanted: tuple[tuple[int, Values], ...]) -> Iterator[Box]:
    """What is left of `box` where not every fact has a wanted value, in boxes that do not overlap."""
    for i, values in wanted:
        if not box[i] <= values:
            yield (*box[:i], box[i] - values, *box[i + 1 :])
            box = (*box[:i], box[i] & values, *box[i + 1 :])


@lru_cache(maxsize=1 << 12)
def outcomes(rows: Rows) -> tuple[Value, ...]:
    """What the rows give, each once, in order."""
    return tuple(dict.fromkeys(given for row in rows for given in row.gives))


@lru_cache(maxsize=1 << 12)
def given(rows: Rows) -> Values:
    return frozenset(outcomes(rows))


def holds(row: DecisionRow, world: World) -> bool:
    """Whether the row's facts are all certain."""
    return all(world[fact] <= wanted for fact, wanted in row.when.items())


@cache
def inputs(fact: str) -> tuple[str, ...]:
    """The facts that decide `fact`; none where a case states it."""
    if fact == SCORE:
        return SCORED
    meaning = decision_facts()[fact]
    stated = meaning.setting or meaning.field is not None or meaning.read is not None
    return () if stated else decision_tables()[fact].reads


@cache
def decisive_facts() -> tuple[str, ...]:
    """Every fact that others decide, after those that decide it."""
    return tuple(name for name in decision_facts() if inputs(name))


@cache
def depending(fact: str) -> tuple[str, ...]:
    """The facts that `fact` has a part in deciding, in the order in which they are decided."""
    return tuple(name for name in decisive_facts() if fact in base_facts(name))


@cache
def base_facts(fact: str) -> tuple[str, ...]:
    """The facts that `fact` is decided from, down to those a case states; itself if it is one."""
    return tuple(dict.fromkeys(base for read in inputs(fact) for base in base_facts(read))) or (fact,)


def decided(world: World) -> World:
    """The world with every decided fact beside the stated ones, so that each is decided once."""
    full = dict(world)
    for fact in decisive_facts():
        full[fact] = value(fact, full)
    return full
