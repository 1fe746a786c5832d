"""The clock that times the stages, and the bar that shows them on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

from enbloc.core.evidence import silent


class Clock:
    """Called with the name of each step that begins; knows afterwards how long each took."""

    def __init__(self) -> None:
        self._began: list[tuple[str, float]] = []
        self._show: Callable[[str], None] = silent

    def __call__(self, step: str) -> None:
        self._began.append((step, perf_counter()))
        self._show(step)

    def showing_on(self, show: Callable[[str], None]) -> None:
        self._show = show

    @property
    def seconds(self) -> dict[str, float]:
        """Time from the beginning of each step to the beginning of the next, summed over steps of one name."""
        ends = [began for _, began in self._began[1:]] + [perf_counter()]
        times: dict[str, float] = {}
        for (step, began), end in zip(self._began, ends, strict=True):
            times[step] = times.get(step, 0.0) + end - began
        return {step: round(time, 4) for step, time in times.items()}


@contextmanager
def showing(clock: Clock) -> Iterator[Clock]:
    """A moving bar with the current step on stderr while the block runs, if stderr is a terminal."""
    if not sys.stderr.isatty():
        yield clock
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (BarColumn(bar_width=24), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        clock.showing_on(lambda step: bar.update(task, description=escape(step)))
        yield clock
