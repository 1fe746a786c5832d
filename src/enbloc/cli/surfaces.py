"""The surfaces that need no cuts, made in a thread of their own while the cuts are sought."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from enbloc.core.evidence import Skipped
from enbloc.planning import Drawing
from enbloc.planning.nouns import Extent

if TYPE_CHECKING:
    from enbloc.scene import Mesh

    Anatomy = Future[tuple[Mesh, ...]]


class Surfaces:
    """Begun when a plan tells where spine and tumour lie, unless they are not `wanted`.

    `made`: what the scene is to be built with; its result raises what making them raised. None where none were begun.
    """

    def __init__(self, thread: Executor, wanted: bool) -> None:
        self._thread, self._wanted = thread, wanted
        self.made: Anatomy | None = None

    def begin(self, drawing: Drawing, extent: Extent | Skipped) -> None:
        if self._wanted:
            from enbloc.scene import anatomy_meshes  # not in the thread: two that load the same rooms may get stuck

            self.made = self._thread.submit(anatomy_meshes, drawing, extent)


@contextmanager
def surfaces_meanwhile(wanted: bool) -> Iterator[Surfaces]:
    """Leaving the block, by an error too, waits a second or two for surfaces that are still in the making."""
    with ThreadPoolExecutor(1) as thread:
        yield Surfaces(thread, wanted)
