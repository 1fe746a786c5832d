"""Canal and pedicles behind the body; places along anterior are shares of the canal's depth behind the body's rear."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan, cos, degrees, sin

import numpy as np

from enbloc.anatomy.block import Block, Shares, entries, mean_of_lines
from enbloc.anatomy.endplates import ANTERIOR, RIGHT, SUPERIOR, WINDOW_MM, Body, windowed
from enbloc.anatomy.frames import triple
from enbloc.anatomy.morphometry import PedicleMorphometry
from enbloc.anatomy.site import Trust
from enbloc.anatomy.spine import Frame
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Mask

NECK = (0.125, 0.35)
"""Where a pedicle's axis is read: in front the wall turns into the body, behind it into arch and processes."""
SECTIONS = 0.45
"""Sections are cut from the body's rear to here."""
MIDSAGITTAL = 0.04
"""Half width of the slab in which the canal's depth is read, as a share of the body's width."""
PLATEAU = 1.20
"""Sections up to this much larger than the narrowest share its place, the nearer to it the more."""
TIE = 1e-5
"""A share of exactly a half counts as bone from both sides."""
BESIDE_MM = 38.0
BEHIND_MM = 32.0


@dataclass(frozen=True, slots=True, eq=False)
class Ring:
    """The block behind the body, its own canal depth in mm, and the middle of the canal (right, anterior)."""

    body: Body
    block: Block
    canal: tuple[float, float]
    depth_mm: float


@dataclass(frozen=True, slots=True, eq=False)
class Neck:
    """A pedicle's axis in the transverse plane: distance outwards (side: 1 right, -1 left) from the canal's middle is
    offset + slope y. `low_mm`, `high_mm`: heights between which lines outwards meet it all along the neck.
    """

    side: float
    offset: float
    slope: float
    low_mm: float
    high_mm: float
    trust: Trust

    def outward_mm(self, y: float) -> float:
        return self.offset + self.slope * y


def find_ring(body: Body) -> tuple[Ring | None, Measured | str]:
    """The ring and the canal's depth: the smallest mid-sagittal distance from the body's rear to the lamina."""
    site = body.site
    upper, lower = body.upper["posterior"], body.lower["posterior"]
    if site.canal_mm is None or isinstance(upper, str) or isinstance(lower, str):
        return None, "its heights are not known"
    x0, y0, _ = site.canal_mm
    low = np.array([x0 - BESIDE_MM, y0 - BEHIND_MM, lower.mm])
    high = np.array([x0 + BESIDE_MM, body.rear_mm + 3.0, upper.mm])
    block = site.block(low, high)
    x, y, z = (block.places(axis) for axis in range(3))
    slab = np.abs(x - x0) <= MIDSAGITTAL * body.width_mm
    ahead, behind = y >= y0, y <= y0
    front = entries(np.moveaxis(block.share[slab][:, ahead], 1, -1), float(y[ahead][0]), block.step_mm)
    back = entries(np.moveaxis(block.share[slab][:, behind][:, ::-1], 1, -1), float(y[behind][-1]), -block.step_mm)
    gap = windowed(mean_of_lines(front - back, 0), block.step_mm, 0)
    if not np.isfinite(gap).any():
        return None, "no lamina closes the canal behind"
    depth = float(np.nanmin(gap))
    xs, zs = np.meshgrid(x[slab], z, indexing="ij")
    met = np.isfinite(front) & np.isfinite(back)
    borders = [np.stack([xs[met], edge[met], zs[met]], axis=-1) for edge in (front, back)]
    trust = site.trust((borders[0], -ANTERIOR), (borders[1], ANTERIOR))
    return Ring(body, block, (x0, y0), depth), site.measured(depth, ANTERIOR, trust)


def sideways(ring: Ring, side: float) -> tuple[Shares, Vector]:
    """Share of bone along lines outwards from the canal's middle (y, z, outwards), and the first outward place."""
    x = ring.block.places(0)
    keep = side * (x - ring.canal[0]) >= 0.0
    share = ring.block.share[keep] if side > 0.0 else ring.block.share[keep][::-1]
    outward = np.sort(side * (x[keep] - ring.canal[0]))
    return np.moveaxis(share, 0, -1), outward


