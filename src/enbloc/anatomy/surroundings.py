"""What lies in and around the column besides bone: the no-go body and other labelled structures."""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.parts import PartMap
from enbloc.anatomy.spine import Part
from enbloc.core.geometry import Box
from enbloc.core.levels import is_level
from enbloc.core.volume import Imaging, Mask


def structure_mask(imaging: Imaging, structure: str, region: Box) -> Mask | None:
    """Voxels of a structure in `region`, joined over the label maps that hold it; None when none does."""
    holders = imaging.holders(structure)
    if not holders:
        return None
    mask = np.zeros(region.shape, dtype=bool)
    for labels, value in holders:
        mask |= labels.values[region.slices] == value
    return mask


def no_go_body(imaging: Imaging, region: Box, part: PartMap) -> tuple[Mask, str]:
    """The dural sac where it is labelled, else the whole canal: never the cord alone, whose sac would be left out."""
    sac = structure_mask(imaging, "dural-sac", region)
    if sac is not None and sac.any():
        return sac, "dural sac, from its label"
    cord = structure_mask(imaging, "cord", region)
    canal = part == Part.CANAL
    if cord is not None and cord.any():
        return canal | cord, "whole canal: the cord is labelled, its dural sac is not"
    return canal, "whole canal: cord position unknown"


def other_structures(imaging: Imaging) -> tuple[str, ...]:
    """Names of everything labelled that is not a vertebra, sorted."""
    names = {name for labels in imaging.labels for name in labels.structures.values() if not is_level(name)}
    return tuple(sorted(names))
