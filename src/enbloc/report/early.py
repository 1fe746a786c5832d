"""The pictures that need no surface of the scene: they can be drawn while the scene is being built."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.side_by_side import side_by_side
from enbloc.planning.nouns import Resection
from enbloc.planning.plan import Plan
from enbloc.report.pictures import Picture, slice_pictures
from enbloc.report.specimen import specimen_pictures
from enbloc.scene import empty_scene


@dataclass(frozen=True, slots=True)
class EarlyPictures:
    """Slices through the lesions, and the specimen from its sides; each may be empty."""

    slices: tuple[Picture, ...]
    specimen: tuple[Picture, ...]


def early_pictures(plan: Plan) -> EarlyPictures:
    slices, specimen = side_by_side(lambda draw: draw(plan), (slice_pictures, _specimen))
    return EarlyPictures(slices, specimen)


def _specimen(plan: Plan) -> tuple[Picture, ...]:
    return specimen_pictures(plan.resection, empty_scene(plan)) if isinstance(plan.resection, Resection) else ()
