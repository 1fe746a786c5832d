"""The stability section: every answer with its range and source, and no total before people are asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from enbloc.core.evidence import Caveat, Measured, Skipped, Step
from enbloc.core.levels import Level
from enbloc.planning import Plan
from enbloc.planning.nouns import LevelStability, Stability, StabilityItem
from enbloc.report.html import render_report
from enbloc.report.stability import number
from scene.hand_made import a_plan_without_images

ITEMS = (
    StabilityItem(
        "body-collapse",
        "Vertebral body collapse",
        "under-half",
        ("over-half", "under-half"),
        2,
        3,
        {"lost_share": Measured(0.481, 0.44, 0.52)},
        (Step("sins/body-collapse: under-half", ("under-half",), "2 points", "fisher2010"),),
        (Caveat("one-sided-comparison", "only T11 could be compared with: less sure"),),
    ),
    StabilityItem(
        "pain", "Pain", None, ("mechanical", "occasional", "none"), 0, 3, {}, (), (Caveat("asked-of-the-user", "ask"),)
    ),
)
FOUND = Stability("sins", "2010", (LevelStability(Level.T12, ITEMS, 2, 6, ("pain", "alignment")),))


def plan_with(stability: Stability | Skipped) -> Plan:
    plan = a_plan_without_images()
    assert not isinstance(plan.tumour, Skipped)
    return replace(plan, tumour=replace(plan.tumour, stability=stability))


def test_answer_range_reason_and_what_is_still_asked() -> None:
    text = " ".join(render_report(plan_with(FOUND)).split())
    assert "Stability items (SINS 2010)</h2>" in text
    assert "This is no SINS total." in text
    assert "With pain and alignment not yet answered the sum can be 2 to 6" in text
    assert "possible too: over half" in text
    assert "lost 48 % (44 to 52)" in text
    assert "to be asked" in text
    assert "Only T11 could be compared with: less sure." in text
    assert "Fisher CG et al. 2010" in text


def test_a_skipped_stage_has_no_section_and_is_told_as_not_done() -> None:
    text = render_report(plan_with(Skipped("there is no tumour mask, says this test")))
    assert 'id="stability"' not in text
    assert "Stability items (SINS)" in text
    assert "there is no tumour mask, says this test" in text


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("anterior_lost_share", Measured(0.119, 0.08, 0.16), "anterior lost 12 % (8 to 16)"),
        ("reference_hu", Measured(180.4, 120.0, 240.0), "reference 180 HU (120 to 240)"),
        ("rib_joint_left_distance_mm", Measured(2.04, 1.0, 3.0), "rib joint left distance 2.0 mm (1.0 to 3.0)"),
    ],
)
def test_numbers_carry_their_unit(name: str, value: Measured, shown: str) -> None:
    assert number(name, value) == shown
