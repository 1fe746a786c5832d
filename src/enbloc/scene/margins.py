"""The colours of margins: where tumour lies bare, and from none to enough.

Lightness falls all the way from no margin to enough, so that the scale holds in grey and for every colour vision.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.resection.nouns import Pieces
from enbloc.scene.nouns import Colour, Tints

IN_TUMOUR: Colour = (176, 32, 24)
SCALE: tuple[Colour, ...] = ((253, 226, 75), (176, 214, 104), (104, 190, 142), (70, 148, 172), (66, 100, 166))
"""Evenly spaced from no margin to enough."""


def margin_colours(margin_mm: npt.ArrayLike, enough_mm: float, bare_mm: float) -> Tints:
    """sRGB (..., 3) of margins (...): below `bare_mm` it lies bare; what is beyond `enough_mm` looks like enough."""
    margin: Array = np.asarray(margin_mm, dtype=np.float64)
    place = np.clip(margin / enough_mm, 0.0, 1.0) * (len(SCALE) - 1)
    steps = np.arange(len(SCALE))
    scale = np.array(SCALE, dtype=np.float64)
    colours = np.stack([np.interp(place, steps, scale[:, channel]) for channel in range(3)], axis=-1)
    colours[margin < bare_mm] = IN_TUMOUR
    tints: Tints = np.rint(colours).astype(np.uint8)
    return tints


def bare_mm(drawing: Pieces) -> float:
    """Half the finest voxel of the pieces: the surface of bare tumour is not known any better."""
    return 0.5 * float(drawing.affine.spacing_mm.min())
