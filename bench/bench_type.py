"""Tumour type on phantoms of known truth: how often it is right, how often it is left open, and where it fails.

Patients are drawn over types, levels, sides, spacings, orientations, curves and sizes of the feature that decides the
type; the truth is that of the implicit shapes, sampled far below the voxel. Nothing is written to disk.
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
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from itertools import pairwise, permutations, product
from pathlib import Path
from typing import Any

import numpy as np

from ledger import Figures, headline, load, peak_mib, share, table

SEED = 20261122
TIE = 0.95
"""Two vertebrae that hold tumour within this share of each other: either may be called the index level."""
LEAST_MM = 5.0
LEAST_VOXELS = 3.0
CURVE = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 10.0, np.inf)
LEVELS = [f"T{n}" for n in range(2, 13)] + [f"L{n}" for n in range(1, 6)]
COLUMN = ["T1", *LEVELS, "S1"]
VARIANTS: list[tuple[int, str]] = [
    (1, "body"), (2, "body-pedicle"), (3, "through-pedicle"), (4, "body"), (5, "body"), (6, "below"), (7, "far"),
    (1, "pedicle"), (2, "pedicle-arch"), (3, "through-pedicle"), (4, "body-pedicle"), (5, "with-canal"), (6, "above"),
    (7, "far"), (1, "arch"), (2, "body-pedicle"), (3, "through-pedicle"), (4, "through-pedicle"),
    (5, "through-pedicle"), (6, "below"), (7, "far"), (1, "body"), (2, "pedicle-arch"), (3, "through-pedicle"),
    (4, "arch"), (5, "arch"), (6, "above"), (7, "far"),
]  # fmt: skip
"""Each type equally often, each way to be of a type in turn; `with-canal` is canal and paravertebral at once."""
LINES = (("R", "L"), ("A", "P"), ("S", "I"))
ORIENTATIONS = ["".join(code) for order in permutations(LINES) for code in product(*order)]
SCHEMES = ("totalsegmentator-v2", "verse", "totalsegmentator-v1")
EMPTY = "no voxel centre lies in the tumour"
DOUBTFUL = "the truth is in doubt"
UNJUDGED = (EMPTY, DOUBTFUL)
Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """One phantom: what was true, what was found, what it took.

    `shown`: the type of those true zones that at least one voxel centre of the mask lies in; where it differs from the
    truth, the feature that decides fell between the voxels. `problem` stands for an answer that did not come.
    """

    spec: Spec
    redrawn: tuple[str, ...]
    voxels: int
    truth: int | None
    shown: int | None
    depth_mm: float
    levels: tuple[str, ...]
    found: int | None
    low: int | None
    high: int | None
    found_level: str | None
    problem: str | None
    made_s: float
    locate_s: float
    measure_s: float
    peak_mib: float

    @property
    def level(self) -> str:
        return self.levels[0] if self.levels else "?"

    @property
    def coarsest_mm(self) -> float:
        return float(max(self.spec["spacing_mm"]))

    @property
    def depth_voxels(self) -> float:
        return self.depth_mm / self.coarsest_mm

    @property
    def clear(self) -> bool:
        return self.depth_voxels >= LEAST_VOXELS and self.depth_mm >= LEAST_MM

    @property
    def exact(self) -> bool:
        return self.problem is None and self.found == self.truth

    @property
    def covered(self) -> bool:
        """Whether the truth lies in [low, high]; no answer covers nothing."""
        if self.problem is not None or self.low is None or self.high is None or self.truth is None:
            return self.problem is None and self.found == self.truth
        return self.low <= self.truth <= self.high

    @property
    def open(self) -> bool:
        return self.low != self.high

    @property
    def level_right(self) -> bool:
        return self.problem is None and self.found_level in self.levels


def drawn(number: int, attempt: int, smoke: bool) -> Spec:
    """The description of phantom `number`: strata by counting, the rest by a seed of its own."""
    rng = np.random.default_rng([SEED, number, attempt])
    kind, variant = VARIANTS[number % len(VARIANTS)]
    level = LEVELS[(5 * number + number // len(VARIANTS)) % len(LEVELS)]
    spacing = spacing_of(number, rng, smoke)
    beside = 2 if kind == 7 else int(rng.integers(1, 3))
    place = COLUMN.index(level)
    clear = number % 5 < 3
    tumour: Spec = {
        "type": kind,
        "variant": variant,
        "level": level,
        "side": "left" if rng.integers(2) else "right",
        "size": rounded(rng.uniform(0.7, 1.4) if clear else rng.uniform(0.25, 1.2)),
        "deciding_mm": rounded(deciding(rng, clear, max(spacing))),
        "clearance_mm": rounded(rng.uniform(0.5, 3.0)),
        "disc_mm": [None, None, None, 0.0, 3.0][int(rng.integers(5))] if kind in (1, 2, 3) else None,
        "roughness": rounded(rng.uniform(0.0, 0.15)),
        "displaces_sac": bool(rng.integers(2)),
    }
    return {
        "levels": COLUMN[max(0, place - beside) : place + beside + 1],
        "tumour": tumour,
        "spacing_mm": spacing,
        "orientation": ORIENTATIONS[int(rng.integers(len(ORIENTATIONS)))],
        "oblique_deg": tilt(rng, 30.0) if rng.random() < 0.6 else [0.0, 0.0, 0.0],
        "rotation_deg": tilt(rng, 15.0) if rng.random() < 0.6 else [0.0, 0.0, 0.0],
        "position_mm": [rounded(v) for v in rng.uniform(-200.0, 200.0, 3)],
        "kyphosis_deg": rounded(rng.uniform(-20.0, 30.0)),
        "scoliosis_deg": rounded(rng.uniform(-20.0, 20.0)),
        "wedges": [[level, rounded(rng.uniform(5.0, 15.0))]] if rng.random() < 0.2 else [],
        "scale": rounded(rng.uniform(0.85, 1.15)),
        "pedicle_scale": rounded(rng.uniform(0.8, 1.3)),
        "asymmetry": rounded(rng.uniform(-0.08, 0.08)),
        "mirror": bool(rng.integers(2)),
        "scheme": SCHEMES[int(rng.integers(len(SCHEMES)))],
        "seed": number,
    }


def spacing_of(number: int, rng: np.random.Generator, smoke: bool) -> list[float]:
    """0.5-3 mm, a third isotropic, the rest with thicker slices along any axis of the scan (mostly along S)."""
    low = 1.0 if smoke else 0.5
    if number % 3 == 0:
        return [rounded(low * (3.0 / low) ** rng.random())] * 3
    fine = rounded(low * (1.5 / low) ** rng.random())
    spacing = [fine] * 3
    spacing[2 if rng.random() < 0.7 else int(rng.integers(2))] = rounded(rng.uniform(fine, 3.0))
    return spacing


def deciding(rng: np.random.Generator, clear: bool, coarsest_mm: float) -> float:
    """How far the deciding feature is wished to reach: past the asked least, or from a quarter voxel up to it."""
    least = max(LEAST_MM, LEAST_VOXELS * coarsest_mm)
    if clear:
        return float(rng.uniform(1.05 * least, max(20.0, 1.5 * least)))
    low = 0.25 * coarsest_mm
    return float(low * (least / low) ** rng.random())


def tilt(rng: np.random.Generator, most_deg: float) -> list[float]:
    return [rounded(v) for v in rng.uniform(-most_deg, most_deg, 3)]


def rounded(value: float) -> float:
    return round(float(value), 3)


def judge(spec: Spec, redrawn: tuple[str, ...] = ()) -> Judged:
    """Makes the phantom and asks for its type. Raises InputError where the wish cannot be built."""
    from enbloc.anatomy import locate
    from enbloc.case import StatedExtent
    from enbloc.core.errors import InputError
    from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
    from enbloc.tumour import measure

    start = time.perf_counter()
    plain = {name: frozen(value) for name, value in spec.items() if name != "tumour"}
    phantom = make_phantom(PhantomSpec(**plain, tumour=TumourSpec(**spec["tumour"])))
    imaging = as_stored(phantom.imaging, spec.get("orientation", "RAS"))
    made = time.perf_counter()
    shown, doubtful = shown_types(phantom)
    extent, problem = None, None
    begun = located = time.perf_counter()
    try:
        spine = locate(imaging)
        located = time.perf_counter()
        extent = measure(spine, StatedExtent())
    except InputError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - a bug in one case is a finding, not the end of the bench
        problem = f"{type(error).__name__}: {error}"
    if not phantom.tumour.any():
        problem = EMPTY
    elif doubtful:
        problem = DOUBTFUL
    end = time.perf_counter()
    kind = None if extent is None else extent.tomita_type
    return Judged(
        spec=spec,
        redrawn=redrawn,
        voxels=int(np.prod(phantom.grid.shape)),
        truth=phantom.truth.tomita_type,
        shown=shown,
        depth_mm=phantom.truth.deciding_depth_mm or 0.0,
        levels=true_levels(phantom.truth),
        found=None if kind is None else kind.value,
        low=None if kind is None else kind.low,
        high=None if kind is None else kind.high,
        found_level=None if extent is None or extent.index_level is None else extent.index_level.value,
        problem=problem,
        made_s=made - start,
        locate_s=located - begun,
        measure_s=end - located,
        peak_mib=peak_mib(),
    )


def frozen(value: Any) -> Any:
    """Lists, as JSON has them, to the tuples that a spec has."""
    return tuple(frozen(item) for item in value) if isinstance(value, list) else value


def as_stored(imaging: Any, order: str) -> Any:
    """The same voxels as they come from a file in axis order `order`: read back by the reader's own reorientation."""
    from dataclasses import replace

    from enbloc.images.raw import closest_ras

    line = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
    axes = [line[letter][0] for letter in order]
    flips = [line[letter][1] for letter in order]
    steps = [slice(None, None, flip) for flip in flips]
    matrix = imaging.grid.affine.matrix.copy()
    for axis, flip in zip(axes, flips, strict=True):
        if flip < 0:
            matrix[:3, 3] += matrix[:3, axis] * (imaging.grid.shape[axis] - 1)
            matrix[:3, axis] *= -1.0
    matrix[:3, :3] = matrix[:3, axes]

    def stored(values: Any) -> Any:
        return np.asfortranarray(values.transpose(axes)[tuple(steps)])

    labels = imaging.labels[0]
    values, grid = closest_ras(stored(labels.values), matrix, "labels")
    tumour, _ = closest_ras(stored(imaging.tumour), matrix, "tumour")
    assert np.array_equal(values, labels.values)
    return replace(imaging, grid=grid, labels=(replace(labels, values=values, grid=grid),), tumour=tumour)


