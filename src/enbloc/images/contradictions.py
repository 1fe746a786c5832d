"""What the values themselves say against (or for) a scheme."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from enbloc.core.errors import LabelError
from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level, missing_between
from enbloc.core.volume import Grid
from enbloc.images.census import Census, Labels, take_census
from enbloc.images.sides import compare_sides
from enbloc.knowledge.schemes import LabelScheme, level_of, load_scheme, scheme_names

LEAST_LEVELS = 3
WRONG_WAY = -0.5
"""Rank correlation of the level's order with its place along the body, below which the order is called reversed."""


def scheme_contradictions(values: Labels, grid: Grid, scheme: LabelScheme) -> tuple[Caveat, ...]:
    """What in `values` cannot be under `scheme`: unknown values, an order that runs the wrong way, names that jump, flipped sides.

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
    gaps = [level for a, b in zip(levels, levels[1:], strict=False) for level in missing_between(a, b)]
    if not gaps:
        return []
    return [Caveat("level-names-jump", f"no label for {', '.join(gaps)}, although levels above and below are there")]


def refuse_reversed(census: Census, structures: Mapping[int, str], scheme: LabelScheme, file: str) -> None:
    """Raises LabelError when at least three vertebrae stand in reverse: the operation would be planned for a wrong level."""
    heights = order_heights(census, structures)
    correlation = order_correlation(heights)
    if correlation is None or correlation > WRONG_WAY or len(heights) < LEAST_LEVELS:
        return
    text = _order(heights, scheme)[0].text
    fits = fitting_schemes(census)
    hint = f"the values would fit {', '.join(fits)}" if fits else "no shipped scheme fits; is the header upside down?"
    raise LabelError(text, file=file, field="scheme", hint=hint)


def fitting_schemes(census: Census) -> tuple[str, ...]:
    """Shipped schemes under which every value is known and nothing contradicts the values. Fitting is no proof."""
    schemes = (load_scheme(name) for name in scheme_names())
    return tuple(
        s.id for s in schemes if s.values and census.values and not contradictions_in(census, names_under(census, s), s)
    )


def levels_under(scheme: LabelScheme, census: Census) -> tuple[Level, ...]:
    """The levels that the values mean under `scheme`, cranial first."""
    found = {level_of(scheme.values[value]) for value in census.values if value in scheme.values}
    return tuple(sorted((level for level in found if level is not None), key=lambda level: level.rank))
