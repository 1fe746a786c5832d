"""Total en bloc spondylectomy: indication, margin, approach, levels, protocol."""

from __future__ import annotations

import pytest

from enbloc.decisions import Policy
from spec.advising import WITH_SCORE, advise, ids, says

title, source = "Total en bloc spondylectomy", "tomita2006"

GOOD = WITH_SCORE[2]
LATER = Policy(approach_policy="kanazawa2025")


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (1, "relatively-indicated"),
        (2, "relatively-indicated"),
        (3, "recommended"),
        (4, "recommended"),
        (5, "recommended"),
        (6, "relatively-indicated"),
        (7, "not-recommended"),
    ],
)
def test_indication_by_type(kind, action):
    """Types 3, 4, 5 recommended; 1, 2, 6 relative; 7 not. Not in the order of the numbers."""
    tes = advise(**GOOD, levels=["T8"], tomita_type=kind).tes
    assert (tes.action, tes.by_type, tes.by_pathology) == (action, action, "recommended")


@pytest.mark.parametrize("level", ["C5", "C7", "S1", "sacrum"])
def test_cervical_and_sacral_levels_are_outside_the_scope(level):
    advice = advise(**GOOD, levels=[level], tomita_type=4)
    assert (advice.tes.action, advice.surgery.action) == ("outside-scope", "unknown")
    assert (advice.approach.action, advice.embolisation.action) == ("none", "unknown")
    assert advice.level_checklist.action == "outside-scope"
    assert (advice.margin.action, advice.margin.achievable) == ("unknown", ())
    assert advice.protocol.items == ()


def test_one_level_outside_is_enough():
    """C7 with T1."""
    assert advise(**GOOD, levels=["C7", "T1"], tomita_type=6).tes.action == "outside-scope"


def test_supernumerary_levels_are_inside():
    assert advise(**GOOD, levels=["T13"], tomita_type=4).tes.action == "recommended"
    assert advise(**GOOD, levels=["L6"], tomita_type=4).approach.action == "posterior-then-anterior"


def test_without_a_level_the_advice_is_conditional():
    advice = advise(**GOOD, tomita_type=4)
    assert advice.tes.action == "recommended"
    assert "levels-not-stated" in ids(advice.tes.caveats)
    assert (advice.approach.action, advice.embolisation.action) == ("unknown", "unknown")
    assert (advice.level_checklist.action, advice.level_checklist.items) == ("unknown", ())
    assert advice.embolisation.missing[0].field == "extent.levels"


def test_a_skip_lesion_nobody_looked_for_leaves_tes_open():
    """Zones say type 4; the rest of the column is not known."""
    advice = advise(**GOOD, levels=["T8"], zones=["body", "canal"], skip_lesion=None).tes
    assert (advice.action, set(advice.possible)) == ("unknown", {"recommended", "not-recommended"})
    assert "skip-not-excluded" in ids(advice.caveats)
    assert [(question.field, question.settles) for question in advice.missing] == [("extent.skip_lesion", True)]


@pytest.mark.parametrize("kind", [1, 2, 3])
def test_margin_inside_the_compartment(kind):
    """Wide, or at least marginal; particularly when cut through a healthy part of pedicle or lamina."""
    open_, healthy, none = (
        advise(**GOOD, levels=["T8"], tomita_type=kind, healthy_cut=cut).margin for cut in (None, True, False)
    )
    assert (open_.action, open_.achievable) == (healthy.action, healthy.achievable) == ("wide", ("wide", "marginal"))
    assert "healthy-cut-not-confirmed" in ids(open_.caveats)
    assert "healthy-cut-not-confirmed" not in ids(healthy.caveats)
    assert (none.action, none.achievable) == ("intralesional", ("intralesional",))


@pytest.mark.parametrize("kind", [4, 5, 6])
def test_margin_outside_the_compartment(kind):
    """Marginal only if a fibrous reactive membrane encapsulates the tumour well; not known: nothing is promised."""
    yes, no, open_ = (
        advise(**GOOD, levels=["T8"], tomita_type=kind, encapsulated=capsule).margin for capsule in (True, False, None)
    )
    assert (yes.action, yes.achievable) == ("marginal", ("marginal",))
    assert (no.action, no.achievable) == ("intralesional", ("intralesional",))
    assert (open_.action, open_.achievable) == ("unknown", ())
    assert [question.field for question in open_.missing] == ["extent.encapsulated"]
    assert "planned-intralesional-site" in ids(yes.caveats)


