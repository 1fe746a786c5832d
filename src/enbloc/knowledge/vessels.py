"""Which structures are vessels, which are asked for by name, and what counts as contact."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from enbloc.knowledge.loader import load_table

FILE = "vessels/contact.toml"


def vessel_kind(structure: str) -> str | None:
    """`artery` or `vein` by the words in the structure's name; None for what is no vessel."""
    words = _words()
    return next((words[word] for word in structure.split("-") if word in words), None)


@cache
def _words() -> Mapping[str, str]:
    return {row["word"]: row["kind"] for row in load_table(FILE)["word"]}


@cache
def asked_vessels() -> tuple[str, ...]:
    """Vessels that a plan says it has not looked at where nothing is labelled whose name begins like theirs."""
    return tuple(row["structure"] for row in load_table(FILE)["asked"])


@cache
def vessel_limits() -> tuple[float, float]:
    """(mm between tumour and vessel that still count as contact, mm beyond which a vessel is not measured)."""
    row = load_table(FILE)["contact"]
    return float(row["within_mm"]), float(row["reach_mm"])
