"""A surgeon's own cuts, measured as ours are."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat
from enbloc.core.geometry import Plane, Vector
from enbloc.resection import kernels
from enbloc.resection.candidates import Limits, keeps, measured, parts
from enbloc.resection.cuts import Sawing, cut_of
from enbloc.resection.family import Planes
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import Alternative, Cut
from enbloc.resection.passage import Passage
from enbloc.resection.section import Section, section_of


def given_cut(sawing: Sawing, passage: Passage, plane: Plane, order: int) -> Cut | None:
    """The plane (RAS mm) as a cut of this passage; None where it does not pass what there is to cut."""
    normal, offset = in_block(sawing.field, passage, plane)
    start = severing_start(passage, normal, offset)
    cut = cut_of(sawing, passage, normal, offset, order, start, given=True)
    return cut if cut.section_mm2 > 0.0 else None


def in_block(field: OperativeField, passage: Passage, plane: Plane) -> tuple[Vector, float]:
    """A plane's normal in the field's axes, and its offset in voxels of the passage's block."""
    normal: Vector = field.frame.axes @ plane.normal
    point = field.to_index(field.frame.to_local(plane.point_mm)) - passage.lower
    return normal, float(normal @ point)


def given_section(field: OperativeField, passage: Passage, plane: Plane) -> Section:
    normal, offset = in_block(field, passage, plane)
    return section_of(passage, normal, offset, severing_start(passage, normal, offset))


def breaks_limits(section: Section, limits: Limits) -> tuple[Caveat, ...]:
    """What a surgeon's cut comes nearer to than the search would let ours."""
    if keeps(section.row, limits):
        return ()
    return (
        Caveat("own-cut-too-near", "the cut enters what lies in the canal or a vessel, or comes nearer than asked"),
    )


def severing_start(passage: Passage, normal: Vector, offset: float) -> int:
    """Which section of a plane is meant (`Candidates.start`): of those that sever, the one that keeps farthest from
    tumour; the first where none does.
    """
    nothing = np.zeros((1, 2))
    plane = Planes(normal[None], np.array([offset]), nothing, nothing[:, 0])
    sections = [row for row in measured(passage, plane)[0] if row[kernels.FLAW] == kernels.SOUND]
    severing = [row for row in sections if parts(passage, normal, offset, int(row[kernels.END]))]
    return int(max(severing, key=lambda row: row[kernels.TUMOUR_MM])[kernels.END]) if severing else 0


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
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
    return Alternative(f"{mine.name}-found", said, (ours,), gain, cost, bone, True, because)
