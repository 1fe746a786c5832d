"""Oblique slices in a vertebra's own frame, sampled from the voxels where they lie."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Frame, Part, Spine, is_bone
from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Grid, Imaging, Mask, Volume

Field = npt.NDArray[np.float32]
"""A value per pixel, shape (rows, columns)."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """A square picture plane. `rightward` and `downward` are unit vectors in RAS along columns and rows.

    The letters name the patient's side at each edge. Axial and coronal follow the radiological convention: the
    patient's right is on the viewer's left.
    """

    name: str
    centre_mm: Vector
    rightward: Vector
    downward: Vector
    letters: tuple[str, str, str, str]
    """Left, right, top, bottom."""
    pixels: int
    mm_per_pixel: float

    @property
    def points_mm(self) -> Array:
        """RAS mm of every pixel centre, shape (pixels, pixels, 3)."""
        steps = (np.arange(self.pixels) - (self.pixels - 1) / 2.0) * self.mm_per_pixel
        points: Array = self.centre_mm + steps[:, None, None] * self.downward + steps[None, :, None] * self.rightward
        return points


def cuts(frame: Frame, centre_mm: Vector, pixels: int, mm_per_pixel: float) -> tuple[Cut, Cut, Cut]:
    """Axial, sagittal and coronal planes of `frame` through `centre_mm`."""
    right, anterior, superior = (np.array(axis) for axis in (frame.right, frame.anterior, frame.superior))
    return (
        Cut("axial", centre_mm, -right, -anterior, ("R", "L", "A", "P"), pixels, mm_per_pixel),
        Cut("sagittal", centre_mm, -anterior, -superior, ("A", "P", "S", "I"), pixels, mm_per_pixel),
        Cut("coronal", centre_mm, -right, -superior, ("R", "L", "S", "I"), pixels, mm_per_pixel),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Sampling:
    """The eight voxels around each pixel with their trilinear weights; weights outside the grid are zero.

    Reading labels through it costs eight look-ups per pixel, however large the volume.
    """

    index: tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], npt.NDArray[np.intp]]
    weight: npt.NDArray[np.float32]

    def read(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The values of the eight voxels, shape (8, rows, columns)."""
        return values[self.index]

    def share(self, corners: Mask) -> Field:
        """How much of each pixel's neighbourhood is true: a smooth field whose half level is the outline."""
        field: Field = np.einsum("kij,kij->ij", corners.astype(np.float32), self.weight)
        return field

    @property
    def inside(self) -> Mask:
        return np.asarray(self.weight.sum(axis=0) > 0.5)


def sampling(grid: Grid, points_mm: Array) -> Sampling:
    position = grid.affine.to_index(points_mm)
    base = np.floor(position).astype(np.intp)
    rest = (position - base).astype(np.float32)
    weights = np.zeros((8, *points_mm.shape[:2]), dtype=np.float32)
    index = tuple(np.zeros(weights.shape, dtype=np.intp) for _ in range(3))
    for corner in range(8):
        weight = np.ones(points_mm.shape[:2], dtype=np.float32)
        for axis in range(3):
            step = (corner >> axis) & 1
            at = base[..., axis] + step
            weight *= rest[..., axis] if step else 1.0 - rest[..., axis]
            weight[(at < 0) | (at >= grid.shape[axis])] = 0.0
            index[axis][corner] = np.clip(at, 0, grid.shape[axis] - 1)
        weights[corner] = weight
    return Sampling((index[0], index[1], index[2]), weights)


def sampled_image(volume: Volume, points_mm: Array) -> tuple[Field, Mask]:
    """Trilinear values (CT: HU) and where the image has any."""
    at = sampling(volume.grid, points_mm)
    stored = at.read(volume.stored).astype(np.float32)
    total = at.weight.sum(axis=0)
    mean = np.einsum("kij,kij->ij", stored, at.weight) / np.where(total > 0.0, total, 1.0)
    values: Field = (mean * volume.slope + volume.intercept).astype(np.float32)
    return values, at.inside


@dataclass(frozen=True, slots=True, eq=False)
class Outline:
    """One structure in one slice: `share` crosses one half at its border. `kind` is a key of the scene's styles."""

    kind: str
    name: str
    share: Field

    @property
    def pixels(self) -> int:
        return int(np.count_nonzero(self.share > 0.5))


def column_outlines(spine: Spine, points_mm: Array) -> list[Outline]:
    """Vertebrae (one outline each), discs, the no-go body, tumour and estimated bone, in drawing order."""
    at = sampling(spine.grid, points_mm)
    part, owner = at.read(spine.part), at.read(spine.owner)
    bone = is_bone(part)
    found = [Outline("disc", "disc", at.share(part == Part.DISC))]
    for position, vertebra in enumerate(spine.vertebrae, start=1):
        mine = bone & (owner == position)
        if mine.any():
            found.append(Outline("vertebra", vertebra.level.value, at.share(mine)))
    found.append(Outline("no-go", spine.no_go_basis, at.share(at.read(spine.no_go).astype(bool))))
    found.append(Outline("tumour", "tumour", at.share(at.read(spine.tumour).astype(bool))))
    found.append(Outline("estimated", "estimated", at.share(bone & at.read(spine.estimated).astype(bool))))
    return [outline for outline in found if outline.pixels]


def labelled_outlines(imaging: Imaging, kind_of: Callable[[str], str | None], points_mm: Array) -> list[Outline]:
    """Outlines of other labelled structures; `kind_of` says how each is drawn, None for what is not."""
    found: list[Outline] = []
    for labels in imaging.labels:
        at = sampling(labels.grid, points_mm)
        corners = at.read(labels.values)
        present = np.unique(corners)
        for value, name in sorted(labels.structures.items()):
            kind = kind_of(name) if value in present else None
            if kind is not None:
                found.append(Outline(kind, name, at.share(np.asarray(corners == value))))
    return [outline for outline in found if outline.pixels]


def any_label(imaging: Imaging, points_mm: Array) -> Field:
    """The share of labelled voxels around each pixel: the background where there is no image."""
    total = np.zeros(points_mm.shape[:2], dtype=np.float32)
    for labels in imaging.labels:
        at = sampling(labels.grid, points_mm)
        total = np.maximum(total, at.share(np.asarray(at.read(labels.values) != 0)))
    return total
