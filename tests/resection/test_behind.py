"""Gaps to what lies behind a barrier against a loop over all pairs, and tumour beyond barriers counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.anatomy import Barrier, compartments
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, LabelMap
from enbloc.phantom import PhantomSpec, make_phantom
from enbloc.resection.behind import gap_mm, nearest_gap, neighbour, vessel_masks
from enbloc.resection.beyond import TOWARDS_CANAL, _behind, tumour_of_levels, voxels_beyond
from enbloc.tumour import contacts
from enbloc.tumour.noise import NoiseFloor
from tumour.near import framed
from tumour.toy import Toy

SPACING = np.array([0.83, 1.07, 1.71])
CUBE = np.ones(3)


def slow_gap(tumour: np.ndarray, structure: np.ndarray, spacing: np.ndarray) -> float:
    """Outside: least distance of centres less a voxel along that way. Inside: the deepest voxel's way out."""
    there = [np.array(at) for at in np.argwhere(structure)]
    others = [np.array(at) for at in np.argwhere(~structure)]
    depth, least = 0.0, np.inf
    for at in tumour:
        if structure[tuple(at)]:
            depth = max(depth, min(np.linalg.norm((at - other) * spacing) for other in others))
            continue
        way = min(((at - other) for other in there), key=lambda way: float(np.linalg.norm(way * spacing)))
        mm = float(np.linalg.norm(way * spacing))
        least = min(least, mm - mm / float(np.linalg.norm(way)))
    return -depth if depth else max(0.0, least)


@pytest.mark.parametrize("seed", range(20))
def test_a_gap_is_that_of_all_pairs(seed):
    """Blocks of random place and size, apart or overlapping; sums of a few numbers, so 1e-9."""
    random = np.random.default_rng(seed)
    structure, tumour = np.zeros((14, 13, 12), bool), np.zeros((14, 13, 12), bool)
    for mask in (structure, tumour):
        low = random.integers(2, 8, 3)
        high = low + random.integers(1, 4, 3)
        mask[tuple(slice(a, b) for a, b in zip(low, high, strict=True))] = True
    found = gap_mm(np.argwhere(tumour), structure, SPACING)
    assert found == pytest.approx(slow_gap(np.argwhere(tumour), structure, SPACING), abs=1e-9)


def test_gaps_by_hand():
    """Voxels of 1 mm: neighbours touch (0), one free voxel between is 1 mm, one layer inside is 1 mm deep."""
    wall = np.zeros((40, 9, 9), bool)
    wall[20:] = True
    for last, gap in ((19, 0.0), (18, 1.0), (10, 9.0), (20, -1.0), (22, -3.0)):
        assert gap_mm(np.array([[last, 4, 4], [last - 1, 4, 4]]), wall, CUBE) == gap
    assert gap_mm(np.empty((0, 3), int), wall, CUBE) is None
    assert gap_mm(np.array([[1, 4, 4]]), np.zeros((40, 9, 9), bool), CUBE) is None


def test_beyond_the_reach_nothing_is_measured():
    """30 mm, as for vessels elsewhere: 31 voxels from centre to centre are 30 mm of gap, 32 are 31."""
    wall = np.zeros((60, 3, 3), bool)
    wall[40:] = True
    assert gap_mm(np.array([[9, 1, 1]]), wall, CUBE) == 30.0
    assert gap_mm(np.array([[8, 1, 1]]), wall, CUBE) is None


def test_the_nearest_structure_is_named():
    near, far = np.zeros((20, 3, 3), bool), np.zeros((20, 3, 3), bool)
    near[8], far[15] = True, True
    gap = nearest_gap(np.array([[4, 1, 1]]), {"far": far, "near": near}, CUBE)
    assert gap is not None
    assert (gap.to, gap.mm) == ("near", 3.0)


def counted(toy: Toy) -> dict:
    spine = framed(toy)
    met = [c for c in contacts(spine, compartments(spine)) if c.compartment.level is Level.T12]
    return dict(voxels_beyond(spine, met, NoiseFloor.of(spine.grid)))


