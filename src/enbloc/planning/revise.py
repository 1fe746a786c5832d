"""The advice once more, with what the cuts found, and the ways out of their pieces, say about facts that the case
leaves open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, replace

from enbloc.case import Case
from enbloc.core.evidence import Caveat, Skipped, Step
from enbloc.core.units import ranged
from enbloc.decisions import Advice, AnyRecommendation, Policy, recommend, strength
from enbloc.resection.nouns import RING_GATES, Cut, MarginClass, Resection
from enbloc.resection.removal_answers import approach_needed, without_way
from enbloc.resection.removal_nouns import Removal
from enbloc.scores import Score
from enbloc.tumour import Extent

HEALTHY_CUT = "healthy_cut"
WORSE = (MarginClass.WIDE, MarginClass.MARGINAL, MarginClass.INTRALESIONAL)
"""Best first."""
BESIDE_THE_ANSWER = frozenset({"because", "flips", "strength"})
"""Fields that may read otherwise without the advice being another."""
YES_NO = {"yes": True, "no": False}


def revise(
    case: Case,
    extent: Extent | Skipped,
    scores: Mapping[str, Score | Skipped],
    advice: Advice,
    resection: Resection | Skipped,
    policy: Policy,
) -> dict[str, AnyRecommendation] | Skipped:
    """The recommendations that read otherwise once the cuts are known, by name; the first step of each says why.

    What the case states stands; where the cuts contradict it, a caveat says so. Without cuts: their reason. The way out
    of the pieces can turn the approach, and adds remarks.
    """
    if isinstance(resection, Skipped):
        return resection
    found = healthy_cut(resection)
    stated = case.extent.healthy_cut
    measured = {HEALTHY_CUT: frozenset({found})} if found is not None and stated is None else {}
    sawn = recommend(case, extent, scores, policy, measured)
    remarks = (*contradicted(stated, found, resection), *worse_than_advised(sawn, resection))
    sawn = replace(sawn, margin=replace(sawn.margin, caveats=(*sawn.margin.caveats, *remarks)))
    revised = changed(advice, sawn, reason(found, resection))
    if isinstance(resection.removal, Skipped):
        return revised
    out = recommend(case, extent, scores, policy, {**measured, **ways_out(resection.removal)})
    return revised | by_removal(sawn, replace(out, margin=sawn.margin), revised, resection.removal)


def changed(before: Advice, now: Advice, step: Step) -> dict[str, AnyRecommendation]:
    """The recommendations that read otherwise now, by name, with `step` as their first reason."""
    pairs = ((field.name, getattr(before, field.name), getattr(now, field.name)) for field in fields(Advice))
    return {name: after(step, new) for name, old, new in pairs if differs(old, new)}


def ways_out(removal: Removal) -> dict[str, frozenset[str | int]]:
    """What the ways found say: facts of the decision tables."""
    return {
        "leaves_by": frozenset({"behind" if approach_needed(removal) is None else "front-only"}),
        "all_leave": frozenset({"yes" if without_way(removal) is None else "no"}),
    }


def by_removal(
    before: Advice, now: Advice, revised: Mapping[str, AnyRecommendation], removal: Removal
) -> dict[str, AnyRecommendation]:
    """The recommendations that the ways out change. One whose answer stays keeps its strength: it was only remarked
    upon.
    """
    steps = tuple(step for step in (approach_needed(removal), without_way(removal)) if step is not None)
    found = {}
    for field in fields(Advice):
        old, new = getattr(before, field.name), getattr(now, field.name)
        if not differs(old, new):
            continue
        earlier = (step for step in revised[field.name].because[:1]) if field.name in revised else ()
        because = (*steps, *earlier, *new.because)
        kept = (old.action, old.possible) == (new.action, new.possible)
        mark = new.strength if kept else strength(because, new.action)
        found[field.name] = replace(new, because=because, strength=mark)
    return found


def differs(before: AnyRecommendation, now: AnyRecommendation) -> bool:
    names = (field.name for field in fields(before) if field.name not in BESIDE_THE_ANSWER)
    return any(getattr(before, name) != getattr(now, name) for name in names)


def after(step: Step, now: AnyRecommendation) -> AnyRecommendation:
    """The recommendation with the cuts as its first reason. No published row says that, and its strength shows it."""
    steps = (step, *now.because)
    return replace(now, because=steps, strength=strength(steps, now.action))


def healthy_cut(resection: Resection) -> str | None:
    """Whether every level is cut on both sides outside of tumour, beyond what resolution leaves open.

    None between `yes` and `no`, and where a side has no cut.
    """
    cuts = ring_cuts(resection)
    if any(cut.margin_mm.high < 0.0 for cut in cuts):
        return "no"
    sides = {(cut.level, cut.gate) for cut in cuts}
    whole = all((level, gate) in sides for level in resection.levels for gate in RING_GATES)
    return "yes" if whole and all(cut.margin_mm.low > 0.0 for cut in cuts) else None


def ring_cuts(resection: Resection) -> tuple[Cut, ...]:
    return tuple(cut for cut in resection.cuts if cut.gate in RING_GATES)


def reason(found: str | None, resection: Resection) -> Step:
    """The cuts found, as a step."""
    facts = tuple(f"{cut.name} through {cut.tissue}: margin {in_mm(cut)}" for cut in ring_cuts(resection))
    worst = resection.margin_class.value
    gives = [] if found is None else [f"a healthy place to cut on both sides: {found}"]
    gives += [] if worst is None else [f"margin {worst}"]
    rule = "resection/cuts-found: the cuts that leave the widest margin"
    says = f"the cuts found: {', '.join(gives) or 'too near to tumour to tell'}"
    return Step(rule, facts, says, "enbloc-decision", "unverified")


def in_mm(cut: Cut) -> str:
    return ranged(cut.margin_mm, "mm", 1)


def contradicted(stated: bool | None, found: str | None, resection: Resection) -> Iterator[Caveat]:
    if stated is None or found is None or stated is YES_NO[found]:
        return
    through = [cut for cut in ring_cuts(resection) if cut.margin_mm.high < 0.0]
    said = ", ".join(f"{cut.name} {in_mm(cut)}" for cut in through or ring_cuts(resection))
    text = (
        f"the case states extent.healthy_cut = {str(stated).lower()}, the cuts found say {found} (margins: {said}): "
        "the statement stands, look again"
    )
    yield Caveat("healthy-cut-contradicted", text)


def worse_than_advised(advice: Advice, resection: Resection) -> Iterator[Caveat]:
    """Where the worst face, sawn or dissected, is worse than any margin that the advice holds to be within reach."""
    worst, within_reach = resection.margin_class.value, advice.margin.achievable
    if worst is None or not within_reach or WORSE.index(worst) <= max(map(WORSE.index, map(MarginClass, within_reach))):
        return
    sawn = [cut.name for cut in resection.cuts if cut.margin_class.value is worst]
    dissected = [f"{face.level} {face.face}" for face in resection.faces if face.margin_class.value is worst]
    open_ = [other for other in resection.margin_class.possible if other is not worst]
    maybe = f"; resolution leaves {' or '.join(open_)} open" if open_ else ""
    text = (
        f"the advice holds {' or '.join(within_reach)} to be within reach; {worst} here: "
        f"{', '.join(sawn + dissected) or 'the specimen as a whole'}{maybe}"
    )
    yield Caveat("margin-worse-than-advised", text)
