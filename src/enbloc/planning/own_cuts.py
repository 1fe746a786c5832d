"""The surgeon's own cuts: from what was written to planes, scored like ours, and laid beside the cuts found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy import Spine, Vertebra
from enbloc.core.errors import InputError, nearest
from enbloc.core.evidence import Caveat, Measured, Progress, Skipped, silent
from enbloc.core.geometry import Array, Plane, Vector, unit
from enbloc.core.levels import Level
from enbloc.planning.plan import Plan
from enbloc.planning.resecting import find_resection
from enbloc.resection.nouns import COLUMN_GATES, RING_GATES, Cut, Gate, OpenSide, Resection
from enbloc.resection.settings import ResectionSettings

Numbers = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Written:
    """One cut as it was written. `name`: a gate, or `<level>-<gate>`.

    Either `point_mm` and `normal` (RAS, any length), or `angles_deg` and `offset_mm` along the level's own axes. Of a
    ring cut the angles are azimuth, from the right to the front, and tilt, from there upwards; the offset counts from
    the middle of the canal. Of a cranial or caudal cut they are the tilts to the right and to the front, and the offset
    counts upwards from the centre of the body.
    """

    name: str
    point_mm: Numbers | None = None
    normal: Numbers | None = None
    angles_deg: tuple[float, float] | None = None
    offset_mm: float = 0.0


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the surgeon's cuts beside the one found for the same gate; differences are own less found.

    `own` is None where the plane meets nothing to cut, and `remarks` say so; `found` where no cut was found there. The
    differences are None where either is, that to the dural sac also where it is not labelled.
    """

    name: str
    own: Cut | None
    found: Cut | None
    margin_mm: float | None
    tumour_mm2: float | None
    depth_mm: float | None
    section_mm2: float | None
    neighbour_bone_mm3: float | None
    sac_clearance_mm: float | None
    remarks: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True)
class OwnCuts:
    """The resection with the surgeon's cuts in place of ours, and each of them beside ours."""

    resection: Resection
    compared: tuple[Compared, ...]


def own_cuts(
    plan: Plan, written: Sequence[Written], settings: ResectionSettings, progress: Progress = silent
) -> OwnCuts | Skipped:
    """`written` cuts scored in the place of those that `plan` found, without another search.

    Where the search found none on some side, they are scored if they stand in for what is missing. Skipped with the
    plan's reason where they do not. Raises InputError for a cut that names no gate of this resection, or whose level
    has no axes.
    """
    found, drawing = plan.resection, plan.drawing
    if drawing is None:
        return found if isinstance(found, Skipped) else Skipped("the plan has no voxels to score cuts in")
    levels = found.levels if isinstance(found, Resection) else levels_of(plan)
    if isinstance(levels, Skipped):
        return found if isinstance(found, Skipped) else levels
    given = planes(written, levels, drawing.spine)
    nothing = {f"{side.level}-{side.gate}" for side in open_sides(found) if not side.to_cut}
    if not given.keys() - nothing:
        return found if isinstance(found, Skipped) else OwnCuts(found, tuple(compare(tuple(given), found, found)))
    progress("scoring the given cuts")
    own = find_resection(
        plan.case,
        drawing.imaging,
        drawing.spine,
        plan.tumour,
        plan.advice,
        settings,
        drawing.contacts,
        {name: plane for name, plane in given.items() if name not in nothing},
        found if isinstance(found, Resection) else None,
        progress,
    )
    return own if isinstance(own, Skipped) else OwnCuts(own, tuple(compare(tuple(given), own, found)))


def levels_of(plan: Plan) -> tuple[Level, ...] | Skipped:
    """The levels that would be resected."""
    from enbloc.resection.levels import resected_levels

    if isinstance(plan.tumour, Skipped):
        return plan.tumour
    assert plan.drawing is not None
    return resected_levels(plan.tumour, plan.drawing.spine, plan.case.planned.levels, plan.tumour.tomita_type.value)


def open_sides(found: Resection | Skipped) -> tuple[OpenSide, ...]:
    return () if isinstance(found, Skipped) else found.open_sides


def planes(written: Sequence[Written], levels: tuple[Level, ...], spine: Spine) -> dict[str, Plane]:
    """RAS planes by the full name of the cut. Raises InputError for names that are not of this resection."""
    given: dict[str, Plane] = {}
    for cut in written:
        level, gate = place_of(cut.name, levels)
        name = f"{level}-{gate}"
        if name in given:
            raise InputError(f"{name} is given twice", field=f"cut {cut.name}")
        given[name] = plane_of(cut, level, gate, spine)
    return given


