"""Blood flow, loss and shortening in words: every number is the plan's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from enbloc.core.evidence import Measured
from enbloc.core.units import NOT_KNOWN, ranged
from enbloc.planning.blood import PerfusionFindings, loss_in_words
from enbloc.planning.flow_nouns import BloodLoss, Option, Perfusion, Shortening

VERDICTS = {
    "as-published": "no more levels than the paper closes",
    "caution": "with caution",
    "no-automatic-plan": "no automatic plan",
    "unknown": "not judged",
}
WEIGHTS = {"stop": "Stop", "caution": "Caution", "note": "Note"}
HEIGHT_IS = {
    "measured": "measured on the images",
    "stated": "stated",
    "expected": "expected of adults, not measured",
    "unknown": NOT_KNOWN,
}
PHASES = {1: "safe", 2: "warning", 3: "danger"}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table of figures: what, how much, and what is to be known beside it."""

    title: str
    figure: str
    beside: str = ""


def percent(found: Measured | None) -> str:
    return ranged(found, "%")


def millimetres(found: Measured | None) -> str:
    return ranged(found, "mm", 1)


def millilitres(found: Measured) -> str:
    """To the nearest hundred: such a guess is no finer."""
    return ranged(found, "mL", -2)


def expected(found: PerfusionFindings) -> str:
    return loss_in_words(found.blood_loss)


def proposal(found: Perfusion) -> str:
    if found.left_open and not found.embolised and found.verdict != "no-automatic-plan":
        return "Close nothing: each level that would be closed has an artery that feeds the cord"
    if not found.embolised:
        return "No arteries are proposed: " + VERDICTS[found.verdict]
    levels = dict.fromkeys(name.rpartition("-")[0] for name in found.embolised)
    whole = [level for level in levels if both(found, level)]
    single = [name for name in found.embolised if name.rpartition("-")[0] not in whole]
    named = [f"{', '.join(whole)} on both sides"] if whole else []
    return f"Close {', '.join([*named, *single])}: {VERDICTS[found.verdict]}"


def both(found: Perfusion, level: str) -> bool:
    return {f"{level}-left", f"{level}-right"} <= set(found.embolised)


def flows(found: Perfusion) -> Iterator[Row]:
    """In percent of the same place's flow before anything was closed."""
    taken = ", ".join(found.resected)
    yield Row(f"Vertebra {taken}", of_ends(found.vertebra_flow_pct, found.vertebra_flow_ci_pct), found.outside or "")
    where = "" if found.cord_flow_at is None else f"where it is least: {found.cord_flow_at}"
    yield Row("Cord", of_ends(found.cord_flow_pct, found.cord_flow_ci_pct), where)
    yield Row("Cord, the cut roots' vessels gone too", percent(found.after_resection_cord_flow_pct))
    if found.pressure is not None:
        at = f"Cord at {found.pressure.systolic_mmhg:g} mmHg systolic as well"
        beside = [f"the paper: {found.pressure.paper_says}", found.pressure.outside or ""]
        yield Row(at, percent(found.pressure.cord_flow_pct), "; ".join(filter(None, beside)))
    tumour = f"tumour counted {found.tumour_factor.low:g} to {found.tumour_factor.high:g} times a vertebra without"
    yield Row("Vertebra with its tumour", percent(found.tumour_inflow_pct), tumour)


def of_ends(value: float | None, ends: tuple[float, float] | None) -> str:
    return NOT_KNOWN if value is None or ends is None else percent(Measured(value, *ends))


def signals(found: Perfusion) -> str:
    """Evoked potentials: shares of the model's samples, and the dogs beside them."""
    seen = found.evoked_potentials
    if not seen.below:
        return ""
    shares = ", ".join(f"{100.0 * share:.0f} % below {at:.0f} % of normal flow" for at, share in seen.below)
    dogs = ""
    if seen.animals is not None:
        dogs = f"; of {seen.animals} dogs with {seen.levels} levels closed {seen.abnormal} had abnormal potentials"
    return f"Of the model's samples {shares}{dogs}"


def change(option: Option) -> str:
    return "" if option.cord_change_pct is None else f"{option.cord_change_pct:+.0f} points"


def shares(loss: BloodLoss) -> Iterator[Row]:
    yield from (Row(share.title, millilitres(share.ml)) for share in loss.shares)


def limits(found: Shortening) -> Iterator[Row]:
    level = f"{found.segment_level}: " if found.segment_level else ""
    yield Row("Smallest segment", millimetres(found.segment_height_mm), level + HEIGHT_IS[found.height_is])
    paper = "" if found.paper is None else found.paper.says
    yield Row("Safe, up to one third", millimetres(found.safe_mm), paper)
    yield Row("Warning, up to two thirds", millimetres(found.warning_mm), "beyond is danger: the cord kinks")
    if found.planned_mm is not None:
        yield Row("Planned", f"{found.planned_mm:g} mm", phase(found))
        yield Row("Cord flow after it", percent(found.cord_flow_pct), "in percent of before; dogs, and it may not last")
    cage = found.compression
    yield Row("Cage", millimetres(cage.cage_height_mm), cage.because or "gap less shortening")
    if found.dura is not None:
        yield Row("Sac slack, at the earliest", millimetres(found.dura.onset_mm), "for a tube that cannot slide")


def phase(found: Shortening) -> str:
    if found.phase is None:
        return NOT_KNOWN
    others = [PHASES[other] for other in found.possible_phases if other != found.phase]
    return f"phase {found.phase}, {PHASES[found.phase]}" + (f"; {' or '.join(others)} possible" if others else "")
