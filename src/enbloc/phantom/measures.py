"""True sizes of a phantom's vertebrae, by the written definitions (docs/explanation/morphometry.md).

Lines along each vertebra's true axes are followed to the zero of its implicit bone. Nothing here is shared with the
room that measures label maps.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan, atan2, cos, degrees, sin
from typing import NamedTuple

import numpy as np

from enbloc.core.geometry import Array, Vector, unit
from enbloc.core.levels import Level, are_neighbours
from enbloc.core.volume import Mask
from enbloc.phantom.truth import LevelTruth, Truth

STEP_MM = 0.5
"""Distance of lines, and of points on a line; between two points the zero is found by linear interpolation."""
WINDOW_MM = 3.0
STRIPS = {"posterior": (0.05, 0.20), "middle": (0.40, 0.60), "anterior": (0.80, 0.95)}


@dataclass(frozen=True, slots=True)
class PedicleMeasures:
    """One pedicle's true sizes; the axis leans to the midline by the angle, going forward."""

    width_mm: float
    height_mm: float
    transverse_angle_deg: float
    narrowest_area_mm2: float
    narrowest_at_mm: float


@dataclass(frozen=True, slots=True)
class LevelMeasures:
    """One vertebra's true sizes; None for what needs a neighbour below where there is none."""

    level: Level
    anterior_body_height_mm: float
    middle_body_height_mm: float
    posterior_body_height_mm: float
    body_wedge_deg: float
    upper_endplate_width_mm: float
    upper_endplate_depth_mm: float
    lower_endplate_width_mm: float
    lower_endplate_depth_mm: float
    posterior_wall_hollow_mm: float
    canal_width_mm: float
    canal_depth_mm: float
    pedicle_left: PedicleMeasures
    pedicle_right: PedicleMeasures
    disc_anterior_height_mm: float | None
    disc_middle_height_mm: float | None
    disc_posterior_height_mm: float | None
    segment_height_mm: float | None
    kyphosis_below_deg: float | None


class Cut(NamedTuple):
    """Implicit bone sampled on a block along a vertebra's axes: values and the coordinates of the points."""

    value: Array
    x: Vector
    y: Vector
    z: Vector


class Body(NamedTuple):
    """A body's outline in its frame, and mean heights (upper, lower) of its endplates over each strip."""

    cut: Cut
    middle: float
    width: float
    rear: float
    front: float
    plates: dict[str, tuple[float, float]]

    @property
    def depth(self) -> float:
        return self.front - self.rear

    def place(self, strip: str) -> float:
        low, high = STRIPS[strip]
        return self.rear + 0.5 * (low + high) * self.depth

    def line(self, upper: bool) -> Vector:
        """From the posterior to the anterior point of an endplate, along right, anterior, superior."""
        side = 0 if upper else 1
        rise = self.plates["anterior"][side] - self.plates["posterior"][side]
        return np.array([0.0, self.place("anterior") - self.place("posterior"), rise])


def measures(truth: Truth) -> tuple[LevelMeasures, ...]:
    """True sizes of every vertebra but S1, which only ends what lies below L5."""
    bodies = [_body(truth, frame) for frame in truth.levels]
    found = []
    for n, frame in enumerate(truth.levels):
        if frame.level is Level.S1:
            continue
        after = n + 1
        neighbour = after < len(bodies) and are_neighbours(frame.level, truth.levels[after].level)
        below = (truth.levels[after], bodies[after]) if neighbour else None
        found.append(_level(truth, frame, bodies[n], below))
    return tuple(found)


