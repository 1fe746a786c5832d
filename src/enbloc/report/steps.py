"""The operation step by step: what is freed, sawn and taken out, in pictures of the scene and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from enbloc.core.evidence import Skipped
from enbloc.core.side_by_side import side_by_side
from enbloc.planning.nouns import OTHER_LEAVES, Cut, CutRisk, PieceRemoval, Release, Resection
from enbloc.planning.plan import Plan
from enbloc.report import carrying_out, leaving
from enbloc.report.carrying_out import ARCH, RING
from enbloc.report.pictures import Picture
from enbloc.report.resection import gate, in_order, margin, tissue
from enbloc.report.step_pictures import Framing, Theatre, drawn, framing, marks_of, on_the_way
from enbloc.report.words import plain
from enbloc.scene import Mesh, Motion, Scene

PIECE = "piece-"
CAVEATS_AT = 4
"""The step at which it is said once what the search took for granted."""
ON_ITS_WAY_MM = 35.0
"""How far along its last straight way a piece is shown."""
ARCH_SHOWN_MM = 22.0


@dataclass(frozen=True, slots=True)
class Step:
    """One page. `pieces`: those that leave in this step; `notes`: sentences that stand before the lists."""

    number: int
    title: str
    pictures: tuple[Picture, ...] = ()
    releases: tuple[Release, ...] = ()
    cuts: tuple[Cut, ...] = ()
    pieces: tuple[PieceRemoval, ...] = ()
    notes: tuple[str, ...] = ()


def steps(plan: Plan, scene: Scene) -> tuple[Step, ...]:
    """From the approach to what is left, in the order of the operation; none without a resection."""
    found = plan.resection
    if not isinstance(found, Resection):
        return ()
    theatre = _theatre(plan, found, scene)
    made = (_approach, _arch, _block, _way_out, _left)
    return side_by_side(lambda numbered: numbered[1](found, theatre, numbered[0]), enumerate(made, start=1))


def _theatre(plan: Plan, found: Resection, scene: Scene) -> Theatre | None:
    """None where there is nothing to draw."""
    if scene.operation is None or plan.drawing is None or not scene.operation.pieces:
        return None
    order = plan.drawing.spine.levels
    beyond = order[order.index(found.levels[-1]) + 1 :]
    below = {f"{word}-{level}" for level in beyond for word in ("vertebra", "stays", "disc", "estimated")}
    below |= {f"{level}-{side}-root" for level in found.levels[-1:] for side in ("left", "right")} if beyond else set()
    return Theatre(scene, scene.operation, frozenset(below))


def _approach(found: Resection, theatre: Theatre | None, number: int) -> Step:
    releases = _releases(found, "approach")
    pictures = () if theatre is None else tuple(_in_place(theatre, f"step-{number}", releases, ("posterior", "axial")))
    return Step(number, "Approach: what is freed before any saw", pictures, releases, notes=_none_listed(releases))


def _arch(found: Resection, theatre: Theatre | None, number: int) -> Step:
    releases, cuts = _releases(found, "arch"), tuple(cut for cut in in_order(found.cuts) if cut.gate in RING)
    arches = _leaving(found, arches=True)
    pictures: list[Picture] = []
    if theatre is not None:
        pictures += _in_place(theatre, f"step-{number}", releases, ("posterior",), cuts)
        pictures += _lifted(theatre, f"step-{number}", arches)
    alone = any(piece.name.startswith(ARCH) for piece in found.pieces)
    notes = () if alone else ("No arch comes away by itself.",)
    return Step(
        number, "Arch: sawn and lifted off", tuple(pictures), releases, cuts, arches, (*notes, *_not_searched(found))
    )


def _block(found: Resection, theatre: Theatre | None, number: int) -> Step:
    releases, cuts = _releases(found, "block"), tuple(cut for cut in in_order(found.cuts) if cut.gate not in RING)
    pictures: list[Picture] = []
    if theatre is not None:
        out = {piece.piece for piece in _leaving(found, arches=True) if piece.found}
        pictures += _in_place(theatre, f"step-{number}", releases, ("anterior",), out=out)
        pictures += _in_place(theatre, f"step-{number}-cuts", (), ("left-lateral",), cuts, out)
    return Step(
        number,
        "Block: released in front and at its ends, and sawn",
        tuple(pictures),
        releases,
        cuts,
        notes=_none_listed(releases),
    )


def _way_out(found: Resection, theatre: Theatre | None, number: int) -> Step:
    pieces = _leaving(found, arches=False)
    pictures = () if theatre is None else tuple(_turned(theatre, f"step-{number}", pieces))
    notes = (*_not_searched(found), *_other_cuts(found))
    return Step(number, "Block: out of the patient", pictures, pieces=pieces, notes=notes)


def _left(found: Resection, theatre: Theatre | None, number: int) -> Step:
    """What is there once every piece that gets out is out."""
    removal = leaving.removal(found)
    stuck = tuple(plain(piece.piece) for piece in leaving.pieces(found) if not piece.found)
    notes = [f"Shown as if the {' and the '.join(stuck)} were out."] if stuck else []
    notes += [leaving.corridor(removal)] if removal else ["Shown as if every piece were out."]
    notes += [found.contamination.residual_says]
    pictures: tuple[Picture, ...] = ()
    if theatre is not None:
        everything = {piece.name for piece in found.pieces}
        pictures = tuple(_in_place(theatre, f"step-{number}", (), ("left-lateral", "posterior"), out=everything))
    return Step(number, "What is left", pictures, notes=tuple(notes))


def _releases(found: Resection, stage: str) -> tuple[Release, ...]:
    return tuple(sorted((each for each in found.releases if each.stage == stage), key=lambda each: each.order))


def _none_listed(releases: tuple[Release, ...]) -> tuple[str, ...]:
    return () if releases else ("Nothing was found that has to be released here.",)


def _leaving(found: Resection, arches: bool) -> tuple[PieceRemoval, ...]:
    return tuple(piece for piece in leaving.pieces(found) if piece.piece.startswith(ARCH) is arches)


def _not_searched(found: Resection) -> tuple[str, ...]:
    skipped = found.removal
    return (f"The way out was not searched: {skipped.skipped}.",) if isinstance(skipped, Skipped) else ()


def _other_cuts(found: Resection) -> Iterator[str]:
    """Where a piece has no way out: what other cuts would come to, side by side."""
    yield from (caveat.text for caveat in found.caveats if caveat.id == OTHER_LEAVES)
    yield from leaving.no_way_either(found)


def _pieces(theatre: Theatre, out: set[str]) -> list[Mesh]:
    names = [name.removeprefix(PIECE) for name in theatre.operation.pieces if name.startswith(PIECE)]
    return [mesh for name in names if name not in out for mesh in theatre.piece(name)]


def _at_rest(theatre: Theatre) -> list[Mesh]:
    return _pieces(theatre, set())


def _in_place(
    theatre: Theatre,
    name: str,
    releases: tuple[Release, ...],
    views: tuple[str, ...],
    cuts: tuple[Cut, ...] = (),
    out: set[str] | None = None,
) -> Iterator[Picture]:
    """The pieces where they lie, without those that are out, from each of the views. The rod is there once one is."""
    numbered = "Numbers are those of the list, over whatever lies before them." if releases else ""
    lines = "Violet: the cuts." if cuts else ""
    for word in views:
        view = theatre.view(word)
        yield drawn(
            theatre,
            view,
            _pieces(theatre, out or set()),
            framing(theatre.scene, view, _at_rest(theatre)),
            name=f"{name}-{word}",
            title=name,
            caption=" ".join(part for part in (numbered, lines) if part),
            cuts=cuts,
            marks=marks_of(releases),
            with_rod=bool(out),
        )


def _motion(theatre: Theatre, piece: PieceRemoval) -> Motion | None:
    found = next((motion for motion in theatre.operation.motions if motion.piece == piece.piece), None)
    return found if found is not None and found.keys and theatre.piece(piece.piece) else None


def _lifted(theatre: Theatre, name: str, arches: tuple[PieceRemoval, ...]) -> Iterator[Picture]:
    """Each arch on its way, from the patient's left; those before it are out."""
    out: set[str] = set()
    view = theatre.view("left-lateral")
    for arch in arches:
        out.add(arch.piece)
        motion = _motion(theatre, arch)
        if motion is None:
            continue
        moving = on_the_way(theatre, motion, min(1.0, ARCH_SHOWN_MM / max(motion.way_mm, 1e-9)))
        frame = framing(theatre.scene, view, [*_at_rest(theatre), *moving])
        caption = f"{leaving.name(arch)} on its way: {leaving.short(arch)}."
        pieces = [*_pieces(theatre, out), *moving]
        yield drawn(
            theatre, view, pieces, frame, name=f"{name}-{arch.piece}", title=name, caption=caption, with_rod=False
        )


