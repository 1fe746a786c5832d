"""The clock's volumes voxel by voxel, with plain arithmetic in the column of blocks."""

from __future__ import annotations

from math import atan2, degrees, hypot

from enbloc.anatomy import Part
from tumour.toy import Toy

STEP_MM = 0.1


def cells_by_hand(toy: Toy, level: str) -> dict[tuple[int, str], float]:
    """(sector of 1997, layer) -> mm3 of tumour; the canal's centre lies between columns 29, 30 and rows 23, 24."""
    dx, dy, dz = (float(v) for v in toy.grid.spacing_mm)
    number = [str(name) for name in toy.levels].index(level) + 1
    found: dict[tuple[int, str], float] = {}
    layers: dict[tuple[int, int], str] = {}  # the blocks are the same at every height of a body
    for i, j, k in zip(*(axis.tolist() for axis in toy.tumour.nonzero()), strict=True):
        if toy.owner[i, j, k] != number or toy.part[i, j, k] == Part.DISC:
            continue
        x, y = (i - 29.5) * dx, (j - 23.5) * dy
        sector = int(degrees(atan2(x, -y)) % 360.0 // 30.0) + 1
        if (i, j) not in layers:
            layers[i, j] = layer_of(toy, (i, j, k), (x, y))
        key = sector, layers[i, j]
        found[key] = found.get(key, 0.0) + dx * dy * dz
    return found


def layer_of(toy: Toy, voxel: tuple[int, int, int], place: tuple[float, float]) -> str:
    part = toy.part[voxel]
    if part in (Part.NONE, Part.CANAL):
        return "A" if part == Part.NONE else "D"
    radius = hypot(*place)
    met = [r for r in (STEP_MM * n for n in range(800)) if is_bone(toy, voxel[2], place, r / radius)]
    return "B" if radius > 0.5 * (met[0] + met[-1]) else "C"


def is_bone(toy: Toy, k: int, place: tuple[float, float], share: float) -> bool:
    """Whether the point `share` of the way out through `place` lies in a voxel of bone."""
    dx, dy, _ = (float(v) for v in toy.grid.spacing_mm)
    i, j = round(29.5 + place[0] * share / dx), round(23.5 + place[1] * share / dy)
    if not (0 <= i < toy.part.shape[0] and 0 <= j < toy.part.shape[1]):
        return False
    return bool(Part.BODY <= toy.part[i, j, k] <= Part.ARTICULAR_RIGHT)
