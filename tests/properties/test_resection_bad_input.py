"""Anatomy and images on which no clean plan is to be had: a plan that says what is wrong with it, or one clear
statement that there is none; never a crash.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.anatomy import Part, Spine, compartments, locate
from enbloc.case import StatedExtent
from enbloc.core.errors import InputError
from enbloc.core.evidence import Skipped
from enbloc.core.volume import Grid, Imaging, LabelMap
from enbloc.phantom import PhantomSpec, TumourSpec
from enbloc.resection.nouns import FaceName, Gate, MarginClass, Resection
from enbloc.resection.removal_nouns import RemovalSettings
from enbloc.resection.resect import resect
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import contacts, measure

LEVELS = ("T11", "T12", "L1")
WITHOUT = RemovalSettings(sought=False)
QUICK = ResectionSettings(step_mm=1.5, azimuth_step_deg=15.0, tilt_step_deg=15.0, offset_step_mm=1.0, removal=WITHOUT)
SIZED = {"levels": LEVELS, "spacing_mm": (1.5, 1.5, 1.5)}


@pytest.fixture(scope="module")
def plain(request) -> tuple[Imaging, Spine]:
    """A healthy column with a small tumour in the body of T12."""
    from enbloc.phantom import make_phantom

    imaging = make_phantom(PhantomSpec(**SIZED, tumour=TumourSpec(type=1, level="T12"))).imaging
    return imaging, locate(imaging)


def answer(imaging: Imaging, with_faces: bool = False) -> Resection | Skipped:
    """What every answer has, good or bad."""
    spine = locate(imaging)
    met = tuple(contacts(spine, compartments(spine))) if with_faces else ()
    found = resect(spine, imaging, measure(spine, StatedExtent()), settings=QUICK, contacts=met)
    if isinstance(found, Skipped):
        assert len(found.skipped) > 20
        assert "\n" not in found.skipped
        return found
    assert found.cuts or found.open_sides
    assert found.certificate.because
    assert (found.certificate.gap_mm is None) == (found.certificate.bound_mm is None)
    for cut in found.cuts:
        assert np.isfinite([*cut.point_mm, *cut.normal, cut.margin_mm.value, cut.section_mm2]).all()
        assert cut.section_mm2 > 0.0
        assert (cut.tumour_mm2 > 0.0) <= (cut.margin_class.value is MarginClass.INTRALESIONAL)
    return found


def grown(plain: tuple[Imaging, Spine], where) -> Imaging:
    """With tumour where `where(spine, part, own)` says, on the spine's region."""
    imaging, spine = plain
    own = spine.owner == 1 + list(spine.levels).index("T12")
    tumour = np.zeros(imaging.grid.shape, bool)
    tumour[spine.region.slices] = where(spine, spine.part, own)
    return replace(imaging, tumour=tumour)


def test_tumour_fills_the_ring(plain):
    """Nothing healthy is left to cut: cuts in tumour on both sides, with their area, and nothing bounded."""
    bone = range(int(Part.BODY), int(Part.ARTICULAR_RIGHT) + 1)
    found = answer(grown(plain, lambda _, part, own: own & np.isin(part, list(bone))))
    assert isinstance(found, Resection)
    rings = [cut for cut in found.cuts if cut.canal_angle_deg is not None]
    assert len(rings) == 2
    assert all(cut.tumour_mm2 > 0.5 * cut.section_mm2 and cut.margin_mm.value < 0.0 for cut in rings)
    assert found.intralesional_area_mm2 >= sum(cut.tumour_mm2 for cut in rings) > 0.0
    assert found.certificate.bound_mm is None
    assert "tumour" in found.certificate.because


def test_one_voxel_of_tumour(plain):
    """It gets its plan, and the first thing said is that it may be nothing; nine voxels are no longer said so."""
    middle = np.argwhere(plain[1].tumour).mean(axis=0).astype(int)

    def speck(size: int):
        def where(spine: Spine, *_) -> np.ndarray:
            tumour = np.zeros(spine.tumour.shape, bool)
            tumour[tuple(slice(at, at + size) for at in middle)] = True
            return tumour

        return where

    found = answer(grown(plain, speck(1)))
    assert isinstance(found, Resection)
    assert found.caveats[0].id == "tumour-below-noise"
    assert "holds 1 voxel (3.4 mm³)" in found.caveats[0].text  # 1.5 mm cubed
    assert "tumour-below-noise" not in {caveat.id for caveat in answer(grown(plain, speck(3))).caveats}


