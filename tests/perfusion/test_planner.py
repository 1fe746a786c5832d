"""The embolisation planner: what it proposes, what it leaves, what it refuses, and that it says so."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from math import inf, nan

import pytest

from enbloc.core.errors import InputError
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level
from enbloc.knowledge.loader import bibliography, load_table
from enbloc.knowledge.perfusion_tables import perfusion_table, planner, sentences
from enbloc.perfusion import Occlusion, Perfusion, Verdict, perfuse
from enbloc.perfusion.options import regained_inflow

EXACT = 1e-9
"""The same sums in another order."""


@cache
def plan(*resected: str, **wishes: object) -> Perfusion:
    return perfuse(resected, **wishes)  # type: ignore[arg-type]


def warned(found: Perfusion) -> set[str]:
    return {caveat.id for caveat in found.warnings}


def option(found: Perfusion, ident: str):
    return next(one for one in found.options if one.id == ident)


def test_one_thoracic_level_is_three_levels_on_both_sides():
    """The paper's rule."""
    found = plan("T8")
    assert found.embolised == ("T7-left", "T7-right", "T8-left", "T8-right", "T9-left", "T9-right")
    assert found.verdict is Verdict.AS_PUBLISHED
    assert found.closed_levels == (Level.T7, Level.T8, Level.T9)


def test_the_verdicts_are_those_of_the_advice():
    """decisions/embolisation.toml decides the levels; what the planner says of a number must not differ."""
    advice = {row["id"]: row for row in load_table("decisions/embolisation.toml")["row"]}
    ours = {row.id: row for row in sentences("verdict")}
    for here, there in (("as-published", "up-to-three"), ("caution", "four"), ("no-automatic-plan", "five-or-more")):
        assert list(ours[here].levels) == advice[there]["when"]["artery_levels"]
    assert advice["five-or-more"]["gives"] == "unknown"


def test_three_levels_leave_what_the_dogs_were_left():
    """24 % of the vertebra and 80.7 to 84.6 % of the cord were measured: both lie in the patient's ranges."""
    found = plan("T12")
    assert found.vertebra_flow_ci_pct is not None
    assert found.cord_flow_ci_pct is not None
    assert found.vertebra_flow_ci_pct[0] <= 24.11 <= found.vertebra_flow_ci_pct[1]
    assert found.cord_flow_ci_pct[0] <= 80.7 < 84.6 <= found.cord_flow_ci_pct[1]
    assert found.outside is None
    assert found.residual < 1e-10


def test_a_range_is_never_a_point():
    found = plan("T12")
    assert found.cord_flow_ci_pct[1] - found.cord_flow_ci_pct[0] > 2 * planner("error")["cord_pct"], (
        "at least its own error"
    )
    for one in found.options:
        assert one.cord_flow_pct.low < one.cord_flow_pct.value < one.cord_flow_pct.high


def test_four_levels_with_caution():
    found = plan("T11", "T12")
    assert found.verdict is Verdict.CAUTION
    assert len(found.embolised) == 8
    assert "caution" in warned(found)
    assert found.cord_flow_pct < plan("T12").cord_flow_pct
    assert {"staged", "omitted-ends"} <= {one.id for one in found.options}
    assert "all-at-once" not in {one.id for one in found.options}, "that is the plan"


def test_five_levels_have_no_automatic_plan():
    found = plan("T11", "T12", "L1")
    assert found.verdict is Verdict.NO_AUTOMATIC_PLAN
    assert found.embolised == ()
    assert found.cord_flow_pct is None
    assert found.vertebra_flow_pct is None
    assert "no automatic plan" in found.outside
    assert not any(artery.closed or artery.embolised for artery in found.schematic.arteries)
    at_once, ends, staged = (option(found, ident) for ident in ("all-at-once", "omitted-ends", "staged"))
    assert at_once.cord_flow_pct.value < ends.cord_flow_pct.value
    assert at_once.cord_flow_pct.value < staged.cord_flow_pct.value
    assert at_once.vertebra_flow_pct.value < staged.vertebra_flow_pct.value, "grown collaterals fill the vertebra too"
    assert "vertebra-fills-again" in {caveat.id for caveat in staged.warnings}


