"""The Spinal Instability Neoplastic Score as published, and how enbloc reads its items from images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from enbloc.core.levels import Level
from enbloc.knowledge.instrument_tables import instrument
from enbloc.knowledge.instruments import Instrument, Item
from enbloc.knowledge.loader import load_table

SCORE = "sins-2010"
SCORE_TABLE = "scores/sins-2010.toml"
READING = "stability/reading.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SinsReading:
    """Thresholds of the items that images can answer; `half` and `involved` are published, the rest is inferred.

    Meaning and basis of each stand in the tables.
    """

    half: float
    involved: float
    none_below: float
    neighbour_variation: float
    one_sided_variation: float
    half_rounding: float
    filled_doubt: float
    joint_mm: float
    cortex_mm: float
    least_mm3: float
    low_percentile: float
    high_percentile: float
    high_margin_hu: float
    component: float
    doubt: float


def sins_instrument() -> Instrument:
    return instrument(SCORE)


def sins_items() -> Mapping[str, Item]:
    """The six items by id, in the order of the table."""
    return sins_instrument().items


def sins_location(level: Level) -> str | None:
    """The answer of the item `location`; None for a level that the score does not name."""
    return next(iter(sins_instrument().stated["location"].options((level.value,))), None)


@cache
def sins_reading() -> SinsReading:
    score, reading = load_table(SCORE_TABLE)["collapse"], load_table(READING)
    published = {"half": score["half"], "involved": score["involved"]}
    inferred = {**reading["collapse"], **reading["posterolateral"], **reading["bone_lesion"]}
    numbers = {name: value for name, value in inferred.items() if name not in ("source", "checked")}
    return SinsReading(**published, **numbers)
