"""The clock on a column of blocks, counted by hand.

The canal's centre lies between columns 29 and 30, rows 23 and 24. Sector n of 1997 lies 30 n - 15 degrees from the
back (-j) over the patient's right (+i); the study group's is 13 - n.
"""

from __future__ import annotations

from dataclasses import replace
from math import cos, pi, sin

import numpy as np
import pytest

from enbloc.case import StatedExtent
from enbloc.core.evidence import Skipped
from enbloc.tumour import Involvement, clock, measure
from properties.wbb_twin import cells_by_hand
from tumour.near import CENTRE, block, framed, imaging
from tumour.toy import Toy

INVOLVED, POSSIBLE = Involvement.INVOLVED, Involvement.POSSIBLE


def read(toy: Toy, structures=None):
    spine = framed(toy)
    return clock(spine, imaging(toy, structures), measure(spine, StatedExtent()))


def table(found, level="T12") -> dict:
    """(sector of 1997, layer) -> (volume, involvement)."""
    (row,) = [row for row in found.levels if row.level == level]
    return {(cell.sector_1997, cell.layer): (cell.volume_mm3, cell.involvement) for cell in row.cells}


@pytest.mark.parametrize("number", range(1, 13))
def test_every_sector_has_its_two_numbers(number):
    """A block of 2 x 2 x 6 voxels in the middle of the sector, 20 mm from the axis."""
    turn = (number - 0.5) * pi / 6.0
    i, j = round(CENTRE[0] + 20.0 * sin(turn) - 0.5), round(CENTRE[1] - 20.0 * cos(turn) - 0.5)
    found = read(Toy().paint("T12", (i, i + 2), (j, j + 2)))
    (row,) = found.levels
    (cell,) = [cell for cell in row.cells if cell.involvement is INVOLVED]
    assert (cell.sector_1997, cell.sector_sosg) == (number, 13 - number)
    assert cell.volume_mm3 == pytest.approx(24.0, rel=1e-9)  # a sum of 24 ones
    assert (row.sectors_1997, row.sectors_sosg, row.layers) == ((number,), (13 - number,), (cell.layer,))


def test_the_first_sector_of_1997_is_read_on_the_patients_right():
    """Behind the canal, right of the midline (+i): 1 of 1997 as it is read here, 12 of the study group."""
    found = read(Toy().paint("T12", (32, 34), (9, 12)))
    assert table(found)[1, "B"][1] is INVOLVED
    assert {row.id: row.checked for row in found.numbering} == {"wbb-1997": "unverified", "sosg": "secondary"}


@pytest.mark.parametrize(
    ("i", "j", "layer"),
    [
        ((30, 33), (52, 55), "A"),  # in front of the body
        ((30, 33), (43, 46), "B"),  # the ray meets bone from j 30 to 49: its middle is j 40
        ((30, 33), (33, 36), "C"),
        ((30, 33), (26, 29), "D"),  # canal, no dural sac known
    ],
)
def test_layers(i, j, layer):
    found = read(Toy().paint("T12", i, j))
    assert {place[1] for place, (volume, _) in table(found).items() if volume} == {layer}
    assert found.levels[0].layers == (layer,)
    assert found.layers_unknown == ("E",)


def test_inside_the_labelled_sac_is_layer_e():
    """The sac fills columns 27-32, rows 21-26 of the canal; tumour of 3 x 3 in it and 3 x 2 in front of it."""
    toy = Toy().paint("T12", (30, 33), (24, 29))
    found = read(toy, {"dural-sac": block(toy, (27, 33), (21, 27))})
    volumes = {"D": 0.0, "E": 0.0}
    for (_, layer), (volume, _) in table(found).items():
        volumes[layer] = volumes.get(layer, 0.0) + volume
    assert (volumes["E"], volumes["D"]) == (3 * 3 * 6, 3 * 2 * 6)
    assert found.layers_unknown == ()


@pytest.mark.parametrize(("beyond", "expected"), [(-4, None), (-2, 0), (1, POSSIBLE), (3, POSSIBLE), (4, INVOLVED)])
def test_a_sector_border_is_drawn_and_holds_the_conventions_doubt(beyond, expected):
    """Tumour of the body reaching `beyond` columns over the midline, from sector 6 into sector 7.

    Involved from more than 1.25 voxels and 2 mm from the border: the fourth column's centre lies 3.5 mm behind it.
    Possible without a voxel where tumour comes within 3 mm, centre to centre.
    """
    found = table(read(Toy().paint("T12", (30 - beyond, 36), (42, 48))))
    assert found[6, "B"][1] is INVOLVED
    if expected is None:
        assert (7, "B") not in found
    elif expected == 0:
        assert found[7, "B"] == (0.0, POSSIBLE)
    else:
        assert found[7, "B"] == (beyond * 6 * 6, expected)


