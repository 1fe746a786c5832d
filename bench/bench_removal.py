"""The ways out of the pieces of phantoms: which are found, how near they come, and the time it takes.

A vertebra is parted at its pedicles by its parts alone, without the search for cuts. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence

import numpy as np

from enbloc.anatomy import BONE_PARTS, Part, locate
from enbloc.core.levels import Level
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
from enbloc.resection.lay import operative_field
from enbloc.resection.nouns import Piece
from enbloc.resection.removal import taken_out
from enbloc.resection.removal_nouns import Removal
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.theatre import theatre_of

LEVELS = ("T6", "T9", "T12", "L2", "L3")
COLUMN = ("T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4")
BEFORE = (Part.BODY, Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT)
LIMIT_S = 3.0


def removal_at(name: str) -> tuple[Removal, float, float]:
    """With the seconds that laying out and searching took."""
    place = COLUMN.index(name)
    spec = PhantomSpec(levels=COLUMN[place - 1 : place + 2], tumour=TumourSpec(type=1, level=name))
    imaging = make_phantom(spec).imaging
    spine = locate(imaging)
    level = Level(name)
    field = operative_field(spine, imaging, (level,), ResectionSettings())
    own = (field.owner == field.number(level)) & (np.isin(field.part, BONE_PARTS) | field.tumour)
    label = np.where(own, np.where(np.isin(field.part, BEFORE), 1, 2), 0).astype(np.uint8)
    pieces = tuple(
        Piece(piece, n, (level,), 1e3, 1e3, 0.0, None) for n, piece in ((1, "anterior-block"), (2, "posterior-arch"))
    )
    begun = time.perf_counter()
    theatre = theatre_of(field, label, spine, imaging)
    laid = time.perf_counter()
    removal = taken_out(theatre, pieces)
    return removal, laid - begun, time.perf_counter() - laid


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="one level; the time is told and not judged")
    smoke = parser.parse_args(argv).smoke
    removal_at("T12")
    slow = stuck = 0
    for name in LEVELS[2:3] if smoke else LEVELS:
        removal, laid_s, searched_s = removal_at(name)
        print(f"{name}: laid out {laid_s:.2f} s, searched {searched_s:.2f} s, corridor {removal.corridor_mm} mm")
        for piece in removal.pieces:
            print(f"  {piece.says}")
            for tried in piece.tried:
                print(f"    {tried.way}: {tried.because} ({tried.poses} poses)")
        stuck += sum(not piece.found for piece in removal.pieces)
        slow += searched_s > LIMIT_S
    print(f"{stuck} pieces without a way, {slow} levels above {LIMIT_S:g} s")
    return int(stuck > 0 or (slow > 0 and not smoke))


if __name__ == "__main__":
    sys.exit(main())
