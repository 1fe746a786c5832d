"""The plain solver against formulas, another program, and the numbers published for vessels."""

from __future__ import annotations

import json
from math import inf, nan, sqrt
from pathlib import Path

import pytest

from enbloc.core.errors import InputError
from enbloc.perfusion.network import Bed, Branch, Flow, FlowNetwork, poiseuille_mmhg_min_ml, solve

ROUNDING = 1e-12
"""A few dozen operations in double precision on numbers of order one to a hundred."""
BALANCE = 1e-10
"""Asked of every network."""
PEER = json.loads((Path(__file__).parent / "svzerod.json").read_text(encoding="utf-8"))


def network(*branches: tuple[str, str, float], a: float = 100.0, beds: tuple[Bed, ...] = ()) -> FlowNetwork:
    return FlowNetwork(tuple(Branch(*row) for row in branches), {"A": a, "V": 0.0}, beds)


def test_series_and_parallel():
    """1 and 3 in series carry 3/4 of a unit each mmHg; beside them 1/4: one unit in all, and P lies at 1/4 below A."""
    flow = solve(network(("A", "P", 3.0), ("P", "V", 1.0), ("A", "V", 0.25)))
    assert flow.pressure_mmhg["P"] == pytest.approx(75.0, rel=ROUNDING)
    assert flow.branch_ml_min == pytest.approx((75.0, 75.0, 25.0), rel=ROUNDING)


def test_a_balanced_wheatstone_bridge_carries_nothing():
    flow = solve(network(("A", "P", 1.0), ("P", "V", 2.0), ("A", "Q", 3.0), ("Q", "V", 6.0), ("P", "Q", 5.0)))
    assert flow.branch_ml_min[4] == pytest.approx(0.0, abs=100.0 * ROUNDING)


@pytest.mark.parametrize(("shunt", "link"), [(0.3, 0.4), (0.05, 2.0)])
def test_a_long_ladder_is_the_infinite_one(shunt, link):
    """Input conductance v/2 + sqrt(v²/4 + v l) with its own shunt; pressure falls by 1 - (g - v)/l to the next rung.

    400 rungs: what is beyond them weighs 0.8 ** 800.
    """
    rows = [(f"{i}", f"{i + 1}", link) for i in range(400)] + [(f"{i}", "V", shunt) for i in range(401)]
    flow = solve(FlowNetwork(tuple(Branch(*row) for row in rows), {"0": 1.0, "V": 0.0}))
    into = shunt / 2.0 + sqrt(shunt**2 / 4.0 + shunt * link)
    drawn = flow.branch_ml_min[0] + flow.branch_ml_min[400]
    assert drawn == pytest.approx(into, rel=ROUNDING)
    fall = 1.0 - (into - shunt) / link
    assert [flow.pressure_mmhg[f"{i}"] for i in range(1, 6)] == pytest.approx([fall**i for i in range(1, 6)], rel=1e-11)
    assert flow.residual < BALANCE


@pytest.mark.parametrize(
    ("radius_mm", "length_mm", "resistance"),
    [(1.0, 50.0, 0.0557), (0.5, 30.0, 0.535), (0.4, 20.0, 0.87), (0.067, 20.0, 1106.0)],
)
def test_poiseuille(radius_mm, length_mm, resistance):
    """8 mu L / (pi r^4) worked by hand at 3.5 mPa s; the values carry two to four digits."""
    assert poiseuille_mmhg_min_ml(radius_mm, length_mm, 3.5) == pytest.approx(resistance, rel=2e-3)


def test_poiseuille_to_the_last_digit():
    """r 1 mm, L 50 mm, 3.5 mPa s: 8 0.0035 0.05 / (pi 1e-12) Pa s/m3, over 133.322387415 Pa, 1e6 ml, 60 s."""
    by_hand = 8 * 3.5e-3 * 0.05 / 3.141592653589793e-12 / 133.322387415 / 1e6 / 60
    assert poiseuille_mmhg_min_ml(1.0, 50.0, 3.5) == pytest.approx(by_hand, rel=ROUNDING)


@pytest.mark.parametrize("case", PEER["networks"], ids=lambda case: case["name"])
def test_the_other_program_agrees(case):
    """svZeroDSolver steps to its steady state and stops at 6e-9 mmHg and 3e-8 ml/min of it: hence 1e-7."""
    flow = solve(FlowNetwork(tuple(Branch(*row) for row in case["branches"]), case["held"]))
    for node, pressure in case["pressure_mmhg"].items():
        assert flow.pressure_mmhg[node] == pytest.approx(pressure, abs=1e-7)
    assert flow.branch_ml_min == pytest.approx(case["flow_ml_min"], abs=1e-7)
    assert flow.residual < BALANCE


