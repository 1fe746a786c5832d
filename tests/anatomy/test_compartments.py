"""A vertebra's closed surface and its barriers, against hand-calculated shapes and the phantom's implicit truth."""

from __future__ import annotations

from functools import cache
from math import pi

import numpy as np
import pytest

from anatomy.patients import patient
from enbloc.anatomy import BARRIERS, Barrier, Compartment, compartments, locate
from enbloc.anatomy.patches import compartment_of
from enbloc.core.geometry import Affine
from enbloc.core.levels import Level
from enbloc.core.mesh import area_vectors, enclosed_mm3, is_closed, smooth_surface
from enbloc.core.volume import Imaging, LabelMap
from enbloc.phantom.patches import TrueSurface, true_surface
from enbloc.phantom.pose import turned

SPACINGS = [(0.5, 0.5, 0.5), (1.0, 1.0, 1.0), (1.5, 1.5, 1.5), (1.0, 1.0, 3.0)]
TURNS = [(0.0, 0.0, 0.0), (17.0, 29.0, 40.0)]
SOLIDS = {
    "ball": (lambda p: np.linalg.norm(p, axis=-1) < 20.0, 4.0 * pi * 20.0**2),
    "box": (lambda p: (np.abs(p) < [15.0, 12.0, 10.0]).all(axis=-1), 8.0 * (15 * 12 + 12 * 10 + 10 * 15)),
    "cylinder": (
        lambda p: (np.hypot(p[..., 0], p[..., 1]) < 18.0) & (np.abs(p[..., 2]) < 12.0),
        2.0 * pi * 18.0**2 + 4.0 * pi * 18.0 * 12.0,
    ),
}


@cache
def surfaces(name: str) -> tuple[Compartment, ...]:
    return compartments(patient(name)[1])


@cache
def truth_of(name: str, level: str) -> TrueSurface:
    return true_surface(patient(name)[0].truth, level)


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("spacing", SPACINGS)
@pytest.mark.parametrize("solid", SOLIDS)
def test_area_of_solids(solid, spacing, turn):
    """4 pi r^2, 2(ab + bc + ca), 2 pi r (r + h). Raw voxel faces are up to 50 % too large, raw marching cubes 9 %.

    5 %: voxels take the edges off a box, 3 mm slices put stairs on a ball (measured: -4.1 to +3.3 %).
    """
    inside, area = SOLIDS[solid]
    matrix = np.eye(4)
    matrix[:3, :3] = turned(turn) * np.array(spacing)
    shape = [int(64.0 / step) + 8 for step in spacing]
    index = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1) - 0.5 * (np.array(shape) - 1) + 0.137
    points, faces = smooth_surface(inside(index @ matrix[:3, :3].T), Affine(matrix), 1.0)
    assert is_closed(faces)
    found = float(np.linalg.norm(area_vectors(points, faces), axis=1).sum())
    assert found == pytest.approx(area, rel=0.05)


@pytest.mark.parametrize("name", ["straight", "upper-thoracic", "kyphotic", "thick-slices", "turned-patient"])
def test_the_patches_are_disjoint_and_cover_a_closed_surface(name):
    for compartment in surfaces(name):
        assert is_closed(compartment.faces)
        assert enclosed_mm3(compartment.vertices_mm.astype(float), compartment.faces) > 0.0
        assert len(compartment.patch) == len(compartment.faces)
        assert compartment.patch.max() < len(BARRIERS)
        voxel_face = float(np.prod(np.sort(patient(name)[1].grid.spacing_mm)[:2]))
        total = sum(compartment.area_mm2(barrier) for barrier in BARRIERS)
        assert total == pytest.approx(compartment.areas_mm2.sum(), abs=voxel_face)
        assert compartment.area_mm2(Barrier.IMAGE_BORDER) == 0.0


