"""The nouns of removal: how each piece leaves the patient, how near it comes to what stays, and what was tried."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from enbloc.anatomy.spine import Triple
from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat, Step
from enbloc.core.geometry import Array
from enbloc.core.levels import Level
from enbloc.resection.clearance import Clearance


class Way(StrEnum):
    """How a piece leaves: lifted straight back, turned around the dural sac and then back, or towards the front."""

    DORSALLY = "dorsally"
    TURNED_LEFT = "turned-left"
    TURNED_RIGHT = "turned-right"
    ANTERIORLY = "anteriorly"


SAC_YIELD = 0.25
"""Share of its narrowest width by which the contents of the canal may be narrowed, where nobody says another."""


@dataclass(frozen=True, slots=True)
class RemovalSettings:
    """The motions that are searched, and what may give way. Lengths in mm, angles in degrees.

    `sought`: whether a way is looked for at all. Poses lie `move_step_mm` apart in the axial plane, as far as
    `sideways_mm` and `lengthways_mm` (front to back) from the start, and `turn_step_deg` apart about an axis square
    to the bony cuts above and below, up to `largest_turn_deg`. Where no such path is found, height up to `lift_mm`
    and both tilts up to `tilt_deg` are freed as well, in steps twice as long in the plane; then the plane square to
    the vertebra's own axis is searched. Between poses the piece is looked at every `check_mm`. `most_poses` ends a
    search. A path `comfortable_mm` away from what limits it is not lengthened for more. `retraction_deg`: how far
    from straight back (or straight to the front) the muscles let a piece leave. `sac_yield`: share of its narrowest
    width by which the contents of the canal may be narrowed, half from each side; None: as is asked of the ring
    cuts. `vessel_yield_mm`, `root_yield_mm`: how far vessels and roots may be pushed; None: as the table says.
    """

    sought: bool = True
    move_step_mm: float = 1.0
    sideways_mm: float = 40.0
    lengthways_mm: float = 40.0
    turn_step_deg: float = 5.0
    largest_turn_deg: float = 150.0
    lift_mm: float = 4.0
    tilt_deg: float = 5.0
    check_mm: float = 0.5
    most_poses: int = 12_000
    comfortable_mm: float = 2.0
    retraction_deg: float = 45.0
    sac_yield: float | None = None
    vessel_yield_mm: float | None = None
    root_yield_mm: float | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise InputError(f"{name} must lie between {low:g} and {high:g}", field=f"resection.removal.{name}")


RANGES = {
    "move_step_mm": (0.2, 5.0),
    "sideways_mm": (0.0, 100.0),
    "lengthways_mm": (0.0, 100.0),
    "turn_step_deg": (1.0, 30.0),
    "largest_turn_deg": (0.0, 180.0),
    "lift_mm": (0.0, 20.0),
    "tilt_deg": (0.0, 30.0),
    "check_mm": (0.1, 1.0),
    "most_poses": (1, 1_000_000),
    "comfortable_mm": (0.01, 20.0),
    "retraction_deg": (0.0, 89.0),
    "sac_yield": (0.0, 0.9),
    "vessel_yield_mm": (0.0, 30.0),
    "root_yield_mm": (0.0, 30.0),
}
"""What the settings may be; coarser or finer is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Root:
    """A nerve root: that of `level`, which leaves below its pedicle, on `side` ("left" or "right")."""

    level: Level
    side: str

    @property
    def name(self) -> str:
        return f"{self.level}-{self.side}-root"


@dataclass(frozen=True, slots=True)
class Pose:
    """Where a piece has got to: turned by `turn_deg` (a rotation vector along RAS, its length the angle in degrees)
    about the removal's `about_mm`, then moved by `moved_mm` (RAS).
    """

    turn_deg: Triple
    moved_mm: Triple

    def carry(self, points_mm: Array, about_mm: Triple) -> Array:
        """Points (..., 3) of the piece where it lay, in RAS mm, to where this pose puts them."""
        from scipy.spatial.transform import Rotation

        about = np.array(about_mm)
        turn = Rotation.from_rotvec(np.deg2rad(self.turn_deg)).as_matrix()
        carried: Array = (points_mm - about) @ turn.T + about + np.array(self.moved_mm)
        return carried


@dataclass(frozen=True, slots=True)
class Tried:
    """One way that was searched. `least_mm`: the least distance to any obstacle beyond what that obstacle yields.
    `poses`: how many were looked at.
    """

    way: Way
    found: bool
    least_mm: float | None
    poses: int
    because: str


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A way that was found, as poses (n, 6) along the theatre's axes: mm, and a rotation vector in radians."""

    way: Way
    poses: Array


@dataclass(frozen=True, slots=True)
class PieceRemoval:
    """How one piece leaves. Between two poses turn and movement grow in proportion.

    `way`, `poses` and `clearances` are of the path chosen: None and empty where none was found. A clearance is the
    least distance along the path, negative where the piece presses into the structure by that much.
    `roots_that_must_go`: roots that the path runs through.
    """

    piece: str
    found: bool
    way: Way | None
    about_mm: Triple
    poses: tuple[Pose, ...]
    clearances: tuple[Clearance, ...]
    roots_that_must_go: tuple[Root, ...]
    tried: tuple[Tried, ...]
    says: str
    # All that were found, the one chosen first: for the same piece with other cuts, never written.
    paths: tuple[Path, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Removal:
    """How the pieces leave, in their order. `corridor_mm`: width of the widest upright cylinder that can be brought in
    from behind to where the body was, along the side on which the block left; None where no block left that way.
    """

    pieces: tuple[PieceRemoval, ...]
    corridor_mm: float | None
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]


OTHER_LEAVES = "way-out-by-alternative"
"""The caveat of a plan one of whose pieces has no way out where an alternative's all have one."""


@dataclass(frozen=True, slots=True)
class PieceWay:
    """Which way a piece of an alternative leaves; None where none was found in the searched motions. `least_mm`: its
    least room there, beyond what gives way; room beyond 4 mm is not told apart where the way is one that the plan's
    piece has. `about_mm` and `poses`: as in PieceRemoval.
    """

    piece: str
    way: Way | None
    least_mm: float | None
    about_mm: Triple
    poses: tuple[Pose, ...]


@dataclass(frozen=True, slots=True)
class WayInstead:
    """How the pieces of an alternative leave, checked as those of the plan are and told in short.

    Where a piece may go a way of the plan's piece of that name, or one some millimetres beside it, that is its way;
    else ways are searched until one is found, so that one with more room may exist. `found`: every piece gets out.
    `ways` stand in the order in which the
    pieces leave. `least_mm`: the least room of those that get out; None where none does. `corridor_mm`: as in Removal.
    `caveats`: what the plan's own cuts do not have.
    """

    found: bool
    ways: tuple[PieceWay, ...]
    least_mm: float | None
    corridor_mm: float | None
    roots_that_must_go: tuple[Root, ...]
    says: str
    caveats: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True)
class Frames:
    """One piece's poses, about equally far apart along its path, for an animation."""

    piece: str
    about_mm: Triple
    poses: tuple[Pose, ...]
