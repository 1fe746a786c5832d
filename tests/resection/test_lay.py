"""The operative field against the implicit shapes of phantoms, spheres, mirrors and turns."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from enbloc.anatomy import BONE_PARTS, Frame, Part, Spine, Vertebra, locate
from enbloc.core.geometry import Affine, Array
from enbloc.core.levels import Level
from enbloc.core.volume import Grid
from enbloc.phantom import Phantom, PhantomSpec, TumourSpec, make_phantom, mirrored, vessel_distance_mm
from enbloc.phantom.pose import turned
from enbloc.resection.distance import FAR_MM, distance_map
from enbloc.resection.field import OperativeField
from enbloc.resection.lay import operative_field
from enbloc.resection.settings import ResectionSettings

SPEC = PhantomSpec(
    levels=("T11", "T12", "L1"),
    oblique_deg=(11.0, -4.0, 7.0),
    scoliosis_deg=8.0,
    tumour=TumourSpec(type=4, level="T12", size=1.2),
)
DIAGONAL = 0.5 * 3.0**0.5
"""From a point to the centre of its 1 mm voxel at most."""
T12 = (Level.T12,)
COARSE = ResectionSettings(step_mm=1.5)


@cache
def patient(spec: PhantomSpec = SPEC) -> tuple[Phantom, Spine]:
    phantom = make_phantom(spec)
    return phantom, locate(phantom.imaging)


@cache
def laid(spec: PhantomSpec = SPEC, levels: tuple[Level, ...] = T12) -> OperativeField:
    phantom, spine = patient(spec)
    return operative_field(spine, phantom.imaging, levels, ResectionSettings())


def centres(field: OperativeField, every: int = 1) -> Array:
    """RAS mm of every n-th voxel along each axis."""
    return field.affine.to_world(every * np.moveaxis(np.indices([-(-n // every) for n in field.shape]), 0, -1))


THIRD = (slice(None, None, 3),) * 3


def test_labels_are_those_of_the_true_shapes():
    """Half a voxel's diagonal from any border the nearest voxel has the same label. Shapes are distance-like only, and
    estimated borders of the canal are its wall's, hence twice that.
    """
    truth, (_, spine) = patient()[0].truth, patient()
    points, owner, part = centres(laid(), 3), laid().owner[THIRD], laid().part[THIRD]
    bone = np.isin(part, BONE_PARTS)
    for number, level in enumerate(spine.levels, start=1):
        inside = truth.bone(level, points) < -2.0 * DIAGONAL
        assert inside.sum() > 100
        assert (bone & (owner == number))[inside].all()
    body = truth.body("T12", points) < -2.0 * DIAGONAL
    assert (part[body & (truth.canal(points) > 4.0)] == Part.BODY).mean() > 0.97  # the pedicle's border is drawn
    canal = (truth.canal(points) < -2.0 * DIAGONAL) & (owner == spine.levels.index(Level.T12) + 1)
    assert (part[canal] == Part.CANAL).all()


def test_tumour_is_the_true_tumour():
    truth, field = patient()[0].truth, laid()
    value, tumour, tumour_mm = truth.tumour(centres(field, 3)), field.tumour[THIRD], field.tumour_mm[THIRD]
    assert tumour[value < -2.0 * DIAGONAL].all()
    assert not tumour[value > 2.0 * DIAGONAL].any()
    np.testing.assert_array_equal(np.sign(tumour_mm[abs(value) > 2.0]), np.sign(value[abs(value) > 2.0]))


def test_neighbour_bodies_and_all_of_the_level_lie_inside():
    _, spine = patient()
    field, number = laid(), spine.levels.index(Level.T12) + 1
    wanted = (spine.owner == number) | (spine.part == Part.BODY)
    index = field.to_index(field.frame.to_local(spine.grid.affine.to_world(np.argwhere(wanted))))
    assert (index >= 4.0 / 0.8 - 1e-6).all()
    assert (index <= np.array(field.shape) - 1 - 4.0 / 0.8 + 1e-6).all()


def test_frame_is_that_of_the_middle_level():
    _, spine = patient()
    for levels, middle in (
        ((Level.T11, Level.T12), Level.T11),
        ((Level.T11, Level.T12, Level.L1), Level.T12),
    ):
        phantom = patient()[0]
        field = operative_field(spine, phantom.imaging, levels, COARSE)
        assert field.frame == spine.vertebra(middle).frame
        assert field.levels == levels
        assert field.column == spine.levels
        for level in levels:
            at = field.frame.to_world(field.canal_centre_mm[level])
            np.testing.assert_allclose(at, spine.vertebra(level).canal_centre_mm, atol=1e-9)


def test_affine_and_places_agree():
    field, index = laid(), np.array([[0, 0, 0], [3, 50, 9]])
    np.testing.assert_allclose(field.affine.to_world(index), field.frame.to_world(field.places(index)), atol=1e-9)


def sphere(spacing_mm: tuple[float, float, float], radius_mm: float) -> tuple[OperativeField, Array]:
    """The field around a ball of voxels near the body's centre, and the true distance to its surface."""
    spec = replace(SPEC, tumour=None, spacing_mm=spacing_mm, scoliosis_deg=0.0)
    phantom, spine = patient(spec)
    centre = np.add(spine.vertebra(Level.T12).frame.origin_mm, (1.3, -2.1, 0.4))
    points = spine.grid.affine.to_world(np.moveaxis(np.indices(spine.grid.shape), 0, -1))
    ball = replace(spine, tumour=np.linalg.norm(points - centre, axis=-1) < radius_mm)
    field = operative_field(ball, phantom.imaging, T12, ResectionSettings())
    return field, np.linalg.norm(centres(field) - centre, axis=-1) - radius_mm


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.9, 0.9, 3.0)])
def test_distance_to_a_sphere_is_right_to_half_a_voxel(spacing_mm):
    """Voxels cannot say more: half the longest edge. The centre, where all directions meet, is left out."""
    field, true = sphere(spacing_mm, 9.3)
    where = (true > -4.0) & (true < 15.0)
    assert np.abs(field.tumour_mm - true)[where].max() <= 0.5 * max(spacing_mm)
    assert (field.tumour_mm - true)[where & (true > 2.0)].mean() < 0.0  # where in doubt, nearer


