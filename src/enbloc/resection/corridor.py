"""How wide a way the removal leaves for the cage."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.core.volume import Mask
from enbloc.resection.removal_nouns import Way
from enbloc.resection.theatre import Theatre

Flat = npt.NDArray[np.bool_]
SHARE = 0.5
"""Of the block's height, about its middle, that counts: obstacles above and below do not hinder a cylinder there."""
FOUND_TO_MM = 0.1


def corridor_mm(theatre: Theatre, block: Mask, body: Mask, obstacles: Iterable[Mask], way: Way) -> float:
    """Width of the widest upright cylinder that gets from where `body` was to behind everything, past the sac on the
    side on which the block was turned. 0 where none does.

    All obstacles are seen from above, over the middle half of the block's height. To the other side the middle of the
    canal is a wall, from there back.
    """
    import edt

    layers = np.flatnonzero(block.any(axis=(0, 1)))
    spare = round((1.0 - SHARE) / 2.0 * len(layers))
    low, high = int(layers[0]) + spare, int(layers[-1]) + 1 - spare
    blocked = np.zeros(block.shape[:2], dtype=bool)
    for mask in obstacles:
        blocked |= np.any(mask[:, :, low:high], axis=2)
    middle = np.round(theatre.from_start(theatre.centre_mm) / theatre.step_mm).astype(int)
    wall = slice(middle[0], None) if way is Way.TURNED_LEFT else slice(None, middle[0] + 1)
    blocked[wall, : middle[1] + 1] = True
    free_mm = edt.edt(~blocked, anisotropy=(theatre.step_mm,) * 2, black_border=False) - 0.5 * theatre.step_mm
    return 2.0 * widest_way(free_mm.astype(np.float64), np.asarray(np.any(body[:, :, low:high], axis=2)))


def widest_way(free_mm: Array, start: Flat) -> float:
    """The greatest radius of a disc that gets from within `start` to the first row of the second axis, by halving."""
    low, high = 0.0, float(free_mm.max())
    if not leads_out(free_mm, start, FOUND_TO_MM):
        return 0.0
    while high - low > FOUND_TO_MM:
        middle = 0.5 * (low + high)
        low, high = (middle, high) if leads_out(free_mm, start, middle) else (low, middle)
    return low


def leads_out(free_mm: Array, start: Flat, radius_mm: float) -> bool:
    from scipy.ndimage import label

    parts, _ = label(free_mm >= radius_mm)
    return bool(np.intersect1d(parts[start], parts[:, 0][parts[:, 0] > 0]).size)
