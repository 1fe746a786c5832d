"""The decision table for Tomita types against a reading of the dossier by hand, over all 128 inputs."""

from __future__ import annotations

from itertools import product

import pytest

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge import TypeRule, tomita_rules, tomita_types, tomita_zones

ZONES = ("body", "pedicle", "arch", "canal", "paravertebral")


def first_that_fits(zones: frozenset[str], adjacent: bool, skip: bool) -> TypeRule:
    """Reads the rows as their docstring says."""
    for rule in tomita_rules():
        if not zones.issuperset(rule.needs_all) or zones.intersection(rule.needs_none):
            continue
        if rule.needs_any and not zones.intersection(rule.needs_any):
            continue
        if rule.adjacent in (None, adjacent) and rule.skip in (None, skip):
            return rule
    raise AssertionError("no row fits")


def by_hand(zones: frozenset[str], adjacent: bool, skip: bool) -> int | str:
    """Section 1.4 of the dossier as plain sentences: the highest type wins; soft tissue alone has none."""
    bone = zones & {"body", "pedicle", "arch"}
    if skip:
        return 7
    if adjacent:
        return 6
    if not bone:
        return "unclassifiable" if zones else "no-lesion"
    if "paravertebral" in zones:
        return 5
    if "canal" in zones:
        return 4
    return {1: 1, 2: 3 if bone == {"body", "arch"} else 2, 3: 3}[len(bone)]


EVERY_INPUT = [
    (frozenset(zone for zone, there in zip(ZONES, present, strict=True) if there), adjacent, skip)
    for *present, adjacent, skip in product((False, True), repeat=7)
]


def test_there_are_128_inputs() -> None:
    assert len(set(EVERY_INPUT)) == 128


@pytest.mark.parametrize(("zones", "adjacent", "skip"), EVERY_INPUT)
def test_every_input(zones: frozenset[str], adjacent: bool, skip: bool) -> None:
    rule = first_that_fits(zones, adjacent, skip)
    assert (rule.type or rule.outcome) == by_hand(zones, adjacent, skip)
    only_body_and_arch = not (adjacent or skip) and zones == {"body", "arch"}
    assert rule.ambiguous == only_body_and_arch


def test_every_row_is_needed() -> None:
    assert {first_that_fits(*given).id for given in EVERY_INPUT} == {rule.id for rule in tomita_rules()}
    assert {rule.id for rule in tomita_rules()} == {f"C{i}" for i in range(1, 11)}


def test_what_the_paper_says_is_marked_seed_and_what_we_decided_is_not() -> None:
    checked = {rule.id: (rule.source, rule.checked) for rule in tomita_rules()}
    for row in ("C1", "C2", "C4", "C5"):
        assert checked[row] == ("tomita2006", "seed")
    for row in ("C3", "C9", "C10"):
        assert checked[row] == ("enbloc-decision", "unverified")


def test_meanings_are_complete() -> None:
    assert [meaning.type for meaning in tomita_types()] == [1, 2, 3, 4, 5, 6, 7]
    assert tuple(meaning.zone for meaning in tomita_zones()) == ZONES
    inside = {meaning.type for meaning in tomita_types() if meaning.compartment == "intracompartmental"}
    assert inside == {1, 2, 3}


@pytest.mark.parametrize(
    "row",
    [
        {"type": 4, "outcome": "no-lesion"},
        {},
        {"type": 8},
        {"outcome": "perhaps"},
        {"type": 1, "needs_all": ("corpus",)},
    ],
)
def test_a_row_that_says_nothing_or_nonsense_is_refused(row: dict[str, object]) -> None:
    with pytest.raises(KnowledgeError):
        TypeRule(id="X", says="", source="tomita2006", checked="seed", **row)  # type: ignore[arg-type]
