"""How ribs hold the pieces: the stumps of the resected levels' ribs, the next rib's head, and the ligaments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Part
from enbloc.anatomy.spine import Triple
from enbloc.core.evidence import Caveat
from enbloc.core.levels import Level
from enbloc.knowledge import joint_gap_mm, release_row_at
from enbloc.resection.ground import Ground
from enbloc.resection.hold_places import part_mm, rib_head_mm
from enbloc.resection.meetings import Meeting, rib_meets
from enbloc.resection.release_nouns import BY_LEVEL, INFERRED, LABELLED, Attachment

SIDES = ("left", "right")
JOINTS = ("costovertebral", "costotransverse", "costotransverse-tissue")
"""What may hold a rib to its own vertebra."""
CUT_OVER = 3
"""Voxels of a rib's length that stand for the place of its cut."""
TRANSVERSE = {"left": Part.TRANSVERSE_LEFT, "right": Part.TRANSVERSE_RIGHT}


@dataclass(frozen=True, slots=True)
class Rib:
    """The rib of `level` on one side. `label`: its structure in the label map, None where it is not labelled near the
    field; `node` what of it holds a piece: its stump where the level leaves, else the rib.
    """

    level: Level
    side: str
    label: str | None
    node: str
    caveats: tuple[Caveat, ...]

    @property
    def number(self) -> int:
        return number_of(self.level)


def number_of(level: Level) -> int:
    return int(level[1:])


def stump(side: str, number: int) -> str:
    """The node that a rib's inner end is once the rib is cut."""
    return f"rib-{side}-{number}-stump"


def rib_links(ground: Ground, upper: Level, lower: Level, merged: Sequence[Meeting]) -> Iterator[Attachment]:
    """Links of the ribs of `lower`, whose heads lie at the disc `upper`-`lower`.

    `merged`: where the two vertebrae's labels meet beside the disc, as they do where the label of a vertebra takes in
    its rib's head.
    """
    if lower.region != "thoracic":
        return
    for side in SIDES:
        rib = rib_of(ground, lower, side)
        heads = [*met(ground, rib, upper, "body"), *(m for m in merged if m.side in (side, None))]
        above = list(_above(ground, rib, upper, heads))
        own = list(_own(ground, rib)) if lower in ground.field.levels else []
        yield from kept_with(ground, rib, [*own, *above])


def rib_of(ground: Ground, level: Level, side: str) -> Rib:
    """The rib by its name; where that is not labelled near, another one that meets the level's transverse process."""
    number = number_of(level)
    name = f"rib-{side}-{number}"
    node = stump(side, number) if level in ground.field.levels else name
    if name in ground.field.ribs:
        return Rib(level, side, name, node, ())
    for other in sorted(ground.field.ribs):
        if not other.startswith(f"rib-{side}-") or other == f"rib-{side}-{number + 1}":
            continue
        if any(m.joint == "transverse" for m in rib_meets(ground, other, level, joint_gap_mm())):
            text = f"the rib at the {side} transverse process of {level} is labelled {other}: taken as rib {number}"
            return Rib(level, side, other, node, (Caveat("rib-number-doubtful", text),))
    text = f"rib {number} on the {side} is not labelled here: inferred from the level"
    return Rib(level, side, None, node, (Caveat("rib-not-labelled", text),))


def met(ground: Ground, rib: Rib, level: Level, joint: str) -> list[Meeting]:
    if rib.label is None or level not in ground.field.column:
        return []
    return [m for m in rib_meets(ground, rib.label, level, joint_gap_mm()) if m.joint == joint]


def _above(ground: Ground, rib: Rib, upper: Level, heads: Sequence[Meeting]) -> Iterator[Attachment]:
    """Head of the rib to the body above, and the ligament to the transverse process above."""
    stays = upper not in ground.field.levels
    row = release_row_at("rib-above" if stays else "rib-next", upper)
    if row is not None or heads:
        row_id = row.id if row else ("rib-head-above" if stays else "rib-head-next")
        link = _link(ground, rib, upper, Part.BODY, heads, f"{upper}-rib-{rib.number}-head-{rib.side}", row_id)
        yield replace(link, upper=upper, lower=rib.level)
    row = release_row_at("rib-ligament", upper)
    if row is not None:
        found = met(ground, rib, upper, "transverse")
        name = f"{upper}-rib-{rib.number}-ligament-{rib.side}"
        link = _link(ground, rib, upper, TRANSVERSE[rib.side], found, name, row.id)
        yield replace(link, upper=upper, lower=rib.level)


