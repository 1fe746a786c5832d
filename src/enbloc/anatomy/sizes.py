"""Every size of every level: body, ring, and what lies between neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import atan2, degrees

import numpy as np

from enbloc.anatomy.endplates import (
    STRIPS,
    SUPERIOR,
    Body,
    Height,
    body_height,
    endplate_depth,
    endplate_width,
    find_body,
    wall_hollow,
)
from enbloc.anatomy.morphometry import ERROR_VOXELS, LevelMorphometry, PedicleMorphometry
from enbloc.anatomy.ranges import beside_expected, outlier, spoken
from enbloc.anatomy.ring import canal_width, find_neck, find_ring, pedicle
from enbloc.anatomy.site import FITTED_DEG, Site, Trust
from enbloc.anatomy.spine import Spine, Vertebra
from enbloc.core.evidence import Caveat, Measured
from enbloc.core.geometry import Vector, unit
from enbloc.core.levels import are_neighbours

NO_PEDICLE = PedicleMorphometry(None, None, None, None, None)
SIZES = [name for name in LevelMorphometry.__dataclass_fields__ if name.endswith(("_mm", "_deg")) or "pedicle" in name]
Found = dict[str, Measured | PedicleMorphometry | str]
"""Sizes by the name of their field, or why there is none."""


def level_sizes(spine: Spine) -> tuple[LevelMorphometry, ...]:
    """Sizes of every vertebra that has a frame; S1 only ends what lies below L5."""
    bodies = [body_at(spine, number, vertebra) for number, vertebra in enumerate(spine.vertebrae, start=1)]
    return tuple(
        level_morphometry(vertebra, sizes_of(spine, bodies, n))
        for n, vertebra in enumerate(spine.vertebrae)
        if vertebra.frame is not None and vertebra.level.region != "sacral"
    )


def body_at(spine: Spine, number: int, vertebra: Vertebra) -> Body | str:
    if vertebra.frame is None:
        return f"{vertebra.level} has no frame"
    if vertebra.frame_basis == "neighbours":
        return "its axes are lent by its neighbours, and may be far off"
    frame, centre = vertebra.frame, vertebra.canal_centre_mm
    canal = None if centre is None else frame.to_local(np.array(centre))
    middle = None if canal is None else (float(canal[0]), float(canal[1]), float(canal[2]))
    return find_body(Site(spine, number, vertebra, frame, middle))


def sizes_of(spine: Spine, bodies: list[Body | str], n: int) -> Found:
    body = bodies[n]
    if isinstance(body, str):
        return dict.fromkeys(SIZES, body)
    found: Found = {f"{strip}_body_height_mm": body_height(body, strip) for strip in STRIPS}
    found["body_wedge_deg"] = wedge(body)
    for name, side in (("upper", 1.0), ("lower", -1.0)):
        found[f"{name}_endplate_width_mm"] = endplate_width(body, side)
        found[f"{name}_endplate_depth_mm"] = endplate_depth(body, side)
    found["posterior_wall_hollow_mm"] = wall_hollow(body)
    found |= ring_sizes(body)
    found |= sizes_below(body, below(spine, bodies, n))
    found["segment_height_mm"] = together(found["posterior_body_height_mm"], found["disc_posterior_height_mm"])
    return found


def ring_sizes(body: Body) -> Found:
    ring, depth = find_ring(body)
    if ring is None:
        return {
            "canal_depth_mm": depth,
            **dict.fromkeys(("canal_width_mm", "pedicle_left", "pedicle_right"), str(depth)),
        }
    necks = {"pedicle_left": find_neck(ring, -1.0), "pedicle_right": find_neck(ring, 1.0)}
    whole = [neck for neck in necks.values() if not isinstance(neck, str)]
    found: Found = {name: neck if isinstance(neck, str) else pedicle(ring, neck) for name, neck in necks.items()}
    reason = next((neck for neck in necks.values() if isinstance(neck, str)), None)
    width = canal_width(ring, whole) if reason is None else f"of a pedicle: {reason}"
    return {"canal_width_mm": width, "canal_depth_mm": depth, **found}


def below(spine: Spine, bodies: list[Body | str], n: int) -> Body | str:
    """The body of the next vertebra down, or why there is none to measure to."""
    if n + 1 == len(bodies):
        return "no vertebra below is in view"
    upper, lower = spine.vertebrae[n].level, spine.vertebrae[n + 1].level
    if not are_neighbours(upper, lower):
        return f"the vertebra below is not labelled ({lower} comes next)"
    found = bodies[n + 1]
    return found if isinstance(found, Body) else f"{lower} below: {found}"


def sizes_below(body: Body, lower: Body | str) -> Found:
    if isinstance(lower, str):
        names = [f"disc_{strip}_height_mm" for strip in STRIPS]
        return dict.fromkeys([*names, "kyphosis_below_deg"], lower)
    found: Found = {f"disc_{strip}_height_mm": disc_height(body, lower, strip) for strip in STRIPS}
    return {**found, "kyphosis_below_deg": kyphosis(body, lower)}


def disc_height(body: Body, lower: Body, strip: str) -> Measured | str:
    """Distance between the two endplates at a strip, along the mean of the two superior axes; never below 0."""
    floor, ceiling = body.lower[strip], lower.upper[strip]
    if isinstance(floor, str) or isinstance(ceiling, str):
        return floor if isinstance(floor, str) else str(ceiling)
    up = unit(np.array(body.site.frame.superior) + np.array(lower.site.frame.superior))
    gap = point(body, strip, floor) - point(lower, strip, ceiling)
    trust = Trust(0.0, 0.5 * (floor.trust.touched + ceiling.trust.touched), 0.0)
    site = lower.site if lower.site.fitted else body.site
    height = site.measured(float(gap @ up), site.frame.axes @ up, trust)
    if isinstance(height, str):
        return height
    if height.high < 0.0:
        return "the two bodies overlap"
    return Measured(max(0.0, height.value), max(0.0, height.low), height.high)


def point(body: Body, strip: str, height: Height) -> Vector:
    """The middle of an endplate's strip, RAS mm."""
    return body.site.frame.to_world(np.array([body.middle_mm, body.place_mm(strip), height.mm]))


