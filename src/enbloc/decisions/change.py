"""What would change a recommendation: facts that are not known and would settle it, and the smallest change of one fact
that turns it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache

from enbloc.decisions.advice import Answer, Flip, Question
from enbloc.decisions.evaluate import (
    SCORED,
    Box,
    World,
    base_facts,
    deciding_in,
    decisive_facts,
    depending,
    inputs,
    outcomes,
    value,
)
from enbloc.knowledge import DecisionTable, FactMeaning, decision_facts, decision_tables
from enbloc.knowledge.decision_tables import Value, Values

UNKNOWN = "unknown"
Fields = Mapping[str, str]
"""The case field that answers a fact, where it is another than the fact's own."""
Moves = Mapping[str, tuple[tuple[Value, World], ...]]
"""For each stated fact the values it could be given instead, nearest first, each with all facts that change with it."""
Traits = tuple[Value | bool | Values | None, ...]


@lru_cache(maxsize=1 << 12)
def action_of(given: tuple[Value, ...]) -> str:
    """The action where only one is possible, else unknown."""
    return str(given[0]) if len(given) == 1 else UNKNOWN


def moves(world: World, names: Iterable[str]) -> Moves:
    """Every other value of every named fact in a world where all facts are decided, with what follows from it."""
    return {name: moved(name, tuple([world[fact] for fact in context(name)])) for name in names}


@lru_cache(maxsize=1 << 12)
def moved(name: str, facts: Box) -> tuple[tuple[Value, World], ...]:
    """The moves of one fact, from the values of all facts that have a part in what follows from it."""
    world = dict(zip(context(name), facts, strict=True))
    was = known(decision_facts()[name], world)
    return tuple((to, consequences(world, name, to)) for to in by_distance(name, was))


@cache
def context(name: str) -> tuple[str, ...]:
    """A fact, the facts that follow it or depend on it, and what those are decided from."""
    moving = (name, *(other.id for other, _ in follows(name)))
    decided = dependents(name)
    return tuple(dict.fromkeys((*moving, *decided, *(read for fact in decided for read in inputs(fact)))))


def consequences(world: World, name: str, to: Value) -> World:
    """The facts that have other values once `name` is `to`."""
    new = {name: only(to)}
    for other, values in follows(name):
        if is_open(other, world[other.id]):
            new[other.id] = values[to]
    after = {**world, **new}
    for decided in dependents(name):
        if not new.keys().isdisjoint(inputs(decided)):
            found = value(decided, after)
            if found != world[decided]:
                new[decided] = after[decided] = found
    return new


@cache
def only(to: Value) -> Values:
    return frozenset({to})


@cache
def dependents(name: str) -> tuple[str, ...]:
    """The facts that depend on a fact or on one that follows it, in the order in which they are decided."""
    touched = {fact for start in (name, *(other.id for other, _ in follows(name))) for fact in depending(start)}
    return tuple(fact for fact in decisive_facts() if fact in touched)


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


def missing(table: DecisionTable, now: Box, world: World, tried: Moves, fields: Fields) -> tuple[Question, ...]:
    """The open facts whose answer would narrow what the table gives where it settles on no action; one for each case
    field, in order of asking. `now` are the facts that the table reads in the world.
    """
    given = given_by(table, now)
    found: dict[str, Question] = {}
    for fact in changeable(table):
        if is_open(fact, world[fact.id]):
            then = [given_by(table, with_new(table, now, new)) for _, new in tried[fact.id]]
            if any(other != given for other in then):
                field = fields.get(fact.id, fact.field or "")
                settles = all(action_of(other) != UNKNOWN for other in then)
                found.setdefault(field, Question(field, fact.ask, settles))
    return tuple(found.values())


def flips(
    table: DecisionTable, now: Box, world: World, tried: Moves, fields: Fields, fixed: frozenset[str] = frozenset()
) -> tuple[Flip, ...]:
    """For each fact the nearest value that turns the action, for an open fact one value for each action it can give;
    fewest steps first, then in the order of asking. Facts in `fixed` are left alone.
    """
    action = action_by(table, now)
    found: list[Flip] = []
    for fact in changeable(table):
        if fact.flips and fact.id not in fixed:
            was, field = known(fact, world), fields.get(fact.id, fact.field or "")
            for to, gives in turns(table, now, action, tried[fact.id], was is None):
                answer = None if was is None else in_case(fact, was)
                found.append(Flip(field, answer, in_case(fact, to), gives, steps(fact, was, to)))
    return tuple(sorted(found, key=lambda flip: flip.steps))


def turns(
    table: DecisionTable, now: Box, action: str, tried: Iterable[tuple[Value, World]], every: bool
) -> Iterator[tuple[Value, str]]:
    """The nearest value that gives another known action, or with `every` the nearest for each such action."""
    seen = {action, UNKNOWN}
    for to, new in tried:
        if new.keys().isdisjoint(table.reads):
            continue
        gives = action_by(table, with_new(table, now, new))
        if gives not in seen:
            seen.add(gives)
            yield to, gives
            if not every:
                return


def with_new(table: DecisionTable, now: Box, new: World) -> Box:
    return tuple(map(new.get, table.reads, now))


def given_by(table: DecisionTable, facts: Box) -> tuple[Value, ...]:
    return outcomes(deciding_in(table, facts))


def action_by(table: DecisionTable, facts: Box) -> str:
    return action_of(given_by(table, facts))


@cache
def changeable(table: DecisionTable) -> tuple[FactMeaning, ...]:
    """The facts below a table that a case field answers, in the order of asking."""
    below = {base for read in table.reads for base in base_facts(read)}
    facts = (fact for name, fact in decision_facts().items() if name in below)
    return tuple(fact for fact in facts if fact.field is not None and not fact.setting)


def is_open(fact: FactMeaning, have: Values) -> bool:
    return len(have) > 1 or fact.unstated in have


def known(fact: FactMeaning, world: World) -> Value | None:
    have = world[fact.id]
    return None if is_open(fact, have) else next(iter(have))


@cache
def by_distance(name: str, was: Value | None) -> tuple[Value, ...]:
    """The values that would make a difference to some table, nearest first; of those that no table tells apart only
    the nearest.
    """
    fact = decision_facts()[name]
    nearest: dict[Traits, Value] = {}
    for to in sorted(fact.values, key=lambda to: steps(fact, was, to)):
        nearest.setdefault(traits(name, to), to)
    return tuple(to for to in nearest.values() if to != was)


def traits(name: str, to: Value) -> Traits:
    """All that tables and other facts see of one value of a fact."""
    rows = (row for table in decision_tables().values() for row in table.rows if name in row.when)
    counted = to if name in SCORED else None
    return (counted, *(to in row.when[name] for row in rows), *(values[to] for _, values in follows(name)))


def steps(fact: FactMeaning, was: Value | None, to: Value) -> int:
    """None from not known; along an ordered fact the places between; else one."""
    if was is None:
        return 0
    return abs(fact.values.index(was) - fact.values.index(to)) if fact.ordered else int(was != to)


def in_case(fact: FactMeaning, given: Value) -> Answer:
    """The value as the case file states it: yes and no are true and false."""
    return given == "yes" if set(fact.values) == {"yes", "no"} else given
