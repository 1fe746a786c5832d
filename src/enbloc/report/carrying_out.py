"""How the cuts are carried out, in the words of the report: what is released, how sure the saw is, what stays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from enbloc.core.evidence import Measured
from enbloc.knowledge import resection_tools, saw_errors
from enbloc.planning.nouns import Contamination, Cut, CutRisk, ExecutionRisk, Gate, Release, Resection
from enbloc.report import leaving
from enbloc.report.resection import gate, in_order, number, tissue
from enbloc.report.words import CHECKED, cited, plain, said

STAGES = {
    "approach": "Approach: before any saw",
    "arch": "Arch: with the back piece",
    "block": "Block: before the body moves",
}
"""In the order of the operation."""
BASES = {"labelled": "seen: labels meet", "inferred": "inferred from labels", "by-level": "by level only, not seen"}
CAUSES = {
    "systematic": "shared by all cuts (such as registration)",
    "random": "of each cut by itself",
    "label": "outline of the tumour",
}
KEEP = "keep"
ARCH = "posterior-arch"
ON_A_PAGE = 60
"""Boxes of the checklist that a printed page holds in its usual print."""
RING = (Gate.LEFT, Gate.RIGHT)


@dataclass(frozen=True, slots=True)
class Group:
    """The releases of one stage."""

    title: str
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """One line of the checklist: what is ticked, and what stands small beside it. `number`: that of the release in
    the lists and pictures.
    """

    text: str
    beside: str
    number: int | None = None


def groups(found: Resection) -> list[Group]:
    """Releases by stage, each in operative order; a stage without any is left out."""
    ordered = sorted(found.releases, key=lambda release: release.order)
    by_stage = ((title, tuple(r for r in ordered if r.stage == stage)) for stage, title in STAGES.items())
    return [Group(title, releases) for title, releases in by_stage if releases]


def where(release: Release) -> str:
    return f"{release.level.value} {release.side}" if release.side else release.level.value


def point(release: Release) -> str:
    """Patient coordinates in whole mm; empty where the place is not known."""
    if release.point_mm is None:
        return ""
    x, y, z = (f"{round(value) + 0:d}".replace("-", "−") for value in release.point_mm)
    return f"x {x}, y {y}, z {z} mm"


def frees(release: Release) -> str:
    return ", ".join(map(plain, release.frees)) or "–"


def stump(release: Release) -> str:
    return f"stump of the rib stays with the {plain(release.keeps)}" if release.keeps else ""


def basis(release: Release) -> str:
    return said(BASES, release.basis)


def source(release: Release) -> str:
    return f"{cited(release.source)} ({said(CHECKED, release.checked)})"


def checklist(found: Resection) -> list[tuple[str, list[Box]]]:
    """(stage, boxes) of the operation: releases, ring cuts before the arch, other cuts last, then what leaves."""
    released = {release.name for release in found.releases}
    ring = [box_of_cut(cut) for cut in in_order(found.cuts) if cut.gate in RING]
    column = [box_of_cut(cut) for cut in in_order(found.cuts) if cut.gate not in RING and cut.name not in released]
    ordered = sorted(found.releases, key=lambda release: release.order)
    of = {stage: [box_of_release(r) for r in ordered if r.stage == stage] for stage in STAGES}
    of["arch"] = [*ring, *of["arch"], *boxes_of_leaving(found, arches=True)]
    of["block"] = [*of["block"], *column, *boxes_of_leaving(found, arches=False)]
    return [(title, of[stage]) for stage, title in STAGES.items() if of[stage]]


def many(found: Resection) -> bool:
    """Whether the checklist needs small print to stay on one page."""
    return sum(len(boxes) for _, boxes in checklist(found)) > ON_A_PAGE


def boxes_of_leaving(found: Resection, arches: bool) -> Iterator[Box]:
    """The arches, or the other pieces, in the order in which they leave."""
    for piece in leaving.pieces(found):
        if piece.piece.startswith(ARCH) is arches:
            room = leaving.least_room(piece)
            beside = f"least room beyond what gives way {room}" if room else "see the step"
            yield Box(f"{plain(piece.piece)}: {leaving.short(piece)}", beside)


def box_of_release(release: Release) -> Box:
    word = f"{where(release)}: {release.says or f'{release.action} {release.structure}'}"
    return Box(word, "; ".join(part for part in (stump(release), basis(release)) if part), release.order)


def box_of_cut(cut: Cut) -> Box:
    return Box(f"{cut.name}: saw {tissue(cut)}", f"{gate(cut)}; margin {number(cut.margin_mm.value)} mm")


def guidance(risk: ExecutionRisk) -> str:
    """The guidance with the marks of its figures."""
    row = saw_errors().get(risk.guidance)
    if row is None:
        return plain(risk.guidance)
    return (
        f"{row.title} (offset {said(CHECKED, row.offset_checked)}; angles and shared part {said(CHECKED, row.checked)})"
    )


def percent(share: Measured | None) -> str:
    """`62 % (61 to 63)`; tenths near the ends, where they tell."""
    if share is None:
        return "not known"
    digits = 1 if share.low < 0.02 or share.high > 0.98 else 0
    value, low, high = (f"{100.0 * part:.{digits}f}" for part in (share.value, share.low, share.high))
    return f"{value} % ({low} to {high})"


def planned(found: Resection, risk: CutRisk) -> str:
    """The margin of the table of cuts. The trials sample the section anew and may be a tenth of a millimetre off it."""
    cut = next((cut for cut in found.cuts if cut.name == risk.name), None)
    return number(risk.margin_mm if cut is None else cut.margin_mm.value)


def causes(risk: ExecutionRisk) -> list[tuple[str, str]]:
    """(cause, share) of the spread of the least margin; none where nothing spreads."""
    shares = [(title, getattr(risk.shares, name)) for name, title in CAUSES.items()]
    return [(title, f"{100.0 * share:.0f} %") for title, share in shares] if any(s for _, s in shares) else []


def enters(found: Contamination) -> bool:
    return found.intralesional_area_mm2 > 0.0


def tool(found: Contamination) -> str:
    row = resection_tools().get(found.tool)
    return plain(found.tool) if row is None else row.title


def cells(found: Contamination) -> str:
    """Two figures: the area behind the counted cells is an assumption."""
    return "not known" if found.cells is None else f"about {float(f'{found.cells:.2g}'):,.0f}"