def test_tumour_beside_the_body_lies_beyond_its_periosteum():
    """Wall at i 19.5; farther than 1.25 voxels lie the layers i 10 to 18: 9 x 10 x 6 voxels."""
    found = counted(Toy().paint("T12", (10, 34), (34, 44)))
    assert found == {(Level.T12, Barrier.LATERAL_LEFT): 540}


def test_tumour_in_the_canal_lies_beyond_what_closes_it():
    """Wall at j 29.5; farther lie the rows j 26 to 28: 3 x 8 x 6."""
    found = counted(Toy().paint("T12", (26, 34), (26, 40)))
    assert sum(found.values()) == 144
    assert {barrier for _, barrier in found} <= set(TOWARDS_CANAL)


def test_tumour_in_the_disc_lies_beyond_the_endplate():
    """Endplate at k -0.5; farther lie k -2 to -4 of the disc: 3 x 8 x 10. Bone of L1 is not counted here."""
    found = counted(Toy().paint("T12", (26, 34), (34, 44), (-8, 9)))
    assert found == {(Level.T12, Barrier.CAUDAL_ENDPLATE): 240}


def test_tumour_that_lies_aside_of_a_barrier_is_not_behind_it():
    """At the height of the disc, j 30-39, i 2-9: 10 voxels and more left of the rim and at most 4 under it, so at 68
    degrees or more to the endplate's normal and under 22 to the periosteum's.
    """
    found = counted(Toy().paint("T12", (25, 35), (34, 44)).paint("T12", (2, 10), (36, 40), (-4, 0)))
    assert Barrier.LATERAL_LEFT in {barrier for _, barrier in found}
    assert Barrier.CAUDAL_ENDPLATE not in {barrier for _, barrier in found}


@pytest.mark.parametrize(("deg", "mm", "behind"), [(0, 1.2, 0), (0, 1.3, 1), (59, 5, 1), (61, 5, 0), (180, 5, 0)])
def test_behind_means_squarely_and_beyond_the_noise(deg, mm, behind):
    """One triangle that looks up, a point so far from it at that angle; 1.25 voxels of 1 mm are noise."""
    point = mm * np.array([[np.sin(np.radians(deg)), 0.0, np.cos(np.radians(deg))]])
    assert len(_behind(point, np.zeros((1, 3)), np.array([[0.0, 0.0, 0.3]]), NoiseFloor(1.0))) == behind


def test_tumour_goes_with_the_nearest_resected_level():
    """T11's body lies 16 voxels above T12's, 4 of disc between: the block in the middle of each goes with each."""
    toy = Toy().paint("T11", (25, 35), (34, 44)).paint("T12", (25, 35), (34, 40))
    spine = framed(toy)
    met = [c for c in contacts(spine, compartments(spine)) if c.compartment.level is not Level.L1]
    assert {level: len(index) for level, index in tumour_of_levels(spine, met).items()} == {
        Level.T11: 10 * 10 * 6,
        Level.T12: 10 * 6 * 6,
    }


def test_neighbours_are_labelled_neighbours():
    spine = framed(Toy(("T11", "T12", "L1")))
    assert neighbour(spine, Level.T12, -1) is Level.T11
    assert neighbour(spine, Level.T12, 1) is Level.L1
    assert neighbour(spine, Level.L1, 1) is None
    assert neighbour(framed(Toy(("T11", "L2"))), Level.T11, 1) is None


def test_vessels_are_read_where_the_spine_is():
    """A phantom's aorta and cava, on the spine's part of the grid; a structure that is no vessel is left out."""
    from enbloc.anatomy import locate

    imaging: Imaging = make_phantom(PhantomSpec(levels=("T12", "L1"), spacing_mm=(1.5, 1.5, 1.5))).imaging
    spine = locate(imaging)
    masks = vessel_masks(imaging, spine)
    assert set(masks) == {"aorta", "inferior-vena-cava"}
    labels: LabelMap = imaging.labels[0]
    aorta = labels.values == labels.value_of("aorta")
    np.testing.assert_array_equal(masks["aorta"], aorta[spine.region.slices])
    assert vessel_masks(replace(imaging, labels=()), spine) == {}
