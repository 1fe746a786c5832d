"""Evoked potentials and blood pressure: what the plan's flow says of the first, and what the second adds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from enbloc.core.evidence import Measured, Step
from enbloc.core.levels import Level
from enbloc.knowledge.perfusion_tables import AnimalOutcome, animal_outcomes, planner, sentences
from enbloc.perfusion.column import NODES, Interruption, Node
from enbloc.perfusion.nouns import EvokedPotentials, PressureEffect
from enbloc.perfusion.patient import RANGE, Outcome, Patient, cord_range, least_cord
from enbloc.perfusion.request import Request

POTENTIALS = "cord evoked potentials"
GRID = (0.9, 0.8, 0.7, 0.6, 0.5, 0.4)
"""Pressures over the usual one between which the knee is looked for."""
CONFIDENCE = 0.95
LEAST_SAID_PCT = 1.0


def evoked_potentials(patient: Patient, plan: Outcome | None, levels: int) -> EvokedPotentials:
    """`plan` None: no flow is known, and nothing lies below a threshold or above it."""
    rows, said = sentences("threshold"), planner("evoked")
    dogs = next((one for one in animal_outcomes() if one.what == POTENTIALS and one.levels == levels), None)
    return EvokedPotentials(
        below=() if plan is None else shares_below(patient, plan),
        levels=levels,
        abnormal=None if dogs is None else dogs.abnormal,
        animals=None if dogs is None else dogs.animals,
        dogs_share=None if dogs is None else exact_share(dogs),
        says=said["says"],
        because=(
            *(Step(f"planner/threshold/{row.id}", (), row.says, row.first_source, row.checked) for row in rows),
            Step("planner/evoked", (f"{levels} levels closed",), said["says"], said["source"], said["checked"]),
        ),
    )


def shares_below(patient: Patient, plan: Outcome) -> tuple[tuple[float, float], ...]:
    """(threshold in percent, share of samples whose least cord flow lies below it)."""
    least = 100.0 * (least_cord(patient, plan) + patient.cord_error)
    found = [float(row.pct) for row in sentences("threshold") if row.pct is not None]
    return tuple((pct, float(np.mean(least < pct))) for pct in found)


def exact_share(dogs: AnimalOutcome) -> Measured:
    """Share of abnormal animals, with the exact interval of Clopper and Pearson."""
    from scipy.special import betaincinv

    k, n, tail = dogs.abnormal, dogs.animals, (1.0 - CONFIDENCE) / 2.0
    low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return Measured(k / n, low, high)


def mean_pressure_mmhg(systolic_mmhg: float) -> float:
    return float(systolic_mmhg * planner("pressure")["mean_over_systolic"])


def pressure_interruptions(request: Request, plan: Interruption) -> list[Interruption]:
    """At the planned pressure with nothing closed and with the plan's arteries closed, then the plan over GRID.

    None of them when no pressure is planned.
    """
    if request.systolic_mmhg is None:
        return []
    over = mean_pressure_mmhg(request.systolic_mmhg) / planner("pressure")["usual_mean_mmhg"]
    return [Interruption(pressure=over), *(at_pressure(plan, part) for part in (over, *GRID))]


def at_pressure(plan: Interruption, over: float) -> Interruption:
    return replace(plan, pressure=over)


def pressure_effect(
    request: Request, patient: Patient, plan: Outcome, found: list[Outcome], level: Level, closed_is_outside: str | None
) -> PressureEffect | None:
    """None when no pressure is planned."""
    if request.systolic_mmhg is None:
        return None
    said, planned = planner("pressure"), f"systolic {request.systolic_mmhg:g} mmHg"
    outside = pressure_outside(request.systolic_mmhg) or closed_is_outside
    nothing_closed, both = cord_range(patient, found[0], level.value), cord_range(patient, found[1])
    knee = knee_range(patient, plan, found[2:], level)
    lost = 0.0 if outside else cord_range(patient, plan).value - both.value
    return PressureEffect(
        systolic_mmhg=request.systolic_mmhg,
        mean_mmhg=mean_pressure_mmhg(request.systolic_mmhg),
        open_cord_flow_pct=None if pressure_outside(request.systolic_mmhg) else nothing_closed,
        cord_flow_pct=None if outside else both,
        knee_map_mmhg=None if closed_is_outside else knee,
        paper_says=said["paper_says"],
        dissent=None if lost < LEAST_SAID_PCT else f"{said['dissent']}. The model loses {lost:.0f} points more here",
        because=(
            Step("planner/pressure", (planned,), said["paper_says"], said["paper_source"], said["paper_checked"]),
            *(Step("planner/pressure/dissent", (), said["dissent"], key, said["checked"]) for key in said["source"]),
        ),
        outside=outside,
    )


def pressure_outside(systolic_mmhg: float) -> str | None:
    studied = planner("studied")
    if studied["systolic_low_mmhg"] <= systolic_mmhg <= studied["systolic_high_mmhg"]:
        return None
    return f"systolic {systolic_mmhg:g} mmHg lies outside {studied['systolic_says']}"


def knee_range(patient: Patient, plan: Outcome, found: list[Outcome], level: Level) -> Measured:
    """Mean pressure in mmHg at which the anterior artery's bed at `level` reaches its knee, by straight lines between
    the pressures of GRID; no more than the usual pressure, no less than the last of GRID.
    """
    node = NODES * patient.column.index(level.value) + Node.ANTERIOR
    over = np.array((1.0, *GRID))
    x = np.stack([one.pressure[:, node] for one in (plan, *found)], axis=1)
    crossing = np.array([
        np.interp(knee, row[::-1], over[::-1]) for knee, row in zip(patient.samples.knee, x, strict=True)
    ])  # fmt: skip
    mmhg = planner("pressure")["usual_mean_mmhg"] * crossing
    low, value, high = np.quantile(mmhg, (RANGE[0], 0.5, RANGE[1]))
    return Measured(float(value), float(low), float(high))
