"""A removal as frames for an animation, and as the places in between for whoever checks it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from enbloc.resection.removal_nouns import Frames, PieceRemoval, Pose, Removal

REACH_MM = 50.0
"""A turn counts as the way of a point this far from what it turns about."""


def frames_of(removal: Removal, per_mm: float = 2.0) -> tuple[Frames, ...]:
    """For each piece that gets out, in order, poses about `per_mm` apart, the first where it lies."""
    return tuple(Frames(piece.piece, piece.about_mm, between(piece, per_mm)) for piece in removal.pieces if piece.found)


def between(piece: PieceRemoval, per_mm: float) -> tuple[Pose, ...]:
    """The path's poses with others between them, so that none is farther than `per_mm` from the next."""
    if not piece.poses:
        return ()
    found = [piece.poses[0]]
    for one, two in pairwise(piece.poses):
        count = max(1, int(np.ceil(apart_mm(one, two) / per_mm)))
        found += [part_way(one, two, n / count) for n in range(1, count + 1)]
    return tuple(found)


def apart_mm(one: Pose, two: Pose) -> float:
    turn = float(np.linalg.norm(np.subtract(two.turn_deg, one.turn_deg)))
    return float(np.linalg.norm(np.subtract(two.moved_mm, one.moved_mm))) + float(np.deg2rad(turn)) * REACH_MM


def part_way(one: Pose, two: Pose, share: float) -> Pose:
    """Turn and movement grow in proportion."""
    turn = (1.0 - share) * np.array(one.turn_deg) + share * np.array(two.turn_deg)
    moved = (1.0 - share) * np.array(one.moved_mm) + share * np.array(two.moved_mm)
    return Pose((float(turn[0]), float(turn[1]), float(turn[2])), (float(moved[0]), float(moved[1]), float(moved[2])))
