"""What to make: the description of a parametric patient and of the tumour in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from enbloc.core.errors import InputError
from enbloc.core.levels import Level, are_neighbours

Triple = tuple[float, float, float]
COLUMN = tuple(
    level
    for level in Level
    if Level.T1.rank <= level.rank <= Level.S1.rank and level not in (Level.T13, Level.L6, Level.L7)
)
"""The levels a phantom can have, cranial first."""
SIDES = ("left", "right")
DENSITIES = ("lytic", "mixed", "blastic")
COLLAPSES = ("wedge", "biconcave", "crush")
MOST_LOSS = 0.8
TYPES = (1, 2, 3, 4, 5, 6, 7)
VARIANTS = {
    1: ("body", "pedicle", "arch"),
    2: ("body-pedicle", "pedicle-arch"),
    3: ("through-pedicle",),
    4: ("body", "body-pedicle", "through-pedicle", "arch"),
    5: ("body", "through-pedicle", "with-canal", "arch"),
    6: ("below", "above"),
    7: ("far",),
    None: ("canal", "paravertebral", "disc"),
}
"""Tumour variants by wished type; the first is the default. None: lesions that the classification does not cover."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TumourSpec:
    """A tumour of a wished Tomita type.

    `variant` picks among the ways to be of that type (see `VARIANTS`). `deciding_mm`: how far the feature that makes
    the type reaches (into the pedicle, the arch, the canal, beside the vertebra, the neighbour, or the skip lesion's
    width); None leaves it to `size`. `clearance_mm`: kept free towards zones that must stay free. `disc_mm`: how far
    it grows into the disc below (0: touches it, None: keeps clear). `roughness`: height of the surface's bumps as a
    share of the tumour's radius. `displaces_sac`: the dural sac gives way. `both_sides`: grows on the other side as
    well. `density`: what the CT shows where it has replaced bone; `mixed` is lytic and blastic in patches.
    """

    type: int | None = 4
    level: Level | str = Level.T12
    side: str = "left"
    variant: str | None = None
    size: float = 1.0
    deciding_mm: float | None = None
    clearance_mm: float = 1.0
    disc_mm: float | None = None
    roughness: float = 0.08
    displaces_sac: bool = False
    both_sides: bool = False
    density: str = "lytic"

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", Level(self.level))
        if self.type not in VARIANTS:
            raise InputError(f"{self.type} is not a tumour type", field="tumour.type", hint="1 to 7, or none")
        if self.side not in SIDES:
            raise InputError(f"{self.side!r} is not a side", field="tumour.side", hint="left or right")
        if self.density not in DENSITIES:
            known = ", ".join(DENSITIES)
            raise InputError(f"{self.density!r} is not a density", field="tumour.density", hint=known)
        if self.variant is not None and self.variant not in VARIANTS[self.type]:
            known = ", ".join(VARIANTS[self.type])
            raise InputError(f"{self.variant!r} is no variant of type {self.type}", field="tumour.variant", hint=known)
        for name, low, high in (("size", 0.05, 3.0), ("clearance_mm", 0.0, 5.0), ("roughness", 0.0, 0.3)):
            if not low <= getattr(self, name) <= high:
                raise InputError(f"{name} must lie between {low:g} and {high:g}", field=f"tumour.{name}")
        if self.disc_mm is not None and not 0.0 <= self.disc_mm <= 20.0:
            raise InputError("disc_mm must lie between 0 and 20", field="tumour.disc_mm")
        if self.deciding_mm is not None and not 0.0 < self.deciding_mm <= 40.0:
            raise InputError("deciding_mm must lie between 0 and 40", field="tumour.deciding_mm")

    @property
    def kind(self) -> str:
        """The variant in force."""
        return self.variant if self.variant is not None else VARIANTS[self.type][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collapse:
    """A body that has lost height. `loss` is the share of its height lost where `form` loses most.

    `wedge`: in front, none at the posterior wall; the column above leans forward. `biconcave`: in the middle of both
    endplates. `crush`: everywhere. In the last two the arches keep the column up and the discs fill the space.
    """

    level: Level | str
    loss: float
    form: str = "wedge"

    def __post_init__(self) -> None:
        object.__setattr__(self, "level", Level(self.level))
        if not 0.0 <= self.loss <= MOST_LOSS:
            raise InputError(f"loss must lie between 0 and {MOST_LOSS:g}", field="collapse.loss")
        if self.form not in COLLAPSES:
            known = ", ".join(COLLAPSES)
            raise InputError(f"{self.form!r} is not a form of collapse", field="collapse.form", hint=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhantomSpec:
    """A parametric patient and the scan taken of it. Angles in degrees, lengths in mm.

    `levels` run contiguously from cranial to caudal within T1-S1. `kyphosis_deg` (negative: lordosis) and
    `scoliosis_deg` (Cobb, convex to the right) are added to the natural curve over the whole range, `wedges` to
    single bodies. `collapse`: one body has lost height. `scale` sizes the patient, `pedicle_scale` the pedicle
    widths, `asymmetry` makes the right side that share larger than the left and pulls the arch aside.
    `rotation_deg` turns the patient in the scanner (about R, then A, then S), `position_mm` places the middle of the
    range; `oblique_deg` turns the scanner's grid instead. `orientation` is the axis order of the stored array.
    `margin_mm` is kept around the vertebrae to left and right, front and back, above and below. `mirror` makes the
    mirror image of the patient.
    """

    levels: tuple[Level | str, ...] = ("T10", "T11", "T12", "L1", "L2")
    tumour: TumourSpec | None = TumourSpec()
    spacing_mm: Triple = (1.0, 1.0, 1.0)
    orientation: str = "RAS"
    oblique_deg: Triple = (0.0, 0.0, 0.0)
    rotation_deg: Triple = (0.0, 0.0, 0.0)
    position_mm: Triple = (0.0, 0.0, 0.0)
    kyphosis_deg: float = 0.0
    scoliosis_deg: float = 0.0
    wedges: tuple[tuple[Level | str, float], ...] = ()
    collapse: Collapse | None = None
    scale: float = 1.0
    pedicle_scale: float = 1.0
    asymmetry: float = 0.0
    mirror: bool = False
    margin_mm: Triple = (12.0, 30.0, 8.0)
    shape: tuple[int, int, int] | None = None
    scheme: str = "totalsegmentator-v2"
    noise_hu: float = 12.0
    seed: int = 0

    def __post_init__(self) -> None:
        levels = tuple(Level(name) for name in self.levels)
        object.__setattr__(self, "levels", levels)
        object.__setattr__(self, "wedges", tuple((Level(name), float(deg)) for name, deg in self.wedges))
        self._check_levels(levels)
        if self.tumour is not None and self.tumour.level not in levels:
            raise InputError(
                f"{self.tumour.level} is not among the levels", field="tumour.level", hint="add it to levels"
            )
        if self.collapse is not None and self.collapse.level not in levels:
            raise InputError(
                f"{self.collapse.level} is not among the levels", field="collapse.level", hint="add it to levels"
            )
        if (
            sorted(_LINE[letter] for letter in self.orientation if letter in _LINE) != [0, 1, 2]
            or len(self.orientation) != 3
        ):
            raise InputError(
                f"{self.orientation!r} names no axis order", field="orientation", hint="for example RAS or PIR"
            )
        for name, low, high in _RANGES:
            value = getattr(self, name)
            if name == "wedges":
                value = tuple(deg for _, deg in value)
            for number in value if isinstance(value, tuple) else () if value is None else (value,):
                if not low <= number <= high:
                    raise InputError(f"{name} must lie between {low:g} and {high:g}", field=name)

    @staticmethod
    def _check_levels(levels: tuple[Level, ...]) -> None:
        strangers = [level for level in levels if level not in COLUMN]
        if not levels or strangers:
            raise InputError(f"levels must be T1 to S1, got {', '.join(strangers) or 'none'}", field="levels")
        for upper, lower in pairwise(levels):
            if upper.rank >= lower.rank or not are_neighbours(upper, lower):
                raise InputError(f"{lower} cannot follow {upper}", field="levels", hint="cranial first, no gaps")


_LINE = {"R": 0, "L": 0, "A": 1, "P": 1, "S": 2, "I": 2}
_RANGES = (
    ("spacing_mm", 0.2, 10.0),
    ("oblique_deg", -180.0, 180.0),
    ("rotation_deg", -180.0, 180.0),
    ("position_mm", -10_000.0, 10_000.0),
    ("wedges", -45.0, 45.0),
    ("shape", 1, 1024),
    ("kyphosis_deg", -70.0, 70.0),
    ("scoliosis_deg", -60.0, 60.0),
    ("scale", 0.5, 1.5),
    ("pedicle_scale", 0.5, 1.5),
    ("asymmetry", -0.15, 0.15),
    ("margin_mm", 0.0, 300.0),
    ("noise_hu", 0.0, 200.0),
)


def mirrored(spec: PhantomSpec) -> PhantomSpec:
    """The same patient seen in a mirror: left and right change places, aorta, curve and tumour included."""
    return replace(spec, mirror=not spec.mirror)
