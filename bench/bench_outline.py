"""The estimated outline of eaten bone: how far the restored surface lies from the true one.

A tumour-like blob takes 30-70 % of one vertebra's bone out of the label map. The tumour mask then covers the hole and,
in the harder half, overgrows it by some millimetres on all sides, so that the mask does not give the old border away.
Phantoms are held against their implicit surface; real vertebrae, eaten artificially, against their own intact label.
"""

from __future__ import annotations

import os

# One core for each of the processes below. Read when these libraries are first imported.
os.environ["NUMBA_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ledger import Figures, headline, load, peak_mib, share, table

SEED = 20261122
LIMIT_MM = 1.5
OVERGROWTH_MM = 6.0
FINE_MM = 0.5
COLUMN = [f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)] + ["S1"]
LEVELS = COLUMN[1:-1]
SPACINGS = [(1.0, 1.0, 1.0), (0.7, 0.7, 1.5), (1.5, 1.5, 1.5), (0.8, 0.8, 3.0), (2.0, 2.0, 2.0)]
BONE_CODES = 10
REAL = Path(__file__).resolve().parents[2] / "shared" / "data"
REAL_SETS = {
    "verse005": ("verse005/sub-verse005_seg-vert_msk.nii.gz", "verse"),
    "s0327": ("totalseg_s0327/segmentations", "totalsegmentator-files"),
}
Mask = Any


