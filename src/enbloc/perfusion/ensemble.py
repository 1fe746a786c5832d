"""Sets of parameters that the dogs allow, and what carrying them over to a patient adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from enbloc.core.errors import KnowledgeError
from enbloc.core.geometry import Array
from enbloc.knowledge.loader import shipped_text
from enbloc.knowledge.perfusion_tables import Experiment, fit_errors, perfusion_table, priors, ratios
from enbloc.perfusion.calibrate import (
    ANIMALS,
    FITTED,
    Fit,
    calibration,
    from_centres,
    interruption,
    misfits,
    sd_pct,
)
from enbloc.perfusion.column import Samples, column, flows

FILE = "perfusion/ensemble.csv"
DRAWN = 6000
KEPT = 256
SEED = 20261128
WIDER = 1.5
FREEDOM = 4.0
KNEE_FROM, KNEE_TO = 0.25, 0.9


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Parameter sets of the dog's column that weigh alike: an array of each name, `knee` and the ratios among them.
    `effective`: how many independent draws the weights of the `drawn` amounted to.
    """

    values: Mapping[str, Array]
    drawn: int
    effective: float


def draw_ensemble(fit: Fit, *, drawn: int = DRAWN, kept: int = KEPT, seed: int = SEED) -> Ensemble:
    """Importance sampling of the fit's posterior: the fitted numbers from a wide t distribution around the best, whose
    tails outlast the posterior's, the knee and the ratios from their own ranges; weighed by the calibration flows;
    `kept` of them chosen in proportion.
    """
    generator = np.random.default_rng(seed)
    best, spread = peak(fit)
    root = np.linalg.cholesky(spread) * WIDER
    unit = generator.standard_normal((drawn, len(FITTED)))
    unit /= np.sqrt(generator.chisquare(FREEDOM, (drawn, 1)) / FREEDOM)
    z = best + unit @ root.T
    values = fitted_values(z) | drawn_ratios(generator, drawn)
    values["knee"] = np.clip(generator.normal(fit_errors().knee, fit_errors().knee_sd, drawn), KNEE_FROM, KNEE_TO)
    logs = -0.5 * (distances(values, calibration()) ** 2).sum(axis=1) + log_prior(z, values) - log_drawn(unit)
    weight = np.exp(logs - logs.max())
    weight /= weight.sum()
    chosen = systematic(weight, kept, float(generator.random()))
    return Ensemble({name: value[chosen] for name, value in values.items()}, drawn, float(1.0 / (weight**2).sum()))


def log_drawn(unit: Array) -> Array:
    """Logarithm of the density that `unit` was drawn from, but for a constant."""
    return np.asarray(-0.5 * (FREEDOM + len(FITTED)) * np.log1p((unit**2).sum(axis=1) / FREEDOM))


def peak(fit: Fit) -> tuple[Array, Array]:
    """The fit as distances from the centres, and the covariance that its curvature implies."""
    centres = priors()
    z = np.array([np.log(getattr(fit, name) / centres[name].centre) for name in FITTED[:3]] + [slope_step(fit.slope)])
    step, given, jacobian = 1e-4, calibration(), []
    for axis in range(len(z)):
        move = np.eye(len(z))[axis] * step
        up, down = (misfits(z + way, given, dict(fit.changed), fit.knee, None) for way in (move, -move))
        jacobian.append((up - down) / (2.0 * step))
    slopes = np.array(jacobian).T
    return z, np.asarray(np.linalg.inv(slopes.T @ slopes), dtype=float)


def slope_step(slope: float) -> float:
    centre = priors()["slope"].centre
    return float(np.log(slope / (1.0 - slope)) - np.log(centre / (1.0 - centre)))


def fitted_values(z: Array) -> dict[str, Array]:
    rows = [from_centres(row, None) for row in z]
    return {name: np.array([row[name] for row in rows]) for name in FITTED}


def drawn_ratios(generator: np.random.Generator, count: int) -> dict[str, Array]:
    """Evenly in the logarithm over each ratio's range."""
    return {
        name: np.exp(generator.uniform(np.log(ratio.low), np.log(ratio.high), count))
        for name, ratio in ratios().items()
    }


def log_prior(z: Array, values: Mapping[str, Array]) -> Array:
    """Of the fitted numbers: normal in the logarithms and in the slope itself, whose logit is what was drawn."""
    found = (
        np.log(values["slope"] * (1.0 - values["slope"]))
        - 0.5 * (values["slope"] - priors()["slope"].centre) ** 2 / priors()["slope"].spread ** 2
    )
    for axis, name in enumerate(FITTED[:3]):
        found = found - 0.5 * (z[:, axis] / priors()[name].spread) ** 2
    return np.asarray(found)


def distances(values: Mapping[str, Array], given: Sequence[Experiment]) -> Array:
    """Errors over SDs, sample x experiment."""
    return np.stack(
        [(row - one.measured_pct) / sd_pct(one) for row, one in zip(predict(values, given), given, strict=True)], axis=1
    )


def predict(values: Mapping[str, Array], given: Sequence[Experiment]) -> list[Array]:
    """Percent by experiment and sample, of experiments in which arteries were tied in the dog's column."""
    at = column(ANIMALS)
    flow = flows(at, dog_samples(values), [interruption(one) for one in given])
    found = []
    for i, one in enumerate(given):
        level = at.index(one.target)
        part = flow.vertebra if one.quantity == "vertebra-flow" else flow.cord
        found.append(100.0 * part[:, i, level])
    return found


def dog_samples(values: Mapping[str, Array]) -> Samples:
    count = len(values["knee"])
    return Samples(
        **{name: values[name] for name in (*FITTED, "knee")},
        ratios={name: values[name] for name in ratios()},
        sites=np.ones((count, 2 * len(column(ANIMALS).levels))),
        tumour=np.ones(count),
    )


def systematic(weight: Array, kept: int, offset: float) -> Array:
    """Indices in proportion to their weights, evenly spaced along their sum."""
    return np.searchsorted(np.cumsum(weight), (np.arange(kept) + offset) / kept).clip(max=len(weight) - 1)


@cache
def shipped() -> Ensemble:
    """The shipped parameter sets, one a line under their names."""
    lines = shipped_text(FILE).split()
    names = tuple(lines[0].split(","))
    if set(names) != {*FITTED, "knee", *ratios()}:
        raise KnowledgeError("its columns are not the fitted numbers, the knee and the ratios", file=FILE)
    table = np.array([[float(cell) for cell in line.split(",")] for line in lines[1:]])
    head = perfusion_table("parameters")["ensemble"]
    return Ensemble(dict(zip(names, table.T, strict=True)), head["drawn"], head["effective"])


@cache
def shipped_fit() -> Fit:
    """The shipped best fit."""
    head = perfusion_table("parameters")["fit"]
    return Fit(**{name: head[name] for name in (*FITTED, "knee", "misfit")})
