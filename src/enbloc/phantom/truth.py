"""What is true of a phantom: frames, implicit shapes by name, and the tumour sampled far below the voxel size."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from math import ceil

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.core.levels import Level, are_neighbours
from enbloc.core.volume import Mask
from enbloc.phantom import evaluate, growth
from enbloc.phantom.collapse import CollapseTruth, collapse_truth
from enbloc.phantom.column import Column
from enbloc.phantom.pose import Pose
from enbloc.phantom.spec import Collapse
from enbloc.phantom.tumour import Lesion

STEP_MM = 0.35
LARGEST_SAMPLE = 8_000_000
Triple = tuple[float, float, float]


class ZoneCode(IntEnum):
    """Codes of `Truth.zone`. 1-10 are the bone of a vertebra; 0 is everything outside bone, canal and disc."""

    PARAVERTEBRAL = 0
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


ZONE_OF_CODE = (
    "paravertebral", "body", "pedicle-left", "pedicle-right", *("arch",) * 7, "canal", "disc",
)  # fmt: skip
NUMBER_OF_ZONE = {"body": 1, "pedicle-left": 2, "pedicle-right": 2, "arch": 3, "canal": 4, "paravertebral": 5}
BONE_ZONES = frozenset({"body", "pedicle-left", "pedicle-right", "arch"})


@dataclass(frozen=True, slots=True)
class LevelTruth:
    """A vertebra's own axes, RAS mm: centre of the body, orthonormal axes, middle of the canal at pedicle height."""

    level: Level
    origin_mm: Triple
    right: Triple
    anterior: Triple
    superior: Triple
    canal_centre_mm: Triple


@dataclass(frozen=True, slots=True)
class ZoneTruth:
    """Tumour of one lesion in one zone of one level.

    `depth_mm`: greatest distance of a tumour point in the zone from the tumour's nearest point in its other zones;
    for a lesion in one zone only, the diameter of the largest ball that fits in it.
    """

    lesion: int
    level: Level
    zone: str
    volume_mm3: float
    depth_mm: float


