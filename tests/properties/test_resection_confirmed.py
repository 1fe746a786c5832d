"""Every reported cut is confirmed from its noun and the patient's voxels alone; spoilt cuts are not. And what must not
matter to a plan: where the patient lies, and which side is which.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest

from enbloc.anatomy import Spine, locate
from enbloc.case import StatedExtent, read_case
from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid, Imaging, LabelMap
from enbloc.images import load_images
from enbloc.images.raw import closest_ras
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
from enbloc.resection.nouns import Cut, Gate, Resection
from enbloc.resection.removal_nouns import RemovalSettings
from enbloc.resection.resect import resect
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import measure
from properties.confirm_cut import Confirmer, moved, placed_as, without_a_piece
from resection.test_lay import moved as carried

DATA = Path(__file__).parents[3] / "shared" / "data"
SPECS = {
    "body and pedicle, T6": PhantomSpec(
        levels=("T5", "T6", "T7"), oblique_deg=(6.0, 5.0, -8.0), tumour=TumourSpec(type=2, level="T6")
    ),
    "pedicle and lamina taken, T10": PhantomSpec(
        levels=("T9", "T10", "T11"),
        oblique_deg=(-7.0, 3.0, 5.0),
        spacing_mm=(1.2, 1.2, 1.2),
        tumour=TumourSpec(type=4, variant="through-pedicle", level="T10", side="right", size=1.1),
    ),
    "oblique, in the canal": PhantomSpec(
        levels=("T11", "T12", "L1"), oblique_deg=(11.0, -4.0, 7.0), tumour=TumourSpec(type=4, level="T12", size=1.2)
    ),
}
CUTS_ONLY = ResectionSettings(removal=RemovalSettings(sought=False))
"""A way out is sought when all cuts are made, and changes none."""
TURN_DEG, MOVE_MM = (12.0, -9.0, 17.0), (31.0, -57.0, 212.0)


def planned(imaging: Imaging) -> tuple[Spine, Resection]:
    spine = locate(imaging)
    found = resect(spine, imaging, measure(spine, StatedExtent()), settings=CUTS_ONLY)
    assert isinstance(found, Resection), found
    return spine, found


@cache
def plan(name: str) -> tuple[Confirmer, Resection]:
    spine, found = planned(make_phantom(SPECS[name]).imaging)
    return Confirmer(spine), found


def cuts_of(name: str) -> dict[Gate, Cut]:
    return {cut.gate: cut for cut in plan(name)[1].cuts}


@pytest.mark.parametrize("name", SPECS)
def test_cuts_hold_what_they_say(name):
    confirm, found = plan(name)
    assert len(found.cuts) == 2 * len(found.levels) + 2
    assert {cut.name: confirm.objections(cut) for cut in found.cuts} == {cut.name: [] for cut in found.cuts}
    assert confirm.parted(found.cuts) == []
    assert min(cut.margin_mm.value for cut in found.cuts) == found.margin_mm.value


def test_a_side_that_tumour_has_taken_is_cut_on_the_other():
    """One cut on each side would enter tumour: both stand on one side, and neither does."""
    found = plan("pedicle and lamina taken, T10")[1]
    assert {cut.divider_deg for cut in found.cuts if cut.gate in (Gate.LEFT, Gate.RIGHT)} != {0.0}
    assert found.intralesional_area_mm2 == 0.0
    assert [piece.name for piece in found.pieces] == ["anterior-block", "posterior-arch"]
    assert found.pieces[1].tumour_mm3 == 0.0
    ring = [cut for cut in found.cuts if cut.gate in (Gate.LEFT, Gate.RIGHT)]
    assert {cut.name for cut in ring} == {"T10-left", "T10-left-behind"}, "tumour is on the right"
    assert all(cut.canal_angle_deg < 0.0 for cut in ring), "an angle below zero is the patient's left"
    assert not [said for said in found.caveats if said.id == "contact-unexplained" and "T10-left" in said.text]


SPOILT = "body and pedicle, T6"


@pytest.mark.parametrize("gate", [Gate.LEFT, Gate.RIGHT, Gate.CRANIAL, Gate.CAUDAL])
def test_a_cut_2_mm_nearer_to_tumour_is_refused(gate):
    """The normal points to the tumour."""
    confirm, cut = plan(SPOILT)[0], cuts_of(SPOILT)[gate]
    assert any("margin" in said for said in confirm.objections(moved(cut, 2.0 * np.array(cut.normal))))


@pytest.mark.parametrize("gate", [Gate.LEFT, Gate.RIGHT])
def test_a_cut_of_the_other_side_is_refused(gate):
    confirm, cuts = plan(SPOILT)[0], cuts_of(SPOILT)
    other = Gate.RIGHT if gate is Gate.LEFT else Gate.LEFT
    assert "does not sever" in confirm.objections(placed_as(cuts[gate], cuts[other]))


@pytest.mark.parametrize("gate", [Gate.LEFT, Gate.RIGHT, Gate.CRANIAL, Gate.CAUDAL])
def test_a_cut_without_a_piece_is_refused(gate):
    confirm, cut = plan(SPOILT)[0], cuts_of(SPOILT)[gate]
    assert "does not sever" in confirm.objections(without_a_piece(cut, 0.6))


@pytest.mark.parametrize("gate", [Gate.LEFT, Gate.RIGHT])
def test_a_ring_is_not_parted_by_a_cut_without_a_piece_nor_by_one_side_twice(gate):
    confirm, cuts = plan(SPOILT)[0], cuts_of(SPOILT)
    other = Gate.RIGHT if gate is Gate.LEFT else Gate.LEFT
    for spoilt in (without_a_piece(cuts[gate], 0.6), placed_as(cuts[gate], cuts[other])):
        assert confirm.parted((spoilt, cuts[other])) == ["T6: body and arch hang together with both ring cuts made"]


def test_a_turned_normal_and_a_false_area_are_refused():
    confirm, cut = plan(SPOILT)[0], cuts_of(SPOILT)[Gate.LEFT]
    turned = replace(cut, normal=tuple(-x for x in cut.normal), polygon_mm=cut.polygon_mm[::-1])
    assert confirm.objections(turned) == ["the normal points away from what leaves"]
    assert confirm.objections(replace(cut, polygon_mm=cut.polygon_mm[::-1])) != []
    assert confirm.objections(replace(cut, section_mm2=0.5 * cut.section_mm2)) != []
    assert confirm.objections(replace(cut, tumour_mm2=cut.tumour_mm2 + 60.0)) != []


def with_affine(imaging: Imaging, matrix: np.ndarray) -> Imaging:
    """The same arrays elsewhere, as a file with that affine is read."""
    labels = imaging.labels[0]
    values, grid = closest_ras(labels.values, matrix, "labels")
    tumour, _ = closest_ras(imaging.tumour, matrix, "tumour")
    return replace(imaging, grid=grid, labels=(LabelMap(values, grid, labels.structures),), tumour=tumour)


def rigid() -> np.ndarray:
    a, b, c = np.radians(TURN_DEG)
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = z @ y @ x, MOVE_MM
    return matrix


def test_the_search_does_not_see_where_the_patient_lies():
    """Voxels, axes and all else moved as one: the same planes, to the last digits of 32-bit distances."""
    motion, spec = rigid(), SPECS[SPOILT]
    imaging = make_phantom(spec).imaging
    spine, found = plan(SPOILT)[0].spine, plan(SPOILT)[1]
    affine = Affine(motion @ imaging.grid.affine.matrix)
    grid = Grid(imaging.grid.shape, affine)
    there = replace(imaging, grid=grid, labels=(replace(imaging.labels[0], grid=grid),))
    again = resect(carried(spine, Affine(motion)), there, measure(spine, StatedExtent()), settings=CUTS_ONLY)
    for here, cut in zip(found.cuts, again.cuts, strict=True):
        assert (cut.name, cut.tissue) == (here.name, here.tissue)
        np.testing.assert_allclose(cut.normal, motion[:3, :3] @ here.normal, atol=1e-6)
        np.testing.assert_allclose(cut.point_mm, Affine(motion).to_world(here.point_mm), atol=1e-3)
        assert cut.margin_mm.value == pytest.approx(here.margin_mm.value, abs=1e-3)
        assert cut.section_mm2 == pytest.approx(here.section_mm2, abs=0.5)  # a dozen pixels of 0.04 mm2 on a tie
    assert again.certificate.bound_mm == pytest.approx(found.certificate.bound_mm, abs=1e-3)


def test_a_patient_who_lies_elsewhere_has_the_same_cuts():
    """With the anatomy read anew, whose axes turn by up to 2 degrees with the patient (`test_turning_the_patient_turns_
    the_frames`), and with them the planes that are compared, here by 1.6. What must hold is the tissue, the margin up
    to enough to what counts as equal (0.25 mm), and the section to a rim of half a voxel.
    """
    motion, imaging = rigid(), make_phantom(SPECS[SPOILT]).imaging
    spine, found = planned(with_affine(imaging, motion @ imaging.grid.affine.matrix))
    confirm = Confirmer(spine)
    for here, there in zip(plan(SPOILT)[1].cuts, found.cuts, strict=True):
        assert (here.name, here.tissue) == (there.name, there.tissue)
        assert confirm.objections(there) == []
        assert min(there.margin_mm.value, 5.0) == pytest.approx(min(here.margin_mm.value, 5.0), abs=0.25)
        assert there.section_mm2 == pytest.approx(here.section_mm2, rel=0.15)


def mirrored(imaging: Imaging) -> Imaging:
    """The patient in a mirror: the affine's x turns over and nothing else. No structure of these labels has a side."""
    return with_affine(imaging, np.diag([-1.0, 1.0, 1.0, 1.0]) @ imaging.grid.affine.matrix)


