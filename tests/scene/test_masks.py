"""Blocks that hold each value, against another program's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import find_objects

from enbloc.scene.masks import boxes_by_value


@pytest.mark.parametrize("seed", range(3))
def test_blocks_are_those_that_scipy_finds(seed):
    """Values up to 9 of which some do not occur, and none beyond."""
    rng = np.random.default_rng(seed)
    codes = np.where(rng.random((12, 9, 14)) < 0.02, rng.choice([1, 2, 5, 8], (12, 9, 14)), 0).astype(np.uint8)
    found = boxes_by_value(codes, 9)
    assert [None if box is None else box.slices for box in found] == find_objects(codes, 9)
    assert found[2] is None
    assert boxes_by_value(np.zeros((3, 3, 3), np.uint8), 2) == [None, None]
