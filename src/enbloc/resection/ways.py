"""The ways in which a piece may leave, as ranges of motion, and the search along one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from enbloc.core.errors import InputError
from enbloc.core.geometry import Array, Vector, unit
from enbloc.resection.body import Body, Counts
from enbloc.resection.field import Millimetres
from enbloc.resection.motion import least_along, seek
from enbloc.resection.removal_nouns import RemovalSettings, Way

BACK, FRONT, UP = np.array([0.0, -1.0, 0.0]), np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, 1.0])
FAN_DEG = 15.0
"""Between the straight ways out that are tried."""
OTHER_WAY_MM = 12.0
"""How far a piece may move against the way it leaves, to make room for a turn."""


SWAY = 2
"""A lifted piece, whose joints may hook, tilts and turns a little, in so many times finer steps."""


WIDER = (0.6, 0.3)
"""Shares of the room at the start that a way is to keep, if one is found that does."""
SOON, SOON_POSES = 2, 500
"""Looked for through so many times the poses that the first way took, and so many more."""


MOST_PLACES = 2e7
"""Of a lattice: each takes 14 bytes."""


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """A lattice of poses: `steps` (mm, radians) times whole numbers from `low` to `high`, along the rows right, ahead,
    up of `basis`; `free` where height and tilts are among them. `exits` (n, 3): the straight ways out.
    """

    low: Counts
    high: Counts
    steps: Vector
    basis: Array
    exits: Array
    way: Way
    free: bool


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Poses (n, 6): mm along the field's axes, and a rotation vector in radians. No rows where none was found.
    `farthest`: the pose farthest turned.
    """

    poses: Array
    looked: int
    farthest: Vector

    @property
    def turned_deg(self) -> float:
        """How far the body was turned at most."""
        return float(np.rad2deg(np.linalg.norm(self.farthest[3:])))


def basis_about(axis: Vector) -> Array:
    """Rows right, ahead, up of a lattice whose turns are about `axis` (along right, anterior, superior)."""
    up = unit(axis)
    ahead = unit(FRONT - (FRONT @ up) * up)
    return np.stack([np.cross(ahead, up), ahead, up])


def ranges_of(way: Way, axis: Vector, settings: RemovalSettings) -> Iterator[Range]:
    """In the plane square to `axis` (a lifted piece: to the vertebra's own); then with height and tilts freed, in
    coarser steps; then in the plane square to the vertebra's own.
    """
    own, given = basis_about(UP), basis_about(UP if way is Way.DORSALLY else axis)
    yield range_of(way, given, settings, free=False)
    yield range_of(way, given, settings, free=True)
    if not np.allclose(own, given):
        yield range_of(way, own, settings, free=False)


def range_of(way: Way, basis: Array, settings: RemovalSettings, *, free: bool) -> Range:
    lifted = way is Way.DORSALLY
    step = settings.move_step_mm * (2.0 if free and not lifted else 1.0)
    part = SWAY if lifted else 1
    turn, tilt = round(settings.largest_turn_deg / settings.turn_step_deg), np.deg2rad(max(settings.tilt_deg, 1e-3))
    aside, along, other = (round(mm / step) for mm in (settings.sideways_mm, settings.lengthways_mm, OTHER_WAY_MM))
    lift = round(settings.lift_mm / step) if free else 0
    tilts = part * int(free and settings.tilt_deg > 0.0)
    low, high = np.array([-other, -along, -lift, -tilts, -tilts, 0]), np.array([other, other, lift, tilts, tilts, 0])
    if way is Way.TURNED_LEFT:
        low[0], high[5] = -aside, turn
    elif way is Way.TURNED_RIGHT:
        high[0], low[5] = aside, -turn
    elif lifted and free:
        low[5], high[5] = -SWAY, SWAY
    elif way is Way.ANTERIORLY:
        low[1], high[1] = -other, along
        low[5], high[5] = -(turn // 5), turn // 5
    if np.prod((high - low + 1).astype(float)) > MOST_PLACES:
        raise InputError("more motions than can be searched", field="resection.removal", hint="take longer steps")
    steps = np.array([step, step, step, tilt / part, tilt / part, np.deg2rad(settings.turn_step_deg) / part])
    exits = exits_of(way, settings) @ basis
    return Range(low, high, steps, basis, exits, way, free)


def leaves_towards(way: Way) -> Vector:
    return FRONT if way is Way.ANTERIORLY else BACK


def beyond(way: Way, extent_mm: Vector) -> float:
    """How far along its way, from the first voxel, a piece is out: nothing is known to stand in the way beyond what is
    looked at, so it is out once it lies wholly past the last voxel there.
    """
    return float(extent_mm[1]) if way is Way.ANTERIORLY else 0.0


def exits_of(way: Way, settings: RemovalSettings) -> Array:
    """Straight back or to the front, and as far from it as the muscles let: a turned piece to its side, others to both
    sides, a lifted one up and down as well.
    """
    count = int(settings.retraction_deg // FAN_DEG)
    fan = [np.deg2rad(FAN_DEG * n) for n in range(-count, count + 1)]
    if way is Way.TURNED_LEFT:
        fan = [angle for angle in fan if angle <= 0.0]
    elif way is Way.TURNED_RIGHT:
        fan = [angle for angle in fan if angle >= 0.0]
    fan.sort(key=abs)
    forward = 1.0 if way is Way.ANTERIORLY else -1.0
    rays = [(np.sin(a), forward * np.cos(a), 0.0) for a in fan]
    if way is Way.DORSALLY:
        rays += [(0.0, forward * np.cos(a), np.sin(a)) for a in fan if a != 0.0]
    return np.array(rays)


def search(
    body: Body, room: Millimetres, step_mm: float, span: Range, settings: RemovalSettings, *, first: bool = False
) -> Found:
    """A way out for `body` among obstacles whose room is given on voxels `step_mm` apart; and, where it is soon found
    and not the `first` one will do, one that keeps as much of the room at the start as WIDER says.
    """
    found = _sought(body, room, step_mm, span, settings, settings.most_poses)
    if first or not len(found.poses):
        return found
    at_start = along(body, room, step_mm, found.poses[:1].repeat(2, axis=0), settings.check_mm)
    least, looked = along(body, room, step_mm, found.poses, settings.check_mm), found.looked
    for share in WIDER:
        bar = share * min(at_start, settings.comfortable_mm)
        if least >= bar:
            break
        most = min(settings.most_poses, SOON * found.looked + SOON_POSES)
        wider = _sought(body, room - np.float32(bar), step_mm, span, settings, most)
        looked += wider.looked
        if len(wider.poses):
            return replace(wider, looked=looked)
    return replace(found, looked=looked)


def along(body: Body, room: Millimetres, step_mm: float, poses: Array, check_mm: float) -> float:
    """The least room of the body on its way through `poses`."""
    return float(
        least_along(
            body.points, body.first, body.ball, body.block, body.block_ball, body.pivot, body.reach,
            room, step_mm, poses, check_mm,
        )
    )  # fmt: skip


def _sought(body: Body, room: Millimetres, step_mm: float, span: Range, settings: RemovalSettings, most: int) -> Found:
    outside = beyond(span.way, np.array(room.shape) * step_mm)
    poses, looked, farthest = seek(
        body.points, body.first, body.ball, body.block, body.block_ball, body.pivot, body.reach,
        room, step_mm,
        span.low, span.high, span.steps, span.basis,
        span.exits, leaves_towards(span.way), outside, settings.check_mm, settings.comfortable_mm, most,
    )  # fmt: skip
    return Found(poses, int(looked), farthest)
