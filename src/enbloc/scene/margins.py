"""The colours of margins: where tumour lies bare, and from none to enough.

Lightness falls all the way from no margin to enough, so that the scale holds in grey and for every colour vision.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array
from enbloc.resection.nouns import Pieces
from enbloc.scene.nouns import Colour, Tints

IN_TUMOUR: Colour = (176, 32, 24)
SCALE: tuple[Colour, ...] = ((253, 226, 75), (176, 214, 104), (104, 190, 142), (70, 148, 172), (66, 100, 166))
"""Evenly spaced from no margin to enough."""


def margin_colours(margin_mm: npt.ArrayLike, enough_mm: float, bare_mm: float) -> Tints:
    """sRGB (..., 3) of margins (...): below `bare_mm` it lies bare; what is beyond `enough_mm` looks like enough."""
    margin: Array = np.ascontiguousarray(margin_mm, dtype=np.float64)
    tints: Tints = np.empty((*margin.shape, 3), dtype=np.uint8)
    scale, in_tumour = np.array(SCALE, dtype=np.float64), np.array(IN_TUMOUR, dtype=np.uint8)
    _colour(tints.reshape(-1, 3), margin.ravel(), enough_mm, bare_mm, scale, in_tumour)
    return tints


@njit("void(uint8[:, ::1], float64[::1], float64, float64, float64[:, ::1], uint8[::1])", cache=True, nogil=True)
def _colour(  # type: ignore[no-untyped-def]  # pragma: no cover
    tints, margin_mm, enough_mm, bare_mm, scale, in_tumour
):
    """Between the two colours of `scale` beside the margin, linearly."""
    last = len(scale) - 1
    for n in range(len(margin_mm)):
        place = min(max(margin_mm[n] / enough_mm, 0.0), 1.0) * last
        step = min(int(place), last - 1)
        for c in range(3):
            if margin_mm[n] < bare_mm:
                tints[n, c] = in_tumour[c]
            else:
                tints[n, c] = np.rint((scale[step + 1, c] - scale[step, c]) * (place - step) + scale[step, c])


def bare_mm(drawing: Pieces) -> float:
    """Half the finest voxel of the pieces: the surface of bare tumour is not known any better."""
    return 0.5 * float(drawing.affine.spacing_mm.min())
