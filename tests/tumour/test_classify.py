"""The decision table of the surgical classification: all 128 inputs against a table written out by hand.

Rows as the clinical rules (section 1.4, C1 to C10) give them, one line per set of zones: b body, p pedicle, a arch,
c canal, v paravertebral tissue. The outcome in words stands where no type follows.
"""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.tumour import Reading, classify, fitting_rule
from properties.classify_twin import FEATURES, all_sets, answers

LETTER = {"b": "body", "p": "pedicle", "a": "arch", "c": "canal", "v": "paravertebral"}
ALONE: dict[str, int | str] = {  # one vertebra, no other lesion
    "": "no-lesion",
    "b": 1,
    "p": 1,
    "a": 1,
    "bp": 2,
    "pa": 2,
    "ba": 3,  # the pedicle must be looked at again
    "bpa": 3,
    "c": "unclassifiable",
    "v": "unclassifiable",
    "cv": "unclassifiable",
    "bc": 4,
    "pc": 4,
    "ac": 4,
    "bpc": 4,
    "pac": 4,
    "bac": 4,
    "bpac": 4,
    "bv": 5,
    "pv": 5,
    "av": 5,
    "bpv": 5,
    "pav": 5,
    "bav": 5,
    "bpav": 5,
    "bcv": 5,
    "pcv": 5,
    "acv": 5,
    "bpcv": 5,
    "pacv": 5,
    "bacv": 5,
    "bpacv": 5,
}


def zones(letters: str) -> frozenset[str]:
    return frozenset(LETTER[letter] for letter in letters)


BY_HAND = {
    (zones(letters), adjacent, skip): 7 if skip else 6 if adjacent else outcome
    for (letters, outcome), adjacent, skip in product(ALONE.items(), (False, True), (False, True))
}


def in_words(value: object) -> str:
    """The same name in every process: the text of a set is not."""
    return "+".join(sorted(value)) or "none" if isinstance(value, frozenset) else str(value)


def type_by_hand(features: frozenset[str]) -> int | None:
    outcome = BY_HAND[features & set(LETTER.values()), "adjacent-vertebra" in features, "skip-lesion" in features]
    return outcome if isinstance(outcome, int) else None


def test_the_hand_written_table_is_whole():
    assert len(BY_HAND) == 32 * 2 * 2


@pytest.mark.parametrize(("zones", "adjacent", "skip"), BY_HAND, ids=in_words)
def test_every_input(zones, adjacent, skip):
    rule = fitting_rule(Reading(zones, adjacent, skip))
    expected = BY_HAND[zones, adjacent, skip]
    assert (rule.type if rule.type is not None else rule.outcome) == expected


def test_only_body_and_arch_without_pedicle_asks_for_a_second_look():
    for zones_, adjacent, skip in BY_HAND:
        ambiguous = zones_ == zones("ba") and not adjacent and not skip
        assert fitting_rule(Reading(zones_, adjacent, skip)).ambiguous == ambiguous


def test_more_tumour_never_lowers_the_type():
    """No type counts as 0: bone added to an epidural lesion makes it classifiable."""
    for features in all_sets(FEATURES):
        for more in FEATURES:
            before = fitting_rule(Reading.of(features)).type or 0
            assert before <= (fitting_rule(Reading.of(features | {more})).type or 0), (features, more)


@pytest.mark.parametrize("features", all_sets(FEATURES), ids=lambda f: "+".join(sorted(f)) or "none")
def test_a_certain_extent_has_one_type_with_its_reason(features):
    found = classify(features, (), features)
    assert found.value == found.low == found.high == type_by_hand(features)
    assert not found.borderline
    assert len(found.because) == 1
    assert found.because[0].source
    assert set(found.because[0].facts) == (set(features) or {"no zone holds tumour"})


@given(
    certain=st.frozensets(st.sampled_from(FEATURES)),
    possible=st.frozensets(st.sampled_from(FEATURES)),
    data=st.data(),
)
def test_range_equals_brute_force(certain, possible, data):
    """The best reading is any that the measurement allows; a lesion lies somewhere, so it is not the empty one."""
    extra = data.draw(st.frozensets(st.sampled_from(sorted(possible)))) if possible else frozenset()
    best = certain | extra or possible
    found = classify(certain, possible, best)
    every = answers(certain, possible, type_by_hand)
    types = [number for number in every if number is not None]
    assert found.value == type_by_hand(best)
    assert (found.low, found.high) == ((min(types), max(types)) if types else (None, None))
    assert found.borderline == (len(set(every)) > 1)
    if found.value is not None:
        assert found.low <= found.value <= found.high


def test_reasons_name_the_rules_at_both_ends_of_an_open_range():
    """Body certain, canal and pedicle possible: 1 at least, 4 at most, and the best reading is 2."""
    found = classify({"body"}, {"pedicle", "canal"}, {"body", "pedicle"})
    assert (found.low, found.value, found.high) == (1, 2, 4)
    assert found.borderline
    assert [step.gives for step in found.because] == ["type 2", "type 1", "type 4"]


def test_a_lesion_lies_somewhere():
    """Nothing certain, one zone possible: the reading without any tumour is not allowed, so the answer is not open."""
    found = classify((), {"body"}, {"body"})
    assert (found.low, found.value, found.high, found.borderline) == (1, 1, 1, False)


def test_open_between_a_type_and_none():
    """Tumour beside the bone that may touch it: type 5 or none. The range holds types; the flag says the rest."""
    found = classify({"paravertebral"}, {"body"}, {"paravertebral"})
    assert found.value is None
    assert (found.low, found.high) == (5, 5)
    assert found.borderline
    assert found.because[0].gives == "no type: unclassifiable"
