"""What the ways out of the pieces say about the operation."""

from __future__ import annotations

from enbloc.core.evidence import Step
from enbloc.knowledge.removal_tables import removal_table
from enbloc.resection.removal_nouns import Removal, Way

NONE_FOUND = "none found in the searched motions"
SAME_WAY = "a way of the piece that the chosen cuts leave is free for this one too"
BESIDE_IT = "a way some millimetres beside one of the piece that the chosen cuts leave is free for this one"


def approach_needed(removal: Removal) -> Step | None:
    """What the removal says about the approach: that a piece gets out to the front only. None where none does."""
    only = [each.piece for each in removal.pieces if each.way is Way.ANTERIORLY]
    if not only:
        return None
    facts = tuple(f"{name}: {NONE_FOUND} from behind" for name in only)
    return _told("removal/from-the-front-only", facts, f"an anterior approach for {', '.join(only)}")


def without_way(removal: Removal) -> Step | None:
    """The pieces for which no way was found, with what was tried. None where every piece leaves."""
    stuck = [each for each in removal.pieces if not each.found]
    if not stuck:
        return None
    facts = tuple(f"{each.piece}, {tried.way}: {tried.because}" for each in stuck for tried in each.tried)
    return _told("removal/none-found", facts, f"no way out of {', '.join(each.piece for each in stuck)}: {NONE_FOUND}")


def _told(rule: str, facts: tuple[str, ...], gives: str) -> Step:
    table = removal_table()
    return Step(rule, facts, gives, table.source, table.checked)
