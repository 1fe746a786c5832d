"""Cord flow against shortening: a line to the one flow that was read, held until the cord kinks, nothing beyond.

Calibrated on one experiment (dog, T13): its flow at one quarter and the shortening at which the cord kinked. All other
experiments stand beside the prediction and move nothing but the range that is shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from enbloc.core.evidence import Measured
from enbloc.knowledge.shortening_tables import (
    Observation,
    calibration,
    late_flow,
    observations,
    studies,
    thresholds,
)
from enbloc.mechanics.phases import THIRD, phase_ends, phase_of_part
from enbloc.mechanics.shortening_nouns import CurvePoint, FlowPoint, ShorteningCurve, StudyCheck

BEFORE_PCT = 100.0
KINK = "cord-kinks"
STEPS = 100
"""Points of the curve over one segment."""


def kink_fraction() -> float:
    """From here on the model predicts nothing."""
    return thresholds()[KINK].fraction


def model_flow(fraction: float) -> Measured | None:
    """Cord flow in % of before at a fraction of one segment; None beyond the cord's kink.

    The range is one (recalled) standard deviation of the flow that was read. Raises ValueError below zero.
    """
    if not fraction >= 0.0:
        raise ValueError(f"{fraction:g} is no fraction of a segment")
    if fraction > kink_fraction():
        return None
    read, sd_pct = calibration()
    assert read.flow_pct is not None
    share = min(fraction / float(read.part), 1.0)
    rise = read.flow_pct - BEFORE_PCT
    return Measured(*(BEFORE_PCT + share * change for change in (rise, rise - sd_pct, rise + sd_pct)))


def model_flow_between(fraction: Measured) -> Measured | None:
    """The flow where the fraction itself has a range; None where its value lies beyond the kink."""
    middle = model_flow(fraction.value)
    least = model_flow(fraction.low)
    most = model_flow(min(fraction.high, kink_fraction()))
    if middle is None or least is None or most is None:
        return None
    return Measured(middle.value, least.low, most.high)


def with_studies(model: Measured | None, phases: tuple[int, ...], fraction: Measured | None) -> Measured | None:
    """The model's range stretched down to what is said of later and to what was read in the `phases`, and up to what
    was read at no more than the `fraction`.
    """
    if model is None or fraction is None:
        return None
    late, _ = late_flow()
    read = [(row.part, row.flow_pct) for row in comparable() if row.flow_pct is not None]
    least = [flow for part, flow in read if phase_of_part(part) in phases]
    most = [flow for part, flow in read if part <= fraction.high]
    return Measured(model.value, min(model.low, late, *least), max([model.high, *most]))


def comparable() -> Iterator[Observation]:
    """Flows that were read, of studies that did nothing but shorten."""
    for row in observations():
        if row.flow_pct is not None and row.use != "recalled" and studies()[row.study].alone:
            yield row


def curve(planned: Measured | None = None) -> ShorteningCurve:
    """The model from 0 to one segment, every measured flow, and the ends of the phases, to be drawn."""
    first, second = phase_ends()
    return ShorteningCurve(
        points=tuple(CurvePoint(fraction=i / STEPS, flow_pct=model_flow(i / STEPS)) for i in range(STEPS + 1)),
        experiments=tuple(flow_point(row) for row in observations() if row.flow_pct is not None),
        phase_ends=(first / THIRD, second / THIRD),
        planned=planned,
    )


def flow_point(row: Observation) -> FlowPoint:
    assert row.flow_pct is not None
    return FlowPoint(
        study=row.study,
        title=studies()[row.study].title,
        use=row.use,
        fraction=float(row.part),
        flow_pct=row.flow_pct,
        says=row.says,
        source=row.source,
        checked=row.checked,
    )


def held_out() -> tuple[StudyCheck, ...]:
    """Every observation beside the prediction, in the order of the table; what was fitted or recalled is marked so."""
    return tuple(study_check(row) for row in observations())


def study_check(row: Observation) -> StudyCheck:
    phase = phase_of_part(row.part)
    hurt = phase == phase_of_part(Fraction(1))
    return StudyCheck(
        study=row.study,
        title=studies()[row.study].title,
        use=row.use,
        fraction=float(row.part),
        says=row.says,
        phase=phase,
        predicted_flow_pct=model_flow(float(row.part)),
        measured_flow_pct=row.flow_pct,
        predicted_injured=hurt,
        injured=row.injured,
        agrees=None if row.injured is None else row.injured == hurt,
        source=row.source,
        checked=row.checked,
    )
