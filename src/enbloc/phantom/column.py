"""From dimensions to a column: where every vertebra stands, and the numbers its shapes are drawn with."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import atan, cos, degrees, radians, sin, tan

import numpy as np

from enbloc.core.geometry import Array, Vector, unit
from enbloc.core.levels import Level
from enbloc.phantom.kernels import FACET_GAP_MM, LOWER_HOLLOW, VERTEBRA, Shapes
from enbloc.phantom.morphometry import Dimensions, morphometry
from enbloc.phantom.spec import Collapse, PhantomSpec

MIN_DISC_MM = 1.5
FRONT, MIDDLE = 0.75, -0.1
"""Places on the midline, as a share of half the body's depth forward of its middle: where a wedge has lost its whole
wish, and where the hollow of the endplates is deepest.
"""
LIMBS = 8
_PEDICLE, _SPINOUS, _TRANSVERSE, _ARTICULAR = 2, 6, 7, 9


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The vertebrae of one patient, cranial first, in the patient's own mm (before any turn in the scanner).

    `intact`: the shapes as they were before any body collapsed.
    """

    levels: tuple[Level, ...]
    sizes: tuple[Dimensions, ...]
    origin: Array
    axes: Array
    shapes: Shapes
    limbs: Array
    intact: Shapes

    @property
    def arrays(self) -> tuple[Array, Array, Shapes, Array]:
        return self.origin, self.axes, self.shapes, self.limbs

    def to_patient(self, index: int, local_mm: Array) -> Array:
        """mm along right, anterior, superior of one vertebra to the patient's own mm."""
        points: Array = local_mm @ self.axes[index] + self.origin[index]
        return points


@dataclass(frozen=True, slots=True)
class Curve:
    """Tilts in degrees: forward tilt and side tilt of each vertebra; total wedge of each body and each disc."""

    forward: tuple[float, ...]
    sideways: tuple[float, ...]
    twist: tuple[float, ...]
    body_wedge: tuple[float, ...]
    disc_wedge: tuple[float, ...]


def build_column(spec: PhantomSpec) -> Column:
    levels = tuple(Level(level) for level in spec.levels)
    sizes = tuple(_sized(morphometry()[level], spec) for level in levels)
    curve = _curve(levels, sizes, spec)
    natural = _curve(levels, sizes, replace(spec, collapse=None))
    gaps = tuple(
        max(size.disc, MIN_DISC_MM + 0.5 * size.depth * abs(sin(radians(wedge))))
        for size, wedge in zip(sizes, curve.disc_wedge, strict=True)
    )
    straight = Curve(curve.forward, (0.0,) * len(levels), (0.0,) * len(levels), curve.body_wedge, curve.disc_wedge)
    side = -1.0 if spec.mirror else 1.0
    shapes, intact = np.zeros(len(levels), VERTEBRA), np.zeros(len(levels), VERTEBRA)
    for i, size in enumerate(sizes):
        below, lopsided = _next(sizes, i), side * spec.asymmetry
        shapes[i] = _shape(size, below, curve.body_wedge[i], levels[i], gaps[i], lopsided)
        intact[i] = _shape(size, below, natural.body_wedge[i], levels[i], gaps[i], lopsided)
    origin, axes = _stand(straight, shapes, gaps)
    limbs = np.zeros((len(levels), LIMBS, 15))
    joints = _joints(levels, sizes, shapes, gaps, origin, axes)
    for i, level in enumerate(levels):
        rows = _limbs(level, sizes[i], shapes[i], joints[i][0], joints[i][1])
        limbs[i, : len(rows)] = rows
        _reach(shapes[i], limbs[i])
    origin, axes = _stand(curve, shapes, gaps)
    if spec.mirror:
        axes = axes * np.outer([-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0])
        origin = origin * np.array([-1.0, 1.0, 1.0])
    if spec.collapse is not None:
        _sink(shapes[levels.index(Level(spec.collapse.level))], spec.collapse)
    return Column(levels, sizes, origin - _middle(origin), axes, shapes, limbs, intact)


def _middle(origin: Array) -> Vector:
    """The point the patient is turned about.

    X stays, so that the mirror plane is the plane x = 0 of a straight patient.
    """
    middle: Vector = 0.5 * (origin[0] + origin[-1])
    return middle


def _next(sizes: tuple[Dimensions, ...], i: int) -> Dimensions:
    return sizes[min(i + 1, len(sizes) - 1)]


def _sized(size: Dimensions, spec: PhantomSpec) -> Dimensions:
    """Lengths times the patient's scale; angles and slopes stay."""
    angles = {"pedicle_angle", "wedge", "disc_wedge", "spinous_angle", "facet_angle", "lamina_slope"}
    names = Dimensions.__dataclass_fields__
    values = {name: getattr(size, name) * (1.0 if name in angles else spec.scale) for name in names}
    values["pedicle_width"] *= spec.pedicle_scale
    return Dimensions(**values)


