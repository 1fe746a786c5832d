"""A plan, stage by stage: a pure function of case, imaging and settings, with the shipped knowledge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields

from enbloc import __version__
from enbloc.anatomy import BARRIERS, Compartment, Spine
from enbloc.case import Case, StatedExtent, contradictions
from enbloc.core.errors import LabelError
from enbloc.core.evidence import Caveat, Progress, Skipped, silent
from enbloc.core.volume import Imaging
from enbloc.knowledge import knowledge_sha256
from enbloc.planning.plan import Drawing, Manifest, PatchArea, Plan, SpineFindings, TumourFindings
from enbloc.tumour import Contact, Extent, LevelBarriers


@dataclass(frozen=True, slots=True)
class Settings:
    """What a user may choose about the computation. The stages built so far leave nothing to choose."""


def plan(
    case: Case, imaging: Imaging | None = None, settings: Settings = Settings(), progress: Progress = silent
) -> Plan:
    """The plan for `case`; without `imaging`, from what the case states.

    Raises LabelError when the labels cannot be those of a spine. Same arguments, same plan.
    """
    spine = find_spine(imaging, progress)
    compartments = find_compartments(spine, progress)
    extent = find_extent(case.extent, imaging, spine, progress)
    contacts = find_contacts(spine, compartments, extent, progress)
    return Plan(
        case=case,
        manifest=manifest(imaging, settings),
        spine=spine_findings(spine, compartments),
        tumour=tumour_findings(extent, barriers(spine, contacts)),
        scores=later("the decision stages"),
        advice=later("the decision stages"),
        revised=later("the resection stage"),
        resection=later("the resection stage"),
        perfusion=later("the perfusion stage"),
        shortening=later("the perfusion stage"),
        mechanics=later("the mechanics stage"),
        warnings=tuple(dict.fromkeys(warnings(case, imaging, spine, extent))),
        drawing=Drawing(imaging, spine, contacts or ()) if imaging is not None and isinstance(spine, Spine) else None,
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


def find_compartments(spine: Spine | Skipped, progress: Progress) -> tuple[Compartment, ...]:
    if isinstance(spine, Skipped):
        return ()
    from enbloc.anatomy import compartments

    progress("closing the compartments")
    return compartments(spine)


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


def find_contacts(
    spine: Spine | Skipped, compartments: tuple[Compartment, ...], extent: Extent | Skipped, progress: Progress
) -> tuple[Contact, ...] | None:
    """None where no tumour was measured."""
    if isinstance(spine, Skipped) or isinstance(extent, Skipped) or extent.basis == "stated":
        return None
    from enbloc.tumour import contacts

    progress("laying the tumour against the barriers")
    return contacts(spine, compartments)


def barriers(spine: Spine | Skipped, contacts: tuple[Contact, ...] | None) -> tuple[LevelBarriers, ...] | Skipped:
    if isinstance(spine, Skipped):
        return Skipped("no images were given")
    if contacts is None:
        return Skipped("there is no tumour mask to lay against the barriers")
    from enbloc.tumour import barrier_findings

    return barrier_findings(spine, contacts)


@contextmanager
def naming_files(imaging: Imaging) -> Iterator[None]:
    """Adds the file's name to errors of rooms that see voxels and not files."""
    try:
        yield
    except LabelError as problem:
        role = "tumour" if problem.field == "imaging.tumour" else "labels"
        files = ", ".join(entry.file for entry in imaging.inputs if entry.role == role) or problem.file
        raise LabelError(problem.message, file=files, field=problem.field, hint=problem.hint) from problem


def spine_findings(spine: Spine | Skipped, compartments: tuple[Compartment, ...]) -> SpineFindings | Skipped:
    if isinstance(spine, Skipped):
        return spine
    x, y, z = (float(step) for step in spine.grid.spacing_mm)
    return SpineFindings(
        levels=spine.vertebrae,
        grid_spacing_mm=(x, y, z),
        no_go_basis=spine.no_go_basis,
        structures=spine.structures,
        morphometry=later("anatomy in depth"),
        compartments=tuple(patch_areas(compartments)),
    )


def patch_areas(compartments: tuple[Compartment, ...]) -> Iterator[PatchArea]:
    for compartment in compartments:
        areas = ((barrier, compartment.area_mm2(barrier)) for barrier in BARRIERS)
        yield from (PatchArea(compartment.level, barrier, area) for barrier, area in areas if area > 0.0)


def tumour_findings(
    extent: Extent | Skipped, barriers: tuple[LevelBarriers, ...] | Skipped
) -> TumourFindings | Skipped:
    if isinstance(extent, Skipped):
        return extent
    return TumourFindings(
        **{field.name: getattr(extent, field.name) for field in fields(Extent)},
        barriers=barriers,
        wbb=later("anatomy in depth"),
        epidural=later("anatomy in depth"),
        vessels=later("anatomy in depth"),
    )


def warnings(case: Case, imaging: Imaging | None, spine: Spine | Skipped, extent: Extent | Skipped) -> Iterator[Caveat]:
    """Every caveat of every stage, in the order of the stages."""
    yield from contradictions(case)
    if imaging is not None:
        yield from (Caveat(name, text) for name, text in imaging.notes)
    if isinstance(spine, Spine):
        yield from spine.caveats
        yield from out_of_view(case, spine)
        yield from (caveat for vertebra in spine.vertebrae for caveat in vertebra.caveats)
    if isinstance(extent, Extent):
        yield from extent.caveats


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
