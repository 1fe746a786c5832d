"""The Weinstein-Boriani-Biagini clock: which sectors and layers of an involved vertebra hold tumour.

Sectors are steps of 30 degrees around the canal's centre in the vertebra's own frame, counted inside this module from
the back over the patient's right. Layers B and C meet half way between the first and the last bone on a ray.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Frame, Spine, Vertebra, is_bone
from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.geometry import Array, Vector, indices_of
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, Mask
from enbloc.knowledge import SECTORS, WbbConvention, wbb_conventions, wbb_layers
from enbloc.tumour.extent import Extent, Involvement, Zone
from enbloc.tumour.measure import (
    BONE_ZONES,
    OUTSIDE,
    ZONES,
    Neighbourhood,
    around_tumour,
    depths,
    dilated,
    distance_to,
    other_side,
)
from enbloc.tumour.noise import SPECK_VOXELS, NoiseFloor

LAYERS = tuple(layer.id for layer in wbb_layers())
MEDIA = {medium: n for n, medium in enumerate(dict.fromkeys(layer.medium for layer in wbb_layers()), start=1)}
"""1-based codes of what a layer consists of; 0 is a disc, which has no layer."""
SOFT, BONE, EPIDURAL, INTRADURAL = (MEDIA[name] for name in ("soft", "bone", "epidural", "intradural"))
RAYS = 72
RAY_MM = 80.0
HEIGHT_MM = 1.0

Codes = npt.NDArray[np.uint8]
Border = tuple[Vector, Mask]
"""A drawn border: every voxel's distance to it in mm, and the voxels beyond it."""


@dataclass(frozen=True, slots=True)
class WbbCell:
    """One sector of one layer that holds tumour or may. `sector_1997`, `sector_sosg`: the same sector's two numbers."""

    sector_1997: int
    sector_sosg: int
    layer: str
    volume_mm3: float
    involvement: Involvement


@dataclass(frozen=True, slots=True)
class WbbLevel:
    """The clock of one level. Cells without a row are free, but for layers that were not looked at.

    `sectors_1997`, `sectors_sosg`: sectors involved in any layer; `layers`: layers involved in any sector. A layer can
    be involved while its cells are only possible: tumour surely in the canal, the sector in doubt.
    """

    level: Level
    cells: tuple[WbbCell, ...]
    sectors_1997: tuple[int, ...]
    sectors_sosg: tuple[int, ...]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WbbFindings:
    """Clocks of the involved levels, cranial first. `layers_unknown`: not looked at, since the dural sac is not
    labelled; tumour inside it would be counted in layer D. `without_frame`: involved levels that have no clock.
    `numbering`: the two ways the sectors are numbered, how each is read here and how far that was checked.
    """

    levels: tuple[WbbLevel, ...]
    numbering: tuple[WbbConvention, ...]
    layers_unknown: tuple[str, ...]
    without_frame: tuple[Level, ...]
    caveats: tuple[Caveat, ...]


def clock(spine: Spine, imaging: Imaging, extent: Extent) -> WbbFindings | Skipped:
    """The clock of every involved level that has a frame and a canal; skipped where none has."""
    wanted = [v for v in spine.vertebrae if v.level in extent.levels]
    framed = [v for v in wanted if v.frame is not None and v.canal_centre_mm is not None]
    if not framed:
        return Skipped("no involved level has a frame and a canal to turn the clock around")
    near = around_tumour(spine)
    sac = _sac(spine, imaging, near)
    tissue = Tissue.of(near, sac, NoiseFloor.of(spine.grid))
    levels = tuple(_level_clock(spine, vertebra, tissue) for vertebra in framed)
    unknown = () if sac is not None else tuple(row.id for row in wbb_layers() if row.medium == "intradural")
    lost = tuple(v.level for v in wanted if v not in framed)
    return WbbFindings(levels, wbb_conventions(), unknown, lost, tuple(_caveats(lost)))


def _caveats(lost: tuple[Level, ...]) -> Iterator[Caveat]:
    if lost:
        yield Caveat("wbb-without-frame", f"no WBB clock at {', '.join(lost)}: the level's own axes are not known")


def _sac(spine: Spine, imaging: Imaging, near: Neighbourhood) -> Mask | None:
    """The labelled dural sac around the tumour; None where none is labelled."""
    from enbloc.anatomy.surroundings import structure_mask

    sac = structure_mask(imaging, "dural-sac", spine.region)
    return None if sac is None or not sac.any() else sac[near.box.slices]


@dataclass(frozen=True, slots=True, eq=False)
class Tissue:
    """What each voxel near the tumour consists of (`medium`), and which tumour voxels lie beyond a shell of the borders
    of their medium (`deep`).
    """

    near: Neighbourhood
    medium: Codes
    deep: Mask
    floor: NoiseFloor

    @classmethod
    def of(cls, near: Neighbourhood, sac: Mask | None, floor: NoiseFloor) -> Tissue:
        code = np.zeros(len(ZONES), dtype=np.uint8)
        code[[ZONES.index(zone) for zone in BONE_ZONES]] = BONE
        code[OUTSIDE], code[ZONES.index(Zone.CANAL)] = SOFT, EPIDURAL
        medium = code[near.zone]
        if sac is not None:
            medium[sac & (medium == EPIDURAL)] = INTRADURAL
        return cls(near, medium, _deep(near, medium), floor)


