"""What is to be said of a cut beside its measures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.anatomy import Spine
from enbloc.core.evidence import Caveat
from enbloc.core.geometry import Array
from enbloc.knowledge.resection_tables import tumour_cut_says
from enbloc.resection.field import OperativeField
from enbloc.resection.kernels import SOLID
from enbloc.resection.nouns import RING_GATES, Gate
from enbloc.resection.passage import Passage
from enbloc.resection.section import Section
from enbloc.tumour.noise import SPECK_VOXELS

SIDES = {Gate.LEFT: "left", Gate.RIGHT: "right"}


def through_tumour(passage: Passage, section: Section) -> Iterator[Caveat]:
    """Of a ring cut in tumour: whether any other surface could keep out of it."""
    if passage.gate not in RING_GATES or section.tumour_mm2 == 0.0:
        return
    if joined_by_tumour(passage):
        text = "tumour itself joins body and arch here: no cut between them, flat or curved, keeps out of it"
    else:
        text = (
            "no flat cut of the family keeps out of tumour here, which does not join body and arch: a curved one might"
        )
    yield Caveat("cut-through-tumour", f"{text}; {tumour_cut_says()}")


def joined_by_tumour(passage: Passage) -> bool:
    """Whether a chain of tumour voxels that share faces runs from one end of the gate to the other."""
    from scipy.ndimage import label

    chains, _ = label((passage.code == SOLID) & (passage.tumour_mm < 0.0))
    ends = (set(np.unique(chains[end]).tolist()) - {0} for end in (passage.front, passage.back))
    return not next(ends).isdisjoint(next(ends))


OTHER = {Gate.LEFT: Gate.RIGHT, Gate.RIGHT: Gate.LEFT}


def beyond_the_middle(passage: Passage, canal_angle_deg: float | None) -> bool:
    """Whether a ring cut stands on the other side than its gate."""
    turned = {Gate.LEFT: 1.0, Gate.RIGHT: -1.0}.get(passage.gate, 0.0) * passage.divider_deg > 0.0
    return turned and canal_angle_deg is not None and bool(np.sign(canal_angle_deg) == np.sign(passage.divider_deg))


def name_of(passage: Passage, canal_angle_deg: float | None) -> str:
    """By the side on which a cut stands, never a left one on the right; round the back it is behind that side's own."""
    if beyond_the_middle(passage, canal_angle_deg):
        return f"{passage.level}-{OTHER[passage.gate]}-behind"
    return f"{passage.level}-{passage.gate}"


def on_other_side(passage: Passage, canal_angle_deg: float | None) -> Iterator[Caveat]:
    """A ring cut that stands beyond the middle, as tumour has taken its own side."""
    if not beyond_the_middle(passage, canal_angle_deg):
        return
    here, there = SIDES[passage.gate], SIDES[OTHER[passage.gate]]
    text = f"stands on the {there}, as no cut on the {here} keeps clear of tumour: that half of the arch leaves too,"
    text += " so look at the way out of the pieces"
    yield Caveat("cut-on-other-side", text)


def at_image_edge(field: OperativeField, points: Array) -> Iterator[Caveat]:
    """A section, points in voxels of the field (n, 3), whose edge lies in the outermost voxels of the image."""
    if field.image is None or not len(points):
        return
    index = field.image.affine.to_index(field.frame.to_world(field.places(points)))
    if ((index < 0.5) | (index > np.array(field.image.shape) - 1.5)).any():
        text = "runs to the edge of the image: what there may be to cut beyond it was not seen"
        yield Caveat("cut-at-image-edge", text)


def below_noise(spine: Spine) -> Iterator[Caveat]:
    """Tumour of so few voxels that a slip of the outline could be all there is."""
    voxels = int(np.count_nonzero(spine.tumour))
    if voxels <= SPECK_VOXELS:
        text = (
            f"the tumour mask holds {voxels} voxel{'s' if voxels > 1 else ''} "
            f"({voxels * spine.grid.affine.voxel_volume_mm3:.1f} mm³), no more than a slip of the outline: "
            "look at the mask again before any cut is believed"
        )
        yield Caveat("tumour-below-noise", text)
