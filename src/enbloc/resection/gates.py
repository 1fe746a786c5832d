"""The search, gate by gate: ring cuts in pairs, then the cuts between vertebrae that do not cross them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.core.evidence import Skipped
from enbloc.core.geometry import Array, Vector
from enbloc.core.levels import Level
from enbloc.resection.candidates import Candidates, Limits, candidates
from enbloc.resection.certificate import refine
from enbloc.resection.family import column_angles, column_normals, planes_through, ring_angles, ring_normals
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import Gate, OpenSide
from enbloc.resection.opening import opening_needed_mm
from enbloc.resection.pairs import best_pair
from enbloc.resection.passage import Passage, column_passage, ring_passage, split_passage
from enbloc.resection.section import Section, section_of
from enbloc.resection.settings import ResectionSettings

SIDES = (Gate.LEFT, Gate.RIGHT)
MOST_CROSSING = 200
"""So many cuts between vertebrae are tried, best first, before one that crosses a ring cut is accepted and said so."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """One candidate of a gate. `unsettled`: no other kept what this one fails to keep, named here; None for none."""

    among: Candidates
    number: int
    unsettled: str | None = None

    @property
    def passage(self) -> Passage:
        return self.among.passage

    @property
    def normal(self) -> Vector:
        normal: Vector = self.among.planes.normals[self.number]
        return normal

    @property
    def offset(self) -> float:
        return float(self.among.planes.offsets[self.number])

    @property
    def start(self) -> int:
        return self.among.start(self.number)

    def section(self) -> Section:
        return section_of(self.passage, self.normal, self.offset, self.start)


@dataclass(frozen=True, slots=True, eq=False)
class RingChoice:
    """The ring cuts of one level, `looked_at` planes having been measured.

    `grid`: the candidates of the stated grid by gate, without those that refinement added. `bound_mm`: what no pair of
    the continuous family exceeds, up to `enough_mm`; None where it was not bounded. `opening_mm`: what the canal's
    contents need.
    """

    level: Level
    axes: Array
    chosen: Mapping[Gate, Chosen]
    open_sides: tuple[OpenSide, ...]
    grid: Mapping[Gate, Candidates]
    bound_mm: float | None
    opening_mm: float | None
    looked_at: int


def ring_choice(
    field: OperativeField, level: Level, axes: Array, limits: Limits, settings: ResectionSettings
) -> RingChoice | Skipped:
    """The best pair of ring cuts of `level`, or the best single one where the other side is open."""
    found = {gate: ring_passage(field, level, gate, axes) for gate in SIDES}
    open_sides = tuple(side for side in found.values() if isinstance(side, OpenSide))
    angles = ring_angles(settings)
    grid = {}
    looked_at = 0
    for gate, passage in found.items():
        if isinstance(passage, OpenSide):
            continue
        planes = planes_through(passage, ring_normals(angles, axes), angles, settings.offset_step_mm)
        grid[gate] = candidates(passage, planes, limits, settings)
        looked_at += len(planes)
        if not any(grid[gate].severs(int(n)) for n in grid[gate].order):
            return Skipped(f"{level}: no plane of the family parts body and arch on the {gate} and stays on its side")
    opening = opening_needed_mm(field, level, axes, settings.sac_yield)
    if len(grid) < len(SIDES):
        chosen = {gate: Chosen(among, alone(among)) for gate, among in grid.items()}
        return RingChoice(level, axes, chosen, open_sides, grid, None, opening, looked_at)
    left, right = (grid[gate] for gate in SIDES)
    pair = best_pair(left, right, opening or 0.0)
    unsettled = None
    if pair is None:
        unsettled, pair = "opening", best_pair(left, right, 0.0)
        assert pair is not None, "both sides have a cut that severs"
    refined = refine(left, right, pair, opening or 0.0)
    chosen = {
        Gate.LEFT: Chosen(refined.left, refined.pair.left, unsettled),
        Gate.RIGHT: Chosen(refined.right, refined.pair.right, unsettled),
    }
    bound = None if unsettled else refined.bound_mm
    return RingChoice(level, axes, chosen, open_sides, grid, bound, opening, looked_at + refined.cells)


def alone(among: Candidates) -> int:
    """The first candidate, in their order, that severs."""
    return next(int(n) for n in among.order if among.severs(int(n)))


def column_choice(
    field: OperativeField,
    gate: Gate,
    axes: Array,
    rings: Sequence[Section],
    limits: Limits,
    settings: ResectionSettings,
) -> Chosen | OpenSide:
    """The best cut above or below that crosses no ring cut."""
    passage = column_passage(field, gate, axes)
    if isinstance(passage, OpenSide):
        return passage
    angles = column_angles(settings)
    planes = planes_through(passage, column_normals(angles, axes), angles, settings.offset_step_mm)
    among = candidates(passage, planes, limits, settings)
    severing = (int(n) for n in among.order if among.severs(int(n)))
    first = None
    for n, _ in zip(severing, range(MOST_CROSSING), strict=False):
        first = n if first is None else first
        section = Chosen(among, n).section()
        if not any(crosses(section, ring) for ring in rings):
            return Chosen(among, n)
    if first is None:
        return OpenSide(gate, passage.level, "no plane of the family parts the body from its neighbour here")
    return Chosen(among, first, "crossing")


def split_candidates(
    field: OperativeField, level: Level, axes: Array, limits: Limits, settings: ResectionSettings
) -> Candidates | None:
    """Sagittal and oblique cuts through the body of `level`."""
    passage = split_passage(field, level, axes)
    if isinstance(passage, OpenSide):
        return None
    angles = ring_angles(settings)
    azimuth = angles[:, 0]
    steep = (np.minimum(azimuth, 180.0 - azimuth) <= SPLIT_TURN_DEG) & (np.abs(angles[:, 1]) <= SPLIT_TILT_DEG)
    angles = angles[steep]
    planes = planes_through(passage, ring_normals(angles, axes), angles, settings.offset_step_mm)
    return candidates(passage, planes, limits, settings)


SPLIT_TURN_DEG, SPLIT_TILT_DEG = 45.0, 15.0
"""A split's plane turns so far from the sagittal plane and tilts so far from upright."""


def crosses(one: Section, other: Section) -> bool:
    """Whether two sections meet inside tissue."""
    points = one.points()
    from_corner = points - other.passage.lower - other.corner
    pitch = float(np.linalg.norm(other.across))
    near = np.abs(from_corner @ other.normal) <= 0.5
    rows = np.rint(from_corner[near] @ other.across / pitch**2).astype(np.intp)
    columns = np.rint(from_corner[near] @ other.along / pitch**2).astype(np.intp)
    inside = (rows >= 0) & (columns >= 0) & (rows < other.filled.shape[0]) & (columns < other.filled.shape[1])
    return bool(other.filled[rows[inside], columns[inside]].any())
