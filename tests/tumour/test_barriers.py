"""Barriers touched and breached: a ball of bone and balls of tumour, where every area is a formula."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import pi

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from enbloc.anatomy import BARRIERS, BONE_PARTS, Barrier, Compartment, Part, Spine, compartments, locate
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Affine
from enbloc.core.levels import Level
from enbloc.core.mesh import smooth_surface
from enbloc.core.volume import Grid
from enbloc.knowledge import barrier_tissues
from enbloc.phantom import PhantomSpec, make_phantom
from enbloc.tumour import BarrierFinding, LeakPath, State, Touch, barrier_findings, contacts
from enbloc.tumour.barriers import _findings, leak_paths

SIDE = 61
GRID = Grid((SIDE, SIDE, SIDE), Affine(np.diag([1.0, 1.0, 1.0, 1.0])))
CENTRE = np.full(3, 30.2)
BONE_MM = 15.0
WALL = Barrier.POSTERIOR_LIGAMENT


@dataclass(frozen=True)
class Patient:
    """As much of a spine as contact is read from."""

    grid: Grid
    tumour: np.ndarray


def ball(centre: np.ndarray, radius: float) -> np.ndarray:
    index = np.stack(np.meshgrid(*[np.arange(SIDE)] * 3, indexing="ij"), axis=-1)
    return np.asarray(np.linalg.norm(index - centre, axis=-1) < radius)


def bone() -> Compartment:
    points, faces = smooth_surface(ball(CENTRE, BONE_MM), GRID.affine, 1.0)
    patch = np.full(len(faces), BARRIERS.index(WALL), np.uint8)
    return Compartment(Level.T12, points.astype(np.float32), faces, patch, np.zeros(len(faces), bool))


def met(distance: float, radius: float) -> BarrierFinding:
    """A tumour ball with its centre so far from that of the bone, in a direction of no axis."""
    towards = np.array([1.0, 2.0, 2.0]) / 3.0
    tumour = ball(CENTRE + distance * towards, radius)
    (contact,) = contacts(Patient(GRID, tumour), (bone(),))
    (finding,) = _findings(contact, GRID)
    return finding


def cap_mm2(distance: float, radius: float) -> float:
    """Area of the bone's sphere inside the tumour's: 2 pi R^2 (1 - cos a), cos a = (R^2 + d^2 - r^2) / 2 R d."""
    cosine = (BONE_MM**2 + distance**2 - radius**2) / (2.0 * BONE_MM * distance)
    return 2.0 * pi * BONE_MM**2 * (1.0 - cosine)


@pytest.mark.parametrize(("distance", "radius"), [(15.0, 8.0), (10.0, 9.0), (18.0, 10.0)])
def test_a_ball_that_crosses_the_surface_breaches_a_cap(distance, radius):
    """Touched and breached are the same cap. Its rim is sharp to half a voxel either way: 12 % of caps this large."""
    found, area = met(distance, radius), cap_mm2(distance, radius)
    assert found.state is State.BREACHED
    for measured in (found.touched_mm2, found.breached_mm2):
        assert measured.low <= area <= measured.high
        assert measured.value == pytest.approx(area, rel=0.12)
    assert found.distance_mm.value == 0.0


def test_a_ball_that_stops_under_the_surface_is_free_and_says_how_far():
    """r 6 about a point 5 mm from the centre: 15 - 5 - 6 = 4 mm away. Two surfaces, half a voxel each."""
    found = met(5.0, 6.0)
    assert found.state is State.FREE
    assert found.distance_mm.value == pytest.approx(4.0, abs=0.5)
    assert found.distance_mm.low <= 4.0 <= found.distance_mm.high
    assert found.touched_mm2 == Measured(0.0, 0.0, 0.0)


def test_a_ball_that_comes_within_the_noise_is_possible():
    """0.4 mm short of the surface, under half a voxel."""
    found = met(5.0, 9.6)
    assert found.state is State.POSSIBLY_TOUCHED
    assert found.breached_mm2.low == 0.0


def test_tumour_that_fills_the_bone_to_its_surface_touches_all_of_it():
    """The same ball as the bone: all of 4 pi R^2 is touched and nothing certain lies beyond."""
    found = met(0.0, BONE_MM)
    assert found.touched_mm2.high == pytest.approx(4.0 * pi * BONE_MM**2, rel=0.03)
    assert found.breached_mm2.low == 0.0
    assert found.state in (State.TOUCHED, State.POSSIBLY_TOUCHED)


def test_a_film_beyond_the_surface_is_no_certain_breach():
    """Tumour 0.6 mm thick all round the bone it fills: half the noise floor of 1.25 voxels."""
    found = met(0.0, BONE_MM + 0.6)
    assert found.state is State.TOUCHED
    assert found.breached_mm2.low == 0.0
    assert found.breached_mm2.high == pytest.approx(4.0 * pi * BONE_MM**2, rel=0.03)


def test_tumour_around_the_bone_touches_from_outside():
    """A shell round the bone from its surface outwards: nothing inside, everything outside."""
    tumour = ball(CENTRE, 22.0) & ~ball(CENTRE, BONE_MM)
    (contact,) = contacts(Patient(GRID, tumour), (bone(),))
    (found,) = _findings(contact, GRID)
    assert found.outside_mm2.high == pytest.approx(4.0 * pi * BONE_MM**2, rel=0.03)
    assert max(found.breached_mm2.low, found.touched_mm2.low) == 0.0
    assert found.state in (State.TOUCHED_FROM_OUTSIDE, State.POSSIBLY_TOUCHED)


def test_every_triangle_has_one_state():
    tumour = ball(CENTRE + np.array([15.0, 0.0, 0.0]), 8.0)
    (contact,) = contacts(Patient(GRID, tumour), (bone(),))
    both = (contact.under_mm < 0.0) & (contact.beyond_mm < 0.0)
    np.testing.assert_array_equal(contact.state == Touch.BREACHED, both)
    assert set(np.unique(contact.state)) <= {int(touch) for touch in Touch}


def test_no_tumour_no_contact():
    assert contacts(Patient(GRID, np.zeros((SIDE, SIDE, SIDE), bool)), (bone(),)) == ()


def finding(barrier: Barrier, state: State, breached: float = 0.0, touched: float = 0.0, away: float = 9.0):
    tissue = barrier_tissues()[barrier]

    def known(value: float) -> Measured:
        return Measured(value, value, value)

    return BarrierFinding(
        barrier, tissue.strength, tissue.checked, 400.0, state, known(touched), known(breached), known(0.0),
        known(away), "labelled",
    )  # fmt: skip


def test_leak_paths_go_from_open_to_near():
    """Breached (largest first), then weak and ungraded ones reached, then weak ones near; strong ones that hold, no."""
    found = [
        finding(Barrier.ANTERIOR_LIGAMENT, State.TOUCHED, touched=50.0, away=0.0),
        finding(Barrier.POSTERIOR_LIGAMENT, State.BREACHED, breached=30.0, touched=40.0, away=0.0),
        finding(Barrier.CRANIAL_ENDPLATE, State.BREACHED, breached=80.0, touched=90.0, away=0.0),
        finding(Barrier.CAUDAL_ENDPLATE, State.FREE, away=1.0),
        finding(Barrier.LATERAL_LEFT, State.FREE, away=2.9),
        finding(Barrier.LATERAL_RIGHT, State.FREE, away=3.1),
        finding(Barrier.CANAL, State.TOUCHED, touched=12.0, away=0.0),
    ]
    paths = leak_paths(found, {one.barrier: one.distance_mm for one in found})
    assert [(path.barrier, path.stage) for path in paths] == [
        (Barrier.CRANIAL_ENDPLATE, "open"),
        (Barrier.POSTERIOR_LIGAMENT, "open"),
        (Barrier.CANAL, "reached"),
        (Barrier.LATERAL_LEFT, "near"),
    ]
    assert paths[1].leads_to == "spinal canal"
    assert [step.source for step in paths[1].because] == ["tomita2006", "enbloc-decision"]
    assert "30" in paths[1].because[0].facts[0]


@pytest.fixture(scope="module")
def healthy() -> Spine:
    imaging = make_phantom(PhantomSpec(levels=("T11", "T12", "L1"), spacing_mm=(1.0, 1.0, 1.0))).imaging
    return locate(replace(imaging, tumour=None))


def core(mask: np.ndarray, deeper_mm: float) -> np.ndarray:
    """What of a mask of 1 mm voxels lies farther than that from all else."""
    return np.asarray(distance_transform_edt(mask) > deeper_mm)


def near_paths(spine: Spine, tumour: np.ndarray) -> list[LeakPath]:
    """Of T12."""
    spine = replace(spine, tumour=tumour)
    rows = barrier_findings(spine, contacts(spine, compartments(spine)))
    return [path for row in rows if row.level == "T12" for path in row.leak_paths if path.stage == "near"]


def of_t12(spine: Spine, *parts: Part) -> np.ndarray:
    return (spine.owner == 1 + spine.levels.index(Level.T12)) & np.isin(spine.part, parts)


def test_tumour_of_the_canal_is_not_near_the_canal(healthy):
    """The canal's core is 2 mm off its walls, which are weak; tumour deep in the body, 5 mm off, does not change it."""
    canal, body = core(of_t12(healthy, Part.CANAL), 2.0), core(of_t12(healthy, *BONE_PARTS), 5.0)
    assert canal.any()
    assert body.any()
    assert near_paths(healthy, canal) == []
    assert near_paths(healthy, canal | body) == []


def test_tumour_in_the_bone_is_near_where_it_lies_near(healthy):
    """2 mm deep in 1 mm voxels: more than 2 mm from a centre outside, so 1.5 mm or a little more from the surface."""
    paths = near_paths(healthy, core(of_t12(healthy, *BONE_PARTS), 2.0))
    assert "near: spinal canal" in {path.value.partition(",")[0] for path in paths}
    for path in paths:
        away = float(path.because[0].facts[0].split()[4])
        assert 1.0 <= away <= 3.0
