"""The nouns of releasing a piece: what holds it, and what is done about that."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.anatomy.spine import Triple
from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level

LABELLED, INFERRED, BY_LEVEL = "labelled", "inferred", "by-level"
"""How it is known that a thing holds: both sides are labelled and meet; labels show one side or a gap, and anatomy
says the rest; nothing of it is ever labelled, or it lies outside the view, and the level alone says it.
"""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One link between two nodes: pieces, stumps of ribs, and what stays in the patient.

    `name` is that of the release or cut that takes the link away; several links may share it. `row` is the row of the
    table of releases, None for a ring cut and for a contact that no row explains. `kept`: a joint between a piece and
    the stump of a rib that leaves with it. `gap_mm`: between the labels where they are nearest, None where not both
    are labelled. `point_mm` RAS. `share`: of the joint's contact, what this link makes up. `upper` and `lower`: the two
    vertebrae that it lies between; `rib`: the number of the rib that it belongs to.
    """

    name: str
    row: str | None
    level: Level
    side: str | None
    between: tuple[str, str]
    basis: str
    point_mm: Triple | None = None
    gap_mm: float | None = None
    kept: bool = False
    upper: Level | None = None
    lower: Level | None = None
    rib: int | None = None
    share: float = 1.0
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """Everything that holds the pieces, and the nodes that leave: the pieces and, with them, the stumps of ribs."""

    attachments: tuple[Attachment, ...]
    pieces: tuple[str, ...]
    stumps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """One thing that is freed, in its place in the operation.

    `order` counts from 1; `stage` is approach, arch or block (before the saw, with the arch, before the body moves).
    `level`: the resected level that it belongs to; `side` left or right, None where it has none. `structure`: title of
    the table's row `row`; `action` what is done: cut, saw, remove, open, divide, free, clip, ligate, or keep (a root
    that stays whole). `frees`: the pieces that it holds; `keeps`: the piece that the stump of the rib stays with.
    `basis`: labelled, inferred or by-level. `point_mm`: where, RAS. `source` and `checked` are those of the row.
    """

    name: str
    order: int
    stage: str
    level: Level
    side: str | None
    row: str
    structure: str
    action: str
    frees: tuple[str, ...]
    keeps: str | None
    basis: str
    point_mm: Triple | None
    says: str
    source: str
    checked: str
    caveats: tuple[Caveat, ...]
