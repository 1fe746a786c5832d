"""What anatomy knows of one patient: vertebrae with frames, and a voxel partition of the column."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from enbloc.core.evidence import Caveat
from enbloc.core.geometry import Array, Box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Mask

Triple = tuple[float, float, float]


class Part(IntEnum):
    """Codes of the voxel partition. 1-10 are bone of a vertebra, 11 and 12 the spaces it encloses or shares."""

    NONE = 0
    BODY = 1
    PEDICLE_LEFT = 2
    PEDICLE_RIGHT = 3
    LAMINA_LEFT = 4
    LAMINA_RIGHT = 5
    SPINOUS = 6
    TRANSVERSE_LEFT = 7
    TRANSVERSE_RIGHT = 8
    ARTICULAR_LEFT = 9
    ARTICULAR_RIGHT = 10
    CANAL = 11
    DISC = 12

    @property
    def label(self) -> str:
        """The name people read: `pedicle-left`, `spinous`, ..."""
        return self.name.lower().replace("_", "-")


BONE_PARTS = tuple(part for part in Part if Part.BODY <= part <= Part.ARTICULAR_RIGHT)


def is_bone(part: npt.NDArray[np.integer[Any]]) -> Mask:
    """Where an array of part codes holds bone of a vertebra."""
    return (part >= Part.BODY) & (part <= Part.ARTICULAR_RIGHT)


@dataclass(frozen=True, slots=True)
class Frame:
    """A vertebra's own axes. `origin_mm` is the centre of its body (RAS mm); the axes are orthonormal, in RAS.

    `superior` halves the angle between the two endplate normals; `anterior` points from canal to body, square to it.
    """

    origin_mm: Triple
    right: Triple
    anterior: Triple
    superior: Triple

    @property
    def axes(self) -> Array:
        """Rows right, anterior, superior; shape (3, 3)."""
        return np.array([self.right, self.anterior, self.superior])

    def to_local(self, points_mm: Array) -> Array:
        """RAS mm (..., 3) to mm along right, anterior, superior from the origin."""
        local: Array = (points_mm - np.array(self.origin_mm)) @ self.axes.T
        return local

    def to_world(self, local_mm: Array) -> Array:
        world: Array = local_mm @ self.axes + np.array(self.origin_mm)
        return world


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a vertebra got its name. `basis`: `label-map`, `anchor`; `evidence`: what supports or contradicts the
    count.
    """

    basis: str
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vertebra:
    """One vertebra found in the label map.

    `frame_basis`: `own-bone`; `neighbours` where too little bone is left to tell; `fitted` where the neighbours'
    shape was fitted to what is left; `not-modelled` for C1, C2 and the sacrum, whose frame is None. `canal_closed`: a
    bony ring was found. `estimated_mm3`: volume of outline that is not in the label map but was inferred.
    `cut_at_border`: bone touches the edge of the image.
    """

    level: Level
    numbering: Numbering
    frame: Frame | None
    frame_basis: str
    box: Box
    volume_mm3: float
    estimated_mm3: float
    cut_at_border: bool
    canal_centre_mm: Triple | None
    canal_closed: bool
    canal_width_mm: float | None
    canal_depth_mm: float | None
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Spine:
    """The column on `grid`, the part of the label map's own grid that holds the vertebrae and the tumour.

    `part` (uint8, codes of `Part`) and `owner` (uint8, 1-based position in `vertebrae`, 0 = none) share the grid's
    shape. Bone voxels are the label map's, plus tumour voxels inside an estimated outline (`estimated`). `tumour` is
    the mask on this grid. `no_go` is the dural sac where labelled, else the whole canal (`no_go_basis` says which).
    `region` places the grid in the label map it was cut from. `structures`: names of other labelled structures in
    view.
    """

    grid: Grid
    region: Box
    vertebrae: tuple[Vertebra, ...]
    part: npt.NDArray[np.uint8]
    owner: npt.NDArray[np.uint8]
    estimated: Mask
    tumour: Mask
    no_go: Mask
    no_go_basis: str
    structures: tuple[str, ...]
    caveats: tuple[Caveat, ...]
    doubtful_pairs: tuple[tuple[Level, Level], ...] = ()

    def vertebra(self, level: Level) -> Vertebra | None:
        return next((v for v in self.vertebrae if v.level is level), None)

    @property
    def levels(self) -> tuple[Level, ...]:
        return tuple(v.level for v in self.vertebrae)
