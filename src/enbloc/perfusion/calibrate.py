"""Fits the column to the calibration experiments, and says what it then predicts of the others.

Four numbers are fitted, by least squares of the six calibration flows over their SDs and of each number's distance from
what was taken of it before. The held-out experiments are never read by a fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from math import exp

import numpy as np

from enbloc.core.geometry import Array
from enbloc.knowledge.perfusion_tables import Experiment, experiments, fit_errors, perfusion_table, priors, ratios
from enbloc.perfusion.column import (
    Column,
    ColumnFlow,
    Interruption,
    Samples,
    bilateral,
    column,
    flows,
    one_sample,
)

ANIMALS = "dog"
FITTED = ("arcade", "feeder", "cord_link", "slope")
CALIBRATION, HELD_OUT = "calibration", "held-out"
EDGE = 6.0
"""Bound on the fitted numbers, as distance of a logarithm from its centre, and of the slope's logit from zero."""
STARTS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Fitted numbers of a column, its knee, and what of the structure differs from the tables (`changed`).

    `misfit`: sum of squared distances of the calibration flows over their SDs.
    """

    arcade: float
    feeder: float
    cord_link: float
    slope: float
    knee: float
    misfit: float
    changed: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Compared:
    """An experiment beside a prediction of it, in percent."""

    experiment: Experiment
    predicted_pct: float

    @property
    def error_pct(self) -> float:
        return self.predicted_pct - self.experiment.measured_pct


def calibration() -> tuple[Experiment, ...]:
    return tuple(one for one in experiments() if one.role == CALIBRATION)


def held_out() -> tuple[Experiment, ...]:
    return tuple(one for one in experiments() if one.role == HELD_OUT)


def calibrate(
    given: Sequence[Experiment] | None = None,
    *,
    changed: Mapping[str, float] | None = None,
    knee: float | None = None,
    slope: float | None = None,
) -> Fit:
    """The best fit to `given` (the calibration set) from several starts. `changed` ratios, another `knee`, or a `slope`
    that is held (1 is a cord bed without regulation) make other structures.
    """
    from scipy.optimize import least_squares

    targets = calibration() if given is None else tuple(given)
    held = (targets, dict(changed or {}), fit_errors().knee if knee is None else knee, slope)
    best = None
    for start in range(STARTS):
        first = np.random.default_rng(start).normal(0.0, 0.3, len(FITTED)) if start else np.zeros(len(FITTED))
        found = least_squares(misfits, first, bounds=(-EDGE, EDGE), args=held, xtol=1e-10, ftol=1e-10, gtol=1e-10)
        if best is None or found.cost < best.cost - 1e-9:
            best = found
    assert best is not None
    return fit_at(best.x, *held)


def fit_at(z: Array, given: Sequence[Experiment], changed: dict[str, float], knee: float, slope: float | None) -> Fit:
    values = from_centres(z, slope)
    misfit = float((misfits(z, given, changed, knee, slope)[: len(given)] ** 2).sum())
    return Fit(**values, knee=knee, misfit=misfit, changed=changed)


def from_centres(z: Array, slope: float | None) -> dict[str, float]:
    """Fitted numbers from distances z: log(number / centre), and the logit of the slope less that of its centre."""
    values = {name: priors()[name].centre * exp(step) for name, step in zip(FITTED[:3], z[:3], strict=True)}
    return values | {"slope": slope_at(float(z[3])) if slope is None else slope}


def slope_at(step: float) -> float:
    centre = priors()["slope"].centre
    return 1.0 / (1.0 + exp(-step) * (1.0 - centre) / centre)


def misfits(
    z: Array, given: Sequence[Experiment], changed: dict[str, float], knee: float, slope: float | None
) -> Array:
    """Distances over SDs: of the experiments, then of the numbers from their centres."""
    values = from_centres(z, slope)
    fit = Fit(**values, knee=knee, misfit=0.0, changed=changed)
    found = [one.error_pct / sd_pct(one.experiment) for one in compare(fit, given)]
    prior = [step / priors()[name].spread for name, step in zip(FITTED[:3], z[:3], strict=True)]
    return np.array([*found, *prior, (values["slope"] - priors()["slope"].centre) / priors()["slope"].spread])


def sd_pct(experiment: Experiment) -> float:
    return fit_errors().cord_sd_pct if experiment.sd_pct is None else experiment.sd_pct


def compare(fit: Fit, given: Sequence[Experiment]) -> tuple[Compared, ...]:
    """What the fitted column predicts of each experiment."""
    found: dict[str, float] = {}
    at = column(ANIMALS)
    for by_feeder in (False, True):
        asked = [one for one in given if (one.act == "feeder") is by_feeder]
        if asked:
            sites = one_feeder(at, asked[0].target) if by_feeder else None
            flow = flows(at, sample_of(fit, sites), [interruption(one) for one in asked])
            found |= {one.id: predicted(at, flow, i, one) for i, one in enumerate(asked)}
    return tuple(Compared(one, found[one.id]) for one in given)


def sample_of(fit: Fit, sites: Array | None = None) -> Samples:
    return one_sample(
        column(ANIMALS),
        arcade=fit.arcade,
        feeder=fit.feeder,
        cord_link=fit.cord_link,
        slope=fit.slope,
        knee=fit.knee,
        changed=fit.changed,
        sites=sites,
    )


def interruption(experiment: Experiment) -> Interruption:
    if experiment.act == "feeder":
        return Interruption(feeders=frozenset((level, 0) for level in experiment.closed))
    if experiment.act == "roots":
        return Interruption(feeders=bilateral(experiment.closed))
    return Interruption(closed=bilateral(experiment.closed))


def predicted(at: Column, flow: ColumnFlow, row: int, experiment: Experiment) -> float:
    level = at.index(experiment.target)
    if experiment.quantity == "cord-pressure":
        return float(100.0 * flow.pressure[0, row, 8 * level : 8 * level + 2].mean())
    part = flow.vertebra if experiment.quantity == "vertebra-flow" else flow.cord
    return float(100.0 * part[0, row, level])


def one_feeder(at: Column, level: str, share: float | None = None) -> Array:
    """Strength of the anterior feeders, 1 x (2 levels), mean 1 over the thoracic and lumbar ones, when the left one at
    `level` holds `share` of all that those could carry and the rest are alike.
    """
    holds = perfusion_table("feeders")["strength"]["share"] if share is None else share
    named = np.array([name[0] in "TL" for name in at.levels]).repeat(2)
    strength = np.where(named, 1.0 - holds, 1.0)
    strength[2 * at.index(level)] += holds * named.sum()
    return np.asarray(strength[None, :])


def rms(compared: Sequence[Compared]) -> float:
    return float(np.sqrt(np.mean([one.error_pct**2 for one in compared])))


@dataclass(frozen=True, slots=True)
class Structure:
    """One way to build the column: ratios that differ, the knee, a slope that is held."""

    id: str
    says: str
    changed: Mapping[str, float]
    knee: float | None = None
    slope: float | None = None


@cache
def structures() -> tuple[Structure, ...]:
    """The structures between which the nested test chooses. The first is the shipped one."""
    low = fit_errors().knee_low_mmhg / fit_errors().baseline_mmhg
    least = {name: ratios()[name].low for name in ("epidural_link", "dural_pial", "dural_link")}
    return (
        Structure("shipped", "as shipped", {}),
        Structure("linear", "a cord bed that does not regulate itself", {}, slope=1.0),
        Structure("low-knee", "the cord gives way at 40 mmHg, as in single dogs", {}, knee=low),
        Structure("poor-arcades", "epidural and dural arcades at the lower end of their range", least),
        Structure(
            "wall-inflow", "inflow from the wall into tied arteries", {"wall_inflow": ratios()["wall_inflow"].high}
        ),
    )


def fit_structure(structure: Structure, given: Sequence[Experiment]) -> Fit:
    return calibrate(given, changed=structure.changed, knee=structure.knee, slope=structure.slope)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One group of experiments left out: the structure chosen without it, and its prediction of the group."""

    group: str
    structure: str
    rms_of_choice_pct: float
    compared: tuple[Compared, ...]


