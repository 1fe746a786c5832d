"""From a plane and its section to a cut in the patient."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Part
from enbloc.core.evidence import Caveat, Measured
from enbloc.core.geometry import Array, Vector, indices_of
from enbloc.knowledge import Tool, segmental_artery_share
from enbloc.resection import kernels
from enbloc.resection.candidates import ENDPLATE_SHARE, parts
from enbloc.resection.classes import cut_class
from enbloc.resection.clearance import Clearance
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import COLUMN_GATES, Cut, Gate, Loss, Tissue
from enbloc.resection.passage import Passage
from enbloc.resection.remarks import at_image_edge, name_of, on_other_side, through_tumour
from enbloc.resection.section import Section, section_of

NEAR_MM = 25.0
"""Vessels farther from a cut are not named."""
FLAW_IDS = ("cut-misses", "cut-crosses-midline", "cut-does-not-sever")
FLAWS = {
    kernels.NO_SECTION: ("cut-misses", "the plane does not pass the tissue that it would have to sever"),
    kernels.LEAVES_SIDE: ("cut-crosses-midline", "the section runs on into what lies beyond its side"),
    kernels.MISSES_PATH: ("cut-does-not-sever", "what it should sever stays joined beside the section"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Sawing:
    """What every cut of one plan shares."""

    field: OperativeField
    tool: Tool

    @property
    def half_kerf_mm(self) -> float:
        return 0.5 * self.tool.width_mm


def cut_of(
    sawing: Sawing,
    passage: Passage,
    normal: Vector,
    offset: float,
    order: int,
    start: int = 0,
    given: bool = False,
) -> Cut:
    """The cut along the plane `normal . x = offset` (field's axes, voxels of the passage's block).

    `start` tells which of the plane's sections (see `section_of`). A plane without a sound section (a surgeon's own) is
    measured on the section that comes nearest to one, and carries the caveat that says what is wrong with it.
    """
    field, section = sawing.field, section_of(passage, normal, offset, start)
    points = section.points()
    if tumour_side(field, passage, normal, offset) < 0:
        normal = -normal
    middle = points.mean(axis=0) if len(points) else passage.pivot + passage.lower
    margin = doubtful(float(section.row[kernels.TUMOUR_MM]) - sawing.half_kerf_mm, field)
    tissue = tissue_of(section)
    angle = canal_angle(passage, section)
    return Cut(
        name=name_of(passage, angle),
        order=order,
        gate=passage.gate,
        level=passage.level,
        tissue=tissue,
        point_mm=in_patient(field, middle),
        normal=direction(field, normal),
        polygon_mm=outline(field, section, normal),
        kerf_mm=sawing.tool.width_mm,
        margin_mm=margin,
        margin_class=cut_class(margin, section.tumour_mm2, tissue),
        section_mm2=section.area_mm2,
        tumour_mm2=section.tumour_mm2,
        depth_mm=max(0.0, -margin.value),
        canal_angle_deg=angle,
        sac_clearance_mm=sac_clearance(sawing, section),
        vessels=clearances(sawing, points),
        loss=loss_of(field, passage, section, normal, offset),
        given=given,
        caveats=(
            *flaws_of(passage, section),
            *through_tumour(passage, section),
            *on_other_side(passage, angle),
            *at_image_edge(field, points),
            *at_vessels(sawing, points),
        ),
        divider_deg=passage.divider_deg,
    )


def doubtful(value_mm: float, field: OperativeField) -> Measured:
    """A distance, a voxel to either side of which stays open; in whole slices, rounded down, where these are thick."""
    doubt = field.voxel_mm
    if field.thick_slices:
        value_mm = doubt * floor(value_mm / doubt)
    return Measured(value_mm, value_mm - doubt, value_mm + doubt)


def sac_clearance(sawing: Sawing, section: Section) -> Measured | None:
    """Unknown where the sac is not labelled: a cut that ends at the wall of the canal touches that."""
    if not sawing.field.no_go_is_sac:
        return None
    return doubtful(float(section.row[kernels.NO_GO_MM]) - sawing.half_kerf_mm, sawing.field)


def tumour_side(field: OperativeField, passage: Passage, normal: Vector, offset: float) -> float:
    """Positive where most tumour of the level lies ahead of the plane; between vertebrae, where the level does."""
    mine = field.owner == field.number(passage.level)
    mask = mine & (field.part == Part.BODY) if passage.gate in COLUMN_GATES else mine & field.tumour
    voxels = indices_of(mask if mask.any() else mine)
    return float(np.sign((voxels - passage.lower) @ normal - offset).sum())


def tissue_of(section: Section) -> Tissue:
    """What most of the section passes: tumour that has replaced bone counts as that bone."""
    first, second, third = (float(section.row[column]) for column in (kernels.BODY, kernels.PEDICLE, kernels.ARCH))
    pixels = float(section.row[kernels.PIXELS])
    gate = section.passage.gate
    if first + second + third < 0.5 * pixels or pixels == 0.0:
        return Tissue.TUMOUR
    if gate is Gate.SPLIT:
        return Tissue.BODY
    most = max(first, second, third)
    if gate in COLUMN_GATES:
        if most == third:
            return Tissue.ENDPLATE if max(first, second) > ENDPLATE_SHARE * pixels else Tissue.DISC
        return Tissue.NEIGHBOUR_BODY if most == second else Tissue.BODY
    return {first: Tissue.BODY_SIDE, third: Tissue.LAMINA, second: Tissue.PEDICLE}[most]


def in_patient(field: OperativeField, point: Vector) -> tuple[float, float, float]:
    """A point in voxels of the field as RAS mm."""
    x, y, z = field.frame.to_world(field.places(point))
    return float(x), float(y), float(z)


def direction(field: OperativeField, vector: Vector) -> tuple[float, float, float]:
    turned = vector @ field.frame.axes
    x, y, z = turned / np.linalg.norm(turned)
    return float(x), float(y), float(z)


def outline(field: OperativeField, section: Section, normal: Vector) -> tuple[tuple[float, float, float], ...]:
    """The section's outline in RAS mm, counter-clockwise seen from the tip of `normal`; empty without a section."""
    if not section.filled.any():
        return ()
    line = section.outline() if normal @ section.normal > 0.0 else section.outline()[::-1]
    return tuple((float(x), float(y), float(z)) for x, y, z in field.frame.to_world(field.places(line)))