def shown_types(phantom: Any) -> tuple[int | None, bool]:
    """The type that the mask's voxel centres show to one who knows every border exactly, and whether truth is in doubt.

    It is in doubt where voxel centres lie in a zone that the truth, sampled every `step_mm`, does not list, and which
    would make another type: a layer thinner than the step, met by a plane of voxels that runs along it.
    """
    from enbloc.phantom.truth import ZONE_OF_CODE, ZoneTruth, tomita_type

    truth = phantom.truth
    codes, owners = truth.zone(phantom.grid.affine.to_world(np.argwhere(phantom.tumour)))
    held = {
        (truth.names[int(owner) - 1], ZONE_OF_CODE[int(code)])
        for owner, code in np.unique(np.stack([owners, codes], axis=1), axis=0)
    }
    unlisted = held - {(z.level, z.zone) for z in truth.zones}
    more = [ZoneTruth(0, level, zone, 0.0, 0.0) for level, zone in sorted(unlisted)]
    shown = tomita_type(tuple(z for z in truth.zones if (z.level, z.zone) in held))
    return shown, tomita_type((*truth.zones, *more)) != truth.tomita_type


def true_levels(truth: Any) -> tuple[str, ...]:
    """The vertebra with most tumour in its bone (without any, the level with most), and any that ties."""
    bony = [z for z in truth.zones if z.zone in ("body", "pedicle-left", "pedicle-right", "arch")]
    volume: dict[str, float] = {}
    for zone in bony or truth.zones:
        volume[zone.level.value] = volume.get(zone.level.value, 0.0) + zone.volume_mm3
    ordered = sorted(volume, key=lambda level: -volume[level])
    return tuple(level for level in ordered if volume[level] >= TIE * volume[ordered[0]])


