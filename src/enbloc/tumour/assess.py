"""Extent of a tumour mask: zones, lesions, neighbours, and the type they give."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from enbloc.anatomy import Spine
from enbloc.case import StatedExtent
from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level, are_neighbours
from enbloc.tumour.classify import ADJACENT, SKIP, TYPE_ZONES, classify
from enbloc.tumour.extent import Extent, Involvement, Zone, ZoneExtent
from enbloc.tumour.lesions import bone_by_level, find_lesions, separate_neighbours, skip_between
from enbloc.tumour.measure import BONE_ZONES, around_tumour, zone_extents, zone_volumes_mm3
from enbloc.tumour.noise import SPECK_VOXELS, NoiseFloor
from enbloc.tumour.statement import Features, combine, level_disagreement, with_stated_type

MOST_CONTIGUOUS = 3
"""Some later sources read more contiguous vertebrae than this as type 7; the paper does not (clinical rules C-3)."""


def measure(spine: Spine, stated: StatedExtent) -> Extent:
    """The extent of `spine.tumour`, with what the case states taken in.

    Raises LabelError when the mask is empty or lies away from every labelled vertebra.
    """
    near = around_tumour(spine)
    floor = NoiseFloor.of(spine.grid)
    numbers = [int(n) for n in np.unique(near.owner[near.tumour]) if n > 0]
    zones = zone_extents(near, zone_volumes_mm3(spine, numbers), floor)
    lesions = find_lesions(near)
    bone = bone_by_level(near, floor)
    index = index_level(zones, bone)
    split = separate_neighbours(lesions, near.voxel_mm3)
    adjacent = adjacent_vertebra(index, zones, bone, spine.doubtful_pairs)
    skip = skip_between(lesions, near.voxel_mm3)
    if split and skip is Involvement.FREE:
        skip = Involvement.POSSIBLE
    features, disagreements = combine(measured_features(zones, adjacent, skip, near.voxel_mm3), stated)
    tomita, type_caveats = with_stated_type(
        classify(features.certain, features.possible, features.best), stated.tomita_type
    )
    levels = involved_levels(zones)
    return Extent(
        basis="mask-and-stated" if stated.says_where else "mask",
        volume_mm3=float(np.count_nonzero(near.tumour)) * near.voxel_mm3,
        index_level=index,
        levels=levels,
        zones=zones,
        lesions=lesions,
        adjacent_vertebra=adjacent,
        skip_lesion=skip,
        tomita_type=tomita,
        noise=floor.says,
        caveats=(
            *(Caveat("extent-disagrees", text) for text in disagreements),
            *type_caveats,
            *level_disagreement(stated.levels, levels),
            *extent_caveats(spine, zones, adjacent, skip, split),
        ),
    )


def index_level(zones: Sequence[ZoneExtent], bone: dict[Level, tuple[float, Involvement]]) -> Level:
    """The vertebra with most tumour in its bone; without any bone, the level with most tumour at its height."""
    if bone:
        return max(bone, key=lambda level: bone[level][0])
    return max(zones, key=lambda row: row.volume_mm3 or 0.0).level


def adjacent_vertebra(
    index: Level,
    zones: Sequence[ZoneExtent],
    bone: dict[Level, tuple[float, Involvement]],
    doubtful: Collection[tuple[Level, Level]],
) -> Involvement:
    """Tumour in the bone of a vertebra next to the index level.

    Only `possible` where tumour touches that vertebra without a voxel inside, or where the labels of the two may be
    one vertebra.
    """
    for level, (_, found) in bone.items():
        sure = (index, level) not in doubtful and (level, index) not in doubtful
        if are_neighbours(index, level) and found is Involvement.INVOLVED and sure:
            return Involvement.INVOLVED
    near = any(row.zone in BONE_ZONES and are_neighbours(index, row.level) for row in zones)
    return Involvement.POSSIBLE if near else Involvement.FREE


def measured_features(
    zones: Sequence[ZoneExtent], adjacent: Involvement, skip: Involvement, voxel_mm3: float
) -> Features:
    """Zones of all levels joined.

    The best reading holds what passes the noise floor, and two things more: the zone with most tumour, since a
    lesion, however small, lies somewhere; and the canal as soon as more than a speck of the mask lies in it, since
    tumour at the cord that is called too early costs less than tumour there that is missed. Either way the range
    stays open.
    """
    rows = [row for row in zones if row.zone in TYPE_ZONES]
    certain = {TYPE_ZONES[row.zone] for row in rows if row.involvement is Involvement.INVOLVED}
    possible = {TYPE_ZONES[row.zone] for row in rows if row.involvement is Involvement.POSSIBLE} - certain
    best = set(certain)
    largest = max(rows, key=lambda row: row.volume_mm3 or 0.0, default=None)
    if largest is not None and (largest.volume_mm3 or 0.0) > 0.0:
        best.add(TYPE_ZONES[largest.zone])
    if any(row.zone is Zone.CANAL and (row.volume_mm3 or 0.0) > SPECK_VOXELS * voxel_mm3 for row in rows):
        best.add(TYPE_ZONES[Zone.CANAL])
    for name, found in ((ADJACENT, adjacent), (SKIP, skip)):
        if found is Involvement.INVOLVED:
            certain.add(name)
            best.add(name)
        elif found is Involvement.POSSIBLE:
            possible.add(name)
    return Features(frozenset(certain), frozenset(possible), frozenset(best))


def involved_levels(zones: Sequence[ZoneExtent]) -> tuple[Level, ...]:
    """Levels with bone involved beyond noise; failing that, every level that holds tumour. Cranial first."""
    bone = {row.level for row in zones if row.zone in BONE_ZONES and row.involvement is Involvement.INVOLVED}
    any_ = {row.level for row in zones if (row.volume_mm3 or 0.0) > 0.0}
    return tuple(sorted(bone or any_, key=lambda level: level.rank))


def extent_caveats(
    spine: Spine,
    zones: Sequence[ZoneExtent],
    adjacent: Involvement,
    skip: Involvement,
    split: bool,
) -> list[Caveat]:
    """What a reader of the extent must know: special lesions, outlines that were estimated, a column only partly in
    view.
    """
    found = [*_special_lesions(zones), *_neighbour_caveats(zones, adjacent, split)]
    held = {row.zone for row in zones if row.involvement is Involvement.INVOLVED}
    for upper, lower in spine.doubtful_pairs:
        if {upper, lower} <= set(involved_levels(zones)):
            text = f"tumour lies under the labels {upper} and {lower}, whose distance is doubtful: one vertebra or two?"
            found.append(Caveat("neighbours-doubtful", text))
    if spine.estimated.any():
        found.append(
            Caveat(
                "outline-estimated",
                "part of the bone's outline inside the tumour is estimated, so zones there are less sure",
            )
        )
    if Zone.CANAL in held and "cord" not in spine.structures and "dural-sac" not in spine.structures:
        found.append(
            Caveat("cord-position-unknown", "tumour lies in the canal and neither cord nor dural sac is labelled")
        )
    if _leaves_image(spine):
        found.append(
            Caveat("tumour-at-border", "the tumour touches the edge of the image: its extent may go on outside")
        )
    if skip is not Involvement.INVOLVED and not _whole_column(spine):
        found.append(
            Caveat(
                "skip-not-excluded",
                f"only {spine.levels[0]} to {spine.levels[-1]} are in view: lesions elsewhere are not excluded",
            )
        )
    if _is_the_bone(zones):
        text = "the tumour mask fills several whole vertebrae: is it the label map, given as tumour by mistake?"
        found.append(Caveat("tumour-is-the-bone", text))
    outside = [level for level in involved_levels(zones) if not level.in_scope]
    if outside:
        found.append(
            Caveat("outside-scope", f"{', '.join(outside)}: outside the levels the operation is described for")
        )
    return found


def _special_lesions(zones: Sequence[ZoneExtent]) -> list[Caveat]:
    """Lesions that the decision table does not foresee, said in words."""
    held = {row.zone for row in zones if row.involvement is Involvement.INVOLVED}
    bone = held & set(BONE_ZONES)
    found = []
    if Zone.DISC in held:
        levels = {row.level for row in zones if row.zone in BONE_ZONES and row.involvement is Involvement.INVOLVED}
        if len(levels) < 2:
            found.append(
                Caveat(
                    "disc-contact",
                    "tumour enters a disc without reaching the next vertebra: an endplate is breached, the type stays",
                )
            )
    if not bone and held == {Zone.CANAL}:
        found.append(
            Caveat("canal-only", "tumour lies in the canal alone: not a bone lesion as the classification means it")
        )
    elif not bone and held and held <= {Zone.PARAVERTEBRAL, Zone.CANAL}:
        found.append(
            Caveat(
                "paravertebral-only",
                "tumour lies beside the bone and not in it: not a bone lesion as the classification means it",
            )
        )
    elif not bone and held == {Zone.DISC}:
        found.append(
            Caveat("disc-only", "tumour lies in a disc alone: not a bone lesion as the classification means it")
        )
    if {Zone.CANAL, Zone.PARAVERTEBRAL} <= held and bone:
        found.append(
            Caveat(
                "canal-and-paravertebral",
                "tumour lies in the canal as well as beside the vertebra: type 5 stands for both",
            )
        )
    return found


def _neighbour_caveats(zones: Sequence[ZoneExtent], adjacent: Involvement, split: bool) -> list[Caveat]:
    found = []
    if split:
        found.append(
            Caveat(
                "separate-lesions-in-neighbours",
                "lesions that do not touch lie in neighbouring vertebrae: read as type 6, type 7 is not excluded",
            )
        )
    count = len(involved_levels(zones))
    if adjacent is Involvement.INVOLVED and count > MOST_CONTIGUOUS:
        found.append(
            Caveat(
                "many-contiguous-levels",
                f"{count} contiguous vertebrae hold tumour: some later sources would call this type 7",
            )
        )
    return found


def _is_the_bone(zones: Sequence[ZoneExtent]) -> bool:
    """Whether three or more vertebrae are filled in every bony zone."""
    shares: dict[Level, list[float]] = {}
    for row in zones:
        if row.zone in BONE_ZONES:
            shares.setdefault(row.level, []).append(row.share or 0.0)
    return sum(len(each) == len(BONE_ZONES) and min(each) > 0.95 for each in shares.values()) >= 3


def _leaves_image(spine: Spine) -> bool:
    """Whether tumour touches the edge of the working grid; its margin keeps other tumour away from that edge."""
    return any(bool(np.moveaxis(spine.tumour, axis, 0)[end].any()) for axis in range(3) for end in (0, -1))


def _whole_column(spine: Spine) -> bool:
    return Level.C2 in spine.levels and (Level.S1 in spine.levels or Level.SACRUM in spine.levels)
