"""The nouns of a resection: cuts, faces, pieces, what certifies the choice, and what else could have been chosen."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from enbloc.anatomy.spine import Triple
from enbloc.core.evidence import Caveat, Measured, Skipped, Step
from enbloc.core.geometry import Affine, Plane
from enbloc.core.levels import Level
from enbloc.core.mesh import Faces, Vertices
from enbloc.resection.clearance import Clearance
from enbloc.resection.release_nouns import Release
from enbloc.resection.removal_nouns import Removal, WayInstead
from enbloc.resection.risk import Contamination, ExecutionRisk


class Gate(StrEnum):
    """Where a cut passes: through the ring on one side, through the column above or below, or through the body."""

    LEFT = "left"
    RIGHT = "right"
    CRANIAL = "cranial"
    CAUDAL = "caudal"
    SPLIT = "split"


RING_GATES = (Gate.LEFT, Gate.RIGHT)
COLUMN_GATES = (Gate.CRANIAL, Gate.CAUDAL)


class Tissue(StrEnum):
    """What most of a cut's section passes through."""

    PEDICLE = "pedicle"
    LAMINA = "lamina"
    BODY_SIDE = "body-side"
    BODY = "body"
    DISC = "disc"
    ENDPLATE = "endplate"
    NEIGHBOUR_BODY = "neighbour-body"
    TUMOUR = "tumour"


class MarginClass(StrEnum):
    """Enneking's margins, as far as they apply to a vertebra."""

    WIDE = "wide"
    MARGINAL = "marginal"
    INTRALESIONAL = "intralesional"


@dataclass(frozen=True, slots=True)
class ClassRange:
    """The margin class of a face. `value` is None where nothing is known; `possible` are all that resolution leaves
    open, best first.
    """

    value: MarginClass | None
    possible: tuple[MarginClass, ...]
    because: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Loss:
    """What a cut costs beside its section. `segmental_artery`: level whose segmental artery runs where the cut
    passes; None where none does.
    """

    neighbour_bone_mm3: float = 0.0
    segmental_artery: Level | None = None
    ribs: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[float, float, float]:
        """Smaller is better."""
        return (float(self.segmental_artery is not None), float(len(self.ribs)), self.neighbour_bone_mm3)


@dataclass(frozen=True, slots=True)
class Cut:
    """One finite cut, in RAS mm.

    `name` is `<level>-<gate>`, or `<level>-<side>-behind` for a ring cut that stands on the other side than its gate,
    behind that side's own; `order` counts from 1 in the order of sawing. The plane runs through `point_mm`;
    `normal` points to the side of the piece that holds most tumour of the level. `polygon_mm` is the outline of the
    section, closed, counter-clockwise seen from the tip of the normal. `margin_mm`: from the kerf's nearer face to the
    nearest tumour; negative is the depth to which the kerf lies in tumour. `section_mm2` of it `tumour_mm2` passes
    through tumour. `canal_angle_deg`: where the section meets the canal, seen from its centre: 0 in front, 90 on the
    patient's right, -90 on the left, 180 behind; None for cuts that pass between vertebrae. `sac_clearance_mm`: to the
    labelled dural sac, None where it is not labelled. `given`: the surgeon's own cut, not ours. `divider_deg`: what
    tells left from right behind the canal is turned so far from the middle to the right; not 0 where both ring cuts of
    a level stand on one side.
    """

    name: str
    order: int
    gate: Gate
    level: Level
    tissue: Tissue
    point_mm: Triple
    normal: Triple
    polygon_mm: tuple[Triple, ...]
    kerf_mm: float
    margin_mm: Measured
    margin_class: ClassRange
    section_mm2: float
    tumour_mm2: float
    depth_mm: float
    canal_angle_deg: float | None
    sac_clearance_mm: Measured | None
    vessels: tuple[Clearance, ...]
    loss: Loss
    given: bool = False
    caveats: tuple[Caveat, ...] = ()
    divider_deg: float = 0.0

    @property
    def place(self) -> str:
        """What it cuts, wherever it stands: `<level>-<gate>`."""
        return f"{self.level}-{self.gate}"

    @property
    def where(self) -> str:
        """Its name without the level."""
        return self.name.removeprefix(f"{self.level}-")

    @property
    def plane(self) -> Plane:
        return Plane(np.array(self.point_mm), np.array(self.normal))


@dataclass(frozen=True, slots=True)
class OpenSide:
    """A gate that needs no cut, or has none, with the reason. `to_cut`: there is something to cut, but no plane of the
    family cuts it.
    """

    gate: Gate
    level: Level
    because: str
    to_cut: bool = False


