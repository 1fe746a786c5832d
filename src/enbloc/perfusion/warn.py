"""What must be said beside an embolisation plan, and why an artery is left open."""

from __future__ import annotations

from collections.abc import Iterator

from enbloc.core.evidence import Caveat
from enbloc.knowledge.perfusion_tables import planner, sentences, vascularity, vascularity_dissent
from enbloc.perfusion.column import Site
from enbloc.perfusion.nouns import Occlusion, PressureEffect, Verdict
from enbloc.perfusion.request import Request, artery, risk_zone
from enbloc.perfusion.studied import apart, touched_levels, verdict_of, verdict_row


def left_open_because(request: Request, site: Site) -> str | None:
    """Why the plan does not close an artery that the rule would close."""
    if site not in request.left_open():
        return None
    said = planner("feeder")
    if site in request.beside_feeders():
        return str(said["beside"])
    if site in request.resected_sites:
        return f"feeds the cord; {said['unknown_at_resected']}"
    return str(said["left_open"])


def feeder_known(request: Request) -> str:
    """What is known of the cord's feeders: `not-known`, `not-known-in-risk-zone`, `closed-by-plan` (or it would be),
    `elsewhere`.
    """
    if request.feeders is None:
        zone = risk_zone()
        return "not-known-in-risk-zone" if any(level in zone for level, _ in request.wanted) else "not-known"
    met = {*request.wanted, *request.resected_sites} & set(request.feeders)
    return "closed-by-plan" if met else "elsewhere"


def angiography_required(request: Request) -> bool:
    return feeder_known(request) in ("not-known-in-risk-zone", "closed-by-plan")


def warnings_of(request: Request, outside: str | None, pressure: PressureEffect | None) -> tuple[Caveat, ...]:
    return (
        *number_of_levels(request, outside),
        *feeders(request),
        *ends(request),
        *way_of_closing(request),
        *what_is_assumed(request),
        *pressures(pressure),
    )


def number_of_levels(request: Request, outside: str | None) -> Iterator[Caveat]:
    levels = touched_levels(request.levels, {*request.wanted, *request.resected_sites})
    row = verdict_row(len(levels))
    if row is not None and verdict_of(len(levels)) is not Verdict.AS_PUBLISHED:
        yield Caveat(row.id, row.says)
    if outside is not None:
        yield Caveat("outside-what-was-studied", outside)
    yield from apart(touched_levels(request.levels, request.closed()))
    one_sided = [level for level in levels if len({side for name, side in request.closed() if name == level}) == 1]
    if one_sided:
        text = f"{', '.join(one_sided)}: one side stays open; every experiment closed both"
        yield Caveat("one-side-open", text)


def feeders(request: Request) -> Iterator[Caveat]:
    said = planner("feeder")
    if angiography_required(request):
        yield Caveat("angiography-required", said["angiography"])
    for site in request.left_open():
        if site not in request.beside_feeders() and site not in request.resected_sites:
            yield Caveat("feeder-left-open", f"{artery(site)} {said['left_open']}")
    for site in request.feeders or ():
        if site in request.resected_sites:
            yield Caveat("feeder-at-resected-level", f"{artery(site)} feeds the cord; {said['unknown_at_resected']}")
        elif site in request.embolised():
            yield Caveat("closes-a-feeder", f"{artery(site)} feeds the cord and is closed because that was asked for")


def ends(request: Request) -> Iterator[Caveat]:
    closed = {level for level, _ in request.embolised()}
    for row in sentences("end"):
        met = [level for level in request.levels if level in closed and level in row.levels]
        if met:
            yield Caveat(row.id, f"{', '.join(met)}: {row.says}")


def way_of_closing(request: Request) -> Iterator[Caveat]:
    if request.occlusion is Occlusion.PARTICLES:
        yield Caveat("particles-reach-further", planner("particles")["says"])


def what_is_assumed(request: Request) -> Iterator[Caveat]:
    yield Caveat("dog-to-human", f"computed from dogs: {planner('transfer')['says']}")
    row = vascularity(request.histology)
    if row.id != "usual":
        yield Caveat(f"vascularity-{row.id}", f"{row.says}; against it: {vascularity_dissent()}")


def pressures(effect: PressureEffect | None) -> Iterator[Caveat]:
    if effect is None:
        return
    if effect.outside:
        yield Caveat("pressure-outside-what-was-studied", effect.outside)
    if effect.dissent:
        yield Caveat("hypotension-adds", effect.dissent)
