"""The ways in which a piece may leave, as ranges of motion, and the search along one of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from enbloc.core.geometry import Array, Vector
from enbloc.resection.field import Millimetres
from enbloc.resection.motion import Body, Counts, seek
from enbloc.resection.removal_nouns import RemovalSettings, Way

BACK, FRONT = np.array([0.0, -1.0, 0.0]), np.array([0.0, 1.0, 0.0])
FAN_DEG = 15.0
"""Between the straight ways out that are tried."""
OTHER_WAY_MM = 12.0
"""How far a piece may move against the way it leaves, to make room for a turn."""


@dataclass(frozen=True, slots=True, eq=False)
class Range:
    """A lattice of poses: `steps` (mm, radians) times whole numbers from `low` to `high`. `way`: towards which the piece
    leaves; `exits` (n, 3): the straight ways out.
    """

    low: Counts
    high: Counts
    steps: Vector
    exits: Array
    way: Vector


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Poses (n, 6): mm along the field's axes, and a rotation vector in radians. No rows where none was found."""

    poses: Array
    looked: int
    turned_deg: float


def ranges_of(way: Way, settings: RemovalSettings) -> Iterator[Range]:
    """In the plane first; then with height and tilts freed, in coarser steps."""
    turn = round(settings.largest_turn_deg / settings.turn_step_deg)
    tilt = np.deg2rad(max(settings.tilt_deg, 1e-3))
    for step, free in ((settings.move_step_mm, False), (2.0 * settings.move_step_mm, True)):
        aside, along = round(settings.sideways_mm / step), round(settings.lengthways_mm / step)
        other = round(OTHER_WAY_MM / step)
        lift = round(settings.lift_mm / step) if free else 0
        tilts = int(free and settings.tilt_deg > 0.0)
        low, high = np.array([-other, -along, -lift, -tilts, -tilts, 0]), np.array([other, other, lift, tilts, tilts, 0])
        if way is Way.TURNED_LEFT:
            low[0], high[5] = -aside, turn
        elif way is Way.TURNED_RIGHT:
            high[0], low[5] = aside, -turn
        elif way is Way.ANTERIORLY:
            low[1], high[1] = -other, along
            low[5], high[5] = -(turn // 5), turn // 5
        steps = np.array([step, step, step, tilt, tilt, np.deg2rad(settings.turn_step_deg)])
        yield Range(low, high, steps, exits_of(way, settings), FRONT if way is Way.ANTERIORLY else BACK)


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


def search(body: Body, room: Millimetres, step_mm: float, span: Range, settings: RemovalSettings) -> Found:
    """A way out for `body` among obstacles whose room is given on voxels `step_mm` apart."""
    extent = np.array(room.shape) * step_mm
    outside = 0.0 if span.way[1] < 0.0 else float(extent[1])
    # Beyond the grid nothing is known to stand in the way: the piece is out once it lies wholly past its last voxel.
    poses, looked, turned = seek(
        body.points, body.first, body.centre, body.radius, body.pivot, body.reach,
        room, step_mm,
        span.low, span.high, span.steps,
        span.exits, span.way, outside, settings.check_mm, settings.comfortable_mm, settings.most_poses,
    )  # fmt: skip
    return Found(poses, int(looked), float(np.rad2deg(turned)))
