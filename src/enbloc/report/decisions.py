"""The decision page: recommendations in the order in which a tumour board asks for them, in words."""

from __future__ import annotations

from enbloc.planning.nouns import Advice, Figure, Flip, Recommendation
from enbloc.report.words import CHECKED, plain, said

TITLES = {
    "eligibility": "Fit for major surgery",
    "aim": "Aim of treatment",
    "surgery": "Operation",
    "tes": "Total en bloc spondylectomy",
    "margin": "Margin to aim at",
    "approach": "Approach",
    "embolisation": "Embolisation",
    "level_checklist": "At these levels",
    "protocol": "Protocol",
    "lesions": "Further lesions",
}
LISTS = ("level_checklist", "protocol", "lesions")
AGREES = {True: "= agrees", False: "≠ differs", None: "? open"}
"""Signs that need no colour."""


def board(advice: Advice) -> list[tuple[str, str, Recommendation]]:
    """(name, title, recommendation) of everything that has one answer."""
    return [(name, title, getattr(advice, name)) for name, title in TITLES.items() if name not in LISTS]


def action(found: Recommendation) -> str:
    """The action in words; while it is open, what remains possible."""
    if found.action != "unknown":
        return plain(found.action)
    others = [plain(other) for other in found.possible if other != "unknown"]
    return f"open: {' or '.join(others)}" if others else "open: no source decides it"


def strength(found: Recommendation) -> str:
    return said(CHECKED, found.strength) if found.strength != "open" else "facts are missing"


def figure(number: Figure) -> str:
    value = f"{number.low:g}" if number.low == number.high else f"{number.low:g} to {number.high:g}"
    return f"{number.name} {value} {number.unit}"


def flip(change: Flip) -> str:
    was = "not known now" if change.from_ is None else f"now {word(change.from_)}"
    return f"{plain(change.gives)}, if {change.field} were {word(change.to)} ({was})"


def word(value: str | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
