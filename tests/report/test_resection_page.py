"""A resection in a browser: cuts at first, the painted specimen when asked for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from enbloc.report import write_report
from enbloc.scene.margins import IN_TUMOUR, SCALE
from report.browser import Browser, browser, missing
from scene.hand_made_resection import a_resected_plan

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """Only cuts and pieces are left in the scene, seen from the patient's left."""
    path = write_report(a_resected_plan(), tmp_path_factory.mktemp("page") / "report.html")
    with browser() as window:
        window.page(path)
        window.wait('performance.getEntriesByName("enbloc-scene-ready").length === 1')
        for kind in ("tumour", "vertebra", "estimated", "disc", "no-go", "artery", "vein"):
            window.click(f'[data-kind="{kind}"]')
        window.click('[data-view="left-lateral"]')
        window.script("document.querySelector('.stage').scrollIntoView()")
        window.settled()
        yield window


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> int:
    """Pixels of the colour in some light: of its direction, and not dark."""
    bright = np.linalg.norm(picture, axis=-1)
    cosine = (picture @ np.array(colour)) / np.maximum(bright * np.linalg.norm(colour), 1.0)
    return int(((cosine > 0.995) & (bright > 60)).sum())


def violet(picture: np.ndarray) -> int:
    """Pixels of the cuts' hue, solid or see-through on white: more blue than red, more red than green."""
    red, green, blue = (picture[..., i] for i in range(3))
    return int(((blue - green > 40) & (red - green > 15) & (blue > red)).sum())


def test_cuts_are_seen_at_first_and_pieces_when_asked_for(page: Browser) -> None:
    cuts = page.picture(".stage canvas")
    assert violet(cuts) > 100
    assert near(cuts, IN_TUMOUR) == 0
    page.click('[data-kind="piece-anterior"]')
    page.settled()
    painted = page.picture(".stage canvas")
    assert near(painted, IN_TUMOUR) > 300  # the ball bulges out of the left side
    assert near(painted, SCALE[-1]) > 300  # far from it, in front
    page.click('[data-kind="cut"]')
    page.settled()
    assert violet(page.picture(".stage canvas")) < 20
    assert page.console() == []
