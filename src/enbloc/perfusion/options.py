"""Other choices than the plan: one level more, one less, the ends left out, in two sessions, the feeder closed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.levels import Level
from enbloc.knowledge.perfusion_tables import planner, ratios
from enbloc.perfusion.column import Interruption, Site
from enbloc.perfusion.nouns import Occlusion, Option, Verdict
from enbloc.perfusion.patient import Outcome, Patient, cord_range, vertebra_range
from enbloc.perfusion.request import Request, artery
from enbloc.perfusion.studied import apart, closed_levels, outside_of, touched_levels, verdict_of, verdict_step

SINGLE = ("extra-level", "omitted-level")


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An option before it is computed. `then`: the state after a second session, where there is one."""

    id: str
    kind: str
    title: str
    embolised: tuple[Site, ...]
    interruption: Interruption
    then: Interruption | None = None


def choices(request: Request) -> list[Choice]:
    """Every option; those that equal a plan that is proposed are left out."""
    found = [*extra_levels(request), *omitted_levels(request)]
    found += [*closed_feeders(request), *for_many_levels(request)]
    plan = closing(request, request.embolised()) if proposes(request) else None
    return [one for one in found if one.then is not None or one.interruption != plan]


def proposes(request: Request) -> bool:
    """Whether there is a plan to compare with: one that was asked for, or up to four levels."""
    met = touched_levels(request.levels, {*request.wanted, *request.resected_sites})
    return request.asked or verdict_of(len(met)) in (Verdict.AS_PUBLISHED, Verdict.CAUTION)


def closing(request: Request, sites: tuple[Site, ...]) -> Interruption:
    """Closes `sites`, and what the operation ties; particles take spinal branches and feeders of `sites` as well."""
    return Interruption(closed=frozenset(sites) | request.resected_sites, distal=beyond(request, sites))


def beyond(request: Request, sites: tuple[Site, ...]) -> frozenset[Site]:
    """Sites whose spinal branch and feeders are lost with the artery."""
    return frozenset(sites if request.occlusion is Occlusion.PARTICLES else ())


def choice(request: Request, ident: str, kind: str, title: str, sites: tuple[Site, ...]) -> Choice:
    return Choice(id=ident, kind=kind, title=title, embolised=sites, interruption=closing(request, sites))


def extra_levels(request: Request) -> Iterator[Choice]:
    """The next level above and the next below what is closed, on both sides, unless an artery there feeds the cord."""
    touched = touched_levels(request.levels, request.wanted)
    for name, at in (("above", request.levels.index(touched[0]) - 1), ("below", request.levels.index(touched[-1]) + 1)):
        if 0 <= at < len(request.levels) and Level(request.levels[at]).in_scope:
            level = request.levels[at]
            if level not in {feeder for feeder, _ in request.feeders or ()}:
                more = ((level, 0), (level, 1))
                yield choice(request, f"extra-{name}", "extra-level", f"{level} as well", request.embolised() + more)


def omitted_levels(request: Request) -> Iterator[Choice]:
    """Every closed level that is not taken, left open."""
    taken = {level.value for level in request.resected}
    for level in touched_levels(request.levels, request.embolised()):
        if level not in taken:
            rest = tuple(site for site in request.embolised() if site[0] != level)
            yield choice(request, f"without-{level}", "omitted-level", f"without {level}", rest)


def closed_feeders(request: Request) -> Iterator[Choice]:
    """On the levels that the plan leaves open: the side that does not feed the cord closed as well, and both sides.

    Nothing where the operation ties all of them anyway.
    """
    beside = tuple(site for site in request.beside_feeders() if site not in request.resected_sites)
    if beside:
        names = ", ".join(map(artery, beside))
        sites = request.embolised() + beside
        yield choice(request, "beside-the-feeder", "beside-the-feeder", f"{names} closed as well", sites)
    saved = [site for site in request.left_open() if site not in request.resected_sites]
    if saved:
        names = ", ".join(map(artery, saved))
        yield choice(request, "close-the-feeder", "close-the-feeder", f"{names} closed as well", request.wanted)


