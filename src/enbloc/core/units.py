"""The unit of a measured number is the last word of its field's name: `canal_width_mm`, `lost_share`."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.evidence import Measured

NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Unit:
    """How a unit is shown: its sign, and what a number is multiplied by before it."""

    sign: str
    factor: float = 1.0


UNITS = {
    "mm": Unit("mm"),
    "mm2": Unit("mm²"),
    "deg": Unit("°"),
    "hu": Unit("HU"),
    "share": Unit("%", 100.0),
}


def ending(name: str) -> str:
    """The key of a name's unit in `UNITS`; empty where it ends in none."""
    words, _, last = name.rpartition("_")
    return last if words and last in UNITS else ""


def without_unit(name: str) -> str:
    unit = ending(name)
    return name.removesuffix(f"_{unit}") if unit else name


def ranged(found: Measured | None, sign: str, digits: int = 0) -> str:
    """`29.1 mm (27.8 to 30.4)`, rounded to `digits` behind the point (-2: to hundreds); `not known` for None."""
    if found is None:
        return NOT_KNOWN
    value, low, high = (f"{round(each, digits):,.{max(digits, 0)}f}" for each in (found.value, found.low, found.high))
    return f"{value} {sign} ({low} to {high})"
