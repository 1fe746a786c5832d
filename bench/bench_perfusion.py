"""Perfusion: 100,000 sampled columns, against numpy's batched solve and a loop over scipy, and one planner case.

A column is the whole human one: 24 levels of eight nodes, its usual state and one with three levels closed, beds that
regulate themselves. The others solve the same linear system twice for every column, without the choice of the beds and
without filling the matrix, so they do less.
"""

from __future__ import annotations

import argparse
import os
import sys
from functools import partial
from statistics import median

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # more threads only wait for each other on matrices this small

import numpy as np
from scipy.linalg import solveh_banded

from enbloc.perfusion import perfuse
from enbloc.perfusion.calibrate import calibrate, compare, held_out, rms
from enbloc.perfusion.column import (
    NODES,
    Column,
    Interruption,
    Samples,
    bilateral,
    column,
    conductances,
    cord_bed,
    cord_nodes,
    factors,
    flows,
)
from enbloc.perfusion.ensemble import FITTED, shipped
from enbloc.perfusion.network import Bed, Branch, FlowNetwork, solve
from ledger import COST_HEAD, Cost, Figures, cost_cells, headline, load, repeated, table

MANY, SMALL = 100_000, 2_000
PEERS = 256
PART = 5_000
CHECKED = 5
SLOWEST_S, CASE_S = 10.0, 0.5
BALANCE, SAME = 1e-10, 1e-9
CUT = Interruption(closed=bilateral(("T11", "T12", "L1")))


def samples(at: Column, count: int) -> Samples:
    """The shipped sets, drawn again with noise, and feeders of uneven strength."""
    generator = np.random.default_rng(1)
    values = {name: value[generator.integers(0, len(value), count)] for name, value in shipped().values.items()}
    moved = {
        name: values.pop(name) * np.exp(generator.normal(0.0, 0.2, count)) for name in ("arcade", "feeder", "cord_link")
    }
    rest = {name: values.pop(name) for name in FITTED[3:]}
    return Samples(
        **moved, **rest, knee=values.pop("knee"), ratios=values,
        sites=generator.uniform(0.5, 1.5, (count, 2 * len(at.levels))), tumour=np.ones(count),
    )  # fmt: skip


def matrices(at: Column, some: Samples, cut: Interruption) -> tuple[np.ndarray, np.ndarray]:
    """Dense matrices and right sides of the linear columns under `cut`."""
    count = len(some)
    place = np.where(at.site >= 0, some.sites[:, np.maximum(at.site, 0)], 1.0)
    g = conductances(some)[:, at.kind] * at.weight * place * factors(at, cut)
    matrix, right = np.zeros((count, at.nodes, at.nodes)), np.zeros((count, at.nodes))
    for b, (i, j) in enumerate(zip(at.start, at.end, strict=True)):
        if i < 0:
            matrix[:, j, j] += g[:, b]
            right[:, j] += g[:, b]
        elif j < 0:
            matrix[:, i, i] += g[:, b]
        else:
            for p, q in ((i, j), (j, i)):
                matrix[:, p, p] += g[:, b]
                matrix[:, p, q] -= g[:, b]
    nodes, shares = cord_nodes(at, some)
    matrix[:, nodes, nodes] += cord_bed(some)[:, None] * shares
    return matrix, right


