"""Volumes, shares, depths and involvement, counted by hand in a column of blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from enbloc.case import StatedExtent
from enbloc.core.errors import LabelError
from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid
from enbloc.tumour import Involvement, Zone, measure
from enbloc.tumour.measure import distance_from, distance_to, penetration
from enbloc.tumour.noise import NoiseFloor
from properties.penetration_twin import depth_and_certainty
from tumour.toy import ARCH_VOXELS, HEIGHT, Toy

INVOLVED, POSSIBLE, FREE = Involvement.INVOLVED, Involvement.POSSIBLE, Involvement.FREE
EXACT = 1e-9
"""Sums of a few thousand equal floats."""
DISTANCE = 1e-4
"""mm: the distance transform works in 32-bit floats, 1e-7 of some 100 mm, squared and rooted."""


def extent(toy: Toy):
    return measure(toy.spine(), StatedExtent())


def row(found, level: str, zone: Zone):
    return next((r for r in found.zones if r.level == level and r.zone is zone), None)


def ids(found) -> set[str]:
    return {caveat.id for caveat in found.caveats}


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (0.8, 0.7, 3.0)])
def test_volume_and_share_of_a_block_in_the_body(spacing_mm):
    """5 x 6 x 7 voxels in a body of 20 x 20 x 12, clear of every wall."""
    found = extent(Toy(spacing_mm=spacing_mm).paint("T12", (27, 32), (37, 43), (3, 10)))
    voxel = float(np.prod(spacing_mm))
    assert [(r.level, r.zone, r.involvement) for r in found.zones] == [("T12", Zone.BODY, INVOLVED)]
    assert found.volume_mm3 == pytest.approx(210 * voxel, rel=EXACT)
    assert found.zones[0].volume_mm3 == pytest.approx(210 * voxel, rel=EXACT)
    assert found.zones[0].share == pytest.approx(210 / (20 * 20 * 12), rel=EXACT)
    assert (found.tomita_type.value, found.tomita_type.borderline) == (1, False)
    assert (found.index_level, found.levels) == ("T12", ("T12",))


def test_volumes_in_every_zone():
    """One block across body, left pedicle, canal, arch and tissue: i 10-29, j 15-39, 6 high."""
    found = extent(Toy().paint("T12", (10, 30), (15, 40)))
    body = 10 * 10 * 6  # i 20-29, j 30-39
    pedicle = 10 * 6 * 6  # i 14-23, j 24-29
    canal = 6 * 12 * 6  # i 24-29, j 18-29
    arch = (16 * 3 + 10 * 6) * 6  # i 14-29 at j 15-17, i 14-23 at j 18-23
    beside = 20 * 25 * 6 - body - pedicle - canal - arch
    expected = {
        Zone.BODY: (body, 20 * 20 * HEIGHT),
        Zone.PEDICLE_LEFT: (pedicle, 10 * 6 * HEIGHT),
        Zone.CANAL: (canal, 12 * 12 * (HEIGHT + 4)),
        Zone.ARCH: (arch, ARCH_VOXELS),
        Zone.PARAVERTEBRAL: (beside, None),
    }
    for zone, (volume, size) in expected.items():
        found_row = row(found, "T12", zone)
        assert found_row.volume_mm3 == pytest.approx(volume, rel=EXACT), zone
        assert found_row.share == (None if size is None else pytest.approx(volume / size, rel=EXACT)), zone
        assert found_row.involvement is INVOLVED, zone
    assert row(found, "T12", Zone.PEDICLE_RIGHT) is None
    assert found.tomita_type.value == 5
    assert "canal-and-paravertebral" in ids(found)


@pytest.mark.parametrize(
    ("spacing_mm", "layers", "involved"),
    [
        ((1.0, 1.0, 1.0), 1, False),  # one voxel shell
        ((1.0, 1.0, 1.0), 2, True),
        ((0.5, 0.5, 0.5), 1, False),
        ((0.5, 0.5, 0.5), 2, True),
        ((1.0, 3.0, 1.0), 1, False),  # thick voxels: the shell is thick
        ((1.0, 3.0, 1.0), 2, True),
        ((3.0, 1.0, 3.0), 1, False),  # thick across the direction of growth
        ((3.0, 1.0, 3.0), 2, True),
    ],
)
def test_canal_counts_from_the_second_layer_of_voxels(spacing_mm, layers, involved):
    """Growth from the body straight back: the last layer's centres lie (layers - 1/2) voxels behind the border.

    The floor is 1.25 voxels of the coarsest axis: a voxel that meets the border by a corner lies sqrt 3 - 1/2 deep.
    """
    found = extent(Toy(spacing_mm=spacing_mm).paint("T12", (27, 33), (30 - layers, 40)))
    canal = row(found, "T12", Zone.CANAL)
    assert canal.depth_mm == pytest.approx((layers - 0.5) * spacing_mm[1], abs=DISTANCE)
    assert canal.noise_mm == pytest.approx(1.25 * max(spacing_mm), abs=DISTANCE)
    assert canal.involvement is (INVOLVED if involved else POSSIBLE)
    assert (found.tomita_type.low, found.tomita_type.high) == (4 if involved else 1, 4)
    assert found.tomita_type.borderline == (not involved)


@pytest.mark.parametrize(("wide", "deep", "value"), [(4, 2, 1), (3, 3, 4)])
def test_a_shell_in_the_canal_is_read_as_tumour_at_the_cord_from_nine_voxels_on(wide, deep, value):
    """Eight voxels may be noise. Above that the canal is called, since missing it costs more; the range stays open."""
    found = extent(Toy().paint("T12", (27, 33), (30, 40)).paint("T12", (27, 27 + wide), (29, 30), (4, 4 + deep)))
    assert row(found, "T12", Zone.CANAL).involvement is POSSIBLE
    assert (found.tomita_type.low, found.tomita_type.value, found.tomita_type.high) == (1, value, 4)


@pytest.mark.parametrize(
    ("spacing", "layers", "involved"),
    [(1.0, 3, False), (1.0, 4, True), (0.5, 5, False), (0.5, 6, True), (2.0, 2, False), (2.0, 3, True)],
)
def test_borders_inside_bone_need_two_mm_more(spacing, layers, involved):
    """Into the pedicle: more than 1.75 voxels and 2 mm from the body's last centres.

    That is 3.75 mm at 1 mm (4 layers), 2.875 mm at 0.5 mm (6 layers), 5.5 mm at 2 mm (3 layers).
    """
    toy = Toy(spacing_mm=(spacing,) * 3).paint("T12", (21, 23), (30 - layers, 40))
    pedicle = row(extent(toy), "T12", Zone.PEDICLE_LEFT)
    assert pedicle.depth_mm == pytest.approx((layers - 0.5) * spacing, abs=DISTANCE)
    assert pedicle.noise_mm == pytest.approx(1.25 * spacing + 2.0, abs=EXACT)
    assert pedicle.involvement is (INVOLVED if involved else POSSIBLE)


def test_a_zone_that_is_only_touched_is_possible():
    """Tumour ends with the body's last layer: not a voxel in the canal, but the border cannot be told."""
    found = extent(Toy().paint("T12", (27, 33), (30, 40)))
    canal = row(found, "T12", Zone.CANAL)
    assert (canal.volume_mm3, canal.share, canal.depth_mm, canal.involvement) == (0.0, 0.0, 0.0, POSSIBLE)
    assert (found.tomita_type.low, found.tomita_type.value, found.tomita_type.high) == (1, 1, 4)


