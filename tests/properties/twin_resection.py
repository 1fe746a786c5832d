"""A slow twin of the search for ring cuts: every plane, every pair, loops and scipy; none of the stage's own kernels.

It shares with the stage only the input (`Passage`: tissue codes, distances, the path along the canal's wall, the two
ends) and the definitions: pixels one voxel apart from the plane's point nearest the pivot, `across` lying level; a link
between two voxels is cut where it crosses the plane in the section or one pixel beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import floor

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from enbloc.resection.candidates import Limits
from enbloc.resection.nouns import Gate
from enbloc.resection.passage import Passage
from enbloc.resection.settings import ResectionSettings

OUTSIDE, SOLID, BEYOND = 0, 1, 2
FOUR = ndimage.generate_binary_structure(2, 1)
EIGHT = ndimage.generate_binary_structure(2, 2)
PEDICLES, BODY, REST = (2, 3), (1,), range(4, 11)


@dataclass(frozen=True)
class SlowCut:
    """A severing section that keeps the limits. `key`: what decides, most important first."""

    angles: tuple[float, float]
    apart_mm: float
    margin_mm: float
    place: int
    key: tuple[float, ...]


class SlowSide:
    """One side: its links between neighbouring solid voxels, and every plane tried."""

    def __init__(self, passage: Passage, limits: Limits, settings: ResectionSettings) -> None:
        self.p, self.limits, self.settings = passage, limits, settings
        self.solid = passage.code == SOLID
        self.number = np.full(self.solid.shape, -1)
        self.number[self.solid] = np.arange(self.solid.sum())
        links = []
        for axis in range(3):
            low = [slice(None)] * 3
            high = [slice(None)] * 3
            low[axis], high[axis] = slice(None, -1), slice(1, None)
            both = self.solid[tuple(low)] & self.solid[tuple(high)]
            start = np.argwhere(both)
            links.append(np.stack([start, start + np.eye(3, dtype=int)[axis]], axis=1))
        self.links = np.concatenate(links)
        self.half = int(np.ceil(np.linalg.norm(passage.code.shape))) + 2

    def cuts(self, angles: np.ndarray) -> list[SlowCut]:
        found = []
        step = self.settings.offset_step_mm
        most = int(np.linalg.norm(self.p.code.shape) * self.p.step_mm / step) + 1
        for azimuth, tilt in angles:
            for n in range(-most, most + 1):
                found += self.sections(float(azimuth), float(tilt), n * step)
        return found

    def sections(self, azimuth: float, tilt: float, apart_mm: float) -> list[SlowCut]:
        """Of one plane, every section that severs and keeps the limits."""
        a, t = np.radians([azimuth, tilt])
        normal = np.array([np.cos(t) * np.cos(a), np.cos(t) * np.sin(a), np.sin(t)]) @ self.p.axes
        origin = self.p.pivot + apart_mm / self.p.step_mm * normal
        wall = self.p.points[: self.p.ends[1]].astype(float)
        side = (wall - origin) @ normal
        crossings = np.flatnonzero((side[:-1] < 0.0) != (side[1:] < 0.0))
        if not len(crossings):
            return []
        across = np.array([-normal[1], normal[0], 0.0]) / np.hypot(normal[0], normal[1])
        along = np.cross(normal, across)
        u, v = np.meshgrid(*[np.arange(-self.half, self.half + 1)] * 2, indexing="ij")
        points = origin + u[..., None] * across + v[..., None] * along
        tissue = nearest(self.p.code, points)
        label, _ = ndimage.label(tissue == SOLID, FOUR)
        tried, found = set(), []
        for s in crossings:
            share = side[s] / (side[s] - side[s + 1])
            at = wall[s] + share * (wall[s + 1] - wall[s]) - origin
            part = self.label_near(label, floor(at @ across + 0.5), floor(at @ along + 0.5))
            if part == 0 or part in tried:
                continue
            tried.add(part)
            section = label == part
            if (ndimage.binary_dilation(section, FOUR) & (tissue == BEYOND)).any():
                continue
            if self.severs(section, normal, origin, across, along):
                found.append(self.measured(azimuth, tilt, apart_mm, int(np.rint(s + share)), points[section]))
        return [cut for cut in found if cut is not None]

    def label_near(self, label: np.ndarray, a: int, b: int) -> int:
        for da, db in product((0, 1, -1), (0, 1, -1)):
            value = label[a + da + self.half, b + db + self.half]
            if value:
                return int(value)
        return 0

    def severs(self, section, normal, origin, across, along) -> bool:
        ends = (self.links - origin) @ normal
        crossing = (ends[:, 0] < 0.0) != (ends[:, 1] < 0.0)
        share = ends[crossing, 0] / (ends[crossing, 0] - ends[crossing, 1])
        one, two = self.links[crossing, 0], self.links[crossing, 1]
        at = one + share[:, None] * (two - one) - origin
        a, b = (np.floor(at @ axis + 0.5).astype(int) + self.half for axis in (across, along))
        grown = ndimage.binary_dilation(section, EIGHT)
        inside = (a >= 0) & (b >= 0) & (a < len(grown)) & (b < len(grown))
        cut = np.zeros(len(self.links), bool)
        cut[np.flatnonzero(crossing)[inside]] = grown[a[inside], b[inside]]
        kept = self.number[tuple(np.moveaxis(self.links[~cut], -1, 0))]
        size = int(self.solid.sum())
        graph = coo_array((np.ones(len(kept)), (kept[:, 0], kept[:, 1])), shape=(size, size))
        _, piece = connected_components(graph, directed=False)
        front, back = (set(piece[self.number[end & self.solid]]) for end in (self.p.front, self.p.back))
        return not front & back

    def measured(self, azimuth: float, tilt: float, apart_mm: float, place: int, points: np.ndarray) -> SlowCut | None:
        margin = read(self.p.tumour_mm, points).min() - self.limits.half_kerf_mm
        if read(self.p.no_go_mm, points).min() - self.limits.half_kerf_mm < self.limits.no_go_mm:
            return None
        if read(self.p.vessel_mm, points).min() - self.limits.half_kerf_mm < self.limits.vessel_mm:
            return None
        bone = nearest(self.p.part, points)
        body, pedicle, rest = (int(np.isin(bone, list(codes)).sum()) for codes in (BODY, PEDICLES, REST))
        steps = floor(min(margin, self.settings.enough_mm) / self.settings.tie_mm + 1e-9)
        criteria = {
            "margin": -float(steps),
            "place": float(self.settings.prefer_pedicle and pedicle < max(body, rest)),
            "section": float(len(points)),
        }
        key = (
            float(margin < 0.0),
            float((read(self.p.tumour_mm, points) < 0.0).sum()),
            round(max(-margin, 0.0), 6),
            *(criteria[word.strip()] for word in self.settings.order.split(",")),
            *self.turned(azimuth, tilt, apart_mm),
        )
        return SlowCut((azimuth, tilt), apart_mm, margin, place, key)

    def turned(self, azimuth: float, tilt: float, apart_mm: float) -> tuple[float, ...]:
        """Angles and offset as the mirror image on the right has them."""
        if self.p.gate is Gate.LEFT and azimuth == 0.0:
            tilt, apart_mm = -tilt, -apart_mm
        elif self.p.gate is Gate.LEFT:
            azimuth = 180.0 - azimuth
        return abs(tilt), abs(azimuth), tilt, azimuth, apart_mm


def nearest(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    index = np.floor(points + 0.5).astype(int)
    inside = ((index >= 0) & (index < values.shape)).all(axis=-1)
    found = np.zeros(points.shape[:-1], dtype=values.dtype)
    found[inside] = values[tuple(index[inside].T)]
    return found


def read(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    return ndimage.map_coordinates(values.astype(float), points.T, order=1, mode="nearest")


def wall_mm(passage: Passage) -> np.ndarray:
    """Where each point of the wall's path lies from the canal's middle along the level's right and anterior."""
    return np.array([
        [float(np.dot((point - passage.canal) * passage.step_mm, axis)) for axis in passage.axes[:2]]
        for point in passage.points[: passage.ends[1]]
    ])  # fmt: skip


def both_key(one: tuple[float, ...], two: tuple[float, ...], order: str) -> tuple[float, ...]:
    """Cuts in tumour, area in tumour, the deeper and the less deep; then sums, of margins one by one."""
    margin = 3 + [word.strip() for word in order.split(",")].index("margin")
    deeper, less = max(one[2], two[2]), min(one[2], two[2])
    smaller, larger = max(one[margin], two[margin]), min(one[margin], two[margin])
    before = [one[n] + two[n] for n in range(3, margin)]
    after = [one[n] + two[n] for n in range(margin + 1, len(one))]
    return (one[0] + two[0], one[1] + two[1], deeper, less, *before, smaller, larger, *after)


def slow_best(left: SlowSide, right: SlowSide, lefts: list[SlowCut], rights: list[SlowCut], opening_mm: float):
    """The first of all pairs, one by one."""
    places = wall_mm(left.p), wall_mm(right.p)
    best = None
    for one in lefts:
        for two in rights:
            if np.hypot(*(places[0][one.place] - places[1][two.place])) < opening_mm - 1e-9:
                continue
            key = both_key(one.key, two.key, left.settings.order)
            if best is None or key < best[0]:
                best = (key, one, two)
    return best
