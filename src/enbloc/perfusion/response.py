"""Flow against the number of closed levels: this patient, the dogs' column, and what was measured."""

from __future__ import annotations

from functools import cache

import numpy as np

from enbloc.core.evidence import Measured
from enbloc.core.levels import Level
from enbloc.knowledge.perfusion_tables import experiments, planner
from enbloc.perfusion.calibrate import ANIMALS, compare
from enbloc.perfusion.column import Interruption, bilateral, column, flows
from enbloc.perfusion.ensemble import dog_samples, shipped, shipped_fit
from enbloc.perfusion.nouns import CurvePoint, ExperimentPoint, ResponseCurves
from enbloc.perfusion.patient import RANGE, Outcome, Patient, cord_range, vertebra_range
from enbloc.perfusion.request import Request

DOG_MIDDLE = "T12"


def spans(levels: tuple[str, ...], middle: str) -> dict[int, tuple[str, ...]]:
    """Neighbouring levels by number, `middle` among them (one more above than below when even), where the column has
    them all.
    """
    at = levels.index(middle)
    found = {}
    for count in planner("studied")["counts"]:
        first = at - count // 2
        names = levels[max(first, 0) : first + count]
        if first >= 0 and len(names) == count and all(Level(name).in_scope for name in names):
            found[count] = names
    return found


def middle_of(request: Request) -> str:
    return request.resected[(len(request.resected) - 1) // 2].value


def curve_interruptions(request: Request) -> list[Interruption]:
    return [Interruption(closed=bilateral(names)) for names in spans(request.levels, middle_of(request)).values()]


def response_curves(request: Request, patient: Patient, found: list[Outcome]) -> ResponseCurves:
    middle = middle_of(request)
    points = tuple(
        CurvePoint(
            levels=count,
            closed=tuple(map(Level, names)),
            vertebra_flow_pct=vertebra_range(patient, one, [middle]),
            cord_flow_pct=cord_range(patient, one, middle),
        )
        for (count, names), one in zip(spans(request.levels, middle).items(), found, strict=True)
    )
    return ResponseCurves(patient=points, dog=dog_curve(), experiments=experiment_points())


@cache
def dog_curve() -> tuple[CurvePoint, ...]:
    """The dogs' column around T12: the best fit, and the middle 90 % of the shipped parameter sets."""
    from enbloc.perfusion.calibrate import sample_of

    at = column(ANIMALS)
    ties = {count: dog_span(at.levels, count) for count in planner("studied")["counts"]}
    cuts = [Interruption(closed=bilateral(names)) for names in ties.values()]
    many, best = flows(at, dog_samples(shipped().values), cuts), flows(at, sample_of(shipped_fit()), cuts)
    t12, points = at.index(DOG_MIDDLE), []
    for i, (count, names) in enumerate(ties.items()):
        parts = [
            spread(m[:, i, t12], b[0, i, t12]) for m, b in ((many.vertebra, best.vertebra), (many.cord, best.cord))
        ]
        points.append(
            CurvePoint(
                levels=count, closed=tuple(map(Level, names)), vertebra_flow_pct=parts[0], cord_flow_pct=parts[1]
            )
        )
    return tuple(points)


def dog_span(levels: tuple[str, ...], count: int) -> tuple[str, ...]:
    """The levels that were tied where an experiment tied so many."""
    tied = (one.closed for one in experiments() if one.act == "arteries" and len(one.closed) == count)
    return next(tied, None) or spans(levels, DOG_MIDDLE)[count]


def spread(fractions: np.ndarray, value: float) -> Measured:
    low, high = 100.0 * np.quantile(fractions, RANGE)
    best = 100.0 * float(value)
    return Measured(best, min(float(low), best), max(float(high), best))


@cache
def experiment_points() -> tuple[ExperimentPoint, ...]:
    """Every measurement beside the shipped fit's prediction of it."""
    return tuple(
        ExperimentPoint(
            id=one.experiment.id,
            animal=one.experiment.animal,
            quantity=one.experiment.quantity,
            act=one.experiment.act,
            levels=len(one.experiment.closed),
            measured_pct=one.experiment.measured_pct,
            sd_pct=one.experiment.sd_pct,
            predicted_pct=one.predicted_pct,
            role=one.experiment.role,
            says=one.experiment.says,
            source=one.experiment.source,
            checked=one.experiment.checked,
        )
        for one in compare(shipped_fit(), experiments())
    )
