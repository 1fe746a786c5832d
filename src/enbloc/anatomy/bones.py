"""The labelled bone of each vertebra: one pass over the label map, then small crops."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from enbloc.core.errors import LabelError
from enbloc.core.geometry import Array, Box, indices_of
from enbloc.core.levels import Level, is_level
from enbloc.core.volume import Grid, Imaging, LabelMap, Mask, axes_as_stored

FINEST_MM = 1.0
COARSEST_MM = 1.5


@dataclass(frozen=True, slots=True, eq=False)
class Bone:
    """The label map's own voxels of one vertebra. `box` is in the full grid; `mask` has the box's shape."""

    level: Level
    box: Box
    mask: Mask
    grid: Grid

    @property
    def volume_mm3(self) -> float:
        return float(np.count_nonzero(self.mask)) * self.grid.affine.voxel_volume_mm3

    @property
    def cut_at_border(self) -> bool:
        """Whether bone reaches the edge of the image, so that part of it may lie outside."""
        low = any(a == 0 and self._face(axis, 0) for axis, a in enumerate(self.box.lower))
        high = any(
            b == n and self._face(axis, -1)
            for axis, (b, n) in enumerate(zip(self.box.upper, self.grid.shape, strict=True))
        )
        return low or high

    def _face(self, axis: int, end: int) -> bool:
        return bool(self.mask.take(end, axis=axis).any())

    def points_mm(self) -> Array:
        """Points in RAS mm, (n, 3), about 1 to 1.5 mm apart: thick voxels are subdivided, fine ones thinned.

        Thinning keeps the same voxels when the array is flipped, so that a mirrored patient gives mirrored points.
        """
        spacing = self.grid.spacing_mm
        keep = np.ones(self.mask.shape, dtype=bool)
        for axis, n in enumerate(self.mask.shape):
            step = max(1, int(COARSEST_MM / spacing[axis]))
            from_end = np.minimum(np.arange(n), np.arange(n)[::-1])
            keep &= (from_end % step == 0).reshape([-1 if a == axis else 1 for a in range(3)])
        index = indices_of(self.mask & keep).astype(np.float64) + np.array(self.box.lower)
        parts = np.maximum(1, np.round(spacing / FINEST_MM).astype(int))
        grid = np.meshgrid(*[(np.arange(n) + 0.5) / n - 0.5 for n in parts], indexing="ij")
        offsets = np.stack(grid, axis=-1).reshape(-1, 3)
        return self.grid.affine.to_world((index[:, None, :] + offsets[None]).reshape(-1, 3))


def vertebra_map(imaging: Imaging) -> LabelMap:
    """The label map that holds whole vertebrae; the first where several do.

    Raises LabelError where none does: the arch cannot be judged from bodies alone.
    """
    for labels in imaging.labels:
        if any(is_level(name) for name in labels.structures.values()):
            return labels
    raise LabelError(
        "no label map holds whole vertebrae",
        field="imaging.labels",
        hint="bodies, parts or discs alone cannot show the arch",
    )


def bones_of(labels: LabelMap) -> tuple[Bone, ...]:
    """Every labelled vertebra with at least one voxel, cranial first. Raises LabelError when there is none."""
    boxes = label_boxes(labels.values)
    found = []
    for value, name in labels.structures.items():
        if is_level(name) and value in boxes:
            box = boxes[value]
            found.append(Bone(Level(name), box, labels.values[box.slices] == value, labels.grid))
    if not found:
        raise LabelError(
            "no vertebra is labelled", field="imaging.labels", hint="is the declared scheme the right one?"
        )
    return tuple(sorted(found, key=lambda bone: bone.level.rank))


def label_boxes(values: npt.NDArray[np.unsignedinteger]) -> dict[int, Box]:
    """Bounding box of every non-zero label, in one pass in memory order (views with any axis order and flips are
    fine).
    """
    order = axes_as_stored(values)
    flipped = [values.strides[axis] < 0 for axis in range(3)]
    view = values[tuple(slice(None, None, -1) if f else slice(None) for f in flipped)].transpose(order)
    extremes = _extremes(np.ascontiguousarray(view), int(np.iinfo(values.dtype).max) + 1)
    boxes = {}
    for value in np.flatnonzero(extremes[:, 0, 0] <= extremes[:, 0, 1]):
        if value == 0:
            continue
        low, high = [0, 0, 0], [0, 0, 0]
        for position, axis in enumerate(order):
            a, b = (int(e) for e in extremes[value, position])
            n = values.shape[axis]
            low[axis], high[axis] = (n - 1 - b, n - a) if flipped[axis] else (a, b + 1)
        boxes[int(value)] = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return boxes


@numba.njit(cache=True)
def _extremes(values: npt.NDArray[np.unsignedinteger], count: int) -> npt.NDArray[np.int64]:
    """Lowest and highest index per label and axis, (count, 3, 2); low > high where the label is absent."""
    found = np.empty((count, 3, 2), np.int64)
    found[:, :, 0] = 1 << 40
    found[:, :, 1] = -1
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            for k in range(values.shape[2]):
                value = values[i, j, k]
                if value != 0:
                    entry = found[value]
                    entry[0, 0] = min(entry[0, 0], i)
                    entry[0, 1] = max(entry[0, 1], i)
                    entry[1, 0] = min(entry[1, 0], j)
                    entry[1, 1] = max(entry[1, 1], j)
                    entry[2, 0] = min(entry[2, 0], k)
                    entry[2, 1] = max(entry[2, 1], k)
    return found
