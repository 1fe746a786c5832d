"""The intact outline of vertebrae that tumour has eaten.

Real tumours eat the bone and the label with it, so tumour inside the former outline must not count as outside the
vertebra. The outline is estimated from two sources: the neighbours' shapes fitted to the bone that is left, and the
vertebra's own other side where no tumour is. Only tumour voxels are ever added, every one of them marked as
estimated.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from enbloc.anatomy.bones import Bone
from enbloc.anatomy.borrow import borrow_poses
from enbloc.anatomy.frames import Pose
from enbloc.anatomy.parts import PartMap
from enbloc.anatomy.shape import Fit, Shape, fit_shape, fitted_pose, shape_of, signed_distance
from enbloc.core.evidence import Caveat
from enbloc.core.geometry import Array, Box, Index, Vector, bounding_box, indices_of
from enbloc.core.volume import Grid, Mask

CONTACT_VOXELS = 2
DEEP_MM = 2.5
"""A neighbour's fitted shape misses the true surface by about 1 mm; loose tumour deeper than this inside it was bone.
"""
LEAST_EATEN = 0.01
"""Share of a vertebra's volume that must be missing, deeply, before its label counts as eaten."""
REFRAME = 0.05
"""From this missing share on, the frame is taken from the fitted neighbours and not from what is left."""
GOOD_FIT_MM = 1.2
"""Mean distance at which a neighbour's shape is accepted without trying another start."""
MIRROR_WEIGHT = 2.0
MOST_FACES = 700
"""Per axis; more surface points than this do not change a fit of nine numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """Poses after restoration, what each rests on, and the tumour voxels that were added to bone."""

    poses: tuple[Pose | None, ...]
    frame_basis: tuple[str, ...]
    estimated: Mask
    caveats: tuple[Caveat, ...]

    def estimated_mm3(self, number: int, owner: PartMap, grid: Grid) -> float:
        return float(np.count_nonzero(self.estimated & (owner == number))) * grid.affine.voxel_volume_mm3


@dataclass(frozen=True, slots=True, eq=False)
class Defect:
    """Loose tumour at one vertebra: voxel indices in the region, and signed distance in mm to the estimated outline
    there.
    """

    number: int
    index: tuple[np.ndarray[tuple[int], np.dtype[np.intp]], ...]
    distance_mm: Vector
    pose: Pose
    eaten_mm3: float
    residual_mm: float


def restore_outlines(
    bones: Sequence[Bone],
    poses: Sequence[Pose | None],
    own: Sequence[Pose | None],
    owner: PartMap,
    tumour: Mask,
    grid: Grid,
    region: Box,
) -> Outline:
    """Adds tumour voxels inside estimated outlines to `owner`; returns the poses to go on with.

    A vertebra's label counts as eaten when enough loose tumour lies deep inside its estimated outline. Where no
    intact neighbour exists nothing is estimated, and a caveat says so.
    """
    estimated = np.zeros(grid.shape, dtype=bool)
    basis = [_basis(mine, pose) for mine, pose in zip(own, poses, strict=True)]
    after = list(poses)
    caveats = []
    loose = tumour & (owner == 0)
    suspects = suspected(poses, owner, loose)
    able = [n for n, pose in enumerate(own) if pose is not None and bones[n].level.region != "sacral"]
    shapes = {n: LazyShape(bones[n], pose) for n, pose in enumerate(own) if pose is not None}

    def starts(n: int, lenders: Sequence[int]) -> list[Pose]:
        others = [own[m] if m in lenders and m != n else None for m in range(len(own))]
        return [pose for pose in (poses[n], borrow_poses(bones, others, ())[n]) if pose is not None]

    def examined(places: Iterable[int], lenders: Sequence[int]) -> dict[int, Defect]:
        lent = {n: [shapes[m].shape for m in nearest_lenders(n, lenders)] for n in places}
        return {
            n: assess(n + 1, bones[n], starts(n, lenders), lent[n], owner, tumour, loose, grid, region)
            for n in places
            if lent[n]
        }

    eaten = {n: d for n, d in examined(suspects, able).items() if d.eaten_mm3 >= LEAST_EATEN * bones[n].volume_mm3}
    sound = [n for n in able if n not in eaten]
    if sound and any(set(nearest_lenders(n, able)) & eaten.keys() for n in eaten):
        eaten = examined(eaten, sound)
    for n in suspects:
        if not nearest_lenders(n, able):
            text = f"{bones[n].level}: no intact neighbour is in view to estimate a destroyed outline from"
            caveats.append(Caveat("outline-not-estimated", text))
    best = np.zeros(grid.shape if eaten else (0, 0, 0), dtype=np.float32)
    for n, defect in eaten.items():
        claim(defect, best, owner, estimated)
        if defect.eaten_mm3 >= REFRAME * bones[n].volume_mm3 or own[n] is None:
            after[n] = defect.pose
            basis[n] = "fitted"
    for n, defect in eaten.items():
        added = float(np.count_nonzero(estimated & (owner == n + 1))) * grid.affine.voxel_volume_mm3
        caveats.append(_told(bones[n], added, defect.residual_mm))
    return Outline(tuple(after), tuple(basis), estimated, tuple(caveats))


@dataclass(frozen=True, eq=False)
class LazyShape:
    """The shape of a labelled vertebra, made when first asked for."""

    bone: Bone
    pose: Pose

    @cached_property
    def shape(self) -> Shape:
        return shape_of(self.bone, self.pose)


def claim(defect: Defect, best: np.ndarray[Index, np.dtype[np.float32]], owner: PartMap, estimated: Mask) -> None:
    """Gives voxels inside the defect's outline to its vertebra, unless they lie deeper in one that claimed them
    before.
    """
    mine = defect.distance_mm < best[defect.index]
    voxels = tuple(axis[mine] for axis in defect.index)
    best[voxels] = defect.distance_mm[mine]
    owner[voxels] = defect.number
    estimated[voxels] = True


def _told(bone: Bone, added_mm3: float, residual_mm: float) -> Caveat:
    text = (
        f"{bone.level}: {added_mm3 / 1000.0:.1f} mL of tumour lies inside the estimated outline of bone that the label "
        f"no longer shows; the neighbours' shape fits the remaining bone with a mean error of {residual_mm:.1f} mm"
    )
    return Caveat("outline-estimated", text)


def _basis(own: Pose | None, pose: Pose | None) -> str:
    if pose is None:
        return "not-modelled"
    return "own-bone" if own is not None else "neighbours"


def suspected(poses: Sequence[Pose | None], owner: PartMap, loose: Mask) -> tuple[int, ...]:
    """Modelled vertebrae whose bone loose tumour touches, or nearly (CONTACT_VOXELS)."""
    from scipy import ndimage

    lesion = bounding_box(loose)
    if lesion is None:
        return ()
    box = lesion.grown((CONTACT_VOXELS + 1,) * 3, loose.shape)
    reached = ndimage.binary_dilation(loose[box.slices], iterations=CONTACT_VOXELS)
    numbers = np.unique(owner[box.slices][reached])
    return tuple(int(n) - 1 for n in numbers if n > 0 and poses[n - 1] is not None)


def nearest_lenders(place: int, intact: Sequence[int]) -> tuple[int, ...]:
    """Up to two intact vertebrae: the nearest above and below, or the two nearest on one side."""
    above = [m for m in intact if m < place][::-1]
    below = [m for m in intact if m > place]
    if above and below:
        return above[0], below[0]
    return tuple((above or below)[:2])


def assess(
    number: int,
    bone: Bone,
    starts: Sequence[Pose],
    shapes: Sequence[Shape],
    owner: PartMap,
    tumour: Mask,
    loose: Mask,
    grid: Grid,
    region: Box,
) -> Defect:
    """Fits the neighbours' shapes to the bone left of one vertebra and measures its loose tumour against them."""
    box = bone.box.relative_to(region).union(span(grid, starts[-1]))
    mine, lesion = owner[box.slices] == number, tumour[box.slices]
    surface = grid.crop(box).affine.to_world(undisturbed_surface(mine, lesion))
    pose, fits = best_fits(shapes, surface, starts)
    placed = fitted_pose(fits, pose)
    inside = np.nonzero(loose[box.slices])
    points = grid.crop(box).affine.to_world(np.stack(inside, axis=1))
    distance = np.mean([fit.distance_mm(pose.frame.to_local(points)) for fit in fits], axis=0)
    distance = with_mirror(distance, points, placed, mine, lesion, grid.crop(box))
    deep = float(np.count_nonzero(distance < -DEEP_MM)) * grid.affine.voxel_volume_mm3
    index = tuple(axis + low for axis, low in zip(inside, box.lower, strict=True))
    return Defect(number, index, distance, placed, deep, float(np.mean([fit.residual_mm for fit in fits])))


