"""Slices to one regular lattice, from position, orientation and pixel spacing alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from enbloc.core.errors import ImageError
from enbloc.core.geometry import Array, Vector
from enbloc.images.dicom.header import Header

LATTICE_MM = 0.2
"""Farthest that a slice may lie from its place in the lattice. Positions rounded to 0.1 mm lie within 0.09 mm."""
SAME_PLACE_MM = 0.01
PERPENDICULAR = 1e-3
"""How far the cosines of rows and columns may be from length 1 and from a right angle: they are written rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """Centre of the first pixel in LPS mm; `cosines` of rows and columns, shape (2, 3); steps from row to row
    and from column to column.
    """

    position_mm: Vector
    cosines: Array
    spacing_mm: Array


@dataclass(frozen=True, slots=True, eq=False)
class Lattice:
    """`places`: of each slice given, its number along the normal, from 0. `matrix`: (column, row, slice) to LPS mm.

    `shift_mm`: how far the worst slice lies from where the matrix puts it. `tilt_deg`: angle between the direction in
    which slices follow each other and their normal.
    """

    places: tuple[int, ...]
    matrix: Array
    shift_mm: float
    tilt_deg: float


def slice_of(header: Header, *groups: Header | None) -> Slice:
    """From a classic header, or from the functional groups of a frame (its own first, then the shared ones)."""
    found = [
        _macro(keyword, count, header, [group.item(sequence) for group in groups if group is not None])
        for keyword, sequence, count in (
            ("ImagePositionPatient", "PlanePositionSequence", 3),
            ("ImageOrientationPatient", "PlaneOrientationSequence", 6),
            ("PixelSpacing", "PixelMeasuresSequence", 2),
        )
    ]
    position, cosines, spacing = found
    if spacing.min() <= 0.0:
        raise ImageError("is not above 0", file=header.file, field="PixelSpacing")
    axes = cosines.reshape(2, 3)
    if np.abs(axes @ axes.T - np.eye(2)).max() > PERPENDICULAR:
        message = "rows and columns are not two perpendicular directions"
        raise ImageError(message, file=header.file, field="ImageOrientationPatient")
    return Slice(position, axes, spacing)


def _macro(keyword: str, count: int, header: Header, items: list[Header | None]) -> Array:
    for source in (*items, header):
        if source is not None and (numbers := source.numbers(keyword, count)) is not None:
            return numbers
    raise ImageError("is missing, so the place in the patient is unknown", file=header.file, field=keyword)


def refuse_mixed(slices: list[Slice], shape: tuple[int, int], file: str) -> None:
    """Raises ImageError unless all slices lie parallel and have one pixel spacing, to within LATTICE_MM at a corner."""
    cosines = np.array([s.cosines for s in slices])
    size = np.array([s.spacing_mm for s in slices])[:, ::-1] * (shape[1] - 1, shape[0] - 1)
    chord = np.linalg.norm(cosines - cosines[0], axis=2)
    if (chord * size[0]).sum(axis=1).max() > LATTICE_MM:
        angle = float(np.degrees(2.0 * np.arcsin(min(1.0, chord.max() / 2.0))))
        message = f"holds slices of more than one orientation, up to {angle:.1f} degrees apart"
        raise ImageError(message, file=file, field="ImageOrientationPatient", hint="export one of them alone")
    if np.abs(size - size[0]).sum(axis=1).max() > LATTICE_MM:
        message = "holds slices of more than one pixel spacing"
        raise ImageError(message, file=file, field="PixelSpacing", hint="export one series alone")


def normal_of(slices: list[Slice]) -> Vector:
    row, column = np.mean([s.cosines for s in slices], axis=0)
    normal: Vector = np.cross(row, column)
    return normal


def fit_lattice(slices: list[Slice], shape: tuple[int, int], file: str) -> Lattice:
    """The lattice of a whole series. Raises ImageError for two orientations, gaps, uneven steps, slices
    in one place.
    """
    if len(slices) < 2:
        hint = "a folder with all slices of the series, or one multi-frame file"
        raise ImageError("is a single slice", file=file, field="ImagePositionPatient", hint=hint)
    refuse_mixed(slices, shape, file)
    heights = np.array([s.position_mm for s in slices]) @ normal_of(slices)
    order = np.argsort(heights, kind="stable")
    _refuse_uneven(heights[order], file)
    places = np.empty(len(slices), int)
    places[order] = np.arange(len(slices))
    return lattice_at(slices, places.tolist(), None, file)


def lattice_at(slices: list[Slice], places: list[int], step_mm: Vector | None, file: str) -> Lattice:
    """Least squares through positions whose places are known; `step_mm` to the next place where all have the same."""
    positions = np.array([s.position_mm for s in slices])
    number = np.array(places, dtype=np.float64)
    centred = number - number.mean()
    if step_mm is None:
        step_mm = centred @ (positions - positions.mean(axis=0)) / (centred @ centred)
    first = positions.mean(axis=0) - number.mean() * step_mm
    shift = float(np.linalg.norm(positions - first - number[:, np.newaxis] * step_mm, axis=1).max())
    if shift > LATTICE_MM:
        message = f"a slice lies {shift:.2f} mm from its place between the others"
        hint = f"{LATTICE_MM:g} mm are allowed; export a series with equal steps"
        raise ImageError(message, file=file, field="ImagePositionPatient", hint=hint)
    row, column = np.mean([s.cosines for s in slices], axis=0)
    between_rows, between_columns = np.mean([s.spacing_mm for s in slices], axis=0)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = row * between_columns, column * between_rows, step_mm
    matrix[:3, 3] = first
    normal = np.cross(row, column)
    across = np.linalg.norm(np.cross(normal, step_mm))
    tilt = float(np.degrees(np.arctan2(across, normal @ step_mm)))
    return Lattice(tuple(places), matrix, shift, tilt)


def _refuse_uneven(heights: Array, file: str) -> None:
    steps = np.diff(heights)
    field = "ImagePositionPatient"
    twice = int((steps < SAME_PLACE_MM).sum())
    if twice:
        hint = "several phases, echoes or copies? export one of them alone"
        raise ImageError(f"{twice} slices lie where another one lies", file=file, field=field, hint=hint)
    usual = float(np.median(steps))
    multiple = np.rint(steps / usual)
    gaps = np.flatnonzero(multiple > 1)
    regular = np.abs(steps - multiple * usual).max() <= 2.0 * LATTICE_MM
    if len(gaps) and regular and len(gaps) <= max(1, len(steps) // 10):
        missing = int(multiple[gaps].sum()) - len(gaps)
        message = (
            f"{missing} of {len(heights) + missing} slices {'is' if missing == 1 else 'are'} missing: after slice "
            f"{gaps[0] + 1} comes a step of {steps[gaps[0]]:.4g} mm, usual are {usual:.4g} mm"
        )
        raise ImageError(message, file=file, field=field, hint="export the series again, whole")
    if np.abs(steps - usual).max() > 2.0 * LATTICE_MM:
        message = f"slices are {steps.min():.4g} to {steps.max():.4g} mm apart, not evenly"
        raise ImageError(message, file=file, field=field, hint="export a series with equal steps")
