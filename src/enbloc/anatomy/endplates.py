"""The vertebral body in its frame: its outline in front of the canal, its endplates, its rear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.anatomy.block import Block, mean_of_lines
from enbloc.anatomy.site import Site, Trust
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Mask

WINDOW_MM = 3.0
"""Borders are averaged over so long a stretch before the farthest of them is taken."""
SLAB = 0.15
"""Half width of the mid-sagittal slab, as a share of the body's width."""
STRIPS = {"posterior": (0.05, 0.20), "middle": (0.40, 0.60), "anterior": (0.80, 0.95)}
"""Where heights are read: shares of the body's depth, from its rear to its front."""
REACH_ACROSS, REACH_ALONG = 0.25, 0.40
"""Columns this far from a strip's middle, in body widths and depths, still count for its height."""
ENDPLATE_ZONE = (0.05, 0.35)
"""An endplate's width and depth are read so far inside its middle, in body heights: below the rounded rim."""
PEDICLE_ROOTS = 0.4
"""Widths are read in front of this share of the body's depth: behind it the pedicles spring."""
FEWEST_COLUMNS = 24
MOST_CUT = 0.1
"""Share of a body's lines that may end at the edge of the image: rims that touch it are no cut body."""
SPARE_MM = 3.0
RIGHT, ANTERIOR, SUPERIOR = np.eye(3)


@dataclass(frozen=True, slots=True)
class Height:
    """Mean height of an endplate over a strip, in the frame, and how far to trust it."""

    mm: float
    trust: Trust


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A body in its frame, mm: middle and width (left to right), rear and front of the mid-sagittal slab.

    `upper`, `lower`: height of the endplates over each strip of STRIPS, or why there is none.
    """

    site: Site
    block: Block
    middle_mm: float
    width_mm: float
    rear_mm: float
    front_mm: float
    upper: dict[str, Height | str]
    lower: dict[str, Height | str]

    @property
    def depth_mm(self) -> float:
        return self.front_mm - self.rear_mm

    def place_mm(self, strip: str) -> float:
        """Where a strip's middle lies along anterior."""
        low, high = STRIPS[strip]
        return self.rear_mm + 0.5 * (low + high) * self.depth_mm

    @property
    def slab(self) -> Mask:
        """The block's planes that count as mid-sagittal."""
        near: Mask = np.abs(self.block.places(0) - self.middle_mm) <= SLAB * self.width_mm
        return near


def windowed(borders: Array, step_mm: float, axis: int) -> Array:
    """Mean over WINDOW_MM (all there is where that is less) along an axis; NaN where a part of the window is."""
    count = max(1, min(round(WINDOW_MM / step_mm) + 1, borders.shape[axis]))
    if borders.size == 0:
        return np.full([max(1, length) for length in borders.shape], np.nan)
    mean: Array = np.lib.stride_tricks.sliding_window_view(borders, count, axis=axis).mean(axis=-1)
    return mean


def find_body(site: Site) -> Body | str:
    """The body of a vertebra, or why none can be measured."""
    if site.canal_mm is None or len(site.body_points) == 0:
        return "too little of the body is left"
    low, high = site.body_points.min(axis=0) - SPARE_MM, site.body_points.max(axis=0) + SPARE_MM
    low[1] = site.canal_mm[1]
    if np.any(high - low < WINDOW_MM + 2.0 * SPARE_MM):
        return "too little of the body is left"
    block = site.block(low, high)
    front = block.last(1)
    step = block.step_mm
    ahead = block.places(1) > 0.5 * (low[1] + _highest(front))
    left, right = block.first(0)[ahead], block.last(0)[ahead]
    width = _highest(right - left)
    if not width > WINDOW_MM:
        return "too little of the body is left"
    middle = float(np.nanmedian(0.5 * (left + right)))
    slab = np.abs(block.places(0) - middle) <= SLAB * width
    rear_mm = -_highest(-windowed(mean_of_lines(block.first(1)[slab], 0), step, 0))
    front_mm = _highest(windowed(mean_of_lines(front[slab], 0), step, 0))
    if not front_mm - rear_mm > WINDOW_MM:
        return "too little of the body's middle is left"
    body = Body(site, block, middle, width, rear_mm, front_mm, {}, {})
    if width_trust(body, ahead, np.ones(block.share.shape[2], dtype=bool)).cut > MOST_CUT:
        return "the body is cut off at the edge of the image"
    for heights, ends, outward in ((body.upper, block.last(2), SUPERIOR), (body.lower, block.first(2), -SUPERIOR)):
        heights.update((strip, height_over(body, ends, strip, outward)) for strip in STRIPS)
    return body


