"""The decision page says what the advice says: answers, what is open, who disagrees, lists with their numbers."""

from __future__ import annotations

from enbloc.decisions import Flip
from enbloc.planning import Plan, plan
from enbloc.report import decisions
from enbloc.report.html import render_report
from spec.advising import WITH_SCORE, case_of


def a_plan(**facts) -> Plan:
    return plan(case_of(**{**WITH_SCORE[4], "levels": ["T8"], "tomita_type": 4, "adamkiewicz": "T9-left", **facts}))


def test_every_answer_stands_on_the_page() -> None:
    made = a_plan()
    text = render_report(made)
    for name, title, found in decisions.board(made.advice):
        assert title in text, name
        assert decisions.action(found) in text, name
    assert "open: marginal or intralesional" in text
    assert "<code>extent.encapsulated</code> – any answer settles it" in text
    assert "Levels: <strong>T7, T8</strong>, both sides. Left out: T9, the artery on the left feeds the cord." in text
    assert "<strong>≠ differs</strong> – the 2006 paper: scores 2 to 4 as one group" in text
    assert "systolic pressure 80 to 100 mmHg" in text
    assert "the final decision is individual" in text


def test_no_protocol_where_no_tes_is_possible() -> None:
    text = render_report(a_plan(tomita_type=7))
    assert "Protocol, in order" not in text
    assert "systolic pressure" not in text


def test_further_lesions_say_what_must_be_judged() -> None:
    text = render_report(a_plan(lesions=[{"level": "L3", "size_mm": 8.0, "symptomatic": False}]))
    assert "<strong>L3</strong>, 8 mm: open: operation or radiotherapy. Judge:" in text


def test_a_flip_in_words() -> None:
    assert decisions.flip(Flip("status.ecog", 1, 4, "no-surgery", 3)) == "no surgery, if status.ecog were 4 (now 1)"
    asked = Flip("extent.skip_lesion", None, True, "not-recommended", 0)
    assert decisions.flip(asked) == "not recommended, if extent.skip_lesion were true (not known now)"
