"""Label map to Spine, step by step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy.bones import Bone, bones_of, label_boxes, vertebra_map
from enbloc.anatomy.borrow import borrow_poses
from enbloc.anatomy.canal import CanalWall, complete_walls, measure_wall
from enbloc.anatomy.frames import Pose, column_tangents, own_pose
from enbloc.anatomy.numbering import number_evidence
from enbloc.anatomy.outline import Outline, restore_outlines
from enbloc.anatomy.parts import PartMap, divide, fill_canal, fill_disc, slab_planes
from enbloc.anatomy.plausibility import doubts, implausible, implausible_bone, refuse_impossible, refuse_tumour_in_gap
from enbloc.anatomy.refine import apply_finer_labels
from enbloc.anatomy.spine import Part, Spine, Vertebra
from enbloc.anatomy.surroundings import no_go_body, other_structures
from enbloc.core.errors import LabelError
from enbloc.core.evidence import Progress, silent
from enbloc.core.geometry import Box, Plane, bounding_box, indices_of
from enbloc.core.levels import Level, are_neighbours
from enbloc.core.side_by_side import side_by_side
from enbloc.core.volume import Grid, Imaging, Mask

MARGIN_MM = 12.0
NOT_MODELLED = frozenset({Level.C1, Level.C2, Level.SACRUM, Level.COCCYX})
"""Bones without the body-and-ring plan of the others: no frame, no canal, and all their bone counts as body."""


def spine_from_labels(imaging: Imaging, progress: Progress = silent) -> Spine:
    """`enbloc.anatomy.locate`, whose heavy libraries load with this module."""
    labels = vertebra_map(imaging)
    bones = bones_of(labels)
    refuse_impossible(bones)
    region = region_of(bones, imaging.tumour, imaging.grid)
    grid = imaging.grid.crop(region)
    tumour = np.zeros(grid.shape, dtype=bool) if imaging.tumour is None else imaging.tumour[region.slices]

    progress("reading each vertebra's frame")
    own = own_poses(bones)
    if not any(own):
        raise LabelError(
            "no labelled vertebra shows a closed canal, so body and arch cannot be told apart",
            field="imaging.labels",
            hint="labels of whole vertebrae, at least one of them intact, are needed",
        )
    owner = owners(bones, region, grid)

    progress("estimating the outline of destroyed bone")
    outline = restore_outlines(bones, borrow_poses(bones, own, NOT_MODELLED), own, owner, tumour, grid, region)
    poses = outline.poses

    refuse_tumour_in_gap(bones, poses, tumour & (owner == 0), grid)

    progress("dividing vertebrae into parts")
    boxes = label_boxes(owner)
    part, walls = partition(bones, poses, owner, boxes, tumour, grid)
    apply_finer_labels(part, owner, poses, imaging, region)
    no_go, basis = no_go_body(imaging, region, part)
    pairs = tuple((doubt.upper, doubt.lower) for doubt in doubts(bones, own))
    findings = Findings(bones, own, outline, walls, boxes, pairs)
    vertebrae = tuple(describe(n, findings, owner, imaging) for n in range(len(bones)))
    return Spine(
        grid=grid,
        region=region,
        vertebrae=vertebrae,
        part=part,
        owner=owner,
        estimated=outline.estimated,
        tumour=tumour,
        no_go=no_go,
        no_go_basis=basis,
        structures=other_structures(imaging),
        caveats=(*implausible(bones, own), *outline.caveats),
        doubtful_pairs=findings.pairs,
    )


def region_of(bones: Sequence[Bone], tumour: Mask | None, grid: Grid) -> Box:
    """The block of the label map that everything after works on: all vertebrae and the tumour, with a margin."""
    region = bones[0].box
    for bone in bones[1:]:
        region = region.union(bone.box)
    lesion = None if tumour is None else bounding_box(tumour)
    if lesion is not None:
        region = region.union(lesion)
    i, j, k = (int(np.ceil(MARGIN_MM / spacing)) for spacing in grid.spacing_mm)
    return region.grown((i, j, k), grid.shape)


def own_poses(bones: Sequence[Bone]) -> tuple[Pose | None, ...]:
    """Each vertebra's pose from its own bone; None where that cannot be read."""
    points = side_by_side(Bone.points_mm, bones)
    tangents = column_tangents(bones, np.array([p.mean(axis=0) for p in points]))

    def read(n: int) -> Pose | None:
        return None if bones[n].level in NOT_MODELLED else own_pose(points[n], tangents[n])

    return side_by_side(read, range(len(bones)))