def _level(truth: Truth, frame: LevelTruth, body: Body, below: tuple[LevelTruth, Body] | None) -> LevelMeasures:
    height = {name: upper - lower for name, (upper, lower) in body.plates.items()}
    discs = {name: None if below is None else _disc(frame, body, *below, name) for name in STRIPS}
    wedge = atan2(*_slope(body.line(upper=False))) - atan2(*_slope(body.line(upper=True)))
    behind = discs["posterior"]
    ring = _ring(truth, frame, body)
    return LevelMeasures(
        level=frame.level,
        anterior_body_height_mm=height["anterior"],
        middle_body_height_mm=height["middle"],
        posterior_body_height_mm=height["posterior"],
        body_wedge_deg=degrees(wedge),
        upper_endplate_width_mm=_width(body, 1.0),
        upper_endplate_depth_mm=_depth(body, 1.0),
        lower_endplate_width_mm=_width(body, -1.0),
        lower_endplate_depth_mm=_depth(body, -1.0),
        posterior_wall_hollow_mm=_hollow(body),
        canal_width_mm=ring.canal_width_mm,
        canal_depth_mm=ring.canal_depth_mm,
        pedicle_left=ring.pedicle_left,
        pedicle_right=ring.pedicle_right,
        disc_anterior_height_mm=discs["anterior"],
        disc_middle_height_mm=discs["middle"],
        disc_posterior_height_mm=behind,
        segment_height_mm=None if behind is None else height["posterior"] + behind,
        kyphosis_below_deg=None if below is None else _kyphosis(frame, body, *below),
    )


def _slope(line: Vector) -> tuple[float, float]:
    return float(line[2]), float(line[1])


def _axes(frame: LevelTruth) -> Array:
    return np.array([frame.right, frame.anterior, frame.superior])


def _cut(truth: Truth, frame: LevelTruth, axes: Array, origin: Vector, low: Vector, high: Vector) -> Cut:
    x, y, z = (np.arange(a, b + STEP_MM, STEP_MM) for a, b in zip(low, high, strict=True))
    points = np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1) @ axes + origin
    return Cut(truth.bone(frame.level, points), x, y, z)


def _first(value: Array, places: Vector, axis: int) -> Array:
    """Where lines along `axis` first go from outside to inside, in the order of `places`; NaN where they never do."""
    lines = np.moveaxis(value, axis, -1)
    enters = (lines[..., :-1] >= 0.0) & (lines[..., 1:] < 0.0)
    index, met = enters.argmax(axis=-1), enters.any(axis=-1)
    a = np.take_along_axis(lines, index[..., None], -1)[..., 0]
    b = np.take_along_axis(lines, index[..., None] + 1, -1)[..., 0]
    share = np.where(met, a / np.where(met, a - b, 1.0), 0.0)
    found: Array = np.where(met, places[index] + share * (places[index + 1] - places[index]), np.nan)
    return found


def _last(value: Array, places: Vector, axis: int) -> Array:
    return _first(np.flip(value, axis), places[::-1], axis)


def _windowed(borders: Array, axis: int) -> Array:
    """Mean over WINDOW_MM (all there is where that is less) along an axis; NaN where a part of the window is."""
    count = min(round(WINDOW_MM / STEP_MM) + 1, borders.shape[axis])
    found: Array = np.lib.stride_tricks.sliding_window_view(borders, count, axis=axis).mean(axis=-1)
    return found


def _lines(borders: Array, axis: int) -> Array:
    """Mean over the lines of an axis that meet a border; NaN where fewer than half of them do."""
    met = np.isfinite(borders)
    mean = np.where(met, borders, 0.0).sum(axis=axis) / np.maximum(met.sum(axis=axis), 1)
    found: Array = np.where(met.mean(axis=axis) >= 0.5, mean, np.nan)
    return found