def test_five_levels_that_were_asked_for_are_computed_and_still_no_plan():
    found = plan("T11", "T12", "L1", embolised=("T10", "T11", "T12", "L1", "L2"))
    assert found.verdict is Verdict.NO_AUTOMATIC_PLAN
    assert len(found.embolised) == 10
    assert found.cord_flow_ci_pct[0] <= 44.3 <= found.cord_flow_ci_pct[1], "measured in dogs"
    assert (found.evoked_potentials.abnormal, found.evoked_potentials.animals) == (2, 3)


@pytest.mark.parametrize("levels", [("T10", "T11", "T12", "L1", "L2", "L3"), tuple(f"T{n}" for n in range(3, 11))])
def test_numbers_that_no_experiment_closed_are_not_given(levels):
    found = plan("T12" if "T12" in levels else "T6", embolised=levels)
    assert found.cord_flow_pct is None
    assert found.cord_flow_ci_pct is None
    assert found.vertebra_flow_pct is None
    assert found.after_resection_cord_flow_pct is None
    assert f"{len(levels)} levels closed" in found.outside
    assert "outside-what-was-studied" in warned(found)
    assert found.evoked_potentials.below == ()


def test_an_artery_that_feeds_the_cord_is_left_open():
    found = plan("T9", adamkiewicz="T10-left", cord_feeders=("T8-right",))
    assert found.embolised == ("T9-left", "T9-right")
    assert [left.artery for left in found.left_open] == ["T8-left", "T8-right", "T10-left", "T10-right"]
    assert [left.artery for left in found.left_open if "feeds the cord;" in left.because] == ["T8-right", "T10-left"]
    beside = option(found, "beside-the-feeder")
    assert set(beside.embolised) - set(found.embolised) == {"T8-left", "T10-right"}
    assert found.cord_flow_pct > beside.cord_flow_pct.value > option(found, "close-the-feeder").cord_flow_pct.value
    assert {"feeder-left-open", "angiography-required"} <= warned(found)
    assert found.angiography_required
    assert found.feeder == "closed-by-plan"
    assert "closes-a-feeder" in {caveat.id for caveat in option(found, "close-the-feeder").warnings}
    assert option(found, "close-the-feeder").cord_flow_pct.value < found.cord_flow_pct


def test_a_feeder_at_the_level_that_is_taken_is_said():
    found = plan("T9", adamkiewicz="T9-left")
    assert "T9-left" not in found.embolised
    assert "feeder-at-resected-level" in warned(found)
    assert "feeder-left-open" not in warned(found), "the operation cuts it: nothing is left open there"
    assert "the operation itself cuts" in found.left_open[0].because
    assert (
        found.after_resection_cord_flow_pct.value
        < found.cord_flow_pct
        < plan("T9", adamkiewicz="T4-left").cord_flow_pct
    )


def test_no_option_closes_a_feeder_but_the_one_that_says_so():
    found = plan("T9", adamkiewicz="T10-left", cord_feeders=("T7-left", "T11-right"))
    for one in found.options:
        if one.id != "close-the-feeder":
            assert not {"T10-left", "T7-left", "T11-right"} & set(one.embolised), one.id


def test_levels_left_open_are_not_counted_as_closed():
    """T10, T11, L1 asked for, T12 taken, T11 left open: three closed, and not neighbours."""
    found = plan("T12", embolised=("T10", "T11", "L1"), cord_feeders=("T11-left",))
    assert found.evoked_potentials.levels == len(found.closed_levels) == 3
    assert "not-neighbours" in warned(found)
    six = plan("T12", embolised=("T9", "T10", "T11", "L1", "L2"), cord_feeders=("T9-left",))
    assert six.outside is None, "five are closed, and five were studied"


def test_options_with_open_levels_between_say_so():
    """T5 and L2: every choice leaves levels open between; T12 with one more or less is a single run."""
    apart, run = plan("T5", "L2"), plan("T12")
    assert all("not-neighbours" in {caveat.id for caveat in one.warnings} for one in apart.options)
    assert not any("not-neighbours" in {caveat.id for caveat in one.warnings} for one in run.options)


