"""The bounds of one pass over the paths against those of one cell at a time, and against a cell counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.resection.bounds import margin_bounds, swept_bounds

STEP, THICK = 0.625, 0.3125


def bundle(seed: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three walks along voxel edges, and values along them."""
    draw = np.random.default_rng(seed)
    paths = [np.cumsum(np.eye(3)[draw.integers(0, 3, n)] * draw.choice([-1, 1], (n, 1)), axis=0) for n in (30, 45, 60)]
    points = np.concatenate(paths).astype(np.float32)
    return points, draw.normal(3.0, 2.0, len(points)).astype(np.float32), np.array([0, 30, 75, 135], np.int32)


def test_one_pass_bounds_every_cell_alike() -> None:
    """The same arithmetic in another order: equal but for rounding of 64-bit floats."""
    points, at_mm, ends = bundle()
    draw = np.random.default_rng(6)
    normals = draw.normal(size=(12, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    spread, first = draw.uniform(0.0, 0.1, 12), draw.uniform(-9.0, -3.0, 12)
    counts, pivot = draw.integers(1, 30, 12), points.mean(axis=0).astype(np.float64)
    swept = swept_bounds(normals, spread, first, counts, STEP, THICK, pivot, points, at_mm, ends)
    which = np.repeat(np.arange(12), counts)
    offsets = np.concatenate([first[m] + STEP * np.arange(counts[m]) for m in range(12)])
    thick = np.full(len(which), THICK)
    alone = margin_bounds(normals[which], spread[which], offsets, thick, pivot, points, at_mm, ends, -1e12)
    np.testing.assert_allclose(swept, alone, atol=1e-9)


def test_a_straight_path_by_hand() -> None:
    """Along x from 0 to 4 with values 0, 1, 4, 1, 0: planes x = 1.5 +- 0.25 reach from 1.25 to 1.75, where the line
    from 1 to 4 gives at most 3.25. Exact but for 64-bit rounding.
    """
    points = np.array([[n, 0.0, 0.0] for n in range(5)], np.float32)
    at_mm, ends = np.array([0.0, 1.0, 4.0, 1.0, 0.0], np.float32), np.array([0, 5], np.int32)
    x = np.array([[1.0, 0.0, 0.0]])
    pivot = np.array([2.0, 0.0, 0.0])
    found = swept_bounds(x, np.zeros(1), np.array([1.5]), np.array([1]), 0.5, 0.25, pivot, points, at_mm, ends)
    assert found[0] == pytest.approx([3.25, 1.25, 1.75], abs=1e-12)