def test_the_canal_wall_is_seen_and_one_layer_of_voxels_is_possible():
    """From the body one voxel into the canal, and two."""
    one = table(read(Toy().paint("T12", (28, 32), (29, 40))))
    assert {found for (_, layer), (_, found) in one.items() if layer == "D"} == {POSSIBLE}
    two = read(Toy().paint("T12", (28, 32), (28, 40)))
    assert "D" in two.levels[0].layers


def test_bone_that_touches_soft_tissue_leaves_layer_a_possible():
    found = table(read(Toy().paint("T12", (32, 37), (44, 50))))
    assert found[6, "A"] == (0.0, POSSIBLE)


def test_tumour_in_a_disc_has_no_layer():
    """Six layers of body and two of disc: only the body's are counted."""
    found = table(read(Toy().paint("T12", (32, 36), (40, 46), (-2, 6))))
    assert sum(volume for volume, _ in found.values()) == pytest.approx(4 * 6 * 6)


def test_a_mirrored_tumour_has_sectors_thirteen_minus():
    """Columns i become 59 - i: the column is its own mirror image."""
    left = table(read(Toy().paint("T12", (12, 32), (15, 42))))
    right = table(read(Toy().paint("T12", (28, 48), (15, 42))))
    assert right == {(13 - sector, layer): value for (sector, layer), value in left.items()}


@pytest.mark.parametrize("spacing_mm", [(1.0, 1.0, 1.0), (0.8, 0.7, 3.0)])
def test_volumes_equal_the_slow_twins(spacing_mm):
    """Voxel by voxel with plain arithmetic. The border of B and C is read on rays of 5 degrees in steps of 0.5 mm: as
    much tumour as a shell of a voxel about it (here a tenth) may change sides; sectors must agree voxel for voxel.
    """
    toy = Toy(spacing_mm=spacing_mm).paint("T12", (10, 33), (15, 47))
    found = table(read(toy))
    twin = cells_by_hand(toy, "T12")
    for sector in range(1, 13):
        for layers in ("A", "D", "BC"):
            mine = sum(found.get((sector, layer), (0.0,))[0] for layer in layers)
            theirs = sum(twin.get((sector, layer), 0.0) for layer in layers)
            assert mine == pytest.approx(theirs, rel=1e-9), (sector, layers)
        for layer in "BC":
            bone = sum(twin.get((sector, name), 0.0) for name in "BC")
            assert found.get((sector, layer), (0.0,))[0] == pytest.approx(
                twin.get((sector, layer), 0.0), abs=0.1 * bone
            )


def test_without_a_frame_there_is_no_clock():
    toy = Toy().paint("T12", (30, 34), (36, 40))
    spine = toy.spine()
    found = clock(spine, imaging(toy), measure(spine, StatedExtent()))
    assert found == Skipped("no involved level has a frame and a canal to turn the clock around")


def test_a_level_without_frame_beside_one_with_is_named():
    toy = Toy().paint("T12", (24, 36), (34, 46), (-8, 10))
    spine = framed(toy)
    bare = tuple(replace(v, frame=None) if v.level == "L1" else v for v in spine.vertebrae)
    spine = replace(spine, vertebrae=bare)
    found = clock(spine, imaging(toy), measure(spine, StatedExtent()))
    assert [row.level for row in found.levels] == ["T12"]
    assert found.without_frame == ("L1",)
    assert [caveat.id for caveat in found.caveats] == ["wbb-without-frame"]


def test_a_speck_beside_a_tumour_is_only_possible():
    """Eight voxels may be noise, twelve are not."""
    toy = Toy().paint("T12", (32, 36), (40, 46)).paint("T12", (16, 18), (9, 11), (5, 7))
    small = table(read(toy))
    assert {found for (sector, _), (_, found) in small.items() if sector == 11} == {POSSIBLE}
    large = table(read(toy.paint("T12", (16, 18), (9, 12), (5, 7))))
    assert INVOLVED in {found for (sector, _), (_, found) in large.items() if sector == 11}
    assert np.count_nonzero(toy.tumour) == 4 * 6 * 6 + 12
