"""A collapsed body has lost what was wished, where it was wished, in truth and in the label map; nothing else has."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.core.errors import InputError
from enbloc.phantom import Collapse, PhantomSpec, TumourSpec, ZoneCode, make_phantom
from enbloc.phantom.build import pose_of
from enbloc.phantom.column import build_column
from enbloc.phantom.posterolateral import posterolateral
from enbloc.phantom.truth import find_truth
from enbloc.phantom.tumour import grow

LEVELS = ("T11", "T12", "L1")
NAN = float("nan")
DENSE = {"lytic": (0.0, 0.0), "mixed": (0.25, 0.75), "blastic": (1.0, 1.0)}


def truth_of(collapse: Collapse | None = None, tumour: TumourSpec | None = None, **patient):
    """Truth without voxels."""
    spec = PhantomSpec(levels=LEVELS, tumour=tumour, collapse=collapse, **patient)
    column = build_column(spec)
    return find_truth(column, pose_of(spec), grow(spec, column), spec.collapse)


@pytest.mark.parametrize("loss", [0.0, 0.3, 0.7])
def test_crush_loses_the_same_share_everywhere(loss):
    """The endplate's formula is scaled as a whole; the rounding at the rim adds less than a hundredth."""
    lost = truth_of(Collapse(level="T12", loss=loss, form="crush")).collapse.lost
    assert lost == pytest.approx((loss, loss, loss), abs=0.01)


@pytest.mark.parametrize("loss", [0.3, 0.7])
def test_wedge_loses_its_front_and_keeps_its_rear(loss):
    """By hand: nothing at the wall (-1), the wish at +0.75 of the half depth, linear between. So the rear strip, whose
    middle is -0.75, loses about 0.25 / 1.75 of it, and less, as it was higher. Rim and hollow: 0.03.
    """
    front, middle, rear = truth_of(Collapse(level="T12", loss=loss, form="wedge")).collapse.lost
    assert front == pytest.approx(loss, abs=0.03)
    assert 0.0 <= rear <= loss * 0.25 / 1.75 + 0.01
    assert rear < middle < front


def test_biconcave_loses_its_middle_most():
    """The hollow fades to nothing at 0.85 of the radius; the middle strip averages over a third of it, hence 0.1."""
    front, middle, rear = truth_of(Collapse(level="T12", loss=0.6, form="biconcave")).collapse.lost
    assert middle == pytest.approx(0.6, abs=0.1)
    assert max(front, rear) < 0.5 * middle


def test_a_wedge_tilts_the_column_above_it_by_its_angle():
    """The level above leans forward against the level below by the angle that the wedge has gained: its anterior
    height is A = h - 2 t s (h rear, s from wall to strip, t the tangent of half the angle), so dt = loss A / (2 s).
    """
    spec = PhantomSpec(levels=LEVELS, tumour=None)
    size = build_column(spec).sizes[1]
    below = build_column(spec).sizes[2]
    s = 1.75 * 0.5 * (0.5 * size.depth + 0.25 * (size.depth + below.depth))
    natural = np.tan(np.radians(0.5 * size.wedge))
    gained = 2.0 * np.degrees(np.arctan(natural + 0.5 * 0.5 * (size.height - 2.0 * natural * s) / s)) - size.wedge

    def lean(truth):
        above, under = truth.frame("T11").superior, truth.frame("L1").superior
        return np.degrees(np.arctan2(above[1], above[2]) - np.arctan2(under[1], under[2]))

    bent = lean(truth_of(Collapse(level="T12", loss=0.5, form="wedge"))) - lean(truth_of())
    assert bent == pytest.approx(gained, abs=1e-6)


