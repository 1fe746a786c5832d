"""Series of DICOM: every syntax, order, orientation and tilt gives the voxels that were written, where they were."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid
from enbloc.images import load_images, look
from enbloc.images.dicom.series import choose, find_series, read_series
from enbloc.images.raw import closest_ras
from images.dicom_making import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    J2K,
    JPEG,
    JPEG_LS,
    RLE,
    write_enhanced,
    write_series,
)
from images.making import AFFINE, SHAPE, spine_labels, write_case, write_nifti

SYNTAXES = {
    "implicit": IMPLICIT, "explicit": EXPLICIT, "big": BIG, "deflated": DEFLATED, "rle": RLE, "j2k": J2K,
    "jpeg-ls": JPEG_LS, "jpeg": JPEG,
}  # fmt: skip
# Positions are written with ten decimals, so matrices agree to far better than the figure asked (0.01 mm).
PLACE_MM = 1e-6


def ct(shape=SHAPE, dtype=np.uint16, low=0, high=4000) -> np.ndarray:
    return np.random.default_rng(5).integers(low, high, shape).astype(dtype)


def setting(keyword, value):
    """A change that gives every slice the same value."""
    return lambda ds, k: setattr(ds, keyword, value)


def read(path, wanted=None):
    raw = read_series(choose(find_series(path, path.name), wanted))
    view, grid = closest_ras(raw.stored, raw.matrix, path.name)
    return raw, view, grid


def assert_place(grid: Grid, shape, affine) -> None:
    assert grid.shape == tuple(shape)
    assert grid.corner_shift_mm(Grid(tuple(shape), Affine(affine))) < PLACE_MM


@pytest.mark.parametrize("name", SYNTAXES)
def test_every_syntax_gives_the_same_voxels(name, tmp_path):
    values = ct()
    write_series(tmp_path / "ct", values, AFFINE, syntax=SYNTAXES[name])
    raw, view, grid = read(tmp_path / "ct")
    assert raw.stored.dtype == np.int16
    assert (raw.slope, raw.intercept, raw.notes) == (1.0, -1024.0, ())
    np.testing.assert_array_equal(view, values)
    assert_place(grid, SHAPE, AFFINE)


@pytest.mark.parametrize("name", ["explicit", "rle", "j2k", "jpeg", "big"])
def test_signed_values(name, tmp_path):
    """Twelve of sixteen bits, two's complement. JPEG keeps the bits, JPEG 2000 the sign."""
    values = ct(dtype=np.int16, low=-2048, high=2048)
    write_series(tmp_path / "ct", values, AFFINE, syntax=SYNTAXES[name], stored=12, intercept=0.0)
    np.testing.assert_array_equal(read(tmp_path / "ct")[1], values)


def test_bits_above_those_stored_are_dropped(tmp_path):
    """Old writers kept overlays there."""
    values = ct(high=4096)
    overlay = values | np.uint16(0x9000)
    write_series(tmp_path / "ct", overlay, AFFINE, stored=12)
    np.testing.assert_array_equal(read(tmp_path / "ct")[1], values)


def test_sixteen_unsigned_bits_stay(tmp_path):
    values = ct(high=65536)
    write_series(tmp_path / "ct", values, AFFINE)
    raw, view, _ = read(tmp_path / "ct")
    assert raw.stored.dtype == np.uint16
    np.testing.assert_array_equal(view, values)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8])
def test_eight_bits(dtype, tmp_path):
    values = ct(dtype=dtype, low=np.iinfo(dtype).min, high=np.iinfo(dtype).max)
    write_series(tmp_path / "mr", values, AFFINE, modality="MR")
    np.testing.assert_array_equal(read(tmp_path / "mr")[1], values)


def test_order_of_names_and_strange_company_change_nothing(tmp_path):
    """Reversed and shuffled names, no .dcm, a text file, a DICOMDIR and a localiser beside them, one level deeper."""
    values = ct()
    write_series(tmp_path / "plain", values, AFFINE)
    order = np.random.default_rng(3).permutation(SHAPE[2])
    folder = tmp_path / "ct"
    folder.mkdir()
    write_series(folder / "deep", values, AFFINE, names=[f"x{n}.bin" for n in order])
    (folder / "README").write_text("not an image " * 30)
    (folder / "empty").write_bytes(b"")
    scout = ct((20, 24, 1))
    write_series(folder / "scout", scout, AFFINE, change=setting("ImageType", ["A", "B", "LOCALIZER"]))
    write_series(folder / "dose", scout, AFFINE, change=setting("SOPClassUID", "1.2.840.10008.5.1.4.1.1.7"))
    raw, view, grid = read(folder)
    np.testing.assert_array_equal(view, read(tmp_path / "plain")[1])
    assert_place(grid, SHAPE, AFFINE)
    assert "1 localiser, 2 no DICOM, 1 secondary capture" in dict(raw.notes)["files-ignored"]