def test_one_voxel_of_a_thick_slice_stays_tumour():
    """5 mm slices, 1 mm wide: inside the voxel, away from its faces, the distance is negative; outside positive."""
    mask = np.zeros((9, 9, 7), bool)
    mask[4, 4, 3] = True
    found = distance_map(mask, Grid(mask.shape, Affine(np.diag([1.0, 1.0, 5.0, 1.0]))))
    fine = np.eye(4)
    fine[:3, 3] = (4.0, 4.0, 10.0)
    column = found.on(Affine(fine), (1, 1, 11))[0, 0]  # mm 10 to 20; the voxel lies from 12.5 to 17.5
    assert (column[3:8] < 0.0).all()
    assert (column[[0, 1, 2, 8, 9, 10]] > 0.0).all()
    np.testing.assert_allclose(column[[0, 10]], 2.5, atol=1e-5)


def test_distance_between_voxels_of_a_wall():
    """Tumour fills i < 4 of 2 mm voxels: its surface is the plane at 7 mm, and distances are exact beside it."""
    mask = np.zeros((10, 6, 6), bool)
    mask[:4] = True
    found = distance_map(mask, Grid(mask.shape, Affine(np.diag([2.0, 2.0, 2.0, 1.0]))))
    step = np.diag([0.7, 1.0, 1.0, 1.0])
    values = found.on(Affine(step), (24, 3, 3))
    x = 0.7 * np.arange(24)
    np.testing.assert_allclose(values[:, 1, 1], x - 7.0, atol=1e-5)


