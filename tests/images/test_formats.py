"""Each format against files written by another program or byte by byte."""

from __future__ import annotations

import zlib
from itertools import permutations, product

import nibabel as nib
import nrrd
import numpy as np
import pytest

from enbloc.images import load_images
from enbloc.images.raw import closest_ras
from enbloc.images.read import read_image
from images.making import AFFINE, SHAPE, mha, spine_labels, tumour_mask, write_case, write_nifti

LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
# float32 headers keep 24 bits: 1e-6 relative on coordinates of some 100 mm.
HEADER_MM = 2e-4


def noise(dtype: str, shape=(5, 6, 7)) -> np.ndarray:
    return np.random.default_rng(3).integers(0, 120, shape).astype(dtype)


def oblique(shape=(5, 6, 7)) -> np.ndarray:
    """31 degrees about an odd axis, unequal spacing."""
    axis = np.array([0.36, 0.48, 0.8])
    k = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    rotation = np.eye(3) + np.sin(0.54) * k + (1 - np.cos(0.54)) * k @ k
    affine = np.eye(4)
    affine[:3, :3] = rotation * [0.7, 0.9, 2.5]
    affine[:3, 3] = [-40.0, 17.0, 300.0]
    return affine


def assert_reads(path, values, affine, tolerance_mm=HEADER_MM):
    raw = read_image(path, path.name)
    assert raw.stored.dtype == values.dtype
    assert raw.stored.dtype.isnative
    np.testing.assert_array_equal(raw.stored, values)
    ends = np.array([[i, j, k, 1] for i, j, k in product(*[(0, n - 1) for n in values.shape])]).T
    np.testing.assert_allclose(raw.matrix @ ends, affine @ ends, atol=tolerance_mm)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["x.nii", "x.nii.gz"])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_nifti_by_nibabel(tmp_path, dtype, name, kind):
    values = noise(dtype)
    image = kind(values, oblique(), dtype=dtype)
    image.set_sform(oblique(), 1)
    nib.save(image, tmp_path / name)
    assert_reads(tmp_path / name, values, oblique())


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("mirrored", [False, True])
def test_qform_alone_equals_nibabels(tmp_path, kind, mirrored):
    affine = oblique() @ np.diag([1, 1, -1 if mirrored else 1, 1])  # qfac -1
    image = kind(noise("int16"), affine)
    image.set_sform(None, 0)
    image.set_qform(affine, 1)
    nib.save(image, tmp_path / "x.nii")
    assert_reads(tmp_path / "x.nii", noise("int16"), nib.load(tmp_path / "x.nii").get_qform(), 1e-3)
    # nibabel's own quaternion in float32 turns 300 mm away by about 1e-4 rad * 1e-3; 1e-3 mm is far below a voxel.
    assert_reads(tmp_path / "x.nii", noise("int16"), affine, 1e-3)


def test_big_endian_nifti(tmp_path):
    header = nib.Nifti1Header(endianness=">")
    header.set_data_dtype(">i2")
    header.set_data_shape((5, 6, 7))
    header.set_sform(oblique(), 1)
    nib.save(nib.Nifti1Image(noise("int16"), oblique(), header), tmp_path / "x.nii")
    assert (tmp_path / "x.nii").read_bytes()[:4] == b"\x00\x00\x01\x5c"
    assert_reads(tmp_path / "x.nii", noise("int16"), oblique())


def test_slope_and_intercept_are_kept_beside_int16(tmp_path):
    image = nib.Nifti1Image(noise("int16"), AFFINE)
    image.set_sform(AFFINE, 1)
    image.header.set_slope_inter(2.0, -1024.0)
    nib.save(image, tmp_path / "x.nii.gz")
    raw = read_image(tmp_path / "x.nii.gz", "x.nii.gz")
    expected = np.asarray(nib.load(tmp_path / "x.nii.gz").dataobj)
    assert raw.stored.dtype == np.int16
    np.testing.assert_allclose(raw.stored * raw.slope + raw.intercept, expected)


def test_trailing_dimensions_of_one(tmp_path):
    write_nifti(tmp_path / "x.nii", noise("uint8")[..., np.newaxis, np.newaxis])
    assert_reads(tmp_path / "x.nii", noise("uint8"), AFFINE)


