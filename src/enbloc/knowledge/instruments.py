"""What a scoring instrument or a grading scale consists of. `instrument_tables` reads them from scores/*.toml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Value = bool | int | float | str
Source = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """What a fact must be: one of `values`, or a number from `low` to `high`, over `above` and under `below`."""

    values: tuple[Value, ...] | None = None
    low: float | None = None
    above: float | None = None
    high: float | None = None
    below: float | None = None

    def holds(self, value: Value) -> bool:
        if self.values is not None:
            return any(
                value == wanted and isinstance(value, bool) == isinstance(wanted, bool) for wanted in self.values
            )
        return (
            not isinstance(value, bool | str)
            and (self.low is None or value >= self.low)
            and (self.above is None or value > self.above)
            and (self.high is None or value <= self.high)
            and (self.below is None or value < self.below)
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """One question, and what each answer counts. `meaning` says in words what an answer is."""

    id: str
    ask: str
    options: Mapping[str, int]
    source: str
    checked: str
    meaning: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """The field that states an item, and which of its values mean which option.

    `refuse` is set where the instrument says nothing at all of patients with other values.
    """

    field: str
    reads: Mapping[str, Test]
    refuse: str | None

    def options(self, values: Iterable[Value]) -> tuple[str, ...]:
        """The options that the possible `values` mean, in the order of the table."""
        held = tuple(values)
        return tuple(option for option, test in self.reads.items() if any(map(test.holds, held)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """One row that derives an item from other facts. Rows are tried in order, and the first that fits decides."""

    item: str
    when: Mapping[str, Test]
    gives: tuple[str, ...]
    says: str
    source: Source
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Totals from `low` to `high`. `says` is what the source says of them."""

    name: str
    low: int
    high: int
    source: Source
    checked: str
    says: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A caveat that goes with the score when all facts of `when` are known to be so."""

    id: str
    text: str
    when: Mapping[str, Test]
    source: Source
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Readings that published versions disagree on, known wrong copies among them; the table follows `chosen`."""

    id: str
    readings: tuple[str, ...]
    chosen: str
    because: str
    source: Source
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How the instrument did in a published test. `n` counts its patients, or cases rated, where it was seen."""

    says: str
    source: Source
    checked: str
    n: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Instrument:
    """One edition. A scale has the one item `grade`, whose options are its grades and count their rank.

    `applies` are the facts of patients it speaks of, `applies_to` says so in words.
    """

    key: str
    title: str
    edition: str | None
    higher_is: str
    lowest: int
    highest: int
    items: Mapping[str, Item]
    bands: tuple[Band, ...]
    stated: Mapping[str, Stated]
    fills: Mapping[str, tuple[Fill, ...]]
    applies: Mapping[str, Test]
    applies_to: str
    remarks: tuple[Remark, ...]
    conflicts: tuple[Conflict, ...]
    performance: tuple[Performance, ...]
    source: str
    checked: str

    @property
    def scale(self) -> bool:
        return tuple(self.items) == ("grade",)

    @property
    def fields(self) -> tuple[str, ...]:
        """Every fact that a row reads, each once."""
        rows = [row for rows in self.fills.values() for row in rows]
        whens = [self.applies, *(row.when for row in rows), *(row.when for row in self.remarks)]
        stated = [row.field for row in self.stated.values()]
        return tuple(dict.fromkeys([*stated, *(name for when in whens for name in when)]))


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """An instrument that is not shipped, and why."""

    id: str
    title: str
    because: str
    source: Source
    checked: str