def turned(seed: int, shear_deg: float = 0.0) -> np.ndarray:
    """A random right-handed orientation near RAS, spacing 0.7 x 0.9 x 1.3 mm, its slices sheared along the rows."""
    rng = np.random.default_rng(seed)
    rotation, _ = np.linalg.qr(np.eye(3) + rng.normal(0.0, 0.2, (3, 3)))
    rotation = rotation * np.sign(np.diag(rotation))
    matrix = np.eye(4)
    matrix[:3, :3] = rotation * [0.7, 0.9, 1.3]
    matrix[:3, 2] += rotation[:, 1] * 1.3 * np.tan(np.radians(shear_deg))
    matrix[:3, 3] = rng.uniform(-200, 200, 3)
    return matrix


@pytest.mark.parametrize("shear_deg", [0.0, 12.0, -25.0])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("enhanced", [False, True])
def test_oblique_and_tilted_slices_lie_where_their_headers_say(seed, shear_deg, enhanced, tmp_path):
    """Each voxel's place by the standard's own formula (C.7.6.2.1.1), not by a fitted matrix."""
    affine = turned(seed, shear_deg)
    values = ct((6, 7, 9))
    if enhanced:
        path = write_enhanced(tmp_path / "ct", values, affine, order=[4, 0, 8, 1, 7, 2, 6, 3, 5])
    else:
        write_series(tmp_path / "ct", values, affine)
        path = tmp_path / "ct"
    raw, view, grid = read(path)
    np.testing.assert_array_equal(view, values)
    assert_place(grid, values.shape, affine)
    said = dict(raw.notes).get("gantry-tilt", "")
    assert (f"{abs(shear_deg):.1f} degrees" in said) == (shear_deg != 0.0)


@pytest.mark.parametrize("name", ["explicit", "j2k", "jpeg-ls", "rle", "deflated"])
def test_enhanced_multi_frame(name, tmp_path):
    values = ct((12, 10, 5))
    write_enhanced(tmp_path / "one-file", values, AFFINE, syntax=SYNTAXES[name])
    raw, view, _ = read(tmp_path / "one-file")
    np.testing.assert_array_equal(view, values)
    assert raw.intercept == -1024.0


def test_scales_that_differ_by_slice(tmp_path):
    """Philips MR: each slice has a slope of its own. value = stored * slope + intercept, slice by slice."""
    values = ct((6, 7, 5))
    slopes = [1.0, 1.5, 2.25, 0.5, 3.0]

    def change(ds, k):
        ds.RescaleSlope, ds.RescaleIntercept = slopes[k], -k

    write_series(tmp_path / "mr", values, AFFINE, modality="MR", change=change)
    raw, view, _ = read(tmp_path / "mr")
    assert raw.stored.dtype == np.float32
    np.testing.assert_array_equal(view, values * slopes - np.arange(5.0))  # all exact in 24 bits
    assert "rescale-differs" in dict(raw.notes)


def test_padding_becomes_air_and_tissue_stays(tmp_path):
    values = ct(low=1000, high=2000)
    values[:3] = 63536  # -2000 as 16 bits, the padding of a well-known vendor
    write_series(tmp_path / "ct", values, AFFINE, change=setting("PixelPaddingValue", 63536))
    raw, view, _ = read(tmp_path / "ct")
    assert (view[:3] == 0).all()  # 0 - 1024 HU
    np.testing.assert_array_equal(view[3:], values[3:])
    assert f"{3 * 24 * 40} pixels" in dict(raw.notes)["padding"]


def test_padding_that_could_be_tissue_is_left(tmp_path):
    values = ct(low=1000, high=1100)
    write_series(tmp_path / "ct", values, AFFINE, change=setting("PixelPaddingValue", 1024))  # 0 HU
    raw, view, _ = read(tmp_path / "ct")
    np.testing.assert_array_equal(view, values)
    assert "padding" not in dict(raw.notes)