def test_one_layer_of_bone_between_is_free():
    found = extent(Toy().paint("T12", (27, 33), (31, 40)))
    assert row(found, "T12", Zone.CANAL) is None
    assert (found.tomita_type.low, found.tomita_type.high, found.tomita_type.borderline) == (1, 1, False)


def test_soft_tissue_touched_from_inside_is_possible_at_the_level_that_holds_the_tumour():
    found = extent(Toy().paint("T12", (20, 26), (36, 44)))
    beside = row(found, "T12", Zone.PARAVERTEBRAL)
    assert (beside.volume_mm3, beside.involvement) == (0.0, POSSIBLE)
    assert [r.level for r in found.zones if r.zone is Zone.PARAVERTEBRAL] == ["T12"]
    assert (found.tomita_type.low, found.tomita_type.value, found.tomita_type.high) == (1, 1, 5)


@pytest.mark.parametrize("side", ["left", "right"])
def test_left_is_at_low_x(side):
    """Body, pedicle and arch of one side: type 3, and no row for the other pedicle."""
    i = (15, 23) if side == "left" else (37, 45)
    found = extent(Toy().paint("T12", i, (10, 30)).paint("T12", (21, 39), (30, 40)))
    assert row(found, "T12", Zone(f"pedicle-{side}")).involvement is INVOLVED
    other = row(found, "T12", Zone(f"pedicle-{'left' if side == 'right' else 'right'}"))
    assert other is None or other.volume_mm3 == 0.0
    assert found.tomita_type.value == 3


