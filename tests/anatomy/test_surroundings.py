"""The no-go body, finer labels beside the vertebrae, and how names are counted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anatomy.labelled import relabelled
from anatomy.patients import is_bone
from enbloc.anatomy import Part, locate
from enbloc.anatomy.numbering import number_evidence
from enbloc.core.levels import Level
from enbloc.core.volume import LabelMap

CORD, SAC = 1, 2
"""Codes of the phantom's own voxel map."""


@pytest.fixture(scope="module")
def sound(phantom):
    return phantom(levels=("T11", "T12", "L1"), tumour=None, spacing_mm=(1.5, 1.5, 1.5))


def vertebrae_only(sound):
    """The label map with nothing but vertebrae in it."""
    names = {v: n for v, n in sound.labels.structures.items() if n in ("T11", "T12", "L1")}
    values = np.where(np.isin(sound.labels.values, list(names)), sound.labels.values, 0).astype(np.uint8)
    return relabelled(sound, values, names)


def with_map(imaging, values, structures):
    return replace(imaging, labels=(*imaging.labels, LabelMap(values.astype(np.uint8), imaging.grid, structures)))


# The no-go body.


def test_a_labelled_sac_is_the_no_go_body(sound):
    """Labels give the cord apart from the sac around it; together they are the sac."""
    sac = np.isin(sound.voxels.other, (CORD, SAC))
    spine = locate(with_map(vertebrae_only(sound), sac, {1: "dural-sac"}))
    assert spine.no_go_basis == "dural sac, from its label"
    np.testing.assert_array_equal(spine.no_go, sac[spine.region.slices])


def test_a_labelled_cord_alone_never_stands_for_the_sac(sound):
    cord = sound.voxels.other == CORD
    spine = locate(with_map(vertebrae_only(sound), cord, {1: "cord"}))
    canal = spine.part == Part.CANAL
    assert "its dural sac is not" in spine.no_go_basis
    np.testing.assert_array_equal(spine.no_go, canal | cord[spine.region.slices])
    assert np.count_nonzero(canal) > 2 * np.count_nonzero(cord[spine.region.slices] & canal)


def test_without_either_the_whole_canal_is(sound):
    spine = locate(vertebrae_only(sound))
    assert spine.no_go_basis == "whole canal: cord position unknown"
    np.testing.assert_array_equal(spine.no_go, spine.part == Part.CANAL)


def test_other_structures_are_named(sound):
    imaging = with_map(vertebrae_only(sound), np.zeros(sound.grid.shape), {1: "cord", 2: "aorta"})
    assert locate(imaging).structures == ("aorta", "cord")


# Finer labels.

FINER = {
    1: "part-body",
    6: "part-spinous",
    7: "part-transverse-left",
    8: "part-transverse-right",
    9: "part-articular-superior-left",
    10: "part-articular-superior-right",
}


def test_finer_labels_decide_over_geometry(sound):
    """The truth's own parts as labels: then every voxel that they name is what they say."""
    named = np.where(np.isin(sound.voxels.part, list(FINER)), sound.voxels.part, 0)
    spine = locate(with_map(vertebrae_only(sound), named, FINER))
    there = named[spine.region.slices]
    bone = is_bone(spine.part) & (there > 0)
    assert np.count_nonzero(bone) > 0.95 * np.count_nonzero(there)
    np.testing.assert_array_equal(spine.part[bone], there[bone])
    plain = locate(vertebrae_only(sound))
    assert (plain.part[bone] != there[bone]).any(), "the labels must say something else than geometry for this to test"


