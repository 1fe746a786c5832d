"""What the case states, alone and beside a mask: case by case."""

from __future__ import annotations

import pytest

from enbloc.case import StatedExtent
from enbloc.tumour import Involvement, Zone, from_statement, measure
from enbloc.tumour.statement import Features, combine, implied
from tumour.toy import Toy

INVOLVED, POSSIBLE, FREE = Involvement.INVOLVED, Involvement.POSSIBLE, Involvement.FREE
ADJACENT, SKIP = "adjacent-vertebra", "skip-lesion"


def ids(found) -> set[str]:
    return {caveat.id for caveat in found.caveats}


def low_value_high(found) -> tuple[int | None, int | None, int | None]:
    return found.tomita_type.low, found.tomita_type.value, found.tomita_type.high


# A statement alone.


def test_everything_stated_gives_one_type():
    stated = StatedExtent(
        levels=["T12"], zones=["body", "pedicle-left", "canal"], adjacent_vertebra=False, skip_lesion=False
    )
    found = from_statement(stated)
    assert found.basis == "stated"
    assert low_value_high(found) == (4, 4, 4)
    assert not found.tomita_type.borderline
    assert (found.index_level, found.levels) == ("T12", ("T12",))
    assert [(row.zone, row.involvement, row.volume_mm3) for row in found.zones] == [
        (Zone.BODY, INVOLVED, None),
        (Zone.PEDICLE_LEFT, INVOLVED, None),
        (Zone.CANAL, INVOLVED, None),
    ]
    assert (found.adjacent_vertebra, found.skip_lesion) == (FREE, FREE)
    assert found.caveats == ()
    assert found.volume_mm3 is None


@pytest.mark.parametrize(
    ("facts", "expected", "caveats"),
    [
        # zones known, nothing said about the rest of the column: up to 7
        ({"zones": ["body"]}, (1, 1, 7), {"skip-not-excluded", "adjacent-not-stated"}),
        ({"zones": ["body"], "skip_lesion": False}, (1, 1, 6), {"adjacent-not-stated"}),
        ({"zones": ["body"], "adjacent_vertebra": False}, (1, 1, 7), {"skip-not-excluded"}),
        ({"zones": ["body"], "skip_lesion": True}, (7, 7, 7), set()),
        ({"zones": ["body"], "adjacent_vertebra": True}, (6, 6, 7), {"skip-not-excluded"}),
        ({"zones": ["body"], "adjacent_vertebra": True, "skip_lesion": False}, (6, 6, 6), set()),
        # levels speak for themselves
        ({"levels": ["T12", "T11"], "zones": ["body"], "skip_lesion": False}, (6, 6, 6), set()),
        ({"levels": ["T12", "L2"], "zones": ["body"]}, (7, 7, 7), set()),
        ({"levels": ["T12", "L1", "L3"], "zones": ["body"]}, (7, 7, 7), set()),
        # facts beyond the vertebra decide without zones
        ({"skip_lesion": True}, (7, 7, 7), set()),
        ({"adjacent_vertebra": True, "skip_lesion": False}, (6, 6, 6), set()),
        # a type alone
        ({"tomita_type": 3}, (3, 3, 3), {"skip-not-excluded", "adjacent-not-stated"}),
        ({"tomita_type": 7}, (7, 7, 7), set()),
        # not classifiable
        (
            {"zones": ["canal"], "adjacent_vertebra": False, "skip_lesion": False},
            (None, None, None),
            set(),
        ),
        ({"zones": [], "adjacent_vertebra": False, "skip_lesion": False}, (None, None, None), set()),
        ({"levels": ["T12"]}, (None, None, None), {"skip-not-excluded", "adjacent-not-stated"}),
    ],
    ids=lambda value: str(sorted(value)) if isinstance(value, set) else str(value),
)
def test_what_was_not_stated_stays_open(facts, expected, caveats):
    found = from_statement(StatedExtent(**facts))
    assert low_value_high(found) == expected
    assert caveats <= ids(found)
    assert {"skip-not-excluded", "adjacent-not-stated"} & ids(found) == caveats
    assert all(step.source for step in found.tomita_type.because)


def test_levels_alone_are_open_and_not_a_type():
    found = from_statement(StatedExtent(levels=["L1", "T12"][:1]))
    assert found.tomita_type.borderline
    assert found.tomita_type.because[0].gives == "no type: zones unknown"


def test_levels_are_put_in_order():
    found = from_statement(StatedExtent(levels=["L1", "T12"], zones=["body"]))
    assert found.levels == ("T12", "L1")


@pytest.mark.parametrize(
    ("facts", "adjacent", "skip"),
    [
        ({}, None, None),
        ({"levels": ["T12"]}, None, None),
        ({"levels": ["T12", "L1"]}, True, None),
        ({"levels": ["T10", "T12"]}, None, True),
        ({"levels": ["T9", "T10", "T12"]}, True, True),
        ({"levels": ["L5", "sacrum"]}, True, None),
        ({"levels": ["T12", "L1"], "adjacent_vertebra": False}, False, None),  # said in so many words
        ({"levels": ["T10", "T12"], "skip_lesion": False}, None, False),
    ],
    ids=str,
)
def test_what_levels_imply(facts, adjacent, skip):
    assert implied(StatedExtent(**facts)) == (adjacent, skip)