@dataclass(frozen=True, eq=False)
class Truth:
    """Known truth in RAS mm. `zones` holds every zone with tumour; `tomita_type` is None where the table gives none.

    `deciding_depth_mm`: depth of the shallowest zone without which the type would be another (None without a tumour).
    `step_mm`: sampling step of volumes and depths. The functions below take points (..., 3) and are negative inside.
    The tumour is sampled when something of it is first asked for: that takes longer than the voxels.
    """

    levels: tuple[LevelTruth, ...]
    collapse: CollapseTruth | None
    column: Column = field(repr=False)
    pose: Pose = field(repr=False)
    lesions: tuple[Lesion, ...] = field(repr=False)

    @cached_property
    def _sampled(self) -> tuple[tuple[ZoneTruth, ...], float]:
        zones: list[ZoneTruth] = []
        step = STEP_MM
        for number, lesion in enumerate(self.lesions):
            found, step = _sample(number, lesion, self.column)
            zones.extend(found)
        return tuple(zones), step

    @property
    def zones(self) -> tuple[ZoneTruth, ...]:
        return self._sampled[0]

    @property
    def step_mm(self) -> float:
        return self._sampled[1]

    @property
    def volume_mm3(self) -> float:
        return sum(zone.volume_mm3 for zone in self.zones)

    @cached_property
    def tomita_type(self) -> int | None:
        return tomita_type(self.zones)

    @cached_property
    def deciding_depth_mm(self) -> float | None:
        return deciding_depth(self.zones)

    @property
    def adjacent_vertebra(self) -> bool:
        return _adjacent(self.zones)

    @property
    def skip_lesion(self) -> bool:
        return _skip(self.zones)

    @property
    def names(self) -> tuple[Level, ...]:
        return self.column.levels

    def frame(self, level: Level | str) -> LevelTruth:
        return self.levels[self.column.levels.index(Level(level))]

    def occupied(self, level: Level | str | None = None) -> frozenset[str]:
        """Names of the zones with tumour, of one level or of all."""
        return frozenset(z.zone for z in self.zones if level is None or z.level is Level(level))

    def bone(self, level: Level | str, points_mm: npt.ArrayLike) -> Array:
        """Bone of one vertebra, canal and joints left out."""
        return self._field(evaluate.BONE, level, points_mm)

    def outline(self, level: Level | str, points_mm: npt.ArrayLike) -> Array:
        """One vertebra before canal and joints are carved; overlaps the canal by some 2 mm."""
        return self._field(evaluate.SOLID, level, points_mm)

    def body(self, level: Level | str, points_mm: npt.ArrayLike) -> Array:
        """The vertebral body alone."""
        return self._field(evaluate.BODY, level, points_mm)

    def disc(self, level_above: Level | str, points_mm: npt.ArrayLike) -> Array:
        """The disc below `level_above`, between the endplates."""
        return self._field(evaluate.DISC, level_above, points_mm)

    def canal(self, points_mm: npt.ArrayLike) -> Array:
        return self._field(evaluate.CANAL, self.names[0], points_mm)

    def cord(self, points_mm: npt.ArrayLike) -> Array:
        return self._field(evaluate.CORD, self.names[0], points_mm)

    def dural_sac(self, points_mm: npt.ArrayLike) -> Array:
        return self._field(evaluate.SAC, self.names[0], points_mm)

    def tumour(self, points_mm: npt.ArrayLike) -> Array:
        """Distance-like value of the nearest lesion; large without a tumour."""
        points, shape = self._patient(points_mm)
        least = np.full(len(points), 1e3)
        for lesion in self.lesions:
            out = np.empty(len(points))
            evaluate.lesion_field(self.column.arrays, lesion.blobs, lesion.bumps, lesion.rules, points, np.inf, out)
            least = np.minimum(least, out)
        return least.reshape(shape)

    def zone(self, points_mm: npt.ArrayLike) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
        """Zone codes (`ZoneCode`) and the 1-based position in `levels` each point is counted with."""
        points, shape = self._patient(points_mm)
        codes, owners = np.empty(len(points), np.uint8), np.empty(len(points), np.uint8)
        evaluate.zone_codes(self.column.arrays, points, codes, owners)
        return codes.reshape(shape), owners.reshape(shape)

    def _patient(self, points_mm: npt.ArrayLike) -> tuple[Array, tuple[int, ...]]:
        points = self.pose.to_patient(np.asarray(points_mm, dtype=np.float64))
        return np.ascontiguousarray(points.reshape(-1, 3)), points.shape[:-1]

    def _field(self, what: int, level: Level | str, points_mm: npt.ArrayLike) -> Array:
        points, shape = self._patient(points_mm)
        out = np.empty(len(points))
        evaluate.field(self.column.arrays, what, self.names.index(Level(level)), points, out)
        return out.reshape(shape)


def find_truth(column: Column, pose: Pose, lesions: tuple[Lesion, ...], collapse: Collapse | None = None) -> Truth:
    """Frames at once; volumes, depths, levels and type of the lesions when they are asked for."""
    return Truth(
        levels=tuple(_level_truth(column, pose, i) for i in range(len(column.levels))),
        collapse=None if collapse is None else collapse_truth(column, collapse),
        column=column, pose=pose, lesions=lesions,
    )  # fmt: skip


def _level_truth(column: Column, pose: Pose, i: int) -> LevelTruth:
    v = column.shapes[i]
    right, anterior, superior = (_triple(pose.rotation @ axis) for axis in column.axes[i])
    centre = column.to_patient(i, np.array([0.0, float(v["canal_y"]), float(v["pedicle_z"])]))
    origin, canal = _triple(pose.to_world(column.origin[i])), _triple(pose.to_world(centre))
    return LevelTruth(column.levels[i], origin, right, anterior, superior, canal)


def _triple(vector: Array) -> Triple:
    x, y, z = (float(value) for value in vector)
    return x, y, z


def _sample(number: int, lesion: Lesion, column: Column) -> tuple[list[ZoneTruth], float]:
    """One lesion on a fine grid of its own, and that grid's step."""
    low, high = lesion.box_mm(column)
    step = max(STEP_MM, (float(np.prod(high - low)) / LARGEST_SAMPLE) ** (1.0 / 3.0))
    shape = [ceil(float(n)) + 1 for n in (high - low) / step]
    to_mm = np.column_stack([np.eye(3) * step, 0.5 * (low + high) - 0.5 * step * (np.array(shape) - 1.0)])
    mask = np.zeros(shape, np.bool_)
    bounds = np.array([[0, n] for n in shape])
    growth.fill(mask, to_mm, bounds, lesion.blobs, lesion.bumps, lesion.rules, column.arrays)
    if not mask.any():
        return [], step
    codes, owners = np.zeros(shape, np.uint8), np.zeros(shape, np.uint8)
    growth.zones_where(mask, to_mm, column.arrays, codes, owners)
    return _zones(number, _cropped(mask, codes, owners), column, step), step


