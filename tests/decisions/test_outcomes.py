"""Figures of patients like this one: never of those he is known not to be like, and never the early ones alone."""

from __future__ import annotations

import pytest

from enbloc.case import parse_case
from enbloc.planning import plan

HEAD = (
    'schema = "enbloc.case/1"\nid = "a"\n[extent]\nlevels = ["T12"]\nzones = ["body", "canal"]\nskip_lesion = false\n'
)
METASTASIS = HEAD + '[tumour]\nkind = "metastasis"\ngrowth = "{growth}"\n[status]\n{status}\n'
GOOD = 'visceral_metastases = "none"\nbone_metastases = "isolated"'


def shown(text: str) -> dict[str, bool | None]:
    """Figure to whether it speaks for the case."""
    return {figure.id: figure.speaks_for_case for topic in plan(parse_case(text)).outcomes for figure in topic.figures}


def test_a_metastasis_with_a_score_of_two_has_the_papers_survival() -> None:
    """Slow growth, no visceral, isolated: 1 + 0 + 1 = 2 points, among the 43 patients with 2 to 4."""
    figures = shown(METASTASIS.format(growth="slow", status=GOOD))
    assert figures["survival-metastasis-5-years"] is True
    assert figures["recurrence"] is True
    assert "survival-primary-malignant" not in figures


def test_a_score_beyond_four_has_not() -> None:
    """Rapid growth counts 4, isolated bone 1: at least 5."""
    figures = shown(METASTASIS.format(growth="rapid", status=GOOD))
    assert "survival-metastasis-5-years" not in figures
    assert figures["survival-5-years"] is True


def test_an_open_score_leaves_it_open() -> None:
    """Slow growth alone: 1 + 0 to 4 + 1 to 2 = 2 to 7."""
    assert shown(METASTASIS.format(growth="slow", status=""))["survival-metastasis-2-years"] is None


@pytest.mark.parametrize(
    ("irradiated", "kept"), [("true", "recurrence-irradiated"), ("false", "recurrence-not-irradiated")]
)
def test_earlier_radiotherapy_picks_its_arm(irradiated: str, kept: str) -> None:
    figures = shown(HEAD + f"[history]\nprior_radiotherapy = {irradiated}\n")
    assert figures[kept] is True
    other = {"recurrence-irradiated", "recurrence-not-irradiated"} - {kept}
    assert not other & set(figures)


@pytest.mark.parametrize("kind", ["metastasis", "primary-malignant", "primary-benign"])
def test_the_papers_recurrence_and_hardware_never_stand_alone(kind: str) -> None:
    made = plan(parse_case(HEAD + f'[tumour]\nkind = "{kind}"\n'))
    for topic in made.outcomes:
        if topic.id in ("local-recurrence", "instrument-failure"):
            assert any(figure.source == "tomita2006" for figure in topic.figures)
            assert len({figure.series for figure in topic.figures if figure.source != "tomita2006"}) >= 2
