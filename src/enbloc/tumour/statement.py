"""What the case states about the extent, alone or beside a mask. A statement decides; the range keeps both readings
in sight.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from enbloc.case import StatedExtent
from enbloc.core.evidence import Caveat, Step
from enbloc.core.levels import Level, are_neighbours
from enbloc.tumour.classify import ADJACENT, SKIP, TYPE_ZONES, classify
from enbloc.tumour.extent import Extent, Involvement, TomitaType, Zone, ZoneExtent

STATED = "case-statement"


@dataclass(frozen=True, slots=True)
class Features:
    """Features (zones of the decision table, ADJACENT, SKIP) that are certain, that may be, and that the best reading
    holds.
    """

    certain: frozenset[str]
    possible: frozenset[str]
    best: frozenset[str]


def implied(stated: StatedExtent) -> tuple[bool | None, bool | None]:
    """(adjacent vertebra, skip lesion) as stated, or as the stated levels imply; None where neither says."""
    levels = sorted(stated.levels or (), key=lambda level: level.rank)
    touching = any(are_neighbours(a, b) for a, b in pairwise(levels))
    apart = any(not are_neighbours(a, b) for a, b in pairwise(levels))
    adjacent = stated.adjacent_vertebra if stated.adjacent_vertebra is not None else (True if touching else None)
    skip = stated.skip_lesion if stated.skip_lesion is not None else (True if apart else None)
    return adjacent, skip


def stated_features(stated: StatedExtent) -> dict[str, bool]:
    """Every feature that the statement settles, as present or absent."""
    settled: dict[str, bool] = {}
    if stated.zones is not None:
        held = {TYPE_ZONES[Zone(zone)] for zone in stated.zones}
        settled = {zone: zone in held for zone in TYPE_ZONES.values()}
    for name, value in zip((ADJACENT, SKIP), implied(stated), strict=True):
        if value is not None:
            settled[name] = value
    return settled


def from_statement(stated: StatedExtent) -> Extent:
    """The extent of a case without a mask. What was not stated stays open in the range of the type."""
    settled = stated_features(stated)
    held = frozenset(name for name, present in settled.items() if present)
    open_ = frozenset({ADJACENT, SKIP}) - settled.keys()
    if stated.zones is not None or held & {ADJACENT, SKIP}:
        tomita = classify(held, open_, held, left_open_by="the statement")
    elif stated.tomita_type is not None:
        tomita = _type_as_stated(stated.tomita_type)
    else:
        tomita = TomitaType(
            None, None, None, True, (Step("stated extent", ("levels only",), "no type: zones unknown", STATED),)
        )
    levels = tuple(sorted(stated.levels or (), key=lambda level: level.rank))
    index = levels[0] if levels else None
    zones = tuple(
        ZoneExtent(index, Zone(zone), None, None, None, None, Involvement.INVOLVED)
        for zone in stated.zones or ()
        if index is not None
    )
    return Extent(
        basis="stated",
        volume_mm3=None,
        index_level=index,
        levels=levels,
        zones=zones,
        lesions=(),
        adjacent_vertebra=_involvement(settled.get(ADJACENT)),
        skip_lesion=_involvement(settled.get(SKIP)),
        tomita_type=tomita,
        noise="not measured: the extent is stated in the case",
        caveats=_open_questions(settled, tomita),
    )


def _type_as_stated(value: int) -> TomitaType:
    step = Step("type stated in the case", (f"extent.tomita_type = {value}",), f"type {value}", STATED)
    return TomitaType(value, value, value, False, (step,))


def _involvement(present: bool | None) -> Involvement | None:
    return None if present is None else (Involvement.INVOLVED if present else Involvement.FREE)


def _open_questions(settled: dict[str, bool], tomita: TomitaType) -> tuple[Caveat, ...]:
    found = []
    if SKIP not in settled and tomita.value != 7:
        found.append(
            Caveat(
                "skip-not-excluded", "nothing is stated about lesions elsewhere in the column: one would make it type 7"
            )
        )
    if ADJACENT not in settled and tomita.value not in (6, 7):
        found.append(
            Caveat(
                "adjacent-not-stated",
                "nothing is stated about the neighbouring vertebrae: tumour there would make it type 6",
            )
        )
    return tuple(found)


def combine(measured: Features, stated: StatedExtent) -> tuple[Features, tuple[str, ...]]:
    """The features after the statement: it settles what the mask leaves open, and overrules it where they disagree.

    Where they disagree both readings stay allowed, and the disagreement is named in the second result.
    """
    certain, possible, best = set(measured.certain), set(measured.possible), set(measured.best)
    disagreements = []
    for name, present in stated_features(stated).items():
        seen = name in measured.certain or (name in measured.best)
        open_ = name in measured.possible and not seen
        if present and not seen and not open_:
            possible.add(name)
            disagreements.append(f"{name} is stated as involved, the mask shows none")
        elif not present and seen:
            certain.discard(name)
            possible.add(name)
            disagreements.append(f"{name} is stated as free, the mask shows tumour there")
        elif open_:
            possible.discard(name)
            certain |= {name} if present else set()
        best = best | {name} if present else best - {name}
    return Features(frozenset(certain), frozenset(possible), frozenset(best)), tuple(disagreements)


def with_stated_type(tomita: TomitaType, stated: int | None) -> tuple[TomitaType, tuple[Caveat, ...]]:
    """A stated type overrules the measured one; the range covers both."""
    if stated is None or stated == tomita.value:
        return tomita, ()
    text = (
        f"the case states type {stated}, the mask reads as type {tomita.value if tomita.value is not None else 'none'}"
    )
    widened = replace(
        tomita,
        value=stated,
        low=min(stated, tomita.low if tomita.low is not None else stated),
        high=max(stated, tomita.high if tomita.high is not None else stated),
        borderline=True,
        because=(*_type_as_stated(stated).because, *tomita.because),
    )
    return widened, (Caveat("stated-type-disagrees", text),)


def level_disagreement(stated: tuple[Level, ...] | None, measured: tuple[Level, ...]) -> tuple[Caveat, ...]:
    if stated is None or set(stated) == set(measured):
        return ()
    seen = ", ".join(measured) or "none"
    return (Caveat("stated-levels-disagree", f"the case states {', '.join(stated)}, the mask lies in {seen}"),)
