"""SEG and RTSTRUCT: every kind gives the mask that was written; contours have the volumes that geometry says."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import polygon2mask

from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid
from enbloc.images import load_images, look
from enbloc.images.dicom.contours import read_contours
from enbloc.images.dicom.fill import filled
from enbloc.images.dicom.header import read_dicom
from enbloc.images.dicom.segmentation import read_segmentation
from images.dicom_making import DEFLATED, write_rtstruct, write_seg, write_series
from images.making import AFFINE, SHAPE, spine_labels, tumour_mask, write_case, write_nifti

MASK = tumour_mask().astype(bool)


def overlapping() -> dict[str, np.ndarray]:
    """Two that share voxels, one that is empty, one with an empty slice in its middle."""
    rng = np.random.default_rng(2)
    gappy = MASK.copy()
    gappy[:, :, 20] = False
    return {"Tumour": rng.random(SHAPE) < 0.4, "Cord": rng.random(SHAPE) < 0.3, "Nothing": np.zeros(SHAPE, bool),
            "Gappy": gappy}  # fmt: skip


def masks_in(path) -> dict[str, np.ndarray]:
    segments, _ = read_segmentation(read_dicom(path, path.name), path.name)
    return {name: segments.mask(place) for place, (name, _) in enumerate(segments.names)}


@pytest.mark.parametrize("shuffle", [None, 1])
@pytest.mark.parametrize("keep_empty", [False, True])
def test_binary_segments(shuffle, keep_empty, tmp_path):
    """Frames in any order, empty ones left out or not."""
    masks = overlapping()
    write_seg(tmp_path / "t", masks, AFFINE, shuffle=shuffle, keep_empty=keep_empty)
    for name, mask in masks_in(tmp_path / "t").items():
        np.testing.assert_array_equal(mask, masks[name])


@pytest.mark.parametrize("syntax", ["1.2.840.10008.1.2.1", DEFLATED])
def test_frames_that_begin_within_a_byte(syntax, tmp_path):
    mask = np.random.default_rng(4).random((7, 5, 9)) < 0.5
    write_seg(tmp_path / "t", {"a": mask, "b": ~mask}, AFFINE, syntax=syntax)
    found = masks_in(tmp_path / "t")
    np.testing.assert_array_equal(found["a"], mask)
    np.testing.assert_array_equal(found["b"], ~mask)


def test_label_map(tmp_path):
    labels = np.random.default_rng(2).integers(0, 3, SHAPE)
    write_seg(tmp_path / "t", {"a": labels == 1, "b": labels == 2}, AFFINE, kind="LABELMAP")
    found = masks_in(tmp_path / "t")
    np.testing.assert_array_equal(found["a"], labels == 1)
    np.testing.assert_array_equal(found["b"], labels == 2)


def test_fractions_from_one_half_on(tmp_path):
    shares = np.random.default_rng(2).integers(0, 201, SHAPE) / 200.0
    write_seg(tmp_path / "t", {"a": shares}, AFFINE, kind="FRACTIONAL")
    segments, _ = read_segmentation(read_dicom(tmp_path / "t", "t"), "t")
    np.testing.assert_array_equal(segments.mask(0), shares >= 0.5)
    assert "probability" in dict(segments.notes)["fractional"]
    assert "50%" in dict(segments.notes)["fractional"]


@pytest.mark.parametrize(("every", "between", "depth"), [(1, 2.0, 3), (2, 2.0, 5), (2, None, 3)])
def test_a_subset_of_slices(every, between, depth, tmp_path):
    """Stated spacing decides; without it the smallest distance between frames. Thickness (77 mm here) never does."""
    sparse = np.zeros(SHAPE, bool)
    sparse[4:9, 5:8, 10 : 10 + 3 * every : every] = True
    write_seg(tmp_path / "t", {"a": sparse}, AFFINE, between=between)
    segments, _ = read_segmentation(read_dicom(tmp_path / "t", "t"), "t")
    assert segments.shape == (20, 24, depth)
    mask = segments.mask(0)
    index = np.argwhere(mask) @ segments.matrix[:3, :3].T + segments.matrix[:3, 3]
    there = np.argwhere(sparse) @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    np.testing.assert_allclose(
        index[np.lexsort(index.T)], there[np.lexsort(there.T)], atol=1e-6
    )  # ten decimals written


def test_as_highdicom_reads_and_writes(tmp_path):
    """Written by highdicom, from a series of ours, and read back by both."""
    import highdicom as hd
    from pydicom import dcmread
    from pydicom.sr.codedict import codes

    masks = overlapping()
    del masks["Nothing"]
    paths = write_series(tmp_path / "ct", np.zeros(SHAPE, np.uint16), AFFINE, change=complete)
    sources = [dcmread(path) for path in paths]
    described = [
        hd.seg.SegmentDescription(n, name, codes.SCT.Tissue, codes.SCT.Tissue, hd.seg.SegmentAlgorithmTypeValues.MANUAL)
        for n, name in enumerate(masks, start=1)
    ]
    stack = np.stack([mask.transpose(2, 1, 0) for mask in masks.values()], axis=-1)
    theirs = hd.seg.Segmentation(
        sources, stack.astype(np.uint8), hd.seg.SegmentationTypeValues.BINARY, described, "1.2.3.444555666.70", 30,
        "1.2.3.444555666.71", 1, "made", "made", "1", "1",
    )  # fmt: skip
    theirs.save_as(tmp_path / "theirs")
    volume = hd.seg.segread(tmp_path / "theirs").get_volume(combine_segments=False)
    for place, (name, mask) in enumerate(masks_in(tmp_path / "theirs").items()):
        read_there = volume.array[..., place].astype(bool).transpose(2, 1, 0)
        np.testing.assert_array_equal(mask, read_there if volume.affine[2, 0] > 0 else read_there[:, :, ::-1])
        whole = np.zeros(SHAPE, bool)
        whole[:, :, : mask.shape[2]] = mask
        np.testing.assert_array_equal(whole, masks[name])


def complete(ds, k):
    """What a whole CT must have before another program builds on it."""
    ds.StudyID = ds.StudyTime = ds.PatientSex = ds.ReferringPhysicianName = ds.Manufacturer = ""
    ds.SeriesInstanceUID, ds.StudyInstanceUID = "1.2.3.444555666.1", "1.2.3.444555666.9"
    ds.PositionReferenceIndicator, ds.AcquisitionNumber = "", 1


def test_seg_as_tumour_and_labels_of_a_case(tmp_path):
    write_series(tmp_path / "ct", np.zeros(SHAPE, np.uint16), AFFINE)
    spine = {f"vertebrae_L{n + 1}": spine_labels() == 20 + n for n in range(5)} | {"Blanket": spine_labels() > 0}
    write_seg(tmp_path / "spine", spine, AFFINE)
    write_seg(tmp_path / "t", {"Cord": ~MASK, "Tumour": MASK}, AFFINE)
    labels = [("spine", "totalsegmentator-files")]
    case = write_case(tmp_path, labels, image="ct", tumour="t", segment="Tumour")
    imaging = load_images(case)
    np.testing.assert_array_equal(imaging.tumour, on(imaging))
    names = imaging.labels[0].structures
    assert sorted(names.values()) == ["L1", "L2", "L3", "L4", "L5"]
    assert "Blanket" in dict(imaging.notes)["files-unknown"]
    seen = [(f.file, f.id, f.text) for f in look(case)]
    assert ("t", "segments", "Cord, Tumour") in seen


def on(imaging) -> np.ndarray:
    """The written tumour on the grid of the case, voxel by voxel."""
    index = np.argwhere(np.ones(imaging.grid.shape, bool))
    there = (imaging.grid.affine.to_world(index) - AFFINE[:3, 3]) @ np.linalg.inv(AFFINE[:3, :3]).T
    there = np.rint(there).astype(int)
    within = ((there >= 0) & (there < SHAPE)).all(axis=1)
    values = np.zeros(len(index), bool)
    values[within] = MASK[tuple(there[within].T)]
    return values.reshape(imaging.grid.shape)


def test_identifiers_that_were_removed_are_noted(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    write_series(tmp_path / "ct", np.zeros(SHAPE, np.uint16), AFFINE)
    write_seg(tmp_path / "t", {"Tumour": MASK}, AFFINE, series="", frame="")
    assert "reference-unknown" in dict(load_images(write_case(tmp_path, image="ct", tumour="t")).notes)


# --- contours ---

FINE = np.diag([0.5, 0.5, 0.5, 1.0])
FINE[:3, 3] = -19.75
BLOCK = Grid((80, 80, 80), Affine(FINE))


def circle(z: float, radius: float, n: int = 180, centre=(0.0, 0.0)) -> np.ndarray:
    turn = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.column_stack([centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn), np.full(n, z)])


def mask_of(tmp_path, contours, grid=BLOCK):
    path = write_rtstruct(tmp_path / "t", {"GTV": contours})
    found, _, notes = read_contours(read_dicom(path, "t"), "t", None)
    mask, more = filled(found, grid, "t")
    return mask, dict([*notes, *more])


def ml(mask, grid=BLOCK) -> float:
    return np.count_nonzero(mask) * grid.affine.voxel_volume_mm3 / 1000.0


def shifted(ring: np.ndarray, *by_mm: float) -> np.ndarray:
    return ring + np.array(by_mm)


def levels(step: float, radius: float) -> np.ndarray:
    """Heights of planes through a ball about 0 in steps of `step`, the outermost half a step inside it."""
    n = round(2 * radius / step)
    return (np.arange(n) - (n - 1) / 2) * step


def ball(step: float, radius: float = 15.0) -> list[np.ndarray]:
    return [circle(z, np.sqrt(radius**2 - z**2)) for z in levels(step, radius)]


@pytest.mark.parametrize(("step", "rel"), [(0.5, 0.003), (1.0, 0.005), (3.0, 0.02)])
def test_volume_of_a_ball(step, rel, tmp_path):
    """4/3 pi r3. Sections at mid-slab give V (1 + (step/2r)2 / 2): 0.5 % at 3 mm; polygons of 180 corners lose 0.02 %,
    shape interpolation rounds caps; the rest is voxel counting.
    """
    mask, notes = mask_of(tmp_path, ball(step))
    assert ml(mask) == pytest.approx(4 / 3 * np.pi * 15**3 / 1000, rel=rel)
    assert notes == {}


def test_volume_of_a_torus_with_its_hole(tmp_path):
    """2 pi2 R r2, R = 12, r = 5: two rings a plane, the inner one is the hole."""
    contours = []
    for z in levels(0.5, 5.0):
        half = np.sqrt(25.0 - z * z)
        contours += [circle(z, 12.0 + half), circle(z, 12.0 - half)]
    mask, _ = mask_of(tmp_path, contours)
    assert ml(mask) == pytest.approx(2 * np.pi**2 * 12 * 25 / 1000, rel=0.005)  # as the ball
    assert not mask[38:42, 38:42].any()


def test_a_keyhole_is_a_hole(tmp_path):
    """Outer ring, a channel in, the inner ring, the same channel out: as two rings, between the planes too, where the
    channel's edges would else be the nearest ones.
    """
    keyholes, apart = [], []
    for z, outside, inside in ((-3.0, 12.0, 6.0), (3.0, 16.0, 3.0)):
        outer, inner = (np.round(circle(z, r, 64), 4) for r in (outside, inside))
        keyholes.append(np.concatenate([outer, outer[:1], inner[:1], inner[:0:-1], inner[:1]]))
        apart += [outer, inner]
    np.testing.assert_array_equal(mask_of(tmp_path, keyholes)[0], mask_of(tmp_path, apart)[0])


def test_branching(tmp_path):
    """One trunk below, two branches above: the sections at the planes are those drawn, joined between them."""
    trunk = [circle(z, 8.0) for z in (-2.0, 0.0)]
    branches = [circle(z, 3.0, centre=(x, 0.0)) for z in (2.0, 4.0) for x in (-5.0, 5.0)]
    mask, _ = mask_of(tmp_path, trunk + branches)
    from scipy.ndimage import label

    at = [int(np.rint((z + 19.75) / 0.5)) for z in (-1.75, 3.75)]
    assert label(mask)[1] == 1
    assert [label(mask[:, :, k])[1] for k in at] == [1, 2]


@pytest.mark.parametrize("seed", range(5))
def test_in_plane_as_scikit_image_and_by_hand(seed, tmp_path):
    """Random stars in planes of voxels: their polygon rule, and the obvious loop. Corners lie off the voxel centres."""
    rng = np.random.default_rng(seed)
    star = circle(0.25, 1.0, 31)
    star[:, :2] *= rng.uniform(4.0, 17.0, (31, 1))
    mask, _ = mask_of(tmp_path, [star, shifted(star, 0, 0, 0.5)])
    written = np.round(star, 4)
    theirs = polygon2mask((80, 80), (written[:, :2] + 19.75) / 0.5)
    k = int(np.rint((0.25 + 19.75) / 0.5))
    np.testing.assert_array_equal(mask[:, :, k], theirs)
    np.testing.assert_array_equal(mask[::7, ::7, k], twin(written, BLOCK)[::7, ::7])


def twin(ring: np.ndarray, grid: Grid) -> np.ndarray:
    """Winding number by summed angles: slow, and without a ray."""
    inside = np.zeros(grid.shape[:2], bool)
    for i in range(grid.shape[0]):
        for j in range(grid.shape[1]):
            x, y, _ = grid.affine.to_world((i, j, 0))
            turn = np.unwrap(np.arctan2(*(np.vstack([ring, ring[:1]])[:, :2] - (x, y)).T[::-1]))
            inside[i, j] = abs(turn[-1] - turn[0]) > np.pi
    return inside


def test_between_planes_as_the_slow_twin(tmp_path):
    """Signed distances of two circles, mixed by hand. Polygons of 400 corners lie 0.0003 mm inside: 0.02 is left."""
    low, high = circle(-2.0, 9.0, 400), circle(2.0, 5.0, 400, centre=(2.0, 1.0))
    mask, _ = mask_of(tmp_path, [low, high])
    for z in (-1.25, 0.25, 1.75):
        k = int(np.rint((z + 19.75) / 0.5))
        x, y = (BLOCK.affine.to_world(np.argwhere(np.ones((80, 80, 1)))).T[axis].reshape(80, 80) for axis in (0, 1))
        mixed = (2.0 - z) / 4 * (9.0 - np.hypot(x, y)) + (z + 2.0) / 4 * (5.0 - np.hypot(x - 2.0, y - 1.0))
        clear = np.abs(mixed) > 0.02
        np.testing.assert_array_equal(mask[:, :, k][clear], (mixed > 0.0)[clear])


@pytest.mark.parametrize("angle", [10.0, 35.0])
def test_oblique_planes(angle, tmp_path):
    """The ball again, its planes turned about x: the same volume, the same centre."""
    turn = np.radians(angle)
    rotation = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    mask, _ = mask_of(tmp_path, [ring @ rotation.T for ring in ball(1.0)])
    assert ml(mask) == pytest.approx(4 / 3 * np.pi * 15**3 / 1000, rel=0.005)  # as the ball at 1 mm
    centre = BLOCK.affine.to_world(np.argwhere(mask)).mean(axis=0)
    np.testing.assert_allclose(centre, 0.0, atol=0.05)  # a tenth of a voxel


def test_mirrored_contours_give_the_mirrored_mask(tmp_path):
    star = circle(0.0, 1.0, 31) * [11.3, 7.1, 1.0] + [3.03, -2.04, 0.0]
    stack = [shifted(star, 0, 0, z) for z in (-3.0, 0.0, 3.0)]
    mask, _ = mask_of(tmp_path, stack)
    mirrored, _ = mask_of(tmp_path, [ring * [-1.0, 1.0, 1.0] for ring in stack])
    np.testing.assert_array_equal(mirrored, mask[::-1])


def test_planes_left_out(tmp_path):
    """One plane of three millimetres missing is interpolated, three are not; both are said."""
    heights = [z for z in levels(3.0, 15.0) if abs(z - 1.5) > 1.0]
    one, notes = mask_of(tmp_path, [circle(z, 8.0) for z in heights])
    assert "1 planes" in notes["contours-interpolated"]
    assert one[40, 40].sum() == 60  # 30 mm in steps of 0.5
    heights = [z for z in levels(3.0, 15.0) if not -3.0 < z < 5.0]
    parts, notes = mask_of(tmp_path, [circle(z, 8.0) for z in heights])
    assert "up to 12.0 mm" in notes["contours-interrupted"]
    assert parts[40, 40].sum() == 42  # seven planes of 3 mm


def test_a_contour_that_is_there_twice_is_no_hole(tmp_path):
    stack = ball(1.0)
    mask, notes = mask_of(tmp_path, [*stack, stack[7], stack[8][::-1], stack[3][:2]])
    np.testing.assert_array_equal(mask, mask_of(tmp_path, stack)[0])
    assert "1 contours without an area and 2 that are there twice" in notes["contours-left-out"]


def test_rtstruct_as_tumour_of_a_case(tmp_path):
    """A box of contours 8 x 6 mm wide: 8 x 4 voxels of 1 x 1.5 mm in each of three slices of 2 mm."""
    write_nifti(tmp_path / "spine.nii", spine_labels())
    write_series(tmp_path / "ct", np.zeros(SHAPE, np.uint16), AFFINE)
    box = np.array([[-4.4, -5.6, 0], [3.6, -5.6, 0], [3.6, 0.4, 0], [-4.4, 0.4, 0]])
    write_rtstruct(tmp_path / "t", {"Cord": [box], "GTV": [shifted(box, 0, 0, z) for z in (41.0, 43.0, 45.0)]})
    case = write_case(tmp_path, image="ct", tumour="t", segment="GTV")
    imaging = load_images(case)
    assert np.count_nonzero(imaging.tumour) == 8 * 4 * 3
    assert ("t", "regions", "Cord (1 contours), GTV (3 contours)") in [(f.file, f.id, f.text) for f in look(case)]
