"""A CT of the phantom: tissues with partial volume, trabecular texture and noise, in HU."""

from __future__ import annotations

from math import sin
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Mask, Volume
from enbloc.phantom import kernels as k
from enbloc.phantom.build import Voxels, bounds_of, index_to_patient
from enbloc.phantom.paint import Bounds, Codes
from enbloc.phantom.primitives import ellipse, ellipsoid, limb
from enbloc.phantom.spec import PhantomSpec
from enbloc.phantom.surroundings import segmental_arteries
from enbloc.phantom.truth import Truth

AIR, LUNG, FAT, MUSCLE, VISCERA = -1000.0, -850.0, -100.0, 55.0, 40.0
CORTEX, MARROW, DISC, CORD, FLUID, EPIDURAL = 850.0, 190.0, 85.0, 40.0, 15.0, -60.0
ARTERY, VEIN, LYTIC, BLASTIC = 270.0, 160.0, 65.0, 650.0
KIDNEY, LIVER = 150.0, 105.0
CORTEX_MM = 1.1
PATCH_WAVE = 2.0 * np.pi / 9.0 * np.array([[1.0, 0.4, 0.2], [-0.3, 1.0, 0.5], [0.2, -0.4, 1.0]])
"""Plane waves, 9 mm long or a little less, whose sum is positive in the dense patches of a mixed lesion."""
Hounsfield = npt.NDArray[np.float32]
Column = tuple[Array, Array, Any, Array]


def render(spec: PhantomSpec, truth: Truth, grid: Grid, voxels: Voxels, tumour: Mask) -> Volume:
    """The CT as int16 HU on `grid`; noise from the seed of `spec`, a tumour of the wished density in bone."""
    to_mm = index_to_patient(grid, truth.pose)
    hu: Hounsfield = np.empty(grid.shape, np.float32)
    girth = np.array([min(1.0, size.rib_reach / 112.0) or 1.0 for size in truth.column.sizes])
    _soft_tissue(hu, to_mm, truth.column.arrays, _trunk(truth), girth, -1.0 if spec.mirror else 1.0)
    _label_tissue(hu, voxels.part, voxels.other, _structure_hu(voxels.structures))
    _bone(hu, voxels.part, voxels.owner, to_mm, truth.column.arrays, float(grid.spacing_mm.mean()))
    rods = segmental_arteries(truth.column, spec.mirror)
    if rods:
        rows = np.concatenate([rod.rows for rod in rods])
        low = np.minimum(rows[:, 0:3], rows[:, 3:6]).min(axis=0) - 4.0
        high = np.maximum(rows[:, 0:3], rows[:, 3:6]).max(axis=0) + 4.0
        corners = np.array([[x, y, z] for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])])
        bounds = bounds_of(corners, grid, truth.pose)
        _small_vessels(hu, voxels.part, to_mm, bounds, rows, ARTERY, float(grid.spacing_mm.mean()))
    if spec.tumour is not None:
        _replaced(hu, tumour, voxels.part, to_mm, spec.tumour.density)
    _noise(hu, spec)
    return Volume(np.clip(np.rint(hu), -1024, 3071).astype(np.int16), grid)


def _trunk(truth: Truth) -> tuple[float, float]:
    """Heights (patient mm) between which chest turns into belly: the domes of the diaphragm at T10, its crura at L1."""
    rank = np.array([level.rank for level in truth.column.levels], dtype=np.float64)
    height = truth.column.origin[:, 2]
    dome, crura = (_height(level, rank, height) for level in (Level.T10, Level.L1))
    return dome, crura


def _height(level: Level, rank: Array, height: Array, step_mm: float = 25.0) -> float:
    """Height of a level's body; beyond the ends of the column `step_mm` for each level."""
    if level.rank < rank[0]:
        return float(height[0] + step_mm * (rank[0] - level.rank))
    if level.rank > rank[-1]:
        return float(height[-1] - step_mm * (level.rank - rank[-1]))
    return float(np.interp(level.rank, rank, height))


def _structure_hu(structures: tuple[str, ...]) -> Hounsfield:
    values = [0.0]
    for name in structures:
        if name == "cord":
            values.append(CORD)
        elif name == "dural-sac":
            values.append(FLUID)
        elif name.startswith(("rib", "sacrum")):
            values.append(CORTEX)
        else:
            values.append(ARTERY if name == "aorta" or "artery" in name else VEIN)
    return np.array(values, np.float32)


