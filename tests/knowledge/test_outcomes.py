"""Published outcomes against the dossier's own sums, and the rule that early figures never stand alone."""

from __future__ import annotations

from collections import Counter

import pytest

from enbloc.core.errors import InputError, KnowledgeError
from enbloc.knowledge import outcome_figures, outcome_series, outcome_topics, outcomes_about
from enbloc.knowledge.outcomes_table import Figure, figure_of

SEED = "tomita2006"


def by_id() -> dict[str, Figure]:
    return {figure.id: figure for figure in outcome_figures()}


def test_ids_are_unique_and_every_series_and_topic_is_used() -> None:
    ids = [row.id for row in (*outcome_figures(), *outcome_topics())]
    assert [name for name, n in Counter(ids).items() if n > 1] == []
    assert {figure.series for figure in outcome_figures()} == {row.id for row in outcome_series()}
    assert {figure.topic for figure in outcome_figures()} == {row.id for row in outcome_topics()}


def test_the_papers_counts_add_up() -> None:
    """284 patients = 86 primary + 198 metastatic; 97 en bloc = 33 + 64; 5 recurrences by cause = 2 + 2 + 1."""
    of = by_id()
    assert (of["treated-total"].count, of["treated-total"].of) == (97, 284)
    primary, metastasis = of["treated-primary"], of["treated-metastasis"]
    assert (primary.count, metastasis.count) == (33, 64)
    assert (primary.of, metastasis.of) == (86, 198)
    causes = [of[f"recurrence-{name}"].count for name in ("from-adjacent-level", "at-dura", "at-osteotomy")]
    assert causes == [2, 2, 1]
    assert of["recurrence"].count == 5
    hardware = [of[name].count for name in ("rod-breakage", "screw-breakage", "spacer-dislodgement")]
    assert sum(n or 0 for n in hardware) == 4


def test_percentages_are_those_of_the_counts() -> None:
    """Within half a unit of the last digit printed: the paper prints 5 of 97 as 5 %, others one decimal."""
    for figure in outcome_figures():
        if figure.unit == "%" and figure.count is not None and figure.of and figure.value is not None:
            step = 0.5 if figure.value == round(figure.value) else 0.05
            assert 100 * figure.count / figure.of == pytest.approx(figure.value, abs=step + 1e-9), figure.id


@pytest.mark.parametrize("key", ["local-recurrence", "recurrence", "instrument-failure", "rod-breakage"])
def test_early_figures_never_stand_without_the_later_ones(key: str) -> None:
    """The paper's 5 % recurrence and four hardware failures bring the later series, however they are asked for."""
    _, figures = outcomes_about(key)
    assert any(figure.source == SEED for figure in figures)
    assert len({figure.series for figure in figures if figure.source != SEED}) >= 4


def test_an_unknown_key_names_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'survival'"):
        outcomes_about("survivl")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"value": None, "unit": None}, "has no number"),
        ({"unit": None}, "needs a unit"),
        ({"count": 6, "of": 5}, "counts 6 of 5"),
        ({"aplies": {}}, "unknown key"),
        ({"applies": {"kind": ["cyst"]}}, "no kind of tumour"),
        ({"applies": {"sort": "cyst"}}, "unknown key"),
    ],
)
def test_rows_that_cannot_be(change: dict[str, object], says: str) -> None:
    row = {
        "id": "x",
        "series": "s",
        "topic": "t",
        "says": "w",
        "source": SEED,
        "checked": "seed",
        "value": 1.0,
        "unit": "%",
    }
    with pytest.raises(KnowledgeError, match=says):
        figure_of({key: value for key, value in {**row, **change}.items() if value is not None})
