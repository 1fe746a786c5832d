"""How far this patient's column may be shortened, joined with what closing the arteries does to the cord."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from enbloc.anatomy import LevelMorphometry
from enbloc.case import Case
from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat, Measured, Skipped
from enbloc.decisions import Advice
from enbloc.mechanics.shortening_nouns import Shortening
from enbloc.planning.blood import PERCENT, PerfusionFindings, levels_to_take
from enbloc.resection.nouns import Resection
from enbloc.tumour import Extent

PLANNED = "planned.shortening_mm"
NOBODY_DID_BOTH = "no-experiment-did-both"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShorteningFindings(Shortening):
    """How far the column may be shortened.

    `cord_flow_with_arteries_closed_pct`: flow after shortening times flow after the arteries are closed, in percent of
    before both. None where one of them is not known.
    """

    cord_flow_with_arteries_closed_pct: Measured | None


def find_shortening(
    case: Case,
    extent: Extent | Skipped,
    advice: Advice,
    resection: Resection | Skipped,
    sizes: Sequence[LevelMorphometry],
    perfusion: PerfusionFindings | Skipped,
) -> ShorteningFindings | Skipped:
    """From the measured heights of the levels that leave; expected ones, marked so, where no image shows a level.

    Skipped where no such operation is in view, where its levels are not known or no neighbours, and for a planned
    shortening that the gap does not hold.
    """
    levels = levels_to_take(case, extent, advice, resection)
    if isinstance(levels, Skipped):
        return levels
    from enbloc.knowledge.shortening_tables import cautions
    from enbloc.mechanics.from_images import gap_at, segments_at
    from enbloc.mechanics.shortening import PLANNED as PLANNED_MM
    from enbloc.mechanics.shortening import shorten

    try:
        found = shorten(segments_at(sizes, levels), case.planned.shortening_mm, gap_mm=gap_at(sizes, levels))
    except InputError as problem:
        return Skipped(f"{PLANNED}: {problem.message}" if problem.field == PLANNED_MM else problem.message)
    both = combined(found.cord_flow_pct, perfusion)
    if both is not None:
        said = Caveat(NOBODY_DID_BOTH, cautions()[NOBODY_DID_BOTH].says)
        found = replace(found, caveats=(*found.caveats, said))
    return ShorteningFindings(**members(found), cord_flow_with_arteries_closed_pct=both)


def members(found: Shortening) -> dict[str, Any]:
    return {field.name: getattr(found, field.name) for field in fields(Shortening)}


def combined(shortened_pct: Measured | None, perfusion: PerfusionFindings | Skipped) -> Measured | None:
    """The product, range by range."""
    if shortened_pct is None or isinstance(perfusion, Skipped):
        return None
    closed, ci = perfusion.cord_flow_pct, perfusion.cord_flow_ci_pct
    if closed is None or ci is None:
        return None
    first, second = (shortened_pct.value, shortened_pct.low, shortened_pct.high), (closed, *ci)
    return Measured(*(a * b / PERCENT for a, b in zip(first, second, strict=True)))
