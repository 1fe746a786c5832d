"""Loose tumour cells in the paper's double rinse: water swells them until they burst, cisplatin kills what is left.

Water transport (Jacobs and Stewart, Ponder, Kedem and Katchalsky in their two-parameter form, volumes v times the
cell's own, osmolality m times tissue fluid's): dv/dt = k (n / (v - b) - m), b the share that is no water, n = 1 - b.
Killing: a share exp(-d) survives, d = kill * integral of (1 + gain * stretch) * concentration, stretch = v^(2/3) - 1.
Bounded by two experiments and in vitro only: never an order to dose. Limits: docs/explanation/execution-risk.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import cbrt, exp, inf, log, log1p, log10, sqrt
from statistics import NormalDist, fmean

from enbloc.core.evidence import Measured
from enbloc.knowledge.rinse_tables import (
    RinseCheck,
    no_survivor,
    not_enough,
    protocol_rinse,
    rinse_bounds,
    rinse_checks,
)

CLASSES = 100
"""Cells are dealt into so many equal classes by how fast they take up water."""
SLICES = 10
"""Of a step in time, for the dose."""
HALVINGS = 50
ISOTONIC = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RinseStep:
    """What cells lie in, and how long. `osmolality` 0 is distilled water, 1 as tissue fluid."""

    osmolality: float
    cisplatin_mg_ml: float
    minutes: float

    def __post_init__(self) -> None:
        if not (self.osmolality >= 0.0 and self.cisplatin_mg_ml >= 0.0 and 0.0 <= self.minutes < inf):
            raise ValueError("a step of a rinse is below zero or without end")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A kind of cell. `rate_per_min`: the middle of k; `spread`: standard deviation of its logarithm; `kill`: per
    mg/ml and minute; `gain`: how much more cisplatin enters per stretch of the membrane.
    """

    solid_share: float
    burst_volume: float
    rate_per_min: float
    spread: float
    kill: float
    gain: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.solid_share < 1.0 < self.burst_volume and self.rate_per_min > 0.0 and self.spread >= 0.0):
            raise ValueError("no cell is like that")
        if self.kill < 0.0 or self.gain < 0.0:
            raise ValueError("kill and gain are not below zero")


def resting_volume(osmolality: float, solid_share: float) -> float:
    """Where water stops to flow: b + (1 - b) / m (Boyle and van 't Hoff); without end in distilled water."""
    return inf if osmolality == 0.0 else solid_share + (1.0 - solid_share) / osmolality


def minutes_to_volume(volume: float, start: float, rate_per_min: float, osmolality: float, solid_share: float) -> float:
    """How long from `start` to `volume`, times the cell's own; infinite where water stops before. Closed form."""
    b, m, n = solid_share, osmolality, 1.0 - solid_share
    w0, w = start - b, volume - b
    if m == 0.0:
        return inf if w < w0 else (w**2 - w0**2) / (2.0 * rate_per_min * n)
    rest = n / m
    if w0 == w:
        return 0.0
    if (rest - w) * (rest - w0) <= 0.0 or (w - w0) * (rest - w0) < 0.0:
        return inf
    return (w0 - w - rest * log1p((w0 - w) / (rest - w0))) / (rate_per_min * m)


def volume_after(minutes: float, start: float, rate_per_min: float, osmolality: float, solid_share: float) -> float:
    """Volume after a time, times the cell's own, not heeding that it may have burst."""
    b, n = solid_share, 1.0 - solid_share
    if osmolality == 0.0:
        return b + sqrt((start - b) ** 2 + 2.0 * rate_per_min * n * minutes)
    near, far = start, resting_volume(osmolality, b)
    for _ in range(HALVINGS):
        middle = 0.5 * (near + far)
        reached = minutes_to_volume(middle, start, rate_per_min, osmolality, b) <= minutes
        near, far = (middle, far) if reached else (near, middle)
    return near


def stretch(volume: float) -> float:
    """By how much the membrane is larger than at rest, as a share; 0 for a shrunken cell."""
    return cbrt(max(volume, 1.0)) ** 2 - 1.0


def survivors(steps: Sequence[RinseStep], cells: Cells) -> float:
    """The share of cells that is neither burst nor killed after the steps, one after the other."""
    rates = (cells.rate_per_min * exp(cells.spread * z) for z in class_middles())
    return fmean(alive(steps, cells, rate) for rate in rates)


def class_middles() -> Iterator[float]:
    """Middles of equally frequent classes of the normal distribution."""
    return (NormalDist().inv_cdf((i + 0.5) / CLASSES) for i in range(CLASSES))


def alive(steps: Sequence[RinseStep], cells: Cells, rate_per_min: float) -> float:
    """The chance to live of a cell that takes up water at this rate."""
    volume, dose = 1.0, 0.0
    for step in steps:
        if (
            minutes_to_volume(cells.burst_volume, volume, rate_per_min, step.osmolality, cells.solid_share)
            <= step.minutes
        ):
            return 0.0
        if step.cisplatin_mg_ml > 0.0:
            dose += step.cisplatin_mg_ml * opened_minutes(step, cells, rate_per_min, volume)
        volume = volume_after(step.minutes, volume, rate_per_min, step.osmolality, cells.solid_share)
    return exp(-cells.kill * dose)