@njit(cache=True)
def _tissue(cx: float, cy: float, z: float, chest: float, belly: float, girth: float) -> float:  # noqa: PLR0911 - one tissue, one return
    """Soft tissue by place along the column, `cx` to the right and `cy` forward of the middle of the canal."""
    skin = ellipse(cx, cy - 42.0, 155.0, 110.0)
    side = abs(cx)
    if skin > 0.0:
        return AIR
    if skin > -2.0:
        return MUSCLE
    if min(ellipse(side - 30.0, cy + 34.0, 26.0, 22.0), ellipse(side - 14.0, cy + 22.0, 11.0, 17.0)) < 0.0:
        return MUSCLE
    if skin > -14.0:
        return FAT
    wall = ellipse(cx, cy + 26.0 - 74.0 * girth, 106.0 * girth, 74.0 * girth)
    if wall > 0.0:
        return MUSCLE if wall < 15.0 else FAT
    if ellipse(cx, cy - 2.0, 46.0, 24.0) < 0.0:
        return FAT
    return _inside(cx, cy, z, chest, belly)


@njit(cache=True)
def _inside(cx: float, cy: float, z: float, chest: float, belly: float) -> float:  # noqa: PLR0911
    """Chest and belly: lungs over the diaphragm, then liver, spleen, kidneys, psoas, fat and bowel."""
    side = abs(cx)
    slack = (side / 120.0) ** 2 + ((cy - 60.0) / 90.0) ** 2
    dome = chest + (belly - chest) * min(1.0, slack)
    if z > dome + 4.0:
        if side < 20.0 and cy < 20.0:
            return MUSCLE
        return LUNG if ellipse(cx, cy - 62.0, 38.0, 58.0) > 0.0 else VISCERA
    if z > dome:
        return MUSCLE
    thin = 15.0 * min(1.0, max(0.0, (belly - z) / 60.0))
    if thin > 2.0 and ellipse(side - 32.0 - 0.6 * thin, cy - 22.0, 1.1 * thin, 1.4 * thin) < 0.0:
        return MUSCLE
    kidney = ellipsoid(side - 66.0, cy - 24.0, z - belly + 25.0, 27.0, 24.0, 52.0)
    if kidney < 0.0:
        return KIDNEY
    if kidney < 9.0:
        return FAT
    if max(ellipse(cx - 70.0, cy - 75.0, 78.0, 62.0), belly - 45.0 - z) < 0.0:
        return LIVER
    if ellipsoid(cx + 100.0, cy - 35.0, z - belly - 30.0, 26.0, 40.0, 50.0) < 0.0:
        return LIVER
    if cy < 55.0 or wavy(cx, cy, z) > 0.75:
        return FAT
    return VISCERA


@njit(cache=True, inline="always")
def wavy(x: float, y: float, z: float) -> float:
    """A slow bumpy number in -1..1 that parts loops of bowel."""
    return sin(0.13 * x + 2.0 * sin(0.05 * z)) * sin(0.15 * y + 1.5 * sin(0.06 * x + 0.05 * z))


@njit(cache=True)
def _soft_tissue(
    hu: Hounsfield, to_mm: Array, column: Column, heights: tuple[float, float], girth: Array, right: float
) -> None:
    """Everything but the skeleton; `right` is -1 for the mirrored patient, whose liver lies on the left."""
    origin, axes, shapes, _ = column
    for a in range(hu.shape[0]):
        for b in range(hu.shape[1]):
            for c in range(hu.shape[2]):
                x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                i, t, cx, cy = k.along(origin, axes, shapes, x, y, z)
                wide = girth[i] + t * (girth[min(i + 1, girth.shape[0] - 1)] - girth[i])
                hu[a, b, c] = _tissue(right * cx, cy, z, heights[0], heights[1], wide)


@njit(cache=True)
def _label_tissue(hu: Hounsfield, part: Codes, other: Codes, of_other: Hounsfield) -> None:
    for a in range(hu.shape[0]):
        for b in range(hu.shape[1]):
            for c in range(hu.shape[2]):
                if other[a, b, c] != 0:
                    hu[a, b, c] = of_other[other[a, b, c]]
                elif part[a, b, c] == k.CANAL:
                    hu[a, b, c] = EPIDURAL
                elif part[a, b, c] == k.DISC:
                    hu[a, b, c] = DISC


