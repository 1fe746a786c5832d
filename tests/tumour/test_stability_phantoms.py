"""SINS items on twenty phantoms of known truth, and what must not matter to them. The figure itself is the bench's."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from enbloc.anatomy import locate
from enbloc.anatomy.morphometry import morphometry
from enbloc.case import StatedExtent
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, LabelMap, Volume
from enbloc.images.raw import closest_ras
from enbloc.phantom import Collapse, Phantom, PhantomSpec, TumourSpec, make_phantom, mirrored
from enbloc.phantom.posterolateral import posterolateral
from enbloc.tumour import StabilityItem, measure, stability

FORMS = ("wedge", "biconcave", "crush")
LEVELS = ("T4", "T8", "T11", "L1", "L3")
LADDER = [*(f"T{n}" for n in range(1, 13)), "L1", "L2", "L3", "L4", "L5"]
SIDED = ((1, "body", False), (2, "body-pedicle", False), (3, "through-pedicle", True), (1, "arch", False))
SPACINGS = ((1.0, 1.0, 1.0), (1.0, 1.0, 2.0), (1.5, 1.5, 1.5))
LOSSES = (0.0, 0.25, 0.38, 0.62)
"""Away from the borders at 15 and 50 % by more than the doubt of 2 mm voxels; the bench draws through them."""


@cache
def patient(number: int) -> Phantom:
    level = LEVELS[number % 5]
    place = LADDER.index(level)
    kind, variant, both = SIDED[number % 4]
    loss = LOSSES[number // 5]
    collapse = Collapse(level=level, loss=loss, form=FORMS[number % 3]) if loss else None
    tumour = TumourSpec(
        type=kind, variant=variant, level=level, side=("left", "right")[number % 2], both_sides=both,
        density=("lytic", "mixed", "blastic")[number % 3],
    )  # fmt: skip
    spec = PhantomSpec(
        levels=tuple(LADDER[place - 1 : place + 2]), tumour=tumour, collapse=collapse, spacing_mm=SPACINGS[number % 3],
        margin_mm=(14.0, 14.0, 6.0), seed=number, oblique_deg=(4.0, -6.0, 5.0),
    )  # fmt: skip
    return make_phantom(spec)


def with_image(phantom: Phantom) -> Imaging:
    return replace(phantom.imaging, image=phantom.ct)


def items(imaging: Imaging, level: str) -> dict[str, StabilityItem]:
    spine = locate(imaging)
    found = stability(spine, imaging, measure(spine, StatedExtent()), morphometry(spine))
    row = next(row for row in found.levels if row.level is Level(level))
    return {item.id: item for item in row.items}


def true_answers(phantom: Phantom) -> dict[str, str]:
    """By the implicit shapes; no tumour here fills half of a body (greatest share of the truth: 0.35)."""
    tumour, truth = phantom.spec.tumour, phantom.truth
    assert tumour is not None
    lost = 0.0 if truth.collapse is None else max(truth.collapse.lost[:2])
    sides = sum(bool(found) for found in posterolateral(truth, tumour.level).values())
    return {
        "bone-lesion": tumour.density,
        "body-collapse": "over-half" if lost > 0.5 else "under-half" if lost >= 0.15 else "none",
        "posterolateral": ("none", "unilateral", "bilateral")[sides],
    }


@pytest.mark.parametrize("number", range(20))
def test_the_truth_is_answered(number):
    """The answer equals the truth, and the truth is among what is left open."""
    phantom = patient(number)
    found = items(with_image(phantom), LEVELS[number % 5])
    for name, true in true_answers(phantom).items():
        assert found[name].answer == true
        assert true in found[name].possible


def test_the_lost_height_is_measured():
    """Three forms; half a voxel at either height of 20 mm, and what neighbours differ in the phantom: 0.06."""
    for number in (5, 6, 7, 16, 17, 18):
        phantom = patient(number)
        found = items(with_image(phantom), LEVELS[number % 5])["body-collapse"].measured["lost_share"]
        assert phantom.truth.collapse is not None
        true = max(phantom.truth.collapse.lost[:2])
        assert found.value == pytest.approx(true, abs=0.06)
        assert found.low <= true <= found.high


SWAP = {"left": "right", "right": "left"}


def test_the_mirrored_patient_has_the_other_side():
    plain = make_phantom(replace(patient(6).spec, oblique_deg=(0.0, 0.0, 0.0), noise_hu=0.0))
    other = make_phantom(mirrored(plain.spec))
    one, two = items(with_image(plain), "T8"), items(with_image(other), "T8")
    assert {name: item.answer for name, item in one.items()} == {name: item.answer for name, item in two.items()}
    assert {name: item.possible for name, item in one.items()} == {name: item.possible for name, item in two.items()}
    depths = {name: m.value for name, m in one["posterolateral"].measured.items()}
    swapped = {
        "_".join(SWAP.get(word, word) for word in name.split("_")): m.value
        for name, m in two["posterolateral"].measured.items()
    }
    assert depths.keys() == swapped.keys()
    for name, depth in depths.items():
        assert swapped[name] == pytest.approx(depth, abs=1.0)  # the grids of the two do not mirror each other: a voxel


def test_axis_order_changes_nothing():
    phantom = patient(6)
    plain = with_image(phantom)

    def turned(values: np.ndarray):
        """As a PIR file stores it, and is read again."""
        matrix = phantom.grid.affine.matrix.copy()
        matrix[:3, 3] += matrix[:3, 1] * (values.shape[1] - 1) + matrix[:3, 2] * (values.shape[2] - 1)
        matrix[:3, :3] = (matrix[:3, :3] * [1.0, -1.0, -1.0])[:, [1, 2, 0]]
        return closest_ras(np.ascontiguousarray(values[:, ::-1, ::-1].transpose(1, 2, 0)), matrix, "file")

    labels, grid = turned(phantom.labels.values)
    maps = (LabelMap(labels, grid, plain.labels[0].structures),)
    image = Volume(turned(phantom.ct.stored)[0], grid)
    other = replace(plain, grid=grid, labels=maps, tumour=turned(phantom.tumour)[0], image=image)
    one, two = items(plain, "T8"), items(other, "T8")
    for name, item in one.items():
        assert (two[name].answer, two[name].possible) == (item.answer, item.possible)
        for what, number in item.measured.items():  # sums in another order
            assert two[name].measured[what].value == pytest.approx(number.value, abs=1e-3)
