"""From voxels of the spine and of label maps to meshes, and where in them each structure lies."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.anatomy import Spine, Vertebra, vessel_kind
from enbloc.core.geometry import Box, Index, bounding_box
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
    from scipy.ndimage import find_objects

    found = find_objects(spine.owner)
    for vertebra in drawn:
        position = spine.vertebrae.index(vertebra)
        if position < len(found) and found[position] is not None:
            yield vertebra, box_of(found[position])


def box_of(slices: tuple[slice, slice, slice]) -> Box:
    i, j, k = slices
    return Box((i.start, j.start, k.start), (i.stop, j.stop, k.stop))


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
    from scipy.ndimage import find_objects

    values = sorted(wanted)
    table = np.zeros(int(np.iinfo(labels.values.dtype).max) + 1, dtype=np.uint8)
    table[values] = np.arange(1, len(values) + 1)
    for value, slices in zip(values, find_objects(table[labels.values[box.slices]], len(values)), strict=True):
        if slices is not None:
            inner = box_of(slices)
            yield value, Box(_plus(inner.lower, box.lower), _plus(inner.upper, box.lower))


def _plus(a: Index, b: Index) -> Index:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]
