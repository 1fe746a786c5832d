"""Whether a piece still hangs on anything once releases and cuts are made."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from enbloc.resection.release_nouns import Attachment, Holding


def still_attached(holding: Holding, done: Collection[str]) -> tuple[str, ...]:
    """Names of what still holds a piece to the patient or to another piece after the releases and cuts in `done`.

    Pieces, stumps of ribs and what stays are the nodes of a graph, attachments its links. A piece is free when the
    links left join it to nothing but stumps that leave with it. A joint that is meant to stay whole is not named.
    """
    left = [link for link in holding.attachments if link.kept or link.name not in done]
    leaving = {*holding.pieces, *holding.stumps}
    found = set()
    for part in _parts(left, leaving):
        pieces = {end for link in part for end in link.between if end in holding.pieces}
        ends = {end for link in part for end in link.between if end not in leaving}
        if pieces and len(pieces) + len(ends) > 1:
            found |= {link.name for link in part if not link.kept}
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
