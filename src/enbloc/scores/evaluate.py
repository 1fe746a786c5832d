"""One evaluator for every instrument: its filled items in, a score that may still be open out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from enbloc.core.evidence import Caveat, Step
from enbloc.knowledge.instruments import Band, Instrument
from enbloc.scores.items import Filled, Numbers, first, span
from enbloc.scores.read import Options, weakest
from enbloc.scores.score import Missing, Score


def evaluate(instrument: Instrument, items: Mapping[str, Filled], caveats: tuple[Caveat, ...] = ()) -> Score:
    """The score with every item filled; `caveats` stand before those of the items."""
    points = {name: item.points for name, item in items.items()}
    totals = sums(points.values())
    bands = bands_of(instrument, totals)
    marks = [item.part.checked for item in items.values()]
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
        bands=tuple([band.name for band in bands]),
        missing=tuple(
            [
                Missing(
                    item=name,
                    ask=instrument.items[name].ask,
                    fields=item.fields,
                    settles=settles(instrument, points, name, item.part.possible) if len(bands) > 1 else {},
                )
                for name, item in items.items()
                if item.is_open
            ]
        ),
        parts={name: item.part for name, item in items.items()},
        because=tuple(reasons(instrument, items, totals, bands)),
        caveats=(*caveats, *(caveat for item in items.values() for caveat in item.caveats)),
        source=instrument.source,
        checked=weakest([instrument.checked, *marks, *(band.checked for band in bands)]),
    )


def sums(points: Iterable[Numbers]) -> Numbers:
    """Every total that can be reached with one number from each set."""
    totals = {0}
    for numbers in points:
        totals = {total + number for total in totals for number in numbers}
    return frozenset(totals)


@lru_cache(maxsize=1 << 12)
def bands_of(instrument: Instrument, totals: Numbers) -> tuple[Band, ...]:
    return tuple(band for band in instrument.bands if not totals.isdisjoint(range(band.low, band.high + 1)))


def settles(instrument: Instrument, points: Mapping[str, Numbers], name: str, possible: Options) -> dict[str, str]:
    """The answers to one item that would leave one band only, each with that band."""
    rest = sums(numbers for other, numbers in points.items() if other != name)
    found = {}
    for option in possible:
        count = instrument.items[name].options[option]
        left = bands_of(instrument, frozenset([total + count for total in rest]))
        if len(left) == 1:
            found[option] = left[0].name
    return found


def reasons(
    instrument: Instrument, items: Mapping[str, Filled], totals: Numbers, bands: tuple[Band, ...]
) -> Iterator[Step]:
    """The steps behind the items, and one for the total."""
    yield from (item.because for item in items.values() if item.because is not None)
    if not instrument.scale:
        facts = tuple([item.counted for item in items.values()])
        named = " or ".join(band.name for band in bands)
        total = f"{span(totals)} of {instrument.lowest} to {instrument.highest}"
        gives = f"{total}: {named}" if named else total
        mark = weakest([band.checked for band in bands] or [instrument.checked])
        source = first(bands[0].source if bands else instrument.source)
        yield Step(f"{instrument.key}/total: sum of the items", facts, gives, source, mark)
