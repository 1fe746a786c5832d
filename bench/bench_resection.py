"""The search for cuts: planes per second beside scipy, equality with a slow twin, the gap, and time of the whole stage.

    .venv/bin/python bench/bench_resection.py             # 200 phantoms, tumours on real labels where they are present
    .venv/bin/python bench/bench_resection.py --count 24
    .venv/bin/python bench/bench_resection.py --log DIR   # keeps each case as it ends; again: goes on from there
    .venv/bin/python bench/bench_resection.py --smoke     # small grids, two phantoms on coarse voxels

The rival samples each plane on a square raster of the same pitch with scipy.ndimage.map_coordinates and takes the least
distance to tumour, without asking which part of the plane cuts anything. Ours, `slab bound`, gives for each plane what
no cut along it exceeds; `sections` finds the part that severs and measures all that decides. The planes are the same.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ledger import COST_HEAD, Figures, cost_cells, headline, load, peak_mib, repeated, share, table

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
SEED = 20261123
TIMES_SCIPY, STAGE_S, STAGE_MIB, RESCORE_S, GAP_MM = 1000.0, 6.0, 1536.0, 0.020, 0.5
COLUMN = ["T1", *(f"T{n}" for n in range(2, 13)), *(f"L{n}" for n in range(1, 6)), "S1"]
KINDS: list[tuple[int | None, str]] = [
    (1, "body"), (1, "pedicle"), (1, "arch"), (2, "body-pedicle"), (2, "pedicle-arch"), (3, "through-pedicle"),
    (4, "body"), (4, "through-pedicle"), (4, "arch"), (5, "body"), (5, "through-pedicle"), (5, "arch"), (6, "below"),
    (6, "above"), (7, "far"), (None, "canal"), (None, "paravertebral"),
]  # fmt: skip
PATIENTS = {
    "verse005": ("sub-verse005_seg-vert_msk.nii.gz", "verse"),
    "totalseg_s0327": ("segmentations", "totalsegmentator-files"),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case. `skipped`: the reason, None where there is a plan. `objections`: what the slow twin denies. `proof`:
    what the certificate says of its bound. `caveats`: ids. `crash`: where it ended in an error, None where it did not.
    """

    name: str
    kind: int | None
    skipped: str | None = None
    levels: int = 0
    margin_mm: float | None = None
    gap_mm: float | None = None
    proof: str = ""
    tumour_mm2: float = 0.0
    objections: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    crash: str | None = None
    seconds: float = 0.0
    cpu_s: float = 0.0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="sizes for a check that it runs")
    parser.add_argument("--count", type=int, default=200, help="phantoms (default: 200)")
    parser.add_argument("--workers", type=int, default=2, help="processes for the phantoms (default: 2)")
    parser.add_argument("--cases-only", action="store_true", help="only the phantoms and the tumours on real labels")
    parser.add_argument("--log", type=Path, help="folder where each case is kept as it ends; those in it are not run")
    wanted = parser.parse_args(arguments)
    sys.path.insert(0, str(ROOT / "tests"))
    figures = Figures(wanted.smoke)
    headline("The search for cuts")
    if not wanted.cases_only:
        bench_twin(figures, 4 if wanted.smoke else 100)
        stage = Stage(wanted.smoke)
        bench_planes(figures, stage, 400 if wanted.smoke else 15_000)
        bench_stage(figures, stage, 1 if wanted.smoke else 5)
    count = 2 if wanted.smoke else wanted.count
    job = partial(phantom_outcome, wanted.smoke)
    bench_cases(figures, "phantoms", outcomes(job, list(range(count)), wanted.workers, wanted.log))
    if DATA.is_dir() and not wanted.smoke:
        dev = [(patient, number) for patient in PATIENTS for number in range(1, 8)]
        found = outcomes(dev_outcome, dev, wanted.workers, wanted.log)
        bench_cases(figures, "tumours on real labels", found)
    print(f"load average when it ended: {load()}")
    return figures.exit_code