@dataclass(frozen=True, slots=True)
class Job:
    """One vertebra to eat. `source`: `phantom` or the name of a real data set; `overgrown_mm`: tumour past the hole."""

    source: str
    level: str
    fraction: float
    seed: int
    overgrown_mm: float
    spacing_mm: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Distances in mm: estimate to truth, truth to estimate, their mean; `floor_mm`: the same for the true voxels.

    `nothing_mm`: the same where nothing is restored. `missed`, `excess`: shares of the hole's volume not restored, and
    restored where no bone was.
    """

    job: Job
    to_truth_mm: float
    from_truth_mm: float
    floor_mm: float
    nothing_mm: float
    missed: float
    excess: float
    problem: str | None
    seconds: float
    peak_mib: float

    @property
    def error_mm(self) -> float:
        return 0.5 * (self.to_truth_mm + self.from_truth_mm)


def phantom_jobs(count: int) -> list[Job]:
    """Levels, spacings and shares by counting; mask and hole equal in every second job."""
    rng = np.random.default_rng(SEED)
    return [
        Job(
            source="phantom",
            level=LEVELS[(7 * n) % len(LEVELS)],
            fraction=round(float(rng.uniform(0.3, 0.7)), 3),
            seed=n,
            overgrown_mm=OVERGROWTH_MM if n % 2 == 0 else 0.0,
            spacing_mm=SPACINGS[(n // 2) % len(SPACINGS)],
        )
        for n in range(count)
    ]


def real_jobs() -> list[Job]:
    """Every level that has a whole neighbour on both sides in the data sets that are there."""
    rng = np.random.default_rng(SEED)
    levels = {"verse005": ["L2", "L3", "L4"], "s0327": LEVELS[:-1]}
    return [
        Job(name, level, round(float(rng.uniform(0.3, 0.7)), 3), n, OVERGROWTH_MM)
        for name, (file, _) in REAL_SETS.items()
        if (REAL / file).exists()
        for n, level in enumerate(levels[name])
    ]


def outcome(job: Job) -> Outcome:
    """Eats the vertebra, has it restored, and measures. Runs in a process of its own."""
    return from_phantom(job) if job.source == "phantom" else from_real(job)


def from_phantom(job: Job) -> Outcome:
    from enbloc.phantom import PhantomSpec, erase, make_phantom

    place = COLUMN.index(job.level)
    rng = np.random.default_rng([SEED, job.seed])
    whole = make_phantom(
        PhantomSpec(
            levels=tuple(COLUMN[max(0, place - 2) : place + 3]),
            tumour=None,
            spacing_mm=job.spacing_mm or SPACINGS[0],
            oblique_deg=tuple(rng.uniform(-15.0, 15.0, 3)),
            kyphosis_deg=float(rng.uniform(-15.0, 25.0)),
            scoliosis_deg=float(rng.uniform(-12.0, 12.0)),
            scale=float(rng.uniform(0.9, 1.1)),
            asymmetry=float(rng.uniform(-0.06, 0.06)),
            seed=job.seed,
        )
    )
    eaten = erase(whole, job.level, job.fraction, seed=job.seed)
    hole = np.asarray(eaten.tumour)
    surface = true_surface(whole, job.level, hole)
    owner = whole.truth.names.index(whole.truth.frame(job.level).level) + 1
    part = whole.voxels.part
    bone = (whole.voxels.owner == owner) & (part > 0) & (part <= BONE_CODES)
    return measured(job, eaten.imaging, hole, bone, surface)


def from_real(job: Job) -> Outcome:
    """A real label: bone nearest, in a bumpy metric, to a point on one side of the vertebra goes."""
    from enbloc.core.volume import Imaging, LabelMap
    from enbloc.images.label_file import read_labels
    from enbloc.knowledge import load_scheme

    file, scheme = REAL_SETS[job.source]
    read = read_labels(REAL / file, Path(file).name, load_scheme(scheme))
    labels = LabelMap(read.values, read.grid, read.structures)
    bone = read.values == labels.value_of(job.level)
    hole = blob_of(bone, read.grid, job)
    values = read.values.copy()
    values[hole] = 0
    faces = face_centres(bone, hole, np.zeros_like(bone), read.grid)
    eaten = Imaging(read.grid, (LabelMap(values, read.grid, read.structures),), hole, None, "ct", ())
    return measured(job, eaten, hole, bone, faces)


def blob_of(bone: Mask, grid: Any, job: Job) -> Mask:
    rng = np.random.default_rng([SEED, job.seed])
    index = np.argwhere(bone)
    points = grid.affine.to_world(index)
    middle, half = points.mean(axis=0), 0.5 * np.ptp(points, axis=0)
    towards = np.array([rng.choice([-1.0, 1.0]) * rng.uniform(0.15, 0.4), rng.uniform(-0.2, 0.6), 0.0])
    waves, phase = rng.normal(size=(5, 3)) * 0.35, rng.uniform(0.0, 2.0 * np.pi, 5)
    distance = np.linalg.norm(points - middle - towards * half, axis=1) + 0.7 * np.sin(points @ waves.T + phase).sum(1)
    hole = np.zeros(bone.shape, np.bool_)
    hole[tuple(index[distance <= np.quantile(distance, job.fraction)].T)] = True
    return hole


def measured(job: Job, imaging: Any, hole: Mask, bone: Mask, surface_mm: Any) -> Outcome:
    from enbloc.anatomy import BONE_PARTS, locate
    from enbloc.core.errors import InputError
    from enbloc.core.levels import Level

    tumour = overgrown(hole, imaging.labels[0].values, imaging.grid, job.overgrown_mm)
    start = time.perf_counter()
    restored, problem = np.zeros_like(hole), None
    try:
        spine = locate(replace(imaging, tumour=tumour))
        number = spine.levels.index(Level(job.level)) + 1
        mine = (spine.owner == number) & np.isin(spine.part, [int(part) for part in BONE_PARTS])
        restored[spine.region.slices] = mine & spine.estimated
    except (InputError, ValueError) as error:
        problem = str(error)
    seconds = time.perf_counter() - start
    left = bone & ~hole

    def both_ways(added: Mask) -> tuple[float, float]:
        return surface_errors(face_centres(left | added, hole, added, imaging.grid), surface_mm)

    to_truth, from_truth = both_ways(restored)
    return Outcome(
        job=job,
        to_truth_mm=to_truth,
        from_truth_mm=from_truth,
        floor_mm=float(np.mean(both_ways(hole))),
        nothing_mm=float(np.mean(both_ways(np.zeros_like(hole)))),
        missed=float((hole & ~restored).sum() / hole.sum()),
        excess=float((restored & ~hole).sum() / hole.sum()),
        problem=problem,
        seconds=seconds,
        peak_mib=peak_mib(),
    )


def overgrown(hole: Mask, labels: Any, grid: Any, reach_mm: float) -> Mask:
    """The hole and everything without a bone label within `reach_mm` of it."""
    if reach_mm == 0.0:
        return hole
    from scipy import ndimage

    from enbloc.core.geometry import bounding_box

    box = bounding_box(hole)
    assert box is not None
    i, j, k = (int(np.ceil(reach_mm / s)) + 1 for s in grid.spacing_mm)
    crop = box.grown((i, j, k), grid.shape).slices
    near = ndimage.distance_transform_edt(~hole[crop], sampling=grid.spacing_mm) <= reach_mm
    grown = hole.copy()
    grown[crop] |= near & ((labels[crop] == 0) | hole[crop])
    return grown


def face_centres(bone: Mask, hole: Mask, added: Mask, grid: Any) -> Any:
    """RAS mm of the faces of `bone` that the hole decides: bone added on one side, or bone missed on the other."""
    found = []
    for axis in range(3):
        low, high = [slice(None)] * 3, [slice(None)] * 3
        low[axis], high[axis] = slice(None, -1), slice(1, None)
        a, b = tuple(low), tuple(high)
        edge = bone[a] != bone[b]
        made = (added[a] & bone[a]) | (added[b] & bone[b])
        missed = (hole[a] & ~bone[a]) | (hole[b] & ~bone[b])
        whole = (hole[a] & bone[a]) | (hole[b] & bone[b])
        found.append(np.argwhere(edge & (made | missed | whole)) + 0.5 * np.eye(3)[axis])
    return grid.affine.to_world(np.concatenate(found))


def surface_errors(estimate_mm: Any, truth_mm: Any) -> tuple[float, float]:
    """Mean distance from the estimate to the true surface, and from the true surface to the estimate."""
    from scipy.spatial import cKDTree

    if len(estimate_mm) == 0 or len(truth_mm) == 0:
        return float("inf"), float("inf")
    to_truth, _ = cKDTree(truth_mm).query(estimate_mm)
    from_truth, _ = cKDTree(estimate_mm).query(truth_mm)
    return float(to_truth.mean()), float(from_truth.mean())


def true_surface(phantom: Any, level: str, hole: Mask) -> Any:
    """Points (RAS mm) on the implicit surface of the bone, about FINE_MM apart, where the surface was eaten."""
    from scipy.spatial import cKDTree

    inside = phantom.grid.affine.to_world(np.argwhere(hole))
    low, high = inside.min(axis=0) - 3.0, inside.max(axis=0) + 3.0
    axes = [np.arange(a, b, FINE_MM) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    points = points[np.abs(phantom.truth.bone(level, points)) < FINE_MM]
    for _ in range(4):
        points = points - stepped(phantom, level, points)
    points = points[np.abs(phantom.truth.bone(level, points)) < 0.05]
    reach = 0.5 * float(np.linalg.norm(phantom.grid.spacing_mm))
    near, _ = cKDTree(inside).query(points)
    return points[near <= reach]


def stepped(phantom: Any, level: str, points: Any) -> Any:
    """Newton's step along the gradient, from central differences, to the zero of the implicit function."""
    h = 1e-3
    value = phantom.truth.bone(level, points)
    ends = [[phantom.truth.bone(level, points + sign * h * e) for e in np.eye(3)] for sign in (1.0, -1.0)]
    slope = np.stack([(up - down) / (2.0 * h) for up, down in zip(*ends, strict=True)], axis=1)
    return slope * (value / np.maximum((slope**2).sum(axis=1), 0.1))[:, None]


