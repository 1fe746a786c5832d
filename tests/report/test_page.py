"""The report in a browser: what is drawn, which letters stand beside it, and what is left where a browser can less.

The patient is hand-made: a ball of tumour 14 mm to the left of T12's middle, vessels of known side. Skipped where no
browser is installed; .ci/run installs one.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from enbloc.report import write_report
from enbloc.scene import STYLES
from report.browser import KEYS, NO_GL, Browser, browser, missing
from scene.hand_made import PITCH_MM, a_plan

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing() or "-")]
READY = 'performance.getEntriesByName("enbloc-{}-ready").length === 1'
EDGES = ("left", "right", "top", "bottom")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(
        a_plan("left", spacing_mm=2.0), tmp_path_factory.mktemp("page") / "report.html", with_slices=True
    )


@pytest.fixture(scope="module")
def opened(report: Path) -> Iterator[Browser]:
    with browser() as window:
        window.page(report)
        window.wait(READY.format("scene"))
        window.wait(READY.format("slices"))
        yield window


@pytest.fixture
def page(opened: Browser) -> Browser:
    """The page with the scene seen from the front."""
    opened.click("[data-reset]")
    opened.settled()
    return opened


def difference(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two pictures of one element, whose sizes may differ by a pixel at its edge."""
    rows, columns = (min(a, b) for a, b in zip(one.shape[:2], other.shape[:2], strict=True))
    return np.abs(one[:rows, :columns] - other[:rows, :columns])


def letters(page: Browser, within: str = ".stage") -> str:
    return " ".join(page.text(f'{within} [data-edge="{edge}"]') for edge in EDGES)


def tumour_at(picture: np.ndarray, least: int = 200) -> tuple[float, float]:
    """Middle of the pixels of the tumour's hue, column and row, from 0 to 1 of the picture."""
    rows, columns = np.nonzero(of_tumour(picture))
    assert len(rows) > least
    return float(columns.mean()) / picture.shape[1], float(rows.mean()) / picture.shape[0]


def of_tumour(picture: np.ndarray) -> np.ndarray:
    """Vermilion in any light, also behind something see-through: clearly more red than green, and more than blue."""
    red, green, blue = (picture[..., i] for i in range(3))
    return (red > 1.35 * green) & (red > 1.5 * blue) & (red > 90)


def test_nothing_is_asked_for_and_nothing_complained_of(opened: Browser, report: Path) -> None:
    assert [url for url in opened.requested() if not url.startswith("data:image/png")] == [report.as_uri()]
    assert opened.console() == []
    assert not opened.shown("#scene-missing")
    assert not opened.shown("#slices-missing")


def test_the_first_picture_is_from_the_front_with_right_on_the_left(page: Browser) -> None:
    assert letters(page) == "R L S I"
    assert np.ptp(page.picture(".stage canvas").reshape(-1, 3), axis=0).min() > 100  # not blank
    assert tumour_at(page.picture(".stage"))[0] > 0.5  # a left-sided tumour


@pytest.mark.parametrize(
    ("key", "view", "wanted", "tumour_left"),
    [
        ("2", "posterior", "L R S I", True),
        ("3", "left-lateral", "A P S I", None),
        ("4", "right-lateral", "P A S I", None),
        ("5", "axial", "R L A P", False),
    ],
)
def test_views_by_key_and_by_button(page: Browser, key: str, view: str, wanted: str, tumour_left: bool | None) -> None:
    front = page.picture(".stage canvas")
    page.press(".stage", key)
    page.settled()
    by_key = page.picture(".stage")
    assert letters(page) == wanted
    if tumour_left is not None:
        assert (tumour_at(by_key)[0] < 0.5) is tumour_left
    page.press(".stage", "1")
    page.click(f'[data-view="{view}"]')
    page.settled()
    assert letters(page) == wanted
    assert page.script(f"return document.querySelector('[data-view={view}]').getAttribute('aria-pressed')") == "true"
    assert np.abs(page.picture(".stage canvas") - front).max() > 100


def test_dragging_to_the_right_shows_the_patients_right(page: Browser) -> None:
    """Seen from the front the patient's right is on the viewer's left: a hand that moves the front to the right brings
    that side forward. 125 px are a radian; 60 px (27 degrees) name a second side at the edges."""
    page.drag(".stage", 60, 0)
    page.settled()
    assert letters(page) == "RP LA S I"
    pressed = page.script("return document.querySelectorAll('[data-view][aria-pressed=true]').length")
    assert pressed == 0
    page.drag(".stage", 137, 0)  # 197 px in all: a right angle and a third of a degree
    page.settled()
    assert letters(page) == "P A S I"