def numpy_batch(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.linalg.solve(matrix, right[..., None])[..., 0]


def scipy_loop(bands: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.array(
        [solveh_banded(band, b, lower=True, check_finite=False) for band, b in zip(bands, right, strict=True)]
    )


def banded(matrix: np.ndarray) -> np.ndarray:
    size = matrix.shape[1]
    found = np.zeros((len(matrix), NODES + 1, size))
    for k in range(NODES + 1):
        found[:, k, : size - k] = matrix[:, np.arange(k, size), np.arange(size - k)]
    return found


def slow_pressures(at: Column, some: Samples, n: int) -> np.ndarray:
    """Pressures of column n under CUT over those before, by the plain network solver."""
    place = np.where(at.site >= 0, some.sites[n, np.maximum(at.site, 0)], 1.0)
    g = conductances(some)[n, at.kind] * at.weight * place
    nodes, shares = cord_nodes(at, some)
    held = {"-1": 1.0, "-2": 0.0}

    def branches(cut: Interruption) -> tuple[Branch, ...]:
        rows = zip(at.start, at.end, g * factors(at, cut), strict=True)
        return tuple(Branch(str(i), str(j), float(c)) for i, j, c in rows)

    drains = tuple(
        Branch(str(i), "-2", float(cord_bed(some)[n] * share)) for i, share in zip(nodes, shares, strict=True)
    )
    before = solve(FlowNetwork((*branches(Interruption()), *drains), held)).pressure_mmhg
    beds = tuple(
        Bed(
            node=row.start,
            conductance=row.conductance,
            reference=before[row.start],
            slope=float(some.slope[n]),
            knee=float(some.knee[n]),
        )
        for row in drains
    )
    after = solve(FlowNetwork(branches(CUT), held, beds)).pressure_mmhg
    return np.array([after[str(i)] / before[str(i)] for i in range(at.nodes)])


def in_parts(at: Column, many: Samples) -> tuple[np.ndarray, np.ndarray, float]:
    """Flow of vertebra and cord of every column, computed part by part so that the pressures need not all be kept."""
    vertebra, cord, worst = [], [], 0.0
    for first in range(0, len(many), PART):
        flow = flows(at, rows_of(many, slice(first, first + PART)), [CUT])
        vertebra.append(flow.vertebra[:, 0])
        cord.append(flow.cord[:, 0])
        worst = max(worst, flow.residual)
    return np.concatenate(vertebra), np.concatenate(cord), worst


def rows_of(many: Samples, rows: slice) -> Samples:
    names = (*FITTED, "knee", "sites", "tumour")
    ratios = {name: value[rows] for name, value in many.ratios.items()}
    return Samples(**{name: getattr(many, name)[rows] for name in names}, ratios=ratios)


def columns(count: int, times: int, figures: Figures) -> None:
    at = column("human")
    many = samples(at, count)
    flows(at, samples(at, 64), [CUT])
    costs, (_, _, residual) = repeated(times, partial(in_parts, at, many))
    some = samples(at, PEERS)
    pairs = [matrices(at, some, cut) for cut in (Interruption(), CUT)]
    matrix, right = (np.concatenate(part) for part in zip(*pairs, strict=True))
    bands = banded(matrix)
    dense_costs, dense = repeated(times, partial(numpy_batch, matrix, right))
    loop_costs, looped = repeated(times, partial(scipy_loop, bands, right))
    few = flows(at, rows_of(many, slice(0, CHECKED)), [CUT]).pressure[:, 0]
    worst = max(float(np.abs(slow_pressures(at, many, n) - few[n]).max()) for n in range(CHECKED))
    table(
        ("what", *COST_HEAD),
        [
            (f"{count} columns", *cost_cells(costs)),
            (f"numpy.linalg.solve, {PEERS} in a batch", *cost_cells(dense_costs)),
            (f"scipy solveh_banded, loop of {PEERS}", *cost_cells(loop_costs)),
        ],
    )
    own = per_column(costs, count)
    each = {"this project": own, "numpy": per_column(dense_costs, PEERS), "scipy": per_column(loop_costs, PEERS)}
    rows = [
        (name, f"{1e6 * wall:.1f}", f"{1e6 * cpu:.1f}", f"{wall / own[0]:.1f}", f"{cpu / own[1]:.1f}")
        for name, (wall, cpu) in each.items()
    ]
    table(("program", "wall us per column", "CPU us", "ratio of walls", "ratio of CPU"), rows)
    print(f"numpy and scipy differ by {np.abs(dense - looped).max():.1e}\n")
    slowest = max(cost.wall_s for cost in costs)
    figures.figure(
        f"{count} sampled columns", f"{slowest:.1f} s", f"<= {SLOWEST_S:g} s", slowest <= SLOWEST_S, is_time=True
    )
    figures.figure("mass balance", f"{residual:.1e}", f"<= {BALANCE:g}", residual <= BALANCE)
    figures.figure("kernel against the plain solver", f"{worst:.1e}", f"<= {SAME:g}", worst <= SAME)


def per_column(costs: list[Cost], count: int) -> tuple[float, float]:
    """Median wall and CPU seconds."""
    return median(cost.wall_s for cost in costs) / count, median(cost.cpu_s for cost in costs) / count


def case(times: int, figures: Figures) -> None:
    ask = partial(perfuse, ["T12"], systolic_mmhg=90.0, histology="renal-cell-carcinoma")
    ask()
    costs, found = repeated(times, ask)
    table(("what", *COST_HEAD), [("one planner case, warm", *cost_cells(costs))])
    wall = median(cost.wall_s for cost in costs)
    figures.figure("one planner case, warm", f"{wall:.2f} s", f"<= {CASE_S:g} s", wall <= CASE_S, is_time=True)
    figures.figure("mass balance of it", f"{found.residual:.1e}", f"<= {BALANCE:g}", found.residual <= BALANCE)


def experiments() -> None:
    fit = calibrate()
    rows = [
        (c.experiment.id, f"{c.experiment.measured_pct:g}", f"{c.predicted_pct:.1f}") for c in compare(fit, held_out())
    ]
    table(("held out", "measured %", "predicted %"), rows)
    error = rms(compare(fit, [one for one in held_out() if one.group == "C"]))
    print(f"RMS error of three to seven levels: {error:.1f} points (reported, not tuned)\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="the smallest size; times are not judged")
    smoke = parser.parse_args().smoke
    headline("Perfusion")
    figures = Figures(smoke)
    times = 1 if smoke else 3
    columns(SMALL if smoke else MANY, times, figures)
    case(times, figures)
    experiments()
    print(f"load average at the end {load()}")
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
