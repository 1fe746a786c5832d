"""The Plan: everything a face may show, and nothing else. Written as plan.json (schema `enbloc.plan/1`)."""

from __future__ import annotations

from dataclasses import dataclass, field

from enbloc.anatomy import Barrier, LevelMorphometry, Spine, Vertebra
from enbloc.case import Case
from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, InputFile
from enbloc.decisions import Advice, AnyRecommendation, OutcomeTopic
from enbloc.planning.blood import PerfusionFindings
from enbloc.planning.shortening import ShorteningFindings
from enbloc.resection.nouns import Resection
from enbloc.scores import Score
from enbloc.tumour import Contact, EpiduralFindings, Extent, LevelBarriers, Stability, VesselFindings, WbbFindings

SCHEMA = "enbloc.plan/1"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the plan was made with. Equal manifests and inputs give byte-identical plans."""

    enbloc_version: str
    knowledge_sha256: str
    inputs: tuple[InputFile, ...]
    settings: dict[str, float | int | bool | str]
    seeds: dict[str, int]
    residuals: dict[str, float]


@dataclass(frozen=True, slots=True)
class PatchArea:
    """Area of one barrier of one vertebra; `image-border` is bone cut off by the edge of the image."""

    level: Level
    barrier: Barrier
    area_mm2: float


@dataclass(frozen=True, slots=True)
class SpineFindings:
    """The levels found, with numbering evidence and frames; `grid_spacing_mm` is the resolution they were read at.

    A level's `canal_width_mm` and `canal_depth_mm` are those of its morphometry.
    """

    levels: tuple[Vertebra, ...]
    grid_spacing_mm: tuple[float, float, float]
    no_go_basis: str
    structures: tuple[str, ...]
    morphometry: tuple[LevelMorphometry, ...]
    compartments: tuple[PatchArea, ...] = ()


@dataclass(frozen=True, slots=True)
class TumourFindings(Extent):
    """Extent and type, beside what lies around the tumour."""

    barriers: tuple[LevelBarriers, ...] | Skipped
    wbb: WbbFindings | Skipped
    epidural: EpiduralFindings | Skipped
    vessels: VesselFindings | Skipped
    stability: Stability | Skipped


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """The voxels and surfaces behind the plan, kept in memory for pictures and label files; never part of plan.json."""

    imaging: Imaging
    spine: Spine
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One patient's plan. A stage that did not run is `Skipped` with its reason.

    `revised`: by name, the recommendations that read otherwise once the cuts are known.
    """

    case: Case
    manifest: Manifest
    spine: SpineFindings | Skipped
    tumour: TumourFindings | Skipped
    scores: dict[str, Score | Skipped]
    advice: Advice
    outcomes: tuple[OutcomeTopic, ...]
    revised: dict[str, AnyRecommendation] | Skipped
    resection: Resection | Skipped
    perfusion: PerfusionFindings | Skipped
    shortening: ShorteningFindings | Skipped
    mechanics: Skipped
    warnings: tuple[Caveat, ...]
    schema: str = SCHEMA
    drawing: Drawing | None = field(default=None, repr=False, compare=False)
