"""What stands in the way of a piece, by name, and the field of distances to all of it together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from dataclasses import field as made_by

import numpy as np
from numba import njit

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.core.geometry import Array, Box, Vector, bounding_box, indices_of
from enbloc.core.levels import Level
from enbloc.core.volume import Mask
from enbloc.knowledge.removal_tables import RemovalTable
from enbloc.resection.distance import signed_distance_mm
from enbloc.resection.field import Codes, Millimetres
from enbloc.resection.opening import BAND_MM, narrowest
from enbloc.resection.removal_nouns import SAC_YIELD, RemovalSettings, Root
from enbloc.resection.theatre import Theatre

SIGHT_MM = 12.0
"""Distances beyond this are not told apart."""
NEAR_BY_MM = 4.0
"""So far off is looked where only that counts; room beyond it is then not told apart."""
ROUNDING_MM = 1e-3
"""So that what touches does not count as entered."""
PEDICLE = {"left": Part.PEDICLE_LEFT, "right": Part.PEDICLE_RIGHT}
TRANSVERSE = {"left": Part.TRANSVERSE_LEFT, "right": Part.TRANSVERSE_RIGHT}
SIDE = {"left": -1.0, "right": 1.0}
TIPS = (
    Part.LAMINA_LEFT, Part.LAMINA_RIGHT, Part.SPINOUS, Part.ARTICULAR_LEFT, Part.ARTICULAR_RIGHT,
)  # fmt: skip
"""What of the vertebra above lies like a roof tile behind the first resected level."""


@dataclass(frozen=True, slots=True, eq=False)
class Obstacle:
    """`yield_mm`: how far a piece may press into it."""

    name: str
    mask: Mask
    yield_mm: float


def standing(theatre: Theatre, table: RemovalTable, settings: RemovalSettings) -> Iterator[Obstacle]:
    """Dura, remaining bone, ribs and vessels: all that is labelled and stays, without the pieces.

    The sac gives way by half its yield on each side; where the canal stands for it, by the fat around the sac as well.
    Bone seems to give way by a voxel: cut faces are stairs of voxels that slide along each other.
    """
    pieces = theatre.pieces > 0
    share = SAC_YIELD if settings.sac_yield is None else settings.sac_yield
    sac_mm = share * sac_width_mm(theatre) / 2.0
    if not theatre.no_go_is_sac:
        sac_mm += table.epidural_mm
    yield Obstacle("dural-sac" if theatre.no_go_is_sac else "canal", theatre.no_go & ~pieces, sac_mm)
    for level, mask in remaining_bone(theatre):
        yield Obstacle(f"{level}-bone", mask & ~pieces, theatre.touch_mm)
    for name, mask in rib_stumps(theatre, table):
        yield Obstacle(name, mask & ~pieces, theatre.touch_mm)
    vessel_mm = table.vessel_yield_mm if settings.vessel_yield_mm is None else settings.vessel_yield_mm
    for name, mask in theatre.vessels.items():
        yield Obstacle(name, mask & ~pieces, vessel_mm)


def sac_width_mm(theatre: Theatre) -> float:
    """The narrowest width of the no-go body around the middle of the resected levels; 0 where there is none."""
    places = indices_of(theatre.no_go) * theatre.step_mm - theatre.from_start(theatre.centre_mm)
    places = places[np.abs(places[:, 2]) <= BAND_MM]
    if not len(places):
        return 0.0
    layer = np.round(places[:, 2] / theatre.step_mm).astype(np.intp)
    widths = [narrowest(places[layer == n, :2]) + theatre.step_mm for n in np.unique(layer)]
    return float(np.median(widths))


def remaining_bone(theatre: Theatre) -> Iterator[tuple[Level, Mask]]:
    """Bone of the vertebrae that stay; of the one above the first resected level, without the tips over its arch."""
    bone = np.isin(theatre.part, BONE_PARTS)
    first, last = theatre.number(theatre.levels[0]), theatre.number(theatre.levels[-1])
    for number, level in enumerate(theatre.column, start=1):
        if first <= number <= last:
            continue
        mine = bone & (theatre.owner == number)
        if number == first - 1:
            mine &= ~(np.isin(theatre.part, TIPS) & (theatre.axes_mm[2] <= top_of_facets(theatre, first)))
        if mine.any():
            yield level, mine


def top_of_facets(theatre: Theatre, number: int) -> float:
    """Height (mm from the first voxel) of the highest voxel of a level's articular processes; of its arch without."""
    own = theatre.owner == number
    for parts in ((Part.ARTICULAR_LEFT, Part.ARTICULAR_RIGHT), TIPS):
        layers = np.flatnonzero((own & np.isin(theatre.part, parts)).any(axis=(0, 1)))
        if len(layers):
            return float(layers[-1]) * theatre.step_mm
    return 0.0


