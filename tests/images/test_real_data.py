"""Real images beside the checkout (skipped where absent): levels as their README states, the traps it lists."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from enbloc.case import Case
from enbloc.core.errors import LabelError
from enbloc.core.levels import Level
from enbloc.images import load_images, look
from enbloc.images.label_file import read_values
from enbloc.images.raw import closest_ras
from enbloc.images.read import read_image
from enbloc.knowledge.schemes import level_of
from images.making import write_case

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="real images are not beside the checkout"),
]


def case_on(folder: str, tmp_path: Path, labels: list[tuple[str, str]], **files: object) -> Case:
    return write_case(tmp_path, labels, **files).in_folder(DATA / folder)


def levels_in(imaging, place=0) -> set[str]:
    found = {level_of(name) for name in imaging.labels[place].structures.values()}
    return {level.value for level in found if level is not None}


def span(first: str, last: str) -> set[str]:
    ladder = [level.value for level in Level if level.value not in ("T13", "L6", "L7")]
    return set(ladder[ladder.index(first) : ladder.index(last) + 1])


TS_CT = "totalseg_example_ct"
GOOD = [
    ("verse005", [("sub-verse005_seg-vert_msk.nii.gz", "verse")], "sub-verse005_ct.nii.gz", span("L1", "L5")),
    ("verse007", [("sub-verse007_seg-vert_msk.nii.gz", "verse")], "sub-verse007_ct.nii.gz", span("T9", "L3")),
    (TS_CT, [("vertebrae_v2labels.nii.gz", "totalsegmentator-v2")], "example_ct.nii.gz", span("T11", "S1")),
    (TS_CT, [("vertebrae_pp_refined_v2.nii.gz", "totalsegmentator-vertebrae-pp")], None, span("T12", "L5")),
    (
        TS_CT,
        [("example_seg_v1labels_commit5de6e4d.nii.gz", "totalsegmentator-v1")],
        "example_ct.nii.gz",
        span("T11", "L5") | {"sacrum"},
    ),
    (TS_CT, [("example_ct_sm_seg_v2labels.nii.gz", "totalsegmentator-v2")], "example_ct_sm.nii.gz", span("T11", "L2")),
    ("totalseg_example_dicom", [("example_seg_dicom_v2labels.nii.gz", "totalsegmentator-v2")], None, {"T11", "T12"}),
    (
        "totalseg_s0327",
        [("segmentations", "totalsegmentator-files")],
        None,
        span("T1", "L5") | {"C7", "S1", "sacrum"},
    ),
]


@pytest.mark.parametrize(("folder", "labels", "image", "levels"), GOOD, ids=[row[1][0][0] for row in GOOD])
def test_levels_found(folder, labels, image, levels, tmp_path):
    imaging = load_images(case_on(folder, tmp_path, labels, image=image))
    assert levels_in(imaging) == levels
    assert "label-order-reversed" not in dict(imaging.notes)


def test_monai_map_of_s0327_is_read_and_its_stray_labels_noted(tmp_path):
    """A network's output: T1-L5 are there, with scraps of C2, C6 and C7 that do not follow each other."""
    imaging = load_images(case_on("totalseg_s0327", tmp_path, [("ct327_seg_pred_monai.nrrd", "totalsegmentator-v1")]))
    assert span("T1", "L5") <= levels_in(imaging)
    assert "level-names-jump" in dict(imaging.notes)


def test_nrrd_and_nifti_of_s0327_lie_in_the_same_place(tmp_path):
    """Two programs, two formats, LPS and RAS. A shift by one voxel or a flip would cost far more overlap than this."""
    monai, files = (
        load_images(case_on("totalseg_s0327", tmp_path, [labels])).labels[0]
        for labels in (
            ("ct327_seg_pred_monai.nrrd", "totalsegmentator-v1"),
            ("segmentations", "totalsegmentator-files"),
        )
    )
    for structure, dice in (("aorta", 0.95), ("L5", 0.9), ("L4", 0.9)):
        a, b = (labels.values == labels.value_of(structure) for labels in (monai, files))
        assert 2 * np.count_nonzero(a & b) / (np.count_nonzero(a) + np.count_nonzero(b)) > dice


@pytest.mark.parametrize(
    ("folder", "labels", "file"),
    [
        ("verse005", [("sub-verse005_seg-vert_msk.nii.gz", "verse")], "tumour_tomita{}.nii.gz"),
        ("totalseg_s0327", [("ct327_seg_pred_monai.nrrd", "totalsegmentator-v1")], "tumour_tomita{}.nii.gz"),
    ],
)
@pytest.mark.parametrize("kind", range(1, 8))
def test_tumours_keep_every_voxel(folder, labels, file, kind, tmp_path):
    name = f"tumours/{file.format(kind)}"
    imaging = load_images(case_on(folder, tmp_path, labels, tumour=name))
    expected = np.count_nonzero(np.asarray(nib.load(DATA / folder / name).dataobj))
    assert np.count_nonzero(imaging.tumour) == expected


FILES = [p for p in sorted(DATA.rglob("*.nii.gz")) if "segmentations" not in p.parts] if DATA.is_dir() else []


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_every_nifti_as_nibabel_reads_it(path):
    raw = read_image(path, path.name)
    image = nib.load(path)
    np.testing.assert_array_equal(raw.stored * raw.slope + raw.intercept, np.asarray(image.dataobj))
    # qform from a float32 quaternion: nibabel computes in other steps; 1e-3 mm over the block is far below a voxel.
    np.testing.assert_allclose(raw.matrix, image.affine, atol=1e-3)
    view, grid = closest_ras(raw.stored, raw.matrix, path.name)
    theirs = nib.as_closest_canonical(image)
    np.testing.assert_array_equal(view, raw_canonical(image))
    np.testing.assert_allclose(grid.affine.matrix, theirs.affine, atol=1e-3)