def test_a_feeder_is_closed_only_when_asked():
    found = plan("T9", adamkiewicz="T10-left", close_feeders=True)
    assert "T10-left" in found.embolised
    assert "closes-a-feeder" in warned(found)


@pytest.mark.parametrize(
    ("level", "wishes", "feeder", "required"),
    [
        ("T9", {}, "not-known-in-risk-zone", True),
        ("T4", {}, "not-known", False),
        ("T9", {"cord_feeders": ()}, "elsewhere", False),
        ("T9", {"adamkiewicz": "L1-left"}, "elsewhere", False),
        ("T9", {"adamkiewicz": "T8-left"}, "closed-by-plan", True),
    ],
)
def test_when_angiography_is_required(level, wishes, feeder, required):
    """T7 to L2 is the zone that the advice asks about."""
    found = plan(level, **wishes)
    assert (found.feeder, found.angiography_required) == (feeder, required)
    assert ("angiography-required" in warned(found)) is required


def test_the_unknown_feeder_is_spread_as_published():
    """84.6 % have one; 76.6 % of them left; T8 to L1 in 89 %."""
    chances = {(a.level.value, a.side): a.cord_feeder_chance for a in plan("T4").schematic.arteries}
    assert sum(chances.values()) == pytest.approx(0.846, rel=EXACT)
    left = sum(chance for (_, side), chance in chances.items() if side == "left")
    assert left / 0.846 == pytest.approx(0.766, rel=EXACT)
    usual = sum(chance for (level, _), chance in chances.items() if level in ("T8", "T9", "T10", "T11", "T12", "L1"))
    assert usual / 0.846 == pytest.approx(0.89, rel=EXACT)


def test_an_angiogram_that_cleared_the_plan_moves_the_chance_elsewhere():
    found = plan("T9", cord_feeders=())
    chances = {f"{a.level}-{a.side}": a.cord_feeder_chance for a in found.schematic.arteries}
    assert all(chances[name] == 0.0 for name in found.embolised)
    assert sum(chances.values()) == pytest.approx(0.846, rel=EXACT)


def test_particles_and_coils_are_told_apart():
    coils, particles = plan("T12"), plan("T12", occlusion="particles")
    assert particles.occlusion is Occlusion.PARTICLES
    assert particles.cord_flow_pct < coils.cord_flow_pct
    assert particles.vertebra_flow_ci_pct[0] == 0.0
    assert "particles-reach-further" in warned(particles) - warned(coils)
    assert all(one.vertebra_flow_pct.low == 0.0 for one in particles.options), "as of the plan itself"
    staged = [option(plan("T11", "T12", occlusion=way), "staged") for way in ("proximal", "particles")]
    assert staged[1].cord_flow_pct.value < staged[0].cord_flow_pct.value


def test_pressure_adds_and_the_paper_is_heard():
    found = plan("T12", systolic_mmhg=90.0)
    effect = found.pressure
    assert effect.mean_mmhg == pytest.approx(90.0 * planner("pressure")["mean_over_systolic"], rel=EXACT)
    assert effect.cord_flow_pct.value < effect.open_cord_flow_pct.value
    assert effect.cord_flow_pct.value < found.cord_flow_pct
    assert "not to affect" in effect.paper_says
    assert effect.dissent is not None
    assert "hypotension-adds" in warned(found)
    assert found.cord_flow_pct == plan("T12").cord_flow_pct, "the plan's own flow is at the usual pressure"
    assert plan("T12").pressure is None


def test_flow_falls_with_pressure():
    flows = [plan("T12", systolic_mmhg=p).pressure.cord_flow_pct.value for p in (120.0, 100.0, 80.0)]
    assert flows == sorted(flows, reverse=True)


@pytest.mark.parametrize("systolic_mmhg", [40.0, 250.0])
def test_pressures_that_nobody_studied_give_no_flow(systolic_mmhg):
    found = plan("T12", systolic_mmhg=systolic_mmhg)
    assert found.pressure.cord_flow_pct is None
    assert found.pressure.open_cord_flow_pct is None
    assert f"{systolic_mmhg:g} mmHg" in found.pressure.outside
    assert "pressure-outside-what-was-studied" in warned(found)


