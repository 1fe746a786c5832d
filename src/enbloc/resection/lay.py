"""From spine and label maps to the operative field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.anatomy import Frame, Part, Spine
from enbloc.core.geometry import Affine, Array, Box, Vector
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Imaging, Mask
from enbloc.knowledge import vessel_kind
from enbloc.resection.distance import DistanceMap, distance_map, divisions
from enbloc.resection.field import OperativeField
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour.noise import NoiseFloor

MARGIN_MM = 4.0
"""Kept free around bone and tumour."""
VIEW_MM = 15.0
"""Distances up to this are right at the field's border: so far beyond it voxels are looked at."""
MODELLED_MM = (np.inf, np.inf, np.inf)
SACRUM_MM = (0.0, 0.0, 30.0)
"""How far along the axes a neighbour widens the field. Where body is not told from other bone: in height only."""
VESSEL_REACH_MM = 40.0
"""A vessel farther from tumour is left out."""
THICK_MM = 3.0
Code = TypeVar("Code", np.uint8, np.uint16)
AnyCodes = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
RIB = re.compile(r"rib-(left|right)-\d+")


@dataclass(frozen=True, slots=True, eq=False)
class FieldGrid:
    """Where the field's voxels are: along `frame`, the first centre at `start_mm` there."""

    frame: Frame
    start_mm: Vector
    step_mm: float
    shape: tuple[int, int, int]

    @property
    def affine(self) -> Affine:
        matrix = np.eye(4)
        matrix[:3, :3] = self.step_mm * self.frame.axes.T
        matrix[:3, 3] = self.frame.to_world(self.start_mm)
        return Affine(matrix)


def operative_field(
    spine: Spine, imaging: Imaging, levels: tuple[Level, ...], settings: ResectionSettings
) -> OperativeField:
    """The field around `levels` (contiguous, cranial first, at least one with a frame).

    Labels are those of the nearest voxel of the spine. Distances are taken on the label map's voxels as far as
    VIEW_MM beyond the field, so that beyond that they may be too large. Vessels are those within
    VESSEL_REACH_MM of tumour that come as near as VIEW_MM to the field. Tumour in the canal is no part of the no-go
    body.
    """
    place = field_grid(spine, levels, settings.step_mm)
    box = box_around(place, imaging.grid)
    grid = imaging.grid.crop(box)
    tumour_map = distance_map(_in_box(spine.tumour, spine.region, box), grid)
    no_go_map = distance_map(_in_box(spine.no_go & ~spine.tumour, spine.region, box), grid)
    return OperativeField(
        frame=place.frame,
        start_mm=place.start_mm,
        step_mm=place.step_mm,
        levels=levels,
        column=spine.levels,
        owner=nearest(spine.owner, spine.grid, place),
        part=nearest(spine.part, spine.grid, place),
        tumour=nearest_mask(spine.tumour, spine.grid, place),
        tumour_mm=_on(tumour_map, place),
        no_go=nearest_mask(spine.no_go & ~spine.tumour, spine.grid, place),
        no_go_mm=_on(no_go_map, place),
        no_go_is_sac=_is_sac(spine),
        no_go_basis=spine.no_go_basis,
        vessel_mm=_vessels(imaging, box, tumour_map, place),
        ribs=_ribs(imaging, box, place),
        estimated=nearest_mask(spine.estimated, spine.grid, place),
        canal_centre_mm=_canal_centres(spine, levels, place.frame),
        noise_mm=NoiseFloor.of(imaging.grid).noise_mm(conventional=False),
        voxel_mm=float(imaging.grid.spacing_mm.max()),
        thick_slices=bool(imaging.grid.spacing_mm.max() > THICK_MM),
        image=imaging.grid,
    )


def field_grid(spine: Spine, levels: tuple[Level, ...], step_mm: float) -> FieldGrid:
    """Around everything of `levels` and the bodies of the neighbour above and below, centred on it."""
    frame = middle_frame(spine, levels)
    low, high = _bounds_mm(spine, levels, frame)
    low, high = low - MARGIN_MM, high + MARGIN_MM
    count = np.ceil((high - low) / step_mm).astype(int) + 1
    start = 0.5 * (low + high) - 0.5 * step_mm * (count - 1)
    return FieldGrid(frame, start, step_mm, (int(count[0]), int(count[1]), int(count[2])))