def test_arrow_keys_turn_and_the_cube_turns_along(page: Browser) -> None:
    def faces() -> list[str]:
        return page.script(
            "const faces = [...document.querySelectorAll('.cube g')];"
            "return faces.filter(g => g.style.display !== 'none').map(g => g.textContent)"
        )

    assert faces() == ["A"]
    page.press(".stage", KEYS["right"] * 6 + KEYS["down"] * 6)  # 5 degrees each: 30 about either axis
    page.settled()
    assert sorted(faces()) == ["A", "R", "S"]
    assert letters(page)[0] == "R"


def test_letters_of_the_cube_are_never_mirrored(page: Browser) -> None:
    """A face's transform keeps its handedness; from the front and from below its letter stands upright."""
    transforms = """
        const faces = [...document.querySelectorAll('.cube g')].filter(g => g.style.display !== 'none');
        return faces.map(g => [g.textContent, ...g.getAttribute('transform').match(/-?[\\d.]+(e-?\\d+)?/g).map(Number)])
    """
    for key, letter in zip("12345", "APLRI", strict=True):
        page.press(".stage", key)
        page.settled()
        ((text, a, b, c, d, *_),) = page.script(transforms)
        assert text == letter
        assert a == pytest.approx(d) == pytest.approx(24.0, abs=0.01)  # half an edge; views are printed to 1e-6
        assert (b, c) == (pytest.approx(0.0, abs=0.01), pytest.approx(0.0, abs=0.01))
    page.press(".stage", "1" + KEYS["right"] * 6 + KEYS["down"] * 6)
    page.settled()
    assert all(a * d - b * c > 0 for _, a, b, c, d, *_ in page.script(transforms))


def test_the_scale_bar_is_true(page: Browser) -> None:
    """Names of levels stand at the mean heights of vertebrae that are `PITCH_MM` apart. T12's and its neighbours'
    bodies are equally built; pixels are whole in neither."""
    where = "const bar = document.querySelector('.bar-mm'); return [bar.getBoundingClientRect().width, bar.textContent]"
    heights = """
        const middle = (box) => box.top + box.height / 2;
        const names = [...document.querySelectorAll('.stage .names span')];
        return Object.fromEntries(names.map(s => [s.textContent, middle(s.getBoundingClientRect())]))
    """
    for press in ("1", "+"):
        page.press(".stage", press)
        page.settled()
        width, text = page.script(where)
        at = page.script(heights)
        pixels_per_mm = width / float(text.removesuffix(" mm"))
        assert (at["L1"] - at["T11"]) / pixels_per_mm == pytest.approx(2 * PITCH_MM, rel=0.02)


def test_the_axial_view_is_cut_open(page: Browser) -> None:
    """The cut face is plain: four fifths of the tumour's colour, which nothing that lies below may veil. Turning closes
    it again; a ball has a ring of that brightness too, a narrow one."""
    face = 0.8 * np.array(STYLES["tumour"].surface)

    def open_pixels() -> int:
        page.settled()
        return int((np.abs(page.picture(".stage") - face).max(axis=-1) < 3).sum())

    page.press(".stage", "5")
    cut = open_pixels()
    assert cut > 500
    page.press(".stage", KEYS["left"] + KEYS["right"])
    assert open_pixels() < 0.2 * cut


def test_a_box_hides_its_structure_and_shows_it_again(page: Browser) -> None:
    page.press(".stage", "5")  # the cut face of the tumour lies open
    page.settled()
    assert of_tumour(page.picture(".stage")).sum() > 500
    page.click('[data-kind="tumour"]')
    page.settled()
    assert of_tumour(page.picture(".stage")).sum() < 20
    page.click('[data-kind="tumour"]')
    page.settled()
    assert of_tumour(page.picture(".stage")).sum() > 500


def test_one_vertebra_can_be_hidden_alone(page: Browser) -> None:
    """Its name goes with it; the box of all vertebrae is neither on nor off."""
    page.click(".structures li:nth-child(2) summary")
    page.click('[data-mesh="vertebra-L1"]')
    page.settled()
    names = "return [...document.querySelectorAll('.stage .names span:not([hidden])')].map(s => s.textContent)"
    assert set(page.script(names)) == {"T10", "T11", "T12", "L2"}
    assert page.script("return document.querySelector('[data-kind=vertebra]').indeterminate")
    page.click('[data-mesh="vertebra-L1"]')
    page.settled()
    assert set(page.script(names)) == {"T10", "T11", "T12", "L1", "L2"}


def test_bone_can_be_made_solid(page: Browser) -> None:
    """From behind the arch then hides what lies before it."""
    page.press(".stage", "2")
    page.settled()
    through = page.picture(".stage canvas")
    page.press("[data-opacity]", "\ue010")  # End
    page.settled()
    assert np.abs(page.picture(".stage canvas") - through).mean() > 2.0
    page.press("[data-opacity]", KEYS["home"] + KEYS["right"] * 9)
    page.settled()
    assert np.abs(page.picture(".stage canvas") - through).mean() < 0.5


