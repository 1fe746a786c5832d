"""How margin, probability and the way out move with voxel size, label noise and the vertebra's axes, the cuts found
anew each time.

Voxel size: a phantom is scanned anew; of a case every second voxel along each axis is kept. Noise: the tumour's mask
loses or gains one layer of voxels. Axes: those of every vertebra are turned. Beside what each plan says of itself
stands what its cuts come to in the unchanged data ("in truth", as far as that is true). For the ways out of the pieces
all labels lose or gain a layer of voxels as well. `--only-removal`: that table alone.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
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
from enbloc.resection.pieces import POSTERIOR
from enbloc.resection.removal_nouns import Removal, Way
from enbloc.resection.resect import resect
from enbloc.resection.risk import ExecutionSettings
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import measure
from ledger import Figures, headline, load, table

SETTINGS = ResectionSettings()
PHANTOMS = (TumourSpec(type=2, level="T12", size=0.8), TumourSpec(type=3, level="T12", size=0.9))
TURNS_DEG = (("5 deg about right", (5.0, 0.0, 0.0)), ("5 deg about anterior", (0.0, 5.0, 0.0)))
SPACINGS_MM = (0.7, 1.0, 1.5, 2.0)


@dataclass(frozen=True, slots=True)
class Planned:
    """Where the cuts lie, the cuts, and the ways out of the pieces."""

    field: OperativeField
    cuts: tuple[Cut, ...]
    removal: Removal | Skipped


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
    return Planned(operative_field(spine, imaging, found.levels, SETTINGS), found.cuts, found.removal)


def every_label(imaging: Imaging, grown: bool) -> Imaging:
    """All labels with a layer of voxels less, or more where nothing is labelled; tumour stays."""
    return replace(imaging, labels=tuple(replace(each, values=layered(each.values, grown)) for each in imaging.labels))


def layered(values: npt.NDArray[np.integer], grown: bool) -> npt.NDArray[np.integer]:
    star = ndimage.generate_binary_structure(3, 1)
    if grown:
        return np.where(values > 0, values, ndimage.grey_dilation(values, footprint=star)).astype(values.dtype)
    kept = ndimage.binary_erosion(values > 0, star, border_value=1)
    return np.where(kept, values, 0).astype(values.dtype)


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
    yield f"{LABELS} eroded", planned(every_label(source, grown=False))
    yield f"{LABELS} dilated", planned(every_label(source, grown=True))


LABELS = "every label one voxel"
"""Told of the ways out only: what the cuts come to in the unchanged data would not be like with like."""


def told(plan: Planned, truth: OperativeField, settings: ExecutionSettings) -> list[str]:
    cells = []
    for field in (plan.field, truth):
        risks = [execution_risk(field, plan.cuts, replace(settings, guidance=name)) for name in ("freehand", "guide")]
        cells.append(f"{min(cut.margin_mm for cut in risks[0].cuts):.1f}")
        for risk in risks:
            assert risk.no_tumour_cut_probability is not None
            cells.append(f"{risk.no_tumour_cut_probability.value:.2f}")
    guide = execution_risk(plan.field, plan.cuts, replace(settings, guidance="guide"))
    return [f"{len(plan.cuts)}", *cells, f"{guide.margin_for_95_mm:.1f}"]


def ways_told(plan: Planned | str) -> list[str]:
    """Arches out of all, the block's way, and the room of each way tried (mm beyond what gives way)."""
    if isinstance(plan, str):
        return [plan]
    if isinstance(plan.removal, Skipped):
        return [plan.removal.skipped]
    arches = [piece for piece in plan.removal.pieces if piece.piece.startswith(POSTERIOR)]
    blocks = [piece for piece in plan.removal.pieces if piece not in arches]
    if not blocks:
        return [f"{sum(piece.found for piece in arches)} of {len(arches)}", "no block"]
    tried = {each.way: "none" if each.least_mm is None else f"{each.least_mm:.1f}" for each in blocks[0].tried}
    rooms = [tried.get(way, "") for way in (Way.TURNED_LEFT, Way.TURNED_RIGHT, Way.ANTERIORLY)]
    corridor = plan.removal.corridor_mm
    wide = "" if corridor is None else f"{corridor:.0f}"
    return [
        f"{sum(piece.found for piece in arches)} of {len(arches)}",
        str(blocks[0].way or "none found"),
        *rooms,
        wide,
    ]


def rows_of(
    name: str, source: Imaging, others: list[tuple[str, Imaging]], smoke: bool, only_removal: bool
) -> Iterator[tuple[list[str] | None, list[str]]]:
    """Of each plan a row about margin and probability (None where it has none) and one about the ways out."""
    settings = ExecutionSettings(samples=1_000 if smoke else 10_000)
    base = planned(source)
    if isinstance(base, str):
        yield [f"{name}: {base}"], [f"{name}: {base}"]
        return
    spacing = " x ".join(f"{step:.2g}" for step in source.grid.spacing_mm)
    called = f"{name}, {spacing} mm"
    yield None if only_removal else [called, *told(base, base.field, settings)], [called, *ways_told(base)]
    for change, plan in changes(source, others, smoke):
        about = None
        if not only_removal and not change.startswith(LABELS):
            about = [f"  {change}", *((plan,) if isinstance(plan, str) else told(plan, base.field, settings))]
        print(f"{called}: {change}: {ways_told(plan)}", file=sys.stderr, flush=True)
        yield about, [f"  {change}", *ways_told(plan)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one phantom, coarse, two changes")
    parser.add_argument("--case", type=Path, action="append", default=[], help="case.toml of labelled data; repeatable")
    parser.add_argument("--only-removal", action="store_true", help="the table of the ways out alone")
    asked = parser.parse_args()
    headline("Sensitivity of margin, probability and way out")
    figures, began = Figures(asked.smoke), time.perf_counter()
    pairs: list[tuple[list[str] | None, list[str]]] = []
    for tumour in PHANTOMS[: 1 if asked.smoke else None]:
        source, coarser = (1.5, ()) if asked.smoke else (SPACINGS_MM[0], SPACINGS_MM[1:])
        others = [(f"voxels of {step:g} mm", phantom_of(tumour, step)) for step in coarser]
        source_imaging = phantom_of(tumour, source)
        pairs += rows_of(f"phantom, type {tumour.type}", source_imaging, others, asked.smoke, asked.only_removal)
    for number, file in enumerate(asked.case, 1):
        imaging = load_images(read_case(file))
        others = [("every second voxel", every_second(imaging))]
        pairs += rows_of(f"case {number}", imaging, others, asked.smoke, asked.only_removal)
    rows = [row for row, _ in pairs if row is not None]
    if rows:
        filled(HEAD, rows)
    filled(WAYS_HEAD, [row for _, row in pairs])
    print(f"{time.perf_counter() - began:.0f} s, load average at the end {load()}\n")
    whole = sum(len(row) > 2 for _, row in pairs)
    figures.figure("planned", f"{whole} of {len(pairs)}", "all of them", whole == len(pairs))
    return figures.exit_code


HEAD = (
    "data", "cuts", "margin mm", "P freehand", "P guide", "in truth: mm", "P freehand", "P guide",
    "mm for 95 %, guide",
)  # fmt: skip
WAYS_HEAD = ("data", "arches out", "block leaves", "room left mm", "right mm", "front mm", "corridor mm")


def filled(head: tuple[str, ...], rows: list[list[str]]) -> None:
    table(head, [[*row, *[""] * (len(head) - len(row))] for row in rows])


if __name__ == "__main__":
    sys.exit(main())