def middle_frame(spine: Spine, levels: tuple[Level, ...]) -> Frame:
    """The frame of the level in the middle (of two: the upper), or of the nearest to it that has one."""
    middle = (len(levels) - 1) // 2
    found = [(abs(n - middle), n, spine.vertebra(level)) for n, level in enumerate(levels)]
    frames = [v.frame for _, _, v in sorted(found, key=lambda entry: entry[:2]) if v is not None and v.frame]
    if not frames:
        raise ValueError(f"none of {', '.join(levels)} has a frame")
    return frames[0]


def _bounds_mm(spine: Spine, levels: tuple[Level, ...], frame: Frame) -> tuple[Vector, Vector]:
    """Along the frame's axes, from voxel centres."""
    order = spine.levels
    numbers = np.array([order.index(level) + 1 for level in levels])
    matrix = frame.axes @ spine.grid.affine.matrix[:3, :3]
    offset = frame.to_local(spine.grid.affine.matrix[:3, 3])
    wanted = np.zeros((len(order) + 1, len(Part)), dtype=bool)
    wanted[numbers] = True
    low, high = _bounds(spine.owner, spine.part, wanted, matrix, offset)
    for number in (numbers[0] - 1, numbers[-1] + 1):
        if not 1 <= number <= len(order):
            continue
        wanted[:] = False
        wanted[number, Part.BODY] = True
        reach = MODELLED_MM if spine.vertebrae[number - 1].frame is not None else SACRUM_MM
        bottom, top = _bounds(spine.owner, spine.part, wanted, matrix, offset)
        low = np.minimum(low, np.maximum(bottom, low - reach))
        high = np.maximum(high, np.minimum(top, high + reach))
    return low, high


@njit(cache=True, nogil=True)
def _bounds(
    owner: npt.NDArray[np.uint8], part: npt.NDArray[np.uint8], wanted: Mask, matrix: Array, offset: Vector
) -> tuple[Vector, Vector]:
    """Least and greatest matrix (i, j, k) + offset over the voxels whose (owner, part) is wanted."""
    low, high = np.full(3, np.inf), np.full(3, -np.inf)
    for i in range(owner.shape[0]):
        for j in range(owner.shape[1]):
            for k in range(owner.shape[2]):
                if not wanted[owner[i, j, k], part[i, j, k]]:
                    continue
                for axis in range(3):
                    at = matrix[axis, 0] * i + matrix[axis, 1] * j + matrix[axis, 2] * k + offset[axis]
                    low[axis] = min(low[axis], at)
                    high[axis] = max(high[axis], at)
    return low, high


def box_around(place: FieldGrid, grid: Grid) -> Box:
    """The voxels of `grid` within VIEW_MM of the field."""
    corners = grid.affine.to_index(Grid(place.shape, place.affine).corners_mm())
    reach = VIEW_MM / grid.spacing_mm
    shape = np.array(grid.shape)
    low = np.clip(np.floor(corners.min(axis=0) - reach).astype(int), 0, shape - 1)
    high = np.clip(np.ceil(corners.max(axis=0) + reach).astype(int) + 1, low + 1, shape)
    return Box((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))


def _in_box(mask: Mask, region: Box, box: Box) -> Mask:
    """`mask`, which fills `region`, in `box`; both in indices of the label map."""
    out = np.zeros(box.shape, dtype=bool)
    low = [max(a, b) for a, b in zip(region.lower, box.lower, strict=True)]
    high = [min(a, b) for a, b in zip(region.upper, box.upper, strict=True)]
    if all(a < b for a, b in zip(low, high, strict=True)):
        shared = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
        out[shared.relative_to(box).slices] = mask[shared.relative_to(region).slices]
    return out


def _is_sac(spine: Spine) -> bool:
    return spine.no_go_basis.startswith("dural sac")


