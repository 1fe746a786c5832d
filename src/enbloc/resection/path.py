"""A path as poses in RAS and along a theatre's axes, and its end: where the piece is wholly out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from enbloc.anatomy.spine import Triple
from enbloc.core.geometry import Array, Vector
from enbloc.resection.body import Body
from enbloc.resection.motion import trailing
from enbloc.resection.removal_nouns import Pose, Way
from enbloc.resection.theatre import Theatre
from enbloc.resection.ways import beyond, leaves_towards


def in_ras(theatre: Theatre, poses: Array) -> tuple[Pose, ...]:
    """From the theatre's axes, mm and radians (n, 6), to RAS and degrees."""
    turns, moves = np.rad2deg(poses[:, 3:]) @ theatre.frame.axes, poses[:, :3] @ theatre.frame.axes
    return tuple(Pose(triple(turn), triple(move)) for turn, move in zip(turns, moves, strict=True))


def in_theatre(theatre: Theatre, poses: Sequence[Pose]) -> Array:
    """From RAS and degrees to the theatre's axes, mm and radians (n, 6)."""
    turns, moves = np.array([pose.turn_deg for pose in poses]), np.array([pose.moved_mm for pose in poses])
    return np.hstack([moves @ theatre.frame.axes.T, np.deg2rad(turns) @ theatre.frame.axes.T])


def triple(vector: Array) -> Triple:
    x, y, z = (round(float(v), 4) for v in vector)
    return x, y, z


def wholly_out(body: Body, way: Way, poses: Array, extent_mm: Vector) -> Array:
    """`poses` (n, 6, n at least 2), the last step of which is the straight way out, with that step made longer until
    all of `body` lies beyond what is looked at (`extent_mm` along the axes).
    """
    towards = leaves_towards(way)
    left_mm = trailing(body.block_ball, body.pivot, poses[-1], towards) + beyond(way, extent_mm)
    if left_mm <= 0.0:
        return poses
    step = poses[-1, :3] - poses[-2, :3]
    along = float(step @ towards)
    straight = step / along if along > 0.0 else towards
    longer = poses.copy()
    longer[-1, :3] += left_mm * straight
    return longer
