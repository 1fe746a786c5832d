"""Tumour that has taken one side of the ring: both cuts on the other, and what is said where none keeps clear of it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

from enbloc.core.volume import Grid
from enbloc.knowledge import resection_tool
from enbloc.resection import kernels
from enbloc.resection.alternatives import one_side_alternative
from enbloc.resection.candidates import Candidates, Limits
from enbloc.resection.certificate import Proof
from enbloc.resection.cuts import Sawing
from enbloc.resection.family import Planes
from enbloc.resection.field import OperativeField
from enbloc.resection.gates import RingChoice, dividers, ring_choice
from enbloc.resection.nouns import Gate
from enbloc.resection.passage import ring_passage
from enbloc.resection.remarks import at_image_edge, joined_by_tumour, name_of, on_other_side, through_tumour
from enbloc.resection.settings import ResectionSettings
from properties.ring_blocks import LEVEL, Ring, ball, limits, mirrored, ring_field, turned_axes

RING = Ring(canal=(8.0, 7.5), wide=20.0, ahead=24.0, behind=17.0, height=12.0, step_mm=1.25)
AXES = turned_axes((2.0, -3.0, 4.0))
QUICK = ResectionSettings(azimuth_step_deg=10.0, tilt_step_deg=15.0, offset_step_mm=1.0, gap_mm=1.0)
NEEDED_MM = 9.0


@cache
def taken_on_the_left() -> OperativeField:
    """From the left half of the body through pedicle and lamina to just beyond the middle behind; a sac 4 mm wide."""
    turns = np.radians(np.arange(-190.0, -20.0, 10.0))
    masks = [ball(RING, (13.5 * np.sin(turn), 13.5 * np.cos(turn), 0.0), 4.5) for turn in turns]
    return ring_field(replace(RING, sac_mm=3.0), np.any(masks, axis=0))


@cache
def choice(one_side: bool = True, image: bool = False) -> RingChoice:
    field = mirrored(taken_on_the_left()) if image else taken_on_the_left()
    axes = AXES * np.array([[1.0, -1.0, -1.0], [-1.0, 1.0, 1.0], [-1.0, 1.0, 1.0]]) if image else AXES
    found = ring_choice(field, LEVEL, axes, limits(field), replace(QUICK, one_side=one_side))
    assert isinstance(found, RingChoice)
    return found


def fine_mm(found: RingChoice) -> dict[Gate, float]:
    return {gate: each.among.fine_margin_mm(each.number) for gate, each in found.chosen.items()}


def test_one_cut_on_each_side_would_enter_tumour():
    found = choice(one_side=False)
    assert found.proof is Proof.IN_TUMOUR
    assert fine_mm(found)[Gate.LEFT] < 0.0 < fine_mm(found)[Gate.RIGHT]


def test_both_cuts_stand_on_the_side_that_is_left():
    """By hand: tumour ends at 190 + 19 degrees behind (4.5 mm seen from 13.5 mm), 151 on the right; and begins at -1 in
    front. Two planes through what is between keep more than 3 mm, and the cuts leave the canal's contents their way.
    """
    found = choice()
    assert found.divider_deg > 0.0
    assert min(fine_mm(found).values()) > 3.0
    for gate, each in found.chosen.items():
        middle = each.section().points().mean(axis=0) * RING.step_mm + taken_on_the_left().start_mm
        assert (middle @ AXES.T)[0] > 0.0, f"{gate} stands on the right"
    ends = [each.passage.wall_mm()[each.among.places[each.number]] for each in found.chosen.values()]
    assert np.linalg.norm(ends[0] - ends[1]) >= found.opening_mm
    assert found.bound_mm is not None
    assert found.bound_mm >= min(*fine_mm(found).values(), QUICK.enough_mm) - 0.25 * RING.step_mm


def test_mirrored_tumour_is_left_by_mirrored_cuts():
    here, there = choice(), choice(image=True)
    assert there.divider_deg == -here.divider_deg
    assert fine_mm(there)[Gate.RIGHT] == pytest.approx(fine_mm(here)[Gate.LEFT], abs=QUICK.gap_mm)
    assert fine_mm(there)[Gate.LEFT] == pytest.approx(fine_mm(here)[Gate.RIGHT], abs=QUICK.gap_mm)


def test_where_one_on_each_side_keeps_clear_nothing_else_is_tried():
    field = ring_field(RING, ball(RING, (0.0, 16.0, 0.0), 4.0))
    found = ring_choice(field, LEVEL, AXES, limits(field), QUICK)
    assert isinstance(found, RingChoice)
    assert found.divider_deg == 0.0
    assert dividers(choice(one_side=False)) == (30.0, 45.0, 60.0), "towards the right, whose cut is clear"


def test_where_each_side_keeps_little_both_on_one_side_are_kept_beside_it():
    """Balls of 5 mm, 13 mm from the middle, from the front to the left pedicle (-88 degrees) and behind (-160): between
    them 28 degrees or 6.4 mm are left, so that a cut there keeps 3 at most; all of the right is healthy.
    """
    turns = np.radians([-5.0, -25.0, -45.0, -65.0, -88.0, -160.0])
    masks = [ball(RING, (13.0 * np.sin(turn), 13.0 * np.cos(turn), 0.0), 5.0) for turn in turns]
    field = ring_field(replace(RING, sac_mm=3.0), np.any(masks, axis=0))
    found = ring_choice(field, LEVEL, AXES, limits(field), QUICK)
    assert isinstance(found, RingChoice)
    assert found.divider_deg == 0.0
    assert found.least_mm < QUICK.enough_mm - QUICK.gap_mm
    assert found.other is not None
    assert found.other.divider_deg > 0.0
    assert found.other.least_mm >= found.least_mm + 1.0
    names = usual_cuts(1.0)
    (said,) = one_side_alternative(Sawing(field, resection_tool("t-saw")), found, names)
    assert said.says.startswith("T12: both ring cuts on the right instead of one on each side: margin +")
    assert said.margin_gain_mm == pytest.approx(min(cut.margin_mm.value for cut in said.cuts) - 1.0)
    assert not list(one_side_alternative(Sawing(field, resection_tool("t-saw")), replace(found, other=None), names))


def usual_cuts(margin_mm: float) -> dict[str, SimpleNamespace]:
    """Two cuts of 100 mm2 that keep that much."""
    one = SimpleNamespace(order=1, margin_mm=SimpleNamespace(value=margin_mm), section_mm2=100.0)
    return {f"{LEVEL}-{gate}": one for gate in (Gate.LEFT, Gate.RIGHT)}


def test_where_both_stand_on_one_side_the_usual_pair_is_kept_beside_them():
    found, field = choice(), taken_on_the_left()
    assert found.other is not None
    assert found.other.divider_deg == 0.0
    (said,) = one_side_alternative(Sawing(field, resection_tool("t-saw")), found, usual_cuts(3.0))
    assert said.says.startswith("T12: ring cuts one on each side instead of both ring cuts on the right: margin -")
    assert said.because == "T12-left enters tumour"
    assert said.cuts[0].tumour_mm2 > 0.0 == said.cuts[1].tumour_mm2


def test_tumour_that_joins_body_and_arch_is_told_from_tumour_that_does_not():
    """The chain of balls above joins them on the left, not on the right; a section without tumour says nothing."""
    left, right = (ring_passage(taken_on_the_left(), LEVEL, gate, AXES) for gate in (Gate.LEFT, Gate.RIGHT))
    assert joined_by_tumour(left)
    assert not joined_by_tumour(right)
    (said,) = through_tumour(left, SimpleNamespace(tumour_mm2=58.0))
    assert "flat or curved" in said.text
    assert "only where the cord cannot be saved otherwise" in said.text
    (said,) = through_tumour(right, SimpleNamespace(tumour_mm2=1.0))
    assert "a curved one might" in said.text
    assert not list(through_tumour(left, SimpleNamespace(tumour_mm2=0.0)))


@pytest.mark.parametrize(
    ("gate", "divider", "angle", "there"),
    [
        (Gate.LEFT, 45.0, 150.0, "right"),
        (Gate.RIGHT, -45.0, -150.0, "left"),
        (Gate.LEFT, 45.0, -170.0, None),
        (Gate.RIGHT, 45.0, 60.0, None),
        (Gate.LEFT, 0.0, -90.0, None),
        (Gate.CRANIAL, 0.0, None, None),
    ],
)
def test_a_cut_beyond_the_middle_is_named(gate, divider, angle, there):
    """No cut that stands on the right is called left, nor the other way round."""
    passage = SimpleNamespace(gate=gate, divider_deg=divider, level="T6")
    said = list(on_other_side(passage, angle))
    assert name_of(passage, angle) == (f"T6-{there}-behind" if there else f"T6-{gate}")
    assert [caveat.id for caveat in said] == (["cut-on-other-side"] if there else [])
    assert all(f"stands on the {there}" in caveat.text for caveat in said)


def test_a_section_at_the_edge_of_the_image_is_said():
    """The image ends half a voxel beyond the outermost centre: index 0 and n - 1 are its edge, 1 and n - 2 are not."""
    field = taken_on_the_left()
    shape = field.shape
    field = replace(field, image=Grid(shape, field.affine))
    inner = np.array([[1.0, 5.0, 5.0], [shape[0] - 2.0, 5.0, 5.0]])
    assert not list(at_image_edge(field, inner))
    for edge in ([0.2, 5.0, 5.0], [5.0, shape[1] - 1.0, 5.0]):
        assert [each.id for each in at_image_edge(field, np.vstack([inner, edge]))] == ["cut-at-image-edge"]
    assert not list(at_image_edge(replace(field, image=None), np.zeros((1, 3))))


def column(margins_mm, disc, own, neighbour, worth_mm=1.0) -> list[int]:
    """The order among cuts between vertebrae of given margin and pixels of each tissue, of 100."""
    rows = np.zeros((len(margins_mm), kernels.MEASURES))
    rows[:, kernels.TUMOUR_MM], rows[:, kernels.PIXELS] = np.array(margins_mm) + 0.25, 100.0
    rows[:, kernels.ARCH], rows[:, kernels.BODY], rows[:, kernels.PEDICLE] = disc, own, neighbour
    count = len(rows)
    planes = Planes(np.zeros((count, 3)), np.zeros(count), np.zeros((count, 2)), np.arange(count) * 1.0)
    settings = ResectionSettings(worth_mm=worth_mm)
    passage = SimpleNamespace(gate=Gate.CRANIAL)
    return Candidates(passage, planes, rows, Limits(0.25, -1e3, -1e3, 1.25), settings).order.tolist()


def test_an_endplate_is_worth_a_millimetre_of_margin_and_bone_is_not():
    """Disc, endplate (a fifth of it the neighbour's), neighbour's body; by hand from the order in resection.md."""
    disc, own, neighbour = [100, 80, 10], [0, 0, 0], [0, 20, 90]
    assert column([2.7, 4.9, 5.0], disc, own, neighbour) == [1, 0, 2], "2.2 mm more"
    assert column([2.7, 2.9, 5.0], disc, own, neighbour) == [0, 1, 2], "0.2 mm more"
    assert column([5.2, 9.0, 9.0], disc, own, neighbour) == [0, 1, 2], "beyond what is enough"
    assert column([0.5, 0.9, 5.0], disc, own, neighbour) == [2, 0, 1], "margins that cannot be told from none"
    assert column([2.7, 4.9, 5.0], disc, own, neighbour, worth_mm=5.0) == [0, 1, 2], "a setting"
