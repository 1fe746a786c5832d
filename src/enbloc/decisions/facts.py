"""From what is known of a patient to the values that each fact of the decision tables may have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from enbloc.case import Case
from enbloc.core.errors import InputError, nearest
from enbloc.core.evidence import Skipped
from enbloc.core.levels import Level
from enbloc.decisions.embolisation import Proposal, propose
from enbloc.knowledge import FactMeaning, decision_facts
from enbloc.knowledge.decision_tables import Value, Values
from enbloc.scores import Score
from enbloc.tumour import Extent, Involvement, Reading, fitting_rule
from enbloc.tumour.classify import TYPE_ZONES, readings

Scores = Mapping[str, Score | Skipped]
MeasuredFacts = Mapping[str, Values]
"""By fact, the values that another room's measurement leaves possible. What a case states comes first."""
ADJACENT_TYPE, SKIP_TYPE = 6, 7
MEASURED = "measured"
"""How a fact is read that no case states."""
LOCAL_TYPES: Values = frozenset(range(1, ADJACENT_TYPE))
NOTHING_MEASURED: MeasuredFacts = {}
NO, YES = frozenset({"no"}), frozenset({"yes"})


@dataclass(frozen=True, slots=True)
class Policy:
    """Which of several published readings decides; the others are shown as dissent."""

    band_system: str = "2001"
    approach_policy: str = "seed2006"

    def __post_init__(self) -> None:
        for name in ("band_system", "approach_policy"):
            known, chosen = decision_facts()[name].values, getattr(self, name)
            if chosen not in known:
                hint = nearest(chosen, map(str, known)) or f"one of {', '.join(map(str, known))}"
                raise InputError(f"{chosen!r} is not a {name} this version knows", field=f"settings.{name}", hint=hint)


BY_DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Known:
    """All that facts are read from."""

    case: Case
    extent: Extent | Skipped
    scores: Scores
    policy: Policy
    levels: tuple[Level, ...]
    proposal: Proposal
    measured: MeasuredFacts


def known(
    case: Case, extent: Extent | Skipped, scores: Scores, policy: Policy, measured: MeasuredFacts = NOTHING_MEASURED
) -> Known:
    levels = operated_levels(case, extent)
    return Known(case, extent, scores, policy, levels, propose(levels, case.vessels), measured)


def operated_levels(case: Case, extent: Extent | Skipped) -> tuple[Level, ...]:
    """The planned levels, else those that hold tumour; cranial first, none when neither is known."""
    involved = extent.levels if isinstance(extent, Extent) else ()
    return tuple(sorted(case.planned.levels or involved, key=lambda level: level.rank))


def world_of(facts: Known) -> dict[str, Values]:
    """The values that every base fact may have. Lesions are read one by one, elsewhere."""
    world: dict[str, Values] = {}
    for name, fact in decision_facts().items():
        if fact.setting:
            world[name] = frozenset({getattr(facts.policy, name)})
        elif fact.read is None and fact.field is not None:
            world[name] = as_stated_or_measured(fact, facts)
        elif fact.read == MEASURED:
            world[name] = facts.measured.get(name, frozenset({fact.unstated} if fact.unstated else fact.values))
        elif fact.read is not None and fact.read != "lesion":
            how, _, what = fact.read.partition(":")
            world[name] = SCORED[how](facts, fact, what) if what else READ[how](facts)
    return world


def as_stated_or_measured(fact: FactMeaning, facts: Known) -> Values:
    """The value of the case field, else what was measured, else what an unknown may be."""
    unstated = field_value(facts.case, fact.field or "") is None
    if unstated and fact.id in facts.measured:
        return facts.measured[fact.id]
    return as_stated(fact, facts.case)


def as_stated(fact: FactMeaning, case: Case) -> Values:
    """The value of the case field; else what an unknown may be."""
    stated = field_value(case, fact.field or "")
    if stated is not None:
        return frozenset({stated})
    if fact.unstated_if is not None:
        other = decision_facts()[fact.unstated_if]
        if field_value(case, other.field or "") is None:
            return frozenset(fact.values)
    if fact.unstated is not None:
        return frozenset({fact.unstated})
    for other_name, table in fact.narrowed.items():
        given = field_value(case, decision_facts()[other_name].field or "")
        if given in table:
            return frozenset(table[str(given)])
    return frozenset(fact.values)


def field_value(case: Case, field: str) -> Value | None:
    section, _, key = field.partition(".")
    return in_words(getattr(getattr(case, section), key, None))


def in_words(stated: Value | bool | None) -> Value | None:
    """A fact's value for what the case states: true and false are yes and no."""
    if isinstance(stated, bool):
        return "yes" if stated else "no"
    return stated


