"""Flow against levels closed and against shortening, as shapes for SVG: our band beside the experiments' points."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from enbloc.core.evidence import Measured
from enbloc.planning.flow_nouns import (
    ExperimentPoint,
    FlowPoint,
    Perfusion,
    ResponseCurves,
    ResponsePoint,
    Shortening,
    ShorteningCurve,
    shortening_curve,
)
from enbloc.report.words import CHECKED, cited, said

WIDTH, HEIGHT = 520.0, 300.0
LEFT, TOP, RIGHT, BOTTOM = 56.0, 16.0, 504.0, 248.0
STEP_PCT = 20.0
FILLED, HOLLOW, CROSSED = "calibration", "held-out", "recalled"
QUANTITIES = {"vertebra-flow": "Vertebra", "cord-flow": "Cord"}
ARTERIES = "arteries"
ROLES = {"calibration": "used for the fit", "held-out": "not used for the fit", "recalled": "recalled, not read again"}


@dataclass(frozen=True, slots=True)
class Band:
    """A range as a filled path, and its middle as a line. `shows`: `patient`, `dog` or `model`."""

    area: str
    line: str
    shows: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A measured point; `shows` is `calibration` (filled), `held-out` (ring) or `recalled` (cross). Whisker: one SD."""

    x: float
    y: float
    shows: str
    low_y: float | None
    high_y: float | None
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    place: float
    text: str