def bench_twin(figures: Figures, count: int) -> None:
    from enbloc.resection.family import ring_angles
    from enbloc.resection.pairs import best_pair
    from properties.test_resection_twin import EQUAL, key_of, strewn
    from properties.twin_resection import SlowSide, slow_best

    equal, slow_s, fast_s = 0, 0.0, 0.0
    strewn(0).fast()
    for number in range(count):
        case = strewn(number)
        start = time.perf_counter()
        left, right = case.fast()
        pair = best_pair(left, right, case.opening_mm)
        middle = time.perf_counter()
        slow = [SlowSide(each, case.limits, case.settings) for each in case.passages()]
        best = slow_best(*slow, *(side.cuts(ring_angles(case.settings)) for side in slow), case.opening_mm)
        fast_s, slow_s = fast_s + middle - start, slow_s + time.perf_counter() - middle
        if pair is None or best is None:
            equal += (pair is None) == (best is None)
        else:
            equal += np.allclose(key_of(left, right, pair), best[0], atol=EQUAL)
    print(f"small grids: ours {fast_s:.2f} s, slow twin {slow_s:.1f} s")
    figures.figure("same optimum as the slow twin", share(equal, count), "all", equal == count)
    print()


def cuts_only(smoke: bool) -> Any:
    """Settings without the way out of the pieces, which has its own bench."""
    from enbloc.resection.removal_nouns import RemovalSettings
    from enbloc.resection.settings import ResectionSettings

    without = RemovalSettings(sought=False)
    return (
        ResectionSettings(step_mm=2.0, azimuth_step_deg=15.0, removal=without)
        if smoke
        else ResectionSettings(removal=without)
    )


class Stage:
    """One level ready for the stage: T12 with a tumour through its pedicle into the canal, 0.8 mm voxels."""

    def __init__(self, smoke: bool) -> None:
        from enbloc.anatomy import locate
        from enbloc.case import StatedExtent
        from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
        from enbloc.tumour import measure

        spec = PhantomSpec(levels=("T11", "T12", "L1"), tumour=TumourSpec(type=4, level="T12", size=1.2))
        self.settings = cuts_only(smoke)
        self.imaging = make_phantom(spec).imaging
        self.spine = locate(self.imaging)
        self.extent = measure(self.spine, StatedExtent())

    def run(self) -> Any:
        from enbloc.resection.resect import resect

        return resect(self.spine, self.imaging, self.extent, settings=self.settings)

    def passage(self) -> tuple[Any, Any, Any]:
        """Field, sawing and the passage on the left."""
        from enbloc.core.levels import Level
        from enbloc.knowledge import resection_tool
        from enbloc.resection.cuts import Sawing
        from enbloc.resection.lay import operative_field
        from enbloc.resection.nouns import Gate
        from enbloc.resection.passage import ring_passage
        from enbloc.resection.searching import own_axes

        field = operative_field(self.spine, self.imaging, (Level.T12,), self.settings)
        axes = own_axes(self.spine, field, Level.T12)
        sawing = Sawing(field, resection_tool(self.settings.tool))
        return field, sawing, ring_passage(field, Level.T12, Gate.LEFT, axes)