def canal_angle(passage: Passage, section: Section) -> float | None:
    """Where a sound section meets the canal's wall: 0 in front, 90 on the patient's right."""
    if passage.gate in COLUMN_GATES or section.flaw != kernels.SOUND:
        return None
    return angle_at(passage, round(section.row[kernels.END]))


def angle_at(passage: Passage, place: int) -> float:
    """Degrees at which a place on the canal's wall is seen from the canal's middle: 0 in front, 90 on the right."""
    right, ahead = passage.wall_mm()[place]
    return float(np.degrees(np.arctan2(right, ahead)))


def at_vessels(sawing: Sawing, points: Array) -> Iterator[Caveat]:
    """Vessels that a cut may touch, as far as resolution tells."""
    for each in clearances(sawing, points):
        if each.distance_mm.low < 0.0:
            name = each.structure.replace("-", " ")
            text = f"comes within a voxel of the {name}: it has to be freed and guarded before"
            yield Caveat("vessel-at-cut", text)


def clearances(sawing: Sawing, points: Array) -> tuple[Clearance, ...]:
    """To every labelled vessel near the section, nearest first."""
    from scipy.ndimage import map_coordinates

    found = []
    for name, field_mm in sawing.field.vessel_mm.items() if len(points) else ():
        least = float(map_coordinates(field_mm, points.T, order=1, mode="nearest").min()) - sawing.half_kerf_mm
        if least <= NEAR_MM:
            found.append(Clearance(name, doubtful(least, sawing.field)))
    return tuple(sorted(found, key=lambda each: (each.distance_mm.value, each.structure)))


def loss_of(field: OperativeField, passage: Passage, section: Section, normal: Vector, offset: float) -> Loss:
    """What a cut costs beside its section. `normal` points to the piece that leaves."""
    near = voxels_at(field.shape, section.points())
    ribs = tuple(sorted(name for name, mask in field.ribs.items() if mask.ravel()[near].any()))
    if passage.gate not in COLUMN_GATES:
        return Loss(ribs=ribs)
    neighbour = indices_of(passage.part == 2)
    ahead = float(np.sign(normal @ section.normal)) * (neighbour @ section.normal - offset) > 0.0
    taken = int(np.count_nonzero(ahead))
    number = field.number(passage.level) + (-1 if passage.gate is Gate.CRANIAL else 1)
    deep = taken > segmental_artery_share() * len(neighbour)
    return Loss(
        neighbour_bone_mm3=taken * field.step_mm**3,
        segmental_artery=field.column[number - 1] if deep else None,
        ribs=ribs,
    )


def voxels_at(shape: tuple[int, int, int], points: Array) -> npt.NDArray[np.intp]:
    """Flat indices of the voxels that hold a pixel of a section, and of those one beside them."""
    voxels = np.rint(points).astype(np.intp)
    low = voxels.min(axis=0, initial=0)
    size = voxels.max(axis=0, initial=0) - low + 1
    seen = np.zeros(size, dtype=bool)
    seen[tuple((voxels - low).T)] = True
    around = np.array([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])
    index = ((indices_of(seen) + low)[:, None] + around).reshape(-1, 3)
    inside = ((index >= 0) & (index < shape)).all(axis=1)
    flat: npt.NDArray[np.intp] = np.ravel_multi_index(tuple(index[inside].T), shape)
    return flat


def flaws_of(passage: Passage, section: Section) -> list[Caveat]:
    """What is wrong with a plane as a cut of its gate."""
    if section.flaw != kernels.SOUND:
        return [Caveat(*FLAWS[section.flaw])]
    if not severs_finely(passage, section):
        return [Caveat(*FLAWS[kernels.MISSES_PATH])]
    return []


def severs_finely(passage: Passage, section: Section) -> bool:
    offset = float(section.normal @ section.corner)
    return parts(passage, section.normal, offset, int(section.row[kernels.END]))
