"""Blood loss of one operation: an arterial part that falls with the vertebra's flow, what glue stops, and the rest.

Mean = A phi + G + O, phi the flow left to the vertebra (1: all), G only without glue. A, G and O follow from three
means of the paper: that they are met is no evidence for the model. Single operations spread lognormally about the mean.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, isfinite, log, sqrt
from statistics import NormalDist

from enbloc.core.errors import InputError, nearest
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.knowledge.blood_loss_tables import (
    SeriesRow,
    blood_series,
    blood_tails,
    factor_rows,
    later_series,
    paper_means,
    paper_pressure_mmhg,
    remark,
    spread,
)
from enbloc.perfusion.blood_loss_nouns import BloodFactor, BloodLoss, BloodShare, SeriesCheck, TailCheck

ONE = Measured(1.0, 1.0, 1.0)
UNKNOWN = "unknown"
HALVINGS = 30
"""Of a span below 5 in the logarithm: to 1e-8."""
Node = tuple[float, float, float, float]
"""What arterial part, glue's part and all are times, and the weight of that."""


@dataclass(frozen=True, slots=True)
class BloodModel:
    """ml: arterial part at full flow, what glue stops, and the rest (what glue leaves and everything else)."""

    arterial_ml: float
    glue_ml: float
    other_ml: float

    def mean_ml(self, flow: float, glue: bool) -> float:
        return self.arterial_ml * flow + (0.0 if glue else self.glue_ml) + self.other_ml


def blood_model() -> BloodModel:
    """The three parameters from the three means."""
    early, glued, closed = (paper_means()[name] for name in ("early", "glue", "embolised"))
    arterial = (glued.ml - closed.ml) / (glued.flow - closed.flow)
    return BloodModel(arterial, early.ml - glued.ml, glued.ml - arterial * glued.flow)


def blood_loss(
    vertebra_flow_fraction: Measured | None,
    *,
    levels: int,
    glue: bool | None = None,
    hypervascular: Measured | None = None,
    approach: str | None = None,
    systolic_mmhg: float | None = None,
) -> BloodLoss:
    """Expected blood loss; what is None is unknown and widens the range.

    `vertebra_flow_fraction`: flow left to the resected vertebrae, 0 to 1; `hypervascular`: what the arterial part is
    times, 1 for the paper's patients; `approach`: as in `advice.approach`. Raises InputError for a flow outside 0 to 1,
    a factor not above 0, less than one level, an approach that does not exist, a pressure that is not above 0.
    """
    check(vertebra_flow_fraction, levels, hypervascular, systolic_mmhg)
    flow = flow_factor(vertebra_flow_fraction)
    stopped = glue_factor(glue)
    arterial_factors = (flow, vascular_factor(hypervascular), pressure_factor(systolic_mmhg))
    all_factors = (approach_factor(approach), levels_factor(levels))
    whole = product([one.range for one in all_factors])
    model = blood_model()
    shares = (
        share("arterial", "arterial bleeding", model.arterial_ml, *(one.range for one in arterial_factors), whole),
        share("epidural", "epidural bleeding that glue stops", model.glue_ml, stopped.range, whole),
        share("other", "the rest, what glue leaves included", model.other_ml, whole),
    )
    mean = Measured(*(sum(getattr(one.ml, end) for one in shares) for end in ("value", "low", "high")))
    factors = (*arterial_factors, stopped, *all_factors)
    ranges = {
        "arterial": [one.range for one in arterial_factors],
        "glue": [stopped.range],
        "all": [one.range for one in all_factors],
    }
    return BloodLoss(
        blood_loss_ml=single_operation(model, mean, ranges),
        mean_ml=mean,
        shares=shares,
        spread_cv=spread().cv,
        factors=factors,
        because=tuple(reasons(factors)),
        caveats=tuple(caveats(levels)),
        missing=tuple(f"{one.title} is not known" for one in factors if not one.known),
    )


def check(flow: Measured | None, levels: int, hypervascular: Measured | None, systolic_mmhg: float | None) -> None:
    if flow is not None and not (flow.low >= 0.0 and flow.high <= 1.0):
        raise InputError(f"{flow.low:g} to {flow.high:g} is no share of flow", field="vertebra_flow_fraction")
    if levels < 1:
        raise InputError("no level is resected", field="levels", hint="at least 1")
    if hypervascular is not None and not (hypervascular.low > 0.0 and isfinite(hypervascular.high)):
        raise InputError(f"{hypervascular.low:g} is no factor", field="hypervascular", hint="above 0")
    most = remark("pressure").most_mmhg
    if systolic_mmhg is not None and not 0.0 < systolic_mmhg <= most:
        raise InputError(
            f"{systolic_mmhg:g} mmHg is no pressure", field="systolic_mmhg", hint=f"above 0, up to {most:g}"
        )


