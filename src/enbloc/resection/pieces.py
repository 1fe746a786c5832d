"""What comes out: the pieces that a set of cuts leaves, and the surface of the specimen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Affine, bounding_box
from enbloc.core.levels import Level
from enbloc.core.mesh import Faces, Vertices, area_vectors, smooth_surface
from enbloc.core.volume import Grid, Mask
from enbloc.resection.distance import FAR_MM
from enbloc.resection.field import Codes, OperativeField
from enbloc.resection.flood import (
    COLUMN_LINK,
    DISC,
    SOLID,
    STAYS,
    TUMOUR_LINK,
    Numbers,
    flood,
    joined_to_what_they_touch,
    renumbered,
    saw,
    sizes_of,
)
from enbloc.resection.nouns import Cut, Gate, MarginShare, Piece, Pieces
from enbloc.resection.tally import BONE, Tally
from enbloc.tumour.contact import sampled

CRUMB = 0.001
"""Parts below this share of all that comes out are crumbs of the voxels."""
ABOVE, BELOW = 3, 4
"""States of a voxel while it is not known on which side of the cranial or caudal cut it lies."""
BODY = int(Part.BODY)
COARSE_MM = 1.0
UPTO_MM = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 15.0, 20.0)
ARCH = (Part.LAMINA_LEFT, Part.LAMINA_RIGHT, Part.SPINOUS)
BESIDE_BODY = tuple(part for part in BONE_PARTS if part is not Part.BODY)
"""Where both ring cuts stand on one side, most of the arch leaves with the body; what lies between them is the arch."""
ANTERIOR, POSTERIOR, SPECIMEN, REMAINING, FRAGMENT = (
    "anterior-block", "posterior-arch", "specimen", "remaining-half", "fragment",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """`state` (SOLID, STAYS or 0) and `joins` (bits of what links vertebrae) of every voxel."""

    state: Codes
    joins: Codes


def pieces_of(field: OperativeField, cuts: tuple[Cut, ...]) -> tuple[tuple[Piece, ...], Pieces]:
    """The pieces as `sawn` gives them, and their voxels with the specimen's surface."""
    made = sawn(field, cuts)
    return made.pieces, _drawn(field, made.label)


@dataclass(frozen=True, slots=True, eq=False)
class Sawn:
    """The pieces by name, the one with most tumour first, their voxels, and the links that the cuts take away."""

    pieces: tuple[Piece, ...]
    label: Codes
    cut_links: Codes


def sawn(field: OperativeField, cuts: tuple[Cut, ...]) -> Sawn:
    """What the cuts leave.

    Cut is what the resected levels hold of bone and tumour, with the discs between them and with as much of disc,
    neighbouring body and neighbouring tumour as the cranial and caudal cuts leave on their side. `anterior-block` holds
    the bodies, `posterior-arch` the arches (of a level by itself: with its name); where no cut parts these there is a
    `specimen`, and beside a split body a `remaining-half`, which stays. `fragment`: what hangs on none of these.
    A kerf takes no volume. A piece's margin is the least at its sawn faces, to the label map's noise.
    """
    material = solid_of(field, cuts)
    cut_links = np.zeros(field.shape, dtype=np.uint8)
    sawn_mm = np.full(field.shape, np.inf, dtype=np.float32)
    for cut in cuts:
        saw(field, material.state, cut, cut_links, sawn_mm)
    found, count = flood(material.state, field.owner, material.joins, cut_links)
    found, count = without_crumbs(found, count)
    tally = Tally.of(field, found, count, sawn_mm)
    named = dict(_told_apart(_names(field, cuts, tally, count)))
    most = tally.most_tumour()
    order = sorted(named, key=lambda number: (number != most, -tally.size(number)))
    value = np.zeros(count + 1, dtype=np.uint8)
    value[order] = np.arange(1, count + 1)
    pieces = [_piece(field, tally, number, named[number], n) for n, number in enumerate(order, start=1)]
    return Sawn(tuple(pieces), renumbered(found, value), cut_links)


def solid_of(field: OperativeField, cuts: Sequence[Cut]) -> Material:
    """What is cut, and what it is cut from."""
    first, last = field.number(field.levels[0]), field.number(field.levels[-1])
    state, joins = np.empty(field.shape, dtype=np.uint8), np.empty(field.shape, dtype=np.uint8)
    _solid(field.owner, field.part, field.tumour, BONE, first, last, state, joins)
    for gate, beyond in ((Gate.CRANIAL, ABOVE), (Gate.CAUDAL, BELOW)):
        cut = next((cut for cut in cuts if cut.gate is gate), None)
        where = np.unravel_index(np.flatnonzero(state == beyond), state.shape)
        if cut is None:
            state[where] = 0
            continue
        ours = cut.plane.signed_distance_mm(field.affine.to_world(np.column_stack(where))) >= 0.0
        state[where] = np.where(ours, SOLID, STAYS)
    return Material(state, joins)