def test_gzip_in_many_members(tmp_path):
    """Block-wise compressors write many gzip members; they are one stream."""
    import gzip

    write_nifti(tmp_path / "x.nii", noise("int16"))
    data = (tmp_path / "x.nii").read_bytes()
    (tmp_path / "x.nii.gz").write_bytes(b"".join(gzip.compress(data[i : i + 100]) for i in range(0, len(data), 100)))
    assert_reads(tmp_path / "x.nii.gz", noise("int16"), AFFINE)


SPACES = {
    "left-posterior-superior": (-1, -1, 1),
    "LAS": (-1, 1, 1),
    "right-anterior-superior": (1, 1, 1),
    "RAS": (1, 1, 1),
}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize("endian", ["little", "big"])
def test_nrrd_by_pynrrd(tmp_path, dtype, encoding, endian):
    values = noise(dtype).astype(np.dtype(dtype).newbyteorder("<" if endian == "little" else ">"))
    written = np.diag([-1, -1, 1, 1]) @ oblique()
    header = {
        "space": "left-posterior-superior",
        "space directions": written[:3, :3].T,
        "space origin": written[:3, 3],
        "encoding": encoding,
        "endian": endian,
    }
    nrrd.write(str(tmp_path / "x.nrrd"), values, header)
    assert_reads(tmp_path / "x.nrrd", noise(dtype), oblique(), 1e-9)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", ["x.nrrd", "x.nhdr"])
def test_nrrd_spaces_and_detached_data(tmp_path, space, name):
    written = np.diag([*SPACES[space], 1]) @ oblique()
    header = {"space": space, "space directions": written[:3, :3].T, "space origin": written[:3, 3]}
    nrrd.write(str(tmp_path / name), noise("int16"), header)
    assert_reads(tmp_path / name, noise("int16"), oblique(), 1e-9)


