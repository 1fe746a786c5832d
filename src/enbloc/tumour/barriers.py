"""Barriers touched and breached, and the paths that tumour has taken or is likely to take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from enbloc.anatomy import BARRIERS, Barrier, Spine, is_bone
from enbloc.core.evidence import Measured, Step
from enbloc.core.geometry import Vector
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Mask
from enbloc.knowledge import Tissue, barrier_tissues, leak_near_mm
from enbloc.tumour.contact import Contact, box_of, sampled, signed_distance
from enbloc.tumour.noise import NoiseFloor

DOUBT_VOXELS = 0.5
"""Tumour and bone each end within about a quarter of a voxel of where the masks say: together half a voxel."""
LEAST_FACES = 4.0
"""A contact smaller than this many voxel faces is not by itself a contact: the face of the smallest lesion."""


class State(StrEnum):
    """What tumour does to a barrier. `free` and `touched` hold beyond the noise floor."""

    BREACHED = "breached"
    TOUCHED = "touched"
    TOUCHED_FROM_OUTSIDE = "touched-from-outside"
    POSSIBLY_TOUCHED = "possibly-touched"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class BarrierFinding:
    """One barrier of one vertebra.

    `strength`: `strong`, `weak`, None where the paper does not grade it, under the mark `checked`. `touched_mm2`:
    tumour reaches the barrier from inside the bone, breached or not; `breached_mm2`: it lies on both sides;
    `outside_mm2`: it touches from outside only. `distance_mm`: from the barrier to the nearest tumour, on either side.
    `basis`: `labelled`, `partly-estimated` or `estimated`, as the bone beneath the barrier is.
    """

    barrier: Barrier
    strength: str | None
    checked: str
    area_mm2: float
    state: State
    touched_mm2: Measured
    breached_mm2: Measured
    outside_mm2: Measured
    distance_mm: Measured
    basis: str


@dataclass(frozen=True, slots=True)
class LeakPath:
    """A way out of the compartment. `value` says it in words; `stage`: `open` (breached), `reached` or `near`."""

    barrier: Barrier
    stage: str
    leads_to: str
    value: str
    because: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class LevelBarriers:
    """The barriers of one vertebra that tumour concerns, in the order of the table; `leak_paths`, likeliest first."""

    level: Level
    barriers: tuple[BarrierFinding, ...]
    leak_paths: tuple[LeakPath, ...]


def barrier_findings(spine: Spine, contacts: Sequence[Contact]) -> tuple[LevelBarriers, ...]:
    """Every vertebra with tumour in its bone or at its surface, cranial first."""
    found = []
    for contact in contacts:
        barriers = tuple(_findings(contact, spine.grid))
        if any(one.state is not State.FREE for one in barriers) or holds_tumour(spine, contact.compartment.level):
            found.append(
                LevelBarriers(contact.compartment.level, barriers, leak_paths(barriers, from_bone(spine, contact)))
            )
    return tuple(found)


def holds_tumour(spine: Spine, level: Level) -> bool:
    number = 1 + spine.levels.index(level)
    vertebra = spine.vertebrae[number - 1]
    box = vertebra.box.slices
    return bool((spine.tumour[box] & (spine.owner[box] == number)).any())


def from_bone(spine: Spine, contact: Contact) -> dict[Barrier, Measured]:
    """From each barrier to the nearest tumour in this vertebra's bone; empty where that holds none."""
    compartment, grid = contact.compartment, spine.grid
    number = 1 + spine.levels.index(compartment.level)
    box = spine.vertebrae[number - 1].box.union(box_of(compartment, grid)).grown((2, 2, 2), grid.shape)
    mine = (spine.owner[box.slices] == number) & is_bone(spine.part[box.slices])
    tumour = mine & spine.tumour[box.slices]
    if not tumour.any():
        return {}
    field = signed_distance(tumour, grid.spacing_mm)
    at_mm = sampled(field, grid.crop(box).affine, compartment.centroids_mm)
    floor = NoiseFloor.of(grid)
    codes = (int(code) for code in np.unique(compartment.patch))
    return {BARRIERS[code]: distance(at_mm[compartment.patch == code], floor) for code in codes}


def _findings(contact: Contact, grid: Grid) -> Iterator[BarrierFinding]:
    """One row per barrier that this vertebra's surface has."""
    floor = NoiseFloor.of(grid)
    tissues = barrier_tissues()
    for code, barrier in enumerate(BARRIERS):
        here = contact.compartment.patch == code
        if barrier is Barrier.IMAGE_BORDER or not here.any():
            continue
        tissue = tissues[barrier]
        touched, breached, outside = areas(contact, here, floor)
        yield BarrierFinding(
            barrier=barrier,
            strength=tissue.strength,
            checked=tissue.checked,
            area_mm2=contact.compartment.area_mm2(barrier),
            state=state_of(touched, breached, outside, floor),
            touched_mm2=touched,
            breached_mm2=breached,
            outside_mm2=outside,
            distance_mm=distance(contact.at_mm[here], floor),
            basis=basis_of(contact.compartment.estimated[here]),
        )


