"""What a cut has to pass: the solid tissue of one gate, its two ends, and paths between them that it must cross."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace

import numba
import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Part
from enbloc.core.geometry import Array, Box, Vector, bounding_box, indices_of
from enbloc.core.levels import Level
from enbloc.core.side_by_side import CORES
from enbloc.core.volume import Mask
from enbloc.resection.distance import FAR_MM
from enbloc.resection.field import OperativeField
from enbloc.resection.kernels import BEYOND, CANAL, JOINED, SOLID, Codes, Ints, Millimetres
from enbloc.resection.nouns import Gate, OpenSide

MOST_PATHS, MOST_ELSEWHERE = 80, 16
"""Paths through a ring, and through a body or disc. More paths bound the margin more tightly and cost time; the
certificate, which ring cuts alone have, adds those that it needs.
"""
CENTRAL_SHARE = 0.5
"""Share of the canal's half width within which the body in front of the canal is what a cut parts from the arch."""
BEHIND_MM = 2.0
"""As far from the middle the arch behind the canal counts as its end."""
HUG = 4.0
"""How much dearer a voxel is, per voxel of distance from the canal, for the path along the canal's wall."""


HALF_ENDS = 0.6
"""A split parts what lies farther out on the left than this share of the body's reach from what does on the right."""
UNJOINED = {
    Gate.LEFT: "nothing solid joins body and arch on the left: there is nothing to cut",
    Gate.RIGHT: "nothing solid joins body and arch on the right: there is nothing to cut",
    Gate.CRANIAL: "nothing labelled joins the body to its neighbour above",
    Gate.CAUDAL: "nothing labelled joins the body to its neighbour below",
    Gate.SPLIT: "the body has no two sides that are joined",
}


@dataclass(frozen=True, slots=True, eq=False)
class Passage:
    """The block of the operative field that one gate's cuts run in; `lower` is its first voxel there.

    `code` (see `kernels`): solid tissue of this gate, tissue beyond it, canal. `front` and `back`: what a cut must
    part; `seeds`: flat indices of the solid voxels of `front`. `points` (n, 3) are voxels of the paths between them,
    path m being points[ends[m]:ends[m + 1]], path 0 along the wall of the canal; `at_mm` the distance to tumour there.
    `axes` (3, 3): the level's own right, anterior, superior as rows, in the field's axes. `pivot` and `canal` (middle
    of the canal) are in voxels of the block. `divider_deg`: see `ring_passage`.
    """

    gate: Gate
    level: Level
    lower: Vector
    step_mm: float
    code: Codes
    part: Codes
    tumour_mm: Millimetres
    no_go_mm: Millimetres
    vessel_mm: Millimetres
    front: Mask
    back: Mask
    seeds: Ints
    points: Millimetres
    ends: Ints
    at_mm: Millimetres
    axes: Array
    pivot: Vector
    canal: Vector
    divider_deg: float = 0.0

    @property
    def half(self) -> int:
        """Half the side, in voxels, of a raster that holds every section of the block."""
        return int(np.ceil(0.5 * np.linalg.norm(self.code.shape))) + int(
            np.ceil(np.linalg.norm(self.pivot - 0.5 * np.array(self.code.shape)))
        )

    def wall_mm(self) -> Array:
        """Points of path 0 from the middle of the canal, mm along the level's own right and anterior, (n, 2)."""
        from_canal = (self.points[: self.ends[1]] - self.canal) * self.step_mm
        flat: Array = (from_canal @ self.axes.T)[:, :2]
        return flat


def ring_passage(
    field: OperativeField, level: Level, gate: Gate, axes: Array, divider_deg: float = 0.0
) -> Passage | OpenSide:
    """The ring of `level` on the side of `gate`; `axes` are the level's own, in the field's axes.

    What divides left from right behind the canal's middle is the plane through it that is turned by `divider_deg` from
    straight behind to the right; in front it is the middle. Tumour in the canal belongs to the side that it lies on: a
    cut does not run on through it to the other side.
    """
    seen = Surroundings.of(field, level, axes)
    right_mm = rightward(seen, divider_deg)
    outward = -right_mm if gate is Gate.LEFT else right_mm
    epidural = seen.own & (seen.part == Part.CANAL)
    beyond = np.where(epidural, 0, BEYOND)
    code = np.where(seen.own, np.where(outward > 0.0, SOLID, beyond), 0).astype(np.uint8)
    code[seen.canal] = CANAL
    solid, bone = code == SOLID, (code == SOLID) & ~epidural
    front = bone & (seen.ahead_mm > 0.0) & (outward <= max(CENTRAL_SHARE * seen.half_width_mm, field.step_mm))
    back = bone & (seen.ahead_mm <= 0.0) & (outward <= max(BEHIND_MM, field.step_mm))
    arch = solid & (seen.part != Part.BODY)
    found = finished(field, gate, level, seen, code, front, back, pivot_of(arch, solid), seen.part)
    return replace(found, divider_deg=divider_deg) if isinstance(found, Passage) else found