def owners(bones: Sequence[Bone], region: Box, grid: Grid) -> PartMap:
    """1-based number of the vertebra that each bone voxel belongs to, 0 elsewhere."""
    owner = np.zeros(grid.shape, dtype=np.uint8)
    for number, bone in enumerate(bones, start=1):
        owner[bone.box.relative_to(region).slices][bone.mask] = number
    return owner


def partition(
    bones: Sequence[Bone],
    poses: Sequence[Pose | None],
    owner: PartMap,
    boxes: Mapping[int, Box],
    tumour: Mask,
    grid: Grid,
) -> tuple[PartMap, tuple[CanalWall | None, ...]]:
    """The voxel partition; adds canal, disc and loose tumour voxels to `owner`. `boxes` hold each vertebra's
    (restored) bone.
    """
    bone = owner > 0
    walls = complete_walls([None if pose is None else measure_wall(bone, grid, pose) for pose in poses])
    part = np.zeros(grid.shape, dtype=np.uint8)
    modelled = [(n, pose, wall) for n, (pose, wall) in enumerate(zip(poses, walls, strict=True)) if pose and wall]
    for n, pose, wall in modelled:
        divide(part, owner, n + 1, grid, boxes[n + 1], pose, wall)
    for number in set(range(1, len(bones) + 1)) - {n + 1 for n, _, _ in modelled}:
        part[owner == number] = Part.BODY
    planes: list[Plane | None] = [None, *slab_planes([pose for _, pose, _ in modelled]), None]
    for place, (n, pose, wall) in enumerate(modelled):
        fill_canal(part, owner, n + 1, grid, pose, wall, (planes[place], planes[place + 1]))
    for n, pose, wall in modelled:
        if n + 1 < len(bones) and are_neighbours(bones[n].level, bones[n + 1].level):
            box = boxes[n + 1].union(boxes[n + 2])
            fill_disc(part, owner, (n + 1, n + 2), grid, box, (pose, poses[n + 1]), wall)
    adopt_loose_tumour(part, owner, tumour, [n + 1 for n, _, _ in modelled], planes[1:-1], grid)
    return part, walls


def adopt_loose_tumour(
    part: PartMap, owner: PartMap, tumour: Mask, numbers: Sequence[int], planes: Sequence[Plane | None], grid: Grid
) -> None:
    """Tumour outside bone, canal and disc is booked on the level at whose height it lies."""
    loose = indices_of(tumour & (part == 0) & (owner == 0))
    if len(loose) == 0:
        return
    points = grid.affine.to_world(loose)
    below = np.zeros(len(points), dtype=int)
    for plane in planes:
        if plane is not None:
            below += plane.signed_distance_mm(points) <= 0.0
    owner[tuple(loose.T)] = np.array(numbers, dtype=np.uint8)[below]


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What was found of each vertebra, in the order of `bones`; `own` are the poses read from bone alone."""

    bones: Sequence[Bone]
    own: Sequence[Pose | None]
    outline: Outline
    walls: Sequence[CanalWall | None]
    boxes: Mapping[int, Box]
    pairs: tuple[tuple[Level, Level], ...]


def describe(n: int, found: Findings, owner: PartMap, imaging: Imaging) -> Vertebra:
    """The entry of the n-th vertebra in the plan."""
    bone, pose, wall = found.bones[n], found.outline.poses[n], found.walls[n]
    closed = found.own[n] is not None
    return Vertebra(
        level=bone.level,
        numbering=number_evidence(bone.level, [b.level for b in found.bones], found.pairs, imaging),
        frame=None if pose is None else pose.frame,
        frame_basis=found.outline.frame_basis[n],
        box=found.boxes[n + 1],
        volume_mm3=bone.volume_mm3,
        estimated_mm3=found.outline.estimated_mm3(n + 1, owner, imaging.grid),
        cut_at_border=bone.cut_at_border,
        canal_centre_mm=None if pose is None or wall is None else canal_centre(pose, wall),
        canal_closed=closed,
        canal_width_mm=wall.right_mm - wall.left_mm if wall is not None and closed else None,
        canal_depth_mm=wall.front_mm - wall.back_mm if wall is not None and closed else None,
        caveats=implausible_bone(bone, n, found.bones, found.own),
    )


def canal_centre(pose: Pose, wall: CanalWall) -> tuple[float, float, float]:
    x0, y0, _, _ = wall.line
    x, y, z = pose.frame.to_world(np.array([x0, y0, 0.0]))
    return float(x), float(y), float(z)
