"""A vertebra's shape in its own frame, and the fit of one vertebra's shape to what is left of another.

Neighbouring vertebrae differ by a small rotation, a shift and three scales; with these nine numbers a neighbour's
shape is laid on the remaining surface, and says where the missing surface was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from enbloc.anatomy.bones import Bone
from enbloc.anatomy.frames import Pose, make_frame
from enbloc.anatomy.spine import Frame
from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Mask

MARGIN_MM = 12.0
"""Distances are exact this far around the bone; beyond, the value at the margin stands."""
SLOPE_MM = 1.0
PRIOR_SD = np.repeat([np.radians(24.0), 18.0, 0.24], 3)
"""Spread of rotation (rad), shift (mm) and log scale between neighbouring vertebrae: wide, to guide and not to
decide.
"""
RESIDUAL_SD_MM = 1.0
EFFECTIVE_POINTS = 60.0
"""Surface points are neighbours of one another; together they weigh as this many independent ones."""
MOST_STEPS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """Signed distance to a vertebra's surface in mm (negative inside) on the label map's own voxels around it.

    `to_index` (3 x 3) and `offset` take points of the vertebra's frame to indices of `distance`.
    """

    distance: npt.NDArray[np.float32]
    to_index: Array
    offset: Vector
    pose: Pose

    def at(self, local_mm: Array) -> Vector:
        """Trilinear value at points (n, 3) of the frame; clamped at the faces of the array."""
        values: Vector = _sample(self.distance, np.ascontiguousarray(local_mm @ self.to_index.T + self.offset))
        return values

    def gradient(self, local_mm: Array) -> Array:
        """Central differences over SLOPE_MM to either side at points (n, 3), shape (n, 3)."""
        half = SLOPE_MM * np.eye(3)
        return np.stack([(self.at(local_mm + h) - self.at(local_mm - h)) / (2.0 * SLOPE_MM) for h in half], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Takes points of a target frame to the shape's frame: scale * (rotation @ point + shift)."""

    shape: Shape
    rotation: Array
    shift: Vector
    scale: Vector
    residual_mm: float

    def distance_mm(self, local_mm: Array) -> Vector:
        """Signed distance of target points (n, 3) to the fitted outline, negative inside."""
        moved = self.scale * (local_mm @ self.rotation.T + self.shift)
        distance: Vector = self.shape.at(moved) / float(np.cbrt(np.prod(self.scale)))
        return distance

    def origin(self) -> Vector:
        """Where the shape's own origin lands in the target frame."""
        origin: Vector = -self.rotation.T @ self.shift
        return origin


def shape_of(bone: Bone, pose: Pose) -> Shape:
    """The signed distance around a labelled vertebra."""
    margin = np.ceil(MARGIN_MM / bone.grid.spacing_mm).astype(int)
    solid = np.pad(bone.mask, [(int(m), int(m)) for m in margin])
    low = np.array(bone.box.lower) - margin
    affine = bone.grid.affine
    to_index = affine.inverse[:3, :3] @ pose.frame.axes.T
    offset = affine.to_index(np.array(pose.frame.origin_mm)) - low
    return Shape(signed_distance(solid, bone.grid.spacing_mm), to_index, offset, pose)


def signed_distance(solid: Mask, spacing_mm: Vector) -> npt.NDArray[np.float32]:
    """Distance to the border between voxels in mm, negative inside; the border lies half a voxel from either centre."""
    import edt

    solid = np.ascontiguousarray(solid)
    step = tuple(float(s) for s in spacing_mm)
    half = np.float32(0.5 * spacing_mm.mean())
    inside = edt.edt(solid, anisotropy=step, black_border=False)
    outside = edt.edt(~solid, anisotropy=step, black_border=False)
    distance: npt.NDArray[np.float32] = np.where(solid, half - inside, outside - half)
    return distance


def fit_shape(shape: Shape, surface_mm: Array, target: Pose) -> Fit:
    """Least-squares fit of `shape` to surface points (n, 3) given in the frame of `target`.

    Gauss-Newton on nine numbers (rotation vector, shift, log scale) with reweighting (soft-L1: weight 1 / sqrt(1 +
    r^2)), so that points on an unseen defect do not pull. Gaussian priors hold what the remaining bone leaves free:
    the scale's is centred on the ratio of the two poses' sizes. Steps that do not lower the cost are shortened.
    """
    expected = np.zeros(9)
    expected[6:8] = np.log(shape.pose.body_radius_mm / target.body_radius_mm)
    expected[8] = np.log(shape.pose.height_mm / target.height_mm)
    p = _minimised(_Misfit(shape, surface_mm, expected), expected)
    fit = Fit(shape, rotation_matrix(p[:3]), p[3:6], np.exp(p[6:]), float("inf"))
    return replace(fit, residual_mm=float(np.mean(np.abs(fit.distance_mm(surface_mm))))) if len(surface_mm) else fit


