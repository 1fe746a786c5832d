"""The true surface: on the zero set, closed as the implicit shape is, and mirrored with the patient."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.anatomy import BARRIERS
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom, mirrored
from enbloc.phantom.patches import STEP_MM, TrueSurface, true_surface

SPEC = PhantomSpec(
    levels=("T11", "T12", "L1"),
    asymmetry=0.06,
    spacing_mm=(2.0, 2.0, 2.0),
    tumour=TumourSpec(type=5, level="T12", side="left"),
)
SWAPPED = {"lateral-periosteum-left": "lateral-periosteum-right"}


@pytest.fixture(scope="module")
def phantom():
    return make_phantom(SPEC)


@pytest.fixture(scope="module")
def surface(phantom) -> TrueSurface:
    return true_surface(phantom.truth, "T12")


def test_samples_lie_on_the_surface_and_look_outwards(phantom, surface):
    """Corners lie on the zero set, middles off it by the chord: h^2 / 8r, 0.02 mm for h 0.35 and r 1 mm."""
    assert np.percentile(np.abs(phantom.truth.bone("T12", surface.points_mm)), 99) < 0.02
    out = phantom.truth.bone("T12", surface.points_mm + 0.2 * surface.normals)
    assert (out > 0.0)[np.abs(out) > 0.05].mean() > 0.999
    assert STEP_MM <= 0.35


def test_the_samples_enclose_the_volume_of_the_bone(phantom, surface):
    """Divergence theorem: sum of p . n dA / 3 is the volume, counted here at random points of the box.

    2 x 10^5 points of which some 10 % hit: 0.7 % of counting noise, three of which are allowed.
    """
    volume = float(((surface.points_mm * surface.normals).sum(axis=1) * surface.area_mm2).sum() / 3.0)
    low, high = surface.points_mm.min(axis=0), surface.points_mm.max(axis=0)
    points = np.random.default_rng(3).uniform(low, high, (200_000, 3))
    counted = float((phantom.truth.bone("T12", points) < 0.0).mean() * np.prod(high - low))
    assert volume == pytest.approx(counted, rel=0.021)


def test_every_barrier_is_there_and_none_is_unknown(surface):
    assert set(map(str, surface.barrier)) == set(map(str, BARRIERS[:-1]))


def test_a_mirrored_patient_has_mirrored_barriers(surface):
    """Sampling starts elsewhere, so borders move by a part of a sample: 1 % of an area, or 2 mm² of a small one."""
    other = true_surface(make_phantom(mirrored(SPEC)).truth, "T12")
    swap = {**SWAPPED, **{right: left for left, right in SWAPPED.items()}}
    for barrier in map(str, BARRIERS[:-1]):
        twin = swap.get(barrier, barrier)
        assert other.area_of(twin) == pytest.approx(surface.area_of(barrier), rel=0.01, abs=2.0), barrier
        assert other.area_of(twin, other.breached) == pytest.approx(
            surface.area_of(barrier, surface.breached), rel=0.02, abs=3.0
        ), barrier


def test_without_a_tumour_nothing_is_touched():
    healthy = make_phantom(replace(SPEC, tumour=None))
    surface = true_surface(healthy.truth, "T12")
    assert not (surface.inside | surface.outside).any()
