"""The schematic of the segmental arteries as shapes for SVG: what is closed, what is left open, and what flows.

It hangs as a picture from the front does: the patient's right on the viewer's left, the head above.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from enbloc.planning.flow_nouns import ArteryDrawing, ArteryState, LevelFlow

WIDTH, ROW, TOP = 760.0, 27.0, 46.0
BODY = (300.0, 400.0)
"""Where vertebrae stand, from left to right."""
OUTER = {"right": 150.0, "left": 550.0}
"""Where the arteries of each side end."""
ARCADE = {"right": 282.0, "left": 418.0}
"""Where the flow from level to level is drawn, beside the vertebrae."""
CORD = 700.0
SIGN = {"right": -1.0, "left": 1.0}
USUAL_PX, MOST_PX = 3.0, 9.0
"""Width of an artery that carries its usual flow, and of the widest."""
SHOWN_PCT = 1.0
"""Flow along the column below this share of an artery's usual flow is not drawn."""
LINK_PX = 7.0
"""Width of an arrow that carries as much as an artery does usually."""


@dataclass(frozen=True, slots=True)
class Artery:
    """One artery from the aorta in the middle outward. `shows`: `open`, `embolised`, `tied` or `spared`. `cross`: where
    it is closed; `feeder`: `known`, `possible` or empty.
    """

    x1: float
    x2: float
    y: float
    width: float
    shows: str
    cross: float | None
    feeder: str
    feeder_x: float
    x: float
    anchor: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Row:
    """A level: its vertebra's name and flow, and the flow of its cord."""

    y: float
    level: str
    resected: bool
    vertebra: str
    cord: str


@dataclass(frozen=True, slots=True)
class Arrow:
    """Flow along the column from one level to the next, from (x, y1) towards (x, y2)."""

    x: float
    y1: float
    y2: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Schematic:
    rows: tuple[Row, ...]
    arteries: tuple[Artery, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float
    alt: str


def schematic(drawing: ArteryDrawing) -> Schematic | None:
    """None for a drawing without levels."""
    if not drawing.levels:
        return None
    heights = {flow.level: TOP + ROW * (n + 0.5) for n, flow in enumerate(drawing.levels)}
    resected = {artery.level for artery in drawing.arteries if artery.resected}
    rows = tuple(
        Row(
            heights[f.level], f.level.value, f.level in resected, percent(f.vertebra_flow_pct), percent(f.cord_flow_pct)
        )
        for f in drawing.levels
    )
    return Schematic(
        rows=rows,
        arteries=tuple(_artery(artery, heights[artery.level]) for artery in drawing.arteries),
        arrows=tuple(_arrows(drawing.levels)),
        width=WIDTH,
        height=TOP + ROW * len(drawing.levels) + 12.0,
        alt=_alt(drawing),
    )


def percent(flow_pct: float) -> str:
    return f"{flow_pct:.0f} %"


def _artery(artery: ArteryState, y: float) -> Artery:
    inner, outer = BODY[0 if artery.side == "right" else 1], OUTER[artery.side]
    share = min(artery.inflow_pct / 100.0, MOST_PX / USUAL_PX)
    return Artery(
        x1=inner,
        x2=outer,
        y=y,
        width=round(USUAL_PX * (1.0 if artery.closed else share), 2),
        shows=shows(artery),
        cross=inner + SIGN[artery.side] * 48.0 if artery.closed else None,
        feeder=feeder(artery),
        feeder_x=outer - SIGN[artery.side] * 16.0,
        x=outer + SIGN[artery.side] * 8.0,
        anchor="end" if artery.side == "right" else "start",
        text=_text(artery),
        title=_title(artery),
    )


def shows(artery: ArteryState) -> str:
    if artery.closed:
        return "embolised" if artery.embolised else "tied"
    return "spared" if artery.left_open_because else "open"


def feeder(artery: ArteryState) -> str:
    if artery.feeds_cord:
        return "known"
    return "possible" if artery.feeds_cord is None and artery.cord_feeder_chance > 0.0 else ""


def _text(artery: ArteryState) -> str:
    said = {"embolised": "embolised", "tied": "tied at operation", "spared": f"{percent(artery.inflow_pct)}, left open"}
    text = said.get(shows(artery), percent(artery.inflow_pct))
    if feeder(artery) == "possible":
        text += f" ◇ {percent(100.0 * artery.cord_feeder_chance)}"
    return text


def _title(artery: ArteryState) -> str:
    name = f"{artery.level.value} {artery.side}"
    if artery.closed:
        how = "embolised" if artery.embolised else "tied at the operation"
        both = " and tied at the operation" if artery.embolised and artery.resected else ""
        return f"{name}: {how}{both}"
    why = f"; {artery.left_open_because}" if artery.left_open_because else ""
    return f"{name}: carries {percent(artery.inflow_pct)} of before{why}"


def _arrows(levels: tuple[LevelFlow, ...]) -> Iterator[Arrow]:
    """Between each level and the next, towards where the flow goes: half of it on either side."""
    for n, flow in enumerate(levels[:-1]):
        amount = (flow.arcade_link_pct + flow.epidural_link_pct) / 2.0
        if abs(amount) < SHOWN_PCT:
            continue
        y = TOP + ROW * (n + 1.0)
        reach = 0.36 * ROW * (1.0 if amount > 0.0 else -1.0)
        below = levels[n + 1].level.value
        way = f"{flow.level.value} to {below}" if amount > 0.0 else f"{below} to {flow.level.value}"
        title = f"{way}: {percent(abs(amount))} of one artery's usual flow"
        for side in ("right", "left"):
            yield Arrow(
                ARCADE[side], y - reach, y + reach, round(max(LINK_PX * min(abs(amount) / 100.0, 1.0), 1.0), 2), title
            )


def _alt(drawing: ArteryDrawing) -> str:
    def named(wanted: str) -> str:
        return ", ".join(f"{a.level.value} {a.side}" for a in drawing.arteries if shows(a) == wanted) or "none"

    return (
        f"segmental arteries, right on the left; embolised: {named('embolised')}; "
        f"tied at the operation: {named('tied')}; left open on purpose: {named('spared')}"
    )