def judged_number(job: tuple[int, bool]) -> Judged:
    """Phantom `number`; a wish that no patient of that shape can fulfil is drawn anew, and counted."""
    from enbloc.core.errors import InputError

    number, smoke = job
    reasons: list[str] = []
    for attempt in range(8):
        spec = drawn(number, attempt, smoke)
        try:
            found = judge(spec, tuple(reasons))
        except InputError as error:
            reasons.append(f"phantom {number}: {error}")
            continue
        if found.truth is not None:
            return found
        reasons.append(f"phantom {number}: the tumour as drawn has no type (nothing of it lies in bone)")
    raise RuntimeError(f"phantom {number} could not be drawn: {reasons[-1]}")


def as_line(one: Judged) -> str:
    """The failure and, after the bar, the description that `--only` takes."""
    answer = one.problem or f"said {one.found} [{one.low}-{one.high}] at {one.found_level}"
    depth = f"deciding {one.depth_mm:.2f} mm = {one.depth_voxels:.2f} voxels, the voxels show {one.shown}"
    return f"truth {one.truth} at {one.level}, {answer}, {depth} | {json.dumps(one.spec, separators=(',', ':'))}"


Row = tuple[str, Callable[[Judged], bool]]


def accuracy_table(title: str, rows: Sequence[Row], cases: Sequence[Judged]) -> None:
    lines = []
    for name, belongs in rows:
        mine = [one for one in cases if belongs(one)]
        count = len(mine)
        if count == 0:
            lines.append([name, 0, "-", "-", "-", "-", "-"])
            continue
        counts = [sum(f(one) for one in mine) for f in (_clear, _exact, _covered, _open, _level)]
        lines.append([name, count, counts[0], *(f"{100.0 * n / count:.1f} %" for n in counts[1:])])
    table((title, "n", "clear", "value = truth", "truth in range", "left open", "level right"), lines)