def flow_factor(flow: Measured | None) -> BloodFactor:
    row = remark("unknown_flow")
    return factor(row.id, row.title, flow, (row.low, row.high), row.source, row.checked)


def glue_factor(glue: bool | None) -> BloodFactor:
    row = remark("glue")
    known = None if glue is None else Measured(*(3 * (0.0 if glue else 1.0,)))
    return factor(row.id, row.title, known, (0.0, 1.0), row.source, row.checked)


def vascular_factor(hypervascular: Measured | None) -> BloodFactor:
    row = factor_rows()["hypervascular"]
    return factor(row.id, row.title, hypervascular, row.unknown, row.source, row.checked)


def pressure_factor(systolic_mmhg: float | None) -> BloodFactor:
    """1 up to the paper's pressures; above, between 1 and the ratio. Unknown: as far as a usual pressure."""
    row, (_, most) = remark("pressure"), paper_pressure_mmhg()
    unknown = (1.0, row.usual_mmhg / most)
    ratio = 1.0 if systolic_mmhg is None else max(systolic_mmhg / most, 1.0)
    known = None if systolic_mmhg is None else middle(1.0, ratio)
    return factor(row.id, row.title, known, unknown, row.source, row.checked)


def approach_factor(approach: str | None) -> BloodFactor:
    row = factor_rows()["approach"]
    if approach is not None and approach not in row.known:
        hint = nearest(approach, row.known) or ", ".join(row.known)
        raise InputError(f"{approach!r} is not an approach", field="approach", hint=hint)
    known = None if approach is None else middle(*row.known[approach])
    return factor(row.id, row.title, known, row.unknown, row.source, row.checked)


def levels_factor(levels: int) -> BloodFactor:
    row = remark("levels")
    return factor(row.id, row.title, middle(1.0, float(levels)), (1.0, 1.0), row.source, row.checked)


def factor(
    name: str, title: str, known: Measured | None, unknown: Sequence[float], source: str, checked: str
) -> BloodFactor:
    low, high = unknown
    spanned = middle(low, high) if known is None else known
    return BloodFactor(id=name, title=title, known=known is not None, range=spanned, source=source, checked=checked)


def middle(low: float, high: float) -> Measured:
    """A range with its middle as the value: nothing says which end is nearer."""
    return Measured(0.5 * (low + high), low, high)


def product(factors: Sequence[Measured]) -> Measured:
    """Of ranges that are not below zero."""
    found = ONE
    for one in factors:
        found = Measured(found.value * one.value, found.low * one.low, found.high * one.high)
    return found


def share(name: str, title: str, ml: float, *factors: Measured) -> BloodShare:
    times = product(factors)
    return BloodShare(id=name, title=title, ml=Measured(ml * times.value, ml * times.low, ml * times.high))


def single_operation(model: BloodModel, mean_ml: Measured, factors: Mapping[str, Sequence[Measured]]) -> Measured:
    """One operation: quantiles of the lognormal spread mixed over what is unknown.

    Each range of a factor is laid out as its ends (weight 1/6 each) and its value (2/3), which has the moments of an
    even distribution up to the third where the value is the middle; glue was used or not, so that its ends weigh 1/2.
    """
    row = spread()
    mixture = [(1.0, 1.0, 1.0, 1.0)]
    for part in ("arterial", "glue", "all"):
        for one in factors[part]:
            mixture = [times(entry, part, at, weight) for entry in mixture for at, weight in nodes(one, part)]
    means = [
        ((model.arterial_ml * arterial + model.glue_ml * glue + model.other_ml) * whole, weight)
        for arterial, glue, whole, weight in mixture
    ]
    low, high = (mixed_quantile(means, below, row.cv) for below in (row.low, row.high))
    return Measured(mean_ml.value, min(low, mean_ml.value), max(high, mean_ml.value))


def nodes(range_: Measured, part: str) -> tuple[tuple[float, float], ...]:
    if range_.low == range_.high:
        return ((range_.value, 1.0),)
    if part == "glue":
        return ((range_.low, 1 / 2), (range_.high, 1 / 2))
    return ((range_.low, 1 / 6), (range_.value, 2 / 3), (range_.high, 1 / 6))


def times(entry: Node, part: str, at: float, weight: float) -> Node:
    arterial, glue, whole, before = entry
    if part == "arterial":
        return arterial * at, glue, whole, before * weight
    return (
        (arterial, glue * at, whole, before * weight)
        if part == "glue"
        else (arterial, glue, whole * at, before * weight)
    )


