"""Cuts as 3D Slicer reads them, and pieces on another grid."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid
from enbloc.resection.nouns import Pieces
from enbloc.scene import markups_json, pieces_on
from resection.hand_made import a_resection, cuts, drawing

TILTED = replace(
    cuts()[0],
    point_mm=(10.0, 20.0, 30.0),
    normal=(1 / 3, 2 / 3, 2 / 3),
    polygon_mm=((12.0, 19.0, 30.0), (10.0, 22.0, 28.0), (8.0, 21.0, 30.0), (10.0, 18.0, 32.0)),
)
"""Every corner in the plane x + 2 y + 2 z = 110."""


def read(text: str) -> list[dict]:
    """As Slicer does it: LPS is turned to RAS by the signs of x and y; a matrix, row by row."""
    document = json.loads(text)
    assert document["@schema"].endswith("markups-schema-v1.0.3.json#")
    for markup in document["markups"]:
        assert (markup["coordinateSystem"], markup["coordinateUnits"]) == ("LPS", "mm")
        markup["points"] = np.array([p["position"] for p in markup["controlPoints"]]) * [-1, -1, 1]
        if "baseToNode" in markup:
            markup["axes"] = (np.diag([-1, -1, 1, 1]) @ np.reshape(markup["baseToNode"], (4, 4)))[:3, :3]
    return document["markups"]


def test_a_plane_stands_where_the_cut_does() -> None:
    plane, outline = read(markups_json([TILTED]))
    assert (plane["type"], plane["planeType"], plane["name"]) == ("Plane", "pointNormal", "T12-left")
    assert plane["points"].tolist() == [[10.0, 20.0, 30.0]]
    np.testing.assert_allclose(plane["axes"][:, 2], [1 / 3, 2 / 3, 2 / 3], atol=1e-8)  # nine digits are written
    np.testing.assert_allclose(plane["axes"].T @ plane["axes"], np.eye(3), atol=1e-8)
    assert np.linalg.det(plane["axes"]) == pytest.approx(1.0, abs=1e-8)
    assert plane["normal"] == [pytest.approx(-1 / 3), pytest.approx(-2 / 3), pytest.approx(2 / 3)]
    assert (outline["type"], outline["name"]) == ("ClosedCurve", "T12-left-section")
    np.testing.assert_allclose(outline["points"], TILTED.polygon_mm, atol=1e-12)


def test_the_plane_is_drawn_beyond_its_section() -> None:
    plane, outline = read(markups_json([TILTED]))
    across = (outline["points"] - plane["points"][0]) @ plane["axes"]
    assert np.abs(across[:, 2]).max() < 1e-7, "the section lies in the plane"
    left, right, low, high = plane["planeBounds"]
    assert across[:, 0].min() - left == pytest.approx(5.0, abs=1e-3)  # written to 0.001 mm
    assert right - across[:, 0].max() == pytest.approx(5.0, abs=1e-3)
    assert across[:, 1].min() - low == pytest.approx(5.0, abs=1e-3)
    assert high - across[:, 1].max() == pytest.approx(5.0, abs=1e-3)


def test_one_file_holds_all_cuts_and_tells_own_ones_by_colour() -> None:
    markups = read(markups_json([TILTED, replace(TILTED, name="own", given=True)]))
    assert [markup["name"] for markup in markups] == ["T12-left", "T12-left-section", "own", "own-section"]
    assert markups[0]["display"]["color"] != markups[2]["display"]["color"]
    assert markups_json(a_resection().cuts) == markups_json(cuts()), "equal cuts, equal bytes"


def test_pieces_are_read_at_the_nearest_voxel() -> None:
    """One voxel of 4 mm about (10, 0, 0), laid on a turned and finer grid: 4³ mm³ = 64 voxels of 1 mm."""
    label = np.zeros((3, 3, 3), np.uint8)
    label[1, 1, 1] = 2
    own = Affine(np.array([[4.0, 0, 0, 6.0], [0, 4.0, 0, -4.0], [0, 0, 4.0, -4.0], [0, 0, 0, 1]]))
    there = Affine(np.array([[-1.0, 0, 0, 19.5], [0, 1.0, 0, -9.5], [0, 0, 1.0, -9.5], [0, 0, 0, 1]]))
    nothing = np.zeros((0, 3), np.float32)
    pieces = Pieces(label, own, nothing, nothing.astype(np.int32), np.zeros(0, np.float32))
    found = pieces_on(Grid((20, 20, 20), there), pieces)
    assert np.unique(found).tolist() == [0, 2]
    assert np.count_nonzero(found) == 64
    np.testing.assert_allclose(there.to_world(np.argwhere(found)).mean(axis=0), [10.0, 0.0, 0.0], atol=1e-9)


def test_pieces_on_their_own_grid_are_themselves() -> None:
    drawn = drawing()
    assert np.array_equal(pieces_on(Grid(drawn.label.shape, drawn.affine), drawn), drawn.label)


@pytest.mark.parametrize("shift_mm", [0.0, 9.0, 60.0])
def test_pieces_agree_with_a_look_at_every_voxel(shift_mm: float) -> None:
    """On a grid that stands askew: over the pieces, half beside them, and far from them."""
    label = np.zeros((7, 6, 5), np.uint8)
    label[2:5, 1:5, 1:3], label[2:5, 1:5, 3] = 1, 2
    own = Affine(np.diag([2.0, 1.5, 2.5, 1.0]))
    turned = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
    there = Affine(
        np.block([[1.1 * turned, np.array([[shift_mm], [-4.0], [1.0]])], [np.zeros((1, 3)), np.ones((1, 1))]])
    )
    nothing = np.zeros((0, 3), np.float32)
    pieces = Pieces(label, own, nothing, nothing.astype(np.int32), np.zeros(0, np.float32))
    grid = Grid((16, 14, 12), there)
    wanted = np.zeros(grid.shape, np.uint8)
    for voxel in np.ndindex(*grid.shape):
        index = np.rint(own.to_index(there.to_world(voxel))).astype(int)
        if (index >= 0).all() and (index < label.shape).all():
            wanted[voxel] = label[tuple(index)]
    assert np.array_equal(pieces_on(grid, pieces), wanted)
    assert bool(wanted.any()) is (shift_mm < 60.0)
