"""The epidural compression scale, and which of its grades labels leave open."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from enbloc.core.errors import KnowledgeError
from enbloc.core.levels import Level
from enbloc.knowledge.instrument_tables import instrument
from enbloc.knowledge.instruments import Fill
from enbloc.knowledge.loader import load_table

FILE = "epidural/escc-2010.toml"
SCORE = "escc-2010"
TYPE_FACT = "extent.tomita_type"


@dataclass(frozen=True, slots=True, kw_only=True)
class EsccGrade:
    grade: str
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EsccRule:
    """One row; the first that fits decides. None: not looked at."""

    id: str
    canal: str
    low: str
    high: str
    says: str
    source: str
    checked: str
    modality: str | None = None
    sac: str | None = None
    cord: str | None = None

    def __post_init__(self) -> None:
        order = [row.grade for row in escc_grades()]
        if self.low not in order or self.high not in order or order.index(self.low) > order.index(self.high):
            raise KnowledgeError(f"{self.low} to {self.high} is no range of grades", file=FILE, field=self.id)

    def fits(self, canal: str, modality: str | None, sac: str, cord: str) -> bool:
        return (
            self.canal == canal
            and self.modality in (None, modality)
            and self.sac in (None, sac)
            and self.cord in (None, cord)
        )


@cache
def escc_grades() -> tuple[EsccGrade, ...]:
    """Grades 0 to 3 in rising order."""
    return tuple(EsccGrade(**row) for row in load_table(FILE)["grade"])


@cache
def escc_rules() -> tuple[EsccRule, ...]:
    """The rows in the order in which they are tried."""
    return tuple(EsccRule(**row) for row in load_table(FILE)["rule"])


@cache
def escc_contact_mm() -> float:
    """What lies between tumour and sac or cord and still counts as contact."""
    return float(load_table(FILE)["contact"]["within_mm"])


@cache
def lowest_cord_level() -> Level:
    return Level(load_table(FILE)["cord"]["lowest_level"])


def escc_range(low: str, high: str) -> tuple[str, ...]:
    """The grades from `low` to `high`."""
    order = [row.grade for row in escc_grades()]
    return tuple(order[order.index(low) : order.index(high) + 1])


def escc_type_rows(kind: int) -> tuple[Fill, ...]:
    """The rows that say which grades a Tomita type of 1 to 7 allows."""
    rows = instrument(SCORE).fills["grade"]
    return tuple(row for row in rows if set(row.when) == {TYPE_FACT} and row.when[TYPE_FACT].holds(kind))
