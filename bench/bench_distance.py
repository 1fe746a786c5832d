"""The distance transform in use (edt) against scipy's, on the same arrays in the same run: time, memory, difference."""

from __future__ import annotations

import argparse
import sys

import edt
import numpy as np
from scipy import ndimage

from ledger import COST_HEAD, Figures, cost_cells, headline, load, repeated, table

SPACING_MM = (0.8, 0.8, 1.25)
LEAST_RATIO = 3.0
MOST_DIFFERENCE_MM = 1e-3
"""edt counts in float32: at 100 mm its last digit is 8e-6 mm, and a few are lost on the way."""


def vertebra_like(size: int) -> np.ndarray:
    """Three stacked drums, each with a ring behind it: shape and share of bone as in a crop of a column."""
    x, y, z = np.meshgrid(*[np.linspace(-1.0, 1.0, size)] * 3, indexing="ij", sparse=True)
    level = np.abs((z * 1.5 + 1.5) % 1.0 - 0.5) < 0.4
    drum = x**2 + (y - 0.3) ** 2 < 0.16
    ring = np.abs(np.sqrt(x**2 + (y + 0.3) ** 2) - 0.28) < 0.08
    return np.asarray((drum | ring) & level)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one small array")
    asked = parser.parse_args()
    headline("Distance transform: edt against scipy")
    sizes, times = ((96,), 3) if asked.smoke else ((128, 256, 320), 5)
    figures = Figures(asked.smoke)
    rows, ratios, differences = [], [], []
    for size in sizes:
        away = np.ascontiguousarray(~vertebra_like(size))
        ours, fast = repeated(times, lambda a=away: edt.edt(a, anisotropy=SPACING_MM, black_border=False))
        theirs, slow = repeated(times, lambda a=away: ndimage.distance_transform_edt(a, sampling=SPACING_MM))
        difference = float(np.abs(fast - slow).max())
        ratio = min(c.wall_s for c in theirs) / min(c.wall_s for c in ours)
        ratios.append(ratio)
        differences.append(difference)
        name = f"{size}^3, {size**3 / 1e6:.1f} million voxels"
        rows += [
            [f"edt    {name}", *cost_cells(ours), f"{ratio:.1f}x", f"{difference:.1e}"],
            [f"scipy  {name}", *cost_cells(theirs), "1.0x", ""],
        ]
    table(("one thread each", *COST_HEAD, "faster", "largest difference mm"), rows)
    print(f"load average at the end {load()}\n")
    figures.figure(
        "faster than scipy",
        " ".join(f"{r:.1f}x" for r in ratios),
        f">= {LEAST_RATIO:g}x",
        min(ratios) >= LEAST_RATIO,
        is_time=True,
    )
    most = max(differences)
    figures.figure("same distances", f"{most:.1e} mm", f"<= {MOST_DIFFERENCE_MM:g} mm", most <= MOST_DIFFERENCE_MM)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
