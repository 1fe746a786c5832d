"""Upper and lower surface of a vertebral body, seen along its superior axis, and its outline in front of the canal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.anatomy.block import Block
from enbloc.core.geometry import Array, Vector

WINDOW_MM = 3.0
"""Borders are averaged over so long a stretch before the farthest of them is taken."""
SLAB = 0.15
"""Half width of the mid-sagittal slab, as a share of the body's width."""
STRIPS = {"posterior": (0.05, 0.20), "middle": (0.40, 0.60), "anterior": (0.80, 0.95)}
"""Where heights are read: shares of the body's depth, from its rear to its front."""
REACH_ACROSS, REACH_ALONG = 0.25, 0.40
"""Columns this far from a strip's middle, in body widths and depths, still count for its height."""
FEWEST = 0.3
"""Share of a strip's columns that must end in bone that tumour did not make."""


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """A vertebral body in its frame, mm: middle and width (left to right), rear and front of the mid-sagittal slab.

    `top` and `bottom` (right, anterior) are where columns along superior end; NaN without bone, or where the image
    ends. `top_sound`, `bottom_sound`: the end is bone, not the border of a tumour that ate it.
    """

    x: Vector
    y: Vector
    middle_mm: float
    width_mm: float
    rear_mm: float
    front_mm: float
    top: Array
    bottom: Array
    top_sound: Array
    bottom_sound: Array

    @property
    def depth_mm(self) -> float:
        return self.front_mm - self.rear_mm

    def strip(self, name: str) -> tuple[float, float, float]:
        """Middle of a strip (right, anterior) and half its length from rear to front, mm."""
        low, high = STRIPS[name]
        return self.middle_mm, self.rear_mm + 0.5 * (low + high) * self.depth_mm, 0.5 * (high - low) * self.depth_mm


def smoothed(borders: Array, step_mm: float, axis: int) -> Array:
    """Mean over WINDOW_MM along an axis; NaN where a part of the window is."""
    count = max(1, round(WINDOW_MM / step_mm))
    if borders.shape[axis] < count:
        return np.full_like(borders, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(borders, count, axis=axis)
    mean: Array = windows.mean(axis=-1)
    return mean


@dataclass(frozen=True, slots=True)
class Surface:
    """Mean height of an endplate over a strip, with its scatter, the columns read, and the share that are sound."""

    height_mm: float
    scatter_mm: float
    columns: int
    sound: float


def surface_over(body: Body, strip: str, *, upper: bool) -> Surface | None:
    """The endplate's mean height over a strip: a quadratic surface through columns near it, near ones weighing most.

    A plain mean would inherit the steps of the grid, which do not average out where the endplate runs along it.
    """
    heights, sound = (body.top, body.top_sound) if upper else (body.bottom, body.bottom_sound)
    x0, y0, half = body.strip(strip)
    across = REACH_ACROSS * body.width_mm
    along = REACH_ALONG * body.depth_mm
    dx, dy = np.meshgrid((body.x - x0) / across, (body.y - y0) / along, indexing="ij")
    rim = 0.05 * body.depth_mm
    clear = (body.y > body.rear_mm + rim) & (body.y < body.front_mm - rim)
    near = (np.abs(dx) < 1.0) & (np.abs(dy) < 1.0) & clear[None, :] & np.isfinite(heights)
    inside = near & (np.abs(dx) * across <= SLAB * body.width_mm) & (np.abs(dy) * along <= half)
    if np.count_nonzero(inside) < 6:
        return None
    share = float(np.mean(sound[inside]))
    used = near & (sound > 0.5)
    if share < FEWEST or np.count_nonzero(used) < 24:
        return None
    u, v, z = dx[used], dy[used], heights[used]
    weight = ((1.0 - np.abs(u) ** 3) * (1.0 - np.abs(v) ** 3)) ** 1.5
    design = np.column_stack([np.ones(len(u)), u, v, u * u, u * v, v * v])
    solution = np.linalg.lstsq(design * weight[:, None], z * weight, rcond=None)[0]
    a, b = SLAB * body.width_mm / across, half / along
    height = solution @ np.array([1.0, 0.0, 0.0, a * a / 3.0, 0.0, b * b / 3.0])
    scatter = float(np.sqrt(np.average((z - design @ solution) ** 2, weights=weight**2)))
    return Surface(float(height), scatter, int(np.count_nonzero(inside & used)), share)


def outline(block: Block, canal_y_mm: float) -> tuple[float, float, float, float] | None:
    """Middle, width, rear and front of a body whose block begins at the middle of the canal."""
    front_edge = block.last(1)
    if not np.isfinite(front_edge).any():
        return None
    x, y = block.places(0), block.places(1)
    farthest = float(np.nanmax(front_edge))
    ahead = y > 0.5 * (canal_y_mm + farthest)
    left, right = block.first(0)[ahead], block.last(0)[ahead]
    width = right - left
    if not np.isfinite(width).any():
        return None
    middle = float(np.nanmedian(0.5 * (left + right)))
    widest = float(np.nanmax(width))
    slab = np.abs(x - middle) <= SLAB * widest
    rear, front = block.first(1)[slab], front_edge[slab]
    both = [smoothed(edge.mean(axis=0), block.step_mm, 0) for edge in (rear, front)]
    if not all(np.isfinite(edge).any() for edge in both):
        return None
    return middle, widest, float(np.nanmin(both[0])), float(np.nanmax(both[1]))
