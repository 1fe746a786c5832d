"""A path as poses in RAS and along a theatre's axes, and its end: where the piece is wholly out."""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.spine import Triple
from enbloc.core.geometry import Array, Box, Vector
from enbloc.resection.body import Body
from enbloc.resection.motion import placed, trailing
from enbloc.resection.removal_nouns import Pose, Way
from enbloc.resection.theatre import Theatre
from enbloc.resection.ways import beyond, leaves_towards


def in_ras(theatre: Theatre, poses: Array) -> tuple[Pose, ...]:
    """From the theatre's axes, mm and radians (n, 6), to RAS and degrees."""
    turns, moves = np.rad2deg(poses[:, 3:]) @ theatre.frame.axes, poses[:, :3] @ theatre.frame.axes
    return tuple(Pose(triple(turn), triple(move)) for turn, move in zip(turns, moves, strict=True))


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


def swept(body: Body, poses: Array, theatre: Theatre) -> Box:
    """The theatre's voxels between which `body` lies all along its path through `poses` (n, 6).

    Where a turn by t between two poses carries a point along an arc about an axis r away, the arc leaves the chord
    by no more than r t² / 8.
    """
    turned = np.linalg.norm(np.diff(poses[:, 3:], axis=0), axis=1).max(initial=0.0)
    spare = body.block_ball[:, 3:] + body.reach * turned**2 / 8.0
    ends = [body.block_ball[:, :3] @ turn.T + shift for turn, shift in (placed(body.pivot, pose) for pose in poses)]
    low = np.floor(np.min([(end - spare).min(axis=0) for end in ends], axis=0) / theatre.step_mm).astype(int)
    high = np.ceil(np.max([(end + spare).max(axis=0) for end in ends], axis=0) / theatre.step_mm).astype(int)
    a, b, c = np.clip(low, 0, np.array(theatre.shape) - 1).tolist()
    d, e, f = (1 + np.clip(high, 0, np.array(theatre.shape) - 1)).tolist()
    return Box((a, b, c), (d, e, f))
