"""Whether two files share a space, in measured numbers, and nearest-voxel transfer where they do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import SpaceMismatch
from enbloc.core.geometry import Affine, Array, bounding_box
from enbloc.core.volume import Grid, Mask, axes_as_stored
from enbloc.images.census import Labels
from enbloc.images.raw import Note

INSIDE_SHARE = 0.99
"""Share of a mask's non-zero voxels that must lie in the other block."""
SAME_SPACING = 1e-3
ROUNDING_MM = 0.1
SQUARE_DEG = 0.5
"""Index axes farther than this from a right angle are sheared: distances counted in voxels would be 0.4 % wrong."""
_SAMPLES = 200_000


def same_voxels(a: Grid, b: Grid) -> bool:
    """Same shape, and no corner more than half a voxel apart: headers rounded differently, the voxels are the same."""
    return a.shape == b.shape and a.corner_shift_mm(b) <= 0.5 * float(b.spacing_mm.min())


def rounding_note(own: Grid, reference: Grid, file: str, other: str) -> list[Note]:
    """Says so when two grids with the same voxels are written more than ROUNDING_MM apart."""
    if own.same_as(reference, ROUNDING_MM):
        return []
    shift = own.corner_shift_mm(reference)
    return [
        ("headers-differ", f"{file}: header {shift:.2f} mm off {other}'s at the farthest corner; same voxels assumed")
    ]


def sheared_deg(grid: Grid) -> float:
    """How far the index axes are from standing at right angles."""
    axes = grid.affine.matrix[:3, :3] / grid.spacing_mm
    cosines = (axes.T @ axes)[[0, 0, 1], [1, 2, 2]]
    return float(np.degrees(np.arcsin(np.abs(cosines).max())))


def square_grid(grid: Grid) -> Grid:
    """The grid at right angles that holds all of the sheared `grid`: its first two axes turned as little as needed, its
    third along their normal, voxels as far apart as there.
    """
    axes = grid.affine.matrix[:3, :3]
    first = axes[:, 0] / np.linalg.norm(axes[:, 0])
    second = axes[:, 1] - first * (first @ axes[:, 1])
    second /= np.linalg.norm(second)
    normal = np.cross(first, second)
    normal *= np.sign(normal @ axes[:, 2])
    steps = np.array([np.linalg.norm(axes[:, 0]), abs(second @ axes[:, 1]), normal @ axes[:, 2]])
    matrix = np.eye(4)
    matrix[:3, :3] = np.column_stack([first, second, normal]) * steps
    matrix[:3, 3] = grid.affine.matrix[:3, 3]
    centres = Affine(matrix).to_index(grid.affine.to_world(_ends(grid)))
    low = np.floor(centres.min(axis=0) + 1e-6)
    i, j, k = (np.ceil(centres.max(axis=0) - 1e-6) - low).astype(int) + 1
    matrix[:3, 3] = Affine(matrix).to_world(low)
    return Grid((int(i), int(j), int(k)), Affine(matrix))


def _ends(grid: Grid) -> Array:
    """Index of the eight voxels in the corners."""
    ends = np.array([[i, j, k] for i in (0, 1) for j in (0, 1) for k in (0, 1)])
    return ends * (np.array(grid.shape) - 1.0)


def inside_share(mask: Mask, grid: Grid, other: Grid) -> float:
    """Share of true voxels whose centres lie in the block of `other`; large masks are sampled evenly (200 000 to 400
    000).
    """
    n_true = int(np.count_nonzero(mask))
    if n_true == 0:
        return 1.0
    order = list(axes_as_stored(mask))  # np.nonzero is fast along memory only
    step = max(1, int((n_true / _SAMPLES) ** (1.0 / 3.0)))
    found = np.argwhere(mask.transpose(order)[::step, ::step, ::step]) * step
    places = np.empty_like(found)
    places[:, order] = found
    index = other.affine.to_index(grid.affine.to_world(places))
    within = (index >= -0.5 - 1e-6) & (index <= np.array(other.shape) - 0.5 + 1e-6)
    return float(within.all(axis=1).mean())


