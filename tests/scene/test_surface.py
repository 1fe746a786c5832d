"""Meshes: closed, outward, as large as the voxels, light."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from enbloc.core.geometry import Affine
from enbloc.core.mesh import is_closed, smooth_surface
from enbloc.scene.nouns import Mesh
from enbloc.scene.surface import TRIANGLES, surface, thinned


def affine(spacing: tuple[float, float, float], flip: bool = False) -> Affine:
    matrix = np.diag([*spacing, 1.0])
    matrix[:3, 3] = (12.0, -30.0, 7.0)
    if flip:
        matrix[0, 0] = -spacing[0]
    return Affine(matrix)


def ball(radius_mm: float, spacing: tuple[float, float, float]) -> np.ndarray:
    half = [int(radius_mm / s) + 2 for s in spacing]
    grid = np.stack(np.meshgrid(*(np.arange(-h, h + 1) for h in half), indexing="ij"), axis=-1) * np.array(spacing)
    return np.asarray((grid**2).sum(axis=-1) < radius_mm**2)


def as_mesh(vertices: np.ndarray, faces: np.ndarray) -> Mesh:
    return Mesh("m", "m", "tumour", (0, 0, 0), 1.0, vertices, faces)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.5, 0.5, 0.5), (0.8, 0.8, 3.0), (0.4, 0.9, 1.5)])
def test_a_ball_keeps_its_volume(spacing: tuple[float, float, float]) -> None:
    """4/3 pi r^3 with r = 15 mm. Marching cubes at one half cuts the corners of surface voxels and Taubin's filter
    moves the surface by a fraction of a voxel: together below 0.15 voxel, that is 3 x 0.15 x 1 / 15 = 3 % for 1 mm
    voxels; of slices 3 mm apart only the poles see the large voxel."""
    mesh = as_mesh(*surface(ball(15.0, spacing), affine(spacing)))
    assert mesh.volume_mm3 == pytest.approx(4.0 / 3.0 * np.pi * 15.0**3, rel=0.03)


@pytest.mark.parametrize("flip", [False, True])
def test_faces_look_outward_whatever_the_handedness_of_the_grid(flip: bool) -> None:
    mesh = as_mesh(*surface(ball(8.0, (1.0, 1.0, 1.0)), affine((1.0, 1.0, 1.0), flip)))
    assert mesh.volume_mm3 > 0.0


def test_surface_lies_where_the_voxels_are() -> None:
    """A block of 10 x 20 x 30 voxels of 1 mm from index 0: its middle is index (4.5, 9.5, 14.5). By symmetry exact;
    0.05 mm for the decimation, which need not be symmetric."""
    vertices, _ = surface(np.ones((10, 20, 30), bool), affine((1.0, 1.0, 1.0)))
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2.0
    np.testing.assert_allclose(middle, [12.0 + 4.5, -30.0 + 9.5, 7.0 + 14.5], atol=0.05)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("spacing", [(1.0, 1.0, 2.5), (0.5, 0.5, 2.0), (0.3, 0.4, 0.5)])
def test_ragged_masks_give_closed_meshes(seed: int, spacing: tuple[float, float, float]) -> None:
    """Voxels that touch at edges and corners, at the border of the crop, thin and in pieces; averaged or not."""
    mask = np.random.default_rng(seed).random((28, 24, 20)) < 0.35
    _, faces = surface(mask, affine(spacing), triangles=1000)
    assert is_closed(faces)


def test_a_single_fine_voxel_is_not_averaged_away() -> None:
    mask = np.zeros((5, 5, 5), bool)
    mask[2, 2, 2] = True
    vertices, faces = surface(mask, affine((0.3, 0.3, 0.3)))
    assert is_closed(faces)
    assert np.ptp(vertices, axis=0).max() < 0.4


def test_large_structures_stay_within_the_budget() -> None:
    _, faces = surface(ball(45.0, (1.0, 1.0, 1.0)), affine((1.0, 1.0, 1.0)))
    assert len(faces) <= TRIANGLES
    assert is_closed(faces)


def test_meshes_thinned_in_several_threads_are_those_thinned_one_by_one() -> None:
    """The library works on one mesh for the whole process: without turns, ten of these twelve come out as others."""
    fine = (0.5, 0.5, 0.5)
    meshes = [smooth_surface(ball(radius, fine), affine(fine), 0.5) for radius in (10.0, 14.0, 18.0, 22.0)] * 3
    alone = [thinned(*mesh, 2000) for mesh in meshes]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda mesh: thinned(*mesh, 2000), meshes))
    for one, two in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one[0], two[0])
        np.testing.assert_array_equal(one[1], two[1])


def test_an_open_mesh_is_told_apart() -> None:
    _, faces = surface(ball(8.0, (1.0, 1.0, 1.0)), affine((1.0, 1.0, 1.0)))
    assert not is_closed(faces[1:])
    turned = faces.copy()
    turned[0] = turned[0, ::-1]
    assert not is_closed(turned)


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        surface(np.zeros((3, 3, 3), bool), affine((1.0, 1.0, 1.0)))
