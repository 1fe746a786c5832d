"""Every combination of answers of every instrument, against plain sums; and what unknown answers may and may not do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import product
from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.knowledge import Instrument, instrument, instrument_keys
from enbloc.scores import answered

KEYS = instrument_keys()
# Numbers of combinations from the printed tables, counting each number of points of an item once.
COMBINATIONS = {
    "tomita-2001": 3 * 3 * 2,
    "tomita-later": 3 * 3 * 2,
    "tokuhashi-2005": 3 * 3 * 3 * 3 * 6 * 3,
    "katagiri-2014": 3 * 3 * 3 * 2 * 2 * 2,
    "bauer-modified": 2**4,
    "bauer-1995": 2**5,
    "van-der-linden-2005": 3 * 4 * 2,
    "rades-short-life": 2 * 3 * 2 * 2 * 2 * 2 * 2,
    "sins-2010": 4 * 3 * 3 * 3 * 4 * 3,
    "nesms": 2**3,
    "osri": 4 * 3,
    "enneking": 8,
    "escc-2010": 6,
    "harrington": 5,
    "frankel": 5,
    "ais": 5,
    "ecog": 6,
    "kps": 11,
}
RANGES = {
    "tomita-2001": (2, 10),
    "tomita-later": (2, 10),
    "tokuhashi-2005": (0, 15),
    "katagiri-2014": (0, 10),
    "bauer-modified": (0, 4),
    "bauer-1995": (0, 5),
    "van-der-linden-2005": (0, 6),
    "rades-short-life": (6, 25),
    "sins-2010": (0, 18),
    "nesms": (0, 3),
    "osri": (1, 7),
    "kps": (0, 100),
}
BANDS = {
    "tomita-2001": [(2, 3), (4, 5), (6, 7), (8, 10)],
    "tokuhashi-2005": [(0, 8), (9, 11), (12, 15)],
    "katagiri-2014": [(0, 3), (4, 6), (7, 10)],
    "bauer-modified": [(0, 1), (2, 2), (3, 4)],
    "bauer-1995": [(0, 1), (2, 3), (4, 5)],
    "van-der-linden-2005": [(0, 3), (4, 5), (6, 6)],
    "rades-short-life": [(6, 18), (19, 25)],
    "sins-2010": [(0, 6), (7, 12), (13, 18)],
}
"""Ranges and bands as printed, written here a second time by hand."""


def one_per_points(shipped: Instrument) -> Iterator[dict[str, str]]:
    """Every combination, with one option for each number of points of an item."""
    by_points = [
        {points: option for option, points in item.options.items()}.values() for item in shipped.items.values()
    ]
    for options in product(*by_points):
        yield dict(zip(shipped.items, options, strict=True))


def plain_sum(shipped: Instrument, answers: dict[str, str]) -> int:
    return sum(shipped.items[name].options[option] for name, option in answers.items())


def test_every_instrument_is_counted_here() -> None:
    assert set(COMBINATIONS) == set(KEYS)


@pytest.mark.parametrize("key", KEYS)
def test_every_combination(key: str) -> None:
    """Total, one band, range reached, every band reached."""
    shipped = instrument(key)
    totals, bands = Counter[int](), set()
    for answers in one_per_points(shipped):
        found = answered(shipped, answers)
        assert found.low == found.high == plain_sum(shipped, answers)
        assert found.missing == ()
        assert len(found.bands) == (1 if shipped.bands else 0)
        totals[found.low] += 1
        bands.add(found.band)
    assert totals.total() == COMBINATIONS[key]
    assert (min(totals), max(totals)) == RANGES.get(key, (0, COMBINATIONS[key] - 1))
    assert bands == ({band.name for band in shipped.bands} or {None})


def test_options_that_count_alike_are_alike() -> None:
    """17 primaries of Tokuhashi's table stand for six numbers of points."""
    shipped = instrument("tokuhashi-2005")
    assert len(shipped.items["primary"].options) == 17
    for option, points in shipped.items["primary"].options.items():
        found = answered(shipped, {"primary": option})
        assert (found.low, found.high) == (points, points + 10)


@pytest.mark.parametrize("key", KEYS)
def test_bands_leave_no_gap_and_do_not_overlap(key: str) -> None:
    shipped = instrument(key)
    for total in range(shipped.lowest, shipped.highest + 1) if shipped.bands else ():
        assert sum(band.low <= total <= band.high for band in shipped.bands) == 1
    if key in BANDS:
        assert [(band.low, band.high) for band in shipped.bands] == BANDS[key]


