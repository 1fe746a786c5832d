"""Cells that cuts through tumour spread, by a one-hit model, and tumour that stays.

One hit: each cell that a tool carries starts a tumour with the same small chance, so that a share 1 - exp(-alpha N) of
animals takes N cells. alpha is fitted on one arm of one experiment in mice and tested on the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, expm1, log1p

import numpy as np
import numpy.typing as npt

from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.knowledge import Arm, OneHit, Statement, contamination_arms, contamination_statements, one_hit, rinse_rows
from enbloc.resection.binomial import clopper_pearson
from enbloc.resection.risk import ArmCheck, Contamination, LeftOut


def contamination(tool: str, intralesional_area_mm2: float, residual_mm3: float | None) -> Contamination:
    """What sawing through `intralesional_area_mm2` of tumour with `tool` spreads, and what stays.

    `residual_mm3`: volume of tumour that leaves with no piece; None where it is not known. Raises ValueError for an
    area or volume below zero.
    """
    if intralesional_area_mm2 < 0.0 or (residual_mm3 is not None and residual_mm3 < 0.0):
        raise ValueError("an area or volume is below zero")
    model, arms, says = one_hit(), contamination_arms(), contamination_statements()
    arm = arms.get(tool)
    clean = intralesional_area_mm2 == 0.0
    cells = 0.0 if clean else None if arm is None else spread_cells(arm, model, intralesional_area_mm2)
    said = says["none" if clean else "contamination"]
    return Contamination(
        tool=tool,
        intralesional_area_mm2=intralesional_area_mm2,
        cells=cells,
        take_scale=None if cells is None else take_scale(cells, model, arms[model.fitted_on]),
        scale_says=model.says,
        residual_mm3=residual_mm3,
        residual_says=residual_words(residual_mm3),
        contamination_says=said.says,
        rinse=() if clean else rinse_rows(),
        arms=tuple(arm_check(each, model) for each in arms.values()),
        because=reasons(intralesional_area_mm2, arms[model.fitted_on], (said, says["residual"])),
        caveats=tuple(caveats(tool, arm, clean)),
    )


def spread_cells(arm: Arm, model: OneHit, area_mm2: float) -> float:
    """Cells on the tool, in proportion to the area of tumour that it passed."""
    return arm.cells * area_mm2 / model.reference_area_mm2


def take(alpha: float, cells: float) -> float:
    """The share of animals that take `cells`: 1 - exp(-alpha cells)."""
    return -expm1(-alpha * cells)


def take_scale(cells: float, model: OneHit, fitted_on: Arm) -> Measured:
    """The take by the model, between those of the binomial interval of the arm it was fitted on, had that had the
    fewest animals.
    """
    around = share_interval(fitted_on.take_instrument, model.animals_fewest)
    low, high = (-log1p(-share) / fitted_on.cells for share in (around.low, around.high))
    return Measured(take(model.alpha, cells), take(low, cells), take(high, cells))


def share_interval(share: float, animals: int) -> Measured:
    """The binomial interval of a published share, rounded to whole animals."""
    return clopper_pearson(round(share * animals), animals)


def fit_alpha(cells: npt.ArrayLike, takes: npt.ArrayLike) -> float:
    """The likeliest alpha (per cell) of arms with as many animals each; `cells`, `takes` (shares): (n,).

    Solves sum N (y - p) / p = 0 with p = 1 - exp(-alpha N), the score of the binomial likelihood; for one arm that is
    -ln(1 - y) / N. Raises ValueError where all arms took in all animals or in none.
    """
    from scipy.optimize import brentq

    counted, taken = np.asarray(cells, dtype=np.float64), np.asarray(takes, dtype=np.float64)
    if not ((counted > 0.0).all() and 0.0 < taken.sum() < len(taken)):
        raise ValueError("takes of all animals, or of none, have no likeliest alpha")

    def score(log_alpha: float) -> float:
        p = -np.expm1(-exp(log_alpha) * counted)
        return float(np.sum(counted * (taken - p) / p))

    scale = -np.log(counted.max())
    return exp(float(brentq(score, scale - 30.0, scale + 30.0, xtol=1e-13)))


def arm_check(arm: Arm, model: OneHit) -> ArmCheck:
    return ArmCheck(
        tool=arm.id,
        cells=arm.cells,
        predicted=take(model.alpha, arm.cells),
        measured_instrument=arm.take_instrument,
        measured_surface=arm.take_surface,
        for_fewest=share_interval(arm.take_instrument, model.animals_fewest),
        for_most=share_interval(arm.take_instrument, model.animals_most),
    )


def leave_one_out(arms: Sequence[Arm]) -> tuple[LeftOut, ...]:
    """Each arm, predicted by the model fitted to the takes (by the instrument) of all others."""
    rows = []
    for left in arms:
        others = [arm for arm in arms if arm is not left]
        alpha = fit_alpha([arm.cells for arm in others], [arm.take_instrument for arm in others])
        rows.append(LeftOut(left.id, alpha, take(alpha, left.cells), left.take_instrument))
    return tuple(rows)


def residual_words(residual_mm3: float | None) -> str:
    if residual_mm3 is None:
        return "not known whether tumour stays"
    if residual_mm3 == 0.0:
        return "no tumour stays by the plan"
    return f"{residual_mm3:.0f} mm³ of tumour stay: {contamination_statements()['residual'].says}"


def reasons(area_mm2: float, fitted_on: Arm, statements: Sequence[Statement]) -> tuple[Step, ...]:
    """The model and the sentences that were used, with their sources."""
    facts = (f"{area_mm2:.1f} mm² of cuts in tumour",)
    model = Step("contamination/one-hit", facts, one_hit().says, fitted_on.source, fitted_on.checked)
    said = (Step(f"contamination/{row.id}", facts, row.says, row.source, row.checked) for row in statements)
    return (model, *said)


def caveats(tool: str, arm: Arm | None, clean: bool) -> list[Caveat]:
    found = []
    if not clean:
        found.append(
            Caveat("take-is-no-risk", "the take is a scale from mice to compare plans by, not a patient's risk")
        )
        if arm is None:
            found.append(Caveat("tool-not-measured", f"no experiment measured the cells that {tool} carries along"))
    return found
