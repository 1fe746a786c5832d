"""The nouns of stability: an item of the score at one level, and what it was read from."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.levels import Level
from enbloc.knowledge import sins_items


@dataclass(frozen=True, slots=True)
class StabilityItem:
    """One item of SINS at one level.

    `answer`: the best reading, an option of the item's table; None where nothing was read. `possible`: the options
    that the measurement leaves open, most points first; `low` to `high` are their points. `measured`: the numbers
    behind it, each name with its unit.
    """

    id: str
    ask: str
    answer: str | None
    possible: tuple[str, ...]
    low: int
    high: int
    measured: Mapping[str, Measured]
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True)
class LevelStability:
    """The six items at one level. `low` to `high`: what the total can still be; `to_ask`: items no image answers."""

    level: Level
    items: tuple[StabilityItem, ...]
    low: int
    high: int
    to_ask: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stability:
    """SINS as far as images answer it, per involved level, cranial first. Not a total."""

    instrument: str
    edition: str
    levels: tuple[LevelStability, ...]


def scored(name: str, answer: str, facts: tuple[str, ...]) -> tuple[Step, ...]:
    """Why an answer counts what it counts: how it was read, which is this project's own, and the published points."""
    item = sins_items()[name]
    points = item.options[answer]
    return (
        Step(f"sins-reading/{name}", facts, answer, "enbloc-decision"),
        Step(
            f"sins/{name}: {answer}",
            (answer,),
            f"{points} point{'' if points == 1 else 's'}",
            item.source,
        ),
    )


def read_item(
    name: str,
    answer: str | None,
    possible: Collection[str],
    because: tuple[Step, ...] = (),
    measured: Mapping[str, Measured] | None = None,
    caveats: tuple[Caveat, ...] = (),
) -> StabilityItem:
    """An item with its points; without any option read, every option is possible."""
    table = sins_items()[name]
    open_ = tuple(option for option in table.options if option in possible) or tuple(table.options)
    points = [table.options[option] for option in open_]
    return StabilityItem(
        name, table.ask, answer, open_, min(points), max(points), dict(measured or {}), because, caveats
    )


def unread(name: str, caveat: Caveat) -> StabilityItem:
    """An item that could not be read, with the reason."""
    return read_item(name, None, (), caveats=(caveat,))
