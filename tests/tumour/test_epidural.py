"""The canal of the column of blocks, 12 x 12 voxels square to it and 16 high a level: shares and contacts by hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import atan, degrees

import numpy as np
import pytest

from enbloc.case import StatedExtent
from enbloc.core.evidence import Skipped
from enbloc.knowledge import escc_grades, escc_rules
from enbloc.tumour import Involvement, canal_findings, field_around, measure
from enbloc.tumour.epidural import canal_axis
from tumour.near import block, framed, imaging
from tumour.toy import Toy

ORDER = [row.grade for row in escc_grades()]
SAC = ((27, 33), (21, 27))
CORD = ((29, 31), (23, 25))


def read(toy: Toy, structures=None, modality="ct", stated_type=None):
    spine, given = framed(toy), imaging(toy, structures, modality)
    extent = measure(spine, StatedExtent(tomita_type=stated_type))
    return canal_findings(spine, given, extent, field_around(spine, given.grid))


def from_bone(depth: int, level="T12") -> Toy:
    """Tumour of the body that reaches `depth` rows into the canal, over its whole width."""
    return Toy().paint(level, (24, 36), (30 - depth, 40))


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (1.0, 1.0, 3.0)])
@pytest.mark.parametrize("depth", [2, 6, 12])
def test_shares_of_volume_and_section(spacing_mm, depth):
    """`depth` of 12 rows over 6 of 16 layers. The section is read on pixels of 0.5 mm: one row of them may be amiss."""
    toy = Toy(spacing_mm=spacing_mm).paint("T12", (24, 36), (30 - depth, 40))
    (row,) = [row for row in read(toy).levels if row.level == "T12"]
    assert row.volume_mm3 == pytest.approx(12 * depth * 6 * np.prod(spacing_mm))
    assert row.volume_share.value == pytest.approx(12 * depth * 6 / (12 * 12 * 16), rel=1e-9)
    assert row.section_share.value == pytest.approx(depth / 12, abs=0.5 / (12 * spacing_mm[1]))
    assert row.section_share.low <= depth / 12 <= row.section_share.high + 0.03


def test_the_ranges_are_half_a_voxel():
    """Half of the canal's width (columns 24-29), all its depth, 6 layers.

    Half a voxel farther out the tumour fills 6.5 of 12 columns; farther in it also leaves the canal's walls in front,
    behind and at the side, where it ends as the canal does: 5 x 11 of 144.
    """
    (row,) = read(Toy().paint("T12", (24, 30), (18, 30))).levels
    assert row.section_share.value == pytest.approx(6 / 12, abs=0.03)  # a row of pixels: 0.5 of 12 mm
    assert row.section_share.high == pytest.approx(6.5 / 12, abs=0.03)
    assert row.section_share.low == pytest.approx(5 * 11 / 144, abs=0.05)
    out = 12 * (6 * 8 + 6) / (144 * 16)  # a layer more above, below and at the side, not at the edges between
    within = 4 * 10 * 4 / (144 * 16)  # a layer less on all six sides
    value = 6 * 12 * 6 / (144 * 16)
    assert row.volume_share.high == pytest.approx(0.5 * (value + out), abs=1e-3)  # of 2304 voxels, corners
    assert row.volume_share.low == pytest.approx(0.5 * (value + within), abs=1e-3)


def test_the_worst_section_is_where_most_is_filled():
    """T12's body begins at layer 26: rows 24-29 at layers 28-30, rows 27-29 at 31-34."""
    toy = Toy().paint("T12", (24, 36), (24, 40), (2, 5)).paint("T12", (24, 36), (27, 40), (5, 9))
    (row,) = read(toy).levels
    assert row.section_share.value == pytest.approx(0.5, abs=0.05)
    assert 27.5 <= row.section_at_mm[2] <= 30.5
    assert row.section_at_mm[:2] == pytest.approx((29.5, 23.5))


