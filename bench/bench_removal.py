"""The ways out of the pieces: which are found, how near they come, and the time it takes.

    .venv/bin/python bench/bench_removal.py               # healthy levels; tumours on real labels; 17 phantoms
    .venv/bin/python bench/bench_removal.py --count 100   # that many phantoms
    .venv/bin/python bench/bench_removal.py --smoke       # one level; the time is told and not judged

First vertebrae of phantoms parted at their pedicles by their parts alone, without the search for cuts; then whole
resections, of which the ways out are sought a second time, alone: that is timed, and must give the same; how many
alternatives have a way is counted. Nothing is written to disk.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from enbloc.anatomy import BONE_PARTS, Part, locate
from enbloc.case import StatedExtent
from enbloc.core.evidence import Skipped
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
from enbloc.resection.lay import operative_field
from enbloc.resection.nouns import Piece
from enbloc.resection.parted import Patient, seen_around
from enbloc.resection.removal import Scene, taken_out
from enbloc.resection.removal_nouns import PieceRemoval, Removal, Tried, WayInstead
from enbloc.resection.resect import resect
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.theatre import theatre_of
from enbloc.tumour import measure
from ledger import Figures, headline, load, share, table

ROOT = Path(__file__).parents[1]
DATA = ROOT.parent / "shared" / "data"
LEVELS = ("T6", "T9", "T12", "L2", "L3")
NEIGHBOURS = ("T5", "T6", "T7", "T8", "T9", "T10", "T11", "T12", "L1", "L2", "L3", "L4")
BEFORE = (Part.BODY, Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT)
LIMIT_S = 3.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case. `says`: the reason where there are no cuts, or none to seek a way for, or what went wrong. `others`:
    how the pieces of each alternative leave.
    """

    name: str
    removal: Removal | None
    says: str
    wall_s: float
    cpu_s: float
    crashed: bool = False
    others: tuple[WayInstead, ...] = ()


def healthy(name: str) -> Outcome:
    place = NEIGHBOURS.index(name)
    spec = PhantomSpec(levels=NEIGHBOURS[place - 1 : place + 2], tumour=TumourSpec(type=1, level=name))
    imaging = make_phantom(spec).imaging
    spine = locate(imaging)
    level = Level(name)
    field = operative_field(spine, imaging, (level,), ResectionSettings())
    own = (field.owner == field.number(level)) & (np.isin(field.part, BONE_PARTS) | field.tumour)
    label = np.where(own, np.where(np.isin(field.part, BEFORE), 1, 2), 0).astype(np.uint8)
    pieces = tuple(
        Piece(piece, n, (level,), 1e3, 1e3, 0.0, None) for n, piece in ((1, "anterior-block"), (2, "posterior-arch"))
    )
    wall, cpu = time.perf_counter(), time.process_time()
    removal = taken_out(Scene.of(theatre_of(field, label, spine, imaging)), pieces)
    return Outcome(f"healthy {name}", removal, "", time.perf_counter() - wall, time.process_time() - cpu)


def resected(name: str, imaging_of: Callable[[], Imaging]) -> Outcome:
    try:
        imaging = imaging_of()
        spine = locate(imaging)
        found = resect(spine, imaging, measure(spine, StatedExtent()))
    except Exception as problem:  # noqa: BLE001  a crash is what is counted here
        return Outcome(name, None, f"CRASHED: {problem!r}", 0.0, 0.0, crashed=True)
    if isinstance(found, Skipped):
        return Outcome(name, None, found.skipped, 0.0, 0.0)
    if isinstance(found.removal, Skipped):
        return Outcome(name, None, found.removal.skipped, 0.0, 0.0)
    patient = Patient(spine, imaging, found.levels, None, ())
    wall, cpu = time.perf_counter(), time.process_time()
    scene = seen_around(found.drawing.label, found.cuts, patient, found.search, found.releases)
    again = taken_out(scene, found.pieces)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if again != found.removal:
        return Outcome(name, None, "CRASHED: another answer to the same question", 0.0, 0.0, crashed=True)
    others = tuple(each.removal for each in found.alternatives if isinstance(each.removal, WayInstead))
    return Outcome(name, found.removal, "", wall, cpu, others=others)


