"""Stability items in the words of the report."""

from __future__ import annotations

from enbloc.core.evidence import Measured
from enbloc.core.units import UNITS, ending, without_unit
from enbloc.planning.nouns import LevelStability, StabilityItem
from enbloc.report.words import plain

DECIMALS = {"share": 0, "mm": 1, "hu": 0}
TO_ASK = "to be asked"


def answer(item: StabilityItem) -> str:
    if item.answer is not None:
        return plain(item.answer)
    return TO_ASK if any(caveat.id == "asked-of-the-user" for caveat in item.caveats) else "not read"


def also(item: StabilityItem) -> str:
    """The other readings of an answered item; empty when there is none."""
    others = [plain(option) for option in item.possible if option != item.answer]
    return f"possible too: {', '.join(others)}" if item.answer is not None and others else ""


def measured(item: StabilityItem) -> list[str]:
    return [number(name, value) for name, value in item.measured.items()]


def number(name: str, value: Measured) -> str:
    """`anterior_lost_share` as `anterior lost 12 % (8 to 16 %)`."""
    unit, decimals = UNITS[ending(name)], DECIMALS[ending(name)]
    shown, low, high = (f"{unit.factor * end:.{decimals}f}" for end in (value.value, value.low, value.high))
    return f"{plain(without_unit(name).replace('_', '-'))} {shown} {unit.sign} ({low} to {high})"


def points(low: int, high: int) -> str:
    return f"{low}" if low == high else f"{low} to {high}"


def still_open(level: LevelStability) -> str:
    """The range that the items leave, and what would close it."""
    unread = [plain(item.id) for item in level.items if item.answer is None and item.id not in level.to_ask]
    asked = " and ".join(plain(name) for name in level.to_ask)
    text = f"With {asked} not yet answered the sum can be {points(level.low, level.high)}; ask for both."
    return text + (f" Not read: {', '.join(unread)}." if unread else "")