def best_fits(shapes: Sequence[Shape], surface_mm: Array, starts: Sequence[Pose]) -> tuple[Pose, list[Fit]]:
    """The start from which the shapes fit the surface (RAS mm) best, with its fits: half-eaten bone can show a false
    pose.
    """
    tried = []
    for pose in starts:
        fits = [fit_shape(shape, pose.frame.to_local(surface_mm), pose) for shape in shapes]
        tried.append((pose, fits))
        if max(fit.residual_mm for fit in fits) <= GOOD_FIT_MM:
            break
    return min(tried, key=lambda item: sum(fit.residual_mm for fit in item[1]))


def span(grid: Grid, pose: Pose) -> Box:
    """The voxels that a whole vertebra at `pose` can take up, clipped to the grid."""
    corners = np.array([[x, y, z] for x in (-62.0, 62.0) for y in (-85.0, 35.0) for z in (-45.0, 30.0)])
    index = grid.affine.to_index(pose.frame.to_world(corners))
    shape = np.array(grid.shape)
    low = np.clip(np.floor(index.min(axis=0)).astype(int), 0, shape - 1)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 1, low + 1, shape)
    return Box((int(low[0]), int(low[1]), int(low[2])), (int(high[0]), int(high[1]), int(high[2])))


def undisturbed_surface(bone: Mask, tumour: Mask) -> Array:
    """Indices (n, 3) of face centres between bone and not-bone, away from tumour: surface that tumour did not make."""
    from scipy import ndimage

    far = ~ndimage.binary_dilation(tumour, iterations=2)
    found = []
    for axis in range(3):
        low = [slice(None)] * 3
        high = [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(low), tuple(high)
        faces = indices_of((bone[a] != bone[b]) & far[a] & far[b])
        found.append(_thinned(faces, bone[a].shape) + 0.5 * np.eye(3)[axis])
    return np.concatenate(found)


def _thinned(index: np.ndarray[tuple[int, ...], np.dtype[np.intp]], shape: tuple[int, ...]) -> Array:
    """Every so-many-th face, the same ones when the array is flipped."""
    step = max(1, len(index) // MOST_FACES)
    from_end = np.minimum(index, np.array(shape) - 1 - index).sum(axis=1)
    kept: Array = index[from_end % step == 0].astype(np.float64)
    return kept


def with_mirror(distance: Vector, points_mm: Array, pose: Pose, bone: Mask, tumour: Mask, grid: Grid) -> Vector:
    """Blends in the vertebra's own other side: MIRROR_WEIGHT where the mirrored place is away from tumour, nothing
    where it is not.
    """
    from scipy import ndimage

    local = pose.frame.to_local(points_mm)
    x0, _, sx, _ = pose.canal_local()
    mirrored = local.copy()
    mirrored[:, 0] = 2.0 * (x0 + sx * local[:, 2]) - local[:, 0]
    index = grid.affine.to_index(pose.frame.to_world(mirrored))
    place = np.round(index).astype(int)
    within: Mask = np.all((place >= 0) & (place < np.array(grid.shape)), axis=1)
    safe = np.where(within[:, None], place, 0)
    own = signed_distance(bone, grid.spacing_mm)
    clear = ~ndimage.binary_dilation(tumour, iterations=2)
    weight = MIRROR_WEIGHT * (within & clear[tuple(safe.T)])
    blended: Vector = (2.0 * distance + weight * own[tuple(safe.T)]) / (2.0 + weight)
    return blended
