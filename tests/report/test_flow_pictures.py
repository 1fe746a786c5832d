"""The schematic of the arteries and the curves of flow: places by hand from the numbers of hand-made findings."""

from __future__ import annotations

import pytest

from enbloc.core.evidence import Measured, Skipped
from enbloc.core.levels import Level
from enbloc.planning.flow_nouns import (
    ArteryDrawing,
    ArteryState,
    ExperimentPoint,
    FlowPoint,
    LevelFlow,
    ResponseCurves,
    ResponsePoint,
    ShorteningCurve,
    ShorteningPoint,
)
from enbloc.report import flow, response
from enbloc.report.arteries import ARCADE, BODY, OUTER, USUAL_PX, Artery, schematic
from enbloc.report.response import BOTTOM, LEFT, RIGHT, TOP, Check

LEVELS = (Level.T11, Level.T12, Level.L1)


def artery(level: Level, side: str, **changed: object) -> ArteryState:
    usual = {
        "level": level, "side": side, "closed": False, "embolised": False, "resected": False,
        "left_open_because": None, "inflow_pct": 100.0, "feeds_cord": False, "cord_feeder_chance": 0.0,
    }  # fmt: skip
    return ArteryState(**(usual | changed))


def a_drawing() -> ArteryDrawing:
    """T11 feeds the cord on the left and stays open, T12 is taken, L1 is embolised right and tied left."""
    closed = {"closed": True, "inflow_pct": 0.0}
    arteries = (
        artery(Level.T11, "left", left_open_because="feeds the cord", inflow_pct=150.0, feeds_cord=True),
        artery(Level.T11, "right", feeds_cord=None, cord_feeder_chance=0.24),
        artery(Level.T12, "left", embolised=True, resected=True, **closed),
        artery(Level.T12, "right", embolised=True, resected=True, **closed),
        artery(Level.L1, "left", resected=True, **closed),
        artery(Level.L1, "right", embolised=True, **closed),
    )
    links = {"epidural_link_pct": 10.0, "anterior_spinal_link_pct": 0.0}
    flows = (
        LevelFlow(level=Level.T11, vertebra_flow_pct=68.0, cord_flow_pct=89.0, arcade_link_pct=40.0, **links),
        LevelFlow(level=Level.T12, vertebra_flow_pct=37.4, cord_flow_pct=87.0, arcade_link_pct=-30.0, **links),
        LevelFlow(level=Level.L1, vertebra_flow_pct=44.0, cord_flow_pct=88.0, arcade_link_pct=0.0, **links),
    )
    return ArteryDrawing(arteries=arteries, levels=flows)


def drawn() -> dict[tuple[str, str], Artery]:
    found = schematic(a_drawing())
    assert found is not None
    states = a_drawing().arteries
    return {(s.level.value, s.side): a for s, a in zip(states, found.arteries, strict=True)}


def test_the_patients_right_is_on_the_viewers_left() -> None:
    found = drawn()
    right, left = found["T11", "right"], found["T11", "left"]
    assert (right.x1, right.x2, right.anchor) == (BODY[0], OUTER["right"], "end")
    assert (left.x1, left.x2, left.anchor) == (BODY[1], OUTER["left"], "start")
    assert right.x < right.x2 < right.x1 < left.x1 < left.x2 < left.x  # the words beyond the ends
    assert found["T12", "right"].cross < BODY[0] < BODY[1] < found["T12", "left"].cross


def test_what_is_closed_tied_and_left_open_is_told_apart() -> None:
    found = drawn()
    assert {place: one.shows for place, one in found.items()} == {
        ("T11", "left"): "spared", ("T11", "right"): "open", ("T12", "left"): "embolised",
        ("T12", "right"): "embolised", ("L1", "left"): "tied", ("L1", "right"): "embolised",
    }  # fmt: skip
    assert [place for place, one in found.items() if one.cross is None] == [("T11", "left"), ("T11", "right")]
    assert found["T11", "left"].width == 1.5 * USUAL_PX  # 150 % of the usual flow
    assert found["T11", "left"].text == "150 %, left open"
    assert found["T12", "left"].title == "T12 left: embolised and tied at the operation"


def test_feeders_are_marked_as_known_or_possible() -> None:
    found = drawn()
    assert {place: one.feeder for place, one in found.items() if one.feeder} == {
        ("T11", "left"): "known", ("T11", "right"): "possible",
    }  # fmt: skip
    assert found["T11", "right"].text == "100 % ◇ 24 %"


def test_arrows_point_where_the_flow_goes() -> None:
    """T11 gives 40 + 10 % downward, 25 on either side; between T12 and L1 30 - 10 % run upward: positive is towards
    the feet.
    """
    found = schematic(a_drawing())
    assert found is not None
    down, _, up, _ = found.arrows
    assert down.x == ARCADE["right"]
    assert down.y2 > down.y1
    assert up.y2 < up.y1
    assert down.title == "T11 to T12: 25 % of one artery's usual flow"
    assert up.title == "L1 to T12: 10 % of one artery's usual flow"
    assert down.width == pytest.approx(1.75)  # a quarter of 7
    assert [row.vertebra for row in found.rows] == ["68 %", "37 %", "44 %"]
    assert [row.resected for row in found.rows] == [False, True, True]


