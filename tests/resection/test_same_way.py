"""The way of one piece taken by another: where it is free, where it is not, and what it is checked with."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from enbloc.anatomy import Part
from enbloc.core.geometry import Box
from enbloc.core.levels import Level
from enbloc.resection.body import body_of
from enbloc.resection.motion import placed
from enbloc.resection.obstacles import NEAR_BY_MM, Distances, Obstacle, open_room, room_around
from enbloc.resection.path import swept, wholly_out
from enbloc.resection.removal import Scene, taken_out
from enbloc.resection.removal_answers import BESIDE_IT, SAME_WAY
from enbloc.resection.removal_nouns import PieceRemoval, Root, Way
from enbloc.resection.ways import along
from resection.test_removal import SHAPE, STEP_MM, STIFF, block, horseshoe, places, round_sac, theatre, with_pedicles

SAC = round_sac()
WIDE, OTHER = horseshoe(18.0), horseshoe(19.0)
"""Both leave around the sac of 16 mm; the second is the one with other cuts."""


def way_of(shape, **more) -> tuple[Scene, PieceRemoval]:
    scene = Scene.of(theatre(shape, SAC, **more), STIFF)
    return scene, taken_out(scene, (block(),)).pieces[0]


def with_other(scene: Scene, shape, **more) -> Scene:
    return scene.with_pieces(theatre(shape, SAC, **more), scene.axis)


def clear_of_sac(piece: PieceRemoval, shape) -> float:
    """Least distance (mm) from a voxel's centre of the piece to the axis of the round sac, checked each 0.2 mm by
    scipy's rotations.
    """
    points = np.stack(places(), axis=-1)[shape]
    least = np.inf
    for one, two in zip(piece.poses[:-1], piece.poses[1:], strict=True):
        turn = np.array([one.turn_deg, two.turn_deg])
        move = np.array([one.moved_mm, two.moved_mm])
        far = np.linalg.norm(np.diff(move, axis=0)) + 20.0 * np.deg2rad(np.linalg.norm(np.diff(turn, axis=0)))
        for share in np.linspace(0.0, 1.0, 2 + int(far / 0.2)):
            rotation = Rotation.from_rotvec(np.deg2rad(turn[0] + share * (turn[1] - turn[0])))
            carried = rotation.apply(points) + move[0] + share * (move[1] - move[0])
            least = min(least, float(np.hypot(carried[:, 0], carried[:, 1]).min()))
    return least


def test_a_piece_of_other_cuts_goes_the_way_that_is_free_for_it_too():
    scene, known = way_of(WIDE)
    (again,) = taken_out(with_other(scene, OTHER), (block(),), [known]).pieces
    assert (again.found, again.way) == (True, known.way)
    assert [(tried.because, tried.poses) for tried in again.tried] == [(SAME_WAY, 0)]
    assert again.poses == known.poses
    assert again.clearances == ()
    # Voxels of sac and piece reach half a voxel beyond their centres; bone may graze the sac, here by no more.
    assert clear_of_sac(again, OTHER) >= 8.0 - STEP_MM


def test_where_that_way_is_barred_another_one_is_taken():
    """A wall beside the wing that the known way turns past: the block leaves to the other side, by the way known there
    or, where none is, by one that is sought.
    """
    _, known = way_of(WIDE)
    x, *_ = places()
    side = -1.0 if known.way is Way.TURNED_LEFT else 1.0
    wall = (side * x > 15.0) & (side * x < 17.0)
    barred = Scene.of(theatre(OTHER, SAC, vessels={"aorta": wall}), replace(STIFF, vessel_yield_mm=0.0))
    (known_too,) = taken_out(barred, (block(),), [known]).pieces
    (sought,) = taken_out(barred, (block(),), [replace(known, paths=known.paths[:1])]).pieces
    assert known_too.way is sought.way
    assert sought.way not in (known.way, None)
    assert [tried.because for tried in known_too.tried] == [SAME_WAY]
    assert all(tried.because != SAME_WAY for tried in sought.tried)


def test_a_way_through_a_root_to_be_kept_is_not_taken_over():
    """The way known runs through the root on the right: free where that may go, and not where it is kept."""
    shape, more = with_pedicles()
    _, known = way_of(WIDE)
    to_the_right = replace(known, paths=tuple(path for path in known.paths if path.way is Way.TURNED_RIGHT))
    root, stiff = Root(Level.T12, "right"), replace(STIFF, root_yield_mm=0.0)
    patient = theatre(shape, SAC, **more)
    (free,) = taken_out(Scene.of(patient, stiff), (block(),), [to_the_right]).pieces
    assert ([tried.because for tried in free.tried], free.roots_that_must_go) == ([SAME_WAY], (root,))
    (spared,) = taken_out(Scene.of(patient, stiff, (root,)), (block(),), [to_the_right]).pieces
    assert (spared.found, spared.roots_that_must_go) == (True, ())
    assert all(tried.because != SAME_WAY for tried in spared.tried)


def test_a_way_that_other_cuts_had_is_not_granted_where_none_is():
    """A gap of 13 mm for a sac of 16, from which the wider one got out."""
    scene, known = way_of(WIDE)
    (again,) = taken_out(with_other(scene, horseshoe(13.0)), (block(),), [known]).pieces
    assert not again.found
    assert again.poses == ()
    assert {tried.way for tried in again.tried} == {Way.TURNED_LEFT, Way.TURNED_RIGHT, Way.ANTERIORLY}


def test_the_first_way_will_do_where_the_other_piece_has_one():
    """Not where it has none: then room counts as for the plan's own pieces."""
    scene, known = way_of(WIDE)
    lost = replace(known, paths=(replace(known.paths[0], poses=far_off(known.paths[0].poses)),))
    other = with_other(scene, horseshoe(17.0))
    (first,) = taken_out(other, (block(),), [lost]).pieces
    (full,) = taken_out(other, (block(),), [replace(known, paths=())]).pieces
    assert first.found
    assert full.found
    assert room(first) <= room(full)
    assert sum(tried.poses for tried in first.tried) < sum(tried.poses for tried in full.tried)


