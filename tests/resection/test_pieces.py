"""Pieces of blocks whose volumes are counted by hand.

The vertebra T12, 1 mm voxels, origin at voxel (0, 0, 0):
body      i 0-19, j 20-39, k 0-9     4000 voxels
pedicles  j 12-19, left i 0-4, right i 15-19, k 0-9     400 each
arch      i 0-19, j 0-11, k 0-9     2400
Over it a disc (body's columns, k 10-13, T11's) and T11's body (k 14-19). Tumour is the body from j 30 on.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.anatomy import Frame, Part
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Affine
from enbloc.core.levels import Level
from enbloc.core.mesh import enclosed_mm3, is_closed
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import ClassRange, Cut, Gate, Loss, MarginClass, Pieces, Tissue
from enbloc.resection.pieces import margin_histogram, pieces_of

SHAPE = (24, 44, 48)
BODY = (slice(0, 20), slice(20, 40))
LEFT = (slice(0, 5), slice(12, 20))
RIGHT = (slice(15, 20), slice(12, 20))
ARCH = (slice(0, 20), slice(0, 12))
WIDE = ClassRange(MarginClass.WIDE, (MarginClass.WIDE,), ())
FREE = Measured(20.0, 20.0, 20.0)


def place(part, owner, floor: int, number: int, height: int = 10) -> None:
    k = slice(floor, floor + height)
    for where, code in ((BODY, Part.BODY), (LEFT, Part.PEDICLE_LEFT), (RIGHT, Part.PEDICLE_RIGHT)):
        part[(*where, k)] = code
        owner[(*where, k)] = number
    part[(*ARCH, k)] = Part.SPINOUS
    owner[(*ARCH, k)] = number


def block(levels: tuple[Level, ...] = (Level.T12,), **changes) -> OperativeField:
    """T12 alone; with two levels, L1 stands 10 voxels over T12 in the array, as T11 does: only numbers matter."""
    part, owner = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    place(part, owner, 0, 2)
    part[(*BODY, slice(10, 14))] = Part.DISC
    owner[(*BODY, slice(10, 14))] = 1
    part[(*BODY, slice(14, 20))] = Part.BODY
    owner[(*BODY, slice(14, 20))] = 1
    tumour = (owner == 2) & (np.indices(SHAPE)[1] >= 30)
    tumour_mm = np.broadcast_to(29.5 - np.arange(SHAPE[1], dtype=np.float32)[None, :, None], SHAPE).copy()
    empty = np.zeros(SHAPE, bool)
    field = OperativeField(
        frame=Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        start_mm=np.zeros(3),
        step_mm=1.0,
        levels=levels,
        column=(Level.T11, Level.T12, Level.L1),
        owner=owner,
        part=part,
        tumour=tumour,
        tumour_mm=tumour_mm,
        no_go=empty,
        no_go_mm=np.full(SHAPE, 1e3, np.float32),
        no_go_is_sac=False,
        no_go_basis="",
        vessel_mm={},
        ribs={},
        estimated=empty,
        canal_centre_mm={},
        noise_mm=1.25,
        voxel_mm=1.0,
        thick_slices=False,
    )
    return replace(field, **changes)


def cut(gate: Gate, point, normal, polygon, kerf_mm: float = 0.5, level: Level = Level.T12) -> Cut:
    return Cut(
        name=f"{level}-{gate}", order=1, gate=gate, level=level, tissue=Tissue.PEDICLE, point_mm=point, normal=normal,
        polygon_mm=polygon, kerf_mm=kerf_mm, margin_mm=FREE, margin_class=WIDE, section_mm2=1.0, tumour_mm2=0.0,
        depth_mm=0.0, canal_angle_deg=None, sac_clearance_mm=FREE, vessels=(), loss=Loss(),
    )  # fmt: skip


def coronal(gate: Gate, y: float, i: tuple[float, float], k: tuple[float, float] = (-0.5, 9.5), **wishes) -> Cut:
    """A cut square to the front, whose section is the rectangle i x k."""
    corners = ((i[0], y, k[0]), (i[1], y, k[0]), (i[1], y, k[1]), (i[0], y, k[1]))
    return cut(gate, (i[0], y, k[0]), (0.0, 1.0, 0.0), corners, **wishes)


def axial(z: float, back: float = 19.5) -> Cut:
    """A cranial cut through the column in front of `back`."""
    corners = ((-0.5, back, z), (-0.5, 39.5, z), (19.5, 39.5, z), (19.5, back, z))
    return cut(Gate.CRANIAL, (0.0, 30.0, z), (0.0, 0.0, -1.0), corners)


def left(**wishes) -> Cut:
    return coronal(Gate.LEFT, 15.5, (-0.5, 4.5), **wishes)


def right(**wishes) -> Cut:
    return coronal(Gate.RIGHT, 17.5, (14.5, 19.5), **wishes)


def volumes(field: OperativeField, *cuts: Cut) -> dict[str, float]:
    return {piece.name: piece.volume_mm3 for piece in pieces_of(field, cuts)[0]}


FRONT, BACK = 4000 + 4 * 50 + 2 * 50, 2400 + 4 * 50 + 6 * 50
"""The pedicles, 50 voxels a layer, are cut behind layer 15 on the left and behind layer 17 on the right."""


def test_two_ring_cuts_leave_the_body_and_the_arch():
    pieces, drawn = pieces_of(block(), (left(), right()))
    assert [(p.name, p.label, p.levels) for p in pieces] == [
        ("anterior-block", 1, (Level.T12,)),
        ("posterior-arch", 2, (Level.T12,)),
    ]
    front, back = pieces
    assert (front.volume_mm3, front.tumour_mm3, front.bone_mm3) == (FRONT, 2000.0, FRONT - 2000.0)
    assert (back.volume_mm3, back.tumour_mm3, back.bone_mm3) == (BACK, 0.0, BACK)
    assert [int((drawn.label == n).sum()) for n in (1, 2)] == [FRONT, BACK]


def test_margin_of_a_piece_is_that_of_its_nearest_cut():
    """Tumour begins at y = 29.5; the right cut at 17.5 is nearer: 12 mm, less half a kerf."""
    for piece in pieces_of(block(), (left(), right(kerf_mm=1.0)))[0]:
        assert piece.margin_mm is not None
        assert piece.margin_mm.value == pytest.approx(11.5, abs=1e-5)  # 32-bit distances
        assert piece.margin_mm.high - piece.margin_mm.low == pytest.approx(2.5, abs=1e-5)  # twice the noise of 1.25


def test_one_cut_parts_nothing():
    assert volumes(block(), left()) == {"specimen": FRONT + BACK}


def test_a_cut_that_ends_short_of_the_bone_does_not_sever():
    """Two layers are left on top; the polygon reaches one voxel farther than drawn, not two."""
    assert volumes(block(), left(), right(k=(-0.5, 7.4))) == {"specimen": FRONT + BACK}
    assert set(volumes(block(), left(), right(k=(-0.5, 8.4)))) == {"anterior-block", "posterior-arch"}


def test_cut_through_the_disc_takes_the_disc_on_its_side():
    """Of the disc's layers 10 to 13, two lie under z = 11.5, each of 400 voxels."""
    assert volumes(block(), left(), right(), axial(11.5)) == {"anterior-block": FRONT + 800, "posterior-arch": BACK}