def place_of(name: str, levels: tuple[Level, ...]) -> tuple[Level, Gate]:
    """The level and gate that a cut's name means; a gate alone is enough where only one level has it."""
    gates = (*RING_GATES, *COLUMN_GATES)
    places = [(level, gate) for level in levels for gate in gates if has(level, gate, levels)]
    known = {f"{level}-{gate}": (level, gate) for level, gate in places}
    if name in known:
        return known[name]
    fitting = [place for place in known.values() if place[1] == name]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        hint = f"name the level: {' or '.join(f'{level}-{gate}' for level, gate in fitting)}"
        raise InputError("is on several levels", field=f"cut {name}", hint=hint)
    hint = nearest(name, [*known, *gates]) or f"known here: {', '.join(known)}"
    raise InputError("is no cut of this resection", field=f"cut {name}", hint=hint)


def has(level: Level, gate: Gate, levels: tuple[Level, ...]) -> bool:
    """The column is cut above the topmost and below the lowest level only."""
    return not (gate is Gate.CRANIAL and level is not levels[0]) and not (
        gate is Gate.CAUDAL and level is not levels[-1]
    )


def plane_of(cut: Written, level: Level, gate: Gate, spine: Spine) -> Plane:
    if cut.point_mm is not None and cut.normal is not None:
        return Plane(np.array(cut.point_mm), unit(cut.normal))
    vertebra = spine.vertebra(level)
    if vertebra is None or vertebra.frame is None or cut.angles_deg is None:
        hint = "give a point and a normal: x,y,z:nx,ny,nz"
        raise InputError(f"{level} has no axes of its own to measure angles by", field=f"cut {cut.name}", hint=hint)
    local = column_normal(*cut.angles_deg) if gate in COLUMN_GATES else ring_normal(*cut.angles_deg)
    normal = unit(local @ vertebra.frame.axes)
    return Plane(middle_of(vertebra, gate) + cut.offset_mm * normal, normal)


def ring_normal(azimuth_deg: float, tilt_deg: float) -> Array:
    azimuth, tilt = np.radians([azimuth_deg, tilt_deg])
    return np.array([np.cos(tilt) * np.cos(azimuth), np.cos(tilt) * np.sin(azimuth), np.sin(tilt)])


def column_normal(right_deg: float, front_deg: float) -> Array:
    right, front = np.tan(np.radians([right_deg, front_deg]))
    return np.array([right, front, 1.0])


def middle_of(vertebra: Vertebra, gate: Gate) -> Vector:
    """Where offsets count from, RAS mm: the middle of the canal for what cuts the ring, else the centre of the body."""
    assert vertebra.frame is not None
    ring = gate not in COLUMN_GATES and vertebra.canal_centre_mm is not None
    return np.array(vertebra.canal_centre_mm if ring else vertebra.frame.origin_mm)


def compare(names: Sequence[str], own: Resection, found: Resection | Skipped) -> Iterator[Compared]:
    """Own cuts with a section beside those found."""
    ours, theirs = {} if isinstance(found, Skipped) else by_place(found), by_place(own)
    for name in names:
        mine = theirs.get(name)
        met = mine if mine is not None and mine.section_mm2 > 0.0 else None
        yield beside(name, met, ours.get(name), tuple(remarks(name, mine, own)))


def by_place(resection: Resection) -> Mapping[str, Cut]:
    return {cut.place: cut for cut in resection.cuts}


def beside(name: str, own: Cut | None, found: Cut | None, said: tuple[Caveat, ...]) -> Compared:
    if own is None or found is None:
        return Compared(name, own, found, None, None, None, None, None, None, said)
    return Compared(
        name=name,
        own=own,
        found=found,
        margin_mm=own.margin_mm.value - found.margin_mm.value,
        tumour_mm2=own.tumour_mm2 - found.tumour_mm2,
        depth_mm=own.depth_mm - found.depth_mm,
        section_mm2=own.section_mm2 - found.section_mm2,
        neighbour_bone_mm3=own.loss.neighbour_bone_mm3 - found.loss.neighbour_bone_mm3,
        sac_clearance_mm=less(own.sac_clearance_mm, found.sac_clearance_mm),
        remarks=said,
    )


def less(own: Measured | None, found: Measured | None) -> float | None:
    return None if own is None or found is None else own.value - found.value


def remarks(name: str, own: Cut | None, resection: Resection) -> Iterator[Caveat]:
    """What is wrong with one's own cut; it is scored all the same."""
    if own is None:
        sides = (side.because for side in resection.open_sides if f"{side.level}-{side.gate}" == name)
        yield Caveat("own-cut-meets-nothing", next(sides, "the plane meets nothing that there is to cut"))
        return
    yield from own.caveats
    if own.sac_clearance_mm is not None and own.sac_clearance_mm.value < 0.0:
        yield Caveat("own-cut-through-sac", f"the cut runs {-own.sac_clearance_mm.value:.1f} mm into the dural sac")
