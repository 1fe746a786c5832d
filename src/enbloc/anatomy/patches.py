"""Which barrier each triangle of a vertebra's surface belongs to, and the surface itself.

Decided in the vertebra's own frame from the part of the bone beneath the triangle, from whether the canal lies above
it, and from where it lies and looks. The numbers are those of knowledge/barriers/borders.toml.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy.compartment import CODES, Barrier, Compartment
from enbloc.anatomy.spine import Frame, Part, Spine, Triple, Vertebra, is_bone
from enbloc.core.geometry import Array, Box, Vector
from enbloc.core.mesh import Faces, area_vectors, enclosed_mm3, smooth_surface, vertex_vectors
from enbloc.core.side_by_side import side_by_side
from enbloc.core.volume import Grid, Mask
from enbloc.knowledge import Borders, barrier_borders

COARSE_MM = 1.0
"""Finer voxels are averaged up to this size before meshing: the area moves by less than 1 %."""
NORMAL_ROUNDS = 2
"""Rounds in which normals are averaged over neighbouring triangles, so that one voxel's step moves no border."""
BENEATH_VOXELS = (0.5, 0.25, 0.75, 1.25)
"""How far under the surface its bone is looked for, nearest guess first."""
ABOVE_VOXELS = 0.75
SMALLEST_VOXELS = 8

Parts = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Triangles in a vertebra's frame: middles and unit normals (m, 3) as right, anterior, superior; areas in mm²."""

    middle: Array
    normal: Array
    area: Vector


def compartments_of(spine: Spine) -> tuple[Compartment, ...]:
    """The compartment of every modelled vertebra with bone, in the order of the spine."""

    def close(number: int) -> Compartment | None:
        vertebra = spine.vertebrae[number - 1]
        if vertebra.frame is None or vertebra.canal_centre_mm is None:
            return None
        return compartment_of(spine, number, vertebra, vertebra.frame, vertebra.canal_centre_mm)

    found = side_by_side(close, range(1, len(spine.vertebrae) + 1))
    return tuple(compartment for compartment in found if compartment is not None)


def compartment_of(spine: Spine, number: int, vertebra: Vertebra, frame: Frame, canal_mm: Triple) -> Compartment | None:
    """None where too few voxels are left to have a surface."""
    box = vertebra.box.grown((2, 2, 2), spine.grid.shape)
    part, grid = spine.part[box.slices], spine.grid.crop(box)
    bone = (spine.owner[box.slices] == number) & is_bone(part)
    if np.count_nonzero(bone) < SMALLEST_VOXELS:
        return None
    points, faces = without_cavities(*smooth_surface(bone, grid.affine, COARSE_MM))
    vectors = area_vectors(points, faces)
    middle = points[faces].mean(axis=1)
    normal = smooth_normals(vectors, faces, len(points))
    beneath, index = bone_beneath(bone, part, grid, middle, normal)
    borders = barrier_borders()
    canal = canal_above(part, grid, middle, normal, borders.canal_within_mm)
    surface = Surface(frame.to_local(middle), normal @ frame.axes.T, np.linalg.norm(vectors, axis=1))
    centre = frame.to_local(np.array(canal_mm))
    patch = divided(surface, beneath, canal, centre, borders)
    patch[at_image_border(index, normal, box, spine.grid)] = CODES[Barrier.IMAGE_BORDER]
    guessed = spine.estimated[box.slices][tuple(index.T)]
    return Compartment(vertebra.level, points.astype(np.float32), faces, patch, guessed)


def without_cavities(points: Array, faces: Faces) -> tuple[Array, Faces]:
    """The surface without the walls of cavities inside the bone, which are not its outside."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    ends = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]]).T
    edges = coo_matrix((np.ones(ends.shape[1], np.int8), (ends[0], ends[1])), shape=(len(points), len(points)))
    count, piece = connected_components(edges, directed=False)
    if count == 1:
        return points, faces
    of_face = piece[faces[:, 0]]
    outer = [n for n in np.unique(of_face) if enclosed_mm3(points, faces[of_face == n]) > 0.0]
    faces = faces[np.isin(of_face, outer)]
    used, renumbered = np.unique(faces, return_inverse=True)
    return points[used], renumbered.reshape(-1, 3).astype(np.int32)


def smooth_normals(vectors: Array, faces: Faces, count: int) -> Array:
    """Unit normals of the triangles, averaged over their corners' neighbourhoods."""
    for _ in range(NORMAL_ROUNDS):
        vectors = vertex_vectors(vectors, faces, count)[faces].mean(axis=1)
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Array = vectors / np.maximum(length, 1e-12)
    return unit


