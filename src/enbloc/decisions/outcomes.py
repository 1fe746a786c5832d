"""What happened to patients like this: the published figures that no known fact of the case rules out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from enbloc.case import Case
from enbloc.core.evidence import Skipped
from enbloc.knowledge import Applies, outcome_figures, outcome_series, outcome_topics
from enbloc.scores import Score

SCORE = "tomita-2001"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One published figure. `value` is in `unit`, `low` and `high` its published range; `count` of `of` were counted;
    `number` is all that as it was published.

    `patients`: how many it rests on. `speaks_for_case`: None where a fact that would tell is not known.
    """

    id: str
    series: str
    says: str
    number: str
    value: float | None
    low: float | None
    high: float | None
    unit: str | None
    count: int | None
    of: int | None
    patients: int
    speaks_for_case: bool | None
    source: str
    checked: str


@dataclass(frozen=True, slots=True)
class OutcomeTopic:
    """The figures of one topic: the paper's own first, then the later series."""

    id: str
    title: str
    figures: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """The facts of a case that figures ask for; None: not known. `score` is the range of the prognostic score."""

    kind: str | None
    score: tuple[int, int] | None
    prior_radiotherapy: bool | None
    prior_surgery: bool | None


def published_outcomes(case: Case, scores: Mapping[str, Score | Skipped]) -> tuple[OutcomeTopic, ...]:
    """Every topic, without the figures of patients whom this one is known not to be like."""
    found = scores.get(SCORE)
    score = (found.low, found.high) if isinstance(found, Score) else None
    history = case.history
    return outcomes_of(Known(case.tumour.kind, score, history.prior_radiotherapy, history.prior_surgery))


@lru_cache(maxsize=512)
def outcomes_of(known: Known) -> tuple[OutcomeTopic, ...]:
    series = {row.id: row for row in outcome_series()}
    topics = []
    for topic in outcome_topics():
        figures = []
        for row in outcome_figures():
            like = speaks_for(row.applies, known)
            if row.topic != topic.id or like is False:
                continue
            patients = row.of or row.patients or series[row.series].patients
            number = (row.number, row.value, row.low, row.high, row.unit, row.count, row.of)
            name = series[row.series].title
            figures.append(Outcome(row.id, name, row.says, *number, patients, like, row.source, row.checked))
        topics.append(OutcomeTopic(topic.id, topic.title, tuple(figures)))
    return tuple(topics)


def speaks_for(applies: Applies, known: Known) -> bool | None:
    """False where a known fact rules the figure out, None where an unknown one could."""
    told: list[bool | None] = []
    if applies.kind is not None:
        told.append(None if known.kind is None else known.kind in applies.kind)
    if applies.tomita_score is not None:
        told.append(within(applies.tomita_score, known.score))
    if applies.prior_radiotherapy is not None:
        told.append(same(applies.prior_radiotherapy, known.prior_radiotherapy))
    if applies.prior_surgery is not None:
        told.append(same(applies.prior_surgery, known.prior_surgery))
    return False if False in told else None if None in told else True


def within(wanted: tuple[int, int], score: tuple[int, int] | None) -> bool | None:
    if score is None:
        return None
    low, high = score
    if high < wanted[0] or low > wanted[1]:
        return False
    return True if wanted[0] <= low and high <= wanted[1] else None


def same(wanted: bool, known: bool | None) -> bool | None:
    return None if known is None else wanted is known
