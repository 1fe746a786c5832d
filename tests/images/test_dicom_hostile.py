"""DICOM that is damaged, lies, or does not belong: one line with file and field, and no identity in it."""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.encaps import encapsulate

from enbloc.cli import main
from enbloc.core.errors import InputError
from enbloc.images import load_images, look
from images.dicom_making import (
    DEFLATED,
    EXPLICIT,
    J2K,
    JPEG,
    JPEG_LS,
    RLE,
    SECRETS,
    write_enhanced,
    write_rtstruct,
    write_seg,
    write_series,
)
from images.making import AFFINE, SHAPE, spine_labels, tumour_mask, write_case, write_nifti

Made = tuple[dict[str, object], str]
HOSTILE: dict[str, Callable[[Path], Made]] = {}


def hostile(make: Callable[[Path], Made]) -> Callable[[Path], Made]:
    HOSTILE[make.__name__] = make
    return make


def voxels() -> np.ndarray:
    return np.random.default_rng(5).integers(0, 4000, SHAPE).astype(np.uint16)


def series(folder: Path, field: str, change: Callable = lambda ds, k: None, **wishes: object) -> Made:
    write_series(folder / "ct", voxels(), AFFINE, change=change, **wishes)
    return {"image": "ct"}, field


def on_slice(number: int, **values: object) -> Callable:
    def change(ds, k):
        if k == number or number < 0:
            for keyword, value in values.items():
                setattr(ds, keyword, value)

    return change


# --- series ---


@hostile
def two_series(folder):
    write_series(folder / "ct", voxels(), AFFINE, series="1.2.3.444555666.5", number=9)
    return series(folder, "imaging.series: holds 2 series: 4 (CT, 40 slices, 2 mm apart); 9 (CT", names=NAMES)


NAMES = [f"b{k}" for k in range(SHAPE[2])]


@hostile
def two_series_of_one_number(folder):
    write_series(folder / "ct", voxels(), AFFINE, series="1.2.3.444555666.5")
    return series(folder, "imaging.series", names=NAMES)


@hostile
def a_series_that_is_not_there(folder):
    made, field = series(folder, "imaging.series: holds no series 12")
    return {**made, "series": 12}, field


@hostile
def a_slice_missing(folder):
    made, field = series(folder, "ImagePositionPatient: 1 of 40 slices is missing: after slice 17 comes a step of 4 mm")
    (folder / "ct" / "IM0017").unlink()
    return made, field


@hostile
def uneven_slices(folder):
    def change(ds, k):
        ds.ImagePositionPatient[2] = str(5.0 + 2.0 * k + 0.02 * k * k)

    return series(folder, "ImagePositionPatient: slices are 2.02 to 3.54 mm apart", change)


@hostile
def a_slice_shifted_sideways(folder):
    return series(folder, "ImagePositionPatient: a slice lies", on_slice(9, ImagePositionPatient=["13", "20", "23"]))


@hostile
def two_phases(folder):
    write_series(folder / "ct", voxels(), AFFINE, names=NAMES)
    return series(folder, "ImagePositionPatient: 40 slices lie where another one lies")


@hostile
def two_orientations(folder):
    turn = on_slice(30, ImageOrientationPatient=["-1", "0", "0", "0", "0", "-1"])
    return series(folder, "ImageOrientationPatient: holds slices of more than one orientation, up to 90.0", turn)


@hostile
def a_single_slice(folder):
    write_series(folder / "ct", voxels()[:, :, :1], AFFINE)
    return {"image": "ct"}, "ImagePositionPatient: is a single slice"


@hostile
def mixed_shapes(folder):
    def change(ds, k):
        if k == 3:
            ds.Rows, ds.PixelData = 23, ds.PixelData[: 23 * 20 * 2]

    return series(folder, "Rows: holds slices of more than one shape", change)


@hostile
def mixed_pixel_spacing(folder):
    return series(folder, "PixelSpacing", on_slice(3, PixelSpacing=["1.6", "1"]))


@hostile
def mixed_frames_of_reference(folder):
    return series(folder, "FrameOfReferenceUID", on_slice(3, FrameOfReferenceUID="1.2.3.444555666.77"))


@hostile
def a_slice_without_rescale(folder):
    def change(ds, k):
        if k == 3:
            del ds.RescaleSlope

    return series(folder, "RescaleSlope", change)


@hostile
def a_slice_without_position(folder):
    def change(ds, k):
        if k == 3:
            del ds.ImagePositionPatient

    return series(folder, "ImagePositionPatient", change)


@hostile
def position_of_words(folder):
    def change(ds, k):
        if k == 3:
            ds.add_new("ImagePositionPatient", "LO", ["DOE^JANE", "1", "2"])

    return series(folder, "ImagePositionPatient", change)