def _deep(near: Neighbourhood, medium: Codes) -> Mask:
    """By the rule of the zones: more than a shell away from where the tumour in this medium comes from."""
    places = near.owner.astype(np.int32) * len(ZONES) + near.zone
    keys = np.where(near.tumour, places, -1)
    deep = np.zeros_like(near.tumour)
    for code in MEDIA.values():
        mine = near.tumour & (medium == code)
        if mine.any():
            deep[mine] = depths(other_side(places, keys, mine), mine, near.grid, 0.0)[1]
    return deep


@dataclass(frozen=True, slots=True, eq=False)
class Dial:
    """A vertebra's clock: its frame, the canal's centre in it, and the middle of the bone by height and ray."""

    frame: Frame
    centre: Vector
    lowest_mm: float
    middle_mm: Array

    def hands(self, points_mm: Array) -> tuple[Array, Array, Array]:
        """(turn from the back over the patient's right in 0 .. 2 pi, distance from the axis, middle of the bone)."""
        local = self.frame.to_local(points_mm) - self.centre
        turn = np.arctan2(local[..., 0], -local[..., 1]) % (2.0 * np.pi)
        row = np.clip(np.floor((local[..., 2] - self.lowest_mm) / HEIGHT_MM).astype(int), 0, len(self.middle_mm) - 1)
        column = np.floor(turn / (2.0 * np.pi) * RAYS).astype(int) % RAYS
        return turn, np.hypot(local[..., 0], local[..., 1]), self.middle_mm[row, column]


def dial_of(spine: Spine, vertebra: Vertebra, heights_mm: tuple[float, float]) -> Dial:
    """The clock of one vertebra between two heights over the canal's centre."""
    assert vertebra.frame is not None
    assert vertebra.canal_centre_mm is not None
    frame, centre = vertebra.frame, vertebra.frame.to_local(np.array(vertebra.canal_centre_mm))
    low, high = heights_mm
    rows = np.arange(low, high + HEIGHT_MM, HEIGHT_MM) + 0.5 * HEIGHT_MM
    turn = (np.arange(RAYS) + 0.5) * (2.0 * np.pi / RAYS)
    out = np.arange(0.0, RAY_MM, max(0.5, 0.5 * float(spine.grid.spacing_mm.min())))
    across = out * np.sin(turn)[:, None]
    along = -out * np.cos(turn)[:, None]
    local = np.broadcast_arrays(across[None], along[None], rows[:, None, None])
    bone = _own_bone(spine, vertebra, frame.to_world(np.stack(local, axis=-1) + centre))
    return Dial(frame, centre, low, _between(bone, out))


def _own_bone(spine: Spine, vertebra: Vertebra, points_mm: Array) -> Mask:
    """Whether the nearest voxel is bone of this vertebra."""
    number = spine.vertebrae.index(vertebra) + 1
    index = np.rint(spine.grid.affine.to_index(points_mm)).astype(np.intp)
    box = vertebra.box
    inside = ((index >= box.lower) & (index < box.upper)).all(axis=-1)
    i, j, k = (np.clip(index[..., axis], box.lower[axis], box.upper[axis] - 1) for axis in range(3))
    own: Mask = inside & (spine.owner[i, j, k] == number) & is_bone(spine.part[i, j, k])
    return own


def _between(bone: Mask, out: Vector) -> Array:
    """Half way between the first and the last bone of each ray; rays without bone take their neighbours' middle."""
    first = out[bone.argmax(axis=-1)]
    last = out[bone.shape[-1] - 1 - bone[..., ::-1].argmax(axis=-1)]
    middle = np.where(bone.any(axis=-1), 0.5 * (first + last), np.nan)
    for row in middle:
        known = np.flatnonzero(np.isfinite(row))
        if known.size:
            row[:] = np.interp(np.arange(RAYS), known, row[known], period=RAYS)
    return np.where(np.isfinite(middle), middle, np.inf)


def _level_clock(spine: Spine, vertebra: Vertebra, tissue: Tissue) -> WbbLevel:
    near, number = tissue.near, spine.vertebrae.index(vertebra) + 1
    mine = near.tumour & (near.owner == number) & (tissue.medium > 0)
    if not mine.any():
        return WbbLevel(vertebra.level, (), (), (), ())
    around = _reached(tissue, mine, number)
    assert vertebra.frame is not None
    every = near.grid.affine.to_world(indices_of(mine | around))
    height = vertebra.frame.to_local(every)[:, 2] - vertebra.frame.to_local(np.array(vertebra.canal_centre_mm))[2]
    dial = dial_of(spine, vertebra, (float(height.min()) - 1.0, float(height.max()) + 1.0))
    held, open_ = Placed.of(dial, tissue, mine), Placed.of(dial, tissue, around)
    cells = [_cell(held, place, tissue) for place in held.places()]
    cells += [_as_cell(place, 0.0, Involvement.POSSIBLE) for place in open_.places() if place not in held.places()]
    cells.sort(key=lambda cell: (cell.sector_1997, cell.layer))
    sectors = [s for s in range(SECTORS) if _sure(held, held.sector == s, held.beside(s, held.medium > 0), tissue)]
    layers = [n for n in range(len(LAYERS)) if _sure(held, held.layer == n, (held.across(n),), tissue)]
    original, group = (tuple(sorted(row.number(s) for s in sectors)) for row in wbb_conventions())
    return WbbLevel(vertebra.level, tuple(cells), original, group, tuple(LAYERS[n] for n in layers))


