"""A surgeon's own cuts, measured as ours are."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from enbloc.core.errors import InputError
from enbloc.core.geometry import Plane, Vector
from enbloc.resection import kernels
from enbloc.resection.candidates import measured, parts
from enbloc.resection.cuts import Sawing, cut_of
from enbloc.resection.family import Planes
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import Alternative, Cut
from enbloc.resection.passage import Passage


def given_cut(sawing: Sawing, passage: Passage, plane: Plane, order: int) -> Cut:
    """The plane (RAS mm) as a cut of this passage."""
    field = sawing.field
    normal = field.frame.axes @ plane.normal
    point = field.to_index(field.frame.to_local(plane.point_mm)) - passage.lower
    offset = float(normal @ point)
    return cut_of(sawing, passage, normal, offset, order, severing_start(passage, normal, offset), given=True)


def severing_start(passage: Passage, normal: Vector, offset: float) -> int:
    """Which section of a plane is meant (`Candidates.start`): of those that sever, the one that keeps farthest from
    tumour; the first where none does.
    """
    nothing = np.zeros((1, 2))
    plane = Planes(normal[None], np.array([offset]), nothing, nothing[:, 0])
    sections = [row for row in measured(passage, plane)[0] if row[kernels.FLAW] == kernels.SOUND]
    severing = [row for row in sections if parts(passage, normal, offset, int(row[kernels.END]))]
    return int(max(severing, key=lambda row: row[kernels.TUMOUR_MM])[kernels.END]) if severing else 0


def refuse_unknown(given: Mapping[str, Plane], known: Mapping[str, Passage]) -> None:
    for name in given:
        if name not in known:
            raise InputError(f"there is no cut named {name}", field="cut", hint=", ".join(known))


def against_optimum(mine: Cut, ours: Cut) -> Alternative:
    """What the search chose in this place, against the surgeon's own cut."""
    gain = ours.margin_mm.value - mine.margin_mm.value
    cost = ours.section_mm2 - mine.section_mm2
    bone = ours.loss.neighbour_bone_mm3 - mine.loss.neighbour_bone_mm3
    said = f"{mine.name}: the cut found instead of the one given: margin {gain:+.1f} mm, section {cost:+.0f} mm²"
    because = "the given cut is kept as it was given"
    return Alternative(f"{mine.name}-found", said, (ours,), gain, cost, bone, not ours.caveats, because)


def in_field(field: OperativeField, plane: Plane) -> bool:
    """Whether the plane passes the operative field at all."""
    corners = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]) * (np.array(field.shape) - 1)
    distance = plane.signed_distance_mm(field.affine.to_world(corners))
    return bool(distance.min() < 0.0 < distance.max())
