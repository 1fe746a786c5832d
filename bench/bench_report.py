"""The report: its size, and how long a browser with software WebGL needs until the scene can be turned.

Headless Chromium without a GPU, from file://. "ready": from the start of navigation until the page sets its mark, when
the scene was drawn and every control listens. "drawn": until the graphics process has finished that picture, seen from
outside, so it includes up to 50 ms of asking. The worst case draws every vertebra of a whole spine with all ribs and
vessels, and slices of pure noise, which nothing can pack.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from enbloc.case import read_case
from enbloc.cli.synthetic import make_demo
from enbloc.core.volume import Volume
from enbloc.images import load_images
from enbloc.planning import Plan, plan
from enbloc.report import write_report
from enbloc.scene import anatomy
from ledger import Figures, headline, load, table, timed

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from report.browser import browser, missing  # noqa: E402 - the browser of the tests

S0327 = ROOT.parent / "shared" / "data" / "totalseg_s0327"
SIZE_MB, READY_S = 10.0, 3.0
JUDGED = ("demo", "s0327-t4")
"""Reports that the figure for time speaks of; the others are printed."""
CASE = """schema = "enbloc.case/1"
id = "s0327-t{number}"
[imaging]
[[imaging.labels]]
file = "segmentations"
scheme = "totalsegmentator-files"
[imaging.tumour]
file = "tumour.nii.gz"
"""


def planned(folder: Path) -> Plan:
    case = read_case(str(folder))
    return plan(case, load_images(case))


def demo(scratch: Path) -> Plan:
    make_demo(scratch / "demo")
    return planned(scratch / "demo")


def s0327(scratch: Path, number: int) -> Plan:
    """The real whole-spine label map with a tumour made for it; it has no image."""
    folder = scratch / f"s0327-t{number}"
    shutil.copytree(S0327 / "segmentations", folder / "segmentations")
    shutil.copy(S0327 / "tumours" / f"tumour_tomita{number}.nii.gz", folder / "tumour.nii.gz")
    (folder / "case.toml").write_text(CASE.format(number=number), encoding="utf-8")
    return planned(folder)


def with_noise(found: Plan) -> Plan:
    """The same plan with an image of noise on the label map's grid."""
    assert found.drawing is not None
    imaging = found.drawing.imaging
    noise = np.random.default_rng(1).normal(100.0, 400.0, imaging.grid.shape).astype(np.int16)
    imaging = replace(imaging, image=Volume(noise, imaging.grid), modality="ct")
    return replace(found, drawing=replace(found.drawing, imaging=imaging))


def opened(page: Path, times: int) -> list[tuple[float, float]]:
    """Seconds until ready and until drawn, each time in a new browser."""
    finished = """
        const gl = document.querySelector('.stage canvas').getContext('webgl2');
        gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
        const mark = performance.getEntriesByName('enbloc-scene-ready')[0];
        return [mark.startTime / 1000, performance.now() / 1000]
    """
    found = []
    for _ in range(times):
        with browser() as window:
            window.page(page)
            window.wait("performance.getEntriesByName('enbloc-scene-ready').length", 60.0)
            ready, drawn = window.script(finished)
            found.append((float(ready), float(drawn)))
    return found


def measured(name: str, found: Plan, with_slices: bool, scratch: Path, times: int) -> tuple[list[str], float, float]:
    """A row of the table, the size in MB and the median seconds until drawn (nan without a browser)."""
    with timed() as cost:
        page = write_report(found, scratch / f"{name}.html".replace(" ", "-"), with_slices=with_slices)
    size = page.stat().st_size / 1e6
    seconds = [] if missing() else opened(page, times)
    ready, drawn = (median(one[i] for one in seconds) if seconds else float("nan") for i in (0, 1))
    return [name, f"{cost.wall_s:.1f}", f"{size:.2f}", f"{ready:.2f}", f"{drawn:.2f}"], size, drawn


def cases(scratch: Path, smoke: bool) -> list[tuple[str, Plan, bool]]:
    shipped = demo(scratch)
    found = [("demo", shipped, False), ("demo with slices", shipped, True)]
    if smoke or not S0327.is_dir():
        print("the real spine is not tried (a smoke run, or no data beside the checkout)")
        return found
    return [*found, ("s0327-t4", s0327(scratch, 4), False), ("s0327-t7", s0327(scratch, 7), False)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the demo only, once")
    parser.add_argument("--times", type=int, default=3, help="browsers started per page")
    asked = parser.parse_args()
    headline("The report in a browser")
    if missing():
        print(f"only sizes are measured: {missing()}")
    figures, rows = Figures(asked.smoke), []
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        times = 1 if asked.smoke else asked.times
        tried = cases(scratch, asked.smoke)
        results = [measured(name, found, slices, scratch, times) for name, found, slices in tried]
        if len(tried) > 2:
            anatomy.NEIGHBOURS = 40  # every vertebra there is
            results.append(measured("worst case", with_noise(tried[-1][1]), True, scratch, times))
            results.append(measured("worst case with cuts", with_noise(s0327(scratch, 6)), True, scratch, times))
    rows = [row for row, _, _ in results]
    table(("report", "written in s", "MB", "ready s", "drawn s"), rows)
    print(f"load average at the end {load()}\n")
    size = max(size for _, size, _ in results)
    figures.figure("largest report", f"{size:.2f} MB", f"<= {SIZE_MB:g} MB", size <= SIZE_MB)
    if not missing():
        slowest = max(drawn for row, _, drawn in results if row[0] in JUDGED)
        figures.figure(
            f"scene drawn and listening, {' and '.join(JUDGED)}",
            f"{slowest:.2f} s",
            f"<= {READY_S:g} s",
            slowest <= READY_S,
            is_time=True,
        )
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
