"""Lines with fewer points."""

from __future__ import annotations

import numpy as np

from enbloc.core.geometry import Array, Vector


def thinned(line: Array, tolerance: float) -> Array:
    """The points (n, 2) of `line` that are needed to stay within `tolerance` of all of them (Douglas and Peucker 1973).

    What `skimage.measure.approximate_polygon` gives for a tolerance above 0, to the last bit; that one takes half a
    second to load, for the statistics that come with it.
    """
    kept = np.zeros(len(line), dtype=bool)
    kept[[0, -1]] = True
    chords = [(0, len(line) - 1)]
    while chords:
        start, end = chords.pop()
        away = chord_distances(line[start + 1 : end], line[start], line[end])
        if np.any(away > tolerance):
            farthest = start + 1 + int(away.argmax())
            kept[farthest] = True
            chords += [(farthest, end), (start, farthest)]
    needed: Array = line[kept]
    return needed


def chord_distances(points: Array, start: Vector, end: Vector) -> Vector:
    """Of points (n, 2): to the line through the chord where they lie beside it, else to the nearer of its ends."""
    chord = end - start
    angle = -np.arctan2(chord[0], chord[1])
    x, y = np.cos(angle), np.sin(angle)
    offset = start[1] * y + start[0] * x
    from_start, from_end = points - start, points - end
    beside = (along(from_start, chord) > 0) & (along(from_end, -chord) > 0)
    square = np.abs(points[:, 0] * x + points[:, 1] * y - offset)
    to_end = np.minimum(length(from_start), length(from_end))
    distances: Vector = np.where(beside, square, to_end)
    return distances


def along(steps: Array, chord: Vector) -> Vector:
    shares: Vector = steps[:, 0] * chord[0] + steps[:, 1] * chord[1]
    return shares


def length(steps: Array) -> Vector:
    lengths: Vector = np.sqrt(steps[:, 1] ** 2 + steps[:, 0] ** 2)
    return lengths
