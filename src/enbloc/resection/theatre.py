"""Everything labelled around the resected levels, on the operative field's voxels carried on outward.

The field ends close to the levels. A piece that leaves goes farther, so ribs, vessels and bone are looked up there too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Frame, Part, Spine, vessel_kind
from enbloc.core.geometry import Array, Index, Vector
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, Mask
from enbloc.resection.field import Codes, OperativeField
from enbloc.resection.lay import RIB, FieldGrid, box_around, named, nearest, nearest_mask, seen

ASIDE_MM, BEHIND_MM, BEFORE_MM = 25.0, 5.0, 15.0
"""Looked at beyond the field to either side, behind it and in front of it."""
HEIGHT_MM = 8.0
"""Looked at above and below the pieces."""


@dataclass(frozen=True, slots=True, eq=False)
class Theatre:
    """Voxels as in OperativeField. `pieces`: label of the piece of each voxel, 0 for none. Vessels and ribs by name.
    `touch_mm`: by how much bone may seem to enter bone: a voxel, or what the label map cannot tell from none.
    """

    frame: Frame
    start_mm: Vector
    step_mm: float
    levels: tuple[Level, ...]
    column: tuple[Level, ...]
    owner: Codes
    part: Codes
    no_go: Mask
    no_go_is_sac: bool
    vessels: Mapping[str, Mask]
    ribs: Mapping[str, Mask]
    tumour: Mask
    pieces: Codes
    touch_mm: float
    centre_mm: Vector
    """Of the canal at the resected levels, along the frame's axes."""

    def number(self, level: Level) -> int:
        return 1 + self.column.index(level)

    def from_start(self, local_mm: Array) -> Array:
        """mm along the frame's axes to mm from the first voxel."""
        moved: Array = local_mm - self.start_mm
        return moved

    def rigid(self, label: int) -> Mask:
        """A piece's voxels without disc that tumour has not entered, which gives way."""
        mine: Mask = (self.pieces == label) & ((self.part != Part.DISC) | self.tumour)
        return mine

    @property
    def shape(self) -> Index:
        i, j, k = self.owner.shape
        return i, j, k

    @property
    def extent_mm(self) -> Vector:
        """From the first voxel, along the axes."""
        return self.step_mm * np.array(self.shape)

    @property
    def axes_mm(self) -> tuple[Array, Array, Array]:
        """mm from the first voxel along each axis, shaped to be broadcast over the voxels."""
        i, j, k = (np.arange(n, dtype=np.float64) * self.step_mm for n in self.owner.shape)
        return i[:, None, None], j[None, :, None], k[None, None, :]


def theatre_of(
    field: OperativeField, label: Codes, spine: Spine, imaging: Imaging, known: Theatre | None = None
) -> Theatre:
    """`label`: the pieces on the field's voxels. `known`: that of other pieces in the same field, which is taken over
    where it reaches as far or farther.
    """
    low, high = reach_of(field, label)
    if known is not None:
        a, b, c = np.rint((known.start_mm - field.start_mm) / field.step_mm).astype(int).tolist()
        if c <= low[2] and high[2] <= c + known.shape[2]:
            return replace(known, pieces=carried_on(label, (a, b, c), known.shape))
    start = field.start_mm + field.step_mm * np.array(low)
    shape = (high[0] - low[0], high[1] - low[1], high[2] - low[2])
    place = FieldGrid(field.frame, start, field.step_mm, shape)
    box = box_around(place, imaging.grid)
    names = named(imaging)
    vessels = seen(imaging, [name for name in names if vessel_kind(name) is not None], box, place)
    ribs = seen(imaging, [name for name in names if RIB.fullmatch(name)], box, place)
    return Theatre(
        frame=field.frame,
        start_mm=start,
        step_mm=field.step_mm,
        levels=field.levels,
        column=field.column,
        owner=nearest(spine.owner, spine.grid, place),
        part=nearest(spine.part, spine.grid, place),
        no_go=nearest_mask(spine.no_go & ~spine.tumour, spine.grid, place),
        no_go_is_sac=field.no_go_is_sac,
        vessels=vessels,
        ribs=ribs,
        tumour=nearest_mask(spine.tumour, spine.grid, place),
        touch_mm=max(field.step_mm, field.noise_mm),
        pieces=carried_on(label, low, shape),
        centre_mm=np.mean([field.canal_centre_mm[level] for level in field.levels], axis=0),
    )


def reach_of(field: OperativeField, label: Codes) -> tuple[Index, Index]:
    """The voxels looked at, counted from the field's first; the last one not included."""
    aside, behind, before, height = (
        int(np.ceil(mm / field.step_mm)) for mm in (ASIDE_MM, BEHIND_MM, BEFORE_MM, HEIGHT_MM)
    )
    ni, nj, _ = field.shape
    layers = np.flatnonzero((label > 0).any(axis=(0, 1)))
    bottom, top = int(layers[0]) - height, int(layers[-1]) + 1 + height
    return (-aside, -behind, bottom), (ni + aside, nj + before, top)


def carried_on(label: Codes, low: Index, shape: Index) -> Codes:
    """`label` in the larger block, 0 where that goes beyond it."""
    out = np.zeros(shape, dtype=np.uint8)
    inner, outer = [], []
    for n, first, size in zip(label.shape, low, shape, strict=True):
        a, b = max(0, first), min(n, first + size)
        inner.append(slice(a, b))
        outer.append(slice(a - first, b - first))
    out[outer[0], outer[1], outer[2]] = label[inner[0], inner[1], inner[2]]
    return out
