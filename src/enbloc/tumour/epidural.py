"""Tumour in the canal: how much is filled, what it comes near to, and which compression grades labels leave open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Part, Spine, Vertebra
from enbloc.core.evidence import Caveat, Measured, Skipped, Step
from enbloc.core.geometry import Array, Box, Vector, indices_of, unit
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, Mask
from enbloc.knowledge import (
    escc_contact_mm,
    escc_grades,
    escc_range,
    escc_rules,
    escc_type_rows,
    lowest_cord_level,
)
from enbloc.tumour.extent import Extent, Involvement, Zone
from enbloc.tumour.field import TumourField
from enbloc.tumour.tube_contact import TubeContact, contact_with

BODIES = ("dural-sac", "cord")
UNLABELLED, NEAR, FREE = "unlabelled", "near", "free"
SECTION_MM = 1.0
PIXEL_MM = 0.5
HALF_WIDTH_MM = 21.0
AROUND_MM = 20.0
LEAST_AREA_SHARE = 0.3
"""A section with less canal than this share of the level's middle one is cut off by the end of the column."""


@dataclass(frozen=True, slots=True)
class CanalExtent:
    """Tumour in the canal of one level.

    `volume_share`: share of the canal's volume; `section_share`: of its cross-section where most is filled, square to
    the canal, at `section_at_mm` (centre, RAS mm; None where nothing is filled). Their ranges let the tumour's surface
    move by half a voxel.
    """

    level: Level
    involvement: Involvement
    volume_mm3: float
    volume_share: Measured
    section_share: Measured
    section_at_mm: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class GradeHint:
    """Grades of the epidural compression scale that the labels leave open. `value` only where that is one."""

    value: str | None
    low: str
    high: str
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True)
class EpiduralFindings:
    """`contacts`: tumour against the labelled dural sac and cord; empty where neither is labelled, and then contact is
    unknown (`no_go_basis` says what stands in for them). TubeContact means within `within_mm`.
    """

    levels: tuple[CanalExtent, ...]
    no_go_basis: str
    within_mm: float
    contacts: tuple[TubeContact, ...]
    grade: GradeHint


def canal_findings(spine: Spine, imaging: Imaging, extent: Extent, tumour: TumourField) -> EpiduralFindings | Skipped:
    """Skipped where no involved level has a canal that was found."""
    rows = {row.level: row for row in extent.zones if row.zone is Zone.CANAL}
    involved = {*extent.levels, *rows}
    wanted = [v for v in spine.vertebrae if v.level in involved and v.canal_centre_mm is not None]
    found = []
    for vertebra in wanted:
        row = rows.get(vertebra.level)
        involvement = Involvement.FREE if row is None else row.involvement
        volume = 0.0 if row is None else row.volume_mm3 or 0.0
        one = canal_extent(spine, vertebra, involvement, volume, tumour)
        if one is not None:
            found.append(one)
    if not found:
        return Skipped("the canal was not found at the involved levels")
    unseen = sorted(involved - {one.level for one in found}, key=lambda level: level.rank)
    within_mm = escc_contact_mm()
    contacts = tuple(_body_contacts(imaging, tumour, within_mm))
    hint = grade_hint(extent, tuple(found), unseen, contacts, imaging.modality)
    return EpiduralFindings(tuple(found), spine.no_go_basis, within_mm, contacts, hint)


def _body_contacts(imaging: Imaging, tumour: TumourField, within_mm: float) -> Iterator[TubeContact]:
    from enbloc.anatomy.surroundings import structure_mask

    for name in BODIES:
        mask = structure_mask(imaging, name, tumour.box)
        if mask is not None and mask.any():
            yield contact_with(name, mask, tumour, within_mm)


def canal_extent(
    spine: Spine, vertebra: Vertebra, involvement: Involvement, volume_mm3: float, tumour: TumourField
) -> CanalExtent | None:
    """None where the level holds no canal voxel."""
    margin = [int(np.ceil(AROUND_MM / spacing)) for spacing in spine.grid.spacing_mm]
    box = vertebra.box.grown((margin[0], margin[1], margin[2]), spine.grid.shape)
    canal = spine.part[box.slices] == Part.CANAL
    own = canal & (spine.owner[box.slices] == spine.vertebrae.index(vertebra) + 1)
    if not own.any():
        return None
    points, inside, middles = _section_points(spine, vertebra, box, canal, own)
    filled = _filled(tumour, points)
    area = inside.sum(axis=1)
    whole = area > LEAST_AREA_SHARE * np.median(area)
    shares = [np.where(whole, (inside & part).sum(axis=1) / np.maximum(area, 1), 0.0) for part in filled]
    worst = int(shares[0].argmax() if shares[0].any() else shares[2].argmax())
    x, y, z = (float(v) for v in middles[worst])
    empty = not shares[2].any()
    return CanalExtent(
        level=vertebra.level,
        involvement=involvement,
        volume_mm3=volume_mm3,
        volume_share=_volume_share(spine, box, own, tumour),
        section_share=Measured(*(float(share.max()) for share in shares)),
        section_at_mm=None if empty else (x, y, z),
    )


def _filled(tumour: TumourField, points_mm: Array) -> tuple[Mask, Mask, Mask]:
    """Where tumour is: as drawn, with its surface half a voxel farther in, and half a voxel farther out."""
    gap, step = tumour.gap_at(points_mm)
    slack = 1e-3 * step  # the outermost centres lie on the surface that is moved by half a voxel
    return gap < 0.0, gap < -0.5 * step - slack, gap < 0.5 * step + slack