def _turned(theatre: Theatre, name: str, pieces: tuple[PieceRemoval, ...]) -> Iterator[Picture]:
    """Each piece at three places of its way, seen from below, and the last from behind as well."""
    arches = {motion.piece for motion in theatre.operation.motions if motion.piece.startswith(ARCH)}
    out, view = set(arches), theatre.view("axial")
    for piece in pieces:
        out.add(piece.piece)
        motion = _motion(theatre, piece)
        if motion is None:
            yield from _held(theatre, f"{name}-{piece.piece}", piece, out - {piece.piece})
            continue
        shares = _shares(motion)
        shown = [on_the_way(theatre, motion, share) for share in shares]
        frame = framing(theatre.scene, view, [*_at_rest(theatre), *(mesh for one in shown for mesh in one)])
        for number, (share, moving) in enumerate(zip(shares, shown, strict=True), start=1):
            yield drawn(
                theatre, view, [*_pieces(theatre, out), *moving], frame,
                name=f"{name}-{piece.piece}-{number}", title=name, caption=_where(piece, motion, share),
            )  # fmt: skip
        yield _from_behind(theatre, f"{name}-{piece.piece}-behind", _pieces(theatre, out), shown[-1], piece)


def _from_behind(theatre: Theatre, name: str, rest: list[Mesh], moving: list[Mesh], piece: PieceRemoval) -> Picture:
    view = theatre.view("posterior")
    frame: Framing = framing(theatre.scene, view, [*_at_rest(theatre), *moving])
    caption = f"{leaving.name(piece)}, {leaving.short(piece)}: the same place."
    return drawn(theatre, view, [*rest, *moving], frame, name=name, title=name, caption=caption)


