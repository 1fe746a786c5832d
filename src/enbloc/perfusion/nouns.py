"""What the embolisation planner hands out. Flows are percent of the flow at the same place with nothing closed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.levels import Level

SIDES = ("left", "right")


class Occlusion(StrEnum):
    """Where an artery is closed: coils or a ligature near its origin, or particles that reach the small vessels."""

    PROXIMAL = "proximal"
    PARTICLES = "particles"


class Verdict(StrEnum):
    """What the number of closed levels allows: `no-automatic-plan` shows options and proposes none."""

    AS_PUBLISHED = "as-published"
    CAUTION = "caution"
    NO_AUTOMATIC_PLAN = "no-automatic-plan"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LeftOpen:
    """An artery (`T9-left`) that the rule would close and the plan leaves open, and why."""

    artery: str
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """Another choice of arteries and what it changes. `kind`: `extra-level`, `omitted-level`, `all-at-once`,
    `omitted-ends`, `beside-the-feeder`, `close-the-feeder`, `staged`.

    `vertebra_change_pct`, `cord_change_pct`: percentage points against the plan. The flows are null with a reason in
    `outside` where nothing like it was studied.
    """

    id: str
    kind: str
    title: str
    embolised: tuple[str, ...]
    vertebra_flow_pct: Measured | None
    cord_flow_pct: Measured | None
    vertebra_change_pct: float | None
    cord_change_pct: float | None
    because: tuple[Step, ...]
    warnings: tuple[Caveat, ...] = ()
    outside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EvokedPotentials:
    """Share of the model's samples whose cord flow lies below each published threshold, and the dogs beside it.

    `below`: (threshold in percent of normal flow, share of samples 0 to 1). `abnormal` of `animals` dogs had abnormal
    cord potentials with the same number of closed levels; `dogs_share` is that share with its exact 95 % interval, null
    where no group had that number. Three dogs to a group: an order, not a rate.
    """

    below: tuple[tuple[float, float], ...]
    levels: int
    abnormal: int | None
    animals: int | None
    dogs_share: Measured | None
    says: str
    because: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureEffect:
    """What lowering the pressure adds.

    `open_cord_flow_pct`: at that pressure with nothing closed; `cord_flow_pct`: with the plan's arteries closed.
    `knee_map_mmhg`: mean pressure below which the model's cord gives way with the plan's arteries closed, not above the
    usual one. `dissent` holds the model's reading where it stands against the paper.
    """

    systolic_mmhg: float
    mean_mmhg: float
    open_cord_flow_pct: Measured | None
    cord_flow_pct: Measured | None
    knee_map_mmhg: Measured | None
    paper_says: str
    dissent: str | None
    because: tuple[Step, ...]
    outside: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """One number of closed levels in a response curve; flows of the patient's column, null where not computed."""

    levels: int
    closed: tuple[Level, ...]
    vertebra_flow_pct: Measured | None
    cord_flow_pct: Measured | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExperimentPoint:
    """One published measurement beside the model's prediction of that experiment in its own animal.

    `quantity`: `vertebra-flow`, `cord-flow`, `cord-pressure`. `act`: `arteries` tied, or one `feeder` of the cord.
    `role`: `calibration` or `held-out`. `sd_pct` None: not published. `predicted_pct` is the dog column's, not the
    patient's.
    """

    id: str
    animal: str
    quantity: str
    act: str
    levels: int
    measured_pct: float
    sd_pct: float | None
    predicted_pct: float
    role: str
    says: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCurves:
    """Flow against number of closed levels: this patient's column, the dog's column, and the experiments' points."""

    patient: tuple[CurvePoint, ...]
    dog: tuple[CurvePoint, ...]
    experiments: tuple[ExperimentPoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArteryState:
    """One segmental artery in the drawing. `closed` by embolisation, or by the operation (`resected` alone).

    `inflow_pct`: flow through it now, percent of before (0 when closed);
    `feeds_cord`: None when nobody looked; `cord_feeder_chance`: chance that the Adamkiewicz artery arises here.
    """

    level: Level
    side: str
    closed: bool
    embolised: bool
    resected: bool
    left_open_because: str | None
    inflow_pct: float
    feeds_cord: bool | None
    cord_feeder_chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelFlow:
    """Flows at one level of the column in the drawing, percent of before. The links: flow along the paraspinous and
    epidural arcades, both sides together, and the anterior spinal artery to the level below, as percent of one
    segmental artery's normal flow, positive towards the feet.
    """

    level: Level
    vertebra_flow_pct: float
    cord_flow_pct: float
    arcade_link_pct: float
    epidural_link_pct: float
    anterior_spinal_link_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ArteryDrawing:
    """What the schematic shows, cranial first, arteries of both sides, and each level."""

    arteries: tuple[ArteryState, ...]
    levels: tuple[LevelFlow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Perfusion:
    """The embolisation plan and what it does.

    Ranges hold 90 % of the sampled model; a null flow means that `outside` says why. `vertebra_flow_pct`: mean of the
    resected vertebrae. `cord_flow_pct`: where it is lowest (`cord_flow_at`), at usual pressure; `pressure` adds the
    planned one. `closed_levels`: levels with both sides closed by the plan or by
    the resection. `after_resection_cord_flow_pct`: with the vessels along the resected levels' roots gone as well.
    `angiography_required`: no plan may be carried out before the cord's feeders are looked for.
    """

    resected: tuple[Level, ...]
    embolised: tuple[str, ...]
    occlusion: Occlusion
    left_open: tuple[LeftOpen, ...]
    closed_levels: tuple[Level, ...]
    verdict: Verdict
    angiography_required: bool
    feeder: str
    vertebra_flow_pct: float | None
    vertebra_flow_ci_pct: tuple[float, float] | None
    cord_flow_pct: float | None
    cord_flow_ci_pct: tuple[float, float] | None
    cord_flow_at: Level | None
    after_resection_cord_flow_pct: Measured | None
    outside: str | None
    tumour_factor: Measured
    tumour_inflow_pct: Measured | None
    evoked_potentials: EvokedPotentials
    pressure: PressureEffect | None
    because: tuple[Step, ...]
    warnings: tuple[Caveat, ...]
    why_three: tuple[Step, ...]
    options: tuple[Option, ...]
    largest_change: str | None
    response: ResponseCurves
    schematic: ArteryDrawing
    residual: float
