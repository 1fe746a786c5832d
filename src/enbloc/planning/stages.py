"""A plan, stage by stage: a pure function of case, imaging and settings, with the shipped knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace

from enbloc import __version__
from enbloc.anatomy import LevelMorphometry, Spine, Vertebra
from enbloc.case import Case, StatedExtent, contradictions
from enbloc.core.errors import LabelError
from enbloc.core.evidence import Caveat, Measured, Progress, Skipped, silent
from enbloc.core.volume import Imaging
from enbloc.decisions import Advice, Policy, recommend
from enbloc.knowledge import knowledge_sha256
from enbloc.planning.plan import Drawing, Manifest, Plan, SpineFindings, TumourFindings
from enbloc.scores import Score, evaluate_all, unlisted_histology
from enbloc.tumour import Extent, Stability

STABILITY_WARNINGS = ("collapse-exactly-half", "density-as-normal-bone")
"""Caveats of stability items that put the item itself, or the mask, in question."""


@dataclass(frozen=True, slots=True)
class Settings(Policy):
    """What a user may choose about the computation: so far which of several published readings decides."""


def plan(
    case: Case, imaging: Imaging | None = None, settings: Settings = Settings(), progress: Progress = silent
) -> Plan:
    """The plan for `case`; without `imaging`, from what the case states.

    Raises LabelError when the labels cannot be those of a spine. Same arguments, same plan.
    """
    spine = find_spine(imaging, progress)
    extent = find_extent(case.extent, imaging, spine, progress)
    sizes = find_sizes(spine, progress)
    stability = find_stability(imaging, spine, extent, sizes, progress)
    scores = evaluate_all(case, extent, measured_answers(extent, stability))
    advice = recommend(case, extent, scores, settings)
    return Plan(
        case=case,
        manifest=manifest(imaging, settings),
        spine=spine_findings(spine, sizes),
        tumour=tumour_findings(extent, stability),
        scores=scores,
        advice=advice,
        revised=later("the resection stage"),
        resection=later("the resection stage"),
        perfusion=later("the perfusion stage"),
        shortening=later("the perfusion stage"),
        mechanics=later("the mechanics stage"),
        warnings=tuple(
            dict.fromkeys(
                [
                    *warnings(case, imaging, spine, sizes, extent, stability),
                    *score_warnings(case, scores),
                    *advice_warnings(advice),
                ]
            )
        ),
        drawing=Drawing(imaging, spine) if imaging is not None and isinstance(spine, Spine) else None,
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


@contextmanager
def naming_files(imaging: Imaging) -> Iterator[None]:
    """Adds the file's name to errors of rooms that see voxels and not files."""
    try:
        yield
    except LabelError as problem:
        role = "tumour" if problem.field == "imaging.tumour" else "labels"
        files = ", ".join(entry.file for entry in imaging.inputs if entry.role == role) or problem.file
        raise LabelError(problem.message, file=files, field=problem.field, hint=problem.hint) from problem


def find_sizes(spine: Spine | Skipped, progress: Progress) -> tuple[LevelMorphometry, ...]:
    if isinstance(spine, Skipped):
        return ()
    from enbloc.anatomy.morphometry import morphometry

    progress("measuring the vertebrae")
    return morphometry(spine)


def spine_findings(spine: Spine | Skipped, sizes: tuple[LevelMorphometry, ...]) -> SpineFindings | Skipped:
    if isinstance(spine, Skipped):
        return spine
    x, y, z = (float(step) for step in spine.grid.spacing_mm)
    known = {one.level: one for one in sizes}
    return SpineFindings(
        levels=tuple(with_canal(vertebra, known.get(vertebra.level)) for vertebra in spine.vertebrae),
        grid_spacing_mm=(x, y, z),
        no_go_basis=spine.no_go_basis,
        structures=spine.structures,
        morphometry=sizes,
    )


def with_canal(vertebra: Vertebra, sizes: LevelMorphometry | None) -> Vertebra:
    """The canal's size as it was measured between bone, so that a plan states one number and not two."""
    width, depth = (None, None) if sizes is None else (sizes.canal_width_mm, sizes.canal_depth_mm)
    return replace(vertebra, canal_width_mm=plain_value(width), canal_depth_mm=plain_value(depth))