def _volume_share(spine: Spine, box: Box, own: Mask, tumour: TumourField) -> Measured:
    """The share of canal voxels; moved by half a voxel, the surface gains or loses half of a layer of voxels."""
    drawn, less, more = _filled(tumour, spine.grid.crop(box).affine.to_world(indices_of(own)))
    value, low, high = (float(np.mean(part)) for part in (drawn, less, more))
    return Measured(value, 0.5 * (value + low), 0.5 * (value + high))


def _section_points(spine: Spine, vertebra: Vertebra, box: Box, canal: Mask, own: Mask) -> tuple[Array, Mask, Array]:
    """Points (sections, pixels, 3) on planes square to the canal, which lie in the canal, and the planes' middles.

    The planes whose middle lies in this level's own canal.
    """
    from scipy.ndimage import map_coordinates

    axis = canal_axis(spine, vertebra)
    centre = np.array(vertebra.canal_centre_mm)
    grid = spine.grid.crop(box)
    heights = (grid.affine.to_world(indices_of(own)) - centre) @ axis
    across = unit(np.cross(axis, [0.0, 1.0, 0.0] if abs(axis[1]) < 0.9 else [1.0, 0.0, 0.0]))
    ahead = np.cross(axis, across)
    side = np.arange(-HALF_WIDTH_MM, HALF_WIDTH_MM + PIXEL_MM, PIXEL_MM)
    a, b = (m.ravel()[:, None] for m in np.meshgrid(side, side, indexing="ij"))
    inner = 0.5 * SECTION_MM
    rows = np.arange(heights.min() + inner, max(heights.max(), heights.min() + SECTION_MM), SECTION_MM)
    middles = centre + rows[:, None] * axis
    points = middles[:, None, :] + (a * across + b * ahead)[None]
    index = np.moveaxis(grid.affine.to_index(points), -1, 0)
    inside: Mask = map_coordinates(canal.astype(np.float32), index, order=1, mode="constant") > 0.5
    return points, inside, middles


def canal_axis(spine: Spine, vertebra: Vertebra) -> Vector:
    """Direction of the canal towards the head at one level: from the canal's centre below to the one above."""
    known = [v for v in spine.vertebrae if v.canal_centre_mm is not None]
    place = known.index(vertebra)
    ends = known[max(0, place - 1)], known[min(len(known) - 1, place + 1)]
    if ends[0] is ends[1]:
        return np.array(vertebra.frame.superior) if vertebra.frame is not None else np.array([0.0, 0.0, 1.0])
    return unit(np.array(ends[0].canal_centre_mm) - np.array(ends[1].canal_centre_mm))


def grade_hint(
    extent: Extent,
    levels: Sequence[CanalExtent],
    unseen: Sequence[Level],
    contacts: Sequence[TubeContact],
    modality: str | None,
) -> GradeHint:
    """The grades that the first fitting row of the table leaves open, with what must be known beside them.

    `unseen` are involved levels whose canal was not found: whatever it holds, nothing bounds the grade from above.
    """
    canal = max((level.involvement for level in levels), key=_weight)
    near = dict.fromkeys(BODIES, UNLABELLED)
    near |= {one.structure: FREE if one.contact is Involvement.FREE else NEAR for one in contacts}
    sac, cord = (near[name] for name in BODIES)
    rule = next(row for row in escc_rules() if row.fits(canal.value, modality, sac, cord))
    held = [level.level.value for level in levels if level.involvement is canal]
    facts = (
        f"canal {canal.value} at {', '.join(held)}",
        f"dural sac {sac}",
        f"cord {cord}",
        f"read on {modality or 'an image of unknown kind'}",
    )
    step = Step(f"escc/{rule.id}: {rule.says}", facts, spoken(rule.low, rule.high), rule.source, rule.checked)
    because: tuple[Step, ...] = (step,)
    high = rule.high
    if unseen:
        high = escc_grades()[-1].grade
        blind = (f"canal not found at {', '.join(unseen)}",)
        because = (step, Step("escc/level-without-canal", blind, f"up to grade {high} open", "enbloc-decision"))
    hint = GradeHint(rule.low if rule.low == high else None, rule.low, high, because, ())
    return replace(hint, caveats=tuple(_caveats(extent, levels, unseen, hint, modality)))


def spoken(low: str, high: str) -> str:
    return f"grade {low}" if low == high else f"grade {low} to {high}"


def _weight(found: Involvement) -> int:
    return (Involvement.FREE, Involvement.POSSIBLE, Involvement.INVOLVED).index(found)


def _caveats(
    extent: Extent, levels: Sequence[CanalExtent], unseen: Sequence[Level], hint: GradeHint, modality: str | None
) -> Iterator[Caveat]:
    if unseen:
        text = f"{', '.join(unseen)}: tumour here, but the canal was not found, so the grade may be higher"
        yield Caveat("epidural-level-without-canal", text)
    if modality == "ct":
        text = (
            "the epidural scale is read on axial T2 MR: CT shows neither the fluid around the cord nor its compression"
        )
        yield Caveat("epidural-on-ct", text)
    low = [one.level for one in levels if one.level.rank > lowest_cord_level().rank]
    if low:
        text = f"{', '.join(low)}: the epidural scale is not defined below the end of the cord"
        yield Caveat("epidural-cauda-equina", text)
    kind = extent.tomita_type.value
    for row in escc_type_rows(kind) if kind is not None else ():
        if set(row.gives).isdisjoint(escc_range(hint.low, hint.high)):
            text = f"{row.says}; the labels leave {spoken(hint.low, hint.high)} open"
            yield Caveat("epidural-type-disagree", text)