def opened_minutes(step: RinseStep, cells: Cells, rate_per_min: float, start: float) -> float:
    """The integral of 1 + gain * stretch over a step, by the middles of its slices."""
    at = (step.minutes * (i + 0.5) / SLICES for i in range(SLICES))
    stretches = (stretch(volume_after(t, start, rate_per_min, step.osmolality, cells.solid_share)) for t in at)
    return step.minutes * (1.0 + cells.gain * fmean(stretches))


def protocol_steps() -> tuple[RinseStep, RinseStep]:
    """The paper's two steps: distilled water, then cisplatin (taken as isotonic, which the paper does not say)."""
    water_min, drug_min, mg_ml = protocol_rinse()
    return (
        RinseStep(osmolality=0.0, cisplatin_mg_ml=0.0, minutes=water_min),
        RinseStep(osmolality=ISOTONIC, cisplatin_mg_ml=mg_ml, minutes=drug_min),
    )


def cells_that_burst(all_burst_min: float, spread: float, solid_share: float, burst_volume: float) -> Cells:
    """Cells of which, after so long in water, one in `one_in` is whole: their rate follows, no killing is set."""
    slowest = minutes_to_volume(burst_volume, 1.0, 1.0, 0.0, solid_share) / all_burst_min
    z = NormalDist().inv_cdf(1.0 - 1.0 / no_survivor().one_in)
    return Cells(
        solid_share=solid_share,
        burst_volume=burst_volume,
        rate_per_min=slowest * exp(z * spread),
        spread=spread,
        kill=0.0,
        gain=0.0,
    )


def corner_cells() -> Iterator[Cells]:
    """Cells at all ends of what is bounded."""
    bounds = rinse_bounds()
    names = ("all_burst_min", "spread", "solid_share", "burst_volume")
    for ends in product(*((bounds[name].low, bounds[name].high) for name in names)):
        yield cells_that_burst(*ends)


def burst_share(minutes: float, cells: Cells, osmolality: float = 0.0) -> float:
    """The share of cells that has burst: the lognormal distribution of rates, in closed form."""
    needed = minutes_to_volume(cells.burst_volume, 1.0, 1.0, osmolality, cells.solid_share) / minutes
    if needed == inf:
        return 0.0
    return 1.0 - NormalDist(log(cells.rate_per_min), cells.spread).cdf(log(needed))


def burst_by_water() -> Measured:
    """Share burst by the protocol's water alone: middle, least and greatest over all that is bounded."""
    minutes = protocol_steps()[0].minutes
    shares = [burst_share(minutes, cells) for cells in corner_cells()]
    return Measured(fmean(shares), min(shares), max(shares))


def most_kill() -> float:
    """Upper bound of `kill` (per mg/ml and minute), from a dose that left colonies of cells that were not swollen."""
    dose = not_enough()
    return no_survivor().decades_low * log(10.0) / (dose.mg_ml * dose.minutes)


def least_opening() -> Measured:
    """How many times more the swelling must let in (1 + gain * stretch, mean over the cisplatin step) for the paper's
    steps to leave no survivor, `kill` at its upper bound. Value and greatest: the fewest and the most decades without
    any bursting; least: the fewest decades after the most bursting.
    """
    _, drug = protocol_steps()
    alone = most_kill() * drug.cisplatin_mg_ml * drug.minutes
    none = no_survivor()
    burst = -log1p(-burst_by_water().high)
    low = (none.decades_low * log(10.0) - burst) / alone
    high = none.decades_high * log(10.0) / alone
    return Measured(none.decades_low * log(10.0) / alone, low, high)


def physical_rates() -> Measured:
    """Bounds of k per minute from permeability, radius and osmotic pressure: 3 Lp pi / r."""
    bounds = rinse_bounds()
    lp, radius, pressure = (bounds[name] for name in ("permeability_um_min_atm", "radius_um", "osmotic_pressure_atm"))
    low, high = 3.0 * lp.low * pressure.low / radius.high, 3.0 * lp.high * pressure.high / radius.low
    return Measured(10.0 ** (0.5 * (log10(low) + log10(high))), low, high)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaterCheck:
    """A published share of burst cells beside what the bounds allow; nothing was fitted to it."""

    id: str
    says: str
    measured_share: float
    least_share: float
    most_share: float
    source: str
    checked: str


def against_water() -> tuple[WaterCheck, ...]:
    """Other cells in water beside the model."""
    return tuple(water_check(row) for row in rinse_checks())


def water_check(row: RinseCheck) -> WaterCheck:
    shares = [burst_share(row.minutes, cells, row.osmolality_share) for cells in corner_cells()]
    return WaterCheck(
        id=row.id,
        says=row.says,
        measured_share=row.burst_share,
        least_share=min(shares),
        most_share=max(shares),
        source=row.source,
        checked=row.checked,
    )
