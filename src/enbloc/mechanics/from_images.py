"""Segment heights and the gap from what was measured on images, or from what is expected of adults."""

from __future__ import annotations

from collections.abc import Sequence

from enbloc.anatomy.morphometry import LevelMorphometry
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level, are_neighbours
from enbloc.knowledge.shortening_tables import expected_mm
from enbloc.mechanics.segments import expected_height, measured_height, total
from enbloc.mechanics.shortening_nouns import SegmentHeight

DISC = "disc_posterior_height_mm"


def segments_at(sizes: Sequence[LevelMorphometry], levels: Sequence[Level]) -> tuple[SegmentHeight, ...]:
    """One segment for each level: measured, unknown where measuring failed, expected where no image shows the level."""
    shown = {one.level: one.segment_height_mm for one in sizes}
    return tuple(measured_height(level, shown[level]) if level in shown else expected_height(level) for level in levels)


def gap_at(sizes: Sequence[LevelMorphometry], levels: Sequence[Level]) -> Measured | None:
    """From the endplate that stays above to the one that stays below: all segments and the disc above the uppermost.

    The disc is measured, or expected where no image shows the vertebra above. None where a part is unknown, and with
    cuts through bone of a neighbour the gap is larger than this.
    """
    top = min(levels, key=lambda level: level.rank)
    shown = {one.level: one.disc_posterior_height_mm for one in sizes}
    present = next((level for level in shown if above(level, top)), None)
    disc = expected_above(top) if present is None else shown[present]
    segments = total(segments_at(sizes, levels))
    if disc is None or segments is None:
        return None
    return Measured(*(getattr(disc, end) + getattr(segments, end) for end in ("value", "low", "high")))


def above(level: Level, top: Level) -> bool:
    return level.rank < top.rank and are_neighbours(level, top)


def expected_above(top: Level) -> Measured | None:
    """The disc above `top` as expected of adults; below the usual neighbour where an extra level might lie between."""
    found = (expected_mm(level, DISC) for level in Level if above(level, top))
    return next((disc for disc in found if disc is not None), None)
