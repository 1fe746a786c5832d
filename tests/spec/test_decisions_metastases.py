"""Metastases: performance gate, prognostic score, aim and operation."""

from __future__ import annotations

import pytest

from enbloc.decisions import Policy
from spec.advising import METASTASIS, WITH_SCORE, advise, ids, says

title, source = "Surgical strategy for spinal metastases", "tomita2006, tomita2001"

HERE = {"levels": ["T8"], "tomita_type": 4}
THE_PAPER = Policy(band_system="seed2006")


@pytest.mark.parametrize(
    ("performance", "action"),
    [
        ({"ecog": 0}, "eligible"),
        ({"ecog": 3}, "eligible"),
        ({"ecog": 4}, "not-eligible"),
        ({"kps": 30}, "eligible"),
        ({"kps": 20}, "not-eligible"),
        ({}, "unknown"),
    ],
)
def test_surgery_is_considered_from_ecog_3_or_kps_30(performance, action):
    """The same limit as for chemotherapy: ECOG 3 or better, or KPS of 30 or more."""
    assert advise(kind="metastasis", **performance, **HERE).eligibility.action == action


@pytest.mark.parametrize("pair", [{"ecog": 2, "kps": 20}, {"ecog": 4, "kps": 60}])
def test_scales_that_disagree_pass_with_a_warning(pair):
    advice = advise(kind="metastasis", **pair, **HERE).eligibility
    assert advice.action == "eligible"
    assert "ecog-kps-disagree" in ids(advice.caveats)


def test_the_gate_asks_for_either_scale():
    assert [question.field for question in advise(kind="metastasis", **HERE).eligibility.missing] == [
        "status.ecog",
        "status.kps",
    ]


def test_the_gate_is_not_for_primary_tumours():
    advice = advise(kind="primary-malignant", ecog=4, **HERE).eligibility
    assert advice.action == "not-applicable"
    assert "gate-is-information" in ids(advice.caveats)


def test_a_neurological_deficit_is_not_scored_and_excludes_nobody():
    """Paralysis is left out of the score on purpose."""
    paralysed, walking = (advise(**WITH_SCORE[2], frankel=grade, **HERE) for grade in "AE")
    assert paralysed.tes.action == walking.tes.action == "recommended"
    assert paralysed.aim.action == walking.aim.action
    assert "paralysis-not-scored" in ids(paralysed.tes.caveats)


AIMS = {
    2: "long-term-local-control",
    3: "long-term-local-control",
    4: "middle-term-local-control",
    5: "middle-term-local-control",
    6: "short-term-palliation",
    7: "short-term-palliation",
    8: "terminal-care",
    9: "terminal-care",
    10: "terminal-care",
}
OPERATIONS = {
    2: "en-bloc",
    3: "en-bloc",
    4: "debulking",
    5: "debulking",
    6: "palliative-decompression",
    7: "palliative-decompression",
    8: "no-surgery",
    9: "no-surgery",
    10: "no-surgery",
}


@pytest.mark.parametrize("score", range(2, 11))
def test_aim_and_operation_by_score(score):
    """2 and 3 long-term control, wide or marginal; 4 and 5 middle-term, marginal or intralesional; 6 and 7 palliation;
    8 to 10 no operation.
    """
    advice = advise(**WITH_SCORE[score], **HERE)
    assert advice.aim.action == AIMS[score]
    assert advice.surgery.action == OPERATIONS[score]
    assert ("score-4-on-two-bands" in ids(advice.aim.caveats)) == (score == 4)


def test_score_4_in_both_readings():
    """The paper reports scores 2, 3 and 4 as its en bloc group; in 2001 a 4 is for debulking. Neither is smoothed."""
    by_2001, by_the_paper = (advise(policy, **WITH_SCORE[4], **HERE) for policy in (None, THE_PAPER))
    assert (by_2001.surgery.action, by_2001.surgery.alternatives) == ("debulking", ("en-bloc",))
    assert (by_the_paper.surgery.action, by_the_paper.surgery.alternatives) == ("en-bloc", ("debulking",))
    assert by_2001.tes.action == "relatively-indicated"
    assert by_the_paper.tes.action == "recommended"
    assert by_the_paper.aim.action == "long-term-local-control"
    other = says(by_2001.surgery, "the 2006 paper")
    assert (other.action, other.agrees) == ("en-bloc", False)
    assert says(by_the_paper.surgery, "Tomita 2001").action == "debulking"


