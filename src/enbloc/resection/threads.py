"""The same kernel over parts of its planes at a time, on every core."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np

from enbloc.core.geometry import Array
from enbloc.core.side_by_side import CORES

PARTS_A_CORE = 4
FEWEST = 64
"""Fewer planes are not worth a thread."""


def in_parts(kernel: Callable[[slice], Array], count: int) -> Array:
    """The rows that `kernel` gives for the planes 0 to count, one after the other. The kernel lets go of the lock."""
    parts = min(PARTS_A_CORE * CORES, count // FEWEST)
    if parts < 2:
        return kernel(slice(0, count))
    edges = np.linspace(0, count, parts + 1).astype(int)
    with ThreadPoolExecutor(CORES) as pool:
        return np.concatenate(list(pool.map(kernel, (slice(a, b) for a, b in pairwise(edges)))))
