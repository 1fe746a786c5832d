"""Sizes of vertebrae against the phantom's true ones: every measure within half a voxel and 2 % of it.

Half a voxel is half of the voxel's size along the measure's direction: the root of the summed squares of cosine times
spacing over the grid's axes. Derived measures are allowed what follows from that: an area from its width and height, an
angle from its base. Truth follows lines along the true axes to the zero of the implicit bone, by the same written
definitions, and shares no code with what is judged.
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
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from ledger import Figures, headline, load, peak_mib, share, table

SEED = 20261123
VOXELS, RELATIVE = 0.5, 0.02
FULL_S = 2.0
COLUMN = [f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)] + ["S1"]
SPACINGS = [(0.6, 0.6, 0.6), (1.0, 1.0, 1.0), (1.5, 1.5, 1.5), (0.8, 0.8, 2.0), (0.8, 0.8, 3.0), (0.8, 0.8, 0.8)]
ALONG = {"width": 0, "depth": 1, "hollow": 1, "height": 2, "at": 1}
"""Axis of the frame along which a measure is a length, by a word of its name."""
NECK_SHARE, LINE_SHARE = 0.225, 0.75
"""Base of the pedicle's axis in canal depths, of an endplate's line in endplate depths."""


@dataclass(frozen=True, slots=True)
class Job:
    """One phantom. `tumour`: none, inside (bone intact), eaten."""

    levels: tuple[str, ...]
    spacing_mm: tuple[float, float, float]
    tumour: str
    seed: int


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure of one level: error and what is allowed, in its own unit; error None where none was given."""

    job: Job
    level: str
    measure: str
    truth: float
    error: float | None
    allowed: float
    covered: bool
    half_width: float
    near_tumour: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    readings: tuple[Reading, ...]
    seconds: float
    levels: int
    peak_mib: float