# Neighbours, skips, specks.


@pytest.mark.parametrize(("layers", "involved"), [(0, False), (1, False), (4, True)])
def test_growth_through_the_disc_into_the_next_vertebra(layers, involved):
    """From T12 through the whole disc and some layers into L1. One layer is a shell; four are beyond every floor."""
    found = extent(Toy().paint("T12", (26, 34), (35, 45), (-4 - layers, 8)))
    assert found.adjacent_vertebra is (INVOLVED if involved else POSSIBLE)
    assert found.tomita_type.value == (6 if involved else 1)
    assert found.tomita_type.high == 6
    assert found.levels == (("T12", "L1") if involved else ("T12",))
    assert found.index_level == "T12"
    assert row(found, "T12", Zone.DISC).volume_mm3 == pytest.approx(8 * 10 * 4, rel=EXACT)
    assert ("disc-contact" in ids(found)) == (not involved)
    assert len(found.lesions) == 1


def test_disc_contact_does_not_change_the_type():
    """Two layers into the disc, two short of L1."""
    found = extent(Toy().paint("T12", (26, 34), (35, 45), (-2, 8)))
    assert row(found, "T12", Zone.DISC).involvement is INVOLVED
    assert found.adjacent_vertebra is FREE
    assert (found.tomita_type.low, found.tomita_type.value, found.tomita_type.high) == (1, 1, 1)
    assert "disc-contact" in ids(found)


def test_disc_above_is_the_upper_vertebras():
    found = extent(Toy().paint("T12", (26, 34), (35, 45), (4, HEIGHT + 2)))
    assert row(found, "T11", Zone.DISC).involvement is INVOLVED
    assert row(found, "T12", Zone.DISC) is None
    assert found.levels == ("T12",)


def test_index_level_is_where_most_bone_is_eaten():
    """More tumour in L1 than in T12, most of all beside T12."""
    toy = Toy().paint("L1", (21, 39), (31, 49), (1, 12)).paint("T12", (26, 34), (35, 45), (-4, 6))
    toy.paint("T12", (1, 19), (2, 50), (0, 12))
    found = extent(toy)
    assert found.index_level == "L1"
    assert found.levels == ("T12", "L1")


def test_two_lesions_with_a_vertebra_between_are_type_7():
    found = extent(Toy().paint("T11", (26, 34), (36, 44)).paint("L1", (26, 34), (36, 42)))
    assert found.skip_lesion is INVOLVED
    assert found.adjacent_vertebra is FREE
    assert [(lesion.levels, lesion.volume_mm3) for lesion in found.lesions] == [
        (("T11",), pytest.approx(8 * 8 * 6)),
        (("L1",), pytest.approx(8 * 6 * 6)),
    ]
    assert (found.tomita_type.low, found.tomita_type.value, found.tomita_type.high) == (7, 7, 7)
    assert "skip-not-excluded" not in ids(found)


def test_centre_of_a_lesion():
    """i 26-33, j 36-43, k 3-8 over the floor of T12 (index 26): middle at (29.5, 39.5, 31.5), times the spacing."""
    found = extent(Toy(spacing_mm=(2.0, 1.0, 0.5)).paint("T12", (26, 34), (36, 44)))
    assert found.lesions[0].centre_mm == pytest.approx((59.0, 39.5, 15.75), abs=EXACT)


@pytest.mark.parametrize(("voxels", "skip", "value"), [((2, 2, 2), POSSIBLE, 1), ((3, 3, 1), INVOLVED, 7)])
def test_a_speck_far_away_is_not_by_itself_a_skip_lesion(voxels, skip, value):
    """Eight voxels may be noise, nine are a lesion."""
    i, j, k = voxels
    toy = Toy().paint("T11", (26, 34), (36, 44)).paint("L1", (28, 28 + i), (38, 38 + j), (5, 5 + k))
    found = extent(toy)
    assert found.skip_lesion is skip
    assert (found.tomita_type.value, found.tomita_type.high) == (value, 7)


def test_lesions_in_neighbours_that_do_not_touch():
    found = extent(Toy().paint("T11", (26, 34), (36, 44)).paint("T12", (26, 34), (36, 44)))
    assert len(found.lesions) == 2
    assert (found.adjacent_vertebra, found.skip_lesion) == (INVOLVED, POSSIBLE)
    assert (found.tomita_type.low, found.tomita_type.value, found.tomita_type.high) == (6, 6, 7)
    assert "separate-lesions-in-neighbours" in ids(found)


