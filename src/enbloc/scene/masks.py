"""From voxels of the spine and of label maps to meshes, and where in them each structure lies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.anatomy import Spine, Vertebra, vessel_kind
from enbloc.core.geometry import Box, bounding_box
from enbloc.core.volume import Grid, Imaging, LabelMap, Mask
from enbloc.planning.plan import Drawing
from enbloc.scene.nouns import Mesh
from enbloc.scene.palette import STYLES
from enbloc.scene.surface import surface

AROUND_MM = (45.0, 70.0, 8.0)
"""How far vessels and ribs are followed beyond the vertebrae drawn: sideways, front to back, up and down."""
SMALLEST_VOXELS = 8
RIB = "rib-"


def mesh_of(name: str, title: str, kind: str, mask: Mask, grid: Grid) -> Iterator[Mesh]:
    """The surface of `mask` on `grid`, nothing where too few voxels are left to draw."""
    inner = bounding_box(mask)
    if inner is None or np.count_nonzero(mask[inner.slices]) < SMALLEST_VOXELS:
        return
    style = STYLES[kind]
    vertices, faces = surface(mask[inner.slices], grid.crop(inner).affine)
    yield Mesh(name, title, kind, style.surface, style.opacity, vertices, faces, estimated=kind == "estimated")


def boxes_of(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[tuple[Vertebra, Box]]:
    """Each drawn vertebra with the block of voxels it owns, found in one pass over the grid."""
    found = boxes_by_value(spine.owner, len(spine.vertebrae))
    for vertebra in drawn:
        box = found[spine.vertebrae.index(vertebra)]
        if box is not None:
            yield vertebra, box


def boxes_by_value(codes: npt.NDArray[np.uint8], count: int) -> list[Box | None]:
    """The block that holds each value from 1 to `count`; None for one that does not occur."""
    low, high = np.full((256, 3), max(codes.shape), dtype=np.int64), np.full((256, 3), -1, dtype=np.int64)
    _extents(codes, low, high)
    ends = [(low[n].tolist(), (high[n] + 1).tolist()) for n in range(1, count + 1)]
    return [None if not d else Box((a, b, c), (d, e, f)) for (a, b, c), (d, e, f) in ends]


@njit(cache=True, nogil=True)
def _extents(codes: npt.NDArray[np.uint8], low: npt.NDArray[np.int64], high: npt.NDArray[np.int64]) -> None:
    for i in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            for k in range(codes.shape[2]):
                value = codes[i, j, k]
                if value > 0:
                    low[value, 0], high[value, 0] = min(low[value, 0], i), i
                    low[value, 1], high[value, 1] = min(low[value, 1], j), max(high[value, 1], j)
                    low[value, 2], high[value, 2] = min(low[value, 2], k), max(high[value, 2], k)


def column_box(spine: Spine, drawn: tuple[Vertebra, ...]) -> Box:
    """The block on the spine's grid that holds the drawn vertebrae; the whole grid where none owns a voxel."""
    boxes = [box for _, box in boxes_of(spine, drawn)]
    column = boxes[0] if boxes else spine.grid.box
    for box in boxes:
        column = column.union(box)
    return column


def labelled_masks(drawing: Drawing, drawn: tuple[Vertebra, ...]) -> Iterator[tuple[str, str, Mask, Grid]]:
    """(name, kind, mask, grid) of the vessels and ribs within the neighbourhood of the drawn vertebrae, each from the
    first label map that shows it.
    """
    shown: set[str] = set()
    for labels in drawing.imaging.labels:
        wanted = {value: name for value, name in labels.structures.items() if _kind(name) and name not in shown}
        if not wanted:
            continue
        box = _neighbourhood(drawing.spine, drawn, drawing.imaging)
        for value, inner in _found(labels, box, wanted):
            name = wanted[value]
            shown.add(name)
            yield name, _kind(name) or "", labels.values[inner.slices] == value, labels.grid.crop(inner)


def _kind(structure: str) -> str | None:
    return "rib" if structure.startswith(RIB) else vessel_kind(structure)


def _neighbourhood(spine: Spine, drawn: tuple[Vertebra, ...], imaging: Imaging) -> Box:
    """The drawn column on the label maps' grid, grown by `AROUND_MM`."""
    column, corner = column_box(spine, drawn), spine.region.lower
    low, high = (tuple(a + b for a, b in zip(end, corner, strict=True)) for end in (column.lower, column.upper))
    margin = [int(mm / spacing) for mm, spacing in zip(AROUND_MM, imaging.grid.spacing_mm, strict=True)]
    whole = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return whole.grown((margin[0], margin[1], margin[2]), imaging.grid.shape)


def _found(labels: LabelMap, box: Box, wanted: dict[int, str]) -> Iterator[tuple[int, Box]]:
    """Each wanted value present in `box` with the block that holds it; one pass over the box."""
    values = sorted(wanted)
    table = np.zeros(int(np.iinfo(labels.values.dtype).max) + 1, dtype=np.uint8)
    table[values] = np.arange(1, len(values) + 1)
    for value, inner in zip(values, boxes_by_value(table[labels.values[box.slices]], len(values)), strict=True):
        if inner is not None:
            yield value, inner.placed_in(box)
