"""What a collapse took: heights of a body in its implicit shape, before and after."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from enbloc.core.levels import Level
from enbloc.phantom import kernels as k
from enbloc.phantom.column import Column
from enbloc.phantom.spec import Collapse

Record = Any
"""One element of a record array of `VERTEBRA`."""
Heights = tuple[float, float, float]
STEP_MM = 0.25
STRIPS = ((0.60, 0.90), (-0.20, 0.20), (-0.90, -0.60))
"""Anterior, middle, posterior: from where to where, as shares of half the body's depth forward of its middle."""
SLAB = 0.3
"""Half width of the strips, as a share of half the body's width."""
SAMPLES = 7


@dataclass(frozen=True, slots=True)
class CollapseTruth:
    """Share of the anterior, middle and posterior height of the body at `level` that is gone."""

    level: Level
    form: str
    lost: Heights

    @property
    def loss(self) -> float:
        """The greatest of the three."""
        return max(self.lost)


def collapse_truth(column: Column, collapse: Collapse) -> CollapseTruth:
    i = column.levels.index(Level(collapse.level))
    now, before = body_heights_mm(column.shapes[i], column.intact[i]), body_heights_mm(column.intact[i])
    a, m, p = (1.0 - left / whole for left, whole in zip(now, before, strict=True))
    return CollapseTruth(column.levels[i], collapse.form, (a, m, p))


def body_heights_mm(v: Record, stations_of: Record | None = None) -> Heights:
    """Mean anterior, middle and posterior height over `STRIPS` of the body, those of `stations_of` where given."""
    of = v if stations_of is None else stations_of
    depth, width = 0.5 * float(of["depth_up"] + of["depth_low"]), 0.5 * float(of["width_up"] + of["width_low"])
    across = np.linspace(0.0, SLAB * width, SAMPLES)
    a, m, p = (
        float(np.mean([_height_mm(v, x, y * depth) for x in across for y in np.linspace(low, high, SAMPLES)]))
        for low, high in STRIPS
    )
    return a, m, p


def _height_mm(v: Record, x: float, y: float) -> float:
    return _surface_mm(v, x, y, 1.0) + _surface_mm(v, x, y, -1.0)


def _surface_mm(v: Record, x: float, y: float, up: float) -> float:
    """Height of the surface over the body's middle plane: the first sign change outwards, halved to its place."""
    low, high = 0.0, STEP_MM
    while k.body(v, x, y, up * high) < 0.0:
        low, high = high, high + STEP_MM
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if k.body(v, x, y, up * middle) < 0.0 else (low, middle)
    return low
