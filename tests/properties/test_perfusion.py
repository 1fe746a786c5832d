"""What holds of every column: the fast solver is the slow one, closing only lowers, sides and units do not matter."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.perfusion.column import Interruption, Samples, bilateral, column, flows
from enbloc.perfusion.ensemble import shipped
from enbloc.perfusion.network import Bed, Branch, FlowNetwork, solve
from properties.perfusion_twin import slow_flows

BALANCE = 1e-10
ROUNDING = 1e-9
"""Two eliminations of 200 unknowns in another order; conditions below 1e5."""
HUMAN = column("human", ("T12",))
SITES = [(level.value, side) for level in HUMAN.named() for side in (0, 1)]
sites = st.frozensets(st.sampled_from(SITES), max_size=14)


@cache
def samples() -> Samples:
    """Eight of the shipped sets with uneven feeders."""
    values = {name: value[:8] for name, value in shipped().values.items()}
    uneven = np.random.default_rng(4).uniform(0.2, 3.0, (8, 2 * len(HUMAN.levels)))
    return Samples(
        **{name: values.pop(name) for name in ("arcade", "feeder", "cord_link", "slope", "knee")},
        ratios=values,
        sites=uneven,
        tumour=np.full(8, 1.7),
    )


@settings(max_examples=4)
@given(closed=sites, distal=sites, feeders=sites, n=st.integers(0, 7), pressure=st.floats(0.3, 1.3))
def test_the_fast_solver_is_the_slow_one(closed, distal, feeders, n, pressure):
    inflow = dict.fromkeys(sorted(closed)[:1], 0.4)
    cut = Interruption(closed=closed, distal=distal, feeders=feeders, inflow=inflow, pressure=pressure)
    fast = flows(HUMAN, samples(), [cut])
    vertebra, cord = slow_flows(HUMAN.levels, samples(), n, cut, ("T12",))
    assert fast.vertebra[n, 0] == pytest.approx(vertebra, rel=ROUNDING, abs=ROUNDING)
    assert fast.cord[n, 0] == pytest.approx(cord, rel=ROUNDING, abs=ROUNDING)
    assert fast.residual < BALANCE


@settings(max_examples=40)
@given(closed=sites, more=sites)
def test_closing_more_never_helps(closed, more):
    """Rayleigh's monotonicity; it holds with beds that regulate too, because each draws less at less pressure."""
    cuts = [Interruption(closed=closed), Interruption(closed=closed | more), Interruption(closed=closed, pressure=0.8)]
    flow = flows(HUMAN, samples(), cuts)
    for part in (flow.vertebra, flow.cord):
        assert np.all(part[:, 1] <= part[:, 0] + ROUNDING)
        assert np.all(part[:, 2] <= part[:, 0] + ROUNDING)
        assert np.all(part >= 0.0)


@settings(max_examples=25)
@given(closed=sites)
def test_the_mirrored_column_has_the_same_flows(closed):
    mirrored = replace(samples(), sites=samples().sites.reshape(8, -1, 2)[:, :, ::-1].reshape(8, -1))
    there = flows(HUMAN, samples(), [Interruption(closed=closed)])
    here = flows(HUMAN, mirrored, [Interruption(closed=frozenset((level, 1 - side) for level, side in closed))])
    assert np.allclose(there.cord, here.cord, rtol=ROUNDING)
    assert np.allclose(there.vertebra, here.vertebra, rtol=ROUNDING)


def test_a_column_turned_upside_down_in_the_dog():
    """Alike feeders, a dog's middle levels: three tied levels do the same counted from either end of the column."""
    from enbloc.perfusion.calibrate import sample_of
    from enbloc.perfusion.ensemble import shipped_fit

    at = column("dog")
    count = len(at.levels)
    down = [at.levels[i] for i in (8, 9, 10)]
    up = [at.levels[count - 1 - i] for i in (8, 9, 10)]
    flow = flows(at, sample_of(shipped_fit()), [Interruption(closed=bilateral(levels)) for levels in (down, up)])
    assert np.allclose(flow.cord[0, 0], flow.cord[0, 1, ::-1], rtol=ROUNDING)


def test_nothing_closed_changes_nothing_above_the_usual_flow():
    flow = flows(HUMAN, samples(), [Interruption()])
    assert np.allclose(flow.cord, 1.0, rtol=ROUNDING)
    assert np.allclose(flow.vertebra, 1.0, rtol=ROUNDING)