def _reached(tissue: Tissue, mine: Mask, number: int) -> Mask:
    """Voxels without tumour that one level's tumour may lie in: those it touches across a border that is seen, and
    those of the same medium within the doubt about a border that is drawn.
    """
    near, doubt_mm = tissue.near, tissue.floor.voxel_mm + tissue.floor.convention_mm
    own = (near.owner == number) | (tissue.medium == SOFT)
    empty = ~near.tumour & (tissue.medium > 0) & own
    reached = np.zeros_like(mine)
    for code in MEDIA.values():
        source = mine & (tissue.medium == code)
        if not source.any():
            continue
        same = empty & (tissue.medium == code)
        reached |= same & (distance_to(source, near.grid.spacing_mm) <= doubt_mm)
        reached |= empty & ~same & dilated(source)
    return reached


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Voxels of one level with their sector (0-11), layer (place in LAYERS), medium, and distances (mm) to the drawn
    borders: the sector's two planes and the border between B and C.
    """

    sector: npt.NDArray[np.intp]
    layer: npt.NDArray[np.intp]
    medium: Codes
    deep: Mask
    to_lower: Vector
    to_upper: Vector
    to_middle: Vector

    @classmethod
    def of(cls, dial: Dial, tissue: Tissue, where: Mask) -> Placed:
        turn, radius, middle = dial.hands(tissue.near.grid.affine.to_world(indices_of(where)))
        width = 2.0 * np.pi / SECTORS
        sector = np.floor(turn / width).astype(np.intp) % SECTORS
        medium = tissue.medium[where]
        layer = np.select(
            [medium == SOFT, medium == EPIDURAL, medium == INTRADURAL, radius > middle],
            [LAYERS.index("A"), LAYERS.index("D"), LAYERS.index("E"), LAYERS.index("B")],
            LAYERS.index("C"),
        )
        into = turn - sector * width
        lower, upper = radius * np.sin(into), radius * np.sin(width - into)
        return cls(sector, layer, medium, tissue.deep[where], lower, upper, np.abs(radius - middle))

    def places(self) -> list[tuple[int, int]]:
        """(sector, layer) of every cell that holds a voxel."""
        return [divmod(int(key), len(LAYERS)) for key in np.unique(self.sector * len(LAYERS) + self.layer)]

    def beside(self, sector: int, alike: Mask) -> tuple[Border, Border]:
        """A sector's two planes, and the voxels among `alike` in the sectors beyond them."""
        return (
            (self.to_lower, alike & (self.sector == (sector - 1) % SECTORS)),
            (self.to_upper, alike & (self.sector == (sector + 1) % SECTORS)),
        )

    def across(self, layer: int) -> Border:
        """The border of B and C, and the voxels of the other one of the two; of no other layer."""
        bone = LAYERS.index("B"), LAYERS.index("C")
        return self.to_middle, np.isin(self.layer, bone) & (self.layer != layer) & (layer in bone)


def _cell(held: Placed, place: tuple[int, int], tissue: Tissue) -> WbbCell:
    sector, layer = place
    here = (held.sector == sector) & (held.layer == layer)
    borders = (*held.beside(sector, held.medium == held.medium[here][0]), held.across(layer))
    found = Involvement.INVOLVED if _sure(held, here, borders, tissue) else Involvement.POSSIBLE
    return _as_cell(place, int(np.count_nonzero(here)) * tissue.near.voxel_mm3, found)


def _sure(held: Placed, here: Mask, borders: tuple[Border, ...], tissue: Tissue) -> bool:
    """By the noise floor of the zones: some voxel beyond a shell of what is seen, and for each drawn border with tumour
    beyond it some voxel beyond the convention's doubt; one drawn border at a time may be misplaced.
    """
    deep = here & held.deep
    count = int(np.count_nonzero(here))
    if not deep.any() or (count <= SPECK_VOXELS and count < np.count_nonzero(tissue.near.tumour)):
        return False
    doubt = tissue.floor.noise_mm(conventional=True)
    return all(bool((deep & (distance > doubt)).any()) for distance, beyond in borders if beyond.any())


def _as_cell(place: tuple[int, int], volume_mm3: float, found: Involvement) -> WbbCell:
    original, group = (row.number(place[0]) for row in wbb_conventions())
    return WbbCell(original, group, LAYERS[place[1]], volume_mm3, found)
