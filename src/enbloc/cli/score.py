"""One instrument on the command line. Nothing is decided here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from enbloc.core.errors import InputError, one_line
from enbloc.knowledge import cite, instrument, instrument_keys, left_out
from enbloc.knowledge.instruments import Instrument
from enbloc.scores import Score, answered

ARROW = {"worse": "higher is worse", "better": "higher is better"}


def scored(name: str, pairs: Sequence[str]) -> Score:
    """The score of the instrument `name` from `key=value` pairs. Raises InputError for what it cannot read."""
    found = instrument(name)
    answers: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not (key and equals and value):
            raise InputError(f"{pair!r} is no answer", file=name, hint="answers are written key=value")
        if key in answers:
            raise InputError("is answered twice", file=name, field=key)
        answers[key] = value
    return answered(found, answers)


def as_json(score: Score) -> str:
    return json.dumps(asdict(score), ensure_ascii=False, indent=2)


def sheet(score: Score) -> str:
    """Total, bands, reasons, and what is still to be asked."""
    return "\n".join(one_line(line) if not line.startswith(" ") else line for line in lines(score))


def lines(score: Score) -> Iterator[str]:
    found = instrument(score.instrument)
    yield f"{score.title} ({score.instrument}): {score.shown}{of(score.reach)}; {ARROW[score.higher_is]}"
    for band in found.bands:
        if band.name in score.bands:
            yield entry(
                "band" if score.band else "possible",
                f"{words(band.name)} ({band.low} to {band.high})" + said(band.says),
            )
    for step in score.because:
        yield entry("because", f"{step.gives} <- {'; '.join(step.facts)} [{step.checked}]")
    for missing in score.missing:
        points, possible = found.items[missing.item].options, score.parts[missing.item].possible
        answers = ", ".join(option if found.scale else f"{option} {points[option]}" for option in possible)
        yield entry("ask", f"{missing.item}: {missing.ask}? {answers}")
        for name in dict.fromkeys(missing.settles.values()):
            settling = ", ".join(option for option, settled in missing.settles.items() if settled == name)
            yield entry("", f"{settling} would settle it: {words(name)}")
    for caveat in score.caveats:
        yield entry("note", f"{caveat.id}: {caveat.text}")
    yield entry("source", f"{cite(score.source)} [{score.checked}]")


def of(reach: str) -> str:
    return f" of {reach}" if reach else ""


def words(name: str) -> str:
    return name.replace("-", " ")


def said(says: str) -> str:
    return f": {says}" if says else ""


def entry(name: str, text: str) -> str:
    return f"  {name:<10}{one_line(text)}"


def listing() -> str:
    """Every instrument with its range and keys, and those that are not shipped with the reason."""
    shown = [instrument(key) for key in instrument_keys()]
    width = max(len(found.key) for found in shown)
    made = [
        f"  {found.key:<{width}}  {found.title}: {reach(found)}, {ARROW[found.higher_is]} [{found.checked}]\n"
        f"  {'':<{width}}  asks {', '.join(found.items)}"
        for found in shown
    ]
    missing = [f"  {row.id:<{width}}  {row.title}: {row.because}" for row in left_out()]
    return "\n".join(["Instruments", *made, "", "Not implemented, because", *missing])


def reach(found: Instrument) -> str:
    return " ".join(found.items["grade"].options) if found.scale else f"{found.lowest} to {found.highest}"
