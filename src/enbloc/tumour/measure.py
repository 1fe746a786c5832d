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
from enbloc.tumour.noise import SHELL_VOXELS, SPECK_VOXELS, NoiseFloor

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
FIRST_REACH_VOXELS = 6.0

ZoneMap = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Neighbourhood:
    """The voxels around the tumour: `zone` holds positions in ZONES, `owner` 1-based vertebra numbers, `tumour` the
    mask; `box` is their block of the spine's grid.
    """

    zone: ZoneMap
    owner: npt.NDArray[np.uint8]
    tumour: Mask
    grid: Grid
    box: Box
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
        box=box,
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
    places = near.owner.astype(np.int32) * len(ZONES) + near.zone
    keys = np.where(near.tumour, places, -1)
    found = []
    for key in touched(near, keys, floor):
        number, place = divmod(key, len(ZONES))
        if number == 0:
            continue
        mask = keys == key
        volume = int(np.count_nonzero(mask)) * near.voxel_mm3
        size = zone_volumes_mm3.get((number, place))
        drawn = _drawn_borders(places, keys, number, place)
        depth_mm, certain = penetration(mask, other_side(places, keys, mask), drawn, near.grid, floor)
        found.append(
            ZoneExtent(
                level=near.levels[number - 1],
                zone=ZONES[place],
                volume_mm3=volume,
                share=None if size is None else volume / size,
                depth_mm=depth_mm,
                noise_mm=floor.noise_mm(conventional=bool(drawn)),
                involvement=Involvement.INVOLVED if certain else Involvement.POSSIBLE,
            )
        )
    return tuple(found)


def other_side(places: npt.NDArray[np.int32], keys: npt.NDArray[np.int32], mask: Mask) -> Mask:
    """Where the tumour in `mask` comes from: the rest of the tumour, and all of the bone and discs that the rest lies
    in.

    Whole bones and discs, since their border is where depth begins; only the tumour in canal and soft tissue, since a
    thin lamina is not shallow for lying beside them.
    """
    rest = (keys >= 0) & ~mask
    firm = [ZONES.index(zone) for zone in (*BONE_ZONES, Zone.DISC)]
    held = [key for key in np.unique(keys[rest]) if key % len(ZONES) in firm and key >= len(ZONES)]
    inside = np.unique(keys[mask])
    return rest | np.isin(places, [key for key in held if key not in inside])


def _drawn_borders(
    places: npt.NDArray[np.int32], keys: npt.NDArray[np.int32], number: int, place: int
) -> tuple[Mask, ...]:
    """The other bony zones of the same vertebra that hold tumour: borders to them are drawn, not seen. Empty outside
    bone.
    """
    if ZONES[place] not in BONE_ZONES:
        return ()
    others = [number * len(ZONES) + ZONES.index(zone) for zone in BONE_ZONES if ZONES.index(zone) != place]
    return tuple(places == key for key in others if (keys == key).any())


def touched(near: Neighbourhood, keys: npt.NDArray[np.int32], floor: NoiseFloor) -> list[int]:
    """Keys (owner, zone) that hold tumour, that hold a voxel next to tumour, or whose drawn border is near."""
    places = near.owner.astype(np.int32) * len(ZONES) + near.zone
    around = dilated(near.tumour) & ~near.tumour
    found = {*np.unique(keys[near.tumour]), *np.unique(places[around]), *_outside_keys(near, around)}
    return sorted({int(key) for key in (*found, *_beyond_drawn_borders(near, places, keys, floor)) if key >= 0})