def test_the_mirror_image_has_mirrored_cuts():
    """Voxels of the field lie differently about the mid-plane: margins to half a voxel of the labels (1 mm) and one of
    the field (0.8 mm); sections to a rim of half a voxel of the field.
    """
    confirm, found = plan(SPOILT)
    spine, image = planned(mirrored(make_phantom(SPECS[SPOILT]).imaging))
    swap = {Gate.LEFT: Gate.RIGHT, Gate.RIGHT: Gate.LEFT}
    there = {swap.get(cut.gate, cut.gate): cut for cut in image.cuts}
    again = Confirmer(spine)
    for cut in found.cuts:
        assert there[cut.gate].margin_mm.value == pytest.approx(cut.margin_mm.value, abs=1.3)
        assert again.objections(there[cut.gate]) == []
    assert image.certificate.bound_mm == pytest.approx(found.certificate.bound_mm, abs=1.3)
    assert confirm.voxel_mm == again.voxel_mm


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.skipif(not DATA.is_dir(), reason="real images are not beside the checkout")
@pytest.mark.parametrize("number", [2, 4])
def test_cuts_on_real_labels_hold_what_they_say(number):
    text = (
        'schema = "enbloc.case/1"\nid = "dev"\n[imaging]\nmodality = "ct"\n[[imaging.labels]]\n'
        'file = "sub-verse005_seg-vert_msk.nii.gz"\nscheme = "verse"\n'
        f'[imaging.tumour]\nfile = "tumours/tumour_tomita{number}.nii.gz"\n'
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "case.toml"
        path.write_text(text, encoding="utf-8")
        imaging = load_images(read_case(path).in_folder(DATA / "verse005"))
    spine, found = planned(imaging)
    confirm = Confirmer(spine)
    assert {cut.name: confirm.objections(cut) for cut in found.cuts} == {cut.name: [] for cut in found.cuts}
    assert confirm.parted(found.cuts) == []
