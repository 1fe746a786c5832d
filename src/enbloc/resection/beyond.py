"""Tumour outside bone: how many of its voxels certainly lie beyond which barrier of which resected level."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import BARRIERS, BONE_PARTS, Barrier, Part, Spine
from enbloc.core.geometry import Array, indices_of
from enbloc.core.levels import Level
from enbloc.tumour import Contact
from enbloc.tumour.noise import NoiseFloor

TOWARDS_CANAL = (Barrier.CANAL, Barrier.POSTERIOR_LIGAMENT, Barrier.FLAVUM)
SQUARE_ENOUGH = 0.5
"""Cosine between a barrier's normal and the way to tumour: farther aside, tumour lies past its edge, not behind it."""
Codes = npt.NDArray[np.intp]
Counts = Mapping[tuple[Level, Barrier], int]


def voxels_beyond(spine: Spine, contacts: Sequence[Contact], noise: NoiseFloor) -> Counts:
    """Voxels of tumour outside bone and farther from the surface than the noise floor, by their nearest barrier.

    Tumour in the canal counts to the barriers that close the canal, other tumour to the others.
    """
    outside = spine.tumour & ~np.isin(spine.part, BONE_PARTS)
    canal = spine.part == Part.CANAL
    within = _counted(spine, outside & canal, contacts, noise, inner=True)
    return within + _counted(spine, outside & ~canal, contacts, noise, inner=False)


def _counted(
    spine: Spine, tumour: npt.NDArray[np.bool_], contacts: Sequence[Contact], noise: NoiseFloor, *, inner: bool
) -> Counter[tuple[Level, Barrier]]:
    points = spine.grid.affine.to_world(indices_of(tumour))
    codes = [BARRIERS.index(barrier) for barrier in TOWARDS_CANAL]
    chosen = [np.isin(c.compartment.patch, codes, invert=not inner) for c in contacts]
    if not len(points) or not any(each.any() for each in chosen):
        return Counter()
    middles = np.concatenate([c.compartment.centroids_mm[each] for c, each in zip(contacts, chosen, strict=True)])
    normals = np.concatenate([c.compartment.area_vectors[each] for c, each in zip(contacts, chosen, strict=True)])
    patch = np.concatenate([c.compartment.patch[each] for c, each in zip(contacts, chosen, strict=True)])
    level = np.repeat(np.arange(len(contacts)), [int(each.sum()) for each in chosen])
    found = _behind(points, middles, normals, noise)
    pairs = zip(level[found].tolist(), patch[found].tolist(), strict=True)
    return Counter((contacts[n].compartment.level, BARRIERS[code]) for n, code in pairs)


def _behind(points: Array, middles: Array, normals: Array, noise: NoiseFloor) -> Codes:
    """The nearest triangle of each point that lies behind it, farther than the noise floor."""
    from scipy.spatial import cKDTree

    mm, nearest = cKDTree(middles).query(points)
    way = points - middles[nearest]
    rise = (way * normals[nearest]).sum(axis=1) / np.maximum(np.linalg.norm(normals[nearest], axis=1), 1e-12)
    far: Codes = nearest[(mm > noise.noise_mm(conventional=False)) & (rise > SQUARE_ENOUGH * mm)]
    return far


def tumour_of_levels(spine: Spine, contacts: Sequence[Contact]) -> dict[Level, npt.NDArray[np.intp]]:
    """Indices (n, 3) of the tumour voxels nearest to each contact's vertebra."""
    from scipy.spatial import cKDTree

    index = indices_of(spine.tumour)
    if len(contacts) == 1:
        return {contacts[0].compartment.level: index}
    points = spine.grid.affine.to_world(index)
    away = [cKDTree(c.compartment.centroids_mm).query(points)[0] for c in contacts]
    nearest = np.argmin(away, axis=0) if away else np.empty(0, dtype=np.intp)
    return {c.compartment.level: index[nearest == n] for n, c in enumerate(contacts)}