def test_more_tumour_is_nowhere_farther():
    rng = np.random.default_rng(5)
    grid = Grid((12, 11, 10), Affine(np.diag([0.8, 0.8, 2.5, 1.0])))
    for _ in range(20):
        small = rng.random(grid.shape) < 0.02
        small[0, 0, 0] = True
        large = small | (rng.random(grid.shape) < 0.05)
        assert (distance_map(large, grid).mm <= distance_map(small, grid).mm + 1e-6).all()


def test_no_tumour_is_far():
    phantom, spine = patient(replace(SPEC, tumour=None, scoliosis_deg=0.0))
    field = operative_field(spine, phantom.imaging, T12, COARSE)
    assert (field.tumour_mm == FAR_MM).all()
    assert field.vessel_mm == {}


def test_tumour_in_the_canal_is_not_no_go():
    field = laid()
    both = (field.part == Part.CANAL) & field.tumour
    assert both.sum() > 100
    assert not (field.no_go & field.tumour).any()
    # At a corner of its voxel a point is read half-way to seven others, each at most 1.73 mm on: under half of that.
    assert (field.no_go_mm[field.no_go] < DIAGONAL).all()
    deep = both & (field.tumour_mm < -1.0)
    assert deep.any()
    assert (field.no_go_mm[deep] > 0.0).all()


def test_vessels_lie_where_they_are():
    """The phantom's figure is that of its implicit tube and lesion: half a voxel in doubt on either surface."""
    phantom, field = patient()[0], laid()
    assert {"aorta", "inferior-vena-cava"} >= set(field.vessel_mm)
    assert "aorta" in field.vessel_mm
    least = float(field.vessel_mm["aorta"][field.tumour].min())
    assert least == pytest.approx(vessel_distance_mm(phantom, "aorta"), abs=1.0)


def test_ribs_are_named_and_where_they_are_labelled():
    phantom, _ = patient()
    field = laid()
    assert set(field.ribs) <= {n for n in phantom.labels.structures.values() if n.startswith("rib-")}
    for name, mask in field.ribs.items():
        points = centres(field)[mask]
        index = np.rint(phantom.grid.affine.to_index(points)).astype(int)
        assert (phantom.labels.values[tuple(index.T)] == phantom.labels.value_of(name)).all()
    assert field.ribs


def test_noise_and_thick_slices():
    """1.25 voxels of the longest edge; slices over 3 mm are thick."""
    assert (laid().noise_mm, laid().thick_slices) == (pytest.approx(1.25, abs=1e-6), False)
    grid = patient()[0].grid
    matrix = grid.affine.matrix.copy()
    matrix[:3, 2] *= 4.0
    phantom, spine = patient()
    thick = replace(phantom.imaging, grid=Grid(grid.shape, Affine(matrix)))
    field = operative_field(spine, thick, T12, COARSE)
    assert (field.noise_mm, field.thick_slices) == (pytest.approx(5.0, abs=1e-6), True)


def test_sacrum_does_not_widen_the_field():
    """All bone of a sacrum counts as body. Here L3 to L5 as one bone without a frame stand for it: 30 mm of it are in
    view below L2, and no more width than L2 asks for. 4 mm margin; the grid may stick out by half a step.
    """
    phantom, spine = patient(PhantomSpec(levels=("L2", "L3", "L4", "L5"), tumour=None, spacing_mm=(1.5, 1.5, 1.5)))
    lower = spine.owner > 1
    part = np.where(lower & np.isin(spine.part, BONE_PARTS), np.uint8(Part.BODY), spine.part)
    vertebrae = (spine.vertebrae[0], replace(spine.vertebrae[1], frame=None))
    fused = replace(spine, part=part, owner=np.minimum(spine.owner, 2), vertebrae=vertebrae)
    field = operative_field(fused, phantom.imaging, (Level.L2,), COARSE)
    own = field.frame.to_local(spine.grid.affine.to_world(np.argwhere(spine.owner == 1)))
    low, high = own.min(axis=0) - 4.0, own.max(axis=0) + 4.0
    first, last = field.places(np.zeros(3)), field.places(np.array(field.shape) - 1)
    np.testing.assert_allclose(first, low - [0.0, 0.0, 30.0], atol=0.5 * COARSE.step_mm)
    np.testing.assert_allclose(last, high, atol=0.5 * COARSE.step_mm)


