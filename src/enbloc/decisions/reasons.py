"""The steps behind a recommendation, the remarks beside it, and what other schools say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, lru_cache

from enbloc.core.evidence import Caveat, Step
from enbloc.decisions.advice import Dissent
from enbloc.decisions.change import UNKNOWN, action_of, consequences, with_new
from enbloc.decisions.evaluate import (
    SCORE,
    SCORED,
    Box,
    Rows,
    World,
    base_facts,
    deciding_in,
    facts_of,
    holds,
    inputs,
    outcomes,
)
from enbloc.knowledge import (
    CHECKED,
    DecisionRow,
    DecisionTable,
    FactMeaning,
    decision_caveats,
    decision_facts,
    decision_tables,
)
from enbloc.knowledge.decision_tables import Values

SILENT = "silent"
SCORE_RULE = "tomita-2001/total: growth, visceral and bone metastases"
SCORE_SOURCE, SCORE_CHECKED = "tomita2001", "secondary"


def because(rows: Rows, world: World) -> tuple[Step, ...]:
    """The steps that lead to what the deciding rows give: first those behind the facts they read."""
    open_ = action_of(outcomes(rows)) == UNKNOWN and len(rows) > 1
    told_of: set[str] = set()
    below = [step for row in rows for step in behind(row.when, world, told_of)]
    gives = [", ".join(map(str, row.gives)) + (" stays possible" if open_ else "") for row in rows]
    return (*below, *(row_step(row, world, said) for row, said in zip(rows, gives, strict=True)))


def behind(facts: Iterable[str], world: World, told_of: set[str]) -> Iterator[Step]:
    """The steps that decide those facts which no case states directly; none for facts already in `told_of`."""
    for fact in facts:
        if fact in told_of or not inputs(fact):
            continue
        told_of.add(fact)
        if fact == SCORE:
            parts = tuple(told(part, world[part]) for part in SCORED)
            yield Step(SCORE_RULE, parts, told(fact, world[fact]), SCORE_SOURCE, SCORE_CHECKED)
            continue
        for row, step in steps_deciding(fact, facts_of(decision_tables()[fact], world)):
            yield from behind(row.when, world, told_of)
            yield step


@lru_cache(maxsize=1 << 12)
def steps_deciding(fact: str, facts: Box) -> tuple[tuple[DecisionRow, Step], ...]:
    """The rows that decide a fact, from the facts that its table reads; each with its step."""
    table, label = decision_tables()[fact], decision_facts()[fact].label
    world = dict(zip(table.reads, facts, strict=True))
    rows = deciding_in(table, facts)
    return tuple((row, row_step(row, world, f"{label}: {' or '.join(map(str, row.gives))}")) for row in rows)


def row_step(row: DecisionRow, world: World, gives: str) -> Step:
    return step_of(row, tuple(map(world.__getitem__, row.when)), gives)


@lru_cache(maxsize=1 << 14)
def step_of(row: DecisionRow, facts: Box, gives: str) -> Step:
    said = tuple(told(fact, have) for fact, have in zip(row.when, facts, strict=True))
    return Step(row.rule, said, gives, row.source, row.checked)


def told(fact: str, have: Values) -> str:
    """A fact and the values it may have, in words."""
    meaning = decision_facts()[fact]
    if meaning.unstated in have or (len(have) > 1 and have >= set(meaning.values)):
        return f"{meaning.label}: not known"
    return f"{meaning.label}: {' or '.join(str(v) for v in meaning.values if v in have)}"


def strength(steps: tuple[Step, ...], action: str) -> str:
    """The weakest mark among the rows; open where there is no action."""
    if action == UNKNOWN:
        return "open"
    return max((step.checked or "unverified" for step in steps), key=CHECKED.index)


@cache
def caveats_on(name: str) -> tuple[tuple[DecisionRow, Caveat], ...]:
    """The remarks that may stand beside a recommendation, with source and how that was checked."""
    rows = (row for row in decision_caveats() if name in row.on)
    return tuple((row, Caveat(row.id, f"{row.says} [{row.source}, {row.checked}]")) for row in rows)


def caveats(name: str, world: World) -> tuple[Caveat, ...]:
    """Every remark on a recommendation whose facts are certain."""
    return tuple(caveat for row, caveat in caveats_on(name) if holds(row, world))


@cache
def schools(name: str) -> tuple[DecisionTable, ...]:
    return tuple(table for table in decision_tables().values() if table.about == name)


def dissent(table: DecisionTable, now: Box, action: str, world: World) -> tuple[Dissent, ...]:
    """Other schools, then other readings of the same source."""
    found = (school_says(school, facts_of(school, world), action) for school in schools(table.id))
    return (*filter(None, found), *other_readings(table, now, action, world))


@lru_cache(maxsize=1 << 12)
def school_says(school: DecisionTable, facts: Box, action: str) -> Dissent | None:
    rows = tuple(row for row in deciding_in(school, facts) if row.gives != (SILENT,))
    if not rows:
        return None
    world = dict(zip(school.reads, facts, strict=True))
    said = outcomes(rows)
    views = {action in row.agrees_with for row in rows}
    agrees = views.pop() if len(views) == 1 and action != UNKNOWN else None
    says = rows[0].says if len(rows) == 1 else f"open between {', '.join(map(str, said))}"
    steps = tuple(row_step(row, world, str(row.gives[0])) for row in rows if len(said) == 1)
    return Dissent(school.school or school.id, action_of(said), says, agrees, steps)


def other_readings(table: DecisionTable, now: Box, action: str, world: World) -> Iterator[Dissent]:
    """What the table gives under every setting that was not chosen, where it gives something else."""
    for fact in settings_below(table):
        for other, title in zip(fact.values, fact.titles, strict=True):
            if other in world[fact.id]:
                continue
            rows = deciding_in(table, with_new(table, now, consequences(world, fact.id, other)))
            said = action_of(outcomes(rows))
            if said != action:
                steps = tuple(row_step(row, world, ", ".join(map(str, row.gives))) for row in rows)
                agrees = False if UNKNOWN not in (said, action) else None
                yield Dissent(title, said, "; ".join(row.says for row in rows), agrees, steps)


@cache
def settings_below(table: DecisionTable) -> tuple[FactMeaning, ...]:
    below = {base for read in table.reads for base in base_facts(read)}
    return tuple(fact for name, fact in decision_facts().items() if fact.setting and name in below)
