"""A surgeon's own cuts: from words to planes, and beside the cuts found."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.levels import Level
from enbloc.planning import Settings, Written, own_cuts, resection_document
from enbloc.planning.own_cuts import compare, place_of, planes
from enbloc.resection.nouns import Gate, OpenSide
from resection.hand_made import a_resection, around, with_ring_margin
from scene.hand_made import a_drawing, a_plan

ONE, TWO = (Level.T12,), (Level.T11, Level.T12)


@pytest.fixture
def spine():
    """T12 with its body about the origin and its canal about (0, -26, 0), axes those of the patient."""
    return a_drawing("left", 1.0, 0.0, True)[0].spine


def only(written: Written, spine, levels=ONE):
    ((name, plane),) = planes([written], levels, spine).items()
    return name, plane


def test_a_point_and_a_normal_of_any_length(spine) -> None:
    name, plane = only(Written("left", point_mm=(1.0, 2.0, 3.0), normal=(0.0, 3.0, 4.0)), spine)
    assert name == "T12-left"
    assert plane.point_mm.tolist() == [1.0, 2.0, 3.0]
    np.testing.assert_allclose(plane.normal, [0.0, 0.6, 0.8], atol=1e-12)


@pytest.mark.parametrize(
    ("angles", "normal"),
    [
        ((0.0, 0.0), (1.0, 0.0, 0.0)),
        ((90.0, 0.0), (0.0, 1.0, 0.0)),
        ((90.0, 30.0), (0.0, 0.8660254, 0.5)),
        ((180.0, 0.0), (-1.0, 0.0, 0.0)),
    ],
)
def test_ring_angles_turn_from_right_to_front_and_up(angles, normal, spine) -> None:
    """Offsets count from the middle of the canal along the normal."""
    _, plane = only(Written("right", angles_deg=angles, offset_mm=5.0), spine)
    np.testing.assert_allclose(plane.normal, normal, atol=1e-7)
    np.testing.assert_allclose(plane.point_mm, np.array([0.0, -26.0, 0.0]) + 5.0 * np.array(normal), atol=1e-6)


def test_column_angles_tilt_to_the_right_and_to_the_front(spine) -> None:
    """45 degrees to the right: the normal halves right and up. Offsets count from the centre of the body."""
    _, plane = only(Written("cranial", angles_deg=(45.0, 0.0), offset_mm=10.0), spine)
    np.testing.assert_allclose(plane.normal, np.array([1.0, 0.0, 1.0]) / np.sqrt(2.0), atol=1e-9)
    np.testing.assert_allclose(plane.point_mm, 10.0 * plane.normal, atol=1e-9)
    _, plane = only(Written("caudal", angles_deg=(0.0, 0.0), offset_mm=-16.0), spine)
    np.testing.assert_allclose(plane.point_mm, [0.0, 0.0, -16.0], atol=1e-9)


def test_angles_are_the_levels_own() -> None:
    """The patient turned by 30 degrees about its x axis: the front of the level turns with it."""
    spine = a_drawing("left", 1.0, 30.0, True)[0].spine
    _, plane = only(Written("left", angles_deg=(90.0, 0.0)), spine)
    np.testing.assert_allclose(plane.normal, [0.0, np.cos(np.pi / 6), np.sin(np.pi / 6)], atol=1e-9)


def test_names_of_cuts() -> None:
    assert place_of("left", ONE) == (Level.T12, Gate.LEFT)
    assert place_of("T11-left", TWO) == (Level.T11, Gate.LEFT)
    assert place_of("cranial", TWO) == (Level.T11, Gate.CRANIAL)
    assert place_of("caudal", TWO) == (Level.T12, Gate.CAUDAL)


@pytest.mark.parametrize(
    ("name", "levels", "words"),
    [
        ("left", TWO, "name the level: T11-left or T12-left"),
        ("T11-left", ONE, "did you mean 'T12-left'?"),
        ("T12-cranial", TWO, "is no cut of this resection"),
        ("elft", ONE, "did you mean 'left'?"),
        ("zzz", ONE, "known here: T12-left"),
        ("split", ONE, "is no cut of this resection"),
    ],
)
def test_names_that_are_no_cut(name: str, levels: tuple[Level, ...], words: str) -> None:
    with pytest.raises(InputError, match=f"^cut {name}: .*{words}" if "?" not in words else "did you mean"):
        place_of(name, levels)


def test_one_cut_by_two_names(spine) -> None:
    twice = [Written(name, angles_deg=(90.0, 0.0)) for name in ("left", "T12-left")]
    with pytest.raises(InputError, match="T12-left is given twice"):
        planes(twice, ONE, spine)


def test_a_level_without_axes_needs_a_point(spine) -> None:
    vertebrae = tuple(replace(v, frame=None) if v.level is Level.T12 else v for v in spine.vertebrae)
    with pytest.raises(InputError, match="no axes of its own"):
        only(Written("left", angles_deg=(90.0, 0.0)), replace(spine, vertebrae=vertebrae))


def test_differences_are_own_less_found() -> None:
    """By hand: 8.75 mm becomes -2 mm, 21 mm² of tumour, 2 mm deep; the section is the same."""
    (one,) = compare(["T12-left"], with_ring_margin(-2.0), a_resection())
    assert (one.margin_mm, one.tumour_mm2, one.depth_mm, one.section_mm2) == (-10.75, 21.0, 2.0, 0.0)
    assert one.remarks == ()


def with_left(**changed):
    made = a_resection()
    return replace(made, cuts=tuple(replace(c, **changed) if c.gate is Gate.LEFT else c for c in made.cuts))


def test_what_is_wrong_with_an_own_cut_is_said() -> None:
    severs_not = Caveat("does-not-sever", "body and arch stay joined")
    (one,) = compare(["T12-left"], with_left(sac_clearance_mm=around(-1.5), caveats=(severs_not,)), a_resection())
    assert one.remarks[0] == severs_not
    assert one.remarks[1].text.startswith("the cut runs 1.5 mm into the dural sac")
    assert one.sac_clearance_mm == -3.5


def test_without_a_labelled_sac_its_distance_is_not_known() -> None:
    (one,) = compare(["T12-left"], with_left(sac_clearance_mm=None), a_resection())
    assert (one.sac_clearance_mm, one.margin_mm, one.remarks) == (None, 0.0, ())


def test_a_plane_without_a_section_has_no_margin() -> None:
    misses = Caveat("cut-misses", "the plane does not pass the tissue that it would have to sever")
    (one,) = compare(["T12-left"], with_left(section_mm2=0.0, polygon_mm=(), caveats=(misses,)), a_resection())
    assert (one.own, one.margin_mm, one.remarks) == (None, None, (misses,))


def test_an_own_cut_that_meets_nothing() -> None:
    found = a_resection()
    gone = replace(found, cuts=found.cuts[1:])
    (one,) = compare(["T12-left"], gone, found)
    assert (one.own, one.margin_mm) == (None, None)
    assert one.remarks[0].id == "own-cut-meets-nothing"
    side = OpenSide(Gate.LEFT, Level.T12, "the plane passes in front of the ring")
    (one,) = compare(["T12-left"], replace(gone, open_sides=(side,)), found)
    assert one.remarks[0].text == "the plane passes in front of the ring"


def test_own_cuts_are_scored_by_the_search_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {}
    module = ModuleType("enbloc.resection.resect")
    module.resect = lambda *arguments, **named: asked.update(named) or with_ring_margin(-2.0)
    monkeypatch.setitem(sys.modules, "enbloc.resection.resect", module)
    plan = replace(a_plan(), resection=a_resection())
    written = [Written("left", point_mm=(-12.0, -20.0, 0.0), normal=(0.0, 1.0, 0.0))]
    own = own_cuts(plan, written, Settings().resection)
    assert list(asked["given"]) == ["T12-left"]
    assert own.compared[0].margin_mm == -10.75
    document = resection_document(plan, own)
    assert document["schema"] == "enbloc.resection/1"
    assert document["own"]["compared"][0]["tumour_mm2"] == 21.0
    assert "drawing" not in document["own"]["resection"]


def test_a_side_with_nothing_to_cut_is_said_and_not_searched() -> None:
    """Without a search: there is no module to ask."""
    made = a_resection()
    side = OpenSide(Gate.LEFT, Level.T12, "nothing joins body and arch here")
    plan = replace(a_plan(), resection=replace(made, cuts=made.cuts[1:], open_sides=(side,)))
    own = own_cuts(plan, [Written("left", angles_deg=(90.0, 0.0))], Settings().resection)
    assert own.compared[0].remarks[0].text == "nothing joins body and arch here"


def test_without_cuts_there_is_nothing_to_compare_with() -> None:
    assert own_cuts(a_plan(), [], Settings().resection) == a_plan().resection
    assert isinstance(
        own_cuts(replace(a_plan(), resection=a_resection(), drawing=None), [], Settings().resection), Skipped
    )
