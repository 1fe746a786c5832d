"""The patient's parts lie where they belong and never share a point."""

from dataclasses import replace

import numpy as np
import pytest

from enbloc.core.errors import InputError
from enbloc.phantom import PhantomSpec, TumourSpec, ZoneCode, make_phantom, mirrored

SPEC = PhantomSpec(levels=("T11", "T12", "L1"), tumour=TumourSpec(type=3, level="T12"), spacing_mm=(1.5, 1.5, 1.5))
BENT = replace(SPEC, kyphosis_deg=50.0, scoliosis_deg=15.0, asymmetry=0.08, rotation_deg=(20.0, -10.0, 35.0))


@pytest.fixture(scope="module")
def straight():
    return make_phantom(SPEC)


@pytest.fixture(scope="module")
def bent():
    return make_phantom(BENT)


def scattered(phantom, count=60_000):
    """Random points of the scanned block."""
    rng = np.random.default_rng(5)
    index = rng.uniform(0.0, 1.0, (count, 3)) * (np.array(phantom.grid.shape) - 1)
    return phantom.grid.affine.to_world(index)


@pytest.mark.parametrize("name", ["straight", "bent"])
def test_zones_partition_space(name, request):
    phantom = request.getfixturevalue(name)
    truth, points = phantom.truth, scattered(phantom)
    codes, owners = truth.zone(points)
    bones = np.array([truth.bone(level, points) < 0 for level in truth.names])
    assert bones.sum(axis=0).max() == 1, "two vertebrae share a point"
    in_bone = (codes >= ZoneCode.BODY) & (codes <= ZoneCode.ARTICULAR_RIGHT)
    assert np.array_equal(bones.any(axis=0), in_bone)
    assert np.array_equal(np.argmax(bones, axis=0)[in_bone] + 1, owners[in_bone])
    canal, cord = truth.canal(points) < 0, truth.cord(points) < 0
    assert np.array_equal(canal, codes == ZoneCode.CANAL)
    assert cord.any()
    assert not (cord & ~canal).any(), "the cord leaves the canal"
    assert (truth.dural_sac(points)[cord] < 0.6).all(), "the cord leaves the sac by more than a pial layer"


@pytest.mark.parametrize("name", ["straight", "bent"])
def test_every_part_is_there_on_both_sides(name, request):
    phantom = request.getfixturevalue(name)
    for owner in range(1, 4):
        present = set(np.unique(phantom.voxels.part[phantom.voxels.owner == owner]))
        assert present >= set(range(1, 12))


@pytest.mark.parametrize("name", ["straight", "bent"])
def test_parts_lie_on_their_side(name, request):
    """Along each vertebra's own axes: left parts left, the body before the canal, the spinous process behind it."""
    phantom = request.getfixturevalue(name)
    points = scattered(phantom)
    codes, owners = phantom.truth.zone(points)
    for owner, frame in enumerate(phantom.truth.levels, start=1):
        away = points - np.array(frame.canal_centre_mm)
        right, forward = away @ np.array(frame.right), away @ np.array(frame.anterior)
        for code in (ZoneCode.PEDICLE_LEFT, ZoneCode.LAMINA_LEFT, ZoneCode.TRANSVERSE_LEFT, ZoneCode.ARTICULAR_LEFT):
            assert right[(codes == code) & (owners == owner)].max() < 1.0
            assert right[(codes == code + 1) & (owners == owner)].min() > -1.0
        assert forward[(codes == ZoneCode.BODY) & (owners == owner)].min() > 0.0
        assert forward[(codes == ZoneCode.SPINOUS) & (owners == owner)].max() < 0.0
        pedicle = forward[(codes == ZoneCode.PEDICLE_LEFT) & (owners == owner)]
        assert pedicle.min() >= 0.0  # by definition: in front of the middle of the canal


def test_discs_lie_between_bodies(straight):
    truth = straight.truth
    for upper, lower in zip(truth.levels, truth.levels[1:], strict=False):
        middle = 0.5 * (np.array(upper.origin_mm) + np.array(lower.origin_mm))
        code, owner = truth.zone(middle)
        assert code == ZoneCode.DISC
        assert truth.names[int(owner) - 1] is upper.level
        assert truth.body(upper.level, upper.origin_mm) < -5.0


def test_canal_is_open_from_end_to_end(bent):
    """Every slab of the scan between the first and last vertebra holds canal; the canal is one piece."""
    from scipy.ndimage import label

    canal = bent.voxels.part == ZoneCode.CANAL
    assert label(canal, np.ones((3, 3, 3)))[1] == 1


def test_sizes_follow_the_table(straight):
    """T12: canal 22.2 mm wide, 18.1 mm deep; pedicle 8.7 mm wide (sections through the truth, step 0.05 mm)."""
    truth = straight.truth
    frame = truth.frame("T12")
    centre, right = np.array(frame.canal_centre_mm), np.array(frame.right)
    line = np.arange(-30.0, 30.0, 0.05)[:, None]
    width = (truth.canal(centre + line * right) < 0).sum() * 0.05
    depth = (truth.canal(centre + line * np.array(frame.anterior)) < 0).sum() * 0.05
    assert width == pytest.approx(22.2, abs=0.2)
    assert depth == pytest.approx(18.1, abs=0.2)
    codes, _ = truth.zone(centre + line * right + 2.0 * np.array(frame.anterior))
    pedicle = (codes == ZoneCode.PEDICLE_LEFT).sum() * 0.05
    assert pedicle == pytest.approx(8.7, abs=1.5)  # fillets widen it


