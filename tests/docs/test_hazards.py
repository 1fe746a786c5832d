"""Guards that docs/hazards.md names and no room's own tests show: warnings that need a case and its images together."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from enbloc.anatomy import BONE_PARTS, locate
from enbloc.case import parse_case
from enbloc.planning import plan

CASE = 'schema = "enbloc.case/1"\nid = "a"\n[extent]\nlevels = ["{}"]\n'


HEALTHY = {"levels": ("T12", "L1", "L2", "L3"), "tumour": None}
"""A tall patient: an average one's bodies, 1.3 times too high under names nine levels off, would not be questioned."""


COARSE = {**HEALTHY, "spacing_mm": (2.0, 2.0, 2.0)}


def ids(phantom, level="L1", patient=HEALTHY, **changed):
    """Warning ids of a plan for the healthy patient, with parts of its imaging changed."""
    imaging = replace(phantom(**patient).imaging, **{"tumour": None, **changed})
    return {warning.id for warning in plan(parse_case(CASE.format(level)), imaging).warnings}


def test_a_sound_case_raises_none_of_them(phantom):
    assert ids(phantom).isdisjoint({"size-unlike-level", "stated-level-not-in-view", "tumour-is-the-bone"})


def test_lumbar_bodies_under_thoracic_names_are_questioned(phantom):
    """T12 to L3 under the names T1 to T4, whose mean bodies are a third lower."""
    imaging = phantom(**HEALTHY).imaging
    names = {"T12": "T1", "L1": "T2", "L2": "T3", "L3": "T4"}
    (labels,) = imaging.labels
    wrong = {value: names.get(name, name) for value, name in labels.structures.items()}
    assert "size-unlike-level" in ids(phantom, "T2", labels=(replace(labels, structures=wrong),))


def test_a_stated_level_that_is_not_labelled_is_said(phantom):
    assert "stated-level-not-in-view" in ids(phantom, "T5")


def test_the_label_map_given_as_tumour_is_said(phantom):
    imaging = phantom(**COARSE).imaging
    spine = locate(imaging)
    bone = np.zeros(imaging.grid.shape, dtype=bool)
    bone[spine.region.slices] = np.isin(spine.part, BONE_PARTS)
    assert "tumour-is-the-bone" in ids(phantom, patient=COARSE, tumour=bone)
