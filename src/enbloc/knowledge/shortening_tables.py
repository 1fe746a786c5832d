"""What shortening looks up: phases, the experiments, what is assumed of the dura, and heights expected of adults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from enbloc.core.errors import KnowledgeError
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level, is_level
from enbloc.knowledge.decision_tables import decision_tables
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

PHASES = "shortening/phases.toml"
STUDIES = "shortening/studies.toml"
DURA = "shortening/dura.toml"
RANGES = "anatomy/morphometry_ranges.toml"
MEANS = "phantom/morphometry.toml"
SEGMENT = "segment_height_mm"
USES = ("calibration", "same-study", "held-out", "recalled")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseRow:
    """A phase ends at `upto_thirds` thirds of one segment, the end included; the last has no end."""

    id: str
    number: int
    says: str
    source: str
    checked: str
    upto_thirds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A change seen at `mm` (standard deviation `sd_mm`) of shortening out of `of_mm`."""

    id: str
    mm: float
    sd_mm: float
    of_mm: float
    says: str
    source: str
    checked: str

    @property
    def fraction(self) -> float:
        return self.mm / self.of_mm


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """One experiment. `of`: what its fractions are of; `alone`: no other harm was done, so that flows compare."""

    id: str
    title: str
    levels: tuple[str, ...]
    of: str
    alone: bool
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a study saw at a fraction (numerator, denominator). None: not reported."""

    study: str
    use: str
    fraction: tuple[int, int]
    says: str
    source: str
    checked: str
    flow_pct: float | None = None
    injured: bool | None = None

    def __post_init__(self) -> None:
        if self.use not in USES:
            raise KnowledgeError(f"unknown use {self.use!r}", file=STUDIES, field=self.study)
        if (self.use == "recalled") != (self.checked == "unverified"):
            raise KnowledgeError("recalled and unverified do not go together", file=STUDIES, field=self.study)

    @property
    def part(self) -> Fraction:
        return Fraction(*self.fraction)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A sentence with its source: a caution, a meaning, an assumption. `levels`: where it is said; empty: anywhere."""

    id: str
    says: str
    source: str | tuple[str, ...]
    checked: str
    levels: tuple[str, ...] = ()
    always: bool = False

    def __post_init__(self) -> None:
        strange = [level for level in self.levels if not is_level(level)]
        if strange:
            raise KnowledgeError(f"{strange[0]!r} is not a level", file=PHASES, field=self.id)

    @property
    def first_source(self) -> str:
        return self.source if isinstance(self.source, str) else self.source[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class DuraParameter:
    """An assumed number of the dura with its range."""

    id: str
    low: float
    value: float
    high: float
    says: str
    source: str
    checked: str

    @property
    def measured(self) -> Measured:
        return Measured(self.value, self.low, self.high)


@cache
def phase_rows() -> tuple[PhaseRow, ...]:
    """The phases in order. Raises KnowledgeError where they do not follow each other."""
    rows = tuple(row_of(PhaseRow, row, PHASES) for row in load_table(PHASES)["phase"])
    ends = [row.upto_thirds for row in rows]
    if [row.number for row in rows] != [1, 2, 3] or ends[-1] is not None or None in ends[:-1]:
        raise KnowledgeError("phases are not 1, 2, 3 with two ends", file=PHASES, field="phase")
    return rows


@cache
def thresholds() -> Mapping[str, Threshold]:
    return {row["id"]: row_of(Threshold, row, PHASES) for row in load_table(PHASES)["threshold"]}


@cache
def cautions() -> Mapping[str, Said]:
    return {row["id"]: row_of(Said, row, PHASES) for row in load_table(PHASES)["caution"]}


@cache
def meanings() -> tuple[Said, ...]:
    return tuple(row_of(Said, row, PHASES) for row in load_table(PHASES)["meaning"])


@cache
def injury_from() -> tuple[Fraction, Said]:
    """The fraction from which other experiments saw injury, and the sentence."""
    row = load_table(PHASES)["injury"]
    says = {"id": "injury-inside-warning", **{key: row[key] for key in ("says", "source", "checked")}}
    return Fraction(*row["fraction"]), row_of(Said, says, PHASES)


@cache
def late_flow() -> tuple[float, Said]:
    """To which flow (% of before) rises are read to return, and the sentence."""
    row = load_table(PHASES)["late"]
    says = {"id": "rise-is-temporary", **{key: row[key] for key in ("says", "source", "checked")}}
    return float(row["flow_pct"]), row_of(Said, says, PHASES)


@cache
def paper_mm() -> tuple[float, float, Said]:
    """The paper's shortening in mm, from the table of its protocol."""
    wanted = load_table(PHASES)["paper"]["protocol"]
    found = next((item for item in decision_tables()["protocol"].items if item.id == wanted), None)
    if found is None or len(found.numbers) != 1:
        raise KnowledgeError(f"no item {wanted!r} with one number in the protocol", file=PHASES, field="paper")
    number = found.numbers[0]
    return (
        float(number["low"]),
        float(number["high"]),
        Said(id=wanted, says=found.says, source=found.source, checked=found.checked),
    )


@cache
def studies() -> Mapping[str, Study]:
    return {row["id"]: row_of(Study, row, STUDIES) for row in load_table(STUDIES)["study"]}


@cache
def observations() -> tuple[Observation, ...]:
    """Every observation, in the order of the table. Raises KnowledgeError for a study it does not hold."""
    rows = tuple(row_of(Observation, row, STUDIES) for row in load_table(STUDIES)["observation"])
    strange = [row.study for row in rows if row.study not in studies()]
    if strange:
        raise KnowledgeError(f"unknown study {strange[0]!r}", file=STUDIES, field="observation")
    return rows


@cache
def calibration() -> tuple[Observation, float]:
    """The one flow that the model is fitted to, and its standard deviation (recalled) in % of before."""
    found = [row for row in observations() if row.use == "calibration"]
    if len(found) != 1 or found[0].flow_pct is None:
        raise KnowledgeError("needs exactly one flow to fit to", file=STUDIES, field="observation")
    return found[0], float(load_table(STUDIES)["flow_spread"]["sd_pct"])


@cache
def dura_parameters() -> Mapping[str, DuraParameter]:
    return {row["id"]: row_of(DuraParameter, row, DURA) for row in load_table(DURA)["parameter"]}


@cache
def dura_statements() -> tuple[Said, ...]:
    return tuple(row_of(Said, row, DURA) for row in load_table(DURA)["statement"])


@cache
def expected_mm(level: Level, measure: str = SEGMENT) -> Measured | None:
    """What adults of a level are expected to measure (segment height, or the disc below with its `disc` column): the
    mean and the plausible range, both unverified. None for levels that the means do not hold.
    """
    means = load_table(MEANS)
    columns = means["level"].get(level.value)
    if columns is None or not level.in_scope:
        return None
    row = next(row for row in load_table(RANGES)["measure"] if row["id"] == measure)
    return _around(row, dict(zip(means["table"]["columns"], columns, strict=True)), level.region)


def _around(row: Mapping[str, Any], mean: Mapping[str, float], region: str) -> Measured:
    if region in row:
        low, high = row[region]
        return Measured(min(max(float(mean["disc"]), low), high), float(low), float(high))
    middle = float(sum(mean[column] for column in row["mean"]))
    return Measured(middle, middle * row["below"], middle * row["above"])
