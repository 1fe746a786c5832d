"""Hand-made operative fields: a vertebra as a thick elliptic ring around its canal, with tumour of our own making."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Frame, Part
from enbloc.core.geometry import Affine, Array
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Mask
from enbloc.resection.candidates import Limits
from enbloc.resection.distance import distance_map
from enbloc.resection.field import OperativeField

FRAME = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
LEVEL = Level.T12


@dataclass(frozen=True)
class Ring:
    """Sizes in mm. Around the canal's middle at the origin, the body in front, the arch behind, equally high."""

    step_mm: float = 1.0
    canal: tuple[float, float] = (5.0, 4.5)
    wide: float = 10.0
    ahead: float = 12.0
    behind: float = 9.0
    height: float = 8.0
    sac_mm: float | None = None
    """How far inside the canal's wall the labelled sac lies; None: not labelled, the whole canal is the no-go body."""

    def grid(self) -> tuple[tuple[int, int, int], Array]:
        """Shape, and the first voxel's centre."""
        low = -np.array([self.wide, self.behind, 0.5 * self.height]) - 2.0 * self.step_mm
        high = np.array([self.wide, self.ahead, 0.5 * self.height]) + 2.0 * self.step_mm
        n = np.ceil((high - low) / self.step_mm).astype(int) + 1
        n[0] += n[0] % 2  # even: no voxel straddles the mid-plane, so that left and right are alike
        low[0] = -0.5 * self.step_mm * (n[0] - 1)
        return (int(n[0]), int(n[1]), int(n[2])), low


def ring_field(ring: Ring, tumour: Mask | None = None, tilt: Array | None = None) -> OperativeField:
    """`tumour` is a mask on the ring's grid. Distances are taken with the stage's own map of distances. Tumour counts
    as the level's where it lies in its block.
    """
    shape, start = ring.grid()
    x, y, z = np.moveaxis(np.moveaxis(np.indices(shape), 0, -1) * ring.step_mm + start, -1, 0)
    reach = np.where(y > 0.0, ring.ahead, ring.behind)
    within = ((x / ring.wide) ** 2 + (y / reach) ** 2 <= 1.0) & (abs(z) <= 0.5 * ring.height)
    canal = (x / ring.canal[0]) ** 2 + (y / ring.canal[1]) ** 2 <= 1.0
    part = np.select(
        [canal, y > ring.canal[1], (y > 0.0) & (x < 0.0), y > 0.0, abs(x) < 3.0, x < 0.0],
        [Part.CANAL, Part.BODY, Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT, Part.SPINOUS, Part.LAMINA_LEFT],
        Part.LAMINA_RIGHT,
    )
    part = np.where(within | (canal & (abs(z) <= 0.5 * ring.height)), part, 0).astype(np.uint8)
    tumour = np.zeros(shape, bool) if tumour is None else tumour
    owner = np.where((part > 0) | tumour, 2, 0).astype(np.uint8)
    no_go = part == Part.CANAL
    if ring.sac_mm is not None:
        no_go &= (x / (ring.canal[0] - ring.sac_mm)) ** 2 + (y / (ring.canal[1] - ring.sac_mm)) ** 2 <= 1.0
    no_go &= ~tumour
    affine = np.diag([ring.step_mm] * 3 + [1.0])
    affine[:3, 3] = start
    grid = Grid(shape, Affine(affine))
    return OperativeField(
        frame=FRAME, start_mm=start, step_mm=ring.step_mm, levels=(LEVEL,),
        column=(Level.T11, LEVEL, Level.L1), owner=owner, part=part, tumour=tumour,
        tumour_mm=distance_map(tumour, grid).on(grid.affine, shape), no_go=no_go,
        no_go_mm=distance_map(no_go, grid).on(grid.affine, shape), no_go_is_sac=ring.sac_mm is not None,
        no_go_basis="canal", vessel_mm={}, ribs={}, estimated=np.zeros(shape, bool),
        canal_centre_mm={LEVEL: np.zeros(3)}, noise_mm=1.25 * ring.step_mm, voxel_mm=ring.step_mm, thick_slices=False,
    )  # fmt: skip


def ball(ring: Ring, centre_mm: tuple[float, float, float], radius_mm: float) -> Mask:
    """Voxels of the ring's grid whose centre lies in a ball."""
    shape, start = ring.grid()
    points = np.moveaxis(np.indices(shape), 0, -1) * ring.step_mm + start
    inside: Mask = np.linalg.norm(points - np.array(centre_mm), axis=-1) < radius_mm
    return inside


def mirrored(field: OperativeField) -> OperativeField:
    """Left for right. The grid of a ring lies evenly about the mid-plane, so that only arrays turn over."""
    swap = np.arange(32, dtype=np.uint8)
    for one, other in (
        (Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT), (Part.LAMINA_LEFT, Part.LAMINA_RIGHT),
        (Part.TRANSVERSE_LEFT, Part.TRANSVERSE_RIGHT), (Part.ARTICULAR_LEFT, Part.ARTICULAR_RIGHT),
    ):  # fmt: skip
        swap[[one, other]] = other, one
    names = ("owner", "tumour", "tumour_mm", "no_go", "no_go_mm", "estimated")
    turned = {name: np.ascontiguousarray(getattr(field, name)[::-1]) for name in names}
    return replace(field, part=np.ascontiguousarray(swap[field.part[::-1]]), **turned)


def limits(field: OperativeField, kerf_mm: float = 0.5) -> Limits:
    """As the stage sets them: the canal as a whole may be touched but not entered."""
    half = 0.5 * kerf_mm
    return Limits(half, 0.0 if field.no_go_is_sac else -0.5 * field.step_mm - half, 0.0, field.noise_mm)


def turned_axes(degrees: tuple[float, float, float]) -> Array:
    """Right, anterior, superior as rows, turned about x, then y, then z."""
    a, b, c = np.radians(degrees)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    turned: Array = (z @ y @ x).T
    return turned
