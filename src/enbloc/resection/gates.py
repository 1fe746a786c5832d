"""The search, gate by gate: ring cuts in pairs, then the cuts between vertebrae that do not cross them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

import numpy as np

from enbloc.core.evidence import Skipped
from enbloc.core.geometry import Array, Vector
from enbloc.core.levels import Level
from enbloc.core.side_by_side import side_by_side
from enbloc.resection.candidates import GRID_PITCH, Candidates, Limits, candidates, keeps
from enbloc.resection.certificate import Proof, refine
from enbloc.resection.family import column_angles, column_normals, planes_through, ring_angles, ring_normals
from enbloc.resection.field import OperativeField
from enbloc.resection.kernels import SOUND
from enbloc.resection.nouns import RING_GATES, Gate, OpenSide
from enbloc.resection.opening import opening_needed_mm
from enbloc.resection.pairs import Pair, Settled, best_alone, first_severing, settled_pair, widest_pair
from enbloc.resection.passage import Passage, column_passage, ring_passage, split_passage
from enbloc.resection.section import Section, section_of
from enbloc.resection.settings import ResectionSettings

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
    the continuous family exceeds, up to `enough_mm`; None where it was not bounded; `proof` says which. `opening_mm`:
    what the canal's contents need. `divider_deg`: what tells left from right, see `ring_passage`. `unmet`:
    gates that no plane of the family severs, left to an own cut. `other`: both cuts on one side, with more
    margin; where these are chosen, one on each side. `before`: the cuts that come first in the order, where these ones
    stand wider apart so that the pieces get out.
    """

    level: Level
    axes: Array
    chosen: Mapping[Gate, Chosen]
    open_sides: tuple[OpenSide, ...]
    grid: Mapping[Gate, Candidates]
    bound_mm: float | None
    proof: Proof
    opening_mm: float | None
    looked_at: int
    divider_deg: float = 0.0
    unmet: Mapping[Gate, Passage] = dataclass_field(default_factory=dict)
    other: RingChoice | None = None
    before: RingChoice | None = None

    @property
    def opens_mm(self) -> float:
        """How far apart the two cuts end on the canal's wall."""
        ends = [each.passage.wall_mm()[int(each.among.places[each.number])] for each in self.chosen.values()]
        return float(np.linalg.norm(ends[0] - ends[-1]))

    @property
    def standing(self) -> tuple[float, ...]:
        """What comes before anything else, smaller is better: no opening, cuts in tumour, area and depth there, and a
        margin that cannot be told from none.
        """
        unsettled = float(any(each.unsettled for each in self.chosen.values()))
        keys = [each.among.key(each.number) for each in self.chosen.values()]
        inside = [sum(key[column] for key in keys) for column in range(2)]
        return (unsettled, *inside, max((key[2] for key in keys), default=0.0), float(self.least_mm < self.noise_mm))

    @property
    def least_mm(self) -> float:
        """The smaller margin of the cuts chosen, up to what is enough."""
        margins = (min(each.among.margin_mm[each.number], self.enough_mm) for each in self.chosen.values())
        return float(min(margins, default=0.0))

    @property
    def larger_on_the_right(self) -> bool:
        margins = {gate: each.among.margin_mm[each.number] for gate, each in self.chosen.items()}
        return bool(margins[Gate.RIGHT] >= margins[Gate.LEFT])

    @property
    def noise_mm(self) -> float:
        return next((each.among.limits.noise_mm for each in self.chosen.values()), 0.0)

    @property
    def enough_mm(self) -> float:
        return next((each.among.settings.enough_mm for each in self.chosen.values()), 0.0)


LEAST_WIDER_MM = 1.0
"""An opening that is wider by less is not tried for a way out."""


def widened(ring: RingChoice) -> RingChoice:
    """With the cuts that open the ring widest while each keeps as much margin, up to what is enough; as it is where it
    opens hardly wider, or where tumour or an open side leaves no choice.
    """
    if len(ring.chosen) < len(RING_GATES) or any(ring.standing):
        return ring
    left, right = (ring.chosen[gate] for gate in RING_GATES)
    best = widest_pair(Settled(left.among, right.among, Pair(left.number, right.number)))
    if best is None:
        return ring
    wider = replace(ring, chosen={gate: side(best, gate) for gate in RING_GATES}, before=ring)
    return wider if wider.opens_mm >= ring.opens_mm + LEAST_WIDER_MM else ring


DIVIDERS_DEG = (30.0, 45.0, 60.0)
"""Where both ring cuts are to stand on one side, what tells left from right behind the canal is turned so far there."""
WORTH_MM = 1.0
"""Both cuts on one side are worth a line where they keep so much more than one on each side."""


