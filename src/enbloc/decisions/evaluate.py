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
SCORE, SCORED = "score", ("growth", "visceral", "bone")


def value(fact: str, world: World) -> Values:
    """The values a fact may have: its own, or what the table of its name gives."""
    if fact in world:
        return world[fact]
    if fact == SCORE:
        return totals(*(world[part] for part in SCORED))
    return frozenset(given for row in deciding(decision_tables()[fact], world) for given in row.gives)


def deciding(table: DecisionTable, world: World) -> tuple[DecisionRow, ...]:
    """Every row that decides in some part of the world, in the table's order."""
    return deciding_in(table, tuple([value(fact, world) for fact in table.reads]))


@lru_cache(maxsize=1 << 16)
def deciding_in(table: DecisionTable, facts: Box) -> tuple[DecisionRow, ...]:
    left, found = [facts], []
    for row, wanted in zip(table.rows, table.wanted, strict=True):
        untaken: list[Box] = []
        for box in left:
            taken = overlap(box, wanted)
            if taken is None:
                untaken.append(box)
            else:
                found.append(row)
                untaken.extend(remainder(box, taken))
        left = untaken
        if not left:
            return tuple(dict.fromkeys(found))
    raise KnowledgeError(f"no row decides {dict(zip(table.reads, left[0], strict=True))}", field=table.id)


def overlap(box: Box, wanted: tuple[tuple[int, Values], ...]) -> Box | None:
    """The part of `box` in which the facts at the given places have the wanted values; None where there is none."""
    taken = list(box)
    for i, values in wanted:
        both = box[i] & values
        if not both:
            return None
        taken[i] = both
    return tuple(taken)


def remainder(box: Box, taken: Box) -> Iterator[Box]:
    """What is left of `box` without `taken`, in boxes that do not overlap."""
    for i, (have, gone) in enumerate(zip(box, taken, strict=True)):
        if have is not gone and have - gone:
            yield (*taken[:i], have - gone, *box[i + 1 :])


def outcomes(rows: tuple[DecisionRow, ...]) -> tuple[Value, ...]:
    """What the rows give, each once, in order."""
    return tuple(dict.fromkeys(given for row in rows for given in row.gives))


def holds(row: DecisionRow, world: World) -> bool:
    """Whether the row's facts are all certain."""
    return all(value(fact, world) <= wanted for fact, wanted in row.when.items())


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