def phantom(number: int) -> Imaging:
    """The same patients as in bench_resection.py."""
    from bench_resection import COLUMN, KINDS, SEED

    rng = np.random.default_rng([SEED, number])
    kind, variant = KINDS[number % len(KINDS)]
    place = 2 + (5 * number) % (len(COLUMN) - 4)
    span = 5 if kind == 7 else 2
    tumour = TumourSpec(
        type=kind,
        level=COLUMN[place],
        side="left" if number % 2 else "right",
        size=float(rng.uniform(0.8, 1.3)),
        **({} if kind == 7 else {"variant": variant}),
    )
    oblique = tuple(rng.uniform(-10.0, 10.0, 3).tolist())
    levels = tuple(COLUMN[max(0, place - span) : place + 3])
    return make_phantom(PhantomSpec(levels=levels, tumour=tumour, oblique_deg=oblique, spacing_mm=(1.0,) * 3)).imaging


def dev_cases() -> Iterator[tuple[str, Callable[[], Imaging]]]:
    from tumour.test_dev_tumours import read

    for patient in ("verse005", "totalseg_s0327"):
        for number in range(1, 8):
            yield f"{patient} type {number}", lambda patient=patient, number=number: read(patient, number).imaging


def rows_of(one: Outcome) -> Iterator[list[str]]:
    if one.removal is None:
        yield [one.name, one.says[:70]]
        return
    name, corridor = one.name, one.removal.corridor_mm
    seconds = [f"{one.wall_s:.1f}", f"{one.cpu_s:.1f}"]
    for piece in one.removal.pieces:
        wide = "" if corridor is None or not str(piece.way).startswith("turned") else f"{corridor:.0f}"
        roots = " ".join(root.name for root in piece.roots_that_must_go)
        yield [name, piece.piece, str(piece.way or "none found"), least(piece), others(piece), roots, wide, *seconds]
        name, seconds = "", ["", ""]


def least(piece: PieceRemoval) -> str:
    return next((room(tried) for tried in piece.tried if tried.way is piece.way), "")


def room(tried: Tried) -> str:
    return "none" if tried.least_mm is None else f"{tried.least_mm:.1f}"


def others(piece: PieceRemoval) -> str:
    return ", ".join(f"{tried.way} {room(tried)}" for tried in piece.tried if tried.way is not piece.way)


def show(title: str, found: Sequence[Outcome], figures: Figures) -> None:
    head = (title, "piece", "way", "room mm", "other ways", "divides", "corridor mm", "wall s", "CPU s")
    table(head, [[*row, *[""] * (len(head) - len(row))] for one in found for row in rows_of(one)])
    sought = [one for one in found if one.removal is not None]
    pieces = [piece for one in sought for piece in one.removal.pieces] if sought else []
    crashed = sum(one.crashed for one in found)
    figures.figure(f"{title}: without a crash", share(len(found) - crashed, len(found)), "all", crashed == 0)
    out = sum(piece.found for piece in pieces)
    print(f"a way out found for {share(out, len(pieces))} pieces: {dict(Counter(str(p.way) for p in pieces))}")
    told = [(one, other) for one in sought for other in one.others]
    if told:
        able = {one.name: all(piece.found for piece in one.removal.pieces) for one in sought}
        print(f"every piece gets out with {share(sum(other.found for _, other in told), len(told))} alternatives")
        won = sorted({one.name for one, other in told if other.found and not able[one.name]})
        lost = sorted({one.name for one, other in told if able[one.name] and not other.found})
        print(f"with an alternative and not with the cuts chosen: {', '.join(won) or 'none'}")
        print(f"with the cuts chosen and not with every alternative: {', '.join(lost) or 'none'}")
    wall, cpu = max((one.wall_s for one in sought), default=0.0), max((one.cpu_s for one in sought), default=0.0)
    said = f"{wall:.1f} s ({cpu:.1f} s CPU)"
    figures.figure(f"{title}: slowest removal", said, f"<= {LIMIT_S:g} s", wall <= LIMIT_S, is_time=True)
    print(f"load average {load()}\n", flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="one level; the time is told and not judged")
    parser.add_argument("--count", type=int, default=17, help="phantoms (default: 17)")
    asked = parser.parse_args(argv)
    sys.path.insert(0, str(ROOT / "tests"))
    figures = Figures(asked.smoke)
    headline("The ways out of the pieces")
    healthy("T12")
    show("healthy levels", [healthy(name) for name in (LEVELS[2:3] if asked.smoke else LEVELS)], figures)
    if not asked.smoke:
        if DATA.is_dir():
            show("tumours on real labels", [resected(name, read) for name, read in dev_cases()], figures)
        cases = ((f"phantom {number}", partial(phantom, number)) for number in range(asked.count))
        show("phantoms", [resected(name, make) for name, make in cases], figures)
    return figures.exit_code


if __name__ == "__main__":
    sys.exit(main())
