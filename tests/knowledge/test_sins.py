"""The SINS table against its own range and against the published list of levels."""

from __future__ import annotations

import pytest

from enbloc.core.levels import Level
from enbloc.knowledge import instrument, load_table, sins_items, sins_location, sins_reading

TABLE = load_table("scores/sins-2010.toml")


def test_the_items_fill_the_published_range() -> None:
    """0 to 18 is printed with the score; the items are six."""
    items = sins_items().values()
    assert len(items) == 6
    assert sum(min(item.options.values()) for item in items) == 0
    assert sum(max(item.options.values()) for item in items) == 18
    assert TABLE["instrument"]["range"] == [0, 18]


def test_points_as_published() -> None:
    """Fisher 2010, table of the score, as the clinical rules quote it."""
    points = {name: sorted(item.options.values(), reverse=True) for name, item in sins_items().items()}
    assert points == {
        "location": [3, 2, 1, 0],
        "pain": [3, 1, 0],
        "bone-lesion": [2, 1, 0],
        "alignment": [4, 2, 0],
        "body-collapse": [3, 2, 1, 0],
        "posterolateral": [3, 1, 0],
    }
    assert [band["upto"] for band in TABLE["band"]] == [6, 12, 18]
    assert [band.low for band in instrument("sins-2010").bands if "consultation" in band.says] == [7, 13]


@pytest.mark.parametrize(
    ("levels", "name"),
    [
        ("T1 T2 T11 T12 L1 L5", "junctional"),
        ("T3 T4 T5 T6 T7 T8 T9 T10", "semirigid"),
        ("L2 L3 L4 C3 C6", "mobile"),
    ],
)
def test_class_of_each_level(levels: str, name: str) -> None:
    assert {sins_location(Level(level)) for level in levels.split()} == {name}


@pytest.mark.parametrize("level", ["L6", "T13", "sacrum"])
def test_a_level_the_score_does_not_name_has_no_class(level: str) -> None:
    assert sins_location(Level(level)) is None


def test_what_is_not_published_is_marked_unverified() -> None:
    reading = load_table("stability/reading.toml")
    assert {row["checked"] for row in reading.values()} == {"unverified"}
    assert sins_reading().half == sins_reading().involved == 0.5
