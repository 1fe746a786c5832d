"""A plan in a screenful of text. Nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from enbloc.core.errors import one_line
from enbloc.core.evidence import Skipped
from enbloc.planning import Plan, ShorteningFindings, SpineFindings, TumourFindings
from enbloc.planning.nouns import OTHER_LEAVES, Advice, Recommendation, Removal, Score
from enbloc.resection.nouns import ClassRange, Cut, Gate, Resection
from enbloc.tumour import Involvement, TomitaType, ZoneExtent


def summary(plan: Plan) -> str:
    """Levels, extent, type with range and reasons, advice, warnings, what was not done."""
    lines = [
        plan.case.id,
        *spine_lines(plan.spine),
        *tumour_lines(plan.tumour),
        *score_lines(plan),
        *advice_lines(plan.advice),
        *cut_lines(plan),
        *blood_lines(plan),
        *shortening_lines(plan.shortening),
        *warning_lines(plan),
        *skipped_lines(plan),
    ]
    return "\n".join(lines)


def entry(name: str, text: str) -> str:
    return f"  {name:<10}{one_line(text)}".rstrip()


def spine_lines(spine: SpineFindings | Skipped) -> Iterator[str]:
    if isinstance(spine, Skipped):
        yield entry("Spine", f"not read: {spine.skipped}")
        return
    yield entry("Spine", f"{len(spine.levels)} levels: {', '.join(vertebra.level for vertebra in spine.levels)}")
    spacing = " x ".join(f"{step:.3g}" for step in spine.grid_spacing_mm)
    yield entry("", f"read at {spacing} mm; no-go body: {spine.no_go_basis}")


def tumour_lines(tumour: TumourFindings | Skipped) -> Iterator[str]:
    if isinstance(tumour, Skipped):
        yield entry("Tumour", f"not read: {tumour.skipped}")
        return
    size = "" if tumour.volume_mm3 is None else f", {millilitres(tumour.volume_mm3)}"
    yield entry("Tumour", f"{', '.join(tumour.levels) or 'level unknown'} (from {tumour.basis}){size}")
    for zone in tumour.zones:
        if zone.involvement is not Involvement.FREE:
            yield entry("", zone_text(zone))
    if not isinstance(tumour.barriers, Skipped):
        for level in tumour.barriers:
            yield from (entry("", f"{level.level} {path.value}") for path in level.leak_paths if path.stage == "open")
    yield entry("Type", type_text(tumour.tomita_type))
    for step in tumour.tomita_type.because:
        yield entry("", f"- {step.gives}: {step.rule} [{step.source}]")


def score_lines(plan: Plan) -> Iterator[str]:
    """The scores whose band is settled; the others are counted."""
    found = [score for score in plan.scores.values() if isinstance(score, Score)]
    for i, score in enumerate(score for score in found if score.band is not None):
        yield entry("" if i else "Scores", f"{score.title}: {score.shown}, {score.band}")
    waiting = sum(len(score.bands) > 1 for score in found)
    if waiting:
        yield entry("", f"{waiting} wait for answers (enbloc why PLAN.json scores)")


def zone_text(zone: ZoneExtent) -> str:
    parts = [f"{zone.level} {zone.zone}: {zone.involvement}"]
    if zone.volume_mm3:
        parts.append(millilitres(zone.volume_mm3))
    if zone.share is not None:
        parts.append(f"{zone.share:.0%} of the zone")
    return ", ".join(parts)


def type_text(found: TomitaType) -> str:
    if found.value is None:
        return "no type"
    text = f"Tomita type {found.value}"
    if (found.low, found.high) != (found.value, found.value):
        text += f" ({found.low} to {found.high} possible)"
    return text + (", borderline" if found.borderline else "")


def millilitres(volume_mm3: float) -> str:
    return f"{volume_mm3 / 1000:.2f} mL"


ADVICE = ("eligibility", "aim", "surgery", "tes", "margin", "approach", "embolisation")


def advice_lines(advice: Advice) -> Iterator[str]:
    """The answer of each recommendation; while it is open, what remains possible and what is asked for."""
    for i, name in enumerate(ADVICE):
        found: Recommendation = getattr(advice, name)
        text = f"{name}: {found.action}"
        if found.action == "unknown":
            others = " or ".join(other for other in found.possible if other != "unknown")
            text += (f" ({others})" if others else "") + "".join(f"; state {asked.field}" for asked in found.missing)
        if name == "embolisation" and advice.embolisation.levels:
            text += f" {', '.join(advice.embolisation.levels)}"
        yield entry("" if i else "Advice", text)


def cut_lines(plan: Plan) -> Iterator[str]:
    """The cuts with their margins, the face that comes out worst, how sure the choice is, what it changes."""
    found = plan.resection
    if isinstance(found, Skipped):
        return
    ring = [cut for cut in found.cuts if cut.gate in (Gate.LEFT, Gate.RIGHT)]
    column = [cut for cut in found.cuts if cut not in ring]
    yield entry("Cuts", f"{', '.join(found.levels)}: margin {classed(found.margin_class)}")
    yield from (entry("", ", ".join(map(cut_text, cuts))) for cuts in (ring, column) if cuts)
    worst = found.margin_class
    faces = [f"{face.level} {face.face}" for face in found.faces if face.margin_class.value is worst.value]
    if faces:
        yield entry("", f"{worst.value or 'open'} where dissected: {', '.join(faces)}")
    yield entry("", certified(found))
    yield entry("", likelihood(found))
    yield from (entry("", line) for line in ways_out(found.removal))
    yield from (entry("", f"! {caveat.text}") for caveat in found.caveats if caveat.id == OTHER_LEAVES)
    if not isinstance(plan.revised, Skipped):
        for name, now in plan.revised.items():
            yield entry("", f"{name}: {now.action} after {now.because[0].gives}")


def cut_text(cut: Cut) -> str:
    inside = f", {cut.tumour_mm2:.0f} mm² in tumour" if cut.tumour_mm2 > 0.0 else ""
    return f"{cut.name} by {cut.tissue} {cut.margin_mm.value:.1f} mm{inside}"


def classed(found: ClassRange) -> str:
    others = [other for other in found.possible if other is not found.value]
    if found.value is None:
        return f"open ({' or '.join(others)})" if others else "not known"
    return f"{found.value} ({' or '.join(others)} possible)" if others else found.value


def certified(found: Resection) -> str:
    gap, compared = found.certificate.gap_mm, f"({found.certificate.planes:,} planes compared)"
    if found.certificate.capped:
        return f"margins beyond {found.certificate.enough_mm:g} mm were not sought {compared}"
    more = "an unknown margin" if gap is None else f"at most {gap:.2f} mm of margin"
    return f"other ring cuts could add {more} {compared}"


def likelihood(found: Resection) -> str:
    """How likely no cut enters tumour, with the interval of the sampling."""
    share, guidance = found.no_tumour_cut_probability, found.execution.guidance
    if share is None:
        return "not known how likely the cuts keep out of tumour"
    return f"no cut enters tumour in {share.value:.0%} of trials ({share.low:.0%} to {share.high:.0%}), {guidance}"


def ways_out(removal: Removal | Skipped) -> Iterator[str]:
    """How each piece leaves, in order, and how wide the way in stays."""
    if isinstance(removal, Skipped):
        yield f"way out of the pieces: {removal.skipped}"
        return
    yield from (piece.says for piece in removal.pieces)
    if removal.corridor_mm is not None:
        yield f"{removal.corridor_mm:.0f} mm wide stays the way in from behind"


def blood_lines(plan: Plan) -> Iterator[str]:
    """What is left to vertebra and cord, and the blood to be lost."""
    found = plan.perfusion
    if isinstance(found, Skipped):
        return
    if found.vertebra_flow_pct is None or found.cord_flow_pct is None or found.cord_flow_ci_pct is None:
        yield entry("Blood", f"no flow is given: {found.outside}")
    else:
        low, high = found.cord_flow_ci_pct
        cord = f"cord {found.cord_flow_pct:.0f} % ({low:.0f} to {high:.0f}) at {found.cord_flow_at}"
        flows = f"vertebra {found.vertebra_flow_pct:.0f} % of its flow, {cord}"
        yield entry("Blood", f"{', '.join(found.closed_levels)} closed: {flows}; fitted to dogs")
    yield from (entry("", f"left open: {one.artery}, {one.because}") for one in found.left_open)
    loss = found.blood_loss_ml
    yield entry("", f"expected loss {litres(loss.value)} L ({litres(loss.low)} to {litres(loss.high)})")


def litres(millilitres: float) -> str:
    return f"{millilitres / 1000:.1f}"


def shortening_lines(found: ShorteningFindings | Skipped) -> Iterator[str]:
    """The limits, and the phase of what is planned."""
    if isinstance(found, Skipped):
        return
    if found.safe_mm is None or found.warning_mm is None:
        yield entry("Shorten", f"limits not known: {'; '.join(found.missing)}")
        return
    limits = f"safe to {found.safe_mm.value:.1f} mm, danger beyond {found.warning_mm.value:.1f} mm"
    yield entry("Shorten", f"{limits} ({found.segment_level} segment, {found.height_is})")
    if found.planned_mm is not None and found.phase is not None:
        others = [str(phase) for phase in found.possible_phases if phase != found.phase]
        maybe = f" ({' or '.join(others)} possible)" if others else ""
        yield entry("", f"planned {found.planned_mm:g} mm: phase {found.phase}{maybe}")


def warning_lines(plan: Plan) -> Iterator[str]:
    if plan.warnings:
        yield entry("Warnings", str(len(plan.warnings)))
    for caveat in plan.warnings:
        yield entry("", f"! {caveat.id}: {caveat.text}")


def skipped_lines(plan: Plan) -> Iterator[str]:
    stages = [(field.name, getattr(plan, field.name)) for field in fields(plan)]
    names = [name for name, stage in stages if isinstance(stage, Skipped) and name not in ("spine", "tumour")]
    if names:
        yield entry("Not done", f"{', '.join(names)} (reasons in the report)")