@njit(cache=True, nogil=True)
def _solid(
    owner: Codes, part: Codes, tumour: Mask, bone: Mask, first: int, last: int, state: Codes, joins: Codes
) -> None:
    """`joins`, and of `state` SOLID for bone, tumour and inner discs of the levels `first` to `last`; ABOVE and BELOW
    for the disc, the neighbour's body and its tumour there, of which cuts leave a share; 0 elsewhere.
    """
    for i in range(owner.shape[0]):
        for j in range(owner.shape[1]):
            for k in range(owner.shape[2]):
                mine, what, ill = owner[i, j, k], part[i, j, k], tumour[i, j, k]
                disc, body = what == DISC, what == BODY
                joins[i, j, k] = TUMOUR_LINK * ill + COLUMN_LINK * (disc or body)
                own, next_body = first <= mine <= last, mine > 0 and (body or ill)
                if (own and (bone[what] or ill)) or (disc and first <= mine < last):
                    state[i, j, k] = SOLID
                elif mine == first - 1 and (disc or next_body):
                    state[i, j, k] = ABOVE
                elif (disc and mine == last) or (next_body and mine == last + 1):
                    state[i, j, k] = BELOW
                else:
                    state[i, j, k] = 0


def without_crumbs(found: Numbers, count: int) -> tuple[Numbers, int]:
    """Parts numbered anew: crumbs go with the part they touch; those that touch none are the last part together."""
    sizes = sizes_of(found, count)
    small = sizes < CRUMB * sizes[1:].sum()
    small[0] = False
    if not small.any():
        return found, count
    new = joined_to_what_they_touch(found, small)
    kept = [n for n in range(1, count + 1) if not small[n]]
    order = np.zeros(count + 1, dtype=np.int32)
    order[kept] = np.arange(1, len(kept) + 1)
    loose = small & (new == 0)
    table = np.where(loose, len(kept) + 1, order[new]).astype(np.int32)
    return renumbered(found, table), len(kept) + int(loose.any())


def _names(field: OperativeField, cuts: Sequence[Cut], tally: Tally, count: int) -> Iterator[tuple[int, str]]:
    """(number, name) of every part."""
    bodies = {level: tally.holder(field.number(level), (Part.BODY,)) for level in field.levels}
    arches = {level: tally.holder(field.number(level), ARCH) for level in field.levels}
    for level in {cut.level for cut in cuts if cut.divider_deg != 0.0 and bodies[cut.level] == arches[cut.level]}:
        arches[level] = tally.holder(field.number(level), BESIDE_BODY, without=bodies[level])
    most = tally.most_tumour()
    split = any(cut.gate is Gate.SPLIT for cut in cuts)
    for number in range(1, count + 1):
        before = [level for level in field.levels if bodies[level] == number]
        behind = [level for level in field.levels if arches[level] == number]
        if (split and number == most) or (before and behind and not split):
            yield number, SPECIMEN
        elif split and (before or behind):
            yield number, REMAINING
        elif before:
            yield number, _with_levels(ANTERIOR, before, field.levels)
        elif behind:
            yield number, _with_levels(POSTERIOR, behind, field.levels)
        else:
            yield number, FRAGMENT


def _told_apart(names: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Names that occur again get a number."""
    times: Counter[str] = Counter()
    told = []
    for number, name in names:
        times[name] += 1
        told.append((number, name if times[name] == 1 else f"{name}-{times[name]}"))
    return told


def _with_levels(name: str, held: Sequence[Level], levels: Sequence[Level]) -> str:
    return name if len(held) == len(levels) else "-".join([name, *held])


def _piece(field: OperativeField, tally: Tally, number: int, name: str, label: int) -> Piece:
    voxel_mm3 = field.step_mm**3
    held, least = tally.owners(number), float(tally.least_mm[number])
    return Piece(
        name=name,
        label=label,
        levels=tuple(level for level in field.levels if field.number(level) in held),
        volume_mm3=tally.size(number) * voxel_mm3,
        bone_mm3=tally.bone(number) * voxel_mm3,
        tumour_mm3=tally.tumour(number) * voxel_mm3,
        margin_mm=Measured(least, least - field.noise_mm, least + field.noise_mm) if least < 0.5 * FAR_MM else None,
    )


def _drawn(field: OperativeField, label: Codes) -> Pieces:
    """The labels with the surface of piece 1, coloured by the distance from tumour."""
    vertices, faces = surface_of(label == 1, field.affine)
    margin = sampled(field.tumour_mm, field.affine, vertices.astype(np.float64))
    return Pieces(label, field.affine, vertices, faces, margin.astype(np.float32))


def surface_of(mask: Mask, affine: Affine) -> tuple[Vertices, Faces]:
    box = bounding_box(mask)
    if box is None:
        raise ValueError("cuts of a field without bone and tumour leave no piece")
    crop = Grid(mask.shape, affine).crop(box)
    vertices, faces = smooth_surface(mask[box.slices], crop.affine, COARSE_MM)
    return vertices.astype(np.float32), faces


def margin_histogram(pieces: Pieces) -> tuple[MarginShare, ...]:
    """Area of the specimen's surface within each of UPTO_MM of tumour, cumulative; a triangle counts by its mean."""
    areas = np.linalg.norm(area_vectors(pieces.vertices_mm.astype(np.float64), pieces.faces), axis=1)
    margin = pieces.margin_mm[pieces.faces].mean(axis=1)
    total = float(areas.sum())
    within = [(upto, float(areas[margin <= upto].sum())) for upto in UPTO_MM]
    return tuple(MarginShare(upto, area, area / total) for upto, area in within)
