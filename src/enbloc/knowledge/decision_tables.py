"""Decision tables: the facts they ask about, their rows, the remarks and lists that go with them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as made_by
from functools import cache
from typing import Any

from enbloc.core.errors import KnowledgeError, nearest
from enbloc.knowledge.loader import load_table, table_names

FOLDER = "decisions/"
FACTS, CAVEATS = "facts", "caveats"
Value = str | int
"""A fact's value; true and false are `yes` and `no`."""
Values = frozenset[Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class FactMeaning:
    """One fact that rows ask about.

    `field` is the case field that answers it, `read` the way it is read where that is not simply the field's value.
    An unknown fact may have any of `values`, narrowed by what another fact is known to be (`narrowed`); with `unstated`
    it has that value instead (with `unstated_if`: only when the other fact named there is given). Values of an
    `ordered` fact lie one step apart in their order, all others one step from each other. A `setting` is chosen by the
    user of the program, and a fact without `flips` cannot be changed by itself.
    """

    id: str
    label: str
    values: tuple[Value, ...]
    ask: str = ""
    field: str | None = None
    read: str | None = None
    unstated: str | None = None
    unstated_if: str | None = None
    narrowed: Mapping[str, Mapping[str, Collection[Value]]] = made_by(default_factory=dict)
    ordered: bool = False
    setting: bool = False
    flips: bool = True
    titles: tuple[str, ...] = ()

    @property
    def domain(self) -> Values:
        """Every value that rows may name."""
        return frozenset(self.values) | ({self.unstated} if self.unstated else frozenset())


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionRow:
    """One row: where `when` holds (every fact named has one of the values), it gives `gives`.

    Several values in `gives`: any of them. `alternatives` are other acceptable actions, `achievable` margins,
    `agrees_with` the actions that another school's answer agrees with. `on` names the recommendations a caveat stands
    beside.
    """

    table: str
    id: str
    when: Mapping[str, Values]
    says: str
    source: str
    checked: str
    gives: tuple[Value, ...] = ()
    alternatives: tuple[str, ...] = ()
    achievable: tuple[str, ...] = ()
    agrees_with: tuple[str, ...] = ()
    on: tuple[str, ...] = ()
    numbers: tuple[Mapping[str, Any], ...] = ()

    @property
    def rule(self) -> str:
        return f"{self.table}/{self.id}: {self.says}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DecisionTable:
    """Rows tried in order, the first that fits decides; and `items`, which all stand that fit.

    `reads` are the facts that rows ask about; `wanted` gives for each row the values it asks for, by place in `reads`.
    `school` and `about`: whose answer this is, and the recommendation it is set beside.
    """

    id: str
    title: str
    rows: tuple[DecisionRow, ...]
    items: tuple[DecisionRow, ...]
    reads: tuple[str, ...]
    wanted: tuple[tuple[tuple[int, Values], ...], ...]
    school: str | None
    about: str | None


@cache
def decision_facts() -> Mapping[str, FactMeaning]:
    """Every fact, in the order in which they are asked for."""
    found = load_table(f"{FOLDER}{FACTS}.toml")["facts"]
    return {name: fact_of(name, entry) for name, entry in found.items()}


def fact_of(name: str, entry: dict[str, Any]) -> FactMeaning:
    given: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
    return FactMeaning(id=name, **given)


@cache
def decision_tables() -> Mapping[str, DecisionTable]:
    """Every decision table by its id."""
    found = (name.removeprefix(FOLDER).removesuffix(".toml") for name in table_names() if name.startswith(FOLDER))
    return {name: decision_table(name) for name in found if name not in (FACTS, CAVEATS)}


def decision_table(name: str) -> DecisionTable:
    file = f"{FOLDER}{name}.toml"
    table = load_table(file)
    head = table["table"]
    rows = tuple(row_of(name, row, file) for row in table.get("row", ()))
    used = {fact for row in rows for fact in row.when}
    reads = tuple(fact for fact in decision_facts() if fact in used)
    return DecisionTable(
        id=name,
        title=head["title"],
        rows=rows,
        items=tuple(row_of(name, row, file) for row in table.get("item", ())),
        reads=reads,
        wanted=tuple(tuple((i, row.when[fact]) for i, fact in enumerate(reads) if fact in row.when) for row in rows),
        school=head.get("school"),
        about=head.get("about"),
    )


@cache
def decision_caveats() -> tuple[DecisionRow, ...]:
    """Remarks on recommendations: all that fit are shown."""
    file = f"{FOLDER}{CAVEATS}.toml"
    return tuple(row_of(CAVEATS, row, file) for row in load_table(file)["caveat"])


@cache
def decision_head(name: str) -> Mapping[str, Any]:
    """What the head of a decision table says beyond its title and source."""
    head: dict[str, Any] = load_table(f"{FOLDER}{name}.toml")["table"]
    return head


def row_of(table: str, row: dict[str, Any], file: str) -> DecisionRow:
    when = {fact: values_of(fact, values, f"{file}: {row['id']}") for fact, values in row.get("when", {}).items()}
    given = row.get("gives", ())
    gives = tuple(given) if isinstance(given, list) else (given,) if given != () else ()
    lists = ("alternatives", "achievable", "agrees_with", "on", "numbers")
    return DecisionRow(
        table=table,
        id=row["id"],
        when=when,
        says=row["says"],
        source=row["source"],
        checked=row["checked"],
        gives=gives,
        **{key: tuple(row.get(key, ())) for key in lists},
    )


def values_of(fact: str, values: Collection[Value], place: str) -> Values:
    """The values a row names for a fact; refused where the fact or a value is unknown."""
    facts = decision_facts()
    if fact not in facts:
        raise KnowledgeError(f"{fact!r} is not a fact", field=place, hint=nearest(fact, facts))
    strange = [value for value in values if value not in facts[fact].domain]
    if strange:
        hint = nearest(str(strange[0]), map(str, facts[fact].domain))
        raise KnowledgeError(f"{strange[0]!r} is not a value of {fact}", field=place, hint=hint)
    return frozenset(values)


@cache
def decision_checks() -> Mapping[str, str]:
    """How each row was checked, by the start of the rule that a step names: `surgery/primary-s1`."""
    return {row.rule.partition(":")[0]: row.checked for row in all_rows()}


def all_rows() -> Iterator[DecisionRow]:
    for table in decision_tables().values():
        yield from (*table.rows, *table.items)
    yield from decision_caveats()
