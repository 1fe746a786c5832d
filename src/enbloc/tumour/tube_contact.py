"""Tumour against a tube: shortest distance, share of the circumference and length that lie within contact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from enbloc.core.evidence import Measured
from enbloc.core.geometry import Array, Vector, bounding_box
from enbloc.core.volume import Mask
from enbloc.tumour.extent import Involvement
from enbloc.tumour.field import TumourField
from enbloc.tumour.noise import SPECK_VOXELS
from enbloc.tumour.tube import LARGEST_RADIUS_MM, PITCH_MM, RAYS, Sections, centreline, sections_near

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class TubeContact:
    """Tumour against one labelled structure.

    `distance_mm`: shortest way from surface to surface, 0 where they meet. `contact`: `involved` where all of its range
    lies within the contact distance, `possible` where some does. `arc_deg`: the largest share of the circumference
    within the contact distance on a section square to the structure's centreline, `arc_at_mm` that section's centre
    (RAS). `length_mm`: length of centreline whose sections have any contact; `area_mm2`: wall within contact. The
    last four are None where no section could be laid (a fork, an end, too few voxels) and contact is not excluded.
    """

    structure: str
    distance_mm: Measured
    contact: Involvement
    arc_deg: Measured | None
    arc_at_mm: Triple | None
    length_mm: Measured | None
    area_mm2: Measured | None


def contact_with(structure: str, mask: Mask, tumour: TumourField, within_mm: float) -> TubeContact:
    """`mask`: voxels of the structure on the field's grid, at least one."""
    distance = _distance(mask, tumour)
    if distance.low > within_mm:
        none = Measured(0.0, 0.0, 0.0)
        return TubeContact(structure, distance, Involvement.FREE, none, None, none, none)
    found = Involvement.INVOLVED if distance.high <= within_mm else Involvement.POSSIBLE
    pieces = [_sections(piece, tumour, within_mm) for piece in _pieces_near(mask, tumour, within_mm)]
    sections = [piece for piece in pieces if len(piece.centre_mm)]
    if not sections:
        return TubeContact(structure, distance, found, None, None, None, None)
    joined = Sections(
        np.concatenate([piece.centre_mm for piece in sections]),
        np.concatenate([piece.wall_mm for piece in sections]),
        np.concatenate([piece.radius_mm for piece in sections]),
    )
    return _measured(structure, distance, found, joined, tumour, within_mm)


def _distance(mask: Mask, tumour: TumourField) -> Measured:
    """From the voxel of the structure nearest to tumour; its surface is half a voxel nearer than its centre."""
    gap = np.where(mask, tumour.gap_mm, np.inf)
    nearest = np.unravel_index(int(gap.argmin()), gap.shape)
    step = float(tumour.step_mm[nearest])
    value = float(gap[nearest]) - 0.5 * step
    return Measured(max(0.0, value), max(0.0, value - step), max(0.0, value + step))


def _pieces_near(mask: Mask, tumour: TumourField, within_mm: float) -> Iterator[Mask]:
    """Connected parts of the structure, more than specks, that contact is possible with."""
    from scipy import ndimage

    parts, count = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    near = np.unique(parts[mask & (tumour.gap_mm - 1.5 * tumour.step_mm <= within_mm)])
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    yield from (parts == part for part in near if part and sizes[part] > SPECK_VOXELS)


def _sections(piece: Mask, tumour: TumourField, within_mm: float) -> Sections:
    """Sections of one connected tube where tumour may be near enough."""
    box = bounding_box(piece)
    assert box is not None
    box = box.grown((2, 2, 2), piece.shape)
    grid = tumour.grid.crop(box)
    centre, tangent = centreline(piece[box.slices], grid)
    if len(centre):
        gap, step = tumour.gap_at(centre)
        near = gap <= within_mm + 2.0 * step + LARGEST_RADIUS_MM
        centre, tangent = centre[near], tangent[near]
    return sections_near(piece[box.slices], grid, centre, tangent)


def _measured(
    structure: str, distance: Measured, found: Involvement, tube: Sections, tumour: TumourField, within_mm: float
) -> TubeContact:
    wall = np.isfinite(tube.radius_mm)
    gap, step = tumour.gap_at(np.where(wall[..., None], tube.wall_mm, tube.centre_mm[:, None, :]))
    turn = 2.0 * np.pi / RAYS
    patch = np.where(wall, tube.radius_mm * turn * PITCH_MM, 0.0)
    arcs, lengths, areas = [], [], []
    for shift in (0.0, -1.0, 1.0):
        touching = wall & (gap <= within_mm + shift * step)
        arcs.append(touching.sum(axis=1) * np.degrees(turn))
        lengths.append(float(touching.any(axis=1).sum()) * PITCH_MM)
        areas.append(float(patch[touching].sum()))
    return TubeContact(
        structure=structure,
        distance_mm=distance,
        contact=found,
        arc_deg=Measured(*(float(arc.max()) for arc in arcs)),
        arc_at_mm=_place(arcs, tube.centre_mm),
        length_mm=Measured(*lengths),
        area_mm2=Measured(*areas),
    )


def _place(arcs: list[Vector], centre_mm: Array) -> Triple | None:
    """Centre of the section with the largest arc (failing that, with the largest possible one); None without any."""
    arc = arcs[0] if arcs[0].any() else arcs[2]
    if not arc.any():
        return None
    x, y, z = (float(v) for v in centre_mm[int(arc.argmax())])
    return x, y, z
