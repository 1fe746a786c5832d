"""Stability in a plan: run where there is a mask, skipped with the true reason elsewhere, and asked why."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from enbloc.case import parse_case
from enbloc.core.evidence import Skipped
from enbloc.phantom import Collapse, PhantomSpec, TumourSpec, make_phantom
from enbloc.planning import plan, why
from enbloc.planning.nouns import Stability
from planning.stand_ins import NO_WAY_OUT

STATED = 'schema = "enbloc.case/1"\nid = "a"\n[extent]\nlevels = ["T12"]\nzones = ["body"]\n'


@cache
def patient():
    return make_phantom(
        PhantomSpec(
            levels=("T11", "T12", "L1"),
            tumour=TumourSpec(type=1, level="T12"),
            collapse=Collapse(level="T12", loss=0.35, form="crush"),
            margin_mm=(14.0, 14.0, 6.0),
        )
    )


def test_why_tells_reading_and_points_apart() -> None:
    """35 % lost scores 2; the reading is this project's and unverified, the points are published."""
    made = plan(parse_case(STATED), patient().imaging, NO_WAY_OUT)
    assert isinstance(made.tumour.stability, Stability)
    told = why(made, "tumour.stability")
    assert "(body-collapse): under-half" in told
    assert "rule sins-reading/body-collapse; The enbloc developers 2026, enbloc [unverified]" in told
    assert "2 points" in told
    assert "rule sins/body-collapse: under-half; Fisher CG et al. 2010" in told
    assert "asked of the user" in told


def test_skipped_with_the_true_reason() -> None:
    stated = plan(parse_case(STATED))
    assert stated.tumour.stability == Skipped("no images were given")
    unmasked = plan(parse_case(STATED), replace(patient().imaging, tumour=None))
    assert unmasked.tumour.stability == Skipped("there is no tumour mask")