def test_what_a_sample_gives_does_not_depend_on_its_company():
    """The same 60 sets in one call, which two threads share, and one by one: to the last bit."""
    many = {name: np.tile(value, 8)[:60] for name, value in shipped().values.items()}
    fitted = ("arcade", "feeder", "cord_link", "slope", "knee")
    one_at = [slice(i, i + 1) for i in range(60)]
    cut = [Interruption(closed=bilateral(("T8", "T9")))]

    def some(rows: slice) -> np.ndarray:
        count = len(many["knee"][rows])
        part = Samples(
            **{name: many[name][rows] for name in fitted},
            ratios={name: value[rows] for name, value in many.items() if name not in fitted},
            sites=np.ones((count, 2 * len(HUMAN.levels))),
            tumour=np.ones(count),
        )
        return flows(HUMAN, part, cut).cord

    assert np.array_equal(some(slice(0, 60)), np.concatenate([some(rows) for rows in one_at]))


conductance = st.floats(1e-3, 1e3)


@st.composite
def networks(draw):
    """A chain from the aorta through up to eight nodes, with chords, some regulated beds, and a drain."""
    count = draw(st.integers(2, 8))
    rows = [Branch("A", "0", draw(conductance)), Branch(f"{count - 1}", "V", draw(conductance))]
    rows += [Branch(f"{i}", f"{i + 1}", draw(conductance)) for i in range(count - 1)]
    for _ in range(draw(st.integers(0, 6))):
        i, j = draw(st.integers(0, count - 1)), draw(st.integers(0, count - 1))
        rows.append(Branch(f"{i}", f"{j}", draw(conductance)))
    beds = tuple(
        Bed(
            node=f"{i}",
            conductance=draw(conductance),
            reference=draw(st.floats(1.0, 100.0)),
            slope=draw(st.floats(0.0, 1.0)),
            knee=draw(st.floats(0.2, 0.9)),
        )
        for i in range(count)
        if draw(st.booleans())
    )
    return FlowNetwork(tuple(rows), {"A": draw(st.floats(20.0, 150.0)), "V": 0.0}, beds)


def test_balance_where_a_wide_vessel_lies_behind_a_narrow_one():
    """Pressures of 20 mmHg at both ends of a conductance of 662.5 hold its flow of 0.02 to 1e-10 only: the digits lost
    are kept apart. Series by hand: 20 / (1 + 1/2 + 1/662.5 + 1 + 1000 + 1).
    """
    names, widths = ["A", "0", "1", "2", "3", "4", "V"], [1.0, 2.0, 662.5, 1.0, 0.001, 1.0]
    rows = tuple(Branch(a, b, g) for (a, b), g in zip(pairwise(names), widths, strict=True))
    flow = solve(FlowNetwork(rows, {"A": 20.0, "V": 0.0}))
    assert flow.residual < 1e-13  # a thousand roundings of the largest flow
    by_hand = 20.0 / sum(1.0 / g for g in widths)
    assert flow.branch_ml_min == pytest.approx([by_hand] * len(widths), rel=1e-12)


@settings(max_examples=60)
@given(network=networks(), factor=st.floats(1e-3, 1e3), again=st.floats(0.1, 10.0))
def test_units_of_flow_and_pressure_do_not_matter(network, factor, again):
    """Conductances times f: flows times f, pressures alike. All pressures times g: pressures and flows times g.

    1e-7: conductances from 1e-3 to 1e3 in one matrix lose up to eight of sixteen digits.
    """
    flow = solve(network)
    assert flow.residual < BALANCE
    beds = tuple(
        replace(bed, conductance=bed.conductance * factor, reference=bed.reference * again) for bed in network.beds
    )
    rows = tuple(replace(row, conductance=row.conductance * factor) for row in network.branches)
    other = solve(FlowNetwork(rows, {name: p * again for name, p in network.held.items()}, beds))
    scale = max(map(abs, flow.branch_ml_min))
    assert np.allclose(
        np.array(other.branch_ml_min) / (factor * again), flow.branch_ml_min, rtol=1e-7, atol=1e-7 * scale
    )


@settings(max_examples=60)
@given(network=networks(), data=st.data())
def test_less_conductance_anywhere_lowers_the_total(network, data):
    which = data.draw(st.integers(0, len(network.branches) - 1))
    thinner = list(network.branches)
    thinner[which] = replace(thinner[which], conductance=thinner[which].conductance * 0.5)
    less = solve(FlowNetwork(tuple(thinner), network.held, network.beds))
    assert less.branch_ml_min[0] <= solve(network).branch_ml_min[0] * (1.0 + 1e-9) + 1e-9
