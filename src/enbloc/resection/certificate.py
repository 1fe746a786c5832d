"""What no pair of ring cuts of the continuous family can exceed: branch and bound over cells of planes.

A severing cut meets every path from the body to the arch. Over a cell of planes its margin is therefore at most the
greatest distance to tumour that a path has within the slab which the cell's planes sweep; the smallest bound of all
paths holds. Cells that may still hold a better pair are halved in both angles and in offset; where a cut in the middle
of a cell stays below its bound, a path through the cut's worst point is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Mask
from enbloc.resection.bounds import margin_bounds, path_spans, swept_bounds
from enbloc.resection.candidates import GRID_PITCH, Candidates, Limits, candidates
from enbloc.resection.family import at_angles, ring_angles, ring_normals
from enbloc.resection.kernels import TUMOUR_MM, Ints, Millimetres
from enbloc.resection.pairs import Pair, best_pair, wide_enough
from enbloc.resection.passage import Passage
from enbloc.resection.section import PITCH
from enbloc.resection.severing import path_through_worst
from enbloc.resection.threads import in_parts

ROUNDS = 12
MOST_CELLS = 60_000
PATHS_A_ROUND = 24


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Boxes in azimuth, tilt (degrees) and distance from the pivot (mm): middles (n, 3) and half sizes (n, 3).

    `bound_mm` (n,): no severing cut inside has a larger margin. `reach` (n, 2): the places on the canal's wall, as
    whole points of path 0, between which it ends.
    """

    middle: Array
    half: Array
    bound_mm: Vector
    reach: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.middle)

    def chosen(self, rows: Mask) -> Cells:
        return Cells(self.middle[rows], self.half[rows], self.bound_mm[rows], self.reach[rows])

    def joined(self, other: Cells) -> Cells:
        names = ("middle", "half", "bound_mm", "reach")
        return Cells(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """Paths of one side: points (n, 3), ends, and the distance to tumour along them."""

    points: Millimetres
    ends: Ints
    at_mm: Millimetres

    def with_paths(self, paths: list[Array], tumour_mm: Millimetres) -> Bundle:
        points = np.concatenate([self.points, *paths]).astype(np.float32)
        lengths = np.cumsum([len(path) for path in paths])
        ends = np.concatenate([self.ends, self.ends[-1] + lengths]).astype(np.int32)
        whole = points.astype(np.intp)
        return Bundle(points, ends, tumour_mm[tuple(whole.T)])


class Proof(StrEnum):
    """How a bound was come by, or why there is none."""

    ENOUGH = "enough"
    PATHS = "paths"
    STOPPED = "stopped"
    IN_TUMOUR = "in-tumour"
    ONE_SIDE = "one-side"
    NO_OPENING = "no-opening"


@dataclass(frozen=True, slots=True, eq=False)
class Refined:
    """The pair in hand after refinement, among the candidates looked at; `bound_mm` (up to `enough_mm`) holds for the
    whole family; None where there is no pair without tumour to start from.
    """

    left: Candidates
    right: Candidates
    pair: Pair
    bound_mm: float | None
    proof: Proof
    cells: int


def refine(left: Candidates, right: Candidates, pair: Pair, opening_mm: float) -> Refined:
    """Looks for a better pair until none can be better by more than the gap that the settings ask for."""
    settings, limits = left.settings, left.limits
    sides = [left, right]
    bundles = [Bundle(side.passage.points, side.passage.ends, side.passage.at_mm) for side in sides]
    hand = in_hand(sides, pair)
    if hand < 0.0:
        return Refined(left, right, pair, None, Proof.IN_TUMOUR, 0)
    if hand >= settings.enough_mm - settings.gap_mm:
        return Refined(left, right, pair, settings.enough_mm, Proof.ENOUGH, 0)
    wide = wide_enough(left.passage.wall_mm(), right.passage.wall_mm(), opening_mm)
    cells = [first_cells(side, bundle, limits) for side, bundle in zip(sides, bundles, strict=True)]
    beside = PITCH * left.passage.step_mm  # a section may meet a path one of its pixels off
    looked_at, passed, left_open = 0, hand - beside, hand - beside
    for _ in range(ROUNDS):
        floor = hand + settings.gap_mm - beside
        reachable = [pair_bounds(cells[0], cells[1], wide), pair_bounds(cells[1], cells[0], wide.T)]
        kept = [bound > floor for bound in reachable]
        passed = max(passed, *(float(b[~k].max(initial=-1.0)) for b, k in zip(reachable, kept, strict=True)))
        cells = [own.chosen(keep) for own, keep in zip(cells, kept, strict=True)]
        reachable = [bound[keep] for bound, keep in zip(reachable, kept, strict=True)]
        if not all(map(len, cells)):
            left_open = hand - beside
            break
        left_open = float(max(bound.max() for bound in reachable))
        split = limiting(cells, reachable)
        if looked_at + 8 * sum(int(rows.sum()) for rows in split) > MOST_CELLS:
            break
        for n, side in enumerate(sides):
            if not split[n].any():
                continue
            children = halved(cells[n].chosen(split[n]))
            middles = at_angles(side.passage, children.middle[:, :2], children.middle[:, 2])
            found = candidates(side.passage, middles, limits, settings)
            looked_at += len(children)
            sides[n] = side.joined(found)
            bundles[n] = tightened(bundles[n], side.passage, found, floor + limits.half_kerf_mm)
            cells[n] = cells[n].chosen(~split[n]).joined(bounded(children, side.passage, bundles[n], hand, limits))
        pair = best_pair(sides[0], sides[1], opening_mm) or pair
        hand = in_hand(sides, pair)
    bound = min(settings.enough_mm, max(hand, passed + beside, left_open + beside))
    proof = Proof.PATHS if bound - hand <= settings.gap_mm + 1e-9 else Proof.STOPPED
    return Refined(sides[0], sides[1], pair, bound, proof, looked_at)


def limiting(cells: list[Cells], reachable: list[Vector]) -> list[Mask]:
    """Which cells to halve: those that limit what a pair with them can reach, else all that are left.

    A cell whose own bound is above that is limited by the other side; halving it would gain nothing.
    """
    own = [side.bound_mm <= bound for side, bound in zip(cells, reachable, strict=True)]
    return own if any(rows.any() for rows in own) else [np.ones(len(side), dtype=bool) for side in cells]


def in_hand(sides: list[Candidates], pair: Pair) -> float:
    """The smaller margin of the pair, measured finely."""
    return min(side.fine_margin_mm(n) for side, n in zip(sides, (pair.left, pair.right), strict=True))


def first_cells(side: Candidates, bundle: Bundle, limits: Limits) -> Cells:
    """The whole family in cells of the settings' steps."""
    settings, passage = side.settings, side.passage
    angles = ring_angles(settings)
    normals = np.ascontiguousarray(ring_normals(angles, passage.axes))
    half = 0.5 * np.array([settings.azimuth_step_deg, settings.tilt_step_deg, settings.offset_step_mm])
    spans = (path_spans(normals, bundle.points, bundle.ends) - (normals @ passage.pivot)[:, None]) * passage.step_mm
    reach = float(np.linalg.norm(bundle.points - passage.pivot, axis=1).max()) * passage.step_mm
    slack = reach * chord(half[None, 0], half[None, 1], np.zeros(1))[0] + settings.offset_step_mm
    low = np.floor((spans[:, 0] - slack) / settings.offset_step_mm)
    count = np.maximum(0, np.ceil((spans[:, 1] + slack) / settings.offset_step_mm) - low + 1).astype(np.intp)
    which = np.repeat(np.arange(len(angles)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    middle = np.column_stack([angles[which], (low[which] + within) * settings.offset_step_mm])
    step = settings.offset_step_mm / passage.step_mm
    spread = chord(np.full(len(angles), half[0]), np.full(len(angles), half[1]), angles[:, 1])
    first = normals @ passage.pivot + low * step

    def kernel(part: slice) -> Array:
        return swept_bounds(
            normals[part], spread[part], first[part], count[part], step, 0.5 * step, passage.pivot, bundle.points,
            bundle.at_mm, bundle.ends,
        )  # fmt: skip

    return with_bounds(middle, np.broadcast_to(half, middle.shape), in_parts(kernel, len(angles)), passage, limits)


def chord(half_azimuth_deg: Vector, half_tilt_deg: Vector, tilt_deg: Vector) -> Vector:
    """The greatest distance between the middle unit normal of a cell and any other in it.

    On the sphere of normals azimuth runs along circles of radius cos(tilt), tilt along meridians.
    """
    flattest = np.maximum(np.abs(tilt_deg) - half_tilt_deg, 0.0)
    along = np.radians(half_azimuth_deg) * np.cos(np.radians(flattest))
    distance: Vector = np.hypot(along, np.radians(half_tilt_deg))
    return distance


def bounded(cells: Cells, passage: Passage, bundle: Bundle, hand: float, limits: Limits) -> Cells:
    """The cells with their bounds."""
    planes = at_angles(passage, cells.middle[:, :2], cells.middle[:, 2])
    spread = chord(cells.half[:, 0], cells.half[:, 1], cells.middle[:, 1])
    thick = cells.half[:, 2] / passage.step_mm
    floor = hand + limits.half_kerf_mm

    def kernel(part: slice) -> Array:
        return margin_bounds(
            planes.normals[part], spread[part], planes.offsets[part], thick[part], passage.pivot, bundle.points,
            bundle.at_mm, bundle.ends, floor,
        )  # fmt: skip

    found = in_parts(kernel, len(cells))
    return with_bounds(cells.middle, cells.half, found, passage, limits)


def with_bounds(middle: Array, half: Array, found: Array, passage: Passage, limits: Limits) -> Cells:
    """Cells with the bounds and places of `margin_bounds`."""
    last = float(passage.ends[1] - 1)
    reach = np.clip(np.rint(found[:, 1:]), 0.0, last).astype(np.int64)
    return Cells(middle, half, found[:, 0] - limits.half_kerf_mm, reach)


def halved(cells: Cells) -> Cells:
    """Each cell as eight of half the size."""
    signs = np.array([[a, b, c] for a in (-0.5, 0.5) for b in (-0.5, 0.5) for c in (-0.5, 0.5)])
    middle = (cells.middle[:, None] + signs[None] * cells.half[:, None]).reshape(-1, 3)
    half = np.repeat(0.5 * cells.half, 8, axis=0)
    return Cells(middle, half, np.repeat(cells.bound_mm, 8), np.repeat(cells.reach, 8, axis=0))


def pair_bounds(own: Cells, others: Cells, wide: Mask) -> Vector:
    """For each own cell what a pair with any cell of the other side can reach at most, where both leave the opening."""
    best_at = np.full(wide.shape[1], -1e9)
    for bound, (low, high) in zip(others.bound_mm, others.reach, strict=True):
        if bound > -1e8:
            best_at[low : high + 1] = np.maximum(best_at[low : high + 1], bound)
    partner = np.where(wide, best_at[None], -1e9).max(axis=1)
    found = np.full(len(own), -1e9)
    for n, (bound, (low, high)) in enumerate(zip(own.bound_mm, own.reach, strict=True)):
        if bound > -1e8:
            found[n] = min(bound, partner[low : high + 1].max())
    return found


def tightened(bundle: Bundle, passage: Passage, found: Candidates, floor_mm: float) -> Bundle:
    """With paths through the worst points of cuts whose margin their cells overrate."""
    if not len(found):
        return bundle
    at = found.rows[:, TUMOUR_MM]
    doubtful = np.flatnonzero(at < floor_mm)
    if not len(doubtful):
        return bundle
    spread = doubtful[np.linspace(0, len(doubtful) - 1, min(PATHS_A_ROUND, len(doubtful))).astype(np.intp)]
    paths = []
    for n in spread:
        path = path_through_worst(
            passage.code, passage.tumour_mm, passage.front, passage.back, passage.seeds, passage.points, passage.ends,
            found.planes.normals[n], found.planes.offsets[n], passage.pivot, GRID_PITCH, passage.half, found.start(n),
        )  # fmt: skip
        if len(path) > 1:
            voxels = np.unravel_index(path, passage.code.shape)
            paths.append(np.stack(voxels, axis=1).astype(np.float64))
    return bundle.with_paths(paths, passage.tumour_mm) if paths else bundle