def ring_choice(
    field: OperativeField,
    level: Level,
    axes: Array,
    limits: Limits,
    settings: ResectionSettings,
    given: frozenset[Gate] = frozenset(),
) -> RingChoice | Skipped:
    """The best pair of ring cuts of `level`, or the best single one where the other side is open.

    One cut stands on each side wherever that leaves tumour alone, as far as the voxels can tell; else both may stand on
    the side that tumour has left. Where the usual pair keeps less than enough, the other is kept beside it. Where a
    side of which an own cut is `given` has no other, it is left to that.
    """
    usual = divided_choice(field, level, axes, limits, settings, 0.0, given)
    if not settings.one_side or (isinstance(usual, RingChoice) and usual.unmet):
        return usual
    if isinstance(usual, RingChoice) and not any(usual.standing):
        if len(usual.chosen) < len(RING_GATES) or usual.least_mm >= settings.enough_mm - settings.gap_mm:
            return usual
        farthest = DIVIDERS_DEG[-1] if usual.larger_on_the_right else -DIVIDERS_DEG[-1]
        other = divided_choice(field, level, axes, limits, settings, farthest)
        gains = (
            isinstance(other, RingChoice) and not any(other.standing) and other.least_mm >= usual.least_mm + WORTH_MM
        )
        return replace(usual, other=other) if isinstance(other, RingChoice) and gains else usual
    found = [usual] if isinstance(usual, RingChoice) else []
    for deg in dividers(usual):
        turned = divided_choice(field, level, axes, limits, settings, deg)
        found += [turned] if isinstance(turned, RingChoice) else []
        if isinstance(turned, RingChoice) and not any(turned.standing) and turned.least_mm >= settings.enough_mm:
            break  # farther turned none is better
    if not found:
        return usual
    best = min(found, key=lambda each: (each.standing, each.divider_deg != 0.0, -each.least_mm))
    return replace(best, other=usual) if best is not usual and isinstance(usual, RingChoice) else best


def dividers(usual: RingChoice | Skipped) -> tuple[float, ...]:
    """Towards the side whose cut keeps clear of tumour; both ways where neither does, or both do."""
    right, left = DIVIDERS_DEG, tuple(-deg for deg in DIVIDERS_DEG)
    if isinstance(usual, Skipped) or len(usual.chosen) < len(RING_GATES):
        return (*right, *left)
    clear = {gate: each.among.margin_mm[each.number] >= usual.noise_mm for gate, each in usual.chosen.items()}
    if clear[Gate.LEFT] == clear[Gate.RIGHT]:
        return (*right, *left)
    return right if clear[Gate.RIGHT] else left


def divided_choice(
    field: OperativeField,
    level: Level,
    axes: Array,
    limits: Limits,
    settings: ResectionSettings,
    divider_deg: float,
    given: frozenset[Gate] = frozenset(),
) -> RingChoice | Skipped:
    """The best pair where left and right are told apart so."""
    angles = ring_angles(settings)
    normals = ring_normals(angles, axes)

    def looked_through(gate: Gate) -> tuple[Candidates, int] | OpenSide:
        passage = ring_passage(field, level, gate, axes, divider_deg)
        if isinstance(passage, OpenSide):
            return passage
        planes = planes_through(passage, normals, angles, settings.offset_step_mm)
        return candidates(passage, planes, limits, settings), len(planes)

    found = dict(zip(RING_GATES, side_by_side(looked_through, RING_GATES), strict=True))
    open_sides = tuple(side for side in found.values() if isinstance(side, OpenSide))
    grid = {gate: side[0] for gate, side in found.items() if not isinstance(side, OpenSide)}
    looked_at = sum(side[1] for side in found.values() if not isinstance(side, OpenSide))
    unmet: dict[Gate, Passage] = {}
    for gate, among in tuple(grid.items()):
        if first_severing(among) is not None:
            continue
        if gate in given:
            unmet[gate] = among.passage
            del grid[gate]
        else:
            return Skipped(f"{level}: no plane of the family parts body and arch on the {gate} and stays on its side")
    opening = opening_needed_mm(field, level, axes, settings.sac_yield)
    if len(grid) < len(RING_GATES):
        settled = {gate: best_alone(among) for gate, among in grid.items()}
        chosen = {gate: Chosen(*best) for gate, best in settled.items() if best is not None}
        proof = Proof.ONE_SIDE
        return RingChoice(level, axes, chosen, open_sides, grid, None, proof, opening, looked_at, divider_deg, unmet)
    left, right = (grid[gate] for gate in RING_GATES)
    best = settled_pair(left, right, opening or 0.0)
    if best is None:
        best = settled_pair(left, right, 0.0)
        assert best is not None, "both sides have a cut that severs"
        chosen = {gate: side(best, gate, "opening") for gate in RING_GATES}
        return RingChoice(
            level, axes, chosen, open_sides, grid, None, Proof.NO_OPENING, opening, looked_at, divider_deg
        )
    refined = refine(best.left, best.right, best.pair, opening or 0.0)
    best = settled_pair(refined.left, refined.right, opening or 0.0) or best
    chosen = {gate: side(best, gate) for gate in RING_GATES}
    looked_at += refined.cells
    bound, proof = refined.bound_mm, refined.proof
    return RingChoice(level, axes, chosen, open_sides, grid, bound, proof, opening, looked_at, divider_deg)


def side(best: Settled, gate: Gate, unsettled: str | None = None) -> Chosen:
    """One side of a pair."""
    if gate is Gate.LEFT:
        return Chosen(best.left, best.pair.left, unsettled)
    return Chosen(best.right, best.pair.right, unsettled)


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
    best = best_alone(among)
    if best is None:
        because = "no plane of the family parts the body from its neighbour here"
        return OpenSide(gate, passage.level, because, to_cut=True)
    among, first = best
    severing = (n for n in among.order.tolist() if among.severs(n))
    for n, _ in zip(severing, range(MOST_CROSSING), strict=False):
        section = among.section(n)
        row = section.in_pixels_of(GRID_PITCH)
        if section.flaw == SOUND and keeps(row, limits) and not any(crosses(section, ring) for ring in rings):
            return Chosen(among, n)
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