def _cropped(
    mask: Mask, codes: npt.NDArray[np.uint8], owners: npt.NDArray[np.uint8]
) -> tuple[Mask, npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    spans = []
    for axis in range(3):
        hit = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        spans.append(slice(max(0, int(hit[0]) - 1), int(hit[-1]) + 2))
    where = tuple(spans)
    return mask[where], codes[where], owners[where]


def _zones(
    number: int, arrays: tuple[Mask, npt.NDArray[np.uint8], npt.NDArray[np.uint8]], column: Column, step: float
) -> list[ZoneTruth]:
    mask, codes, owners = arrays
    names = list(dict.fromkeys(ZONE_OF_CODE))
    lut = np.array([names.index(name) for name in ZONE_OF_CODE], np.uint8)
    key = np.where(mask, owners.astype(np.int32) * len(names) + lut[codes], -1)
    found = []
    for value in np.unique(key[mask]):
        here = key == value
        level = column.levels[int(value) // len(names) - 1]
        depth = _depth(here, mask & ~here, step)
        found.append(ZoneTruth(number, level, names[int(value) % len(names)], float(here.sum()) * step**3, depth))
    return found


def _depth(here: Mask, elsewhere: Mask, step: float) -> float:
    """Greatest distance from `here` to `elsewhere`, from surface to point.

    Alone, the diameter of the largest ball inside.
    """
    import edt

    spacing = (step, step, step)
    if not elsewhere.any():
        return 2.0 * float(edt.edt(np.ascontiguousarray(here), anisotropy=spacing, black_border=True).max())
    away = edt.edt(np.ascontiguousarray(~elsewhere), anisotropy=spacing, black_border=False)
    return max(float(away[here].max()) - 0.5 * step, 0.0)


def tomita_type(zones: tuple[ZoneTruth, ...]) -> int | None:
    """The type by the published table: skip 7, neighbour 6, paravertebral 5, canal 4, then 3 to 1 by the bone."""
    if _skip(zones):
        return 7
    if _adjacent(zones):
        return 6
    numbers = {NUMBER_OF_ZONE[z.zone] for z in zones if z.zone in NUMBER_OF_ZONE}
    bone = numbers & {1, 2, 3}
    if not bone:
        return None
    if numbers & {4, 5}:
        return 5 if 5 in numbers else 4
    return 3 if {1, 3} <= bone else len(bone)


def _bone_levels(zones: tuple[ZoneTruth, ...], lesion: int) -> list[Level]:
    levels = {z.level for z in zones if z.lesion == lesion and z.zone in BONE_ZONES}
    return sorted(levels, key=lambda level: level.rank)


def _adjacent(zones: tuple[ZoneTruth, ...]) -> bool:
    """One lesion in the bone of two or more vertebrae."""
    return any(len(_bone_levels(zones, lesion)) > 1 for lesion in {z.lesion for z in zones})


def _skip(zones: tuple[ZoneTruth, ...]) -> bool:
    """Two lesions with at least one vertebra between them."""
    held = [_bone_levels(zones, lesion) for lesion in sorted({z.lesion for z in zones})]
    pairs = [(a, b) for n, a in enumerate(held) for b in held[n + 1 :] if a and b]
    return any(not any(x is y or are_neighbours(x, y) for x in a for y in b) for a, b in pairs)


def deciding_depth(zones: tuple[ZoneTruth, ...]) -> float | None:
    """Depth of the shallowest zone (or neighbour, or lesion) without which the type would be another."""
    if not zones:
        return None
    kind = tomita_type(zones)
    groups = [[z for z in zones if NUMBER_OF_ZONE.get(z.zone) == number] for number in (1, 2, 3, 4, 5)]
    groups += [[z for z in zones if z.level is level and z.zone in BONE_ZONES] for level in {z.level for z in zones}]
    groups += [[z for z in zones if z.lesion == lesion] for lesion in {z.lesion for z in zones}]
    depths = [
        max(z.depth_mm for z in group)
        for group in groups
        if group and tomita_type(tuple(z for z in zones if z not in group)) != kind
    ]
    return min(depths) if depths else None
