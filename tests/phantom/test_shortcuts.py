"""What the kernels pass over changes nothing: shapes evaluated one by one as the slow twin, equal to the last bit."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.phantom import Collapse, PhantomSpec, TumourSpec
from enbloc.phantom import kernels as k
from enbloc.phantom.column import build_column
from enbloc.phantom.primitives import limb, smooth_min
from enbloc.phantom.tumour import grow

SPECS = [
    PhantomSpec(levels=("T11", "T12", "L1"), asymmetry=0.06, tumour=TumourSpec(type=5, level="T12", side="left")),
    PhantomSpec(
        levels=("T4", "T5", "T6"), scoliosis_deg=20.0, tumour=TumourSpec(type=3, level="T5", side="right"),
        collapse=Collapse(level="T5", loss=0.5, form="wedge"),
    ),
    PhantomSpec(levels=("L4", "L5", "S1"), kyphosis_deg=-15.0, tumour=TumourSpec(type=6, level="L5", side="left")),
]  # fmt: skip


def slow_flesh(v, limbs, x: float, y: float, z: float) -> tuple[float, float]:
    """The union of all shapes in their order, and the part of the nearest that belongs to the arch."""
    x = x + v["shear"] * max(0.0, v["wall_y"] - y)
    x = abs(x / (1.0 + v["lopsided"]) if x > 0.0 else x / (1.0 - v["lopsided"]))
    nearest, part = k.lamina(v, x, y, z), k._LAMINA
    distance = smooth_min.py_func(k.body(v, x, y, z), nearest, 3.0)
    for row in limbs[limbs[:, 12] > 0.0]:
        d = limb.py_func(x, y, z, row)
        distance = smooth_min.py_func(distance, d, 3.0)
        if d < nearest and row[12] != k._PEDICLE:
            nearest, part = d, row[12]
    return distance, part


def slow_raw(column, i: int, x: float, y: float, z: float) -> float:
    origin, axes, shapes, limbs = column
    if not 0 <= i < len(origin):
        return k.FAR
    v, (lx, ly, lz) = shapes[i], k.local.py_func(origin, axes, i, x, y, z)
    inside = abs(lx) <= v["reach_x"] and -v["reach_back"] <= ly <= v["reach_front"]
    inside = inside and -v["reach_down"] <= lz <= v["reach_up"]
    return slow_flesh(v, limbs[i], lx, ly, lz)[0] if inside else k.FAR


def slow_bone(column, i: int, x: float, y: float, z: float) -> float:
    whole = slow_raw(column, i, x, y, z)
    if whole >= k.FAR:
        return whole
    others = [slow_raw(column, j, x, y, z) for j in (i - 1, i + 1)]
    return max(whole, *(0.5 * (whole - other + 1.2) for other in others), -k.canal(*column[:3], x, y, z)[0])


@pytest.mark.parametrize("spec", SPECS, ids=["asymmetric", "collapsed", "sacral"])
def test_nothing_that_matters_is_passed_over(spec):
    """250 points about the middle vertebra."""
    column = build_column(spec).arrays
    origin, axes, shapes, limbs = column
    spread = np.random.default_rng(7).uniform(-1.0, 1.0, (250, 3)) * [38.0, 50.0, 32.0] - [0.0, 22.0, 0.0]
    for lx, ly, lz in spread.tolist():
        assert k.flesh(shapes[1], limbs[1], lx, ly, lz, True) == slow_flesh(shapes[1], limbs[1], lx, ly, lz)
    for x, y, z in (origin[1] + spread @ axes[1]).tolist():
        assert k.bone(origin, axes, shapes, limbs, 1, x, y, z) == slow_bone(column, 1, x, y, z)


@pytest.mark.parametrize("spec", SPECS, ids=["asymmetric", "collapsed", "sacral"])
def test_a_tumour_held_back_enough_has_the_same_inside(spec):
    """With `enough` 0 a point is inside exactly where the whole function is negative, and the value there is equal."""
    from enbloc.phantom.growth import tumour_at

    column = build_column(spec)
    (lesion,) = grow(spec, column)
    low, high = lesion.box_mm(column)
    points = np.random.default_rng(8).uniform(low, high, (2000, 3))
    whole = lesion.distance(column, points)
    held = np.array([tumour_at(lesion.blobs, lesion.bumps, lesion.rules, column.arrays, *p, 0.0) for p in points])
    np.testing.assert_array_equal(held < 0.0, whole < 0.0)
    np.testing.assert_array_equal(held[held < 0.0], whole[whole < 0.0])
    assert (held < 0.0).any()
