"""Body collapse at every level of real label maps (skipped where absent): intact bodies are not called collapsed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from enbloc.anatomy import locate
from enbloc.anatomy.morphometry import morphometry
from enbloc.case import StatedExtent
from enbloc.core.levels import Level
from enbloc.images import load_images
from enbloc.tumour import StabilityItem, measure
from enbloc.tumour.collapse import collapse_item
from images.making import write_case
from tumour.toy import Toy

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="real images are not beside the checkout"),
]


def collapse_at_every_level(folder: str, labels: tuple[str, str], tmp_path: Path) -> dict[str, StabilityItem]:
    """As if each level held tumour and none of its neighbours did."""
    spine = locate(load_images(write_case(tmp_path, [labels]).in_folder(DATA / folder)))
    healthy = replace(measure(Toy().paint("T12", (25, 30), (35, 40)).spine(), StatedExtent()), zones=())
    sizes = morphometry(spine)
    return {level.value: collapse_item(level, sizes, healthy) for level in spine.levels if Level(level).in_scope}


def test_kyphotic_spine_with_two_low_bodies(tmp_path):
    """Its README: T12 is wedge-shaped. L1 is lower than T11 and L2 as well; T11 and L2 are not low."""
    found = collapse_at_every_level("verse007", ("sub-verse007_seg-vert_msk.nii.gz", "verse"), tmp_path)
    assert found["T12"].possible == ("under-half",)
    assert found["L1"].answer == "under-half"
    assert found["T11"].possible == found["L2"].possible == ("none",)


def test_intact_lumbar_spine(tmp_path):
    found = collapse_at_every_level("verse005", ("sub-verse005_seg-vert_msk.nii.gz", "verse"), tmp_path)
    assert {item.answer for item in found.values()} == {"none"}
    assert all(found[level].possible == ("none",) for level in ("L3", "L4"))  # L1 and L5 are cut by the image in front