@dataclass(frozen=True, slots=True, eq=False)
class _Misfit:
    """Surface points against a shape: soft-L1 data term and Gaussian priors around `expected`."""

    shape: Shape
    surface_mm: Array
    expected: Vector

    def cost(self, p: Vector) -> float:
        misfit = self.shape.at(_moved(p, self.surface_mm)) / RESIDUAL_SD_MM
        data = 2.0 * self._weight * (np.sqrt(1.0 + misfit**2) - 1.0).sum()
        return float(data + ((p - self.expected) ** 2 / PRIOR_SD**2).sum())

    def normal_equations(self, p: Vector) -> tuple[Array, Vector]:
        """Matrix and right side of the Gauss-Newton step at `p`."""
        moved = _moved(p, self.surface_mm)
        misfit = self.shape.at(moved) / RESIDUAL_SD_MM
        slope = self.shape.gradient(moved) / RESIDUAL_SD_MM
        pulled = slope * np.exp(p[6:])
        turned = self.surface_mm @ rotation_matrix(p[:3]).T
        jacobian = np.hstack([np.cross(turned, pulled), pulled, slope * moved])
        weights = self._weight / np.sqrt(1.0 + misfit**2)
        normal: Array = (jacobian * weights[:, None]).T @ jacobian + np.diag(1.0 / PRIOR_SD**2)
        downhill: Vector = -(jacobian.T @ (weights * misfit) + (p - self.expected) / PRIOR_SD**2)
        return normal, downhill

    @property
    def _weight(self) -> float:
        return EFFECTIVE_POINTS / max(len(self.surface_mm), 1)


def _minimised(problem: _Misfit, start: Vector) -> Vector:
    """Levenberg-Marquardt from `start`; stops when a step gains less than a millionth of the cost."""
    p, best, damping = start, problem.cost(start), 1e-3
    for _ in range(MOST_STEPS):
        normal, downhill = problem.normal_equations(p)
        gain, trial = 0.0, p
        while damping < 1e6 and gain <= 0.0:
            trial = p + np.linalg.solve(normal + damping * np.diag(np.diag(normal)), downhill)
            gain = best - problem.cost(trial)
            damping *= 0.2 if gain > 0.0 else 5.0
        if gain <= 1e-6 * best:
            break
        p, best = trial, best - gain
    return p


def _moved(p: Vector, points: Array) -> Array:
    moved: Array = np.exp(p[6:]) * (points @ rotation_matrix(p[:3]).T + p[3:6])
    return moved


def rotation_matrix(vector: Vector) -> Array:
    """Rotation by |vector| radians about `vector` (Rodrigues' formula)."""
    angle = float(np.linalg.norm(vector))
    if angle < 1e-12:
        return np.eye(3)
    x, y, z = vector / angle
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    matrix: Array = np.eye(3) + np.sin(angle) * cross + (1.0 - np.cos(angle)) * (cross @ cross)
    return matrix


def fitted_pose(fits: list[Fit], target: Pose) -> Pose:
    """The pose that the fitted neighbours give the target: the mean of their frames, canal lines and sizes."""
    frame = target.frame
    origin = np.mean([fit.origin() for fit in fits], axis=0)
    superior = np.mean([fit.rotation.T @ np.array([0.0, 0.0, 1.0]) for fit in fits], axis=0)
    anterior = np.mean([fit.rotation.T @ np.array([0.0, 1.0, 0.0]) for fit in fits], axis=0)
    placed: Frame = make_frame(frame.to_world(origin), superior @ frame.axes, anterior @ frame.axes)
    canal = np.mean([_back(fit, fit.shape.pose.frame.to_local(fit.shape.pose.canal_point_mm)) for fit in fits], axis=0)
    axis = np.mean([fit.rotation.T @ (fit.shape.pose.frame.axes @ fit.shape.pose.canal_axis) for fit in fits], axis=0)
    area = float(np.mean([fit.shape.pose.hole_mm2 / (fit.scale[0] * fit.scale[1]) for fit in fits]))
    return Pose(
        frame=placed,
        canal_point_mm=frame.to_world(canal),
        canal_axis=(axis / np.linalg.norm(axis)) @ frame.axes,
        hole_mm2=area,
        body_radius_mm=float(np.mean([fit.shape.pose.body_radius_mm / fit.scale[:2].mean() for fit in fits])),
        top_mm=float(np.mean([fit.shape.pose.top_mm / fit.scale[2] for fit in fits])),
        bottom_mm=float(np.mean([fit.shape.pose.bottom_mm / fit.scale[2] for fit in fits])),
    )


def _back(fit: Fit, point: Vector) -> Vector:
    """A point of the shape's frame in the target frame."""
    place: Vector = fit.rotation.T @ (point / fit.scale - fit.shift)
    return place


@numba.njit(cache=True)
def _sample(values: npt.NDArray[np.float32], index: Array) -> Vector:
    """Trilinear interpolation of `values` at fractional indices (n, 3), clamped to the array."""
    found = np.empty(index.shape[0])
    for n in range(index.shape[0]):
        low = np.empty(3, np.int64)
        share = np.empty(3)
        for axis in range(3):
            place = min(max(index[n, axis], 0.0), values.shape[axis] - 1.0)
            low[axis] = min(int(place), values.shape[axis] - 2)
            share[axis] = place - low[axis]
        total = 0.0
        for a in range(2):
            for b in range(2):
                for c in range(2):
                    weight = (
                        (share[0] if a else 1.0 - share[0])
                        * (share[1] if b else 1.0 - share[1])
                        * (share[2] if c else 1.0 - share[2])
                    )
                    total += weight * values[low[0] + a, low[1] + b, low[2] + c]
        found[n] = total
    return found
