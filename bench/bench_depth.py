"""A DICOM series of 400 slices with labels of the whole column, to barriers and sizes of all levels: time, memory.

The patient is a small phantom (scale 0.82), so that T1 to S1 fit into 400 mm; CT as one uncompressed file a slice,
labels and tumour as NIfTI. Written once and kept in the folder `--cache`. Every run is a process of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger import COST_HEAD, Cost, Figures, Result, cost_cells, headline, run_child, table, timed

FULL, SMALL = (512, 512, 400), (160, 192, 90)
SPACING_MM = {FULL: (0.8, 0.8, 1.0), SMALL: (1.2, 1.2, 1.2)}
SLOWEST_S, LARGEST_GIB = 10.0, 2.0
MIB_PER_GIB = 1024.0
Shape = tuple[int, int, int]


def case_of(cache: Path, shape: Shape) -> Path:
    """The case folder in `cache`, made when it is not there yet."""
    folder = cache / f"series-{'x'.join(map(str, shape))}"
    if (folder / "truth.json").exists():
        return folder
    from enbloc.phantom import COLUMN, PhantomSpec, TumourSpec, make_phantom, write_phantom

    small = shape == SMALL
    spec = PhantomSpec(
        levels=("T11", "T12", "L1") if small else COLUMN,
        tumour=TumourSpec(type=4, level="T12"),
        spacing_mm=SPACING_MM[shape],
        shape=shape,
        scale=1.0 if small else 0.82,
        noise_hu=20.0,
    )
    made = make_phantom(spec)
    write_phantom(made, folder)
    (folder / "ct.nii.gz").unlink()
    write_series(folder / "ct", made.ct.stored, made.grid.affine.matrix)
    text = (folder / "case.toml").read_text("utf-8").replace("ct.nii.gz", "ct")
    (folder / "case.toml").write_text(text, "utf-8")
    return folder


def write_series(folder: Path, values: Any, matrix: Any) -> None:
    """One explicit little-endian file a slice, rows to the back and columns to the left, as scanners write them."""
    import numpy as np
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    folder.mkdir()
    series, study, space = generate_uid(), generate_uid(), generate_uid()
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ matrix
    spacing = np.linalg.norm(lps[:3, :3], axis=0)
    axes = lps[:3, :3] / spacing
    for k in range(values.shape[2]):
        slice_ = Dataset()
        slice_.file_meta = FileMetaDataset()
        slice_.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        slice_.SOPClassUID = slice_.file_meta.MediaStorageSOPClassUID = CTImageStorage
        slice_.SOPInstanceUID = slice_.file_meta.MediaStorageSOPInstanceUID = generate_uid()
        slice_.SeriesInstanceUID, slice_.StudyInstanceUID, slice_.FrameOfReferenceUID = series, study, space
        slice_.Modality, slice_.SeriesNumber, slice_.InstanceNumber = "CT", 1, k + 1
        slice_.ImagePositionPatient = [f"{v:.9g}" for v in lps[:3, :3] @ [0, 0, k] + lps[:3, 3]]
        slice_.ImageOrientationPatient = [f"{v:.9g}" for v in (*axes[:, 0], *axes[:, 1])]
        slice_.PixelSpacing = [f"{spacing[1]:.9g}", f"{spacing[0]:.9g}"]
        slice_.Columns, slice_.Rows = values.shape[:2]
        slice_.SamplesPerPixel, slice_.PhotometricInterpretation = 1, "MONOCHROME2"
        slice_.BitsAllocated, slice_.BitsStored, slice_.HighBit, slice_.PixelRepresentation = 16, 16, 15, 1
        slice_.RescaleSlope, slice_.RescaleIntercept = 1, 0
        slice_.PixelData = np.ascontiguousarray(values[:, :, k].T, dtype="<i2").tobytes()
        slice_.save_as(folder / f"{k:04d}", enforce_file_format=True)


def depth(folder: Path) -> dict[str, Any]:
    """Reads the case, then everything up to barriers and sizes; seconds of each step."""
    from enbloc.anatomy import compartments, locate
    from enbloc.anatomy.morphometry import morphometry
    from enbloc.case import read_case
    from enbloc.images import load_images
    from enbloc.tumour import barrier_findings, contacts

    steps: dict[str, list[float | None]] = {}

    def step(name: str, call: Callable[[], Result]) -> Result:
        with timed() as cost:
            found = call()
        steps[name] = [cost.wall_s, cost.cpu_s, cost.peak_mib]
        return found

    case = read_case(str(folder))
    imaging = step("reading series, labels, tumour", lambda: load_images(case))
    spine = step("anatomy", lambda: locate(imaging))
    sizes = step("sizes", lambda: morphometry(spine))
    surfaces = step("compartments", lambda: compartments(spine))
    met = step("barriers", lambda: barrier_findings(spine, contacts(spine, surfaces)))
    return {"steps": steps, "levels": len(sizes), "surfaces": len(surfaces), "met": len(met)}


def bench(folder: Path, smoke: bool, times: int) -> int:
    runs = []
    for _ in range(times):
        command = [sys.executable, str(Path(__file__).resolve()), "--child", str(folder)]
        cost, out = run_child(command)
        runs.append((cost, json.loads(out.splitlines()[-1])))
    best, found = min(runs, key=lambda run: run[0].wall_s)
    rows = [[name, *cost_cells([Cost(*run[1]["steps"][name]) for run in runs])] for name in found["steps"]]
    rows.append(["the whole process", *cost_cells([run[0] for run in runs])])
    table(("step (memory: growth)", *COST_HEAD), rows)
    print(f"{found['levels']} levels measured, {found['surfaces']} closed, {found['met']} met by tumour\n")
    figures = Figures(smoke)
    seconds, gib = best.wall_s, (best.peak_mib or 0.0) / MIB_PER_GIB
    reached = seconds <= SLOWEST_S
    figures.figure("to barriers and sizes", f"{seconds:.1f} s", f"<= {SLOWEST_S:g} s", reached, is_time=True)
    figures.figure("peak memory", f"{gib:.2f} GiB", f"<= {LARGEST_GIB:g} GiB", gib <= LARGEST_GIB)
    return figures.exit_code


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--smoke", action="store_true", help="the smallest size, one run")
    asked.add_argument("--times", type=int, default=2)
    asked.add_argument("--cache", type=Path, help="folder that keeps the scan")
    asked.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.child:
        print(json.dumps(depth(given.child)))
        return 0
    shape = SMALL if given.smoke else FULL
    headline(f"{shape[2]} slices with labels, to barriers and sizes of all levels")
    with tempfile.TemporaryDirectory() as scratch:
        folder = case_of(given.cache or Path(scratch), shape)
        return bench(folder, given.smoke, 1 if given.smoke else given.times)


if __name__ == "__main__":
    sys.exit(main())
