"""What is measured of spine and tumour, joined into the plan's findings."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace

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


@dataclass(frozen=True, slots=True, eq=False)
class Build:
    """Sizes and closed surfaces of the vertebrae."""

    sizes: tuple[LevelMorphometry, ...] = ()
    compartments: tuple[Compartment, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Around:
    """What lies around the tumour, or why nobody looked. `contacts` are for drawing."""

    barriers: tuple[LevelBarriers, ...] | Skipped
    wbb: WbbFindings | Skipped
    epidural: EpiduralFindings | Skipped
    vessels: VesselFindings | Skipped
    stability: Stability | Skipped
    contacts: tuple[Contact, ...] = ()


def find_build(spine: Spine | Skipped, progress: Progress) -> Build:
    if isinstance(spine, Skipped):
        return Build()
    from enbloc.anatomy import compartments
    from enbloc.anatomy.morphometry import morphometry

    progress("measuring the vertebrae")
    with ThreadPoolExecutor(1) as meanwhile:
        closed = meanwhile.submit(compartments, spine)
        sizes = morphometry(spine)
        progress("closing the compartments")
        return Build(sizes, closed.result())


def find_around(
    imaging: Imaging | None, spine: Spine | Skipped, build: Build, extent: Extent | Skipped, progress: Progress
) -> Around:
    """Everything that needs the shape of the tumour: a statement has none."""
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
    touching = contacts(spine, build.compartments)
    progress("reading clock, canal and vessels")
    field = field_around(spine, imaging.grid)
    wbb, epidural = clock(spine, imaging, extent), canal_findings(spine, imaging, extent, field)
    vessels = vessel_contacts(imaging, field)
    progress("reading the stability items")
    items = stability(spine, imaging, extent, build.sizes)
    return Around(barrier_findings(spine, touching), wbb, epidural, vessels, items, touching)


def nobody_looked(reason: str) -> Around:
    return Around(*(Skipped(reason),) * 5)


def spine_findings(spine: Spine | Skipped, build: Build) -> SpineFindings | Skipped:
    if isinstance(spine, Skipped):
        return spine
    x, y, z = (float(step) for step in spine.grid.spacing_mm)
    known = {one.level: one for one in build.sizes}
    return SpineFindings(
        levels=tuple(with_canal(vertebra, known.get(vertebra.level)) for vertebra in spine.vertebrae),
        grid_spacing_mm=(x, y, z),
        no_go_basis=spine.no_go_basis,
        structures=spine.structures,
        morphometry=build.sizes,
        compartments=tuple(patch_areas(build.compartments)),
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