def voxel_step(normal: Array, grid: Grid) -> Array:
    """mm along each normal that cross one voxel along the axis that it crosses fastest, (m, 1)."""
    rate = np.abs(normal @ grid.affine.inverse[:3, :3].T).max(axis=1, keepdims=True)
    step: Array = 1.0 / rate
    return step


def bone_beneath(
    bone: Mask, part: Parts, grid: Grid, middle: Array, normal: Array
) -> tuple[Parts, npt.NDArray[np.intp]]:
    """Part and voxel index of the bone under each triangle; part 0 where the surface was smoothed away from it."""
    step = voxel_step(normal, grid)
    found = np.zeros(len(middle), dtype=np.uint8)
    place = np.zeros((len(middle), 3), dtype=np.intp)
    for depth in BENEATH_VOXELS:
        index = nearest_voxel(grid, middle - depth * step * normal)
        new = (found == 0) & bone[tuple(index.T)]
        found[new] = part[tuple(index[new].T)]
        place[new] = index[new]
    place[found == 0] = nearest_voxel(grid, middle[found == 0])
    return found, place


def canal_above(part: Parts, grid: Grid, middle: Array, normal: Array, within_mm: float) -> Mask:
    """Whether the canal lies above each triangle, `within_mm` off it or in the next voxel where those are larger."""
    step = np.maximum(within_mm, ABOVE_VOXELS * voxel_step(normal, grid))
    found: Mask = part[tuple(nearest_voxel(grid, middle + step * normal).T)] == Part.CANAL
    return found


def nearest_voxel(grid: Grid, points_mm: Array) -> npt.NDArray[np.intp]:
    index = np.floor(grid.affine.to_index(points_mm) + 0.5).astype(np.intp)
    clipped: npt.NDArray[np.intp] = np.clip(index, 0, np.array(grid.shape) - 1)
    return clipped


def at_image_border(index: npt.NDArray[np.intp], normal: Array, box: Box, grid: Grid) -> Mask:
    """Triangles over the outermost voxels of the image that look out of it.

    The spine's grid keeps a margin around all bone, so bone that reaches its edge reaches the edge of the image.
    """
    place = index + np.array(box.lower)
    outwards = normal @ grid.affine.inverse[:3, :3].T
    outwards /= np.linalg.norm(outwards, axis=1, keepdims=True)
    low = (place == 0) & (outwards < -np.sqrt(0.5))
    high = (place == np.array(grid.shape) - 1) & (outwards > np.sqrt(0.5))
    cut: Mask = (low | high).any(axis=1)
    return cut


