"""Contamination: the one-hit model against the closed form, hand calculations and the published arms."""

from __future__ import annotations

from math import exp, log

import numpy as np
import pytest
from numpy.testing import assert_allclose

from enbloc.knowledge import contamination_arms, load_table, one_hit
from enbloc.resection.binomial import clopper_pearson
from enbloc.resection.contamination import contamination, fit_alpha, leave_one_out, take

ARMS = tuple(contamination_arms().values())


def test_the_shipped_alpha_is_the_refit_of_the_arm_it_names() -> None:
    """Shipped with three digits, so half of the last one: 0.005 / 9.72."""
    arm = contamination_arms()[one_hit().fitted_on]
    refit = fit_alpha([arm.cells], [arm.take_instrument])
    assert one_hit().alpha == pytest.approx(refit, rel=5.2e-4)
    assert refit == pytest.approx(-log(1.0 - 0.167) / 1.88e5, rel=1e-9)  # the root finder's tolerance is 1e-13 in ln


def test_the_model_predicts_the_arms_as_calculated_by_hand() -> None:
    """1 - exp(-9.72e-7 5.02e5) = 1 - exp(-0.48794) = 0.3861; with 4.92e5, 1 - exp(-0.47822) = 0.3801."""
    rows = {row.tool: row for row in contamination("t-saw", 0.0, None).arms}
    assert rows["gigli"].predicted == pytest.approx(0.3861, abs=5e-5)  # four digits by hand
    assert rows["scalpel"].predicted == pytest.approx(0.3801, abs=5e-5)
    assert (rows["gigli"].measured_surface, rows["gigli"].measured_instrument) == (0.5, 0.333)
    for row in rows.values():
        assert row.for_fewest.low <= row.predicted <= row.for_fewest.high
        assert row.for_most.high - row.for_most.low < row.for_fewest.high - row.for_fewest.low


def test_leaving_an_arm_out() -> None:
    """Without the T-saw the two others both took 1/3 of 5.02e5 and 4.92e5 cells: alpha lies between -ln(0.667)/N of
    the two, 8.068e-7 and 8.231e-7, and predicts 1 - exp(-alpha 1.88e5), 0.1407 to 0.1434.
    """
    rows = {row.tool: row for row in leave_one_out(ARMS)}
    assert 8.06e-7 < rows["t-saw"].alpha < 8.24e-7
    assert 0.1407 <= rows["t-saw"].predicted <= 0.1434
    for row in rows.values():
        assert row.measured == contamination_arms()[row.tool].take_instrument


def test_a_fit_finds_the_alpha_that_made_the_takes() -> None:
    """Takes without noise: the likelihood is greatest where the model is exact. rtol: the root finder's."""
    cells = np.array([1e4, 2e5, 7e5])
    assert_allclose(fit_alpha(cells, 1.0 - np.exp(-3e-6 * cells)), 3e-6, rtol=1e-9)


def test_a_fit_of_takes_that_contradict_the_model() -> None:
    """Half of the animals took N cells, and half took 2 N. With x = exp(-alpha N) the score is 3 x^2 + x/2 - 3/2 = 0:
    x = (-1/2 + sqrt(1/4 + 18)) / 6. rtol: the root finder's.
    """
    x = (-0.5 + 18.25**0.5) / 6.0
    assert_allclose(fit_alpha([1e5, 2e5], [0.5, 0.5]), -log(x) / 1e5, rtol=1e-9)


@pytest.mark.parametrize("takes", [[0.0, 0.0], [1.0, 1.0]])
def test_takes_without_a_likeliest_alpha_are_refused(takes: list[float]) -> None:
    with pytest.raises(ValueError, match="likeliest"):
        fit_alpha([1e5, 2e5], takes)


def test_no_cut_in_tumour_spreads_nothing() -> None:
    found = contamination("t-saw", 0.0, 0.0)
    assert found.cells == 0.0
    assert found.take_scale is not None
    assert (found.take_scale.low, found.take_scale.value, found.take_scale.high) == (0.0, 0.0, 0.0)
    assert "none expected" in found.contamination_says
    assert found.rinse == ()
    assert found.caveats == ()


def test_cells_grow_with_area_and_takes_along_the_curve() -> None:
    """The reference area carries the arm's own cells; twice the area squares the share that takes none."""
    once, twice = (contamination("t-saw", n * one_hit().reference_area_mm2, 0.0) for n in (1.0, 2.0))
    assert once.cells == 1.88e5
    assert once.take_scale is not None
    assert twice.take_scale is not None
    assert 1.0 - twice.take_scale.value == pytest.approx((1.0 - once.take_scale.value) ** 2, rel=1e-12)  # rounding
    assert once.take_scale.value == take(one_hit().alpha, 1.88e5)
    # 1 of 6: 0.42 to 64.1 % (Clopper and Pearson, printed tables), on the arm's own cells
    assert (once.take_scale.low, once.take_scale.high) == pytest.approx((0.0042, 0.6412), abs=5e-5)


def test_a_tool_that_was_not_measured_has_no_scale() -> None:
    found = contamination("ultrasonic", 10.0, 0.0)
    assert found.cells is None
    assert found.take_scale is None
    assert {caveat.id for caveat in found.caveats} == {"take-is-no-risk", "tool-not-measured"}


def test_residual_tumour_is_told_apart_from_contamination() -> None:
    """What stays changes nothing of what is spread, and the other way round."""
    clean, left = contamination("t-saw", 5.0, 0.0), contamination("t-saw", 5.0, 120.0)
    assert (clean.cells, clean.take_scale) == (left.cells, left.take_scale)
    assert "120 mm³" in left.residual_says
    assert "certain" in left.residual_says
    assert "certain" not in clean.residual_says
    assert contamination("t-saw", 0.0, 120.0).residual_says == left.residual_says
    assert "not known" in contamination("t-saw", 5.0, None).residual_says


def test_rinsing_is_named_by_the_rows_of_the_protocol() -> None:
    """Only rows that say themselves that they are in vitro data; no dose is repeated."""
    rows = {row["id"]: row for row in load_table("decisions/protocol.toml")["item"]}
    found = contamination("t-saw", 5.0, 0.0)
    assert found.rinse
    assert all("in vitro" in rows[name]["says"] for name in found.rinse)


@pytest.mark.parametrize(("area", "residual"), [(-1.0, 0.0), (1.0, -1.0)])
def test_impossible_sizes_are_refused(area: float, residual: float) -> None:
    with pytest.raises(ValueError, match="below zero"):
        contamination("t-saw", area, residual)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 10, 0.0, 0.3085), (1, 6, 0.0042, 0.6412), (2, 12, 0.0209, 0.4841), (10, 10, 0.6915, 1.0)],
)
def test_binomial_intervals(hits: int, trials: int, low: float, high: float) -> None:
    """Printed tables, four digits; 0 of 10 by hand: 1 - 0.025^(1/10) = 1 - exp(-0.36889) = 0.3085."""
    assert 1.0 - exp(log(0.025) / 10.0) == pytest.approx(0.3085, abs=5e-5)
    found = clopper_pearson(hits, trials)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)  # four printed digits


@pytest.mark.parametrize(("hits", "trials"), [(1, 0), (-1, 5), (6, 5)])
def test_no_share(hits: int, trials: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        clopper_pearson(hits, trials)
