"""The table of margin classes row by row, cuts and dissected faces by hand, and the worst of several."""

from __future__ import annotations

from itertools import product

import pytest

from enbloc.core.errors import InputError, KnowledgeError
from enbloc.core.evidence import Measured, Step
from enbloc.knowledge import MarginRule, barrier_tissues, margin_rule, margin_rules, resection_tool, resection_tools
from enbloc.knowledge.resection_tables import FACTS
from enbloc.resection.classes import CLASSES, Reach, cut_class, face_class, worst
from enbloc.resection.nouns import ClassRange, MarginClass, Tissue
from enbloc.resection.settings import ResectionSettings

WIDE, MARGINAL, INTRALESIONAL = MarginClass.WIDE, MarginClass.MARGINAL, MarginClass.INTRALESIONAL
CLEAR = {"tumour": "clear", "through": "body"}
FACE = {"reach": "passed", "strength": "weak", "capsule": "unknown", "behind": "kept"}
DECISIVE = {
    "cut-in-tumour": ("cut", {**CLEAR, "tumour": "entered"}, "intralesional", "i"),
    "cut-likely-in-tumour": ("cut", {**CLEAR, "tumour": "likely-entered"}, "intralesional", "wmi"),
    "cut-barely-clear": ("cut", {**CLEAR, "tumour": "barely-clear"}, "marginal", "wmi"),
    "cut-in-healthy-arch": ("cut", {**CLEAR, "through": "lamina"}, "wide", "wm"),
    "cut-in-healthy-tissue": ("cut", CLEAR, "wide", "wm"),
    "face-not-reached": ("face", {**FACE, "reach": "not-reached"}, "wide", "w"),
    "face-behind-entered": ("face", {**FACE, "behind": "entered", "capsule": "yes"}, "intralesional", "i"),
    "face-passed-with-capsule": ("face", {**FACE, "capsule": "yes"}, "marginal", "mi"),
    "face-passed-without-capsule": ("face", {**FACE, "capsule": "no"}, "intralesional", "i"),
    "face-passed-capsule-unknown": ("face", FACE, None, "mi"),
    "face-strong-reached": ("face", {**FACE, "reach": "reached", "strength": "strong"}, "wide", "wm"),
    "face-weak-reached": ("face", {**FACE, "reach": "reached"}, "marginal", "m"),
    "face-ungraded-reached": ("face", {**FACE, "reach": "reached", "strength": "not-graded"}, "marginal", "wm"),
}
SEED = {"cut-in-healthy-arch", "face-passed-with-capsule"}
"""The paper: wide, or at least marginal, through healthy pedicle or lamina; beyond the compartment marginal may be had,
only where well encapsulated. All other rows are readings of ours.
"""


@pytest.mark.parametrize("row", DECISIVE)
def test_every_row_decides_somewhere(row, monkeypatch):
    """It gives what it should, and without it something else comes out, or nothing fits."""
    of, facts, gives, letters = DECISIVE[row]
    rule = margin_rule(of, facts)
    assert (rule.id, rule.gives, "".join(name[0] for name in rule.possible)) == (row, gives, letters)
    left = tuple(rule for rule in margin_rules() if rule.id != row)
    monkeypatch.setattr("enbloc.knowledge.resection_tables.margin_rules", lambda: left)
    other = next((rule for rule in left if rule.of == of and rule.fits(facts)), None)
    if other is None:
        with pytest.raises(KnowledgeError, match="no row fits"):
            margin_rule(of, facts)
    else:
        assert margin_rule(of, facts) == other != rule


def test_the_list_above_is_the_table():
    assert [rule.id for rule in margin_rules()] == list(DECISIVE)


def test_only_what_the_paper_says_is_the_papers():
    for rule in margin_rules():
        expected = ("tomita2006", "seed") if rule.id in SEED else ("enbloc-decision", "unverified")
        assert (rule.source, rule.checked) == expected


@pytest.mark.parametrize("of", FACTS)
def test_the_table_has_no_gap(of):
    for values in product(*FACTS[of].values()):
        assert margin_rule(of, dict(zip(FACTS[of], values, strict=True))).of == of


def test_words_of_the_table_are_those_of_the_code():
    assert FACTS["cut"]["through"] == tuple(Tissue)
    assert FACTS["face"]["reach"] == tuple(Reach)


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("of", "hole", "'hole'"),
        ("when", {"reech": ["passed"]}, "did you mean 'reach'"),
        ("when", {"reach": ["past"]}, "'past'"),
        ("possible", ("marginal", "wide"), "not best first"),
        ("possible", (), "empty"),
        ("possible", ("radical",), "'radical'"),
        ("gives", "intralesional", "'intralesional'"),
    ],
)
def test_a_malformed_row_is_refused(key, value, says):
    row = {
        "id": "x", "of": "face", "when": {}, "gives": "wide", "possible": ("wide", "marginal"), "says": "",
        "source": "tomita2006", "checked": "seed",
    }  # fmt: skip
    MarginRule(**row)
    with pytest.raises(KnowledgeError, match=says):
        MarginRule(**{**row, key: value})


def test_tools():
    """T-saw: 0.5 mm, the paper. The other widths are nobody's yet."""
    saw = resection_tool("t-saw")
    assert (saw.width_mm, saw.source, saw.checked) == (0.5, "tomita2006", "seed")
    assert set(resection_tools()) == {"t-saw", "chisel", "ultrasonic"}
    assert {tool.checked for tool in resection_tools().values() if tool is not saw} == {"unverified"}
    with pytest.raises(InputError, match=r"resection\.tool.*did you mean 'chisel'"):
        resection_tool("chisle")


