"""Scores in the words of the report."""

from __future__ import annotations

from enbloc.core.evidence import Skipped
from enbloc.knowledge import Instrument, cite, instrument
from enbloc.planning.nouns import Score
from enbloc.planning.plan import Plan
from enbloc.report.words import CHECKED, plain, said

ARROW = {"worse": "↑ worse", "better": "↑ better"}
"""What a higher total means."""


def known(plan: Plan) -> list[Score]:
    """The scores of which anything at all is known, in the order of the plan."""
    return [score for score in every(plan) if any(part.basis != "unknown" for part in score.parts.values())]


def unknown(plan: Plan) -> list[Score]:
    return [score for score in every(plan) if score not in known(plan)]


def unfit(plan: Plan) -> list[tuple[str, str]]:
    """(title, reason) of instruments that do not speak of this patient."""
    return [(instrument(key).title, found.skipped) for key, found in plan.scores.items() if isinstance(found, Skipped)]


def every(plan: Plan) -> list[Score]:
    return [found for found in plan.scores.values() if isinstance(found, Score)]


def bands(score: Score) -> list[tuple[str, str]]:
    """(name, what the source says of it) of every band that remains possible."""
    return [(plain(band.name), band.says) for band in table(score).bands if band.name in score.bands]


def items(score: Score) -> list[str]:
    """How each item was read: `growth: moderate (derived)`."""
    return [
        f"{plain(name)}: {'open' if part.basis == 'unknown' else ' or '.join(map(plain, part.possible))} ({part.basis})"
        for name, part in score.parts.items()
    ]


def to_ask(score: Score) -> list[str]:
    """What is still open, and the answers that would settle the band."""
    found = []
    for missing in score.missing:
        settled: dict[str, list[str]] = {}
        for answer, band in missing.settles.items():
            settled.setdefault(band, []).append(plain(answer))
        ways = "; ".join(f"{', '.join(answers)}: {plain(band)}" for band, answers in settled.items())
        found.append(f"{missing.ask}" + (f" – {ways}" if ways else ""))
    return found


def source(score: Score) -> str:
    return f"{cite(score.source)} ({said(CHECKED, score.checked)})"


def performance(score: Score) -> list[str]:
    """How the instrument did in published tests."""
    return [
        row.says + (f"; n = {row.n}" if row.n else "") + f" ({said(CHECKED, row.checked)})"
        for row in table(score).performance
    ]


def table(score: Score) -> Instrument:
    return instrument(score.instrument)