def test_cut_through_the_neighbour_takes_disc_and_bone_on_its_side():
    """All four layers of disc and T11's body from 14 to 16."""
    assert volumes(block(), left(), right(), axial(16.5))["anterior-block"] == FRONT + 7 * 400


def test_a_ring_cut_along_the_body_goes_on_through_what_is_left_on_it():
    """The right cut takes a strip of 5 columns off the body; on body and strip lie 4 layers of disc and 3 of T11."""
    corners = ((14.5, 19.5, -0.5), (14.5, 39.5, -0.5), (14.5, 39.5, 9.5), (14.5, 19.5, 9.5))
    along = cut(Gate.RIGHT, corners[0], (1.0, 0.0, 0.0), corners)
    assert volumes(block(), left(), along, axial(16.5)) == {
        "anterior-block": 15 * 20 * 17 + 4 * 50,
        "posterior-arch": 5 * 20 * 17 + 8 * 50 + 4 * 50 + 2400,
    }


def test_cut_under_the_endplate_leaves_a_fragment_behind():
    """Over it stand layers 8 and 9: 400 voxels of body, half of them tumour, and 6 rows of 5 of the pedicles, each.

    At y = 39 tumour lies 9.5 mm deep; half a kerf more is sawn.
    """
    pieces = {piece.name: piece for piece in pieces_of(block(), (left(), right(), axial(7.5, back=15.5)))[0]}
    assert pieces["fragment"].volume_mm3 == 860.0
    assert pieces["fragment"].tumour_mm3 == 400.0
    assert pieces["anterior-block"].margin_mm is not None
    assert pieces["anterior-block"].margin_mm.value == pytest.approx(-9.75, abs=1e-5)


def test_a_cut_that_stops_at_the_pedicle_does_not_sever_the_body():
    assert volumes(block(), left(), right(), axial(7.5)) == {"anterior-block": FRONT, "posterior-arch": BACK}


def test_split_body_leaves_half_of_it():
    """Tumour only on the left of x = 9.5: the right half stays with the arch behind the left cut."""
    field = block()
    sided = replace(field, tumour=field.tumour & (np.indices(SHAPE)[0] < 8))
    corners = ((9.5, 19.5, -0.5), (9.5, 39.5, -0.5), (9.5, 39.5, 9.5), (9.5, 19.5, 9.5))
    split = cut(Gate.SPLIT, (9.5, 20.0, 0.0), (-1.0, 0.0, 0.0), corners)
    assert volumes(sided, left(), split) == {
        "specimen": 2000 + 4 * 50,
        "remaining-half": 2000 + 400 + 2400 + 4 * 50,
    }


