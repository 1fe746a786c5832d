"""A phantom as DICOM through the whole program: the plan is that of its NIfTI, and nobody's name is in it."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pytest

from enbloc.cli.run import run
from enbloc.core.evidence import Skipped
from enbloc.phantom import Phantom, PhantomSpec, TumourSpec, make_phantom, write_phantom
from enbloc.planning import plan_document
from images.dicom_making import SECRETS, write_enhanced, write_seg, write_series

TOLERANCE_MM = 1e-3
"""As asked; positions are written with ten decimals and SEG keeps every voxel, so far less is expected."""
LOOSER = {"canal_": 0.1, "morphometry": 0.1, "epidural.contacts": 3.0}
"""mm, degrees, mm². These are means over lines, or the extreme of sections and rays 3 degrees apart, that count or do
not: the last digit of a header can move one of them across that border.
"""
SPEC = PhantomSpec(
    levels=("T11", "T12", "L1"),
    tumour=TumourSpec(type=4, level="T12"),
    spacing_mm=(1.0, 1.0, 3.0),
    oblique_deg=(4.0, -3.0, 6.0),
    scheme="totalsegmentator-files",
)


@pytest.fixture(scope="module")
def made() -> Phantom:
    return make_phantom(SPEC)


@pytest.fixture(scope="module")
def nifti(made, tmp_path_factory) -> Path:
    return write_phantom(made, tmp_path_factory.mktemp("patient") / "nifti")


@pytest.fixture(scope="module")
def expected(nifti) -> dict:
    return planned(nifti)


def planned(folder: Path) -> dict:
    """Spine and tumour are compared, so no cuts are sought and nothing is written."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("enbloc.planning.stages.find_resection", lambda *_, **__: Skipped("not compared"))
        return plan_document(run(str(folder), None).plan)


def stored(made: Phantom) -> np.ndarray:
    """HU + 1024, as scanners store them."""
    return (made.ct.stored.astype(np.int32) + 1024).clip(0).astype(np.uint16)


def classic(made, folder):
    write_series(folder / "ct", stored(made), made.grid.affine.matrix)


def reversed_order(made, folder):
    n = made.grid.shape[2]
    write_series(folder / "ct", stored(made), made.grid.affine.matrix, names=[f"{n - k:05d}" for k in range(n)])


def shuffled_names(made, folder):
    order = np.random.default_rng(1).permutation(made.grid.shape[2])
    write_series(folder / "ct", stored(made), made.grid.affine.matrix, names=[f"{m}.img" for m in order])


def enhanced(made, folder):
    write_enhanced(folder / "ct", stored(made), made.grid.affine.matrix)


def tilted(made, folder):
    """A gantry tilted by atan(1 / 3): every slice one pixel farther back than the one below, the patient in place."""
    values, affine = stored(made), made.grid.affine.matrix.copy()
    i, j, n = values.shape
    wide = np.zeros((i, j + n, n), values.dtype)
    for k in range(n):
        wide[:, n - k : n - k + j, k] = values[:, :, k]
    affine[:3, 3] -= n * affine[:3, 1]
    affine[:3, 2] += affine[:3, 1]
    write_series(folder / "ct", wide, affine)


IMAGES = {make.__name__: make for make in (classic, reversed_order, shuffled_names, enhanced, tilted)}


def case_beside(nifti: Path, folder: Path, labels: str = "spine", tumour: str = "tumour.nii.gz") -> Path:
    text = (nifti / "case.toml").read_text("utf-8")
    for old, new in (("ct.nii.gz", "ct"), ('"spine"', f'"{labels}"'), ("tumour.nii.gz", tumour)):
        assert old in text
        text = text.replace(old, new)
    (folder / "case.toml").write_text(text, "utf-8")
    for source in (nifti / "spine", nifti / "tumour.nii.gz"):
        if source.is_dir():
            (folder / source.name).mkdir()
            for file in source.iterdir():
                (folder / source.name / file.name).write_bytes(file.read_bytes())
        else:
            (folder / source.name).write_bytes(source.read_bytes())
    return folder


def assert_same(found: object, wanted: object, where: str) -> None:
    if isinstance(wanted, dict):
        assert set(found) == set(wanted), where
        for key, value in wanted.items():
            assert_same(found[key], value, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert len(found) == len(wanted), where
        for place, value in enumerate(wanted):
            assert_same(found[place], value, f"{where}[{place}]")
    elif isinstance(wanted, float):
        tolerance = next((loose for name, loose in LOOSER.items() if name in where), TOLERANCE_MM)
        assert found == pytest.approx(wanted, rel=1e-5, abs=tolerance), where
    else:
        assert found == wanted, where


@pytest.mark.parametrize("kind", IMAGES)
def test_plan_from_dicom_is_the_plan_from_nifti(kind, made, nifti, expected, tmp_path):
    IMAGES[kind](made, tmp_path)
    found = planned(case_beside(nifti, tmp_path))
    for part in ("spine", "tumour"):
        assert_same(found[part], expected[part], part)
    assert found["tumour"]["tomita_type"]["value"] == 4


def test_labels_and_tumour_as_seg_give_the_same_plan(made, nifti, expected, tmp_path):
    classic(made, tmp_path)
    affine = made.grid.affine.matrix
    masks = {}
    for file in sorted((nifti / "spine").iterdir()):
        image = nibabel.as_closest_canonical(nibabel.load(file))
        masks[file.name.removesuffix(".nii.gz")] = np.asarray(image.dataobj) > 0
    write_seg(tmp_path / "labels", masks, affine, between=3.0, keep_empty=True, shuffle=4)
    write_seg(tmp_path / "t", {"GTV": made.tumour}, affine, between=3.0)
    found = planned(case_beside(nifti, tmp_path, "labels", "t"))
    for part in ("spine", "tumour"):
        assert_same(found[part], expected[part], part)


def test_nothing_written_holds_what_identifies(made, nifti, tmp_path, capfd):
    """The files above are stuffed with a name, numbers, dates, private elements and UIDs."""
    classic(made, tmp_path)
    write_seg(tmp_path / "t", {"GTV": made.tumour}, made.grid.affine.matrix, between=3.0)
    run(str(case_beside(nifti, tmp_path, tumour="t")), tmp_path / "out")
    written = capfd.readouterr()
    files = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert len(files) > 5
    for hidden in SECRETS:
        assert hidden not in written.out + written.err
        assert not any(hidden.encode() in path.read_bytes() for path in files), hidden