KINDS = {"MET_UCHAR": "u1", "MET_CHAR": "i1", "MET_SHORT": "i2", "MET_USHORT": "u2", "MET_INT": "i4", "MET_UINT": "u4"}
KINDS |= {"MET_FLOAT": "f4", "MET_DOUBLE": "f8", "MET_LONG_LONG": "i8", "MET_ULONG_LONG": "u8"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("big", [False, True])
def test_metaimage_bytes(tmp_path, kind, big):
    values = noise(KINDS[kind])
    stored = values.astype(values.dtype.newbyteorder(">" if big else "<"))
    extra = f"BinaryDataByteOrderMSB = {big}\nCompressedData = False\n"
    (tmp_path / "x.mha").write_bytes(mha(stored, LPS @ oblique(), kind, extra=extra))
    assert_reads(tmp_path / "x.mha", values, oblique(), 1e-9)


def test_metaimage_compressed_and_beside(tmp_path):
    data = zlib.compress(noise("int16").tobytes(order="F"))
    extra = f"CompressedData = True\nCompressedDataSize = {len(data)}\n"
    (tmp_path / "x.mha").write_bytes(mha(noise("int16"), LPS @ oblique(), "MET_SHORT", extra=extra, data=data))
    assert_reads(tmp_path / "x.mha", noise("int16"), oblique(), 1e-9)
    (tmp_path / "x.zraw").write_bytes(data)
    header = mha(noise("int16"), LPS @ oblique(), "MET_SHORT", extra=extra, data=b"", file="x.zraw")
    (tmp_path / "x.mhd").write_bytes(header)
    assert_reads(tmp_path / "x.mhd", noise("int16"), oblique(), 1e-9)


def test_metaimage_axes_by_hand(tmp_path):
    """Second index axis runs to +x of LPS (left) in steps of 3 mm: one step in j moves -3 mm in RAS x."""
    lps = np.array([[0.0, 3.0, 0, 1], [2.0, 0, 0, 5], [0, 0, 4.0, 7], [0, 0, 0, 1]])
    text = mha(noise("uint8"), lps, "MET_UCHAR")
    assert b"TransformMatrix = 0.0 1.0 0.0 1.0 0.0 0.0 0.0 0.0 1.0" in text
    (tmp_path / "x.mha").write_bytes(text)
    matrix = read_image(tmp_path / "x.mha", "x.mha").matrix
    np.testing.assert_array_equal(matrix @ [0, 1, 0, 1], [-4.0, -5.0, 7.0, 1.0])
    np.testing.assert_array_equal(matrix @ [1, 0, 0, 1], [-1.0, -7.0, 7.0, 1.0])


ORIENTATIONS = [(order, flips) for order in permutations(range(3)) for flips in product((False, True), repeat=3)]


def reordered(values, affine, order, flips):
    """The same voxels in another axis order, with the affine that keeps them in place."""
    axes = nib.orientations.ornt_transform(
        np.array([[0, 1], [1, 1], [2, 1]]), np.array([[a, -1 if f else 1] for a, f in zip(order, flips, strict=True)])
    )
    turned = nib.orientations.apply_orientation(values, axes)
    return turned, affine @ nib.orientations.inv_ornt_aff(axes, values.shape)


@pytest.mark.parametrize(("order", "flips"), ORIENTATIONS)
@pytest.mark.parametrize("oblique_", [False, True])
def test_48_orientations_give_the_same_voxels(order, flips, oblique_):
    affine = oblique() if oblique_ else np.diag([1.0, 1.5, 2.0, 1.0])
    values = noise("int16")
    turned, placed = reordered(values, affine, order, flips)
    view, grid = closest_ras(turned, placed, "x")
    np.testing.assert_array_equal(view, values)
    # Only sums and products of numbers of a few hundred: 1e-9 mm is rounding.
    np.testing.assert_allclose(grid.affine.matrix, affine, atol=1e-9)
    assert (np.diag(grid.affine.matrix)[:3] > 0).all()


@pytest.mark.parametrize(("order", "flips"), ORIENTATIONS)
def test_axes_at_45_degrees_do_not_depend_on_the_files_order(order, flips):
    c = np.sqrt(0.5)
    affine = np.array([[c, -c, 0, 3], [c, c, 0, 4], [0, 0, 2.0, 5], [0, 0, 0, 1]])
    first, first_grid = closest_ras(noise("int16"), affine, "x")
    turned, placed = reordered(noise("int16"), affine, order, flips)
    view, grid = closest_ras(turned, placed, "x")
    np.testing.assert_array_equal(view, first)
    np.testing.assert_allclose(grid.affine.matrix, first_grid.affine.matrix, atol=1e-9)


@pytest.mark.parametrize("write", ["nii", "nii.gz", "nrrd", "mha"])
def test_a_case_is_the_same_in_every_format(tmp_path, write):
    values, affine = reordered(spine_labels(), AFFINE, (1, 2, 0), (True, False, True))
    mask, _ = reordered(tumour_mask(), AFFINE, (1, 2, 0), (True, False, True))
    for name, voxels in (("spine", np.asfortranarray(values)), ("tumour", np.asfortranarray(mask))):
        if write.startswith("nii"):
            write_nifti(tmp_path / f"{name}.{write}", voxels, affine)
        elif write == "mha":
            (tmp_path / f"{name}.mha").write_bytes(mha(voxels, LPS @ affine, "MET_UCHAR"))
        else:
            lps = LPS @ affine
            header = {"space": "LPS", "space directions": lps[:3, :3].T, "space origin": lps[:3, 3]}
            nrrd.write(str(tmp_path / f"{name}.nrrd"), voxels, header)
    imaging = load_images(write_case(tmp_path, f"spine.{write}", tumour=f"tumour.{write}"))
    np.testing.assert_array_equal(imaging.labels[0].values, spine_labels())
    np.testing.assert_array_equal(imaging.tumour, tumour_mask() != 0)
    np.testing.assert_allclose(imaging.grid.affine.matrix, AFFINE, atol=1e-5)  # float32 in the NIfTI header
    assert imaging.grid.shape == SHAPE
    assert imaging.labels[0].structures == {20: "L1", 21: "L2", 22: "L3", 23: "L4", 24: "L5"}
    assert imaging.notes == ()