def _highest(values: Array) -> float:
    """The largest number; NaN where there is none."""
    known = values[np.isfinite(values)]
    return float(known.max()) if known.size else float("nan")


def height_over(body: Body, ends: Array, strip: str, outward: Vector) -> Height | str:
    """Mean height of an endplate over a strip: a quadratic surface through columns near it, near ones weighing most.

    A plain mean would inherit the steps of the grid, which do not average out where the endplate runs along it. `ends`
    (right, anterior) is where columns end.
    """
    block = body.block
    across, along = REACH_ACROSS * body.width_mm, REACH_ALONG * body.depth_mm
    x, y = np.meshgrid(block.places(0), block.places(1), indexing="ij")
    u, v = (x - body.middle_mm) / across, (y - body.place_mm(strip)) / along
    rim = STRIPS["posterior"][0] * body.depth_mm
    clear = (y >= body.rear_mm + rim) & (y <= body.front_mm - rim)
    near = (np.abs(u) < 1.0) & (np.abs(v) < 1.0) & clear & np.isfinite(ends)
    half = (SLAB * body.width_mm / across, 0.5 * (STRIPS[strip][1] - STRIPS[strip][0]) * body.depth_mm / along)
    inside = near & (np.abs(u) <= half[0]) & (np.abs(v) <= half[1])
    if not inside.any():
        return "no bone is left there"
    estimated, touched, cut = body.site.flags(np.stack([x[near], y[near], ends[near]], axis=-1), outward)
    strip_only = inside[near]
    trust = Trust(*(float(np.mean(flag[strip_only])) for flag in (estimated, touched, cut)))
    kept = ~estimated & ~cut
    if trust.cut > MOST_CUT:
        return "cut off at the edge of the image"
    if np.count_nonzero(kept & strip_only) < 0.3 * np.count_nonzero(strip_only) or kept.sum() < FEWEST_COLUMNS:
        return "its border is eaten by tumour"
    mean = _quadratic(u[near][kept], v[near][kept], ends[near][kept], half)
    return Height(mean, Trust(0.0, min(1.0, trust.touched + trust.estimated), 0.0))


def _quadratic(u: Vector, v: Vector, z: Vector, half: tuple[float, float]) -> float:
    """Mean over |u| <= half[0], |v| <= half[1] of the weighted quadratic surface through z."""
    weight = ((1.0 - np.abs(u) ** 3) * (1.0 - np.abs(v) ** 3)) ** 1.5
    design = np.column_stack([np.ones(len(u)), u, v, u * u, u * v, v * v])
    solution = np.linalg.lstsq(design * weight[:, None], z * weight, rcond=None)[0]
    return float(solution @ np.array([1.0, 0.0, 0.0, half[0] ** 2 / 3.0, 0.0, half[1] ** 2 / 3.0]))


def endplate_zone(body: Body, side: float) -> Mask | str:
    """Heights of the block that count for the upper (1) or lower (-1) endplate."""
    upper, lower = body.upper["middle"], body.lower["middle"]
    if isinstance(upper, str) or isinstance(lower, str):
        return upper if isinstance(upper, str) else str(lower)
    plate = upper if side > 0.0 else lower
    inside = side * (plate.mm - body.block.places(2)) / (upper.mm - lower.mm)
    zone: Mask = (inside >= ENDPLATE_ZONE[0]) & (inside <= ENDPLATE_ZONE[1])
    return zone


