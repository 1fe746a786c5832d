"""The margin class of a cut, of a dissected face, and of several faces together; the rules stand in a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from enbloc.core.evidence import Measured, Step
from enbloc.knowledge import barrier_tissues, margin_rule
from enbloc.resection.nouns import ClassRange, MarginClass, Tissue

CLASSES = tuple(MarginClass)
"""Best first."""
TABLE = "margin-classes"


class Reach(StrEnum):
    """How far tumour has come at a barrier, best first: short of it, to it from inside, beyond it."""

    NOT_REACHED = "not-reached"
    REACHED = "reached"
    PASSED = "passed"


def cut_class(margin: Measured, tumour_mm2: float, tissue: Tissue) -> ClassRange:
    """The class of a sawn face whose kerf keeps `margin` mm from tumour and of which `tumour_mm2` lies in it."""
    facts = {"tumour": _entry(margin, tumour_mm2), "through": tissue.value}
    read = [f"margin {span(margin)} mm", f"mostly through {tissue.value}"]
    if tumour_mm2 > 0.0:
        read.append(f"{tumour_mm2:.0f} mm² of the section in tumour")
    return _ruled("cut", facts, tuple(read))


def _entry(margin: Measured, tumour_mm2: float) -> str:
    entered = margin.value < 0.0 or tumour_mm2 > 0.0
    if margin.high < 0.0:
        return "entered"
    if margin.low > 0.0 and not entered:
        return "clear"
    return "likely-entered" if entered else "barely-clear"


def face_class(
    barrier: str,
    reach: Sequence[Reach],
    encapsulated: bool | None,
    *,
    reading: Reach | None = None,
    entered: bool = False,
    read: Sequence[str] = (),
) -> ClassRange:
    """The class that one barrier gives the face dissected along it.

    `reach`: everything that resolution leaves open, best first, of which `reading` is the one to go by (None: the
    worst). `entered`: tumour has certainly entered the structure behind the barrier. `read`: what was measured, in
    words.
    """
    tissue = barrier_tissues()[barrier]
    strength = tissue.strength or "not-graded"
    facts = {
        "strength": strength,
        "capsule": {True: "yes", False: "no", None: "unknown"}[encapsulated],
        "behind": "entered" if entered else "kept",
    }
    said = (f"{tissue.title}: {strength}", *read)
    ruled = {
        step: _ruled("face", {**facts, "reach": step.value}, (*said, *_capsule(step, encapsulated))) for step in reach
    }
    graded = Step(f"barriers/{barrier}: strength", (), f"{tissue.title}: {strength}", tissue.source, tissue.checked)
    because = [step for each in ruled.values() for step in each.because]
    if Reach.REACHED in reach:
        because.append(graded)
    value = ruled[reach[-1] if reading is None else reading].value
    return ClassRange(value, _ordered(c for each in ruled.values() for c in each.possible), tuple(because))


def _capsule(reach: Reach, encapsulated: bool | None) -> tuple[str, ...]:
    if reach is not Reach.PASSED:
        return ()
    return ({True: "encapsulated", False: "not encapsulated", None: "capsule not stated"}[encapsulated],)


def worst(classes: Sequence[ClassRange]) -> ClassRange:
    """The class of a specimen with these faces: as bad as its worst.

    One face known to be intralesional settles it; else one unknown face leaves it unknown. `because`: the steps of the
    faces that decide. Without any face nothing is known.
    """
    if not classes:
        return ClassRange(None, CLASSES, ())
    values = [each.value for each in classes]
    known = [value for value in values if value is not None]
    value = None if None in values else max(known, key=CLASSES.index)
    if MarginClass.INTRALESIONAL in known:
        value = MarginClass.INTRALESIONAL
    least = max(CLASSES.index(each.possible[0]) for each in classes)
    possible = _ordered(c for each in classes for c in each.possible if CLASSES.index(c) >= least)
    most = max(_badness(each) for each in classes)
    deciding = (step for each in classes if _badness(each) == most for step in each.because)
    return ClassRange(value, possible, tuple(dict.fromkeys(deciding)))


def _badness(each: ClassRange) -> tuple[float, int]:
    """By the reading, an unknown one between marginal and intralesional, then by the worst that is possible."""
    return (1.5 if each.value is None else float(CLASSES.index(each.value)), CLASSES.index(each.possible[-1]))


def _ruled(of: str, facts: Mapping[str, str], read: tuple[str, ...]) -> ClassRange:
    rule = margin_rule(of, facts)
    because = Step(f"{TABLE}/{rule.id}", read, rule.says, rule.source, rule.checked)
    value = None if rule.gives is None else MarginClass(rule.gives)
    return ClassRange(value, tuple(MarginClass(name) for name in rule.possible), (because,))


def _ordered(classes: Iterable[MarginClass]) -> tuple[MarginClass, ...]:
    """Each once, best first."""
    return tuple(sorted(set(classes), key=CLASSES.index))


def span(measured: Measured) -> str:
    """`3.2 (2.2 to 4.2)`, or the number alone where the range is closed."""
    value, low, high = (f"{number:.1f}" for number in (measured.value, measured.low, measured.high))
    return value if low == high else f"{value} ({low} to {high})"