class FaceName(StrEnum):
    """A face of the specimen that is dissected and not sawn."""

    DURA = "dura"
    LATERAL_LEFT = "lateral-left"
    LATERAL_RIGHT = "lateral-right"
    ANTERIOR = "anterior"
    POSTERIOR = "posterior"
    CRANIAL = "adjacent-level-above"
    CAUDAL = "adjacent-level-below"


@dataclass(frozen=True, slots=True)
class Face:
    """A dissected face of one level. `margin_mm`: from tumour to the face's barrier or, where tumour has passed it, to
    the structure behind it (`to` names it); negative where tumour lies beyond all that is labelled; None unknown.
    """

    face: FaceName
    level: Level
    barriers: tuple[str, ...]
    to: str
    margin_mm: Measured | None
    margin_class: ClassRange
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True)
class Piece:
    """One part that leaves the patient. `label` is its value in the label file; `name` its name there."""

    name: str
    label: int
    levels: tuple[Level, ...]
    volume_mm3: float
    bone_mm3: float
    tumour_mm3: float
    margin_mm: Measured | None


@dataclass(frozen=True, slots=True)
class Certificate:
    """How far the choice is from the best possible.

    `family` says in words which cuts were compared; `grid` their steps; `planes` how many. `margin_mm` is the smallest
    margin of the ring cuts chosen, `bound_mm` what no ring cuts of the continuous family exceed (both counted up to
    `enough_mm`); `gap_mm` is their difference, None where it could not be bounded, and `because` says why.
    """

    family: str
    grid: dict[str, float]
    planes: int
    margin_mm: float
    bound_mm: float | None
    gap_mm: float | None
    enough_mm: float
    because: str

    @property
    def capped(self) -> bool:
        """Whether the chosen cuts keep what is enough, so that no larger margin was sought."""
        return self.margin_mm >= self.enough_mm


@dataclass(frozen=True, slots=True)
class RingPoint:
    """The best margin that a ring cut meeting the canal at this angle can have; None where no cut does."""

    level: Level
    gate: Gate
    canal_angle_deg: float
    margin_mm: float | None


@dataclass(frozen=True, slots=True)
class MarginShare:
    """Area of the specimen's surface within `upto_mm` of tumour."""

    upto_mm: float
    area_mm2: float
    share: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another choice: what it is in words, its cuts, and what it gains and costs against the chosen one.

    `removal`: how its pieces would leave; Skipped where that was not sought, None before it is.
    """

    name: str
    says: str
    cuts: tuple[Cut, ...]
    margin_gain_mm: float
    section_cost_mm2: float
    neighbour_bone_cost_mm3: float
    feasible: bool
    because: str
    removal: WayInstead | Skipped | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """Voxels of the pieces on their own grid (uint8, `Piece.label`; 0 stays), and the surface of the specimen.

    `vertices_mm` (n, 3) RAS, `faces` (m, 3) counter-clockwise from outside, `margin_mm` (n,) distance from each vertex
    to tumour, negative inside it.
    """

    label: npt.NDArray[np.uint8]
    affine: Affine
    vertices_mm: Vertices
    faces: Faces
    margin_mm: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Resection:
    """The cuts that take the tumour out, why these, and what they leave.

    `no_tumour_cut_probability` repeats that of `execution`, None without a section.
    `margin_mm`: the smallest margin of all cuts. `margin_class`: that of the worst face, sawn or dissected. `removal`:
    how the pieces leave, Skipped where that was not asked for or nothing is parted.
    `drawing`: voxels and surfaces for pictures and files, never part of plan.json; nor is `search`, by which own cuts
    are scored without another one.
    """

    levels: tuple[Level, ...]
    cuts: tuple[Cut, ...]
    open_sides: tuple[OpenSide, ...]
    releases: tuple[Release, ...]
    pieces: tuple[Piece, ...]
    faces: tuple[Face, ...]
    margin_mm: Measured | None
    margin_class: ClassRange
    intralesional_area_mm2: float
    certificate: Certificate
    execution: ExecutionRisk
    no_tumour_cut_probability: Measured | None
    contamination: Contamination
    removal: Removal | Skipped
    alternatives: tuple[Alternative, ...]
    ring_profile: tuple[RingPoint, ...]
    margin_histogram: tuple[MarginShare, ...]
    opening_needed_mm: float | None
    caveats: tuple[Caveat, ...]
    drawing: Pieces | None = field(default=None, repr=False, compare=False)
    search: object | None = field(default=None, repr=False, compare=False)
