"""Units by the last word of a name."""

from __future__ import annotations

import pytest

from enbloc.core.evidence import Measured
from enbloc.core.units import UNITS, ending, ranged, without_unit


@pytest.mark.parametrize(
    ("name", "words", "sign"),
    [
        ("canal_width_mm", "canal_width", "mm"),
        ("pedicle_left.narrowest_area_mm2", "pedicle_left.narrowest_area", "mm²"),
        ("body_wedge_deg", "body_wedge", "°"),
        ("tumour_hu", "tumour", "HU"),
        ("lost_share", "lost", "%"),
    ],
)
def test_the_last_word_is_the_unit(name: str, words: str, sign: str) -> None:
    assert (without_unit(name), UNITS[ending(name)].sign) == (words, sign)


@pytest.mark.parametrize("name", ["level", "pedicle_left", "mm", "a_mm_b"])
def test_a_name_without_a_unit(name: str) -> None:
    assert (without_unit(name), ending(name)) == (name, "")


def test_a_range_in_words() -> None:
    assert ranged(Measured(29.06, 27.84, 30.35), "mm", 1) == "29.1 mm (27.8 to 30.4)"
    assert ranged(Measured(30.4, 17.5, 43.6), "%") == "30 % (18 to 44)"
    assert ranged(Measured(1949.0, 551.0, 4250.1), "mL", -2) == "1,900 mL (600 to 4,300)"
    assert ranged(None, "mm", 1) == "not known"
