"""What blood loss looks up: the paper's three means, what moves them, and the series that nothing was fitted to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge.decision_tables import decision_tables
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

FILE = "perfusion/blood_loss.toml"
EMBOLISED = ("none", "some", "three")


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanRow:
    """One of the three published means: at `flow` left to the vertebra (1: all)."""

    id: str
    ml: float
    flow: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorRow:
    """An influence on the loss. `unknown`, `known`: (low, high) of what the mean is times."""

    id: str
    title: str
    unknown: tuple[float, float]
    says: str
    source: str
    checked: str
    known: Mapping[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for low, high in (self.unknown, *self.known.values()):
            if not 0.0 < low <= high:
                raise KnowledgeError(f"{low:g} to {high:g} is no range", file=FILE, field=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A named influence with its sentence; numbers where the table gives them."""

    id: str
    title: str
    says: str
    source: str
    checked: str
    low: float = 0.0
    high: float = 0.0
    usual_mmhg: float = 0.0
    most_mmhg: float = 0.0
    most: int = 0
    protocol: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Lognormal spread of single operations, and the two quantiles that are shown."""

    cv: float
    low: float
    high: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesRow:
    """One published series; `embolised`: none, some, three."""

    id: str
    title: str
    measured_ml: float
    embolised: str
    says: str
    source: str
    checked: str

    def __post_init__(self) -> None:
        if self.embolised not in EMBOLISED:
            raise KnowledgeError(f"unknown word {self.embolised!r}", file=FILE, field=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class TailRow:
    """The share of a series that lost more than `above_ml`."""

    id: str
    above_ml: float
    share: float
    says: str
    source: str
    checked: str


@cache
def paper_means() -> Mapping[str, MeanRow]:
    return {row["id"]: row_of(MeanRow, row, FILE) for row in load_table(FILE)["mean"]}


@cache
def factor_rows() -> Mapping[str, FactorRow]:
    return {row["id"]: row_of(FactorRow, row, FILE) for row in load_table(FILE)["factor"]}


@cache
def remark(name: str) -> Remark:
    """The table `pressure`, `levels`, `unknown_flow` or `glue`."""
    return row_of(Remark, load_table(FILE)[name], FILE)


@cache
def spread() -> Spread:
    return row_of(Spread, load_table(FILE)["spread"], FILE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """What later operations lost, as a sentence."""

    says: str
    source: tuple[str, ...]
    checked: str


@cache
def later_series() -> Later:
    return row_of(Later, load_table(FILE)["later"], FILE)


@cache
def blood_series() -> tuple[SeriesRow, ...]:
    return tuple(row_of(SeriesRow, row, FILE) for row in load_table(FILE)["series"])


@cache
def blood_tails() -> tuple[TailRow, ...]:
    return tuple(row_of(TailRow, row, FILE) for row in load_table(FILE)["tail"])


@cache
def paper_pressure_mmhg() -> tuple[float, float]:
    """The systolic pressures of the paper's protocol, from the table of its steps."""
    wanted = remark("pressure").protocol
    found = next((item for item in decision_tables()["protocol"].items if item.id == wanted), None)
    if found is None or len(found.numbers) != 1:
        raise KnowledgeError(f"no item {wanted!r} with one number in the protocol", file=FILE, field="pressure")
    return float(found.numbers[0]["low"]), float(found.numbers[0]["high"])