def _curve(levels: tuple[Level, ...], sizes: tuple[Dimensions, ...], spec: PhantomSpec) -> Curve:
    """Natural wedges plus the wished kyphosis (three fifths in bodies, the rest in discs) and one side curve."""
    n = len(levels)
    extra = dict(spec.wedges)
    body = [
        size.wedge + extra.get(level, 0.0) + 0.6 * spec.kyphosis_deg / n
        for level, size in zip(levels, sizes, strict=True)
    ]
    if spec.collapse is not None and spec.collapse.form == "wedge":
        i = levels.index(Level(spec.collapse.level))
        body[i] = _wedged(sizes[i], _next(sizes, i), body[i], spec.collapse.loss)
    disc = [size.disc_wedge + (0.4 * spec.kyphosis_deg / (n - 1) if n > 1 else 0.0) for size in sizes]
    forward = [0.0]
    for i in range(n - 1):
        forward.append(forward[-1] - (0.5 * (body[i] + body[i + 1]) + disc[i]))
    mean = 0.5 * (forward[0] + forward[-1])
    place = [0.0] if n == 1 else [1.0 - 2.0 * i / (n - 1) for i in range(n)]
    sideways = [0.5 * spec.scoliosis_deg * p for p in place]
    twist = [0.25 * spec.scoliosis_deg * (1.0 - p * p) for p in place]
    return Curve(tuple(a - mean for a in forward), tuple(sideways), tuple(twist), tuple(body), tuple(disc))


def _wedged(size: Dimensions, below: Dimensions, wedge: float, loss: float) -> float:
    """The wedge angle of a body whose front has lost `loss` of its height and whose posterior wall has kept it."""
    to_front = _mean_depth(size, below) * (1.0 + FRONT)
    front = size.height - 2.0 * tan(0.5 * radians(wedge)) * to_front
    return 2.0 * degrees(atan((size.height - (1.0 - loss) * front) / (2.0 * to_front)))


def _sink(v: np.void, collapse: Collapse) -> None:
    """Takes height from a body that stands where it stood; a wedge is drawn by its angle instead."""
    left = 1.0 - collapse.loss
    if collapse.form == "crush":
        for name in ("height", "tilt", "hollow"):
            v[name] *= left
    if collapse.form == "biconcave":
        both = 1.0 + LOWER_HOLLOW
        rim = float(v["height"] - 2.0 * v["tilt"] * MIDDLE * 0.5 * (v["depth_up"] + v["depth_low"]))
        v["hollow"] = (rim - left * (rim - both * float(v["hollow"]))) / both


def _turn(forward: float, sideways: float, twist: float) -> Array:
    """Rows right, anterior, superior of a vertebra tilted forward, then sideways and turned; degrees."""
    f, s, t = radians(forward), radians(sideways), radians(twist)
    pitch = np.array([[1.0, 0.0, 0.0], [0.0, cos(f), -sin(f)], [0.0, sin(f), cos(f)]])
    roll = np.array([[cos(s), 0.0, sin(s)], [0.0, 1.0, 0.0], [-sin(s), 0.0, cos(s)]])
    yaw = np.array([[cos(t), sin(t), 0.0], [-sin(t), cos(t), 0.0], [0.0, 0.0, 1.0]])
    axes: Array = yaw @ pitch @ roll
    return axes


def _stand(curve: Curve, shapes: Shapes, gaps: tuple[float, ...]) -> tuple[Array, Array]:
    """Stack the bodies from the top down, posterior walls flush, discs between the endplates."""
    n = len(shapes)
    axes = np.array([_turn(*tilts) for tilts in zip(curve.forward, curve.sideways, curve.twist, strict=True)])
    origin = np.zeros((n, 3))
    for i in range(n - 1):
        between = 0.5 * (axes[i] + axes[i + 1])
        up, front = unit(between[2]), unit(between[1])
        upper = origin[i] - axes[i, 2] * 0.5 * shapes[i]["height"]
        lower = upper - up * gaps[i] - front * (shapes[i + 1]["wall_y"] - shapes[i]["wall_y"])
        origin[i + 1] = lower - axes[i + 1, 2] * 0.5 * shapes[i + 1]["height"]
    return origin, axes


def _mean_depth(size: Dimensions, below: Dimensions) -> float:
    """Half the body's depth, between that of its endplates."""
    return 0.5 * (0.5 * size.depth + 0.25 * (size.depth + below.depth))


