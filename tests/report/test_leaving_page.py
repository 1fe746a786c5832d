"""The player of the ways out, in a browser: still at first, pieces under way when asked, and what it says."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from enbloc.report import write_report
from enbloc.scene.margins import SCALE
from report.browser import KEYS, Browser, browser, missing
from scene.test_operation import ARC_MM, a_leaving_plan

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]
ARCH_S, BLOCK_S = 60.0 / 25.0, (ARC_MM + 80.0) / 25.0
"""25 mm of way are played in a second."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    path = write_report(a_leaving_plan(), tmp_path_factory.mktemp("page") / "report.html")
    with browser() as window:
        window.page(path)
        window.wait('performance.getEntriesByName("enbloc-scene-ready").length === 1')
        window.script("document.querySelector('#scene').scrollIntoView()")
        yield window


@pytest.fixture
def page(opened: Browser) -> Browser:
    """All pieces in place, and the whole order chosen."""
    opened.click("[data-motion][value=all]")
    opened.click("[data-rewind]")
    opened.click("[data-reset]")
    opened.settled()
    return opened


def slide(page: Browser, share: float) -> None:
    page.script(
        "const way = document.querySelector('[data-way]');"
        "way.value = Math.round(1000 * arguments[0]); way.dispatchEvent(new Event('input'))",
        share,
    )
    page.settled()


def place(page: Browser) -> float:
    return float(page.script("return document.querySelector('[data-way]').value")) / 1000.0


def checked(page: Browser, mesh: str) -> bool:
    return bool(page.script(f"return document.querySelector('[data-mesh=\"{mesh}\"]').checked"))


def block_at(page: Browser) -> tuple[float, float]:
    """Middle of the pixels with enough margin: the block's, column and row, from 0 to 1."""
    picture = page.picture(".stage canvas")
    bright = np.linalg.norm(picture, axis=-1)
    cosine = (picture @ np.array(SCALE[-1])) / np.maximum(bright * np.linalg.norm(SCALE[-1]), 1.0)
    rows, columns = np.nonzero((cosine > 0.995) & (bright > 60))
    assert len(rows) > 200
    return float(columns.mean()) / picture.shape[1], float(rows.mean()) / picture.shape[0]


def test_it_starts_at_the_start_and_stands_still(page: Browser) -> None:
    time.sleep(0.3)
    assert place(page) == 0.0
    assert page.text("[data-play]") == "Play"
    assert checked(page, "vertebra-T12")
    assert not checked(page, "piece-anterior-block")
    assert page.text("[data-told]").startswith("Posterior arch: lifted straight back. Least room beyond what gives way")


def test_the_block_turns_to_the_left_and_leaves_backward(page: Browser) -> None:
    """Seen from below: left is on the viewer's right, back is below. The block's own share ends with a right angle."""
    slide(page, ARCH_S / (ARCH_S + BLOCK_S))
    before = block_at(page)
    slide(page, (ARCH_S + ARC_MM / 25.0) / (ARCH_S + BLOCK_S))
    turned = block_at(page)
    assert page.text("[data-told]").startswith("Anterior block: turned around the dural sac to the patient's left")
    assert "T12 left: to be divided before" in page.text("[data-told]")
    assert turned[0] > before[0] + 0.02
    assert turned[1] > before[1] + 0.02
    slide(page, (ARCH_S + (ARC_MM + 30.0) / 25.0) / (ARCH_S + BLOCK_S))
    assert block_at(page)[1] > turned[1] + 0.05


def test_the_scene_is_taken_apart_and_put_together_again(page: Browser) -> None:
    slide(page, 0.1)
    assert not checked(page, "vertebra-T12")
    assert checked(page, "piece-anterior-block")
    assert checked(page, "T12-left-root")
    assert page.script("return document.querySelector('[data-view=axial]').getAttribute('aria-pressed')") == "true"
    page.click("[data-rewind]")
    assert checked(page, "vertebra-T12")
    assert not checked(page, "piece-anterior-block")


def test_one_piece_alone(page: Browser) -> None:
    page.click('[data-motion][value="1"]')
    page.settled()
    assert place(page) == 0.0
    assert page.text("[data-told]").startswith("Anterior block:")
    start = block_at(page)
    slide(page, 1.0)
    assert page.script("return document.querySelector('[data-way]').getAttribute('aria-valuetext')") == (
        "Anterior block, 100 %"
    )
    assert start[1] < 0.6


def test_space_plays_and_pauses(page: Browser) -> None:
    page.press(".stage", " ")
    page.wait("document.querySelector('[data-way]').value > 20")
    assert page.text("[data-play]") == "Pause"
    page.press(".stage", " ")
    stood = place(page)
    time.sleep(0.3)
    assert place(page) == stood
    assert page.text("[data-play]") == "Play"
    page.press("[data-way]", KEYS["right"])  # the slider's own key: a step, and the scene is not turned
    assert place(page) == pytest.approx(stood + 0.001)
    assert page.text('.stage [data-edge="left"]') == "R"


def test_where_less_motion_is_asked_for_nothing_moves_by_itself(page: Browser) -> None:
    page.media("screen", {"prefers-reduced-motion": "reduce"})
    try:
        page.settled()
        assert page.text("[data-play]") == "Next step"
        stops = []
        for _ in range(5):
            page.click("[data-play]")
            time.sleep(0.1)
            stops.append(place(page))
        whole = ARCH_S + BLOCK_S
        expected = [ARCH_S / whole, (ARCH_S + ARC_MM / 25.0) / whole, 1.0, 0.0, ARCH_S / whole]
        assert stops == pytest.approx(expected, abs=0.001)  # the slider has a thousand steps
    finally:
        page.media("screen", {"prefers-reduced-motion": "no-preference"})


def test_every_control_has_a_name(page: Browser) -> None:
    nameless = page.script("""
        const said = (e) => e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim();
        const all = [...document.querySelectorAll('.player button, .player input')];
        return all.filter(e => e.tabIndex < 0 || !said(e)).length
    """)
    assert nameless == 0
    assert page.console() == []


def test_paper_and_pages_without_a_way_have_no_player(page: Browser) -> None:
    page.media("print")
    try:
        assert not page.shown(".player")
        assert page.shown(".shots img")
    finally:
        page.media("screen")
