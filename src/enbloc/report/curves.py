"""Curves of the resection as shapes for SVG: the ring profile around the canal and the histogram of margins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import cos, floor, pi, sin

from enbloc.core.levels import Level
from enbloc.planning.nouns import Cut, MarginShare, Resection, RingPoint

WIDTH, HEIGHT = 520.0, 400.0
MIDDLE = (WIDTH / 2.0, HEIGHT / 2.0)
HUB, RIM = 40.0, 150.0
BEYOND = 2.0
"""The scale ends at this many times what is enough: longer bars tell nothing more."""
USUAL_STEP_DEG = 5.0
FULL_TURN_DEG = 360.0
STEPS_MM = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0)
MOST_TICKS = 5
PLOT = (52.0, 16.0, 500.0, 216.0)
"""Left, top, right and bottom of the histogram's field, in a picture of 520 by 260."""


@dataclass(frozen=True, slots=True)
class Bar:
    """The best margin at one angle as an SVG path; `shows` is `tumour`, `short` or `enough`."""

    path: str
    shows: str
    title: str


@dataclass(frozen=True, slots=True)
class Circle:
    """A margin's circle about the canal, its number at (`x`, `y`); `shows` is `zero`, `enough` or `tick`."""

    radius: float
    text: str
    x: float
    y: float
    shows: str


@dataclass(frozen=True, slots=True)
class Chosen:
    """A cut's mark: a line across the ring, and its words beside it."""

    x1: float
    y1: float
    x2: float
    y2: float
    x: float
    y: float
    anchor: str
    name: str
    says: str


@dataclass(frozen=True, slots=True)
class Ring:
    """A level's profile as an axial image shows it: the patient's right on the viewer's left, front above."""

    level: str
    bars: tuple[Bar, ...]
    circles: tuple[Circle, ...]
    chosen: tuple[Chosen, ...]
    capped: float | None
    alt: str


@dataclass(frozen=True, slots=True)
class Mark:
    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Histogram:
    """`line` and `area` are SVG paths; `enough_x` is where the dashed line stands, None beyond the field."""

    line: str
    area: str
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]
    enough_x: float | None
    zero_x: float | None
    alt: str


def rings(resection: Resection) -> tuple[Ring, ...]:
    """One for each level that has points."""
    return tuple(_ring(resection, level) for level in resection.levels if _points(resection, level))


def _points(resection: Resection, level: Level) -> tuple[RingPoint, ...]:
    return tuple(point for point in resection.ring_profile if point.level is level)


def _ring(resection: Resection, level: Level) -> Ring:
    points, enough = _points(resection, level), resection.certificate.enough_mm
    cuts = [cut for cut in resection.cuts if cut.level is level and cut.canal_angle_deg is not None]
    known = [point.margin_mm for point in points if point.margin_mm is not None]
    low = min([0.0, *known, *(cut.margin_mm.value for cut in cuts)])
    top = max([enough, *known])
    high = min(top, BEYOND * enough)
    scale = Scale(low, high)
    bars = tuple(
        _bar(point.canal_angle_deg, ends, point.margin_mm, scale, enough)
        for point, ends in _sectors(points)
        if point.margin_mm is not None
    )
    chosen = tuple(_chosen(cut) for cut in cuts)
    says = ", ".join(f"{mark.name} {mark.says}" for mark in chosen)
    alt = (
        f"best margin of a ring cut by where it meets the canal of {level.value}; R left, L right, front above; {says}"
    )
    return Ring(level.value, bars, _circles(scale, enough), chosen, high if top > high else None, alt)


@dataclass(frozen=True, slots=True)
class Scale:
    """Margins as radii: `low` mm at the hub, `high` mm at the rim."""

    low: float
    high: float

    def radius(self, margin_mm: float) -> float:
        share = (min(margin_mm, self.high) - self.low) / (self.high - self.low)
        return HUB + share * (RIM - HUB)


def _sectors(points: tuple[RingPoint, ...]) -> Iterator[tuple[RingPoint, tuple[float, float]]]:
    """Each point with the angles between which it stands for the wall: half way to its neighbours on its side."""
    for gate in dict.fromkeys(point.gate for point in points):
        side, angles = _along_wall([point for point in points if point.gate is gate])
        gaps = [b - a for a, b in pairwise(angles)] or [USUAL_STEP_DEG]
        before, after = [gaps[0], *gaps], [*gaps, gaps[-1]]
        for point, back, on in zip(side, before, after, strict=False):
            yield point, (point.canal_angle_deg - back / 2.0, point.canal_angle_deg + on / 2.0)