def rightward(seen: Surroundings, divider_deg: float) -> npt.NDArray[np.float32]:
    """How far to the right of what divides the sides each voxel lies, mm."""
    if divider_deg == 0.0:
        return seen.across_mm
    turn = np.radians(divider_deg)
    behind = np.float32(np.cos(turn)) * seen.across_mm + np.float32(np.sin(turn)) * seen.ahead_mm
    right_mm: npt.NDArray[np.float32] = np.where(seen.ahead_mm > 0.0, seen.across_mm, behind)
    return right_mm


def split_passage(field: OperativeField, level: Level, axes: Array) -> Passage | OpenSide:
    """The body of `level`, to be parted into a left and a right half; `front` is the left end.

    Body is here all bone in front of the canal's middle: where pedicle begins is drawn by rule, and a layer of it runs
    along the body's back.
    """
    seen = Surroundings.of(field, level, axes)
    body = seen.own & (seen.ahead_mm > 0.0)
    code = np.where(body, SOLID, np.where(seen.own, BEYOND, 0)).astype(np.uint8)
    code[seen.canal] = CANAL
    reach = float(np.abs(seen.across_mm[body]).max(initial=0.0))
    left, right = body & (seen.across_mm < -HALF_ENDS * reach), body & (seen.across_mm > HALF_ENDS * reach)
    return finished(field, Gate.SPLIT, level, seen, code, left, right, pivot_of(body, body), seen.part)


def column_passage(field: OperativeField, gate: Gate, axes: Array) -> Passage | OpenSide:
    """The column above (below) the resected levels: bodies, the disc between them and tumour in front of the canal.

    `axes` are those of the disc space. In `part` the own body is coded 1, the neighbour's 2 and the disc 4 (which is
    modelled: a labelled vessel in it is vessel); the neighbour's pedicles, which stay, are coded as joined.
    """
    cranial = gate is Gate.CRANIAL
    level = field.levels[0] if cranial else field.levels[-1]
    number = field.number(level)
    other = number - 1 if cranial else number + 1
    if not 1 <= other <= len(field.column):
        return OpenSide(gate, level, "the neighbouring vertebra is not in view: no cut could be placed towards it")
    disc_of = other if cranial else number
    body = field.part == Part.BODY
    disc = (field.part == Part.DISC) & (field.owner == disc_of)
    own, neighbour = body & (field.owner == number), body & (field.owner == other)
    if not neighbour.any():
        return OpenSide(gate, level, "the neighbouring body is not in view: no cut could be placed towards it")
    box = around(own | neighbour | disc)
    seen = Surroundings.of(field, level, axes, box)
    loose = field.tumour & ~body & np.isin(field.owner, (number, other)) & (field.part == 0)
    vessel = np.logical_or.reduce([mm < 0.0 for mm in field.vessel_mm.values()]) if field.vessel_mm else False
    solid = ((own | neighbour | disc | loose) & ~vessel)[box.slices]
    pedicles = np.isin(field.part, (Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT)) & (field.owner == other)
    code = np.where(solid, SOLID, np.where(pedicles[box.slices], JOINED, 0)).astype(np.uint8)
    code[seen.canal] = CANAL
    part = (own + 2 * neighbour + 4 * disc)[box.slices].astype(np.uint8)
    front, back = middle_layer(part == 1, axes[2]), middle_layer(part == 2, axes[2])
    return finished(field, gate, level, seen, code, front, back, pivot_of(part == 4, solid), part)


