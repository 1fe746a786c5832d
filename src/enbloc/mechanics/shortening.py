"""How far the column may be shortened: phases of one segment, cord flow, the sac, cage and rods.

Plain heights in, one dataclass out; nothing here knows a patient. Why: docs/explanation/shortening.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.levels import Level
from enbloc.knowledge.shortening_tables import (
    calibration,
    cautions,
    expected_mm,
    injury_from,
    late_flow,
    meanings,
    paper_mm,
    phase_rows,
    studies,
)
from enbloc.mechanics.cord_flow import model_flow_between, with_studies
from enbloc.mechanics.dura import dural_slack
from enbloc.mechanics.phases import paper_range, phase_ends, phase_of, possible_phases, third_mm
from enbloc.mechanics.segments import positive, smallest, total
from enbloc.mechanics.shortening_nouns import Compression, SegmentHeight, Shortening

PLANNED = "planned_mm"


def shorten(
    segments: Sequence[SegmentHeight], planned_mm: float | None = None, *, gap_mm: Measured | None = None
) -> Shortening:
    """What the heights of the resected segments (one each) allow, and what `planned_mm` of shortening does.

    `gap_mm`: between the endplates that stay, None where not known. Unknown heights stay unknown: what rests on them is
    None, with a sentence in `missing`. Raises InputError for no segment, a level twice, a planned shortening that is
    below zero or no number, or one as large as the gap.
    """
    least = smallest(segments)
    check_planned(planned_mm, gap_mm)
    height = least.height_mm
    first, second = phase_ends()
    fraction = None if height is None or planned_mm is None else fraction_of(planned_mm, height)
    possible = () if height is None or planned_mm is None else possible_phases(planned_mm, height)
    model = None if fraction is None else model_flow_between(fraction)
    free = total(segments)
    return Shortening(
        segment_height_mm=height,
        segment_level=least.level,
        height_is=least.height_is,
        segments=tuple(segments),
        safe_mm=None if height is None else third_mm(first, height),
        warning_mm=None if height is None else third_mm(second, height),
        planned_mm=planned_mm,
        fraction=fraction,
        phase=None if height is None or planned_mm is None else phase_of(planned_mm, height.value),
        possible_phases=possible,
        cord_flow_pct=with_studies(model, possible, fraction),
        model_flow_pct=model,
        paper=None if height is None else paper_range(height),
        dura=None if free is None else dural_slack(free, planned_mm),
        compression=compression(gap_mm, planned_mm),
        because=tuple(reasons(least, planned_mm, possible)),
        caveats=tuple(caveats(segments, least, fraction)),
        missing=tuple(missing(least, planned_mm, fraction, model)),
    )


def check_planned(planned_mm: float | None, gap_mm: Measured | None) -> None:
    if gap_mm is not None:
        positive(gap_mm, "gap_mm")
    if planned_mm is None:
        return
    if not isfinite(planned_mm) or planned_mm < 0.0:
        raise InputError(f"{planned_mm:g} is no shortening", field=PLANNED, hint="0 mm or more")
    if gap_mm is not None and planned_mm >= gap_mm.high:
        raise InputError(f"{planned_mm:g} mm leave no room for a cage in a gap of {gap_mm.high:.1f} mm", field=PLANNED)


def fraction_of(planned_mm: float, height_mm: Measured) -> Measured:
    """Of one segment; a smaller segment makes the same shortening a greater part."""
    return Measured(*(planned_mm / mm for mm in (height_mm.value, height_mm.high, height_mm.low)))


def compression(gap_mm: Measured | None, planned_mm: float | None) -> Compression:
    """Cage = gap - shortening, with the gap's range; rods must let the screws come nearer by the shortening."""
    cage = None
    if gap_mm is not None and planned_mm is not None:
        cage = Measured(*(max(mm - planned_mm, 0.0) for mm in (gap_mm.value, gap_mm.low, gap_mm.high)))
    because = None
    if cage is None:
        because = "the gap between the endplates is not known" if gap_mm is None else "no shortening is planned"
    return Compression(
        gap_mm=gap_mm,
        cage_height_mm=cage,
        rod_travel_mm=planned_mm,
        says=tuple(row.says for row in meanings()),
        because=because,
    )


def reasons(least: SegmentHeight, planned_mm: float | None, possible: tuple[int, ...]) -> Iterator[Step]:
    height = least.height_mm
    facts: tuple[str, ...] = (
        least.because if height is None else f"segment {height.value:.1f} mm ({height.low:.1f} to {height.high:.1f})",
    )
    if planned_mm is not None:
        facts = (*facts, f"shortening {planned_mm:g} mm")
    for row in phase_rows():
        if not possible or row.number in possible:
            yield Step(f"shortening/{row.id}", facts, row.says, row.source, row.checked)
    _, _, paper = paper_mm()
    yield Step(f"protocol/{paper.id}", facts, paper.says, paper.first_source, paper.checked)
    read, _ = calibration()
    flow = f"cord flow {read.flow_pct:g} % of before at {float(read.part):.0%} of the segment in dogs; {read.says}"
    yield Step("shortening/flow", facts, flow, read.source, read.checked)
    _, late = late_flow()
    yield Step(f"shortening/{late.id}", facts, late.says, late.first_source, late.checked)
    yield from (Step(f"shortening/{row.id}", facts, row.says, row.first_source, row.checked) for row in meanings())


def caveats(segments: Sequence[SegmentHeight], least: SegmentHeight, fraction: Measured | None) -> Iterator[Caveat]:
    """What must be read beside the numbers, gravest first."""
    table = cautions()
    levels = {one.level for one in segments if one.level is not None}
    part, hurt = injury_from()
    told = []
    if fraction is not None:
        told += ["outside-what-was-studied"] * (fraction.high > 1.0)
        told += ["flow-held-beyond-measured"] * (fraction.high > float(calibration()[0].part))
        if fraction.high >= part:
            yield Caveat(hurt.id, hurt.says)
    told += ["height-expected-not-measured"] * (least.height_is == "expected")
    told += ["height-unlike-an-adults"] * any(map(implausible, segments))
    told += ["more-levels-than-studied"] * (len(segments) > most_levels())
    told += ["third-is-of-one-segment"] * (len(segments) > 1)
    told += [row.id for row in table.values() if row.always or levels & set(row.levels)]
    yield from (Caveat(name, table[name].says) for name in told)


def most_levels() -> int:
    """The longest gap of any experiment, in levels."""
    return max(len(study.levels) for study in studies().values())


def implausible(segment: SegmentHeight) -> bool:
    """Whether no adult is expected to have this height: at its level, or anywhere where it has none."""
    if segment.height_mm is None or segment.height_is == "expected":
        return False
    known = [expected_mm(level) for level in all_levels(segment)]
    spans = [span for span in known if span is not None]
    fits = [segment.height_mm.high >= span.low and segment.height_mm.low <= span.high for span in spans]
    return bool(fits) and not any(fits)


def all_levels(segment: SegmentHeight) -> tuple[Level, ...]:
    return tuple(level for level in Level if level.in_scope) if segment.level is None else (segment.level,)


def missing(
    least: SegmentHeight, planned_mm: float | None, fraction: Measured | None, model: Measured | None
) -> Iterator[str]:
    if least.height_mm is None:
        yield f"limits in mm are not known: {least.because}"
    if planned_mm is None:
        yield "no phase and no cord flow: no shortening is planned"
    elif fraction is not None and model is None:
        yield "no cord flow is predicted: the cord kinks, and no flow beyond that was read"