def refuse_other_space(
    mask: Mask, grid: Grid, other: Grid, file: str, other_name: str, share_of: str | None = None
) -> None:
    """Raises SpaceMismatch unless `mask` on `grid` can belong to the space of `other`.

    Refused: the same array shape and spacing in another place (more than half a voxel at the farthest corner: a header
    slip or another series), and masks of which less than INSIDE_SHARE lies in the other block.
    """
    shift = grid.corner_shift_mm(other)
    hint = "was it drawn on another series?"
    if _twins(grid, other) and shift > 0.5 * float(other.spacing_mm.min()):
        message = f"same shape and spacing as {other_name}, yet {shift:.1f} mm off at the farthest corner"
        raise SpaceMismatch(message, file=file, field="grid", hint=hint)
    share = inside_share(mask, grid, other)
    if share < INSIDE_SHARE:
        message = (
            f"{share:.0%} of {share_of or f'its voxels lie in {other_name}'}, the farthest corner is {shift:.1f} mm off"
        )
        raise SpaceMismatch(message, file=file, field="grid", hint=hint)


def refuse_outside(points_mm: Array, grid: Grid, file: str, what: str, hint: str) -> None:
    """Raises SpaceMismatch unless INSIDE_SHARE of the points (n, 3) that make up `what` lie in the block of `grid`."""
    index = grid.affine.to_index(points_mm)
    within = (index >= -0.5) & (index <= np.array(grid.shape) - 0.5)
    share = float(within.all(axis=1).mean())
    if share < INSIDE_SHARE:
        distance = float(np.linalg.norm(points_mm.mean(axis=0) - grid.corners_mm().mean(axis=0)))
        message = (
            f"{share:.0%} of the {what} lies in the labels' block, its centre is {distance:.0f} mm from the block's"
        )
        raise SpaceMismatch(message, file=file, field="frame", hint=hint)


def _twins(a: Grid, b: Grid) -> bool:
    return a.shape == b.shape and bool(np.abs(a.spacing_mm / b.spacing_mm - 1.0).max() < SAME_SPACING)


def to_grid(values: Labels, grid: Grid, reference: Grid) -> Labels:
    """Each voxel of `reference` takes the value of the voxel of `grid` its centre lies in, 0 outside."""
    moved: Labels = np.zeros(reference.shape, dtype=values.dtype, order="F")
    box = bounding_box(values != 0)
    if box is None:
        return moved
    step = reference.affine.matrix
    to_own = grid.affine.inverse @ step
    corners = np.array([[i, j, k] for i in (-1, 1) for j in (-1, 1) for k in (-1, 1)])
    middle, half = (np.add(box.lower, box.upper) - 1) / 2.0, np.subtract(box.upper, box.lower) / 2.0
    there = reference.affine.to_index(grid.affine.to_world(middle + corners * half))
    low = np.clip(np.floor(there.min(axis=0)).astype(int) - 1, 0, reference.shape)
    high = np.clip(np.ceil(there.max(axis=0)).astype(int) + 2, 0, reference.shape)
    i, j = np.arange(low[0], high[0])[:, np.newaxis], np.arange(low[1], high[1])[np.newaxis, :]
    for k in range(low[2], high[2]):
        moved[low[0] : high[0], low[1] : high[1], k] = _slice(values, to_own, i, j, k)
    return moved


def _slice(values: Labels, to_own: Array, i: npt.NDArray[np.int64], j: npt.NDArray[np.int64], k: int) -> Labels:
    """Ties (centre on a voxel border) go to the higher index, always the same way."""
    places = []
    within = np.ones((i.shape[0], j.shape[1]), dtype=bool)
    for axis, n in enumerate(values.shape):
        at = to_own[axis, 0] * i + to_own[axis, 1] * j + (to_own[axis, 2] * k + to_own[axis, 3])
        index = np.floor(at + (0.5 + 1e-6)).astype(np.int64)
        within &= (index >= 0) & (index < n)
        places.append(np.clip(index, 0, n - 1))
    taken: Labels = np.where(within, values[places[0], places[1], places[2]], values.dtype.type(0))
    return taken