def test_a_slice_off_by_little_is_noted_with_its_distance(tmp_path):
    """One of five slices 0.1 mm too far right: the fit takes a fifth of it, so 0.08 mm remain."""

    def change(ds, k):
        if k == 2:
            ds.ImagePositionPatient[0] = f"{float(ds.ImagePositionPatient[0]) - 0.1:.4f}"

    write_series(tmp_path / "ct", ct((6, 7, 5)), AFFINE, change=change)
    assert "0.08 mm" in dict(read(tmp_path / "ct")[0].notes)["slice-shift"]


def test_lossy_is_said(tmp_path):
    write_series(tmp_path / "ct", ct((6, 7, 3)), AFFINE, change=setting("LossyImageCompression", "01"))
    assert "lossy" in dict(read(tmp_path / "ct")[0].notes)


def two_series(folder, second: int = 7, **wishes) -> None:
    write_series(folder, ct((6, 7, 5)), AFFINE, number=4)
    names = [f"B{k}" for k in range(4)]
    write_series(folder, ct((8, 9, 4)), AFFINE, number=second, series="1.2.3.444555666.5", names=names, **wishes)


def test_the_series_that_is_asked_for(tmp_path):
    two_series(tmp_path / "ct")
    assert read(tmp_path / "ct", 4)[1].shape == (6, 7, 5)
    assert read(tmp_path / "ct", 7)[1].shape == (8, 9, 4)


def test_series_without_uids_are_told_apart_by_what_they_are(tmp_path):
    def bare(ds, k):
        ds.SeriesInstanceUID = ds.SOPInstanceUID = ds.SOPClassUID = ""

    write_series(tmp_path / "ct", ct((6, 7, 5)), AFFINE, change=bare)
    write_series(tmp_path / "ct", ct((6, 7, 4)), turned(1), change=bare, names=list("abcd"))
    source = find_series(tmp_path / "ct", "ct")
    assert sorted(series.n_slices for series in source.series) == [4, 5]


def test_check_tells_what_is_there(tmp_path):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    write_series(tmp_path / "ct", ct(), AFFINE, syntax=JPEG_LS)
    found = {f.id: f.text for f in look(write_case(tmp_path, image="ct"))}
    expected = "4 (CT, 40 slices, 2 mm apart), 24 x 20 pixels of 1.5 x 1 mm, sheared by 0.0 degrees, JPEG-LS lossless"
    assert found["series"] == expected


def test_image_of_a_case(tmp_path):
    """The labels' grid, the image's modality where the case does not say it, and one hash for the folder."""
    write_nifti(tmp_path / "spine.nii", spine_labels())
    write_series(tmp_path / "ct", ct(), AFFINE)
    imaging = load_images(write_case(tmp_path, image="ct", modality=None))
    assert imaging.modality == "ct"
    assert_place(imaging.image.grid, SHAPE, AFFINE)
    again = load_images(write_case(tmp_path, image="ct"))
    assert again.inputs == imaging.inputs
    (tmp_path / "ct" / "IM0001").rename(tmp_path / "ct" / "IM9999")
    assert load_images(write_case(tmp_path, image="ct")).inputs != imaging.inputs


@pytest.mark.parametrize("side", [1.0, -1.0])
def test_labels_on_a_sheared_grid_are_moved_to_right_angles(side, tmp_path):
    """12 degrees of tilt. Nearest voxel keeps volume within the surface's share and the centre within half a voxel."""
    affine = AFFINE.copy()
    affine[1, 2] = side * 2.0 * np.tan(np.radians(12.0))
    write_nifti(tmp_path / "spine.nii", spine_labels(), affine)
    imaging = load_images(write_case(tmp_path))
    assert "12.0 degrees" in dict(imaging.notes)["sheared"]
    axes = imaging.grid.affine.matrix[:3, :3]
    np.testing.assert_allclose(axes.T @ axes, np.diag([1.0, 2.25, 4.0]), atol=1e-9)  # rounding only
    ends = imaging.grid.affine.to_index(Grid(SHAPE, Affine(affine)).corners_mm())
    assert (ends > -1.5).all()  # every corner of the sheared block, to the voxel that its outermost centre lies in
    assert (ends < np.array(imaging.grid.shape) + 0.5).all()
    index = np.argwhere(spine_labels() == 22)
    centre = (index @ affine[:3, :3].T + affine[:3, 3]).mean(axis=0)
    moved = np.argwhere(imaging.labels[0].values == 22)
    np.testing.assert_allclose(imaging.grid.affine.to_world(moved).mean(axis=0), centre, atol=0.5)
    assert len(moved) * 3.0 == pytest.approx(len(index) * 3.0, rel=0.05)
