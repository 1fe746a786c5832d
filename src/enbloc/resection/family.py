"""Families of planes: which orientations and offsets are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.core.geometry import Array
from enbloc.core.volume import Mask
from enbloc.resection.bounds import path_spans
from enbloc.resection.passage import Passage
from enbloc.resection.settings import ResectionSettings


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """`normals` (n, 3) unit vectors in the field's axes; `offsets` (n,) of `normal . x` in voxels of the passage's
    block; `angles_deg` (n, 2) azimuth and tilt; `apart_mm` (n,) from the pivot along the normal.
    """

    normals: Array
    offsets: Array
    angles_deg: Array
    apart_mm: Array

    def __len__(self) -> int:
        return len(self.offsets)

    def chosen(self, rows: Mask) -> Planes:
        return Planes(self.normals[rows], self.offsets[rows], self.angles_deg[rows], self.apart_mm[rows])


def ring_angles(settings: ResectionSettings) -> Array:
    """Azimuth over a half turn and tilt, degrees, (n, 2). With the mirror image of every orientation."""
    azimuth = np.arange(0.0, 180.0 - 1e-9, settings.azimuth_step_deg)
    return pairs(azimuth, symmetric(settings.largest_tilt_deg, settings.tilt_step_deg))


def column_angles(settings: ResectionSettings) -> Array:
    """Tilts to the side and forward, degrees, (n, 2)."""
    tilts = symmetric(settings.largest_column_tilt_deg, settings.column_tilt_step_deg)
    both = pairs(tilts, tilts)
    within = np.hypot(*np.tan(np.radians(both)).T) <= np.tan(np.radians(settings.largest_column_tilt_deg)) + 1e-9
    angles: Array = both[within]
    return angles


def symmetric(largest: float, step: float) -> Array:
    """From -largest to largest in equal steps of at most `step`, with 0 among them."""
    count = int(np.ceil(largest / step - 1e-9))
    steps: Array = np.linspace(-largest, largest, 2 * count + 1)
    return steps


def pairs(first: Array, second: Array) -> Array:
    both: Array = np.stack(np.meshgrid(first, second, indexing="ij"), axis=-1).reshape(-1, 2)
    return both


def ring_normals(angles_deg: Array, axes: Array) -> Array:
    """Azimuth turns from the level's right to its front, tilt lifts from there to its top; unit normals, (n, 3)."""
    azimuth, tilt = np.radians(angles_deg).T
    local = np.stack([np.cos(tilt) * np.cos(azimuth), np.cos(tilt) * np.sin(azimuth), np.sin(tilt)], axis=1)
    normals: Array = local @ axes
    return normals


def column_normals(angles_deg: Array, axes: Array) -> Array:
    """Upwards, tilted to the right by the first angle and to the front by the second; unit normals, (n, 3)."""
    right, front = np.tan(np.radians(angles_deg)).T
    local = np.stack([right, front, np.ones(len(angles_deg))], axis=1)
    normals: Array = (local / np.linalg.norm(local, axis=1, keepdims=True)) @ axes
    return normals


def planes_through(passage: Passage, normals: Array, angles_deg: Array, step_mm: float) -> Planes:
    """Every multiple of `step_mm` from the pivot at which a plane of each orientation crosses all paths."""
    normals = np.ascontiguousarray(normals)
    at_pivot = normals @ passage.pivot
    spans = (path_spans(normals, passage.points, passage.ends) - at_pivot[:, None]) * passage.step_mm / step_mm
    low, high = np.ceil(spans[:, 0] - 1e-9), np.floor(spans[:, 1] + 1e-9)
    count = np.maximum(0, high - low + 1).astype(np.intp)
    which = np.repeat(np.arange(len(normals)), count)
    within = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    apart_mm = (low[which] + within) * step_mm
    return Planes(normals[which], at_pivot[which] + apart_mm / passage.step_mm, angles_deg[which], apart_mm)


def at_angles(passage: Passage, angles_deg: Array, apart_mm: Array) -> Planes:
    """Ring planes of given angles (n, 2) and distances (n,) from the pivot."""
    normals = np.ascontiguousarray(ring_normals(angles_deg, passage.axes))
    return Planes(normals, normals @ passage.pivot + apart_mm / passage.step_mm, angles_deg, apart_mm)
