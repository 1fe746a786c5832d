"""The scores in the report: total, direction, bands, what to ask, source; and nothing decided there."""

from __future__ import annotations

from dataclasses import replace

from enbloc.case import parse_case
from enbloc.planning import plan
from enbloc.report import render_report, scores
from scene.hand_made import a_plan_without_images

CASE = """schema = "enbloc.case/1"
id = "a"
[extent]
levels = ["T12"]
tomita_type = 3
[tumour]
kind = "metastasis"
histology = "renal-cell-carcinoma"
[status]
visceral_metastases = "none"
"""


def test_open_score_with_what_would_settle_it() -> None:
    """Kidney 2, no visceral metastases 0: 3 or 4 as the bone metastases are isolated or multiple."""
    text = render_report(plan(parse_case(CASE)))
    for said in (
        "Tomita prognostic score",
        "<b>3 to 4</b><small>of 2 to 10, ↑ worse</small>",
        "isolated: long term local control; multiple: middle term local control",
        "How it did: one-year survival, prospective: c 0.69",
        "made for primary tumours; tumour.kind = metastasis",
        "Nothing is known yet for: ASIA impairment scale,",
    ):
        assert said in text, said


def test_scores_of_which_nothing_is_known_are_only_named() -> None:
    made = plan(parse_case(CASE))
    known, unknown = scores.known(made), scores.unknown(made)
    assert {score.instrument for score in unknown} >= {"ais", "frankel", "kps", "ecog"}
    assert {score.instrument for score in known} >= {"tomita-2001", "sins-2010", "bauer-modified"}
    assert len(known) + len(unknown) + len(scores.unfit(made)) == len(made.scores)


def test_a_plan_without_scores_has_no_section() -> None:
    assert 'id="scores"' not in render_report(replace(a_plan_without_images(), scores={}))
