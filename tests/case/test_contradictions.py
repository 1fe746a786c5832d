"""Answers to different instruments that cannot both be meant."""

from __future__ import annotations

import pytest

from enbloc.case import Case, contradictions

BASE = {"schema": "enbloc.case/1", "id": "a"}


def found(**tables) -> set[str]:
    extent = {"levels": ["T8"], **tables.pop("extent", {})}
    return {caveat.id for caveat in contradictions(Case.model_validate({**BASE, "extent": extent, **tables}))}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"bone_metastases": "isolated", "vertebral_metastases": 2}, {"isolated-with-several-counted"}),
        (
            {"bone_metastases": "isolated", "vertebral_metastases": 1, "extraspinal_bone_metastases": 1},
            {"isolated-with-several-counted"},
        ),
        ({"bone_metastases": "isolated", "vertebral_metastases": 1, "extraspinal_bone_metastases": 0}, set()),
        (
            {"bone_metastases": "multiple", "vertebral_metastases": 1, "extraspinal_bone_metastases": 0},
            {"multiple-with-few-counted"},
        ),
        ({"bone_metastases": "multiple", "vertebral_metastases": 1}, set()),
        ({"visceral_metastases": "none", "major_organ_metastases": "removable"}, {"visceral-answers-disagree"}),
        ({"visceral_metastases": "none", "visceral_or_cerebral_spread": "nodular"}, {"visceral-answers-disagree"}),
        ({"visceral_metastases": "treatable", "major_organ_metastases": "removable"}, set()),
        ({"ambulatory": True, "frankel": "C"}, {"ambulatory-contradicts-frankel"}),
        ({"ambulatory": True, "frankel": "D"}, set()),
    ],
)
def test_answers_that_disagree(status, expected):
    """A rib lesion beside the spinal one makes it multiple; Frankel D is the first grade that walks."""
    assert found(status=status) == expected


def test_type_7_is_not_isolated():
    extent = {"tomita_type": 7}
    assert "isolated-with-skip-lesion" in found(extent=extent, status={"bone_metastases": "isolated"})