@pytest.mark.parametrize("form", ["wedge", "biconcave", "crush"])
def test_the_label_map_has_lost_the_same(form):
    """Heights counted in voxels on the midline: 1 mm voxels over a height of 22 mm, both ends, so 0.06."""
    whole = make_phantom(PhantomSpec(levels=LEVELS, tumour=None))
    patient = make_phantom(PhantomSpec(levels=LEVELS, tumour=None, collapse=Collapse(level="T12", loss=0.5, form=form)))
    place = {"wedge": 0.75, "biconcave": -0.1, "crush": 0.0}[form]

    def column_height(phantom):
        v, frame = phantom.truth.column.intact[1], phantom.truth.frame("T12")
        forward = place * 0.5 * (v["depth_up"] + v["depth_low"])
        steps = np.arange(-20.0, 20.0, 0.1)
        points = (
            np.array(frame.origin_mm) + forward * np.array(frame.anterior) + steps[:, None] * np.array(frame.superior)
        )
        i, j, k = np.rint(phantom.grid.affine.to_index(points)).astype(int).T
        inside = (phantom.voxels.owner[i, j, k] == 2) & (phantom.voxels.part[i, j, k] == ZoneCode.BODY)
        return 0.1 * np.count_nonzero(inside)

    assert 1.0 - column_height(patient) / column_height(whole) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("form", ["biconcave", "crush"])
def test_the_disc_fills_the_space_and_the_rest_stays(form):
    """The canal is blended from frame to frame between endplates, which have moved: a few voxels of the ring change."""
    whole = make_phantom(PhantomSpec(levels=LEVELS, tumour=None))
    patient = make_phantom(PhantomSpec(levels=LEVELS, tumour=None, collapse=Collapse(level="T12", loss=0.6, form=form)))
    was, now = whole.voxels, patient.voxels
    assert np.count_nonzero(now.part == ZoneCode.DISC) > np.count_nonzero(was.part == ZoneCode.DISC)
    arch = (was.part >= ZoneCode.LAMINA_LEFT) & (was.part <= ZoneCode.ARTICULAR_RIGHT)
    assert (now.part[arch] == was.part[arch]).mean() > 0.99
    other = (was.owner == 1) & (was.part == ZoneCode.BODY)
    assert (now.part[other] == ZoneCode.BODY).all()


def test_both_sides_of_a_tumour_hold_the_same_elements():
    tumour = TumourSpec(type=3, level="T12", side="left")
    one, two = truth_of(tumour=tumour), truth_of(tumour=TumourSpec(type=3, level="T12", side="left", both_sides=True))
    sides = posterolateral(one, "T12")
    assert set(sides["left"]) == {"pedicle", "facet", "rib-joint"}
    assert sides["right"] == {}
    both = posterolateral(two, "T12")
    assert set(both["left"]) == set(both["right"]) == {"pedicle", "facet", "rib-joint"}


def test_a_lumbar_vertebra_has_no_joint_with_a_rib():
    found = posterolateral(truth_of(tumour=TumourSpec(type=3, level="L1", side="right")), "L1")
    assert set(found["right"]) == {"pedicle", "facet"}


@pytest.mark.parametrize(("density", "dense"), DENSE.items())
def test_density_of_the_tumour_in_bone(density, dense):
    """Between 65 and 650 HU, half way is 357; noise of 12 HU does not reach it. Patches fill about one half."""
    patient = make_phantom(PhantomSpec(levels=LEVELS, tumour=TumourSpec(type=3, level="T12", density=density)))
    bone = patient.tumour & (patient.voxels.part > 0) & (patient.voxels.part <= 10)
    share = float(np.mean(patient.ct.stored[bone] > 357))
    assert dense[0] <= share <= dense[1]


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"level": "T12", "loss": 0.9}, "collapse.loss"),
        ({"level": "T12", "loss": -0.1}, "collapse.loss"),
        ({"level": "T12", "loss": NAN}, "collapse.loss"),
        ({"level": "T12", "loss": 0.5, "form": "burst"}, "collapse.form"),
        ({"level": "L4", "loss": 0.5}, "collapse.level"),
    ],
)
def test_refused(wish, field):
    with pytest.raises(InputError) as refused:
        PhantomSpec(levels=LEVELS, tumour=None, collapse=Collapse(**wish))
    assert refused.value.field == field


def test_an_unknown_density_is_refused():
    with pytest.raises(InputError) as refused:
        TumourSpec(density="soft")
    assert refused.value.field == "tumour.density"
