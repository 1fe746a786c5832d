"""The embolisation planner: which arteries, what that leaves to vertebra and cord, and what else could be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from enbloc.core.evidence import Measured, Step
from enbloc.core.levels import Level
from enbloc.knowledge.perfusion_tables import embolisation_head, perfusion_table, planner, sentences, vascularity
from enbloc.perfusion.column import Interruption
from enbloc.perfusion.nouns import ArteryDrawing, LeftOpen, Occlusion, Perfusion, PressureEffect, Verdict
from enbloc.perfusion.options import Choice, choices, closing, largest_change, options_of, proposes, vertebra_left
from enbloc.perfusion.patient import Outcome, Patient, cord_range, lowest_level, outcomes, patient_of
from enbloc.perfusion.request import Request, artery, read_request
from enbloc.perfusion.response import curve_interruptions, response_curves
from enbloc.perfusion.schematic import draw
from enbloc.perfusion.signals import evoked_potentials, pressure_effect, pressure_interruptions
from enbloc.perfusion.studied import closed_levels, outside_of, touched_levels, verdict_of, verdict_step
from enbloc.perfusion.warn import angiography_required, feeder_known, left_open_because, warnings_of

SEED = 20261128


def perfuse(
    resected: Sequence[Level | str],
    *,
    embolised: Sequence[str] | None = None,
    cord_feeders: Sequence[str] | None = None,
    adamkiewicz: str | None = None,
    systolic_mmhg: float | None = None,
    occlusion: Occlusion | str = Occlusion.PROXIMAL,
    histology: str | None = None,
    close_feeders: bool = False,
    seed: int = SEED,
) -> Perfusion:
    """The embolisation plan for vertebrae that are to be taken, and what it does to their blood and to the cord's.

    `embolised`: arteries to close (`T11-left`, or `T11` for both sides) instead of what the rule closes.
    `cord_feeders`, `adamkiewicz`: arteries that feed the cord, as on angiography; None means nobody looked, an empty
    list that none of the arteries to be closed does. A feeder is left open unless `close_feeders`. `histology`: key of
    the histology table. Raises InputError naming the argument at fault.
    """
    request = read_request(
        resected,
        embolised=embolised,
        cord_feeders=cord_feeders,
        adamkiewicz=adamkiewicz,
        systolic_mmhg=systolic_mmhg,
        occlusion=occlusion,
        histology=histology,
        close_feeders=close_feeders,
    )
    patient = patient_of(request, tumour_factor(request), seed)
    return plan_of(request, patient, computed(request, patient))


@dataclass(frozen=True, slots=True)
class Computed:
    """Everything the samples were asked, in one pass."""

    plan: Outcome
    after: Outcome
    tried: list[Choice]
    options: list[Outcome]
    pressure: list[Outcome]
    curve: list[Outcome]


def computed(request: Request, patient: Patient) -> Computed:
    tried = choices(request)
    states = [state for one in tried for state in (one.interruption, one.then) if state is not None]
    parts = [
        [plan_interruption(request), after_interruption(request)],
        states,
        pressure_interruptions(request, plan_interruption(request)),
        curve_interruptions(request),
    ]
    found = iter(outcomes(patient, [one for part in parts for one in part]))
    plan, options, pressure, curve = [[next(found) for _ in part] for part in parts]
    return Computed(plan[0], plan[1], tried, options, pressure, curve)


def plan_interruption(request: Request) -> Interruption:
    """Closed by embolisation or tied in the operation."""
    return closing(request, request.embolised())


def after_interruption(request: Request) -> Interruption:
    """The same with the vessels along the roots of the taken levels gone."""
    plan = plan_interruption(request)
    return Interruption(closed=plan.closed, distal=plan.distal, feeders=request.resected_sites)


def tumour_factor(request: Request) -> Measured:
    row = vascularity(request.histology)
    return Measured(row.factor, row.low, row.high)


def levels_met(request: Request) -> tuple[str, ...]:
    """Levels with an artery that the rule or the request closes, or that the operation ties."""
    return touched_levels(request.levels, {*request.wanted, *request.resected_sites})


def levels_closed(request: Request) -> tuple[str, ...]:
    """Levels with an artery that is closed in fact: the feeders' levels are left open."""
    return touched_levels(request.levels, request.closed())


