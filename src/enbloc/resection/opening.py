"""How wide a gap in the ring must be for the contents of the canal to pass."""

from __future__ import annotations

import numpy as np

from enbloc.core.geometry import Array, indices_of
from enbloc.core.levels import Level
from enbloc.resection.field import OperativeField

BAND_MM = 5.0
"""The no-go body is looked at this far above and below the middle of the canal at pedicle height."""
DIRECTIONS = 36


def opening_needed_mm(field: OperativeField, level: Level, axes: Array, sac_yield: float) -> float | None:
    """The narrowest width of the no-go body at `level`, less the share `sac_yield`; None where there is none.

    The width between two parallel lines that touch the body's shadow along the level's own axis, least over all
    directions; a layer of voxels at a time, of which the middle value counts.
    """
    voxels = indices_of(field.no_go)
    local = (field.places(voxels) - field.canal_centre_mm[level]) @ axes.T
    local = local[np.abs(local[:, 2]) <= BAND_MM]
    if not len(local):
        return None
    layer = np.floor(local[:, 2] / field.step_mm).astype(np.intp)
    widths = [narrowest(local[layer == n, :2]) + field.step_mm for n in np.unique(layer)]
    return float(np.median(widths)) * (1.0 - sac_yield)


def narrowest(points: Array) -> float:
    """The least width of points (n, 2) over all directions."""
    angle = np.arange(DIRECTIONS) * (np.pi / DIRECTIONS)
    along = points @ np.stack([np.cos(angle), np.sin(angle)])
    return float(np.ptp(along, axis=0).min())
