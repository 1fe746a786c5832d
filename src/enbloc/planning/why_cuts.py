"""The resection in the tree of reasons: what each cut, face, certificate and alternative comes to, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from enbloc.knowledge import cite
from enbloc.planning.tree import Branch, step_branch

Found = dict[str, Any]
Show = Callable[[Found, str], Iterator[Branch]]


def cut_branches(part: Found, name: str) -> tuple[Branch, ...] | None:
    """The branches of a resection or a part of one, read from plan.json; None for anything else."""
    for keys, show in SHOWN:
        if keys <= part.keys():
            return tuple(show(part, name))
    return None


def resection(part: Found, name: str) -> Iterator[Branch]:
    under = f"{name}." if name else ""
    parts = [
        *(
            branch
            for key, show in LISTS
            for i, one in enumerate(part[key])
            for branch in show(one, f"{under}{key}.{i}")
        ),
        *certificate(part["certificate"], f"{under}certificate"),
        *execution(part["execution"], f"{under}execution"),
        *contamination(part["contamination"], f"{under}contamination"),
        *way_out(part["removal"], f"{under}removal"),
    ]
    margin = part["margin_mm"]
    size = "not measured" if margin is None else in_mm(margin)
    text = f"{name or 'resection'} of {', '.join(part['levels'])}: {worded(part['margin_class'])}, least margin {size}"
    yield Branch(text, (*steps(part["margin_class"]), *parts, *notes(part)))


def a_cut(part: Found, name: str) -> Iterator[Branch]:
    text = (
        f"{name} ({part['name']}): through {part['tissue']}, margin {in_mm(part['margin_mm'])}, "
        f"{worded(part['margin_class'])}, section {part['section_mm2']:.0f} mm²"
    )
    if part["tumour_mm2"] > 0.0:
        text += f", {part['tumour_mm2']:.0f} mm² of it tumour, {part['depth_mm']:.1f} mm deep"
    sac = part["sac_clearance_mm"]
    to_sac = Branch("dural sac not labelled" if sac is None else f"dural sac at {in_mm(sac)}")
    vessels = (Branch(f"{near['structure']} at {in_mm(near['distance_mm'])}") for near in part["vessels"])
    yield Branch(text, (*steps(part["margin_class"]), to_sac, *vessels, *notes(part)))


def a_face(part: Found, name: str) -> Iterator[Branch]:
    margin = "margin not known" if part["margin_mm"] is None else f"{in_mm(part['margin_mm'])} to {part['to']}"
    text = f"{name} ({part['level']} {part['face']}, dissected): {worded(part['margin_class'])}, {margin}"
    yield Branch(text, (*steps(part["margin_class"]), *notes(part)))


def open_side(part: Found, name: str) -> Iterator[Branch]:
    yield Branch(f"{name} ({part['level']}-{part['gate']}): no cut, {part['because']}")


def certificate(part: Found, name: str) -> Iterator[Branch]:
    gap = (
        "how much more is possible is not known" if part["gap_mm"] is None else f"at most {part['gap_mm']:.2f} mm more"
    )
    text = f"{name}: {gap} among {part['family']} (margins counted up to {part['enough_mm']:g} mm)"
    yield Branch(text, (Branch(f"{part['planes']} planes compared"), Branch(f"because {part['because']}")))


def execution(part: Found, name: str) -> Iterator[Branch]:
    """The probability of the whole and of each cut, what spreads the margin, and the rows that the draws rest on."""
    share = part["no_tumour_cut_probability"]
    claim = "not known, no cut has a section" if share is None else f"no cut enters tumour, {in_percent(share)}"
    cuts = (
        Branch(f"{cut['name']}: stays clear, {in_percent(cut['no_tumour_probability'])}; "
               f"{cut['margin_for_95_mm']:.1f} mm needed for 95 %")
        for cut in part["cuts"]
    )  # fmt: skip
    causes = Branch("share of the spread: " + ", ".join(f"{key} {value:.0%}" for key, value in part["shares"].items()))
    drawn = Branch(f"{part['samples']} trials from seed {part['seed']}")
    yield Branch(f"{name} ({part['guidance']}): {claim}", (*steps(part), *cuts, causes, drawn, *notes(part)))


def contamination(part: Found, name: str) -> Iterator[Branch]:
    yield Branch(f"{name}: {part['contamination_says']}; {part['residual_says']}", (*steps(part), *notes(part)))


def release(part: Found, name: str) -> Iterator[Branch]:
    known = (Branch(f"known {part['basis']}"), Branch(f"{cite(part['source'])} [{part['checked']}]"))
    text = f"{name} ({part['name']}, {part['stage']}): {part['action']} {part['structure']}"
    yield Branch(text, (*(Branch(says) for says in (part["says"],) if says), *known, *notes(part)))


def way_out(part: Found, name: str) -> Iterator[Branch]:
    """How every piece leaves, with all that was tried and how near it comes to what."""
    if "skipped" in part:
        yield Branch(f"{name}: did not run, {part['skipped']}")
        return
    corridor = part["corridor_mm"]
    wide = () if corridor is None else (Branch(f"{corridor:.1f} mm wide stays the way in for the cage"),)
    under = (branch for i, piece in enumerate(part["pieces"]) for branch in a_piece_out(piece, f"{name}.pieces.{i}"))
    claims = "; ".join(step["gives"] for step in part["because"])
    yield Branch(f"{name}: {claims}", (*under, *wide, *steps(part), *notes(part)))


def a_piece_out(part: Found, name: str) -> Iterator[Branch]:
    tried = (
        Branch(f"{one['way']}: {one['because']}{beyond(one['least_mm'])} ({one['poses']} poses)")
        for one in part["tried"]
    )
    near = (Branch(f"{one['structure']} at {in_mm(one['distance_mm'])}") for one in part["clearances"])
    yield Branch(f"{name}: {part['says']}", (*tried, *near))


def beyond(least_mm: float | None) -> str:
    return "" if least_mm is None else f", {least_mm:.1f} mm to spare beyond what gives way"


def other_way(part: Found, name: str) -> Iterator[Branch]:
    allowed = "possible" if part["feasible"] else "not possible"
    out = part.get("removal")  # plans written before it was sought have none
    under = () if out is None else tuple(way_instead(out, "removal"))
    yield Branch(f"{name} (instead): {part['says']} ({allowed}: {part['because']})", under)


def way_instead(part: Found, name: str) -> Iterator[Branch]:
    """How an alternative's pieces leave, or why that was not sought."""
    if "skipped" in part:
        yield Branch(f"{name}: not sought, {part['skipped']}")
        return
    ways = (Branch(f"{one['piece']}: {one['way'] or 'none found in the searched motions'}") for one in part["ways"])
    yield Branch(f"{name}: {part['says']}", (*ways, *notes(part)))