@pytest.mark.parametrize(("name", "level"), [("straight", "T12"), ("upper-thoracic", "T5"), ("turned-patient", "L1")])
def test_area_of_every_barrier_at_1_mm(name, level):
    """The figure asked for: 10 % for each barrier at 1 mm, natural curve or patient turned; 3 % for the whole."""
    truth = truth_of(name, level)
    found = next(c for c in surfaces(name) if c.level == level)
    assert found.areas_mm2.sum() == pytest.approx(truth.area_mm2.sum(), rel=0.03)
    for barrier in BARRIERS[:-1]:
        assert found.area_mm2(barrier) == pytest.approx(truth.area_of(barrier), rel=0.10), barrier


@pytest.mark.parametrize(("name", "level"), [("straight", "T12"), ("turned-patient", "L1")])
def test_a_patch_lies_where_the_truth_has_it(name, level):
    """Not only as large: 90 % of its area is nearest to a true sample of the same barrier.

    A border may be off by about a voxel; the narrowest patch (interspinous, 4 mm) then loses a quarter at most, so the
    figure is asked of all the surface together and 70 % of each patch.
    """
    from scipy.spatial import cKDTree

    truth, found = truth_of(name, level), next(c for c in surfaces(name) if c.level == level)
    _, nearest = cKDTree(truth.points_mm).query(found.centroids_mm)
    right = truth.barrier[nearest] == np.array(BARRIERS)[found.patch]
    assert found.areas_mm2[right].sum() > 0.9 * found.areas_mm2.sum()
    for code, barrier in enumerate(BARRIERS[:-1]):
        mine = found.patch == code
        assert found.areas_mm2[mine & right].sum() > 0.7 * found.areas_mm2[mine].sum(), barrier


def test_bone_cut_by_the_image_ends_in_a_border_patch():
    """L1 of a patient whose scan ends through it: the cap is the count of its voxels in the last slice, 1 mm² each.

    Triangles at the cap's edge turn away from it, about one voxel along the outline: 15 %.
    """
    phantom, spine = patient("straight")
    level = spine.vertebra(Level.L1)
    middle = round(spine.region.lower[2] + 0.5 * (level.box.lower[2] + level.box.upper[2]))
    full = phantom.imaging
    grid = full.grid.crop(type(full.grid.box)((0, 0, middle), full.grid.shape))
    labels = LabelMap(full.labels[0].values[:, :, middle:], grid, full.labels[0].structures)
    cut = locate(Imaging(grid, (labels,), None, None, "ct", ()))
    found = {c.level: c for c in compartments(cut)}
    slab = np.count_nonzero(labels.values[:, :, 0] == labels.value_of("L1"))
    assert found["L1"].area_mm2(Barrier.IMAGE_BORDER) == pytest.approx(slab, rel=0.15)
    assert is_closed(found["L1"].faces)
    assert found["T12"].area_mm2(Barrier.IMAGE_BORDER) == 0.0


def test_a_cavity_in_the_bone_is_no_outside():
    """A hollow of 27 voxels in the middle of the body leaves the surface as it was."""
    from dataclasses import replace

    _, spine = patient("straight")
    number = spine.levels.index("T12") + 1
    vertebra = spine.vertebrae[number - 1]
    owner = spine.owner.copy()
    i, j, k = np.round(spine.grid.affine.to_index(vertebra.frame.origin_mm)).astype(int)
    owner[i - 1 : i + 2, j - 1 : j + 2, k - 1 : k + 2] = 0
    hollow = compartment_of(replace(spine, owner=owner), number, vertebra, vertebra.frame, vertebra.canal_centre_mm)
    before = next(c for c in surfaces("straight") if c.level == "T12")
    assert hollow.areas_mm2.sum() == pytest.approx(before.areas_mm2.sum(), rel=1e-6)  # float32 vertices


def test_bone_without_a_frame_has_no_compartment():
    _, spine = patient("lumbosacral")
    modelled = [v.level for v in spine.vertebrae if v.frame is not None]
    assert [c.level for c in surfaces("lumbosacral")] == modelled
