"""Cuts and pieces in the scene: slabs of known volume where the plan says, surfaces of known volume, painted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from enbloc.core.geometry import unit
from enbloc.core.mesh import is_closed
from enbloc.scene import STYLES, Scene, build_scene, write_scene
from enbloc.scene.cuts import corners, rim, slab, triangulated
from enbloc.scene.margins import IN_TUMOUR, SCALE, bare_mm, margin_colours
from enbloc.scene.pack import packed_bytes, within
from scene.hand_made import a_plan
from scene.hand_made_resection import (
    CENTRE,
    ENOUGH_MM,
    HIGH_MM,
    INNER_MM,
    KERF_MM,
    LOW_MM,
    OUTER_MM,
    a_resected_plan,
    a_resection,
    intralesional,
)

STAR = np.array(
    [[np.cos(t) * r, np.sin(t) * r] for t, r in zip(np.arange(10) * np.pi / 5, (3.0, 1.0) * 5, strict=True)]
)


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_scene(a_resected_plan())


def doubled_area(outline: np.ndarray) -> float:
    x, y = outline.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1))


def test_every_cut_is_a_slab_as_thick_as_its_kerf(scene: Scene) -> None:
    """Ring: 6 mm wide and 16 mm high; between vertebrae: the 48-gon in the ellipse, n/2 sin(2 pi/n) a b."""
    ring = (OUTER_MM - INNER_MM) * (HIGH_MM - LOW_MM) * KERF_MM
    ellipse = 24.0 * np.sin(2.0 * np.pi / 48.0) * 22.0 * 16.0 * KERF_MM
    wanted = {"cut-T12-left": ring, "cut-T12-right": ring, "cut-T12-cranial": ellipse, "cut-T12-caudal": ellipse}
    found = {mesh.name: mesh.volume_mm3 for mesh in scene.of_kind("cut")}
    assert found == pytest.approx(wanted, rel=1e-4)  # float32 corners, and a slab half a millimetre thick
    assert all(is_closed(mesh.faces) for mesh in scene.of_kind("cut"))


def test_cuts_lie_where_the_plan_says(scene: Scene) -> None:
    for mesh, cut in zip(scene.of_kind("cut"), a_resection().cuts, strict=True):
        off = cut.plane.signed_distance_mm(mesh.vertices_mm.astype(np.float64))
        np.testing.assert_allclose(np.abs(off), KERF_MM / 2.0, atol=1e-4)  # float32 at 50 mm
        np.testing.assert_allclose(rim(mesh), corners(cut), atol=1e-4)


def test_the_left_cut_lies_to_the_left(scene: Scene) -> None:
    left, right = (next(mesh for mesh in scene.meshes if mesh.name == f"cut-T12-{side}") for side in ("left", "right"))
    assert left.vertices_mm[:, 0].max() < 0.0 < right.vertices_mm[:, 0].min()


@pytest.mark.parametrize("outline", [STAR, STAR[::2], np.array([[0, 0], [4, 0], [4, 3], [2, 1], [0, 3.0]])])
def test_triangles_fill_the_outline_and_nothing_else(outline: np.ndarray) -> None:
    """All turn the same way, and their areas add up to the polygon's: none lies outside, none twice."""
    faces = triangulated(outline)
    areas = [doubled_area(outline[face]) for face in faces]
    assert len(faces) == len(outline) - 2
    assert min(areas) > 0.0
    assert sum(areas) == pytest.approx(doubled_area(outline), rel=1e-12)  # sums of a dozen doubles


def test_an_outline_that_crosses_itself_still_gives_a_closed_slab() -> None:
    bow = np.array([[0, 0, 0], [4, 3, 0], [4, 0, 0], [0, 3, 0.0]])
    _, faces = slab(bow, unit([0, 0, 1]), 0.5)
    assert is_closed(faces)


def test_a_repeated_last_corner_is_dropped() -> None:
    cut = a_resection().cuts[0]
    assert len(corners(replace(cut, polygon_mm=(*cut.polygon_mm, cut.polygon_mm[0])))) == len(cut.polygon_mm)
    assert len(corners(replace(cut, polygon_mm=()))) == 0


def test_a_cut_without_an_outline_is_not_drawn() -> None:
    found = a_resection()
    bare = replace(found, cuts=tuple(replace(cut, polygon_mm=()) for cut in found.cuts))
    assert not build_scene(replace(a_plan(spacing_mm=2.0), resection=bare)).of_kind("cut")


