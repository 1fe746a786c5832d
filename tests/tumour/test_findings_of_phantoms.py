"""Clock, canal and vessels against the implicit shapes of phantoms, and under mirrors, turns and other axis orders."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from enbloc.anatomy import locate
from enbloc.case import StatedExtent
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging
from enbloc.phantom import (
    Phantom,
    PhantomSpec,
    TumourSpec,
    canal_section_share,
    make_phantom,
    mirrored,
    vessel_distance_mm,
    wbb_truth,
)
from enbloc.phantom.pose import turned
from enbloc.tumour import (
    EpiduralFindings,
    Involvement,
    VesselFindings,
    WbbFindings,
    canal_findings,
    clock,
    field_around,
    measure,
    vessel_contacts,
)
from properties.test_invariance import moved_by, patient, stored_as

INVOLVED = Involvement.INVOLVED
VESSELS = ("aorta", "inferior-vena-cava")
SPECS = {
    "canal": PhantomSpec(levels=("T8", "T9", "T10"), tumour=TumourSpec(type=4, level="T9", size=1.2)),
    "everywhere": PhantomSpec(
        levels=("T11", "T12", "L1"),
        spacing_mm=(0.8, 0.8, 1.5),
        oblique_deg=(12.0, 8.0, 15.0),
        tumour=TumourSpec(type=5, variant="with-canal", level="T12", side="right"),
    ),
    "scoliosis": PhantomSpec(
        levels=("L1", "L2", "L3"), scoliosis_deg=15.0, tumour=TumourSpec(type=3, level="L2", side="right")
    ),
    "thick": PhantomSpec(
        levels=("L1", "L2", "L3"), spacing_mm=(0.9, 0.9, 3.0), tumour=TumourSpec(type=4, variant="arch", level="L2")
    ),
}


@dataclass(frozen=True)
class Found:
    wbb: WbbFindings
    epidural: EpiduralFindings
    vessels: VesselFindings


def answer(imaging: Imaging) -> Found:
    spine = locate(imaging)
    extent, field = measure(spine, StatedExtent()), field_around(spine, imaging.grid)
    wbb, epidural = clock(spine, imaging, extent), canal_findings(spine, imaging, extent, field)
    return Found(wbb, epidural, vessel_contacts(imaging, field))


@cache
def made(name: str) -> tuple[Phantom, Found]:
    phantom = make_phantom(SPECS[name])
    return phantom, answer(phantom.imaging)


def cells(found: Found) -> dict:
    return {
        (row.level, cell.sector_1997, cell.layer): (cell.volume_mm3, cell.involvement)
        for row in found.wbb.levels
        for cell in row.cells
    }


@cache
def true_cells(phantom: Phantom) -> dict:
    """Volume by level, sector of 1997 and layer; the sac is not labelled here, so E counts as D."""
    truth: dict = {}
    for cell in wbb_truth(phantom):
        key = cell.level, cell.sector + 1, "D" if cell.layer == "E" else cell.layer
        truth[key] = truth.get(key, 0.0) + cell.volume_mm3
    return truth


@pytest.mark.parametrize("name", SPECS)
def test_the_clock_holds_what_is_true(name):
    """Nothing is involved that holds no tumour, and no cell with more than specks of tumour is left out.

    A speck: 8 voxels (the noise floor's) of a phantom's tumour may lie beyond a border that is drawn 1 mm off.
    """
    phantom, found = made(name)
    truth, read = true_cells(phantom), cells(found)
    levels = {row.level for row in found.wbb.levels}
    speck = 8.0 * float(np.prod(phantom.spec.spacing_mm))
    assert {key for key, (_, how) in read.items() if how is INVOLVED} <= set(truth)
    assert {key for key, volume in truth.items() if volume > speck and key[0] in levels} <= set(read)
    assert any(how is INVOLVED for _, how in read.values())


@pytest.mark.parametrize("name", SPECS)
def test_volumes_of_the_cells(name):
    """All cells together miss truth by less than a fifth of the tumour: frames within 2 degrees and 1 mm move a shell
    of 1 mm across borders, on cells some 5 to 10 mm wide.
    """
    phantom, found = made(name)
    truth, read = true_cells(phantom), cells(found)
    levels = {row.level for row in found.wbb.levels}
    keys = {key for key in truth if key[0] in levels} | set(read)
    amiss = sum(abs(truth.get(key, 0.0) - read.get(key, (0.0,))[0]) for key in keys)
    assert amiss < 0.2 * phantom.truth.volume_mm3


@pytest.mark.parametrize("name", SPECS)
def test_the_worst_section_of_the_canal(name):
    """Within the range, give or take 0.05: the canal's own wall is read to about half a millimetre of its 8."""
    phantom, found = made(name)
    (row,) = [row for row in found.epidural.levels if row.level == phantom.spec.tumour.level]
    truth = canal_section_share(phantom, Level(phantom.spec.tumour.level))
    assert row.section_share.low - 0.05 <= truth <= row.section_share.high + 0.05


@pytest.mark.parametrize("name", SPECS)
def test_distances_to_vessels(name):
    """Within the range, and half a millimetre for the step with which truth is sampled."""
    phantom, found = made(name)
    read = {one.structure: one.distance_mm for one in found.vessels.contacts}
    for vessel in VESSELS:
        truth = vessel_distance_mm(phantom, vessel)
        if vessel in read:
            assert read[vessel].low - 0.5 <= truth <= read[vessel].high + 0.5, vessel
        else:
            assert vessel in (*found.vessels.farther, *found.vessels.not_looked_at)


def test_the_mirrored_patient_has_the_mirrored_clock():
    """Sectors n become 13 - n. The mirror image is scanned anew, so voxels fall elsewhere: a tenth of the tumour."""
    phantom, found = made("canal")
    there = cells(answer(make_phantom(mirrored(SPECS["canal"])).imaging))
    here = {(level, 13 - sector, layer): value for (level, sector, layer), value in cells(found).items()}
    amiss = sum(abs(here.get(k, (0.0,))[0] - there.get(k, (0.0,))[0]) for k in here.keys() | there.keys())
    assert amiss < 0.1 * phantom.truth.volume_mm3
    for name in ("sectors_1997", "sectors_sosg"):
        assert getattr(found.wbb.levels[0], name)


@cache
def plain() -> Found:
    return answer(patient().imaging)


@pytest.mark.parametrize("order", ["LPS", "PIR", "SRA"])
def test_axis_order_of_the_file_changes_nothing(order):
    found, before = answer(stored_as(order)), plain()
    assert cells(found).keys() == cells(before).keys()
    for key, (volume, how) in cells(before).items():
        assert cells(found)[key] == (pytest.approx(volume, abs=1e-6), how)
    for one, old in zip(found.vessels.contacts, before.vessels.contacts, strict=True):
        assert one.structure == old.structure
        assert one.distance_mm.value == pytest.approx(old.distance_mm.value, abs=1e-4)  # 32-bit distances
    for row, old in zip(found.epidural.levels, before.epidural.levels, strict=True):
        assert row.section_share.value == pytest.approx(old.section_share.value, abs=1e-4)


def test_turning_the_patient_turns_everything_with_it():
    """The same voxels turned by 20 degrees: distances are those of voxels, the clock's frame within 2 degrees."""
    matrix = np.eye(4)
    matrix[:3, :3] = turned((0.0, 0.0, 20.0))
    found, before = answer(moved_by(matrix)), plain()
    for one, old in zip(found.vessels.contacts, before.vessels.contacts, strict=True):
        assert one.distance_mm.value == pytest.approx(old.distance_mm.value, abs=1e-4)
    here, there = cells(found), cells(before)
    amiss = sum(abs(here.get(k, (0.0,))[0] - there.get(k, (0.0,))[0]) for k in here.keys() | there.keys())
    assert amiss < 0.1 * patient().truth.volume_mm3
