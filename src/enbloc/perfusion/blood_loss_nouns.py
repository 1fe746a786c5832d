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

    `mean_ml`: mean of such operations, its range from what is unknown. `blood_loss_ml`: one operation, 5 to 95 % of a
    lognormal spread about that range; its value is the mean. `shares` add up to `mean_ml`.
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
    """A published series beside the prediction for such patients. `inside`: its centre lies in the range of means."""

    series: str
    title: str
    says: str
    measured_ml: float
    predicted_ml: Measured
    inside: bool
    source: str
    checked: str
