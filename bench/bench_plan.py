"""`enbloc plan` on a CT of 512 x 512 x 400 voxels with labels and tumour: time, memory, and the type.

The patient is a phantom (CT with noise, int16), written once and kept in the folder `--cache`. The program runs as a
user runs it, in a process of its own. Anatomy and tumour alone run in one process: first with compiled code from
numba's cache, then again; and once more with an empty cache.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from ledger import COST_HEAD, Cost, Figures, cost_cells, headline, load, run_child, table, timed

FULL, SMALL = (512, 512, 400), (144, 176, 128)
SPACING_MM = {FULL: 0.8, SMALL: 1.3}
LEVELS = {FULL: ("T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4"), SMALL: ("T11", "T12", "L1")}
PLAN_S, PLAN_GIB, ROOMS_S, HELP_S = 15.0, 2.0, 5.0, 0.3
MIB_PER_GIB = 1024.0
Shape = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Scan:
    """The case folder and how large its files are."""

    folder: Path
    shape: Shape

    @property
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "truth.json").read_text("utf-8"))
        return found

    @property
    def sizes(self) -> str:
        files = ("ct.nii.gz", "spine.nii.gz", "tumour.nii.gz")
        return ", ".join(f"{name} {(self.folder / name).stat().st_size / 1e6:.1f} MB" for name in files)


def scan(cache: Path, shape: Shape) -> Scan:
    """The case folder in `cache`, made when it is not there yet."""
    folder = cache / f"phantom-{'x'.join(map(str, shape))}"
    if not (folder / "truth.json").exists():
        from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom, write_phantom

        spacing = SPACING_MM[shape]
        tumour = TumourSpec(type=4, level="T12", variant="through-pedicle")
        spec = PhantomSpec(levels=LEVELS[shape], tumour=tumour, spacing_mm=(spacing,) * 3, shape=shape, noise_hu=20.0)
        with timed() as cost:
            write_phantom(make_phantom(spec), folder)
        print(f"made the scan in {cost.wall_s:.0f} s", flush=True)
    return Scan(folder, shape)


def program() -> str:
    """The installed `enbloc` beside this interpreter."""
    return str(Path(sys.executable).parent / "enbloc")


def planned(case: Scan, times: int) -> tuple[list[Cost], list[dict[str, float]], dict[str, Any]]:
    """Costs of `enbloc plan CASE --out DIR`, the seconds of its stages, and the last plan."""
    costs, stages, plan = [], [], {}
    for _ in range(times):
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out"
            cost, _ = run_child([program(), "plan", str(case.folder), "--out", str(out)])
            costs.append(cost)
            stages.append(json.loads((out / "run.json").read_text("utf-8"))["seconds"])
            plan = json.loads((out / "plan.json").read_text("utf-8"))
    return costs, stages, plan


def rooms_alone(folder: Path, times: int) -> dict[str, Any]:
    """Reads the case, then runs anatomy and tumour `times` times in this process."""
    from enbloc.anatomy import locate
    from enbloc.case import read_case
    from enbloc.images import load_images
    from enbloc.tumour import measure

    case = read_case(str(folder))
    with timed() as reading:
        imaging = load_images(case)
    runs, kind = [], None
    for _ in range(times):
        with timed() as anatomy:
            spine = locate(imaging)
        with timed() as tumour:
            kind = measure(spine, case.extent).tomita_type.value
        runs.append([[c.wall_s, c.cpu_s, c.peak_mib] for c in (anatomy, tumour)])
    return {"reading": [reading.wall_s, reading.cpu_s, reading.peak_mib], "runs": runs, "type": kind}


def in_child(case: Scan, times: int, numba_cache: str | None = None) -> dict[str, Any]:
    extra = {} if numba_cache is None else {"NUMBA_CACHE_DIR": numba_cache}
    command = [sys.executable, str(Path(__file__).resolve()), "--rooms", str(case.folder), "--times", str(times)]
    _, out = run_child(command, extra)
    found: dict[str, Any] = json.loads(out.splitlines()[-1])
    return found


def show_rooms(case: Scan, times: int, smoke: bool) -> tuple[float, list[int]]:
    """Prints the table of anatomy and tumour; returns the least seconds for both, in a new process, and the types."""
    fresh = [in_child(case, 2) for _ in range(times)]
    groups = [("new process, warm cache", fresh, 0), ("second time, same process", fresh, 1)]
    cold = []
    if smoke:
        print("a cold numba cache is not tried in a smoke run")
    else:
        with tempfile.TemporaryDirectory() as empty:
            cold = [in_child(case, 1, empty)]
        groups.append(("cold: empty cache", cold, 0))
    rows = [["reading labels, tumour and CT", *cost_cells([Cost(*one["reading"]) for one in fresh])]]
    for name, results, run in groups:
        for room, what in enumerate(("anatomy", "tumour")):
            costs = [Cost(*result["runs"][run][room]) for result in results]
            rows.append([f"{what}, {name}", *cost_cells(costs)])
    table(("in one process (memory: growth)", *COST_HEAD), rows)
    both = [one["runs"][0][0][0] + one["runs"][0][1][0] for one in fresh]
    return min(both), [one["type"] for one in (*fresh, *cold)]


def help_seconds(times: int) -> float:
    """Median wall time of `enbloc --help`."""
    return median(run_child([program(), "--help"])[0].wall_s for _ in range(times))


def bench(case: Scan, smoke: bool, times: int) -> int:
    figures = Figures(smoke)
    truth = case.truth["tomita_type"]
    size = "x".join(map(str, case.shape))
    print(f"{size} voxels of {SPACING_MM[case.shape]} mm: {case.sizes}\n")
    if not smoke:
        run_child([program(), "plan", str(case.folder)])  # the first run after an installation fills numba's cache
    costs, stages, plan = planned(case, times)
    table((f"enbloc plan, {times} runs", *COST_HEAD), [["whole program", *cost_cells(costs)]])
    rows = [
        [name, f"{min(one[name] for one in stages):.2f}", f"{median(one[name] for one in stages):.2f}"]
        for name in stages[0]
    ]
    table(("its stages (run.json)", "min s", "median s"), rows)
    least, kinds = show_rooms(case, times, smoke)
    start = help_seconds(3 if smoke else 10)
    print(f"load average at the end {load()}\n")
    wall, peak = min(cost.wall_s for cost in costs), max(cost.peak_mib or 0.0 for cost in costs) / MIB_PER_GIB
    figures.figure("enbloc plan, wall", f"{wall:.1f} s", f"<= {PLAN_S:g} s", wall <= PLAN_S, is_time=True)
    figures.figure("enbloc plan, peak memory", f"{peak:.2f} GiB", f"<= {PLAN_GIB:g} GiB", peak <= PLAN_GIB)
    figures.figure("anatomy + tumour alone", f"{least:.2f} s", f"<= {ROOMS_S:g} s", least <= ROOMS_S, is_time=True)
    figures.figure("enbloc --help, median", f"{start:.2f} s", f"< {HELP_S:g} s", start < HELP_S, is_time=True)
    found = [plan["tumour"]["tomita_type"]["value"], *kinds]
    right = all(kind == truth for kind in found)
    figures.figure("type", f"{sorted(set(found), key=str)}", f"{truth} every time", right)
    return figures.exit_code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a small scan, once")
    parser.add_argument("--cache", metavar="DIR", help="where the scan is kept; without it a folder that is removed")
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--rooms", metavar="CASE", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.rooms is not None:
        print(json.dumps(rooms_alone(Path(asked.rooms), asked.times)))
        return 0
    headline("The main job on a large scan")
    cache = Path(asked.cache or tempfile.mkdtemp(prefix="enbloc-bench-"))
    try:
        start = time.perf_counter()
        case = scan(cache, SMALL if asked.smoke else FULL)
        code = bench(case, asked.smoke, 1 if asked.smoke else asked.times)
        print(f"all of it took {time.perf_counter() - start:.0f} s")
        return code
    finally:
        if asked.cache is None:
            shutil.rmtree(cache, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