ARRAYS = ("owner", "part", "tumour", "tumour_mm", "no_go", "no_go_mm", "estimated")


def moved(spine: Spine, motion: Affine) -> Spine:
    """The same voxels and findings elsewhere in space."""
    rotation, to_world = motion.matrix[:3, :3], motion.to_world

    def turn(v: Vertebra) -> Vertebra:
        right, anterior, superior = (tuple(rotation @ np.array(a)) for a in v.frame.axes)
        frame = Frame(tuple(to_world(v.frame.origin_mm)), right, anterior, superior)
        return replace(v, frame=frame, canal_centre_mm=tuple(to_world(v.canal_centre_mm)))

    grid = Grid(spine.grid.shape, Affine(motion.matrix @ spine.grid.affine.matrix))
    return replace(spine, grid=grid, vertebrae=tuple(turn(v) for v in spine.vertebrae))


def test_moving_the_patient_changes_nothing_in_the_field():
    """The same voxels in another place, so nothing is resampled anew: 1e-9 mm of rounding. A point on the border of
    two voxels goes either way with the last bit, 1 in 10,000; distances are 32-bit.
    """
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turned((20.0, -35.0, 80.0)), (123.4, -87.6, 1500.0)
    phantom, spine = patient()
    grid = Grid(phantom.grid.shape, Affine(matrix @ phantom.grid.affine.matrix))
    labels = replace(phantom.imaging.labels[0], grid=grid)
    imaging = replace(phantom.imaging, grid=grid, labels=(labels,))
    same_field(operative_field(moved(spine, Affine(matrix)), imaging, T12, ResectionSettings()), laid(), share=1e-4)


def same_field(field: OperativeField, expected: OperativeField, share: float) -> None:
    assert field.shape == expected.shape
    np.testing.assert_allclose(field.start_mm, expected.start_mm, atol=1e-5)
    for name in ARRAYS:
        a, b = getattr(field, name), getattr(expected, name)
        close = np.abs(a - b) < 1e-3 if a.dtype == np.float32 else a == b
        assert (~close).mean() <= share, name


SIDES = {
    Part.PEDICLE_LEFT: Part.PEDICLE_RIGHT, Part.LAMINA_LEFT: Part.LAMINA_RIGHT,
    Part.TRANSVERSE_LEFT: Part.TRANSVERSE_RIGHT, Part.ARTICULAR_LEFT: Part.ARTICULAR_RIGHT,
}  # fmt: skip


def test_mirrored_patient_has_the_mirrored_field():
    """The field is centred on what it holds, so that voxels fall on voxels; points between two voxels of the label map
    may go either way, 1 in 1000.
    """
    spec = replace(SPEC, oblique_deg=(0.0, 0.0, 0.0))
    here, there = laid(spec), laid(mirrored(spec))
    swap = np.arange(len(Part), dtype=np.uint8)
    for left, right in SIDES.items():
        swap[left], swap[right] = right, left
    turned_back = {name: np.ascontiguousarray(getattr(there, name)[::-1]) for name in ARRAYS}
    turned_back["part"] = swap[turned_back["part"]]
    start = there.start_mm.copy()
    start[0] = -(start[0] + there.step_mm * (there.shape[0] - 1))
    same_field(replace(there, start_mm=start, **turned_back), here, share=1e-3)