def test_no_margin_for_several_lesions():
    assert advise(**GOOD, levels=["T8"], tomita_type=7).margin.action == "none"


VESSELS = {"major_vessel_involved": False, "segmental_artery_involved": False}


@pytest.mark.parametrize(
    ("level", "kind", "vessels", "approach"),
    [
        ("T1", 4, {}, "single-posterior"),
        ("T8", 1, {}, "single-posterior"),
        ("L3", 4, {}, "single-posterior"),
        ("L3", 5, VESSELS, "single-posterior"),
        ("T8", 6, VESSELS, "single-posterior"),
        ("T8", 5, {**VESSELS, "major_vessel_involved": True}, "anterior-then-posterior"),
        ("T8", 6, {**VESSELS, "segmental_artery_involved": True}, "anterior-then-posterior"),
        ("T8", 5, {"segmental_artery_involved": True}, "anterior-then-posterior"),
        ("L4", 4, {}, "posterior-then-anterior"),
        ("L5", 5, {**VESSELS, "major_vessel_involved": True}, "posterior-then-anterior"),
        ("T8", 7, {}, "none"),
        ("L5", 7, {}, "none"),
        ("T8", 5, {}, "unknown"),
        ("T8", 5, {"major_vessel_involved": False}, "unknown"),
    ],
)
def test_approach(level, kind, vessels, approach):
    """Single posterior above L4 without vessels; anterior first for types 5 and 6 with vessels; L5 (L4) double."""
    assert advise(**GOOD, levels=[level], tomita_type=kind, **vessels).approach.action == approach


def test_the_approach_asks_for_the_vessels_of_type_5():
    asked = [question.field for question in advise(**GOOD, levels=["T8"], tomita_type=5).approach.missing]
    assert asked == ["extent.major_vessel_involved", "extent.segmental_artery_involved"]


@pytest.mark.parametrize("vessel", ["major_vessel_involved", "segmental_artery_involved"])
def test_vessel_contact_contradicts_a_tumour_within_the_bone(vessel):
    approach = advise(**GOOD, levels=["T8"], tomita_type=4, **{vessel: True}).approach
    assert approach.action == "anterior-then-posterior"
    assert "vessel-contradicts-type" in ids(approach.caveats)


def test_l4_is_the_surgeon_s_choice():
    """The paper writes L5 (L4) and above L4. Others removed it from behind alone."""
    approach = advise(**GOOD, levels=["L4"], tomita_type=4).approach
    assert "level-l4-borderline" in ids(approach.caveats)
    found = says(approach, "L4 from behind")
    assert (found.action, found.agrees) == ("single-posterior", False)
    assert says(advise(**GOOD, levels=["L3"], tomita_type=4).approach, "L4 from behind") is None


def test_several_levels_take_the_most_demanding_row():
    assert advise(**GOOD, levels=["L3", "L4"], tomita_type=6, **VESSELS).approach.action == "posterior-then-anterior"


@pytest.mark.parametrize(
    ("level", "approach"),
    [("T12", "single-posterior"), ("L1", "anterior-then-posterior"), ("L3", "anterior-then-posterior")],
)
def test_later_practice_releases_vessels_from_the_front_at_l1_to_l3(level, approach):
    """As a switch, and as dissent when it is not switched on."""
    assert advise(LATER, **GOOD, levels=[level], tomita_type=4).approach.action == approach
    found = says(advise(**GOOD, levels=[level], tomita_type=4).approach, "later Kanazawa")
    assert (found.action if found else "single-posterior") == approach


@pytest.mark.parametrize(
    ("kind", "growth", "bone", "viscera", "agrees"),
    [
        ("metastasis", "slow", "isolated", "treatable", True),
        ("metastasis", "rapid", "isolated", "none", True),
        ("metastasis", "slow", "multiple", "none", False),
        ("metastasis", "slow", "isolated", "untreatable", True),
    ],
)
def test_later_kanazawa_indication(kind, growth, bone, viscera, agrees):
    """Not for fast-growing cancers, many metastases, uncontrolled viscera. Scores by hand: 4, 5, 3 and 6."""
    facts = {"kind": kind, "growth": growth, "bone_metastases": bone, "visceral_metastases": viscera, "ecog": 1}
    assert says(advise(**facts, levels=["T8"], tomita_type=4).tes, "later Kanazawa").agrees is agrees


