"""What comes out: the pieces that a set of cuts leaves, and the surface of the specimen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

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
    SOLID,
    STAYS,
    TUMOUR_LINK,
    Numbers,
    flood,
    joined_to_what_they_touch,
    saw,
)
from enbloc.resection.nouns import Cut, Gate, MarginShare, Piece, Pieces
from enbloc.tumour.contact import sampled

CRUMB = 0.001
"""Parts below this share of all that comes out are crumbs of the voxels."""
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
    """As `labelled_pieces`, with the specimen's surface."""
    pieces, label = labelled_pieces(field, cuts)
    return pieces, _drawn(field, label)


def labelled_pieces(field: OperativeField, cuts: tuple[Cut, ...]) -> tuple[tuple[Piece, ...], Codes]:
    """The pieces by name, the one with most tumour first, and their voxels.

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
    names = _told_apart(_names(field, cuts, found, count))
    label = np.zeros(field.shape, dtype=np.uint8)
    pieces = []
    for value, (number, name) in enumerate(_tumour_first(field, found, names), start=1):
        here = found == number
        label[here] = value
        pieces.append(_piece(field, here, name, value, sawn_mm))
    return tuple(pieces), label


def solid_of(field: OperativeField, cuts: Sequence[Cut]) -> Material:
    """What is cut, and what it is cut from."""
    first, last = field.number(field.levels[0]), field.number(field.levels[-1])
    bone, disc = np.isin(field.part, BONE_PARTS), field.part == Part.DISC
    own = (field.owner >= first) & (field.owner <= last)
    state = (own & (bone | field.tumour)).astype(np.uint8)
    state[disc & (field.owner >= first) & (field.owner < last)] = SOLID
    for gate, disc_owner, neighbour in ((Gate.CRANIAL, first - 1, first - 1), (Gate.CAUDAL, last, last + 1)):
        cut = next((cut for cut in cuts if cut.gate is gate), None)
        if cut is None:
            continue
        near = (field.owner == neighbour) & (field.owner > 0)
        beyond = (disc & (field.owner == disc_owner)) | (near & ((field.part == Part.BODY) | field.tumour))
        where = np.argwhere(beyond & (state == 0))
        ours = cut.plane.signed_distance_mm(field.affine.to_world(where)) >= 0.0
        state[tuple(where.T)] = np.where(ours, SOLID, STAYS)
    joins = np.where(field.tumour, TUMOUR_LINK, 0) | np.where(disc | (field.part == Part.BODY), COLUMN_LINK, 0)
    return Material(state, joins.astype(np.uint8))


def without_crumbs(found: Numbers, count: int) -> tuple[Numbers, int]:
    """Parts numbered anew: crumbs go with the part they touch; those that touch none are the last part together."""
    sizes = np.bincount(found.ravel(), minlength=count + 1)
    small = sizes < CRUMB * sizes[1:].sum()
    small[0] = False
    if not small.any():
        return found, count
    new = joined_to_what_they_touch(found, small)
    kept = [n for n in range(1, count + 1) if not small[n]]
    order = np.zeros(count + 1, dtype=np.int32)
    order[kept] = np.arange(1, len(kept) + 1)
    loose = small & (new == 0)
    table = np.where(loose, len(kept) + 1, order[new])
    return table[found].astype(np.int32), len(kept) + int(loose.any())


def _names(field: OperativeField, cuts: Sequence[Cut], found: Numbers, count: int) -> Iterator[tuple[int, str]]:
    """(number, name) of every part."""
    bodies = {level: _holder(field, found, level, (Part.BODY,)) for level in field.levels}
    arches = {level: _holder(field, found, level, ARCH) for level in field.levels}
    for level in {cut.level for cut in cuts if cut.divider_deg != 0.0 and bodies[cut.level] == arches[cut.level]}:
        arches[level] = _holder(field, np.where(found == bodies[level], 0, found), level, BESIDE_BODY)
    most = _most_tumour(field, found, count)
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


def _holder(field: OperativeField, found: Numbers, level: Level, parts: Sequence[Part]) -> int:
    """The part that holds most of these parts of a level; 0 where there is none of them."""
    here = (field.owner == field.number(level)) & np.isin(field.part, parts) & (found > 0)
    return int(np.bincount(found[here]).argmax()) if here.any() else 0


def _most_tumour(field: OperativeField, found: Numbers, count: int) -> int:
    """The part with most tumour; without tumour, the largest."""
    held = np.bincount(found[field.tumour & (found > 0)], minlength=count + 1)
    return int((held if held.any() else np.bincount(found[found > 0], minlength=count + 1)).argmax())


def _tumour_first(field: OperativeField, found: Numbers, names: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    """The specimen first, then by size."""
    sizes = np.bincount(found.ravel())
    most = _most_tumour(field, found, len(sizes) - 1)
    return sorted(names, key=lambda entry: (entry[0] != most, -sizes[entry[0]]))


def _piece(field: OperativeField, here: Mask, name: str, label: int, sawn_mm: npt.NDArray[np.float32]) -> Piece:
    voxel_mm3 = field.step_mm**3
    bone = here & np.isin(field.part, BONE_PARTS)
    held = np.unique(field.owner[bone if bone.any() else here])
    least = float(sawn_mm[here].min())
    return Piece(
        name=name,
        label=label,
        levels=tuple(level for level in field.levels if field.number(level) in held),
        volume_mm3=float(np.count_nonzero(here)) * voxel_mm3,
        bone_mm3=float(np.count_nonzero(bone & ~field.tumour)) * voxel_mm3,
        tumour_mm3=float(np.count_nonzero(here & field.tumour)) * voxel_mm3,
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
