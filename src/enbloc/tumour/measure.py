"""Tumour by level and zone from the voxel partition, decided against the noise floor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import BONE_PARTS, Part, Spine
from enbloc.core.errors import LabelError
from enbloc.core.geometry import Box, bounding_box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Mask
from enbloc.tumour.extent import Involvement, Zone, ZoneExtent
from enbloc.tumour.noise import SHELL_VOXELS, NoiseFloor

ZONES = tuple(Zone)
OUTSIDE = ZONES.index(Zone.PARAVERTEBRAL)
ARCH_PARTS = tuple(part for part in BONE_PARTS if part > Part.PEDICLE_RIGHT)
ZONE_OF_PART = {
    Part.NONE: Zone.PARAVERTEBRAL,
    Part.BODY: Zone.BODY,
    Part.PEDICLE_LEFT: Zone.PEDICLE_LEFT,
    Part.PEDICLE_RIGHT: Zone.PEDICLE_RIGHT,
    Part.CANAL: Zone.CANAL,
    Part.DISC: Zone.DISC,
    **dict.fromkeys(ARCH_PARTS, Zone.ARCH),
}
BONE_ZONES = (Zone.BODY, Zone.PEDICLE_LEFT, Zone.PEDICLE_RIGHT, Zone.ARCH)
_LOOKUP = np.array([ZONES.index(ZONE_OF_PART[part]) for part in Part], dtype=np.uint8)
REACH_MM = 8.0

ZoneMap = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The voxels around the tumour: `zone` holds positions in ZONES, `owner` 1-based vertebra numbers, `tumour` the
    mask.
    """

    zone: ZoneMap
    owner: npt.NDArray[np.uint8]
    tumour: Mask
    grid: Grid
    levels: tuple[Level, ...]

    @property
    def voxel_mm3(self) -> float:
        return self.grid.affine.voxel_volume_mm3


def around_tumour(spine: Spine) -> Neighbourhood:
    """The crop of the spine that tumour can concern. Raises LabelError when the tumour is far from every vertebra."""
    box = bounding_box(spine.tumour)
    if box is None:
        raise LabelError("the tumour mask is empty", field="imaging.tumour")
    i, j, k = (int(np.ceil(REACH_MM / spacing)) + 1 for spacing in spine.grid.spacing_mm)
    box = box.grown((i, j, k), spine.grid.shape)
    near = Neighbourhood(
        zone=_LOOKUP[spine.part[box.slices]],
        owner=spine.owner[box.slices],
        tumour=spine.tumour[box.slices],
        grid=spine.grid.crop(box),
        levels=spine.levels,
    )
    if not (near.owner[near.zone != OUTSIDE] > 0).any():
        raise LabelError(
            "the tumour lies away from every labelled vertebra",
            field="imaging.tumour",
            hint="is the mask from another series, or is its level not labelled?",
        )
    return near


def zone_extents(
    near: Neighbourhood, zone_volumes_mm3: dict[tuple[int, int], float], floor: NoiseFloor
) -> tuple[ZoneExtent, ...]:
    """One row per level and zone that tumour occupies or touches, cranial first."""
    keys = np.where(near.tumour, near.owner.astype(np.int32) * len(ZONES) + near.zone, -1)
    found = []
    for key in touched(near, keys):
        number, place = divmod(key, len(ZONES))
        if number == 0:
            continue
        mask = keys == key
        count = int(np.count_nonzero(mask))
        depth_mm, certain = penetration(mask, near.tumour & ~mask, near.grid, floor.shell_mm(ZONES[place]))
        volume = count * near.voxel_mm3
        size = zone_volumes_mm3.get((number, place))
        found.append(
            ZoneExtent(
                level=near.levels[number - 1],
                zone=ZONES[place],
                volume_mm3=volume,
                share=None if size is None else min(1.0, volume / size),
                depth_mm=depth_mm,
                noise_mm=floor.noise_mm(ZONES[place]),
                involvement=Involvement.INVOLVED if certain else Involvement.POSSIBLE,
            )
        )
    return tuple(found)


