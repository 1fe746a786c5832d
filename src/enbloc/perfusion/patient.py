"""A patient's columns: the dogs' parameter sets, what carrying them over adds, and where the cord may be fed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.core.evidence import Measured
from enbloc.knowledge.perfusion_tables import cord_ends, fit_errors, perfusion_table, planner, ratios
from enbloc.perfusion.column import Column, Interruption, Samples, Site, column_of, flows
from enbloc.perfusion.ensemble import shipped, shipped_fit
from enbloc.perfusion.request import Request

Array = npt.NDArray[np.float64]
RANGE = (0.05, 0.95)
NORMAL_90 = 1.6448536269514722
MOST_SHARE = 0.8
NAMED = "TL"


@dataclass(frozen=True, slots=True)
class Patient:
    """Sampled columns of one patient, a middle one, errors of the model drawn once (fractions), chances of sites."""

    column: Column
    samples: Samples
    middle: Samples
    cord_error: Array
    vertebra_error: Array
    chances: dict[Site, float]


def patient_of(request: Request, tumour: Measured, seed: int) -> Patient:
    generator = np.random.default_rng(seed)
    at = column_of(request.levels, tuple(level.value for level in request.resected))
    base = shipped().values
    count = len(base["knee"])
    moved = {
        name: base[name] * np.exp(generator.normal(0.0, planner("transfer")["link_sd"], count))
        for name in ("arcade", "feeder", "cord_link")
    }
    chances = feeder_chances(request, at)
    samples = Samples(
        **moved,
        slope=base["slope"],
        knee=human_knee(base["knee"], generator.random(count)),
        ratios={name: base[name] for name in ratios()},
        sites=drawn_sites(at, request.feeders, chances, generator, count),
        tumour=generator.uniform(tumour.low, tumour.high, count),
    )
    half = planner("error")
    errors = [generator.normal(0.0, half[name] / 100.0 / NORMAL_90, count) for name in ("cord_pct", "vertebra_pct")]
    return Patient(at, samples, middle_sample(at, request, tumour), errors[0], errors[1], chances)


def human_knee(knee: Array, share: Array) -> Array:
    """Between the dog's fraction of the usual pressure (share 0) and the dog's pressure in mmHg (share 1)."""
    over = fit_errors().baseline_mmhg / planner("pressure")["usual_mean_mmhg"]
    return np.asarray(np.minimum(knee * over**share, 0.95))


def middle_sample(at: Column, request: Request, tumour: Measured) -> Samples:
    """The best fit, half way between the two readings of the knee, with known feeders or all alike."""
    fit = shipped_fit()
    one = np.ones(1)
    sites = np.ones((1, 2 * len(at.levels)))
    if request.feeders:
        strengthen(at, sites[0], request.feeders, perfusion_table("feeders")["strength"]["share"])
    return Samples(
        arcade=fit.arcade * one,
        feeder=fit.feeder * one,
        cord_link=fit.cord_link * one,
        slope=fit.slope * one,
        knee=human_knee(fit.knee * one, 0.5 * one),
        ratios={name: ratio.value * one for name, ratio in ratios().items()},
        sites=sites,
        tumour=tumour.value * one,
    )


def feeder_chances(request: Request, at: Column) -> dict[Site, float]:
    """Chance of each site to give the Adamkiewicz artery: 1 for a known one, else as published, spread evenly within
    each class of levels, and taken away from the sites that angiography cleared (those to be closed, when it named none
    of them).
    """
    if request.feeders:
        return {site: float(site in request.feeders) for site in sites_of(at)}
    table, left = perfusion_table("feeders"), perfusion_table("feeders")["adamkiewicz"]["left"]
    cleared = frozenset(request.wanted) if request.feeders is not None else frozenset()
    chance = dict.fromkeys(sites_of(at), 0.0)
    for row in table["origin"]:
        for level in row["levels"]:
            for side, part in ((0, left), (1, 1.0 - left)):
                if (level, side) not in cleared:
                    chance[level, side] = row["share"] / len(row["levels"]) * part
    total = sum(chance.values())
    present = table["adamkiewicz"]["present"]
    return {site: present * value / total for site, value in chance.items()} if total > 0.0 else chance


def sites_of(at: Column) -> list[Site]:
    return [(level.value, side) for level in at.named() for side in (0, 1)]


def drawn_sites(
    at: Column,
    feeders: tuple[Site, ...] | None,
    chances: dict[Site, float],
    generator: np.random.Generator,
    count: int,
) -> Array:
    """Strength of the anterior feeders by sample and site: known feeders, or one or two drawn, or none."""
    table = perfusion_table("feeders")
    share = np.exp(generator.uniform(np.log(table["strength"]["low"]), np.log(table["strength"]["high"]), count))
    where, chance = list(chances), np.array(list(chances.values()))
    uniform, twice = generator.random((count, 2)), generator.random(count) > table["adamkiewicz"]["single"]
    found = np.ones((count, 2 * len(at.levels)))
    edges = np.cumsum(chance)
    for n in range(count):
        chosen = feeders
        if not feeders:
            wanted = uniform[n, : 1 + int(twice[n])] * np.array([1.0, edges[-1]])[: 1 + int(twice[n])]
            places = np.searchsorted(edges, wanted, side="right")
            present = places[0] < len(where)
            chosen = tuple(where[i] for i in dict.fromkeys(places.tolist())) if present else None
        if chosen:
            strengthen(at, found[n], chosen, float(share[n]))
    return found


def strengthen(at: Column, strength: Array, feeders: Sequence[Site], share: float) -> None:
    """Gives `feeders` a `share` each (all together no more than MOST_SHARE) of what the feeders of the thoracic and
    lumbar levels could carry, the others the rest; the mean over those levels stays 1.
    """
    named = np.array([name[0] in NAMED for name in at.levels]).repeat(2)
    total = min(MOST_SHARE, share * len(feeders))
    strength[named] = 1.0 - total
    for level, side in feeders:
        strength[2 * at.index(level) + side] += total * named.sum() / len(feeders)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One interruption in every sample: fractions of before, sample x level, and pressures, sample x node."""

    cord: Array
    vertebra: Array
    pressure: Array
    residual: float