def rib_stumps(theatre: Theatre, table: RemovalTable) -> Iterator[tuple[str, Mask]]:
    """Labelled ribs, without what is cut off the resected levels' own and without the head of the next below."""
    middle = theatre.from_start(theatre.centre_mm)[0]
    for name, mask in theatre.ribs.items():
        _, side, number = name.split("-")
        level = next((each for each in Level if each.value == f"T{number}"), None)
        aside = SIDE[side] * (theatre.axes_mm[0] - middle)
        goes = 0.0
        if level in theatre.levels:
            goes = joint_mm(theatre, level, side) + table.rib_beside_joint_mm
        elif level is not None and level is next_below(theatre) and theatre.levels[-1] in table.next_head_at:
            goes = joint_mm(theatre, level, side)
        rest = mask & (aside >= goes)
        if rest.any():
            yield name, rest


def next_below(theatre: Theatre) -> Level | None:
    number = theatre.number(theatre.levels[-1])
    return theatre.column[number] if number < len(theatre.column) else None


def joint_mm(theatre: Theatre, level: Level, side: str) -> float:
    """How far from the middle the tip of the transverse process lies, where rib and process meet; 0 where not seen."""
    if level not in theatre.column:
        return 0.0
    here = (theatre.owner == theatre.number(level)) & (theatre.part == TRANSVERSE[side])
    columns = np.flatnonzero(here.any(axis=(1, 2)))
    if not len(columns):
        return 0.0
    middle = theatre.from_start(theatre.centre_mm)[0]
    return float((SIDE[side] * (columns * theatre.step_mm - middle)).max())


def roots_of(theatre: Theatre, table: RemovalTable) -> dict[Root, Mask]:
    """The roots above, between and below the resected levels, modelled from their pedicles; without one: none."""
    first, last = theatre.number(theatre.levels[0]), theatre.number(theatre.levels[-1])
    found = {}
    for number in range(max(1, first - 1), last + 1):
        for side in SIDE:
            line = root_line(theatre, number, side, table)
            if line is not None:
                rod = along_line(theatre, line, table.root_radius_mm)
                found[Root(theatre.column[number - 1], side)] = rod & ~(theatre.no_go | (theatre.pieces > 0))
    return found


def root_line(theatre: Theatre, number: int, side: str, table: RemovalTable) -> Array | None:
    """Corners (n, 3) of a root's course, mm from the first voxel; None without a pedicle."""
    inner = float(theatre.from_start(theatre.centre_mm)[0])
    return course_of_root(_pedicle(theatre, number, side), inner, side, table)


def course_of_root(pedicle_mm: Array, inner_mm: float, side: str, table: RemovalTable) -> Array | None:
    """Corners (n, 3) of a root's course: at the sac, below the pedicle, and where it ends; None without a pedicle.

    `pedicle_mm`: the voxels of its pedicle along the frame's axes; `inner_mm`: the canal's middle along the first.
    """
    if not len(pedicle_mm):
        return None
    middle, bottom = pedicle_mm.mean(axis=0), float(np.percentile(pedicle_mm[:, 2], 2.0))
    at_sac = np.array([0.5 * (inner_mm + middle[0]), middle[1], bottom])
    below = np.array([middle[0], middle[1], bottom - table.root_below_pedicle_mm])
    descent = np.deg2rad(table.root_descent_deg)
    out = np.array([SIDE[side] * np.cos(descent), 0.0, -np.sin(descent)])
    return np.stack([at_sac, below, below + table.root_beyond_mm * out])


def rod_on(theatre: Theatre, side: str, table: RemovalTable) -> Mask | None:
    """A rod behind the pedicles of the vertebrae above and below; None where one of them is not in view."""
    first, last = theatre.number(theatre.levels[0]), theatre.number(theatre.levels[-1])
    ends = ends_of_rod(_pedicle(theatre, first - 1, side), _pedicle(theatre, last + 1, side), table)
    if ends is None:
        return None
    along = ends[1] - ends[0]
    mask = along_line(theatre, np.stack([ends[0] - along, ends[1] + along]), table.rod_radius_mm)
    return mask & ~(theatre.pieces > 0)


def ends_of_rod(above_mm: Array, below_mm: Array, table: RemovalTable) -> Array | None:
    """Where the rod passes (2, 3) behind the two pedicles, along the frame's axes; None where one has no voxel."""
    if not len(above_mm) or not len(below_mm):
        return None
    behind = np.array([0.0, table.rod_behind_pedicle_mm, 0.0])
    return np.array([np.mean(pedicle, axis=0) - behind for pedicle in (above_mm, below_mm)])


def _pedicle(theatre: Theatre, number: int, side: str) -> Array:
    """Its voxels (n, 3), mm from the first voxel."""
    return theatre.step_mm * _voxels_of(theatre.owner, theatre.part, number, int(PEDICLE[side]))


@njit(cache=True, nogil=True)
def _voxels_of(owner: Codes, part: Codes, number: int, what: int) -> Array:
    """Indices (n, 3) of the voxels of one part of one vertebra, in the order of the array."""
    here = np.empty((int(np.count_nonzero((part == what) & (owner == number))), 3))
    n = 0
    for i in range(owner.shape[0]):
        for j in range(owner.shape[1]):
            for k in range(owner.shape[2]):
                if part[i, j, k] == what and owner[i, j, k] == number:
                    here[n, 0], here[n, 1], here[n, 2] = i, j, k
                    n += 1
    return here