def test_the_pointer_names_what_lies_under_it(page: Browser) -> None:
    across, down = tumour_at(page.picture(".stage"))
    width, height = page.script("const s = document.querySelector('.stage'); return [s.offsetWidth, s.offsetHeight]")
    page.hover(".stage", round((across - 0.5) * width), round((down - 0.5) * height))
    named = page.text("[data-named]")
    assert "tumour" in named
    assert named.startswith("aorta ›")  # the vessel lies before it
    page.hover(".stage", -width // 2 + 20, 100)
    assert page.text("[data-named]") == "nothing"


def test_the_wheel_zooms_only_after_a_click(page: Browser) -> None:
    def length() -> str:
        page.settled()
        return page.script(
            "return document.querySelector('.bar-mm').style.width + document.querySelector('.bar-mm').textContent"
        )

    page.script("document.activeElement.blur()")
    before = length()
    page.wheel(".stage", -120)
    assert length() == before
    page.drag(".stage", 0, 0)
    page.wheel(".stage", -120)
    assert length() != before


def test_everything_is_reached_by_keys_and_has_a_name(page: Browser) -> None:
    """Every control takes the focus and says what it is; the focused one is outlined."""
    nameless = page.script("""
        const all = '#scene button, #scene input:not([hidden]), #slices input, .stage';
        const said = (e) => e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.[0]?.textContent.trim();
        return [...document.querySelectorAll(all)].filter(e => e.tabIndex < 0 || !said(e)).map(e => e.outerHTML)
    """)
    assert nameless == []
    page.press(".stage", KEYS["tab"])  # the keyboard was used last, so that focus is made visible
    outlines = page.script("""
        document.querySelector('.stage').focus();
        const style = getComputedStyle(document.querySelector('.stage'));
        return [style.outlineStyle, parseFloat(style.outlineWidth)]
    """)
    assert outlines == ["solid", 3]


def test_paper_shows_the_still_pictures_only(page: Browser) -> None:
    page.media("print")
    try:
        assert not page.shown("#turnable")
        assert not page.shown("#scrolling")
        assert page.shown(".surfaces img")
    finally:
        page.media("screen")


@pytest.fixture
def films(opened: Browser) -> Browser:
    """The slices as they are first shown."""
    opened.script("for (const b of document.querySelectorAll('#slices input[type=checkbox]')) b.checked = true")
    opened.click("[value=bone]")
    return opened


def test_slices_hang_as_radiologists_hang_them(films: Browser) -> None:
    assert letters(films, '[data-plane="axial"]') == "R L A P"
    assert letters(films, '[data-plane="sagittal"]') == "A P S I"
    assert letters(films, '[data-plane="coronal"]') == "R L S I"
    films.click("[data-structure=tumour]")
    axial = films.picture('[data-plane="axial"] canvas')
    # the canal's yellow line lies medial of a left-sided lesion: on the viewer's left of the middle
    yellow = np.abs(axial - np.array(STYLES["no-go"].line)).max(axis=-1) < 60
    assert np.nonzero(yellow)[1].mean() < 0.5 * axial.shape[1] - 10


def test_slices_scroll_by_key_wheel_and_click(films: Browser) -> None:
    def caption(plane: str) -> str:
        return films.text(f'[data-plane="{plane}"] [data-caption]')

    start = caption("axial")
    first = films.picture('[data-plane="axial"] canvas')
    films.press('[data-plane="axial"] input', KEYS["right"] * 10)
    assert (start, caption("axial")) == tuple(f"{mm:.1f} mm below the centre of the T12 body" for mm in (1, 21))
    assert difference(films.picture('[data-plane="axial"] canvas'), first).max() > 100
    films.wheel('[data-plane="axial"] canvas', -120)
    assert caption("axial") == "19.0 mm below the centre of the T12 body"
    films.click('[data-plane="coronal"] canvas')  # its middle: the lesion's height again
    assert caption("axial").startswith("1.0 mm")


def test_a_window_changes_the_grey_and_a_box_the_outlines(films: Browser) -> None:
    bone = films.picture('[data-plane="coronal"] canvas')
    films.click("[value=soft]")
    # Bone of 420 HU is at (420 + 450) / 1600 = 54 % of white in the bone window, and beyond white in the soft one.
    body = films.picture('[data-plane="coronal"] canvas')
    assert np.mean(body.min(axis=-1) == 255) > np.mean(bone.min(axis=-1) == 255) + 0.1
    assert of_tumour(body).sum() > 100
    films.click("[data-structure=tumour]")
    assert of_tumour(films.picture('[data-plane="coronal"] canvas')).sum() < 20


def test_without_webgl_the_page_says_so_and_the_rest_works(report: Path) -> None:
    with browser(*NO_GL) as window:
        window.page(report)
        window.wait(READY.format("slices"))
        assert window.shown("#scene-missing")
        assert "needs a browser with scripts and WebGL" in window.text("#scene-missing")
        assert not window.shown("#scene")
        assert window.shown(".surfaces img")
        assert window.shown("#slices")