@hostile
def orientation_not_square(folder):
    return series(
        folder, "ImageOrientationPatient", on_slice(-1, ImageOrientationPatient=["1", "0", "0", "1", "0", "0"])
    )


@hostile
def burned_in(folder):
    return series(folder, "BurnedInAnnotation", on_slice(-1, BurnedInAnnotation="YES"))


@hostile
def bright_means_little(folder):
    return series(folder, "PhotometricInterpretation", on_slice(-1, PhotometricInterpretation="MONOCHROME1"))


@hostile
def only_pictures(folder):
    return series(folder, "Modality: holds no series", on_slice(-1, SOPClassUID="1.2.840.10008.5.1.4.1.1.7"))


@hostile
def the_case_says_mr(folder):
    made, field = series(folder, "imaging.modality")
    return {**made, "modality": "mr"}, field


@hostile
def compressed_without_decoder(folder):
    def change(ds, k):
        ds.PixelData = encapsulate([b"\0\0\1\xb3" * 8])
        ds["PixelData"].VR = "OB"

    write_series(folder / "ct", voxels(), AFFINE, change=change, syntax="1.2.840.10008.1.2.4.100")
    return {"image": "ct"}, "TransferSyntaxUID: there is no decoder for MPEG2 Main Profile / Main Level"


@hostile
def series_number_for_a_nifti(folder):
    write_nifti(folder / "ct.nii", np.zeros(SHAPE, dtype=np.int16))
    return {"image": "ct.nii", "series": 2}, "imaging.series"


def patched(folder: Path, field: str, tag: bytes, change: Callable[[bytearray, int], None], **wishes: object) -> Made:
    """Changes bytes at the element `tag` (explicit VR) of one slice."""
    write_series(folder / "ct", voxels(), AFFINE, **wishes)
    path = folder / "ct" / "IM0011"
    data = bytearray(path.read_bytes())
    change(data, data.index(tag))
    path.write_bytes(data)
    return {"image": "ct"}, field


@hostile
def rows_that_lie(folder):
    lie = on_slice(-1, Rows=65535, Columns=65535)
    return series(folder, "Rows: asks for 8 GiB", lie)


@hostile
def rows_that_lie_below_the_limit(folder):
    return series(folder, "PixelData: holds 960 bytes of pixels, the header declares 200000000", on_slice(-1, Rows=10000, Columns=10000))  # fmt: skip  # noqa: E501


@hostile
def compressed_rows_that_lie(folder):
    return series(folder, "PixelData: a frame holds 24 x 20 pixels", on_slice(-1, Rows=5000, Columns=5000), syntax=J2K)


@hostile
def frames_that_lie(folder):
    write_enhanced(folder / "ct", voxels(), AFFINE, change=lambda ds: setattr(ds, "NumberOfFrames", 2_000_000_000))
    return {"image": "ct"}, "NumberOfFrames: declares 2000000000 frames, describes 40"


@hostile
def length_that_lies(folder):
    return patched(folder, "PixelData", b"\xe0\x7f\x10\0OW", lambda d, at: d.__setitem__(slice(at + 8, at + 12), b"\xf0\xff\xff\x7f"))  # fmt: skip  # noqa: E501


@hostile
def pixels_cut_short(folder):
    return patched(folder, "PixelData", b"\xe0\x7f\x10\0OW", lambda d, at: d.__delitem__(slice(at + 200, None)))


@hostile
def header_cut_short(folder):
    return patched(folder, "", b"\x28\0\x11\0US", lambda d, at: d.__delitem__(slice(at + 3, None)))


