"""The fourteen tumours on real labels beside the checkout: types 1-7 on two patients, with their script's truth.

The script cut every tumour to zones of its own, so a zone is held to its truth only where it is more than a shell one
voxel thick (and, inside bone, more than the 2 mm by which such borders are drawn differently).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt
from scipy.spatial import cKDTree

from enbloc.anatomy import Spine, locate
from enbloc.case import StatedExtent, read_case
from enbloc.core.geometry import bounding_box
from enbloc.core.levels import Level, is_level
from enbloc.core.volume import Imaging
from enbloc.images import load_images
from enbloc.images.tumour_file import read_tumour
from enbloc.tumour import Extent, Involvement, Zone, measure

DATA = Path(__file__).parents[3] / "shared" / "data"
PATIENTS = {
    "verse005": ("sub-verse005_seg-vert_msk.nii.gz", "verse"),
    "totalseg_s0327": ("segmentations", "totalsegmentator-files"),
}
CASES = list(product(PATIENTS, range(1, 8)))
ZONE_OF_TRUTH = {  # the script's words -> ours
    "body": Zone.BODY,
    "pedicle_left": Zone.PEDICLE_LEFT,
    "pedicle_right": Zone.PEDICLE_RIGHT,
    "lamina_left": Zone.ARCH,
    "lamina_right": Zone.ARCH,
    "lateral_left": Zone.ARCH,
    "lateral_right": Zone.ARCH,
    "canal": Zone.CANAL,
    "paravertebral": Zone.PARAVERTEBRAL,
    "disc": Zone.DISC,
}
SHELL = 3.0**0.5 + 1e-6
"""Voxels, from centre to centre, of two voxels that meet by a corner."""
IN_BONE = [Zone.ARCH, Zone.PEDICLE_LEFT, Zone.PEDICLE_RIGHT, Zone.BODY]
"""Hindmost first."""
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="real images are not beside the checkout"),
]


@dataclass(frozen=True)
class Read:
    truth: dict
    imaging: Imaging
    spine: Spine
    extent: Extent

    def involved(self) -> set[Zone]:
        return {row.zone for row in self.extent.zones if row.involvement is Involvement.INVOLVED}

    def true_zones(self) -> dict[Zone, int]:
        """Voxels of every zone of the truth."""
        found: dict[Zone, int] = {}
        for name, count in self.truth["voxels_per_zone"].items():
            found[ZONE_OF_TRUTH[name]] = found.get(ZONE_OF_TRUTH[name], 0) + count
        return found


@cache
def labels_of(patient: str) -> Imaging:
    """The patient's labels with the first tumour, through the files as a case names them."""
    labels, scheme = PATIENTS[patient]
    text = f'schema = "enbloc.case/1"\nid = "dev"\n[imaging]\nmodality = "ct"\n[[imaging.labels]]\nfile = "{labels}"\n'
    text += f'scheme = "{scheme}"\n[imaging.tumour]\nfile = "tumours/tumour_tomita1.nii.gz"\n'
    with TemporaryDirectory() as folder:
        path = Path(folder) / "case.toml"
        path.write_text(text, encoding="utf-8")
        return load_images(read_case(path).in_folder(DATA / patient))


@cache
def read(patient: str, number: int) -> Read:
    """Labels are read once per patient (one of them has 117 files); the tumours lie on the same grid."""
    imaging = labels_of(patient)
    file = DATA / patient / "tumours" / f"tumour_tomita{number}.nii.gz"
    if number > 1:
        grid, mask, _ = read_tumour(file, file.name, None, imaging.grid)
        assert grid.same_as(imaging.grid)
        imaging = replace(imaging, tumour=mask)
    spine = locate(imaging)
    truth = json.loads(file.with_name(f"tumour_tomita{number}.json").read_text(encoding="utf-8"))
    return Read(truth, imaging, spine, measure(spine, StatedExtent()))


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def dev(request) -> Read:
    return read(*request.param)


def test_type(dev):
    assert dev.extent.tomita_type.value == dev.truth["tomita_type"]
    assert dev.extent.tomita_type.low <= dev.truth["tomita_type"] <= dev.extent.tomita_type.high


def test_levels(dev):
    assert list(dev.extent.levels) == sorted(dev.truth["vertebrae"], key=lambda name: Level(name).rank)
    most = max(dev.truth["voxels_per_vertebra"].items(), key=lambda item: item[1])[0]
    assert dev.extent.index_level == most


def test_volume_is_the_voxels(dev):
    """Spacings are 32-bit floats in the header (1e-6); the truth is rounded to 0.1 mm3."""
    assert dev.extent.volume_mm3 == pytest.approx(dev.truth["volume_mm3"], rel=1e-6, abs=0.051)
    assert len(dev.extent.lesions) == dev.truth["components"]


