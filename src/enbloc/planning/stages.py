"""A plan, stage by stage: a pure function of case, imaging and settings, with the shipped knowledge."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from enbloc import __version__
from enbloc.anatomy import Spine
from enbloc.case import Case, StatedExtent
from enbloc.core.errors import LabelError
from enbloc.core.evidence import Progress, Skipped, silent
from enbloc.core.volume import Imaging
from enbloc.decisions import Policy, published_outcomes, recommend
from enbloc.knowledge import escc_grades, escc_range, knowledge_sha256
from enbloc.knowledge.escc import SCORE as EPIDURAL
from enbloc.planning.blood import PerfusionFindings, find_perfusion
from enbloc.planning.caveats import blood_warnings, warnings
from enbloc.planning.findings import find_around, find_compartments, sizing_of, spine_findings, tumour_findings
from enbloc.planning.plan import Drawing, Manifest, Plan
from enbloc.planning.resecting import find_resection
from enbloc.planning.revise import revise
from enbloc.planning.shortening import find_shortening
from enbloc.resection.nouns import Resection
from enbloc.resection.settings import ResectionSettings
from enbloc.scores import evaluate_all
from enbloc.tumour import EpiduralFindings, Extent, Stability


@dataclass(frozen=True, slots=True)
class Settings(Policy):
    """What a user may choose about the computation: which of several published readings decides, and the search for
    cuts. `perfusion`: whether the flow of blood is followed; cohorts may do without.
    """

    resection: ResectionSettings = field(default_factory=ResectionSettings)
    perfusion: bool = True


TURNED_OFF = Skipped("left out by the settings")
Located = Callable[[Drawing, Extent | Skipped], None]
"""Called with what the plan will hold as its drawing, and with the extent of the tumour in it."""


def untold(drawing: Drawing, extent: Extent | Skipped) -> None:
    """The listener that does nothing."""


def plan(
    case: Case,
    imaging: Imaging | None = None,
    settings: Settings = Settings(),
    progress: Progress = silent,
    located: Located = untold,
) -> Plan:
    """The plan for `case`; without `imaging`, from what the case states.

    `located` is called once before any cut is sought, and not at all without images: what needs no cuts may begin then.
    Raises LabelError when the labels cannot be those of a spine. Same arguments, same plan.
    """
    spine = find_spine(imaging, progress)
    with ThreadPoolExecutor(1) as meanwhile:
        measuring = meanwhile.submit(sizing_of(spine))
        closed = find_compartments(spine, progress)
        extent = find_extent(case.extent, imaging, spine, progress)
        around = find_around(imaging, spine, closed, measuring.result, extent, progress)
        sizes = measuring.result()
    drawing = Drawing(imaging, spine, around.contacts) if imaging and isinstance(spine, Spine) else None
    if drawing is not None:
        located(drawing, extent)
    tumour = tumour_findings(extent, around)
    scores = evaluate_all(case, extent, measured_answers(extent, around.stability, around.epidural))
    advice = recommend(case, extent, scores, settings)
    resection = find_resection(
        case, imaging, spine, extent, advice, settings.resection, around.contacts, progress=progress
    )
    revised = revise(case, extent, scores, advice, resection, settings)
    perfusion = find_perfusion(case, extent, advice, resection, progress) if settings.perfusion else TURNED_OFF
    shortening = find_shortening(case, extent, advice, resection, sizes, perfusion)
    said = (
        *warnings(case, imaging, spine, sizes, tumour, scores, advice, resection, revised),
        *blood_warnings(perfusion, shortening),
    )
    return Plan(
        case=case,
        manifest=manifest(imaging, settings, resection, perfusion),
        spine=spine_findings(spine, sizes, closed),
        tumour=tumour,
        scores=scores,
        advice=advice,
        outcomes=published_outcomes(case, scores),
        revised=revised,
        resection=resection,
        perfusion=perfusion,
        shortening=shortening,
        mechanics=later("the mechanics stage"),
        warnings=tuple(dict.fromkeys(said)),
        drawing=drawing,
    )


def later(stage: str) -> Skipped:
    return Skipped(f"not built yet: arrives with {stage}")


def find_spine(imaging: Imaging | None, progress: Progress) -> Spine | Skipped:
    if imaging is None:
        return Skipped("no images were given")
    from enbloc.anatomy import locate

    progress("finding the vertebrae")
    with naming_files(imaging):
        return locate(imaging, progress)


def find_extent(
    stated: StatedExtent, imaging: Imaging | None, spine: Spine | Skipped, progress: Progress
) -> Extent | Skipped:
    """From the mask where there is one, else from [extent]."""
    from enbloc.tumour import from_statement, measure

    if isinstance(spine, Spine) and imaging is not None and imaging.tumour is not None:
        progress("measuring the tumour")
        with naming_files(imaging):
            return measure(spine, stated)
    if stated.says_where:
        return from_statement(stated)
    return Skipped("there is no tumour mask, and [extent] does not say where the tumour is")


def measured_answers(
    extent: Extent | Skipped, stability: Stability | Skipped, epidural: EpiduralFindings | Skipped
) -> dict[str, dict[str, tuple[str, ...]]]:
    """What the images say of the items of instruments: SINS at the level that holds most tumour, the epidural grade at
    the worst one.
    """
    found = {}
    if not isinstance(extent, Skipped) and not isinstance(stability, Skipped):
        found[f"{stability.instrument}-{stability.edition}"] = stability_answers(extent, stability)
    if not isinstance(epidural, Skipped):
        found[EPIDURAL] = epidural_answers(epidural)
    return found


def stability_answers(extent: Extent, stability: Stability) -> dict[str, tuple[str, ...]]:
    found = next((entry for entry in stability.levels if entry.level is extent.index_level), None)
    return {item.id: item.possible for item in found.items if item.answer is not None} if found else {}


def epidural_answers(epidural: EpiduralFindings) -> dict[str, tuple[str, ...]]:
    """The grades left open; nothing where those are all."""
    grades = escc_range(epidural.grade.low, epidural.grade.high)
    return {"grade": grades} if len(grades) < len(escc_grades()) else {}


@contextmanager
def naming_files(imaging: Imaging) -> Iterator[None]:
    """Adds the file's name to errors of rooms that see voxels and not files."""
    try:
        yield
    except LabelError as problem:
        role = "tumour" if problem.field == "imaging.tumour" else "labels"
        files = ", ".join(entry.file for entry in imaging.inputs if entry.role == role) or problem.file
        raise LabelError(problem.message, file=files, field=problem.field, hint=problem.hint) from problem


def manifest(
    imaging: Imaging | None,
    settings: Settings,
    resection: Resection | Skipped,
    perfusion: PerfusionFindings | Skipped,
) -> Manifest:
    from enbloc.perfusion.planner import SEED

    seeds, residuals = {}, {}
    if isinstance(resection, Resection):
        seeds["resection.execution"] = resection.execution.seed
    if isinstance(perfusion, PerfusionFindings):
        seeds["perfusion"], residuals["perfusion"] = SEED, perfusion.residual
    return Manifest(
        enbloc_version=__version__,
        knowledge_sha256=knowledge_sha256(),
        inputs=imaging.inputs if imaging is not None else (),
        settings=flat(asdict(settings)),
        seeds=seeds,
        residuals=residuals,
    )


def flat(settings: dict[str, Any], prefix: str = "") -> dict[str, float | int | bool | str]:
    """Settings within settings by dotted names: `resection.tool`. Those left to a table (None) are left out."""
    found: dict[str, float | int | bool | str] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            found |= flat(value, f"{prefix}{name}.")
        elif value is not None:
            found[f"{prefix}{name}"] = value
    return found
