"""The faces of the specimen that are dissected and not sawn: dura, sides, front, back, and the levels above and below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from enbloc.anatomy import Spine
from enbloc.core.levels import Level
from enbloc.core.volume import Mask
from enbloc.resection.nouns import Face
from enbloc.tumour import Contact
from enbloc.tumour.noise import NoiseFloor


def dissected_faces(
    spine: Spine,
    contacts: Sequence[Contact],
    levels: Sequence[Level],
    encapsulated: bool | None,
    noise: NoiseFloor,
    vessels: Mapping[str, Mask] | None = None,
) -> tuple[Face, ...]:
    """Every dissected face of the resected `levels`, cranial first; those between two resected levels are left out.

    `vessels`: masks of the labelled vessels on the spine's grid (`vessel_masks`).
    """
    return ()
