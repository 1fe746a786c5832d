"""One item of an instrument, filled: its part in the score and everything that goes with it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from enbloc.core.evidence import Caveat, Step
from enbloc.knowledge.instruments import Instrument, Item, Source
from enbloc.scores.read import Known, Options, Reading, asked, read
from enbloc.scores.score import Part

Numbers = frozenset[int]


@dataclass(frozen=True, slots=True, eq=False)
class Filled:
    """What the facts make of one item.

    `points` are the numbers it may count, `counted` says so in words. `because` is None where nothing is known of the
    item; `fields` are the case fields that would answer it while it is open.
    """

    part: Part
    points: Numbers
    counted: str
    because: Step | None
    fields: tuple[str, ...]
    caveats: tuple[Caveat, ...]

    @property
    def is_open(self) -> bool:
        return len(self.part.possible) > 1


@lru_cache(maxsize=1 << 13)
def filled(instrument: Instrument, item: Item, known: Known, typed: Options | None, measured: Options | None) -> Filled:
    """The item from the `known` facts that it reads, and from what was typed or measured of it."""
    reading, caveats = read(instrument, item, known, typed, measured)
    points = frozenset(item.options[option] for option in reading.possible)
    counted = f"{item.id} {span(points)}"
    return Filled(
        part=part(item, reading, points),
        points=points,
        counted=counted,
        because=None if reading.basis == "unknown" else step(instrument, item, reading, counted),
        fields=asked(instrument, item, known) if len(reading.possible) > 1 else (),
        caveats=caveats,
    )


def part(item: Item, reading: Reading, points: Numbers) -> Part:
    return Part(
        item=item.id,
        low=min(points),
        high=max(points),
        answer=reading.possible[0] if len(reading.possible) == 1 else None,
        possible=reading.possible,
        basis=reading.basis,
        source=first(reading.source),
        checked=reading.checked,
    )


def step(instrument: Instrument, item: Item, reading: Reading, counted: str) -> Step:
    answer = " or ".join(reading.possible)
    gives = answer if instrument.scale else f"{counted}: {answer}"
    rule = f"{instrument.key}/{item.id}: {reading.rule}"
    return Step(rule, reading.facts, gives, first(reading.source), reading.checked)


def first(source: Source) -> str:
    return source if isinstance(source, str) else source[0]


def span(numbers: Numbers) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"