def test_one_level_more_costs_the_cord_and_one_less_the_vertebra():
    found = plan("T12")
    for one in found.options:
        sign = 1.0 if one.kind == "omitted-level" else -1.0
        assert sign * one.cord_change_pct > 0.0
        assert sign * one.vertebra_change_pct > 0.0
    single = [one for one in found.options if one.kind in ("extra-level", "omitted-level")]
    assert found.largest_change == max(single, key=lambda one: abs(one.cord_change_pct)).id


@pytest.mark.parametrize(
    ("level", "ident"),
    [
        ("T1", "upper-end"),
        ("T4", "upper-origins-lie-low"),
        ("L4", "shared-origin-l4"),
        ("L5", "iliolumbar-l5"),
        ("L3", "lumbar-end"),
    ],
)
def test_ends_and_lumbar_levels_are_flagged(level, ident):
    assert ident in warned(plan(level))
    assert ident not in warned(plan("T10"))


def test_the_rule_stops_at_the_ends_of_the_column():
    assert plan("T1").embolised == ("T1-left", "T1-right", "T2-left", "T2-right")
    assert plan("L5").embolised == ("L4-left", "L4-right", "L5-left", "L5-right")


def test_cord_is_not_read_below_where_it_ends():
    assert plan("L5").cord_flow_at is Level.L2


def test_a_thirteenth_thoracic_vertebra_has_its_place():
    found = plan("T13")
    assert [level.value for level in found.closed_levels] == ["T12", "T13", "L1"]


def test_vascularity_by_histology():
    """1.6 to 1.9 times for tumours known to bleed; the table says that it is crude."""
    assert plan("T12", histology="renal-cell-carcinoma").tumour_factor == Measured(1.75, 1.6, 1.9)
    assert plan("T12", histology="breast-carcinoma").tumour_factor.value == 1.0
    assert plan("T12").tumour_factor.high == 1.9
    assert plan("T12", histology="something rare").tumour_factor == plan("T12").tumour_factor, "free text is not known"
    assert "vascularity-hypervascular" in warned(plan("T12", histology="renal-cell-carcinoma"))
    known = load_table("histology.toml")["names"]
    for row in perfusion_table("hypervascularity")["class"]:
        assert set(row["histologies"]) <= set(known)


def test_dogs_with_their_exact_interval():
    """None of three: up to 1 - 0.025 ** (1/3) = 70.76 %; two of three: 9.43 to 99.16 % (Clopper, Pearson)."""
    assert plan("T12").evoked_potentials.dogs_share.high == pytest.approx(1.0 - 0.025 ** (1.0 / 3.0), rel=EXACT)
    five = plan("T11", "T12", "L1").evoked_potentials.dogs_share
    assert (five.low, five.high) == (pytest.approx(0.0943, abs=5e-5), pytest.approx(0.9916, abs=5e-5))
    assert plan("T1").evoked_potentials.dogs_share is None, "no group with two levels"


def test_regained_inflow_by_hand():
    """x v / (1 + v - x) with v 0.30: 63/68 gives 0.27794/0.37353 = 0.74409, 19/68 gives 0.08382/1.02059 = 0.08213."""
    assert regained_inflow() == pytest.approx(0.74409 - 0.08213, abs=2e-5)


def test_the_picture_has_the_dogs_beside_the_patient():
    curves = plan("T12").response
    assert [point.levels for point in curves.dog] == [1, 2, 3, 4, 5, 7]
    assert [point.levels for point in curves.patient] == [1, 2, 3, 4, 5, 7]
    cord = [point.cord_flow_pct.value for point in curves.patient]
    assert cord == sorted(cord, reverse=True)
    points = {point.id: point for point in curves.experiments}
    assert points["fujimaki-5"].measured_pct == 44.3
    assert {point.role for point in curves.experiments} == {"calibration", "held-out"}


