"""Everything that holds the pieces: the cuts' bone, joints and ligaments to the next vertebrae, ribs, soft tissue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from enbloc.anatomy import Part
from enbloc.core.evidence import Caveat
from enbloc.core.geometry import indices_of
from enbloc.core.levels import Level
from enbloc.knowledge import ReleaseRow, joint_gap_mm, release_rows
from enbloc.resection.field import Codes, OperativeField
from enbloc.resection.flood import saw
from enbloc.resection.ground import Ground, Indices, rounded
from enbloc.resection.hold_places import beside_mm, between_mm
from enbloc.resection.meetings import Meeting, vertebrae_meet
from enbloc.resection.neighbours import Pair, pair_at, pairs_of
from enbloc.resection.nouns import Cut, Gate, Piece, Pieces
from enbloc.resection.pieces import solid_of
from enbloc.resection.release_nouns import BY_LEVEL, INFERRED, LABELLED, Attachment, Holding
from enbloc.resection.rib_links import number_of, rib_links, stray_ribs, stump

COLUMN_GATES = (Gate.CRANIAL, Gate.CAUDAL)
SIDES = ("left", "right")
SIDED = {
    ("articular", "left"): Part.ARTICULAR_LEFT,
    ("articular", "right"): Part.ARTICULAR_RIGHT,
    ("lamina", "left"): Part.LAMINA_LEFT,
    ("lamina", "right"): Part.LAMINA_RIGHT,
}
UNCUT_MM2 = 25.0
"""Less bone than this across is cut on or breaks as the saw comes out: a strip of 1 mm along half the rim of a body."""
MIDDLE = {"spinous": Part.SPINOUS, "front": Part.BODY, "back": Part.BODY, "body": Part.BODY, "pedicle": Part.BODY}


def attachments(field: OperativeField, cuts: Sequence[Cut], pieces: Sequence[Piece], drawing: Pieces) -> Holding:
    """All links between pieces, stumps of ribs and what stays, found by voxels that meet and filled up by level.

    `drawing` holds the pieces' voxels on the field's grid. Contact that no row of the table explains, and bone that no
    cut parts, are links with no row: no release takes them away.
    """
    ground = Ground.of(field, pieces, drawing.label)
    links = [*bone_links(ground, cuts), *soft_links(ground), *stray_ribs(ground)]
    for pair in pairs_of(field):
        met = vertebrae_meet(ground, pair.upper, pair.lower, joint_gap_mm()) if pair.seen else []
        met = [_settled(ground, meeting) for meeting in met]
        links += joint_links(ground, pair, met)
        links += column_links(ground, pair, cuts, met)
        links += unexplained(pair, met)
        links += rib_links(ground, pair.upper, pair.lower, [m for m in met if m.joint == "rib-head"])
    ends = {end for link in links for end in link.between}
    numbers = [number_of(level) for level in field.levels if level.region == "thoracic"]
    stumps = tuple(name for number in numbers for side in SIDES if (name := stump(side, number)) in ends)
    leaving = {*ground.names.values(), *stumps}
    return Holding(
        attachments=tuple(link for link in links if leaving & set(link.between)),
        pieces=tuple(ground.names.values()),
        stumps=stumps,
    )


def left_uncut(field: OperativeField, cut_links: Codes, pieces: Sequence[Piece], label: Codes) -> tuple[Caveat, ...]:
    """What is to be said of bone that no cut parts. `label`: the pieces' voxels; `cut_links`: as the cuts mark them."""
    links = sorted(uncut_bone(Ground.of(field, pieces, label), cut_links), key=lambda link: link.name)
    return tuple(caveat for link in links for caveat in link.caveats)


def _settled(ground: Ground, meeting: Meeting) -> Meeting:
    """The pedicle's part reaches up into the superior articular process: what of it belongs to a piece without a
    body meets its neighbour at the facet joint.
    """
    bodies = {*ground.field.column, *(ground.holder(level, (Part.BODY,)) for level in ground.field.levels)}
    if meeting.joint == "column" and meeting.side is not None and not set(meeting.between) <= bodies:
        return replace(meeting, joint="facet")
    return meeting


def bone_links(ground: Ground, cuts: Sequence[Cut]) -> Iterator[Attachment]:
    """What each cut parts, by the links between voxels that it takes away; then bone that hangs together uncut."""
    field, state = ground.field, solid_of(ground.field, cuts).state
    parted = np.zeros(field.shape, dtype=np.uint8)
    for cut in cuts:
        mine = np.zeros(field.shape, dtype=np.uint8)
        saw(field, state, cut, mine, np.full(field.shape, np.inf, dtype=np.float32))
        parted |= mine
        for between in _parted(ground, cut, mine):
            yield _of_cut(ground, cut, between)
    yield from uncut_bone(ground, parted)


