"""Reads scores/*.toml, one file per edition, each named as its instrument.

The head is `[instrument]`. `[[item]]` rows hold options with their points; a scale has `[[grade]]` rows in rising order
instead. Each `[[band]]` ends at `upto` and begins where the one before ended, so that bands can neither overlap nor
leave a gap. `[stated.ITEM]` names the case field that states an item; `[[fill]]` rows derive it from other facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from enbloc.core.errors import InputError, KnowledgeError, nearest
from enbloc.knowledge.instruments import (
    Band,
    Conflict,
    Fill,
    Instrument,
    Item,
    LeftOut,
    Performance,
    Remark,
    Stated,
    Test,
)
from enbloc.knowledge.loader import load_table, table_names
from enbloc.knowledge.rows import row_of

FOLDER = "scores/"
LEFT_OUT = "instruments/left_out.toml"
HIGHER_IS = ("worse", "better")
LIMITS = {"from": "low", "above": "above", "upto": "high", "below": "below"}
HEAD = {
    "id",
    "edition",
    "title",
    "range",
    "higher_is",
    "source",
    "checked",
    "applies",
    "applies_to",
    "items_of",
    "ask",
    "grades",
}


@cache
def instrument_keys() -> tuple[str, ...]:
    """Names of the shipped instruments, sorted."""
    return tuple(PurePosixPath(name).stem for name in table_names() if name.startswith(FOLDER))


@cache
def instrument(key: str) -> Instrument:
    """The instrument of that name. Raises InputError, with the nearest name, for one that is not shipped."""
    if key not in instrument_keys():
        raise InputError(f"there is no instrument {key!r}", hint=name_hint(key.lower()))
    file = f"{FOLDER}{key}.toml"
    return instrument_of(load_table(file), file)


@cache
def left_out() -> tuple[LeftOut, ...]:
    """Instruments that are known of and not shipped."""
    return tuple(row_of(LeftOut, row, LEFT_OUT) for row in load_table(LEFT_OUT)["instrument"])


def name_hint(key: str) -> str:
    known = next((row for row in left_out() if key in (row.id, row.title.lower())), None)
    if known is not None:
        return f"not shipped: {known.because}"
    begun = [name for name in instrument_keys() if name.startswith(key)]
    if begun:
        return f"did you mean {' or '.join(map(repr, begun))}?"
    return nearest(key, instrument_keys()) or "enbloc score --list names them all"


def instrument_of(table: Mapping[str, Any], file: str) -> Instrument:
    """An instrument from a loaded table. Raises KnowledgeError, naming file and row, where it does not hold together.

    With `items_of = "KEY"` it starts from another edition, whose items and answers it adds to or replaces.
    """
    head = table["instrument"]
    for key in head:
        if key not in HEAD:
            raise KnowledgeError(f"unknown key {key!r}", file=file, field="instrument", hint=nearest(key, HEAD))
    base = instrument(head["items_of"]) if "items_of" in head else None
    items = {**(base.items if base else {}), **items_of(table, file)}
    found = Instrument(
        key=name_of(head, file),
        title=head["title"],
        edition=head.get("edition"),
        higher_is=head["higher_is"],
        lowest=sum(min(item.options.values()) for item in items.values()),
        highest=sum(max(item.options.values()) for item in items.values()),
        items=items,
        bands=tuple(bands_of(table["band"], items, file)) if "band" in table else base.bands if base else (),
        stated={**(base.stated if base else {}), **stated_of(table, items, file)},
        fills={**(base.fills if base else {}), **fills_of(table.get("fill", ()), file)},
        applies=tests_of(head.get("applies", {})),
        applies_to=head.get("applies_to", ""),
        remarks=tuple(row_of(Remark, {**row, "when": tests_of(row["when"])}, file) for row in table.get("caveat", ())),
        conflicts=tuple(conflict_of(row, file) for row in table.get("conflict", ())),
        performance=tuple(row_of(Performance, row, file) for row in table.get("performance", ())),
        source=head["source"],
        checked=head["checked"],
    )
    refuse_unless_whole(found, tuple(head.get("range", (found.lowest, found.highest))), file)
    return found


def name_of(head: Mapping[str, Any], file: str) -> str:
    """The instrument's name: id and edition, which the file must be named after."""
    name = "-".join(filter(None, (head["id"], head.get("edition"))))
    if name != PurePosixPath(file).stem:
        raise KnowledgeError(f"the file of {name} must be named after it", file=file, field="instrument")
    return name