def lowest_level(facts: Known) -> Values:
    """The lowest operated level, or one out of scope where there is one; unknown: any that is in scope."""
    outside = [level for level in facts.levels if not level.in_scope]
    if facts.levels:
        return frozenset({(outside or facts.levels)[-1].value})
    return frozenset(level.value for level in Level if level.in_scope)


def level_count(facts: Known) -> Values:
    return frozenset({len(facts.levels) or "not-given"})


def artery_levels(facts: Known) -> Values:
    """Levels whose arteries are closed before the operation or in it."""
    return frozenset({len(facts.proposal.closed) or "not-given"})


def feeder(facts: Known) -> Values:
    return frozenset({facts.proposal.feeder})


def skip(facts: Known) -> Values:
    low, _, high = type_range(facts.extent)
    if low is None or high is None:
        return involved(facts.extent.skip_lesion) if isinstance(facts.extent, Extent) else YES | NO
    return (YES if high == SKIP_TYPE else frozenset()) | (NO if low < SKIP_TYPE else frozenset())


def adjacent(facts: Known) -> Values:
    low, value, high = type_range(facts.extent)
    if isinstance(facts.extent, Skipped) or low is None or high is None:
        return YES | NO if isinstance(facts.extent, Skipped) else involved(facts.extent.adjacent_vertebra)
    seen_free = facts.extent.adjacent_vertebra is Involvement.FREE and value != ADJACENT_TYPE
    may = high >= ADJACENT_TYPE and not seen_free
    return (YES if may else frozenset()) | (NO if low < ADJACENT_TYPE or not may or low == SKIP_TYPE else frozenset())


def local_type(facts: Known) -> Values:
    """The types that the zones leave open when neighbours and skip lesions are left aside."""
    low, value, high = type_range(facts.extent)
    if low is not None and high is not None and high < ADJACENT_TYPE:
        return frozenset(range(low, high + 1))
    zones = facts.extent.zones if isinstance(facts.extent, Extent) else ()
    found = [(TYPE_ZONES[zone.zone], zone.involvement) for zone in zones if zone.zone in TYPE_ZONES]
    certain = frozenset(name for name, held in found if held is Involvement.INVOLVED)
    open_ = frozenset(name for name, held in found if held is Involvement.POSSIBLE)
    read = frozenset({value}) & LOCAL_TYPES if value is not None else frozenset()
    return (types_of(certain, open_) | read) or LOCAL_TYPES


@lru_cache(maxsize=1 << 10)
def types_of(certain: frozenset[str], possible: frozenset[str]) -> Values:
    types = (fitting_rule(Reading.of(features)).type for features in readings(certain, possible))
    return frozenset(kind for kind in types if kind is not None)


def type_range(extent: Extent | Skipped) -> tuple[int | None, int | None, int | None]:
    if isinstance(extent, Skipped):
        return None, None, None
    return extent.tomita_type.low, extent.tomita_type.value, extent.tomita_type.high


def involved(found: Involvement | None) -> Values:
    return {Involvement.INVOLVED: YES, Involvement.FREE: NO}.get(found, YES | NO) if found else YES | NO


def part(facts: Known, fact: FactMeaning, what: str) -> Values:
    """The options of one item of an instrument that its evaluation leaves open."""
    instrument, _, item = what.partition("/")
    score = facts.scores.get(instrument)
    stated = as_stated(fact, facts.case)
    if not isinstance(score, Score):
        return stated
    possible = frozenset(score.parts[item].possible)
    return possible & stated or possible


def basis(facts: Known, fact: FactMeaning, what: str) -> Values:
    """How the item was read: stated, derived (or measured), unknown."""
    instrument, _, item = what.partition("/")
    score = facts.scores.get(instrument)
    found = score.parts[item].basis if isinstance(score, Score) else "unknown"
    return frozenset({found if found in fact.values else "derived"})


def total(facts: Known, fact: FactMeaning, what: str) -> Values:
    score = facts.scores.get(what)
    return frozenset(range(score.low, score.high + 1)) if isinstance(score, Score) else frozenset(fact.values)


READ: Mapping[str, Callable[[Known], Values]] = {
    "level": lowest_level,
    "level_count": level_count,
    "artery_levels": artery_levels,
    "feeder": feeder,
    "skip": skip,
    "adjacent": adjacent,
    "local_type": local_type,
}
SCORED: Mapping[str, Callable[[Known, FactMeaning, str], Values]] = {"part": part, "basis": basis, "total": total}
"""Facts read from a score, as `part:INSTRUMENT/ITEM`."""
