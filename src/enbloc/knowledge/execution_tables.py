"""What carrying out a resection looks up: how far cuts stray, how uncertain outlines are, what cells a tool spreads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from math import sqrt

from enbloc.core.errors import InputError, KnowledgeError, nearest
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

SAW = "resection/saw_error.toml"
CELLS = "resection/contamination.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SawError:
    """Placement error of cuts under one guidance, as SDs: mm along a cut's normal, degrees about each axis.

    `offset_mm` and `angle_deg` are the total; `systematic_*` of it is shared by all cuts of one operation (along and
    about each axis of space). `source` is that of the shared part and the angles, `offset_source` of the offset.
    """

    id: str
    title: str
    offset_mm: float
    angle_deg: float
    systematic_offset_mm: float
    systematic_angle_deg: float
    offset_source: str
    offset_checked: str
    source: str | tuple[str, ...]
    checked: str

    def __post_init__(self) -> None:
        for of, total, shared in (
            ("offset_mm", self.offset_mm, self.systematic_offset_mm),
            ("angle_deg", self.angle_deg, self.systematic_angle_deg),
        ):
            if not 0.0 <= shared <= total:
                raise KnowledgeError(f"systematic_{of} is not from 0 to {of}", file=SAW, field=self.id)

    @property
    def random_offset_mm(self) -> float:
        return sqrt(self.offset_mm**2 - self.systematic_offset_mm**2)

    @property
    def random_angle_deg(self) -> float:
        return sqrt(self.angle_deg**2 - self.systematic_angle_deg**2)

    @property
    def sources(self) -> tuple[str, ...]:
        others = (self.source,) if isinstance(self.source, str) else self.source
        return (self.offset_source, *others)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelError:
    """Error of a tumour's outline as SDs in voxels: shifted as a whole along each axis, grown or shrunk."""

    shift_voxels: float
    growth_voxels: float
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SawStudy:
    """What one study published: the share of error within 5 and 2 mm, or mean and SD of its size."""

    id: str
    guidance: str
    what: str
    source: str
    checked: str
    within_5_mm: float | None = None
    within_2_mm: float | None = None
    mean_mm: float | None = None
    sd_mm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One tool of the experiment on spread cells. Takes are shares of mice, `cells` those counted on the tool."""

    id: str
    title: str
    cells: float
    take_instrument: float
    take_surface: float
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OneHit:
    """Take = 1 - exp(-alpha cells), fitted on the arm `fitted_on`. `animals_fewest`, `animals_most`: what an arm may
    have had by the published percentages; `reference_area_mm2`: cut surface that the counted cells stand for.
    """

    alpha: float
    fitted_on: str
    animals_fewest: int
    animals_most: int
    reference_area_mm2: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence about residual tumour or contamination."""

    id: str
    says: str
    source: str
    checked: str


@cache
def saw_errors() -> Mapping[str, SawError]:
    """By id, in the order of the table."""
    rows = {row["id"]: row_of(SawError, row, SAW) for row in load_table(SAW)["guidance"]}
    for study in saw_studies():
        if study.guidance not in rows:
            raise KnowledgeError(f"unknown guidance {study.guidance!r}", file=SAW, field=study.id)
    return rows


def saw_error(name: str) -> SawError:
    """Raises InputError for a guidance that the table does not hold."""
    rows = saw_errors()
    if name not in rows:
        hint = nearest(name, rows) or ", ".join(rows)
        raise InputError(f"{name!r} is not a guidance", field="execution.guidance", hint=hint)
    return rows[name]


@cache
def saw_studies() -> tuple[SawStudy, ...]:
    return tuple(row_of(SawStudy, row, SAW) for row in load_table(SAW)["study"])


@cache
def label_error() -> LabelError:
    return row_of(LabelError, load_table(SAW)["label"], SAW)


@cache
def contamination_arms() -> Mapping[str, Arm]:
    """By tool."""
    return {row["id"]: row_of(Arm, row, CELLS) for row in load_table(CELLS)["arm"]}


@cache
def one_hit() -> OneHit:
    return row_of(OneHit, load_table(CELLS)["model"], CELLS)


@cache
def contamination_statements() -> Mapping[str, Statement]:
    return {row["id"]: row_of(Statement, row, CELLS) for row in load_table(CELLS)["statement"]}


@cache
def rinse_rows() -> tuple[str, ...]:
    """Rows of decisions/protocol.toml that tell of rinsing."""
    return tuple(load_table(CELLS)["rinse"]["protocol"])