def _beyond_drawn_borders(
    near: Neighbourhood, places: npt.NDArray[np.int32], keys: npt.NDArray[np.int32], floor: NoiseFloor
) -> Iterator[int]:
    """Bony zones of vertebrae with tumour in their bone that begin within the convention's doubt of that tumour."""
    bone = [ZONES.index(zone) for zone in BONE_ZONES]
    tumour = (keys >= 0) & np.isin(near.zone, bone)
    if not tumour.any():
        return
    close = ~near.tumour & np.isin(near.zone, bone)
    close &= distance_to(tumour, near.grid.spacing_mm) <= floor.voxel_mm + floor.convention_mm
    numbers = np.unique(near.owner[tumour])
    yield from (int(key) for key in np.unique(places[close]) if key // len(ZONES) in numbers)


def _outside_keys(near: Neighbourhood, around: Mask) -> Iterator[int]:
    """Soft tissue has no owner; where tumour touches it, it is booked on the level whose bone carries that tumour."""
    open_ = around & (near.zone == OUTSIDE) & (near.owner == 0)
    if not open_.any():
        return
    reach = dilated(open_) & near.tumour & (near.owner > 0)
    for number in np.unique(near.owner[reach]):
        yield int(number) * len(ZONES) + OUTSIDE


def dilated(mask: Mask) -> Mask:
    """`mask` with the six face neighbours of its voxels."""
    grown = mask.copy()
    for axis in range(3):
        ahead = [slice(None)] * 3
        behind = [slice(None)] * 3
        ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
        grown[tuple(ahead)] |= mask[tuple(behind)]
        grown[tuple(behind)] |= mask[tuple(ahead)]
    return grown


def penetration(mask: Mask, rest: Mask, drawn: Sequence[Mask], grid: Grid, floor: NoiseFloor) -> tuple[float, bool]:
    """How far the tumour in `mask` reaches from the rest of the tumour: depth in mm, and whether it passes the noise
    floor.

    `drawn` are the parts of `rest` beyond borders drawn by convention. Such a border may be misplaced by the floor's
    convention, but not two of them at once: a pedicle filled from body to arch counts from either end. From
    everything else the tumour must be more than a shell away. Depth runs from the border, half a voxel before the
    first centre, and is never more than the extent of this part of the tumour. A speck of a few voxels is never
    certain.
    """
    own = bounding_box(mask)
    if own is None:
        return 0.0, False
    substantial = int(np.count_nonzero(mask)) > SPECK_VOXELS
    extent = float(np.linalg.norm(np.array(own.shape) * grid.spacing_mm))
    if not rest.any():
        return extent, True
    box = bounding_box(mask | rest)
    assert box is not None
    inside = mask[box.slices]
    seen = rest.copy()
    for border in drawn:
        seen &= ~border
    depth_mm, beyond = depths(seen[box.slices], inside, grid, 0.0)
    reached, certain = float(depth_mm.max()), bool(beyond.any())
    for border in drawn:
        along_mm, past = depths(border[box.slices], inside, grid, floor.convention_mm)
        reached = min(reached, float(np.minimum(depth_mm, along_mm).max()))
        certain = certain and bool((beyond & past).any())
    return min(extent, reached), certain and substantial


def depths(
    target: Mask, inside: Mask, grid: Grid, extra_mm: float
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Depth in mm of each `inside` voxel from `target`, and whether it is more than a shell and `extra_mm` away.

    The shell counts each axis in its own voxels, so that thick slices do not make thin tumour deep.
    """
    if not target.any():
        count = int(np.count_nonzero(inside))
        return np.full(count, np.inf, dtype=np.float32), np.ones(count, dtype=bool)
    mm = distance_from(inside, target, grid.spacing_mm)
    voxels = distance_from(inside, target, np.ones(3))
    step = mm / voxels
    beyond = (voxels > SHELL_VOXELS) & (mm > SHELL_VOXELS * step + extra_mm)
    return mm - np.float32(0.5) * step, beyond


def distance_from(inside: Mask, target: Mask, spacing: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Distance of each `inside` voxel to the nearest `target` voxel, shape (n,); neither may be empty.

    Looked for in a block about `inside` only, grown until whatever lies beyond it is farther away.
    """
    own = bounding_box(inside)
    assert own is not None
    reach = FIRST_REACH_VOXELS * float(spacing.max())
    while True:
        i, j, k = (int(np.ceil(reach / step)) for step in spacing)
        block = own.grown((i, j, k), inside.shape)
        if 2 * np.prod(block.shape) > inside.size:
            return distance_to(target, spacing)[inside]
        near = target[block.slices]
        if near.any():
            found = distance_to(near, spacing)[inside[block.slices]]
            farthest = float(found.max())
            if farthest <= reach:
                return found
            reach = farthest
        else:
            reach *= 2.0


def distance_to(target: Mask, spacing: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Distance from every voxel to the nearest `target` voxel."""
    import edt

    distance: npt.NDArray[np.float32] = edt.edt(
        np.ascontiguousarray(~target), anisotropy=tuple(float(s) for s in spacing), black_border=False
    )
    return distance


def zone_volumes_mm3(spine: Spine, numbers: Sequence[int]) -> dict[tuple[int, int], float]:
    """Outline volume of each bony zone, canal and disc of the given vertebrae, keyed (number, zone); paravertebral
    has none.
    """
    counts = _count_zones(spine.owner, spine.part, _LOOKUP, len(spine.vertebrae) + 1, len(ZONES))
    return {
        (number, place): float(counts[number, place]) * spine.grid.affine.voxel_volume_mm3
        for number in numbers
        for place in range(len(ZONES))
        if place != OUTSIDE and counts[number, place]
    }


def _count_zones(
    owner: npt.NDArray[np.uint8], part: npt.NDArray[np.uint8], lookup: npt.NDArray[np.uint8], owners: int, zones: int
) -> npt.NDArray[np.int64]:
    """Voxels by owner and zone, (owners, zones), slab by slab so that no array of the spine's size is made."""
    counts = np.zeros(owners * zones, dtype=np.int64)
    for mine, parts in zip(owner, part, strict=True):
        keys = mine.astype(np.int32) * zones + lookup[parts]
        counts += np.bincount(keys.ravel(), minlength=owners * zones)
    return counts.reshape(owners, zones)