@dataclass(frozen=True, slots=True)
class Zone:
    """A stretch of the field from `x1` to `x2` with its name."""

    x1: float
    x2: float
    shows: str
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """`across` and `up` are the ticks of the axes, `planned_x` where the plan stands (its range, or None)."""

    title: str
    axis: str
    bands: tuple[Band, ...]
    dots: tuple[Dot, ...]
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    zones: tuple[Zone, ...]
    planned_x: tuple[float, float] | None
    planned: str
    alt: str


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the table: what was measured, and what the model says of the same animal."""

    what: str
    measured: str
    predicted: str
    role: str
    source: str


@dataclass(frozen=True, slots=True)
class Field:
    """From numbers to places. `most_x`, `most_y`: where the axes end; both begin at 0."""

    most_x: float
    most_y: float

    def x(self, value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * value / self.most_x, 1)

    def y(self, value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * min(max(value / self.most_y, 0.0), 1.0), 1)


def charts(perfusion: Perfusion) -> tuple[Chart, ...]:
    """Vertebra and cord against the number of neighbouring levels closed on both sides."""
    curves = perfusion.response
    closed = len(perfusion.closed_levels)
    return tuple(_levels(curves, quantity, closed) for quantity in QUANTITIES)


def _levels(curves: ResponseCurves, quantity: str, closed: int) -> Chart:
    read = _vertebra if quantity == "vertebra-flow" else _cord
    points = [p for p in curves.experiments if p.quantity == quantity and p.act == ARTERIES]
    counts = sorted({point.levels for point in (*curves.patient, *curves.dog)} | {0, *(p.levels for p in points)})
    field = Field(max(counts) + 0.5, _ceiling([*_highs(curves.patient, read), *_highs(curves.dog, read)]))
    bands = (_band(curves.dog, read, field, "dog"), _band(curves.patient, read, field, "patient"))
    dots = tuple(_dot(p.levels, p.measured_pct, p.sd_pct, p.role, field, _says(p)) for p in points)
    title = f"{QUANTITIES[quantity]}: flow, % of before"
    planned = (field.x(closed - 0.12), field.x(closed + 0.12)) if closed in counts and closed else None
    return Chart(
        title=title,
        axis="levels closed on both sides",
        bands=bands,
        dots=dots,
        across=tuple(Tick(field.x(count), str(count)) for count in counts),
        up=_up(field),
        zones=(),
        planned_x=planned,
        planned=f"{closed} closed by this plan" if planned else "",
        alt=f"{title} against the number of levels closed; {_heard(points)}",
    )


def _vertebra(point: ResponsePoint) -> Measured | None:
    return point.vertebra_flow_pct


def _cord(point: ResponsePoint) -> Measured | None:
    return point.cord_flow_pct


def _highs(points: Sequence[ResponsePoint], read: Callable[[ResponsePoint], Measured | None]) -> list[float]:
    return [found.high for point in points if (found := read(point)) is not None]


def _band(
    points: Sequence[ResponsePoint], read: Callable[[ResponsePoint], Measured | None], field: Field, shows: str
) -> Band:
    """From 100 % with nothing closed."""
    known = [(0.0, Measured(100.0, 100.0, 100.0))]
    known += [(float(point.levels), found) for point in points if (found := read(point)) is not None]
    return _drawn(known, field, shows)


def _drawn(known: Sequence[tuple[float, Measured]], field: Field, shows: str) -> Band:
    upper = [(field.x(x), field.y(flow.high)) for x, flow in known]
    lower = [(field.x(x), field.y(flow.low)) for x, flow in reversed(known)]
    middle = [(field.x(x), field.y(flow.value)) for x, flow in known]
    return Band(f"{_path([*upper, *lower])}Z", _path(middle), shows)


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points)


def _dot(x: float, flow_pct: float, sd_pct: float | None, role: str, field: Field, title: str) -> Dot:
    low, high = (None, None) if sd_pct is None else (field.y(flow_pct - sd_pct), field.y(flow_pct + sd_pct))
    return Dot(field.x(x), field.y(flow_pct), role, low, high, title)


def _up(field: Field) -> tuple[Tick, ...]:
    count = int(field.most_y // STEP_PCT)
    return tuple(Tick(field.y(n * STEP_PCT), f"{n * STEP_PCT:.0f}") for n in range(count + 1))


def _ceiling(highs: Sequence[float]) -> float:
    """The next step above all that is drawn, and above 100 %."""
    return STEP_PCT * (1.0 + max([100.0, *highs]) // STEP_PCT)


def _says(point: ExperimentPoint) -> str:
    spread = f" ± {point.sd_pct:g}" if point.sd_pct is not None else ""
    return (
        f"{point.animal}, {point.levels} closed: {point.measured_pct:g}{spread} % ({cited(point.source)}); {point.says}"
    )


def _heard(points: Sequence[ExperimentPoint]) -> str:
    return ", ".join(f"{point.levels}: {point.measured_pct:g} %" for point in points)


def checks(curves: ResponseCurves) -> tuple[Check, ...]:
    """Every experiment, those that no axis has room for as well: a single feeder, and pressure instead of flow."""
    return tuple(
        Check(
            what=f"{point.animal}: {point.quantity.replace('-', ' ')}, {_done(point)}",
            measured=f"{point.measured_pct:g}" + (f" ± {point.sd_pct:g} %" if point.sd_pct is not None else " %"),
            predicted=f"{point.predicted_pct:.0f} %",
            role=said(ROLES, point.role),
            source=f"{cited(point.source)} ({said(CHECKED, point.checked)})",
        )
        for point in curves.experiments
    )


def _done(point: ExperimentPoint) -> str:
    if point.act != ARTERIES:
        return "one artery that feeds the cord tied"
    return f"{point.levels} level{'' if point.levels == 1 else 's'} tied"


def shortening_chart(found: Shortening) -> Chart:
    """Cord flow against shortening in parts of the smallest resected segment, with mm where its height is known."""
    height = found.segment_height_mm
    return curve_chart(shortening_curve(found.fraction), None if height is None else height.value)


def curve_chart(curve: ShorteningCurve, height_mm: float | None) -> Chart:
    known = [(point.fraction, point.flow_pct) for point in curve.points if point.flow_pct is not None]
    read = [flow.high for _, flow in known]
    field = Field(1.0, _ceiling([*read, *(point.flow_pct for point in curve.experiments)]))
    dots = tuple(_dot(p.fraction, p.flow_pct, None, p.use, field, _of_study(p)) for p in curve.experiments)
    first, second = curve.phase_ends
    names = (("safe", 0.0, first), ("warning", first, second), ("danger", second, 1.0))
    planned = curve.planned
    return Chart(
        title="Cord: flow, % of before",
        axis="shortening, parts of one segment" + (f" ({height_mm:.1f} mm)" if height_mm else ""),
        bands=(_drawn(known, field, "model"),) if known else (),
        dots=dots,
        across=tuple(Tick(field.x(part), _part(part, height_mm)) for part in (0.0, first, second, 1.0)),
        up=_up(field),
        zones=tuple(Zone(field.x(low), field.x(high), name, name) for name, low, high in names),
        planned_x=None if planned is None else (field.x(min(planned.low, 1.0)), field.x(min(planned.high, 1.0))),
        planned="" if planned is None else f"planned: {planned.value:.2f} ({planned.low:.2f} to {planned.high:.2f})",
        alt="cord flow against shortening; "
        + ", ".join(f"{p.fraction:.2f}: {p.flow_pct:g} %" for p in curve.experiments),
    )


def _part(part: float, height_mm: float | None) -> str:
    text = {0.0: "0", 1.0: "1"}.get(part, f"{part:.2f}")
    return text if height_mm is None or not part else f"{text} = {part * height_mm:.1f} mm"


def _of_study(point: FlowPoint) -> str:
    return f"{point.title}: {point.flow_pct:g} % at {point.fraction:.2f} ({cited(point.source)}); {point.says}"
