"""Reading a CT (.nii.gz, int16): our reader against nibabel, each in a process of its own, same file, same run."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from ledger import COST_HEAD, Cost, Figures, cost_cells, headline, load, run_child, table, timed

FULL, SMALL = (512, 512, 400), (128, 128, 100)
READERS = {
    "ours": "ours: int16 kept, axes turned to RAS, checked",
    "get_fdata": "nibabel get_fdata: float64",
    "get_fdata32": "nibabel get_fdata: float32",
    "dataobj": "nibabel asanyarray(dataobj): int16",
}


def scan(folder: Path, shape: tuple[int, int, int]) -> Path:
    """Noise over smooth shapes, in an oblique header and axis order LPS: it packs about as a CT does."""
    import nibabel

    path = folder / f"ct-{'x'.join(map(str, shape))}.nii.gz"
    if path.exists():
        return path
    rng = np.random.default_rng(20261122)
    x, y, z = (np.linspace(-3.0, 3.0, n, dtype=np.float32) for n in shape)
    values = np.empty(shape, np.int16)
    for k, height in enumerate(z):
        slab = np.hypot(x[:, None], y[None, :]) < 2.4 + 0.2 * np.sin(height)
        noise = rng.normal(0.0, 20.0, shape[:2]).astype(np.float32)
        values[:, :, k] = np.where(slab, 50.0 + noise, -1000.0)
    matrix = np.diag([-0.8, -0.8, 0.8, 1.0])
    matrix[:3, 3] = (200.0, 180.0, -900.0)
    nibabel.save(nibabel.Nifti1Image(values, matrix), path)
    return path


def read(reader: str, path: Path) -> Any:
    if reader == "ours":
        from enbloc.images.raw import closest_ras
        from enbloc.images.read import read_image

        raw = read_image(path, path.name)
        view, _ = closest_ras(raw.stored, raw.matrix, path.name)
        return view
    import nibabel

    image = nibabel.load(path)
    if reader == "dataobj":
        return np.asanyarray(image.dataobj)
    return image.get_fdata(dtype=np.float32 if reader == "get_fdata32" else np.float64)


def child(reader: str, path: Path) -> int:
    """Reads once after a warm-up of the imports; prints the cost and what the values add up to."""
    import nibabel  # noqa: F401 - so that no import is timed

    import enbloc.images.read  # noqa: F401

    with timed() as cost:
        values = read(reader, path)
    total, squares = 0, 0
    for k in range(values.shape[2]):
        whole = values[:, :, k].astype(np.int64)
        total += int(whole.sum())
        squares += int((whole**2).sum())
    print(json.dumps({"cost": [cost.wall_s, cost.cpu_s, cost.peak_mib], "sums": [total, squares]}))
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a small file, once")
    parser.add_argument("--cache", metavar="DIR", help="where the file is kept; without it a folder that is removed")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--reader", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.reader is not None:
        return child(asked.reader[0], Path(asked.reader[1]))
    headline("Reading a CT")
    cache = Path(asked.cache or tempfile.mkdtemp(prefix="enbloc-bench-"))
    try:
        path = scan(cache, SMALL if asked.smoke else FULL)
        return bench(path, asked.smoke, 1 if asked.smoke else asked.times)
    finally:
        if asked.cache is None:
            shutil.rmtree(cache, ignore_errors=True)


def bench(path: Path, smoke: bool, times: int) -> int:
    costs: dict[str, list[Cost]] = {reader: [] for reader in READERS}
    sums: dict[str, list[int]] = {}
    for _ in range(times):
        for reader in READERS:
            _, out = run_child([sys.executable, str(Path(__file__).resolve()), "--reader", reader, str(path)])
            found = json.loads(out.splitlines()[-1])
            costs[reader].append(Cost(*found["cost"]))
            sums[reader] = found["sums"]
    print(f"{path.name}, {path.stat().st_size / 1e6:.1f} MB\n")
    table(("reader (memory: growth)", *COST_HEAD), [[READERS[r], *cost_cells(costs[r])] for r in READERS])
    print(f"load average at the end {load()}\n")
    figures = Figures(smoke)
    same = all(found == sums["ours"] for found in sums.values())
    figures.figure("same voxels as nibabel (sum and sum of squares)", "yes" if same else "no", "equal", same)
    ours, theirs = (min(c.wall_s for c in costs[r]) for r in ("ours", "get_fdata"))
    print(f"ours takes {ours / theirs:.2f} of the time of get_fdata (no figure asked)")
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