def leave_one_out() -> tuple[LeftOut, ...]:
    """Every group in turn is hidden from both the fit and the choice of structure.

    The numbers are fitted to what remains of the calibration set; the structure with the least RMS error over all
    experiments that remain is chosen; then the hidden group is predicted.
    """
    groups = list(dict.fromkeys(one.group for one in experiments()))
    return tuple(left_out(group) for group in groups)


def left_out(group: str) -> LeftOut:
    seen = [one for one in experiments() if one.group != group]
    fitted_to = tuple(one for one in seen if one.role == CALIBRATION)
    tried = [(structure, fit_without(structure.id, fitted_to)) for structure in structures()]
    errors = [rms(compare(fit, seen)) for _, fit in tried]
    best = int(np.argmin(errors))
    hidden = [one for one in experiments() if one.group == group]
    return LeftOut(group, tried[best][0].id, errors[best], compare(tried[best][1], hidden))


@cache
def fit_without(structure: str, given: tuple[Experiment, ...]) -> Fit:
    return fit_structure(next(one for one in structures() if one.id == structure), given)


def root_flows(fit: Fit) -> Mapping[int, float]:
    """Least cord flow in percent with the vessels along so many neighbouring sets of roots, T12 among them, cut."""
    at = column(ANIMALS)
    middle = at.index("T12")
    spans = {count: at.levels[middle - count // 2 : middle - count // 2 + count] for count in range(1, 6)}
    flow = flows(at, sample_of(fit), [Interruption(feeders=bilateral(span)) for span in spans.values()])
    return {count: float(100.0 * flow.cord[0, i].min()) for i, count in enumerate(spans)}
