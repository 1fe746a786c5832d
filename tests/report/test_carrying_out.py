"""Releases, the saw's errors and what stays, as the report says them; every number is in the hand-made resection."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from enbloc.core.evidence import Measured
from enbloc.report import carrying_out as words
from enbloc.report import render_report
from report.test_report import Page
from resection import hand_made_risk as risk
from scene.hand_made import a_plan
from scene.hand_made_resection import a_resected_plan, a_resection, intralesional


@pytest.fixture(scope="module")
def report() -> str:
    return render_report(a_resected_plan())


def test_the_page_says_what_is_released_how_sure_the_saw_is_and_what_stays(report: str) -> None:
    text = Page(report).text
    for said in (
        "1. Rib shaft The stump stays with the specimen. The label ends 3.0 mm short of the joint.",
        "T12 right x 40, y −30, z 0 mm",
        "stump of the rib stays with the anterior block",
        "by level only, not seen",
        "(not verified)",
        "No cut enters tumour in 62 % (61 to 63) of 10,000 trials.",
        "freehand (offset from a secondary source; angles and shared part not verified)",
        "every cut would need a margin of 9.5 mm",
        "99.0 % (98.5 to 99.3)",
        "shared by all cuts (such as registration) 25 %, of each cut by itself 70 %, outline of the tumour 5 %.",
        "Saw error comes from pelvis, sacrum and knee.",
    ):
        assert said in text, said


def test_without_a_cut_in_tumour_one_line_says_what_stays(report: str) -> None:
    after = Page(report).text.partition("Cells and tumour that stay")[2]
    assert after.strip().startswith("No cut enters tumour. No tumour stays by the plan. The piece with most tumour")


def test_a_cut_in_tumour_spreads_cells() -> None:
    """24 mm² at 100 cells for each."""
    text = Page(render_report(replace(a_plan(), resection=intralesional()))).text
    assert "24 mm² of section in tumour; cells on the T-saw: about 2,400." in text
    assert "A scale from mice, not a patient's risk." in text


def test_releases_are_grouped_in_the_order_of_the_operation() -> None:
    shuffled = replace(a_resection(), releases=tuple(reversed(risk.releases())))
    found = words.groups(shuffled)
    assert [[release.order for release in group.releases] for group in found] == [[1, 2], [3], [4]]
    assert [group.title.partition(":")[0] for group in found] == ["Approach", "Arch", "Block"]
    assert words.groups(replace(a_resection(), releases=())) == []


def test_the_checklist_holds_every_release_and_cut_once() -> None:
    """A release that carries the name of a cut between vertebrae stands for it; the ring is sawn before the arch."""
    cranial = risk.release(5, "block", "T12-cranial", "disc", "cut")
    found = dict(words.checklist(replace(a_resection(), releases=(*risk.releases(), cranial))))
    boxes = [box.text for stage in found.values() for box in stage]
    assert boxes == [
        "T12 right: the stump stays with the specimen",
        "T12 left: cut costovertebral joint",
        "T12-left: saw through the lamina",
        "T12-right: saw through the pedicle",
        "T12: cut yellow ligament",
        "T12 left: keep nerve root",
        "T12: cut disc",
        "T12-caudal: saw along the endplate",
    ]


def test_the_checklist_is_a_page_of_its_own(report: str) -> None:
    section = report[report.index('<section class="operation"') :].partition("</section>")[0]
    assert section.count("☐") == 8
    assert re.search(r"\.operation \{ break-before: page; break-after: page; \}", report)
    assert "Checklist of the operation" not in render_report(a_plan())


def test_shares_near_the_ends_keep_tenths() -> None:
    assert words.percent(Measured(0.62, 0.61, 0.63)) == "62 % (61 to 63)"
    assert words.percent(Measured(0.999, 0.998, 1.0)) == "99.9 % (99.8 to 100.0)"
    assert words.percent(Measured(0.001, 0.0, 0.002)) == "0.1 % (0.0 to 0.2)"
    assert words.percent(None) == "not known"