def test_sections_are_square_to_the_line_through_the_neighbouring_canal_centres():
    """16 mm from level to level; centres of T11 and L1 moved 12 mm forwards and 12 mm backwards: 24 forwards, 32 up."""
    spine = framed(from_bone(6))
    shift = {"T11": 12.0, "L1": -12.0}
    moved = tuple(
        replace(v, canal_centre_mm=(v.canal_centre_mm[0], v.canal_centre_mm[1] + shift.get(v.level, 0.0), z))
        for v, z in ((v, v.canal_centre_mm[2]) for v in spine.vertebrae)
    )
    axis = canal_axis(replace(spine, vertebrae=moved), moved[1])
    assert axis == pytest.approx((0.0, 0.6, 0.8), abs=1e-9)


def test_a_free_canal():
    (row,) = read(Toy().paint("T12", (26, 34), (36, 44))).levels
    assert row.involvement is Involvement.FREE
    assert (row.volume_mm3, row.section_share.high, row.section_at_mm) == (0.0, 0.0, None)


# What the tumour comes near to.


def test_contact_with_the_labelled_sac():
    """Columns 24-26 of tumour beside a sac of 6 x 6 voxels: they touch along one side of the square.

    Seen from its middle that side spans 90 degrees; of the sides before and behind it 1 mm more lies within 1 mm,
    45 - atan(2/3) degrees each. The corners of a square of voxels are rounded when sampled: 15 degrees.
    """
    toy = Toy().paint("T12", (24, 27), (18, 30))
    (found,) = read(toy, {"dural-sac": block(toy, *SAC)}).contacts
    assert found.structure == "dural-sac"
    assert found.distance_mm.value == pytest.approx(0.0, abs=1e-5)
    arc = 90.0 + 2.0 * (45.0 - degrees(atan(2 / 3)))
    assert found.arc_deg.value == pytest.approx(arc, abs=15.0)
    assert found.arc_deg.low <= arc <= found.arc_deg.high
    assert found.length_mm.value == pytest.approx(6 + 2, abs=2.0)  # 6 layers and 1 mm past each end; a voxel each
    assert found.length_mm.low <= 8 <= found.length_mm.high


def test_a_sac_clear_of_tumour():
    """One row of tumour in front (29), the sac's front at row 26: centres 3 mm apart, so 2 mm between them."""
    toy = from_bone(1)
    (found,) = read(toy, {"dural-sac": block(toy, *SAC)}).contacts
    assert found.distance_mm.value == pytest.approx(2.0, abs=1e-4)
    assert (found.distance_mm.low, found.distance_mm.high) == pytest.approx((1.0, 3.0), abs=1e-4)


def test_without_sac_and_cord_contact_is_unknown_and_not_zero():
    found = read(from_bone(8))
    assert found.contacts == ()
    assert found.no_go_basis == "whole canal: cord position unknown"


# The compression scale.


def grade(*args, **kwargs) -> tuple[str, str]:
    hint = read(*args, **kwargs).grade
    assert len(hint.because) == 1
    assert hint.because[0].source
    assert hint.value == (hint.low if hint.low == hint.high else None)
    return hint.low, hint.high


def test_ct_never_names_one_grade_for_tumour_in_the_canal():
    """Neither with sac and cord labelled, however far or near they are."""
    for depth in (2, 12):
        toy = from_bone(depth)
        bodies = {"dural-sac": block(toy, *SAC), "cord": block(toy, *CORD)}
        for given in ({}, bodies):
            assert grade(toy, given) == ("1a", "3")
            assert grade(toy, given, None) == ("1a", "3")


def test_bone_alone_is_grade_0_and_a_shell_leaves_it_open():
    assert grade(Toy().paint("T12", (26, 34), (36, 44))) == ("0", "0")
    assert grade(from_bone(1)) == ("0", "1c")


