"""Do these labels look like a spine? What cannot be is refused; what is odd is reported; nothing is repaired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from enbloc.anatomy.bones import Bone
from enbloc.anatomy.frames import Pose
from enbloc.core.errors import LabelError
from enbloc.core.evidence import Caveat
from enbloc.core.geometry import Array, indices_of
from enbloc.core.levels import Level, missing_between
from enbloc.core.volume import Grid, Mask
from enbloc.knowledge import load_table

CLOSEST, FARTHEST = 0.8, 1.9
MERGED = 1.7
SPLIT = 0.55
GAP_DISC_MM = 8.0
"""Farther from an endplate than any disc is thick, a missing vertebra's own place begins."""
FRAGMENT_SHARE = 0.02
"""A detached piece larger than this share of its vertebra is reported."""


def refuse_impossible(bones: Sequence[Bone]) -> None:
    """Raises LabelError when the levels do not follow one another along any one direction: names shuffled or map
    upside down.

    Tested on secants: going down the names, every step must go on in the direction of the steps around it, and the
    whole must run from head to feet in patient space.
    """
    centres = centroids(bones)
    steps = np.diff(centres, axis=0)
    if len(steps) == 0:
        return
    if len(bones) >= 2 and centres[0, 2] < centres[-1, 2]:
        raise LabelError(
            f"{bones[0].level} lies {centres[-1, 2] - centres[0, 2]:.0f} mm below {bones[-1].level}: "
            "the order of levels is reversed",
            field="imaging.labels",
            hint="wrong label scheme, or a header that turns the patient upside down",
        )
    for n in range(len(steps) - 1):
        if steps[n] @ steps[n + 1] <= 0.0 and bones[n + 1].volume_mm3 > 2000.0:
            raise LabelError(
                f"{bones[n].level}, {bones[n + 1].level} and {bones[n + 2].level} do not follow one another "
                "along the spine",
                field="imaging.labels",
                hint="wrong label scheme or shuffled labels",
            )


def refuse_tumour_in_gap(bones: Sequence[Bone], poses: Sequence[Pose | None], loose: Mask, grid: Grid) -> None:
    """Raises LabelError when tumour lies where a vertebra is missing from the labels: it would be booked on a
    neighbour.

    `loose` is tumour outside every (restored) bone. The place of the missing vertebra is what lies between its
    neighbours' endplate planes, two discs' thickness kept off.
    """
    for n, (upper, lower) in enumerate(pairwise(poses)):
        missing = missing_between(bones[n].level, bones[n + 1].level)
        if upper is None or lower is None or not missing:
            continue
        points = grid.affine.to_world(indices_of(loose))
        if len(points) == 0:
            return
        below = upper.frame.to_local(points)[:, 2] < upper.bottom_mm - GAP_DISC_MM
        above = lower.frame.to_local(points)[:, 2] > lower.top_mm + GAP_DISC_MM
        if float(np.mean(below & above)) > 0.0:
            raise LabelError(
                f"tumour lies between {bones[n].level} and {bones[n + 1].level}, "
                f"where {', '.join(missing)} is not labelled",
                field="imaging.labels",
                hint="label what is left of that vertebra, even if it is little",
            )


def centroids(bones: Sequence[Bone]) -> Array:
    """Centroid of each bone in RAS mm, (n, 3)."""
    return np.array(
        [bone.grid.affine.to_world(indices_of(bone.mask).mean(axis=0) + np.array(bone.box.lower)) for bone in bones]
    )


def implausible(bones: Sequence[Bone], poses: Sequence[Pose | None]) -> tuple[Caveat, ...]:
    """What is odd about the column as a whole: gaps in the names and in space."""
    found = []
    for upper, lower in pairwise(bones):
        missing = missing_between(upper.level, lower.level)
        if missing:
            found.append(
                Caveat(
                    "level-missing",
                    f"{', '.join(missing)} is not labelled although {upper.level} and {lower.level} are",
                )
            )
    found += [Caveat("level-spacing", doubt.says) for doubt in doubts(bones, poses)]
    cut = [bone.level for bone in bones if bone.cut_at_border]
    if cut:
        text = f"{', '.join(cut)} touch the edge of the image: parts of them may lie outside, unseen"
        found.append(Caveat("cut-at-border", text))
    found += size_unlike_level(bones, poses)
    return tuple(found)