def plain_value(size: Measured | None) -> float | None:
    return None if size is None else size.value


def find_stability(
    imaging: Imaging | None,
    spine: Spine | Skipped,
    extent: Extent | Skipped,
    sizes: tuple[LevelMorphometry, ...],
    progress: Progress,
) -> Stability | Skipped:
    if imaging is None or isinstance(spine, Skipped):
        return Skipped("no images were given, and a statement of zones says nothing of heights and density")
    if imaging.tumour is None or isinstance(extent, Skipped):
        return Skipped("there is no tumour mask")
    from enbloc.tumour import stability

    progress("reading the stability items")
    return stability(spine, imaging, extent, sizes)


def measured_answers(extent: Extent | Skipped, stability: Stability | Skipped) -> dict[str, dict[str, tuple[str, ...]]]:
    """What the images say of the items of instruments: SINS at the level that holds most tumour."""
    if isinstance(extent, Skipped) or isinstance(stability, Skipped):
        return {}
    found = next((entry for entry in stability.levels if entry.level is extent.index_level), None)
    items = {item.id: item.possible for item in found.items if item.answer is not None} if found else {}
    return {f"{stability.instrument}-{stability.edition}": items}


def tumour_findings(extent: Extent | Skipped, stability: Stability | Skipped) -> TumourFindings | Skipped:
    if isinstance(extent, Skipped):
        return extent
    return TumourFindings(
        **{field.name: getattr(extent, field.name) for field in fields(Extent)},
        barriers=later("anatomy in depth"),
        wbb=later("anatomy in depth"),
        epidural=later("anatomy in depth"),
        vessels=later("anatomy in depth"),
        stability=stability,
    )


def warnings(
    case: Case,
    imaging: Imaging | None,
    spine: Spine | Skipped,
    sizes: tuple[LevelMorphometry, ...],
    extent: Extent | Skipped,
    stability: Stability | Skipped,
) -> Iterator[Caveat]:
    """Every caveat of every stage, in the order of the stages; what sizes and stability items lack stands beside
    them.
    """
    yield from contradictions(case)
    if imaging is not None:
        yield from (Caveat(name, text) for name, text in imaging.notes)
    if isinstance(spine, Spine):
        yield from spine.caveats
        yield from out_of_view(case, spine)
        yield from (caveat for vertebra in spine.vertebrae for caveat in vertebra.caveats)
    yield from (caveat for one in sizes for caveat in one.caveats if caveat.id == "morphometry-outlier")
    if isinstance(extent, Extent):
        yield from extent.caveats
    if isinstance(stability, Stability):
        yield from (c for row in stability.levels for i in row.items for c in i.caveats if c.id in STABILITY_WARNINGS)


def score_warnings(case: Case, scores: dict[str, Score | Skipped]) -> Iterator[Caveat]:
    yield from unlisted_histology(case)
    for score in scores.values():
        if isinstance(score, Score):
            yield from score.caveats


def advice_warnings(advice: Advice) -> Iterator[Caveat]:
    for field in fields(advice):
        yield from getattr(advice, field.name).caveats


def out_of_view(case: Case, spine: Spine) -> Iterator[Caveat]:
    """Levels that the case names and the label map does not hold: a wrong level, or a wrong patient's images."""
    shown = f"{spine.levels[0]} to {spine.levels[-1]}"
    strangers = [level for level in case.extent.levels or () if level not in spine.levels]
    if strangers:
        text = f"the case states {', '.join(strangers)}, which the label map ({shown}) does not hold"
        yield Caveat("stated-level-not-in-view", text)
    planned = [level for level in case.planned.levels or () if level not in spine.levels]
    if planned:
        text = f"{', '.join(planned)} is planned and not in view: the label map holds {shown}"
        yield Caveat("planned-level-not-in-view", text)


def manifest(imaging: Imaging | None, settings: Settings) -> Manifest:
    return Manifest(
        enbloc_version=__version__,
        knowledge_sha256=knowledge_sha256(),
        inputs=imaging.inputs if imaging is not None else (),
        settings=asdict(settings),
        seeds={},
        residuals={},
    )
