"""What is measured of spine and tumour, joined into the plan's findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from functools import partial

from enbloc.anatomy import BARRIERS, Compartment, LevelMorphometry, Spine, Vertebra
from enbloc.core.evidence import Measured, Progress, Skipped
from enbloc.core.volume import Imaging
from enbloc.planning.plan import PatchArea, SpineFindings, TumourFindings
from enbloc.tumour import (
    Contact,
    EpiduralFindings,
    Extent,
    LevelBarriers,
    Stability,
    VesselFindings,
    WbbFindings,
)

Sizing = Callable[[], tuple[LevelMorphometry, ...]]
"""Gives the sizes of the vertebrae, at once or when they are measured."""


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """What lies around the tumour, or why nobody looked. `contacts` are for drawing."""

    barriers: tuple[LevelBarriers, ...] | Skipped
    wbb: WbbFindings | Skipped
    epidural: EpiduralFindings | Skipped
    vessels: VesselFindings | Skipped
    stability: Stability | Skipped
    contacts: tuple[Contact, ...] = ()


def sizing_of(spine: Spine | Skipped) -> Sizing:
    """To be called in another thread; its room is loaded here, as two threads that load the same may get stuck."""
    if isinstance(spine, Skipped):
        return tuple
    from enbloc.anatomy.sizes import level_sizes

    return partial(level_sizes, spine)


def find_compartments(spine: Spine | Skipped, progress: Progress) -> tuple[Compartment, ...]:
    if isinstance(spine, Skipped):
        return ()
    from enbloc.anatomy import compartments

    progress("closing the compartments")
    return compartments(spine)


def find_around(
    imaging: Imaging | None,
    spine: Spine | Skipped,
    closed: tuple[Compartment, ...],
    sizes: Sizing,
    extent: Extent | Skipped,
    progress: Progress,
) -> Around:
    """Everything that needs the shape of the tumour: a statement has none. `closed`: the vertebrae's compartments."""
    if imaging is None or isinstance(spine, Skipped):
        return nobody_looked("no images were given")
    if imaging.tumour is None or isinstance(extent, Skipped):
        return nobody_looked("there is no tumour mask")
    from enbloc.tumour import (
        barrier_findings,
        canal_findings,
        clock,
        contacts,
        field_around,
        stability,
        vessel_contacts,
    )

    progress("laying the tumour against the barriers")
    touching = contacts(spine, closed)
    progress("reading clock, canal and vessels")
    field = field_around(spine, imaging.grid)
    wbb, epidural = clock(spine, imaging, extent), canal_findings(spine, imaging, extent, field)
    vessels = vessel_contacts(imaging, field)
    progress("reading the stability items")
    items = stability(spine, imaging, extent, sizes())
    return Around(barrier_findings(spine, touching), wbb, epidural, vessels, items, touching)


def nobody_looked(reason: str) -> Around:
    return Around(*(Skipped(reason),) * 5)


def spine_findings(
    spine: Spine | Skipped, sizes: tuple[LevelMorphometry, ...], closed: tuple[Compartment, ...]
) -> SpineFindings | Skipped:
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
        compartments=tuple(patch_areas(closed)),
    )


def with_canal(vertebra: Vertebra, sizes: LevelMorphometry | None) -> Vertebra:
    """The canal's size as it was measured between bone, so that a plan states one number and not two."""
    width, depth = (None, None) if sizes is None else (sizes.canal_width_mm, sizes.canal_depth_mm)
    return replace(vertebra, canal_width_mm=plain_value(width), canal_depth_mm=plain_value(depth))


def plain_value(size: Measured | None) -> float | None:
    return None if size is None else size.value


def patch_areas(compartments: tuple[Compartment, ...]) -> Iterator[PatchArea]:
    for compartment in compartments:
        areas = ((barrier, compartment.area_mm2(barrier)) for barrier in BARRIERS)
        yield from (PatchArea(compartment.level, barrier, area) for barrier, area in areas if area > 0.0)


def tumour_findings(extent: Extent | Skipped, around: Around) -> TumourFindings | Skipped:
    if isinstance(extent, Skipped):
        return extent
    return TumourFindings(
        **{field.name: getattr(extent, field.name) for field in fields(Extent)},
        barriers=around.barriers,
        wbb=around.wbb,
        epidural=around.epidural,
        vessels=around.vessels,
        stability=around.stability,
    )
