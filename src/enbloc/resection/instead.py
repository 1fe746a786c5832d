"""Whether the pieces of an alternative get out, where one of those that the chosen cuts leave does not."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.side_by_side import side_by_side
from enbloc.knowledge.removal_tables import removal_table
from enbloc.resection.nouns import COLUMN_GATES, Alternative, Cut
from enbloc.resection.removal_answers import NONE_FOUND
from enbloc.resection.removal_nouns import OTHER_LEAVES, PieceWay, Removal, WayInstead

MOST = 99
"""So many alternatives are searched; a search takes as long as that of the plan itself."""
NOT_FEASIBLE = "its cuts do not part what they should"
COLUMN_ONLY = "it differs by a cut between vertebrae only"
ENOUGH = f"at most {MOST} alternatives are searched"

Leave = Callable[[tuple[Cut, ...]], Removal | Skipped]
"""From all cuts of a plan to how its pieces leave."""


def stuck(removal: Removal | Skipped) -> tuple[str, ...]:
    """The pieces without a way out; none where no way was sought."""
    return () if isinstance(removal, Skipped) else tuple(each.piece for each in removal.pieces if not each.found)


def with_ways_out(
    others: Iterable[Alternative],
    cuts: Sequence[Cut],
    leave: Leave,
    said: Collection[Caveat] = (),
) -> Iterator[Alternative]:
    """The alternatives, with how their pieces leave where a piece of the chosen `cuts` has no way out (`removal`).

    `leave` seeks the ways of one set of cuts; several sets are sought for at a time. `said`: what is said of the plan
    already and is not said again.
    """
    listed = tuple(others)
    worth = sorted(searched_first(listed))
    ways = dict(zip(worth, side_by_side(lambda n: leave(cuts_with(listed[n], cuts)), worth), strict=True))
    for n, other in enumerate(listed):
        found = ways.get(n, Skipped(not_sought(other) or ENOUGH))
        yield replace(other, removal=found if isinstance(found, Skipped) else in_short(found, said))


def searched_first(others: Sequence[Alternative]) -> frozenset[int]:
    """Which of them are searched: whole sets of ring cuts before a single one."""
    able = [n for n, other in enumerate(others) if not_sought(other) is None]
    return frozenset(sorted(able, key=lambda n: len(others[n].cuts) == 1)[:MOST])


def not_sought(other: Alternative) -> str | None:
    """Why the ways out of an alternative are never sought; None where they may be."""
    if not other.feasible:
        return NOT_FEASIBLE
    return None


def cuts_with(other: Alternative, cuts: Sequence[Cut]) -> tuple[Cut, ...]:
    """All cuts of the plan with those of the alternative: they stand in for every cut of the same place and, where they
    are several, for both ring cuts of their level.
    """
    places = {cut.place for cut in other.cuts}
    levels = {cut.level for cut in other.cuts} if len(other.cuts) > 1 else set()
    kept = [cut for cut in cuts if cut.place not in places and (cut.gate in COLUMN_GATES or cut.level not in levels)]
    return tuple(replace(cut, order=n) for n, cut in enumerate((*other.cuts, *kept), 1))


def in_short(found: Removal, said: Collection[Caveat]) -> WayInstead:
    rooms = [
        tried.least_mm
        for each in found.pieces
        for tried in each.tried
        if tried.found and tried.way is each.way and tried.least_mm is not None
    ]
    left, least = stuck(found), min(rooms, default=None)
    roots = tuple(dict.fromkeys(root for each in found.pieces for root in each.roots_that_must_go))
    ways = ", ".join(f"{each.piece} {each.way}" for each in found.pieces if each.found)
    out = "every piece gets out" if not left else f"no way out of {', '.join(left)} either: {NONE_FOUND}"
    parts = [out + (f" ({ways})" if ways else "")]
    parts += [f"least room {least:.1f} mm beyond what gives way"] if least is not None and not left else []
    parts += [f"divides {', '.join(root.name for root in roots)}"] if roots else []
    return WayInstead(
        found=not left,
        ways=tuple(PieceWay(each.piece, each.way) for each in found.pieces),
        least_mm=least,
        roots_that_must_go=roots,
        says="; ".join(parts),
        caveats=tuple(caveat for caveat in found.caveats if caveat not in said),
    )


def other_leaves(others: Iterable[Alternative], cuts: Sequence[Cut], removal: Removal | Skipped) -> Iterator[Caveat]:
    """That an alternative's pieces get out where those of the chosen cuts do not, with what it costs; the one that cuts
    least tumour first.
    """
    ways = [
        f"{other.says} ({against(cuts_with(other, cuts), cuts)}): {other.removal.says}"
        for other in sorted(others, key=lambda other: in_tumour_mm2(cuts_with(other, cuts)))
        if isinstance(other.removal, WayInstead) and other.removal.found
    ]
    if ways:
        says = removal_table().other_leaves_says
        yield Caveat(OTHER_LEAVES, says.format(stuck=", ".join(stuck(removal)), others="; or ".join(ways)))


def against(theirs: Sequence[Cut], ours: Sequence[Cut]) -> str:
    """Least margin and area in tumour of all cuts, against those chosen."""
    least = [min(cut.margin_mm.value for cut in cuts) for cuts in (theirs, ours)]
    inside = [in_tumour_mm2(cuts) for cuts in (theirs, ours)]
    return (
        f"least margin {least[0]:.1f} mm instead of {least[1]:.1f} mm, "
        f"{inside[0]:.0f} mm² in tumour instead of {inside[1]:.0f} mm²"
    )


def in_tumour_mm2(cuts: Sequence[Cut]) -> float:
    return sum(cut.tumour_mm2 for cut in cuts)