def test_pieces_hold_what_the_plan_says(scene: Scene) -> None:
    """1 mm voxels of a solid 30 mm across, smoothed and thinned: within 2 % (see test_surface)."""
    front, behind = scene.of_kind("piece-anterior", "piece-posterior")
    for mesh, piece in zip((front, behind), a_resection().pieces, strict=True):
        assert mesh.volume_mm3 == pytest.approx(piece.volume_mm3, rel=0.02)
        assert is_closed(mesh.faces)
    assert behind.tints is None


def test_the_specimen_is_painted_by_its_distance_from_tumour(scene: Scene) -> None:
    """Bare tumour red; beyond `ENOUGH_MM` the end of the scale. The tumour is a ball of 11 mm about `CENTRE`."""
    front = scene.of_kind("piece-anterior")[0]
    assert front.tints is not None
    distance = np.linalg.norm(front.vertices_mm - CENTRE, axis=1)
    # The nearest vertex of another mesh of the same voxels lies within a voxel or two, here 2 mm.
    assert (front.tints[distance > 11.0 + ENOUGH_MM + 2.0] == SCALE[-1]).all()
    assert (front.tints[distance < 11.0 - 2.0] == IN_TUMOUR).all()
    red = distance[(front.tints == IN_TUMOUR).all(axis=1)]
    assert len(red) > 100
    assert red.max() < 11.0 + bare_mm(a_resection().drawing) + 2.0


def test_colours_of_margins() -> None:
    """Ends and steps of the scale as they stand; halfway between two of them their mean."""
    step = ENOUGH_MM / (len(SCALE) - 1)
    found = margin_colours([-3.0, 0.39, step, 1.5 * step, ENOUGH_MM, 40.0], ENOUGH_MM, 0.4)
    between = (np.array(SCALE[1]) + np.array(SCALE[2])) / 2.0
    wanted = [IN_TUMOUR, IN_TUMOUR, SCALE[1], between, SCALE[-1], SCALE[-1]]
    np.testing.assert_allclose(found, wanted, atol=0.5)  # whole steps of colour


def test_colours_between_are_interpolated() -> None:
    """The twin interpolates each channel by itself."""
    margin = np.random.default_rng(5).uniform(-1.0, 7.0, (40, 3))
    found = margin_colours(margin, ENOUGH_MM, 0.4)
    ends = np.linspace(0.0, ENOUGH_MM, len(SCALE))
    wanted = np.stack([np.interp(margin, ends, np.array(SCALE)[:, channel]) for channel in range(3)], axis=-1)
    wanted[margin < 0.4] = IN_TUMOUR
    assert found.shape == (40, 3, 3)
    np.testing.assert_allclose(found, wanted, atol=0.5)  # whole steps of colour


def test_the_scale_gets_darker_all_the_way() -> None:
    """Relative luminance of sRGB (ITU-R BT.709 weights), so that a print in grey still says more or less."""
    linear = (np.array(SCALE) / 255.0) ** 2.2
    assert (np.diff(linear @ [0.2126, 0.7152, 0.0722]) < 0.0).all()


def test_thinning_keeps_the_paint(scene: Scene) -> None:
    """Colour goes by the nearest vertex that was: the share of bare tumour stays within a few hundredths."""
    pieces = scene.of_kind("piece-anterior")
    thin = within(pieces, packed_bytes(pieces[0]) // 3)[0]
    assert thin.tints is not None
    assert len(thin.tints) == len(thin.vertices_mm) < len(pieces[0].vertices_mm)
    centre_off = np.linalg.norm(thin.vertices_mm - CENTRE, axis=1)
    assert (thin.tints[centre_off > 11.0 + ENOUGH_MM + 3.0] == SCALE[-1]).all()


def test_files_of_cuts_and_pieces(tmp_path: Path) -> None:
    names = {path.name for path in write_scene(a_resected_plan(), tmp_path)}
    assert {"cut-T12-left.stl", "cut-T12-caudal.stl", "piece-anterior-block.stl", "piece-posterior-arch.stl"} <= names


def test_without_a_drawing_there_are_cuts_and_no_pieces() -> None:
    scene = build_scene(replace(a_plan(spacing_mm=2.0), resection=intralesional()))
    assert [mesh.name for mesh in scene.of_kind("cut")] == ["cut-T12-left", "cut-T12-cranial", "cut-T12-caudal"]
    assert not scene.of_kind("piece-anterior", "piece-posterior")


def test_pieces_are_hidden_at_first() -> None:
    assert STYLES["cut"].shown
    assert not STYLES["piece-anterior"].shown
    assert not STYLES["piece-posterior"].shown