def jobs(count: int, first_seed: int) -> list[Job]:
    """All levels in turn by fours, all spacings; every third phantom holds a tumour, every sixth lost bone to it."""
    kinds = ("none", "none", "inside", "none", "none", "eaten")
    found = []
    for n in range(count):
        first = (4 * n) % (len(COLUMN) - 3)
        found.append(Job(tuple(COLUMN[first : first + 4]), SPACINGS[(n + n // 6) % 6], kinds[n % 6], first_seed + n))
    return found


def outcome(job: Job) -> Outcome:
    """Makes the phantom, measures it, and holds every measure against the truth. Runs in a process of its own."""
    from enbloc.anatomy import locate
    from enbloc.anatomy.morphometry import morphometry
    from enbloc.phantom.measures import measures

    phantom, hit = patient(job)
    spine = locate(phantom.imaging)
    morphometry(spine)
    start = time.perf_counter()
    found = morphometry(spine)
    seconds = time.perf_counter() - start
    true = {one.level: one for one in measures(phantom.truth)}
    readings = tuple(
        reading
        for one in found
        if one.level in true
        for reading in compared(job, spine, one, true[one.level], one.level in hit)
    )
    return Outcome(readings, seconds, len(found), peak_mib())


def patient(job: Job) -> tuple[Any, set[str]]:
    """The phantom, and the levels at or beside its tumour."""
    from enbloc.phantom import PhantomSpec, TumourSpec, erase, make_phantom

    rng = np.random.default_rng([SEED, job.seed])
    level = job.levels[1]
    inside = TumourSpec(type=int(rng.choice([1, 2, 3, 4])), level=level, side=str(rng.choice(["left", "right"])))
    spec = PhantomSpec(
        levels=job.levels,
        tumour=inside if job.tumour == "inside" else None,
        spacing_mm=job.spacing_mm,
        oblique_deg=tuple(rng.uniform(-15.0, 15.0, 3)),
        rotation_deg=tuple(rng.uniform(-10.0, 10.0, 3)),
        position_mm=tuple(rng.uniform(-5.0, 5.0, 3)),
        kyphosis_deg=float(rng.uniform(-15.0, 30.0)),
        scoliosis_deg=float(rng.uniform(-15.0, 15.0)),
        scale=float(rng.uniform(0.8, 1.2)),
        seed=job.seed,
    )
    phantom = make_phantom(spec)
    if job.tumour == "eaten":
        phantom = erase(phantom, level, float(rng.uniform(0.1, 0.4)), seed=job.seed)
    return phantom, set() if job.tumour == "none" else set(job.levels[:3])


def compared(job: Job, spine: Any, found: Any, true: Any, near: bool) -> Iterator[Reading]:
    voxel = [float(np.linalg.norm(axis @ spine.grid.affine.matrix[:3, :3])) for axis in frame_axes(spine, found.level)]
    for name, measured, truth, beside in pairs(found, true):
        if truth is None:
            continue
        allowed = allowance(name, truth, voxel, true, beside)
        error = None if measured is None else measured.value - truth
        covered = measured is not None and measured.low <= truth <= measured.high
        half = 0.0 if measured is None else 0.5 * (measured.high - measured.low)
        yield Reading(job, str(found.level), name, truth, error, allowed, covered, half, near)


def frame_axes(spine: Any, level: Any) -> Any:
    return spine.vertebra(level).frame.axes


def pairs(found: Any, true: Any) -> Iterator[tuple[str, Any, float | None, Any]]:
    """(name, measured, true, the pedicle's truth where it is one's) of every measure."""
    for field in fields(true):
        if field.name == "level":
            continue
        one, other = getattr(found, field.name), getattr(true, field.name)
        if field.name.startswith("pedicle"):
            for inner in fields(other):
                yield f"pedicle_{inner.name}", getattr(one, inner.name), getattr(other, inner.name), other
        else:
            yield field.name, one, other, None


def allowance(name: str, truth: float, voxel: Sequence[float], true: Any, beside: Any) -> float:
    """Half a voxel along the measure and 2 % of it."""
    if name.endswith("_deg"):
        axis = 0 if "pedicle" in name else 2
        base = NECK_SHARE * true.canal_depth_mm if "pedicle" in name else LINE_SHARE * true.upper_endplate_depth_mm
        lines = 1.0 if "pedicle" in name else 2.0  # an angle between two endplates has the errors of both
        return lines * float(np.degrees(np.arctan(VOXELS * voxel[axis] / base))) + RELATIVE * abs(truth)
    if name.endswith("_mm2"):
        parts = (VOXELS * voxel[0] / beside.width_mm) + (VOXELS * voxel[2] / beside.height_mm) + 2.0 * RELATIVE
        return truth * parts
    axis = next(axis for word, axis in ALONG.items() if word in name.split("_"))
    steps = 2.0 if name == "segment_height_mm" else 1.0
    return steps * VOXELS * voxel[axis] + RELATIVE * abs(truth)


def show(title: str, found: Sequence[Reading]) -> None:
    rows = []
    for name in dict.fromkeys(one.measure for one in found):
        mine = [one for one in found if one.measure == name]
        given = [one for one in mine if one.error is not None]
        if not given:
            rows.append([name, 0, *["-"] * 6, len(mine)])
            continue
        size = [abs(one.error) for one in given]
        parts = [abs(one.error) / one.allowed for one in given]
        rows.append(
            [
                name, len(given), f"{np.mean([one.error for one in given]):+.2f}", f"{np.mean(size):.2f}",
                f"{max(size):.2f}", f"{np.percentile(parts, 95):.2f}", f"{max(parts):.2f}",
                f"{100 * np.mean([p <= 1.0 for p in parts]):.1f} %",
                f"{100 * np.mean([one.covered for one in given]):.1f} %", len(mine) - len(given),
            ]
        )  # fmt: skip
    head = (title, "n", "bias", "mean |e|", "worst", "95 % of allowed", "most", "within", "covered", "none")
    table(head, rows)


def worst(found: Sequence[Reading], most: int = 12) -> None:
    print("the worst, as share of what is allowed:")
    given = [one for one in found if one.error is not None]
    for one in sorted(given, key=lambda one: -abs(one.error or 0.0) / one.allowed)[:most]:
        job = json.dumps(asdict(one.job), separators=(",", ":"))
        ratio = abs(one.error or 0.0) / one.allowed
        print(f"  {ratio:.2f} {one.level} {one.measure} {one.error:+.2f} of {one.truth:.2f} | {job}")
    print(flush=True)


def judge(found: Sequence[Reading], figures: Figures) -> None:
    given = [one for one in found if one.error is not None]
    held = sum(abs(one.error or 0.0) <= one.allowed for one in given)
    figures.figure("measures within 0.5 voxel + 2 %", share(held, len(given)), "100 %", held == len(given))
    covered = sum(one.covered for one in given)
    figures.figure("intervals that hold the truth", share(covered, len(given)), ">= 95 %", covered >= 0.95 * len(given))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--smoke", action="store_true", help="3 phantoms")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--first-seed", type=int, default=3000, help="0 to 35 were seen while definitions were chosen")
    asked = parser.parse_args()
    wanted = jobs(3 if asked.smoke else asked.count, asked.first_seed)
    headline(f"Sizes of vertebrae, {len(wanted)} phantoms")
    start = time.perf_counter()
    with ProcessPoolExecutor(asked.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = list(pool.map(outcome, wanted, chunksize=1))
    readings = [reading for one in found for reading in one.readings]
    clear = [one for one in readings if not one.near_tumour]
    show("away from tumour", clear)
    worst(clear)
    for kind in ("inside", "eaten"):
        near = [one for one in readings if one.near_tumour and one.job.tumour == kind]
        if near:
            show(f"at tumour ({kind})", near)
            worst(near, 5)
    print(
        f"{sum(one.seconds for one in found) / sum(one.levels for one in found):.3f} s per level, one core; all in "
        f"{time.perf_counter() - start:.0f} s by {asked.workers} processes; largest process "
        f"{max(one.peak_mib for one in found):.0f} MiB; load average at the end {load()}\n"
    )
    figures = Figures(asked.smoke)
    judge(clear, figures)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
