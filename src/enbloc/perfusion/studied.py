"""What was studied: how many closed levels an experiment speaks of, and what that number allows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from enbloc.core.evidence import Caveat, Step
from enbloc.core.levels import Level, are_neighbours
from enbloc.knowledge.perfusion_tables import Sentence, planner, sentences
from enbloc.perfusion.column import Site
from enbloc.perfusion.nouns import Verdict


def closed_levels(levels: tuple[str, ...], sites: Iterable[Site]) -> tuple[str, ...]:
    """Levels with both sides closed, cranial first."""
    closed = set(sites)
    return tuple(level for level in levels if {(level, 0), (level, 1)} <= closed)


def touched_levels(levels: tuple[str, ...], sites: Iterable[Site]) -> tuple[str, ...]:
    """Levels with a closed artery on either side, cranial first."""
    touched = {level for level, _ in sites}
    return tuple(level for level in levels if level in touched)


def verdict_row(count: int) -> Sentence | None:
    """What the table says of so many levels; None beyond it."""
    return next((row for row in sentences("verdict") if count in row.levels), None)


def verdict_of(count: int) -> Verdict:
    row = verdict_row(count)
    return Verdict.UNKNOWN if row is None else Verdict(row.id)


def verdict_step(count: int) -> Step:
    row = verdict_row(count)
    assert row is not None
    return Step("planner/verdict", (f"{count} levels closed",), row.says, row.first_source, row.checked)


def apart(closed: tuple[str, ...]) -> Iterator[Caveat]:
    """What to say where open levels lie between closed ones."""
    if not all(are_neighbours(Level(a), Level(b)) for a, b in pairwise(closed)):
        yield Caveat("not-neighbours", "the experiments closed neighbouring levels; here open levels lie between")


def outside_of(count: int) -> str | None:
    """Why a number of closed levels lies outside what was studied; None when it does not."""
    studied = planner("studied")["counts"]
    if count in studied or count == 0:
        return None
    if count > max(studied):
        return (
            f"{count} levels closed: no experiment that measured flow closed more than {max(studied)} neighbouring ones"
        )
    return f"{count} levels closed: no experiment did; {count - 1} and {count + 1} were measured"
