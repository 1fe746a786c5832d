"""A block of the image around the main lesion, resampled along the slices' own axes, with the structures in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Part, is_bone, vessel_kind
from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Grid, Imaging, Mask, Volume
from enbloc.planning.plan import Drawing
from enbloc.scene.planes import LesionPlane
from enbloc.scene.slices import Field, sampled_image

VESSEL_KINDS = ("artery", "vein")


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A cube of voxels of `step_mm`. Index 0 runs down the patient, 1 to the back, 2 to the left: every slice through
    it is a picture as radiologists hang it, with no flip left to make.

    `values` are trilinear (CT: HU); `inside` says where the image has any. `structures` are masks by kind of the
    palette, read from the nearest voxel.
    """

    step_mm: float
    values: Field
    inside: Mask
    structures: dict[str, Mask]


def sampled_block(drawing: Drawing, image: Volume, axial: LesionPlane, step_mm: float) -> Block:
    """The cube about the centre of the slice `axial`, as wide as that slice."""
    cut = axial.cut
    pixels = round(cut.pixels * cut.mm_per_pixel / step_mm)
    down = np.asarray(np.cross(cut.rightward, cut.downward), dtype=np.float64)
    offsets_mm = offsets(pixels, step_mm)
    values, inside = np.empty((pixels,) * 3, dtype=np.float32), np.empty((pixels,) * 3, dtype=bool)
    layers = []
    for row, offset in enumerate(offsets_mm):
        centre: Vector = cut.centre_mm + offset * down
        points = replace(cut, centre_mm=centre, pixels=pixels, mm_per_pixel=step_mm).points_mm
        values[row], inside[row] = sampled_image(image, points)
        layers.append(dict(_structures(drawing, points)))
    structures = {kind: np.stack([layer[kind] for layer in layers]) for kind in layers[0]}
    return Block(step_mm, values, inside, structures)


def offsets(pixels: int, step_mm: float) -> Array:
    """Where the slices of a block lie, in mm from its centre along an index axis."""
    return np.asarray((np.arange(pixels) - (pixels - 1) / 2.0) * step_mm, dtype=np.float64)


def _structures(drawing: Drawing, points_mm: Array) -> Iterator[tuple[str, Mask]]:
    spine = drawing.spine
    inside, index = _nearest(spine.grid, points_mm)
    part = np.where(inside, spine.part[index], Part.NONE)
    bone = is_bone(part)
    yield "vertebra", bone
    yield "disc", part == Part.DISC
    yield "no-go", inside & spine.no_go[index]
    yield "tumour", inside & spine.tumour[index]
    yield "estimated", bone & spine.estimated[index]
    for kind in VESSEL_KINDS:
        yield kind, _vessels(drawing.imaging, kind, points_mm)


def _vessels(imaging: Imaging, kind: str, points_mm: Array) -> Mask:
    found = np.zeros(points_mm.shape[:-1], dtype=bool)
    for labels in imaging.labels:
        wanted = [value for value, name in labels.structures.items() if vessel_kind(name) == kind]
        if wanted:
            inside, index = _nearest(labels.grid, points_mm)
            found |= inside & np.isin(labels.values[index], wanted)
    return found


def _nearest(grid: Grid, points_mm: Array) -> tuple[Mask, tuple[npt.NDArray[np.intp], ...]]:
    """Whether each point lies in the grid, and the index of its nearest voxel."""
    index = np.rint(grid.affine.to_index(points_mm)).astype(np.intp)
    top = np.array(grid.shape) - 1
    inside: Mask = np.asarray(((index >= 0) & (index <= top)).all(axis=-1))
    return inside, tuple(np.moveaxis(index.clip(0, top), -1, 0))