def test_the_drawing_says_what_is_tied_and_what_flows():
    found = plan("T12")
    tied = {f"{a.level}-{a.side}" for a in found.schematic.arteries if a.closed}
    assert tied == set(found.embolised)
    assert all(a.inflow_pct == 0.0 for a in found.schematic.arteries if a.closed)
    beside = [a.inflow_pct for a in found.schematic.arteries if a.level in (Level.T10, Level.L2)]
    assert all(inflow > 100.0 for inflow in beside), "the neighbours carry more than before"
    by_level = {row.level: row for row in found.schematic.levels}
    assert by_level[Level.T12].vertebra_flow_pct == pytest.approx(found.vertebra_flow_pct, rel=EXACT), "one number"
    assert by_level[Level.T10].arcade_link_pct > 0.0 > by_level[Level.L1].arcade_link_pct, "towards the closed levels"


def test_left_and_right_are_alike_where_no_table_is_sided():
    """A known feeder on either side: same flows but for the drawn sites, which follow it."""
    left, right = (perfuse(["T9"], adamkiewicz=f"T10-{side}") for side in ("left", "right"))
    assert left.cord_flow_pct == pytest.approx(right.cord_flow_pct, rel=EXACT)
    assert left.vertebra_flow_pct == pytest.approx(right.vertebra_flow_pct, rel=EXACT)


def test_equal_questions_have_equal_answers():
    assert perfuse(["T12"], systolic_mmhg=90.0) == perfuse(["T12"], systolic_mmhg=90.0)


def test_every_step_has_a_source_that_exists():
    found = plan("T11", "T12", systolic_mmhg=90.0, histology="renal-cell-carcinoma")
    steps = [*found.because, *found.why_three, *found.evoked_potentials.because, *found.pressure.because]
    steps += [step for one in found.options for step in one.because]
    assert len(found.why_three) == 4
    assert all(step.source in bibliography() for step in steps)
    assert all(step.checked in ("seed", "primary", "secondary", "unverified") for step in steps)


def test_the_contract_has_its_fields():
    """Names that plan.json promises."""
    names = {field.name for field in fields(Perfusion)}
    assert {"embolised", "vertebra_flow_pct", "cord_flow_pct", "cord_flow_ci_pct", "warnings"} <= names


@pytest.mark.parametrize(
    ("resected", "wishes", "says"),
    [
        ([], {}, "resected: names no level"),
        ("T12", {}, "resected: is one word"),
        (["C5"], {}, "resected: C5 is cervical"),
        (["sacrum"], {}, "resected: sacrum is sacral"),
        (["T14"], {}, "resected: 'T14' is no vertebra"),
        (["T12", "T12"], {}, "resected: T12 stands twice"),
        (["T12"], {"embolised": []}, "embolised: names no artery"),
        (["T12"], {"embolised": ["T12-up"]}, "embolised: 'T12-up' names no side"),
        (["T12"], {"embolised": ["C7"]}, "embolised: C7 is cervical"),
        (["T12"], {"adamkiewicz": "T9"}, "adamkiewicz: 'T9' names no side"),
        (["T12"], {"cord_feeders": ["T9-middle"]}, "cord_feeders: 'T9-middle' names no side"),
        (["T12"], {"systolic_mmhg": 0.0}, "systolic_mmhg: 0 mmHg"),
        (["T12"], {"systolic_mmhg": -5.0}, "systolic_mmhg: -5 mmHg"),
        (["T12"], {"systolic_mmhg": nan}, "systolic_mmhg: nan mmHg"),
        (["T12"], {"systolic_mmhg": inf}, "systolic_mmhg: inf mmHg"),
        (["T12"], {"occlusion": "glue"}, "occlusion: 'glue' is no way"),
    ],
)
def test_wrong_questions(resected, wishes, says):
    with pytest.raises(InputError) as caught:
        perfuse(resected, **wishes)
    assert str(caught.value).startswith(says)


def test_six_levels_to_be_taken_have_no_number():
    found = plan("T8", "T9", "T10", "T11", "T12", "L1")
    assert found.cord_flow_pct is None
    assert found.embolised == ()
    assert all(one.cord_flow_pct is None for one in found.options if len(one.embolised) > 14)
