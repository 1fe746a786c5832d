"""Label map to spine: plausibility, frames, parts, canal, discs, outline of destroyed bone."""

from enbloc.anatomy.compartment import BARRIERS, Barrier, Compartment
from enbloc.anatomy.morphometry import ExpectedRange, LevelMorphometry, PedicleMorphometry
from enbloc.anatomy.spine import BONE_PARTS, Frame, Numbering, Part, Spine, Vertebra, is_bone
from enbloc.core.evidence import Progress, silent
from enbloc.core.volume import Imaging
from enbloc.knowledge import vessel_kind

__all__ = [
    "BARRIERS",
    "BONE_PARTS",
    "Barrier",
    "Compartment",
    "ExpectedRange",
    "Frame",
    "LevelMorphometry",
    "Numbering",
    "Part",
    "PedicleMorphometry",
    "Spine",
    "Vertebra",
    "compartments",
    "is_bone",
    "locate",
    "vessel_kind",
]


def locate(imaging: Imaging, progress: Progress = silent) -> Spine:
    """Frames, parts, canal and discs of every labelled vertebra.

    Raises LabelError when no whole vertebra is labelled, when the labels' order is impossible, or when no ring is
    closed anywhere.
    """
    from enbloc.anatomy.build import spine_from_labels

    return spine_from_labels(imaging, progress)


def compartments(spine: Spine) -> tuple[Compartment, ...]:
    """The closed surface of every modelled vertebra, divided into the barriers that close it off."""
    from enbloc.anatomy.patches import compartments_of

    return compartments_of(spine)
