"""Closed triangle meshes: from a mask of voxels, smoothed without shrinking, with their measures."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Affine, Array
from enbloc.core.volume import Mask

LEVEL = 0.4931
"""Where between 0 and 1 the surface lies: one half, but off every mean of voxels, which would give faces of no area."""
SMOOTHING = 12
PASS_BAND = 0.1
"""Taubin's pass-band frequency k_PB: shape wavelengths longer than a few edges are kept, the voxel staircase is not."""

Vertices = npt.NDArray[np.float32]
Faces = npt.NDArray[np.int32]
FloatField = npt.NDArray[np.float32]


def smooth_surface(mask: Mask, affine: Affine, coarse_mm: float) -> tuple[Array, Faces]:
    """The closed surface of `mask` (cropped; indices mean `affine`): vertices in RAS mm, faces facing outward.

    Marching cubes on the mask padded by a shell of zeros, then Taubin smoothing. Voxels finer than `coarse_mm` are
    averaged up to, but not beyond, that size. Raises ValueError for an empty mask.
    """
    from skimage.measure import marching_cubes

    if not mask.any():
        raise ValueError("an empty mask has no surface")
    field, matrix = averaged(mask, affine, coarse_mm)
    vertices, faces, _, _ = marching_cubes(field, LEVEL)  # type: ignore[no-untyped-call]
    points = vertices.astype(np.float64) @ matrix[:3, :3].T + matrix[:3, 3]
    faces = np.ascontiguousarray(faces, dtype=np.int32)
    points = taubin(points, faces)
    if enclosed_mm3(points, faces) < 0.0:
        faces = np.ascontiguousarray(faces[:, ::-1])
    return points, faces


def averaged(mask: Mask, affine: Affine, coarse_mm: float) -> tuple[FloatField, Array]:
    """The mask in a shell of zeros, averaged in blocks where voxels are finer than `coarse_mm`, and its matrix.

    Averaging keeps volume: the middle level of the averaged field encloses what the voxels enclose.
    """
    factors = tuple(max(1, int(coarse_mm / spacing)) for spacing in affine.spacing_mm)
    field = _blocks(mask, factors)
    if not (field > 0.5).any():
        factors = (1, 1, 1)
        field = _blocks(mask, factors)
    matrix = affine.matrix.copy()
    matrix[:3, :3] *= np.array(factors)
    matrix[:3, 3] = affine.to_world([(f - 1) / 2.0 - f for f in factors])
    return field, matrix


def _blocks(mask: Mask, factors: tuple[int, ...]) -> FloatField:
    """Means over blocks of `factors` voxels, with at least one block of zeros on every side."""
    margins = [(f, f + -n % f) for n, f in zip(mask.shape, factors, strict=True)]
    field: FloatField = np.pad(mask, margins).astype(np.float32)
    for axis, factor in enumerate(factors):
        shape = (*field.shape[:axis], field.shape[axis] // factor, factor, *field.shape[axis + 1 :])
        field = field.reshape(shape).mean(axis=axis + 1, dtype=np.float32)
    return np.ascontiguousarray(field)


def taubin(points: Array, faces: Faces, rounds: int = SMOOTHING) -> Array:
    """Low-pass smoothing that does not shrink: steps lambda then mu with 1/lambda + 1/mu = k_PB (Taubin 1995).

    The operator is the mean of the neighbours minus the point.
    """
    from scipy.sparse import coo_matrix, diags

    shrink = 0.55
    grow = 1.0 / (PASS_BAND - 1.0 / shrink)
    start = np.concatenate([faces[:, 0], faces[:, 1], faces[:, 2]])
    end = np.concatenate([faces[:, 1], faces[:, 2], faces[:, 0]])
    ones = np.ones(start.size)
    neighbours = coo_matrix((ones, (start, end)), shape=(len(points), len(points))).tocsr()
    count = np.asarray(neighbours.sum(axis=1)).ravel()
    mean = diags(1.0 / np.maximum(count, 1.0)) @ neighbours
    for _ in range(rounds):
        points = points + shrink * (mean @ points - points)
        points = points + grow * (mean @ points - points)
    return points


def is_closed(faces: Faces) -> bool:
    """Whether every edge is run once in each direction by as many faces: no hole, no flipped face."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).astype(np.int64)
    n = int(edges.max()) + 1
    forward = np.sort(edges[:, 0] * n + edges[:, 1])
    backward = np.sort(edges[:, 1] * n + edges[:, 0])
    return bool(np.array_equal(forward, backward))


def enclosed_mm3(points: Array, faces: Faces) -> float:
    """Volume enclosed, by the divergence theorem; negative where faces look inward."""
    a, b, c = (points[faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->", a - a[0], np.cross(b - a[0], c - a[0])) / 6.0)


def area_vectors(points: Array, faces: Faces) -> Array:
    """Outward normal of each face, as long as the face is large in mm², (m, 3)."""
    a, b, c = (points[faces[:, i]] for i in range(3))
    vectors: Array = 0.5 * np.cross(b - a, c - a)
    return vectors


def vertex_vectors(vectors: Array, faces: Faces, count: int) -> Array:
    """Sum over the faces around each of `count` vertices of the faces' `vectors`, (count, 3)."""
    sums = [sum(np.bincount(faces[:, c], vectors[:, axis], count) for c in range(3)) for axis in range(3)]
    at_vertex: Array = np.stack(sums, axis=1)
    return at_vertex