def outcomes(patient: Patient, interruptions: Sequence[Interruption]) -> list[Outcome]:
    """Every interruption, in one pass over the samples. The levels are those of the column."""
    many = flows(patient.column, patient.samples, interruptions)
    return [
        Outcome(many.cord[:, i], many.vertebra[:, i], many.pressure[:, i], many.residual)
        for i in range(len(interruptions))
    ]


def cord_places(patient: Patient) -> list[int]:
    """Places of the levels that have cord: from T1 to where it ends."""
    names = patient.column.levels
    return list(range(names.index("T1"), names.index(cord_ends()) + 1))


def lowest_level(patient: Patient, found: Outcome) -> str:
    """The level at which the median cord flow is least."""
    places = cord_places(patient)
    medians = np.median(found.cord[:, places], axis=0)
    return patient.column.levels[places[int(np.argmin(np.round(medians, 9)))]]


def least_cord(patient: Patient, found: Outcome) -> Array:
    """Cord flow by sample where it is least in that sample, as a fraction, without the model's own error."""
    return np.asarray(found.cord[:, cord_places(patient)].min(axis=1))


def cord_range(patient: Patient, found: Outcome, level: str | None = None) -> Measured:
    """Cord flow in percent at `level` (that of the cord's end when it lies below), or where it is least."""
    if level is None:
        return percent(least_cord(patient, found), patient.cord_error)
    place = min(patient.column.index(level), cord_places(patient)[-1])
    return percent(found.cord[:, place], patient.cord_error)


def vertebra_range(patient: Patient, found: Outcome, levels: Sequence[str]) -> Measured:
    """Flow left to these vertebrae, on average, in percent."""
    places = [patient.column.index(level) for level in levels]
    return percent(found.vertebra[:, places].mean(axis=1), patient.vertebra_error)


def percent(fractions: Array, error: Array) -> Measured:
    """Median, and the middle 90 % with the model's own error added; not below zero."""
    low, high = np.quantile(np.maximum(fractions + error, 0.0), RANGE)
    value = float(np.median(fractions))
    return Measured(100.0 * value, 100.0 * min(float(low), value), 100.0 * max(float(high), value))
