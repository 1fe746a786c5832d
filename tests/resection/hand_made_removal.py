"""Ways out made by hand for the resection of hand_made.py: the arch straight back, the block as asked for."""

from __future__ import annotations

from dataclasses import replace

from enbloc.core.evidence import Caveat, Measured, Skipped, Step
from enbloc.core.levels import Level
from enbloc.resection.clearance import Clearance
from enbloc.resection.nouns import Resection
from enbloc.resection.removal_nouns import (
    OTHER_LEAVES,
    PieceRemoval,
    PieceWay,
    Pose,
    Removal,
    Root,
    Tried,
    Way,
    WayInstead,
)

ABOUT_MM = (0.0, -26.0, 0.0)
START = Pose((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def near(structure: str, mm: float) -> Clearance:
    return Clearance(structure, Measured(mm, mm - 0.8, mm + 0.8))


def an_arch() -> PieceRemoval:
    back = Pose((0.0, 0.0, 0.0), (0.0, -60.0, 0.0))
    tried = (Tried(Way.DORSALLY, True, 0.5, 1, "a way out in the axial plane"),)
    says = "posterior-arch: dorsally; nearest it comes to canal: 0.5 mm"
    return PieceRemoval(
        "posterior-arch", True, Way.DORSALLY, ABOUT_MM, (START, back), (near("canal", 0.5),), (), tried, says
    )


def a_block(way: Way | None) -> PieceRemoval:
    """Turned left by 90 degrees, or to the front; None: without a way."""
    ends = {
        Way.TURNED_LEFT: (Pose((0.0, 0.0, 90.0), (0.0, 0.0, 0.0)), Pose((0.0, 0.0, 90.0), (0.0, -80.0, 0.0))),
        Way.ANTERIORLY: (Pose((0.0, 0.0, 0.0), (0.0, 60.0, 0.0)),),
    }
    tried = tuple(
        Tried(
            each, each is way, 0.4 if each is way else None, 900, "a way" if each is way else "none found, held by rib"
        )
        for each in (Way.TURNED_LEFT, Way.TURNED_RIGHT, Way.ANTERIORLY)
    )
    roots = (Root(Level.T12, "left"),) if way is Way.TURNED_LEFT else ()
    says = f"anterior-block: {'a way out was not found' if way is None else way}"
    poses = () if way is None else (START, *ends[way])
    clearances = () if way is None else (near("aorta", -1.2), near("T11-bone", 0.1))
    return PieceRemoval("anterior-block", way is not None, way, ABOUT_MM, poses, clearances, roots, tried, says)


def a_removal(way: Way | None = Way.TURNED_LEFT) -> Removal:
    pieces = (an_arch(), a_block(way))
    gives = "every piece gets out" if way is not None else "none found in the searched motions"
    step = Step("removal/search", tuple(piece.says for piece in pieces), gives, "enbloc-decision", "unverified")
    caveat = Caveat("removal-modelled", "pieces, dura and vessels are taken as rigid within what they yield")
    return Removal(pieces, 31.4 if way is Way.TURNED_LEFT else None, (step,), (caveat,))


def goes(piece: PieceRemoval, least_mm: float | None) -> PieceWay:
    return PieceWay(piece.piece, piece.way, least_mm, piece.about_mm, piece.poses)


PRICE = "T12: ring cuts one on each side instead: margin -6.4 mm, section +12 mm²"
NOT_SOUGHT = "its cuts do not part what they should"


def stuck_beside_a_way(found: Resection) -> Resection:
    """No way out of the block for the cuts chosen; one, at a price, for another pair of ring cuts. Of two more choices
    one parts nothing, and the other has none either.
    """
    out = (goes(an_arch(), 0.5), goes(a_block(Way.TURNED_LEFT), 0.2))
    new = Caveat("kept-root-in-the-way", "no way was found that spares T12-left-root")
    way = WayInstead(True, out, 0.2, 28.0, (Root(Level.T12, "left"),), "every piece gets out (and how)", (new,))
    held = (out[0], goes(a_block(None), None))
    none = WayInstead(False, held, 0.5, None, (), "no way out of anterior-block", ())
    first = found.alternatives[0]
    others = (
        replace(first, name="T12-one-side", says=PRICE, feasible=True, removal=way),
        replace(first, removal=Skipped(NOT_SOUGHT)),
        replace(first, name="T12-hemivertebrectomy", says="T12: half the vertebra", feasible=True, removal=none),
    )
    said = Caveat(OTHER_LEAVES, f"no way out of anterior-block was found, and with other cuts one was: {PRICE}")
    return replace(found, removal=a_removal(None), alternatives=others, caveats=(said, *found.caveats))
