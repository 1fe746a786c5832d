"""What handling of the cord looks up: roots by level, sets of roots by number, sentences on the cord."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

FILE = "perfusion/cord_handling.toml"
WEIGHTS = ("stop", "caution", "note")
"""Gravest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RootRow:
    """What cutting any of `roots` costs. `fact`: the item of the level checklist that says the same."""

    id: str
    roots: tuple[str, ...]
    weight: str
    fact: str
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetsRow:
    """What cutting so many neighbouring sets of roots did; `upto` the largest number, None: any more."""

    id: str
    weight: str
    says: str
    source: str | tuple[str, ...]
    checked: str
    upto: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingRow:
    """A sentence on the cord. `protocol`: the step of the paper's protocol that says the same."""

    id: str
    weight: str
    says: str
    source: str
    checked: str
    protocol: str | None = None


@cache
def root_rows() -> tuple[RootRow, ...]:
    """Raises KnowledgeError where a root comes twice or a weight is unknown."""
    rows = tuple(row_of(RootRow, row, FILE) for row in load_table(FILE)["root"])
    names = [root for row in rows for root in row.roots]
    if len(set(names)) < len(names):
        raise KnowledgeError("a root comes twice", file=FILE, field="root")
    weighed(rows)
    return rows


@cache
def sets_rows() -> tuple[SetsRow, ...]:
    rows = tuple(row_of(SetsRow, row, FILE) for row in load_table(FILE)["sets"])
    weighed(rows)
    return rows


@cache
def handling_rows() -> Mapping[str, HandlingRow]:
    rows = tuple(row_of(HandlingRow, row, FILE) for row in load_table(FILE)["handling"])
    weighed(rows)
    return {row.id: row for row in rows}


def weighed(rows: tuple[RootRow, ...] | tuple[SetsRow, ...] | tuple[HandlingRow, ...]) -> None:
    for row in rows:
        if row.weight not in WEIGHTS:
            raise KnowledgeError(f"unknown weight {row.weight!r}", file=FILE, field=row.id)