def show(title: str, found: Sequence[Outcome]) -> None:
    def row(name: str, values: list[float]) -> list[str]:
        return [name, f"{np.mean(values):.2f}", *(f"{q:.2f}" for q in np.percentile(values, [50, 90, 100]))]

    if not found:
        return
    rows = [
        row("two-sided error", [one.error_mm for one in found]),
        row("estimate to truth", [one.to_truth_mm for one in found]),
        row("truth to estimate", [one.from_truth_mm for one in found]),
        row("voxels of the truth itself", [one.floor_mm for one in found]),
        row("nothing restored", [one.nothing_mm for one in found]),
    ]
    table((f"{title}, n = {len(found)}, mm", "mean", "median", "90 %", "worst"), rows)
    missed, excess = 100 * np.mean([o.missed for o in found]), 100 * np.mean([o.excess for o in found])
    print(f"volume of the hole not restored {missed:.1f} %, restored where no bone was {excess:.1f} % of it\n")


def by(title: str, found: Sequence[Outcome], key: Any) -> None:
    rows = []
    for name in dict.fromkeys(key(one) for one in sorted(found, key=key)):
        errors = [one.error_mm for one in found if key(one) == name]
        rows.append([name, len(errors), f"{np.mean(errors):.2f}", f"{max(errors):.2f}"])
    table((title, "n", "mean mm", "worst mm"), rows)