def _clear(one: Judged) -> bool:
    return one.clear


def _exact(one: Judged) -> bool:
    return one.exact


def _covered(one: Judged) -> bool:
    return one.covered


def _open(one: Judged) -> bool:
    return one.open


def _level(one: Judged) -> bool:
    return one.level_right


def report(cases: Sequence[Judged], figures: Figures, wall_s: float, workers: int) -> None:
    """Prints everything."""
    seen = [one for one in cases if one.problem not in UNJUDGED]
    clear, fine = [one for one in seen if one.clear], [one for one in seen if not one.clear]
    accuracy_table("group", [("clear: >= 3 voxels, >= 5 mm", _clear), ("finer", lambda o: not o.clear)], seen)
    bins = [
        (f"{low:g} to {high:g} voxels", lambda o, low=low, high=high: low <= o.depth_voxels < high)
        for low, high in pairwise(CURVE)
    ]
    accuracy_table("deciding depth", bins, seen)
    kinds = [(f"type {kind}", lambda o, kind=kind: o.truth == kind) for kind in range(1, 8)]
    accuracy_table("true type, clear", kinds, clear)
    accuracy_table("true type, finer", kinds, fine)
    coarse = [
        (f"{low:g} to {high:g} mm", lambda o, low=low, high=high: low <= o.coarsest_mm < high)
        for low, high in pairwise((0.5, 1.0, 1.5, 2.0, 2.5, 3.01))
    ]
    accuracy_table("coarsest voxel", coarse, seen)
    regions = [("T2-T9", LEVELS[:8]), ("T10-L2", LEVELS[8:13]), ("L3-L5", LEVELS[13:])]
    accuracy_table("true level", [(name, lambda o, held=held: o.level in held) for name, held in regions], seen)
    costs(cases, wall_s, workers)
    empty = sum(one.problem == EMPTY for one in cases)
    doubtful = [one for one in cases if one.problem == DOUBTFUL]
    print(f"not judged, tumours so small that no voxel centre lies in them: {empty}")
    print(f"not judged, truth in doubt by a layer thinner than its sampling step: {len(doubtful)}")
    for one in doubtful:
        print(f"  {as_line(one)}")
    redrawn = [reason for one in cases for reason in one.redrawn]
    print(f"drawn anew because no such patient can be built: {len(redrawn)}")
    for reason in redrawn[:20]:
        print(f"  {reason}")
    lines = failures(seen)
    print(f"\nfailures: {len(lines)}")
    for line in lines:
        print(f"  {line}")
    print()
    judge_figures(clear, fine, figures)


def failures(cases: Sequence[Judged]) -> list[str]:
    """One line for each phantom that misses a figure."""
    cases = [one for one in cases if one.problem not in UNJUDGED]
    lines = [f"clear, wrong: {as_line(one)}" for one in cases if one.clear and not one.exact]
    lines += [f"finer, not in range: {as_line(one)}" for one in cases if not one.clear and not one.covered]
    lines += [f"clear, other level: {as_line(one)}" for one in cases if one.clear and one.exact and not one.level_right]
    return lines


