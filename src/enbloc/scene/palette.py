"""Colours of the structures, the same in slices, 3-D pictures and the STL scene.

The hues are those of Okabe and Ito (Color Universal Design), which people with the common colour-vision deficiencies
tell apart. Colour is never the only sign: pictures also carry names.
"""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.scene.nouns import Colour

SKY: Colour = (86, 180, 233)
GREEN: Colour = (0, 158, 115)
YELLOW: Colour = (240, 228, 66)
BLUE: Colour = (0, 114, 178)
ORANGE: Colour = (230, 159, 0)
VERMILION: Colour = (213, 94, 0)
PURPLE: Colour = (204, 121, 167)
BONE: Colour = (205, 196, 174)
SOOT: Colour = (45, 45, 45)
VIOLET: Colour = (108, 30, 168)
LILAC: Colour = (190, 120, 255)
SLATE: Colour = (128, 140, 152)
STEEL: Colour = (72, 84, 98)


@dataclass(frozen=True, slots=True)
class Style:
    """How a kind of structure is drawn: `line` in slices; `surface` and `opacity` in 3-D.

    `shown`: whether a picture in 3-D begins with it.
    """

    title: str
    line: Colour
    surface: Colour
    opacity: float
    shown: bool = True


STYLES: dict[str, Style] = {
    "tumour": Style("tumour", VERMILION, VERMILION, 1.0),
    "vertebra": Style("vertebra", SKY, BONE, 0.5),
    "estimated": Style("vertebra, outline estimated", SKY, SKY, 0.6),
    "disc": Style("disc", GREEN, GREEN, 0.42),
    "no-go": Style("spinal canal", YELLOW, YELLOW, 1.0),
    "artery": Style("arteries", PURPLE, PURPLE, 0.5),
    "vein": Style("veins", BLUE, BLUE, 0.5),
    "barrier-touched": Style("barrier touched by tumour", ORANGE, ORANGE, 1.0),
    "barrier-breached": Style("barrier breached by tumour", SOOT, SOOT, 1.0),
    "cut": Style("cut, as thick as its kerf", LILAC, VIOLET, 0.6),
    "piece-anterior": Style("piece in front, with the body", BLUE, BLUE, 1.0, shown=False),
    "piece-posterior": Style("piece behind, with the arch", SLATE, SLATE, 1.0, shown=False),
    "rib": Style("rib", BONE, BONE, 0.42),
    "tumour-piece": Style("tumour, as it leaves in its piece", VERMILION, VERMILION, 1.0, shown=False),
    "stays": Style("bone that stays, without what is taken off", SKY, BONE, 0.5, shown=False),
    "residual": Style("tumour that stays", VERMILION, VERMILION, 1.0, shown=False),
    "root": Style("nerve root, modelled", YELLOW, YELLOW, 1.0, shown=False),
    "root-divided": Style("nerve root to be divided, modelled", SOOT, SOOT, 1.0, shown=False),
    "rod": Style("rod on the other side, modelled", STEEL, STEEL, 1.0, shown=False),
}