def test_a_crumb_goes_with_the_piece_it_touches():
    field = block()
    field.part[20, 30, 5], field.owner[20, 30, 5] = Part.BODY, 2
    corners = ((19.5, 29.8, 4.8), (19.5, 30.2, 4.8), (19.5, 30.2, 5.2), (19.5, 29.8, 5.2))
    nick = cut(Gate.RIGHT, (19.5, 30.0, 5.0), (-1.0, 0.0, 0.0), corners)
    assert volumes(field, left(), right(), nick) == {"anterior-block": FRONT + 1, "posterior-arch": BACK}


def test_crumbs_that_touch_nothing_are_reported():
    field = block()
    for place_ in ((22, 2, 2), (22, 40, 40)):
        field.part[place_], field.owner[place_] = Part.TRANSVERSE_RIGHT, 2
    assert volumes(field, left(), right())["fragment"] == 2.0


def two_levels() -> OperativeField:
    """T12 (number 2, k 14-23) over L1 (3, k 0-9), T12's disc between, arches touching: T12's reaches down to k 10."""
    field = block((Level.T12, Level.L1))
    field.part[:], field.owner[:] = 0, 0
    place(field.part, field.owner, 0, 3)
    place(field.part, field.owner, 14, 2)
    field.part[(*BODY, slice(10, 14))], field.owner[(*BODY, slice(10, 14))] = Part.DISC, 2
    field.part[(*ARCH, slice(10, 14))], field.owner[(*ARCH, slice(10, 14))] = Part.SPINOUS, 2
    return replace(field, tumour=(field.owner > 0) & (np.indices(SHAPE)[1] >= 30))


def test_two_levels_come_out_as_one_block_and_an_arch_each():
    """The disc joins the bodies; joints between the arches are parted by hand and join nothing."""
    field = two_levels()
    upper = {"k": (13.5, 23.5), "level": Level.T12}
    found = volumes(field, left(level=Level.L1), right(level=Level.L1), left(**upper), right(**upper))
    assert found == {
        "anterior-block": 2 * FRONT + 4 * 400,
        "posterior-arch-T12": BACK + 4 * 240,
        "posterior-arch-L1": BACK,
    }


def test_tumour_across_a_joint_joins_the_arches():
    field = two_levels()
    field.tumour[5:8, 3:6, 8:13] = True
    upper = {"k": (13.5, 23.5), "level": Level.T12}
    found = volumes(field, left(level=Level.L1), right(level=Level.L1), left(**upper), right(**upper))
    assert found == {"anterior-block": 2 * FRONT + 1600, "posterior-arch": 2 * BACK + 960}


def test_mirrored_cuts_leave_mirrored_pieces():
    """Columns 0 to 19 seen in a mirror; the phantom's left becomes its right."""
    field = block()
    flip = replace(
        field, **{n: np.ascontiguousarray(getattr(field, n)[::-1]) for n in ("part", "owner", "tumour", "tumour_mm")}
    )
    shift = SHAPE[0] - 1.0
    over = [
        coronal(Gate.RIGHT, 15.5, (shift - 4.5, shift + 0.5)),
        coronal(Gate.LEFT, 17.5, (shift - 19.5, shift - 14.5)),
    ]
    _, seen = pieces_of(flip, tuple(over))
    _, plain = pieces_of(field, (left(), right()))
    np.testing.assert_array_equal(seen.label[::-1], plain.label)


def test_surface_of_the_specimen_is_closed_and_carries_the_distance():
    _, drawn = pieces_of(block(), (left(), right()))
    assert is_closed(drawn.faces)
    # Smoothing rounds edges: each of some 200 mm of edge loses less than a voxel's corner of 1 mm2.
    assert enclosed_mm3(drawn.vertices_mm.astype(np.float64), drawn.faces) == pytest.approx(FRONT, abs=200.0)
    # tumour_mm of the block is 29.5 - y everywhere inside the array; beyond its edge the nearest voxel's.
    inside = (drawn.vertices_mm > 0.0).all(axis=1)
    np.testing.assert_allclose(drawn.margin_mm[inside], 29.5 - drawn.vertices_mm[inside, 1], atol=1e-4)


def test_histogram_adds_up_areas():
    """Right triangles of 2 and 8 mm2 at means of 0.5 and 6 mm, and one of 0.5 mm2 in tumour."""
    points = [[0, 0, 0], [2, 0, 0], [0, 2, 0], [0, 0, 9], [4, 0, 9], [0, 4, 9], [0, 0, 5], [1, 0, 5], [0, 1, 5]]
    margin = np.array([0.0, 0.5, 1.0, 6.0, 6.0, 6.0, -1.0, -1.0, -1.0], np.float32)
    drawn = Pieces(
        np.zeros((1, 1, 1), np.uint8),
        Affine(np.eye(4)),
        np.array(points, np.float32),
        np.arange(9, dtype=np.int32).reshape(3, 3),
        margin,
    )
    found = {entry.upto_mm: (entry.area_mm2, entry.share) for entry in margin_histogram(drawn)}
    assert list(found) == [0, 1, 2, 3, 5, 7, 10, 15, 20]
    assert found[0] == pytest.approx((0.5, 0.5 / 10.5))
    for upto in (1, 2, 3, 5):
        assert found[upto] == pytest.approx((2.5, 2.5 / 10.5))
    for upto in (7, 20):
        assert found[upto] == pytest.approx((10.5, 1.0))
