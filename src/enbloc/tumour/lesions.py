"""Connected parts of the tumour, and what they say about neighbouring and distant vertebrae."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from enbloc.core.geometry import indices_of
from enbloc.core.levels import Level, are_neighbours
from enbloc.core.volume import Mask
from enbloc.tumour.extent import Involvement, Lesion
from enbloc.tumour.measure import BONE_ZONES, ZONES, Neighbourhood, other_side, penetration
from enbloc.tumour.noise import SPECK_VOXELS, NoiseFloor

LEAST_SHARE = 0.1
"""A lesion that only grazes a vertebra does not lie in it: less than this share of its bony part."""


def find_lesions(near: Neighbourhood) -> tuple[Lesion, ...]:
    """Parts of the tumour with more than two empty voxels between them, largest first."""
    from scipy import ndimage

    pieces, count = ndimage.label(ndimage.binary_dilation(near.tumour), structure=np.ones((3, 3, 3)))
    pieces = np.where(near.tumour, pieces, 0)
    found = []
    for piece in range(1, count + 1):
        mask = pieces == piece
        voxels = int(np.count_nonzero(mask))
        centre = near.grid.affine.to_world(indices_of(mask).mean(axis=0))
        place = (float(centre[0]), float(centre[1]), float(centre[2]))
        found.append(Lesion(voxels * near.voxel_mm3, place, _levels_of(near, mask)))
    return tuple(sorted(found, key=lambda lesion: -lesion.volume_mm3))


def _levels_of(near: Neighbourhood, mask: Mask) -> tuple[Level, ...]:
    """Levels whose bone holds a tenth or more of the lesion's bony part; all its levels where it holds no bone."""
    bone = mask & np.isin(near.zone, [ZONES.index(zone) for zone in BONE_ZONES])
    counts = np.bincount(near.owner[bone if bone.any() else mask], minlength=len(near.levels) + 1)
    counts[0] = 0
    floor = LEAST_SHARE * counts.sum() if bone.any() else 0.0
    return tuple(near.levels[n - 1] for n in np.flatnonzero(counts > floor))


def bone_by_level(near: Neighbourhood, floor: NoiseFloor) -> dict[Level, tuple[float, Involvement]]:
    """Tumour volume (mm3) inside each vertebra's bone, and whether it is there beyond the noise floor."""
    bone = near.tumour & np.isin(near.zone, [ZONES.index(zone) for zone in BONE_ZONES])
    places = near.owner.astype(np.int32) * len(ZONES) + near.zone
    keys = np.where(near.tumour, places, -1)
    found = {}
    for number in np.unique(near.owner[bone]):
        mask = bone & (near.owner == number)
        _, certain = penetration(mask, other_side(places, keys, mask), (), near.grid, floor)
        volume = float(np.count_nonzero(mask)) * near.voxel_mm3
        found[near.levels[number - 1]] = (volume, Involvement.INVOLVED if certain else Involvement.POSSIBLE)
    return found


def skip_between(lesions: Sequence[Lesion], voxel_mm3: float) -> Involvement:
    """Whether two lesions leave a vertebra free between them. A speck of a few voxels makes it only possible."""
    answer = Involvement.FREE
    for n, first in enumerate(lesions):
        for second in lesions[n + 1 :]:
            if _apart(first.levels, second.levels):
                small = min(first.volume_mm3, second.volume_mm3) <= SPECK_VOXELS * voxel_mm3
                if not small:
                    return Involvement.INVOLVED
                answer = Involvement.POSSIBLE
    return answer


def _apart(first: Sequence[Level], second: Sequence[Level]) -> bool:
    return not any(a is b or are_neighbours(a, b) for a in first for b in second)


def separate_neighbours(lesions: Sequence[Lesion], voxel_mm3: float) -> bool:
    """Whether two lesions that do not touch each other lie in neighbouring vertebrae and share none."""
    return any(
        not set(a.levels) & set(b.levels) and not _apart(a.levels, b.levels)
        for n, a in enumerate(lesions)
        for b in lesions[n + 1 :]
        if min(a.volume_mm3, b.volume_mm3) > SPECK_VOXELS * voxel_mm3
    )
