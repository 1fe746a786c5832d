"""The same work on each of several things, two at a time, where that work lets go of the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

One = TypeVar("One")
Made = TypeVar("Made")
AT_A_TIME = 2
CORES = os.cpu_count() or 1
"""That a kernel's parts are shared out over; nothing found depends on how many there are."""


def side_by_side(make: Callable[[One], Made], each: Iterable[One]) -> tuple[Made, ...]:
    """What `make` gives for each, in their order; nothing depends on how many are made at a time.

    Where several fail, the error of the first of them is raised, and what has not begun is not made.
    """
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        return tuple(pool.map(make, each))
