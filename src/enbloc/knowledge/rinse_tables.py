"""What the model of the double rinse looks up: bounds, held-out checks, and the protocol's own numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge.decision_tables import decision_tables
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

FILE = "resection/rinse.toml"
WATER, CISPLATIN = "double-rinse-water", "double-rinse-cisplatin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A number that is known from `low` to `high` only."""

    id: str
    low: float
    high: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEnough:
    """A dose that left survivors."""

    mg_ml: float
    minutes: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoSurvivor:
    """How "none" is read: powers of ten for survivors, one in `one_in` for whole cells under the microscope."""

    decades_low: float
    decades_high: float
    one_in: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RinseCheck:
    """A published share of burst cells after minutes in water of `osmolality_share` times tissue fluid's."""

    id: str
    minutes: float
    burst_share: float
    osmolality_share: float
    says: str
    source: str
    checked: str


@cache
def rinse_bounds() -> Mapping[str, Bound]:
    return {row["id"]: row_of(Bound, row, FILE) for row in load_table(FILE)["parameter"]}


@cache
def not_enough() -> NotEnough:
    return row_of(NotEnough, load_table(FILE)["not_enough"], FILE)


@cache
def no_survivor() -> NoSurvivor:
    return row_of(NoSurvivor, load_table(FILE)["no_survivor"], FILE)


@cache
def rinse_checks() -> tuple[RinseCheck, ...]:
    return tuple(row_of(RinseCheck, row, FILE) for row in load_table(FILE)["check"])


@cache
def protocol_rinse() -> tuple[float, float, float]:
    """The paper's own: minutes in water, minutes in cisplatin, its concentration in mg/ml."""
    items = {item.id: item for item in decision_tables()["protocol"].items}
    try:
        water, drug = (
            {number["unit"]: float(number["low"]) for number in items[name].numbers} for name in (WATER, CISPLATIN)
        )
        return water["min"], drug["min"], drug["mg/mL"]
    except KeyError as missing:
        raise KnowledgeError(f"the protocol does not hold {missing}", file=FILE, field="protocol") from None