def worst(found: Sequence[Outcome], most: int = 8) -> None:
    print("the worst:")
    for one in sorted(found, key=lambda o: -o.error_mm)[:most]:
        print(f"  {one.error_mm:.2f} mm {one.problem or ''} | {json.dumps(asdict(one.job), separators=(',', ':'))}")
    print(flush=True)


def judge(found: Sequence[Outcome], figures: Figures) -> None:
    """Each half by itself: the easy one must not carry the hard one."""
    halves = (("mask ends with the hole", False), (f"mask overgrows by {OVERGROWTH_MM:g} mm", True))
    for name, hard in halves:
        errors = [one.error_mm for one in found if (one.job.overgrown_mm > 0.0) is hard]
        mean = float(np.mean(errors))
        held = sum(error <= LIMIT_MM for error in errors)
        wanted = f"<= {LIMIT_MM} mm"
        figures.figure(f"mean surface error, {name}", f"{mean:.2f} mm, n = {len(errors)}", wanted, mean <= LIMIT_MM)
        print(f"      each by itself: {share(held, len(errors))} within {LIMIT_MM} mm")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--smoke", action="store_true", help="4 phantoms, no real data")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", metavar="JSON", help="one vertebra, as the list of the worst gives it")
    asked = parser.parse_args()
    if asked.only is not None:
        one = outcome(Job(**json.loads(asked.only)))
        print(json.dumps({**asdict(one), "error_mm": one.error_mm}, indent=1))
        return 0 if one.error_mm <= LIMIT_MM else 1
    jobs = phantom_jobs(4) if asked.smoke else [*phantom_jobs(asked.count), *real_jobs()]
    headline(f"Outline of eaten bone, {len(jobs)} vertebrae")
    start = time.perf_counter()
    with ProcessPoolExecutor(asked.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(outcome, jobs, chunksize=1))
    made = [one for one in found if one.job.source == "phantom"]
    show(f"phantoms, mask overgrows by {OVERGROWTH_MM:g} mm", [o for o in made if o.job.overgrown_mm > 0.0])
    show("phantoms, mask ends with the hole", [o for o in made if o.job.overgrown_mm == 0.0])
    by("phantoms by spacing", made, lambda o: "x".join(f"{s:g}" for s in o.job.spacing_mm or ()))
    by("phantoms by eaten share", made, lambda o: f"{int(10 * o.job.fraction) * 10} % and more")
    worst(made)
    for name in REAL_SETS:
        real = [one for one in found if one.job.source == name]
        show(f"real labels of {name}, eaten artificially, mask overgrows by {OVERGROWTH_MM:g} mm", real)
        if real:
            worst(real, 3)
    if not asked.smoke and len(found) == len(made):
        print("real data not present: no figures on real labels\n")
    seconds = [one.seconds for one in found]
    print(
        f"anatomy {np.mean(seconds):.2f} s per case (most {max(seconds):.2f}), one core each; all {len(jobs)} in "
        f"{time.perf_counter() - start:.0f} s by {asked.workers} processes; largest process "
        f"{max(one.peak_mib for one in found):.0f} MiB; load average at the end {load()}\n"
    )
    figures = Figures(asked.smoke)
    judge(made, figures)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
