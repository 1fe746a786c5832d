"""Sizes of the vertebrae in the words of the report: all levels in short, those at the tumour in full."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from enbloc.core.evidence import Measured, Skipped
from enbloc.core.units import UNITS, ending, without_unit
from enbloc.planning.nouns import ERROR_SHARE, ERROR_VOXELS
from enbloc.planning.plan import Plan

OUTSIDE = "▲"
"""Marks what lies outside the expected range; the word stands beside it or in the caption."""
INTERVAL = f"{ERROR_VOXELS:g} voxel along the measure and {100 * ERROR_SHARE:g} % of it"
COLUMNS = (
    ("Body height: front", ("anterior_body_height_mm",)),
    ("middle", ("middle_body_height_mm",)),
    ("back", ("posterior_body_height_mm",)),
    ("Wedge °", ("body_wedge_deg",)),
    ("Upper endplate", ("upper_endplate_width_mm", "upper_endplate_depth_mm")),
    ("Lower endplate", ("lower_endplate_width_mm", "lower_endplate_depth_mm")),
    ("Canal", ("canal_width_mm", "canal_depth_mm")),
    ("Pedicle left", ("pedicle_left.width_mm", "pedicle_left.height_mm")),
    ("Pedicle right", ("pedicle_right.width_mm", "pedicle_right.height_mm")),
    ("Disc below: middle", ("disc_middle_height_mm",)),
    ("Segment", ("segment_height_mm",)),
    ("Kyphosis to next °", ("kyphosis_below_deg",)),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One or two values as text; `outside` when one of them lies outside what is expected."""

    text: str
    expected: str
    outside: bool


@dataclass(frozen=True, slots=True)
class Table:
    """Titles of the columns after the first, and rows: title and cells."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """`short`: a row for each level. `full`: a row for each measure, a column for each level at the tumour (None: no
    tumour). `missing`: what was not measured, and why.
    """

    short: Table
    full: Table | None
    missing: tuple[str, ...]


def sizes_shown(plan: Plan) -> Sizes | None:
    """None where nothing was measured."""
    if isinstance(plan.spine, Skipped) or not plan.spine.morphometry:
        return None
    found = plan.spine.morphometry
    outside = [{one.measure for one in level.expected if one.outside} for level in found]
    rows = tuple(
        (level.level.value, tuple(short_cell(level, names, marked) for _, names in COLUMNS))
        for level, marked in zip(found, outside, strict=True)
    )
    near = [level for level in found if level.level.value in beside_tumour(plan)]
    expected = [{one.measure: (one.low, one.high, one.outside) for one in level.expected} for level in near]
    measures = tuple(
        (title(name), tuple(full_cell(level, name, spans) for level, spans in zip(near, expected, strict=True)))
        for name in places(found[0])
    )
    return Sizes(
        short=Table(tuple(name for name, _ in COLUMNS), rows),
        full=Table(tuple(level.level.value for level in near), measures) if near else None,
        missing=tuple(c.text for level in found for c in level.caveats if c.id == "not-measured"),
    )


def beside_tumour(plan: Plan) -> set[str]:
    """The levels with tumour and the next ones up and down."""
    if isinstance(plan.spine, Skipped) or isinstance(plan.tumour, Skipped):
        return set()
    names = [vertebra.level for vertebra in plan.spine.levels]
    held = [names.index(level) for level in plan.tumour.levels if level in names]
    return {names[m].value for n in held for m in (n - 1, n, n + 1) if 0 <= m < len(names)}


def places(sizes: object, prefix: str = "") -> Iterator[str]:
    """Where the sizes of a level stand, in the order of the plan; a dot leads into a pedicle."""
    assert is_dataclass(sizes)
    for field in fields(sizes):
        if field.name.startswith("pedicle_"):
            yield from places(getattr(sizes, field.name), f"{field.name}.")
        elif ending(field.name):
            yield prefix + field.name


def size_at(sizes: object, place: str) -> Measured | None:
    for step in place.split("."):
        sizes = getattr(sizes, step)
    return sizes if isinstance(sizes, Measured) else None


def short_cell(sizes: object, names: tuple[str, ...], outside: set[str]) -> Cell:
    values = [size_at(sizes, name) for name in names]
    text = " × ".join("–" if value is None else tidy(value.value) for value in values)
    return Cell("–" if not any(values) else text, "", bool(outside & set(names)))


def full_cell(sizes: object, name: str, spans: dict[str, tuple[float, float, bool]]) -> Cell:
    """The value with the wider half of its interval, above what is expected."""
    value, unit = size_at(sizes, name), UNITS[ending(name)].sign
    if value is None:
        return Cell("not measured", "", False)
    half = max(value.high - value.value, value.value - value.low)
    low, high, outside = spans.get(name, (None, None, False))
    expected = "no range" if low is None else f"{low:.1f} to {high:.1f}"
    return Cell(f"{tidy(value.value)} ± {half:.1f} {unit}", expected, outside)


def tidy(value: float) -> str:
    """One decimal, without a minus before zero."""
    return f"{round(value, 1) + 0.0:.1f}"


def title(name: str) -> str:
    plain = without_unit(name).replace("_", " ").replace(".", ": ")
    return plain[:1].upper() + plain[1:]