def raw_canonical(image):
    """The unscaled voxels in nibabel's own closest-to-RAS order."""
    order = nib.io_orientation(image.affine)
    return nib.orientations.apply_orientation(image.dataobj.get_unscaled(), order)


def test_dcmqi_nrrd_with_pynrrd():
    import nrrd

    for name in ("liver_spine_seg", "spine_seg"):
        path = DATA / "dcmqi_ct3slice" / "seg" / f"{name}.nrrd"
        values, grid = read_values(path, path.name)
        theirs, header = nrrd.read(str(path))
        assert set(np.unique(values)) == set(np.unique(theirs))
        matrix = np.eye(4)
        matrix[:3, :3], matrix[:3, 3] = header["space directions"].T, header["space origin"]
        matrix = np.diag([-1, -1, 1, 1]) @ matrix
        index = np.argwhere(values == values.max())
        there = np.argwhere(theirs == theirs.max())
        np.testing.assert_allclose(
            grid.affine.to_world(index).mean(axis=0), (there @ matrix[:3, :3].T + matrix[:3, 3]).mean(axis=0), atol=1e-6
        )


def test_bone_only_ct_reads(tmp_path):
    raw = read_image(DATA / "totalseg_s0244_bone" / "ct244_bone.nrrd", "ct244_bone.nrrd")
    assert raw.stored.dtype == np.int16
    assert raw.stored.shape == (288, 288, 287)


def test_trap_instance_numbers_are_not_levels(tmp_path):
    """tptbox_mri 5-7 would be C5-C7 as VerSe numbers; the scheme asks for an anchor instead."""
    labels = [("sub-mri_seg-vert_label-6_msk.nii.gz", "spineps-vertebra")]
    with pytest.raises(LabelError) as refusal:
        load_images(case_on("tptbox_mri", tmp_path, labels, modality="mr"))
    assert refusal.value.field == "imaging.anchor"
    case = case_on("tptbox_mri", tmp_path, labels, modality="mr", anchor=(6, "L2"), image="sub-mri_label-6_T2w.nii.gz")
    assert levels_in(load_images(case)) == {"L1", "L2", "L3"}


def test_subregions_beside_vertebrae(tmp_path):
    labels = [
        ("sub-ct_seg-vert_label-22_msk.nii.gz", "spineps-veridah"),
        ("sub-ct_seg-subreg_label-22_msk.nii.gz", "spineps-subregion"),
    ]
    imaging = load_images(case_on("tptbox_ct", tmp_path, labels, image="sub-ct_label-22_ct.nii.gz"))
    assert levels_in(imaging) == {"L2", "L3", "L4"}
    assert imaging.holders("part-arch")
    assert imaging.holders("part-transverse-left")


def test_mr_organs_without_levels_are_refused_alone(tmp_path):
    labels = [("example_seg_mr.nii.gz", "totalsegmentator-total-mr")]
    with pytest.raises(LabelError, match="no vertebra is named"):
        load_images(case_on("totalseg_example_mr", tmp_path, labels, modality="mr"))
    values, _ = read_values(DATA / "totalseg_example_mr" / "example_seg_mr.nii.gz", "example_seg_mr.nii.gz")
    assert {19, 20, 21, 23} <= set(np.unique(values).tolist())


WRONG = [
    ("verse005", "sub-verse005_seg-vert_msk.nii.gz", "totalsegmentator-v1", "verse"),
    ("verse005", "sub-verse005_seg-vert_msk.nii.gz", "totalsegmentator-v2", "verse"),
    ("verse007", "sub-verse007_seg-vert_msk.nii.gz", "totalsegmentator-vertebrae-mr", "verse"),
    (TS_CT, "vertebrae_v2labels.nii.gz", "verse", "totalsegmentator-v2"),
    (TS_CT, "example_ct_sm_seg_v2labels.nii.gz", "totalsegmentator-v1", "totalsegmentator-v2"),
    (TS_CT, "vertebrae_pp_refined_v2.nii.gz", "totalsegmentator-v1", "totalsegmentator-vertebrae-pp"),
    (TS_CT, "example_seg_v1labels_commit5de6e4d.nii.gz", "totalsegmentator-v2", "totalsegmentator-v1"),
    ("totalseg_example_dicom", "example_seg_dicom_v2labels.nii.gz", "totalsegmentator-v1", "totalsegmentator-v2"),
]


@pytest.mark.parametrize(("folder", "file", "declared", "right"), WRONG)
def test_wrong_schemes_are_refused_and_the_right_one_is_named(folder, file, declared, right, tmp_path):
    case = case_on(folder, tmp_path, [(file, declared)])
    with pytest.raises(LabelError) as refusal:
        load_images(case)
    assert right in str(refusal.value)
    assert any(right in f.text for f in look(case) if f.id == "schemes-that-fit")


def test_a_whole_spine_of_version_1_is_not_read_nine_levels_off(tmp_path):
    """Read as version 2 the vertebrae descend just as well, sacrum to T3; lungs, ribs and hips give it away."""
    case = case_on("totalseg_s0327", tmp_path, [("ct327_seg_pred_monai.nrrd", "totalsegmentator-v2")])
    with pytest.raises(LabelError, match=r"wrong sides .*every pair is right under totalsegmentator-v1\)"):
        load_images(case)
