"""Everything that the search for cuts found, kept so that own cuts are scored without another search."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Frame, Spine
from enbloc.core.evidence import Progress, Skipped
from enbloc.core.geometry import Array, unit
from enbloc.core.levels import Level
from enbloc.core.side_by_side import side_by_side
from enbloc.core.volume import Imaging
from enbloc.knowledge import resection_tool
from enbloc.resection.candidates import Limits
from enbloc.resection.cuts import Sawing
from enbloc.resection.distance import FAR_MM
from enbloc.resection.field import OperativeField
from enbloc.resection.gates import Chosen, RingChoice, column_choice, crosses, ring_choice, widened
from enbloc.resection.lay import operative_field
from enbloc.resection.nouns import COLUMN_GATES, RING_GATES, Gate, OpenSide
from enbloc.resection.passage import Passage, column_passage
from enbloc.resection.settings import ResectionSettings

CORNER = 0.87
"""From the middle of a voxel to its corner, in voxels."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """The field, and what was chosen in it: ring cuts by level, and the cuts above and below."""

    field: OperativeField
    sawing: Sawing
    limits: Limits
    settings: ResectionSettings
    rings: tuple[RingChoice, ...]
    columns: Mapping[Gate, Chosen | OpenSide]
    column_axes: Mapping[Gate, Array]

    def found(self) -> dict[str, Chosen]:
        """By name of the cut, in the order of sawing: the arches first, then the column."""
        each = [chosen for ring in self.rings for chosen in ring.chosen.values()]
        each += [chosen for chosen in self.columns.values() if isinstance(chosen, Chosen)]
        return {f"{one.passage.level}-{one.passage.gate}": one for one in each}

    def without_cut(self) -> dict[str, Passage]:
        """Gates with something to cut for which no plane was found: what an own cut there would have to pass."""
        rings = [passage for ring in self.rings for passage in ring.unmet.values()]
        columns = [
            column_passage(self.field, gate, self.column_axes[gate])
            for gate, side in self.columns.items()
            if isinstance(side, OpenSide) and side.to_cut
        ]
        passages = (*rings, *(each for each in columns if isinstance(each, Passage)))
        return {f"{each.level}-{each.gate}": each for each in passages}

    def open_sides(self) -> list[OpenSide]:
        sides = [side for ring in self.rings for side in ring.open_sides]
        return sides + [side for side in self.columns.values() if isinstance(side, OpenSide)]


def searched(
    spine: Spine,
    imaging: Imaging,
    levels: tuple[Level, ...],
    settings: ResectionSettings,
    given: AbstractSet[str],
    progress: Progress,
) -> Search | Skipped:
    """The best cuts of `levels`. Skipped where a ring has none, and none is `given` there (names of cuts)."""
    tool = resection_tool(settings.tool)
    progress("laying the operative field")
    field = operative_field(spine, imaging, levels, settings)
    sawing = Sawing(field, tool)
    limits = limits_of(field, sawing, settings)
    progress("seeking the ring cuts")
    rings = []
    for level in levels:
        own = frozenset(gate for gate in RING_GATES if f"{level}-{gate}" in given)
        ring = ring_choice(field, level, own_axes(spine, field, level), limits, settings, own)
        if isinstance(ring, Skipped):
            return ring
        rings.append(ring)
    progress("seeking the cuts between vertebrae")
    sections = [chosen.section() for ring in rings for chosen in ring.chosen.values()]
    axes = {gate: between_axes(spine, field, gate) for gate in COLUMN_GATES}

    def choice(gate: Gate) -> Chosen | OpenSide:
        return column_choice(field, gate, axes[gate], sections, limits, settings)

    columns = dict(zip(COLUMN_GATES, side_by_side(choice, COLUMN_GATES), strict=True))
    return Search(field, sawing, limits, settings, tuple(rings), columns, axes)


def opened_wider(search: Search) -> Iterator[Search]:
    """With ring cuts that stand wider apart, each with as much margin: at one level after the other, then at all. The
    cuts above and below stay; where they would cross the ring cuts, there is none.
    """
    if any(ring.before for ring in search.rings):
        return
    wider = {n: each for n, ring in enumerate(search.rings) if (each := widened(ring)) is not ring}
    for at in (*({n} for n in wider), *([set(wider)] if len(wider) > 1 else [])):
        rings = tuple(wider[n] if n in at else ring for n, ring in enumerate(search.rings))
        if not any(crossed(column, rings) for column in search.columns.values()):
            yield replace(search, rings=rings)


def crossed(column: Chosen | OpenSide, rings: Sequence[RingChoice]) -> bool:
    """Whether a cut above or below that kept clear of the ring cuts would cross these."""
    if isinstance(column, OpenSide) or column.unsettled is not None:
        return False
    section = column.section()
    return any(crosses(section, chosen.section()) for ring in rings for chosen in ring.chosen.values())


def limits_of(field: OperativeField, sawing: Sawing, settings: ResectionSettings) -> Limits:
    """Cuts end at the wall of the canal and of the body, where sac and vessels may lie: without a clearance asked for,
    a section may touch them, and as voxels have corners it may reach half a voxel's diagonal into their outline. The
    canal as a whole asks for nothing: what is solid is not canal.
    """
    touching = -CORNER * field.step_mm - sawing.half_kerf_mm
    sac, vessel = (
        asked if asked > 0.0 else touching for asked in (settings.sac_clearance_mm, settings.vessel_clearance_mm)
    )
    return Limits(sawing.half_kerf_mm, sac if field.no_go_is_sac else -FAR_MM, vessel, field.noise_mm)


def own_axes(spine: Spine, field: OperativeField, level: Level) -> Array:
    """The level's right, anterior, superior as rows, in the field's axes."""
    frame = frame_of(spine, level)
    turned: Array = (field.frame if frame is None else frame).axes @ field.frame.axes.T
    return turned


def frame_of(spine: Spine, level: Level) -> Frame | None:
    vertebra = spine.vertebra(level)
    return None if vertebra is None else vertebra.frame


def between_axes(spine: Spine, field: OperativeField, gate: Gate) -> Array:
    """The axes half way between the outermost resected level and its neighbour."""
    level = field.levels[0] if gate is Gate.CRANIAL else field.levels[-1]
    number = field.number(level) - 1 + (-1 if gate is Gate.CRANIAL else 1)
    own = own_axes(spine, field, level)
    if not 0 <= number < len(field.column) or frame_of(spine, field.column[number]) is None:
        return own
    other = own_axes(spine, field, field.column[number])
    up = unit(own[2] + other[2])
    ahead = unit(own[1] + other[1] - ((own[1] + other[1]) @ up) * up)
    return np.stack([np.cross(ahead, up), ahead, up])