def endplate_width(body: Body, side: float) -> Measured | str:
    """The largest distance from left to right border near an endplate, a mean over WINDOW_MM square."""
    zone = endplate_zone(body, side)
    if isinstance(zone, str):
        return zone
    block, step = body.block, body.block.step_mm
    ahead = block.places(1) >= body.rear_mm + PEDICLE_ROOTS * body.depth_mm
    chord = (block.last(0) - block.first(0))[ahead][:, zone]
    value = _highest(windowed(windowed(chord, step, 0), step, 1))
    if not np.isfinite(value):
        return "too little of the body is left"
    return body.site.measured(value, RIGHT, width_trust(body, ahead, zone))


def width_trust(body: Body, ahead: Mask, zone: Mask) -> Trust:
    """Of the left and right borders in the named planes of the block."""
    y, z = np.meshgrid(body.block.places(1)[ahead], body.block.places(2)[zone], indexing="ij")
    left, right = body.block.first(0)[ahead][:, zone], body.block.last(0)[ahead][:, zone]
    met = np.isfinite(left) & np.isfinite(right)
    points = [np.stack([x[met], y[met], z[met]], axis=-1) for x in (left, right)]
    return body.site.trust((points[0], -RIGHT), (points[1], RIGHT))


def endplate_depth(body: Body, side: float) -> Measured | str:
    """The largest distance from rear to front of the mid-sagittal slab near an endplate, a mean over WINDOW_MM."""
    zone = endplate_zone(body, side)
    if isinstance(zone, str):
        return zone
    block = body.block
    rear, front = block.first(1)[body.slab][:, zone], block.last(1)[body.slab][:, zone]
    value = _highest(windowed(mean_of_lines(front - rear, 0), block.step_mm, 0))
    if not np.isfinite(value):
        return "too little of the body's middle is left"
    x, z = np.meshgrid(block.places(0)[body.slab], block.places(2)[zone], indexing="ij")
    met = np.isfinite(rear) & np.isfinite(front)
    points = [np.stack([x[met], y[met], z[met]], axis=-1) for y in (rear, front)]
    return body.site.measured(value, ANTERIOR, body.site.trust((points[0], -ANTERIOR), (points[1], ANTERIOR)))


def body_height(body: Body, strip: str) -> Measured | str:
    upper, lower = body.upper[strip], body.lower[strip]
    if isinstance(upper, str) or isinstance(lower, str):
        return upper if isinstance(upper, str) else str(lower)
    both = Trust(0.0, 0.5 * (upper.trust.touched + lower.trust.touched), 0.0)
    return body.site.measured(upper.mm - lower.mm, SUPERIOR, both)


def wall_hollow(body: Body) -> Measured | str:
    """How far the middle of the rear lies in front of the mean of its ends; negative where it bulges backwards."""
    upper, lower = body.upper["posterior"], body.lower["posterior"]
    if isinstance(upper, str) or isinstance(lower, str):
        return upper if isinstance(upper, str) else str(lower)
    block = body.block
    rear = block.first(1)[body.slab]
    share = (block.places(2) - lower.mm) / (upper.mm - lower.mm)
    mean = {}
    for name, (low, high) in STRIPS.items():
        rows = rear[:, (share >= low) & (share <= high)]
        if not np.isfinite(rows).any():
            return "its rear is not there"
        mean[name] = float(np.nanmean(rows))
    x, z = np.meshgrid(block.places(0)[body.slab], block.places(2), indexing="ij")
    met = np.isfinite(rear) & (share > 0.05) & (share < 0.95)
    trust = body.site.trust((np.stack([x[met], rear[met], z[met]], axis=-1), -ANTERIOR))
    value = mean["middle"] - 0.5 * (mean["anterior"] + mean["posterior"])
    return body.site.measured(value, ANTERIOR, trust)
