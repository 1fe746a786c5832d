"""One evaluator for every instrument: readings of its items in, a score that may still be open out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from enbloc.core.evidence import Caveat, Step
from enbloc.knowledge.instruments import Band, Instrument, Source
from enbloc.scores.read import Options, Reading, weakest
from enbloc.scores.score import Missing, Part, Score

Numbers = frozenset[int]


def evaluate(
    instrument: Instrument,
    readings: Mapping[str, Reading],
    asked: Mapping[str, tuple[str, ...]],
    caveats: tuple[Caveat, ...] = (),
) -> Score:
    """The score with one reading per item. `asked`: by open item, the case fields that would answer it."""
    points = {name: points_of(instrument, name, readings[name].possible) for name in instrument.items}
    totals = sums(points.values())
    bands = bands_of(instrument, totals)
    return Score(
        instrument=instrument.key,
        edition=instrument.edition,
        title=instrument.title,
        higher_is=instrument.higher_is,
        lowest=instrument.lowest,
        highest=instrument.highest,
        low=min(totals),
        high=max(totals),
        band=bands[0].name if len(bands) == 1 else None,
        bands=tuple(band.name for band in bands),
        missing=tuple(
            Missing(
                item=name,
                ask=instrument.items[name].ask,
                fields=fields,
                settles=settles(instrument, points, name, readings[name]) if len(bands) > 1 else {},
            )
            for name, fields in asked.items()
        ),
        parts={name: part(name, readings[name], numbers) for name, numbers in points.items()},
        because=tuple(reasons(instrument, readings, points, totals, bands)),
        caveats=caveats,
        source=instrument.source,
        checked=weakest([instrument.checked, *(r.checked for r in readings.values()), *(b.checked for b in bands)]),
    )


@lru_cache(maxsize=1 << 12)
def points_of(instrument: Instrument, name: str, options: Options) -> Numbers:
    counts = instrument.items[name].options
    return frozenset(counts[option] for option in options)


def sums(points: Iterable[Numbers]) -> Numbers:
    """Every total that can be reached with one number from each set."""
    totals = {0}
    for numbers in points:
        totals = {total + number for total in totals for number in numbers}
    return frozenset(totals)


@lru_cache(maxsize=1 << 12)
def bands_of(instrument: Instrument, totals: Numbers) -> tuple[Band, ...]:
    return tuple(band for band in instrument.bands if not totals.isdisjoint(range(band.low, band.high + 1)))


def settles(instrument: Instrument, points: Mapping[str, Numbers], name: str, reading: Reading) -> dict[str, str]:
    """The answers to one item that would leave one band only, each with that band."""
    rest = sums(numbers for other, numbers in points.items() if other != name)
    found = {}
    for option in reading.possible:
        count = instrument.items[name].options[option]
        left = bands_of(instrument, frozenset(total + count for total in rest))
        if len(left) == 1:
            found[option] = left[0].name
    return found


def part(name: str, reading: Reading, numbers: Numbers) -> Part:
    return Part(
        item=name,
        low=min(numbers),
        high=max(numbers),
        answer=reading.possible[0] if len(reading.possible) == 1 else None,
        possible=reading.possible,
        basis=reading.basis,
        source=first(reading.source),
        checked=reading.checked,
    )


def first(source: Source) -> str:
    return source if isinstance(source, str) else source[0]


def span(numbers: Numbers) -> str:
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def reasons(
    instrument: Instrument,
    readings: Mapping[str, Reading],
    points: Mapping[str, Numbers],
    totals: Numbers,
    bands: tuple[Band, ...],
) -> Iterator[Step]:
    """A step for every item of which anything is known, and one for the total."""
    for name, reading in readings.items():
        if reading.basis != "unknown":
            answer = " or ".join(reading.possible)
            gives = answer if instrument.scale else f"{name} {span(points[name])}: {answer}"
            rule = f"{instrument.key}/{name}: {reading.rule}"
            yield Step(rule, reading.facts, gives, first(reading.source), reading.checked)
    if not instrument.scale:
        facts = tuple(f"{name} {span(numbers)}" for name, numbers in points.items())
        named = " or ".join(band.name for band in bands)
        total = f"{span(totals)} of {instrument.lowest} to {instrument.highest}"
        gives = f"{total}: {named}" if named else total
        mark = weakest([band.checked for band in bands] or [instrument.checked])
        source = first(bands[0].source if bands else instrument.source)
        yield Step(f"{instrument.key}/total: sum of the items", facts, gives, source, mark)
