"""`enbloc shorten`: how far the column may be shortened, as sentences. Nothing is decided here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from enbloc.core.errors import InputError, nearest, one_line
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level, is_level
from enbloc.core.units import ranged
from enbloc.knowledge import cite
from enbloc.mechanics.shortening_nouns import Shortening, StudyCheck

SCHEMA = "enbloc.shortening/1"
PHASE_WORDS = {1: "safe", 2: "warning", 3: "danger"}


def shortened(case: str | None, height_mm: float | None, levels: Sequence[str], planned_mm: float | None) -> Shortening:
    """From a case, from a height (with its level where it is known), or from levels alone. Raises InputError."""
    from enbloc.mechanics.from_images import gap_at, segments_at
    from enbloc.mechanics.segments import stated_height
    from enbloc.mechanics.shortening import shorten

    named = [read_level(level) for level in levels]
    if case is not None:
        if height_mm is not None or named:
            raise InputError("a case brings its own levels and heights", field="CASE", hint="leave out --level or CASE")
        return of_case(case, planned_mm)
    if height_mm is not None:
        if len(named) > 1:
            raise InputError("one height, but several levels", field="--level", hint="name the smallest segment only")
        return shorten([stated_height(height_mm, named[0] if named else None)], planned_mm)
    if not named:
        raise InputError("no level is resected", field="CASE", hint="give CASE, --segment-height-mm or --level")
    return shorten(segments_at((), named), planned_mm, gap_mm=gap_at((), named))


def read_level(name: str) -> Level:
    if not is_level(name):
        raise InputError(f"{name!r} is not a vertebral level", field="--level", hint=nearest(name, Level))
    return Level(name)


def of_case(path: str, planned_mm: float | None) -> Shortening:
    """Heights from the images of the case; the planned shortening is the case's where none is given."""
    from enbloc.cli.taken import taken_out
    from enbloc.mechanics.from_images import gap_at, segments_at
    from enbloc.mechanics.shortening import shorten

    found = taken_out(path, measured=True)
    mm = found.case.planned.shortening_mm if planned_mm is None else planned_mm
    return shorten(segments_at(found.sizes, found.levels), mm, gap_mm=gap_at(found.sizes, found.levels))


def as_json(found: Shortening) -> str:
    """The shortening, the curve to draw, and every experiment beside the prediction."""
    from enbloc.mechanics.cord_flow import curve, held_out
    from enbloc.planning.document import plain

    document = {
        "schema": SCHEMA,
        "shortening": plain(found, "shortening"),
        "curve": plain(curve(found.fraction), "curve"),
        "studies": plain(held_out(), "studies"),
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def sheet(found: Shortening) -> str:
    """Limits, phase, flow, cage and rods, caveats, and the experiments."""
    from enbloc.mechanics.cord_flow import held_out

    return "\n".join([*lines(found), "", *study_lines(held_out())])


def lines(found: Shortening) -> Iterator[str]:
    yield "Spinal shortening: limits are thirds of one segment, the smallest that is taken out"
    for segment in found.segments:
        height = millimetres(segment.height_mm)
        yield entry("segment", f"{segment.level or 'level not said'}: {height}; {segment.because}")
    if found.safe_mm is not None and found.warning_mm is not None:
        yield entry("safe", f"up to {millimetres(found.safe_mm)}")
        yield entry("warning", f"up to {millimetres(found.warning_mm)}, beyond is danger")
    if found.paper is not None:
        yield entry("paper", found.paper.says)
    if found.planned_mm is not None:
        yield entry("planned", f"{found.planned_mm:g} mm{phase_words(found)}")
    if found.cord_flow_pct is not None:
        flow = found.cord_flow_pct
        yield entry("cord flow", f"{flow.value:.0f} % of before ({flow.low:.0f} to {flow.high:.0f}; dogs)")
    yield from dura_lines(found)
    yield from construct_lines(found)
    yield from (entry("not known", text) for text in found.missing)
    yield from (entry("note", f"{caveat.id}: {caveat.text}") for caveat in found.caveats)
    for step in found.because:
        yield entry("because", f"{step.gives} [{cite(step.source)}; {step.checked}]")


def phase_words(found: Shortening) -> str:
    if found.phase is None:
        return ""
    others = [PHASE_WORDS[phase] for phase in found.possible_phases if phase != found.phase]
    possible = f"; {' or '.join(others)} possible" if others else ""
    return f": phase {found.phase}, {PHASE_WORDS[found.phase]}{possible}"


def dura_lines(found: Shortening) -> Iterator[str]:
    if found.dura is None:
        return
    text = f"an estimate, unverified: slack from {millimetres(found.dura.onset_mm)}"
    if found.dura.amplitude_mm is not None:
        text += f"; bulge {millimetres(found.dura.amplitude_mm)}"
    yield entry("sac", text)


def construct_lines(found: Shortening) -> Iterator[str]:
    construct = found.compression
    if construct.cage_height_mm is not None:
        gap = millimetres(construct.gap_mm)
        yield entry("cage", f"{millimetres(construct.cage_height_mm)} = gap {gap} - {found.planned_mm:g} mm")
    else:
        yield entry("cage", f"gap less shortening; not known: {construct.because}")
    if construct.rod_travel_mm is not None:
        yield entry("rods", f"screws come nearer by {construct.rod_travel_mm:g} mm")


def study_lines(checks: Sequence[StudyCheck]) -> Iterator[str]:
    """Measured beside predicted; what was fitted is said to be."""
    yield "Experiments beside the prediction (fraction of a segment)"
    for check in checks:
        predicted = "none" if check.predicted_flow_pct is None else f"{check.predicted_flow_pct.value:.0f} %"
        measured = "not said" if check.measured_flow_pct is None else f"{check.measured_flow_pct:.0f} %"
        text = f"{check.fraction:.2f} phase {check.phase}: flow {predicted}, measured {measured}; {check.says}"
        yield entry(check.use, f"{check.title}: {text}; {verdict(check)} [{check.checked}]", 13)


def verdict(check: StudyCheck) -> str:
    if check.agrees is None:
        return "no verdict"
    if check.agrees:
        return "injury as predicted" if check.injured else "no injury, as predicted"
    return "injury not predicted" if check.injured else "over-cautious"


def millimetres(found: Measured | None) -> str:
    return ranged(found, "mm", 1)


def entry(name: str, text: str, width: int = 10) -> str:
    return f"  {name:<{width}}{one_line(text)}"
