"""SINS as far as geometry and HU answer it: four items per involved level; pain and alignment are asked of people."""

from __future__ import annotations

from collections.abc import Sequence

from enbloc.anatomy import LevelMorphometry, Spine
from enbloc.core.evidence import Caveat, Step
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging
from enbloc.knowledge import sins_instrument, sins_items, sins_location
from enbloc.tumour.collapse import collapse_item
from enbloc.tumour.density import bone_lesion_item
from enbloc.tumour.extent import Extent
from enbloc.tumour.posterolateral import posterolateral_item
from enbloc.tumour.sins import LevelStability, Stability, StabilityItem, read_item, unread

ASKED = ("pain", "alignment")
"""Items that no image of one moment answers: what hurts, and what the curve was before."""


def stability(spine: Spine, imaging: Imaging, extent: Extent, morphometry: Sequence[LevelMorphometry]) -> Stability:
    """The items at every involved level in view, cranial first. `extent` was measured on `spine`."""
    levels = [level for level in extent.levels if level in spine.levels]
    score, _, edition = sins_instrument().key.rpartition("-")
    found = tuple(level_stability(level, spine, imaging, extent, morphometry) for level in levels)
    return Stability(score, edition, found)


def level_stability(
    level: Level, spine: Spine, imaging: Imaging, extent: Extent, morphometry: Sequence[LevelMorphometry]
) -> LevelStability:
    read = {
        "location": location_item(level),
        "bone-lesion": bone_lesion_item(level, spine, imaging),
        "body-collapse": collapse_item(level, morphometry, extent),
        "posterolateral": posterolateral_item(level, spine, imaging, extent),
        **{name: asked_item(name) for name in ASKED},
    }
    items = tuple(read[name] for name in sins_items())
    return LevelStability(level, items, sum(i.low for i in items), sum(i.high for i in items), ASKED)


def location_item(level: Level) -> StabilityItem:
    answer = sins_location(level)
    if answer is None:
        return unread("location", Caveat("level-not-in-score", f"the score names no class for {level}"))
    item = sins_items()["location"]
    step = Step(f"sins/location: {answer}", (f"the level is {level}",), answer, item.source, item.checked)
    return read_item("location", answer, (answer,), because=(step,))


def asked_item(name: str) -> StabilityItem:
    return unread(name, Caveat("asked-of-the-user", f"{name} is not read from images: it is asked of the user"))
