"""What the values themselves say against (or for) a scheme."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from enbloc.core.errors import LabelError
from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level, missing_between
from enbloc.core.volume import Grid
from enbloc.images.census import Census, Labels, take_census
from enbloc.images.sides import compare_sides
from enbloc.knowledge.schemes import LabelScheme, level_of, load_scheme, scheme_names

LEAST_LEVELS = 3
LEAST_MISSING = 2
WRONG_WAY = -0.5
"""Rank correlation of the level's order with its place along the body, below which the order is called reversed."""


def scheme_contradictions(values: Labels, grid: Grid, scheme: LabelScheme) -> tuple[Caveat, ...]:
    """What cannot be under `scheme`: unknown values, an order that runs the wrong way, names that jump, flipped sides.

    The rank correlation of order and height is 1 for a spine whose names descend, -1 for one whose names climb.
    """
    census = take_census(values, grid)
    return contradictions_in(census, names_under(census, scheme), scheme)


def names_under(census: Census, scheme: LabelScheme) -> dict[int, str]:
    """The values present that `scheme` knows, with what they mean under it."""
    return {value: scheme.values[value] for value in census.values if value in scheme.values}


def contradictions_in(census: Census, structures: Mapping[int, str], scheme: LabelScheme) -> tuple[Caveat, ...]:
    """As `scheme_contradictions`, where the values' names are known already."""
    found: list[Caveat] = []
    unknown = [value for value in census.values if value not in structures]
    if unknown:
        shown = ", ".join(map(str, unknown[:12])) + (", ..." if len(unknown) > 12 else "")
        found.append(Caveat("label-values-unknown", f"scheme {scheme.id} does not know the values {shown}"))
    heights = order_heights(census, structures)
    found += _order(heights, scheme)
    found += _jumps(heights)
    sides = compare_sides(census, structures)
    if sides.wrong_way:
        said = "flipped" if sides.flipped else "contradicted"
        found.append(Caveat(f"sides-{said}", f"on the wrong side of each other: {', '.join(sides.wrong_way[:6])}"))
    return tuple(found)


def order_heights(census: Census, structures: Mapping[int, str]) -> list[tuple[int, str, float]]:
    """(rank towards the feet, name, S in mm) of each vertebra or instance, in order of rank."""
    rows = []
    for value, name in structures.items():
        level = level_of(name)
        centre = census.centroid_of((value,))
        if centre is None:
            continue
        if level is not None:
            rows.append((level.rank, name, float(centre[2])))
        elif name.startswith("instance-"):
            rows.append((int(name.removeprefix("instance-")), name, float(centre[2])))
    return sorted(rows)


def order_correlation(heights: list[tuple[int, str, float]]) -> float | None:
    """Spearman's rank correlation of rank with depth (-S); None below two vertebrae."""
    if len(heights) < 2:
        return None
    depth = np.argsort(np.argsort([-height for _, _, height in heights]))
    return float(np.corrcoef(np.arange(len(heights)), depth)[0, 1])


def _order(heights: list[tuple[int, str, float]], scheme: LabelScheme) -> list[Caveat]:
    correlation = order_correlation(heights)
    if correlation is None or correlation > 1.0 - 1e-9:
        return []
    first, last = heights[0], heights[-1]
    if correlation <= WRONG_WAY:
        numbers = {"cranial": "towards the head", "caudal": "towards the feet"}.get(
            scheme.ids_rise, "in no one direction"
        )
        text = (
            f"the order is reversed under {scheme.id}: {first[1]} lies {last[2] - first[2]:.0f} mm below {last[1]}; "
            f"its numbers should rise {numbers}"
        )
        return [Caveat("label-order-reversed", text)]
    text = f"levels do not follow each other along the body (rank correlation {correlation:.2f})"
    return [Caveat("label-order-mixed", text)]


def _jumps(heights: list[tuple[int, str, float]]) -> list[Caveat]:
    levels = [level for _, name, _ in heights if (level := level_of(name)) is not None and level.region != "sacral"]
    gaps = [level for a, b in pairwise(levels) for level in missing_between(a, b)]
    if not gaps:
        return []
    return [Caveat("level-names-jump", f"no label for {', '.join(gaps)}, although levels above and below are there")]


