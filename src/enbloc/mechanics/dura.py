"""The dural sac as a thin round tube over the gap, fixed above and below: when it wrinkles, how far it bulges.

Wrinkling strain of an ideal thin tube in compression: t / (R sqrt(3 (1 - nu^2))); a half sine wave of height A over
length L is longer than L by pi^2 A^2 / (4 L) where A is small against L. Every parameter is assumed.
"""

from __future__ import annotations

from math import pi, sqrt

from enbloc.core.evidence import Measured, Step
from enbloc.knowledge.shortening_tables import dura_parameters, dura_statements
from enbloc.mechanics.shortening_nouns import DuralSlack


def wrinkling_strain(thickness_mm: float, radius_mm: float, poisson: float) -> float:
    """Classical buckling strain of a thin tube pressed along its axis; independent of its stiffness."""
    return thickness_mm / (radius_mm * sqrt(3.0 * (1.0 - poisson**2)))


def bulge_mm(length_mm: float, excess_mm: float) -> float:
    """Height of a half sine wave that takes up `excess_mm` over `length_mm`; 0 without excess."""
    return (2.0 / pi) * sqrt(length_mm * max(excess_mm, 0.0))


def slack_strain() -> Measured:
    """Shortening per free length at which the sac wrinkles: its stretch in place and the wrinkling strain."""
    p = dura_parameters()
    place, share = p["strain_in_place"], p["knock_down"]
    thick, radius, nu = p["thickness_mm"], p["radius_mm"], p["poisson"]
    return Measured(
        place.value + share.value * wrinkling_strain(thick.value, radius.value, nu.value),
        place.low + share.low * wrinkling_strain(thick.low, radius.high, nu.low),
        place.high + share.high * wrinkling_strain(thick.high, radius.low, nu.high),
    )


def dural_slack(free_length_mm: Measured, planned_mm: float | None) -> DuralSlack:
    """Slack and bulge over a free length, mm. Raises ValueError unless the length is above zero."""
    if not free_length_mm.low > 0.0:
        raise ValueError(f"{free_length_mm.low:g} mm is no free length")
    strain = slack_strain()
    onset = Measured(
        strain.value * free_length_mm.value, strain.low * free_length_mm.low, strain.high * free_length_mm.high
    )
    excess = amplitude = None
    if planned_mm is not None:
        excess = Measured(*(max(planned_mm - mm, 0.0) for mm in (onset.value, onset.high, onset.low)))
        amplitude = Measured(
            bulge_mm(free_length_mm.value, excess.value),
            bulge_mm(free_length_mm.low, excess.low),
            bulge_mm(free_length_mm.high, excess.high),
        )
    return DuralSlack(
        free_length_mm=free_length_mm,
        onset_mm=onset,
        excess_mm=excess,
        amplitude_mm=amplitude,
        because=assumptions(),
    )


def assumptions() -> tuple[Step, ...]:
    """Every statement and number that the estimate rests on."""
    said = (Step(f"dura/{row.id}", (), row.says, row.first_source, row.checked) for row in dura_statements())
    numbers = (
        Step(f"dura/{row.id}", (f"{row.low:g} to {row.high:g}",), row.says, row.source, row.checked)
        for row in dura_parameters().values()
    )
    return (*said, *numbers)
