"""Published outcomes as text: a topic always whole, each figure with its series and its source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from enbloc.knowledge import Figure, Topic, cite, outcome_figures, outcome_series, outcome_topics

SELECTED = "Figures of selected, operated patients: no prediction for one person."


def topics_sheet() -> str:
    """Every topic with the number of its figures."""
    figures = outcome_figures()
    width = max(len(topic.id) for topic in outcome_topics())
    rows = [
        f"  {topic.id:<{width}}  {topic.title} ({sum(f.topic == topic.id for f in figures)} figures)"
        for topic in outcome_topics()
    ]
    return "\n".join(["Published outcomes. Show a topic: enbloc facts KEY", "", *rows])


def topic_sheet(topic: Topic, figures: Iterable[Figure]) -> str:
    """All figures of a topic, by series."""
    return "\n".join([topic.title, *series_lines(figures), "", SELECTED])


def series_lines(figures: Iterable[Figure]) -> Iterator[str]:
    series = {row.id: row for row in outcome_series()}
    for name, of_series in groupby(figures, key=lambda figure: figure.series):
        row = series[name]
        yield f"\n  {row.title}, {row.patients} patients ({cite(row.source)}) [{row.checked}]"
        yield from (f"    {figure.number:<22}  {figure.says}{whom(figure)}" for figure in of_series)


def whom(figure: Figure) -> str:
    return "" if figure.patients is None else f" (n = {figure.patients})"
