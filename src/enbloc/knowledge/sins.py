"""The Spinal Instability Neoplastic Score as published, and how enbloc reads its items from images."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from enbloc.core.levels import Level
from enbloc.knowledge.loader import load_table

SCORE = "scores/sins-2010.toml"
READING = "stability/reading.toml"


@dataclass(frozen=True, slots=True)
class SinsItem:
    """One item: the question, and what each answer counts."""

    id: str
    ask: str
    options: Mapping[str, int]
    source: str
    checked: str


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
    joint_mm: float
    cortex_mm: float
    least_mm3: float
    low_percentile: float
    high_percentile: float
    high_margin_hu: float
    component: float
    doubt: float


@cache
def sins_items() -> Mapping[str, SinsItem]:
    """The six items by id, in the order of the table."""
    rows = (SinsItem(**{**row, "options": MappingProxyType(row["options"])}) for row in load_table(SCORE)["item"])
    return MappingProxyType({item.id: item for item in rows})


def sins_location(level: Level) -> str | None:
    """The answer of the item `location`; None for a level that the score does not name."""
    classes = load_score()["location"]
    return next((name for name in sins_items()["location"].options if level in classes[name]), None)


@cache
def sins_reading() -> SinsReading:
    score, reading = load_score()["collapse"], load_table(READING)
    published = {"half": score["half"], "involved": score["involved"]}
    inferred = {**reading["collapse"], **reading["posterolateral"], **reading["bone_lesion"]}
    numbers = {name: value for name, value in inferred.items() if name not in ("source", "checked")}
    return SinsReading(**published, **numbers)


@cache
def load_score() -> Mapping[str, Any]:
    return load_table(SCORE)
