"""Implicit functions to voxels: bone, canal and disc codes with their owner.

Cord, dural sac, ribs and vessels as structures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array
from enbloc.phantom import kernels as k
from enbloc.phantom.primitives import limb

Codes = npt.NDArray[np.uint8]
Bounds = npt.NDArray[np.int64]
CORD, SAC = 1, 2


@njit(cache=True)
def paint_vertebra(
    part: Codes, owner: Codes, to_mm: Array, bounds: Bounds, column: tuple[Array, Array, k.Shapes, Array], i: int
) -> None:
    """Bone of vertebra `i` inside `bounds` (3, 2). `to_mm` (3, 4) takes a voxel index to patient mm."""
    origin, axes, shapes, limbs = column
    for a in range(bounds[0, 0], bounds[0, 1]):
        for b in range(bounds[1, 0], bounds[1, 1]):
            for c in range(bounds[2, 0], bounds[2, 1]):
                x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                lx, ly, lz = k.local(origin, axes, i, x, y, z)
                rough, arch_part = k.solid(shapes[i], limbs[i], lx, ly, lz)
                if rough >= 0.0:
                    continue
                space, _, _, _ = k.canal(origin, axes, shapes, x, y, z)
                if space <= 0.0:
                    continue
                above, below = k.beside(origin, axes, shapes, limbs, i, x, y, z, rough)
                if k.carved(rough, above, below, space) < 0.0:
                    part[a, b, c] = k.part_of(shapes[i], arch_part, lx, ly, lz)
                    owner[a, b, c] = i + 1


@njit(cache=True)
def paint_spaces(
    part: Codes,
    owner: Codes,
    other: Codes,
    to_mm: Array,
    bounds: Bounds,
    column: tuple[Array, Array, k.Shapes, Array],
    i: int,
) -> None:
    """Canal with cord and sac, and the disc below vertebra `i`, wherever no bone is, inside `bounds`."""
    origin, axes, shapes, _ = column
    last = origin.shape[0] - 1
    for a in range(bounds[0, 0], bounds[0, 1]):
        for b in range(bounds[1, 0], bounds[1, 1]):
            for c in range(bounds[2, 0], bounds[2, 1]):
                if part[a, b, c] != 0:
                    continue
                x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                lx, ly, _ = k.local(origin, axes, i, x, y, z)
                v = shapes[i]
                if abs(lx) > 1.6 * v.width_low or ly > 1.4 * v.depth_low or ly < v.canal_y - 2.0 * v.canal_d:
                    continue
                space, cord, sac, level = k.canal(origin, axes, shapes, x, y, z)
                if space < 0.0:
                    part[a, b, c] = k.CANAL
                    owner[a, b, c] = level + 1
                    if cord < 0.0:
                        other[a, b, c] = CORD
                    elif sac < 0.0:
                        other[a, b, c] = SAC
                elif i < last and k.disc(origin, axes, shapes, i, x, y, z, space) < 0.0:
                    part[a, b, c] = k.DISC
                    owner[a, b, c] = i + 1


@njit(cache=True)
def paint_rods(other: Codes, part: Codes, to_mm: Array, bounds: Bounds, rods: Array, codes: Codes) -> None:
    """Ribs and vessels: rods (n, 12) with a code each, wherever neither bone, canal nor disc is.

    The first rod keeps a voxel.
    """
    for a in range(other.shape[0]):
        for r in range(rods.shape[0]):
            if not bounds[r, 0, 0] <= a < bounds[r, 0, 1]:
                continue
            for b in range(bounds[r, 1, 0], bounds[r, 1, 1]):
                for c in range(bounds[r, 2, 0], bounds[r, 2, 1]):
                    if part[a, b, c] != 0 or other[a, b, c] != 0:
                        continue
                    x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                    y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                    z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                    if limb(x, y, z, rods[r]) < 0.0:
                        other[a, b, c] = codes[r]
