"""The nouns of advice: recommendations with their reasons, and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.evidence import Caveat, Step

Answer = str | int | bool
"""A value as the case file would state it."""


@dataclass(frozen=True, slots=True)
class Dissent:
    """What another school, or another reading of the same source, says. `agrees` is None where either side is open."""

    school: str
    action: str
    says: str
    agrees: bool | None
    because: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A fact that is not known: the case field that answers it, and whether any answer would settle the action."""

    field: str
    ask: str
    settles: bool


@dataclass(frozen=True, slots=True)
class Flip:
    """The smallest change of one fact that changes the action: from `from_` (None: not known) to `to` it becomes
    `gives`. `steps` counts how far apart the two values lie.
    """

    field: str
    from_: Answer | None
    to: Answer
    gives: str
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What to do, and why.

    `action` is `unknown` where the facts leave several in `possible`. `strength` is the weakest mark among the rows it
    rests on (`seed`, `primary`, `secondary`, `unverified`), or `open`. `alternatives` are other acceptable actions.
    """

    action: str
    possible: tuple[str, ...]
    strength: str
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]
    dissent: tuple[Dissent, ...]
    missing: tuple[Question, ...]
    alternatives: tuple[str, ...]
    flips: tuple[Flip, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TesVerdict(Recommendation):
    """Total en bloc spondylectomy, and the two verdicts it is made of."""

    by_pathology: str
    by_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginAdvice(Recommendation):
    """The best margin to aim at, and all margins that are within reach whatever the open facts turn out to be."""

    achievable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A level that the rule would close and the proposal leaves open, with the reason."""

    level: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbolisationAdvice(Recommendation):
    """Levels whose segmental arteries to close, on both sides if `bilateral`; None where there is no proposal."""

    levels: tuple[str, ...]
    bilateral: bool | None
    left_out: tuple[LeftOut, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the protocol, from `low` to `high` (equal: one number)."""

    name: str
    low: float
    high: float
    unit: str


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a checklist; `levels` that it is about, none: all."""

    id: str
    says: str
    levels: tuple[str, ...]
    figures: tuple[Figure, ...]
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklist(Recommendation):
    """Lines to go through, in order."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionAdvice(Recommendation):
    """What the paper's outlook says about one further lesion."""

    level: str
    size_mm: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherLesions(Recommendation):
    """Each further lesion by itself; `occult` says what covers the lesions nobody sees."""

    items: tuple[LesionAdvice, ...]
    occult: Item


AnyRecommendation = (
    Recommendation | TesVerdict | MarginAdvice | EmbolisationAdvice | Checklist | LesionAdvice | FurtherLesions
)
"""Any kind of them, with the fields of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The ten recommendations."""

    eligibility: Recommendation
    aim: Recommendation
    surgery: Recommendation
    tes: TesVerdict
    margin: MarginAdvice
    approach: Recommendation
    embolisation: EmbolisationAdvice
    level_checklist: Checklist
    protocol: Checklist
    lesions: FurtherLesions
