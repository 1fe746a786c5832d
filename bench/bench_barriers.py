"""Areas of barriers, and of what tumour touches and breaches, against phantoms of known truth; time and memory.

    .venv/bin/python bench/bench_barriers.py            # three columns T2-L5, 36 tumours, the large scan
    .venv/bin/python bench/bench_barriers.py --count 12
    .venv/bin/python bench/bench_barriers.py --smoke    # three levels, 3 tumours, a small scan

A column is measured level by level against a dense sampling of the implicit shapes (triangles of 0.35 mm, moved onto
the zero set) whose barriers are found by the phantom itself. Tumours: every type and variant, both sides, four
spacings, obliquity, curves, and the distance kept from borders that must not be crossed drawn from 0 to 2 mm.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ledger import COST_HEAD, Figures, cost_cells, headline, load, peak_mib, repeated, share, table

SEED = 20261122
COLUMN = ["T1", *(f"T{n}" for n in range(2, 13)), *(f"L{n}" for n in range(1, 6)), "S1"]
LEVELS = COLUMN[1:-1]
AREA_LIMIT = 0.10
COVERAGE = 0.9
LARGE_MM2 = 50.0
SECONDS = 3.0
SPACINGS = [(1.0, 1.0, 1.0), (0.8, 0.8, 1.0), (1.5, 1.5, 1.5), (0.7, 0.7, 2.0)]
COLUMNS: dict[str, dict[str, Any]] = {
    "natural curve": {},
    "kyphosis 30, scoliosis 20": {"kyphosis_deg": 30.0, "scoliosis_deg": 20.0},
    "patient turned, grid oblique": {"rotation_deg": (10.0, 15.0, 40.0), "oblique_deg": (12.0, -9.0, 20.0)},
}
TUMOURS = [
    (1, "body"), (1, "pedicle"), (1, "arch"), (2, "body-pedicle"), (2, "pedicle-arch"), (3, "through-pedicle"),
    (4, "body"), (4, "through-pedicle"), (4, "arch"), (5, "body"), (5, "with-canal"), (5, "arch"), (6, "below"),
    (6, "above"), (None, "canal"), (None, "paravertebral"), (5, "through-pedicle"), (4, "body-pedicle"),
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Area:
    """One barrier of one level: mm² measured and true; `barrier` is `whole surface` for the sum."""

    column: str
    level: str
    barrier: str
    measured: float
    true: float

    @property
    def error(self) -> float:
        return self.measured / self.true - 1.0


@dataclass(frozen=True, slots=True)
class Met:
    """What tumour does to one barrier: low, value, high and truth. `what`: touched, breached, outside or distance."""

    what: str
    low: float
    value: float
    high: float
    true: float
    state: str

    @property
    def held(self) -> bool:
        return self.low - 1e-9 <= self.true <= self.high + 1e-9


def column_areas(job: tuple[str, tuple[str, ...]]) -> tuple[list[Area], float]:
    """Every barrier of the levels that have both neighbours in the column. Runs in a process of its own."""
    from enbloc.anatomy import compartments, locate
    from enbloc.phantom import PhantomSpec, make_phantom
    from enbloc.phantom.patches import true_surface

    name, levels = job
    phantom = make_phantom(PhantomSpec(levels=levels, tumour=None, **COLUMNS[name]))
    found = []
    for compartment in compartments(locate(phantom.imaging)):
        if compartment.level not in levels[1:-1]:
            continue
        truth = true_surface(phantom.truth, compartment.level)
        total = Area(name, compartment.level, "whole surface", float(compartment.areas_mm2.sum()), truth.area_mm2.sum())
        found.append(total)
        for barrier in dict.fromkeys(str(name) for name in truth.barrier):
            area = sum(compartment.area_mm2(b) for b in patches() if b == barrier)
            found.append(Area(name, compartment.level, barrier, area, truth.area_of(barrier)))
    return found, peak_mib()


def patches() -> Any:
    from enbloc.anatomy import BARRIERS

    return BARRIERS


def tumour_contacts(seed: int) -> tuple[int, list[Met], float]:
    """One tumour against the barriers of its level, measured and true."""
    from enbloc.anatomy import compartments, locate
    from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
    from enbloc.phantom.patches import true_surface
    from enbloc.tumour import barrier_findings, contacts

    rng = np.random.default_rng([SEED, seed])
    kind, variant = TUMOURS[seed % len(TUMOURS)]
    place = 1 + (5 * seed) % (len(COLUMN) - 2)
    tumour = TumourSpec(
        type=kind,
        variant=variant,
        level=COLUMN[place],
        side="left" if seed % 2 else "right",
        size=float(rng.uniform(0.8, 1.3)),
        clearance_mm=float(rng.choice([0.0, 0.5, 1.0, 1.0, 2.0])),
        disc_mm=float(rng.choice([0.0, 2.0])) if variant == "through-pedicle" else None,
    )
    phantom = make_phantom(
        PhantomSpec(
            levels=tuple(COLUMN[place - 1 : place + 2]),
            tumour=tumour,
            spacing_mm=SPACINGS[(seed // 3) % len(SPACINGS)],
            oblique_deg=tuple(rng.uniform(-12.0, 12.0, 3)),
            kyphosis_deg=float(rng.uniform(-10.0, 20.0)),
            asymmetry=float(rng.uniform(-0.05, 0.05)),
            seed=seed,
        )
    )
    spine = locate(phantom.imaging)
    rows = [row for row in barrier_findings(spine, contacts(spine, compartments(spine))) if row.level == COLUMN[place]]
    truth = true_surface(phantom.truth, COLUMN[place])
    samples = tumour_samples(phantom)
    return seed, [met for row in rows for b in row.barriers for met in compared(b, truth, samples)], peak_mib()


def tumour_samples(phantom: Any) -> Any:
    """Points in the tumour, 0.5 mm apart, RAS mm."""
    inside = phantom.grid.affine.to_world(np.argwhere(phantom.tumour))
    low, high = inside.min(axis=0) - 2.0, inside.max(axis=0) + 2.0
    axes = [np.arange(a, b, 0.5) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    return points[phantom.truth.tumour(points) < 0.0]


def compared(finding: Any, truth: Any, samples: Any) -> list[Met]:
    from scipy.spatial import cKDTree

    name = str(finding.barrier)
    only_outside = truth.outside & ~truth.inside
    areas = [
        ("touched", finding.touched_mm2, truth.area_of(name, truth.inside)),
        ("breached", finding.breached_mm2, truth.area_of(name, truth.breached)),
        ("outside", finding.outside_mm2, truth.area_of(name, only_outside)),
    ]
    mine = truth.barrier == name
    met = truth.inside | truth.outside
    near, _ = cKDTree(samples).query(truth.points_mm[mine]) if mine.any() else (np.array([np.nan]), None)
    gap = 0.0 if (met & mine).any() else max(0.0, float(near.min()) - 0.25)  # a sample stands for 0.25 mm around it
    areas.append(("distance", finding.distance_mm, gap))
    return [Met(what, m.low, m.value, m.high, true, str(finding.state)) for what, m, true in areas]


def show_areas(found: Sequence[Area], figures: Figures) -> None:
    rows = []
    for barrier in dict.fromkeys(one.barrier for one in found):
        mine = [one for one in found if one.barrier == barrier]
        error = np.abs([one.error for one in mine])
        bias = float(np.mean([one.error for one in mine]))
        worst = mine[int(np.argmax(error))]
        held = share(int((error <= AREA_LIMIT).sum()), len(mine))
        least = min(one.true for one in mine)
        rows.append(
            [barrier, f"{least:.0f}", percent(np.median(error)), percent(bias), percent(error.max()), worst.level, held]
        )
    head = ("barrier", "smallest mm²", "median |error|", "mean", "worst", "at", f"within {percent(AREA_LIMIT)}")
    table(head, rows)
    for barrier in dict.fromkeys(one.barrier for one in found):
        error = np.abs([one.error for one in found if one.barrier == barrier])
        figures.figure(
            f"area of {barrier}, worst level",
            percent(error.max()),
            f"<= {percent(AREA_LIMIT)}",
            error.max() <= AREA_LIMIT,
        )
    print()


def percent(fraction: float) -> str:
    return f"{100.0 * fraction:.1f} %"


def show_contacts(found: Sequence[Met], figures: Figures) -> None:
    rows = []
    for what in ("touched", "breached", "outside"):
        mine = [one for one in found if one.what == what and (one.true > 0.0 or one.high > 0.0)]
        large = [one for one in mine if one.true >= LARGE_MM2]
        true, value = sum(one.true for one in mine), sum(one.value for one in mine)
        error = [abs(one.value / one.true - 1.0) for one in large]
        rows.append([
            what, len(mine), f"{true:.0f}", percent(value / true - 1.0) if true else "-", len(large),
            percent(float(np.median(error))) if error else "-", share(sum(one.held for one in mine), len(mine)),
        ])  # fmt: skip
    head = (
        "area",
        "barriers",
        "true mm²",
        "sum off by",
        f">= {LARGE_MM2:g} mm²",
        "median |error|",
        "truth in interval",
    )
    table(head, rows)
    gaps = [one for one in found if one.what == "distance"]
    off = np.abs([one.value - one.true for one in gaps])
    print(f"distance: median error {np.median(off):.2f} mm, 90 % {np.percentile(off, 90):.2f}, worst {off.max():.2f};")
    print(f"          truth in interval {share(sum(one.held for one in gaps), len(gaps))}\n")
    states(found)
    for what in ("touched", "breached"):
        mine = [one for one in found if one.what == what and (one.true > 0.0 or one.high > 0.0)]
        held = sum(one.held for one in mine)
        figures.figure(f"truth in the interval, {what}", share(held, len(mine)), "most", held >= COVERAGE * len(mine))


def states(found: Sequence[Met]) -> None:
    """How often each state is given, by what is true."""
    touched = {True: "truly breached", False: "truly touched"}
    kinds: dict[str, list[str]] = {"truly breached": [], "truly touched": [], "truly free": []}
    pairs = zip(
        (one for one in found if one.what == "touched"), (one for one in found if one.what == "breached"), strict=True
    )
    for inner, both in pairs:
        kinds[touched[both.true > 0.0] if inner.true > 0.0 else "truly free"].append(both.state)
    names = ("breached", "touched", "touched-from-outside", "possibly-touched", "free")
    table(("barriers that are", *names), [[kind, *(given.count(n) for n in names)] for kind, given in kinds.items()])


def speed(smoke: bool, figures: Figures) -> None:
    """Compartments of every level of a large label map, warm."""
    from enbloc.anatomy import compartments, locate
    from enbloc.phantom import PhantomSpec, make_phantom

    levels, shape = (COLUMN[8:12], (200, 250, 150)) if smoke else (COLUMN, (512, 512, 400))
    # 400 mm hold T1-L5 of a small patient only
    phantom = make_phantom(
        PhantomSpec(levels=tuple(levels), tumour=None, spacing_mm=(0.8, 0.8, 1.0), shape=shape, scale=0.82)
    )
    spine = locate(phantom.imaging)
    compartments(spine)
    costs, found = repeated(2, lambda: compartments(spine))
    triangles = sum(len(one.faces) for one in found)
    table(("compartments, warm", *COST_HEAD), [[f"{len(found)} levels, {triangles} triangles", *cost_cells(costs)]])
    best = min(cost.wall_s for cost in costs)
    figures.figure("compartments of all levels", f"{best:.2f} s", f"<= {SECONDS:g} s", best <= SECONDS, is_time=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=36, help="tumours")
    parser.add_argument("--smoke", action="store_true", help="three levels, 3 tumours, a small scan")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    count = 3 if asked.smoke else asked.count
    jobs = [("natural curve", ("T11", "T12", "L1"))] if asked.smoke else [
        (name, tuple(COLUMN[a:b])) for name in COLUMNS for a, b in ((0, 10), (8, 18))
    ]  # fmt: skip
    headline(f"Barriers: {len(jobs)} columns, {count} tumours")
    figures = Figures(asked.smoke)
    speed(asked.smoke, figures)
    with ProcessPoolExecutor(asked.workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        columns = list(pool.map(column_areas, jobs, chunksize=1))
        met = list(pool.map(tumour_contacts, range(count), chunksize=1))
    show_areas([area for found, _ in columns for area in found], figures)
    show_contacts([one for _, found, _ in met for one in found], figures)
    most = max([peak for _, peak in columns] + [peak for _, _, peak in met])
    print(f"largest process {most:.0f} MiB, the phantom's included; load average at the end {load()}")
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
