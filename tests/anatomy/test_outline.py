"""The outline of eaten bone, against the surface that the phantom had before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from scipy.spatial import cKDTree

from anatomy.patients import is_bone
from enbloc.anatomy import Spine, locate
from enbloc.core.levels import Level
from enbloc.phantom import Phantom, PhantomSpec, TumourSpec, erase, make_phantom

CASES = [  # levels, eaten level, share, spacing, seed
    (("T11", "T12", "L1"), "T12", 0.3, 1.0, 0),
    (("T11", "T12", "L1"), "T12", 0.7, 1.5, 1),
    (("L1", "L2", "L3"), "L2", 0.5, 1.5, 2),
    (("T5", "T6", "T7"), "T6", 0.5, 1.0, 3),
    (("L2", "L3", "L4"), "L4", 0.4, 1.5, 4),  # the last one: neighbours on one side only
]


@dataclass(frozen=True)
class Eaten:
    phantom: Phantom
    spine: Spine
    level: Level
    true: np.ndarray
    """Bone voxels of the level before it was eaten, on the spine's grid."""
    hole: np.ndarray
    ours: np.ndarray
    """What now counts as its bone."""


@cache
def eaten(place: int) -> Eaten:
    levels, level, share, spacing, seed = CASES[place]
    sound = make_phantom(PhantomSpec(levels=levels, tumour=None, spacing_mm=(spacing,) * 3, seed=seed))
    phantom = erase(sound, level, share, seed)
    spine = locate(phantom.imaging)
    view = spine.region.slices
    true = sound.labels.values[view] == sound.labels.value_of(level)
    number = spine.levels.index(Level(level)) + 1
    ours = is_bone(spine.part) & (spine.owner == number)
    return Eaten(phantom, spine, Level(level), true, true & spine.tumour, ours)


def faces(mask: np.ndarray, beside: np.ndarray) -> np.ndarray:
    """Centres (n, 3), in voxels, of faces between `mask` and the rest that a voxel of `beside` takes part in."""
    found = []
    for axis in range(3):
        low = tuple(slice(None, -1) if a == axis else slice(None) for a in range(3))
        high = tuple(slice(1, None) if a == axis else slice(None) for a in range(3))
        wall = (mask[low] != mask[high]) & (beside[low] | beside[high])
        found.append(np.argwhere(wall) + 0.5 * np.eye(3)[axis])
    return np.concatenate(found)


@pytest.fixture(params=range(len(CASES)), ids=lambda n: f"{CASES[n][1]}-{CASES[n][2]}-{CASES[n][3]}mm")
def case(request) -> Eaten:
    return eaten(request.param)


def test_surface_error(case):
    """Mean distance both ways over the part of the surface that was eaten: at most 1.5 mm, the project's figure."""
    world = case.spine.grid.affine.to_world
    lost = case.hole | case.spine.estimated
    drawn, true = world(faces(case.ours, lost)), world(faces(case.true, lost))
    from_ours = np.abs(case.phantom.truth.bone(case.level, drawn))
    from_true = cKDTree(drawn).query(true)[0]
    assert from_ours.mean() <= 1.5
    assert from_true.mean() <= 1.5


def test_the_estimate_is_marked(case):
    spine, number = case.spine, case.spine.levels.index(case.level) + 1
    vertebra = spine.vertebra(case.level)
    assert spine.estimated.any()
    assert (spine.tumour[spine.estimated]).all()
    assert is_bone(spine.part[spine.estimated]).all()
    voxels = np.count_nonzero(spine.estimated & (spine.owner == number))
    # One multiplication.
    assert vertebra.estimated_mm3 == pytest.approx(voxels * spine.grid.affine.voxel_volume_mm3, rel=1e-9)
    assert any(c.id == "outline-estimated" and c.text.startswith(case.level.value) for c in spine.caveats)


def test_labelled_bone_stays_as_labelled(case):
    left = case.true & ~case.hole
    assert (case.ours[left]).all()
    assert not case.spine.estimated[left].any()
    assert case.spine.vertebra(case.level).volume_mm3 == pytest.approx(
        np.count_nonzero(left) * case.spine.grid.affine.voxel_volume_mm3, rel=1e-9
    )


def test_neighbours_are_left_alone(case):
    for vertebra in case.spine.vertebrae:
        if vertebra.level is not case.level:
            # A shell of the hole may touch the neighbour's joint: some voxels.
            assert vertebra.estimated_mm3 <= 0.01 * vertebra.volume_mm3


@pytest.mark.parametrize(
    "tumour",
    [
        TumourSpec(type=None, variant="paravertebral", level="T12"),
        TumourSpec(type=5, variant="body", level="T12", side="right"),
        TumourSpec(type=4, variant="body", level="T12"),
    ],
    ids=lambda t: f"{t.type}-{t.kind}",
)
def test_nothing_is_estimated_where_the_bone_is_whole(phantom, tumour):
    """Soft tumour beside sound labels is not bone."""
    whole = phantom(levels=("T11", "T12", "L1"), tumour=tumour, spacing_mm=(1.5, 1.5, 1.5))
    spine = locate(whole.imaging)
    assert not spine.estimated.any()
    assert all(vertebra.estimated_mm3 == 0.0 for vertebra in spine.vertebrae)
    assert not [caveat for caveat in spine.caveats if caveat.id.startswith("outline")]


def test_without_an_intact_neighbour_nothing_is_estimated(phantom):
    alone = erase(phantom(levels=("L2",), tumour=None, spacing_mm=(1.5, 1.5, 1.5)), "L2", 0.2)
    spine = locate(alone.imaging)
    assert not spine.estimated.any()
    assert "outline-not-estimated" in {caveat.id for caveat in spine.caveats}