def margin_class(part: Found, name: str) -> Iterator[Branch]:
    yield Branch(f"{name}: {worded(part)}", tuple(steps(part)))


def worded(part: Found) -> str:
    """A margin class with what resolution leaves open beside it."""
    value = part["value"]
    others = [other for other in part["possible"] if other != value]
    if value is None:
        return f"open ({' or '.join(others)})" if others else "margin class not known"
    return f"{value} ({' or '.join(others)} possible)" if others else str(value)


def in_mm(part: Found) -> str:
    return f"{part['value']:.1f} mm ({part['low']:.1f} to {part['high']:.1f})"


def in_percent(part: Found) -> str:
    return f"{part['value']:.1%} ({part['low']:.1%} to {part['high']:.1%})"


def steps(part: Found) -> Iterator[Branch]:
    yield from map(step_branch, part["because"])


def notes(part: Found) -> Iterator[Branch]:
    yield from (Branch(f"note {caveat['id']}: {caveat['text']}") for caveat in part["caveats"])


LISTS: tuple[tuple[str, Show], ...] = (
    ("cuts", a_cut),
    ("open_sides", open_side),
    ("faces", a_face),
    ("alternatives", other_way),
)
SHOWN: tuple[tuple[frozenset[str], Show], ...] = (
    (frozenset({"cuts", "certificate", "faces"}), resection),
    (frozenset({"gate", "tissue", "margin_mm"}), a_cut),
    (frozenset({"face", "barriers", "margin_class"}), a_face),
    (frozenset({"gate", "level", "because"}), open_side),
    (frozenset({"family", "gap_mm", "because"}), certificate),
    (frozenset({"guidance", "samples", "shares", "because"}), execution),
    (frozenset({"take_scale", "contamination_says", "because"}), contamination),
    (frozenset({"stage", "structure", "action", "basis"}), release),
    (frozenset({"says", "feasible", "margin_gain_mm"}), other_way),
    (frozenset({"pieces", "corridor_mm", "because"}), way_out),
    (frozenset({"ways", "least_mm", "says"}), way_instead),
    (frozenset({"piece", "tried", "roots_that_must_go"}), a_piece_out),
    (frozenset({"value", "possible", "because"}), margin_class),
)
"""The keys that each kind is known by, the most telling first."""