def bench_planes(figures: Figures, stage: Stage, count: int) -> None:
    from enbloc.resection.bounds import margin_bounds, swept_bounds
    from enbloc.resection.candidates import measured
    from enbloc.resection.family import at_angles, ring_angles, ring_normals
    from enbloc.resection.kernels import FLAW, SOUND, TUMOUR_MM
    from enbloc.resection.threads import in_parts

    _, _, passage = stage.passage()
    rng = np.random.default_rng(SEED)
    reach = 0.25 * passage.step_mm * float(np.linalg.norm(passage.code.shape))
    angles = np.column_stack([rng.uniform(0.0, 180.0, count), rng.uniform(-30.0, 30.0, count)])
    planes = at_angles(passage, angles, rng.uniform(-reach, reach, count))
    thin = np.full(count, 0.5)

    reached = measured(passage, planes)[:, 0]
    hand_mm = float(reached[reached[:, FLAW] == SOUND][:, TUMOUR_MM].max(initial=0.0))

    def slab(floor_mm: float) -> Any:
        def kernel(part: slice) -> Any:
            return margin_bounds(
                planes.normals[part], np.zeros(count)[part], planes.offsets[part], thin[part], passage.pivot,
                passage.points, passage.at_mm, passage.ends, floor_mm,
            )  # fmt: skip

        return in_parts(kernel, count)

    normals = np.ascontiguousarray(ring_normals(ring_angles(stage.settings), passage.axes))
    step = stage.settings.offset_step_mm / passage.step_mm
    counts = np.full(len(normals), int(2.0 * reach / passage.step_mm / step), np.int64)
    first = normals @ passage.pivot - reach / passage.step_mm

    def sweep() -> Any:
        def kernel(part: slice) -> Any:
            return swept_bounds(
                normals[part], np.zeros(len(normals))[part], first[part], counts[part], step, 0.5 * step,
                passage.pivot, passage.points, passage.at_mm, passage.ends,
            )  # fmt: skip

        return in_parts(kernel, len(normals))

    bounds = partial(slab, -1e3), partial(slab, hand_mm)
    few = min(count, 200)
    for call in (*bounds, sweep, partial(measured, passage, planes)):
        call()
    rows, rates = [], {}
    for name, call, done, times in (
        ("scipy map_coordinates, one raster per plane", partial(sampled, passage, planes, few), few, 1),
        ("sections: severing part, all measures", partial(measured, passage, planes), count, 3),
        ("slab bound, every path", bounds[0], count, 3),
        ("slab bound, single cells: down to the margin in hand", bounds[1], count, 3),
        ("slab bound, all offsets of an orientation in one pass", sweep, int(counts.sum()), 3),
    ):
        costs, _ = repeated(times, call)
        rates[name] = done / min(cost.wall_s for cost in costs)
        rows.append([name, done, *cost_cells(costs), f"{rates[name]:.0f}"])
    table(("planes", "number", *COST_HEAD, "planes/s"), rows)
    rival, sections, _, _, bound = rates.values()
    times = bound / rival
    wanted = f">= {TIMES_SCIPY:.0f} x"
    figures.figure("slab bound against map_coordinates", f"{times:.0f} x", wanted, times >= TIMES_SCIPY, is_time=True)
    print(f"sections against map_coordinates: {sections / rival:.0f} x")
    print()


def sampled(passage: Any, planes: Any, count: int) -> list[float]:
    """The least distance to tumour on each plane, pixels one voxel apart."""
    from scipy.ndimage import map_coordinates

    half = passage.half
    u, v = (grid.ravel() for grid in np.meshgrid(*[np.arange(-half, half + 1.0)] * 2))
    least = []
    for normal, offset in zip(planes.normals[:count], planes.offsets[:count], strict=True):
        origin = passage.pivot + (offset - normal @ passage.pivot) * normal
        across = np.array([-normal[1], normal[0], 0.0]) / np.hypot(normal[0], normal[1])
        along = np.cross(normal, across)
        points = origin[:, None] + across[:, None] * u + along[:, None] * v
        values = map_coordinates(passage.tumour_mm, points, order=1, mode="constant", cval=1e3)
        solid = map_coordinates(passage.code, points, order=0, mode="constant", cval=0) == 1
        least.append(float(values[solid].min(initial=1e3)))
    return least