def cut(value: float, low: float, high: float, tumour_mm2: float = 0.0, tissue: Tissue = Tissue.PEDICLE) -> ClassRange:
    return cut_class(Measured(value, low, high), tumour_mm2, tissue)


@pytest.mark.parametrize(
    ("found", "row"),
    [
        (cut(3.0, 2.0, 4.0), "cut-in-healthy-arch"),
        (cut(3.0, 2.0, 4.0, tissue=Tissue.DISC), "cut-in-healthy-tissue"),
        (cut(0.4, 0.0, 1.4), "cut-barely-clear"),
        (cut(0.0, -1.0, 1.0), "cut-barely-clear"),
        (cut(-0.1, -1.1, 0.9), "cut-likely-in-tumour"),
        (cut(0.2, -0.8, 1.2, tumour_mm2=3.0), "cut-likely-in-tumour"),
        (cut(-1.0, -2.0, 0.0), "cut-likely-in-tumour"),
        (cut(-1.1, -2.1, -0.1), "cut-in-tumour"),
    ],
)
def test_a_cut_by_where_its_range_lies(found, row):
    assert [step.rule for step in found.because] == [f"margin-classes/{row}"]


def test_a_cuts_step_names_what_it_read():
    (step,) = cut(-1.0, -2.0, 0.0, tumour_mm2=12.4).because
    assert step.facts == ("margin -1.0 (-2.0 to 0.0) mm", "mostly through pedicle", "12 mm² of the section in tumour")
    assert step.checked == "unverified"


@pytest.mark.parametrize("barrier", barrier_tissues())
def test_a_reached_barrier_counts_by_its_strength(barrier):
    """The paper's strengths are read from the barriers' own table, which is cited beside the rule."""
    found = face_class(barrier, (Reach.REACHED,), None)
    strength = barrier_tissues()[barrier].strength
    assert found.value is (WIDE if strength == "strong" else MARGINAL)
    assert found.possible == ((MARGINAL,) if strength == "weak" else (WIDE, MARGINAL))
    assert (found.because[-1].source, found.because[-1].checked) == ("tomita2006", "seed")


PLL = "posterior-longitudinal-ligament"


def test_what_is_open_stays_open_and_the_reading_is_that_of_the_worst_unless_told():
    doubt = (Reach.NOT_REACHED, Reach.REACHED, Reach.PASSED)
    assert face_class(PLL, doubt[:2], None).value is MARGINAL
    assert face_class(PLL, doubt, None).value is None
    found = face_class(PLL, doubt, None, reading=Reach.REACHED)
    assert (found.value, found.possible) == (MARGINAL, (WIDE, MARGINAL, INTRALESIONAL))


def test_capsule_and_entry_matter_only_beyond_the_barrier():
    """Capsule: yes marginal, no intralesional, unknown unknown; once what stays is entered, no capsule helps."""
    for known, value in ((True, MARGINAL), (False, INTRALESIONAL), (None, None)):
        assert face_class(PLL, (Reach.PASSED,), known).value is value
        assert face_class(PLL, (Reach.PASSED,), known, entered=True).value is INTRALESIONAL
        assert face_class(PLL, (Reach.REACHED,), known, entered=True).value is MARGINAL


def ranged(value: MarginClass | None, possible: str) -> ClassRange:
    return ClassRange(value, tuple(c for c in CLASSES if c[0] in possible), (Step(f"{value}{possible}", (), "", ""),))


W, WM, M, MI, I, OPEN = (
    ranged(WIDE, "w"), ranged(WIDE, "wm"), ranged(MARGINAL, "m"),
    ranged(MARGINAL, "mi"), ranged(INTRALESIONAL, "i"), ranged(None, "mi"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("faces", "value", "possible", "deciding"),
    [
        ([W, WM], WIDE, "wm", [WM]),
        ([W, M, W], MARGINAL, "m", [M]),
        ([WM, MI], MARGINAL, "mi", [MI]),
        ([WM, OPEN], None, "mi", [OPEN]),
        ([OPEN, I], INTRALESIONAL, "i", [I]),
        ([M, WM], MARGINAL, "m", [M]),
    ],
)
def test_the_worst_of_several(faces, value, possible, deciding):
    """By hand: a specimen is at least as bad as the best its worst face can be."""
    found = worst(faces)
    assert (found.value, "".join(c[0] for c in found.possible)) == (value, possible)
    assert found.because == tuple(each.because[0] for each in deciding)


def test_no_face_is_no_knowledge():
    assert worst([]) == ClassRange(None, CLASSES, ())


def test_the_worst_holds_every_outcome_of_its_faces():
    """Against every way the faces can turn out; order and repetition do not matter."""
    every = [W, WM, M, MI, I, OPEN, ranged(WIDE, "wmi")]
    for three in product(every, repeat=3):
        outcomes = {max(each, key=CLASSES.index) for each in product(*(face.possible for face in three))}
        assert set(worst(three).possible) == outcomes
        assert worst(three[::-1]).possible == worst(three).possible == worst([*three, three[0]]).possible


@pytest.mark.parametrize("order", ["", "margin, place", "margin, place, bone", "margin, margin, section"])
def test_an_order_names_each_criterion_once(order: str) -> None:
    with pytest.raises(InputError, match=r"^resection\.order: .*does not order margin, place, section"):
        ResectionSettings(order=order)
