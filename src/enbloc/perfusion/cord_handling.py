"""Roots that are cut, and how the cord is handled: findings from a table, gravest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite

from enbloc.core.errors import InputError, nearest
from enbloc.core.evidence import Step
from enbloc.core.levels import Level, are_neighbours, is_level
from enbloc.knowledge.cord_handling_tables import (
    WEIGHTS,
    HandlingRow,
    RootRow,
    SetsRow,
    handling_rows,
    root_rows,
    sets_rows,
)
from enbloc.perfusion.cord_handling_nouns import CordFinding, CordHandling

SIDES = ("left", "right")
C8 = "C8"
"""The one root without a vertebra of its name: it leaves above T1."""


def cord_handling(
    cut_roots: Sequence[str] | None,
    *,
    decompressed_around: bool | None = None,
    lengthened_mm: float | None = None,
) -> CordHandling:
    """What cutting these roots and handling the cord so means.

    `cut_roots`: names such as `T11-left`, C8 to L7, an empty sequence for none; `lengthened_mm`: by how much the column
    becomes longer (below zero: shorter). None is unknown and stands in `missing`. Raises InputError for a root that the
    table does not hold, one that comes twice, a length that is no number.
    """
    if lengthened_mm is not None and not isfinite(lengthened_mm):
        raise InputError(f"{lengthened_mm:g} is no length", field="lengthened_mm")
    roots = [read_root(name) for name in cut_roots or ()]
    if len(set(roots)) < len(roots):
        raise InputError("a root is named twice", field="cut_roots")
    found = [*root_findings(roots), *sets_findings(roots), *handling_findings(decompressed_around, lengthened_mm)]
    return CordHandling(
        findings=tuple(sorted(found, key=lambda one: WEIGHTS.index(one.weight))),
        missing=tuple(missing(cut_roots, decompressed_around, lengthened_mm)),
    )


def read_root(name: str) -> tuple[str, str]:
    """`T11-left` as root and side."""
    root, _, side = name.partition("-")
    known = [one for row in root_rows() for one in row.roots]
    if root not in known or side not in SIDES:
        hint = nearest(name, [f"{one}-{end}" for one in known for end in SIDES]) or "such as T11-left, C8 to L7"
        raise InputError(f"{name!r} is no root", field="cut_roots", hint=hint)
    return root, side


def root_findings(roots: Sequence[tuple[str, str]]) -> Iterator[CordFinding]:
    """One finding for each row of the table that a cut root falls in."""
    for row in root_rows():
        cut = sorted((root for root in roots if root[0] in row.roots), key=lambda root: (rank(root[0]), root[1]))
        if cut:
            names = ", ".join(f"{root} {side}" for root, side in cut)
            yield finding(row, row.says.format(roots=names), row.source, tuple(f"{root}-{side}" for root, side in cut))


def sets_findings(roots: Sequence[tuple[str, str]]) -> Iterator[CordFinding]:
    """The longest run of neighbouring levels with a cut root; nothing for none."""
    n = longest_run({root for root, _ in roots})
    if n:
        row = next(row for row in sets_rows() if row.upto is None or n <= row.upto)
        source = row.source if isinstance(row.source, str) else row.source[0]
        yield finding(row, row.says.format(n=n), source, (f"{n} neighbouring levels with a root cut",))


def longest_run(roots: set[str]) -> int:
    """How many levels without a gap have a root cut, one side being enough."""
    longest = run = 0
    before: str | None = None
    for root in sorted(roots, key=rank):
        run = run + 1 if before is not None and next_to(before, root) else 1
        longest, before = max(longest, run), root
    return longest


def next_to(upper: str, lower: str) -> bool:
    if upper == C8:
        return lower == Level.T1
    return are_neighbours(Level(upper), Level(lower))


def rank(root: str) -> int:
    """Order along the cord, C8 before T1."""
    return Level(root).rank if is_level(root) else -1


def handling_findings(decompressed_around: bool | None, lengthened_mm: float | None) -> Iterator[CordFinding]:
    rows = handling_rows()
    yield said(rows["cord-is-not-moved"])
    yield said(rows["roots-are-not-pulled"])
    if decompressed_around:
        yield said(rows["decompressed-around"])
    if lengthened_mm is None:
        yield said(rows["column-is-not-lengthened"])
    elif lengthened_mm > 0.0:
        fact = (f"longer by {lengthened_mm:g} mm",)
        row = rows["distraction"]
        yield finding(row, row.says.format(mm=f"{lengthened_mm:g}"), row.source, fact)
        yield finding(
            rows["distraction-in-cats"], rows["distraction-in-cats"].says, rows["distraction-in-cats"].source, fact
        )


def said(row: HandlingRow) -> CordFinding:
    return finding(row, row.says, row.source, ())


def finding(row: RootRow | SetsRow | HandlingRow, says: str, source: str, facts: tuple[str, ...]) -> CordFinding:
    because = (Step(f"cord-handling/{row.id}", facts, says, source, row.checked),)
    return CordFinding(id=row.id, weight=row.weight, says=says, because=because)


def missing(
    cut_roots: Sequence[str] | None, decompressed_around: bool | None, lengthened_mm: float | None
) -> Iterator[str]:
    if cut_roots is None:
        yield "which roots are cut is not known"
    if decompressed_around is None:
        yield "whether the cord is freed all round is not known"
    if lengthened_mm is None:
        yield "whether the column becomes longer or shorter is not known"
