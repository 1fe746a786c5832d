"""A frame for every vertebra from its own bone: canal axis, body disc, endplates.

Endplates and not centroids define "superior": centroids are pulled about by spinous processes, and a line through
them is blind to wedging.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy.bones import Bone
from enbloc.anatomy.silhouette import Shadow, canal_axis
from enbloc.anatomy.spine import Frame, Triple
from enbloc.core.geometry import Array, Vector, unit

SMALLEST_HOLE_MM2 = 45.0
"""A ring with less see-through area than a cord's cross-section is not taken for the canal."""
MOST_TILT_DEG = 25.0
COLUMN_MM = 2.03
ENDPLATE_REACH = 0.75


@dataclass(frozen=True, slots=True, eq=False)
class Pose:
    """A vertebra's frame with what it was read from; lengths in mm, canal line in RAS.

    `top_mm`, `bottom_mm`: height of the endplate centres over the origin. `body_radius_mm`: largest disc in the
    body's shadow.
    """

    frame: Frame
    canal_point_mm: Vector
    canal_axis: Vector
    hole_mm2: float
    body_radius_mm: float
    top_mm: float
    bottom_mm: float

    @property
    def height_mm(self) -> float:
        return self.top_mm - self.bottom_mm

    def canal_local(self) -> tuple[float, float, float, float]:
        """The canal line in the frame: x0, y0 at z = 0 and dx/dz, dy/dz."""
        point = self.frame.to_local(self.canal_point_mm)
        direction = self.frame.axes @ self.canal_axis
        slope = direction[:2] / direction[2]
        start = point[:2] - point[2] * slope
        return float(start[0]), float(start[1]), float(slope[0]), float(slope[1])


def triple(vector: Vector) -> Triple:
    x, y, z = (float(c) for c in vector)
    return x, y, z


def make_frame(origin_mm: Vector, superior: Vector, anterior: Vector) -> Frame:
    """Orthonormal right-handed frame; `anterior` is made square to `superior`."""
    up = unit(superior)
    front = unit(anterior - (anterior @ up) * up)
    return Frame(triple(origin_mm), triple(np.cross(front, up)), triple(front), triple(up))


def column_tangents(bones: Sequence[Bone], centroids: Array) -> Array:
    """Direction towards the head at each vertebra, (n, 3): secants between neighbours that are not mere fragments."""
    volumes = np.array([bone.volume_mm3 for bone in bones])
    whole = np.flatnonzero(volumes >= 0.4 * np.median(volumes))
    tangents = np.tile([0.0, 0.0, 1.0], (len(bones), 1))
    if whole.size < 2:
        return tangents
    for n in range(len(bones)):
        above, below = whole[whole < n], whole[whole > n]
        top = above[-1] if above.size else (n if n in whole else whole[0])
        bottom = below[0] if below.size else (n if n in whole else whole[-1])
        if top == bottom:
            top, bottom = (whole[-2], whole[-1]) if n >= whole[-1] else (whole[0], whole[1])
        tangents[n] = unit(centroids[top] - centroids[bottom])
    return tangents


def own_pose(points_mm: Array, tangent: Vector) -> Pose | None:
    """The pose read from the bone itself; None where no canal is enclosed or the body is not in front of it."""
    seen = canal_axis(points_mm, tangent)
    if seen.hole_mm2 < SMALLEST_HOLE_MM2:
        return None
    return pose_from_shadow(points_mm, seen)


def pose_from_shadow(points_mm: Array, seen: Shadow) -> Pose | None:
    canal = seen.hole_centre_mm()
    disc, radius = seen.body_disc()
    if not 0.7 * radius < float(np.linalg.norm(disc - canal)) < 3.0 * radius:
        return None
    disc = _body_middle(points_mm, make_frame(disc, seen.axis, disc - canal), radius)
    rough = make_frame(disc, seen.axis, disc - canal)
    top, bottom = endplates(rough.to_local(points_mm), radius)
    if top is None or bottom is None:
        return None
    superior = _bisector(rough, top, bottom)
    middle = rough.to_world(np.array([0.0, 0.0, 0.5 * (top[0] + bottom[0])]))
    frame = make_frame(middle, superior, disc - canal)
    half = 0.5 * float(top[0] - bottom[0])
    return Pose(frame, canal, seen.axis, seen.hole_mm2, radius, half, -half)


def _body_middle(points_mm: Array, rough: Frame, radius: float) -> Vector:
    """The body's centroid across the axis: steadier than the disc's centre, which moves in whole pixels.

    Two passes, since the window that holds the body is placed by the answer.
    """
    frame = rough
    for _ in range(2):
        local = frame.to_local(points_mm)
        body = local[(np.abs(local[:, 0]) < 1.6 * radius) & (local[:, 1] > -0.8 * radius)]
        middle = frame.to_world(np.array([body[:, 0].mean(), body[:, 1].mean(), 0.0]))
        frame = make_frame(middle, np.array(rough.superior), np.array(rough.anterior))
    return np.array(frame.origin_mm)


def _bisector(rough: Frame, top: Vector, bottom: Vector) -> Vector:
    """The direction that halves the angle between two endplates (z = c + a x + b y); the canal axis where they
    disagree wildly.
    """
    normals = [unit(np.array([-plane[1], -plane[2], 1.0])) for plane in (top, bottom)]
    up = unit(normals[0] + normals[1])
    if np.degrees(np.arccos(np.clip(up[2], -1.0, 1.0))) > MOST_TILT_DEG:
        return np.array(rough.superior)
    return unit(up @ rough.axes)


def endplates(local_mm: Array, body_radius_mm: float) -> tuple[Vector | None, Vector | None]:
    """Planes (c, a, b) of z = c + a x + b y through the upper and lower surface of the body's core; None with too few
    columns.
    """
    core = local_mm[np.hypot(local_mm[:, 0], local_mm[:, 1]) < ENDPLATE_REACH * body_radius_mm]
    if len(core) == 0:
        return None, None
    column = np.floor(core[:, :2] / COLUMN_MM).astype(np.int64)
    key = (column[:, 0] + 1000) * 4000 + column[:, 1]
    order = np.lexsort((core[:, 2], key))
    edges = np.flatnonzero(np.diff(key[order])) + 1
    first, last = np.r_[0, edges], np.r_[edges, len(order)] - 1
    centre: Array = (column[order[first]].astype(np.float64) + 0.5) * COLUMN_MM
    return _plane(centre, core[order[last], 2]), _plane(centre, core[order[first], 2])


def _plane(xy: Array, z: Vector) -> Vector | None:
    """Robust plane: least squares, reweighted with Tukey's biweight so that a hole or a spur does not tilt it."""
    if len(z) < 12:
        return None
    design = np.column_stack([np.ones(len(z)), xy])
    weight = np.ones(len(z))
    start = np.array([np.median(z), 0.0, 0.0])
    coefficients = start
    for _ in range(12):
        residual = z - design @ coefficients
        scale = max(1.0, 4.685 * 1.4826 * float(np.median(np.abs(residual))))
        weight = np.clip(1.0 - (residual / scale) ** 2, 0.0, None) ** 2
        if np.count_nonzero(weight) < 8:
            return start
        root = np.sqrt(weight)[:, None]
        coefficients = np.linalg.lstsq(design * root, z * root[:, 0], rcond=None)[0]
    return coefficients