def deep_zones(dev: Read) -> dict[Zone, bool]:
    """Whether each zone of the truth is more than a shell, from the mask and the truth's voxel counts alone.

    The script tells how many voxels lie in each zone, not which. Outside bone there is one zone at most. Inside bone
    its borders are coronal planes, so the hindmost voxels are the arch's, the next the pedicle's, the rest the body's.
    """
    spine, labels = dev.spine, dev.imaging.labels[0]
    vertebrae = [value for value, name in labels.structures.items() if is_level(name)]
    labelled = np.isin(labels.values[spine.region.slices], vertebrae)
    bone, outside = np.argwhere(spine.tumour & labelled), np.argwhere(spine.tumour & ~labelled)
    waiting = bone[np.argsort(spine.grid.affine.to_world(bone)[:, 1], kind="stable")]
    pieces: dict[Zone, np.ndarray] = {}
    counts = dev.true_zones()
    for zone in [zone for zone in IN_BONE if zone in counts]:
        pieces[zone], waiting = waiting[: counts[zone]], waiting[counts[zone] :]
    pieces.update((zone, outside) for zone in counts if zone not in IN_BONE)
    assert {zone: len(piece) for zone, piece in pieces.items()} == counts, "truth and labels disagree"
    deep = {}
    for zone, mine in pieces.items():
        rest = [piece for other, piece in pieces.items() if other is not zone]
        wall = [np.argwhere(labelled)] if zone not in IN_BONE else []  # outside bone, depth begins at the bone's wall
        deep[zone] = is_deep(mine, [*rest, *wall], spine.grid.spacing_mm, 2.0 if zone in IN_BONE else 0.0)
    return deep


def is_deep(mine: np.ndarray, rest: list[np.ndarray], spacing_mm: np.ndarray, extra_mm: float) -> bool:
    """Whether a voxel is over sqrt 3 voxels (no shell is) from all others, and `extra_mm` more."""
    if not rest:
        return True
    voxels, nearest = cKDTree(np.concatenate(rest)).query(mine)
    mm = np.linalg.norm((mine - np.concatenate(rest)[nearest]) * spacing_mm, axis=1)
    return bool(((voxels > SHELL) & (mm > SHELL * spacing_mm.max() + extra_mm)).any())


def test_zones(dev):
    """What is deep in truth is involved; what is a shell in truth is at least named."""
    rows = {row.zone for row in dev.extent.zones}
    deep = deep_zones(dev)
    assert {zone for zone, is_ in deep.items() if is_} <= dev.involved()
    assert dev.involved() <= set(deep)
    assert set(deep) <= rows
    if not all(is_ for zone, is_ in deep.items() if zone in (Zone.CANAL, Zone.PARAVERTEBRAL)):
        assert dev.extent.tomita_type.borderline


def test_a_sound_outline_is_left_alone(dev):
    """The labels are whole: no tumour voxel outside them is bone (a few percent may lie in their gaps)."""
    assert np.count_nonzero(dev.spine.estimated) <= 0.05 * dev.truth["voxels"]


def test_the_clock_lies_on_the_tumours_side(dev):
    """The script grows each tumour on one side: more of the clock's volume lies there (1 to 6 of 1997: right)."""
    from enbloc.tumour import clock

    found = clock(dev.spine, dev.imaging, dev.extent)
    assert {row.level for row in found.levels} == set(dev.extent.levels)
    sides = {"right": 0.0, "left": 0.0}
    for row in found.levels:
        for cell in row.cells:
            sides["right" if cell.sector_1997 <= 6 else "left"] += cell.volume_mm3
    if dev.truth["side"] in sides:
        assert max(sides, key=lambda side: sides[side]) == dev.truth["side"]


def aorta_apart_mm(imaging: Imaging) -> float:
    """From the centres of the aorta's voxels to those of the tumour's, by scipy, where both lie."""
    aorta = np.any([labels.values == value for labels, value in imaging.holders("aorta")], axis=0)
    box = bounding_box(aorta | imaging.tumour)
    away = distance_transform_edt(~imaging.tumour[box.slices], sampling=imaging.grid.spacing_mm)
    return float(away[aorta[box.slices]].min())


def test_canal_and_vessels_give_an_answer_that_fits_the_truth(dev):
    """Tumour in the canal where the script put it there (elsewhere borders may differ about a hundredth of the tumour);
    vessels where the labels hold them.
    """
    from enbloc.tumour import canal_findings, field_around, vessel_contacts

    field = field_around(dev.spine, dev.imaging.grid)
    found = canal_findings(dev.spine, dev.imaging, dev.extent, field)
    in_canal = sum(row.volume_mm3 for row in found.levels)
    if Zone.CANAL in dev.true_zones():
        assert in_canal > 0.01 * dev.truth["volume_mm3"]
        assert found.grade.high != "0"
    else:
        assert in_canal < 0.01 * dev.truth["volume_mm3"]
        assert found.grade.low == "0"
    vessels = vessel_contacts(dev.imaging, field)
    labelled = {name for labels in dev.imaging.labels for name in labels.structures.values()}
    if "aorta" in labelled:
        voxel = float(dev.imaging.grid.spacing_mm.max())
        apart = aorta_apart_mm(dev.imaging)
        distances = {one.structure: one.distance_mm.value for one in vessels.contacts}
        # Between surfaces half a voxel less at either end; no tumour lies as far as the reach of 30 mm.
        assert distances["aorta"] == pytest.approx(max(0.0, apart - voxel), abs=voxel)
    else:
        assert vessels.skipped == "no vessel is labelled"