def wedge(body: Body) -> Measured | str:
    """Angle between the two endplates in the mid-sagittal plane, positive where the front is lower."""
    upper, lower = line(body, body.upper), line(body, body.lower)
    if isinstance(upper, str) or isinstance(lower, str):
        return upper if isinstance(upper, str) else str(lower)
    return angle(atan2(lower[2], lower[1]) - atan2(upper[2], upper[1]), body, body)


def kyphosis(body: Body, lower: Body) -> Measured | str:
    """Angle between the upper endplates of two neighbours in their mean sagittal plane, positive for kyphosis."""
    one, other = line(body, body.upper), line(lower, lower.upper)
    if isinstance(one, str) or isinstance(other, str):
        return one if isinstance(one, str) else str(other)
    across = unit(np.array(body.site.frame.right) + np.array(lower.site.frame.right))
    a, b = one @ body.site.frame.axes, other @ lower.site.frame.axes
    a, b = a - (a @ across) * across, b - (b @ across) * across
    return angle(atan2(float(across @ np.cross(a, b)), float(a @ b)), body, lower)


def line(body: Body, plate: dict[str, Height | str]) -> Vector | str:
    """From the posterior to the anterior strip of an endplate, in the frame."""
    front, back = plate["anterior"], plate["posterior"]
    if isinstance(front, str) or isinstance(back, str):
        return front if isinstance(front, str) else str(back)
    return np.array([0.0, body.place_mm("anterior") - body.place_mm("posterior"), front.mm - back.mm])


def angle(radians: float, one: Body, other: Body) -> Measured:
    """With the errors of both endplate lines, each that of a distance over the distance of the strips."""
    share = sum(STRIPS["anterior"]) / 2.0 - sum(STRIPS["posterior"]) / 2.0
    half = degrees(sum(ERROR_VOXELS * body.site.voxel_mm(SUPERIOR) / (share * body.depth_mm) for body in (one, other)))
    if one.site.fitted or other.site.fitted:
        half += FITTED_DEG
    value = degrees(radians)
    return Measured(value, value - half, value + half)


def together(*parts: Measured | PedicleMorphometry | str) -> Measured | str:
    """The sum of lengths; the reason of the first that is missing."""
    reason = next((part for part in parts if isinstance(part, str)), None)
    sizes = [part for part in parts if isinstance(part, Measured)]
    if reason is not None:
        return reason
    return Measured(*(sum(getattr(size, name) for size in sizes) for name in ("value", "low", "high")))


def level_morphometry(vertebra: Vertebra, found: Found) -> LevelMorphometry:
    """With what is expected of the level, and why sizes are missing."""
    values = {name: None if isinstance(size, str) else size for name, size in found.items()}
    for name in ("pedicle_left", "pedicle_right"):
        values[name] = values[name] or NO_PEDICLE
    sizes = LevelMorphometry(level=vertebra.level, **values)  # type: ignore[arg-type]
    expected = beside_expected(sizes)
    caveats = (*outlier(sizes, expected), *missing(vertebra, found))
    return replace(sizes, expected=expected, caveats=caveats)


def missing(vertebra: Vertebra, found: Found) -> Iterator[Caveat]:
    """One caveat for all sizes that share a reason."""
    reasons: dict[str, list[str]] = {}
    for name in SIZES:
        reason = found[name]
        if isinstance(reason, str):
            reasons.setdefault(reason, []).append(spoken(name))
    for reason, names in reasons.items():
        told = "nothing could be measured" if len(names) == len(SIZES) else f"{', '.join(names)} not measured"
        yield Caveat("not-measured", f"{vertebra.level}: {told}: {reason}")