def along_line(theatre: Theatre, corners: Array, radius_mm: float) -> Mask:
    """The voxels whose centre lies within `radius_mm` of a line with these corners."""
    mask = np.zeros(theatre.owner.shape, dtype=bool)
    for a, b in itertools.pairwise(corners):
        low = np.floor((np.minimum(a, b) - radius_mm) / theatre.step_mm).astype(int)
        high = np.ceil((np.maximum(a, b) + radius_mm) / theatre.step_mm).astype(int) + 1
        low, high = np.clip(low, 0, mask.shape), np.clip(high, 0, mask.shape)
        if (low >= high).any():
            continue
        places = np.stack(np.meshgrid(*(np.arange(p, q) for p, q in zip(low, high, strict=True)), indexing="ij"), -1)
        near = distance_to_segment(places * theatre.step_mm, a, b) <= radius_mm
        mask[low[0] : high[0], low[1] : high[1], low[2] : high[2]] |= near
    return mask


def distance_to_segment(points: Array, a: Vector, b: Vector) -> Array:
    along = b - a
    share = np.clip((points - a) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
    distance: Array = np.linalg.norm(points - a - share[..., None] * along, axis=-1)
    return distance


@dataclass(frozen=True, slots=True, eq=False)
class Near:
    """Gap in mm between an obstacle's faces and those of a voxel here, negative inside, known in `box`; beyond that it
    is more than the distance as far as which it was looked at.
    """

    box: Box
    mm: Millimetres


def near(mask: Mask, step_mm: float) -> Near | None:
    """None for an obstacle without a voxel."""
    return near_in(Box((0, 0, 0), (mask.shape[0], mask.shape[1], mask.shape[2])), mask, step_mm)


def near_in(box: Box, mask: Mask, step_mm: float, sight_mm: float = SIGHT_MM) -> Near | None:
    """Of the voxels in `box` alone; None where there is none. Known as far as `sight_mm` from them."""
    inside = mask[box.slices]
    held = bounding_box(inside)
    if held is None:
        return None
    voxels = int(np.ceil(sight_mm / step_mm)) + 1
    grown = held.grown((voxels, voxels, voxels), box.shape)
    mm = signed_distance_mm(np.ascontiguousarray(inside[grown.slices]), np.full(3, step_mm))
    assert mm is not None
    mm -= np.float32(0.5 * step_mm - ROUNDING_MM)
    return Near(grown.placed_in(box), mm)


@dataclass(frozen=True, slots=True, eq=False)
class Distances:
    """Distances to obstacles on voxels `step_mm` apart. `held`: those taken, by name, with their voxels."""

    step_mm: float
    held: dict[str, tuple[Mask, Near | None]] = made_by(default_factory=dict, repr=False)

    def to(self, name: str, mask: Mask) -> Near | None:
        """Taken once while the voxels of that name are the same."""
        if not self.has(name, mask):
            self.held[name] = mask, near(mask, self.step_mm)
        return self.held[name][1]

    def near_by(self, name: str, mask: Mask, box: Box) -> Near | None:
        """Right in `box` as far as NEAR_BY_MM; where it was taken already, as far as that."""
        if self.has(name, mask):
            return self.held[name][1]
        voxels = int(np.ceil(NEAR_BY_MM / self.step_mm)) + 1
        there = box.grown((voxels, voxels, voxels), (mask.shape[0], mask.shape[1], mask.shape[2]))
        return near_in(there, mask, self.step_mm, NEAR_BY_MM)

    def has(self, name: str, mask: Mask) -> bool:
        return name in self.held and bool(np.array_equal(self.held[name][0], mask))

    def beside(self) -> Distances:
        """For other pieces: what is held here, and what is new there only there."""
        return Distances(self.step_mm, dict(self.held))


def open_room(shape: tuple[int, int, int]) -> Millimetres:
    return np.full(shape, SIGHT_MM, dtype=np.float32)


def room_around(
    obstacles: Iterable[Obstacle], room: Millimetres, distances: Distances, box: Box | None = None
) -> Millimetres:
    """`room` less what the obstacles take: how far each voxel is from where a piece would press too far into one.
    `box`: looked at only there, and only as far as NEAR_BY_MM, so that no more room than this is told: where the field
    jumped to a larger one, a walk along it would pass over what lies between.
    """
    room = room.copy() if box is None else np.minimum(room, np.float32(NEAR_BY_MM))
    together: dict[float, list[Obstacle]] = {}
    for obstacle in obstacles:
        together.setdefault(obstacle.yield_mm, []).append(obstacle)
    for yield_mm, alike in together.items():
        name = " and ".join(obstacle.name for obstacle in alike)
        mask = alike[0].mask if len(alike) == 1 else np.logical_or.reduce([obstacle.mask for obstacle in alike])
        seen = distances.to(name, mask) if box is None else distances.near_by(name, mask, box)
        if seen is not None:
            part = room[seen.box.slices]
            np.minimum(part, seen.mm + np.float32(yield_mm), out=part)
    return room