def far_off(poses):
    """The same ways 30 mm farther to the front: through bone or sac."""
    moved = poses.copy()
    moved[1:, 1] += 30.0
    return moved


def room(piece: PieceRemoval) -> float:
    return next(tried.least_mm for tried in piece.tried if tried.way is piece.way)


@pytest.mark.parametrize("way", [Way.TURNED_LEFT, Way.ANTERIORLY])
def test_a_longer_piece_goes_on_until_it_is_wholly_out(way):
    """A bar from the middle 20 mm to either end, moved by 30 mm: the last voxel still lies within; by hand its far end
    is then 20 mm beyond the middle less 30, and has to lie beyond the first (for the front: past the last) voxel.
    """
    x, y, z = places()
    bar = (np.abs(x) < 3.0) & (np.abs(y) < 20.0) & (np.abs(z) < 3.0)
    body = body_of(bar, STEP_MM, np.array([n // 2 for n in SHAPE]) * STEP_MM)
    forward = 1.0 if way is Way.ANTERIORLY else -1.0
    poses = np.zeros((2, 6))
    poses[1, :2] = 3.0, 30.0 * forward
    extent = STEP_MM * np.array(SHAPE)
    out = wholly_out(body, way, poses, extent)
    turn, shift = placed(body.pivot, out[-1])
    ends = (body.points @ turn.T + shift)[:, 1]
    assert (ends.min() > extent[1] - STEP_MM) if way is Way.ANTERIORLY else (ends.max() < 0.0)
    assert out[-1, 0] / out[-1, 1] == pytest.approx(3.0 / 30.0 * forward), "straight on"
    assert np.array_equal(wholly_out(body, way, out, extent), out), "what is out is not moved on"


@pytest.mark.parametrize(("aside", "barred"), [(-1.0, True), (1.0, False)])
def test_another_piece_still_in_place_bars_a_way_known_without_it(aside, barred):
    """The block turns to the left and leaves aslant; a half that stays stands 28 mm off on that line, or on the other
    side. It is looked at about that way alone, only as far as counts.
    """
    scene, known = way_of(WIDE)
    x, y, _ = places()
    half = (np.abs(x - aside * 20.0) < 3.0) & (np.abs(y + 20.0) < 3.0)
    labels = (WIDE + 2 * half).astype(np.uint8)
    patient = scene.with_pieces(theatre(WIDE | half, SAC, pieces=labels), scene.axis)
    to_the_left = replace(known, paths=known.paths[:1])
    assert to_the_left.paths[0].way is Way.TURNED_LEFT
    (again,) = taken_out(patient, (block(), block("remaining-half", 2)), [to_the_left]).pieces
    assert (again.poses == known.poses) is not barred
    assert again.found
    assert barred or [tried.because for tried in again.tried] == [SAME_WAY]


def test_what_is_near_a_way_alone_leaves_the_same_room_along_it_as_all():
    """Thin plates drawn beside known turns, 1 to 9 mm off: the least room as far as NEAR_BY_MM, and no more is told. A
    field that jumped where the looking ends would have balls of the body's parts pass over what lies in between.
    """
    scene, known = way_of(WIDE)
    body = body_of(scene.theatre.rigid(1), STEP_MM, scene.theatre.from_start(scene.theatre.centre_mm))
    x, y, _ = places()
    seen = []
    for off_mm in np.arange(1.0, 9.0, 0.8):
        for path in known.paths[:2]:
            plate = (y < -14.0 - off_mm) & (y > -14.0 - off_mm - 1.0) & (np.abs(x) < 6.0)
            obstacles = [Obstacle("plate", plate, 0.0)]
            open_all = open_room(SHAPE)
            whole = room_around(obstacles, open_all, Distances(STEP_MM))
            part = room_around(obstacles, open_all, Distances(STEP_MM), swept(body, path.poses, scene.theatre))
            turn = path.poses[:-1]
            least = along(body, whole, STEP_MM, turn, 0.5)
            # Where the two are looked at along the way may differ by a jump's slack: a quarter of a voxel.
            assert along(body, part, STEP_MM, turn, 0.5) == pytest.approx(min(least, NEAR_BY_MM), abs=0.25 * STEP_MM)
            seen.append(least)
    assert min(seen) < 1.0
    assert max(seen) > NEAR_BY_MM


def test_a_way_beside_the_known_one_is_taken_where_that_is_barred_and_the_settings_let_it():
    """A ring of 12 to 14 mm turns about the sac of 8; a post behind it stands 13.6 mm off the middle and 14.8
    off once the ring is 3 mm to the left, which leaves a millimetre to the sac.
    """
    ring = horseshoe(22.0, 12.0, 14.0)
    _, known = way_of(ring)
    to_the_left = replace(known, paths=known.paths[:1])
    assert to_the_left.paths[0].way is Way.TURNED_LEFT
    x, y, _ = places()
    post = (x > 4.0) & (x < 5.6) & (y > -14.6) & (y < -13.0)
    stiff = replace(STIFF, vessel_yield_mm=0.0)
    near, nearer = (
        Scene.of(theatre(ring, SAC, vessels={"aorta": post}), replace(stiff, sideways_mm=mm)) for mm in (25.0, 1.0)
    )
    (beside,) = taken_out(near, (block(),), [to_the_left]).pieces
    assert [tried.because for tried in beside.tried] == [BESIDE_IT]
    assert beside.poses[0] == known.poses[0]
    assert beside.poses[1].moved_mm[0] == pytest.approx(known.poses[1].moved_mm[0] - 3.0)
    (sought,) = taken_out(nearer, (block(),), [to_the_left]).pieces
    assert all(tried.because not in (SAME_WAY, BESIDE_IT) for tried in sought.tried)


def test_the_swept_box_holds_every_voxel_all_along():
    """Drawn paths, each looked at a hundred times between its poses."""
    rng = np.random.default_rng(3)
    body = body_of(WIDE, STEP_MM, np.array([n // 2 for n in SHAPE]) * STEP_MM)
    place = theatre(WIDE, SAC)
    for _ in range(5):
        poses = np.cumsum(rng.normal(0.0, [3.0, 3.0, 0.5, 0.02, 0.02, 0.08], (6, 6)), axis=0)
        box = swept(body, poses, place)
        for one, two in itertools.pairwise(poses):
            for share in np.linspace(0.0, 1.0, 100):
                turn, shift = placed(body.pivot, one + share * (two - one))
                at = (body.points @ turn.T + shift) / STEP_MM
                inside = np.clip(at, 0.0, np.array(SHAPE) - 1.0)
                assert (inside.min(axis=0) >= box.lower).all()
                assert (inside.max(axis=0) <= np.array(box.upper) - 1).all()


def test_room_looked_at_in_a_box_is_that_of_the_whole_as_far_as_it_counts():
    """Against the whole field: equal in the box where nearer than NEAR_BY_MM, and else that much."""
    rng = np.random.default_rng(5)
    box = Box((20, 10, 2), (50, 40, 14))
    for _ in range(4):
        masks = [rng.random(SHAPE) < 2e-4 for _ in range(3)]
        obstacles = [Obstacle(f"o{n}", mask, 0.5 * (n % 2)) for n, mask in enumerate(masks)]
        whole = room_around(obstacles, open_room(SHAPE), Distances(STEP_MM))[box.slices]
        part = room_around(obstacles, open_room(SHAPE), Distances(STEP_MM), box)[box.slices]
        near = whole < NEAR_BY_MM
        assert near.any()
        assert np.array_equal(part[near], whole[near])
        assert (part[~near] == NEAR_BY_MM).all()


def test_distances_are_taken_once_for_the_same_voxels_and_anew_for_others():
    held = Distances(STEP_MM)
    first = held.to("aorta", WIDE)
    assert held.to("aorta", WIDE.copy()) is first
    other = held.beside()
    assert other.to("aorta", WIDE) is first
    assert other.to("aorta", SAC) is not first
    assert held.to("aorta", WIDE) is first, "what another learns is not learnt here"
    assert held.to("aorta", SAC).mm.shape != first.mm.shape


@pytest.mark.parametrize("shape", [OTHER, horseshoe(18.0, outer_mm=16.0)])
def test_other_pieces_of_the_same_patient_see_what_a_new_look_sees(shape):
    """The second shape takes out other voxels than the first, so that what stays changes."""
    part = np.where(horseshoe(12.0, outer_mm=20.0), Part.BODY, 0).astype(np.uint8)
    owner = np.where(part > 0, 3, 0).astype(np.uint8)
    more = {"part": part, "owner": owner, "vessels": {"aorta": np.hypot(*places()[:2]) > 24.0}}
    scene, _ = way_of(WIDE, **more)
    again, anew = with_other(scene, shape, **more), Scene.of(theatre(shape, SAC, **more), STIFF)
    assert np.array_equal(again.room, anew.room)
    assert [each.name for each in again.stands] == [each.name for each in anew.stands]
    assert all(np.array_equal(a.mask, b.mask) for a, b in zip(again.stands, anew.stands, strict=True))
    assert any(each.name == f"{Level.L1}-bone" for each in anew.stands)
