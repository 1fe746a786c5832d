"""What a collapse took: heights of a body in its implicit shape, before and after."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.core.levels import Level
from enbloc.phantom import kernels as k
from enbloc.phantom.column import STATIONS, Column
from enbloc.phantom.spec import Collapse

Heights = tuple[float, float, float]
STEP_MM = 0.25


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


def body_heights_mm(v: np.void, stations_of: np.void | None = None) -> Heights:
    """Anterior, middle and posterior height on the midline, at `STATIONS` of the body's half depth."""
    of = v if stations_of is None else stations_of
    depth = 0.5 * float(of["depth_up"] + of["depth_low"])
    a, m, p = (_height_mm(v, share * depth) for share in STATIONS)
    return a, m, p


def _height_mm(v: np.void, y: float) -> float:
    """Between the upper and the lower surface over one point of the midline."""
    return _surface_mm(v, y, 1.0) + _surface_mm(v, y, -1.0)


def _surface_mm(v: np.void, y: float, up: float) -> float:
    """Height of the surface over the body's middle plane: the first sign change outwards, halved to its place."""
    low, high = 0.0, STEP_MM
    while k.body(v, 0.0, y, up * high) < 0.0:
        low, high = high, high + STEP_MM
    for _ in range(20):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if k.body(v, 0.0, y, up * middle) < 0.0 else (low, middle)
    return low
