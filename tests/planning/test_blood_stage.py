"""Blood flow, loss and shortening in a plan: for which levels, with whose arteries, and when there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enbloc.case import VesselFacts, parse_case
from enbloc.core.evidence import Measured, Skipped
from enbloc.planning import PerfusionFindings, Settings, ShorteningFindings, plan, why
from enbloc.planning.blood import expected_loss, flow_fraction, known_feeders, roots_cut
from enbloc.planning.shortening import combined
from enbloc.resection.removal_nouns import Root
from resection.hand_made import a_resection

BY_DEFAULT = Settings()
HEAD = 'schema = "enbloc.case/1"\nid = "a"\n'
FOUND = """[tumour]
kind = "metastasis"
histology = "breast-carcinoma"
[status]
ecog = 1
visceral_metastases = "none"
bone_metastases = "isolated"
"""
EXTENT = '[extent]\nlevels = [{levels}]\nzones = ["body", "pedicle-left"]\nskip_lesion = false\n'


def planned(*levels: str, more: str = "", settings: Settings = BY_DEFAULT):
    named = ", ".join(f'"{level}"' for level in levels)
    return plan(parse_case(HEAD + EXTENT.format(levels=named) + FOUND + more), settings=settings)


@pytest.fixture(scope="module")
def at_t12():
    return planned("T12", more="[planned]\nshortening_mm = 6\nsystolic_mmhg = 90\n")


@pytest.mark.parametrize("level", ["T1", "T4", "T9", "L1", "L5"])
@pytest.mark.parametrize("feeder", [None, "T9-left", "L1-right"])
def test_the_arteries_are_those_of_the_advice(level: str, feeder: str | None) -> None:
    """Two rooms read one rule, each in its own way: levels in the advice, arteries in the planner."""
    more = "" if feeder is None else f'[vessels]\nadamkiewicz = "{feeder}"\n'
    made = planned(level, more=more)
    advised = {f"{name}-{side}" for name in made.advice.embolisation.levels for side in ("left", "right")}
    assert set(made.perfusion.embolised) == advised
    left = {out.level for out in made.advice.embolisation.left_out if feeder and out.level == feeder.partition("-")[0]}
    assert {one.artery.partition("-")[0] for one in made.perfusion.left_open} == left


def test_the_stage_fills_the_contract(at_t12) -> None:
    found = at_t12.perfusion
    low, high = found.cord_flow_ci_pct
    assert low <= found.cord_flow_pct <= high
    assert found.blood_loss_ml == found.blood_loss.blood_loss_ml
    assert found.pressure.systolic_mmhg == 90.0
    assert [factor.known for factor in found.blood_loss.factors if factor.id == "hypervascular"] == [True]


def test_shortening_is_that_of_the_case_and_of_the_expected_segment(at_t12) -> None:
    found = at_t12.shortening
    assert (found.planned_mm, found.height_is, found.segment_level) == (6.0, "expected", "T12")
    assert found.cord_flow_with_arteries_closed_pct is not None
    assert "no-experiment-did-both" in {caveat.id for caveat in found.caveats}


def test_the_two_flows_are_multiplied(at_t12) -> None:
    """140 (90 to 150) % of 80 (60 to 95) % are 112 (54 to 142.5) %."""
    both = combined(
        Measured(140.0, 90.0, 150.0), replace(at_t12.perfusion, cord_flow_pct=80.0, cord_flow_ci_pct=(60.0, 95.0))
    )
    assert (both.value, both.low, both.high) == pytest.approx((112.0, 54.0, 142.5), rel=1e-12)  # one product each
    assert combined(None, at_t12.perfusion) is None
    assert combined(both, Skipped("nothing")) is None
    assert combined(both, replace(at_t12.perfusion, cord_flow_pct=None, cord_flow_ci_pct=None)) is None


@pytest.mark.parametrize(
    ("levels", "more", "because"),
    [
        (("C5",), "", "C5"),
        (("T12", "sacrum"), "", "sacrum"),
        (("T12",), "[[lesions]]\nlevel = 'T5'\n", None),
    ],
)
def test_levels_outside_the_operation(levels: tuple[str, ...], more: str, because: str | None) -> None:
    found = planned(*levels, more=more)
    for stage in (found.perfusion, found.shortening):
        assert isinstance(stage, Skipped) == (because is not None)
        if because is not None:
            assert because in stage.skipped or "outside" in stage.skipped


def test_no_operation_no_flow() -> None:
    """Type 7: nothing is resected en bloc, nothing embolised for one lesion."""
    found = plan(parse_case(f"{HEAD}[extent]\ntomita_type = 7\nlevels = ['T5', 'T9']\n"))
    assert isinstance(found.perfusion, Skipped)
    assert "type 7" in found.perfusion.skipped
    assert isinstance(found.shortening, Skipped)


def test_a_level_that_nobody_names() -> None:
    found = plan(parse_case(f"{HEAD}[extent]\ntomita_type = 3\nskip_lesion = false\n"))
    assert found.perfusion == Skipped("which levels are operated on is not known")


def test_levels_apart_have_no_single_gap() -> None:
    found = planned("T8", "T11")
    assert isinstance(found.perfusion, PerfusionFindings)
    assert "no neighbours" in found.shortening.skipped


def test_left_out_by_the_settings() -> None:
    found = planned("T12", settings=Settings(perfusion=False))
    assert found.perfusion == Skipped("left out by the settings")
    assert isinstance(found.shortening, ShorteningFindings)
    assert found.manifest.settings["perfusion"] is False


def test_a_shortening_that_the_gap_does_not_hold() -> None:
    """It is said where the stage would stand and warned of; the rest of the plan is not lost for it."""
    found = planned("T12", more="[planned]\nshortening_mm = 100\n")
    assert found.shortening.skipped.startswith("planned.shortening_mm: 100 mm leave no room for a cage")
    assert "planned-shortening-outside-protocol" in {caveat.id for caveat in found.warnings}
    assert isinstance(found.perfusion, PerfusionFindings)


def test_feeders_from_the_neck_are_known_and_not_asked_of_the_model() -> None:
    assert known_feeders(VesselFacts()) is None
    assert known_feeders(VesselFacts(cord_feeders=("C6-left",))) == ()
    assert known_feeders(VesselFacts(cord_feeders=("C6-left", "T9-left"), adamkiewicz="L1-left")) == (
        "L1-left",
        "T9-left",
    )


def test_flow_above_normal_counts_as_all_of_it(at_t12) -> None:
    found = replace(at_t12.perfusion, vertebra_flow_pct=90.0, vertebra_flow_ci_pct=(80.0, 130.0))
    assert flow_fraction(found) == Measured(0.9, 0.8, 1.0)
    assert flow_fraction(replace(found, vertebra_flow_pct=None, vertebra_flow_ci_pct=None)) is None


def test_what_is_not_known_of_the_loss_is_named(at_t12) -> None:
    missing = expected_loss(at_t12.perfusion, None, None, None).missing
    assert len(missing) == 4  # vascularity, pressure, glue, approach; flow and levels are known


def test_a_histology_that_no_table_holds_is_not_known(at_t12) -> None:
    """Free text is as good as none: the same range, and named as missing."""
    free, none = (expected_loss(at_t12.perfusion, name, None, None) for name in ("a rare thing", None))
    assert free == none


def test_a_loss_beyond_every_series_is_warned_of() -> None:
    ids = {caveat.id for caveat in planned("T9", "T10", "T11", "T12").warnings}
    assert "blood-loss-outside-what-was-studied" in ids
    assert "blood-loss-outside-what-was-studied" not in {caveat.id for caveat in planned("T9").warnings}


def test_roots_divided_and_in_the_way_each_once() -> None:
    resection = a_resection()
    release = replace(resection.releases[0], structure="nerve root", action="divide", level="T12", side="left")
    kept = replace(release, action="keep", side="right")
    other = replace(release, structure="ligamentum flavum", side="right")
    made = replace(resection, releases=(release, kept, other), removal=Skipped("not looked for"))
    assert roots_cut(made) == ("T12-left",)
    removal = a_removal(Root("T12", "left"), Root("T11", "right"))
    assert roots_cut(replace(made, removal=removal)) == ("T12-left", "T11-right")


def a_removal(*roots: Root):
    from enbloc.resection.removal_nouns import PieceRemoval, Removal

    piece = PieceRemoval(
        piece="block", found=True, way=None, about_mm=(0.0, 0.0, 0.0), poses=(), clearances=(),
        roots_that_must_go=roots, tried=(), says="block: out",
    )  # fmt: skip
    return Removal(pieces=(piece,), corridor_mm=None, because=(), caveats=())


def test_reasons_name_plan_option_loss_and_limits(at_t12) -> None:
    text = why(at_t12, "perfusion")
    for words in ("close T11-left", "perfusion.options.0 (T10 as well)", "perfusion.blood_loss", "systolic 80 to 100"):
        assert words in text
    assert "planned 6 mm, phase 1" in why(at_t12, "shortening")
