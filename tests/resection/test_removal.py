"""Removal on puzzles whose answer is known: a ring, a sac and a gap, drawn in voxels by hand."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, map_coordinates
from scipy.spatial.transform import Rotation, Slerp

from enbloc.anatomy import Frame, Part
from enbloc.core.errors import InputError
from enbloc.core.levels import Level
from enbloc.resection.nouns import Piece
from enbloc.resection.playback import between, frames_of
from enbloc.resection.removal import Scene, in_order, taken_out
from enbloc.resection.removal_answers import NONE_FOUND, approach_needed
from enbloc.resection.removal_nouns import RemovalSettings, Root, Way
from enbloc.resection.theatre import Theatre
from enbloc.resection.ways import UP, ranges_of

STEP_MM = 0.8
SHAPE = (75, 75, 16)
CENTRE_MM = np.array([0.0, 0.0, 0.0])
FRAME = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
STIFF = RemovalSettings(sac_yield=0.0, sideways_mm=25.0, lengthways_mm=25.0, lift_mm=0.0, tilt_deg=0.0)
SAC_MM = 8.0
"""Radius of the round sac: 16 mm wide."""


def places():
    """mm along right, anterior, superior of every voxel centre; the middle of the grid is the canal's centre."""
    axes = [(np.arange(n) - n // 2) * STEP_MM for n in SHAPE]
    return np.meshgrid(*axes, indexing="ij")


def round_sac():
    x, y, _ = places()
    return np.hypot(x, y) < SAC_MM


def horseshoe(gap_mm: float, inner_mm: float = 10.0, outer_mm: float = 14.0):
    """A ring about the sac, 8 mm high, open to the back between two walls `gap_mm` apart."""
    x, y, z = places()
    radius = np.hypot(x, y)
    open_behind = (np.abs(x) < gap_mm / 2.0) & (y < 0.0)
    return (radius >= inner_mm) & (radius < outer_mm) & ~open_behind & (np.abs(z) < 4.0)


def theatre(block, sac, **more) -> Theatre:
    part = np.where(block, Part.BODY, 0).astype(np.uint8)
    values = {
        "frame": FRAME,
        "start_mm": -np.array([n // 2 for n in SHAPE]) * STEP_MM,
        "step_mm": STEP_MM,
        "levels": (Level.T12,),
        "column": (Level.T11, Level.T12, Level.L1),
        "owner": np.where(block, 2, 0).astype(np.uint8),
        "part": part,
        "no_go": sac,
        "no_go_is_sac": True,
        "vessels": {},
        "ribs": {},
        "tumour": np.zeros(SHAPE, dtype=bool),
        "touch_mm": STEP_MM,
        "pieces": block.astype(np.uint8),
        "centre_mm": CENTRE_MM,
    }
    return Theatre(**{**values, **more})


def block(name: str = "anterior-block", label: int = 1) -> Piece:
    return Piece(name, label, (Level.T12,), 1000.0, 1000.0, 0.0, None)


def leaves(shape, sac, settings=STIFF, **more):
    return taken_out(Scene.of(theatre(shape, sac, **more), settings), (block(),)).pieces[0]


def ways(piece):
    return {tried.way: tried.found for tried in piece.tried}


def deepest_mm(piece, shape, obstacle, per_mm: float = 0.25) -> float:
    """The greatest depth of any voxel's face of the piece in an obstacle, at sub-steps, by scipy alone.

    Distances by scipy's Euclidean transform, rotations by its slerp between the poses.
    """
    outside = distance_transform_edt(~obstacle) * STEP_MM - STEP_MM
    inside = distance_transform_edt(obstacle) * STEP_MM
    signed = np.where(obstacle, -inside, outside)
    start = -np.array([n // 2 for n in SHAPE]) * STEP_MM
    points = np.argwhere(shape) * STEP_MM + start
    about, worst = np.array(piece.about_mm), np.inf
    for one, two in zip(piece.poses[:-1], piece.poses[1:], strict=True):
        turns = Rotation.from_rotvec(np.deg2rad([one.turn_deg, two.turn_deg]))
        slerp = Slerp([0.0, 1.0], turns)
        way = np.linalg.norm(np.subtract(two.moved_mm, one.moved_mm))
        way += (turns[0].inv() * turns[1]).magnitude() * np.linalg.norm(points, axis=1).max()
        for share in np.linspace(0.0, 1.0, int(np.ceil(way / per_mm)) + 1):
            moved = (1.0 - share) * np.array(one.moved_mm) + share * np.array(two.moved_mm)
            at = slerp(share).apply(points - about) + about + moved
            index = (at - start) / STEP_MM
            worst = min(worst, map_coordinates(signed, index.T, order=1, mode="nearest").min())
    return -float(worst)


# The sac is 19 voxels wide. A gap of 21 lets it pass; one of 17 does not. What lies between is the voxel's own width.
@pytest.mark.parametrize(("voxels", "passes"), [(21, True), (17, False)])
def test_a_gap_a_voxel_wider_on_each_side_lets_the_sac_pass_and_one_as_much_narrower_does_not(voxels, passes):
    assert np.ptp(np.argwhere(round_sac())[:, 0]) + 1 == 19
    shape = horseshoe(voxels * STEP_MM)
    assert leaves(shape, round_sac()).found is passes


def test_a_gap_one_voxel_narrower_than_the_sac_does_not_let_it_pass_and_one_wider_does():
    """Gaps of 18 and 20 voxels lie half a voxel beside the middle; the ring has 2 mm to shift."""
    x, y, z = places()
    radius = np.hypot(x, y)
    whole = (radius >= 10.0) & (radius < 14.0) & (np.abs(z) < 4.0)
    for voxels, passes in ((18, False), (20, True)):
        gap = (np.abs(x - STEP_MM / 2.0) < voxels * STEP_MM / 2.0) & (y < 0.0)
        fine = dataclasses.replace(STIFF, move_step_mm=0.4, sideways_mm=10.0, lengthways_mm=10.0)
        assert leaves(whole & ~gap, round_sac(), fine).found is passes


def test_a_yielding_sac_passes_a_gap_narrower_by_what_it_yields():
    """A quarter of 15.2 mm leaves 11.4: a gap of 13.6 mm passes, one of 8.8 does not."""
    yielding = dataclasses.replace(STIFF, sac_yield=0.25)
    assert leaves(horseshoe(17 * STEP_MM), round_sac(), yielding).found
    assert not leaves(horseshoe(11 * STEP_MM), round_sac(), yielding).found


def test_a_piece_around_the_whole_sac_is_not_found_a_way():
    piece = leaves(horseshoe(0.0), round_sac())
    assert not piece.found
    assert piece.way is None
    assert piece.poses == ()
    assert set(ways(piece).values()) == {False}
    assert NONE_FOUND in piece.says
    assert "impossible" not in piece.says


def test_an_open_ring_turns_to_free_itself_where_its_gap_faces_the_wrong_way():
    """A gap to the front lets the ring out straight back; a gap to the back has to be turned to the front first."""
    _x, _y, _z = places()
    piece = leaves(horseshoe(18.0), round_sac())
    turned = max(np.linalg.norm(pose.turn_deg) for pose in piece.poses)
    assert piece.found
    assert piece.way in (Way.TURNED_LEFT, Way.TURNED_RIGHT)
    assert turned >= 90.0 - STIFF.retraction_deg
    front = horseshoe(18.0)[:, ::-1]
    assert max(np.linalg.norm(pose.turn_deg) for pose in leaves(front, round_sac()).poses) == 0.0


@pytest.mark.parametrize("gap_mm", [17.0, 18.0, 21.0])
def test_the_path_keeps_out_of_the_sac_under_another_and_finer_check(gap_mm):
    """Every voxel, every 0.25 mm. Between two of the search's own looks, 0.5 mm apart, a point may enter by 0.25 mm."""
    shape, sac = horseshoe(gap_mm), round_sac()
    piece = leaves(shape, sac)
    assert piece.found
    assert deepest_mm(piece, shape, sac) <= 0.25


def test_the_clearance_told_is_that_of_the_path():
    """Against the other check, which looks twice as often: half of the 0.5 mm between looks, and the rounding."""
    shape, sac = horseshoe(21.0), round_sac()
    piece = leaves(shape, sac)
    told = next(each for each in piece.clearances if each.structure == "dural-sac")
    assert told.distance_mm.value == pytest.approx(-deepest_mm(piece, shape, sac), abs=0.26)


def blocked(side: int):
    """A wall beside the ring, from front to back, on the right (1) or left (-1)."""
    x, _, _ = places()
    return (side * x > 15.0) & (side * x < 17.0)


@pytest.mark.parametrize(
    ("side", "way", "other"), [(1, Way.TURNED_LEFT, Way.TURNED_RIGHT), (-1, Way.TURNED_RIGHT, Way.TURNED_LEFT)]
)
def test_a_wall_on_one_side_leaves_the_other(side, way, other):
    """In the mirror the answer is mirrored. The wall stands for the aorta, held fast; in front all is closed."""
    x, y, _ = places()
    closed = blocked(side) | (y > 15.0) | ((side * x > 0.0) & (y < -15.0))
    stiff = dataclasses.replace(STIFF, vessel_yield_mm=0.0, retraction_deg=30.0)
    piece = leaves(horseshoe(18.0), round_sac(), stiff, vessels={"aorta": closed & ~round_sac()})
    assert piece.found
    assert piece.way is way
    assert not ways(piece)[Way.ANTERIORLY]


def test_the_mirror_image_leaves_the_mirrored_way():
    """An odd block: its clearances and its way swap sides, to the step of the search."""
    x, y, z = places()
    lump = (np.hypot(x - 14.0, y - 6.0) < 4.0) & (np.abs(z) < 4.0)
    shape = horseshoe(19.0) | (lump & (np.hypot(x, y) >= 10.0))
    one, two = leaves(shape, round_sac()), leaves(shape[::-1], round_sac())
    swap = {Way.TURNED_LEFT: Way.TURNED_RIGHT, Way.TURNED_RIGHT: Way.TURNED_LEFT, Way.ANTERIORLY: Way.ANTERIORLY}
    assert {swap[way]: found for way, found in ways(one).items()} == ways(two)
    least = {swap[each.way]: each.least_mm for each in one.tried}
    for each in two.tried:
        assert each.least_mm == pytest.approx(least[each.way], abs=0.05)


def with_pedicles(**more):
    """The ring with a T12 pedicle on the right, whose root runs to the right below it."""
    shape = horseshoe(19.0)
    x, y, _z = places()
    part = np.where(shape, Part.BODY, 0).astype(np.uint8)
    part[shape & (x > 8.0) & (np.abs(y) < 5.0)] = Part.PEDICLE_RIGHT
    return shape, {"part": part, **more}


def test_a_root_to_be_kept_is_gone_around_where_another_way_is_found():
    shape, more = with_pedicles()
    kept = (Root(Level.T12, "right"),)
    patient = theatre(shape, round_sac(), **more)
    piece = taken_out(Scene.of(patient, dataclasses.replace(STIFF, root_yield_mm=0.0), kept), (block(),)).pieces[0]
    assert piece.found
    assert kept[0] not in piece.roots_that_must_go


def test_only_a_way_to_the_front_asks_for_an_approach_from_there():
    """A gap to the back and all closed but the front."""
    x, y, _ = places()
    closed = (np.abs(x) > 15.0) | (y < -15.0)
    stiff = dataclasses.replace(STIFF, vessel_yield_mm=0.0)
    removal = taken_out(Scene.of(theatre(horseshoe(18.0), round_sac(), vessels={"aorta": closed}), stiff), (block(),))
    step = approach_needed(removal)
    assert removal.pieces[0].way is Way.ANTERIORLY
    assert removal.corridor_mm is None
    assert step is not None
    assert "anterior" in step.gives
    free = taken_out(Scene.of(theatre(horseshoe(18.0), round_sac()), STIFF), (block(),))
    assert approach_needed(free) is None


def test_what_stays_is_in_the_way_and_is_not_taken_out():
    """A remaining half that closes in the ring all around holds it; left out, the ring is free."""
    shape, sac = horseshoe(18.0), round_sac()
    x, y, _ = places()
    shell = (np.hypot(x, y) > 15.0) & (np.hypot(x, y) < 18.0)
    labels = (shape + 2 * shell).astype(np.uint8)
    pieces = (block(), block("remaining-half", 2))
    removal = taken_out(Scene.of(theatre(shape, sac, pieces=labels), STIFF), pieces)
    assert [each.piece for each in removal.pieces] == ["anterior-block"]
    assert not removal.pieces[0].found
    assert "remaining-half" in " ".join(each.because for each in removal.pieces[0].tried)
    assert leaves(shape, sac).found


def test_the_corridor_is_as_wide_as_what_stands_beside_it():
    """Between the sac (9.5 voxels from the middle, 7.6 mm) and walls from 26.4 mm on (faces at 26.0): 18.4 mm, to a
    voxel on either side.
    """
    x, y, _ = places()
    shape = horseshoe(18.0, outer_mm=20.0)
    part = np.where(shape & (y > 10.0), Part.BODY, 0).astype(np.uint8)
    patient = theatre(shape, round_sac(), vessels={"aorta": np.abs(x) > 26.0}, part=part)
    removal = taken_out(Scene.of(patient, STIFF), (block(),))
    assert removal.pieces[0].way in (Way.TURNED_LEFT, Way.TURNED_RIGHT)
    assert removal.corridor_mm == pytest.approx(18.4, abs=2.0 * STEP_MM)


def test_frames_are_close_together_and_end_where_the_path_ends():
    removal = taken_out(Scene.of(theatre(horseshoe(18.0), round_sac()), STIFF), (block(),))
    piece = removal.pieces[0]
    frames = frames_of(removal, per_mm=2.0)[0]
    assert frames.poses[0].moved_mm == (0.0, 0.0, 0.0)
    assert frames.poses[-1] == piece.poses[-1]
    corner = np.array([[14.0, 0.0, 0.0]])
    tracks = np.array([pose.carry(corner, piece.about_mm)[0] for pose in between(piece, 2.0)])
    assert np.linalg.norm(np.diff(tracks, axis=0), axis=1).max() <= 2.0 + 1e-6


def test_a_pose_turns_about_its_point_and_then_moves():
    """A quarter turn about +S takes anterior to left."""
    from enbloc.resection.removal_nouns import Pose

    pose = Pose((0.0, 0.0, 90.0), (1.0, 2.0, 3.0))
    carried = pose.carry(np.array([[0.0, 5.0, 0.0]]), (0.0, 1.0, 0.0))
    assert carried[0] == pytest.approx([-4.0 + 1.0, 1.0 + 2.0, 3.0])


def test_arches_leave_from_above_also_where_one_holds_a_crumb_of_the_next():
    """The arch of L1 holds some of T12, its larger neighbour above; both are free to go."""
    upper, lower = (
        block("posterior-arch-T12", 1),
        dataclasses.replace(block("posterior-arch-L1", 2), levels=(Level.T12, Level.L1)),
    )
    assert [each.name for each in in_order((lower, block(), upper))] == [upper.name, lower.name, "anterior-block"]


def test_an_arch_that_lies_under_another_waits_for_it():
    """Two arches, the other one a plate behind all of the first: that has to wait."""
    x, y, z = places()
    inner = (np.abs(x) < 6.0) & (y > -16.0) & (y < -12.0) & (np.abs(z) < 4.0)
    plate = (y > -20.0) & (y < -17.0)
    labels = (inner + 2 * plate).astype(np.uint8)
    pieces = (block("posterior-arch-T12", 1), block("posterior-arch-L1", 2))
    removal = taken_out(
        Scene.of(theatre(inner, round_sac(), pieces=labels), dataclasses.replace(STIFF, lengthways_mm=8.0)), pieces
    )
    assert [each.piece for each in removal.pieces][:2] == ["posterior-arch-L1", "posterior-arch-T12"]
    assert all(each.found for each in removal.pieces)


@pytest.mark.parametrize(
    ("wide_mm", "deep_mm", "gap"), [(16, 10, 7), (16, 10, 9), (12, 16, 9), (14, 14, 13), (10, 16, 11)]
)
def test_a_gap_below_the_narrowest_width_is_never_solved(wide_mm, deep_mm, gap):
    """The cheap test before the search: what is found has a gap no more than a voxel below the narrowest width, less
    its yield. Oval sacs, gaps in voxels, a quarter of yield.
    """
    x, y, _ = places()
    sac = (2.0 * x / wide_mm) ** 2 + (2.0 * y / deep_mm) ** 2 < 1.0
    found = leaves(horseshoe(gap * STEP_MM), sac, dataclasses.replace(STIFF, sac_yield=0.25)).found
    if found:
        assert gap * STEP_MM + STEP_MM >= 0.75 * min(wide_mm, deep_mm)


def test_a_canal_that_stands_for_the_sac_gives_way_by_the_fat_as_well():
    """15.2 mm of canal: 11.4 with a quarter's yield, 8.4 with 1.5 mm of fat on each side; a gap of 8.8 mm (11 voxels)
    lets the canal's contents pass and not a labelled sac.
    """
    yielding = dataclasses.replace(STIFF, sac_yield=0.25)
    shape = horseshoe(11 * STEP_MM)
    assert leaves(shape, round_sac(), yielding, no_go_is_sac=False).found
    assert not leaves(shape, round_sac(), yielding).found


def test_one_thread_or_two_find_the_same(monkeypatch):
    """Two ways are searched at a time; nothing that one of them learns may reach the other."""

    class InTurn:
        def __init__(self, _threads):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

        def map(self, call, values):
            return [call(value) for value in reversed(list(values))][::-1]

    shape = horseshoe(19.0)
    together = taken_out(Scene.of(theatre(shape, round_sac()), STIFF), (block(),))
    monkeypatch.setattr("enbloc.core.side_by_side.ThreadPoolExecutor", InTurn)
    assert taken_out(Scene.of(theatre(shape, round_sac()), STIFF), (block(),)) == together


def test_of_the_ways_out_one_with_room_is_taken():
    """A gap of 21 voxels leaves the sac of 19 one voxel on each side, 0.8 mm. At the start the ring's voxels, centres
    10 mm and more from the middle, and the sac's, less than 8, leave at least 1.2 mm between their faces: a way that
    keeps 0.6 of that, 0.72 mm, is there to be found.
    """
    piece = leaves(horseshoe(21 * STEP_MM), round_sac())
    least = next(each.least_mm for each in piece.tried if each.way is piece.way)
    assert least >= 0.6 * 1.2 - 0.1  # between looks, and the rounding by which touching is not entering


def test_steps_too_fine_to_be_searched_are_wrong_input():
    """A fifth of a millimetre over 10 cm: memory would not hold the poses with height and tilts freed."""
    fine = RemovalSettings(move_step_mm=0.2, sideways_mm=100.0, lengthways_mm=100.0, lift_mm=10.0)
    with pytest.raises(InputError, match=r"resection\.removal"):
        list(ranges_of(Way.TURNED_LEFT, UP, fine))
