"""Confirms a reported cut from its noun and the patient's voxels alone; scipy only, nothing of the resection stage.

The plane and the outline are laid through the labels; the cut is believed only where all that it says holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import ndimage

from enbloc.anatomy import Part, Spine, Vertebra
from enbloc.resection.nouns import Cut, Gate

FINE_MM = 0.5
PIXEL_MM = 0.2
BESIDE_MM = 1.2
"""A saw parts what lies so far beside the outline: one and a half voxels of the operative field, which is as far as a
link between two of its voxels may pass a section by (a pixel and its diagonal)."""
BESIDE_DISC_MM = 3.0
"""The rim of a disc is drawn by rule, not labelled: thin shreds of it hang on beside a section."""
SIDES = (Gate.LEFT, Gate.RIGHT)
BONE = range(int(Part.BODY), int(Part.ARTICULAR_RIGHT) + 1)
CENTRAL_MM = 1.0
"""The body in front of the canal and the arch behind it, so near the mid-plane, are what a ring cut parts."""


@dataclass(frozen=True)
class Outline:
    """The polygon in its own plane: a raster of what lies inside, and of how far the rest lies outside."""

    cut: Cut

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        normal = np.array(self.cut.normal)
        one = np.cross(normal, np.eye(3)[np.argmin(abs(normal))])
        one /= np.linalg.norm(one)
        return normal, one, np.cross(normal, one)

    @cached_property
    def corners(self) -> np.ndarray:
        _, one, two = self.axes
        away = np.array(self.cut.polygon_mm) - self.cut.point_mm
        return np.stack([away @ one, away @ two], axis=1)

    @cached_property
    def raster(self) -> tuple[np.ndarray, np.ndarray]:
        """First pixel's middle, and the pixels inside by the even-odd rule."""
        low = self.corners.min(axis=0) - 3.0
        count = np.ceil((self.corners.max(axis=0) + 3.0 - low) / PIXEL_MM).astype(int)
        u = low[0] + PIXEL_MM * np.arange(count[0])
        inside = np.zeros(tuple(count), bool)
        v = (low[1] + PIXEL_MM * np.arange(count[1]))[None, :]
        for (u0, v0), (u1, v1) in zip(self.corners, np.roll(self.corners, -1, axis=0), strict=True):
            if u0 == u1:
                continue
            rows = (u >= min(u0, u1)) & (u < max(u0, u1))
            at = v0 + (u[rows] - u0) * (v1 - v0) / (u1 - u0)
            inside[rows] ^= v > at[:, None]
        return low, inside

    @cached_property
    def outside_mm(self) -> np.ndarray:
        return ndimage.distance_transform_edt(~self.raster[1]) * PIXEL_MM

    @cached_property
    def points_mm(self) -> np.ndarray:
        """RAS of the pixels inside, and of the corners."""
        low, inside = self.raster
        _, one, two = self.axes
        u, v = (low + PIXEL_MM * np.argwhere(inside)).T
        middle = np.array(self.cut.point_mm)
        return np.concatenate([middle + u[:, None] * one + v[:, None] * two, np.array(self.cut.polygon_mm)])

    def beside(self, points_mm: np.ndarray) -> np.ndarray:
        """Whether points, laid onto the plane, count as sawn."""
        far_mm = BESIDE_MM if self.cut.gate in SIDES else BESIDE_DISC_MM
        low, inside = self.raster
        _, one, two = self.axes
        away = points_mm - np.array(self.cut.point_mm)
        index = np.rint((np.stack([away @ one, away @ two], axis=-1) - low) / PIXEL_MM).astype(int)
        seen = ((index >= 0) & (index < inside.shape)).all(axis=-1)
        found = np.zeros(seen.shape, bool)
        found[seen] = self.outside_mm[tuple(index[seen].T)] <= far_mm
        return found

    @property
    def area_mm2(self) -> float:
        """By the shoelace formula; positive counter-clockwise seen from the normal's tip."""
        u, v = self.corners.T
        return 0.5 * float(np.sum(u * np.roll(v, -1) - np.roll(u, -1) * v))

    @property
    def round_mm(self) -> float:
        return float(np.linalg.norm(self.corners - np.roll(self.corners, -1, axis=0), axis=1).sum())