def touched(near: Neighbourhood, keys: npt.NDArray[np.int32]) -> list[int]:
    """Keys (owner, zone) that hold tumour, or that hold a voxel next to tumour."""
    held = np.unique(keys[near.tumour])
    around = _dilated(near.tumour) & ~near.tumour
    beside = np.unique((near.owner.astype(np.int32) * len(ZONES) + near.zone)[around])
    return sorted({int(key) for key in (*held, *beside, *_outside_keys(near, around)) if key >= 0})


def _outside_keys(near: Neighbourhood, around: Mask) -> Iterator[int]:
    """Soft tissue has no owner; where tumour touches it, it is booked on the level whose bone carries that tumour."""
    open_ = around & (near.zone == OUTSIDE) & (near.owner == 0)
    if not open_.any():
        return
    reach = _dilated(open_) & near.tumour & (near.owner > 0)
    for number in np.unique(near.owner[reach]):
        yield int(number) * len(ZONES) + OUTSIDE


def _dilated(mask: Mask) -> Mask:
    """`mask` with the six face neighbours of its voxels."""
    grown = mask.copy()
    for axis in range(3):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        grown[tuple(ahead)] |= mask[tuple(behind)]
        grown[tuple(behind)] |= mask[tuple(ahead)]
    return grown


def penetration(mask: Mask, rest: Mask, grid: Grid, extra_mm: float) -> tuple[float, bool]:
    """How far the tumour in `mask` reaches from the `rest` of the tumour: depth in mm, and whether it passes the
    noise floor.

    Depth runs from the border (half a voxel from the nearest voxel of `rest`). The floor is SHELL_VOXELS in voxels,
    counted along each axis in that axis's own voxels, plus `extra_mm`. Depth is never more than the extent of this
    part of the tumour.
    """
    if not mask.any():
        return 0.0, False
    box = bounding_box(mask | rest)
    assert box is not None
    spacing = grid.spacing_mm
    own = bounding_box(mask)
    assert own is not None
    extent = float(np.linalg.norm(np.array(own.shape) * spacing))
    if not rest.any():
        return extent, True
    inside, outside = mask[box.slices], rest[box.slices]
    mm = _distance(outside, spacing)[inside]
    voxels = _distance(outside, np.ones(3))[inside]
    beyond = (voxels > SHELL_VOXELS) & (mm > SHELL_VOXELS * (mm / voxels) + extra_mm)
    return min(extent, float((mm - 0.5 * mm / voxels).max())), bool(beyond.any())


def _distance(target: Mask, spacing: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Distance from every voxel to the nearest `target` voxel."""
    import edt

    distance: npt.NDArray[np.float32] = edt.edt(
        np.ascontiguousarray(~target), anisotropy=tuple(float(s) for s in spacing), black_border=False
    )
    return distance


def zone_volumes_mm3(spine: Spine, numbers: Sequence[int]) -> dict[tuple[int, int], float]:
    """Outline volume of each bony zone and canal of the given vertebrae, keyed (number, zone); paravertebral has
    none.
    """
    volumes = {}
    for number in numbers:
        box = _grown(spine, number)
        zone = _LOOKUP[spine.part[box.slices]]
        counts = np.bincount(zone[spine.owner[box.slices] == number], minlength=len(ZONES))
        for place, count in enumerate(counts):
            if place != OUTSIDE and count:
                volumes[number, place] = float(count) * spine.grid.affine.voxel_volume_mm3
    return volumes


def _grown(spine: Spine, number: int) -> Box:
    i, j, k = (int(np.ceil(25.0 / spacing)) for spacing in spine.grid.spacing_mm)
    return spine.vertebrae[number - 1].box.grown((i, j, k), spine.grid.shape)
