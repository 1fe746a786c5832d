"""Label map to spine: plausibility, frames, parts, canal, discs, outline of destroyed bone."""

from enbloc.anatomy.locate import locate
from enbloc.anatomy.spine import BONE_PARTS, Frame, Numbering, Part, Spine, Vertebra

__all__ = ["BONE_PARTS", "Frame", "Numbering", "Part", "Spine", "Vertebra", "locate"]
