"""Which slices are worth a picture: three through the main lesion, an axial one through each further lesion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy import Frame, Spine
from enbloc.core.evidence import Skipped
from enbloc.core.geometry import Array, Vector, indices_of
from enbloc.planning.plan import Plan
from enbloc.scene.build import index_frame
from enbloc.scene.slices import Cut, cuts
from enbloc.tumour import Lesion

PIXEL_MM = 0.5
FIELDS_MM = (120.0, 160.0)
AROUND_LESION_MM = 45.0
MOST_LESIONS = 3


@dataclass(frozen=True, slots=True, eq=False)
class LesionPlane:
    """A slice through lesion number `lesion` (1: the main one), along the axes of the vertebra named `frame_of`.

    `offset_mm`: how far the slice lies from the centre of that vertebra's body along the axis it is square to, positive
    upwards (axial), to the patient's right (sagittal) and to the front (coronal). `frame_of` is `patient` where no
    vertebra's own axes are known.
    """

    cut: Cut
    frame_of: str
    offset_mm: float
    lesion: int


def lesion_planes(plan: Plan) -> tuple[LesionPlane, ...]:
    """Empty for a plan without voxels or without a measured lesion."""
    return tuple(_planes(plan))


def _planes(plan: Plan) -> Iterator[LesionPlane]:
    if plan.drawing is None:
        return
    spine = plan.drawing.spine
    voxels_mm = spine.grid.affine.to_world(indices_of(spine.tumour))
    for number, lesion in enumerate(_lesions(plan)[:MOST_LESIONS], start=1):
        centre = tumour_point(voxels_mm, spine, lesion)
        frame, owner = index_frame(plan, spine) if number == 1 else _nearest_frame(plan, spine, centre)
        right, anterior, superior = (float(mm) for mm in frame.to_local(centre))
        field_mm = _field_mm(voxels_mm, frame, centre)
        planes = cuts(frame, centre, round(field_mm / PIXEL_MM), PIXEL_MM)
        for cut, offset in zip(planes, (superior, right, anterior), strict=True):
            if number == 1 or cut.name == "axial":
                yield LesionPlane(cut, owner, offset, number)


def _lesions(plan: Plan) -> list[Lesion]:
    """Largest first, the one at the index level before all others."""
    if isinstance(plan.tumour, Skipped):
        return []
    index = plan.tumour.index_level
    return sorted(plan.tumour.lesions, key=lambda lesion: (index not in lesion.levels, -lesion.volume_mm3))


def tumour_point(voxels_mm: Array, spine: Spine, lesion: Lesion) -> Vector:
    """Of the tumour's voxels (n, 3) the nearest to the lesion's centre (RAS mm): the centre itself may lie outside a
    curved lesion.
    """
    centre: Vector = np.array(lesion.centre_mm)
    if not len(voxels_mm):
        return centre
    distance = np.linalg.norm(voxels_mm - centre, axis=1)
    near = int(distance.argmin())
    return centre if distance[near] < float(spine.grid.spacing_mm.max()) else voxels_mm[near]


def _nearest_frame(plan: Plan, spine: Spine, point_mm: Vector) -> tuple[Frame, str]:
    framed = [(v.frame, v.level.value) for v in spine.vertebrae if v.frame is not None]
    if not framed:
        return index_frame(plan, spine)
    return min(framed, key=lambda pair: float(np.linalg.norm(np.array(pair[0].origin_mm) - point_mm)))


def _field_mm(voxels_mm: Array, frame: Frame, centre_mm: Vector) -> float:
    """As wide as the lesion needs, within `FIELDS_MM`."""
    local = frame.to_local(voxels_mm) - frame.to_local(centre_mm)
    near = local[np.abs(local).max(axis=1) < FIELDS_MM[1] / 2.0]
    reach = float(np.abs(near).max()) if len(near) else 0.0
    return float(np.clip(2.0 * (reach + AROUND_LESION_MM), *FIELDS_MM))
