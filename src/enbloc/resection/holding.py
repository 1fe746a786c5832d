"""Whether a piece still hangs on anything once releases and cuts are made."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from enbloc.resection.release_nouns import Attachment, Holding


def still_attached(holding: Holding, done: Collection[str]) -> tuple[str, ...]:
    """Names of what still holds a piece to the patient or to another piece after the releases and cuts in `done`.

    Pieces, stumps of ribs and what stays are the nodes of a graph, attachments its links. A piece is free when the
    links left join it to nothing but stumps that leave with it. What leads nowhere (a stump's own joint) holds nothing
    and is not named; nor is a joint that is meant to stay whole.
    """
    left = [link for link in holding.attachments if link.kept or link.name not in done]
    leaving = {*holding.pieces, *holding.stumps}
    found = set()
    for part in _parts(left, leaving):
        pieces = {end for link in part for end in link.between if end in holding.pieces}
        ends = {end for link in part for end in link.between if end not in leaving}
        if pieces and len(pieces) + len(ends) > 1:
            found |= {link.name for link in _without_dead_ends(part, holding) if not link.kept}
    return tuple(sorted(found))


def _parts(links: Iterable[Attachment], leaving: Collection[str]) -> list[list[Attachment]]:
    """Links grouped by what hangs together through nodes that leave; what stays in the patient joins nothing."""
    parts: list[tuple[set[str], list[Attachment]]] = []
    for link in links:
        nodes = {end for end in link.between if end in leaving}
        if not nodes:
            continue
        together = [link]
        apart = []
        for known, held in parts:
            if known & nodes:
                nodes |= known
                together += held
            else:
                apart.append((known, held))
        parts = [*apart, (nodes, together)]
    return [held for _, held in parts]


def _without_dead_ends(links: Iterable[Attachment], holding: Holding) -> list[Attachment]:
    """Without links to stumps that hang on nothing else."""
    left = list(links)
    while True:
        ends = [end for link in left for end in link.between]
        loose = {stump for stump in holding.stumps if ends.count(stump) == 1}
        kept = [link for link in left if not loose & set(link.between)]
        if len(kept) == len(left):
            return left
        left = kept
