"""Planes with what they pass, and the order in which cuts are preferred."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector
from enbloc.core.volume import Mask
from enbloc.resection import kernels
from enbloc.resection.family import Planes
from enbloc.resection.kernels import evaluate_planes
from enbloc.resection.nouns import COLUMN_GATES, Gate
from enbloc.resection.passage import Passage
from enbloc.resection.section import Section, section_of
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.severing import severs
from enbloc.resection.threads import in_parts

GRID_PITCH = 1.0
"""Pixels of the search, in voxels of the operative field."""
UNFIT = 1e6
NEIGHBOUR_BODY, OWN_BODY = 2, 3
HELD_SHARE = 0.25
"""A cut through the next body whose section meets that vertebra's pedicles on a longer line (as a share of the
section's side) leaves what it cuts off hanging on them.
"""
ENDPLATE_SHARE = 0.1
"""A cut through the disc that takes more than this share of its section from a body runs along that endplate."""
Key = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a cut must keep, mm: half the kerf, and how near its section may come to the no-go body and to vessels.

    `noise_mm`: the least margin that the voxels can tell from none.
    """

    half_kerf_mm: float
    no_go_mm: float
    vessel_mm: float
    noise_mm: float


@dataclass(frozen=True, eq=False)
class Candidates:
    """Sections that pass a gate soundly and clear what must not be harmed: the plane of each, and in `rows`
    (n, kernels.MEASURES) its measures. A plane has as many entries as it has such sections.

    Rows are read on the pixels of the search until `settled`; `severed` remembers which candidates sever.
    """

    passage: Passage
    planes: Planes
    rows: Array
    limits: Limits
    settings: ResectionSettings
    settled: frozenset[int] = frozenset()
    severed: dict[int, bool] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.planes)

    @cached_property
    def margin_mm(self) -> Vector:
        """From the kerf's face to tumour; negative within it."""
        margin: Vector = self.rows[:, kernels.TUMOUR_MM] - self.limits.half_kerf_mm
        return margin

    @property
    def capped_mm(self) -> Vector:
        """The margin up to `enough_mm`."""
        capped: Vector = np.minimum(self.margin_mm, self.settings.enough_mm)
        return capped

    @cached_property
    def steps(self) -> npt.NDArray[np.int64]:
        """The margin up to `enough_mm`, in whole steps of `tie_mm`."""
        steps: npt.NDArray[np.int64] = np.floor(self.capped_mm / self.settings.tie_mm + 1e-9).astype(np.int64)
        return steps

    @cached_property
    def places(self) -> npt.NDArray[np.int64]:
        """Where each section meets the canal's wall: the nearest point of the passage's path 0."""
        places: npt.NDArray[np.int64] = np.rint(self.rows[:, kernels.END]).astype(np.int64)
        return places

    def start(self, n: int) -> int:
        """The point of the wall path after which section `n` meets it: tells it from others of the same plane."""
        return int(self.rows[n, kernels.END])

    @cached_property
    def order(self) -> npt.NDArray[np.intp]:
        """The candidates, best first by `key`."""
        order: npt.NDArray[np.intp] = np.lexsort(self._deciding.T[::-1])
        return order

    def _columns(self) -> list[Vector]:
        """What decides, most important first; smaller is better."""
        return [
            (self.margin_mm < 0.0).astype(np.float64),
            self.rows[:, kernels.IN_TUMOUR].astype(np.float64),
            np.round(np.maximum(-self.margin_mm, 0.0), 6).astype(np.float64),
            *(self._between_vertebrae() if self.passage.gate in COLUMN_GATES else self._through_ring()),
            *self._turned(),
        ]

    def _through_ring(self) -> list[Vector]:
        """The larger margin, the pedicle where that is preferred, the smaller section, in the order of the settings."""
        pedicle, others = self.rows[:, kernels.PEDICLE], self.rows[:, [kernels.BODY, kernels.ARCH]]
        beside = (pedicle < others.max(axis=1)) & self.settings.prefer_pedicle
        columns = {
            "margin": -self.steps.astype(np.float64),
            "place": beside.astype(np.float64),
            "section": self.rows[:, kernels.PIXELS],
        }
        return [columns[word] for word in self.settings.ordered]

    def _between_vertebrae(self) -> list[Vector]:
        """A margin that can be told from none; disc or endplate before bone; the larger margin, in steps that are worth
        an endplate; disc before endplate; the larger margin in fine steps; the least tilt; the smaller section.
        """
        barely = (self.margin_mm < self.limits.noise_mm).astype(np.float64)
        worth = np.floor(np.minimum(self.margin_mm, self.settings.enough_mm) / self.settings.worth_mm + 1e-9)
        rank = self.tissue_rank.astype(np.float64)
        bone = (rank >= NEIGHBOUR_BODY).astype(np.float64)
        tilt = np.abs(self.planes.angles_deg).max(axis=1)
        fine, section = -self.steps.astype(np.float64), self.rows[:, kernels.PIXELS]
        return [barely, bone, -worth.astype(np.float64), rank, fine, tilt, section]

    @cached_property
    def tissue_rank(self) -> npt.NDArray[np.int64]:
        """Of a cut between vertebrae: 0 disc, 1 endplate, 2 neighbour's body, 3 mostly own body."""
        own, neighbour, disc = (self.rows[:, column] for column in (kernels.BODY, kernels.PEDICLE, kernels.ARCH))
        pixels = np.maximum(self.rows[:, kernels.PIXELS], 1.0)
        mostly = np.argmax(np.stack([disc, neighbour, own]), axis=0)
        endplate = (mostly == 0) & (np.maximum(own, neighbour) / pixels > ENDPLATE_SHARE)
        rank: npt.NDArray[np.int64] = np.select([endplate, mostly == 0, mostly == 1], [1, 0, 2], 3)
        return rank

    def _turned(self) -> list[Vector]:
        """To settle ties: angles and place, the same for a cut on the right as for its mirror image on the left."""
        azimuth, tilt = self.planes.angles_deg.T
        apart = self.planes.apart_mm
        if self.passage.gate is Gate.LEFT:
            sagittal = azimuth == 0.0
            azimuth = np.where(sagittal, 0.0, 180.0 - azimuth)
            tilt, apart = np.where(sagittal, -tilt, tilt), np.where(sagittal, -apart, apart)
        return [np.abs(tilt), np.abs(azimuth), tilt, azimuth, apart]

    @cached_property
    def _deciding(self) -> Array:
        deciding: Array = np.stack(self._columns(), axis=1)
        return deciding

    def key(self, n: int) -> Key:
        """The columns that decide of candidate `n`, as one tuple."""
        return tuple(self._deciding[n].tolist())

    def severs(self, n: int) -> bool:
        """Whether candidate `n` parts the gate's two ends, by flood through the voxels."""
        if n not in self.severed:
            offset = float(self.planes.offsets[n])
            self.severed[n] = parts(self.passage, self.planes.normals[n], offset, self.start(n))
        return self.severed[n]

    def section(self, n: int) -> Section:
        return section_of(self.passage, self.planes.normals[n], float(self.planes.offsets[n]), self.start(n))

    def fine_margin_mm(self, n: int) -> float:
        """The margin of candidate `n` on the pixels of a measured section."""
        return float(self.section(n).row[kernels.TUMOUR_MM]) - self.limits.half_kerf_mm

    def settle(self, n: int) -> Candidates:
        """With candidate `n` as its finely measured section has it; last of all where that is not sound or does not
        keep the limits.
        """
        row = self.section(n).in_pixels_of(GRID_PITCH)
        if row[kernels.FLAW] != kernels.SOUND or not keeps(row, self.limits):
            row[[kernels.PIXELS, kernels.IN_TUMOUR]], row[kernels.TUMOUR_MM] = UNFIT, -UNFIT
        rows = self.rows.copy()
        rows[n] = row
        rows[n, kernels.END] = self.rows[n, kernels.END]
        return replace(self, rows=rows, settled=self.settled | {n})

    def chosen(self, rows: Mask) -> Candidates:
        return Candidates(self.passage, self.planes.chosen(rows), self.rows[rows], self.limits, self.settings)

    def joined(self, other: Candidates) -> Candidates:
        both = Planes(
            *(
                np.concatenate([getattr(self.planes, name), getattr(other.planes, name)])
                for name in ("normals", "offsets", "angles_deg", "apart_mm")
            )
        )
        return replace(self, planes=both, rows=np.concatenate([self.rows, other.rows]))


