"""How each vertebra's name was counted. A name is a claim: a tool that skipped one level shifts every name below it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from enbloc.anatomy.spine import Numbering
from enbloc.core.levels import Level, are_neighbours
from enbloc.core.volume import Imaging


def number_evidence(
    level: Level, levels: Sequence[Level], pairs: Sequence[tuple[Level, Level]], imaging: Imaging
) -> Numbering:
    """What in the label map supports or weakens the name `level`; `levels` are all that were found, cranial first.

    `pairs` are neighbours that may be one vertebra, or may have one between them: a count that passes them may be off
    by one.
    """
    anchored = any(note == "numbering-from-anchor" for note, _ in imaging.notes)
    evidence = [*_landmarks(level, levels, pairs), *_ribs(level, imaging), *_optional(level, levels)]
    return Numbering("anchor" if anchored else "label-map", tuple(evidence))


def _landmarks(level: Level, levels: Sequence[Level], pairs: Sequence[tuple[Level, Level]]) -> list[str]:
    if level.region == "sacral":
        return ["sacral: every count from below starts here"]
    found = []
    if _unbroken(Level.C2, level, levels):
        found.append("counts down from C2 without a gap" + _passing(Level.C2, level, pairs))
    sacrum = next((s for s in (Level.S1, Level.SACRUM) if s in levels), None)
    if sacrum is not None and _unbroken(level, sacrum, levels):
        start = "the sacrum" if sacrum is Level.SACRUM else "S1"
        found.append(f"counts up from {start} without a gap" + _passing(level, sacrum, pairs))
    if not found:
        found.append("neither C2 nor the sacrum is in view: the count rests on the label map alone")
    return found


def _passing(upper: Level, lower: Level, pairs: Sequence[tuple[Level, Level]]) -> str:
    """The reservation for a count from one level to another that passes doubtful neighbours; empty without any."""
    passed = [pair for pair in pairs if upper.rank <= pair[0].rank and pair[1].rank <= lower.rank]
    if not passed:
        return ""
    names = "; ".join(f"{a} and {b}" for a, b in passed)
    return f", but passes neighbours at a doubtful distance ({names}): the count may be off by one"


def _unbroken(upper: Level, lower: Level, levels: Sequence[Level]) -> bool:
    chain = [level for level in levels if upper.rank <= level.rank <= lower.rank]
    if not chain or chain[0] is not upper or chain[-1] is not lower:
        return False
    return all(are_neighbours(a, b) for a, b in pairwise(chain))


def _ribs(level: Level, imaging: Imaging) -> list[str]:
    """Rib labels carry the count of the tool that wrote them, so they support a name but do not prove it."""
    if level.region != "thoracic" and level is not Level.L1:
        return []
    names = {name for labels in imaging.labels for name in labels.structures.values()}
    sides = [side for side in ("left", "right") if f"rib-{side}-{level.value[1:]}" in names]
    if level is Level.L1:
        return []
    return [f"a rib of the same number is labelled ({' and '.join(sides)})"] if sides else []


def _optional(level: Level, levels: Sequence[Level]) -> list[str]:
    extra = [other for other in (Level.T13, Level.L6, Level.L7) if other in levels]
    if extra and level.rank >= Level.T12.rank:
        return [f"{', '.join(extra)} is labelled: a transitional or extra vertebra makes lumbar names uncertain"]
    return []
