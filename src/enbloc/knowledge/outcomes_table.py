"""Published outcomes as data. A topic is shown whole, so that early figures never stand without the later ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from enbloc.core.errors import InputError, KnowledgeError, nearest
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

FILE = "outcomes/outcomes.toml"
KINDS = ("metastasis", "primary-malignant", "primary-benign")


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a group of figures speaks of."""

    id: str
    title: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The patients that figures come from."""

    id: str
    title: str
    patients: int
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Applies:
    """Whom a figure speaks of; None: everybody in its series. `tomita_score` is the prognostic score, inclusive."""

    kind: tuple[str, ...] | None = None
    tomita_score: tuple[int, int] | None = None
    prior_radiotherapy: bool | None = None
    prior_surgery: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One published number: `value` in `unit`, with the range the source gives, or `count` of `of` patients.

    `patients` is the number it was computed from where it is neither `of` nor the whole series.
    """

    id: str
    series: str
    topic: str
    says: str
    source: str
    checked: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    unit: str | None = None
    count: int | None = None
    of: int | None = None
    patients: int | None = None
    applies: Applies = Applies()

    def __post_init__(self) -> None:
        if self.count is None and self.value is None and (self.low is None or self.high is None):
            raise KnowledgeError("has no number", file=FILE, field=self.id)
        if (self.unit is None) != (self.value is None and self.low is None):
            raise KnowledgeError("a value needs a unit, and a unit a value", file=FILE, field=self.id)
        if self.count is not None and self.of is not None and not 0 <= self.count <= self.of:
            raise KnowledgeError(f"counts {self.count} of {self.of}", file=FILE, field=self.id)

    @property
    def number(self) -> str:
        """The figure as it was published: value, range, count."""
        parts = []
        if self.value is not None:
            parts.append(f"{self.value:g} {self.unit}")
        if self.low is not None and self.high is not None:
            span = f"{self.low:g} to {self.high:g}"
            parts.append(f"({span})" if parts else f"{span} {self.unit}")
        if self.count is not None:
            count = f"{self.count}" if self.of is None else f"{self.count} of {self.of}"
            parts.append(f"({count})" if parts else count)
        return " ".join(parts)


@cache
def outcome_topics() -> tuple[Topic, ...]:
    return tuple(row_of(Topic, row, FILE) for row in load_table(FILE)["topic"])


@cache
def outcome_series() -> tuple[Series, ...]:
    return tuple(row_of(Series, row, FILE) for row in load_table(FILE)["series"])


@cache
def outcome_figures() -> tuple[Figure, ...]:
    """Every figure, in the order of the table: the paper's own first, then the later series."""
    figures = tuple(figure_of(row) for row in load_table(FILE)["figure"])
    known = {"series": {row.id for row in outcome_series()}, "topic": {row.id for row in outcome_topics()}}
    for figure in figures:
        for name, ids in known.items():
            if getattr(figure, name) not in ids:
                raise KnowledgeError(f"no {name} is called {getattr(figure, name)!r}", file=FILE, field=figure.id)
    return figures


def figure_of(row: dict[str, object]) -> Figure:
    applies = row.get("applies", {})
    if not isinstance(applies, dict):
        raise KnowledgeError("applies is not a table", file=FILE, field=str(row.get("id")))
    figure = row_of(Figure, {**row, "applies": row_of(Applies, applies, FILE)}, FILE)
    strange = next((kind for kind in figure.applies.kind or () if kind not in KINDS), None)
    if strange is not None:
        raise KnowledgeError(f"{strange!r} is no kind of tumour", file=FILE, field=figure.id)
    return figure


def outcomes_about(key: str) -> tuple[Topic, tuple[Figure, ...]]:
    """The topic that `key` names, or that the figure `key` belongs to, with all of its figures.

    Raises InputError for a key that is neither.
    """
    topics = {topic.id: topic for topic in outcome_topics()}
    topic_of = {figure.id: figure.topic for figure in outcome_figures()}
    topic = topics.get(topic_of.get(key, key))
    if topic is None:
        hint = nearest(key, [*topics, *topic_of]) or f"topics: {', '.join(topics)}"
        raise InputError(f"no figure is called {key!r}", field="facts", hint=hint)
    return topic, tuple(figure for figure in outcome_figures() if figure.topic == topic.id)
