"""What a file holds, before it is turned to the axis order closest to RAS."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Affine, Array
from enbloc.core.volume import Grid

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
Note = tuple[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class RawImage:
    """Voxels in the file's own axis order; `matrix` maps index to RAS mm. value = stored * slope + intercept."""

    stored: npt.NDArray[np.generic]
    matrix: Array
    slope: float = 1.0
    intercept: float = 0.0
    notes: tuple[Note, ...] = ()


def closest_ras(stored: npt.NDArray[np.generic], matrix: Array, file: str) -> tuple[npt.NDArray[np.generic], Grid]:
    """The same voxels as a view whose axes run closest to right, anterior, superior, with the grid that belongs to it.

    Axes are matched to directions by the largest sum of |cosines|; equal sums (45 degrees) are decided by the
    resulting matrix, so that the answer does not depend on the order the file had. Raises ImageError for a matrix that
    is not finite or singular.
    """
    try:
        Affine(matrix)
    except ValueError as error:
        raise ImageError(str(error), file=file, field="affine", hint="the header is damaged") from None
    if 0 in stored.shape:
        raise ImageError(f"has no voxels, its shape is {stored.shape}", file=file, field="dimensions")
    order = _axis_order(matrix)
    view = stored.transpose(order)
    turned = np.eye(4)
    turned[:3, :3] = matrix[:3, order]
    turned[:3, 3] = matrix[:3, 3]
    for axis in range(3):
        if turned[axis, axis] < 0.0:
            view = np.flip(view, axis)
            turned[:3, 3] += turned[:3, axis] * (view.shape[axis] - 1)
            turned[:3, axis] *= -1.0
    i, j, k = view.shape
    return view, Grid((i, j, k), Affine(turned + 0.0))


def _axis_order(matrix: Array) -> list[int]:
    cosines = matrix[:3, :3] / np.linalg.norm(matrix[:3, :3], axis=0)

    def merit(order: list[int]) -> tuple[float, ...]:
        turned = cosines[:, order] * np.where(np.diag(cosines[:, order]) < 0.0, -1.0, 1.0)
        return (round(float(np.diag(turned).sum()), 9), *np.round(turned, 9).ravel().tolist())

    return max((list(order) for order in permutations(range(3)) if _no_zero(cosines, list(order))), key=merit)


def _no_zero(cosines: Array, order: list[int]) -> bool:
    return bool(np.abs(np.diag(cosines[:, order])).min() > 1e-6)
