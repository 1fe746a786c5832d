"""What would change a recommendation: facts that are not known and would settle it, and the smallest change of one fact
that turns it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, lru_cache

from enbloc.decisions.advice import Answer, Flip, Question
from enbloc.decisions.evaluate import Box, World, base_facts, deciding_in, outcomes, readers, value
from enbloc.knowledge import DecisionTable, FactMeaning, decision_facts
from enbloc.knowledge.decision_tables import Value, Values

UNKNOWN = "unknown"
Fields = dict[str, str]
"""The case field that answers a fact, where it is another than the fact's own."""


def action_of(given: tuple[Value, ...]) -> str:
    """The action where only one is possible, else unknown."""
    return str(given[0]) if len(given) == 1 else UNKNOWN


def missing(table: DecisionTable, world: World, fields: Fields) -> tuple[Question, ...]:
    """The open facts whose answer would narrow what the table gives; one for each case field, in order of asking."""
    now = facts_of(table, world)
    given = given_by(table, now)
    if action_of(given) != UNKNOWN:
        return ()
    found: dict[str, Question] = {}
    for fact in changeable(table):
        if is_open(fact, world[fact.id]):
            then = [given_by(table, box) for _, box in trials(table, world, now, fact)]
            if any(other != given for other in then):
                field = fields.get(fact.id, fact.field or "")
                settles = all(action_of(other) != UNKNOWN for other in then)
                found.setdefault(field, Question(field, fact.ask, settles))
    return tuple(found.values())


def flips(table: DecisionTable, world: World, fields: Fields, fixed: frozenset[str]) -> tuple[Flip, ...]:
    """For each fact the nearest value that turns the action, for an open fact one value for each action it can give;
    fewest steps first, then in the order of asking. Facts in `fixed` are left alone.
    """
    now = facts_of(table, world)
    action = action_of(given_by(table, now))
    found = [
        flip
        for fact in changeable(table)
        if fact.flips and fact.id not in fixed
        for flip in fact_flips(table, world, now, action, fact, fields.get(fact.id, fact.field or ""))
    ]
    return tuple(sorted(found, key=lambda flip: flip.steps))


def fact_flips(
    table: DecisionTable, world: World, now: Box, action: str, fact: FactMeaning, field: str
) -> Iterator[Flip]:
    was = None if is_open(fact, world[fact.id]) else next(iter(world[fact.id]))
    seen = {action, UNKNOWN}
    for to, box in trials(table, world, now, fact):
        gives = action_of(given_by(table, box))
        if gives not in seen:
            seen.add(gives)
            answer = None if was is None else in_case(fact, was)
            yield Flip(field, answer, in_case(fact, to), gives, steps(fact, was, to))
            if was is not None:
                return


def trials(table: DecisionTable, world: World, now: Box, fact: FactMeaning) -> Iterator[tuple[Value, Box]]:
    """The values of `fact` that change what the table reads, nearest first, each with what it then reads."""
    for to, new in moves(table, fact.id, tuple(world[base] for base in beside(table, fact.id))):
        yield to, tuple(new.get(i, have) for i, have in enumerate(now))


@lru_cache(maxsize=1 << 14)
def moves(table: DecisionTable, name: str, have: Box) -> tuple[tuple[Value, dict[int, Values]], ...]:
    """For each value of a fact what the table would read of it instead; of values that come to the same the nearest.

    A value that leaves everything as it is drops out where the fact is known.
    """
    fact, world = decision_facts()[name], dict(zip(beside(table, name), have, strict=True))
    touched = {i for moved in (name, *(other.id for other, _ in follows(name))) for i in at(table, moved)}
    was = None if is_open(fact, world[name]) else next(iter(world[name]))
    seen = [] if was is None else [{i: value(table.reads[i], world) for i in touched}]
    found = []
    for to in sorted(fact.values, key=lambda to: steps(fact, was, to)):
        then = {other.id: values[to] for other, values in follows(name) if is_open(other, world[other.id])}
        trial = {**world, **then, name: frozenset({to})}
        new = {i: value(table.reads[i], trial) for i in touched}
        if new not in seen:
            seen.append(new)
            found.append((to, new))
    return tuple(found)


@cache
def beside(table: DecisionTable, name: str) -> tuple[str, ...]:
    """The stated facts below whatever the table reads that depends on a fact, and those that follow it."""
    moved = (name, *(other.id for other, _ in follows(name)))
    reads = (table.reads[i] for fact in moved for i in at(table, fact))
    return tuple(dict.fromkeys((*moved, *(base for read in reads for base in base_facts(read)))))


@cache
def follows(name: str) -> tuple[tuple[FactMeaning, dict[Value, Values]], ...]:
    """Facts that, while open, depend on what `name` is known to be; with what they may be for each of its values."""
    values = decision_facts()[name].values
    found: list[tuple[FactMeaning, dict[Value, Values]]] = []
    for other in decision_facts().values():
        if other.unstated_if == name and other.unstated is not None:
            found.append((other, dict.fromkeys(values, frozenset({other.unstated}))))
        elif name in other.narrowed:
            table = other.narrowed[name]
            found.append((other, {to: frozenset(table.get(str(to), other.values)) for to in values}))
    return tuple(found)


@lru_cache(maxsize=1 << 14)
def given_by(table: DecisionTable, facts: Box) -> tuple[Value, ...]:
    return outcomes(deciding_in(table, facts))


def at(table: DecisionTable, fact: str) -> tuple[int, ...]:
    return readers(table).get(fact, ())


def facts_of(table: DecisionTable, world: World) -> Box:
    return tuple(value(fact, world) for fact in table.reads)


@cache
def changeable(table: DecisionTable) -> tuple[FactMeaning, ...]:
    """The facts below a table that a case field answers."""
    facts = (decision_facts()[name] for name in readers(table))
    return tuple(fact for fact in facts if fact.field is not None and not fact.setting)


def is_open(fact: FactMeaning, have: Values) -> bool:
    return len(have) > 1 or fact.unstated in have


def steps(fact: FactMeaning, was: Value | None, to: Value) -> int:
    """None from not known; along an ordered fact the places between; else one."""
    if was is None:
        return 0
    return abs(fact.values.index(was) - fact.values.index(to)) if fact.ordered else int(was != to)


def in_case(fact: FactMeaning, given: Value) -> Answer:
    """The value as the case file states it: yes and no are true and false."""
    return given == "yes" if set(fact.values) == {"yes", "no"} else given
