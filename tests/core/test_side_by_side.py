"""Two at a time, and still as if one by one."""

from __future__ import annotations

from threading import Event
from time import sleep

import pytest

from enbloc.core.side_by_side import side_by_side


def test_answers_stand_in_the_order_of_the_questions():
    """The first waits for the second, which so must run beside it."""
    second = Event()

    def make(n: int) -> int:
        second.set() if n == 1 else second.wait(10.0)
        return n * n

    assert side_by_side(make, range(5)) == (0, 1, 4, 9, 16)


def test_the_first_error_in_order_is_raised_though_another_came_before():
    second = Event()
    made = []

    def make(n: int) -> None:
        made.append(n)
        if n == 0:
            second.wait(10.0)
        second.set()
        sleep(0.01 if n > 1 else 0.0)
        raise ValueError(f"number {n}")

    with pytest.raises(ValueError, match="number 0"):
        side_by_side(make, range(200))
    assert len(made) < 200  # what had not begun was left


def test_nothing_gives_nothing():
    assert side_by_side(str, ()) == ()