def dossier_ladder(tied: tuple[int, ...], reference: dict[str, float] | None) -> FlowNetwork:
    """The uniform ladder of 21 levels that this project's notes tried first."""
    rows, beds = [], []
    for i in range(21):
        rows += [
            Branch("A", f"S{i}", 0.0 if i in tied else 1.0),
            Branch(f"S{i}", "V", 0.332),
            Branch(f"S{i}", f"C{i}", 0.009),
        ]
        if i < 20:
            rows += [Branch(f"S{i}", f"S{i + 1}", 0.374), Branch(f"C{i}", f"C{i + 1}", 0.081)]
        if reference is None:
            rows.append(Branch(f"C{i}", "V", 0.0085))
        else:
            beds.append(Bed(node=f"C{i}", conductance=0.0085, reference=reference[f"C{i}"], slope=0.384, knee=0.55))
    return FlowNetwork(tuple(rows), {"A": 1.0, "V": 0.0}, tuple(beds))


def test_the_ladder_that_was_tried_first():
    """82.7 / 66.4 / 51.3 / 31.7 after 3, 4, 5, 7 levels, vertebra 64.5 / 47.7 / 28.0 after 1 to 3, printed to a tenth
    (parameters to three digits, hence 0.06); found then by a damped fixed point of another program.
    """
    before = solve(dossier_ladder((), None)).pressure_mmhg
    tied = [(10,), (9, 10), (9, 10, 11), (8, 9, 10, 11), (8, 9, 10, 11, 12), (7, 8, 9, 10, 11, 12, 13)]
    after = [(dossier_ladder(levels, dict(before)), levels) for levels in tied]
    flows = [(built, solve(built)) for built, _ in after]
    vertebra = [100.0 * flow.pressure_mmhg["S10"] / before["S10"] for _, flow in flows]
    cord = [100.0 * flow.bed_ml_min[10] / (0.0085 * before["C10"]) for _, flow in flows]
    assert vertebra[:3] == pytest.approx([64.5, 47.7, 28.0], abs=0.06)
    assert cord[2:] == pytest.approx([82.7, 66.4, 51.3, 31.7], abs=0.06)
    assert max(flow.residual for _, flow in flows) < BALANCE


def regulated(inflow: float, slope: float = 0.2, knee: float = 0.5) -> Flow:
    return solve(
        network(("A", "C", inflow), beds=(Bed(node="C", conductance=1.0, reference=80.0, slope=slope, knee=knee),))
    )


def test_a_bed_is_steady_above_its_knee_and_dilated_below():
    """Above: g (100 - p) = 80 (0.8 + 0.2 p / 80), so p = (100 g - 64) / (g + 0.2). Below: flow 80 0.9 / 0.5 p / 80,
    a conductance of 1.8.
    """
    for inflow in (1.3, 2.0, 4.0):
        flow = regulated(inflow)
        assert flow.pressure_mmhg["C"] == pytest.approx((100.0 * inflow - 64.0) / (inflow + 0.2), rel=ROUNDING)
        assert flow.pressure_mmhg["C"] > 40.0
    for inflow in (0.1, 0.5, 1.0):
        flow = regulated(inflow)
        assert flow.pressure_mmhg["C"] == pytest.approx(100.0 * inflow / (inflow + 1.8), rel=ROUNDING)
        assert flow.bed_ml_min[0] == pytest.approx(1.8 * flow.pressure_mmhg["C"], rel=ROUNDING)


def test_slope_one_is_a_plain_resistance():
    flow, plain = regulated(0.7, slope=1.0), solve(network(("A", "C", 0.7), ("C", "V", 1.0)))
    assert flow.pressure_mmhg["C"] == pytest.approx(plain.pressure_mmhg["C"], rel=ROUNDING)


@pytest.mark.parametrize("bad", [-1.0, nan, inf])
def test_conductances_that_are_none(bad):
    with pytest.raises(InputError, match="branches: A to V"):
        network(("A", "V", bad))


def test_a_node_without_pressure():
    with pytest.raises(InputError, match="nothing joins X"):
        network(("A", "V", 1.0), ("X", "Y", 1.0))


@pytest.mark.parametrize(
    ("field", "value"), [("conductance", -1.0), ("reference", 0.0), ("slope", 1.5), ("knee", 0.0), ("knee", nan)]
)
def test_beds_that_cannot_be(field, value):
    good = {"conductance": 1.0, "reference": 80.0, "slope": 0.2, "knee": 0.5}
    with pytest.raises(InputError, match=f"beds: C: {field}"):
        network(("A", "C", 1.0), beds=(Bed(node="C", **{**good, field: value}),))


def test_held_pressures_and_tubes_that_are_none():
    with pytest.raises(InputError, match="held: A is held at nan"):
        network(("A", "V", 1.0), a=nan)
    with pytest.raises(InputError, match="radius_mm"):
        poiseuille_mmhg_min_ml(0.0, 10.0, 3.5)