def find_neck(ring: Ring, side: float) -> Neck | str:
    """The axis runs midway between inner and outer wall, read over NECK in the middle seven tenths of its height."""
    lines, outward = sideways(ring, side)
    y, z = ring.block.places(1), ring.block.places(2)
    rear, depth, step = ring.body.rear_mm, ring.depth_mm, ring.block.step_mm
    along = (y <= rear - NECK[0] * depth) & (y >= rear - NECK[1] * depth)
    inner = entries(lines[along], float(outward[0]), step)
    outer = leaves(lines[along], float(outward[0]), step)
    rows = np.isfinite(inner).all(axis=0) & np.isfinite(outer).all(axis=0)
    if np.count_nonzero(along) < 3:
        return "the voxels are too coarse for its length"
    if np.count_nonzero(rows) * step < WINDOW_MM:
        return "no pedicle joins body and arch there"
    low, high = float(z[rows].min()), float(z[rows].max())
    core = rows & (np.abs(z - 0.5 * (low + high)) <= 0.35 * (high - low))
    slope, offset = np.polyfit(y[along], 0.5 * (inner + outer)[:, core].mean(axis=1), 1)
    ys, zs = np.meshgrid(y[along], z[core], indexing="ij")
    walls = [
        np.stack([ring.canal[0] + side * wall[:, core], ys, zs], axis=-1).reshape(-1, 3) for wall in (inner, outer)
    ]
    trust = ring.body.site.trust((walls[0], -side * RIGHT), (walls[1], side * RIGHT))
    return Neck(side, float(offset), float(slope), low, high, trust)


def leaves(lines: Shares, start_mm: float, step_mm: float) -> Array:
    """Along the last axis, where lines leave the bone that they enter first; NaN where they do not."""
    entered = np.maximum.accumulate(lines >= 0.5, axis=-1)
    outside = np.where(entered, 1.0 - TIE - lines, 0.0)
    return entries(outside, start_mm, step_mm)


def canal_width(ring: Ring, necks: list[Neck]) -> Measured | str:
    """The widest gap between the pedicles, mean over the middle third of their height."""
    y, z, step = ring.block.places(1), ring.block.places(2), ring.block.step_mm
    low, high = (float(np.mean([getattr(neck, name) for neck in necks])) for name in ("low_mm", "high_mm"))
    rows = np.abs(z - 0.5 * (low + high)) <= (high - low) / 6.0
    ahead = (y >= ring.body.rear_mm - 0.5 * ring.depth_mm) & (y <= ring.body.rear_mm)
    walls = []
    for side in (-1.0, 1.0):
        lines, outward = sideways(ring, side)
        walls.append(entries(lines[ahead][:, rows], float(outward[0]), step))
    gap = windowed(mean_of_lines(walls[0] + walls[1], 1), step, 0)
    if not np.isfinite(gap).any():
        return "the pedicles do not close the canal at the sides"
    ys, zs = np.meshgrid(y[ahead], z[rows], indexing="ij")
    met = np.isfinite(walls[0]) & np.isfinite(walls[1])
    points = [
        np.stack([ring.canal[0] + side * wall[met], ys[met], zs[met]], axis=-1)
        for side, wall in zip((-1.0, 1.0), walls, strict=True)
    ]
    trust = ring.body.site.trust((points[0], RIGHT), (points[1], -RIGHT))
    return ring.body.site.measured(float(np.nanmax(gap)), RIGHT, trust)


