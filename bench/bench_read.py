"""Reading a CT (int16) as .nii.gz against nibabel, as a DICOM series against pydicom: a process each, same run."""

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
SERIES_READERS = {
    "ours-series": "ours: headers, lattice, one int16 array",
    "pydicom": "pydicom: dcmread, pixel_array, stack",
}
CODINGS = {"": "uncompressed", "-jls": "JPEG-LS", "-j2k": "JPEG 2000"}


def series(folder: Path, shape: tuple[int, int, int], coding: str) -> Path:
    """The scan as slices; the compressed ones hold a quarter of them, being slow to make."""
    import nibabel
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.encaps import encapsulate

    source = scan(folder, shape)
    path = folder / f"{source.name.removesuffix('.nii.gz')}{coding}"
    if path.exists():
        return path
    values = np.asanyarray(nibabel.load(source).dataobj)
    path.mkdir()
    for k in range(shape[2] if not coding else shape[2] // 4):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.2", f"1.2.3.{k + 1}", "CT"
        ds.SeriesInstanceUID, ds.FrameOfReferenceUID, ds.SeriesNumber = "1.2.3", "1.2.4", 1
        ds.ImagePositionPatient, ds.ImageOrientationPatient = [-200.0, -180.0, 0.8 * k], [1, 0, 0, 0, 1, 0]
        ds.PixelSpacing, ds.RescaleSlope, ds.RescaleIntercept = [0.8, 0.8], 1, -1024
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
        ds.Columns, ds.Rows = shape[:2]
        frame = np.ascontiguousarray((values[:, :, k].T + 1024).astype(np.uint16))
        ds.PixelData = encapsulate([encoded(frame, coding)]) if coding else frame.tobytes()
        ds["PixelData"].VR = "OB" if coding else "OW"
        ds.file_meta = FileMetaDataset()
        ends = {"": "1", "-jls": "4.80", "-j2k": "4.90"}
        ds.file_meta.TransferSyntaxUID = f"1.2.840.10008.1.2.{ends[coding]}"
        ds.save_as(path / f"{k:04d}", enforce_file_format=True)
    return path


def encoded(frame: Any, coding: str) -> bytes:
    import imagecodecs

    if coding == "-jls":
        return imagecodecs.jpegls_encode(frame)
    return imagecodecs.jpeg2k_encode(frame, level=0, codecformat="j2k", reversible=True, bitspersample=12)


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
    if reader == "ours-series":
        from enbloc.images.dicom.series import choose, find_series, read_series

        return read_series(choose(find_series(path, path.name), None)).stored
    if reader == "pydicom":
        from pydicom import dcmread

        slices = sorted((dcmread(file) for file in path.iterdir()), key=lambda ds: ds.ImagePositionPatient[2])
        return np.stack([ds.pixel_array for ds in slices], axis=-1)
    import nibabel

    image = nibabel.load(path)
    if reader == "dataobj":
        return np.asanyarray(image.dataobj)
    return image.get_fdata(dtype=np.float32 if reader == "get_fdata32" else np.float64)


def child(reader: str, path: Path) -> int:
    """Reads once after a warm-up of the imports; prints the cost and what the values add up to."""
    import nibabel  # noqa: F401 - so that no import is timed
    import pydicom  # noqa: F401

    import enbloc.images.dicom.series
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
        shape, times = (SMALL, 1) if asked.smoke else (FULL, asked.times)
        failed = bench(scan(cache, shape), asked.smoke, times)
        for coding, name in CODINGS.items():
            failed |= bench_series(series(cache, shape, coding), name, asked.smoke, times)
        return failed
    finally:
        if asked.cache is None:
            shutil.rmtree(cache, ignore_errors=True)


def measured(path: Path, readers: dict[str, str], times: int) -> tuple[dict[str, list[Cost]], bool]:
    """(costs by reader, whether all read the same voxels: sum and sum of squares); prints the table."""
    costs: dict[str, list[Cost]] = {reader: [] for reader in readers}
    sums: set[tuple[int, ...]] = set()
    for _ in range(times):
        for reader in readers:
            _, out = run_child([sys.executable, str(Path(__file__).resolve()), "--reader", reader, str(path)])
            found = json.loads(out.splitlines()[-1])
            costs[reader].append(Cost(*found["cost"]))
            sums.add(tuple(found["sums"]))
    table(("reader (memory: growth)", *COST_HEAD), [[readers[r], *cost_cells(costs[r])] for r in readers])
    print(f"load average at the end {load()}\n")
    return costs, len(sums) == 1


def bench(path: Path, smoke: bool, times: int) -> int:
    print(f"{path.name}, {path.stat().st_size / 1e6:.1f} MB\n")
    costs, same = measured(path, READERS, times)
    figures = Figures(smoke)
    figures.figure("same voxels as nibabel (sum and sum of squares)", "yes" if same else "no", "equal", same)
    ours, theirs = (min(c.wall_s for c in costs[r]) for r in ("ours", "get_fdata"))
    print(f"ours takes {ours / theirs:.2f} of the time of get_fdata (no figure asked)\n")
    return figures.exit_code


def bench_series(path: Path, coding: str, smoke: bool, times: int) -> int:
    """Figures are asked of the uncompressed series alone: about 1 s, and at most twice the raw size."""
    files = [file.stat().st_size for file in path.iterdir()]
    print(f"DICOM, {coding}: {len(files)} slices, {sum(files) / 1e6:.1f} MB\n")
    costs, same = measured(path, SERIES_READERS, times)
    figures = Figures(smoke)
    figures.figure("same voxels as pydicom", "yes" if same else "no", "equal", same)
    if coding == CODINGS[""]:
        best = min(cost.wall_s for cost in costs["ours-series"])
        figures.figure("400 slices, wall", f"{best:.2f} s", "about 1 s", best <= 1.2, is_time=True)
        grown = max(cost.peak_mib or 0.0 for cost in costs["ours-series"]) * (1 << 20) / sum(files)
        figures.figure("memory against raw size", f"{grown:.2f}", "2 at most", grown <= 2.0, is_time=True)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