def _shape(
    size: Dimensions, below: Dimensions, wedge: float, level: Level, gap: float, asymmetry: float
) -> tuple[float, ...]:
    """The record `VERTEBRA` of one level; its reach is filled in once the limbs are known."""
    thoracic = level.region == "thoracic"
    depth_up, depth_low = 0.5 * size.depth, 0.25 * (size.depth + below.depth)
    width_up, width_low = 0.5 * size.width, 0.5 * (0.45 * size.width + 0.55 * below.width)
    mean_depth = _mean_depth(size, below)
    tilt = tan(0.5 * radians(wedge))
    height = size.height - 2.0 * tilt * mean_depth
    wall_y = -mean_depth + 0.6
    canal_y = wall_y - 0.5 * size.canal_depth
    pedicle_h = 0.5 * size.pedicle_height
    pedicle_z = 0.5 * height - pedicle_h - (0.2 if thoracic else 1.2)
    lamina_top = pedicle_z + (0.45 if thoracic else 0.2) * pedicle_h
    lamina_bottom = -0.5 * height - (0.55 * gap if thoracic else -0.5)
    values = {
        "width_up": width_up, "width_low": width_low, "depth_up": depth_up, "depth_low": depth_low, "height": height,
        "waist": 0.13 if thoracic else 0.15, "tilt": tilt, "hollow": 0.9 if thoracic else 1.4,
        "wall_y": wall_y, "canal_y": canal_y, "canal_w": 0.5 * size.canal_width, "canal_d": 0.5 * size.canal_depth,
        "taper": 0.12 if thoracic else 0.38,
        "lamina_t": 5.4 if thoracic else 6.2, "lamina_top": lamina_top, "lamina_bottom": lamina_bottom,
        "lamina_slope": size.lamina_slope, "pedicle_z": pedicle_z, "pedicle_h": pedicle_h,
        "pedicle_x": 0.5 * size.canal_width + size.pedicle_width + 0.8,
        "cord_w": 0.5 * size.cord_width, "cord_d": 0.5 * size.cord_depth,
        "disc_w": 0.5 * (width_low + 0.5 * below.width) - 0.3, "disc_d": 0.5 * (depth_low + 0.5 * below.depth) - 0.3,
        "lopsided": 0.5 * asymmetry, "shear": asymmetry,
    }  # fmt: skip
    return tuple(values.get(name, 0.0) for name in VERTEBRA.names or ())


def _joints(
    levels: tuple[Level, ...],
    sizes: tuple[Dimensions, ...],
    shapes: Shapes,
    gaps: tuple[float, ...],
    origin: Array,
    axes: Array,
) -> list[tuple[tuple[Array, Array], tuple[Array, Array]]]:
    """Per vertebra the right joint above and below in its own frame: (centre, normal towards the superior process)."""
    joints = []
    for i, level in enumerate(levels):
        above = _joint(
            levels[i - 1] if i else _above(level), shapes[i], _angle_above(levels, sizes, i), gaps[max(0, i - 1)]
        )
        if i + 1 < len(levels):
            centre, normal = _joint(level, shapes[i + 1], sizes[i].facet_angle, gaps[i])
            world = centre @ axes[i + 1] + origin[i + 1]
            below = (axes[i] @ (world - origin[i]), axes[i] @ (normal @ axes[i + 1]))
        else:
            centre, normal = _joint(level, shapes[i], sizes[i].facet_angle, gaps[i])
            below = (centre - np.array([0.0, 0.0, float(shapes[i]["height"]) + gaps[i]]), normal)
        joints.append((above, below))
    return joints


def _above(level: Level) -> Level:
    ladder = [known for known in morphometry() if known.rank < level.rank]
    return ladder[-1] if ladder else level


def _angle_above(levels: tuple[Level, ...], sizes: tuple[Dimensions, ...], i: int) -> float:
    return sizes[i - 1].facet_angle if i else morphometry()[_above(levels[0])].facet_angle


def _joint(upper: Level, lower: np.void, angle_deg: float, gap: float) -> tuple[Array, Array]:
    """The joint between `upper` and the vertebra below, in the lower one's frame."""
    sagittal = cos(radians(angle_deg))
    half_w, half_d = float(lower["canal_w"]), float(lower["canal_d"])
    x = half_w * (0.95 + 0.12 * sagittal) + 1.5 * sagittal
    y = float(lower["canal_y"]) - half_d * (0.75 + 0.1 * sagittal) - 0.8
    z = 0.5 * float(lower["height"]) + 0.5 * gap + (1.0 if upper.region == "thoracic" else -1.0)
    return np.array([x, y, z]), np.array([sagittal, sin(radians(angle_deg)), 0.0])


