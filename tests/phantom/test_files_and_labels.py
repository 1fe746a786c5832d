"""Label schemes, erased bone and case folders."""

import json
from dataclasses import replace

import nibabel
import numpy as np
import pytest

from enbloc.core.errors import InputError
from enbloc.core.levels import Level
from enbloc.knowledge import load_scheme, scheme_names
from enbloc.phantom import PhantomSpec, TumourSpec, erase, make_phantom, write_phantom

SPEC = PhantomSpec(
    levels=("T12", "L1", "L2"), tumour=TumourSpec(type=4, level="L1"), spacing_mm=(2.0, 2.0, 2.0), noise_hu=5.0
)


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SPEC)


def test_totalsegmentator_numbers(phantom):
    """Values as published for version 2: T12 32, L1 31, L2 30, cord 79, aorta 52, cava 63, twelfth ribs 103 and 115."""
    assert set(np.unique(phantom.labels.values)) == {0, 30, 31, 32, 52, 63, 79, 103, 115}
    bone = (phantom.voxels.part > 0) & (phantom.voxels.part <= 10)
    assert np.array_equal(phantom.labels.values == 31, bone & (phantom.voxels.owner == 2))


@pytest.mark.parametrize("scheme", scheme_names())
def test_every_shipped_scheme(scheme, phantom):
    labels = make_phantom(replace(SPEC, scheme=scheme, tumour=None)).labels
    found = {labels.structures[value] for value in np.unique(labels.values) if value}
    assert found
    bone = (phantom.voxels.part > 0) & (phantom.voxels.part <= 10)
    kind = load_scheme(scheme).holds
    if kind == "vertebrae":
        assert {Level(name) for name in ("T12", "L1", "L2")} <= found | {"vertebrae"} or "vertebrae" in found
    if kind in ("vertebrae", "instances"):
        assert np.array_equal(labels.values[bone] > 0, np.ones(bone.sum(), bool))
    if kind == "parts":
        assert {"part-arch", "part-spinous", "part-articular-superior-left", "part-articular-inferior-right"} <= found


@pytest.mark.parametrize("fraction", [0.3, 0.7])
def test_erased_bone(phantom, fraction):
    eaten = erase(phantom, "L1", fraction, seed=4)
    before, after = (np.count_nonzero(p.labels.values == 31) for p in (phantom, eaten))
    assert after / before == pytest.approx(1.0 - fraction, abs=0.01)
    hole = (phantom.labels.values == 31) & (eaten.labels.values == 0)
    assert eaten.tumour[hole].all()
    assert np.array_equal(eaten.labels.values[~hole], phantom.labels.values[~hole])
    assert eaten.truth is phantom.truth


def test_erase_refuses_strangers(phantom):
    with pytest.raises(InputError):
        erase(phantom, "L3", 0.5)
    with pytest.raises(InputError):
        erase(phantom, "L1", 1.5)


def test_case_folder_reads_back(phantom, tmp_path):
    from enbloc.case import read_case
    from enbloc.images import load_images

    folder = write_phantom(phantom, tmp_path / "case")
    names = {"case.toml", "ct.nii.gz", "spine.nii.gz", "truth.json", "tumour.nii.gz"}
    assert {file.name for file in folder.iterdir()} == names
    imaging = load_images(read_case(folder / "case.toml"))
    assert imaging.grid.corner_shift_mm(phantom.grid) < 1e-3  # NIfTI stores the affine in single precision
    assert np.array_equal(imaging.labels[0].values, phantom.labels.values)
    assert np.array_equal(imaging.tumour, phantom.tumour)
    truth = json.loads((folder / "truth.json").read_text())
    assert truth["tomita_type"] == 4
    assert {zone["zone"] for zone in truth["zones"]} == phantom.truth.occupied()


@pytest.mark.parametrize("order", ["PIR", "LPS", "SRA"])
def test_axis_order_changes_nothing_in_the_patient(phantom, order, tmp_path):
    folder = write_phantom(replace(phantom, spec=replace(SPEC, orientation=order)), tmp_path / "case", with_ct=False)
    image = nibabel.load(folder / "tumour.nii.gz")
    assert "".join(nibabel.aff2axcodes(image.affine)) == order
    index = np.argwhere(np.asarray(image.dataobj) > 0)
    there = index @ image.affine[:3, :3].T + image.affine[:3, 3]
    here = phantom.grid.affine.to_world(np.argwhere(phantom.tumour))
    assert np.allclose(there[np.lexsort(there.T)], here[np.lexsort(here.T)], atol=1e-3)  # single precision header


def test_files_scheme_is_a_folder(tmp_path):
    phantom = make_phantom(replace(SPEC, scheme="totalsegmentator-files"))
    folder = write_phantom(phantom, tmp_path / "case", with_ct=False)
    vertebra = nibabel.load(folder / "spine" / "vertebrae_L1.nii.gz")
    owner = (phantom.voxels.owner == 2) & (phantom.voxels.part > 0) & (phantom.voxels.part <= 10)
    assert np.array_equal(np.asarray(vertebra.dataobj) > 0, owner)


def test_equal_phantoms_write_equal_bytes(phantom, tmp_path):
    one, other = (write_phantom(phantom, tmp_path / name) for name in ("a", "b"))
    for file in one.iterdir():
        assert file.read_bytes() == (other / file.name).read_bytes()


def test_a_full_folder_is_left_alone(phantom, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(InputError):
        write_phantom(phantom, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["notes.txt"]
