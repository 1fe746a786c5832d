"""Label map to spine: plausibility, frames, parts, canal, discs, outline of destroyed bone."""

from enbloc.anatomy.morphometry import ExpectedRange, LevelMorphometry, PedicleMorphometry
from enbloc.anatomy.spine import BONE_PARTS, Frame, Numbering, Part, Spine, Vertebra
from enbloc.core.evidence import Progress, silent
from enbloc.core.volume import Imaging

__all__ = [
    "BONE_PARTS",
    "ExpectedRange",
    "Frame",
    "LevelMorphometry",
    "Numbering",
    "Part",
    "PedicleMorphometry",
    "Spine",
    "Vertebra",
    "locate",
]


def locate(imaging: Imaging, progress: Progress = silent) -> Spine:
    """Frames, parts, canal and discs of every labelled vertebra.

    Raises LabelError when no whole vertebra is labelled, when the labels' order is impossible, or when no ring is
    closed anywhere.
    """
    from enbloc.anatomy.build import spine_from_labels

    return spine_from_labels(imaging, progress)
