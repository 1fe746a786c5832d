"""What is said of spinal shortening: the nouns. Fractions are of one segment (posterior body and one disc)."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.levels import Level

HEIGHT_IS = ("measured", "stated", "expected", "unknown")
"""Where a height comes from: this patient's images, the user, adults of that level, nowhere."""
PHASES = (1, 2, 3)
"""Up to one third, up to two thirds, beyond."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeight:
    """Height of one resected segment, None where it is not known, and why. `level` is None for a bare number."""

    level: Level | None
    height_mm: Measured | None
    height_is: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowPoint:
    """One measured cord flow (% of before) at a fraction. `use`: calibration, held-out, or recalled (not re-read)."""

    study: str
    title: str
    use: str
    fraction: float
    flow_pct: float
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """The model's flow at a fraction; None where it predicts none."""

    fraction: float
    flow_pct: Measured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShorteningCurve:
    """Everything that a picture of flow against shortening needs. `phase_ends`: fractions where phases 1 and 2 end."""

    points: tuple[CurvePoint, ...]
    experiments: tuple[FlowPoint, ...]
    phase_ends: tuple[float, float]
    planned: Measured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRange:
    """The paper's shortening in millimetres against this patient's third: `within`, `partly-beyond`, `beyond`.

    `verdict` by the height as it is, `possible` by all heights that the measurement leaves.
    """

    low_mm: float
    high_mm: float
    verdict: str
    possible: tuple[str, ...]
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DuralSlack:
    """When the sac, as a thin tube that cannot slide, goes slack, and how far it then bulges. An estimate: see docs.

    `onset_mm`: shortening at which it wrinkles; `excess_mm`: what the planned shortening has beyond that;
    `amplitude_mm`: height of a half wave of that excess. Both None where no shortening is planned.
    """

    free_length_mm: Measured
    onset_mm: Measured
    excess_mm: Measured | None
    amplitude_mm: Measured | None
    because: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """What shortening means for rods and cage. `cage_height_mm` = gap - shortening; `rod_travel_mm`: by how much the
    screws above and below come nearer. None where unknown, then `because` says why.
    """

    gap_mm: Measured | None
    cage_height_mm: Measured | None
    rod_travel_mm: float | None
    says: tuple[str, ...]
    because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortening:
    """How far this column may be shortened.

    `segment_height_mm`: of the smallest resected segment. Phase 1 ends at `safe_mm`, phase 2 at `warning_mm`, beyond is
    danger. `phase` by the values, `possible_phases` by all heights the measurement leaves. `cord_flow_pct` (% of
    before): the model's value, with the least and greatest that model and studies leave; `model_flow_pct`: the model's
    alone. None where not known, with a sentence in `missing`.
    """

    segment_height_mm: Measured | None
    segment_level: Level | None
    height_is: str
    segments: tuple[SegmentHeight, ...]
    safe_mm: Measured | None
    warning_mm: Measured | None
    planned_mm: float | None
    fraction: Measured | None
    phase: int | None
    possible_phases: tuple[int, ...]
    cord_flow_pct: Measured | None
    model_flow_pct: Measured | None
    paper: PaperRange | None
    dura: DuralSlack | None
    compression: Compression
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyCheck:
    """One observation of an experiment beside what phases and model say of the same fraction.

    `injured`: whether the animals were hurt; `predicted_injured`: phase 3. `agrees` is None where nothing compares.
    """

    study: str
    title: str
    use: str
    fraction: float
    says: str
    phase: int
    predicted_flow_pct: Measured | None
    measured_flow_pct: float | None
    predicted_injured: bool
    injured: bool | None
    agrees: bool | None
    source: str
    checked: str