def _own(ground: Ground, rib: Rib) -> Iterator[Attachment]:
    """The rib's shaft to the chest, its head to its own body, its tubercle to its own transverse process."""
    level, tail = rib.level, f"{rib.side}"
    shaft = release_row_at("rib-shaft", level)
    if shaft is None:
        return
    where = TRANSVERSE[rib.side]
    chest = f"rib-{rib.side}-{rib.number}"
    basis = INFERRED if rib.label is None else LABELLED
    place = _where_cut(ground, rib) or part_mm(ground, level, where)
    yield Attachment(
        f"{level}-rib-{tail}", shaft.id, level, rib.side, (rib.node, chest), basis, place, rib=rib.number,
        caveats=rib.caveats,
    )  # fmt: skip
    yield _link(ground, rib, level, Part.BODY, met(ground, rib, level, "body"), f"{level}-costovertebral-{tail}",
                "costovertebral")  # fmt: skip
    found = met(ground, rib, level, "transverse")
    joint = release_row_at("rib-transverse", level) or (release_row_at("rib-near", level) if found else None)
    if joint is not None:
        yield _link(ground, rib, level, where, found, f"{level}-{joint.id}-{tail}", joint.id)


def _link(
    ground: Ground, rib: Rib, level: Level, part: Part, found: Sequence[Meeting], name: str, row: str
) -> Attachment:
    """From the rib to what holds most of a part of `level`, or to the node that it meets."""
    holder = found[0].between[1] if found and found[0].between[0] == rib.label else ground.holder(level, (part,))
    resected = rib.level if rib.level in ground.field.levels else level
    caveats = rib.caveats
    if level not in ground.bones:
        text = f"{level} is not labelled in view: what holds rib {rib.number} there is known by level only"
        caveats = (*caveats, Caveat("neighbour-not-in-view", text))
    elif rib.label is not None and not found:
        text = f"the labels of rib {rib.number} on the {rib.side} and of {level} do not meet: inferred from the level"
        caveats = (*caveats, Caveat("labels-do-not-meet", text))
    return Attachment(
        name=name,
        row=row,
        level=resected,
        side=rib.side,
        between=(holder, rib.node),
        basis=LABELLED if found else INFERRED if level in ground.bones else BY_LEVEL,
        point_mm=found[0].point_mm if found else _place(ground, rib, level, part),
        gap_mm=min((m.gap_mm for m in found), default=None),
        rib=rib.number,
        caveats=caveats,
    )


def kept_with(ground: Ground, rib: Rib, links: Sequence[Attachment]) -> list[Attachment]:
    """The stump stays with the piece at its joint nearest to tumour, which is not opened; in doubt with the body's.

    Its joints with that piece are kept whole. The shaft is cut and the joint of a rib that stays is freed.
    """
    pieces = set(ground.names.values())
    joints = [link for link in links if link.row in JOINTS and link.between[0] in pieces]
    if not joints:
        return list(links)
    near = min(_to_tumour_mm(ground, link) for link in joints)
    even = [link for link in joints if _to_tumour_mm(ground, link) <= near + ground.field.noise_mm]
    keeper = min(even, key=lambda link: link.row != "costovertebral").between[0]
    return [replace(link, kept=link.between == (keeper, rib.node)) for link in links]


def keeper_of(links: Sequence[Attachment], node: str) -> str | None:
    """The piece that keeps a stump."""
    return next((link.between[0] for link in links if link.kept and link.between[1] == node), None)


def _to_tumour_mm(ground: Ground, link: Attachment) -> float:
    if link.point_mm is None:
        return np.inf
    field = ground.field
    index = np.rint(field.to_index(field.frame.to_local(np.array(link.point_mm)))).astype(int)
    i, j, k = np.clip(index, 0, np.array(field.shape) - 1)
    return float(field.tumour_mm[i, j, k])


def _place(ground: Ground, rib: Rib, level: Level, part: Part) -> Triple | None:
    """The head of a rib lies at the top of its own body and at the bottom of the body above."""
    if part is Part.BODY:
        return rib_head_mm(ground, level, rib.side, at_top=level is rib.level)
    return part_mm(ground, level, part)


def _where_cut(ground: Ground, rib: Rib) -> Triple | None:
    """On the labelled rib, just lateral to the transverse process; None where the rib is not labelled out there."""
    if rib.label is None:
        return None
    outward = -1 if rib.side == "left" else 1
    process = outward * ground.parts(rib.level, (TRANSVERSE[rib.side],))[:, 0]
    here = ground.rib(rib.label).index
    out = outward * here[:, 0]
    beyond = out > (process.max() if len(process) else -np.inf)
    if not beyond.any():
        return None
    return ground.place(here[beyond & (out <= out[beyond].min() + CUT_OVER)])


def stray_ribs(ground: Ground) -> Iterator[Attachment]:
    """Labelled ribs that meet a resected level and are neither its own nor the next, nor taken for its own."""
    for level in ground.field.levels:
        own = {number_of(level), number_of(level) + 1} if level.region == "thoracic" else set()
        taken = {rib_of(ground, level, side).label for side in SIDES} if own else set()
        for name in sorted(ground.ribs):
            _, side, number = name.split("-")
            if int(number) in own or name in taken:
                continue
            for meeting in rib_meets(ground, name, level, joint_gap_mm()):
                text = f"{name} comes to {level}, which is not its vertebra: the ribs may be numbered wrongly"
                yield Attachment(
                    f"{level}-{name}-contact", None, level, side, (meeting.between[1], name), LABELLED,
                    meeting.point_mm, meeting.gap_mm, rib=int(number), caveats=(Caveat("rib-number-doubtful", text),),
                )  # fmt: skip
