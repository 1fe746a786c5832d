"""Primary tumours: the strategy by Enneking stage."""

from __future__ import annotations

import pytest

from spec.advising import advise, ids, says

title, source = "Surgical strategy for primary spinal tumours", "tomita2006, clarke2014"

BENIGN = {"kind": "primary-benign", "levels": ["T8"], "tomita_type": 3}
MALIGNANT = {"kind": "primary-malignant", "levels": ["T8"], "tomita_type": 4}


@pytest.mark.parametrize(
    ("patient", "stage", "operation", "tes", "aim"),
    [
        (BENIGN, "S1", "observation", "not-recommended", "unknown"),
        (BENIGN, "S2", "intralesional-curettage", "not-recommended", "cure"),
        (BENIGN, "S3", "en-bloc", "recommended", "cure"),
        (MALIGNANT, "IA", "en-bloc", "recommended", "cure"),
        (MALIGNANT, "IB", "en-bloc", "recommended", "cure"),
        (MALIGNANT, "IIA", "en-bloc", "recommended", "cure"),
        (MALIGNANT, "IIB", "en-bloc", "recommended", "cure"),
        (MALIGNANT, "III", "palliative-decompression", "not-recommended", "short-term-palliation"),
    ],
)
def test_strategy_by_stage(patient, stage, operation, tes, aim):
    """Malignant stages I and II and benign stage 3 are candidates; stage III is not. S3 and III are opposites."""
    advice = advise(**patient, enneking_stage=stage)
    assert (advice.surgery.action, advice.tes.action, advice.aim.action) == (operation, tes, aim)


def test_aggressive_benign_whole_or_piecemeal():
    """The whole tumour with its capsule, en bloc or piecemeal: what counts is that no tumour tissue is left."""
    advice = advise(**BENIGN, enneking_stage="S3", prior_surgery=False).surgery
    assert advice.alternatives == ("debulking",)
    assert {"residual-versus-contaminated", "first-operation-preferred"} <= ids(advice.caveats)


def test_salvage_is_very_hard():
    advice = advise(**BENIGN, enneking_stage="S3", prior_surgery=True).surgery
    assert "salvage-operation" in ids(advice.caveats)
    assert "first-operation-preferred" not in ids(advice.caveats)


def test_malignant_tumours_are_not_opened():
    advice = advise(**MALIGNANT, enneking_stage="IIB").surgery
    assert "debulking" not in advice.alternatives
    assert {"residual-versus-contaminated", "adjuvant-for-stage-ii"} <= ids(advice.caveats)


def test_stage_2_anomaly_is_shown():
    """The list of indications names stage 3 only; the results count stage 2."""
    advice = advise(**BENIGN, enneking_stage="S2")
    assert "stage-2-in-results" in ids(advice.tes.caveats)
    assert "en-bloc" in advice.surgery.alternatives


def test_stage_without_a_value_leaves_the_kind_s_own_stages():
    advice = advise(**MALIGNANT).surgery
    assert (advice.action, advice.possible) == ("unknown", ("en-bloc", "palliative-decompression"))
    assert [question.field for question in advice.missing] == ["tumour.enneking_stage"]


@pytest.mark.parametrize(("stage", "kind"), [("IA", 4), ("IIA", 5), ("IB", 2), ("IIB", 3)])
def test_stage_letter_and_type_contradict(stage, kind):
    """A is inside the compartment, B outside; types 1 to 3 are inside, 4 to 6 outside."""
    advice = advise(**{**MALIGNANT, "tomita_type": kind}, enneking_stage=stage)
    assert "stage-contradicts-type" in ids(advice.tes.caveats)


@pytest.mark.parametrize(("stage", "kind"), [("IA", 3), ("IIB", 4)])
def test_stage_letter_and_type_agree(stage, kind):
    advice = advise(**{**MALIGNANT, "tomita_type": kind}, enneking_stage=stage)
    assert "stage-contradicts-type" not in ids(advice.tes.caveats)


def test_skip_lesion_makes_a_malignant_primary_stage_iii():
    advice = advise(kind="primary-malignant", enneking_stage="IIB", levels=["T8"], tomita_type=7)
    assert advice.surgery.action == "palliative-decompression"
    assert "type-7-is-stage-iii" in ids(advice.surgery.caveats)


def test_several_aggressive_benign_lesions():
    """The sources are silent."""
    advice = advise(kind="primary-benign", enneking_stage="S3", levels=["T8"], tomita_type=7)
    assert (advice.surgery.action, advice.tes.action) == ("unknown", "not-recommended")
    assert advice.surgery.missing == ()


@pytest.mark.parametrize(
    ("stage", "school", "agrees"),
    [
        ("S1", "observation", True),
        ("S2", "intralesional-curettage", True),
        ("S3", "marginal-en-bloc", True),
        ("IB", "wide-en-bloc", True),
        ("III", "palliative", True),
    ],
)
def test_generic_enneking_beside_the_paper(stage, school, agrees):
    patient = BENIGN if stage.startswith("S") else MALIGNANT
    found = says(advise(**patient, enneking_stage=stage).surgery, "Enneking")
    assert (found.action, found.agrees) == (school, agrees)


def test_the_margin_enneking_asks_for_may_be_out_of_reach():
    """Type 4 with a capsule allows a marginal margin at best; stage IIB asks for a wide one."""
    advice = advise(**MALIGNANT, enneking_stage="IIB", encapsulated=True).margin
    found = says(advice, "Enneking")
    assert (advice.action, found.action, found.agrees) == ("marginal", "wide", False)


@pytest.mark.parametrize(("stage", "kind", "asked"), [("S2", 3, "intralesional"), ("S3", 3, "marginal")])
def test_the_margin_enneking_asks_for_is_within_reach(stage, kind, asked):
    found = says(advise(**{**BENIGN, "tomita_type": kind}, enneking_stage=stage).margin, "Enneking")
    assert (found.action, found.agrees) == (asked, True)


def test_a_stage_from_histology_is_to_be_confirmed():
    """Osteosarcoma outside the vertebra: IIB by the histology table."""
    advice = advise(**MALIGNANT, histology="osteosarcoma", visceral_metastases="none")
    assert advice.surgery.action == "en-bloc"
    assert "stage-from-histology" in ids(advice.surgery.caveats)
