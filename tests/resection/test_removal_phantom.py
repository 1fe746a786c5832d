"""A whole T12 of a phantom, parted at the pedicles by its parts alone, leaves by ways that another check confirms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, map_coordinates

from enbloc.anatomy import BONE_PARTS, Part, locate
from enbloc.core.levels import Level
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom, mirrored
from enbloc.resection.lay import operative_field
from enbloc.resection.nouns import Piece
from enbloc.resection.playback import between
from enbloc.resection.removal import Scene, taken_out
from enbloc.resection.removal_nouns import RemovalSettings, Root, Way
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.theatre import theatre_of

SPEC = PhantomSpec(levels=("T11", "T12", "L1"), tumour=TumourSpec(type=1), asymmetry=0.05)
SETTINGS = RemovalSettings()
BLOCK, ARCH = 1, 2
BEFORE = (Part.BODY, Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT)
SWAP = {Way.TURNED_LEFT: Way.TURNED_RIGHT, Way.TURNED_RIGHT: Way.TURNED_LEFT, Way.ANTERIORLY: Way.ANTERIORLY}


def pieces():
    names = (("anterior-block", BLOCK), ("posterior-arch", ARCH))
    return tuple(Piece(name, n, (Level.T12,), 1e3, 1e3, 0.0, None) for name, n in names)


def laid(spec: PhantomSpec):
    imaging = make_phantom(spec).imaging
    spine = locate(imaging)
    field = operative_field(spine, imaging, (Level.T12,), ResectionSettings())
    own = (field.owner == field.number(Level.T12)) & (np.isin(field.part, BONE_PARTS) | field.tumour)
    label = np.where(own, np.where(np.isin(field.part, BEFORE), BLOCK, ARCH), 0).astype(np.uint8)
    return theatre_of(field, label, spine, imaging)


@pytest.fixture(scope="module")
def theatre():
    return laid(SPEC)


@pytest.fixture(scope="module")
def removal(theatre):
    return taken_out(Scene.of(theatre, SETTINGS), pieces())


def test_a_healthy_vertebra_parted_at_its_pedicles_comes_out(removal):
    arch, block = removal.pieces
    assert (arch.piece, arch.way) == ("posterior-arch", Way.DORSALLY)
    assert block.way in (Way.TURNED_LEFT, Way.TURNED_RIGHT)
    assert {tried.way for tried in block.tried} == set(SWAP)
    assert removal.corridor_mm is not None
    assert removal.corridor_mm > 15.0


def test_the_ways_hold_under_a_check_of_every_voxel_that_shares_no_code(theatre, removal):
    """Canal by at most an eighth of its width and the fat around the sac, bone by at most a voxel: faces of voxels.

    0.25 mm more may fall between the search's own looks, which are 0.5 mm apart.
    """
    step = theatre.step_mm
    bone = np.isin(theatre.part, BONE_PARTS) & (theatre.pieces == 0)
    below = bone & (theatre.owner == theatre.number(Level.L1))
    layers = np.flatnonzero(theatre.no_go.any(axis=(0, 1)))
    middle = theatre.no_go[:, :, layers[len(layers) // 2]]
    depth_mm = (np.ptp(np.flatnonzero(middle.any(axis=0))) + 1) * step
    for piece, label in zip(removal.pieces, (ARCH, BLOCK), strict=True):
        for obstacle, allowed in ((theatre.no_go, depth_mm / 8.0 + 1.5), (below, theatre.touch_mm)):
            signed = np.where(
                obstacle, -distance_transform_edt(obstacle) * step, distance_transform_edt(~obstacle) * step - step
            )
            points = np.argwhere(theatre.pieces == label) * step + theatre.start_mm
            world = theatre.frame.to_world(points)
            for pose in between(piece, 0.7):
                local = theatre.frame.to_local(pose.carry(world, piece.about_mm))
                at = ((local - theatre.start_mm) / step).T
                inside = map_coordinates(signed, at, order=1, mode="nearest")
                assert inside.min() >= -allowed - 0.25 - step / 8.0


def test_the_mirrored_patient_leaves_the_mirrored_ways(removal):
    """Whether each way is found. Voxels do not mirror exactly, so lengths may differ by one."""
    other = taken_out(Scene.of(laid(mirrored(SPEC)), SETTINGS), pieces()).pieces[1]
    mine = {SWAP[each.way]: each.found for each in removal.pieces[1].tried}
    assert mine == {each.way: each.found for each in other.tried}


def test_roots_that_are_kept_are_told_where_no_way_spares_them(theatre):
    """With every root kept and none yielding, a way either clears them all or names those that it divides."""
    kept = tuple(Root(level, side) for level in (Level.T11, Level.T12) for side in ("left", "right"))
    block = taken_out(Scene.of(theatre, replace(SETTINGS, root_yield_mm=0.0), kept), pieces()).pieces[1]
    assert block.found
    pressed = {each.structure for each in block.clearances if each.distance_mm.value < -0.25}
    spared = {root.name for root in kept} - {root.name for root in block.roots_that_must_go}
    assert not pressed & spared


def test_a_theatre_laid_out_once_is_that_of_a_new_look():
    """Fewer layers of the same patient in a theatre known already: the same voxels, with the new pieces. More layers
    need a new one.
    """
    imaging = make_phantom(SPEC).imaging
    spine = locate(imaging)
    field = operative_field(spine, imaging, (Level.T12,), ResectionSettings())
    own = (field.owner == field.number(Level.T12)) & np.isin(field.part, BONE_PARTS)
    layers = np.flatnonzero(own.any(axis=(0, 1)))
    fewer = own & (np.arange(field.shape[2]) < layers[-4])
    known, anew = (theatre_of(field, label.astype(np.uint8), spine, imaging) for label in (own, fewer))
    again = theatre_of(field, fewer.astype(np.uint8), spine, imaging, known)
    assert again.owner is known.owner
    low = np.rint((anew.start_mm - again.start_mm) / field.step_mm).astype(int)
    assert low.tolist()[:2] == [0, 0]
    there = slice(low[2], low[2] + anew.shape[2])
    for name in ("pieces", "owner", "part", "no_go", "tumour"):
        assert np.array_equal(getattr(again, name)[:, :, there], getattr(anew, name)), name
    assert again.pieces.sum() == anew.pieces.sum() == fewer.sum()
    assert theatre_of(field, own.astype(np.uint8), spine, imaging, anew).shape == known.shape
