"""What is said of blood loss: the nouns."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.evidence import Caveat, Measured, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodShare:
    """One part of the mean loss: `arterial` (falls with the vertebra's flow), `epidural` (what glue stops), `other`."""

    id: str
    title: str
    ml: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodFactor:
    """What was known of one influence and how far it moves the mean; `known` False: the range holds all its values."""

    id: str
    title: str
    known: bool
    range: Measured
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BloodLoss:
    """Expected blood loss of one operation, never a point alone.

    `mean_ml`: mean of such operations, from the least to the greatest that the unknown leaves. `blood_loss_ml`: one
    operation, 5 to 95 % of a lognormal spread, the unknown laid out evenly; its value is the mean. `shares` add up
    to `mean_ml`.
    """

    blood_loss_ml: Measured
    mean_ml: Measured
    shares: tuple[BloodShare, ...]
    spread_cv: float
    factors: tuple[BloodFactor, ...]
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesCheck:
    """A published series beside the prediction. `plain_ml`: the paper's patient with that much embolisation, glue
    unknown; `predicted_ml`: everything else unknown as well. `inside`, `inside_plain`: its centre lies in those
    ranges of means.
    """

    series: str
    title: str
    says: str
    measured_ml: float
    plain_ml: Measured
    predicted_ml: Measured
    inside_plain: bool
    inside: bool
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TailCheck:
    """How often a bound was passed, and how often the spread passes it about the paper's mean."""

    says: str
    above_ml: float
    measured_share: float
    predicted_share: float
    source: str
    checked: str