def signed_mm(mask: np.ndarray, spacing_mm: np.ndarray) -> np.ndarray:
    """Centre to centre less half a voxel, negative inside."""
    half = 0.5 * float(spacing_mm.mean())
    outside = ndimage.distance_transform_edt(~mask, sampling=spacing_mm) - half
    return np.where(mask, half - ndimage.distance_transform_edt(mask, sampling=spacing_mm), outside)


class Confirmer:
    """`objections(cut)`: everything that a cut says and the patient's voxels deny."""

    def __init__(self, spine: Spine) -> None:
        self.spine, self.spacing = spine, np.asarray(spine.grid.spacing_mm)
        self.tumour_mm = signed_mm(spine.tumour, self.spacing)
        no_go = spine.no_go & ~spine.tumour
        self.no_go_mm = signed_mm(no_go, self.spacing) if no_go.any() else np.full(no_go.shape, 1e3)
        self.voxel_mm = float(self.spacing.max())

    def objections(self, cut: Cut) -> list[str]:
        return list(self._objections(cut, Outline(cut)))

    def _objections(self, cut: Cut, outline: Outline) -> Iterator[str]:
        points = outline.points_mm
        off = np.abs((np.array(cut.polygon_mm) - cut.point_mm) @ cut.normal).max()
        if off > 1e-6:
            yield f"the outline leaves its plane by {off:.3g} mm"
        if outline.area_mm2 <= 0.0:
            yield "the outline runs clockwise"
        if not self.severs(cut, outline):
            yield "does not sever"
        # the mask's voxels decide to half a voxel; the outline is simplified by 0.15 mm
        slack = 0.5 * self.voxel_mm + 0.15
        margin = float(self.read(self.tumour_mm, points).min()) - 0.5 * cut.kerf_mm
        thick = cut.margin_mm.high - cut.margin_mm.value if self.voxel_mm > 3.0 else 0.0  # told in whole slices
        if not cut.margin_mm.value - slack <= margin <= cut.margin_mm.value + thick + slack:
            yield f"margin {cut.margin_mm.value:.2f}, found {margin:.2f} mm"
        if abs(max(0.0, -cut.margin_mm.value) - cut.depth_mm) > 1e-9:
            yield "depth and margin disagree"
        # a border is uncertain by half a voxel of the field (0.4 mm) and the outline's 0.15 mm; holes are not outlined
        doubt = 0.55 * outline.round_mm
        if not cut.section_mm2 - doubt <= outline.area_mm2 <= 1.1 * cut.section_mm2 + doubt:
            yield f"section {cut.section_mm2:.0f}, outlined {outline.area_mm2:.0f} mm2"
        in_tumour = float((self.read(self.tumour_mm, points) < 0.0).sum()) * PIXEL_MM**2
        if abs(in_tumour - cut.tumour_mm2) > doubt or (cut.tumour_mm2 == 0.0 and margin < -slack):
            yield f"tumour {cut.tumour_mm2:.0f}, found {in_tumour:.0f} mm2"
        clear = float(self.read(self.no_go_mm, points).min()) - 0.5 * cut.kerf_mm
        least = -slack if cut.sac_clearance_mm is not None else -0.5 * cut.kerf_mm - self.voxel_mm - slack
        if clear < least:
            yield f"enters the no-go body by {-clear:.2f} mm"
        if cut.sac_clearance_mm is not None and abs(clear - cut.sac_clearance_mm.value) > slack + thick:
            yield f"clears the sac by {clear:.2f}, not {cut.sac_clearance_mm.value:.2f} mm"
        if not self.faces_what_leaves(cut):
            yield "the normal points away from what leaves"

    def parted(self, cuts: tuple[Cut, ...]) -> list[str]:
        """What stays joined with all ring cuts of a level made: the front of its body, and the arch where the sides
        are divided. The level alone is looked at, all of it, on both sides.
        """
        found = []
        for level in dict.fromkeys(cut.level for cut in cuts):
            rings = [cut for cut in cuts if cut.level is level and cut.gate in SIDES]
            if {cut.gate for cut in rings} != set(SIDES):
                continue  # a side is open
            points, owner, part = self.fine(rings[0])
            whole = (np.isin(part % 100, list(BONE)) | (part >= 100)) & (owner == 1 + self.spine.levels.index(level))
            solid = whole & ~np.logical_or.reduce([self.sawn(cut, points) for cut in rings])
            ends = [self.around_ring(cut, points, owner, part) for cut in rings]
            pieces, _ = ndimage.label(solid)
            body, arch = (set(np.unique(pieces[one | two])) - {0} for one, two in zip(*ends, strict=True))
            if body & arch:
                found.append(f"{level}: body and arch hang together with both ring cuts made")
        return found

    def read(self, values: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
        index = self.spine.grid.affine.to_index(points_mm)
        return ndimage.map_coordinates(values, index.T, order=1, mode="nearest")

    def vertebra(self, cut: Cut) -> Vertebra:
        found = self.spine.vertebra(cut.level)
        assert found is not None
        return found

    def faces_what_leaves(self, cut: Cut) -> bool:
        mine = self.spine.owner == 1 + self.spine.levels.index(cut.level)
        what = mine & (self.spine.tumour if cut.gate in SIDES else self.spine.part == Part.BODY)
        ahead = (self.spine.grid.affine.to_world(np.argwhere(what if what.any() else mine)) - cut.point_mm) @ cut.normal
        return float(np.sign(ahead).sum()) >= 0.0

    def severs(self, cut: Cut, outline: Outline) -> bool:
        points, owner, part = self.fine(cut)
        solid = self.tissue(cut, points, owner, part)
        ends = self.around_ring if cut.gate in SIDES else self.column
        one, two = ends(cut, points, owner, part)
        pieces, _ = ndimage.label(solid & ~self.sawn(cut, points, outline))
        return not (set(np.unique(pieces[one])) - {0}) & (set(np.unique(pieces[two])) - {0})

    def sawn(self, cut: Cut, points: np.ndarray, outline: Outline | None = None) -> np.ndarray:
        """The points of the fine grid that the cut takes: half a step to either side of its plane."""
        away = (points - np.array(cut.point_mm)) @ cut.normal
        thick = 0.5 * FINE_MM * float(np.abs(np.array(cut.normal) @ self.turned(cut)).sum())
        near = np.abs(away) <= thick
        near[near] &= (outline or Outline(cut)).beside(points[near])
        return near

    def turned(self, cut: Cut) -> np.ndarray:
        """The fine grid's axes as columns: the vertebra's own."""
        frame = self.vertebra(cut).frame
        assert frame is not None
        return np.asarray(frame.axes).T

    def fine(self, cut: Cut) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """RAS of a fine grid around the level, with owner and part of the nearest voxel."""
        numbers = [1 + self.spine.levels.index(cut.level)]
        if cut.gate not in SIDES:
            numbers.append(numbers[0] + (-1 if cut.gate is Gate.CRANIAL else 1))
        spine, axes = self.spine, self.turned(cut)
        wanted = np.isin(spine.owner, numbers) & (np.isin(spine.part, list(BONE)) | spine.tumour)
        if cut.gate not in SIDES:
            wanted &= (spine.part == Part.BODY) | spine.tumour
        local = spine.grid.affine.to_world(np.argwhere(wanted)) @ axes
        low, high = local.min(axis=0) - 1.0, local.max(axis=0) + 1.0
        shape = np.ceil((high - low) / FINE_MM).astype(int) + 1
        points = (np.moveaxis(np.indices(tuple(shape)), 0, -1) * FINE_MM + low) @ axes.T
        index = np.rint(spine.grid.affine.to_index(points)).astype(int)
        last = np.array(spine.grid.shape) - 1
        seen = ((index >= 0) & (index <= last)).all(axis=-1)  # beyond the image there is nothing that could be cut
        at = tuple(np.moveaxis(np.clip(index, 0, last), -1, 0))
        part = np.where(spine.tumour[at], 100 + spine.part[at], spine.part[at])
        return points, np.where(seen, spine.owner[at], 0), np.where(seen, part, 0)

    def tissue(self, cut: Cut, points: np.ndarray, owner: np.ndarray, part: np.ndarray) -> np.ndarray:
        """What is to be cut: of a ring one half, between vertebrae the column in front of the canal."""
        number = 1 + self.spine.levels.index(cut.level)
        solid = np.isin(part % 100, list(BONE)) | (part >= 100)
        if cut.gate in SIDES:
            return solid & (owner == number) & (self.outward(cut, points) > 0.0)
        other = number + (-1 if cut.gate is Gate.CRANIAL else 1)
        bodies = (part % 100 == Part.BODY) & np.isin(owner, (number, other))
        disc = (part % 100 == Part.DISC) & (owner == min(number, other))
        return bodies | disc | ((part == 100) & np.isin(owner, (number, other)))

    def outward(self, cut: Cut, points: np.ndarray) -> np.ndarray:
        """How far from what the cut says divides the sides: the mid-plane, behind the canal turned by its angle."""
        local = (points - self.vertebra(cut).canal_centre_mm) @ self.turned(cut)
        right, ahead, turn = local[..., 0], local[..., 1], np.radians(cut.divider_deg)
        right = np.where(ahead > 0.0, right, np.cos(turn) * right + np.sin(turn) * ahead)
        return right if cut.gate is Gate.RIGHT else -right

    def around_ring(self, cut, points, owner, part) -> tuple[np.ndarray, np.ndarray]:
        solid = self.tissue(cut, points, owner, part) & (part % 100 != Part.CANAL)
        central = solid & (self.outward(cut, points) <= CENTRAL_MM)
        ahead = (points - self.vertebra(cut).canal_centre_mm) @ self.turned(cut)[:, 1]
        return central & (ahead > 0.0), central & (ahead <= 0.0)

    def column(self, cut, points, owner, part) -> tuple[np.ndarray, np.ndarray]:
        """The middle of each body's height, 1 mm thick."""
        number = 1 + self.spine.levels.index(cut.level)
        other = number + (-1 if cut.gate is Gate.CRANIAL else 1)
        up = points @ self.turned(cut)[:, 2]
        ends = []
        for each in (number, other):
            body = (part % 100 == Part.BODY) & (owner == each)
            middle = 0.5 * (up[body].min() + up[body].max())
            ends.append(body & (np.abs(up - middle) <= 0.5))
        return ends[0], ends[1]


def moved(cut: Cut, by_mm: np.ndarray) -> Cut:
    """The cut elsewhere, saying what it said."""
    polygon = tuple(tuple(float(x) for x in np.add(corner, by_mm)) for corner in cut.polygon_mm)
    return replace(cut, point_mm=tuple(np.add(cut.point_mm, by_mm).tolist()), polygon_mm=polygon)


def placed_as(cut: Cut, other: Cut) -> Cut:
    """The cut where another is, saying what it said."""
    return replace(cut, point_mm=other.point_mm, normal=other.normal, polygon_mm=other.polygon_mm)


def without_a_piece(cut: Cut, share: float) -> Cut:
    """The outline without the end beyond `share` of its length along its longest axis, squarely cut off."""
    corners = np.array(cut.polygon_mm)
    axis = np.linalg.svd(corners - corners.mean(axis=0))[2][0]
    at = (corners - corners.mean(axis=0)) @ axis
    limit = at.min() + share * np.ptp(at)
    kept = corners + np.minimum(0.0, limit - at)[:, None] * axis
    return replace(cut, polygon_mm=tuple(tuple(corner) for corner in kept.tolist()))