def _body(truth: Truth, frame: LevelTruth) -> Body:
    """The bone in front of the middle of the canal, and the outline of the body in it."""
    axes, origin = _axes(frame), np.array(frame.origin_mm)
    v = truth.column.shapes[truth.names.index(frame.level)]
    wide = 1.2 * max(float(v["width_up"]), float(v["width_low"])) + 4.0
    deep = max(float(v["depth_up"]), float(v["depth_low"])) + 3.0
    high = 0.5 * float(v["height"]) + abs(float(v["tilt"])) * deep + 4.0
    low = np.array([-wide, float(v["canal_y"]), -high])
    cut = _cut(truth, frame, axes, origin, low, np.array([wide, deep, high]))
    front = _last(cut.value, cut.y, 1)
    ahead = cut.y > 0.5 * (cut.y[0] + np.nanmax(front))
    left, right = _first(cut.value, cut.x, 0)[ahead], _last(cut.value, cut.x, 0)[ahead]
    middle, width = float(np.nanmedian(0.5 * (left + right))), float(np.nanmax(right - left))
    slab = np.abs(cut.x - middle) <= 0.15 * width
    rear = _windowed(_lines(_first(cut.value, cut.y, 1)[slab], 0), 0)
    ends = _windowed(_lines(front[slab], 0), 0)
    back, ahead_mm = float(np.nanmin(rear)), float(np.nanmax(ends))
    upper, lower = _last(cut.value, cut.z, 2)[slab], _first(cut.value, cut.z, 2)[slab]
    plates = {}
    for name, (a, b) in STRIPS.items():
        strip = (cut.y >= back + a * (ahead_mm - back)) & (cut.y <= back + b * (ahead_mm - back))
        plates[name] = float(np.nanmean(upper[:, strip])), float(np.nanmean(lower[:, strip]))
    return Body(cut, middle, width, back, ahead_mm, plates)


def _zone(body: Body, side: float) -> Mask:
    """Heights that count for the upper (1) or lower (-1) endplate: 0.05 to 0.35 body heights inside its middle."""
    upper, lower = body.plates["middle"]
    inside = side * ((upper if side > 0.0 else lower) - body.cut.z) / (upper - lower)
    zone: Mask = (inside >= 0.05) & (inside <= 0.35)
    return zone


def _width(body: Body, side: float) -> float:
    cut = body.cut
    ahead = cut.y >= body.rear + 0.4 * body.depth
    chord = (_last(cut.value, cut.x, 0) - _first(cut.value, cut.x, 0))[ahead][:, _zone(body, side)]
    return float(np.nanmax(_windowed(_windowed(chord, 0), 1)))


def _depth(body: Body, side: float) -> float:
    cut = body.cut
    slab = np.abs(cut.x - body.middle) <= 0.15 * body.width
    chord = (_last(cut.value, cut.y, 1) - _first(cut.value, cut.y, 1))[slab][:, _zone(body, side)]
    return float(np.nanmax(_windowed(_lines(chord, 0), 0)))


def _hollow(body: Body) -> float:
    """How far the middle fifth of the rear lies in front of the mean of its upper and lower ends."""
    cut = body.cut
    slab = np.abs(cut.x - body.middle) <= 0.15 * body.width
    rear = _first(cut.value, cut.y, 1)[slab].mean(axis=0)
    upper, lower = body.plates["posterior"]
    share = (cut.z - lower) / (upper - lower)
    mean = {name: float(np.nanmean(rear[(share >= a) & (share <= b)])) for name, (a, b) in STRIPS.items()}
    return mean["middle"] - 0.5 * (mean["anterior"] + mean["posterior"])


def _point(frame: LevelTruth, body: Body, strip: str, *, upper: bool) -> Vector:
    local = np.array([body.middle, body.place(strip), body.plates[strip][0 if upper else 1]])
    place: Vector = local @ _axes(frame) + np.array(frame.origin_mm)
    return place


def _disc(frame: LevelTruth, body: Body, lower_frame: LevelTruth, lower: Body, strip: str) -> float:
    up = unit(np.array(frame.superior) + np.array(lower_frame.superior))
    gap = _point(frame, body, strip, upper=False) - _point(lower_frame, lower, strip, upper=True)
    return float(gap @ up)


