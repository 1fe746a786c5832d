"""What `enbloc check` says of one input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.core.volume import Grid


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen in one input. `severity`: `note`, `warning`, `contradiction` (against the case), `refused`."""

    severity: str
    file: str
    id: str
    text: str


def describe(grid: Grid) -> str:
    """Shape, spacing and obliquity in words."""
    shape = " x ".join(map(str, grid.shape))
    spacing = " x ".join(f"{mm:.3g}" for mm in grid.spacing_mm)
    cosine = np.abs(np.diag(grid.affine.matrix)[:3] / grid.spacing_mm).min()
    tilt = float(np.degrees(np.arccos(min(1.0, cosine))))
    return f"{shape} voxels of {spacing} mm (right, anterior, superior), tilted by {tilt:.1f} degrees"
