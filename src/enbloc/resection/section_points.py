"""Points that stand for a cut's finite section, in patches that can be passed over as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector
from enbloc.resection.field import OperativeField
from enbloc.resection.kernels import basis
from enbloc.resection.nouns import Cut

PATCH_MM = 2.5
COVERING = 0.5**0.5 + 0.5
"""In pitches: from a point of a section to the nearest that stands for it, at most. A node of the lattice lies within
half a diagonal; where that node is outside, the way to it crosses the outline, and there a point lies within half a
pitch."""
Starts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class SectionPoints:
    """Points (n, 3) in voxels of the operative field, ordered by patch: patch `k` holds those from `starts[k]` to
    `starts[k + 1]`, all within `radius[k]` of `centre[k]` (voxels). `middle` is the section's mean, `axes` its normal
    and two directions in it, as rows.
    """

    points: Array
    starts: Starts
    centre: Array
    radius: Array
    middle: Vector
    axes: Array


def section_points(field: OperativeField, cut: Cut, pitch_mm: float) -> SectionPoints:
    """The section inside the cut's outline, which must not be empty."""
    outline = field.to_index(field.frame.to_local(np.array(cut.polygon_mm, dtype=np.float64)))
    normal = np.array(cut.normal, dtype=np.float64) @ field.frame.axes.T
    axes = np.stack([normal, *basis(normal)])
    pitch = pitch_mm / field.step_mm
    origin = outline.mean(axis=0)
    flat = (outline - origin) @ axes[1:].T
    filled = np.concatenate([_lattice(flat, pitch), _edges(flat, pitch)])
    order, starts = _patches(filled, PATCH_MM / field.step_mm)
    points = origin + filled[order] @ axes[1:]
    parts = [points[a:b] for a, b in pairwise(starts)]
    centre = np.array([0.5 * (part.min(axis=0) + part.max(axis=0)) for part in parts])
    radius = np.array([np.linalg.norm(part - c, axis=1).max() for part, c in zip(parts, centre, strict=True)])
    return SectionPoints(np.ascontiguousarray(points), starts, centre, radius, points.mean(axis=0), axes)


def _lattice(outline: Array, pitch: float) -> Array:
    """Nodes inside a closed line (n, 2), by the even-odd rule."""
    first, last = np.ceil(outline.min(axis=0) / pitch), np.floor(outline.max(axis=0) / pitch)
    a, b = (np.arange(low, high + 1) * pitch for low, high in zip(first, last, strict=True))
    nodes = np.stack(np.meshgrid(a, b, indexing="ij"), axis=-1).reshape(-1, 2)
    inside = np.zeros(len(nodes), dtype=bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 == y1:
            continue
        spans = (nodes[:, 1] < max(y0, y1)) & (nodes[:, 1] >= min(y0, y1))
        inside ^= spans & (nodes[:, 0] < x0 + (nodes[:, 1] - y0) * (x1 - x0) / (y1 - y0))
    return nodes[inside]


def _edges(outline: Array, pitch: float) -> Array:
    """The closed line itself, in steps of one pitch at most."""
    ways = []
    for start, end in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        count = max(1, int(np.ceil(np.linalg.norm(end - start) / pitch)))
        ways.append(start + np.arange(count)[:, None] / count * (end - start))
    return np.concatenate(ways)


def _patches(points: Array, size: float) -> tuple[npt.NDArray[np.intp], Starts]:
    """The order that sorts points (n, 2) by square patch, and where each patch begins (with the end of the last)."""
    tile = np.floor((points - points.min(axis=0)) / size).astype(np.int64)
    number = tile[:, 0] * (tile[:, 1].max() + 1) + tile[:, 1]
    order = np.argsort(number, kind="stable")
    starts = np.flatnonzero(np.diff(number[order], prepend=-1))
    return order, np.append(starts, len(points)).astype(np.int64)