def _kyphosis(frame: LevelTruth, body: Body, lower_frame: LevelTruth, lower: Body) -> float:
    """Angle between the two upper endplates in the plane square to the mean of the two right axes."""
    across = unit(np.array(frame.right) + np.array(lower_frame.right))
    one, other = body.line(upper=True) @ _axes(frame), lower.line(upper=True) @ _axes(lower_frame)
    one, other = one - (one @ across) * across, other - (other @ across) * across
    return degrees(atan2(float(across @ np.cross(one, other)), float(one @ other)))


class Ring(NamedTuple):
    """Canal and pedicles."""

    canal_width_mm: float
    canal_depth_mm: float
    pedicle_left: PedicleMeasures
    pedicle_right: PedicleMeasures


def _ring(truth: Truth, frame: LevelTruth, body: Body) -> Ring:
    """What stands behind the body; lengths along anterior are shares of the canal's depth behind the body's rear."""
    axes = _axes(frame)
    v = truth.column.shapes[truth.names.index(frame.level)]
    canal = axes @ (np.array(frame.canal_centre_mm) - np.array(frame.origin_mm))
    upper, lower = body.plates["posterior"]
    reach = 1.15 * (float(v["pedicle_x"]) + 8.0)
    low = np.array([canal[0] - reach, canal[1] - 2.2 * float(v["canal_d"]) - 3.0, lower])
    high = np.array([canal[0] + reach, body.rear + 3.0, upper])
    cut = _cut(truth, frame, axes, np.array(frame.origin_mm), low, high)
    depth = _canal_depth(cut, canal, 0.04 * body.width)
    necks = {side: _neck(cut, body.rear, depth, float(canal[0]), side) for side in (-1.0, 1.0)}
    pedicles = {side: _pedicle(truth, frame, body, depth, neck) for side, neck in necks.items()}
    width = _canal_width(cut, float(canal[0]), body.rear, depth, list(necks.values()))
    return Ring(width, depth, pedicles[-1.0], pedicles[1.0])


def _sideways(cut: Cut, middle: float, side: float) -> Cut:
    """The half of a block to one side of the canal's middle, its x counted outwards."""
    keep = side * (cut.x - middle) >= 0.0
    x = side * (cut.x[keep] - middle)
    value = cut.value[keep]
    return Cut(value, x, cut.y, cut.z) if side > 0 else Cut(value[::-1], x[::-1], cut.y, cut.z)


class Neck(NamedTuple):
    """A pedicle in its vertebra's frame: side, canal's middle, outward offset and slope over y, lower and upper end."""

    side: float
    middle: float
    offset: float
    slope: float
    low: float
    high: float

    def outward(self, y: float) -> float:
        return self.offset + self.slope * y


def _neck(cut: Cut, rear: float, depth: float, middle: float, side: float) -> Neck:
    """The axis runs midway between the pedicle's walls, from 0.125 to 0.35 of the canal's depth behind the rear.

    Its rows are the heights at which lines outwards from the canal meet bone all along there; the axis is read in the
    middle seven tenths of them.
    """
    half = _sideways(cut, middle, side)
    along = (half.y <= rear - 0.125 * depth) & (half.y >= rear - 0.35 * depth)
    inner, outer = _first(half.value, half.x, 0)[along], _leaves(half)[along]
    rows = np.isfinite(inner).all(axis=0)
    low, high = float(half.z[rows].min()), float(half.z[rows].max())
    core = rows & (np.abs(half.z - 0.5 * (low + high)) <= 0.35 * (high - low))
    slope, offset = np.polyfit(half.y[along], 0.5 * (inner + outer)[:, core].mean(axis=1), 1)
    return Neck(side, middle, float(offset), float(slope), low, high)


def _leaves(half: Cut) -> Array:
    """Where lines outwards leave the bone that they enter first."""
    inside = half.value < 0.0
    entered = np.maximum.accumulate(inside, axis=0)
    after = np.where(entered, half.value, -1.0)
    return _first(-after, half.x, 0)


