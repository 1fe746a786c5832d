"""Which vertebrae a case takes out, for the commands that speak of one room only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from enbloc.core.errors import InputError
from enbloc.core.evidence import Progress
from enbloc.core.levels import Level

if TYPE_CHECKING:
    from enbloc.anatomy.morphometry import LevelMorphometry
    from enbloc.case import Case


@dataclass(frozen=True, slots=True)
class Taken:
    """The case, the levels that leave, cranial first, and the sizes of the vertebrae where they were asked for."""

    case: Case
    levels: tuple[Level, ...]
    sizes: tuple[LevelMorphometry, ...]


def taken_out(path: str, *, measured: bool) -> Taken:
    """The levels that the case plans to take out, else those with tumour in their bone. `measured`: with sizes.

    Raises InputError where neither says a level.
    """
    from enbloc.case import read_case
    from enbloc.cli.progress import Clock, showing

    case = read_case(path)
    levels = case.planned.levels
    sizes: tuple[LevelMorphometry, ...] = ()
    if case.imaging is not None and (measured or levels is None):
        with showing(Clock()) as clock:
            levels, sizes = from_images(case, levels, measured, clock)
    levels = levels or case.extent.levels
    if not levels:
        raise InputError("does not say which levels are taken out", file=path, field="planned.levels")
    return Taken(case, tuple(sorted(levels, key=lambda level: level.rank)), sizes)


def from_images(
    case: Case, levels: tuple[Level, ...] | None, measured: bool, clock: Progress
) -> tuple[tuple[Level, ...] | None, tuple[LevelMorphometry, ...]]:
    from enbloc.anatomy.morphometry import morphometry
    from enbloc.anatomy.spine import Spine
    from enbloc.images import load_images
    from enbloc.planning.stages import find_extent, find_spine
    from enbloc.resection.levels import involved_levels
    from enbloc.tumour import Extent

    clock("reading the images")
    imaging = load_images(case, clock)
    spine = find_spine(imaging, clock)
    if not isinstance(spine, Spine):
        return levels, ()
    if levels is None:
        extent = find_extent(case.extent, imaging, spine, clock)
        levels = involved_levels(extent, spine) if isinstance(extent, Extent) else None
    if not measured:
        return levels, ()
    clock("measuring the vertebrae")
    return levels, morphometry(spine)
