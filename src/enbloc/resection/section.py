"""One plane's section, measured finely: its outline, what it passes, how near it comes."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector, indices_of
from enbloc.core.volume import Mask
from enbloc.resection import kernels
from enbloc.resection.kernels import JOINED, Stamps, basis, code_at, holds, measure_section, plane_origin, sound_section
from enbloc.resection.passage import Passage
from enbloc.resection.polyline import simplified

PITCH = 0.25
"""Pixels of a measured section, in voxels of the operative field."""
AREAS = [kernels.PIXELS, kernels.IN_TUMOUR, kernels.BODY, kernels.PEDICLE, kernels.ARCH]
OUTLINE_MM = 0.15
"""The outline is simplified by less than this."""


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """The part of plane ∩ tissue that a saw passes, in voxels of the passage's block.

    `filled` (n, m) are its pixels, `pixel_mm` apart; pixel (i, j) lies at corner + i across + j along (those two being
    one pixel long). `row` holds the columns of `kernels`, in pixels; `flaw` is one of its flaws.
    """

    passage: Passage
    normal: Vector
    filled: Mask
    corner: Vector
    across: Vector
    along: Vector
    row: Array
    flaw: float

    def in_pixels_of(self, pitch: float) -> Array:
        """`row` with areas and lengths counted in pixels of another pitch."""
        row = self.row.copy()
        row[AREAS] *= (PITCH / pitch) ** 2
        row[kernels.AT_JOINED] *= PITCH / pitch
        return row

    @property
    def pixel_mm2(self) -> float:
        return float((PITCH * self.passage.step_mm) ** 2)

    @property
    def area_mm2(self) -> float:
        return float(self.row[kernels.PIXELS]) * self.pixel_mm2

    @property
    def tumour_mm2(self) -> float:
        return float(self.row[kernels.IN_TUMOUR]) * self.pixel_mm2

    def points(self) -> Array:
        """Middles of the pixels, voxels of the operative field, (n, 3)."""
        pixels = indices_of(self.filled).astype(np.float64)
        return self._placed(pixels)

    def outline(self) -> Array:
        """The longest closed line around the section, voxels of the operative field, (n, 3); counter-clockwise seen
        from the tip of the normal.
        """
        from skimage.measure import find_contours

        lines = find_contours(np.pad(self.filled, 1).astype(np.float32), 0.5)  # type: ignore[no-untyped-call]
        longest = max(lines, key=len) - 1.0
        tolerance = OUTLINE_MM / (PITCH * self.passage.step_mm)
        plain = simplified(longest, tolerance)[:-1]
        turn = np.cross(self.across, self.along) @ self.normal
        x, y = plain.T
        area = 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
        return self._placed(plain if area * turn > 0.0 else plain[::-1])

    def _placed(self, pixels: Array) -> Array:
        block = self.corner + pixels[:, :1] * self.across + pixels[:, 1:] * self.along
        placed: Array = block + self.passage.lower
        return placed


def section_of(passage: Passage, normal: Vector, offset: float, start: int = 0) -> Section:
    """The section of the plane `normal . x = offset` (voxels of the passage's block) that the wall path meets first
    from its point `start` on.
    """
    fine = int(passage.half / PITCH) + 1
    stamp, count, row = _section(
        passage.code, passage.part, passage.tumour_mm, passage.no_go_mm, passage.vessel_mm, passage.points,
        passage.ends, normal, offset, passage.pivot, PITCH, fine, start,
    )  # fmt: skip
    across, along = basis(normal)
    filled = stamp > 0
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    low = np.array([rows[0], columns[0]]) if len(rows) else np.zeros(2, np.intp)
    if len(rows):
        filled = filled[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    first = (low - fine) * PITCH
    corner = plane_origin(normal, offset, passage.pivot) + first[0] * across + first[1] * along
    return Section(
        passage, normal, filled, corner, PITCH * across, PITCH * along, row, float(row[kernels.FLAW]) if count else NONE
    )


NONE = kernels.NO_SECTION


@numba.njit(cache=True, nogil=True)
def _section(
    code: kernels.Codes,
    part: kernels.Codes,
    tumour_mm: kernels.Millimetres,
    no_go_mm: kernels.Millimetres,
    vessel_mm: kernels.Millimetres,
    points: kernels.Millimetres,
    ends: kernels.Ints,
    normal: Array,
    offset: float,
    pivot: Array,
    pitch: float,
    half: int,
    start: int,
) -> tuple[npt.NDArray[np.uint8], int, Array]:
    """The sound section, or where there is none all solid tissue in the plane; its pixels and measures."""
    stamp: Stamps = np.zeros((2 * half + 1, 2 * half + 1), np.int32)
    queue = np.empty(((2 * half + 1) ** 2, 2), np.int32)
    across, along = basis(normal)
    origin = plane_origin(normal, offset, pivot)
    new = int(np.int64(1))  # of a literal another version would be compiled
    _, count, end, flaw = sound_section(
        code, points, ends, normal, offset, origin, across, along, pitch, start, stamp, new, new, queue
    )
    if flaw != 0.0:
        count = 0
        for a in range(-half, half + 1):
            for b in range(-half, half + 1):
                x = origin[0] + pitch * (a * across[0] + b * along[0])
                y = origin[1] + pitch * (a * across[1] + b * along[1])
                z = origin[2] + pitch * (a * across[2] + b * along[2])
                if code_at(code, x, y, z) == kernels.SOLID:
                    queue[count, 0], queue[count, 1] = a, b
                    count += 1
    row = np.zeros(kernels.MEASURES)
    joins = holds(code, JOINED)
    measure_section(code, part, tumour_mm, no_go_mm, vessel_mm, origin, across, along, pitch, queue, count, row, joins)
    row[kernels.FLAW], row[kernels.END] = flaw, end
    filled = np.zeros(stamp.shape, np.uint8)
    for n in range(count):
        filled[queue[n, 0] + half, queue[n, 1] + half] = 1
    return filled, count, row
