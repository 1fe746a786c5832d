"""Sizes beside those expected of the level they are named after; what lies outside may be a fault of the labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from enbloc.anatomy.morphometry import ExpectedRange, LevelMorphometry, PedicleMorphometry
from enbloc.core.evidence import Caveat, Measured
from enbloc.core.levels import Level
from enbloc.core.units import UNITS, ending, without_unit
from enbloc.knowledge import load_table

TABLE = "anatomy/morphometry_ranges.toml"
MEANS = "phantom/morphometry.toml"


@cache
def limits(level: Level) -> Mapping[str, tuple[float, float]]:
    """Lowest and highest expected value of each measure of a level; empty where the means do not name the level."""
    means = load_table(MEANS)
    row = means["level"].get(level.value)
    if row is None or not level.in_scope:
        return MappingProxyType({})
    mean = dict(zip(means["table"]["columns"], row, strict=True))
    rows = load_table(TABLE)["measure"]
    return MappingProxyType({measure["id"]: span(measure, mean, level.region) for measure in rows})


def span(measure: Mapping[str, Any], mean: Mapping[str, float], region: str) -> tuple[float, float]:
    """The range that one row of the table gives."""
    if region in measure:
        low, high = measure[region]
        return float(low), float(high)
    if "mean" not in measure:
        return float(measure["low"]), float(measure["high"])
    middle = float(sum(mean[column] for column in measure["mean"]))
    if "within" in measure:
        return middle - measure["within"], middle + measure["within"]
    return middle * measure["below"], middle * measure["above"]


def sizes(found: LevelMorphometry) -> Iterator[tuple[str, str, Measured]]:
    """Every size that was measured: its place in `found`, the measure it is one of, and the value."""
    for name in LevelMorphometry.__dataclass_fields__:
        value = getattr(found, name)
        if isinstance(value, Measured):
            yield name, name, value
        if isinstance(value, PedicleMorphometry):
            for inner in PedicleMorphometry.__dataclass_fields__:
                if (size := getattr(value, inner)) is not None:
                    yield f"{name}.{inner}", f"pedicle_{inner}", size


def beside_expected(found: LevelMorphometry) -> tuple[ExpectedRange, ...]:
    """The range of each measured size; outside is what lies there with its whole interval."""
    known = limits(found.level)
    return tuple(
        ExpectedRange(place, *known[measure], size.high < known[measure][0] or size.low > known[measure][1])
        for place, measure, size in sizes(found)
        if measure in known
    )


def outlier(found: LevelMorphometry, expected: tuple[ExpectedRange, ...]) -> tuple[Caveat, ...]:
    """One caveat for all sizes of a level that lie outside; none where all lie inside."""
    values = {place: size.value for place, _, size in sizes(found)}
    told = [
        f"{spoken(one.measure)} {values[one.measure]:.1f} {UNITS[ending(one.measure)].sign} "
        f"(expected {one.low:.1f} to {one.high:.1f})"
        for one in expected
        if one.outside
    ]
    if not told:
        return ()
    doubt = "a fault of the label, of the measurement, or a diseased vertebra? Expected ranges unverified"
    text = f"{found.level}: {', '.join(told)}: {doubt}"
    return (Caveat("morphometry-outlier", text),)


def spoken(measure: str) -> str:
    """The name of a measure as words, without its unit."""
    return without_unit(measure).replace("_", " ").replace(".", " ")