def items_of(table: Mapping[str, Any], file: str) -> dict[str, Item]:
    head = table["instrument"]
    if "ask" not in head:
        return {row["id"]: row_of(Item, row, file) for row in table.get("item", ())}
    grades = load_table(head["grades"])["grade"] if "grades" in head else table["grade"]
    ranks = {row["grade"]: row.get("rank", i) for i, row in enumerate(grades)}
    meaning = {row["grade"]: row["says"] for row in grades}
    sourced = {"source": head["source"], "checked": head["checked"]}
    return {"grade": Item(id="grade", ask=head["ask"], options=ranks, meaning=meaning, **sourced)}


def bands_of(rows: Iterable[Mapping[str, Any]], items: Mapping[str, Item], file: str) -> Iterable[Band]:
    """Each band begins where the one before ended. A scale's bands may end at a grade."""
    low = sum(min(item.options.values()) for item in items.values())
    for row in rows:
        upto = items["grade"].options[row["upto"]] if isinstance(row["upto"], str) else row["upto"]
        if upto < low:
            raise KnowledgeError(f"ends at {upto}, before it begins at {low}", file=file, field=f"band {row['name']}")
        named = {key: value for key, value in row.items() if key != "upto"}
        yield row_of(Band, named | {"low": low, "high": upto}, file)
        low = upto + 1


def stated_of(table: Mapping[str, Any], items: Mapping[str, Item], file: str) -> dict[str, Stated]:
    """The fields that state items. Without `reads` the options are the field's values; a name is that of a table."""
    found = {}
    for name, row in table.get("stated", {}).items():
        if name not in items:
            raise KnowledgeError("there is no such item", file=file, field=f"stated.{name}", hint=nearest(name, items))
        reads = row.get("reads", {option: [option] for option in items[name].options})
        if isinstance(reads, str):
            reads = {option: table[reads][option] for option in items[name].options}
        found[name] = Stated(field=row["field"], reads=tests_of(reads), refuse=row.get("refuse"))
    return found


def fills_of(rows: Iterable[Mapping[str, Any]], file: str) -> dict[str, tuple[Fill, ...]]:
    """Rows by item. One with `field` and `reads` stands for a row per option that it reads."""
    found: dict[str, tuple[Fill, ...]] = {}
    for row in rows:
        whole = {key: value for key, value in row.items() if key not in ("field", "reads")}
        ways = [({row["field"]: test}, [option]) for option, test in row.get("reads", {}).items()]
        for when, gives in ways or [(row["when"], row["gives"])]:
            fill = row_of(Fill, {**whole, "when": tests_of(when), "gives": gives}, file)
            found[fill.item] = (*found.get(fill.item, ()), fill)
    return found


def tests_of(raw: Mapping[str, Any]) -> dict[str, Test]:
    return {name: test_of(test) for name, test in raw.items()}


def test_of(raw: Any) -> Test:
    """`[1, 2]`: one of these. `{ from = 1, upto = 2 }`: a number within."""
    if isinstance(raw, list):
        return Test(values=tuple(raw))
    return Test(**{LIMITS[name]: limit for name, limit in raw.items()})


def conflict_of(row: Mapping[str, Any], file: str) -> Conflict:
    chosen = row["chosen"]
    return row_of(Conflict, {**row, "chosen": row["readings"][chosen["reading"]], "because": chosen["because"]}, file)


def refuse_unless_whole(found: Instrument, stated_range: tuple[int, ...], file: str) -> None:
    """Raises KnowledgeError where range, bands, or the options that rows name contradict the items."""
    if found.higher_is not in HIGHER_IS:
        raise KnowledgeError(f"{found.higher_is!r} is none of {', '.join(HIGHER_IS)}", file=file, field="higher_is")
    if stated_range != (found.lowest, found.highest):
        reached = f"{found.lowest} to {found.highest}"
        raise KnowledgeError(f"the items reach {reached}, not {stated_range}", file=file, field="instrument.range")
    if found.bands and found.bands[-1].high != found.highest:
        raise KnowledgeError(
            f"the last ends at {found.bands[-1].high}, not at {found.highest}", file=file, field="band"
        )
    named = [(name, tuple(row.reads)) for name, row in found.stated.items()]
    named += [(name, row.gives) for name, rows in found.fills.items() for row in rows]
    for name, options in named:
        if name not in found.items:
            raise KnowledgeError(
                "there is no such item", file=file, field=f"fill {name}", hint=nearest(name, found.items)
            )
        strange = next((option for option in options if option not in found.items[name].options), None)
        if strange is not None:
            hint = nearest(strange, found.items[name].options)
            raise KnowledgeError(f"{strange!r} is not an option", file=file, field=name, hint=hint)