def test_tomita_all_18() -> None:
    """The table of totals, (growth, visceral, bone), worked out by hand."""
    golden = {
        2: [(1, 0, 1)],
        3: [(1, 0, 2), (2, 0, 1)],
        4: [(2, 0, 2), (1, 2, 1)],
        5: [(4, 0, 1), (1, 2, 2), (2, 2, 1)],
        6: [(4, 0, 2), (2, 2, 2), (1, 4, 1)],
        7: [(4, 2, 1), (1, 4, 2), (2, 4, 1)],
        8: [(4, 2, 2), (2, 4, 2)],
        9: [(4, 4, 1)],
        10: [(4, 4, 2)],
    }
    growth, visceral = {1: "slow", 2: "moderate", 4: "rapid"}, {0: "none", 2: "treatable", 4: "untreatable"}
    bone = {1: "isolated", 2: "multiple"}
    assert sum(map(len, golden.values())) == 18
    for total, rows in golden.items():
        for a, b, c in rows:
            found = answered(instrument("tomita-2001"), {"growth": growth[a], "visceral": visceral[b], "bone": bone[c]})
            assert found.low == found.high == total
            assert [(part.low, part.high) for part in found.parts.values()] == [(a, a), (b, b), (c, c)]


def bands_by_hand(shipped: Instrument, answers: dict[str, str]) -> tuple[int, int, set[str]]:
    """Slow and obvious: every completion of the answers, summed one by one."""
    open_ = [[(name, option) for option in item.options] for name, item in shipped.items.items() if name not in answers]
    totals = [plain_sum(shipped, {**answers, **dict(rest)}) for rest in product(*open_)]
    held = {band.name for band in shipped.bands for total in totals if band.low <= total <= band.high}
    return min(totals), max(totals), held


@st.composite
def partly_answered(draw: st.DrawFn) -> tuple[Instrument, dict[str, str]]:
    shipped = instrument(draw(st.sampled_from(KEYS)))
    answers = {}
    for name, item in shipped.items.items():
        option = draw(st.none() | st.sampled_from(sorted(item.options)))
        if option is not None:
            answers[name] = option
    return shipped, answers


@given(partly_answered())
def test_open_answers_give_what_their_completions_give(drawn: tuple[Instrument, dict[str, str]]) -> None:
    shipped, answers = drawn
    found = answered(shipped, answers)
    low, high, bands = bands_by_hand(shipped, answers)
    assert (found.low, found.high, set(found.bands)) == (low, high, bands)
    assert found.band == (next(iter(bands)) if len(bands) == 1 else None)
    assert [missing.item for missing in found.missing] == [name for name in shipped.items if name not in answers]


@given(partly_answered())
def test_an_unknown_answer_never_narrows(drawn: tuple[Instrument, dict[str, str]]) -> None:
    shipped, answers = drawn
    found = answered(shipped, answers)
    for forgotten in answers:
        wider = answered(shipped, {name: option for name, option in answers.items() if name != forgotten})
        assert wider.low <= found.low <= found.high <= wider.high
        assert set(found.bands) <= set(wider.bands)


@given(partly_answered())
def test_what_settles_the_band_settles_it(drawn: tuple[Instrument, dict[str, str]]) -> None:
    """Each answer that is said to settle does, and no other of that item."""
    shipped, answers = drawn
    found = answered(shipped, answers)
    for missing in found.missing:
        for option in shipped.items[missing.item].options:
            then = answered(shipped, {**answers, missing.item: option})
            assert missing.settles.get(option) == (then.band if len(found.bands) > 1 else None)


@given(partly_answered())
def test_every_known_item_and_the_total_are_reasoned(drawn: tuple[Instrument, dict[str, str]]) -> None:
    shipped, answers = drawn
    found = answered(shipped, answers)
    assert len(found.because) == len(answers) + (not shipped.scale)
    assert all(step.source and step.checked for step in found.because)


def test_of_a_mark_the_weakest_is_shown() -> None:
    """Items of the paper itself, bands from a secondary source."""
    found = answered(instrument("tomita-2001"), {"growth": "slow", "visceral": "none", "bone": "isolated"})
    assert {part.checked for part in found.parts.values()} == {"seed"}
    assert found.checked == "secondary"


def test_number_of_combinations_of_the_issue() -> None:
    assert (COMBINATIONS["tomita-2001"], COMBINATIONS["tokuhashi-2005"], COMBINATIONS["sins-2010"]) == (18, 1458, 1296)
    sins = [len(set(item.options.values())) for item in instrument("sins-2010").items.values()]
    assert prod(sins) == 1296