def parts(passage: Passage, normal: Vector, offset: float, start: int) -> bool:
    """Whether the plane's sound section that the wall path meets first from its point `start` on parts the two ends."""
    p = passage
    return bool(severs(p.code, p.seeds, p.back, p.points, p.ends, normal, offset, p.pivot, GRID_PITCH, p.half, start))


def measured(passage: Passage, planes: Planes) -> Array:
    """Measures of each plane's sections, (n, kernels.MOST_SECTIONS, kernels.MEASURES)."""
    p, normals = passage, np.ascontiguousarray(planes.normals)

    def kernel(part: slice) -> Array:
        return evaluate_planes(
            p.code, p.part, p.tumour_mm, p.no_go_mm, p.vessel_mm, p.points, p.ends, normals[part],
            planes.offsets[part], p.pivot, GRID_PITCH, p.half,
        )  # fmt: skip

    return in_parts(kernel, len(planes))


def keeps(rows: Array, limits: Limits) -> Mask:
    """Whether rows of measures (..., kernels.MEASURES) keep the limits."""
    clear_mm = rows[..., [kernels.NO_GO_MM, kernels.VESSEL_MM]] - limits.half_kerf_mm
    kept: Mask = np.all(clear_mm >= np.array([limits.no_go_mm, limits.vessel_mm]), axis=-1)
    return kept


def candidates(passage: Passage, planes: Planes, limits: Limits, settings: ResectionSettings) -> Candidates:
    """The sound sections of the planes that keep the limits."""
    rows = measured(passage, planes).reshape(-1, kernels.MEASURES)
    plane = np.arange(len(rows)) // kernels.MOST_SECTIONS
    sound = (rows[:, kernels.FLAW] == kernels.SOUND) & keeps(rows, limits)
    found = Candidates(passage, planes.chosen(plane[sound]), rows[sound], limits, settings)
    if passage.gate not in COLUMN_GATES:
        return found
    through_bone = found.tissue_rank == NEIGHBOUR_BODY
    held = found.rows[:, kernels.AT_JOINED] > HELD_SHARE * np.sqrt(found.rows[:, kernels.PIXELS])
    return found.chosen((found.tissue_rank < OWN_BODY) & ~(through_bone & held))
