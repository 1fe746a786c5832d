"""The operative field: everything that the search for cuts reads, on one isotropic grid along a vertebra's own axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Frame
from enbloc.core.geometry import Affine, Array, Vector
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Mask

Millimetres = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class OperativeField:
    """Voxels `step_mm` apart along right, anterior, superior of `frame`; the first has its centre at `start_mm` there.

    `levels` are resected, cranial first; `column` are all levels in view and `owner` (uint8) the 1-based position
    there, 0 for none; `part` the codes of `anatomy.Part`. `tumour`: the mask. `tumour_mm`: signed distance to the
    tumour's surface, negative inside, taken on the grid of the label map and read between its voxels. `no_go_mm`: the
    same to the no-go body; `no_go_is_sac` tells a labelled dural sac from the whole canal. `vessel_mm`: the same by
    vessel name. `ribs`: voxels of labelled ribs, by name. `canal_centre_mm` (by level of `levels`) along the frame's
    axes. `noise_mm`: the least distance that the label map's voxels can tell from none; `voxel_mm`: their largest step.
    `image`: the label map's grid, beyond which nothing was seen; None where that does not matter.
    """

    frame: Frame
    start_mm: Vector
    step_mm: float
    levels: tuple[Level, ...]
    column: tuple[Level, ...]
    owner: Codes
    part: Codes
    tumour: Mask
    tumour_mm: Millimetres
    no_go: Mask
    no_go_mm: Millimetres
    no_go_is_sac: bool
    no_go_basis: str
    vessel_mm: Mapping[str, Millimetres]
    ribs: Mapping[str, Mask]
    estimated: Mask
    canal_centre_mm: Mapping[Level, Vector]
    noise_mm: float
    voxel_mm: float
    thick_slices: bool
    image: Grid | None = None

    @property
    def affine(self) -> Affine:
        """From voxel index to RAS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.step_mm * self.frame.axes.T
        matrix[:3, 3] = self.frame.to_world(self.start_mm)
        return Affine(matrix)

    @property
    def shape(self) -> tuple[int, int, int]:
        i, j, k = self.owner.shape
        return i, j, k

    def number(self, level: Level) -> int:
        """The code of `level` in `owner`."""
        return 1 + self.column.index(level)

    def to_index(self, local_mm: Array) -> Array:
        """mm along the frame's axes (..., 3) to fractional index (..., 3)."""
        index: Array = (local_mm - self.start_mm) / self.step_mm
        return index

    def places(self, index: npt.ArrayLike) -> Array:
        """Index (..., 3) to mm along the frame's axes (..., 3)."""
        local: Array = np.asarray(index, dtype=np.float64) * self.step_mm + self.start_mm
        return local