def test_mirrored_patient_is_the_mirror_image():
    """The grid is symmetric about x = 0 (no voxel on it), so voxels flip exactly; sides of parts change their names."""
    spec = replace(SPEC, shape=(84, 108, 88), asymmetry=0.06, tumour=replace(SPEC.tumour, side="right"))
    one, other = make_phantom(spec), make_phantom(mirrored(spec))
    swap = np.array([0, 1, 3, 2, 5, 4, 6, 8, 7, 10, 9, 11, 12], np.uint8)
    assert np.array_equal(one.voxels.owner, other.voxels.owner[::-1])
    assert np.array_equal(one.voxels.part, swap[other.voxels.part[::-1]])
    assert np.array_equal(one.tumour, other.tumour[::-1])
    assert one.truth.occupied() & {"pedicle-right"}
    assert other.truth.occupied() & {"pedicle-left"}


def test_turning_the_patient_turns_the_truth(straight):
    moved = make_phantom(replace(SPEC, rotation_deg=(0.0, 0.0, 90.0), position_mm=(10.0, -20.0, 30.0)))
    points = scattered(straight, 2_000)
    turned = np.column_stack([-points[:, 1], points[:, 0], points[:, 2]]) + np.array([10.0, -20.0, 30.0])
    for level in SPEC.levels:
        assert np.allclose(straight.truth.bone(level, points), moved.truth.bone(level, turned), atol=1e-9)
    assert np.allclose(straight.truth.tumour(points), moved.truth.tumour(turned), atol=1e-9)
    assert moved.truth.zones == straight.truth.zones


def test_tumour_voxels_are_the_truth_sampled(straight):
    """At voxel centres the mask is the sign of the truth; its volume agrees within a half-voxel shell, 3 % here."""
    index = np.argwhere(straight.tumour)
    assert (straight.truth.tumour(straight.grid.affine.to_world(index)) < 0).all()
    volume = straight.tumour.sum() * straight.grid.affine.voxel_volume_mm3
    assert volume == pytest.approx(straight.truth.volume_mm3, rel=0.03)


def test_same_seed_same_bytes(straight):
    again = make_phantom(SPEC)
    assert again.labels.values.tobytes() == straight.labels.values.tobytes()
    assert again.tumour.tobytes() == straight.tumour.tobytes()
    assert again.ct.stored.tobytes() == straight.ct.stored.tobytes()
    assert again.truth.zones == straight.truth.zones
    assert make_phantom(replace(SPEC, seed=1)).tumour.tobytes() != straight.tumour.tobytes()


def test_ct_shows_the_tissues(straight):
    """Medians within the noise: cortex bright, marrow between, tumour as soft tissue, vessels enhanced, air outside."""
    hu, part = straight.ct.stored, straight.voxels.part
    healthy = (part == ZoneCode.BODY) & ~straight.tumour
    assert 120 < np.median(hu[healthy]) < 400
    assert np.percentile(hu[healthy], 99) > 550  # 1.1 mm of cortex at 850 HU in voxels of 1.5 mm
    assert np.median(hu[straight.tumour]) == pytest.approx(65, abs=10)
    aorta = straight.voxels.other == 1 + straight.voxels.structures.index("aorta")
    assert np.median(hu[aorta & ~straight.tumour]) == pytest.approx(270, abs=5)
    assert hu.dtype == np.int16


def test_thick_oblique_slices(bent):
    """60 degrees of kyphosis, a grid turned by 30 degrees, 3 mm slices: same truth as on a fine grid."""
    spec = replace(BENT, kyphosis_deg=60.0, oblique_deg=(30.0, 0.0, 0.0), spacing_mm=(0.7, 0.7, 3.0))
    phantom = make_phantom(spec)
    assert phantom.truth.tomita_type == 3
    assert phantom.grid.spacing_mm == pytest.approx([0.7, 0.7, 3.0])
    points = scattered(phantom, 5_000)
    index = np.rint(phantom.grid.affine.to_index(points)).astype(int)
    codes, _ = phantom.truth.zone(phantom.grid.affine.to_world(index))
    assert np.array_equal(codes, phantom.voxels.part[tuple(index.T)])


@pytest.mark.parametrize(
    "wrong",
    [
        {"levels": ("T12", "L2")},
        {"levels": ("L1", "T12")},
        {"levels": ()},
        {"levels": ("C7", "T1")},
        {"orientation": "RAX"},
        {"orientation": "RRS"},
        {"scale": 3.0},
        {"scheme": "nobodys"},
        {"spacing_mm": (0.0, 1.0, 1.0)},
        {"tumour": TumourSpec(level="L3")},
    ],
)
def test_wrong_wishes_are_refused(wrong):
    with pytest.raises(InputError):
        make_phantom(replace(SPEC, **wrong))


def test_no_room_for_the_type():
    with pytest.raises(InputError):
        make_phantom(replace(SPEC, levels=("T12",), tumour=TumourSpec(type=6)))
    with pytest.raises(InputError):
        make_phantom(replace(SPEC, tumour=TumourSpec(type=7, level="T12")))
    with pytest.raises(InputError):
        TumourSpec(type=8)
    with pytest.raises(InputError):
        TumourSpec(side="middle")
    with pytest.raises(InputError):
        TumourSpec(type=1, variant="canal")