def refuse_reversed(census: Census, structures: Mapping[int, str], scheme: LabelScheme, file: str) -> None:
    """Raises LabelError when three vertebrae or more stand in reverse: a wrong level would be planned."""
    heights = order_heights(census, structures)
    correlation = order_correlation(heights)
    if correlation is None or correlation > WRONG_WAY or len(heights) < LEAST_LEVELS:
        return
    text = _order(heights, scheme)[0].text
    fits = fitting_schemes(census)
    hint = f"the values would fit {', '.join(fits)}" if fits else "no shipped scheme fits; is the header upside down?"
    raise LabelError(text, file=file, field="scheme", hint=hint)


def refuse_impossible_jump(census: Census, structures: Mapping[int, str], file: str) -> None:
    """Raises LabelError when names jump over two levels or more although there is no room for them.

    Room is measured by the median distance between vertebrae whose names follow each other; half of it per level would
    do.
    """
    found = sorted((level.rank, level, value) for value, name in structures.items() if (level := level_of(name)))
    rows = [(level, census.centroid_of((value,))) for _, level, value in found if level.region != "sacral"]
    placed = [(level, centre) for level, centre in rows if centre is not None]
    steps = [(a, b, float(np.linalg.norm(p - q))) for (a, p), (b, q) in pairwise(placed)]
    usual = [mm for a, b, mm in steps if not missing_between(a, b)]
    for a, b, mm in steps:
        missing = missing_between(a, b)
        if len(missing) >= LEAST_MISSING and usual and mm < 0.5 * (len(missing) + 1) * float(np.median(usual)):
            message = f"{b} lies {mm:.0f} mm from {a}: no room for the {len(missing)} levels between their names"
            fits = fitting_schemes(census)
            hint = f"the values would fit {', '.join(fits)}" if fits else "is the scheme another one?"
            raise LabelError(message, file=file, field="scheme", hint=hint)


def refuse_strange_values(census: Census, structures: Mapping[int, str], scheme: LabelScheme, file: str) -> None:
    """Raises LabelError when the scheme knows less than half of the values and a shipped scheme knows them all."""
    unknown = [value for value in census.values if value not in structures]
    if 2 * len(unknown) <= len(census.values) or not (fits := fitting_schemes(census)):
        return
    message = f"{scheme.id} does not know {len(unknown)} of the {len(census.values)} values found"
    raise LabelError(message, file=file, field="scheme", hint=f"the values would fit {', '.join(fits)}")


def refuse_worse_sides(census: Census, structures: Mapping[int, str], scheme: LabelScheme, file: str) -> None:
    """Raises LabelError when pairs lie on wrong sides and a shipped scheme would put every pair, and more pairs, right.

    This tells apart full maps of two editions whose vertebrae descend in the same order, some levels off each other.
    """
    sides = compare_sides(census, structures)
    if not sides.wrong_way:
        return
    better = []
    for other in map(load_scheme, scheme_names()):
        names = names_under(census, other)
        theirs = compare_sides(census, names)
        complete = len(names) == len(census.values) and any(map(_is_vertebra, names.values()))
        if complete and not theirs.wrong_way and len(theirs.right_way) > len(sides.right_way):
            better.append(other.id)
    if better:
        shown = ", ".join(sides.wrong_way[:3])
        message = f"{shown} would lie on the wrong sides under {scheme.id}"
        hint = f"every pair is right under {', '.join(better)}"
        raise LabelError(message, file=file, field="scheme", hint=hint)


def fitting_schemes(census: Census) -> tuple[str, ...]:
    """Shipped schemes that know every value and name vertebrae, and that nothing contradicts. Fitting is no proof."""
    fits = []
    for scheme in map(load_scheme, scheme_names()):
        names = names_under(census, scheme)
        if any(_is_vertebra(name) for name in names.values()) and not contradictions_in(census, names, scheme):
            fits.append(scheme.id)
    return tuple(fits)


def _is_vertebra(structure: str) -> bool:
    level = level_of(structure)
    return structure.startswith("instance-") or (level is not None and level.region != "sacral")


def levels_under(scheme: LabelScheme, census: Census) -> tuple[Level, ...]:
    """The levels that the values mean under `scheme`, cranial first."""
    found = {level_of(scheme.values[value]) for value in census.values if value in scheme.values}
    return tuple(sorted((level for level in found if level is not None), key=lambda level: level.rank))
