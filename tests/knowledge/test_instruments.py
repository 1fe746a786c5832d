"""An instrument's table that does not hold together is refused, and the known wrong copies are not what is shipped."""

from __future__ import annotations

import pytest

from enbloc.core.errors import InputError, KnowledgeError
from enbloc.knowledge import instrument, instrument_keys, left_out
from enbloc.knowledge.instrument_tables import instrument_of
from enbloc.knowledge.instruments import Test as Limits
from enbloc.knowledge.loader import bibliography, parse_table

MARK = 'source = "tomita2006"\nchecked = "seed"\n'
HEAD = f'[instrument]\nid = "a"\ntitle = "A"\nrange = [0, 3]\nhigher_is = "worse"\n{MARK}'
ITEM = f'[[item]]\nid = "one"\nask = "One?"\noptions = {{ yes = 3, no = 0 }}\n{MARK}'
BANDS = f'[[band]]\nupto = 1\nname = "low"\n{MARK}[[band]]\nupto = 3\nname = "high"\n{MARK}'
FILL = f'[[fill]]\nitem = "one"\nwhen = {{}}\ngives = ["yes"]\nsays = "always"\n{MARK}'


def read(text: str) -> object:
    return instrument_of(parse_table(text, "scores/a.toml", bibliography()), "scores/a.toml")


def test_the_good_table_is_good() -> None:
    read(HEAD + ITEM + BANDS + FILL)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD.replace('"a"', '"b"') + ITEM, "must be named after it"),
        (HEAD.replace("[0, 3]", "[0, 4]") + ITEM, "the items reach 0 to 3, not (0, 4)"),
        (HEAD.replace('"worse"', '"more"') + ITEM, "'more' is none of worse, better"),
        (HEAD + "colour = 3\n" + ITEM, "unknown key 'colour'"),
        (HEAD + ITEM + BANDS.replace("upto = 3", "upto = 2"), "the last ends at 2, not at 3"),
        (HEAD + ITEM + BANDS.replace("upto = 3", "upto = 1"), "ends at 1, before it begins at 2"),
        (HEAD + ITEM + BANDS.replace("upto = 1", "upto = -1"), "ends at -1, before it begins at 0"),
        (HEAD + ITEM + FILL.replace('"yes"', '"yess"'), "'yess' is not an option (did you mean 'yes'?)"),
        (HEAD + ITEM + FILL.replace('"one"', '"onee"'), "there is no such item"),
        (HEAD + ITEM + '[stated.two]\nfield = "status.kps"\n', "there is no such item"),
        (HEAD + ITEM.replace("ask", "asks"), "unknown key 'asks'"),
        (HEAD + ITEM + BANDS.replace('name = "low"\nsource = "tomita2006"\n', 'name = "low"\n'), "has no source"),
    ],
)
def test_a_table_that_does_not_hold_together(text: str, words: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        read(text)
    assert words in str(caught.value)
    assert str(caught.value).startswith("scores/a.toml: ")


def test_limits_are_taken_as_they_are_written() -> None:
    """`from` and `upto` include their number, `above` and `below` do not; true is no number."""
    assert [n for n in (1, 2, 3, 4) if Limits(low=2, high=3).holds(n)] == [2, 3]
    assert [n for n in (1, 2, 3, 4) if Limits(above=2, below=4).holds(n)] == [3]
    assert not Limits(low=0).holds(True)
    assert not Limits(values=(1,)).holds(True)
    assert not Limits(low=0).holds("3")


@pytest.mark.parametrize(
    ("key", "item", "right", "wrong"),
    [
        ("tomita-2001", "growth", {1, 2, 4}, "a review table of 2018 prints 3 for rapid growth"),
        ("sins-2010", "pain", {0, 1, 3}, "a notes page prints 3, 2, 1"),
        ("tokuhashi-2005", "vertebral", {0, 1, 2}, "two tables print 3 or more, 1 to 2, 0"),
    ],
)
def test_wrong_copies_are_not_followed_and_are_named(key: str, item: str, right: set[int], wrong: str) -> None:
    assert set(instrument(key).items[item].options.values()) == right, wrong
    assert instrument(key).conflicts


def test_vertebral_item_asks_for_one_two_three() -> None:
    reads = instrument("tokuhashi-2005").stated["vertebral"]
    assert [reads.options((count,)) for count in (0, 1, 2, 3, 9)] == [
        (),
        ("one",),
        ("two",),
        ("three-or-more",),
        ("three-or-more",),
    ]


def test_lowest_band_of_sins_begins_at_0() -> None:
    assert (instrument("sins-2010").bands[0].low, instrument("sins-2010").bands[0].high) == (0, 6)


def test_direction_of_every_instrument() -> None:
    """The cheat-sheet of directions, by hand."""
    better = {"tokuhashi-2005", "bauer-modified", "bauer-1995", "van-der-linden-2005", "nesms", "kps", "frankel", "ais"}
    assert {key for key in instrument_keys() if instrument(key).higher_is == "better"} == better


def test_left_out_ones_are_named_with_reason_and_not_shipped() -> None:
    assert {"rades-2008", "sorg"} <= {row.id for row in left_out()}
    assert not {row.id for row in left_out()} & set(instrument_keys())
    with pytest.raises(InputError, match="not shipped: its coefficients are not public"):
        instrument("sorg")


def test_recalled_numbers_are_marked() -> None:
    """Instruments whose points were only recalled say so, on their head or on every item."""
    assert instrument("osri").checked == "unverified"
    assert instrument("tomita-later").checked == "unverified"
    assert {item.checked for item in instrument("nesms").items.values()} == {"unverified"}
    assert {item.checked for item in instrument("tomita-2001").items.values()} == {"seed"}
