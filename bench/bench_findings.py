"""WBB clock, canal share and vessel distances on phantoms of known truth, and what they cost on a large scan.

Patients are those of the type bench; truth is that of the implicit shapes, sampled far below the voxel.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass

import numpy as np

from bench_type import drawn, frozen
from ledger import COST_HEAD, Figures, cost_cells, headline, repeated, share, table

VESSELS = ("aorta", "inferior-vena-cava")
SLACK_MM = 0.5
"""The step with which truth is sampled."""
LARGE = (512, 512, 400)


@dataclass(frozen=True, slots=True)
class Judged:
    """One phantom. Cells by what was read; canal and vessels: value minus truth, and whether truth lay in the range."""

    sure: int
    sure_right: int
    true_cells: int
    true_named: int
    amiss_share: float
    canal: list[tuple[float, bool]]
    vessels: list[tuple[float, bool]]


def judge(number: int, smoke: bool) -> Judged | None:
    """None where the wish cannot be built, or no voxel lies in the tumour."""
    from enbloc.anatomy import locate
    from enbloc.case import StatedExtent
    from enbloc.core.errors import InputError
    from enbloc.phantom import PhantomSpec, TumourSpec, canal_section_share, make_phantom, vessel_distance_mm, wbb_truth
    from enbloc.tumour import canal_findings, clock, field_around, measure, vessel_contacts

    spec = drawn(number, 0, smoke)
    plain = {name: frozen(value) for name, value in spec.items() if name != "tumour"}
    try:
        phantom = make_phantom(PhantomSpec(**plain, tumour=TumourSpec(**spec["tumour"])))
        imaging = phantom.imaging
        spine = locate(imaging)
        extent = measure(spine, StatedExtent())
    except InputError:
        return None
    field = field_around(spine, imaging.grid)
    wbb, epidural = clock(spine, imaging, extent), canal_findings(spine, imaging, extent, field)
    vessels = vessel_contacts(imaging, field)
    levels = {row.level for row in getattr(wbb, "levels", ())}
    read = {(r.level, c.sector_1997, c.layer): c for r in getattr(wbb, "levels", ()) for c in r.cells}
    truth: dict[tuple[str, int, str], float] = {}
    for cell in wbb_truth(phantom):
        key = cell.level, cell.sector + 1, "D" if cell.layer == "E" else cell.layer
        truth[key] = truth.get(key, 0.0) + cell.volume_mm3
    speck = 8.0 * float(np.prod(phantom.spec.spacing_mm))
    there = [key for key, volume in truth.items() if volume > speck and key[0] in levels]
    sure = [key for key, cell in read.items() if cell.involvement == "involved"]
    keys = {key for key in truth if key[0] in levels} | set(read)
    amiss = sum(abs(truth.get(k, 0.0) - (read[k].volume_mm3 if k in read else 0.0)) for k in keys)
    canal = []
    for row in getattr(epidural, "levels", ()):
        true = canal_section_share(phantom, row.level)
        canal.append((row.section_share.value - true, row.section_share.low <= true <= row.section_share.high))
    distances = []
    for one in getattr(vessels, "contacts", ()):
        true_mm = vessel_distance_mm(phantom, one.structure) if one.structure in VESSELS else None
        if true_mm is not None:
            far = one.distance_mm
            inside = far.low - SLACK_MM <= true_mm <= far.high + SLACK_MM
            distances.append((far.value - true_mm, inside))
    return Judged(
        sure=len(sure),
        sure_right=sum(key in truth for key in sure),
        true_cells=len(there),
        true_named=sum(key in read for key in there),
        amiss_share=amiss / max(phantom.truth.volume_mm3, 1e-9),
        canal=canal,
        vessels=distances,
    )


def accuracy(cases: list[Judged], figures: Figures) -> None:
    sure, right = sum(one.sure for one in cases), sum(one.sure_right for one in cases)
    there, named = sum(one.true_cells for one in cases), sum(one.true_named for one in cases)
    figures.figure("cells called involved that hold tumour", share(right, sure), ">= 99 %", right >= 0.99 * sure)
    figures.figure(
        "cells with tumour that are involved or possible", share(named, there), ">= 97 %", named >= 0.97 * there
    )
    rows = []
    amiss = [one.amiss_share for one in cases]
    rows.append(["volume in another cell / tumour", len(amiss), *spread(amiss), "-"])
    for name, found in (
        ("canal's worst section, share", [pair for one in cases for pair in one.canal]),
        ("vessel distance, mm", [pair for one in cases for pair in one.vessels]),
    ):
        if found:
            inside = share(sum(ok for _, ok in found), len(found))
            rows.append([name, len(found), *spread([abs(error) for error, _ in found]), inside])
    table(("absolute error", "n", "median", "90 %", "most", "truth in range"), rows)


def spread(values: list[float]) -> list[str]:
    return [f"{v:.3f}" for v in np.percentile(values, [50, 90, 100])]


def large_scan(times: int, smoke: bool, figures: Figures) -> None:
    """A scan of everyday size, tumour with canal and soft tissue, aorta and cava labelled."""
    from enbloc.anatomy import locate
    from enbloc.case import StatedExtent
    from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
    from enbloc.tumour import canal_findings, clock, field_around, measure, vessel_contacts

    levels = ("T11", "T12", "L1") if smoke else (*(f"T{n}" for n in range(6, 13)), "L1", "L2", "L3")
    tumour = TumourSpec(type=5, variant="with-canal", level="T12")
    spacing, shape = ((1.5, 1.5, 1.5), None) if smoke else ((0.8, 0.8, 0.8), LARGE)
    imaging = make_phantom(PhantomSpec(levels=levels, tumour=tumour, spacing_mm=spacing, shape=shape)).imaging
    spine = locate(imaging)
    extent = measure(spine, StatedExtent())

    def everything() -> object:
        field = field_around(spine, imaging.grid)
        return (
            clock(spine, imaging, extent),
            canal_findings(spine, imaging, extent, field),
            vessel_contacts(imaging, field),
        )

    everything()  # libraries and compiled kernels
    costs, _ = repeated(times, everything)
    table(("all findings", *COST_HEAD), [[" x ".join(map(str, imaging.grid.shape)), *cost_cells(costs)]])
    least = min(cost.wall_s for cost in costs)
    figures.figure("all findings at 512 x 512 x 400, warm", f"{least:.2f} s", "<= 1 s", least <= 1.0, is_time=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--smoke", action="store_true", help="3 phantoms with voxels of 1 mm and more, a small scan")
    parser.add_argument("--times", type=int, default=3)
    asked = parser.parse_args()
    count = 3 if asked.smoke else asked.count
    headline(f"Clock, canal and vessels on {count} phantoms")
    figures = Figures(asked.smoke)
    cases = [one for one in (judge(number, asked.smoke) for number in range(count)) if one is not None]
    print(f"{count - len(cases)} could not be built or hold no voxel of tumour\n")
    accuracy(cases, figures)
    large_scan(asked.times, asked.smoke, figures)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