# A statement beside a mask. Measured: body certain, canal possible.

MEASURED = Features(frozenset({"body"}), frozenset({"canal"}), frozenset({"body"}))


def test_nothing_stated_changes_nothing():
    assert combine(MEASURED, StatedExtent()) == (MEASURED, ())


def test_a_statement_settles_what_the_mask_leaves_open():
    features, told = combine(MEASURED, StatedExtent(zones=["body", "canal"]))
    assert features == Features(frozenset({"body", "canal"}), frozenset(), frozenset({"body", "canal"}))
    assert told == ()
    features, told = combine(MEASURED, StatedExtent(zones=["body"]))
    assert features == Features(frozenset({"body"}), frozenset(), frozenset({"body"}))
    assert told == ()


def test_stated_as_involved_where_the_mask_shows_none():
    """The statement decides; the mask's reading stays allowed."""
    features, told = combine(MEASURED, StatedExtent(zones=["body", "pedicle-right"]))
    assert features.best == {"body", "pedicle"}
    assert "pedicle" in features.possible - features.certain
    assert [text.split()[0] for text in told] == ["pedicle"]


def test_stated_as_free_where_the_mask_shows_tumour():
    features, told = combine(MEASURED, StatedExtent(zones=["canal"]))
    assert features.best == {"canal"}
    assert "body" in features.possible
    assert "canal" in features.certain
    assert [text.split()[0] for text in told] == ["body"]


@pytest.mark.parametrize(("fact", "name"), [("adjacent_vertebra", ADJACENT), ("skip_lesion", SKIP)])
def test_facts_beyond_the_vertebra(fact, name):
    features, told = combine(MEASURED, StatedExtent(**{fact: True}))
    assert name in features.best
    assert name in features.possible
    assert len(told) == 1
    features, told = combine(MEASURED, StatedExtent(**{fact: False}))
    assert name not in features.certain | features.possible | features.best
    assert told == ()
    held = Features(frozenset({"body", name}), frozenset(), frozenset({"body", name}))
    features, told = combine(held, StatedExtent(**{fact: False}))
    assert name not in features.best
    assert name in features.possible
    assert len(told) == 1


def test_one_of_two_pedicles_speaks_for_both():
    """The table knows one zone `pedicle`."""
    held = Features(frozenset({"body", "pedicle"}), frozenset(), frozenset({"body", "pedicle"}))
    assert combine(held, StatedExtent(zones=["body", "pedicle-left"])) == (held, ())


# From mask and statement to the whole extent. The toy's tumour lies in the body of T12 alone: type 1.


def body_tumour() -> Toy:
    return Toy().paint("T12", (26, 34), (36, 44))


def test_a_statement_that_agrees_leaves_no_trace():
    stated = StatedExtent(levels=["T12"], zones=["body"], adjacent_vertebra=False, skip_lesion=False)
    found = measure(body_tumour().spine(), stated)
    assert found.basis == "mask-and-stated"
    assert low_value_high(found) == (1, 1, 1)
    assert not ids(found) & {"extent-disagrees", "stated-levels-disagree", "stated-type-disagrees"}


@pytest.mark.parametrize(
    ("facts", "expected", "caveat"),
    [
        ({"zones": ["body", "canal"]}, (1, 4, 4), "extent-disagrees"),
        ({"zones": ["body", "paravertebral"]}, (1, 5, 5), "extent-disagrees"),
        ({"adjacent_vertebra": True}, (1, 6, 6), "extent-disagrees"),
        ({"skip_lesion": True}, (1, 7, 7), "extent-disagrees"),
        ({"levels": ["L1"]}, (1, 1, 1), "stated-levels-disagree"),
        ({"tomita_type": 1}, (1, 1, 1), None),
        ({"tomita_type": 4}, (1, 4, 4), "stated-type-disagrees"),
    ],
    ids=str,
)
def test_a_statement_that_disagrees_decides_and_is_told(facts, expected, caveat):
    found = measure(body_tumour().spine(), StatedExtent(**facts))
    assert low_value_high(found) == expected
    told = ids(found) & {"extent-disagrees", "stated-levels-disagree", "stated-type-disagrees"}
    assert told == ({caveat} if caveat else set())
    if caveat and expected[1] != 1:
        assert found.tomita_type.borderline


def test_a_lower_stated_type_widens_the_range_downwards():
    toy = Toy().paint("T12", (27, 33), (22, 40))  # body and canal: 4
    found = measure(toy.spine(), StatedExtent(tomita_type=2))
    assert low_value_high(found) == (2, 2, 4)
    assert [step.gives for step in found.tomita_type.because][:2] == ["type 2", "type 4"]


def test_facts_that_say_nothing_about_place_leave_the_basis():
    found = measure(body_tumour().spine(), StatedExtent(encapsulated=True))
    assert found.basis == "mask"