def for_many_levels(request: Request) -> Iterator[Choice]:
    """With four levels or more: all at once, only the taken levels, and all in two sessions."""
    wanted = touched_levels(request.levels, request.wanted)
    if verdict_of(len(wanted)) is Verdict.AS_PUBLISHED:
        return
    all_of_it = request.embolised()
    own = tuple(site for site in all_of_it if site in request.resected_sites)
    yield choice(request, "all-at-once", "all-at-once", f"{', '.join(wanted)} in one session", all_of_it)
    yield choice(request, "omitted-ends", "omitted-ends", "the taken levels alone, no neighbour", own)
    first = tuple(site for site in all_of_it if wanted.index(site[0]) % 2 == 0)
    regained = dict.fromkeys(first, regained_inflow())
    rest = frozenset(all_of_it) | request.resected_sites
    names = ", ".join(dict.fromkeys(site[0] for site in first))
    yield Choice(
        id="staged",
        kind="staged",
        title=f"in two sessions {planner('staging')['interval_h'] / 24.0:g} days apart, {names} first",
        embolised=all_of_it,
        interruption=Interruption(closed=frozenset(first), distal=beyond(request, first)),
        then=Interruption(closed=rest - frozenset(first), distal=beyond(request, all_of_it), inflow=regained),
    )


def regained_inflow() -> float:
    """Share of its artery's conductance that collaterals have regained at a tied site after the interval of the table.

    In a long column with every artery tied, each replaced by a conductance k, the pressure over the usual one is
    x = k (1 + v) / (k + v) with v the segment's bed, so k = x v / (1 + v - x). What was there at once counts as none.
    """
    said, v = planner("staging"), ratios()["segment_bed"].value
    at = said["hours"].index(said["interval_h"])
    now, first = (said["pressure_mmhg"][i] / said["usual_mmhg"] for i in (at, 0))
    return float(now * v / (1.0 + v - now) - first * v / (1.0 + v - first))


def options_of(
    request: Request, patient: Patient, plan: Outcome | None, tried: list[Choice], found: list[Outcome]
) -> tuple[Option, ...]:
    """`found`: for every choice its outcome, and where there is a second state the outcome of that next."""
    results, made = iter(found), []
    for one in tried:
        first = next(results)
        second = next(results) if one.then is not None else None
        made.append(option_of(request, patient, plan, one, first, second))
    return tuple(made)


def option_of(
    request: Request, patient: Patient, plan: Outcome | None, one: Choice, first: Outcome, second: Outcome | None
) -> Option:
    last = second or first
    closed = closed_levels(request.levels, frozenset(one.embolised) | request.resected_sites)
    count = len(closed)
    outside = outside_of(count)
    cord = min((cord_range(patient, state) for state in (first, second) if state), key=lambda flow: flow.value)
    vertebra = vertebra_left(request, patient, last)
    before = None if plan is None else (vertebra_left(request, patient, plan).value, cord_range(patient, plan).value)
    return Option(
        id=one.id,
        kind=one.kind,
        title=one.title,
        embolised=tuple(map(artery, one.embolised)),
        vertebra_flow_pct=None if outside else vertebra,
        cord_flow_pct=None if outside else cord,
        vertebra_change_pct=None if outside or before is None else vertebra.value - before[0],
        cord_change_pct=None if outside or before is None else cord.value - before[1],
        because=steps_of(one, count),
        warnings=(*warnings_of_option(request, one, count), *apart(closed)),
        outside=outside,
    )


def vertebra_left(request: Request, patient: Patient, state: Outcome) -> Measured:
    """Flow left to the taken vertebrae; with particles anything from none to what coils would leave."""
    found = vertebra_range(patient, state, [level.value for level in request.resected])
    return Measured(found.value, 0.0, found.high) if request.occlusion is Occlusion.PARTICLES else found


def steps_of(one: Choice, count: int) -> tuple[Step, ...]:
    steps = (verdict_step(count),) if count and verdict_of(count) is not Verdict.UNKNOWN else ()
    if one.kind != "staged":
        return steps
    said = planner("staging")
    return (
        *steps,
        *(Step("planner/staging", (), said["says"], source, said["checked"]) for source in said["source"]),
    )


def warnings_of_option(request: Request, one: Choice, count: int) -> tuple[Caveat, ...]:
    found = []
    if count and verdict_of(count) is Verdict.NO_AUTOMATIC_PLAN:
        found.append(Caveat("no-automatic-plan", verdict_step(count).gives))
    if one.kind == "close-the-feeder":
        found.append(Caveat("closes-a-feeder", f"an artery that {planner('feeder')['left_open']}"))
    if one.kind == "extra-level" and request.feeders is None:
        found.append(Caveat("angiography-required", planner("feeder")["angiography"]))
    if one.kind == "staged":
        found.append(Caveat("vertebra-fills-again", planner("staging")["reperfusion"]))
    return tuple(found)


def largest_change(options: tuple[Option, ...]) -> str | None:
    """The option of one level more or less that changes the cord's flow most; of equals the first."""
    single = [one for one in options if one.kind in SINGLE and one.cord_change_pct is not None]
    return max(single, key=lambda one: round(abs(one.cord_change_pct or 0.0), 6)).id if single else None