def pedicle(ring: Ring, neck: Neck) -> PedicleMorphometry | str:
    """Upright sections square to the axis; the narrowest of them, its width and height."""
    body, site = ring.body, ring.body.site
    if neck.trust.problem is not None:
        return neck.trust.problem
    lean, tall, rear = atan(-neck.slope), neck.high_mm - neck.low_mm, body.rear_mm
    out = np.array([neck.side * cos(lean), sin(lean), 0.0])
    along = np.array([-neck.side * sin(lean), cos(lean), 0.0])
    start = np.array([ring.canal[0] + neck.side * neck.outward_mm(rear), rear, 0.5 * (neck.low_mm + neck.high_mm)])
    reach = neck.outward_mm(rear - 0.5 * ring.depth_mm) + 2.0
    low = np.array([-reach, -SECTIONS * ring.depth_mm / cos(lean), -1.2 * tall - 4.0])
    high = np.array([reach + 6.0, 0.0, 1.2 * tall + 4.0])
    block = site.block(low, high, own_axes(site.frame, start, np.array([out, along, SUPERIOR])))
    across_mm = np.add.outer(block.places(0) * out[0], block.places(1) * along[0])
    beside = neck.side * (start[0] - ring.canal[0] + across_mm) > 0.0
    sections = [section(block, n, beside[:, n]) for n in range(block.share.shape[1])]
    area = windowed(np.array([cut.sum() for cut in sections]) * block.step_mm**2, block.step_mm, 0)
    if not np.isfinite(area).any() or not np.min(area) > 0.0:
        return "no pedicle joins body and arch there"
    n, count = int(area.argmin()), len(sections) - len(area) + 1
    narrow = np.mean(sections[n : n + count], axis=0)
    width, height = mean_chord(narrow, 0, block.step_mm), mean_chord(narrow, 1, block.step_mm)
    nearness = np.clip(PLATEAU * area[n] - area, 0.0, None)
    place = float(np.average(windowed(-block.places(1), block.step_mm, 0), weights=nearness))
    found = [
        site.measured(value, direction, neck.trust)
        for value, direction in ((width, out), (height, SUPERIOR), (place, along))
    ]
    across, up, at = (size for size in found if isinstance(size, Measured))
    return PedicleMorphometry(
        width_mm=across,
        height_mm=up,
        transverse_angle_deg=lean_of(ring, neck, across),
        narrowest_area_mm2=area_of(float(area[n]), across, up),
        narrowest_at_mm=at,
    )


def own_axes(frame: Frame, start: Vector, axes: Array) -> Frame:
    """The frame at `start` with `axes` (rows right, anterior, superior), both given in `frame`."""
    turned = axes @ frame.axes
    return Frame(triple(frame.to_world(start)), triple(turned[0]), triple(turned[1]), triple(turned[2]))


def section(block: Block, n: int, beside: Mask) -> Array:
    """How much of each sample of a pedicle's n-th plane is bone: the piece on the axis, `beside` the canal.

    The share falls from 1 to 0 over a voxel; divided by its slope it is a distance to the border.
    """
    from scipy import ndimage

    share = block.share[:, n].astype(np.float64)
    slope = np.hypot(*np.gradient(share))
    covered = np.clip(0.5 + (share - 0.5) / np.maximum(slope, 1e-6), 0.0, 1.0) * beside[:, None]
    pieces, _ = ndimage.label((share >= 0.5) & beside[:, None])
    x, z = block.places(0), block.places(2)
    mine = pieces == pieces[np.abs(x).argmin(), np.abs(z).argmin()]
    piece: Array = covered * ndimage.binary_dilation(mine & (pieces > 0))
    return piece


def mean_chord(cut: Array, axis: int, step_mm: float) -> float:
    """Mean chord along `axis` over the middle half of the section's area."""
    chords = cut.sum(axis=axis) * step_mm
    reached = np.cumsum(chords) / chords.sum()
    middle: Mask = (reached >= 0.25) & (reached <= 0.75)
    return float(chords[middle].mean())


def lean_of(ring: Ring, neck: Neck, width: Measured) -> Measured:
    """The axis's lean to the midline; its error is that of the walls over the length of the neck."""
    lean = degrees(atan(-neck.slope))
    half = degrees(atan(0.5 * (width.high - width.low) / ((NECK[1] - NECK[0]) * ring.depth_mm)))
    return Measured(lean, lean - half, lean + half)


def area_of(area_mm2: float, width: Measured, height: Measured) -> Measured:
    """The section's area with the errors of its width and height."""
    half = area_mm2 * (0.5 * (width.high - width.low) / width.value + 0.5 * (height.high - height.low) / height.value)
    return Measured(area_mm2, max(0.0, area_mm2 - half), area_mm2 + half)