def _along_wall(points: list[RingPoint]) -> tuple[list[RingPoint], list[float]]:
    """Points of one gate in their order around the canal and their angles without a jump: they begin after the widest
    gap, so that a side which runs on behind the canal past 180 degrees stays one.
    """
    around = sorted(points, key=lambda point: point.canal_angle_deg % FULL_TURN_DEG)
    turned = [point.canal_angle_deg % FULL_TURN_DEG for point in around]
    gaps = [(turned[n] - turned[n - 1]) % FULL_TURN_DEG for n in range(len(turned))]
    first = gaps.index(max(gaps))
    angles = [*turned[first:], *(angle + FULL_TURN_DEG for angle in turned[:first])]
    return [*around[first:], *around[:first]], angles


def place(radius: float, angle_deg: float) -> tuple[float, float]:
    """Up is the front, the viewer's left is the patient's right (90 degrees)."""
    turn = angle_deg * pi / 180.0
    return MIDDLE[0] - radius * sin(turn), MIDDLE[1] - radius * cos(turn)


def _bar(angle: float, ends: tuple[float, float], margin: float, scale: Scale, enough: float) -> Bar:
    inner, outer = sorted((scale.radius(0.0), scale.radius(margin)))
    outer = max(outer, inner + 1.0)
    start, end = ends
    corners = [place(radius, turn) for radius, turn in ((inner, start), (outer, start), (outer, end), (inner, end))]
    path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"
    shows = "tumour" if margin < 0.0 else "enough" if margin >= enough else "short"
    return Bar(path, shows, f"{abs(angle):.0f}° to the {_side(angle)}: {margin:.1f} mm")


def _side(angle: float) -> str:
    return "right" if angle >= 0.0 else "left"


def _circles(scale: Scale, enough: float) -> tuple[Circle, ...]:
    shown = {0.0: "zero", enough: "enough"}
    step = _tick(scale.high - scale.low)
    number = floor(scale.low / step) + 1
    while number * step <= scale.high + 1e-9:
        if all(abs(number * step - mm) > 0.4 * step for mm in shown):
            shown[number * step] = "tick"
        number += 1
    return tuple(_circle(mm, kind, scale) for mm, kind in sorted(shown.items()))


def _circle(mm: float, kind: str, scale: Scale) -> Circle:
    radius = scale.radius(mm)
    x, y = place(radius, 0.0)
    return Circle(round(radius, 1), f"{mm:g}".replace("-", "−"), round(x, 1), round(y, 1), kind)


def _tick(span: float) -> float:
    return next((step for step in STEPS_MM if span / step <= MOST_TICKS), STEPS_MM[-1])


def _chosen(cut: Cut) -> Chosen:
    angle = cut.canal_angle_deg or 0.0
    (x1, y1), (x2, y2), (x, y) = (place(radius, angle) for radius in (HUB - 8.0, RIM + 10.0, RIM + 18.0))
    anchor = "middle" if abs(x - MIDDLE[0]) < 30.0 else "end" if x < MIDDLE[0] else "start"
    says = f"{cut.margin_mm.value:.1f} mm"
    return Chosen(*_tenths(x1, y1, x2, y2, x, y), anchor, cut.name, says)


def _tenths(*numbers: float) -> tuple[float, float, float, float, float, float]:
    a, b, c, d, e, f = (round(number, 1) for number in numbers)
    return a, b, c, d, e, f


def histogram(resection: Resection) -> Histogram | None:
    """The share of the specimen's surface within each distance of tumour; None with fewer than two points."""
    shares = resection.margin_histogram
    if len(shares) < 2:
        return None
    left, top, right, bottom = PLOT
    low, high = shares[0].upto_mm, shares[-1].upto_mm
    enough = resection.certificate.enough_mm

    def x(mm: float) -> float:
        return left + (mm - low) / (high - low) * (right - left)

    def y(share: float) -> float:
        return bottom - share * (bottom - top)

    line = "M" + "L".join(f"{x(row.upto_mm):.1f} {y(row.share):.1f}" for row in shares)
    step = next((step for step in STEPS_MM if (high - low) / step <= 2 * MOST_TICKS), STEPS_MM[-1])
    numbers = range(-floor(-low / step), floor(high / step) + 1)
    return Histogram(
        line=line,
        area=f"{line}L{x(high):.1f} {bottom:.1f}L{x(low):.1f} {bottom:.1f}Z",
        across=tuple(Mark(round(x(n * step), 1), bottom + 18.0, f"{n * step:g}") for n in numbers),
        up=tuple(Mark(left - 8.0, round(y(part / 4.0), 1), f"{25 * part} %") for part in range(5)),
        enough_x=round(x(enough), 1) if low < enough < high else None,
        zero_x=round(x(0.0), 1) if low < 0.0 < high else None,
        alt="share of the specimen's surface by distance from tumour: " + _spoken(shares),
    )


def _spoken(shares: tuple[MarginShare, ...]) -> str:
    return ", ".join(f"{100 * row.share:.0f} % within {row.upto_mm:g} mm" for row in shares)
