"""The nouns of tumour extent: zones, their involvement, and the Tomita type."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from enbloc.core.evidence import Caveat, Step
from enbloc.core.levels import Level


class Zone(StrEnum):
    """Where tumour can be, seen from one vertebra. `adjacent-vertebra` and `disc` are not among the five numbered
    zones.
    """

    BODY = "body"
    PEDICLE_LEFT = "pedicle-left"
    PEDICLE_RIGHT = "pedicle-right"
    ARCH = "arch"
    CANAL = "canal"
    PARAVERTEBRAL = "paravertebral"
    DISC = "disc"


class Involvement(StrEnum):
    """`involved` and `free` hold beyond the noise floor; `possible` is a reading one voxel shell could overturn."""

    INVOLVED = "involved"
    POSSIBLE = "possible"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class ZoneExtent:
    """Tumour in one zone of one level.

    `share` is the fraction of the zone filled (None for paravertebral, which has no size). `depth_mm` is how far
    tumour reaches into the zone from its border with the rest of the tumour. `noise_mm` is the depth below which
    involvement cannot be told from partial volume and border uncertainty. All four are None where the zone was stated
    and not measured.
    """

    level: Level
    zone: Zone
    volume_mm3: float | None
    share: float | None
    depth_mm: float | None
    noise_mm: float | None
    involvement: Involvement


@dataclass(frozen=True, slots=True)
class TomitaType:
    """Surgical classification 1-7 with the range that the measurement leaves open. None: not classifiable, `because`
    says why.
    """

    value: int | None
    low: int | None
    high: int | None
    borderline: bool
    because: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Lesion:
    """One connected part of the tumour: its volume, its centre (RAS mm) and the levels that hold a tenth or more of its
    bony part (without any bone: the levels at whose height it lies).
    """

    volume_mm3: float
    centre_mm: tuple[float, float, float]
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Extent:
    """Where the tumour is. `basis`: `mask`, `stated` (the case's [extent]) or `mask-and-stated`.

    `levels` are those whose bone or spaces are involved; `index_level` holds the most tumour in its
    bone; where only stated, it is the topmost level. `adjacent_vertebra` and
    `skip_lesion` are None when unknown. `noise` says in words what the noise floor was made of.
    """

    basis: str
    volume_mm3: float | None
    index_level: Level | None
    levels: tuple[Level, ...]
    zones: tuple[ZoneExtent, ...]
    lesions: tuple[Lesion, ...]
    adjacent_vertebra: Involvement | None
    skip_lesion: Involvement | None
    tomita_type: TomitaType
    noise: str
    caveats: tuple[Caveat, ...]