def test_body_that_is_labelled_arch_becomes_the_pedicle_of_its_side(sound):
    plain = locate(vertebrae_only(sound))
    true = sound.truth.frame("T12")
    points = plain.grid.affine.to_world(np.indices(plain.grid.shape).reshape(3, -1).T)
    local = (points - np.array(true.origin_mm)) @ np.array([true.right, true.anterior, true.superior]).T
    right, anterior = (local[:, axis].reshape(plain.grid.shape) for axis in (0, 1))
    body = (plain.part == Part.BODY) & (plain.owner == 2)
    hind = body & (anterior < -5.0)
    arch = np.zeros(sound.grid.shape)
    arch[plain.region.slices] = hind
    spine = locate(with_map(vertebrae_only(sound), arch, {1: "part-arch"}))
    # The side changes at the middle line, 1.5 mm of which a voxel may straddle.
    assert (spine.part[hind & (right < -1.5)] == Part.PEDICLE_LEFT).all()
    assert (spine.part[hind & (right > 1.5)] == Part.PEDICLE_RIGHT).all()
    assert (spine.part[body & ~hind] == Part.BODY).all()


# Numbering.


def evidence(spine, level: str) -> str:
    return "; ".join(spine.vertebra(Level(level)).numbering.evidence)


def renamed(imaging, names):
    labels = imaging.labels[0]
    structures = {value: names.get(name, name) for value, name in labels.structures.items()}
    return replace(imaging, labels=(LabelMap(labels.values, labels.grid, structures),))


def test_neither_end_in_view(sound):
    spine = locate(vertebrae_only(sound))
    for level in spine.levels:
        assert "neither C2 nor the sacrum is in view" in evidence(spine, level)
        assert spine.vertebra(level).numbering.basis == "label-map"


def test_counts_up_from_the_sacrum(phantom):
    lower = phantom(levels=("L3", "L4", "L5", "S1"), tumour=None, spacing_mm=(1.5, 1.5, 1.5))
    whole = relabelled(lower, lower.labels.values)
    spine = locate(whole)
    for level in ("L3", "L4", "L5"):
        assert "without a gap" in evidence(spine, level)
        assert "counts up from" in evidence(spine, level)
    gap = np.where(lower.labels.values == lower.labels.value_of("L5"), 0, lower.labels.values).astype(np.uint8)
    assert "counts up from" not in evidence(locate(relabelled(lower, gap)), "L4")


def test_counts_down_from_c2(phantom):
    """Names are all that a count looks at, so a thoracic column renamed stands in for a neck."""
    bones = phantom(levels=("T4", "T5", "T6"), tumour=None, spacing_mm=(1.5, 1.5, 1.5))
    names = {"T4": "C7", "T5": "T1", "T6": "T2"}
    structures = {v: names[n] for v, n in bones.labels.structures.items() if n in names}
    values = np.where(np.isin(bones.labels.values, list(structures)), bones.labels.values, 0).astype(np.uint8)
    assert "counts down" not in evidence(locate(relabelled(bones, values, structures)), "T2")
    levels = [Level(f"C{n}") for n in range(2, 8)] + [Level.T1, Level.T2]
    for level in levels:
        assert "counts down from C2 without a gap" in "; ".join(
            number_evidence(level, levels, (), relabelled(bones, values, structures)).evidence
        )
    gap = [level for level in levels if level is not Level.C5]
    assert "counts down" not in "; ".join(
        number_evidence(Level.T1, gap, (), relabelled(bones, values, structures)).evidence
    )


def test_an_extra_vertebra_weakens_lumbar_names(sound):
    spine = locate(renamed(vertebrae_only(sound), {"T11": "T12", "T12": "T13"}))
    assert "T13 is labelled" in evidence(spine, "L1")
    assert "T13" not in "; ".join(caveat.text for caveat in spine.caveats)


def test_a_rib_of_the_same_number_is_evidence(sound):
    ribs = with_map(vertebrae_only(sound), np.zeros(sound.grid.shape), {1: "rib-left-12", 2: "rib-right-12"})
    spine = locate(ribs)
    assert "a rib of the same number is labelled (left and right)" in evidence(spine, "T12")
    assert "rib" not in evidence(spine, "T11")
    assert "rib" not in evidence(spine, "L1")


def test_names_from_an_anchor_say_so(sound):
    anchored = replace(vertebrae_only(sound), notes=(("numbering-from-anchor", "label 2 is T12"),))
    assert {v.numbering.basis for v in locate(anchored).vertebrae} == {"anchor"}