def plan_of(request: Request, patient: Patient, found: Computed) -> Perfusion:
    verdict = verdict_of(len(levels_met(request)))
    proposed = proposes(request)
    outside = why_no_flow(request, proposed)
    pressure = pressure_of(request, patient, found, outside)
    cord, vertebra = cord_range(patient, found.plan), vertebra_left(request, patient, found.plan)
    options = options_of(request, patient, None if outside else found.plan, found.tried, found.options)
    closed = closed_levels(request.levels, request.closed())
    return Perfusion(
        resected=request.resected,
        embolised=tuple(map(artery, request.embolised())) if proposed else (),
        occlusion=request.occlusion,
        left_open=tuple(LeftOpen(artery(site), left_open_because(request, site) or "") for site in request.left_open()),
        closed_levels=tuple(map(Level, closed)) if proposed else (),
        verdict=verdict,
        angiography_required=angiography_required(request),
        feeder=feeder_known(request),
        vertebra_flow_pct=None if outside else vertebra.value,
        vertebra_flow_ci_pct=None if outside else (vertebra.low, vertebra.high),
        cord_flow_pct=None if outside else cord.value,
        cord_flow_ci_pct=None if outside else (cord.low, cord.high),
        cord_flow_at=None if outside else Level(lowest_level(patient, found.plan)),
        after_resection_cord_flow_pct=None if outside else cord_range(patient, found.after),
        outside=outside,
        tumour_factor=tumour_factor(request),
        tumour_inflow_pct=None if outside else scaled(vertebra, tumour_factor(request)),
        evoked_potentials=evoked_potentials(
            patient, None if outside else found.plan, len((levels_closed if proposed else levels_met)(request))
        ),
        pressure=pressure,
        because=(*because(request, verdict), *([] if outside else [computed_step(request, vertebra, cord)])),
        warnings=warnings_of(request, outside, pressure),
        why_three=why_three(),
        options=options,
        largest_change=largest_change(options),
        response=response_curves(request, patient, found.curve),
        schematic=drawn(request, patient, found.plan if proposed else None),
        residual=max(one.residual for one in (found.plan, *found.options, *found.curve)),
    )


def drawn(request: Request, patient: Patient, plan: Outcome | None) -> ArteryDrawing:
    """With nothing closed where nothing is proposed."""
    return draw(request, patient, Interruption() if plan is None else plan_interruption(request), plan)


def why_no_flow(request: Request, proposed: bool) -> str | None:
    """Why there is no number for the plan; None when there is one."""
    if not proposed:
        met = len(levels_met(request))
        return f"no automatic plan for {met} levels: the options say what each choice would do"
    return outside_of(len(levels_closed(request)))


def pressure_of(request: Request, patient: Patient, found: Computed, outside: str | None) -> PressureEffect | None:
    level = Level(lowest_level(patient, found.plan))
    return pressure_effect(request, patient, found.plan, found.pressure, level, outside)


def scaled(vertebra: Measured, factor: Measured) -> Measured:
    """Flow left to the vertebra with its tumour, in percent of a vertebra's without."""
    return Measured(vertebra.value * factor.value, vertebra.low * factor.low, vertebra.high * factor.high)


def because(request: Request, verdict: Verdict) -> tuple[Step, ...]:
    head = embolisation_head()
    taken, met = ", ".join(request.resected), levels_met(request)
    steps = []
    if not request.asked:
        gives = f"{', '.join(met)}: what is taken and {head['neighbours']} level at each end, both sides"
        steps.append(Step("embolisation/neighbours", (f"taken: {taken}",), gives, head["source"], head["checked"]))
    if verdict is not Verdict.UNKNOWN:
        steps.append(verdict_step(len(met)))
    feeder = planner("feeder")
    if angiography_required(request):
        steps.append(
            Step("planner/feeder", (feeder_known(request),), feeder["angiography"], feeder["source"], feeder["checked"])
        )
    transfer = planner("transfer")
    steps.append(Step("planner/transfer", (), transfer["says"], transfer["source"], transfer["checked"]))
    return tuple(steps)


def computed_step(request: Request, vertebra: Measured, cord: Measured) -> Step:
    closed = closed_levels(request.levels, request.closed())
    gives = f"vertebra {vertebra.value:.0f} % of its flow, cord {cord.value:.0f} % where it is least"
    fit = perfusion_table("parameters")["fit"]
    return Step(
        "perfusion/column", (f"closed on both sides: {', '.join(closed)}",), gives, fit["source"][-1], fit["checked"]
    )


def why_three() -> tuple[Step, ...]:
    return tuple(
        Step(f"planner/why-three/{row.id}", (), row.says, row.first_source, row.checked)
        for row in sentences("why_three")
    )
