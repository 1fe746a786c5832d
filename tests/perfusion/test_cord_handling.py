"""Roots by level and by number, distraction, what is always said, what is not known."""

from __future__ import annotations

import pytest

from enbloc.core.errors import InputError
from enbloc.core.levels import Level
from enbloc.knowledge import bibliography, decision_tables
from enbloc.knowledge.cord_handling_tables import WEIGHTS, handling_rows, root_rows
from enbloc.perfusion.cord_handling import cord_handling, longest_run

LEFT = [f"T{i}-left" for i in range(4, 13)]


def found(*roots: str, **known: object) -> dict[str, str]:
    """Weights by id."""
    return {one.id: one.weight for one in cord_handling(roots, **known).findings}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("root", "row", "weight"),
    [
        ("C8-left", "hand-roots", "stop"),
        ("T1-right", "hand-roots", "stop"),
        ("T2-left", "thoracic-roots", "note"),
        ("T12-left", "thoracic-roots", "note"),
        ("L1-left", "upper-lumbar-roots", "caution"),
        ("L2-right", "upper-lumbar-roots", "caution"),
        ("L3-left", "lower-lumbar-roots", "stop"),
        ("L5-left", "lower-lumbar-roots", "stop"),
    ],
)
def test_a_root_by_its_level(root: str, row: str, weight: str) -> None:
    assert found(root)[row] == weight


@pytest.mark.parametrize(
    ("n", "row"), [(1, "sets-few"), (4, "sets-few"), (5, "sets-five"), (6, "sets-more"), (9, "sets-more")]
)
def test_sets_of_roots_by_number(n: int, row: str) -> None:
    """Dogs: 1 to 4 sets, 5 sets; more was not cut."""
    assert [name for name in found(*LEFT[:n]) if name.startswith("sets")] == [row]


def test_both_sides_of_a_level_are_one_set() -> None:
    assert longest_run({"T4", "T5"}) == 2
    assert "sets-few" in found("T4-left", "T4-right", "T5-left", "T5-right", "T6-left")


def test_a_gap_breaks_the_run() -> None:
    assert longest_run({"T4", "T5", "T7", "T8", "T9"}) == 3
    assert longest_run({"C8", "T1", "T2"}) == 3
    assert longest_run({"T12", "L1"}) == 2
    assert longest_run(set()) == 0


def test_no_root_cut_says_nothing_of_roots() -> None:
    assert set(found(lengthened_mm=0.0)) == {"cord-is-not-moved", "roots-are-not-pulled"}


def test_mirroring_changes_no_weight() -> None:
    roots = ["T10-left", "T11-left", "L2-right"]
    swapped = [name.replace("left", "x").replace("right", "left").replace("x", "right") for name in roots]
    assert found(*roots) == found(*swapped)


def test_distraction_and_shortening() -> None:
    assert found(lengthened_mm=2.0)["distraction"] == "stop"
    assert "distraction" not in found(lengthened_mm=0.0)
    assert "distraction" not in found(lengthened_mm=-6.0)
    assert found(decompressed_around=True)["decompressed-around"] == "note"


def test_distraction_is_warned_of_where_nobody_says_a_length() -> None:
    assert found()["column-is-not-lengthened"] == "caution"
    assert "column-is-not-lengthened" not in found(lengthened_mm=2.0)
    assert "column-is-not-lengthened" not in found(lengthened_mm=-6.0)


def test_gravest_first() -> None:
    order = [WEIGHTS.index(one.weight) for one in cord_handling(["T5-left", "L4-left", "L1-left"]).findings]
    assert order == sorted(order)


def test_unknown_is_said_and_gives_no_finding() -> None:
    handled = cord_handling(None)
    assert len(handled.missing) == 3
    always = {"cord-is-not-moved", "roots-are-not-pulled"}
    assert {one.id for one in handled.findings} == always | {"column-is-not-lengthened"}
    assert cord_handling([], decompressed_around=False, lengthened_mm=0.0).missing == ()


@pytest.mark.parametrize(
    "roots", [["T5"], ["T14-left"], ["C7-left"], ["S1-left"], ["T5-middle"], ["T5-left", "T5-left"]]
)
def test_roots_that_do_not_exist(roots: list[str]) -> None:
    with pytest.raises(InputError, match="cut_roots: "):
        cord_handling(roots)


def test_a_length_that_is_no_number() -> None:
    with pytest.raises(InputError, match="lengthened_mm: "):
        cord_handling([], lengthened_mm=float("nan"))


def test_levels_agree_with_the_checklist_and_sentences_with_the_protocol() -> None:
    items = {item.id: item for item in decision_tables()["level_checklist"].items}
    for row in root_rows():
        own = {root for root in row.roots if root != "C8"}
        assert own == {str(Level(level)) for level in items[row.fact].when["level"]}
        assert (row.source, row.checked) == (items[row.fact].source, items[row.fact].checked)
    steps = {item.id for item in decision_tables()["protocol"].items}
    assert {row.protocol for row in handling_rows().values()} - {None} <= steps


def test_every_finding_has_a_source() -> None:
    for one in cord_handling(LEFT, decompressed_around=True, lengthened_mm=1.0).findings:
        assert all(step.source in bibliography() and step.checked for step in one.because)
