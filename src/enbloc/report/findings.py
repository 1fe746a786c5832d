"""Clock, canal and vessels in the words and shapes of the report."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin

from enbloc.core.evidence import Measured
from enbloc.knowledge import SECTORS, WbbLayer, escc_grades, wbb_conventions, wbb_layers
from enbloc.planning.nouns import GradeHint, TubeContact, WbbFindings, WbbLevel

SIZE = 350.0
"""Side of the square the clock is drawn in."""
RIM, HUB = 132.0, 12.0
NUMBER_AT, SECOND_AT = 143.0, 161.0
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Segment:
    """One cell of the clock as an SVG path, with what it shows: `involved`, `possible`, `free` or `unknown`."""

    path: str
    shows: str
    title: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Lettering at a place of the drawing."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A level's clock as an axial image shows it: the patient's right on the viewer's left, spinous process below."""

    level: str
    size: float
    segments: tuple[Segment, ...]
    numbers: tuple[Mark, ...]
    second_numbers: tuple[Mark, ...]
    layers: tuple[Mark, ...]
    alt: str


def clocks(found: WbbFindings) -> tuple[Clock, ...]:
    return tuple(_clock(level, found.layers_unknown) for level in found.levels)


def _clock(level: WbbLevel, unknown: tuple[str, ...]) -> Clock:
    original, group = wbb_conventions()
    shown = {(cell.sector_1997, cell.layer): cell.involvement.value for cell in level.cells}
    segments = [
        _segment(
            place, ring, layer, UNKNOWN if layer in unknown else shown.get((original.number(place), layer), "free")
        )
        for ring, layer in enumerate(row.id for row in wbb_layers())
        for place in range(SECTORS)
    ]
    middles = [(place, (place + 0.5) * 2.0 * pi / SECTORS) for place in range(SECTORS)]
    return Clock(
        level=level.level.value,
        size=SIZE,
        segments=tuple(segments),
        numbers=tuple(_mark(NUMBER_AT, turn, str(original.number(place))) for place, turn in middles),
        second_numbers=tuple(_mark(SECOND_AT, turn, f"({group.number(place)})") for place, turn in middles),
        layers=tuple(_mark(0.5 * sum(_ring(n)), 0.0, row.id) for n, row in enumerate(wbb_layers())),
        alt=f"WBB clock of {level.level.value}; R left, L right, spinous process below; involved: {_listed(level)}",
    )


def _listed(level: WbbLevel) -> str:
    sectors = ", ".join(map(str, level.sectors_1997)) or "none"
    return f"sectors {sectors}, layers {', '.join(level.layers) or 'none'}"


def _ring(ring: int) -> tuple[float, float]:
    """Outer and inner radius; A is outermost."""
    width = (RIM - HUB) / len(wbb_layers())
    return RIM - ring * width, RIM - (ring + 1) * width


def _at(radius: float, turn: float) -> tuple[float, float]:
    """Down is the back, the viewer's left is the patient's right; `turn` runs from the back over the right."""
    return 0.5 * SIZE - radius * sin(turn), 0.5 * SIZE + radius * cos(turn)


def _mark(radius: float, turn: float, text: str) -> Mark:
    x, y = _at(radius, turn)
    return Mark(round(x, 1), round(y, 1), text)


def _segment(place: int, ring: int, layer: str, shows: str) -> Segment:
    outer, inner = _ring(ring)
    start, end = place * 2.0 * pi / SECTORS, (place + 1) * 2.0 * pi / SECTORS
    a, b, c, d = _at(outer, start), _at(outer, end), _at(inner, end), _at(inner, start)
    path = (
        f"M{a[0]:.1f} {a[1]:.1f}A{outer:.1f} {outer:.1f} 0 0 1 {b[0]:.1f} {b[1]:.1f}"
        f"L{c[0]:.1f} {c[1]:.1f}A{inner:.1f} {inner:.1f} 0 0 0 {d[0]:.1f} {d[1]:.1f}Z"
    )
    original, group = (row.number(place) for row in wbb_conventions())
    return Segment(path, shows, f"sector {original} ({group}), layer {layer}: {shows}")


def layers() -> tuple[WbbLayer, ...]:
    return wbb_layers()


def numbers(found: tuple[int, ...]) -> str:
    return ", ".join(map(str, found)) or "none"


def measured(number: Measured | None, unit: str, digits: int = 0, scale: float = 1.0) -> str:
    """The value and, where it differs, the range that the voxels leave open."""
    if number is None:
        return "not measured"
    value, low, high = (f"{scale * part:.{digits}f}" for part in (number.value, number.low, number.high))
    return f"{value} {unit}" if low == high else f"{value} {unit} ({low} to {high})"


def grade_range(hint: GradeHint) -> str:
    return hint.low if hint.low == hint.high else f"{hint.low} to {hint.high}"


def grade_meaning(grade: str) -> str:
    return next(row.says for row in escc_grades() if row.grade == grade)


def contact(found: TubeContact) -> str:
    """TubeContact in words."""
    return {"involved": "contact", "possible": "contact possible", "free": "no contact"}[found.contact.value]


def structure(name: str) -> str:
    return name.replace("-", " ")
