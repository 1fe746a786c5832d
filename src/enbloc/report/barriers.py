"""Barriers and leak paths in the words of the report."""

from __future__ import annotations

from enbloc.core.evidence import Measured, Skipped
from enbloc.knowledge import barrier_borders, barrier_tissues
from enbloc.planning.plan import TumourFindings
from enbloc.report import words

MARK = {"breached": "●", "touched": "◕", "touched-from-outside": "◔", "possibly-touched": "◌", "free": "○"}
"""Signs that need no colour."""
BASIS = {
    "labelled": "",
    "partly-estimated": "part of the bone's outline there is estimated",
    "estimated": "the bone's outline there is estimated",
}


def met(tumour: TumourFindings | None) -> tuple[object, ...]:
    """The levels to show; none where the stage did not run."""
    return () if tumour is None or isinstance(tumour.barriers, Skipped) else tumour.barriers


def title(barrier: str) -> str:
    return barrier_tissues()[barrier].title


def area(measured: Measured) -> str:
    """mm² with the range that the resolution leaves; a dash for nothing."""
    if measured.high < 0.5:
        return "–"
    return f"{measured.value:.0f} ({measured.low:.0f} to {measured.high:.0f})"


def distance(measured: Measured) -> str:
    return f"{measured.value:.1f} ({measured.low:.1f} to {measured.high:.1f})"


def borders_mark() -> str:
    """How the borders between the barriers were checked."""
    return words.CHECKED[barrier_borders().checked]
