"""Nouns of what may go wrong in carrying out the cuts: tumour entered by a saw that errs, cells spread by one that does
not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from enbloc.core.evidence import Caveat, Measured, Step


class ChooseBy(StrEnum):
    """What ranks whole plans against each other."""

    MARGIN = "margin"
    PROBABILITY = "probability"


@dataclass(frozen=True, slots=True)
class ExecutionSettings:
    """`guidance`: a row of knowledge/resection/saw_error.toml. `samples` draws of all errors, from `seed`.
    `choose_by`: whether plans are ranked by their margin in mm or by the probability that no cut enters tumour.
    `pitch_mm`: distance of the points that stand for a section. `confidence`: of the binomial intervals.
    """

    guidance: str = "freehand"
    samples: int = 10_000
    seed: int = 20060101
    choose_by: ChooseBy = ChooseBy.MARGIN
    pitch_mm: float = 0.5
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class CutRisk:
    """One cut. `margin_mm`: planned, from the kerf's nearer face to tumour. `no_tumour_probability`: that it stays
    clear, with its binomial interval. `margin_for_95_mm`: the margin with which it would by itself stay clear in 95 %.
    `worst_mm`: the 5th percentile of the margin carried out (negative: depth in tumour).
    """

    name: str
    margin_mm: float
    no_tumour_probability: Measured
    margin_for_95_mm: float
    worst_mm: float


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the variance of the plan's least margin, each cause alone; they add up to 1 (all 0 without error)."""

    systematic: float
    random: float
    label: float


@dataclass(frozen=True, slots=True)
class ExecutionRisk:
    """How likely the plan holds under one `guidance`.

    `no_tumour_cut_probability`: that no cut enters tumour, with the binomial interval of the sampling (which says
    nothing of how well the error table fits this operation); None without cuts. `margin_for_95_mm`: the margin that
    every cut would need for 95 %. `thinning_mm`: by how much at most a cut's margin is overrated by standing points in
    for its section. The SDs are what the draws were made with.
    """

    guidance: str
    samples: int
    seed: int
    cuts: tuple[CutRisk, ...]
    no_tumour_cut_probability: Measured | None
    margin_for_95_mm: float | None
    shares: Shares
    label_shift_mm: float
    label_growth_mm: float
    thinning_mm: float
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """One of several plans, by name, with what it is ranked by."""

    name: str
    margin_mm: float
    no_tumour_cut_probability: Measured


@dataclass(frozen=True, slots=True)
class ArmCheck:
    """One arm of the experiment behind the model: what the model, fitted elsewhere, says, and what was measured.

    Shares of animals with tumour. The number of animals is not known: `for_fewest`, `for_most` are the binomial
    intervals of the measured share on the instrument, for the fewest and the most that the percentages allow for.
    """

    tool: str
    cells: float
    predicted: float
    measured_instrument: float
    measured_surface: float
    for_fewest: Measured
    for_most: Measured


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The model fitted without one arm, and what it predicts for that."""

    tool: str
    alpha: float
    predicted: float
    measured: float


@dataclass(frozen=True, slots=True)
class Contamination:
    """Cells that cuts through tumour spread, and tumour that stays: two different things.

    `cells`: on the tool, scaled from the experiment by `intralesional_area_mm2`; `take_scale`: share of mice in which
    so many cells would grow, 0 without a cut in tumour, None for a tool that was not measured. Never a patient's risk:
    `scale_says` tells what it was fitted to. `residual_mm3`: tumour that leaves with no piece, None unknown. `rinse`:
    rows of decisions/protocol.toml, text of a protocol and no order.
    """

    tool: str
    intralesional_area_mm2: float
    cells: float | None
    take_scale: Measured | None
    scale_says: str
    residual_mm3: float | None
    residual_says: str
    contamination_says: str
    rinse: tuple[str, ...]
    arms: tuple[ArmCheck, ...]
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]
