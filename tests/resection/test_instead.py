"""Ways out of alternatives: which are sought, with which cuts, and what is said; the searches stand in."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.levels import Level
from enbloc.resection.instead import NOT_FEASIBLE, cuts_with, other_leaves, with_ways_out
from enbloc.resection.nouns import Alternative, Gate
from enbloc.resection.removal_nouns import Root, Way, WayInstead
from resection.hand_made import alternatives, around, cuts
from resection.hand_made_removal import a_removal, goes

STUCK, LEAVES = a_removal(None), a_removal(Way.TURNED_LEFT)
LEFT, RIGHT, CRANIAL, _ = cuts()


def other(*made, feasible=True, name="T12-one-side") -> Alternative:
    return replace(alternatives()[0], name=name, says=f"{name} in words", cuts=made, feasible=feasible)


def one_side() -> Alternative:
    """Both ring cuts anew; the left one enters 58 mm² of tumour, 2 mm deep."""
    left = replace(LEFT, margin_mm=around(-2.0), tumour_mm2=58.0)
    return other(left, replace(RIGHT, margin_mm=around(6.0)))


class Search:
    """Stands in for the search; `asked`: the cuts that it was given."""

    def __init__(self, gives=LEAVES) -> None:
        self.gives, self.asked = gives, []

    def __call__(self, made):
        self.asked.append(made)
        return self.gives


@pytest.mark.parametrize("removal", [LEAVES, Skipped("nobody asked")])
def test_what_has_its_ways_itself_or_was_not_sought_is_no_plan_without_a_way(removal):
    others = with_ways_out((one_side(), other(LEFT)), cuts(), Search())
    assert all(each.removal.found for each in others)
    assert not list(other_leaves(others, cuts(), removal))


def test_every_alternative_that_parts_what_it_should_is_searched():
    search = Search()
    others = (other(LEFT), other(CRANIAL), other(LEFT, RIGHT, feasible=False), one_side())
    found = [each.removal for each in with_ways_out(others, cuts(), search)]
    assert [isinstance(each, WayInstead) for each in found] == [True, True, False, True]
    assert found[2] == Skipped(NOT_FEASIBLE)
    assert len(search.asked) == 3


def test_a_pair_is_searched_with_the_cuts_above_and_below_it_and_half_a_vertebra_with_one_ring_cut():
    """By hand: two ring cuts replace two; a lamina's cut and a split replace both as well; a single one replaces its
    namesake; other levels stay.
    """
    far = replace(LEFT, name="L1-left", level=Level.L1)
    there = (*cuts(), far)
    pair = cuts_with(one_side(), there)
    assert {cut.name for cut in pair} == {"T12-left", "T12-right", "T12-cranial", "T12-caudal", "L1-left"}
    assert [cut.tumour_mm2 for cut in pair if cut.gate is Gate.LEFT] == [58.0, 0.0]
    split = replace(LEFT, name="T12-split", gate=Gate.SPLIT)
    half = cuts_with(other(RIGHT, split), there)
    assert {cut.name for cut in half} == {"T12-right", "T12-split", "T12-cranial", "T12-caudal", "L1-left"}
    assert sorted(cut.order for cut in half) == [1, 2, 3, 4, 5]
    nearer = replace(LEFT, margin_mm=around(1.0))
    single = cuts_with(other(nearer), there)
    assert {cut.name for cut in single} == {cut.name for cut in there}
    assert [cut.margin_mm.value for cut in single if cut.name == "T12-left"] == [1.0]


def test_what_was_found_is_told_in_short():
    """Room: 0.5 mm for the arch and 0.4 for the block, from hand_made_removal.py; a way not chosen has 0.1."""
    arch, block = LEAVES.pieces
    narrow = tuple(replace(one, found=True, least_mm=one.least_mm or 0.1) for one in block.tried)
    gives = replace(LEAVES, pieces=(arch, replace(block, tried=narrow)))
    (found,) = with_ways_out((one_side(),), cuts(), Search(gives))
    way = found.removal
    assert way.ways == (goes(arch, 0.5), goes(block, 0.4))
    assert (way.least_mm, way.corridor_mm, way.roots_that_must_go) == (0.4, 31.4, (Root(Level.T12, "left"),))
    assert way.says == (
        "every piece gets out (posterior-arch dorsally, anterior-block turned-left); "
        "least room 0.4 mm beyond what gives way; divides T12-left-root"
    )
    assert replace(found, removal=None) == one_side()


def test_only_what_the_plan_does_not_say_already_is_remarked_upon():
    new = Caveat("kept-root-in-the-way", "no way was found that spares T12-left-root")
    gives = replace(LEAVES, caveats=(*STUCK.caveats, new))
    (found,) = with_ways_out((one_side(),), cuts(), Search(gives), STUCK.caveats)
    assert found.removal.caveats == (new,)


def test_a_plan_without_a_way_says_that_an_alternative_has_one_and_at_what_price():
    """Least margin by hand: -2.0 mm of the left cut, against the least of the cuts chosen."""
    least = min(cut.margin_mm.value for cut in cuts())
    others = tuple(with_ways_out((one_side(), other(CRANIAL)), cuts(), Search()))
    (said,) = other_leaves(others, cuts(), STUCK)
    assert said.id == "way-out-by-alternative"
    assert "no way out of anterior-block was found in the searched motions" in said.text
    assert f"T12-one-side in words (least margin -2.0 mm instead of {least:.1f} mm, 58 mm² in tumour" in said.text
    assert "anterior-block turned-left" in said.text
    assert "surgeon to decide" in said.text
    assert "impossible" not in said.text


def test_of_several_the_one_that_cuts_least_tumour_is_said_first():
    clear = other(LEFT, RIGHT, name="T12-hemivertebrectomy")
    (said,) = other_leaves(tuple(with_ways_out((one_side(), clear), cuts(), Search())), cuts(), STUCK)
    assert said.text.index(clear.says) < said.text.index("; or ") < said.text.index(one_side().says)


def test_where_no_alternative_has_a_way_either_each_says_so_and_the_plan_says_nothing():
    (found,) = with_ways_out((one_side(),), cuts(), Search(STUCK))
    assert not found.removal.found
    assert found.removal.says.startswith("no way out of anterior-block: none found in the searched motions")
    assert found.removal.ways[1] == goes(STUCK.pieces[1], None)
    assert not list(other_leaves((found,), cuts(), STUCK))


def test_an_alternative_that_parts_nothing_keeps_the_reason():
    gives = Skipped("the cuts part no piece")
    (found,) = with_ways_out((one_side(),), cuts(), Search(gives))
    assert found.removal == gives
    assert not list(other_leaves((found,), cuts(), STUCK))