def bench_stage(figures: Figures, stage: Stage, times: int) -> None:
    from enbloc.core.geometry import Plane
    from enbloc.resection.given import given_cut

    found = stage.run()
    costs, found = repeated(times, stage.run)
    _, sawing, passage = stage.passage()
    cut = found.cuts[0]
    normal, point = np.array(cut.normal), np.array(cut.point_mm)
    given_cut(sawing, passage, Plane(point, normal), 1)
    moved = [Plane(point + 0.1 * n * normal, normal) for n in range(-10, 11)]
    again, _ = repeated(3, lambda: [given_cut(sawing, passage, plane, 1) for plane in moved])
    one = min(cost.wall_s for cost in again) / len(moved)
    table(("stage", *COST_HEAD), [[f"one level, {stage.settings.step_mm:g} mm", *cost_cells(costs)]])
    wall, peak = min(cost.wall_s for cost in costs), max(cost.peak_mib or 0.0 for cost in costs)
    used, all_of_it = min(cost.cpu_s for cost in costs), peak_mib()
    said = f"{wall:.2f} s ({used:.2f} s CPU)"
    figures.figure("whole stage of one level", said, f"<= {STAGE_S:g} s", wall <= STAGE_S, is_time=True)
    said = f"{peak:.0f} MiB more (whole process {all_of_it:.0f})"
    figures.figure("memory of the stage", said, f"<= {STAGE_MIB:.0f} MiB", all_of_it <= STAGE_MIB)
    rescored = f"{1e3 * one:.1f} ms"
    figures.figure("re-scoring a moved cut", rescored, f"<= {1e3 * RESCORE_S:.0f} ms", one <= RESCORE_S, is_time=True)
    print()


def phantom_outcome(smoke: bool, number: int) -> Outcome:
    from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom

    rng = np.random.default_rng([SEED, number])
    kind, variant = KINDS[(5 * number if smoke else number) % len(KINDS)]
    place = 2 + (5 * number) % (len(COLUMN) - 4)
    span = 5 if kind == 7 else 2
    levels = tuple(COLUMN[max(0, place - span) : place + 3])
    tumour = TumourSpec(
        type=kind,
        level=COLUMN[place],
        side="left" if number % 2 else "right",
        size=float(rng.uniform(0.8, 1.3)),
        **({} if kind == 7 else {"variant": variant}),
    )
    oblique = tuple(rng.uniform(-10.0, 10.0, 3).tolist())
    spec = PhantomSpec(
        levels=levels, tumour=tumour, oblique_deg=oblique, spacing_mm=(1.5,) * 3 if smoke else (1.0,) * 3
    )
    return outcome_of(f"{number} {kind} {variant} {COLUMN[place]}", kind, make_phantom(spec).imaging, smoke)


def dev_outcome(which: tuple[str, int]) -> Outcome:
    from tumour.test_dev_tumours import read

    patient, number = which
    return outcome_of(f"{patient} type {number}", number, read(patient, number).imaging, smoke=False)


def outcome_of(name: str, kind: int | None, imaging: Any, smoke: bool) -> Outcome:
    start, used = time.perf_counter(), time.process_time()
    try:
        found = planned(name, kind, imaging, smoke)
    except Exception:  # noqa: BLE001, a bench counts what breaks and goes on
        found = Outcome(name, kind, crash=traceback.format_exc(limit=-3))
    return replace(found, seconds=found.seconds or time.perf_counter() - start, cpu_s=time.process_time() - used)


def planned(name: str, kind: int | None, imaging: Any, smoke: bool) -> Outcome:
    from enbloc.anatomy import locate
    from enbloc.case import StatedExtent
    from enbloc.core.evidence import Skipped
    from enbloc.resection.resect import resect
    from enbloc.tumour import measure
    from properties.confirm_cut import Confirmer

    spine = locate(imaging)
    extent = measure(spine, StatedExtent())
    settings = cuts_only(smoke)
    start = time.perf_counter()
    found = resect(spine, imaging, extent, settings=settings)
    seconds = time.perf_counter() - start
    if isinstance(found, Skipped):
        return Outcome(name, kind, found.skipped, seconds=seconds)
    confirm = Confirmer(spine)
    denied = () if smoke else (f"{cut.name}: {said}" for cut in found.cuts for said in confirm.objections(cut))
    return Outcome(
        name,
        kind,
        levels=len(found.levels),
        margin_mm=None if found.margin_mm is None else found.margin_mm.value,
        gap_mm=found.certificate.gap_mm,
        proof=found.certificate.because,
        tumour_mm2=found.intralesional_area_mm2,
        objections=() if smoke else (*confirm.parted(found.cuts), *denied),
        caveats=tuple(sorted({e.id for e in found.caveats} | {e.id for cut in found.cuts for e in cut.caveats})),
        seconds=seconds,
    )


