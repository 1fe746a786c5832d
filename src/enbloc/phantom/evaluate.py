"""The implicit functions at many points at once."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array
from enbloc.phantom import kernels as k
from enbloc.phantom.growth import Rules, tumour_at

Column = tuple[Array, Array, k.Shapes, Array]
BONE, CANAL, CORD, SAC, DISC, SOLID, BODY = range(7)


@njit(cache=True)
def field(column: Column, what: int, index: int, points: Array, out: Array) -> None:
    """Distance-like value of one structure at `points` (n, 3), patient mm.

    `index` picks the vertebra where that matters.
    """
    origin, axes, shapes, limbs = column
    for n in range(points.shape[0]):
        x, y, z = points[n, 0], points[n, 1], points[n, 2]
        if what == BONE:
            out[n] = k.bone(origin, axes, shapes, limbs, index, x, y, z)
        elif what == DISC:
            space, _, _, _ = k.canal(origin, axes, shapes, x, y, z)
            out[n] = k.disc(origin, axes, shapes, index, x, y, z, space)
        elif what == SOLID:
            lx, ly, lz = k.local(origin, axes, index, x, y, z)
            out[n] = k.flesh(shapes[index], limbs[index], lx, ly, lz, False)[0]
        elif what == BODY:
            lx, ly, lz = k.local(origin, axes, index, x, y, z)
            out[n] = k.body(shapes[index], lx, ly, lz)
        else:
            space, cord, sac, _ = k.canal(origin, axes, shapes, x, y, z)
            out[n] = space if what == CANAL else (cord if what == CORD else sac)


@njit(cache=True)
def zone_codes(column: Column, points: Array, codes: npt.NDArray[np.uint8], owners: npt.NDArray[np.uint8]) -> None:
    """Zone code and 1-based owner at `points` (n, 3), patient mm."""
    origin, axes, shapes, limbs = column
    for n in range(points.shape[0]):
        code, owner = k.zone_at(origin, axes, shapes, limbs, points[n, 0], points[n, 1], points[n, 2])
        codes[n] = code
        owners[n] = owner + 1


@njit(cache=True)
def lesion_field(
    column: Column, blobs: Array, bumps: Array, rules: Rules, points: Array, enough: float, out: Array
) -> None:
    """Distance-like value of one lesion at `points` (n, 3), patient mm; where it is `enough` or more, no less."""
    for n in range(points.shape[0]):
        out[n] = tumour_at(blobs, bumps, rules, column, points[n, 0], points[n, 1], points[n, 2], enough)
