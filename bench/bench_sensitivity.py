"""How margin and probability move with voxel size, label noise and the vertebra's axes, the cuts found anew each time.

Voxel size: a phantom is scanned anew; of a case every second voxel along each axis is kept. Noise: the tumour's mask
loses or gains one layer of voxels. Axes: those of every vertebra are turned. Beside what each plan says of itself
stands what its cuts come to in the unchanged data ("in truth", as far as that is true).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy import ndimage

from enbloc import load_images, read_case
from enbloc.anatomy import Frame, Spine, locate
from enbloc.case import StatedExtent
from enbloc.core.evidence import Skipped
from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid, Imaging, LabelMap
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
from enbloc.resection.execution import execution_risk, rotations
from enbloc.resection.field import OperativeField
from enbloc.resection.lay import operative_field
from enbloc.resection.nouns import Cut
from enbloc.resection.resect import resect
from enbloc.resection.risk import ExecutionSettings
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import measure
from ledger import Figures, headline, load, table

SETTINGS = ResectionSettings()
PHANTOMS = (TumourSpec(type=2, level="T12", size=0.8), TumourSpec(type=3, level="T12", size=0.9))
TURNS_DEG = (("5 deg about right", (5.0, 0.0, 0.0)), ("5 deg about anterior", (0.0, 5.0, 0.0)))
SPACINGS_MM = (0.7, 1.0, 1.5, 2.0)
Planned = tuple[OperativeField, tuple[Cut, ...]]


def phantom_of(tumour: TumourSpec, spacing_mm: float) -> Imaging:
    spec = PhantomSpec(levels=("T11", "T12", "L1"), tumour=tumour, spacing_mm=(spacing_mm,) * 3)
    return make_phantom(spec).imaging


def every_second(imaging: Imaging) -> Imaging:
    matrix = imaging.grid.affine.matrix.copy()
    matrix[:3, :3] *= 2.0
    labels = tuple(replace(each, values=np.ascontiguousarray(each.values[::2, ::2, ::2])) for each in imaging.labels)
    assert imaging.tumour is not None
    tumour = np.ascontiguousarray(imaging.tumour[::2, ::2, ::2])
    grid = Grid(tumour.shape, Affine(matrix))
    on_grid = tuple(LabelMap(each.values, grid, each.structures) for each in labels)
    return replace(imaging, grid=grid, labels=on_grid, tumour=tumour, image=None)


def turned(spine: Spine, vector_deg: tuple[float, float, float]) -> Spine:
    """Each vertebra's axes, turned about its own."""
    rotation = rotations(np.radians(np.array([vector_deg])))[0]

    def frame(old: Frame | None) -> Frame | None:
        if old is None:
            return None
        right, anterior, superior = (tuple(map(float, row)) for row in rotation @ old.axes)
        return Frame(old.origin_mm, right, anterior, superior)

    return replace(spine, vertebrae=tuple(replace(each, frame=frame(each.frame)) for each in spine.vertebrae))


def planned(imaging: Imaging, turn_deg: tuple[float, float, float] | None = None) -> Planned | str:
    spine = locate(imaging)
    if turn_deg is not None:
        spine = turned(spine, turn_deg)
    extent = measure(spine, StatedExtent())
    found = resect(spine, imaging, extent)
    if isinstance(found, Skipped):
        return found.skipped
    return operative_field(spine, imaging, found.levels, SETTINGS), found.cuts


def changes(source: Imaging, others: list[tuple[str, Imaging]], smoke: bool) -> Iterator[tuple[str, Planned | str]]:
    assert source.tumour is not None
    for name, imaging in others:
        yield name, planned(imaging)
    eroded, dilated = ndimage.binary_erosion(source.tumour), ndimage.binary_dilation(source.tumour)
    yield "one voxel eroded", planned(replace(source, tumour=eroded))
    if smoke:
        return
    yield "one voxel dilated", planned(replace(source, tumour=dilated))
    for name, turn in TURNS_DEG:
        yield f"axes turned {name}", planned(source, turn)


def told(plan: Planned, truth: OperativeField, settings: ExecutionSettings) -> list[str]:
    cells = []
    for field in (plan[0], truth):
        risks = [execution_risk(field, plan[1], replace(settings, guidance=name)) for name in ("freehand", "guide")]
        cells.append(f"{min(cut.margin_mm for cut in risks[0].cuts):.1f}")
        for risk in risks:
            assert risk.no_tumour_cut_probability is not None
            cells.append(f"{risk.no_tumour_cut_probability.value:.2f}")
    guide = execution_risk(plan[0], plan[1], replace(settings, guidance="guide"))
    return [f"{len(plan[1])}", *cells, f"{guide.margin_for_95_mm:.1f}"]


def rows_of(name: str, source: Imaging, others: list[tuple[str, Imaging]], smoke: bool) -> Iterator[list[str]]:
    settings = ExecutionSettings(samples=1_000 if smoke else 10_000)
    base = planned(source)
    if isinstance(base, str):
        yield [f"{name}: {base}"]
        return
    spacing = " x ".join(f"{step:.2g}" for step in source.grid.spacing_mm)
    yield [f"{name}, {spacing} mm", *told(base, base[0], settings)]
    for change, plan in changes(source, others, smoke):
        yield [f"  {change}", *((plan,) if isinstance(plan, str) else told(plan, base[0], settings))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one phantom, coarse, two changes")
    parser.add_argument("--case", type=Path, action="append", default=[], help="case.toml of labelled data; repeatable")
    asked = parser.parse_args()
    headline("Sensitivity of margin and probability")
    figures, began, rows = Figures(asked.smoke), time.perf_counter(), []
    for tumour in PHANTOMS[: 1 if asked.smoke else None]:
        source, coarser = (1.5, ()) if asked.smoke else (SPACINGS_MM[0], SPACINGS_MM[1:])
        others = [(f"voxels of {step:g} mm", phantom_of(tumour, step)) for step in coarser]
        rows += rows_of(f"phantom, type {tumour.type}", phantom_of(tumour, source), others, asked.smoke)
    for number, file in enumerate(asked.case, 1):
        imaging = load_images(read_case(file))
        rows += rows_of(f"case {number}", imaging, [("every second voxel", every_second(imaging))], asked.smoke)
    head = (
        "data", "cuts", "margin mm", "P freehand", "P guide", "in truth: mm", "P freehand", "P guide",
        "mm for 95 %, guide",
    )  # fmt: skip
    table(head, [[*row, *[""] * (len(head) - len(row))] for row in rows])
    print(f"{time.perf_counter() - began:.0f} s, load average at the end {load()}\n")
    whole = sum(len(row) == len(head) for row in rows)
    figures.figure("planned", f"{whole} of {len(rows)}", "all of them", whole == len(rows))
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