def outcomes(job: Any, cases: Sequence[Any], workers: int, log: Path | None) -> list[Outcome]:
    """In the order of `cases`. With `log` each is written there as it ends, and those written before are read."""
    kept = {} if log is None else {case: found for case in cases if (found := read_outcome(log, case)) is not None}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context, initializer=on_path) as pool:
        running = {pool.submit(job, case): case for case in cases if case not in kept}
        for done in as_completed(running):
            case = running[done]
            kept[case] = done.result()
            if log is not None:
                write_outcome(log, case, kept[case])
    return [kept[case] for case in cases]


def outcome_file(log: Path, case: Any) -> Path:
    return log / f"{'-'.join(map(str, case)) if isinstance(case, tuple) else f'phantom-{case}'}.json"


def write_outcome(log: Path, case: Any, outcome: Outcome) -> None:
    log.mkdir(parents=True, exist_ok=True)
    outcome_file(log, case).write_text(json.dumps(asdict(outcome), indent=1), encoding="utf-8")


def read_outcome(log: Path, case: Any) -> Outcome | None:
    path = outcome_file(log, case)
    if not path.is_file():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    return Outcome(**{**told, "objections": tuple(told["objections"]), "caveats": tuple(told["caveats"])})


def on_path() -> None:
    sys.path.insert(0, str(ROOT / "tests"))


def bench_cases(figures: Figures, title: str, found: list[Outcome]) -> None:
    rows = []
    for kind in sorted({one.kind or 0 for one in found}):
        mine = [one for one in found if (one.kind or 0) == kind]
        planned = [one for one in mine if one.skipped is None and one.crash is None]
        clean = sum(one.margin_mm is not None and one.margin_mm >= 0.0 for one in planned)
        gaps = [one.gap_mm for one in planned if one.gap_mm is not None]
        rows.append([
            f"type {kind}" if kind else "no type", len(mine), len(planned), clean, len(mine) - len(planned),
            f"{max(gaps):.2f}" if gaps else "-", f"{max(one.seconds for one in mine):.1f}",
        ])  # fmt: skip
    table((title, "cases", "planned", "tumour-free", "no plan", "largest gap mm", "slowest s"), rows)
    for reason, count in Counter(one.skipped for one in found if one.skipped).most_common():
        print(f"{count:4d}  {reason}")
    crashed = [one for one in found if one.crash is not None]
    for one in crashed:
        print(f"      {one.name}: {one.crash}")
    figures.figure(f"{title}: no crash", share(len(found) - len(crashed), len(found)), "all", not crashed)
    found = [one for one in found if one.crash is None]
    asked = [one for one in found if one.kind in range(1, 7)]
    planned = sum(one.skipped is None for one in asked)
    figures.figure(f"{title}: types 1-6 planned", share(planned, len(asked)), "all", planned == len(asked))
    six = [one for one in asked if one.kind == 6]
    both = sum(one.levels >= 2 for one in six)
    figures.figure(f"{title}: type 6 over both levels", share(both, len(six)), "all", both == len(six))
    seven = [one for one in found if one.kind == 7]
    absent = sum(one.skipped is not None for one in seven)
    figures.figure(f"{title}: type 7 reasoned absence", share(absent, len(seven)), "all", absent == len(seven))
    denied = [one for one in found if one.objections]
    for one in denied:
        print(f"      {one.name}: {'; '.join(one.objections)}")
    whole = [one for one in found if one.skipped is None]
    held = len(whole) - len(denied)
    figures.figure(f"{title}: all cuts confirmed", share(held, len(whole)), "all", not denied)
    gaps = [one.gap_mm for one in whole if one.gap_mm is not None]
    near = sum(gap <= GAP_MM for gap in gaps)
    figures.figure(f"{title}: gap <= {GAP_MM:g} mm where bounded", share(near, len(gaps)), "all, or reported", True)
    print(flush=True)


if __name__ == "__main__":
    sys.exit(main())
