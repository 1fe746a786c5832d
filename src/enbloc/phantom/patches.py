"""True surface of a vertebra, sampled densely, with the true barrier of every sample and what the tumour does there.

The borders are those of knowledge/barriers/borders.toml, read in the true frame on the implicit shapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector
from enbloc.core.levels import Level
from enbloc.core.mesh import area_vectors
from enbloc.core.volume import Mask
from enbloc.knowledge import barrier_borders
from enbloc.phantom.truth import Truth, ZoneCode

STEP_MM = 0.35
COARSE = 4
"""The field is first read on a raster this much coarser, and finely only near the surface."""
BAND_MM = 2.5
SKIN_MM = 0.1
"""Just under, or just off, the surface."""
UNDER_MM = 0.3
H_MM = 0.01
"""Step of differences."""
LAMINA_MM = 7.0
SPINOUS_HALF_MM = 9.0
BODY, PEDICLES = ZoneCode.BODY, (ZoneCode.PEDICLE_LEFT, ZoneCode.PEDICLE_RIGHT)


@dataclass(frozen=True, slots=True, eq=False)
class TrueSurface:
    """Samples of a vertebra's surface: points (n, 3) and outward normals in RAS mm, area in mm² and barrier of each.

    `inside`, `outside`: tumour lies just under, just off the surface there.
    """

    points_mm: Array
    normals: Array
    area_mm2: Vector
    barrier: npt.NDArray[np.str_]
    inside: Mask
    outside: Mask

    def area_of(self, barrier: str, where: Mask | None = None) -> float:
        """mm² of a barrier, or of the part of it that `where` picks."""
        chosen = self.barrier == barrier if where is None else (self.barrier == barrier) & where
        return float(self.area_mm2[chosen].sum())

    @property
    def breached(self) -> Mask:
        return self.inside & self.outside


def true_surface(truth: Truth, level: Level | str) -> TrueSurface:
    """The surface of one vertebra, in triangles of about STEP_MM."""
    level = Level(level)
    corners, faces = _triangles(truth, level)
    vectors = area_vectors(corners, faces)
    area = np.linalg.norm(vectors, axis=1)
    kept = area > 0.0
    points, area = corners[faces[kept]].mean(axis=1), area[kept]
    normals = _gradient(truth, level, points)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    return TrueSurface(
        points_mm=points,
        normals=normals,
        area_mm2=area,
        barrier=_barriers(truth, level, points, normals, area),
        inside=truth.tumour(points - SKIN_MM * normals) < 0.0,
        outside=truth.tumour(points + SKIN_MM * normals) < 0.0,
    )


def _triangles(truth: Truth, level: Level) -> tuple[Array, npt.NDArray[np.int32]]:
    """Marching cubes on the implicit function in the vertebra's frame, its corners moved onto the zero set."""
    from skimage.measure import marching_cubes

    frame = truth.frame(level)
    axes = np.array([frame.right, frame.anterior, frame.superior])
    v = truth.column.shapes[truth.names.index(level)]
    reach = float(v["reach_x"])
    low = np.array([-reach, -float(v["reach_back"]), -float(v["reach_down"])])
    high = np.array([reach, float(v["reach_front"]), float(v["reach_up"])])
    coarse_mm = COARSE * STEP_MM
    count = np.ceil((high - low) / coarse_mm).astype(int) + 1

    def world(local: Array) -> Array:
        points: Array = local @ axes + np.array(frame.origin_mm)
        return points

    coarse = truth.bone(level, world(low + coarse_mm * _lattice(count)))
    field = np.repeat(np.repeat(np.repeat(coarse, COARSE, 0), COARSE, 1), COARSE, 2)
    near = np.argwhere(np.abs(field) < BAND_MM)
    middle = 0.5 * (COARSE - 1)
    field[tuple(near.T)] = truth.bone(level, world(low + STEP_MM * (near - middle)))
    corners, faces, _, _ = marching_cubes(field.astype(np.float32), 0.0)  # type: ignore[no-untyped-call]
    points = world(low + STEP_MM * (corners.astype(np.float64) - middle))
    for _ in range(3):
        value = truth.bone(level, points)
        slope = _slope(truth, level, points, value)
        step = value / np.maximum((slope**2).sum(axis=1), 0.1)
        points = points - np.clip(step, -0.5 * STEP_MM, 0.5 * STEP_MM)[:, None] * slope
    return points, np.ascontiguousarray(faces, dtype=np.int32)


def _lattice(count: npt.NDArray[np.int_]) -> Array:
    return np.stack(np.meshgrid(*(np.arange(n, dtype=np.float64) for n in count), indexing="ij"), axis=-1)


def _slope(truth: Truth, level: Level, points_mm: Array, value: Vector) -> Array:
    """Forward differences: half the work of `_gradient`, and good enough to walk down."""
    sides = [truth.bone(level, points_mm + H_MM * e) - value for e in np.eye(3)]
    return np.stack(sides, axis=1) / H_MM


