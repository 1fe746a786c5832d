"""What the operation does to the blood of vertebra and cord, how much is lost, and how far the column may be shortened.

Both are asked for the levels that the advice speaks of, with what the case states of vessels, pressure and shortening.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from enbloc.anatomy import LevelMorphometry
from enbloc.case import Case
from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat, Measured, Progress, Skipped, Step, silent
from enbloc.core.levels import Level
from enbloc.decisions import Advice, Recommendation, operated_levels
from enbloc.mechanics.shortening_nouns import Shortening
from enbloc.perfusion.blood_loss_nouns import BloodLoss
from enbloc.perfusion.cord_handling_nouns import CordHandling
from enbloc.perfusion.nouns import Perfusion
from enbloc.planning.resecting import speaks_against
from enbloc.resection.nouns import Resection
from enbloc.tumour import Extent

PERCENT = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfusionFindings(Perfusion):
    """The embolisation plan and what it does, beside the loss of blood to expect and what cutting roots means."""

    blood_loss_ml: Measured
    blood_loss: BloodLoss
    cord_handling: CordHandling


@dataclass(frozen=True, slots=True, kw_only=True)
class ShorteningFindings(Shortening):
    """How far the column may be shortened.

    `cord_flow_with_arteries_closed_pct`: flow after shortening times flow after the arteries are closed, as if neither
    knew of the other: no experiment did both. None where one of them is not known.
    """

    cord_flow_with_arteries_closed_pct: Measured | None


def levels_to_take(
    case: Case, extent: Extent | Skipped, advice: Advice, resection: Resection | Skipped
) -> tuple[Level, ...] | Skipped:
    """The levels that leave: those of the cuts, else the planned ones, else those with tumour."""
    against = None if isinstance(extent, Skipped) else speaks_against(extent, advice)
    if against is not None:
        return Skipped(f"no operation of this kind is in view: {against}")
    levels = resection.levels if isinstance(resection, Resection) else operated_levels(case, extent)
    if not levels:
        return Skipped("which levels are operated on is not known")
    outside = [level for level in levels if not level.in_scope]
    if outside:
        return Skipped(f"the operation is not described at {', '.join(outside)}")
    return levels