def mixed_quantile(means: Sequence[tuple[float, float]], below: float, cv: float) -> float:
    """The loss that a share `below` stays under, for lognormal spreads about weighted means; by halving in the log."""
    low = log(min(quantile(mean, below, cv) for mean, _ in means))
    high = log(max(quantile(mean, below, cv) for mean, _ in means))
    for _ in range(HALVINGS):
        at = 0.5 * (low + high)
        under = sum(weight * (1.0 - share_above(exp(at), mean, cv)) for mean, weight in means)
        low, high = (at, high) if under < below else (low, at)
    return exp(0.5 * (low + high))


def quantile(mean_ml: float, share_below: float, cv: float) -> float:
    """Of the lognormal distribution with this mean and coefficient of variation (sigma^2 = ln(1 + cv^2))."""
    sigma = sqrt(log(1.0 + cv**2))
    return mean_ml * exp(sigma * NormalDist().inv_cdf(share_below) - 0.5 * sigma**2)


def share_above(bound_ml: float, mean_ml: float, cv: float) -> float:
    """The share of operations that lose more than a bound, by the same distribution."""
    sigma = sqrt(log(1.0 + cv**2))
    return 1.0 - NormalDist().cdf((log(bound_ml / mean_ml) + 0.5 * sigma**2) / sigma)


def reasons(factors: Sequence[BloodFactor]) -> Iterator[Step]:
    for row in paper_means().values():
        yield Step(f"blood-loss/{row.id}", (), f"mean {row.ml:g} ml: {row.says}", row.source, row.checked)
    says = {name: remark(table).says for name, table in TABLES.items()}
    says |= {row.id: row.says for row in factor_rows().values()}
    for one in factors:
        fact = f"{one.title}: " + (f"times {one.range.low:.2g} to {one.range.high:.2g}" if one.known else UNKNOWN)
        yield Step(f"blood-loss/{one.id}", (fact,), says[one.id], one.source, one.checked)
    yield Step("blood-loss/spread", (), spread().says, spread().source, spread().checked)


TABLES = {"flow": "unknown_flow", "glue": "glue", "pressure": "pressure", "levels": "levels"}


def caveats(levels: int) -> Iterator[Caveat]:
    yield Caveat(
        "blood-loss-model-untested",
        "three parameters meet three means of one centre: that they do is no evidence; other series scatter about it",
    )
    yield Caveat("blood-loss-later-is-less", later_series().says)
    yield Caveat(
        "blood-loss-is-a-range",
        "single operations spread widely about the mean: plan for the range",
    )
    if levels > remark("levels").most:
        yield Caveat("blood-loss-outside-what-was-studied", f"{levels} levels: no series tells what to expect")


def against_series() -> tuple[SeriesCheck, ...]:
    """Every published series beside the prediction; nothing was fitted to any of them."""
    return tuple(series_check(row) for row in blood_series())


def series_check(row: SeriesRow) -> SeriesCheck:
    flow = flow_of(row.embolised)
    plain = blood_loss(
        flow, levels=1, hypervascular=ONE, approach="single-posterior", systolic_mmhg=paper_pressure_mmhg()[0]
    )
    open_ = blood_loss(flow, levels=1)
    return SeriesCheck(
        series=row.id,
        title=row.title,
        says=row.says,
        measured_ml=row.measured_ml,
        plain_ml=plain.mean_ml,
        predicted_ml=open_.mean_ml,
        inside_plain=plain.mean_ml.low <= row.measured_ml <= plain.mean_ml.high,
        inside=open_.mean_ml.low <= row.measured_ml <= open_.mean_ml.high,
        source=row.source,
        checked=row.checked,
    )


def flow_of(embolised: str) -> Measured | None:
    """What the words of a series say of the flow that was left; `some` leaves it unknown."""
    closed = paper_means()["embolised"].flow
    return {"none": ONE, "three": Measured(closed, closed, closed)}.get(embolised)


def against_tails() -> tuple[TailCheck, ...]:
    """How often a bound was passed beside the spread about the paper's mean."""
    closed = paper_means()["embolised"]
    return tuple(
        TailCheck(
            says=row.says,
            above_ml=row.above_ml,
            measured_share=row.share,
            predicted_share=share_above(row.above_ml, closed.ml, spread().cv),
            source=row.source,
            checked=row.checked,
        )
        for row in blood_tails()
    )


def spread_of_misses(checks: Sequence[SeriesCheck]) -> float:
    """Root mean square of ln(measured / middle of the plain prediction): 0.69 is a factor of two."""
    return sqrt(sum(log(one.measured_ml / one.plain_ml.value) ** 2 for one in checks) / len(checks))