def divided(surface: Surface, part: Parts, canal: Mask, centre: Vector, borders: Borders) -> npt.NDArray[np.uint8]:
    """The barrier code of every triangle but for the image's border; `centre` is that of the canal, in the frame."""
    x, y = surface.middle[:, 0], surface.middle[:, 1]
    rim, wall = np.cos(np.radians(borders.rim_deg)), np.cos(np.radians(borders.posterior_wall_deg))
    up, down = surface.normal[:, 2] >= rim, surface.normal[:, 2] <= -rim
    level = ~up & ~down
    across = np.hypot(surface.normal[:, 0], surface.normal[:, 1])
    backwards = level & (-surface.normal[:, 1] >= wall * across)
    body = part == Part.BODY
    pedicle = (part == Part.PEDICLE_LEFT) | (part == Part.PEDICLE_RIGHT)
    front = body | pedicle
    middle, half = body_span(surface, body)
    medial = level & (surface.normal[:, 0] * np.sign(x - middle) < 0.0)
    left, right = pedicle_gap(surface, pedicle & medial, middle, half)
    ventral = level & (surface.normal[:, 0] * (centre[0] - x) + surface.normal[:, 1] * (centre[1] - y) > 0.0)
    lamina = ((part == Part.LAMINA_LEFT) | (part == Part.LAMINA_RIGHT)) & (x >= left) & (x <= right)
    between = (x >= left - borders.canal_beyond_mm) & (x <= right + borders.canal_beyond_mm)
    ahead = body & (np.abs(x - middle) <= borders.anterior_width_share * half) & (y > 0.0)
    rules = [
        (Barrier.CRANIAL_ENDPLATE, body & up),
        (Barrier.CAUDAL_ENDPLATE, body & down),
        (Barrier.POSTERIOR_LIGAMENT, front & backwards & (x >= left) & (x <= right)),
        (Barrier.CANAL, pedicle & medial),
        (Barrier.ANTERIOR_LIGAMENT, ahead),
        (Barrier.LATERAL_LEFT, front & (x < middle)),
        (Barrier.LATERAL_RIGHT, front),
        (Barrier.FLAVUM, lamina & ~level),
        (Barrier.FLAVUM, lower_share(surface, lamina & ventral, borders.flavum_share)),
        (Barrier.CANAL, (lamina | (canal & between)) & ventral),
        *spinous_rules(surface, part == Part.SPINOUS, borders),
    ]
    conditions = [where for _, where in rules]
    codes = [np.uint8(CODES[barrier]) for barrier, _ in rules]
    return np.select(conditions, codes, np.uint8(CODES[Barrier.LAMINAR])).astype(np.uint8)


def pedicle_gap(surface: Surface, medial: Mask, middle: float, half: float) -> tuple[float, float]:
    """Where the medial faces of left and right pedicle stand; the body's edge where a pedicle is missing."""
    edges = []
    for side in (-1.0, 1.0):
        mine = medial & (side * (surface.middle[:, 0] - middle) > 0.0)
        weight = surface.area[mine] * np.abs(surface.normal[mine, 0])
        edges.append(float(np.average(surface.middle[mine, 0], weights=weight)) if mine.any() else middle + side * half)
    return edges[0], edges[1]


def body_span(surface: Surface, body: Mask) -> tuple[float, float]:
    """Middle and half width of the body, along the frame's right."""
    x = surface.middle[body, 0]
    if x.size == 0:
        return 0.0, 0.0
    return 0.5 * float(x.max() + x.min()), 0.5 * float(x.max() - x.min())


def lower_share(surface: Surface, where: Mask, share: float) -> Mask:
    """The lowest part of `where` that holds `share` of its area."""
    chosen = np.flatnonzero(where)
    order = chosen[np.argsort(surface.middle[chosen, 2], kind="stable")]
    low = np.zeros(len(where), dtype=bool)
    low[order[np.cumsum(surface.area[order]) <= share * surface.area[order].sum()]] = True
    return low


def spinous_rules(surface: Surface, spinous: Mask, borders: Borders) -> list[tuple[Barrier, Mask]]:
    """End and midline of the spinous process, along the line from its root to its middle."""
    points, weight = surface.middle[spinous], surface.area[spinous]
    if len(points) == 0 or np.ptp(points[:, 1]) <= borders.process_root_mm:
        return []  # none, or a stump: no ligament has a place on it
    centre = np.average(points, axis=0, weights=weight)
    root = points[:, 1] > points[:, 1].max() - borders.process_root_mm
    axis = centre - np.average(points[root], axis=0, weights=weight[root])
    axis[0] = 0.0
    axis /= np.linalg.norm(axis)
    along = surface.middle @ axis
    slope, offset = np.polyfit(along[spinous], points[:, 0], 1, w=np.sqrt(weight))
    beside = np.abs(surface.middle[:, 0] - slope * along - offset)
    end = spinous & (along > along[spinous].max() - borders.supraspinous_mm)
    return [
        (Barrier.SUPRASPINOUS, end),
        (Barrier.INTERSPINOUS, spinous & (beside <= 0.5 * borders.interspinous_mm)),
    ]
