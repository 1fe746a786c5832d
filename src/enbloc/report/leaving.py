"""How the pieces leave, in the words of the report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from enbloc.core.evidence import Measured, Skipped
from enbloc.planning.nouns import Alternative, PieceRemoval, Removal, Resection, Root, Way, WayInstead
from enbloc.report.resection import Said, number
from enbloc.report.words import plain

WAYS = {
    Way.DORSALLY: "lifted straight back",
    Way.TURNED_LEFT: "turned around the dural sac to the patient's left, then back",
    Way.TURNED_RIGHT: "turned around the dural sac to the patient's right, then back",
    Way.ANTERIORLY: "delivered to the front",
}
SHORT = {
    Way.DORSALLY: "lifted straight back",
    Way.TURNED_LEFT: "turned out to the left",
    Way.TURNED_RIGHT: "turned out to the right",
    Way.ANTERIORLY: "delivered to the front",
}
NOT_FOUND = "no way out found in the searched motions"


@dataclass(frozen=True, slots=True)
class Passed:
    """What a piece comes near on its way, and how near in words; `presses`: it presses into it."""

    structure: str
    room: str
    presses: bool


def removal(found: Resection) -> Removal | None:
    return found.removal if isinstance(found.removal, Removal) else None


def pieces(found: Resection) -> tuple[PieceRemoval, ...]:
    """In the order in which they leave; none where no way was sought."""
    return found.removal.pieces if isinstance(found.removal, Removal) else ()


def headline(found: Resection) -> tuple[Said, ...]:
    """How the pieces leave, in one sentence with its reasons; none where no way was sought."""
    told_of = removal(found)
    if told_of is None:
        return ()
    ways = "; ".join(f"{plain(piece.piece)} {short(piece)}" for piece in told_of.pieces)
    remarks = tuple(caveat.text for caveat in told_of.caveats)
    return (Said(f"How the pieces leave: {ways}.", told_of.because, remarks), *_by_others(found))


def _by_others(found: Resection) -> Iterator[Said]:
    """The alternatives whose pieces get out where those of the cuts chosen do not."""
    for other in found.alternatives:
        if not all_leave(found) and differs(found, other):
            yield Said(f"With other cuts every piece gets out: {other.says}.", remarks=(instead(other),))


def all_leave(found: Resection) -> bool:
    """Whether a way was found for every piece of the cuts chosen; not where none was sought, or nothing is parted."""
    return removal(found) is not None and all(piece.found for piece in pieces(found))


def sought_for_others(found: Resection) -> bool:
    return any(isinstance(other.removal, WayInstead) for other in found.alternatives)


def differs(found: Resection, other: Alternative) -> bool:
    """Whether an alternative's pieces all get out where those of the cuts chosen do not, or the other way round."""
    return isinstance(other.removal, WayInstead) and other.removal.found is not all_leave(found)


def remarks(other: Alternative) -> tuple[str, ...]:
    return tuple(caveat.text for caveat in other.removal.caveats) if isinstance(other.removal, WayInstead) else ()


def instead(other: Alternative) -> str:
    """How an alternative's pieces leave, as a sentence; empty in plans made before that was sought."""
    way = other.removal
    if way is None:
        return ""
    if isinstance(way, Skipped):
        return f"Way out not sought: {way.skipped}."
    ways = "; ".join(f"{plain(one.piece)} {_in_short(one.way)}" for one in way.ways)
    room_mm = way.least_mm if way.found else None
    least = "" if room_mm is None else f" Least room beyond what gives way: {number(room_mm)} mm."
    return f"Way out: {ways}.{least}{_to_divide(way.roots_that_must_go)}"


def no_way_either(found: Resection) -> Iterator[str]:
    """Each alternative that was searched as well and whose pieces do not all get out."""
    if removal(found) is None or all_leave(found):
        return
    for other in found.alternatives:
        if isinstance(other.removal, WayInstead) and not other.removal.found:
            yield f"Instead, {other.says}. {instead(other)}"


def name(piece: PieceRemoval) -> str:
    """`Anterior block`."""
    said = plain(piece.piece)
    return said[:1].upper() + said[1:]


def way(piece: PieceRemoval) -> str:
    return NOT_FOUND if piece.way is None else WAYS[piece.way]


def short(piece: PieceRemoval) -> str:
    return _in_short(piece.way)


def _in_short(way: Way | None) -> str:
    return NOT_FOUND if way is None else SHORT[way]


def told(piece: PieceRemoval) -> str:
    """One line: which piece, which way, the least room and what is nearest."""
    if piece.way is None:
        return f"{name(piece)}: {NOT_FOUND}."
    room = f" Least room beyond what gives way: {least_room(piece)}." if least_room(piece) else ""
    nearest = passed(piece)
    beside = f" Nearest: {nearest[0].structure}, {nearest[0].room}." if nearest else ""
    return f"{name(piece)}: {way(piece)}.{room}{beside}{roots(piece)}"


def least_room(piece: PieceRemoval) -> str:
    """Of the way chosen; empty where it is not known."""
    least = next((tried.least_mm for tried in piece.tried if tried.way is piece.way and tried.found), None)
    return "" if least is None else f"{number(least)} mm"


def roots(piece: PieceRemoval) -> str:
    """The roots that the path runs through, as a sentence; empty where there is none."""
    return _to_divide(piece.roots_that_must_go)


def _to_divide(roots: tuple[Root, ...]) -> str:
    if not roots:
        return ""
    names = ", ".join(f"{root.level} {root.side}" for root in roots)
    word = "root" if len(roots) == 1 else "roots"
    return f" The path runs through the {word} {names}: to be divided before."


def passed(piece: PieceRemoval) -> list[Passed]:
    """The structures that the path comes near, the nearest first."""
    near = sorted(piece.clearances, key=lambda clearance: clearance.distance_mm.value)
    return [Passed(plain(each.structure), room(each.distance_mm), each.distance_mm.value < 0.0) for each in near]


def room(distance: Measured) -> str:
    """`1.2 mm away (0.4 to 2.0)`, or `has to give way by 3.7 mm (2.9 to 4.5)`."""
    value, low, high = distance.value, distance.low, distance.high
    if round(value, 1) < 0.0:
        return f"has to give way by {number(-value)} mm ({number(-high)} to {number(-low)})"
    if round(value, 1) == 0.0:
        return f"touches ({number(low)} to {number(high)} mm)"
    return f"{number(value)} mm away ({number(low)} to {number(high)})"


def corridor(found: Removal) -> str:
    if found.corridor_mm is None:
        return "No corridor for a cage was measured: no block left around the dural sac."
    return (
        f"Corridor for the cage: {number(found.corridor_mm)} mm, the width of the widest upright cylinder that gets "
        "from behind to where the body was, along the side on which the block left. Soft tissue does not narrow it."
    )
