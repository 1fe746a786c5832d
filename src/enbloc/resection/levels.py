"""Which levels leave with the tumour, or why none can."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from enbloc.anatomy import Part, Spine, Vertebra
from enbloc.core.evidence import Skipped
from enbloc.core.levels import Level, are_neighbours
from enbloc.tumour.extent import Extent, Involvement
from enbloc.tumour.measure import BONE_ZONES

MOST_LEVELS = 3
SKIP_LESION_TYPE = 7
RING = (Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT, Part.LAMINA_LEFT, Part.LAMINA_RIGHT)
"""What must be wholly in view; processes may be cut off by the image."""
GRAZED = 0.25
"""A body is as good as whole that meets the image's edge with less than this share of its mean section (taken as its
volume to the power of two thirds).
"""


def resected_levels(
    extent: Extent, spine: Spine, planned: tuple[Level, ...] | None, tomita_type: int | None
) -> tuple[Level, ...] | Skipped:
    """One to three neighbouring levels, cranial first.

    They are the level with most tumour in its bone, every level with tumour in its bone beyond the noise floor, and
    what lies between these. A level of which tumour fills only canal or soft tissue stays, and so does one that tumour
    possibly touches: its bone is then the margin. `planned`, the surgeon's own levels, hold where they contain all of
    those; they may add levels. Where they leave one out there is no resection to plan: whatever the cuts, tumour would
    stay, and either mask or planned levels need a second look.
    """
    unsuited = _no_resection(extent, spine, tomita_type)
    if unsuited is not None:
        return unsuited
    involved = involved_levels(extent, spine)
    levels = involved if planned is None else tuple(sorted(set(planned), key=lambda level: level.rank))
    left = [level for level in involved if level not in levels]
    if left:
        says = f"the planned levels {_listed(levels)} leave out {_listed(left)}, where tumour is in the bone"
        return Skipped(f"{says}: resecting them would leave tumour behind")
    return _obstacle(levels, spine) or levels


def involved_levels(extent: Extent, spine: Spine) -> tuple[Level, ...]:
    """The index level and all levels with bone involved, with what the label map has between them."""
    involved = {row.level for row in extent.zones if row.zone in BONE_ZONES and row.involvement is Involvement.INVOLVED}
    if extent.index_level is not None:
        involved.add(extent.index_level)
    ranks = [level.rank for level in involved]
    enclosed = {level for level in spine.levels if ranks and min(ranks) < level.rank < max(ranks)}
    return tuple(sorted(involved | enclosed, key=lambda level: level.rank))


def _no_resection(extent: Extent, spine: Spine, tomita_type: int | None) -> Skipped | None:
    """What speaks against any resection, whatever its levels."""
    if extent.basis == "stated" or not spine.tumour.any():
        return Skipped("there is no tumour mask: cuts need to know where the tumour ends")
    if tomita_type == SKIP_LESION_TYPE:
        return Skipped("type 7: the tumour lies in vertebrae apart from each other and cannot come out in one piece")
    in_bone = any(row.zone in BONE_ZONES and (row.volume_mm3 or 0.0) > 0.0 for row in extent.zones)
    if tomita_type is None or extent.index_level is None or not in_bone:
        return Skipped("the tumour is not in the bone of a vertebra: the classification has no type for it")
    return None


def _obstacle(levels: Sequence[Level], spine: Spine) -> Skipped | None:
    """Why these levels cannot be cut out."""
    outside = [level for level in levels if not level.in_scope]
    if outside:
        return Skipped(f"{_listed(outside)}: the operation is described for thoracic and lumbar vertebrae only")
    for upper, lower in pairwise(levels):
        if not are_neighbours(upper, lower):
            return Skipped(f"{upper} and {lower} are no neighbours: one piece cannot hold both")
    if len(levels) > MOST_LEVELS:
        return Skipped(f"{_listed(levels)} are {len(levels)} levels: cuts are planned for at most {MOST_LEVELS}")
    return next((why for level in levels if (why := _unseen(level, spine)) is not None), None)


def _unseen(level: Level, spine: Spine) -> Skipped | None:
    """Why the ring of `level` cannot be cut: it is not there, not whole in the image, or open for no known reason."""
    vertebra = spine.vertebra(level)
    if vertebra is None:
        return Skipped(f"{level} is not labelled, so that there is no ring to cut")
    if vertebra.cut_at_border and ring_at_border(vertebra, spine):
        return Skipped(f"{level} is cut off by the edge of the image: its ring is not all in view")
    if vertebra.frame is None or vertebra.canal_centre_mm is None:
        return Skipped(f"{level} could not be given a frame, so that its ring has no sides")
    if not vertebra.canal_closed and vertebra.estimated_mm3 == 0.0:
        return Skipped(f"{level} shows no closed ring, and no tumour that would account for it")
    return None


def ring_at_border(vertebra: Vertebra, spine: Spine) -> bool:
    """Whether pedicles or laminae reach the image's edge, or more of the body than where the edge grazes it.

    A vertebra that is cut off lies at an edge of the spine's grid, which elsewhere keeps its distance from bone.
    """
    number = 1 + spine.levels.index(vertebra.level)
    body = np.count_nonzero((spine.owner == number) & (spine.part == Part.BODY))
    volume_mm3 = float(body) * spine.grid.affine.voxel_volume_mm3
    for axis in range(3):
        section_mm2 = spine.grid.affine.voxel_volume_mm3 / float(spine.grid.spacing_mm[axis])
        for end in (0, -1):
            part = np.where(np.take(spine.owner, end, axis) == number, np.take(spine.part, end, axis), 0)
            cut_mm2 = float(np.count_nonzero(part == Part.BODY)) * section_mm2
            if np.isin(part, RING).any() or cut_mm2 > GRAZED * np.cbrt(volume_mm3) ** 2:
                return True
    return False


def _listed(levels: Sequence[Level]) -> str:
    return ", ".join(levels)
