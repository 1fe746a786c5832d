"""Counts of one pass over the voxels against slow ones, mask by mask, on fields drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.anatomy import BONE_PARTS, Part
from enbloc.resection.flood import COLUMN_LINK, SOLID, STAYS, TUMOUR_LINK, joined_to_what_they_touch
from enbloc.resection.nouns import Gate
from enbloc.resection.pieces import solid_of
from enbloc.resection.tally import Tally
from resection.test_pieces import axial, block

SHAPE = (9, 8, 11)
COUNT = 4


def drawn(seed: int):
    """A field of T12 with T11 as number 1 and L1 as 3, its voxels drawn one by one, and what was found in it."""
    rng = np.random.default_rng(seed)
    field = replace(
        block(),
        owner=rng.integers(0, 4, SHAPE).astype(np.uint8),
        part=rng.integers(0, len(Part), SHAPE).astype(np.uint8),
        tumour=rng.random(SHAPE) < 0.2,
    )
    found = rng.integers(0, COUNT + 1, SHAPE).astype(np.int32)
    return field, found, rng.normal(3.0, 2.0, SHAPE).astype(np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_what_each_part_holds_is_what_masks_count(seed):
    field, found, sawn_mm = drawn(seed)
    found[found == 3] = 0 if seed == 1 else 3
    tally = Tally.of(field, found, COUNT, sawn_mm)
    bone = np.isin(field.part, BONE_PARTS)
    for number in range(1, COUNT + 1):
        here = found == number
        assert tally.size(number) == here.sum()
        assert tally.bone(number) == (here & bone & ~field.tumour).sum()
        assert tally.tumour(number) == (here & field.tumour).sum()
        assert set(tally.owners(number)) == set(np.unique(field.owner[here & bone]))
        assert tally.least_mm[number] == (sawn_mm[here].min() if here.any() else np.inf)
    held = [(found == number)[field.tumour].sum() for number in range(1, COUNT + 1)]
    assert tally.most_tumour() == 1 + np.argmax(held)
    for parts in ((Part.BODY,), (Part.LAMINA_LEFT, Part.SPINOUS)):
        mine = [((found == n) & (field.owner == 2) & np.isin(field.part, parts)).sum() for n in range(1, COUNT + 1)]
        assert tally.holder(2, parts) == 1 + np.argmax(mine)
        mine[0] = 0
        assert tally.holder(2, parts, without=1) == 1 + np.argmax(mine)


def test_without_tumour_the_largest_counts_and_of_soft_parts_whose_voxels_they_are():
    field, found, sawn_mm = drawn(9)
    found[:3] = 2
    soft = replace(field, part=np.full(SHAPE, Part.DISC, np.uint8), tumour=np.zeros(SHAPE, bool))
    tally = Tally.of(soft, found, COUNT, sawn_mm)
    assert tally.most_tumour() == 2
    assert set(tally.owners(2)) == set(np.unique(soft.owner[found == 2]))
    assert tally.holder(2, (Part.BODY,)) == 0


UNDER = replace(axial(5.0), gate=Gate.CAUDAL, normal=(0.0, 0.0, 1.0))


@pytest.mark.parametrize("cuts", [(), (axial(5.0),), (UNDER,), (axial(5.0), UNDER)])
def test_what_is_cut_is_what_masks_say(cuts):
    """Own bone, tumour and inner discs; of the disc above, T11's body and its tumour there, what lies beyond the cut
    stays; without a cut none of it counts.
    """
    field, *_ = drawn(5)
    made = solid_of(field, cuts)
    disc, body, own = field.part == Part.DISC, field.part == Part.BODY, field.owner == 2
    solid = own & (np.isin(field.part, BONE_PARTS) | field.tumour)
    above = (field.owner == 1) & (disc | body | field.tumour)
    below = (own & disc | (field.owner == 3) & (body | field.tumour)) & ~solid
    expected = np.where(solid, SOLID, 0)
    heights = np.arange(SHAPE[2])[None, None, :]
    for cut in cuts:
        up = 1.0 if cut.normal[2] > 0.0 else -1.0
        beyond = above if cut.gate is Gate.CRANIAL else below
        ours = up * (heights - 5.0) >= 0.0
        expected = np.where(beyond, np.where(ours, SOLID, STAYS), expected)
    assert np.array_equal(made.state, expected)
    assert np.array_equal(made.joins, TUMOUR_LINK * field.tumour + COLUMN_LINK * (disc | body))


@pytest.mark.parametrize("seed", range(3))
def test_a_small_part_goes_with_the_part_that_it_shares_most_faces_with(seed):
    """Against a count face by face; where two share as many, the higher number."""
    _, found, _ = drawn(seed)
    small = np.array([False, True, False, False, seed == 2])
    faces = {}
    for axis in range(3):
        along = np.moveaxis(found, axis, 0)
        for here, there in ((along[:-1], along[1:]), (along[1:], along[:-1])):
            for one, other in zip(here.ravel(), there.ravel(), strict=True):
                if small[one] and other > 0 and not small[other]:
                    faces[one, other] = faces.get((one, other), 0) + 1
    new = joined_to_what_they_touch(found, small)
    for number in range(COUNT + 1):
        shared = [(count, other) for (one, other), count in faces.items() if one == number]
        assert new[number] == (max(shared)[1] if small[number] else number)
