"""How deep tumour reaches into a zone, by looking at every pair of voxels."""

from __future__ import annotations

from math import hypot

Voxel = tuple[int, int, int]
Spacing = tuple[float, float, float]


def distance(a: Voxel, b: Voxel, spacing: Spacing) -> float:
    return hypot(*((p - q) * s for p, q, s in zip(a, b, spacing, strict=True)))


def reach(voxel: Voxel, rest: list[Voxel], spacing: Spacing) -> tuple[float, float]:
    """Distance from a voxel to the nearest one of the rest: in mm, and in voxels."""
    mm = min(distance(voxel, other, spacing) for other in rest)
    voxels = min(distance(voxel, other, (1.0, 1.0, 1.0)) for other in rest)
    return mm, voxels


def diagonal(mask: list[Voxel], spacing: Spacing) -> float:
    """Length of the diagonal of the block that the voxels fill."""
    spans = [max(v[a] for v in mask) - min(v[a] for v in mask) + 1 for a in range(3)]
    return hypot(*(n * s for n, s in zip(spans, spacing, strict=True)))


def depth_and_certainty(
    mask: list[Voxel], rest: list[Voxel], spacing: Spacing, shell_voxels: float, extra_mm: float
) -> tuple[float, bool]:
    """Depth of the deepest voxel under the border, half a voxel from the nearest of the rest; at most its length.

    Certain where one voxel lies deeper than the shell in voxels, and than the shell and `extra_mm` in mm.
    """
    if not mask:
        return 0.0, False
    if not rest:
        return diagonal(mask, spacing), True
    deepest, certain = 0.0, False
    for voxel in mask:
        mm, voxels = reach(voxel, rest, spacing)
        step = mm / voxels
        deepest = max(deepest, mm - 0.5 * step)
        certain = certain or (voxels > shell_voxels and mm > shell_voxels * step + extra_mm)
    return min(deepest, diagonal(mask, spacing)), certain
