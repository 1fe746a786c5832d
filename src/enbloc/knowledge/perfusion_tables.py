"""What the perfusion room looks up: the column's structure, the experiments, fitted parameters, rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

FOLDER = "perfusion/"
STRUCTURE = FOLDER + "structure.toml"
EXPERIMENTS = FOLDER + "experiments.toml"
PLANNER = FOLDER + "planner.toml"
HISTOLOGIES = "histology.toml"
VASCULARITY = FOLDER + "hypervascularity.toml"
NOT_KNOWN = "not-known"
"""The class of a tumour whose histology nobody knows, or the table does not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """A conductance or share fixed by assumption, and the range that samples draw from."""

    id: str
    value: float
    low: float
    high: float
    says: str
    source: str
    checked: str

    def __post_init__(self) -> None:
        if not 0.0 < self.low <= self.value <= self.high:
            raise KnowledgeError("low, value, high are not in order above zero", file=STRUCTURE, field=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One published measurement, in percent of control at `target`. `sd_pct` None: not published or not seen."""

    id: str
    group: str
    animal: str
    quantity: str
    act: str
    closed: tuple[str, ...]
    target: str
    measured_pct: float
    role: str
    says: str
    source: str
    checked: str
    sd_pct: float | None = None

    def __post_init__(self) -> None:
        if self.role not in ("calibration", "held-out"):
            raise KnowledgeError(f"role is {self.role!r}", file=EXPERIMENTS, field=self.id)
        if self.act not in ("arteries", "feeder", "roots"):
            raise KnowledgeError(f"act is {self.act!r}", file=EXPERIMENTS, field=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnimalOutcome:
    """How many animals of a group were abnormal after so many closed levels."""

    id: str
    levels: int
    abnormal: int
    animals: int
    what: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RootOutcome:
    """What cutting so many neighbouring sets of roots did."""

    id: str
    sets: tuple[int, ...]
    result: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What is taken of a fitted number before the experiments: centre, and SD of its logarithm (of `slope` itself)."""

    id: str
    centre: float
    spread: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FitErrors:
    """What a fit takes as error, and where the cord gives way."""

    cord_sd_pct: float
    cord_sd_says: str
    knee_mmhg: float
    baseline_mmhg: float
    knee_low_mmhg: float
    knee_sd: float
    knee_says: str
    source: tuple[str, ...]
    checked: str

    @property
    def knee(self) -> float:
        """The pressure at which the cord gives way, over the usual pressure."""
        return self.knee_mmhg / self.baseline_mmhg


@cache
def ratios() -> Mapping[str, Ratio]:
    return {row["id"]: row_of(Ratio, row, STRUCTURE) for row in load_table(STRUCTURE)["ratio"]}


@cache
def column_levels(kind: str) -> tuple[str, ...]:
    """Names of the levels of a `dog` or `human` column, cranial first, with those that only continue it at its ends."""
    return tuple(load_table(STRUCTURE)["columns"][kind])


@cache
def cord_ends() -> str:
    """The lowest level whose canal holds cord."""
    return str(load_table(STRUCTURE)["columns"]["cord_ends"])


@cache
def experiments() -> tuple[Experiment, ...]:
    return tuple(row_of(Experiment, row, EXPERIMENTS) for row in load_table(EXPERIMENTS)["experiment"])


@cache
def animal_outcomes() -> tuple[AnimalOutcome, ...]:
    return tuple(row_of(AnimalOutcome, row, EXPERIMENTS) for row in load_table(EXPERIMENTS)["outcome"])


@cache
def root_outcomes() -> tuple[RootOutcome, ...]:
    return tuple(row_of(RootOutcome, row, EXPERIMENTS) for row in load_table(EXPERIMENTS)["roots"])


@cache
def priors() -> Mapping[str, Prior]:
    return {row["id"]: row_of(Prior, row, EXPERIMENTS) for row in load_table(EXPERIMENTS)["prior"]}


@cache
def fit_errors() -> FitErrors:
    return row_of(FitErrors, load_table(EXPERIMENTS)["fit"], EXPERIMENTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vascularity:
    """Flow of a vertebra with a tumour of these histologies over one without."""

    id: str
    histologies: tuple[str, ...]
    factor: float
    low: float
    high: float
    says: str
    source: str | tuple[str, ...]
    checked: str

    @property
    def known(self) -> bool:
        return self.id != NOT_KNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A row of planner.toml that says something of some levels, or of a threshold in percent."""

    id: str
    says: str
    source: str | tuple[str, ...]
    checked: str
    levels: tuple[str | int, ...] = ()
    pct: float | None = None

    @property
    def first_source(self) -> str:
        return self.source if isinstance(self.source, str) else self.source[0]


@cache
def vascularity(histology: str | None) -> Vascularity:
    """The class of a histology: `not-known` for None and free text, `usual` for a known one that no class names."""
    rows = {row["id"]: row_of(Vascularity, row, VASCULARITY) for row in load_table(VASCULARITY)["class"]}
    if histology is None or histology not in load_table(HISTOLOGIES)["names"]:
        return rows[NOT_KNOWN]
    return next((row for row in rows.values() if histology in row.histologies), rows["usual"])


@cache
def sentences(kind: str) -> tuple[Sentence, ...]:
    """The rows of one kind (`verdict`, `threshold`, `end`, `why_three`) of the planner's table."""
    return tuple(row_of(Sentence, row, PLANNER) for row in load_table(PLANNER)[kind])


@cache
def vascularity_dissent() -> str:
    """What stands against the factors."""
    return str(load_table(VASCULARITY)["dissent"]["says"])


@cache
def planner(part: str) -> Mapping[str, Any]:
    """One table of planner.toml by its name."""
    return dict(load_table(PLANNER)[part])


@cache
def embolisation_head() -> Mapping[str, Any]:
    """How many neighbours the rule closes, and where to look for the Adamkiewicz artery: as the advice has it."""
    return dict(load_table("decisions/embolisation.toml")["table"])


@cache
def perfusion_table(name: str) -> Mapping[str, Any]:
    """A whole table of the folder `perfusion` by its name without suffix."""
    return load_table(f"{FOLDER}{name}.toml")
