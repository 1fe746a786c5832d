"""`enbloc check`: every finding about the inputs of a case, as a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from enbloc.case import Case, StatedExtent, contradictions, read_case
from enbloc.cli.progress import Clock, showing
from enbloc.core.errors import InputError, one_line

MARKS = {"refused": "REFUSED", "contradiction": "CONTRADICTION", "warning": "warning", "note": ""}


@dataclass(frozen=True, slots=True)
class Seen:
    """One finding; `severity` is a key of MARKS."""

    severity: str
    where: str
    text: str


def inspect(case_path: str) -> tuple[Seen, ...]:
    """What the files look like, what spine they show, and what the case says against itself.

    Raises CaseError when there is no case.
    """
    case = read_case(case_path)
    seen = []
    if case.imaging is not None:
        from enbloc.images import look

        with showing(Clock()) as clock:
            seen += [Seen(found.severity, f"{found.file} {found.id}", found.text) for found in look(case, clock)]
        if not any(found.severity == "refused" for found in seen):
            seen += list(column(case))
    else:
        seen.append(Seen("note", "imaging", "none: the plan will rest on what the case states"))
    if case.extent.says_where:
        seen.append(Seen("note", "extent", stated(case.extent)))
    seen += [Seen("contradiction", f"case {caveat.id}", caveat.text) for caveat in contradictions(case)]
    return tuple(seen)


def column(case: Case) -> Iterator[Seen]:
    """What the labelled vertebrae look like as a spine; what `enbloc plan` would refuse is refused here too."""
    from enbloc.anatomy import locate
    from enbloc.images import load_images

    try:
        with showing(Clock()) as clock:
            spine = locate(load_images(case, clock), clock)
    except InputError as problem:
        hint = f" ({problem.hint})" if problem.hint else ""
        yield Seen("refused", problem.field or "labels", problem.message + hint)
        return
    yield Seen("note", "anatomy", f"vertebrae: {', '.join(spine.levels)}")
    for caveat in (*spine.caveats, *(caveat for vertebra in spine.vertebrae for caveat in vertebra.caveats)):
        yield Seen("warning", f"anatomy {caveat.id}", caveat.text)


def stated(extent: StatedExtent) -> str:
    """[extent] on one line."""
    given = extent.model_dump(mode="json", exclude_none=True)
    return "; ".join(f"{key}: {in_words(value)}" for key, value in given.items())


def in_words(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)


def sheet(findings: tuple[Seen, ...]) -> str:
    """The findings in lines, the worst kind last where the eye rests, and a verdict."""
    ordered = sorted(findings, key=lambda seen: -list(MARKS).index(seen.severity))
    lines = []
    for seen in ordered:
        mark = f"{MARKS[seen.severity]}: " if MARKS[seen.severity] else ""
        lines.append(f"  {mark}{one_line(seen.where)}\n      {one_line(seen.text)}")
    return "\n".join([*lines, "", verdict(findings)])


def verdict(findings: tuple[Seen, ...]) -> str:
    severities = [seen.severity for seen in findings]
    if "refused" in severities:
        return "This case cannot be planned as it is."
    if "contradiction" in severities:
        return "This case can be planned, but statements in it contradict each other."
    return "This case can be planned."