@pytest.mark.parametrize(("kind", "stage"), [("primary-benign", "S3"), ("primary-malignant", "IB")])
def test_later_kanazawa_takes_primaries(kind, stage):
    tes = advise(kind=kind, enneking_stage=stage, levels=["T8"], tomita_type=4).tes
    assert says(tes, "later Kanazawa").agrees is True


@pytest.mark.parametrize(
    ("facts", "remark"),
    [
        ({"prior_radiotherapy": True}, "prior-radiotherapy"),
        ({"prior_surgery": True}, "salvage-operation"),
        ({"levels": ["T7", "T8"], "tomita_type": 6}, "several-levels"),
        ({"levels": ["T7", "T8", "T9", "T10"], "tomita_type": 6}, "more-than-three-levels"),
        ({"epidural_grade": "1b", "tomita_type": 3}, "epidural-grade-contradicts-type"),
        ({"epidural_grade": "0", "tomita_type": 4}, "epidural-grade-contradicts-type"),
        ({}, "guideline-only"),
    ],
)
def test_remarks_on_tes(facts, remark):
    advice = advise(**{**GOOD, "levels": ["T8"], "tomita_type": 4, **facts}).tes
    assert remark in ids(advice.caveats)
    plain = advise(**GOOD, levels=["T8"], tomita_type=4, epidural_grade="2").tes
    assert remark == "guideline-only" or remark not in ids(plain.caveats)


def test_what_is_said_of_tes_when_it_is_not_indicated():
    advice = advise(**WITH_SCORE[9], levels=["T8"], tomita_type=4, encapsulated=True)
    for other in (advice.margin, advice.approach, advice.embolisation):
        assert "no-tes-indicated" in ids(other.caveats)
    assert (advice.protocol.action, advice.protocol.items) == ("none", ())


def test_protocol_in_order_with_its_numbers():
    """Numbers of the paper: 80-100 mmHg, fibrin glue 1.5 mL each way, T-saw 0.5 mm, water then cisplatin 2.5 min each,
    0.5 mg/mL (in vitro), shortening 5-10 mm.
    """
    protocol = advise(**GOOD, levels=["T8"], tomita_type=4).protocol
    names = [item.id for item in protocol.items]
    figures = {(item.id, f.name): (f.low, f.high, f.unit) for item in protocol.items for f in item.figures}
    assert figures == {
        ("embolise", "closed"): (3, 3, "levels"),
        ("hypotensive-anaesthesia", "systolic pressure"): (80, 100, "mmHg"),
        ("t-saw", "diameter"): (0.5, 0.5, "mm"),
        ("fibrin-glue", "each way"): (1.5, 1.5, "mL"),
        ("double-rinse-water", "time"): (2.5, 2.5, "min"),
        ("double-rinse-cisplatin", "concentration"): (0.5, 0.5, "mg/mL"),
        ("double-rinse-cisplatin", "time"): (2.5, 2.5, "min"),
        ("compression", "shortening"): (5, 10, "mm"),
    }
    order = ["embolise", "hypotensive-anaesthesia", "en-bloc-laminectomy", "fibrin-glue", "anterior-osteotomy"]
    order += ["double-rinse-water", "double-rinse-cisplatin", "reconstruction", "compression", "follow-up"]
    assert sorted(order, key=names.index) == order
    cisplatin = next(item for item in protocol.items if item.id == "double-rinse-cisplatin")
    assert "never a dosing order" in cisplatin.says


@pytest.mark.parametrize(
    ("planned", "remark"),
    [
        ({"systolic_mmhg": 120.0}, "planned-systolic-pressure-outside-protocol"),
        ({"systolic_mmhg": 100.0}, None),
        ({"shortening_mm": 0.0}, "planned-shortening-outside-protocol"),
        ({"shortening_mm": 10.0}, None),
    ],
)
def test_what_is_planned_otherwise_is_said(planned, remark):
    found = ids(advise(**GOOD, levels=["T8"], tomita_type=4, **planned).protocol.caveats)
    assert found == ({remark} if remark else set())