def measured(value: float) -> Measured:
    return Measured(value, value - 10.0, value + 10.0)


def experiment(levels: int, pct: float, **changed: object) -> ExperimentPoint:
    usual = {
        "id": "x", "animal": "dog", "quantity": "cord-flow", "act": "arteries", "levels": levels, "measured_pct": pct,
        "sd_pct": None, "predicted_pct": pct - 2.0, "role": "held-out", "says": "as read", "source": "tomita2006",
        "checked": "seed",
    }  # fmt: skip
    return ExperimentPoint(**(usual | changed))


def curves() -> ResponseCurves:
    point = ResponsePoint(levels=3, closed=LEVELS, vertebra_flow_pct=measured(30.0), cord_flow_pct=measured(80.0))
    unknown = ResponsePoint(levels=5, closed=(), vertebra_flow_pct=None, cord_flow_pct=None)
    points = (
        experiment(3, 85.0, sd_pct=5.0, role="calibration"),
        experiment(5, 44.0),
        experiment(1, 81.0, act="feeder", animal="cat"),
        experiment(2, 46.0, quantity="vertebra-flow"),
    )
    return ResponseCurves(patient=(point, unknown), dog=(point,), experiments=points)


def test_points_and_bands_lie_where_their_numbers_say() -> None:
    """The axis runs to 5.5 levels and, in steps of 20 above 100 %, to 120 %."""
    chart = response._levels(curves(), "cord-flow", 3)
    x3, y85 = LEFT + (RIGHT - LEFT) * 3.0 / 5.5, BOTTOM - (BOTTOM - TOP) * 85.0 / 120.0
    first, second = chart.dots
    assert (first.x, first.y) == (pytest.approx(x3, abs=0.06), pytest.approx(y85, abs=0.06))  # a tenth of a pixel
    assert (first.shows, second.shows) == ("calibration", "held-out")
    assert first.low_y > first.y > first.high_y  # down the picture
    assert second.low_y is None
    x0, y100, y80 = LEFT, BOTTOM - (BOTTOM - TOP) * 100.0 / 120.0, BOTTOM - (BOTTOM - TOP) * 80.0 / 120.0
    dog, patient = chart.bands
    assert (dog.shows, patient.shows) == ("dog", "patient")
    assert patient.line == f"M{x0:g} {y100:.1f}L{x3:.1f} {y80:.1f}"  # what is not known is left out
    assert chart.planned == "3 closed by this plan"
    assert chart.planned_x[0] < x3 < chart.planned_x[1]


def test_a_feeder_has_no_place_on_the_axis_and_stands_in_the_table() -> None:
    assert len(response._levels(curves(), "cord-flow", 0).dots) == 2
    row = response.checks(curves())[2]
    assert isinstance(row, Check)
    assert (row.what, row.measured, row.predicted) == (
        "cat: cord flow, one artery that feeds the cord tied", "81 %", "79 %",
    )  # fmt: skip
    assert response.checks(curves())[0].measured == "85 ± 5 %"


def test_the_shortening_curve_ends_where_nothing_is_predicted() -> None:
    points = tuple(
        ShorteningPoint(fraction=part, flow_pct=flow_pct)
        for part, flow_pct in ((0.0, Measured(100.0, 100.0, 100.0)), (0.5, measured(140.0)), (1.0, None))
    )
    studies = tuple(
        FlowPoint(
            study="s", title="dog", use=use, fraction=0.25, flow_pct=146.0, says="", source="tomita2006", checked="seed"
        )
        for use in ("calibration", "held-out", "recalled")
    )
    curve = ShorteningCurve(
        points=points, experiments=studies, phase_ends=(1 / 3, 2 / 3), planned=Measured(0.3, 0.2, 0.4)
    )
    chart = response.curve_chart(curve, 30.0)
    assert chart.bands[0].line.count("L") == 1
    assert [dot.shows for dot in chart.dots] == ["calibration", "held-out", "recalled"]
    assert [zone.text for zone in chart.zones] == ["safe", "warning", "danger"]
    assert chart.zones[0].x2 == pytest.approx(LEFT + (RIGHT - LEFT) / 3.0, abs=0.06)
    assert [tick.text for tick in chart.across] == ["0", "0.33 = 10.0 mm", "0.67 = 20.0 mm", "1 = 30.0 mm"]
    low, high = (LEFT + (RIGHT - LEFT) * part for part in (0.2, 0.4))
    assert chart.planned_x == (pytest.approx(low, abs=0.06), pytest.approx(high, abs=0.06))


def test_stages_that_did_not_run_draw_nothing() -> None:
    assert flow.shown(Skipped("later"), Skipped("later")) == {"perfusion": None, "shortening": None}