def cut_frame(folder: Path, syntax: str) -> Made:
    def change(ds, k):
        if k == 11:
            whole = ds.PixelData[16 : 16 + struct.unpack_from("<I", ds.PixelData, 12)[0]]
            ds.PixelData = encapsulate([whole[: len(whole) // 2]])
            ds["PixelData"].VR = "OB"

    return series(folder, "PixelData", change, syntax=syntax)


for _name, _syntax in (("j2k", J2K), ("jpeg_ls", JPEG_LS), ("jpeg", JPEG), ("rle", RLE)):
    HOSTILE[f"frame_cut_short_{_name}"] = lambda folder, syntax=_syntax: cut_frame(folder, syntax)


@hostile
def deflate_bomb(folder):
    import zlib

    write_series(folder / "ct", voxels(), AFFINE, syntax=DEFLATED)
    path = folder / "ct" / "IM0003"
    data = path.read_bytes()
    end = 144 + struct.unpack_from("<I", data, 140)[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(5)) + packer.flush()
    path.write_bytes(data[:end] + bomb)
    return {"image": "ct"}, "deflated data: inflates to more than the 4 MiB"


@hostile
def a_link_out_of_the_folder(folder):
    outside = folder.parent / f"{folder.name}-outside"
    write_series(outside, voxels(), AFFINE)
    made, _ = series(folder, "")
    (folder / "ct" / "extra").symlink_to(outside / "IM0001")
    return made, "folder: holds a link"


# --- SEG and RTSTRUCT ---


def seg(folder: Path, field: str, **wishes: object) -> Made:
    write_series(folder / "ct", voxels(), AFFINE)
    write_seg(folder / "t", {"Tumour": tumour_mask().astype(bool)}, AFFINE, **wishes)
    return {"image": "ct", "tumour": "t"}, field


@hostile
def seg_of_another_series(folder):
    return seg(folder, "ReferencedSeriesSequence: refers to another series than ct", series="1.2.3.444555666.55")


@hostile
def seg_in_another_frame(folder):
    return seg(folder, "FrameOfReferenceUID", frame="1.2.3.444555666.55")


@hostile
def seg_of_unknown_kind(folder):
    return seg(folder, "SegmentationType", change=lambda ds: setattr(ds, "SegmentationType", "DOE^JANE"))


@hostile
def seg_without_depth(folder):
    write_series(folder / "ct", voxels(), AFFINE)
    one = np.zeros(SHAPE, bool)
    one[4:9, 4:9, 20] = True
    write_seg(folder / "t", {"Tumour": one}, AFFINE, between=None)
    return {"image": "ct", "tumour": "t"}, "SpacingBetweenSlices"


@hostile
def seg_with_too_many_frames(folder):
    return seg(folder, "NumberOfFrames", change=lambda ds: setattr(ds, "NumberOfFrames", 2_000_000_000))


@hostile
def seg_cut_short(folder):
    return seg(folder, "PixelData", change=lambda ds: setattr(ds, "PixelData", ds.PixelData[:90]))


@hostile
def seg_turned_in_one_frame(folder):
    def change(ds):
        group = ds.PerFrameFunctionalGroupsSequence[0]
        shared = ds.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence
        from copy import deepcopy

        group.PlaneOrientationSequence = deepcopy(shared)
        group.PlaneOrientationSequence[0].ImageOrientationPatient = ["1", "0", "0", "0", "0", "-1"]

    return seg(folder, "ImageOrientationPatient: holds slices of more than one orientation", change=change)


@hostile
def seg_segment_not_there(folder):
    made, field = seg(folder, "imaging.tumour.segment: no segment is called 'Tumor'")
    return {**made, "segment": "Tumor"}, field


def square(z: float, half: float = 5.0) -> np.ndarray:
    return np.array([[-half, -half, z], [half, -half, z], [half, half, z], [-half, half, z]])


def rtstruct(folder: Path, field: str, contours: list[np.ndarray], **wishes: object) -> Made:
    write_series(folder / "ct", voxels(), AFFINE)
    write_rtstruct(folder / "t", {"GTV": contours}, **wishes)
    return {"image": "ct", "tumour": "t"}, field


GOOD = [square(z) for z in (41.0, 43.0, 45.0)]


@hostile
def open_contours(folder):
    return rtstruct(folder, "ContourGeometricType: 3 of 3 contours are not closed", GOOD, kind="OPEN_PLANAR")


@hostile
def points_for_contours(folder):
    return rtstruct(folder, "ContourGeometricType", [square(41.0)[:1]], kind="POINT")


@hostile
def contours_of_unknown_kind(folder):
    return rtstruct(folder, "ContourGeometricType", GOOD, kind="DOE^JANE")


@hostile
def contours_in_another_frame(folder):
    return rtstruct(folder, "FrameOfReferenceUID", GOOD, frame="1.2.3.444555666.55")


@hostile
def contours_that_are_bent(folder):
    bent = square(43.0)
    bent[0, 2] += 1.0
    return rtstruct(folder, "ContourData: contours are not flat and parallel", [*GOOD[::2], bent])


@hostile
def contours_far_away(folder):
    return rtstruct(folder, "frame: 0% of the contours", [ring + np.array([300.0, 0, 0]) for ring in GOOD])


@hostile
def contours_that_lie_about_their_number(folder):
    def change(ds):
        ds.ROIContourSequence[0].ContourSequence[1].NumberOfContourPoints = 400

    return rtstruct(folder, "ContourData: holds 12 numbers, 400 points are declared", GOOD, change=change)


@hostile
def contours_of_words(folder):
    def change(ds):
        ds.ROIContourSequence[0].ContourSequence[1].add_new("ContourData", "LO", ["DOE^JANE", "2", "3"])

    return rtstruct(folder, "ContourData", GOOD, change=change)


@hostile
def a_region_without_contours(folder):
    return rtstruct(folder, "imaging.tumour.segment", [])


@hostile
def two_regions_and_none_named(folder):
    write_rtstruct(folder / "t", {"GTV": GOOD, "Cord": GOOD})
    return {"tumour": "t"}, "imaging.tumour.segment: holds the regions 'GTV', 'Cord'"


@hostile
def a_slice_as_tumour(folder):
    write_series(folder / "ct", voxels(), AFFINE)
    return {"tumour": "ct/IM0001"}, "Modality"


@hostile
def contours_as_labels(folder):
    write_rtstruct(folder / "t", {"GTV": GOOD})
    return {"labels": "t"}, "Modality"


def made_case(name: str, folder: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom's, about the values that are wrong on purpose
        wishes, field = HOSTILE[name](folder)
    write_nifti(folder / "spine.nii", spine_labels())
    return write_case(folder, wishes.pop("labels", "spine.nii"), **wishes), field


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_refused_on_one_line_without_identity(name, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr("enbloc.images.dicom.header.LARGEST_DEFLATED_BYTES", 4 << 20)
    folder = tmp_path / "case"
    folder.mkdir()
    case, field = made_case(name, folder)
    with pytest.raises(InputError) as refusal:
        load_images(case)
    text = str(refusal.value)
    assert "\n" not in text
    assert refusal.value.field
    assert f": {field}" in text
    assert text.startswith(("ct: ", "ct (file ", "t: ", "ct.nii: ", "ct/IM0001: "))
    assert str(tmp_path) not in text
    seen = " ".join(f"{f.file} {f.text}" for f in look(case))
    assert "refused" in {f.severity for f in look(case)}
    written = capfd.readouterr()
    for hidden in SECRETS:
        assert hidden not in text + seen + written.out + written.err


def test_exit_code_and_one_line_from_the_command(tmp_path, capfd, monkeypatch):
    made_case("seg_of_another_series", tmp_path)
    monkeypatch.setattr("sys.argv", ["enbloc", "plan", str(tmp_path / "case.toml"), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit) as end:
        main()
    written = capfd.readouterr()
    assert end.value.code == 2
    assert len(written.err.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()
    assert not any(hidden in written.out + written.err for hidden in SECRETS)


def intact(kind: str, folder: Path) -> tuple[Path, dict[str, object]]:
    small = voxels()[:, :, :6]
    if kind in ("explicit", "j2k", "jpeg-ls", "jpeg", "rle", "deflated"):
        syntax = {"explicit": EXPLICIT, "j2k": J2K, "jpeg-ls": JPEG_LS, "jpeg": JPEG, "rle": RLE, "deflated": DEFLATED}
        return write_series(folder / "ct", small, AFFINE, syntax=syntax[kind])[2], {"image": "ct"}
    if kind == "enhanced":
        return write_enhanced(folder / "ct", small, AFFINE, syntax=J2K), {"image": "ct"}
    if kind == "seg":
        return write_seg(folder / "t", {"T": tumour_mask().astype(bool)}, AFFINE), {"tumour": "t"}
    return write_rtstruct(folder / "t", {"GTV": GOOD}), {"tumour": "t"}


KINDS = ("explicit", "j2k", "jpeg-ls", "jpeg", "rle", "deflated", "enhanced", "seg", "rtstruct")


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_refused_or_harmless(kind, tmp_path, data):
    """Like its namesake for other formats: any exception but InputError, and any warning, fails."""
    write_nifti(tmp_path / "spine.nii", spine_labels())
    path, wishes = intact(kind, tmp_path)
    bad = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3), "how many")):
        place = data.draw(st.integers(132, len(bad) - 1), "where")
        bad[place] = data.draw(st.integers(0, 255), "byte")
    bad = bad[: data.draw(st.one_of(st.just(len(bad)), st.integers(0, len(bad))), "length")]
    path.write_bytes(bad)
    refusal = refusal_of(write_case(tmp_path, **wishes))
    if refusal is not None:
        assert "\n" not in str(refusal)
        assert refusal.field
        assert not any(hidden in str(refusal) for hidden in SECRETS)


def refusal_of(case) -> InputError | None:
    try:
        load_images(case)
    except InputError as refusal:
        return refusal
    return None


def test_secrets_are_in_the_files(tmp_path):
    """Else the tests above would prove nothing."""
    path = write_series(tmp_path / "ct", voxels(), AFFINE)[0]
    said = str(dcmread(path, stop_before_pixels=True))
    assert all(hidden in said for hidden in SECRETS)