def _held(theatre: Theatre, name: str, piece: PieceRemoval, out: set[str]) -> Iterator[Picture]:
    """A piece for which no way was found, where it lies."""
    view = theatre.view("axial")
    frame = framing(theatre.scene, view, _at_rest(theatre))
    caption = f"{leaving.name(piece)}: {leaving.NOT_FOUND}."
    yield drawn(theatre, view, _pieces(theatre, out), frame, name=name, title=name, caption=caption)


def _shares(motion: Motion) -> tuple[float, float, float]:
    """In the middle of the turn, at its end, and on the last straight way."""
    before = motion.keys[len(motion.keys) // 2 - 1].at
    straight = motion.keys[-2].at
    return before, straight, min(1.0, straight + ON_ITS_WAY_MM / max(motion.way_mm, 1e-9))


def _where(piece: PieceRemoval, motion: Motion, share: float) -> str:
    """`Turned by 20° and moved by 10 mm.`"""
    if share <= 0.0:
        return f"{leaving.name(piece)} in its place."
    key = next((key for key in motion.keys if key.at >= share), motion.keys[-1])
    turned = float(np.linalg.norm(key.turn_deg))
    by = f"turned by {turned:.0f}°" if turned >= 0.5 else "not turned"
    if key.at == share:
        return f"{leaving.name(piece)} {by} and moved by {float(np.linalg.norm(key.moved_mm)):.0f} mm."
    return f"{leaving.name(piece)} {by}, on its last straight way out."


def sawn(cut: Cut) -> str:
    """`through the lamina (ring, left side)`."""
    return f"{tissue(cut)} ({gate(cut)})"


def risk_of(found: Resection, cut: Cut) -> CutRisk | None:
    return next((each for each in found.execution.cuts if each.name == cut.name), None)


def sure(found: Resection, cut: Cut) -> str:
    """How often the cut stays out of tumour in the trials of the saw's errors."""
    risk = risk_of(found, cut)
    return "not known" if risk is None else carrying_out.percent(risk.no_tumour_probability)


def far(cut: Cut) -> str:
    return margin(cut.margin_mm)


def beside(cut: Cut, no_go: str) -> str:
    """What else lies near the cut."""
    sac = "" if cut.sac_clearance_mm is None else f"{no_go} {margin(cut.sac_clearance_mm)}; "
    nearest = min(cut.vessels, key=lambda found: found.distance_mm.value, default=None)
    if nearest is None:
        return f"{sac}no vessel labelled near"
    return f"{sac}{plain(nearest.structure)} {margin(nearest.distance_mm)}"
