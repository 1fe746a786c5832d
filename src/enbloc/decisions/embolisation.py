"""Which segmental arteries to close before the operation, and which to leave because they may feed the cord."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from enbloc.case import VesselFacts
from enbloc.core.levels import Level, are_neighbours
from enbloc.decisions.advice import LeftOut
from enbloc.knowledge import decision_head

TABLE = "embolisation"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Levels to embolise, levels the rule would close but the proposal leaves, and every level that loses its arteries
    before the operation or in it. `feeder` is what is known about the arteries to the cord.
    """

    levels: tuple[Level, ...]
    left_out: tuple[LeftOut, ...]
    closed: tuple[Level, ...]
    feeder: str


@cache
def risk_zone() -> frozenset[Level]:
    return frozenset(map(Level, decision_head(TABLE)["risk_zone"]))


def propose(operated: tuple[Level, ...], vessels: VesselFacts) -> Proposal:
    """The operated levels with a neighbour above and below; a level whose artery feeds the cord is left out."""
    wanted = reach(operated)
    feeders = cord_levels(vessels)
    left = [(level, left_out_because(level, feeders)) for level in wanted]
    levels = tuple(level for level, reason in left if reason is None)
    closed = tuple(level for level in wanted if level in levels or (level in operated and level.in_scope))
    return Proposal(
        levels=levels,
        left_out=tuple(LeftOut(level.value, reason) for level, reason in left if reason is not None),
        closed=closed,
        feeder=what_is_known(wanted, feeders),
    )


@cache
def reach(operated: tuple[Level, ...]) -> tuple[Level, ...]:
    """The operated levels and as many neighbours above and below as the table says, cranial first."""
    found = set(operated)
    for _ in range(decision_head(TABLE)["neighbours"]):
        found |= {near for level in found for near in next_to(level, found)}
    return tuple(level for level in Level if level in found)


def next_to(level: Level, named: set[Level]) -> tuple[Level, ...]:
    """The levels above and below that every spine has, or that the case names."""
    above = [near for near in Level if near.rank < level.rank and are_neighbours(near, level)]
    below = [near for near in Level if near.rank > level.rank and are_neighbours(near, level)]
    return tuple(usual(side, named) for side in (above, below) if side)


def usual(candidates: list[Level], named: set[Level]) -> Level:
    """A supernumerary level only where the case names it."""
    there = [level for level in candidates if level in named]
    return (there or [level for level in candidates if level not in (Level.T13, Level.L6, Level.L7, Level.S1)])[0]


def cord_levels(vessels: VesselFacts) -> dict[str, list[str]] | None:
    """Sides of the arteries to the cord by level; None when nobody looked."""
    if vessels.cord_feeders is None and vessels.adamkiewicz is None:
        return None
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys((*(vessels.cord_feeders or ()), *filter(None, (vessels.adamkiewicz,)))):
        level, _, side = name.rpartition("-")
        found.setdefault(level, []).append(side)
    return found


def left_out_because(level: Level, feeders: dict[str, list[str]] | None) -> str | None:
    if not level.in_scope:
        return "no thoracic or lumbar segmental artery at this level"
    if feeders and level.value in feeders:
        return f"the artery on the {' and '.join(feeders[level.value])} feeds the cord"
    return None


def what_is_known(wanted: tuple[Level, ...], feeders: dict[str, list[str]] | None) -> str:
    """The value of the fact `feeder`."""
    if feeders is not None:
        return "closed-by-plan" if any(level.value in feeders for level in wanted) else "elsewhere"
    return "not-known-in-risk-zone" if any(level in risk_zone() for level in wanted) else "not-known"