def _parted(ground: Ground, cut: Cut, links: Codes) -> list[tuple[str, str]]:
    """The nodes on both sides of the links cut. A ring cut parts pieces; a cut of the column also frees them from
    what stays.
    """
    sawn = indices_of(links > 0)
    pairs: set[tuple[int, int]] = set()
    for axis in range(3):
        here = sawn[links[tuple(sawn.T)] >> axis & 1 == 1]
        there = here + np.eye(3, dtype=np.intp)[axis]
        labels = (ground.label[tuple(here.T)].tolist(), ground.label[tuple(there.T)].tolist())
        pairs |= {(min(a, b), max(a, b)) for a, b in zip(*labels, strict=True)}
    column = cut.gate in COLUMN_GATES
    stays = _beyond(ground, cut) if column else cut.level
    nodes = [(ground.node(a, stays), ground.node(b, stays)) for a, b in sorted(pairs) if b and (a or column)]
    return [(one, other) for one, other in dict.fromkeys(nodes) if one != other]


def _beyond(ground: Ground, cut: Cut) -> Level:
    """The vertebra that stays behind a cut of the column."""
    pair = pair_at(ground.field, cut.level, cut.gate)
    return pair.upper if cut.gate is Gate.CRANIAL else pair.lower


def _of_cut(ground: Ground, cut: Cut, between: tuple[str, str]) -> Attachment:
    pair = pair_at(ground.field, cut.level, cut.gate) if cut.gate in COLUMN_GATES else None
    return Attachment(
        name=cut.name,
        row=_column_row(cut) if pair else None,
        level=cut.level,
        side=cut.where.partition("-")[0] if cut.gate in (Gate.LEFT, Gate.RIGHT) else None,
        between=between,
        basis=LABELLED,
        point_mm=rounded(np.array(cut.point_mm)),
        upper=pair.upper if pair else None,
        lower=pair.lower if pair else None,
    )


def _column_row(cut: Cut) -> str:
    return next(row.id for row in release_rows() if row.of == "column" and cut.tissue in row.tissue)


def uncut_bone(ground: Ground, parted: Codes) -> Iterator[Attachment]:
    """Bone of one vertebra that hangs together from a piece to what is none of it, by links that no cut takes away."""
    field = ground.field
    for level, voxels in ground.bones.items():
        nodes = sorted({ground.node(label, level) for label in np.unique(voxels.label).tolist()})
        if len(nodes) < 2:
            continue
        code, mine = _codes(ground, level, nodes), voxels.index
        held: Counter[tuple[str, str]] = Counter()
        where: dict[tuple[str, str], Indices] = {}
        for axis in range(3):
            ahead = mine + np.eye(3, dtype=np.intp)[axis]
            inside = ahead[:, axis] < field.shape[axis]
            here, there = mine[inside], ahead[inside]
            a, b = code[tuple(here.T)], code[tuple(there.T)]
            open_ = (a != b) & (b > 0) & (parted[tuple(here.T)] >> axis & 1 == 0)
            for one, other, at in zip(a[open_].tolist(), b[open_].tolist(), here[open_], strict=True):
                key = (nodes[min(one, other) - 1], nodes[max(one, other) - 1])
                held[key] += 1
                where.setdefault(key, at)
        for key, faces in sorted(held.items()):
            if faces * field.step_mm**2 >= UNCUT_MM2:
                text = f"{faces * field.step_mm**2:.0f} mm² of bone of {level} join {key[0]} and {key[1]} uncut"
                yield Attachment(
                    f"{level}-uncut-bone", None, level, None, key, LABELLED, ground.place(where[key][None, :]),
                    caveats=(Caveat("bone-uncut", text),),
                )  # fmt: skip


def _codes(ground: Ground, level: Level, nodes: Sequence[str]) -> Codes:
    """1-based node of every voxel of a vertebra's bone, 0 elsewhere."""
    table = np.zeros(256, dtype=np.uint8)
    voxels = ground.bones[level]
    for label in np.unique(voxels.label).tolist():
        table[label] = 1 + nodes.index(ground.node(label, level))
    code = np.zeros(ground.field.shape, dtype=np.uint8)
    code[tuple(voxels.index.T)] = table[voxels.label]
    return code


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
    ends: dict[tuple[str, str], int] = {} if bone and met else {most: 1}
    for meeting in met:
        ends[meeting.between] = ends.get(meeting.between, 0) + meeting.voxels
    basis = (LABELLED if met else INFERRED if pair.seen else BY_LEVEL) if bone else BY_LEVEL
    for between, voxels in ends.items():
        if between[0] == between[1]:
            continue
        yield Attachment(
            name="-".join(filter(None, [pair.upper, pair.lower, row.id, side])),
            row=row.id,
            level=pair.level,
            side=side,
            between=between,
            basis=basis,
            point_mm=met[0].point_mm if met else between_mm(ground, pair, row.holds, parts),
            gap_mm=min((m.gap_mm for m in met), default=None) if bone else None,
            share=1.0 if between == most else voxels / sum(ends.values()),
            upper=pair.upper,
            lower=pair.lower,
            caveats=pair.caveats,
        )


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
