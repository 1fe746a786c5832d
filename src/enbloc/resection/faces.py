"""The faces of the specimen that are dissected and not sawn: dura, sides, front, back, neighbouring levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import floor

import numpy as np

from enbloc.anatomy import BARRIERS, Barrier, Spine
from enbloc.core.evidence import Caveat, Measured
from enbloc.core.geometry import Array, indices_of
from enbloc.core.levels import Level
from enbloc.core.volume import Mask
from enbloc.knowledge import vessel_limits
from enbloc.resection.behind import Gap, Indices, bone_of, nearest_gap, neighbour
from enbloc.resection.beyond import TOWARDS_CANAL, tumour_of_levels, voxels_beyond
from enbloc.resection.classes import CLASSES, Reach, face_class, worst
from enbloc.resection.nouns import ClassRange, Face, FaceName
from enbloc.resection.reach import BarrierReach, barrier_reach
from enbloc.tumour import Contact
from enbloc.tumour.noise import NoiseFloor

THICK_MM = 3.0
"""Voxels longer than this give no margin finer than themselves."""
BARRIERS_OF: Mapping[FaceName, tuple[Barrier, ...]] = {
    FaceName.DURA: TOWARDS_CANAL,
    FaceName.LATERAL_LEFT: (Barrier.LATERAL_LEFT,),
    FaceName.LATERAL_RIGHT: (Barrier.LATERAL_RIGHT,),
    FaceName.ANTERIOR: (Barrier.ANTERIOR_LIGAMENT,),
    FaceName.POSTERIOR: (Barrier.LAMINAR, Barrier.INTERSPINOUS, Barrier.SUPRASPINOUS),
    FaceName.CRANIAL: (Barrier.CRANIAL_ENDPLATE,),
    FaceName.CAUDAL: (Barrier.CAUDAL_ENDPLATE,),
}
STEP = {FaceName.CRANIAL: -1, FaceName.CAUDAL: 1}
NOTHING = "nothing labelled"
BESIDE = {FaceName.LATERAL_LEFT: -1.0, FaceName.LATERAL_RIGHT: 1.0}
HEIGHT_MM, GOOD_PART = 20.0, 0.25
"""A vessel lies beside the body where so much of it, so near to the body's middle in height, lies on that side."""


@dataclass(frozen=True, slots=True, eq=False)
class _Case:
    """What every face reads. `beyond` and `tumour`: see `voxels_beyond` and `tumour_of_levels`. `vessel_mm`: where the
    voxels of each vessel lie, RAS, (n, 3).
    """

    spine: Spine
    levels: tuple[Level, ...]
    encapsulated: bool | None
    noise: NoiseFloor
    vessels: Mapping[str, Mask]
    vessel_mm: Mapping[str, Array]
    beyond: Mapping[tuple[Level, Barrier], int]
    tumour: Mapping[Level, Indices]


def dissected_faces(
    spine: Spine,
    contacts: Sequence[Contact],
    levels: Sequence[Level],
    encapsulated: bool | None,
    noise: NoiseFloor,
    vessels: Mapping[str, Mask] | None = None,
) -> tuple[Face, ...]:
    """Every dissected face of the resected `levels`, cranial first; those between two resected levels are left out.

    `vessels`: masks of the labelled vessels on the spine's grid (`vessel_masks`).
    """
    ordered = tuple(sorted(levels, key=lambda level: level.rank))
    own = [contact for contact in contacts if contact.compartment.level in ordered]
    masks = vessels or {}
    case = _Case(
        spine,
        ordered,
        encapsulated,
        noise,
        masks,
        {name: spine.grid.affine.to_world(indices_of(mask)) for name, mask in masks.items()} if own else {},
        voxels_beyond(spine, own, noise),
        tumour_of_levels(spine, own),
    )
    by_level = {contact.compartment.level: contact for contact in own}
    return tuple(
        _met(case, name, by_level[level]) if level in by_level else _far(case, name, level)
        for level in ordered
        for name in BARRIERS_OF
        if not _inside(case, name, level)
    )


def _inside(case: _Case, name: FaceName, level: Level) -> bool:
    """Whether the face lies between two resected levels."""
    return name in STEP and neighbour(case.spine, level, STEP[name]) in case.levels


def _met(case: _Case, name: FaceName, contact: Contact) -> Face:
    level = contact.compartment.level
    present = {BARRIERS[code] for code in np.unique(contact.compartment.patch)}
    barriers = [barrier for barrier in BARRIERS_OF[name] if barrier in present]
    if not barriers:
        return _unknown(name, level, "no part of this face is in view")
    gap = _gap(case, name, level)
    found = [barrier_reach(contact, each, _beyond(case, name, level, each), case.noise) for each in barriers]
    if any(each.passed for each in found):
        margin, to = _behind(case, gap)
    else:
        nearest = min(found, key=lambda each: each.distance_mm.value)
        margin, to = coarse(nearest.distance_mm, case.noise), str(nearest.barrier)
    return Face(
        face=name,
        level=level,
        barriers=tuple(str(barrier) for barrier in barriers),
        to=to,
        margin_mm=margin,
        margin_class=_class(case, name, found, gap),
        caveats=tuple(_caveats(case, name, found, margin)),
    )