def middle_layer(body: Mask, up: Vector) -> Mask:
    """The voxels of a body at the middle of its height, one voxel thick to either side."""
    height = along(body.shape, np.zeros(3), up)
    within = height[body]
    middle = 0.5 * (float(within.min()) + float(within.max()))
    layer: Mask = body & (np.abs(height - middle) <= 1.0)
    return layer


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """A block around one level: its solid tissue, the canal, the parts, and how far to the right of and in front of
    the canal's middle each voxel lies (mm, along the level's `axes`).
    """

    box: Box
    axes: Array
    own: Mask
    canal: Mask
    part: Codes
    across_mm: npt.NDArray[np.float32]
    ahead_mm: npt.NDArray[np.float32]
    centre: Vector
    half_width_mm: float

    @classmethod
    def of(cls, field: OperativeField, level: Level, axes: Array, box: Box | None = None) -> Surroundings:
        mine = field.owner == field.number(level)
        bone = (field.part >= Part.BODY) & (field.part <= Part.ARTICULAR_RIGHT)
        solid = mine & (bone | field.tumour)
        box = around(solid) if box is None else box
        centre = field.to_index(field.canal_centre_mm[level]) - np.array(box.lower)
        across, ahead = (along(box.shape, centre, axes[row]) * np.float32(field.step_mm) for row in (0, 1))
        canal = (((field.part == Part.CANAL) | field.no_go) & ~field.tumour)[box.slices]
        half_width = canal_half_width(across, canal & mine[box.slices])
        part = np.ascontiguousarray(field.part[box.slices])
        return cls(box, axes, solid[box.slices], canal, part, across, ahead, centre, half_width)


def pivot_of(wanted: Mask, otherwise: Mask) -> Vector:
    voxels = indices_of(wanted if wanted.any() else otherwise)
    middle: Vector = voxels.mean(axis=0) if len(voxels) else np.zeros(3)
    return middle


def finished(
    field: OperativeField,
    gate: Gate,
    level: Level,
    seen: Surroundings,
    code: Codes,
    front: Mask,
    back: Mask,
    pivot: Vector,
    part: Codes,
) -> Passage | OpenSide:
    """With the paths laid; open where nothing joins the two ends."""
    code = np.ascontiguousarray(code)
    wall = wall_path(code, front, back)
    if wall is None:
        return OpenSide(gate, level, UNJOINED[gate])
    most = MOST_PATHS if gate in (Gate.LEFT, Gate.RIGHT) else MOST_ELSEWHERE
    points, ends = disjoint_paths(code == SOLID, front, back, most)
    laid = np.concatenate([wall, points]).astype(np.float32)
    ended = np.concatenate([[0], ends + len(wall)]).astype(np.int32)
    block = seen.box.slices
    tumour_mm = np.ascontiguousarray(field.tumour_mm[block])
    vessels = [values[block] for values in field.vessel_mm.values()]
    vessel_mm = np.minimum.reduce(vessels) if vessels else np.full(seen.box.shape, FAR_MM, np.float32)
    return Passage(
        gate=gate,
        level=level,
        lower=np.array(seen.box.lower, dtype=np.float64),
        step_mm=field.step_mm,
        code=code,
        part=np.ascontiguousarray(part),
        tumour_mm=tumour_mm,
        no_go_mm=np.ascontiguousarray(field.no_go_mm[block]),
        vessel_mm=np.ascontiguousarray(vessel_mm),
        front=np.ascontiguousarray(front),
        back=np.ascontiguousarray(back),
        seeds=np.flatnonzero(front & (code == SOLID)).astype(np.int32),
        points=laid,
        ends=ended,
        at_mm=tumour_mm[tuple(laid.astype(np.intp).T)],
        axes=seen.axes,
        pivot=pivot,
        canal=seen.centre,
    )


def around(mask: Mask) -> Box:
    """The box of `mask` with one voxel to spare."""
    box = bounding_box(mask)
    assert box is not None, "a resected level has voxels"
    return box.grown((1, 1, 1), (mask.shape[0], mask.shape[1], mask.shape[2]))


def along(shape: tuple[int, int, int], centre: Vector, axis: Vector) -> npt.NDArray[np.float32]:
    """How far along `axis` each voxel of a block lies from `centre`, in voxels."""
    i, j, k = (
        ((np.arange(n, dtype=np.float32) - c) * a).astype(np.float32)
        for n, c, a in zip(shape, centre, axis, strict=True)
    )
    place: npt.NDArray[np.float32] = i[:, None, None] + j[None, :, None] + k[None, None, :]
    return place


def canal_half_width(across_mm: npt.NDArray[np.float32], canal: Mask) -> float:
    """Half the width of an ellipse whose points lie as far from the middle, on the root mean square, as the canal's."""
    if not canal.any():
        return 0.0
    return 2.0 * float(np.sqrt(np.mean(np.square(across_mm[canal], dtype=np.float64))))


def wall_path(code: Codes, front: Mask, back: Mask) -> Array | None:
    """The path from front to back that keeps closest to the canal, (n, 3); None where nothing solid joins them."""
    import edt

    solid = code == SOLID
    if not (front & solid).any() or not (back & solid).any():
        return None
    canal = code == CANAL
    off = edt.edt(np.ascontiguousarray(~canal), parallel=CORES) if canal.any() else np.zeros(code.shape, np.float32)
    flat = _cheapest(solid, np.ascontiguousarray(off), np.ascontiguousarray(front), np.ascontiguousarray(back))
    return np.stack(np.unravel_index(flat, code.shape), axis=1).astype(np.float64) if len(flat) else None


