"""What the operation does to the blood of vertebra and cord, and how much is lost: asked once the cuts are known."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from enbloc.case import Case, VesselFacts
from enbloc.core.errors import InputError
from enbloc.core.evidence import Measured, Progress, Skipped, silent
from enbloc.core.levels import Level
from enbloc.decisions import Advice, Recommendation, operated_levels
from enbloc.perfusion.blood_loss_nouns import BloodLoss
from enbloc.perfusion.cord_handling_nouns import CordHandling
from enbloc.perfusion.nouns import SIDES, Perfusion
from enbloc.planning.resecting import speaks_against
from enbloc.resection.nouns import Resection
from enbloc.resection.removal_nouns import Removal
from enbloc.tumour import Extent

PERCENT = 100.0
ROOT, DIVIDED = "nerve root", "divide"


@dataclass(frozen=True, slots=True, kw_only=True)
class PerfusionFindings(Perfusion):
    """The embolisation plan and what it does, beside the loss of blood to expect and what cutting roots means."""

    blood_loss_ml: Measured
    blood_loss: BloodLoss
    cord_handling: CordHandling


def find_perfusion(
    case: Case,
    extent: Extent | Skipped,
    advice: Advice,
    resection: Resection | Skipped,
    progress: Progress = silent,
) -> PerfusionFindings | Skipped:
    """What closing the arteries leaves to vertebra and cord, and the blood to be lost.

    The arteries are those of `advice.embolisation`. Skipped where no such operation is in view or its levels are not
    known.
    """
    levels = levels_to_take(case, extent, advice, resection)
    if isinstance(levels, Skipped):
        return levels
    from enbloc.perfusion.planner import perfuse

    progress("following the blood")
    try:
        found = perfuse(
            levels,
            embolised=None if levels == operated_levels(case, extent) else advised(advice),
            cord_feeders=known_feeders(case.vessels),
            systolic_mmhg=case.planned.systolic_mmhg,
            histology=case.tumour.histology,
        )
    except InputError as problem:
        return Skipped(problem.message)
    lost = expected_loss(found, case.tumour.histology, case.planned.systolic_mmhg, advice.approach)
    return PerfusionFindings(
        **members(found), blood_loss_ml=lost.blood_loss_ml, blood_loss=lost, cord_handling=handling(case, resection)
    )


def levels_to_take(
    case: Case, extent: Extent | Skipped, advice: Advice, resection: Resection | Skipped
) -> tuple[Level, ...] | Skipped:
    """The levels that leave: those of the cuts, else the planned ones, else those with tumour. Skipped with the reason
    where there is no such operation.
    """
    against = None if isinstance(extent, Skipped) else speaks_against(extent, advice)
    if against is not None:
        return Skipped(against)
    levels = resection.levels if isinstance(resection, Resection) else operated_levels(case, extent)
    outside = [level for level in levels if not level.in_scope]
    if outside:
        return Skipped(f"the operation is not described at {', '.join(outside)}")
    return levels or Skipped("which levels are operated on is not known")


def known_feeders(vessels: VesselFacts) -> tuple[str, ...] | None:
    """Thoracic and lumbar arteries that feed the cord, the Adamkiewicz artery first; None where nobody looked."""
    if vessels.cord_feeders is None and vessels.adamkiewicz is None:
        return None
    named = dict.fromkeys((*filter(None, (vessels.adamkiewicz,)), *(vessels.cord_feeders or ())))
    return tuple(name for name in named if Level(name.partition("-")[0]).in_scope)


def advised(advice: Advice) -> tuple[str, ...] | None:
    """The arteries of the advice, for cuts that take other levels than it was given for; None where it names none."""
    return tuple(f"{level}-{side}" for level in advice.embolisation.levels for side in SIDES) or None


def members(found: Perfusion) -> dict[str, Any]:
    return {field.name: getattr(found, field.name) for field in fields(Perfusion)}


def expected_loss(
    found: Perfusion, histology: str | None, systolic_mmhg: float | None, approach: Recommendation | None
) -> BloodLoss:
    """Glue is not asked for in a case, so the range holds both; a histology that no table holds is as good as none."""
    from enbloc.knowledge.perfusion_tables import vascularity
    from enbloc.perfusion.blood_loss import blood_loss

    return blood_loss(
        flow_fraction(found),
        levels=len(found.resected),
        hypervascular=found.tumour_factor if vascularity(histology).known else None,
        approach=None if approach is None or approach.action in ("none", "unknown") else approach.action,
        systolic_mmhg=systolic_mmhg,
    )


def flow_fraction(found: Perfusion) -> Measured | None:
    """Flow left to the vertebrae, 0 to 1: more than before counts as all of it."""
    if found.vertebra_flow_pct is None or found.vertebra_flow_ci_pct is None:
        return None
    value, low, high = (min(pct / PERCENT, 1.0) for pct in (found.vertebra_flow_pct, *found.vertebra_flow_ci_pct))
    return Measured(value, low, high)


def handling(case: Case, resection: Resection | Skipped) -> CordHandling:
    """Roots that the releases divide, and those that stand in the way of a piece; unknown without cuts. The operation
    frees the cord all round.
    """
    from enbloc.perfusion.cord_handling import cord_handling

    mm = case.planned.shortening_mm
    return cord_handling(
        None if isinstance(resection, Skipped) else roots_cut(resection),
        decompressed_around=True,
        lengthened_mm=None if mm is None else -mm,
    )


def roots_cut(resection: Resection) -> tuple[str, ...]:
    """As `T11-left`, each once."""
    divided = [
        f"{release.level}-{release.side}"
        for release in resection.releases
        if release.structure == ROOT and release.action == DIVIDED
    ]
    removal = resection.removal
    if isinstance(removal, Removal):
        divided += [f"{root.level}-{root.side}" for piece in removal.pieces for root in piece.roots_that_must_go]
    return tuple(dict.fromkeys(divided))


def loss_in_words(loss: BloodLoss) -> str:
    """One operation, to the nearest hundred: such a guess is no finer."""
    found = loss.blood_loss_ml
    mean, low, high = (f"{round(ml, -2):,.0f}" for ml in (found.value, found.low, found.high))
    return f"{mean} mL on average, {low} to {high} mL in nine operations of ten"