@pytest.mark.parametrize(("gap", "count"), [(1, 1), (2, 1), (3, 2)])
def test_parts_with_a_small_gap_are_one_lesion(gap, count):
    """Each part is grown by one voxel; what then touches is one lesion."""
    toy = Toy().paint("T12", (22, 27), (36, 44)).paint("T12", (27 + gap, 32 + gap), (36, 44))
    assert len(extent(toy).lesions) == count


def test_more_than_three_contiguous_vertebrae_are_said():
    toy = Toy(("T10", "T11", "T12", "L1"))
    for level in ("T10", "T11", "T12"):
        toy.paint(level, (26, 34), (35, 45), (-4, 12))
    three = extent(toy)
    assert "many-contiguous-levels" not in ids(three)
    toy.paint("L1", (26, 34), (35, 45), (0, 12))
    four = extent(toy)
    assert four.levels == ("T10", "T11", "T12", "L1")
    assert four.tomita_type.value == 6
    assert "many-contiguous-levels" in ids(four)


@pytest.mark.parametrize(
    ("i", "j", "zone", "type_"),
    [(50, 20, Zone.PARAVERTEBRAL, 5), (29, 10, Zone.ARCH, 3), (29, 24, Zone.CANAL, 4)],
)
def test_one_stray_voxel_does_not_decide_the_type(i, j, zone, type_):
    """A tumour of the body, and a single voxel elsewhere: the type stays, the range opens."""
    found = extent(Toy().paint("T12", (26, 34), (36, 44)).paint("T12", (i, i + 1), (j, j + 1), (5, 6)))
    assert row(found, "T12", zone).involvement is POSSIBLE
    assert (found.tomita_type.value, found.tomita_type.high, found.tomita_type.borderline) == (1, type_, True)


def test_one_stray_voxel_in_the_next_vertebra_is_no_spread():
    found = extent(Toy().paint("T12", (26, 34), (36, 44)).paint("L1", (29, 30), (40, 41), (5, 6)))
    assert found.adjacent_vertebra is POSSIBLE
    assert found.tomita_type.value == 1
    assert found.tomita_type.high >= 6


def test_a_tumour_of_one_voxel_still_lies_somewhere():
    found = extent(Toy().paint("T12", (29, 30), (40, 41), (5, 6)))
    assert (found.index_level, found.levels, found.tomita_type.value) == ("T12", ("T12",), 1)


def test_a_pedicle_full_from_end_to_end_is_involved():
    """6 mm long between eaten body and eaten arch: no point of it is 3.75 mm from both, and yet it is full."""
    pedicle = row(extent(Toy().paint("T12", (14, 40), (8, 40), (0, 12))), "T12", Zone.PEDICLE_LEFT)
    assert pedicle.share == 1.0
    assert pedicle.involvement is INVOLVED


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_levels_and_type_agree_about_the_neighbour(layers):
    found = extent(Toy().paint("T12", (26, 34), (35, 45), (-4 - layers, 8)))
    reached = found.adjacent_vertebra is INVOLVED
    assert reached == (layers > 1)
    assert (found.levels == ("T12", "L1")) == reached
    assert (found.tomita_type.value == 6) == reached
    assert ("disc-contact" in ids(found)) != reached


# Lesions that the table does not cover.


def test_canal_only():
    found = extent(Toy().paint("T12", (27, 33), (21, 27)))
    assert [(r.zone, r.involvement) for r in found.zones] == [(Zone.CANAL, INVOLVED)]
    assert (found.tomita_type.value, found.tomita_type.low, found.tomita_type.high) == (None, None, None)
    assert found.index_level == "T12"
    assert {"canal-only", "cord-position-unknown"} <= ids(found)


def test_paravertebral_only():
    found = extent(Toy().paint("T12", (5, 11), (32, 40)))
    assert [(r.zone, r.involvement) for r in found.zones] == [(Zone.PARAVERTEBRAL, INVOLVED)]
    assert found.tomita_type.value is None
    assert "paravertebral-only" in ids(found)
    assert "canal-only" not in ids(found)


def test_disc_only():
    found = extent(Toy().paint("T12", (26, 34), (36, 44), (-3, -1)))
    assert found.tomita_type.value is None
    assert found.tomita_type.because[0].gives == "no type: no-lesion"
    assert {"disc-only", "disc-contact"} & ids(found) >= {"disc-only"}


def test_beside_the_bone_and_touching_it_leaves_type_5_open():
    found = extent(Toy().paint("T12", (12, 20), (32, 40)))
    assert row(found, "T12", Zone.BODY).involvement is POSSIBLE
    assert (found.tomita_type.value, found.tomita_type.high, found.tomita_type.borderline) == (None, 5, True)


