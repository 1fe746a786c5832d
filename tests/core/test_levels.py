"""The order of vertebrae, and which of them can touch."""

from __future__ import annotations

from itertools import product

import pytest

from enbloc.core.levels import Level, are_neighbours, between, is_level, missing_between

HEAD_TO_FEET = [
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 14)),
    *(f"L{n}" for n in range(1, 8)),
    *("S1", "sacrum", "coccyx"),
]


def test_levels_run_from_head_to_feet():
    assert [level.value for level in sorted(Level, key=lambda level: level.rank)] == HEAD_TO_FEET
    assert [Level(name).rank for name in HEAD_TO_FEET] == list(range(30))


def test_text_order_is_not_the_order_of_levels():
    """The trap that `rank` is there for: as text, T10 stands before T2."""
    assert max(Level.T2, Level.T10) is Level.T2
    assert max((Level.T2, Level.T10), key=lambda level: level.rank) is Level.T10


@pytest.mark.parametrize(
    ("level", "region"),
    [
        ("C1", "cervical"),
        ("C7", "cervical"),
        ("T1", "thoracic"),
        ("T13", "thoracic"),
        ("L1", "lumbar"),
        ("L7", "lumbar"),
        ("S1", "sacral"),
        ("sacrum", "sacral"),
        ("coccyx", "sacral"),
    ],
)
def test_region(level, region):
    assert Level(level).region == region
    assert Level(level).in_scope == (region in ("thoracic", "lumbar"))


@pytest.mark.parametrize(
    ("upper", "lower"),
    [
        ("T11", "T12"),
        ("T12", "L1"),
        ("T12", "T13"),  # the extra thoracic vertebra, where there is one
        ("T13", "L1"),
        ("L5", "S1"),
        ("L5", "sacrum"),
        ("L5", "L6"),
        ("L6", "sacrum"),
        ("L6", "S1"),
        ("C7", "T1"),
        ("S1", "sacrum"),
    ],
)
def test_neighbours(upper, lower):
    assert are_neighbours(Level(upper), Level(lower))
    assert are_neighbours(Level(lower), Level(upper))


@pytest.mark.parametrize(
    ("upper", "lower", "missing"),
    [
        ("T10", "T12", ["T11"]),
        ("T11", "L1", ["T12"]),
        ("T9", "L2", ["T10", "T11", "T12", "L1"]),
        ("L4", "sacrum", ["L5"]),
        ("L5", "coccyx", ["sacrum"]),
    ],
)
def test_missing_between(upper, lower, missing):
    assert [level.value for level in missing_between(Level(upper), Level(lower))] == missing
    assert not are_neighbours(Level(upper), Level(lower))


def test_between_names_the_optional_levels_too():
    assert between(Level.L1, Level.T12) == (Level.T13,)
    assert between(Level.L5, Level.S1) == (Level.L6, Level.L7)


def test_no_level_is_its_own_neighbour_and_neighbours_are_mutual():
    for a, b in product(Level, repeat=2):
        assert are_neighbours(a, b) == are_neighbours(b, a)
    assert not any(are_neighbours(level, level) for level in Level)


@pytest.mark.parametrize("name", ["T14", "t12", "", "body-T12", "S2", "instance-1"])
def test_other_words_are_no_levels(name):
    assert not is_level(name)
