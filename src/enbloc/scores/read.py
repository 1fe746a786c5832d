"""What the facts make of each item of an instrument: the options that stay possible, and on what grounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

from enbloc.core.evidence import Caveat
from enbloc.knowledge import CHECKED
from enbloc.knowledge.instruments import Fill, Instrument, Item, Source, Test, Value
from enbloc.scores.facts import LISTED, SCORE, VERTEBRAE, Fact, Facts

Options = tuple[str, ...]
Known = tuple[tuple[str, Fact], ...]
"""The known facts among those that one item reads."""
FOLLOW = (LISTED, VERTEBRAE, SCORE)
"""Facts that follow from others and are no case fields."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The options of one item that stay possible. `facts` are those that were read, `rule` the row that read them."""

    possible: Options
    basis: str
    facts: tuple[str, ...]
    rule: str
    source: Source
    checked: str


def weakest(marks: Iterable[str]) -> str:
    return max(set(marks), key=CHECKED.index)


def in_order(item: Item, options: Iterable[str]) -> Options:
    held = set(options)
    return tuple(option for option in item.options if option in held)


def unknown(item: Item) -> Reading:
    return Reading(tuple(item.options), "unknown", (), item.ask, item.source, item.checked)


def given(item: Item, options: Options, basis: str) -> Reading:
    """The reading of an answer that needs no table: typed in, or measured. How images are read is our own inference."""
    held = in_order(item, options)
    mark = "unverified" if basis == "measured" else item.checked
    return Reading(held, basis, (f"{basis}: {' or '.join(held)}",), item.ask, item.source, mark)


@cache
def fields_of(instrument: Instrument, item: Item) -> tuple[str, ...]:
    """Every fact that the item reads."""
    stated = instrument.stated.get(item.id)
    fields = [stated.field] if stated else []
    return tuple(dict.fromkeys((*fields, *named(instrument.fills.get(item.id, ())))))


def read(
    instrument: Instrument, item: Item, known: Known, typed: Options | None, measured: Options | None
) -> tuple[Reading, tuple[Caveat, ...]]:
    """The first of what was typed, stated, measured and derived; a caveat for each later one that contradicts it."""
    facts = dict(known)
    found = [
        reading
        for reading in (
            given(item, typed, "stated") if typed else None,
            by_statement(instrument, item, facts),
            given(item, measured, "measured") if measured else None,
            by_rows(item, instrument.fills.get(item.id, ()), facts),
        )
        if reading is not None
    ]
    if not found:
        return unknown(item), ()
    used, *others = found
    return used, tuple(disagreement(instrument, item, used, other) for other in others if apart(used, other))


def apart(used: Reading, other: Reading) -> bool:
    return set(used.possible).isdisjoint(other.possible)


def disagreement(instrument: Instrument, item: Item, used: Reading, other: Reading) -> Caveat:
    said, shown = " or ".join(used.possible), " or ".join(other.possible)
    text = f"{instrument.title}, {item.ask}: {used.basis} as {said}, which is used; {other.basis} as {shown}"
    return Caveat(f"{used.basis}-overrules-{other.basis}", text)


def by_statement(instrument: Instrument, item: Item, facts: Facts) -> Reading | None:
    row = instrument.stated.get(item.id)
    fact = facts.get(row.field) if row else None
    if row is None or fact is None:
        return None
    options = in_order(item, row.options(fact.values))
    if not options:
        return None
    return Reading(options, fact.basis, (f"{row.field} = {fact}",), item.ask, item.source, item.checked)


def by_rows(item: Item, rows: tuple[Fill, ...], facts: Facts) -> Reading | None:
    """What the rows give in every world that the facts allow; None where that leaves every option open."""
    names = [name for name in named(rows) if name in facts]
    used: set[int] = set()
    for values in product(*(facts[name].values for name in names)):
        deciding = rows_used(rows, dict(zip(names, values, strict=True)))
        if deciding is None:
            return None
        used.update(deciding)
    decided = [rows[i] for i in sorted(used)]
    options = in_order(item, (option for row in decided for option in row.gives))
    if len(options) == len(item.options):
        return None
    read_facts = tuple(f"{name} = {facts[name]}" for name in named(decided) if name in facts)
    says = " or ".join(dict.fromkeys(row.says for row in decided))
    mark = weakest([item.checked, *(row.checked for row in decided)])
    return Reading(options, "derived", read_facts, says, decided[0].source, mark)


def named(rows: Iterable[Fill]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for row in rows for name in row.when))


def fits(when: Mapping[str, Test], world: Mapping[str, Value]) -> bool | None:
    """Whether a row fits in a world; None where a fact that it needs is not known there."""
    verdicts = [test.holds(world[name]) if name in world else None for name, test in when.items()]
    return False if False in verdicts else None if None in verdicts else True


def rows_used(rows: tuple[Fill, ...], world: Mapping[str, Value]) -> list[int] | None:
    """Places of the rows that may decide: all that may fit, up to the first that certainly does. None: none does."""
    found = []
    for i, row in enumerate(rows):
        verdict = fits(row.when, world)
        if verdict is not False:
            found.append(i)
        if verdict:
            return found
    return None


def asked(instrument: Instrument, item: Item, known: Known) -> tuple[str, ...]:
    """The case fields that are not known and would answer the item, or narrow it."""
    facts = dict(known)
    rows = instrument.fills.get(item.id, ())
    certain = {name: fact.values[0] for name, fact in known if len(fact.values) == 1}
    stated = instrument.stated.get(item.id)
    fields = [stated.field] if stated else []
    fields += [name for row in rows if fits(row.when, certain) is None for name in row.when]
    return tuple(name for name in dict.fromkeys(fields) if name not in facts and not name.startswith(FOLLOW))


def remarks(instrument: Instrument, facts: Facts) -> Iterator[Caveat]:
    """The instrument's own caveats that the facts call for, and stated values that it has no option for."""
    known = {name: fact.values[0] for name, fact in facts.items() if len(fact.values) == 1}
    for row in instrument.remarks:
        if fits(row.when, known):
            yield Caveat(row.id, row.text)
    for name, stated in instrument.stated.items():
        fact = facts.get(stated.field)
        if fact is not None and not stated.options(fact.values):
            text = f"{instrument.title} has no answer to {instrument.items[name].ask!r} for {stated.field} = {fact}"
            yield Caveat("outside-the-instrument", text)