@njit(cache=True, inline="always")
def _grain(x: float, y: float, z: float) -> float:
    """A bumpy number in about -1..1 that stands for trabeculae."""
    return 0.5 * (sin(2.1 * x + 1.3 * sin(1.7 * y)) + sin(1.9 * z + 1.1 * sin(2.3 * x + y)))


@njit(cache=True)
def _bone(hu: Hounsfield, part: Codes, owner: Codes, to_mm: Array, column: Column, voxel_mm: float) -> None:
    """Cortex fading into marrow, mixed with the neighbourhood over one voxel at the surface."""
    origin, axes, shapes, limbs = column
    for a in range(hu.shape[0]):
        for b in range(hu.shape[1]):
            for c in range(hu.shape[2]):
                code = part[a, b, c]
                if code == 0 or code > 10:
                    continue
                x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                d = k.bone(origin, axes, shapes, limbs, owner[a, b, c] - 1, x, y, z)
                thick = CORTEX_MM if code == k.BODY else 2.0 * CORTEX_MM
                inner = min(1.0, max(0.0, (-d - thick) / voxel_mm + 0.5))
                marrow = MARROW + 60.0 * _grain(x, y, z)
                full = CORTEX + inner * (marrow - CORTEX)
                share = min(1.0, max(0.0, 0.5 - d / voxel_mm))
                hu[a, b, c] = share * full + (1.0 - share) * MUSCLE


@njit(cache=True)
def _small_vessels(
    hu: Hounsfield, part: Codes, to_mm: Array, bounds: Bounds, rods: Array, value: float, voxel_mm: float
) -> None:
    """Segmental arteries: thinner than some voxels, so they are mixed by the share they fill."""
    for a in range(bounds[0, 0], bounds[0, 1]):
        for b in range(bounds[1, 0], bounds[1, 1]):
            for c in range(bounds[2, 0], bounds[2, 1]):
                if part[a, b, c] != 0:
                    continue
                x = to_mm[0, 0] * a + to_mm[0, 1] * b + to_mm[0, 2] * c + to_mm[0, 3]
                y = to_mm[1, 0] * a + to_mm[1, 1] * b + to_mm[1, 2] * c + to_mm[1, 3]
                z = to_mm[2, 0] * a + to_mm[2, 1] * b + to_mm[2, 2] * c + to_mm[2, 3]
                least = 9.0
                for r in range(rods.shape[0]):
                    if abs(z - rods[r, 2]) < 14.0 and abs(x - rods[r, 0]) < 16.0 and abs(y - rods[r, 1]) < 16.0:
                        least = min(least, limb(x, y, z, rods[r]))
                share = min(1.0, max(0.0, 0.5 - least / voxel_mm))
                if share > 0.0:
                    hu[a, b, c] += share * (value - hu[a, b, c])


def _replaced(hu: Hounsfield, tumour: Mask, part: Codes, to_mm: Array, density: str) -> None:
    """Soft or dense tumour, or patches of both, where bone was; in the spaces a little denser than what it
    displaces.
    """
    bone = tumour & (part > 0) & (part <= 10)
    hu[bone] = BLASTIC if density == "blastic" else LYTIC
    if density == "mixed":
        where = np.argwhere(bone)
        phase = PATCH_WAVE @ (where @ to_mm[:, :3].T + to_mm[:, 3]).T
        hu[tuple(where[np.sin(phase).sum(axis=0) > 0.0].T)] = BLASTIC
    hu[tumour & ((part == 0) | (part > 10))] = LYTIC - 5.0


def _noise(hu: Hounsfield, spec: PhantomSpec) -> None:
    """Slightly correlated noise, slice by slice so that memory stays small."""
    if spec.noise_hu == 0.0:
        return
    rng = np.random.default_rng([spec.seed, 7])
    for plane in range(hu.shape[2]):
        raw = rng.standard_normal((hu.shape[0] + 1, hu.shape[1] + 1), dtype=np.float32)
        soft = 0.5 * (raw[:-1, :-1] + raw[1:, :-1] + raw[:-1, 1:] + raw[1:, 1:])
        hu[:, :, plane] += np.float32(spec.noise_hu) * soft
