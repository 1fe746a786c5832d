"""`enbloc perfuse`: what closing arteries does to vertebra and cord, as sentences. Nothing is decided here."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from enbloc.core.errors import one_line
from enbloc.core.evidence import Measured
from enbloc.core.units import ranged
from enbloc.knowledge import cite
from enbloc.perfusion.blood_loss_nouns import BloodLoss
from enbloc.perfusion.nouns import ExperimentPoint, Option, Perfusion

SCHEMA = "enbloc.perfusion/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says; None leaves it to the case."""

    levels: Sequence[str]
    embolise: Sequence[str] | None
    feeders: Sequence[str] | None
    systolic_mmhg: float | None
    histology: str | None
    particles: bool
    close_feeders: bool


@dataclass(frozen=True, slots=True)
class Perfused:
    """The embolisation plan and the loss of blood."""

    perfusion: Perfusion
    blood_loss: BloodLoss


def perfused(case: str | None, asked: Asked) -> Perfused:
    """From a case, from levels, or from a case with some of its facts put otherwise. Raises InputError."""
    from enbloc.perfusion.nouns import Occlusion
    from enbloc.perfusion.planner import perfuse
    from enbloc.planning.blood import expected_loss, known_feeders

    levels, feeders, systolic_mmhg, histology = asked.levels, asked.feeders, asked.systolic_mmhg, asked.histology
    if case is not None:
        from enbloc.cli.taken import taken_out

        found = taken_out(case, measured=False)
        levels = levels or found.levels
        feeders = known_feeders(found.case.vessels) if feeders is None else feeders
        systolic_mmhg = found.case.planned.systolic_mmhg if systolic_mmhg is None else systolic_mmhg
        histology = histology or found.case.tumour.histology
    plan = perfuse(
        levels,
        embolised=asked.embolise,
        cord_feeders=feeders,
        systolic_mmhg=systolic_mmhg,
        histology=histology,
        occlusion=Occlusion.PARTICLES if asked.particles else Occlusion.PROXIMAL,
        close_feeders=asked.close_feeders,
    )
    return Perfused(plan, expected_loss(plan, histology, systolic_mmhg, None))


def as_json(found: Perfused) -> str:
    from enbloc.planning.document import plain

    document = {
        "schema": SCHEMA,
        "perfusion": plain(found.perfusion, "perfusion"),
        "blood_loss": plain(found.blood_loss, "blood_loss"),
    }
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def sheet(found: Perfused) -> str:
    """The arteries, the flows, pressure, options, loss of blood, reasons, and the experiments."""
    return "\n".join([*lines(found), "", *experiment_lines(found.perfusion.response.experiments)])


def lines(found: Perfused) -> Iterator[str]:
    from enbloc.planning.blood import loss_in_words

    plan = found.perfusion
    yield f"Taking out {', '.join(plan.resected)}"
    yield entry("close", proposal(plan))
    yield from (entry("left open", f"{one.artery}: {one.because}") for one in plan.left_open)
    yield from flow_lines(plan)
    yield from pressure_lines(plan)
    yield from (entry("or", option_text(option)) for option in plan.options)
    loss = found.blood_loss
    mean = ranged(loss.mean_ml, "mL", -2)
    yield entry("blood loss", f"{loss_in_words(loss)}; the mean by what is not known: {mean}")
    yield from (entry("not known", text) for text in loss.missing)
    yield from (entry("note", f"{caveat.id}: {caveat.text}") for caveat in (*plan.warnings, *loss.caveats))
    for step in (*plan.because, *plan.why_three):
        yield entry("because", f"{step.gives} [{cite(step.source)}; {step.checked}]")


def proposal(plan: Perfusion) -> str:
    if plan.left_open and not plan.embolised and plan.verdict != "no-automatic-plan":
        return "nothing: each level that would be closed has an artery that feeds the cord"
    return f"{', '.join(plan.embolised) or 'no proposal'} ({plan.verdict.replace('-', ' ')})"


def flow_lines(plan: Perfusion) -> Iterator[str]:
    if plan.outside is not None:
        yield entry("flow", f"no number: {plan.outside}")
        return
    for name, value, ci in (
        ("vertebra", plan.vertebra_flow_pct, plan.vertebra_flow_ci_pct),
        ("cord", plan.cord_flow_pct, plan.cord_flow_ci_pct),
    ):
        if value is not None and ci is not None:
            at = f" at {plan.cord_flow_at}" if name == "cord" else ""
            yield entry(name, f"{percent(Measured(value, *ci))} of its flow before{at}; a model of dogs")
    if plan.after_resection_cord_flow_pct is not None:
        yield entry("", f"{percent(plan.after_resection_cord_flow_pct)} with the vessels along the cut roots gone")


def pressure_lines(plan: Perfusion) -> Iterator[str]:
    effect = plan.pressure
    if effect is None:
        return
    at = f"at {effect.systolic_mmhg:g} mmHg systolic"
    if effect.cord_flow_pct is not None:
        yield entry("pressure", f"{at} the model leaves {percent(effect.cord_flow_pct)} to the cord")
    yield entry("", f"the paper: {effect.paper_says}")
    if effect.outside is not None:
        yield entry("", effect.outside)


def option_text(option: Option) -> str:
    if option.cord_flow_pct is None or option.vertebra_flow_pct is None:
        return f"{option.title}: {option.outside}"
    flows = f"vertebra {percent(option.vertebra_flow_pct)}, cord {percent(option.cord_flow_pct)}"
    return f"{option.title}: {flows}"


def experiment_lines(points: Sequence[ExperimentPoint]) -> Iterator[str]:
    """Measured beside predicted, in the animal of the experiment; what was fitted is said to be."""
    yield "Experiments beside the model's prediction, in percent of before"
    for point in points:
        sd = "" if point.sd_pct is None else f" (SD {point.sd_pct:.1f})"
        act = f"{point.levels} level{'s' * (point.levels > 1)}, {point.quantity.replace('-', ' ')}"
        found = f"{point.predicted_pct:.0f}, measured {point.measured_pct:g}{sd}"
        yield entry(point.role, f"{point.animal}, {act}: {found} [{cite(point.source)}]", 13)


def percent(found: Measured) -> str:
    return ranged(found, "%")


def entry(name: str, text: str, width: int = 12) -> str:
    return f"  {name:<{width}}{one_line(text)}"