@pytest.mark.parametrize("structure", ["cord", "dural-sac"])
def test_a_labelled_cord_takes_the_caveat_away(structure):
    found = extent(Toy(structures=(structure,)).paint("T12", (27, 33), (21, 27)))
    assert "cord-position-unknown" not in ids(found)


def test_whole_column_in_view_excludes_skips():
    every = ("C2", "C3", "C4", "C5", "C6", "C7", *(f"T{n}" for n in range(1, 13)), "L1", "L2", "L3", "L4", "L5")
    part = extent(Toy(every).paint("T5", (26, 34), (36, 44)))
    whole = extent(Toy((*every, "sacrum")).paint("T5", (26, 34), (36, 44)))
    assert "skip-not-excluded" in ids(part)
    assert "skip-not-excluded" not in ids(whole)


@pytest.mark.parametrize(("levels", "level"), [(("C6", "C7", "T1"), "C7"), (("L4", "L5", "S1"), "S1")])
def test_outside_the_levels_of_the_operation(levels, level):
    found = extent(Toy(levels).paint(level, (26, 34), (36, 44)))
    assert found.tomita_type.value == 1
    assert "outside-scope" in ids(found)


def test_tumour_that_leaves_the_image():
    inside = extent(Toy().paint("T12", (20, 59), (36, 44)))
    outside = extent(Toy().paint("T12", (20, 60), (36, 44)))
    assert "tumour-at-border" not in ids(inside)
    assert "tumour-at-border" in ids(outside)


# Refusals.


def test_an_empty_mask_is_refused():
    with pytest.raises(LabelError, match="empty"):
        extent(Toy())


def test_a_mask_away_from_every_vertebra_is_refused():
    """T11 alone is labelled; the mask lies 16 mm below its disc."""
    toy = Toy(("T11", "T12", "L1"))
    toy.part[:, :, : toy.floor("T11") - 4] = 0
    toy.owner[:, :, : toy.floor("T11") - 4] = 0
    toy.tumour[26:34, 36:44, 8:18] = True
    with pytest.raises(LabelError, match="away from every labelled vertebra"):
        extent(toy)


# Against the slow twin.


@given(
    codes=arrays(np.uint8, (5, 5, 4), elements=st.integers(0, 4)),
    spacing=st.tuples(*[st.sampled_from([0.5, 1.0, 1.5, 3.0])] * 3),
    convention=st.sampled_from([0.0, 1.0, 2.0]),
    borders=st.integers(0, 2),
)
def test_depth_equals_brute_force(codes, spacing, convention, borders):
    """Random masks: 1 the zone, 2 and more the rest, of which the last `borders` lie beyond drawn borders.

    Ties with the floor are left out: 32-bit distances fall on either side.
    """
    grid = Grid(codes.shape, Affine(np.diag([*spacing, 1.0])))
    behind = [code for code in (3, 4) if code > 4 - borders]
    mask, rest, drawn = codes == 1, codes > 1, tuple(codes == code for code in behind)
    inside, seen, *beyond = (
        [tuple(v) for v in np.argwhere(m).tolist()] for m in (mask, rest & ~np.isin(codes, behind), *drawn)
    )
    depth, certain = depth_and_certainty(inside, seen, beyond, spacing, shell=1.75, convention_mm=convention)
    close = {
        depth_and_certainty(inside, seen, beyond, spacing, shell=1.75 + e, convention_mm=convention + e)[1]
        for e in (-1e-3, 1e-3)
    }
    assume(close == {certain})
    found_depth, found_certain = penetration(mask, rest, drawn, grid, NoiseFloor(max(spacing), convention))
    assert found_depth == pytest.approx(depth, abs=DISTANCE)
    assert found_certain == certain


@given(
    own=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=5),
    rest=st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39), st.integers(0, 9)), min_size=1, max_size=9),
    spacing=st.tuples(*[st.sampled_from([0.5, 1.0, 3.0])] * 3),
)
def test_distances_in_a_block_are_those_in_the_whole(own, rest, spacing):
    """The transform of the whole as the slow twin; no tolerance. 400 of its 16,000 voxels hold `own`."""
    inside, target = np.zeros((2, 40, 40, 10), dtype=bool)
    inside[tuple(np.transpose(own))], target[tuple(np.transpose(rest))] = True, True
    whole = distance_to(target, np.array(spacing))[inside]
    np.testing.assert_array_equal(distance_from(inside, target, np.array(spacing)), whole)
