"""The column of blocks with frames and labels around it: what clock, canal and vessels are read from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from enbloc.anatomy import Frame, Spine
from enbloc.core.volume import Imaging, LabelMap, Mask
from tumour.toy import HEIGHT, Toy

CENTRE = (29.5, 23.5)
"""Middle of the canal, in voxels: between columns 29 and 30, rows 23 and 24."""


def framed(toy: Toy) -> Spine:
    """The toy's spine with upright frames at the bodies' middles and canal centres at mid height."""
    spine = toy.spine()
    step = toy.grid.spacing_mm
    vertebrae = []
    for vertebra in spine.vertebrae:
        middle = toy.floor(vertebra.level) + 0.5 * (HEIGHT - 1)
        origin, canal = np.array([29.5, 39.5, middle]) * step, np.array([*CENTRE, middle]) * step
        frame = Frame(tuple(origin.tolist()), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
        vertebrae.append(replace(vertebra, frame=frame, frame_basis="own-bone", canal_centre_mm=tuple(canal.tolist())))
    return replace(spine, vertebrae=tuple(vertebrae))


def imaging(toy: Toy, structures: dict[str, Mask] | None = None, modality: str | None = "ct") -> Imaging:
    """Label maps that hold nothing but the given structures, one map for each."""
    maps = tuple(LabelMap(mask.astype(np.uint8), toy.grid, {1: name}) for name, mask in (structures or {}).items())
    return Imaging(toy.grid, maps, toy.tumour, None, modality, ())


def block(toy: Toy, i: tuple[int, int], j: tuple[int, int]) -> Mask:
    """A column through the whole height; ranges are half open."""
    mask = np.zeros(toy.grid.shape, dtype=bool)
    mask[slice(*i), slice(*j)] = True
    return mask