def size_unlike_level(bones: Sequence[Bone], poses: Sequence[Pose | None]) -> list[Caveat]:
    """Body heights against the means (remembered, unverified) of the levels they are named after: a wrong scheme moves
    every name.
    """
    unlike = load_table("anatomy/body_height.toml")["unlike"]
    sizes = load_table("phantom/morphometry.toml")
    column = sizes["table"]["columns"].index("height")
    means = {level: row[column] for level, row in sizes["level"].items()}
    ratios = [
        pose.height_mm / means[bone.level]
        for bone, pose in zip(bones, poses, strict=True)
        if pose is not None and bone.level in means and bone.level.in_scope and not bone.cut_at_border
    ]
    if len(ratios) < unlike["fewest_levels"]:
        return []
    ratio = float(np.median(ratios))
    if unlike["below"] <= ratio <= unlike["above"]:
        return []
    text = (
        f"the bodies are {ratio:.2f} times as high as bodies of the levels they are named after "
        f"({bones[0].level} to {bones[-1].level}; means unverified): is the label scheme the right one?"
    )
    return [Caveat("size-unlike-level", text)]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Two neighbouring labels whose bodies lie too close or too far apart to be two neighbouring vertebrae."""

    upper: Level
    lower: Level
    says: str


def doubts(bones: Sequence[Bone], poses: Sequence[Pose | None]) -> tuple[Doubt, ...]:
    """Distance between neighbouring bodies over their height: about 1.1 to 1.5 in health; far outside, a label is
    wrong.
    """
    found = []
    for n, (upper, lower) in enumerate(pairwise(poses)):
        if upper is None or lower is None or missing_between(bones[n].level, bones[n + 1].level):
            continue
        gap = float(np.linalg.norm(np.subtract(upper.frame.origin_mm, lower.frame.origin_mm)))
        ratio = gap / (0.5 * (upper.height_mm + lower.height_mm))
        if CLOSEST <= ratio <= FARTHEST:
            continue
        why = "one vertebra under two labels?" if ratio < CLOSEST else "a vertebra between them without a label?"
        names = f"{bones[n].level} and {bones[n + 1].level}"
        says = f"the bodies of {names} lie {gap:.0f} mm or {ratio:.1f} body heights apart: {why}"
        found.append(Doubt(bones[n].level, bones[n + 1].level, says))
    return tuple(found)


def implausible_bone(bone: Bone, place: int, bones: Sequence[Bone], poses: Sequence[Pose | None]) -> tuple[Caveat, ...]:
    """What is odd about one vertebra: its size against its neighbours, loose pieces, the image border, an open ring."""
    found = []
    ratio = _volume_ratio(place, bones)
    if ratio is not None and ratio > MERGED:
        found.append(
            Caveat(
                "merged-vertebrae",
                f"{bone.level} has {ratio:.1f} times its neighbours' volume: two vertebrae under one label?",
            )
        )
    if ratio is not None and ratio < SPLIT:
        found.append(
            Caveat(
                "small-vertebra",
                f"{bone.level} has {ratio:.2f} times its neighbours' volume: split in two, cut, or destroyed?",
            )
        )
    pieces = loose_pieces_mm3(bone)
    if pieces:
        sizes = ", ".join(f"{piece:.0f}" for piece in pieces[:5])
        found.append(Caveat("label-fragments", f"the label of {bone.level} has detached pieces ({sizes} mm3)"))
    if poses[place] is None and bone.level not in (Level.C1, Level.C2, Level.SACRUM, Level.COCCYX):
        found.append(
            Caveat(
                "frame-from-neighbours",
                f"{bone.level} shows no closed bony canal; its frame is taken from its neighbours",
            )
        )
    return tuple(found)


def _volume_ratio(place: int, bones: Sequence[Bone]) -> float | None:
    """Volume over the mean of the vertebrae next to it (sacrum left out); None without a whole neighbour."""
    if bones[place].level.region == "sacral" or bones[place].cut_at_border:
        return None
    near = [
        bones[n].volume_mm3
        for n in (place - 1, place + 1)
        if 0 <= n < len(bones) and bones[n].level.region != "sacral" and not bones[n].cut_at_border
    ]
    return bones[place].volume_mm3 / float(np.mean(near)) if near else None


def loose_pieces_mm3(bone: Bone) -> list[float]:
    """Volumes of pieces apart from the largest that exceed FRAGMENT_SHARE of the vertebra, largest first."""
    from scipy import ndimage

    pieces, count = ndimage.label(bone.mask, structure=np.ones((3, 3, 3)))
    if count < 2:
        return []
    sizes = np.sort(np.bincount(pieces.ravel())[1:])[::-1]
    floor = FRAGMENT_SHARE * sizes[0]
    return [float(size) * bone.grid.affine.voxel_volume_mm3 for size in sizes[1:] if size > floor]
