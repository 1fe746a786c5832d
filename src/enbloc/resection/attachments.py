"""Everything that holds the pieces: the cuts' bone, joints and ligaments to the next vertebrae, ribs, soft tissue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.anatomy.spine import Triple
from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level, are_neighbours
from enbloc.knowledge import ReleaseRow, joint_gap_mm, release_rows
from enbloc.resection.field import OperativeField
from enbloc.resection.flood import saw
from enbloc.resection.meetings import Ground, Meeting, vertebrae_meet
from enbloc.resection.nouns import Cut, Gate, Piece, Pieces
from enbloc.resection.pieces import solid_of
from enbloc.resection.release_nouns import BY_LEVEL, INFERRED, LABELLED, Attachment, Holding
from enbloc.resection.rib_links import rib_links, stump

COLUMN_GATES = (Gate.CRANIAL, Gate.CAUDAL)
SIDES = ("left", "right")
SIDED = {
    ("articular", "left"): Part.ARTICULAR_LEFT,
    ("articular", "right"): Part.ARTICULAR_RIGHT,
    ("lamina", "left"): Part.LAMINA_LEFT,
    ("lamina", "right"): Part.LAMINA_RIGHT,
}
MIDDLE = {"spinous": Part.SPINOUS, "front": Part.BODY, "back": Part.BODY, "body": Part.BODY, "pedicle": Part.BODY}
RIM = 0.03
"""The share of a body's voxels that stands for its side or front."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two neighbours of which at least one leaves. `gate`: the end of the resection that they are, None within it.
    `seen`: both are labelled in view.
    """

    upper: Level
    lower: Level
    gate: Gate | None
    seen: bool

    @property
    def level(self) -> Level:
        """The resected one; of two, the lower."""
        return self.upper if self.gate is Gate.CAUDAL else self.lower

    @property
    def caveats(self) -> tuple[Caveat, ...]:
        if self.seen:
            return ()
        missing = self.upper if self.gate is Gate.CRANIAL else self.lower
        text = f"{missing} is not labelled in view: what holds {self.level} there is known by level only"
        return (Caveat("neighbour-not-in-view", text),)


def attachments(field: OperativeField, cuts: Sequence[Cut], pieces: Sequence[Piece], drawing: Pieces) -> Holding:
    """All links between pieces, stumps of ribs and what stays, found by voxels that meet and filled up by level.

    `drawing` holds the pieces' voxels on the field's grid. Contact that no row of the table explains is a link with no
    row: no release takes it away.
    """
    ground = Ground.of(field, pieces, drawing)
    links = list(cut_links(ground, cuts))
    for pair in pairs_of(field):
        meetings = vertebrae_meet(ground, pair.upper, pair.lower, joint_gap_mm()) if pair.seen else []
        links += joint_links(ground, pair, meetings)
        links += column_links(ground, pair, cuts, meetings)
        links += unexplained(pair, meetings)
        links += rib_links(ground, pair.upper, pair.lower, [m for m in meetings if m.joint == "rib-head"])
    links += soft_links(ground)
    names = tuple(ground.names.values())
    ends = {end for link in links for end in link.between}
    stumps = (stump(side, int(level[1:])) for level in field.levels if level.region == "thoracic" for side in SIDES)
    return Holding(
        tuple(link for link in links if set(link.between) & {*names, *ends}),
        names,
        tuple(name for name in stumps if name in ends),
    )


def pairs_of(field: OperativeField) -> Iterator[Pair]:
    """The pairs of neighbours at and between the resected levels, cranial first."""
    levels = field.levels
    yield _end(field, levels[0], Gate.CRANIAL)
    yield from (Pair(upper, lower, None, True) for upper, lower in zip(levels, levels[1:], strict=False))
    yield _end(field, levels[-1], Gate.CAUDAL)


def _end(field: OperativeField, level: Level, gate: Gate) -> Pair:
    step = -1 if gate is Gate.CRANIAL else 1
    place = field.column.index(level) + step
    in_view = 0 <= place < len(field.column) and are_neighbours(level, field.column[place])
    other = field.column[place] if in_view else usual_neighbour(level, step)
    return Pair(other, level, gate, in_view) if step < 0 else Pair(level, other, gate, in_view)


def usual_neighbour(level: Level, step: int) -> Level:
    """The next level that every spine has, `step` -1 above and 1 below."""
    extra = (Level.T13, Level.L6, Level.L7, Level.S1)
    usual = [each for each in Level if each not in extra or each is level]
    return usual[usual.index(level) + step]


def cut_links(ground: Ground, cuts: Sequence[Cut]) -> Iterator[Attachment]:
    """What each cut parts: the pieces on both sides of the links between voxels that it takes away."""
    state = solid_of(ground.field, cuts).state
    for cut in cuts:
        for one, other in _parted(ground, cut, state):
            row = _column_row(cut) if cut.gate in COLUMN_GATES else None
            first, last = ground.field.levels[0], ground.field.levels[-1]
            end = _end(ground.field, first if cut.gate is Gate.CRANIAL else last, cut.gate) if row else None
            yield Attachment(
                name=cut.name,
                row=row,
                level=cut.level,
                side=cut.gate if cut.gate in (Gate.LEFT, Gate.RIGHT) else None,
                between=(one, other),
                basis=LABELLED,
                point_mm=cut.point_mm,
                upper=end.upper if end else None,
                lower=end.lower if end else None,
            )


def _parted(ground: Ground, cut: Cut, state: np.ndarray) -> list[tuple[str, str]]:
    field = ground.field
    links = np.zeros(field.shape, dtype=np.uint8)
    saw(field, state, cut, links, np.full(field.shape, np.inf, dtype=np.float32))
    found = set()
    for axis in range(3):
        here = np.argwhere(links >> axis & 1)
        there = here + np.eye(3, dtype=np.intp)[axis]
        for a, b in set(zip(ground.label[tuple(here.T)].tolist(), ground.label[tuple(there.T)].tolist(), strict=True)):
            nodes = sorted((ground.node(a, cut.level), ground.node(b, cut.level)))
            ends = a and b if cut.gate not in COLUMN_GATES else a or b
            if ends and nodes[0] != nodes[1]:
                found.add((nodes[0], nodes[1]))
    other = {Gate.CRANIAL: -1, Gate.CAUDAL: 1}.get(cut.gate)
    if other is None:
        return sorted(found)
    beyond = _end(field, cut.level, cut.gate)
    stays = beyond.upper if other < 0 else beyond.lower
    return sorted((stays if a == cut.level else a, stays if b == cut.level else b) for a, b in found)


def _column_row(cut: Cut) -> str:
    return next(row.id for row in release_rows() if row.of == "column" and cut.tissue in row.tissue)


def joint_links(ground: Ground, pair: Pair, meetings: Sequence[Meeting]) -> Iterator[Attachment]:
    """Facet joints, their tips, and the ligaments between two neighbours."""
    for row in release_rows():
        sides: tuple[str | None, ...] = {"between": (None,), "between-sides": SIDES}.get(row.of, ())
        if pair.upper not in row.levels or (row.id == "facet-tip" and pair.gate is not Gate.CRANIAL):
            continue
        for side in sides:
            yield from _joint(ground, pair, row, side, _those(meetings, row, side))


def _those(meetings: Sequence[Meeting], row: ReleaseRow, side: str | None) -> list[Meeting]:
    """The meetings that a row explains. Of a facet joint, the tip lies behind the process of the vertebra below."""
    if row.id == "facet-tip":
        return [m for m in meetings if m.joint == "facet" and m.side == side and m.behind_mm > 0.0]
    return [m for m in meetings if m.joint == row.id and m.side == side]


def _joint(
    ground: Ground, pair: Pair, row: ReleaseRow, side: str | None, met: Sequence[Meeting]
) -> Iterator[Attachment]:
    """One link for each two nodes that meet, and between those that hold most of the parts concerned."""
    bone = row.holds == "articular"
    parts = (SIDED[row.holds, side] if side else MIDDLE[row.holds],)
    most = (ground.holder(pair.upper, parts), ground.holder(pair.lower, parts))
    ends = list(dict.fromkeys([*(m.between for m in met), *([] if bone and met else [most])]))
    basis = (LABELLED if met else INFERRED if pair.seen else BY_LEVEL) if bone else BY_LEVEL
    place = met[0].point_mm if met else between_mm(ground, pair, row.holds, parts)
    for one, other in ends:
        if one != other:
            yield Attachment(
                name="-".join(filter(None, [pair.upper, pair.lower, row.id, side])),
                row=row.id,
                level=pair.level,
                side=side,
                between=(one, other),
                basis=basis,
                point_mm=place,
                gap_mm=min((m.gap_mm for m in met), default=None) if bone else None,
                upper=pair.upper,
                lower=pair.lower,
                caveats=pair.caveats,
            )


def between_mm(ground: Ground, pair: Pair, holds: str, parts: Sequence[Part]) -> Triple | None:
    """Half way between the parts of the two; at the resected level where the other is not in view."""
    found = []
    for level in (pair.upper, pair.lower):
        if level in ground.field.column:
            here = np.argwhere((ground.field.owner == ground.field.number(level)) & np.isin(ground.field.part, parts))
            if len(here):
                found.append(_rim(here, holds))
    return ground.place(np.stack(found)) if found else None


def _rim(index: np.ndarray, holds: str) -> np.ndarray:
    """The middle of voxels, moved to their front or back where that is meant."""
    middle: np.ndarray = index.mean(axis=0)
    if holds in ("front", "back"):
        middle[1] = np.quantile(index[:, 1], 1.0 - RIM if holds == "front" else RIM)
    return middle


def column_links(ground: Ground, pair: Pair, cuts: Sequence[Cut], meetings: Sequence[Meeting]) -> Iterator[Attachment]:
    """Bodies and disc of two neighbours, under the name of the cut that parts them where there is one."""
    cut = next((cut for cut in cuts if pair.gate is not None and cut.gate is pair.gate), None)
    ends = list(dict.fromkeys(m.between for m in meetings if m.joint == "column"))
    if not ends and cut is None:
        ends = [(ground.holder(pair.upper, (Part.BODY,)), ground.holder(pair.lower, (Part.BODY,)))]
    for one, other in ends:
        if one != other:
            yield Attachment(
                name=cut.name if cut else f"{pair.upper}-{pair.lower}-disc",
                row=_column_row(cut) if cut else "disc",
                level=pair.level,
                side=None,
                between=(one, other),
                basis=LABELLED if pair.seen else BY_LEVEL,
                point_mm=cut.point_mm if cut else between_mm(ground, pair, "body", (Part.BODY,)),
                upper=pair.upper,
                lower=pair.lower,
                caveats=pair.caveats,
            )


def unexplained(pair: Pair, meetings: Sequence[Meeting]) -> Iterator[Attachment]:
    """Contact that no row names: transverse parts of vertebrae without ribs."""
    for meeting in meetings:
        if meeting.joint == "rib-head" and pair.lower.region != "thoracic":
            name = "-".join(filter(None, [pair.upper, pair.lower, "contact", meeting.side]))
            yield Attachment(
                name, None, pair.level, meeting.side, meeting.between, LABELLED, meeting.point_mm, meeting.gap_mm,
                upper=pair.upper, lower=pair.lower,
            )  # fmt: skip


def soft_links(ground: Ground) -> Iterator[Attachment]:
    """What holds a level by soft tissue that no label shows."""
    for row in release_rows():
        sides: tuple[str | None, ...] = {"side": SIDES, "level": (None,)}.get(row.of, ())
        if row.action == "keep":
            continue
        for level in ground.field.levels:
            for side in sides if level in row.levels else ():
                name = "-".join(filter(None, [level, row.id, side]))
                piece = ground.holder(level, (Part.BODY,))
                place = beside_mm(ground, level, row.holds, side)
                yield Attachment(name, row.id, level, side, (piece, row.to), BY_LEVEL, place)


def beside_mm(ground: Ground, level: Level, holds: str, side: str | None) -> Triple | None:
    """Where soft tissue holds a level: the side or front of its body; of a root, below the pedicle."""
    field = ground.field
    mine = field.owner == field.number(level)
    pedicle = Part.PEDICLE_LEFT if side == "left" else Part.PEDICLE_RIGHT
    here = np.argwhere(mine & (field.part == (pedicle if holds == "pedicle" else Part.BODY)))
    if not len(here):
        here = np.argwhere(mine & np.isin(field.part, BONE_PARTS))
    if not len(here):
        return None
    middle = _rim(here, holds).astype(np.float64)
    if holds == "pedicle":
        middle[2] = float(here[:, 2].min())
    elif side is not None:
        middle[0] = np.quantile(here[:, 0], RIM if side == "left" else 1.0 - RIM)
    return ground.place(middle[None, :])
