"""The three phases: thirds of one segment, exact at their ends, and the paper's millimetres against them."""

from __future__ import annotations

from fractions import Fraction

from enbloc.core.errors import KnowledgeError
from enbloc.core.evidence import Measured
from enbloc.knowledge.shortening_tables import PHASES, paper_mm, phase_rows
from enbloc.mechanics.shortening_nouns import PaperRange

THIRD = 3
VERDICTS = ("within", "partly-beyond", "beyond")


def phase_ends() -> tuple[int, int]:
    """In thirds of one segment, where phases 1 and 2 end."""
    first, second = (row.upto_thirds for row in phase_rows()[:2])
    if first is None or second is None:
        raise KnowledgeError("a phase has no end", file=PHASES, field="phase")
    return first, second


def phase_of(planned_mm: float, height_mm: float) -> int:
    """1, 2 or 3. An end belongs to the phase that it ends: a third is phase 1, two thirds are phase 2."""
    first, second = phase_ends()
    if at_most(planned_mm, first, height_mm):
        return 1
    return 2 if at_most(planned_mm, second, height_mm) else 3


def phase_of_part(part: Fraction) -> int:
    """The phase of an exact fraction of one segment."""
    first, second = phase_ends()
    return 1 if THIRD * part <= first else 2 if THIRD * part <= second else 3


def at_most(planned_mm: float, thirds: int, height_mm: float) -> bool:
    """planned <= thirds/3 of height, exact at equality: decimals as read (9.3 of 27.9) or floats (h / 3 of h)."""
    as_floats = planned_mm <= thirds * height_mm / THIRD  # as `third_mm` reckons
    return as_floats or THIRD * as_read(planned_mm) <= thirds * as_read(height_mm)


def as_read(number: float) -> Fraction:
    """The decimal fraction that a number is written as."""
    return Fraction(repr(float(number)))


def possible_phases(planned_mm: float, height_mm: Measured) -> tuple[int, ...]:
    """Every phase that some height in the range gives."""
    return tuple(range(phase_of(planned_mm, height_mm.high), phase_of(planned_mm, height_mm.low) + 1))


def third_mm(thirds: int, height_mm: Measured) -> Measured:
    """So many thirds of a height."""
    return Measured(*(thirds * mm / THIRD for mm in (height_mm.value, height_mm.low, height_mm.high)))


def paper_range(height_mm: Measured) -> PaperRange:
    """The paper's millimetres against this segment's third."""
    low, high, _ = paper_mm()
    first, _ = phase_ends()
    safe = third_mm(first, height_mm)
    verdict = against_third(low, high, height_mm.value)
    best, worst = against_third(low, high, height_mm.high), against_third(low, high, height_mm.low)
    possible = VERDICTS[VERDICTS.index(best) : VERDICTS.index(worst) + 1]
    says = {
        "within": f"the paper's {low:g} to {high:g} mm lie within the third of this segment, {safe.value:.1f} mm",
        "partly-beyond": f"the paper's {low:g} to {high:g} mm clash with the third of this segment: beyond "
        f"{safe.value:.1f} mm they are warning and no longer safe",
        "beyond": f"even the least of the paper's {low:g} to {high:g} mm lies beyond the third of this short segment, "
        f"{safe.value:.1f} mm",
    }[verdict]
    return PaperRange(low_mm=low, high_mm=high, verdict=verdict, possible=possible, says=says)


def against_third(low_mm: float, high_mm: float, height_mm: float) -> str:
    first, _ = phase_ends()
    if at_most(high_mm, first, height_mm):
        return "within"
    return "partly-beyond" if at_most(low_mm, first, height_mm) else "beyond"