@pytest.mark.parametrize(
    ("depth", "bodies", "low", "high"),
    [
        (3, (), "1a", "3"),
        (2, ("dural-sac",), "1a", "3"),  # 1 mm between: within what a voxel can tell
        (4, ("dural-sac",), "1a", "3"),  # against the sac, and where the cord is nobody knows
        (3, ("cord",), "1a", "1b"),  # 2 mm and a voxel of doubt between tumour and cord's front (row 24)
        (3, ("dural-sac", "cord"), "1a", "1b"),
        (6, ("dural-sac", "cord"), "1b", "3"),
        (6, ("cord",), "1a", "3"),
    ],
)
def test_on_mr_labels_say_more(depth, bodies, low, high):
    """The tumour's last row is 30 - depth; the sac's front row 26, the cord's 24."""
    places = {"dural-sac": SAC, "cord": ((29, 31), (22, 24)) if depth == 3 else CORD}
    toy = from_bone(depth)
    assert grade(toy, {name: block(toy, *places[name]) for name in bodies}, "mr") == (low, high)


def test_on_mr_a_sac_clear_of_tumour_is_grade_1a():
    """Tumour rows 28-29, a small sac whose front is row 23: 4 mm between."""
    toy = from_bone(2)
    assert grade(toy, {"dural-sac": block(toy, (27, 33), (18, 24))}, "mr") == ("1a", "1a")


def test_more_tumour_in_the_canal_never_lowers_the_grade():
    """By canal free, possible, involved; every modality, sac and cord."""
    words = [(m, s, c) for m in ("ct", "mr", None) for s in NEAR for c in NEAR]
    for modality, sac, cord in words:
        found = [next(r for r in escc_rules() if r.fits(canal, modality, sac, cord)) for canal in CANALS]
        for less, more in pairwise(found):
            assert ORDER.index(less.low) <= ORDER.index(more.low), (modality, sac, cord)
    assert all(any(rule.fits(canal, *word) for rule in escc_rules()) for canal in CANALS for word in words)


NEAR = ("free", "near", "unlabelled")
CANALS = ("free", "possible", "involved")


def caveats(*args, **kwargs) -> set[str]:
    return {caveat.id for caveat in read(*args, **kwargs).grade.caveats}


def test_caveats():
    assert caveats(from_bone(4)) == {"epidural-on-ct"}
    assert caveats(from_bone(4), modality="mr") == set()
    low = Toy(("L1", "L2", "L3")).paint("L2", (24, 36), (26, 40))
    assert caveats(low, modality="mr") == {"epidural-cauda-equina"}
    conus = Toy(("T12", "L1", "L2")).paint("L1", (24, 36), (26, 40))
    assert caveats(conus, modality="mr") == set()


def test_a_level_without_a_canal_leaves_the_grade_open():
    """Tumour in the bodies of C2 and C3; C2 has no canal, as anatomy leaves it: C3's is free, C2's unknown."""
    toy = Toy(("C2", "C3", "C4")).paint("C2", (26, 34), (36, 44)).paint("C3", (26, 34), (36, 44))
    whole = framed(toy)
    blind = replace(whole, vertebrae=(replace(whole.vertebrae[0], canal_centre_mm=None), *whole.vertebrae[1:]))
    hints = []
    for spine in (whole, blind):
        given = imaging(toy, modality="mr")
        field = field_around(spine, given.grid)
        hints.append(canal_findings(spine, given, measure(spine, StatedExtent()), field).grade)
    assert [(hint.value, hint.low, hint.high) for hint in hints] == [("0", "0", "0"), (None, "0", "3")]
    assert hints[0].caveats == ()
    (caveat,) = hints[1].caveats
    assert caveat.id == "epidural-level-without-canal"
    assert caveat.text.startswith("C2:")


@pytest.mark.parametrize(("stated", "depth"), [(3, 6), (1, 6), (4, -2)])
def test_type_and_grade_that_disagree_are_said(stated, depth):
    """Types 1-3 mean a free canal, type 4 one that is not; the mask shows the contrary."""
    assert "epidural-type-disagree" in caveats(from_bone(depth), stated_type=stated)
    assert "epidural-type-disagree" not in caveats(from_bone(depth))


def test_without_a_canal_nothing_is_read():
    toy = from_bone(4)
    spine = toy.spine()
    given = imaging(toy)
    found = canal_findings(spine, given, measure(spine, StatedExtent()), field_around(spine, given.grid))
    assert found == Skipped("the canal was not found at the involved levels")
