"""Execution risk: time of 10,000 draws for four cuts, against a formula, and what thinning and patches cost.

Four rectangles as large as cuts of a thoracic vertebra stand about a ball; the time is that of a whole call, shares and
intervals with it. At full size also the cuts found for a phantom, under every guidance.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from math import sqrt

import numpy as np
from scipy.stats import norm

from enbloc.anatomy import Frame, locate
from enbloc.case import StatedExtent
from enbloc.core.evidence import Measured, Skipped
from enbloc.core.levels import Level
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
from enbloc.resection.execution import Errors, compare_guidances, execution_risk
from enbloc.resection.field import OperativeField
from enbloc.resection.lay import operative_field
from enbloc.resection.nouns import ClassRange, Cut, Gate, Loss, MarginClass, Tissue
from enbloc.resection.resect import resect
from enbloc.resection.risk import ExecutionSettings
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import measure
from ledger import COST_HEAD, Figures, cost_cells, headline, load, repeated, table

SLOWEST_S = 1.0
HALF_MM, STEP_MM, RADIUS_MM = 40.0, 0.8, 10.0
CUTS = (
    ((0.0, 13.0, 0.0), (0.0, 1.0, 0.0), 6.0, 6.5),
    ((14.0, 0.0, 0.0), (1.0, 0.0, 0.0), 4.0, 6.0),
    ((0.0, 0.0, 14.5), (0.0, 0.0, 1.0), 20.0, 16.0),
    ((0.0, 0.0, -15.0), (0.0, 0.0, -1.0), 20.0, 16.0),
)
"""Middle, normal and half edges in mm: 156, 96 and twice 1280 mm2."""
MANY = 200_000


def around_a_ball(distance: str) -> OperativeField:
    """A field whose distances are those to a ball, or to the half-space y < 0."""
    axis = np.arange(-HALF_MM, HALF_MM + 0.1, STEP_MM)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    shape = (len(axis),) * 3
    ball = np.sqrt(x**2 + y**2 + z**2) - RADIUS_MM
    values = np.ascontiguousarray(np.broadcast_to(ball if distance == "ball" else y, shape), dtype=np.float32)
    none, codes = np.zeros(shape, bool), np.zeros(shape, np.uint8)
    return OperativeField(
        frame=Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)), start_mm=np.full(3, -HALF_MM),
        step_mm=STEP_MM, levels=(Level.T8,), column=(Level.T8,), owner=codes, part=codes, tumour=values < 0.0,
        tumour_mm=values, no_go=none, no_go_mm=values, no_go_is_sac=True, no_go_basis="sac", vessel_mm={}, ribs={},
        estimated=none, canal_centre_mm={}, noise_mm=1.0, voxel_mm=1.0, thick_slices=False,
    )  # fmt: skip


def rectangle(at: tuple[float, ...], normal: tuple[float, ...], first: float, second: float) -> Cut:
    a, b = (np.roll(np.array(normal, float), n) for n in (1, 2))
    corners = [np.array(at) + i * first * a + j * second * b for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1))]
    none = Measured(0.0, 0.0, 0.0)
    return Cut(
        name="T8-left", order=1, gate=Gate.LEFT, level=Level.T8, tissue=Tissue.PEDICLE, point_mm=at, normal=normal,
        polygon_mm=tuple(tuple(map(float, corner)) for corner in corners), kerf_mm=0.5, margin_mm=none,
        margin_class=ClassRange(MarginClass.WIDE, (MarginClass.WIDE,), ()), section_mm2=1.0, tumour_mm2=0.0,
        depth_mm=0.0, canal_angle_deg=None, sac_clearance_mm=None, vessels=(), loss=Loss(),
    )  # fmt: skip


def of_a_phantom() -> tuple[OperativeField, tuple[Cut, ...]]:
    phantom = make_phantom(PhantomSpec(levels=("T11", "T12", "L1"), tumour=TumourSpec(type=3, level="T12", size=0.9)))
    spine = locate(phantom.imaging)
    extent = measure(spine, StatedExtent())
    found = resect(spine, phantom.imaging, extent)
    assert not isinstance(found, Skipped)
    return operative_field(spine, phantom.imaging, found.levels, ResectionSettings()), found.cuts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="a tenth of the draws, and no phantom")
    asked = parser.parse_args()
    headline("Execution risk: 10,000 draws, four cuts")
    figures = Figures(asked.smoke)
    samples, times, many = (1_000, 2, 20_000) if asked.smoke else (10_000, 5, MANY)
    field, cuts = around_a_ball("ball"), [rectangle(*cut) for cut in CUTS]
    settings = ExecutionSettings(samples=samples)
    execution_risk(field, cuts, ExecutionSettings(samples=10))
    costs, risk = repeated(times, lambda: execution_risk(field, cuts, settings))
    rows = [["four cuts about a ball", f"{samples}", *cost_cells(costs)]]
    cases = [("four cuts about a ball", field, tuple(cuts))]
    walls = [min(cost.wall_s for cost in costs)]
    if not asked.smoke:
        cases.append(("phantom, T12 type 3", *of_a_phantom()))
        costs, _ = repeated(times, lambda: execution_risk(cases[1][1], cases[1][2], settings))
        rows.append([cases[1][0], f"{samples}", *cost_cells(costs)])
        walls.append(min(cost.wall_s for cost in costs))
    table(("case", "draws", *COST_HEAD), rows)
    shown = []
    for name, around, sawn in cases:
        for each in compare_guidances(around, sawn, settings):
            chance = each.no_tumour_cut_probability
            assert chance is not None
            shown.append(
                [f"{name}, {each.guidance}", f"{min(cut.margin_mm for cut in each.cuts):.2f}", f"{chance.value:.3f}",
                 f"{chance.low:.3f}-{chance.high:.3f}", f"{each.margin_for_95_mm:.1f}", f"{each.thinning_mm:.2f}",
                 f"{each.shares.systematic:.2f} {each.shares.random:.2f} {each.shares.label:.2f}"]
            )  # fmt: skip
    head = ("case", "least margin mm", "probability", "interval", "margin for 95 % mm", "thinning <= mm", "shares")
    table((*head[:-1], "shared own label"), shown)
    print(f"load average at the end {load()}\n")
    figures.figure("10,000 draws", f"{max(walls):.2f} s", f"<= {SLOWEST_S:g} s", max(walls) <= SLOWEST_S, is_time=True)
    worst = tail_error(many)
    figures.figure("half-space, up to 3.5 SD", f"{worst:.1f} binomial SDs off", "<= 4", worst <= 4.0)
    thin = thinning(field, cuts, settings, risk.thinning_mm)
    figures.figure("points 0.5 mm apart", f"margins {thin:.3f} mm above those 0.1 mm apart", "<= 0.05 mm", thin <= 0.05)
    return figures.exit_code


def tail_error(samples: int) -> float:
    """The largest distance from Phi(margin / SD), in SDs of the count."""
    field, worst = around_a_ball("half-space"), 0.0
    for margin in (0.0, 1.0, 2.0, 4.0, 6.0, 7.0):
        cut = rectangle((0.0, margin + 0.25, 0.0), (0.0, 1.0, 0.0), 3.0, 3.0)
        risk = execution_risk(field, [cut], ExecutionSettings(samples=samples), Errors(offset_mm=2.0))
        assert risk.no_tumour_cut_probability is not None
        true = float(norm.cdf(margin / 2.0))
        off = abs(risk.no_tumour_cut_probability.value - true) / sqrt(true * (1.0 - true) / samples)
        worst = max(worst, off)
    return worst


def thinning(field: OperativeField, cuts: list[Cut], settings: ExecutionSettings, bound_mm: float) -> float:
    """By how much the 5th percentile of any cut's margin is overrated, mm."""
    few = replace(settings, samples=1_000)
    coarse, fine = (execution_risk(field, cuts, replace(few, pitch_mm=pitch)) for pitch in (few.pitch_mm, 0.1))
    worst = max(a.worst_mm - b.worst_mm for a, b in zip(coarse.cuts, fine.cuts, strict=True))
    assert worst <= bound_mm
    return worst


if __name__ == "__main__":
    sys.exit(main())
