"""Heights of the resected segments, each with where it comes from, and the smallest of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import isfinite

from enbloc.core.errors import InputError
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level, are_neighbours
from enbloc.knowledge.shortening_tables import expected_mm
from enbloc.mechanics.shortening_nouns import SegmentHeight

FIELD = "segment_height_mm"


def measured_height(level: Level, height_mm: Measured | None) -> SegmentHeight:
    """A height from this patient's images; None where it could not be measured. Raises InputError unless above zero."""
    in_scope(level)
    if height_mm is None:
        return SegmentHeight(
            level=level, height_mm=None, height_is="unknown", because=f"the segment of {level} could not be measured"
        )
    positive(height_mm, f"{FIELD} of {level}")
    return SegmentHeight(level=level, height_mm=height_mm, height_is="measured", because="measured on the images")


def stated_height(height_mm: float, level: Level | None = None) -> SegmentHeight:
    """A height that somebody says, without a range. Raises InputError unless it is finite and above zero."""
    if level is not None:
        in_scope(level)
    if not isfinite(height_mm) or height_mm <= 0.0:
        raise InputError(f"{height_mm:g} is no height", field=FIELD, hint="a number of millimetres above 0")
    plain = Measured(float(height_mm), float(height_mm), float(height_mm))
    return SegmentHeight(level=level, height_mm=plain, height_is="stated", because="stated, taken as exact")


def expected_height(level: Level) -> SegmentHeight:
    """What adults of a level are expected to measure. Raises InputError outside the thoracic and lumbar spine."""
    in_scope(level)
    found = expected_mm(level)
    if found is None:
        return SegmentHeight(
            level=level, height_mm=None, height_is="unknown", because=f"no height of {level} is expected of adults"
        )
    because = f"the range expected of adults at {level}, not measured"
    return SegmentHeight(level=level, height_mm=found, height_is="expected", because=because)


def in_scope(level: Level) -> None:
    if not level.in_scope:
        raise InputError(
            f"{level} lies outside of the thoracic and lumbar spine",
            field="level",
            hint="T1 to L5: nothing else was studied",
        )


def positive(height_mm: Measured, field: str) -> None:
    numbers = (height_mm.low, height_mm.value, height_mm.high)
    if not all(map(isfinite, numbers)) or height_mm.low <= 0.0:
        raise InputError(f"{height_mm.low:g} to {height_mm.high:g} is no height", field=field, hint="above 0 mm")


def smallest(segments: Sequence[SegmentHeight]) -> SegmentHeight:
    """The smallest segment, its range that of the least of all; unknown as soon as one of them is.

    Raises InputError where there is none, where a level comes twice, or where levels are no neighbours.
    """
    if not segments:
        raise InputError("no level is resected", field="levels", hint="name the vertebra that is taken out")
    levels = [one.level for one in segments if one.level is not None]
    if len(set(levels)) < len(levels):
        raise InputError("a level is named twice", field="levels")
    for upper, lower in pairwise(sorted(levels, key=lambda level: level.rank)):
        if not are_neighbours(upper, lower):
            raise InputError(f"{upper} and {lower} are no neighbours", field="levels", hint="one gap at a time")
    known = {id(one): one.height_mm for one in segments if one.height_mm is not None}
    if len(known) < len(segments):
        return _unknown(segments)
    heights = list(known.values())
    least = min(segments, key=lambda one: known[id(one)].value)
    span = Measured(known[id(least)].value, min(one.low for one in heights), min(one.high for one in heights))
    kinds = [one.height_is for one in segments]
    kind = "expected" if "expected" in kinds else least.height_is
    return SegmentHeight(level=least.level, height_mm=span, height_is=kind, because=least.because)


def _unknown(segments: Sequence[SegmentHeight]) -> SegmentHeight:
    because = "; ".join(one.because for one in segments if one.height_mm is None)
    known = [one.height_mm.value for one in segments if one.height_mm is not None]
    if known:
        because += f"; the smallest is at most the {min(known):.1f} mm of the others"
    return SegmentHeight(level=None, height_mm=None, height_is="unknown", because=because)


def total(segments: Sequence[SegmentHeight]) -> Measured | None:
    """All segments together; None as soon as one is unknown."""
    heights = [one.height_mm for one in segments if one.height_mm is not None]
    if not heights or len(heights) < len(segments):
        return None
    return Measured(
        sum(one.value for one in heights), sum(one.low for one in heights), sum(one.high for one in heights)
    )