@numba.njit(cache=True, nogil=True)
def _cheapest(solid: Mask, off: Millimetres, front: Mask, back: Mask) -> npt.NDArray[np.int64]:
    """Flat indices from front to back over solid voxels, each of which costs 1 + HUG * off; none where nothing joins.

    Of equally dear ends the first voxel.
    """
    n0, n1, n2 = solid.shape
    size = n0 * n1 * n2
    solid_at, off_at, front_at, back_at = solid.ravel(), off.ravel(), front.ravel(), back.ravel()
    gone, before = np.full(size, np.inf), np.full(size, -1)
    heap = [(0.0, -1)]
    heap.pop()
    for v in range(size):
        if front_at[v] and solid_at[v]:
            gone[v], before[v] = 1.0 + HUG * off_at[v], v
            heap.append((gone[v], v))
    heapq.heapify(heap)
    while len(heap) > 0:
        cost, v = heapq.heappop(heap)
        if cost > gone[v]:
            continue
        if back_at[v]:
            return _traced(before, v)
        i, j, k = v // (n1 * n2), v // n2 % n1, v % n2
        for step in range(6):
            a = i + (1 if step == 0 else -1 if step == 1 else 0)
            b = j + (1 if step == 2 else -1 if step == 3 else 0)
            c = k + (1 if step == 4 else -1 if step == 5 else 0)
            if a < 0 or b < 0 or c < 0 or a >= n0 or b >= n1 or c >= n2:
                continue
            other = (a * n1 + b) * n2 + c
            if not solid_at[other]:
                continue
            dearer = cost + 1.0 + HUG * off_at[other]
            if dearer < gone[other]:
                gone[other], before[other] = dearer, v
                heapq.heappush(heap, (dearer, other))
    return np.empty(0, np.int64)


@numba.njit(cache=True)
def _traced(before: npt.NDArray[np.int64], end: int) -> npt.NDArray[np.int64]:
    """From the seed, which has come from itself, to `end`."""
    length, v = 1, end
    while before[v] != v:
        v, length = before[v], length + 1
    way = np.empty(length, np.int64)
    for n in range(length - 1, -1, -1):
        way[n] = end
        end = before[end]
    return way


def disjoint_paths(solid: Mask, front: Mask, back: Mask, most: int) -> tuple[Array, npt.NDArray[np.int64]]:
    """Up to `most` shortest paths that share no voxel: their voxels (n, 3) one after the other, and where each ends."""
    flat, ends = _disjoint(
        np.ascontiguousarray(solid & ~back), np.ascontiguousarray(front), np.ascontiguousarray(back & solid), most
    )
    points = np.stack(np.unravel_index(flat, solid.shape), axis=1).astype(np.float64)
    return points, ends


@numba.njit(cache=True, nogil=True)
def _disjoint(free: Mask, front: Mask, back: Mask, most: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """One breadth-first search per path, each over the voxels that the earlier paths have left."""
    n0, n1, n2 = free.shape
    size = n0 * n1 * n2
    left = (free | back).ravel().copy()
    goal = back.ravel()
    starts = np.flatnonzero(front)
    before = np.empty(size, np.int32)
    seen = np.zeros(size, np.int16)
    queue = np.empty(size, np.int32)
    found = np.empty(size, np.int64)
    ends = [0]
    count = 0
    for path in range(1, most + 1):
        head = filled = 0
        for start in starts:
            if left[start]:
                before[start], seen[start] = start, path
                queue[filled] = start
                filled += 1
        reached = -1
        while head < filled and reached < 0:
            v = queue[head]
            head += 1
            if goal[v]:
                reached = v
                break
            i, j, k = v // (n1 * n2), v // n2 % n1, v % n2
            for step in range(6):
                a = i + (1 if step == 0 else -1 if step == 1 else 0)
                b = j + (1 if step == 2 else -1 if step == 3 else 0)
                c = k + (1 if step == 4 else -1 if step == 5 else 0)
                if a < 0 or b < 0 or c < 0 or a >= n0 or b >= n1 or c >= n2:
                    continue
                other = (a * n1 + b) * n2 + c
                if left[other] and seen[other] != path:
                    before[other], seen[other] = v, path
                    queue[filled] = other
                    filled += 1
        if reached < 0:
            break
        v = reached
        while True:
            found[count] = v
            count += 1
            left[v] = False
            if before[v] == v:
                break
            v = before[v]
        ends.append(count)
    return found[:count].copy(), np.array(ends)