def test_tumour_encloses_the_sac(plain):
    """All of the canal but its middle, and the pedicles."""
    parts = (int(Part.CANAL), int(Part.PEDICLE_LEFT), int(Part.PEDICLE_RIGHT))
    found = answer(
        grown(plain, lambda spine, part, own: own & np.isin(part, parts) & ~eroded(spine, part)), with_faces=True
    )
    assert isinstance(found, Resection)
    assert found.margin_class.value is MarginClass.INTRALESIONAL
    rings = [cut for cut in found.cuts if cut.gate in (Gate.LEFT, Gate.RIGHT)]
    assert all("cut-through-tumour" in {caveat.id for caveat in cut.caveats} for cut in rings)
    (dura,) = (face for face in found.faces if face.face is FaceName.DURA)
    assert dura.margin_class.value is not MarginClass.WIDE


def eroded(spine: Spine, part: np.ndarray) -> np.ndarray:
    from scipy.ndimage import binary_erosion

    return binary_erosion(part == Part.CANAL, iterations=3)


def test_tumour_only_in_the_canal(plain):
    """No bone is involved: the classification has no type for it."""
    found = answer(grown(plain, lambda _, part, own: own & (part == Part.CANAL)))
    assert isinstance(found, Skipped)
    assert "not in the bone" in found.skipped


def test_tumour_touches_the_aorta():
    from enbloc.phantom import make_phantom

    phantom = make_phantom(PhantomSpec(**SIZED, tumour=TumourSpec(type=5, level="T12", size=1.3)))
    imaging = phantom.imaging
    names = {name: value for value, name in imaging.labels[0].structures.items()}
    aorta = imaging.labels[0].values == names["aorta"]
    body = np.argwhere(imaging.tumour).mean(axis=0)
    nearest = np.argwhere(aorta)[np.argmin(np.linalg.norm(np.argwhere(aorta) - body, axis=1))]
    tumour = imaging.tumour.copy()
    for share in np.linspace(0.0, 1.0, 60):  # a bridge from the tumour's middle to the vessel's wall
        at = np.rint(body + share * (nearest - body)).astype(int)
        tumour[tuple(slice(max(0, a - 1), a + 2) for a in at)] = True
    found = answer(replace(imaging, tumour=tumour & ~aorta), with_faces=True)
    assert isinstance(found, Resection)
    (beside,) = (face for face in found.faces if face.face is FaceName.LATERAL_LEFT)  # where this aorta lies
    assert beside.to == "aorta"
    assert beside.margin_mm.low <= 0.0, "it touches"
    assert beside.margin_class.value is not MarginClass.WIDE
    assert found.margin_class.value is not MarginClass.WIDE


@pytest.mark.parametrize(("axis", "keep"), [(0, 0.5), (1, 0.5), (2, 0.5), (0, 0.62), (1, 0.35)])
def test_half_a_vertebra_at_the_border(plain, axis, keep):
    """The image ends in the vertebra: to its side, in front or behind, or above."""
    imaging = plain[0]
    count = int(keep * imaging.grid.shape[axis])
    cut = [slice(None)] * 3
    cut[axis] = slice(0, count)
    shape = tuple(np.array(imaging.labels[0].values[tuple(cut)].shape).tolist())
    grid = Grid(shape, imaging.grid.affine)
    labels = LabelMap(imaging.labels[0].values[tuple(cut)].copy(), grid, imaging.labels[0].structures)
    cropped = replace(imaging, grid=grid, labels=(labels,), tumour=imaging.tumour[tuple(cut)].copy(), image=None)
    refused = refusal(cropped)
    assert refused is None or ("canal" in refused and "\n" not in refused)


def refusal(imaging: Imaging) -> str | None:
    """What the reading of the anatomy says where it cannot go on."""
    try:
        answer(imaging)
    except InputError as refused:
        return str(refused)
    return None


def test_5_mm_slices():
    from enbloc.phantom import make_phantom

    spec = PhantomSpec(levels=LEVELS, spacing_mm=(1.0, 1.0, 5.0), tumour=TumourSpec(type=3, level="T12"))
    found = answer(make_phantom(spec).imaging)
    assert isinstance(found, Resection)
    assert "margins-in-slices" in {caveat.id for caveat in found.caveats}
    for cut in found.cuts:  # whole slices, rounded down
        assert cut.margin_mm.value / 5.0 == pytest.approx(round(cut.margin_mm.value / 5.0), abs=1e-6)


def test_no_cord_label(plain):
    imaging = plain[0]
    labels = imaging.labels[0]
    cord = [value for value, name in labels.structures.items() if "cord" in name or "sac" in name or "thecal" in name]
    values = np.where(np.isin(labels.values, cord), 0, labels.values).astype(labels.values.dtype)
    names = {value: name for value, name in labels.structures.items() if value not in cord}
    found = answer(replace(imaging, labels=(LabelMap(values, labels.grid, names),)))
    assert isinstance(found, Resection)
    assert "sac-not-labelled" in {caveat.id for caveat in found.caveats}
    assert all(cut.sac_clearance_mm is None for cut in found.cuts)
