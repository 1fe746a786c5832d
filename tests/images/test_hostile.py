"""Damaged, lying and contradicting images: refused on one line that names the file and the field."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import pytest

from enbloc.case import Case
from enbloc.core.errors import InputError
from enbloc.images import load_images, look
from images.making import (
    AFFINE,
    SHAPE,
    cube_stl,
    mha,
    patch,
    regzip,
    spine_labels,
    tumour_mask,
    write_case,
    write_nifti,
)

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
Made = tuple[Case, str, str]
HOSTILE: dict[str, Callable[[Path], Made]] = {}


def hostile(make: Callable[[Path], Made]) -> Callable[[Path], Made]:
    HOSTILE[make.__name__] = make
    return make


def good(folder: Path) -> Path:
    return write_nifti(folder / "spine.nii", spine_labels())


def patched(folder: Path, field: str, *numbers: object, shown: str | None = None) -> Made:
    patch(good(folder), field, *numbers)
    return write_case(folder), "spine.nii", shown or field


def with_values(folder: Path, values: np.ndarray, field: str = "voxel values", scheme: str = "verse") -> Made:
    write_nifti(folder / "spine.nii", values)
    return write_case(folder, scheme=scheme), "spine.nii", field


# --- NIfTI headers and data ---


@hostile
def voxels_cut_short(folder):
    path = good(folder)
    path.write_bytes(path.read_bytes()[:-100])
    return write_case(folder), "spine.nii", "voxels"


@hostile
def gzip_cut_short(folder):
    regzip(good(folder))
    path = folder / "spine.nii.gz"
    path.write_bytes(path.read_bytes()[:-30])
    return write_case(folder, "spine.nii.gz"), "spine.nii.gz", "voxels"


@hostile
def gzip_damaged_inside(folder):
    write_nifti(folder / "spine.nii", np.random.default_rng(1).integers(0, 200, SHAPE).astype(np.uint8))
    regzip(folder / "spine.nii")
    path = folder / "spine.nii.gz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    return write_case(folder, "spine.nii.gz"), "spine.nii.gz", "voxels"


@hostile
def plain_file_named_gz(folder):
    good(folder).rename(folder / "spine.nii.gz")
    return write_case(folder, "spine.nii.gz"), "spine.nii.gz", "voxels"


@hostile
def header_cut_short(folder):
    path = good(folder)
    path.write_bytes(path.read_bytes()[:200])
    return write_case(folder), "spine.nii", "header"


@hostile
def empty_file(folder):
    (folder / "spine.nii").write_bytes(b"")
    return write_case(folder), "spine.nii", "header"


@hostile
def text_named_nii(folder):
    (folder / "spine.nii").write_bytes(b"no image at all\n" * 60)
    return write_case(folder), "spine.nii", "sizeof_hdr"


@hostile
def half_of_a_pair(folder):
    return patched(folder, "magic", b"ni1\0")


@hostile
def no_magic(folder):
    return patched(folder, "magic", b"\0\0\0\0")


@hostile
def header_asks_for_terabytes(folder):
    return patched(folder, "dim", 3, 30000, 30000, 30000, 1, 1, 1, 1)


@hostile
def header_asks_for_more_than_gzip_can_hold(folder):
    patch(good(folder), "dim", 3, 1200, 1200, 1200, 1, 1, 1, 1)
    regzip(folder / "spine.nii")
    return write_case(folder, "spine.nii.gz"), "spine.nii.gz", "dim"


@hostile
def gzip_bomb(folder):
    data = good(folder).read_bytes() + bytes(300 << 20)
    (folder / "spine.nii.gz").write_bytes(gzip.compress(data, 1))
    return write_case(folder, "spine.nii.gz"), "spine.nii.gz", "voxels"


@hostile
def a_dimension_of_zero(folder):
    return patched(folder, "dim", 3, 20, 0, 40, 1, 1, 1, 1)


@hostile
def a_negative_dimension(folder):
    return patched(folder, "dim", 3, 20, -24, 40, 1, 1, 1, 1)


@hostile
def nine_dimensions(folder):
    return patched(folder, "dim", 9, 20, 24, 40, 1, 1, 1, 1)


@hostile
def four_dimensions(folder):
    write_nifti(folder / "spine.nii", np.stack([spine_labels()] * 3, axis=-1))
    return write_case(folder), "spine.nii", "dim"


@hostile
def two_dimensions(folder):
    return patched(folder, "dim", 2, 20, 24, 1, 1, 1, 1, 1)


@hostile
def colour_voxels(folder):
    return patched(folder, "datatype", 128)


@hostile
def complex_voxels(folder):
    return patched(folder, "datatype", 32)


@hostile
def affine_with_nan(folder):
    return patched(folder, "srow_x", float("nan"), 0, 0, 0, shown="sform")


@hostile
def affine_singular(folder):
    return patched(folder, "srow_y", 1.0, 0, 0, 0, shown="sform")


@hostile
def no_orientation_at_all(folder):
    return patched(folder, "sform_code", 0)


@hostile
def qform_against_sform(folder):
    image = nib.Nifti1Image(spine_labels(), AFFINE)
    image.set_sform(AFFINE, 1)
    shifted = AFFINE.copy()
    shifted[0, 3] += 3.0
    image.set_qform(shifted, 1)
    nib.save(image, folder / "spine.nii")
    return write_case(folder), "spine.nii", "qform/sform: qform and sform disagree by 3.00 mm"


@hostile
def metres(folder):
    return patched(folder, "xyzt_units", 1)


@hostile
def microns(folder):
    return patched(folder, "xyzt_units", 3)


@hostile
def qform_without_voxel_size(folder):
    write_nifti(folder / "spine.nii", spine_labels(), qform=True)
    patch(folder / "spine.nii", "pixdim", 1.0, 1.0, 0.0, 2.0, 0, 0, 0, 0)
    return write_case(folder), "spine.nii", "pixdim"


@hostile
def quaternion_too_long(folder):
    write_nifti(folder / "spine.nii", spine_labels(), qform=True)
    patch(folder / "spine.nii", "quatern_b", 1.5)
    return write_case(folder), "spine.nii", "quatern_b"


@hostile
def voxels_begin_nowhere(folder):
    return patched(folder, "vox_offset", float("nan"))


@hostile
def voxels_begin_inside_the_header(folder):
    return patched(folder, "vox_offset", 12.0)


@hostile
def infinite_slope(folder):
    return patched(folder, "scl_slope", float("inf"))


# --- values ---


@hostile
def fractional_labels(folder):
    return with_values(folder, spine_labels().astype(np.float32) * 0.5 + 0.25 * (spine_labels() > 0))


@hostile
def negative_labels(folder):
    return with_values(folder, spine_labels().astype(np.int16) - 1)


@hostile
def nan_labels(folder):
    values = spine_labels().astype(np.float64)
    values[0, 0, 0] = np.nan
    return with_values(folder, values)


@hostile
def labels_beyond_16_bits(folder):
    return with_values(folder, spine_labels().astype(np.int32) * 5000)


@hostile
def empty_labels(folder):
    return with_values(folder, np.zeros(SHAPE, dtype=np.uint8))


@hostile
def scheme_knows_none_of_the_values(folder):
    return with_values(folder, spine_labels(first=200), "scheme")


@hostile
def scheme_of_the_other_direction(folder):
    """VerSe 20-24 read as TotalSegmentator 1: L3 ... T11, head down."""
    return with_values(folder, spine_labels(), "scheme", "totalsegmentator-v1")


@hostile
def scheme_that_names_no_vertebra(folder):
    return with_values(folder, spine_labels(), "scheme", "totalsegmentator-v2")


@hostile
def names_that_jump_without_room(folder):
    values = spine_labels()
    values[values == 24] = 8  # T1 under L4 would be out of order, so the blocks are renamed from the top
    values[values == 20] = 9
    values[values == 21] = 10
    values[(values == 8)] = 24
    return with_values(folder, values, "scheme")  # T2 T3 L3 L4 L5, equally spaced


@hostile
def left_and_right_flipped(folder):
    values = spine_labels(first=31, step=-1)  # L1-L5 under totalsegmentator-v2
    values[1:3, 2:5, 10:20], values[17:19, 2:5, 10:20] = 2, 3  # kidneys: right one at low x
    values[1:3, 18:21, 10:20], values[17:19, 18:21, 10:20] = 89, 88  # iliopsoas likewise
    return with_values(folder, values, "left/right", "totalsegmentator-v2")


@hostile
def instances_without_anchor(folder):
    return with_values(folder, spine_labels(first=3), "imaging.anchor", "spineps-vertebra")


@hostile
def anchor_on_an_absent_label(folder):
    write_nifti(folder / "spine.nii", spine_labels(first=3))
    return write_case(folder, scheme="spineps-vertebra", anchor=(12, "L1")), "spine.nii", "imaging.anchor.label"


@hostile
def anchor_counts_out_of_the_spine(folder):
    write_nifti(folder / "spine.nii", spine_labels(first=3))
    return write_case(folder, scheme="spineps-vertebra", anchor=(7, "C2")), "spine.nii", "imaging.anchor"


@hostile
def anchor_against_the_scheme(folder):
    good(folder)
    return write_case(folder, anchor=(22, "L2")), "spine.nii", "imaging.anchor"


# --- tumour and image against labels ---


def with_tumour(folder: Path, values: np.ndarray, affine: np.ndarray, field: str) -> Made:
    good(folder)
    write_nifti(folder / "tumour.nii", values, affine)
    return write_case(folder, tumour="tumour.nii"), "tumour.nii", field


@hostile
def tumour_on_a_shifted_twin_grid(folder):
    shifted = AFFINE.copy()
    shifted[2, 3] += 14.2
    return with_tumour(folder, tumour_mask(), shifted, "grid: same shape and spacing as spine.nii, yet 14.2 mm")


@hostile
def tumour_far_away(folder):
    shifted = AFFINE.copy()
    shifted[0, 3] += 500.0
    return with_tumour(folder, tumour_mask()[:, :, :30], shifted, "grid: 0%")


@hostile
def tumour_empty(folder):
    return with_tumour(folder, np.zeros(SHAPE, dtype=np.uint8), AFFINE, "voxel values")


@hostile
def tumour_probabilities(folder):
    return with_tumour(folder, tumour_mask() * np.float32(0.7), AFFINE, "voxel values")


@hostile
def tumour_thinner_than_the_labels_voxels(folder):
    fine = np.diag([0.1, 0.1, 0.1, 1.0])
    fine[:3, 3] = AFFINE[:3, :3] @ [10.3, 10.3, 10.3] + AFFINE[:3, 3]
    return with_tumour(folder, np.ones((2, 2, 2), dtype=np.uint8), fine, "grid")


@hostile
def image_that_misses_the_labels(folder):
    good(folder)
    write_nifti(folder / "ct.nii", np.zeros((20, 24, 12), dtype=np.int16))
    return write_case(folder, image="ct.nii"), "ct.nii", "grid"


@hostile
def image_with_nan(folder):
    good(folder)
    write_nifti(folder / "ct.nii", np.full(SHAPE, np.nan, dtype=np.float32))
    return write_case(folder, image="ct.nii"), "ct.nii", "voxel values"


@hostile
def image_folder_without_dicom(folder):
    good(folder)
    (folder / "ct").mkdir()
    (folder / "ct" / "1.dcm").write_bytes(b"DICM")
    return write_case(folder, image="ct"), "ct", "Modality"


@hostile
def image_of_unknown_format(folder):
    good(folder)
    (folder / "ct.png").write_bytes(b"x")
    return write_case(folder, image="ct.png"), "ct.png", "format"


# --- files and folders ---


@hostile
def file_missing(folder):
    return write_case(folder, "nowhere.nii"), "nowhere.nii", "imaging.labels[0].file"


@hostile
def link_out_of_the_folder(folder):
    outside = folder.parent / f"{folder.name}-outside.nii"
    write_nifti(outside, spine_labels())
    (folder / "spine.nii").symlink_to(outside)
    return write_case(folder), "spine.nii", "imaging.labels[0].file"


@hostile
def link_in_a_circle(folder):
    (folder / "spine.nii").symlink_to(folder / "spine.nii")
    return write_case(folder), "spine.nii", "imaging.labels[0].file"


@hostile
def a_pipe_instead_of_a_file(folder):
    os.mkfifo(folder / "spine.nii")
    return write_case(folder), "spine.nii", "imaging.labels[0].file"


@hostile
def folder_without_structures(folder):
    (folder / "parts").mkdir()
    write_nifti(folder / "parts" / "lesion.nii", tumour_mask())
    return write_case(folder, "parts", scheme="totalsegmentator-files"), "parts", "scheme"


@hostile
def folder_on_two_grids(folder):
    (folder / "parts").mkdir()
    write_nifti(folder / "parts" / "vertebrae_L1.nii", tumour_mask())
    write_nifti(folder / "parts" / "vertebrae_L2.nii", tumour_mask()[:, :, :30])
    return write_case(folder, "parts", scheme="totalsegmentator-files"), "parts/vertebrae_L1.nii", "grid"


@hostile
def folder_with_a_link_out(folder):
    (folder / "parts").mkdir()
    outside = write_nifti(folder.parent / f"{folder.name}-outside.nii", tumour_mask())
    (folder / "parts" / "vertebrae_L1.nii").symlink_to(outside)
    return write_case(folder, "parts", scheme="totalsegmentator-files"), "parts/vertebrae_L1.nii", "path"


@hostile
def folder_of_empty_files(folder):
    (folder / "parts").mkdir()
    write_nifti(folder / "parts" / "vertebrae_L1.nii", np.zeros(SHAPE, dtype=np.uint8))
    return write_case(folder, "parts", scheme="totalsegmentator-files"), "parts", "voxel values"


@hostile
def single_file_scheme_on_a_folder(folder):
    (folder / "parts").mkdir()
    return write_case(folder, "parts"), "parts", "scheme"


@hostile
def own_scheme_with_a_false_level(folder):
    good(folder)
    table = (
        '[scheme]\nid="own"\nsource="own"\nchecked="unverified"\nform="values"\nholds="vertebrae"\nids_rise="none"\n'
    )
    (folder / "own.toml").write_text(table + "[structures]\nL9 = 20\n")
    return write_case(folder, scheme="own.toml"), "own.toml", "structures.L9"


# --- NRRD and MetaImage ---


def with_nrrd(folder: Path, field: str, change: Callable[[bytes], bytes]) -> Made:
    header = {"space": "left-posterior-superior", "space directions": (LPS @ AFFINE)[:3, :3].T.tolist()}
    nrrd.write(str(folder / "spine.nrrd"), spine_labels(), header | {"space origin": (LPS @ AFFINE)[:3, 3].tolist()})
    path = folder / "spine.nrrd"
    path.write_bytes(change(path.read_bytes()))
    return write_case(folder, "spine.nrrd"), "spine.nrrd", field


@hostile
def nrrd_without_space(folder):
    return with_nrrd(folder, "space", lambda b: b.replace(b"space: left-posterior-superior\n", b""))


@hostile
def nrrd_in_scanner_axes(folder):
    return with_nrrd(folder, "space", lambda b: b.replace(b"left-posterior-superior", b"scanner-xyz"))


@hostile
def nrrd_cut_short(folder):
    return with_nrrd(folder, "voxels", lambda b: b[:-40])


@hostile
def nrrd_asks_for_terabytes(folder):
    return with_nrrd(folder, "sizes", lambda b: b.replace(b"sizes: 20 24 40", b"sizes: 90000 90000 90000"))


@hostile
def nrrd_of_unknown_type(folder):
    return with_nrrd(folder, "type", lambda b: b.replace(b"uint8", b"block"))


@hostile
def nrrd_as_text(folder):
    return with_nrrd(folder, "encoding", lambda b: b.replace(b"encoding: gzip", b"encoding: ascii"))


@hostile
def nrrd_data_elsewhere(folder):
    (folder / "spine.nhdr").write_bytes(
        b"NRRD0004\ntype: uint8\ndimension: 3\nspace: RAS\nsizes: 2 2 2\nspace directions: (1,0,0) (0,1,0) (0,0,1)\n"
        b"space origin: (0,0,0)\nencoding: raw\ndata file: ../../secret.raw\n"
    )
    return write_case(folder, "spine.nhdr"), "spine.nhdr", "data file"


def with_segments(folder: Path, segment: str | None, field: str) -> Made:
    good(folder)
    keys = {"Segment0_Name": "Tumour", "Segment0_ID": "s1", "Segment0_LabelValue": "1", "Segment0_Layer": "0"}
    keys |= {"Segment1_Name": "Edema", "Segment1_ID": "s2", "Segment1_LabelValue": "2", "Segment1_Layer": "7"}
    header = {"space": "RAS", "space directions": AFFINE[:3, :3].T.tolist(), "space origin": AFFINE[:3, 3].tolist()}
    nrrd.write(str(folder / "t.seg.nrrd"), tumour_mask(), header | keys)
    return write_case(folder, tumour="t.seg.nrrd", segment=segment), "t.seg.nrrd", field


@hostile
def segment_not_named(folder):
    return with_segments(folder, None, "imaging.tumour.segment")


@hostile
def segment_unknown(folder):
    return with_segments(folder, "Tumor", "imaging.tumour.segment")


@hostile
def segment_in_a_missing_layer(folder):
    return with_segments(folder, "Edema", "SegmentN_Layer")


def with_mha(folder: Path, field: str, change: Callable[[bytes], bytes], **made: object) -> Made:
    (folder / "spine.mha").write_bytes(change(mha(spine_labels(), LPS @ AFFINE, "MET_UCHAR", **made)))
    return write_case(folder, "spine.mha"), "spine.mha", field


@hostile
def mha_in_many_files(folder):
    return with_mha(folder, "ElementDataFile", lambda b: b, file="LIST")


@hostile
def mha_data_elsewhere(folder):
    return with_mha(folder, "ElementDataFile", lambda b: b, file="/etc/hostname")


@hostile
def mha_without_place(folder):
    return with_mha(folder, "Offset", lambda b: b.replace(b"Offset", b"Offsat"))


@hostile
def mha_with_nan_spacing(folder):
    return with_mha(folder, "ElementSpacing", lambda b: b.replace(b"ElementSpacing = 1.0", b"ElementSpacing = nan"))


@hostile
def mha_zero_size(folder):
    return with_mha(folder, "DimSize", lambda b: b.replace(b"DimSize = 20", b"DimSize = 0"))


@hostile
def mha_bomb(folder):
    data = zlib.compress(spine_labels().tobytes(order="F") + bytes(100 << 20), 1)
    return with_mha(folder, "voxels", lambda b: b, extra="CompressedData = True\n", data=data)


# --- surfaces ---


def with_surface(folder: Path, field: str, low: tuple[float, ...], high: tuple[float, ...], **made: object) -> Made:
    good(folder)
    cube_stl(folder / "t.stl", low, high, **made)
    return write_case(folder, tumour="t.stl"), "t.stl", field


@hostile
def surface_open(folder):
    return with_surface(folder, "triangles", (-5, -10, 20), (5, 10, 60), frame="SPACE=RAS", open_=True)


@hostile
def surface_in_metres(folder):
    return with_surface(folder, "unit", (0, 0, 0.02), (0.005, 0.005, 0.06), frame="SPACE=RAS")


@hostile
def surface_in_microns(folder):
    return with_surface(folder, "unit", (0, 0, 0), (5000, 5000, 5000), frame="SPACE=RAS")


@hostile
def surface_in_the_wrong_frame(folder):
    """The block reaches from y = -20 to 15: a box at -18 to -12 read as LPS lands at 12 to 18."""
    return with_surface(folder, "frame", (-9, -18.5, 20), (-2, -16, 60))


@hostile
def surface_cut_short(folder):
    case, file, _ = with_surface(folder, "", (-5, -10, 20), (5, 10, 60), frame="SPACE=RAS")
    path = folder / "t.stl"
    path.write_bytes(path.read_bytes()[:-20])
    return case, file, "triangle count"


@hostile
def surface_without_triangles(folder):
    good(folder)
    (folder / "t.stl").write_bytes(bytes(80) + struct.pack("<I", 0))
    return write_case(folder, tumour="t.stl"), "t.stl", "triangles"


@hostile
def obj_that_names_missing_points(folder):
    good(folder)
    (folder / "t.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n")
    return write_case(folder, tumour="t.obj"), "t.obj", "f"


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_refused_on_one_line_with_file_and_field(name, tmp_path):
    folder = tmp_path / "case"
    folder.mkdir()
    case, file, field = HOSTILE[name](folder)
    before = sorted(folder.rglob("*"))
    with pytest.raises(InputError) as refusal:
        load_images(case)
    text = str(refusal.value)
    assert "\n" not in text
    assert refusal.value.file == file
    assert text.startswith(f"{file}: {field}")
    assert refusal.value.field == field.split(": ")[0]
    assert str(tmp_path) not in text, "errors show the name the user wrote, no path of the machine"
    assert sorted(folder.rglob("*")) == before
    assert any(finding.severity in ("refused", "contradiction") for finding in look(case))


def test_there_are_enough_of_them():
    assert len(HOSTILE) >= 60
