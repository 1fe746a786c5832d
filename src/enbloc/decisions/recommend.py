"""Case, extent and scores to the ten recommendations."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeVar

from enbloc.case import Case, FurtherLesion, Planned
from enbloc.core.evidence import Caveat, Skipped, Step
from enbloc.core.levels import Level
from enbloc.decisions import reasons
from enbloc.decisions.advice import (
    Advice,
    Checklist,
    EmbolisationAdvice,
    Figure,
    FurtherLesions,
    Item,
    LesionAdvice,
    MarginAdvice,
    Recommendation,
    TesVerdict,
)
from enbloc.decisions.change import UNKNOWN, Fields, Moves, action_of, changeable, flips, missing, moves
from enbloc.decisions.evaluate import SCORE, World, decided, deciding, deciding_in, facts_of, inputs, outcomes
from enbloc.decisions.facts import (
    BY_DEFAULT,
    NOTHING_MEASURED,
    Known,
    MeasuredFacts,
    Policy,
    Scores,
    in_words,
    known,
    world_of,
)
from enbloc.knowledge import DecisionRow, decision_facts, decision_head, decision_tables
from enbloc.tumour import Extent

Kind = TypeVar("Kind", bound=Recommendation)
NOTHING = frozenset[str]()


def recommend(
    case: Case,
    extent: Extent | Skipped,
    scores: Scores,
    policy: Policy = BY_DEFAULT,
    measured: MeasuredFacts = NOTHING_MEASURED,
) -> Advice:
    """The advice that the tables give for what is known. Pure: the same facts, the same advice.

    `measured` answers plain facts that the case does not state.
    """
    facts = known(case, extent, scores, policy, measured)
    world = decided(world_of(facts))
    tried = moves(world, asked_for())
    fields_asked = {"level": "planned.levels"} if case.planned.levels else {}
    fixed = frozenset({"level"}) if len(facts.levels) > 1 else NOTHING

    def of(name: str) -> Recommendation:
        return recommendation(name, world, tried, fields_asked, fixed)

    return Advice(
        eligibility=of("eligibility"),
        aim=of("aim"),
        surgery=of("surgery"),
        tes=tes(of("tes"), facts.extent, world),
        margin=extended(MarginAdvice, of("margin"), achievable=achievable(world)),
        approach=of("approach"),
        embolisation=embolisation(of("embolisation"), facts),
        level_checklist=extended(Checklist, of("level_checklist"), items=level_items(facts.levels)),
        protocol=protocol(of("protocol"), case.planned),
        lesions=further_lesions(case.lesions),
    )


OPERATION = (
    "eligibility",
    "aim",
    "surgery",
    "tes",
    "margin",
    "approach",
    "embolisation",
    "level_checklist",
    "protocol",
)


@cache
def asked_for() -> tuple[str, ...]:
    """The stated facts below any recommendation about the operation."""
    facts = (fact.id for name in OPERATION for fact in changeable(decision_tables()[name]))
    return tuple(dict.fromkeys(facts))


def recommendation(
    name: str, world: World, tried: Moves, asked: Fields, fixed: frozenset[str] = NOTHING
) -> Recommendation:
    """What the table `name` gives in a world where every fact is decided, with everything that stands beside it."""
    table = decision_tables()[name]
    now = facts_of(table, world)
    rows = deciding_in(table, now)
    action = action_of(outcomes(rows))
    steps = reasons.because(rows, world)
    return Recommendation(
        action=action,
        possible=tuple(map(str, outcomes(rows))),
        strength=reasons.strength(steps, action),
        because=steps,
        caveats=reasons.caveats(name, world),
        dissent=reasons.dissent(table, now, action, world),
        missing=missing(table, now, world, tried, asked) if action == UNKNOWN else (),
        alternatives=alternatives(rows, world, action),
        flips=flips(table, now, world, tried, asked, fixed),
    )


def alternatives(rows: tuple[DecisionRow, ...], world: World, action: str) -> tuple[str, ...]:
    """Other acceptable actions that the deciding rows name, or the rows behind the facts they read."""
    behind = dict.fromkeys(fact for row in rows for fact in row.when if fact != SCORE and inputs(fact))
    below = (row for fact in behind for row in deciding(decision_tables()[fact], world))
    named = dict.fromkeys(other for row in (*rows, *below) for other in row.alternatives)
    return tuple(other for other in named if other != action)


def extended(kind: type[Kind], base: Recommendation, **more: Any) -> Kind:
    """The recommendation as the kind that carries more fields; `more` may replace some of its own."""
    own: dict[str, Any] = {name: getattr(base, name) for name in Recommendation.__dataclass_fields__}
    return kind(**{**own, **more})


def tes(base: Recommendation, extent: Extent | Skipped, world: World) -> TesVerdict:
    """With its two verdicts, and with the remarks on the extent that bear on it."""
    carried = decision_head("caveats")["carried"]
    found = extent.caveats if isinstance(extent, Extent) else ()
    caveats = (*base.caveats, *(caveat for caveat in found if caveat.id in carried))
    by_pathology, by_type = (action_of(tuple(world[name])) for name in ("by_pathology", "by_type"))
    return extended(TesVerdict, base, caveats=caveats, by_pathology=by_pathology, by_type=by_type)


def achievable(world: World) -> tuple[str, ...]:
    """The margins within reach in every reading that the facts leave open."""
    rows = deciding(decision_tables()["margin"], world)
    return tuple(margin for margin in rows[0].achievable if all(margin in row.achievable for row in rows))


def embolisation(base: Recommendation, facts: Known) -> EmbolisationAdvice:
    """With the levels to close, where closing them is possible advice."""
    proposed = "embolise" in base.possible and bool(facts.proposal.levels)
    return extended(
        EmbolisationAdvice,
        base,
        levels=tuple(level.value for level in facts.proposal.levels) if proposed else (),
        bilateral=True if proposed else None,
        left_out=facts.proposal.left_out if proposed else (),
    )


def level_items(levels: tuple[Level, ...]) -> tuple[Item, ...]:
    """What to mind at the operated levels, in the order of the table."""
    found = []
    for row in decision_tables()["level_checklist"].items:
        about = tuple(level.value for level in levels if level.value in row.when["level"])
        if about:
            found.append(item(row, about))
    return tuple(found)


@cache
def item(row: DecisionRow, levels: tuple[str, ...] = ()) -> Item:
    figures = tuple(Figure(n["name"], n["low"], n["high"], n["unit"]) for n in row.numbers)
    return Item(row.id, row.says, levels, figures, row.source, row.checked)


def protocol(base: Recommendation, planned: Planned) -> Checklist:
    """The steps in order, and remarks on what was planned otherwise; no steps where no TES is possible."""
    rows = decision_tables()["protocol"].items if "follow" in base.possible else ()
    remarks = tuple(caveat for row in rows for caveat in planned_otherwise(row, planned))
    return extended(Checklist, base, caveats=(*base.caveats, *remarks), items=tuple(map(item, rows)))


def planned_otherwise(row: DecisionRow, planned: Planned) -> tuple[Caveat, ...]:
    found = []
    for number in row.numbers:
        value_planned = getattr(planned, number["planned"]) if "planned" in number else None
        if value_planned is not None and not number["low"] <= value_planned <= number["high"]:
            said = f"{value_planned:g} {number['unit']} is planned; the paper's {number['name']} is "
            text = f"{said}{number['low']:g} to {number['high']:g} {number['unit']} [{row.source}, {row.checked}]"
            found.append(Caveat(f"planned-{number['name'].replace(' ', '-')}-outside-protocol", text))
    return tuple(found)


def further_lesions(lesions: tuple[FurtherLesion, ...]) -> FurtherLesions:
    """The paper's outlook for each further lesion, and for those that nobody sees."""
    row = decision_tables()["lesions"].items[0]
    items = tuple(lesion_advice(i, lesion) for i, lesion in enumerate(lesions))
    facts = (f"further lesions listed: {len(lesions)}",)
    steps = (Step(row.rule, facts, "systemic treatment for occult disease", row.source, row.checked),)
    action = "plan-per-lesion" if items else "none"
    return FurtherLesions(
        action=action,
        possible=(action,),
        strength=reasons.strength(steps, action),
        because=steps,
        caveats=(),
        dissent=(),
        missing=tuple(question for lesion in items for question in lesion.missing),
        alternatives=(),
        flips=(),
        items=items,
        occult=item(row),
    )


def lesion_advice(i: int, lesion: FurtherLesion) -> LesionAdvice:
    world, asked = {}, {}
    for name, fact in decision_facts().items():
        if fact.read == "lesion":
            stated = in_words(getattr(lesion, name))
            world[name] = frozenset(fact.values) if stated is None else frozenset({stated})
            asked[name] = f"lesions[{i}].{name}"
    base = recommendation("lesions", world, moves(world, world), asked)
    return extended(LesionAdvice, base, level=lesion.level.value, size_mm=lesion.size_mm)
