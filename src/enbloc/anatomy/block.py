"""One vertebra's bone sampled along its own axes, and where straight lines enter and leave it.

Between voxel centres the share of bone runs linearly; its surface lies where that share is a half. So borders are found
between voxels, and a border's position is averaged over many lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
import numpy.typing as npt

from enbloc.anatomy.spine import Frame
from enbloc.core.geometry import Affine, Array, Vector, bounding_box
from enbloc.core.volume import Mask

Shares = npt.NDArray[np.floating[Any]]
FINEST_MM = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Share of bone at points `step_mm` apart along right, anterior, superior of `frame`, the first at `start_mm`."""

    share: Shares
    start_mm: Vector
    step_mm: float
    frame: Frame

    def places(self, axis: int) -> Vector:
        """Coordinates of the points along one axis of the frame."""
        found: Vector = self.start_mm[axis] + self.step_mm * np.arange(self.share.shape[axis])
        return found

    def first(self, axis: int) -> Array:
        """Where lines along `axis` first enter bone; NaN where they never do."""
        return entries(np.moveaxis(self.share, axis, -1), float(self.start_mm[axis]), self.step_mm)

    def last(self, axis: int) -> Array:
        """Where lines along `axis` leave bone for good; NaN where they never do."""
        turned = np.moveaxis(self.share, axis, -1)[..., ::-1]
        end = float(self.start_mm[axis]) + self.step_mm * (self.share.shape[axis] - 1)
        return entries(turned, end, -self.step_mm)


def entries(lines: Shares, start_mm: float, step_mm: float) -> Array:
    """Along the last axis, where the share first rises from below a half to a half, between samples; NaN where never.

    A line that starts in bone must leave it first.
    """
    inside = lines >= 0.5
    rises = inside[..., 1:] & ~inside[..., :-1]
    index = rises.argmax(axis=-1)
    before = np.take_along_axis(lines, index[..., None], axis=-1)[..., 0].astype(np.float64)
    after = np.take_along_axis(lines, index[..., None] + 1, axis=-1)[..., 0].astype(np.float64)
    valid = rises.any(axis=-1)
    share = (0.5 - before) / np.where(valid, after - before, 1.0)
    place: Array = np.where(valid, start_mm + step_mm * (index + share), np.nan)
    return place


def mean_of_lines(borders: Array, axis: int) -> Array:
    """Mean over lines of an axis that meet a border; NaN where fewer than half of them do, or there are none."""
    met = np.isfinite(borders)
    count = met.sum(axis=axis)
    total = np.where(met, borders, 0.0).sum(axis=axis)
    mean: Array = np.where((2 * count >= borders.shape[axis]) & (count > 0), total / np.maximum(count, 1), np.nan)
    return mean


def sampled(bone: Mask, affine: Affine, frame: Frame, low_mm: Vector, high_mm: Vector) -> Block:
    """`bone` between two corners given in `frame`; outside the array there is none."""
    step = max(FINEST_MM, 0.5 * float(affine.spacing_mm.min()))
    counts = np.maximum(2, np.ceil((high_mm - low_mm) / step).astype(np.int64) + 1)
    to_index = affine.inverse[:3, :3] @ frame.axes.T
    first = affine.to_index(frame.to_world(low_mm))
    share = np.zeros(tuple(int(n) for n in counts), np.float32)
    box = bounding_box(bone)
    if box is not None:
        low = np.array(box.lower, dtype=np.float64)
        _sample(np.ascontiguousarray(bone[box.slices]), first - low, np.ascontiguousarray(to_index * step), share)
    return Block(share, np.asarray(low_mm, dtype=np.float64), step, frame)


@numba.njit(cache=True)
def _sample(bone: Mask, first: Vector, steps: Array, share: Shares) -> None:
    """Trilinear share of bone at first + steps @ (a, b, c) for every entry of `share`."""
    for a in range(share.shape[0]):
        for b in range(share.shape[1]):
            for c in range(share.shape[2]):
                x = first[0] + steps[0, 0] * a + steps[0, 1] * b + steps[0, 2] * c
                y = first[1] + steps[1, 0] * a + steps[1, 1] * b + steps[1, 2] * c
                z = first[2] + steps[2, 0] * a + steps[2, 1] * b + steps[2, 2] * c
                i, j, k = int(np.floor(x)), int(np.floor(y)), int(np.floor(z))
                if i < -1 or j < -1 or k < -1 or i >= bone.shape[0] or j >= bone.shape[1] or k >= bone.shape[2]:
                    continue
                total = 0.0
                for u in range(2):
                    if not 0 <= i + u < bone.shape[0]:
                        continue
                    for v in range(2):
                        if not 0 <= j + v < bone.shape[1]:
                            continue
                        for w in range(2):
                            if 0 <= k + w < bone.shape[2] and bone[i + u, j + v, k + w]:
                                total += (
                                    (x - i if u else 1.0 + i - x)
                                    * (y - j if v else 1.0 + j - y)
                                    * (z - k if w else 1.0 + k - z)
                                )
                share[a, b, c] = total