def _gradient(truth: Truth, level: Level, points_mm: Array) -> Array:
    """Central differences of the implicit function."""
    ahead, behind = ([truth.bone(level, points_mm + h * e) for e in np.eye(3)] for h in (H_MM, -H_MM))
    return (np.stack(ahead, axis=1) - np.stack(behind, axis=1)) / (2.0 * H_MM)


def _barriers(truth: Truth, level: Level, points_mm: Array, normals: Array, area: Vector) -> npt.NDArray[np.str_]:
    """The barrier of each sample. Left is negative x of the true frame."""
    borders, frame = barrier_borders(), truth.frame(level)
    axes = np.array([frame.right, frame.anterior, frame.superior])
    place, facing = (points_mm - np.array(frame.origin_mm)) @ axes.T, normals @ axes.T
    x, y, z = place.T
    codes, _ = truth.zone(points_mm - UNDER_MM * normals)
    canal = truth.canal(points_mm + borders.canal_within_mm * normals) < 0.0
    body = codes == BODY
    pedicle = np.isin(codes, PEDICLES)
    front = body | pedicle
    v = truth.column.shapes[truth.names.index(level)]
    rim = cos(radians(borders.rim_deg))
    up, down = facing[:, 2] >= rim, facing[:, 2] <= -rim
    sideways = np.degrees(np.arctan2(np.abs(facing[:, 0]), -facing[:, 1]))
    span = x[body].min(), x[body].max()
    beside = x - 0.5 * (span[0] + span[1])
    ahead = np.abs(beside) <= borders.anterior_width_share * 0.5 * (span[1] - span[0])
    medial = pedicle & ~up & ~down & (facing[:, 0] * beside < 0.0)
    gap = [_mean(x, area * np.abs(facing[:, 0]), medial & (side * beside > 0.0)) for side in (-1.0, 1.0)]
    wall = ~up & ~down & (sideways <= borders.posterior_wall_deg) & (x >= gap[0]) & (x <= gap[1])
    between = (x >= gap[0] - borders.canal_beyond_mm) & (x <= gap[1] + borders.canal_beyond_mm)
    behind = y - (float(v["canal_y"]) - float(v["canal_d"]))
    lamina = ~front & (behind >= -LAMINA_MM) & (x >= gap[0]) & (x <= gap[1]) & (y < float(v["canal_y"]))
    spinous = ~front & (behind < -LAMINA_MM) & (np.abs(x) <= SPINOUS_HALF_MM)
    name = np.full(len(x), "laminar-and-spinous-periosteum", dtype="U32")
    end, line = _process(place, area, spinous, borders.process_root_mm)
    name[spinous & (line <= 0.5 * borders.interspinous_mm)] = "interspinous-ligament"
    name[spinous & (end <= borders.supraspinous_mm)] = "supraspinous-ligament"
    inwards = ~up & ~down & (facing[:, 1] * (float(v["canal_y"]) - y) - facing[:, 0] * x > 0.0)
    name[~front & inwards & ((canal & between) | lamina)] = "canal-periosteum"
    ventral = np.flatnonzero(lamina & inwards)
    ventral = ventral[np.argsort(z[ventral])]
    share = np.cumsum(area[ventral]) / max(area[ventral].sum(), 1e-9)
    name[ventral[share <= borders.flavum_share]] = "ligamentum-flavum"
    name[lamina & (up | down)] = "ligamentum-flavum"
    name[front] = np.where(beside[front] < 0.0, "lateral-periosteum-left", "lateral-periosteum-right")
    name[body & ahead & (y > 0.0)] = "anterior-longitudinal-ligament"
    name[medial] = "canal-periosteum"
    name[front & wall] = "posterior-longitudinal-ligament"
    name[body & up], name[body & down] = "cranial-endplate", "caudal-endplate"
    return name


def _mean(values: Vector, weight: Vector, where: Mask) -> float:
    return float((values * weight)[where].sum() / weight[where].sum())


def _process(place: Array, area: Vector, spinous: Mask, root_mm: float) -> tuple[Vector, Vector]:
    """Distance of every sample from the end of the spinous process along it, and from its midline sideways."""
    mine, weight = place[spinous], area[spinous]
    centre = (mine * weight[:, None]).sum(axis=0) / weight.sum()
    at_root = mine[:, 1] > mine[:, 1].max() - root_mm
    root = (mine[at_root] * weight[at_root, None]).sum(axis=0) / weight[at_root].sum()
    direction = (centre - root) * np.array([0.0, 1.0, 1.0])
    direction /= np.linalg.norm(direction)
    along = place @ direction
    design = np.column_stack([along[spinous], np.ones(len(mine))]) * np.sqrt(weight)[:, None]
    slope, offset = np.linalg.lstsq(design, mine[:, 0] * np.sqrt(weight), rcond=None)[0]
    return along[spinous].max() - along, np.abs(place[:, 0] - slope * along - offset)