def _canal_width(cut: Cut, middle: float, rear: float, depth: float, necks: list[Neck]) -> float:
    """The widest gap between the pedicles, mean over the middle third of their height."""
    low, high = float(np.mean([neck.low for neck in necks])), float(np.mean([neck.high for neck in necks]))
    rows = np.abs(cut.z - 0.5 * (low + high)) <= (high - low) / 6.0
    ahead = (cut.y >= rear - 0.5 * depth) & (cut.y <= rear)
    one, other = (_sideways(cut, middle, side) for side in (-1.0, 1.0))
    gap = _first(one.value, one.x, 0) + _first(other.value, other.x, 0)
    return float(np.nanmax(_windowed(_lines(gap[ahead][:, rows], 1), 0)))


def _canal_depth(cut: Cut, canal: Vector, slab_mm: float) -> float:
    """The smallest mid-sagittal distance from the body's rear to the lamina."""
    slab = np.abs(cut.x - canal[0]) <= slab_mm
    ahead, behind = cut.y >= canal[1], cut.y <= canal[1]
    front = _first(cut.value[:, ahead], cut.y[ahead], 1)
    back = _first(np.flip(cut.value[:, behind], 1), cut.y[behind][::-1], 1)
    return float(np.nanmin(_windowed(_lines((front - back)[slab], 0), 0)))


def _pedicle(truth: Truth, frame: LevelTruth, body: Body, depth: float, neck: Neck) -> PedicleMeasures:
    """Upright sections square to the axis, to 0.45 of the canal's depth behind the rear; the narrowest of them."""
    from scipy import ndimage

    lean, tall = atan(-neck.slope), neck.high - neck.low
    start = np.array([neck.middle + neck.side * neck.outward(body.rear), body.rear, 0.5 * (neck.low + neck.high)])
    out = np.array([neck.side * cos(lean), sin(lean), 0.0])
    local = np.array([out, [-neck.side * sin(lean), cos(lean), 0.0], [0.0, 0.0, 1.0]])
    axes, reach = _axes(frame), neck.outward(body.rear - 0.5 * depth) + 2.0
    low = np.array([-reach, -0.45 * depth / cos(lean), -1.2 * tall - 4.0])
    high = np.array([reach + 6.0, 0.0, 1.2 * tall + 4.0])
    cut = _cut(truth, frame, local @ axes, start @ axes + np.array(frame.origin_mm), low, high)
    beside = neck.side * (start[0] - neck.middle + np.add.outer(cut.x * out[0], cut.y * local[1, 0])) > 0.0
    sections = []
    for n in range(len(cut.y)):
        inside = (cut.value[:, n] < 0.0) & beside[:, n, None]
        pieces, _ = ndimage.label(inside)
        mine = pieces == pieces[np.abs(cut.x).argmin(), np.abs(cut.z).argmin()]
        share = np.clip(0.5 - cut.value[:, n] / STEP_MM, 0.0, 1.0)
        sections.append(share * ndimage.binary_dilation(mine & inside) * beside[:, n, None])
    area = _windowed(np.array([section.sum() for section in sections]) * STEP_MM**2, 0)
    n, count = int(area.argmin()), len(sections) - len(area) + 1
    narrow = np.mean(sections[n : n + count], axis=0)
    places = _windowed(-cut.y, 0)
    return PedicleMeasures(
        width_mm=_chord(narrow, 0),
        height_mm=_chord(narrow, 1),
        transverse_angle_deg=degrees(lean),
        narrowest_area_mm2=float(area[n]),
        narrowest_at_mm=float(np.average(places, weights=np.clip(1.2 * area[n] - area, 0.0, None))),
    )


def _chord(section: Array, axis: int) -> float:
    """Mean chord along `axis` over the middle half of the section's area."""
    chords = section.sum(axis=axis) * STEP_MM
    reached = np.cumsum(section.sum(axis=axis)) / section.sum()
    middle = (reached >= 0.25) & (reached <= 0.75)
    return float(chords[middle].mean())