def _beyond(case: _Case, name: FaceName, level: Level, barrier: Barrier) -> int:
    """Voxels of tumour behind the barrier; behind an endplate, the neighbour's bone too."""
    count = case.beyond.get((level, barrier), 0)
    for _, bone in _structures(case, name, level) if name in STEP else ():
        count += int(np.count_nonzero(bone[tuple(case.tumour[level].T)]))
    return count


def _gap(case: _Case, name: FaceName, level: Level) -> Gap | None:
    """From the level's tumour to what lies behind the face; None where nothing is labelled there."""
    structures = dict(_structures(case, name, level))
    return nearest_gap(case.tumour[level], structures, case.spine.grid.spacing_mm) if structures else None


def _structures(case: _Case, name: FaceName, level: Level) -> Iterator[tuple[str, Mask]]:
    if name is FaceName.DURA:
        yield ("dural-sac" if _sac(case.spine) else "canal"), case.spine.no_go
    elif name is FaceName.ANTERIOR:
        yield from case.vessels.items()
    elif name in BESIDE:
        yield from ((each, mask) for each, mask in case.vessels.items() if _on_side(case, name, level, each))
    elif name in STEP and (next_to := neighbour(case.spine, level, STEP[name])) is not None:
        yield str(next_to), bone_of(case.spine, next_to)


def _on_side(case: _Case, name: FaceName, level: Level, vessel: str) -> bool:
    """Whether a good part of a vessel, as high as the level, lies on the face's side of the mid-plane."""
    vertebra = case.spine.vertebra(level)
    if vertebra is None or vertebra.frame is None:
        return False
    local = vertebra.frame.to_local(case.vessel_mm[vessel])
    right_mm = local[np.abs(local[:, 2]) <= HEIGHT_MM, 0]
    return bool(len(right_mm)) and float((right_mm * BESIDE[name] > 0.0).mean()) >= GOOD_PART


def _sac(spine: Spine) -> bool:
    return spine.no_go_basis.startswith("dural sac")


def _behind(case: _Case, gap: Gap | None) -> tuple[Measured | None, str]:
    """The margin to the structure behind, and its name."""
    if gap is None:
        return None, NOTHING
    doubt = case.noise.voxel_mm
    return coarse(Measured(gap.mm, gap.mm - doubt, gap.mm + doubt), case.noise), gap.to


def coarse(margin: Measured, noise: NoiseFloor) -> Measured:
    """`margin` in whole slices, rounded down, where slices are thick; its range spans one more to either side."""
    step = noise.voxel_mm
    if step <= THICK_MM:
        return margin
    whole = step * floor(margin.value / step)
    return Measured(whole, min(margin.low, whole - step), max(margin.high, whole + step))


def _class(case: _Case, name: FaceName, found: Sequence[BarrierReach], gap: Gap | None) -> ClassRange:
    """Certain entry takes tumour deeper than the doubt into what stays; the canal as a whole may be entered."""
    entered = gap is not None and gap.mm < -case.noise.voxel_mm and not (name is FaceName.DURA and not _sac(case.spine))
    return worst(
        [
            face_class(
                each.barrier,
                each.open,
                case.encapsulated,
                reading=each.reading,
                entered=entered,
                read=(*each.read, *_reads(gap, each)),
            )
            for each in found
        ]
    )


def _reads(gap: Gap | None, each: BarrierReach) -> tuple[str, ...]:
    if gap is None or not each.passed:
        return ()
    return (f"{gap.mm:.1f} mm from {gap.to}" if gap.mm >= 0.0 else f"{-gap.mm:.1f} mm into {gap.to}",)


def _caveats(case: _Case, name: FaceName, found: Sequence[BarrierReach], margin: Measured | None) -> Iterator[Caveat]:
    if margin is None:
        text = f"tumour has passed the barrier, and {NOTHING} lies behind it within {vessel_limits()[1]:g} mm"
        yield Caveat("margin-unknown", text)
    elif case.noise.voxel_mm > THICK_MM:
        text = f"slices of {case.noise.voxel_mm:.3g} mm: the margin is given in whole slices and may be one off"
        yield Caveat("thick-slices", text)
    if name is FaceName.DURA and not _sac(case.spine) and any(each.passed for each in found):
        yield Caveat("dura-not-labelled", "the margin is to the whole canal: where the dural sac lies in it is unknown")
    if any(each.basis != "labelled" for each in found):
        yield Caveat("outline-estimated", "the outline of the bone under this face is estimated, all or in part")


def _far(case: _Case, name: FaceName, level: Level) -> Face:
    """A level near which no tumour lies, or whose surface is not modelled."""
    vertebra = case.spine.vertebra(level)
    if vertebra is None or vertebra.frame is None:
        return _unknown(name, level, "the surface of this vertebra is not modelled")
    free = [face_class(str(barrier), (Reach.NOT_REACHED,), case.encapsulated) for barrier in BARRIERS_OF[name]]
    text = "no tumour near this vertebra: the margin was not measured"
    return Face(name, level, tuple(map(str, BARRIERS_OF[name])), NOTHING, None, worst(free), (Caveat("far", text),))


def _unknown(name: FaceName, level: Level, because: str) -> Face:
    return Face(name, level, (), NOTHING, None, ClassRange(None, CLASSES, ()), (Caveat("face-not-seen", because),))
