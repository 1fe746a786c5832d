"""How deep tumour reaches into a zone, by looking at every pair of voxels."""

from __future__ import annotations

from math import hypot, inf

Voxel = tuple[int, int, int]
Spacing = tuple[float, float, float]
SPECK = 8


def distance(a: Voxel, b: Voxel, spacing: Spacing) -> float:
    return hypot(*((p - q) * s for p, q, s in zip(a, b, spacing, strict=True)))


def depth_and_pass(
    voxel: Voxel, target: list[Voxel], spacing: Spacing, shell: float, extra_mm: float
) -> tuple[float, bool]:
    """Depth under the border (half a voxel from the nearest target voxel), and whether shell and extra are passed."""
    if not target:
        return inf, True
    mm = min(distance(voxel, other, spacing) for other in target)
    voxels = min(distance(voxel, other, (1.0, 1.0, 1.0)) for other in target)
    step = mm / voxels
    return mm - 0.5 * step, voxels > shell and mm > shell * step + extra_mm


def diagonal(mask: list[Voxel], spacing: Spacing) -> float:
    """Length of the diagonal of the block that the voxels fill."""
    spans = [max(v[a] for v in mask) - min(v[a] for v in mask) + 1 for a in range(3)]
    return hypot(*(n * s for n, s in zip(spans, spacing, strict=True)))


def depth_and_certainty(
    mask: list[Voxel],
    seen: list[Voxel],
    drawn: list[list[Voxel]],
    spacing: Spacing,
    *,
    shell: float,
    convention_mm: float,
) -> tuple[float, bool]:
    """`seen`: the rest beyond borders that can be seen; `drawn`: the rest beyond each border that is drawn.

    One drawn border at a time may be misplaced: for each of them some voxel must pass its floor and the shell of all
    that is seen. Without a rest the tumour lies nowhere else; a speck is never certain.
    """
    if not mask:
        return 0.0, False
    if not seen and not any(drawn):
        return diagonal(mask, spacing), True
    from_seen = [depth_and_pass(voxel, seen, spacing, shell, 0.0) for voxel in mask]
    depth, certain = max(mm for mm, _ in from_seen), any(passed for _, passed in from_seen)
    for border in drawn:
        along = [depth_and_pass(voxel, border, spacing, shell, convention_mm) for voxel in mask]
        pairs = list(zip(from_seen, along, strict=True))
        depth = min(depth, max(min(a[0], b[0]) for a, b in pairs))
        certain = certain and any(a[1] and b[1] for a, b in pairs)
    return min(depth, diagonal(mask, spacing)), certain and len(mask) > SPECK
