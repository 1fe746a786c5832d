"""The list of everything that must be released, in the order of the operation."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level
from enbloc.knowledge import ReleaseRow, release_rows
from enbloc.resection.release_nouns import BY_LEVEL, Attachment, Holding, Release
from enbloc.resection.rib_links import keeper_of

SIDES = ("left", "right")
KEEP = "keep"
WORTH = 0.1
"""A piece with less of a joint's contact is not named as held by it."""


def releases(levels: Sequence[Level], holding: Holding) -> tuple[Release, ...]:
    """What must be freed so that the pieces of `levels` (cranial first) come out, and the roots that are to be kept.

    One release for each name among the attachments that a row of the table explains. Joints that stay whole are not
    released; ring cuts are no releases. A cranial or caudal cut is one, under its own name.
    """
    found = [release for row in release_rows() for release in _of_row(row, levels, holding)]
    return tuple(replace(release, order=order) for order, release in enumerate(found, start=1))


def unexplained(holding: Holding, cuts: Collection[str]) -> tuple[Caveat, ...]:
    """A caveat for each contact that holds a piece and that neither a release nor one of `cuts` (names) takes away."""
    found = [link for link in holding.attachments if link.row is None and link.name not in cuts]
    found.sort(key=lambda link: link.name)
    return tuple(dict.fromkeys(caveat for link in found for caveat in link.caveats or (_unknown(link),)))


def _unknown(link: Attachment) -> Caveat:
    text = f"{link.name}: labels come together where no joint or ligament is known to be; look there"
    return Caveat("contact-unexplained", text)


def _of_row(row: ReleaseRow, levels: Sequence[Level], holding: Holding) -> Iterator[Release]:
    if row.action == KEEP:
        yield from (_kept_root(row, level, side) for level in levels if level in row.levels for side in SIDES)
        return
    mine = [link for link in holding.attachments if link.row == row.id and not link.kept]
    for name in dict.fromkeys(link.name for link in sorted(mine, key=_place)):
        yield _release(row, [link for link in mine if link.name == name], holding)


def _place(link: Attachment) -> tuple[int, int, str]:
    """Cranial first, left before right."""
    top = link.upper.rank if link.upper is not None else link.level.rank
    return (top, SIDES.index(link.side) if link.side in SIDES else 2, link.name)


def _release(row: ReleaseRow, links: Sequence[Attachment], holding: Holding) -> Release:
    first = links[0]
    ends = {end for link in links for end in link.between}
    held = {end for link in links if link.share >= WORTH for end in link.between}
    stumps = {end for end in ends if end in holding.stumps}
    keeps = next((keeper_of(holding.attachments, node) for node in sorted(stumps)), None)
    carried = {keeper_of(holding.attachments, node) for node in stumps}
    words = {
        "level": first.level,
        "upper": first.upper,
        "lower": first.lower,
        "side": first.side,
        "rib": first.rib,
        "piece": keeps,
    }
    return Release(
        name=first.name,
        order=0,
        stage=row.stage,
        level=first.level,
        side=first.side,
        row=row.id,
        structure=row.title,
        action=row.action,
        frees=tuple(piece for piece in holding.pieces if piece in held | carried),
        keeps=keeps,
        basis=first.basis,
        point_mm=first.point_mm,
        says=row.says.format(**words),
        source=row.source,
        checked=row.checked,
        caveats=(*first.caveats, *remarks(row)),
    )


def _kept_root(row: ReleaseRow, level: Level, side: str) -> Release:
    says = row.says.format(level=level, side=side)
    return Release(
        f"{level}-{row.id}-{side}", 0, row.stage, level, side, row.id, row.title, row.action, (), None, BY_LEVEL, None,
        says, row.source, row.checked, remarks(row),
    )  # fmt: skip


def remarks(row: ReleaseRow) -> tuple[Caveat, ...]:
    """What the table adds to a row: the checklist's own words, and the row's remark."""
    fact = () if row.fact is None or row.fact_says is None else (Caveat(row.fact, row.fact_says),)
    return fact if row.remark is None else (*fact, Caveat(row.id, row.remark))