def areas(contact: Contact, here: Mask, floor: NoiseFloor) -> tuple[Measured, Measured, Measured]:
    """Touched from inside, breached, touched from outside only.

    `low` and `high` move tumour by the doubt to either side; a breach is certain only where tumour also goes on beyond
    the surface for more than the noise floor.
    """
    doubt = DOUBT_VOXELS * floor.voxel_mm
    area = contact.compartment.areas_mm2[here]
    under, beyond, past = contact.under_mm[here], contact.beyond_mm[here], contact.past_mm[here]

    def within(low: Mask, value: Mask, high: Mask) -> Measured:
        a, b, c = (float(area[where].sum()) for where in (low, value, high))
        return Measured(b, min(a, b), max(b, c))

    both = np.maximum(under, beyond)
    only_beyond = np.maximum(-under, beyond)
    return (
        within(under < -doubt, under < 0.0, under < doubt),
        within((under < -doubt) & (past < 0.0), both < 0.0, both < doubt),
        within(only_beyond < -doubt, only_beyond < 0.0, only_beyond < doubt),
    )


def state_of(touched: Measured, breached: Measured, outside: Measured, floor: NoiseFloor) -> State:
    least = LEAST_FACES * floor.voxel_mm**2
    if breached.low >= least:
        return State.BREACHED
    if touched.low >= least:
        return State.TOUCHED
    if outside.low >= least:
        return State.TOUCHED_FROM_OUTSIDE
    return State.POSSIBLY_TOUCHED if max(touched.high, outside.high) > 0.0 else State.FREE


def distance(at_mm: Vector, floor: NoiseFloor) -> Measured:
    """The least of a barrier's distances to tumour."""
    nearest = max(0.0, float(at_mm.min()))
    doubt = 2.0 * DOUBT_VOXELS * floor.voxel_mm
    return Measured(nearest, max(0.0, nearest - doubt), nearest + doubt)


def basis_of(estimated: Mask) -> str:
    share = float(estimated.mean())
    return "labelled" if share == 0.0 else "estimated" if share > 0.9 else "partly-estimated"


def leak_paths(barriers: Sequence[BarrierFinding], bone_mm: Mapping[Barrier, Measured]) -> tuple[LeakPath, ...]:
    """Breached barriers first, the largest breach before the others; then weak and ungraded ones that tumour has
    reached, and weak ones that tumour in the bone comes near to (`bone_mm`: how near). A strong barrier that holds is
    no path.
    """
    tissues = barrier_tissues()
    broken = sorted((b for b in barriers if b.state is State.BREACHED), key=lambda b: -b.breached_mm2.value)
    reached = [b for b in barriers if b.state is State.TOUCHED and b.strength != "strong"]
    held = [b for b in barriers if b.state in (State.POSSIBLY_TOUCHED, State.FREE) and b.strength == "weak"]
    inside = [replace(b, distance_mm=bone_mm[b.barrier]) for b in held if b.barrier in bone_mm]
    near = [b for b in inside if b.distance_mm.value <= leak_near_mm()]
    reached.sort(key=lambda b: (b.strength != "weak", -b.touched_mm2.value))
    near.sort(key=lambda b: b.distance_mm.value)
    staged = (("open", broken), ("reached", reached), ("near", near))
    return tuple(_path(b, stage, tissues[b.barrier]) for stage, found in staged for b in found)


def _path(finding: BarrierFinding, stage: str, tissue: Tissue) -> LeakPath:
    strength = f"{tissue.strength} barrier" if tissue.strength else "barrier of no stated strength"
    facts = {
        "open": f"breached over {_span(finding.breached_mm2)} mm²",
        "reached": f"touched over {_span(finding.touched_mm2)} mm², no breach beyond the noise floor",
        "near": f"tumour in the bone {_span(finding.distance_mm, 1)} mm away",
    }
    words = {"open": "open into", "reached": "next into", "near": "near"}
    estimated = () if finding.basis == "labelled" else (f"outline of the bone there: {finding.basis}",)
    rule = f"barriers/{tissue.id}"
    return LeakPath(
        barrier=finding.barrier,
        stage=stage,
        leads_to=tissue.leads_to,
        value=f"{words[stage]}: {tissue.leads_to}, by the {tissue.title}",
        because=(
            Step(
                f"{rule}: strength",
                (facts[stage], *estimated),
                f"{tissue.title}: {strength}",
                tissue.source,
                tissue.checked,
            ),
            Step(
                f"{rule}: leads to",
                (),
                f"behind it: {tissue.leads_to}",
                tissue.leads_to_source,
                tissue.leads_to_checked,
            ),
        ),
    )


def _span(measured: Measured, decimals: int = 0) -> str:
    """`12 (8 to 15)`, or the number alone where the range is closed."""
    value, low, high = (f"{number:.{decimals}f}" for number in (measured.value, measured.low, measured.high))
    return value if low == high else f"{value} ({low} to {high})"