def _limbs(
    level: Level, size: Dimensions, v: np.void, above: tuple[Array, Array], below: tuple[Array, Array]
) -> list[Array]:
    """Pedicle, processes of the right side (the left is drawn by symmetry) and the spinous process."""
    thoracic = level.region == "thoracic"
    half_w, half_d, canal_y = float(v["canal_w"]), float(v["canal_d"]), float(v["canal_y"])
    up = np.array([0.0, 0.0, 1.0])
    pedicle_z, lamina_t = float(v["pedicle_z"]), float(v["lamina_t"])
    axis_x = half_w + 0.5 * size.pedicle_width
    lean_in = tan(radians(size.pedicle_angle))
    front_y, back_y = float(v["wall_y"]) + 5.0, canal_y - 1.5
    front = np.array([axis_x - lean_in * (front_y - canal_y), front_y, pedicle_z])
    back = np.array([axis_x - lean_in * (back_y - canal_y), back_y, pedicle_z - 0.5])
    half_p = 0.5 * size.pedicle_width
    rows = [_limb(front, back, half_p, half_p, up, size.pedicle_height / size.pedicle_width, _PEDICLE)]
    root = np.array([half_w + 0.6 * size.pedicle_width, canal_y - (3.5 if thoracic else 1.5), pedicle_z - 1.5])
    thick = (4.6, 4.2, 1.2) if thoracic else (4.4, 2.7, 1.6)
    tip = np.array(
        [0.5 * size.transverse_span - thick[1], root[1] - size.transverse_back, root[2] + size.transverse_up]
    )
    rows.append(_limb(root, tip, *thick[:2], up, thick[2], _TRANSVERSE))
    thin = 0.62
    radius = 0.5 * size.facet_size
    off = 0.5 * FACET_GAP_MM + thin * radius - 0.5
    base = np.array([half_w + 2.2, canal_y - 0.45 * half_d, pedicle_z + 0.5])
    rows.append(_limb(base, above[0] + above[1] * off, 0.9 * radius, 0.85 * radius, above[1], thin, _ARTICULAR))
    if level is not Level.S1:
        pillar = np.array([half_w - 0.5, canal_y - half_d - 0.2 * lamina_t, float(v["lamina_bottom"]) + 7.0])
        foot = below[0] - below[1] * off - np.array([0.0, 0.0, 2.5])
        rows.append(_limb(pillar, foot, 0.85 * radius, 0.85 * radius, below[1], thin, _ARTICULAR))
    else:
        wing = np.array([18.0, canal_y + half_d + 4.0, pedicle_z - 4.0])
        forward = np.array([0.0, 1.0, 0.0])
        rows.append(_limb(wing, wing + np.array([21.0, -8.0, -6.0]), 11.0, 7.5, forward, 1.5, _TRANSVERSE))
    slope = radians(size.spinous_angle)
    lean = size.lamina_slope * 0.6 * (pedicle_z - float(v["lamina_bottom"]))
    keel = np.array(
        [0.0, canal_y - half_d - 0.6 * lamina_t - lean, 0.55 * float(v["lamina_bottom"]) + 0.45 * pedicle_z]
    )
    rear = keel + (size.spinous_length - 3.0) * np.array([0.0, -cos(slope), -sin(slope)])
    blade = (3.4, 3.0, 1.7) if thoracic and level.rank < Level.T11.rank else (3.3, 3.5, 2.5)
    rows.append(_limb(keel, rear, *blade[:2], np.array([0.0, -sin(slope), cos(slope)]), blade[2], _SPINOUS))
    return rows


def _limb(
    start: Array, end: Array, radius_start: float, radius_end: float, stretch_axis: Array, stretch: float, part: int
) -> Array:
    """As `limb` reads it, then the part and what `off_limb` reads."""
    short = max(stretch, 1.0 / stretch)
    ball = 0.5 * float(np.linalg.norm(end - start)) + short * max(radius_start, radius_end) + 0.001
    return np.array([*start, *end, radius_start, radius_end, *stretch_axis, stretch, float(part), ball, short])


def _reach(v: np.void, limbs: Array) -> None:
    """Fill the half-sizes of a box, in the vertebra's frame, that holds all its shapes with 3 mm to spare."""
    used = limbs[limbs[:, 12] > 0.0]
    ends = np.concatenate([used[:, 0:3], used[:, 3:6]])
    thick = np.tile(used[:, 6:8].max(axis=1) * np.maximum(1.0, used[:, 11]), 2)[:, None]
    high, low = (ends + thick).max(axis=0), (ends - thick).min(axis=0)
    wide = max(v["width_up"], v["width_low"])
    v["reach_x"] = 1.1 * max(high[0], wide) + 3.0
    v["reach_front"] = max(v["depth_up"], v["depth_low"]) + 3.0
    v["reach_back"] = max(-low[1], v["canal_d"] - v["canal_y"] + v["lamina_t"]) + 3.0
    v["reach_up"] = max(high[2], 0.5 * v["height"] + abs(v["tilt"]) * v["depth_up"]) + 3.0
    v["reach_down"] = max(-low[2], 0.5 * v["height"] + abs(v["tilt"]) * v["depth_up"], -v["lamina_bottom"]) + 3.0