@pytest.mark.parametrize("score", [6, 8])
def test_the_figure_that_was_not_seen_is_not_invented(score):
    """Overlapping boxes at 6 and 8 are hearsay: the bands of 2001 are kept and the doubt is said."""
    advice = advise(THE_PAPER, **WITH_SCORE[score], **HERE)
    assert (advice.aim.action, advice.surgery.action) == (AIMS[score], OPERATIONS[score])
    assert "score-on-two-bands" in ids(advice.aim.caveats)


def test_below_the_gate_nothing_major():
    advice = advise(**{**WITH_SCORE[2], "ecog": 4}, **HERE)
    assert advice.surgery.action == "no-surgery"
    assert set(advice.surgery.alternatives) == {"systemic-treatment", "hospice-care", "palliative-decompression"}
    assert advice.tes.action == "not-recommended"


@pytest.mark.parametrize("score", range(2, 11))
def test_several_lesions_outweigh_any_score(score):
    """Type 7: systemic treatment or hospice care. With 6 or 7 points palliative decompression stays possible."""
    advice = advise(**WITH_SCORE[score], levels=["T8"], tomita_type=7)
    assert advice.tes.action == "not-recommended"
    assert advice.surgery.action == "no-surgery"
    assert {"systemic-treatment", "hospice-care"} <= set(advice.surgery.alternatives)
    assert ("palliative-decompression" in advice.surgery.alternatives) == (score in (6, 7))


@pytest.mark.parametrize("kind", [1, 2])
def test_types_1_and_2_have_other_ways(kind):
    """Radiotherapy, chemotherapy, corpectomy or hemivertebrectomy may do."""
    advice = advise(**WITH_SCORE[2], levels=["T8"], tomita_type=kind)
    others = {"radiotherapy", "chemotherapy", "corpectomy", "hemivertebrectomy"}
    assert others <= set(advice.surgery.alternatives)
    assert others <= set(advice.tes.alternatives)


def test_an_open_score_leaves_several_aims():
    """Growth unknown, no other metastasis: 2, 3 or 5 points. Growth settles it."""
    advice = advise(**METASTASIS, **HERE).aim
    assert advice.action == "unknown"
    assert advice.possible == ("long-term-local-control", "middle-term-local-control")
    assert [(question.field, question.settles) for question in advice.missing] == [("tumour.growth", True)]


def test_an_open_score_within_one_band_leaves_nothing_open():
    """Growth rapid and viscera untreatable: 9 or 10 points, terminal care either way."""
    advice = advise(kind="metastasis", ecog=1, growth="rapid", visceral_metastases="untreatable", **HERE)
    assert advice.aim.action == "terminal-care"
    assert advice.aim.missing == ()


def test_low_score_with_several_bone_metastases():
    """The list of indications says isolated, the score admits multiple: shown, not settled."""
    advice = advise(**{**WITH_SCORE[2], "bone_metastases": "multiple"}, **HERE)
    assert advice.tes.action == "recommended"
    assert "multiple-bones-low-score" in ids(advice.tes.caveats)


def test_outside_the_rule_is_not_never_done():
    assert "outside-score-rule" in ids(advise(**WITH_SCORE[5], **HERE).tes.caveats)


def test_isolated_means_the_whole_skeleton():
    assert "isolated-counts-all-bones" in ids(advise(**WITH_SCORE[2], **HERE).aim.caveats)


def test_no_source_counts_contiguous_spread():
    assert "type-6-and-bone-count" in ids(advise(**WITH_SCORE[2], levels=["T8"], tomita_type=6).aim.caveats)