def _vessels(imaging: Imaging, box: Box, tumour: DistanceMap, place: FieldGrid) -> dict[str, npt.NDArray[np.float32]]:
    if tumour.mm is None:
        return {}
    grid = imaging.grid.crop(box)
    i, j, k = divisions(grid)
    near = tumour.mm[i // 2 :: i, j // 2 :: j, k // 2 :: k] <= VESSEL_REACH_MM
    found = {}
    for name in named(imaging):
        if vessel_kind(name) is None:
            continue
        mask = labelled(imaging, name, box)
        if (mask & near).any():
            found[name] = _on(distance_map(mask, grid), place)
    return found


def _ribs(imaging: Imaging, box: Box, place: FieldGrid) -> dict[str, Mask]:
    return seen(imaging, [name for name in named(imaging) if RIB.fullmatch(name)], box, place)


def seen(imaging: Imaging, names: Iterable[str], box: Box, place: FieldGrid) -> dict[str, Mask]:
    """Those of the labelled structures that have a voxel at `place`, all of which lies in `box` of the labels."""
    grid = imaging.grid.crop(box)
    found: dict[str, Mask] = {}
    wanted = tuple(names)
    for labels in imaging.labels:
        values = {name: value for name in wanted if (value := labels.value_of(name)) is not None}
        if not values:
            continue
        there = nearest(np.ascontiguousarray(labels.values[box.slices], dtype=np.uint16), grid, place)
        present = np.zeros(1 + np.iinfo(np.uint16).max, dtype=np.bool_)
        present[there.ravel()] = True
        for name, value in values.items():
            if present[value]:
                mine = there == value
                found[name] = found[name] | mine if name in found else mine
    return {name: found[name] for name in wanted if name in found}


def named(imaging: Imaging) -> list[str]:
    return sorted({name for labels in imaging.labels for name in labels.structures.values()})


def labelled(imaging: Imaging, name: str, box: Box) -> Mask:
    mask = np.zeros(box.shape, dtype=bool)
    for labels, value in imaging.holders(name):
        mask |= labels.values[box.slices] == value
    return mask


def _canal_centres(spine: Spine, levels: tuple[Level, ...], frame: Frame) -> dict[Level, Vector]:
    found = {level: spine.vertebra(level) for level in levels}
    return {
        level: frame.to_local(np.array(v.canal_centre_mm))
        for level, v in found.items()
        if v is not None and v.canal_centre_mm is not None
    }


def _on(distances: DistanceMap, place: FieldGrid) -> npt.NDArray[np.float32]:
    return distances.on(place.affine, place.shape)


def nearest_mask(mask: Mask, grid: Grid, place: FieldGrid) -> Mask:
    return nearest(np.ascontiguousarray(mask).view(np.uint8), grid, place).view(np.bool_)


def nearest(codes: npt.NDArray[Code], grid: Grid, place: FieldGrid) -> npt.NDArray[Code]:
    """Value of the voxel that each centre of the field lies in, 0 outside."""
    matrix = grid.affine.inverse @ place.affine.matrix
    out = np.zeros(place.shape, dtype=codes.dtype)
    _take(codes, np.ascontiguousarray(matrix[:3, :3]), np.ascontiguousarray(matrix[:3, 3]), out)
    return out


@njit(cache=True, nogil=True)
def _take(codes: AnyCodes, matrix: Array, offset: Vector, out: AnyCodes) -> None:
    ni, nj, nk = codes.shape
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            x0 = matrix[0, 0] * i + matrix[0, 1] * j + offset[0] + 0.5
            y0 = matrix[1, 0] * i + matrix[1, 1] * j + offset[1] + 0.5
            z0 = matrix[2, 0] * i + matrix[2, 1] * j + offset[2] + 0.5
            for k in range(out.shape[2]):
                a = int(np.floor(x0 + matrix[0, 2] * k))
                b = int(np.floor(y0 + matrix[1, 2] * k))
                c = int(np.floor(z0 + matrix[2, 2] * k))
                if 0 <= a < ni and 0 <= b < nj and 0 <= c < nk:
                    out[i, j, k] = codes[a, b, c]
