"""Tomita's types 1-7: the decision table, and what types and zones mean in words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TypeVar

from enbloc.core.errors import KnowledgeError, nearest
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

FILE = "tomita/types.toml"
ZONES = ("body", "pedicle", "arch", "canal", "paravertebral")
OUTCOMES = ("unclassifiable", "no-lesion")
TYPES = range(1, 8)
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeRule:
    """One row of the decision table; the first row that fits decides.

    It fits when all of `needs_all`, at least one of `needs_any` (when that names any) and none of `needs_none` hold
    tumour, and `adjacent` and `skip` are as given (None: not looked at). Exactly one of `type` and `outcome` is set.
    `ambiguous` rows ask for a second look.
    """

    id: str
    says: str
    source: str
    checked: str
    needs_all: tuple[str, ...] = ()
    needs_any: tuple[str, ...] = ()
    needs_none: tuple[str, ...] = ()
    adjacent: bool | None = None
    skip: bool | None = None
    type: int | None = None
    outcome: str | None = None
    ambiguous: bool = False

    def __post_init__(self) -> None:
        zones = (*self.needs_all, *self.needs_any, *self.needs_none)
        strange = next((zone for zone in zones if zone not in ZONES), None)
        if strange is not None:
            raise KnowledgeError(f"{strange!r} is not a zone", file=FILE, field=self.id, hint=nearest(strange, ZONES))
        if (self.type is None) == (self.outcome is None):
            raise KnowledgeError("needs exactly one of type and outcome", file=FILE, field=self.id)
        if (self.type or 1) not in TYPES or (self.outcome or OUTCOMES[0]) not in OUTCOMES:
            raise KnowledgeError("type or outcome is not one of the known ones", file=FILE, field=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TypeMeaning:
    """A type in words. `compartment`: `intracompartmental`, `extracompartmental` or `multiple`."""

    type: int
    compartment: str
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMeaning:
    """A zone in words, with the number reviews give it."""

    zone: str
    number: int
    says: str
    source: str
    checked: str


@cache
def tomita_rules() -> tuple[TypeRule, ...]:
    """The decision table, in the order in which its rows are tried."""
    return rows(TypeRule, "rule")


@cache
def tomita_types() -> tuple[TypeMeaning, ...]:
    """Meaning of types 1 to 7, in order."""
    return rows(TypeMeaning, "type")


@cache
def tomita_zones() -> tuple[ZoneMeaning, ...]:
    """Meaning of zones 1 to 5, in order."""
    return rows(ZoneMeaning, "zone")


def rows(kind: type[Row], name: str) -> tuple[Row, ...]:
    return tuple(row_of(kind, row, FILE) for row in load_table(FILE)[name])
