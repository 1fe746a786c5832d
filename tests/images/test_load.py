"""What load_images does with good cases: spaces, segments, folders, surfaces, anchors, notes."""

from __future__ import annotations

import hashlib

import nibabel as nib
import nrrd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.core.errors import CaseError, ImageError, SpaceMismatch
from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid
from enbloc.images import load_images, look, write_labels
from enbloc.images.paths import resolve, sha256_of
from enbloc.images.space import to_grid
from enbloc.images.surface import voxelised
from enbloc.knowledge.schemes import load_scheme
from images.making import (
    AFFINE,
    SHAPE,
    cube_stl,
    spine_labels,
    tumour_mask,
    write_case,
    write_nifti,
)


def notes_of(imaging):
    return dict(imaging.notes)


def test_image_keeps_its_grid_and_type(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    ct = np.full((40, 48, 80), -1000, dtype=np.int16)
    finer = AFFINE @ np.diag([0.5, 0.5, 0.5, 1.0])
    finer[:3, 3] = AFFINE[:3, 3] - AFFINE[:3, :3] @ ([0.25] * 3)
    write_nifti(tmp_path / "ct.nii.gz", ct, finer)
    imaging = load_images(write_case(tmp_path, image="ct.nii.gz"))
    assert imaging.image.stored.dtype == np.int16
    assert imaging.image.grid.shape == (40, 48, 80)
    assert imaging.notes == ()
    assert [(f.role, f.file) for f in imaging.inputs] == [("labels", "spine.nii"), ("image", "ct.nii.gz")]
    assert imaging.inputs[1].sha256 == hashlib.sha256((tmp_path / "ct.nii.gz").read_bytes()).hexdigest()


def test_bone_only_ct_is_noted(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    write_nifti(tmp_path / "ct.nii", np.zeros(SHAPE, dtype=np.int16))
    assert "air-not-minus-1000" in notes_of(load_images(write_case(tmp_path, image="ct.nii")))
    assert not load_images(write_case(tmp_path, image="ct.nii", modality="mr")).notes


def test_float_labels_that_are_whole_numbers(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels().astype(np.float64))
    labels = load_images(write_case(tmp_path)).labels[0]
    assert labels.values.dtype == np.uint8
    np.testing.assert_array_equal(labels.values, spine_labels())


def test_values_above_255_stay(tmp_path):
    values = np.where(spine_labels() > 0, spine_labels().astype(np.uint16) + 481, 0).astype(np.uint16)  # 501-505
    values[0:4, 0:4, 0:4] = 551
    values[0:4, 0:4, 6:9] = 559  # both are discs: one structure
    write_nifti(tmp_path / "spine.nii", values)
    labels = load_images(write_case(tmp_path, scheme="spl-abdominal")).labels[0]
    assert labels.values.dtype == np.uint16
    assert labels.structures == {501: "L1", 502: "L2", 503: "L3", 504: "L4", 505: "L5", 551: "disc"}
    assert int((labels.values == 551).sum()) == 64 + 48


def test_unknown_values_are_noted_and_left_without_a_name(tmp_path):
    values = spine_labels()
    values[0, 0, 0] = 99
    write_nifti(tmp_path / "spine.nii", values)
    imaging = load_images(write_case(tmp_path))
    assert "99" in notes_of(imaging)["label-values-unknown"]
    assert 99 not in imaging.labels[0].structures


def test_cropped_tumour_lands_in_place(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    cropped = AFFINE.copy()
    cropped[:3, 3] = AFFINE[:3, :3] @ [5, 6, 15] + AFFINE[:3, 3]
    write_nifti(tmp_path / "tumour.nii", tumour_mask()[5:15, 6:18, 15:30], cropped)
    imaging = load_images(write_case(tmp_path, tumour="tumour.nii"))
    np.testing.assert_array_equal(imaging.tumour, tumour_mask() != 0)
    assert "0.14 mL before, 0.14 mL after" in notes_of(imaging)["resampled"]  # 48 voxels of 3 mm3


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_finer_tumour_keeps_its_place(tmp_path, factor):
    """Blocks of factor^3 fine voxels per coarse one: nearest voxel gives the coarse mask back exactly."""
    write_nifti(tmp_path / "spine.nii", spine_labels())
    fine = AFFINE @ np.diag([1 / factor] * 3 + [1.0])
    fine[:3, 3] = AFFINE[:3, 3] - AFFINE[:3, :3] @ ([(1 - 1 / factor) / 2] * 3)
    block = tumour_mask()[:16].repeat(factor, 0).repeat(factor, 1).repeat(factor, 2)
    write_nifti(tmp_path / "tumour.nii", block, fine)
    imaging = load_images(write_case(tmp_path, tumour="tumour.nii"))
    np.testing.assert_array_equal(imaging.tumour, tumour_mask() != 0)


def test_headers_rounded_differently_are_the_same_voxels(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    rounded = AFFINE.copy()
    rounded[0, 3] += 0.3
    write_nifti(tmp_path / "tumour.nii", tumour_mask(), rounded)
    imaging = load_images(write_case(tmp_path, tumour="tumour.nii"))
    np.testing.assert_array_equal(imaging.tumour, tumour_mask() != 0)
    assert "0.30 mm" in notes_of(imaging)["headers-differ"]


def test_second_label_map_is_moved_to_the_first_grid(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    discs = np.zeros(SHAPE, dtype=np.uint8)
    discs[8:12, 10:14, 33] = 2
    write_nifti(tmp_path / "body.nii", discs[4:], _shifted(4))
    case = write_case(tmp_path, [("spine.nii", "verse"), ("body.nii", "totalsegmentator-vertebrae-body")])
    imaging = load_images(case)
    np.testing.assert_array_equal(imaging.labels[1].values, discs)
    assert imaging.labels[1].grid is imaging.grid
    assert imaging.holders("disc")[0][1] == 2


def _shifted(n):
    affine = AFFINE.copy()
    affine[:3, 3] += AFFINE[:3, 0] * n
    return affine


def test_half_of_the_tumour_outside_is_refused_with_numbers(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    mask = np.zeros((40, 24, 40), dtype=np.uint8)
    mask[10:30, 10, 10] = 1
    write_nifti(tmp_path / "tumour.nii", mask)
    with pytest.raises(SpaceMismatch, match=r"50% of its voxels lie in spine.nii, the farthest corner is 20.0 mm off"):
        load_images(write_case(tmp_path, tumour="tumour.nii"))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_moving_there_is_one_voxel_at_a_time(seed):
    """The block-wise transfer agrees with looking up every single voxel."""
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 3, rng.integers(2, 7, 3)).astype(np.uint8)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    own = np.eye(4)
    own[:3, :3] = turn * rng.uniform(0.5, 2.0, 3)
    own[:3, 3] = rng.uniform(-3, 3, 3)
    grid, reference = Grid(values.shape, Affine(own)), Grid((5, 6, 4), Affine(np.diag([1.0, 1.3, 0.7, 1.0])))
    moved = to_grid(values, grid, reference)
    for index in np.ndindex(reference.shape):
        at = np.floor(grid.affine.to_index(reference.affine.to_world(index)) + 0.5 + 1e-6).astype(int)
        inside = (at >= 0).all() and (at < values.shape).all()
        assert moved[index] == (values[tuple(at)] if inside else 0)


# --- named segments, folders ---


def seg_nrrd(path, layers, keys, affine=AFFINE):
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ affine
    directions = lps[:3, :3].T
    if layers.ndim == 4:
        directions = np.vstack([[np.nan] * 3, directions])
        keys = keys | {"kinds": ["list", "domain", "domain", "domain"]}
    header = {"space": "left-posterior-superior", "space directions": directions, "space origin": lps[:3, 3]}
    nrrd.write(str(path), layers, header | keys)


def segment(n, name, value=1, layer=0):
    rows = {"Name": name, "ID": f"Segment_{n}", "LabelValue": str(value), "Layer": str(layer)}
    return {f"Segment{n}_{key}": row for key, row in rows.items()}


def test_segments_that_overlap_in_layers(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    other = np.zeros(SHAPE, dtype=np.uint8)
    other[5:15, 8:16, 18:24] = 1
    seg_nrrd(
        tmp_path / "t.seg.nrrd", np.stack([other, tumour_mask()]), segment(0, "Edema") | segment(1, "Tumour", 1, 1)
    )
    case = write_case(tmp_path, tumour="t.seg.nrrd", segment="Tumour")
    np.testing.assert_array_equal(load_images(case).tumour, tumour_mask() != 0)
    case = write_case(tmp_path, tumour="t.seg.nrrd", segment="Segment_0")
    np.testing.assert_array_equal(load_images(case).tumour, other != 0)


def test_one_segment_needs_no_name(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    path = tmp_path / "t.seg.nrrd"
    seg_nrrd(path, tumour_mask() * np.uint8(4), segment(0, "Lasion", 4))
    path.write_bytes(path.read_bytes().replace(b"Lasion", "Läsion".encode()))  # pynrrd writes ASCII, 3D Slicer UTF-8
    for name in (None, "Läsion"):
        imaging = load_images(write_case(tmp_path, tumour="t.seg.nrrd", segment=name))
        np.testing.assert_array_equal(imaging.tumour, tumour_mask() != 0)


def test_segments_named_as_structures(tmp_path):
    layers = np.stack([spine_labels(1), np.roll(tumour_mask(), 6, 1)])
    keys = {}
    for n in range(5):
        keys |= segment(n, f"vertebrae_L{n + 1}", n + 1, 0)
    seg_nrrd(tmp_path / "s.seg.nrrd", layers, keys | segment(5, "aorta", 1, 1) | segment(6, "my notes", 9, 0))
    labels = load_images(write_case(tmp_path, "s.seg.nrrd", scheme="totalsegmentator-files")).labels[0]
    assert set(labels.structures.values()) == {"L1", "L2", "L3", "L4", "L5", "aorta"}
    np.testing.assert_array_equal(labels.values == labels.value_of("L3"), spine_labels(1) == 3)


def test_folder_of_binary_files(tmp_path):
    (tmp_path / "parts").mkdir()
    for n in range(5):
        write_nifti(tmp_path / "parts" / f"vertebrae_L{n + 1}.nii.gz", (spine_labels() == 20 + n).astype(np.uint8))
    write_nifti(tmp_path / "parts" / "vertebrae_T1.nii.gz", np.zeros(SHAPE, dtype=np.uint8))
    write_nifti(tmp_path / "parts" / "spinal_cord.nii.gz", tumour_mask())  # lies in L2 and L3: overlap
    write_nifti(tmp_path / "parts" / "spleen.nii.gz", tumour_mask())
    (tmp_path / "parts" / "readme.txt").write_text("x")
    imaging = load_images(write_case(tmp_path, "parts", scheme="totalsegmentator-files"))
    labels, notes = imaging.labels[0], notes_of(imaging)
    assert set(labels.structures.values()) == {"L1", "L2", "L3", "L4", "L5", "cord"} - _swallowed(labels)
    np.testing.assert_array_equal(labels.values == labels.value_of("L4"), spine_labels() == 23)
    overlap = int(((spine_labels() > 0) & (tumour_mask() > 0)).sum())
    assert f"{overlap} voxels" in notes["structures-overlap"]
    assert "1 further" in notes["structures-not-read"]  # the spleen
    assert "readme.txt" in notes["files-unknown"]
    assert "T1" not in labels.structures.values()


def test_files_of_a_folder_may_each_be_stored_in_their_own_order(tmp_path):
    """One along other axes, one with all axes turned round: against every voxel's place in mm, file by file."""
    (tmp_path / "parts").mkdir()
    stored = {
        "L1": lambda mask: (mask, AFFINE),
        "L2": lambda mask: (mask.transpose(2, 0, 1), AFFINE[:, [2, 0, 1, 3]]),
        "L3": lambda mask: (mask[::-1, ::-1, ::-1], AFFINE @ turned_round(mask.shape)),
    }
    for n, (level, way) in enumerate(stored.items()):
        write_nifti(tmp_path / "parts" / f"vertebrae_{level}.nii.gz", *way((spine_labels() == 20 + n).astype(np.uint8)))
    labels = load_images(write_case(tmp_path, "parts", scheme="totalsegmentator-files")).labels[0]
    for n, level in enumerate(stored):
        np.testing.assert_array_equal(labels.values == labels.value_of(level), spine_labels() == 20 + n)


def turned_round(shape):
    """Index counted from the far end of every axis to index counted from the near one."""
    matrix = np.diag([-1.0, -1.0, -1.0, 1.0])
    matrix[:3, 3] = np.array(shape) - 1
    return matrix


def test_of_several_bad_files_in_a_folder_the_first_is_named(tmp_path):
    """In the scheme's order, though the later one shows what is wrong in its first bytes."""
    (tmp_path / "parts").mkdir()
    for n in range(5):
        write_nifti(tmp_path / "parts" / f"vertebrae_L{n + 1}.nii.gz", (spine_labels() == 20 + n).astype(np.uint8))
    in_order = [stem for stem in load_scheme("totalsegmentator-files").files if stem.startswith("vertebrae_L")]
    moved, damaged = in_order[2], in_order[3]
    write_nifti(tmp_path / "parts" / f"{moved}.nii.gz", tumour_mask(), AFFINE + 40.0 * np.eye(4, k=3))
    (tmp_path / "parts" / f"{damaged}.nii.gz").write_bytes(b"no gzip")
    with pytest.raises(SpaceMismatch, match=rf"parts/{moved}.nii.gz.*40.0 mm off the folder's first file"):
        load_images(write_case(tmp_path, "parts", scheme="totalsegmentator-files"))


def _swallowed(labels):
    return set() if labels.value_of("cord") else {"cord"}


def test_hash_of_a_folder_names_every_file(tmp_path):
    (tmp_path / "a.nii").write_bytes(b"1")
    first = sha256_of(tmp_path)
    rows = f"a.nii\0{hashlib.sha256(b'1').hexdigest()}\n"
    assert first == hashlib.sha256(rows.encode()).hexdigest()
    (tmp_path / "a.nii").rename(tmp_path / "b.nii")
    assert sha256_of(tmp_path) != first


# --- surfaces ---


@pytest.mark.parametrize(("frame", "sign"), [("", -1), ("SPACE=LPS", -1), ("solid? no: SPACE=RAS", 1)])
def test_box_surface(tmp_path, frame, sign):
    """A box from x -4.4 to 4.4, y -5.4 to 6.6, z 20 to 60 mm holds 9 x 8 x 20 voxel centres at 1 x 1.5 x 2 mm."""
    write_nifti(tmp_path / "spine.nii", spine_labels())
    y = sorted((sign * -5.4, sign * 6.6))
    cube_stl(tmp_path / "t.stl", (-4.4, y[0], 20.1), (4.4, y[1], 60.1), frame=frame)
    imaging = load_images(write_case(tmp_path, tumour="t.stl"))
    expected = np.zeros(SHAPE, dtype=bool)
    centres = [AFFINE[a, a] * np.arange(n) + AFFINE[a, 3] for a, n in enumerate(SHAPE)]
    inside = [
        (c > low) & (c < high) for c, (low, high) in zip(centres, [(-4.4, 4.4), (-5.4, 6.6), (20.1, 60.1)], strict=True)
    ]
    expected[np.ix_(*inside)] = True
    np.testing.assert_array_equal(imaging.tumour, expected)
    assert "surface-frame" in notes_of(imaging)


def test_obj_of_quads_equals_stl(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    cube_stl(tmp_path / "t.stl", (-4, -5, 20), (4, 7, 60), frame="SPACE=RAS")
    corners = [[(-4, 4)[b & 1], (-5, 7)[b >> 1 & 1], (20, 60)[b >> 2 & 1]] for b in range(8)]
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    lines = ["# SPACE=RAS", *(f"v {x} {y} {z}" for x, y, z in corners)]
    lines += ["f " + " ".join(f"{c + 1}//1" for c in quad) for quad in quads]
    (tmp_path / "t.obj").write_text("\n".join(lines))
    masks = [load_images(write_case(tmp_path, tumour=name)).tumour for name in ("t.stl", "t.obj")]
    np.testing.assert_array_equal(*masks)


def test_ball_on_an_oblique_grid_against_half_spaces():
    """A ball of 320 triangles is convex: a centre is inside when it lies behind every triangle's plane."""
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=2, radius=12.0)
    turn = trimesh.transformations.rotation_matrix(0.5, [1, 2, 3])
    affine = turn @ np.diag([0.8, 1.1, 1.5, 1.0])
    affine[:3, 3] = -affine[:3, :3] @ [20, 18, 14]
    mask = voxelised(ball.triangles, Grid((41, 37, 29), Affine(affine)))
    centres = np.argwhere(np.ones_like(mask)) @ affine[:3, :3].T + affine[:3, 3]
    highest = (centres @ ball.face_normals.T - (ball.triangles[:, 0] * ball.face_normals).sum(axis=1)).max(axis=1)
    clear = np.abs(highest) > 1e-3  # rays run beside the centres by 4e-4 voxels
    np.testing.assert_array_equal(mask.ravel()[clear], (highest < 0)[clear])
    assert clear.mean() > 0.999
    # Volume follows within the scatter of centres against the surface; seen 0.5 %.
    assert mask.sum() * 0.8 * 1.1 * 1.5 == pytest.approx(ball.volume, rel=0.02)


# --- instance numbers ---


def test_instances_are_counted_from_the_anchor(tmp_path):
    values = spine_labels(first=5)
    values[8:12, 9:11, 33] = 106 - 1  # disc below instance 5
    write_nifti(tmp_path / "spine.nii", values)
    imaging = load_images(write_case(tmp_path, scheme="spineps-vertebra", anchor=(6, "T12")))
    named = imaging.labels[0].structures
    assert {named[n] for n in range(5, 10)} == {"T11", "T12", "L1", "L2", "L3"}
    assert named[105] == "disc-T11"
    assert "numbering-from-anchor" in notes_of(imaging)


def test_a_missing_instance_counts_as_a_vertebra(tmp_path):
    values = spine_labels(first=5)
    values[values == 7] = 0
    write_nifti(tmp_path / "spine.nii", values)
    named = load_images(write_case(tmp_path, scheme="spineps-vertebra", anchor=(6, "T12"))).labels[0].structures
    assert named == {5: "T11", 6: "T12", 8: "L2", 9: "L3"}


def test_below_l5_comes_l6(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels(first=5))
    named = load_images(write_case(tmp_path, scheme="spineps-vertebra", anchor=(8, "L5"))).labels[0].structures
    assert named[9] == "L6"


# --- paths, writing, looking ---


@pytest.mark.parametrize(
    "name", ["/etc/hostname", "../x.nii", "a/../../x.nii", "C:\\x.nii", "\\\\host\\x.nii", "", "a\0b", "..\\x"]
)
def test_paths_that_lead_out(tmp_path, name):
    with pytest.raises(ImageError):
        resolve(tmp_path, name, "imaging.image")


def test_a_link_inside_the_folder_and_odd_names_are_fine(tmp_path):
    write_nifti(tmp_path / "Wirbelsäule 脊椎.nii", spine_labels())
    (tmp_path / "spine.nii").symlink_to("Wirbelsäule 脊椎.nii")
    by_link, by_name = (load_images(write_case(tmp_path, n)) for n in ("spine.nii", "Wirbelsäule 脊椎.nii"))
    assert by_link.inputs[0].sha256 == by_name.inputs[0].sha256


def test_a_case_without_images_is_refused(tmp_path):
    (tmp_path / "case.toml").write_text(
        'schema = "enbloc.case/1"\nid = "x"\n[extent]\nlevels = ["T12"]\nzones = ["body"]\n'
    )
    from enbloc.case import read_case

    case = read_case(tmp_path / "case.toml")
    assert look(case) == ()
    with pytest.raises(CaseError, match="no images"):
        load_images(case)


def test_written_labels_by_nibabel(tmp_path):
    affine = AFFINE.copy()
    affine[0, 1] = 0.25
    grid = Grid(SHAPE, Affine(affine))
    names = {20: "L1", 21: "L2", 22: "L3", 23: "L4", 24: "L5", 40: "piece"}
    write_labels(tmp_path / "labels.nii.gz", spine_labels(), grid, names)
    first = (tmp_path / "labels.nii.gz").read_bytes()
    image = nib.load(tmp_path / "labels.nii.gz")
    np.testing.assert_array_equal(np.asarray(image.dataobj), spine_labels())
    np.testing.assert_allclose(image.affine, affine, atol=1e-6)  # float32 header
    assert image.get_data_dtype() == np.uint8
    assert '"L3"' in (tmp_path / "labels.txt").read_text()
    write_labels(tmp_path / "labels.nii.gz", np.asfortranarray(spine_labels()), grid, names)
    assert (tmp_path / "labels.nii.gz").read_bytes() == first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labels.nii.gz", "labels.txt"]
    with pytest.raises(ValueError, match="without a name"):
        write_labels(tmp_path / "labels.nii.gz", spine_labels(), grid, {20: "L1"})


def test_look_shouts_and_says_what_would_fit(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    found = {f.id: f for f in look(write_case(tmp_path, scheme="totalsegmentator-v1"))}
    assert found["label-order-reversed"].severity == "contradiction"
    assert "verse (L1-L5)" in found["schemes-that-fit"].text
    assert "20 L3" in found["values"].text
    assert found["refused"].severity == "refused"


def test_look_at_a_good_case_shouts_nothing(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    assert {f.severity for f in look(write_case(tmp_path))} == {"note"}


def test_a_missing_middle_vertebra_is_noted_not_refused(tmp_path):
    values = spine_labels()
    values[values == 22] = 0
    write_nifti(tmp_path / "spine.nii", values)
    assert "L3" in notes_of(load_images(write_case(tmp_path)))["level-names-jump"]