def judge_figures(clear: Sequence[Judged], fine: Sequence[Judged], figures: Figures) -> None:
    right, placed = sum(one.exact for one in clear), sum(one.level_right for one in clear)
    covered = sum(one.covered for one in fine)
    shown = [one for one in fine if one.shown == one.truth]
    answered = sum(one.problem is None for one in (*clear, *fine))
    n, m = len(clear), len(fine)
    figures.figure("type exact where the deciding feature is clear", share(right, n), "100 %", 0 < right == n)
    figures.figure("truth in [low, high] elsewhere", share(covered, m), ">= 99 %", covered >= 0.99 * m)
    figures.figure("index level exact where clear", share(placed, n), "exact", placed == n)
    figures.figure("an answer every time", share(answered, n + m), "100 %", answered == n + m)
    print(f"left open, clear: {share(sum(one.open for one in clear), n)}")
    print(f"left open, finer: {share(sum(one.open for one in fine), m)}")
    print(f"two levels tie for the index level: {sum(len(one.levels) > 1 for one in (*clear, *fine))}")
    print(f"index level right, finer: {share(sum(one.level_right for one in fine), m)}")
    print(
        "truth in [low, high] among the finer whose deciding feature holds at least one voxel centre: "
        f"{share(sum(one.covered for one in shown), len(shown))} "
        f"(in the other {m - len(shown)} it fell between the voxels)"
    )


def costs(cases: Sequence[Judged], wall_s: float, workers: int) -> None:
    def row(name: str, seconds: list[float]) -> list[str]:
        low, middle, high = np.percentile(seconds, [50, 90, 100])
        return [name, f"{np.mean(seconds):.2f}", f"{low:.2f}", f"{middle:.2f}", f"{high:.2f}"]

    table(
        ("seconds per case, one core", "mean", "median", "90 %", "most"),
        [
            row("making the phantom", [one.made_s for one in cases]),
            row("anatomy", [one.locate_s for one in cases]),
            row("tumour", [one.measure_s for one in cases]),
        ],
    )
    voxels = [one.voxels for one in cases]
    print(
        f"{len(cases)} phantoms in {wall_s:.0f} s by {workers} processes; "
        f"{min(voxels) / 1e6:.2f} to {max(voxels) / 1e6:.1f} million voxels; "
        f"largest process {max(one.peak_mib for one in cases):.0f} MiB; load average at the end {load()}"
    )


def gathered(numbers: Sequence[int], smoke: bool, workers: int, minutes: float, file: str | None) -> list[Judged]:
    """Results in the order of their numbers, as many as begin within `minutes`; failures go into `file` at once."""
    cases: list[Judged] = []
    lines: list[str] = []
    end = time.monotonic() + 60.0 * minutes
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = deque(numbers)
        running: deque[Future[Judged]] = deque()
        while waiting or running:
            while waiting and len(running) < 2 * workers and time.monotonic() < end:
                running.append(pool.submit(judged_number, (waiting.popleft(), smoke)))
            if not running:
                break
            one = running.popleft().result()
            cases.append(one)
            lines += failures([one])
            if file is not None:
                Path(file).write_text("\n".join([f"{len(lines)} failures of {len(cases)}", *lines]) + "\n", "utf-8")
    return cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--smoke", action="store_true", help="10 phantoms with voxels of 1 mm and more")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--minutes", type=float, default=240.0, help="begin no phantom after that many minutes")
    parser.add_argument("--only", metavar="JSON", help="one phantom, as a failure line gives it")
    parser.add_argument("--failures", metavar="FILE", help="write the failure lines here as well")
    asked = parser.parse_args()
    if asked.only is not None:
        one = judge(json.loads(asked.only))
        print(json.dumps({name: value for name, value in asdict(one).items() if name != "spec"}, indent=1))
        return 0 if one.covered and (one.exact or not one.clear) else 1
    count = 10 if asked.smoke else asked.count
    headline(f"Tumour type on {count} phantoms")
    start = time.perf_counter()
    cases = gathered(range(count), asked.smoke, asked.workers, asked.minutes, asked.failures)
    figures = Figures(asked.smoke)
    if len(cases) < count:
        print(f"NOT RUN: the last {count - len(cases)} of {count} phantoms, stopped after {asked.minutes:g} minutes\n")
    report(cases, figures, time.perf_counter() - start, asked.workers)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
