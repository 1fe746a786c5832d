"""The resection in the report: words, the sides of its pictures, places that follow from the geometry by hand."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from enbloc.core.evidence import Measured, Skipped
from enbloc.core.levels import Level
from enbloc.planning.nouns import ClassRange, Gate, Loss, MarginClass, MarginShare, RingPoint
from enbloc.report import render_report, slice_pictures, surface_pictures
from enbloc.report import resection as words
from enbloc.report.curves import HUB, MIDDLE, PLOT, RIM, histogram, place, rings
from enbloc.report.pictures import Picture
from enbloc.report.resection import gate
from enbloc.report.saw_lines import crossings
from enbloc.report.specimen import _painted, margin_key, sawn_vertices, specimen_pictures
from enbloc.report.stages import not_done
from enbloc.scene import STYLES, Scene, build_scene
from enbloc.scene.margins import IN_TUMOUR, SCALE
from enbloc.scene.planes import lesion_planes
from enbloc.scene.raster import Survey
from report.test_report import Page
from scene.hand_made import a_plan
from scene.hand_made_resection import (
    CANAL_Y_MM,
    ENOUGH_MM,
    HIGH_MM,
    INNER_MM,
    LEFT_DEG,
    LOW_MM,
    OUTER_MM,
    RIGHT_DEG,
    a_resected_plan,
    a_resection,
    intralesional,
    radial,
)


@pytest.fixture(scope="module")
def report() -> str:
    return render_report(a_resected_plan())


@pytest.fixture(scope="module")
def scene() -> Scene:
    return build_scene(a_resected_plan())


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def red_share(picture: Picture) -> np.ndarray:
    """Columns (0 to 1) of pixels in the hue of bare tumour."""
    image = pixels(picture)
    red = (image[..., 0] > 2.5 * image[..., 1]) & (image[..., 0] > 2.5 * image[..., 2]) & (image[..., 0] > 50)
    return np.nonzero(red)[1] / picture.width


# --- words

WHICH = (
    "4 cuts: T12-left through the lamina; T12-right through the pedicle; "
    "T12-cranial through the disc; T12-caudal along the endplate."
)


def test_the_headline_in_plain_words() -> None:
    """The caudal cut lies 2 mm below the ball, less half a kerf of 0.5 mm: 1.75 mm."""
    said = [sentence.text for sentence in words.headline(a_resection())]
    assert said == [
        WHICH,
        "Smallest margin of a cut: 1.8 mm (0.8 to 2.6), at T12-caudal.",
        "Worst face, sawn or dissected: marginal (intralesional possible too); so T12 towards the dura.",
        "No cut enters tumour.",
    ]
    assert all(sentence.because or sentence.remarks for sentence in words.headline(a_resection()))


def test_a_cut_in_tumour_is_named_with_its_area() -> None:
    said = [sentence.text for sentence in words.headline(intralesional())]
    assert said[1] == "Smallest margin of a cut: −2.0 mm (−2.9 to −1.1), at T12-left."
    assert said[3] == "1 cut enters tumour: T12-left; 24 mm² of section in tumour."
    assert "T12, ring, right side: no cut; nothing joins front and back there" in " ".join(
        words.headline(intralesional())[0].remarks
    )


def test_a_margin_whose_range_reaches_tumour_is_in_doubt() -> None:
    found = a_resection()
    doubtful = replace(found.cuts[3], margin_mm=Measured(0.4, -0.5, 1.3))
    said = words.headline(replace(found, cuts=(*found.cuts[:3], doubtful)))[3].text
    assert said == "No cut enters tumour. Within the resolution of the data it cannot be excluded for T12-caudal."


def test_without_cuts() -> None:
    none = replace(a_resection(), cuts=(), margin_mm=None, ring_profile=(), drawing=None)
    said = [sentence.text for sentence in words.headline(none)]
    assert said[:2] == ["No cut is proposed.", "No margin of a cut is known."]
    assert "No cut is proposed." in Page(render_report(replace(a_plan(), resection=none))).text


def test_numbers_in_words() -> None:
    assert words.measured(Measured(3.14, 2.0, 4.0)) == "3.1 (2.0 to 4.0)"
    assert words.measured(Measured(3.0, 3.0, 3.0)) == "3.0"
    assert words.measured(Measured(-0.01, -0.01, -0.01)) == "0.0"
    assert words.measured(None) == "–"
    assert words.measured(Measured(-1.2, -2.0, 0.5)) == "−1.2 (−2.0 to 0.5)"
    assert [words.step("azimuth_step_deg", 5.0), words.step("offset_step_mm", 0.5), words.step("cells", 7.0)] == [
        "azimuth step 5°", "offset step 0.5 mm", "cells 7",
    ]  # fmt: skip


def test_classes_and_losses_in_words() -> None:
    both = (MarginClass.WIDE, MarginClass.MARGINAL)
    assert words.margin_class(ClassRange(MarginClass.WIDE, (MarginClass.WIDE,), ())) == "wide"
    assert words.margin_class(ClassRange(None, both, ())) == "not known, wide or marginal"
    assert words.also(ClassRange(None, both, ())) == "possible: wide, marginal"
    cut = replace(a_resection().cuts[0], loss=Loss(1500.0, Level.T12, ("rib-left-12",)))
    assert words.loss(cut) == ["segmental artery of T12 runs here", "rib left 12", "1.5 mL of the neighbour's bone"]


def test_the_certificate_in_words() -> None:
    bounded = words.certificate(a_resection().certificate)
    assert "48,230 planes (azimuth step 5°, offset step 0.5 mm)" in bounded
    assert "does better than 4.6 mm: at most 0.4 mm are missed." in bounded
    assert words.certificate(intralesional().certificate).endswith("is not bounded: no path was found.")


def test_dura_and_adjacent_levels_come_first() -> None:
    shown = [words.face(face) for face in words.faces(a_resection())]
    assert shown == ["towards the dura", "towards the level above", "in front", "left side"]


# --- the page


def test_the_section_says_it_all(report: str) -> None:
    text = Page(report).text
    for said in (
        "Research use only: a proposal to be judged",
        "1. T12-left",
        "through the lamina",
        "4.2 (3.3 to 5.1)",
        "31.0 (30.1 to 31.9) aorta",
        "segmental artery of T12 runs here",
        "No-go body: canal.",
        "posterior longitudinal ligament",
        "0.2 (−0.7 to 1.1)",
        "The ligament is not seen on CT.",
        "anterior block",
        "13.5 mm wide",
        "Left pedicle instead of lamina: margin −1.3 mm, section −22 mm².",
        "Not feasible. Its opening is too narrow for the contents of the canal.",
        "The dural sac is not labelled: the whole canal is kept clear.",
    ):
        assert said in text, said


def test_reasons_are_folded_under_what_they_give(report: str) -> None:
    section = report[report.index('<section class="resection"') :]
    section = section[: section.index("</section>")]
    assert section.count("<details") == section.count("<summary>Why</summary>") > 8
    assert "<details open" not in section


def test_a_side_without_a_cut_is_named_and_tumour_in_a_section_measured() -> None:
    text = Page(render_report(replace(a_plan(), resection=intralesional()))).text
    assert "Sides without a cut T12, ring, right side: no cut; nothing joins front and back there" in text
    assert "24 mm² 2.0 mm deep" in text
    assert "coloured by its margin" not in text


def test_a_skipped_resection_shows_its_reason() -> None:
    plan = replace(a_plan(), resection=Skipped("type 7 is not resected en bloc"))
    text = Page(render_report(plan)).text
    assert "No resection is planned here: type 7 is not resected en bloc." in text
    assert not build_scene(plan).of_kind("cut", "piece-anterior")


def test_parts_that_were_skipped_are_listed() -> None:
    titles = {title for group in not_done(a_resected_plan()) for title in group.titles}
    assert "Resection: the way out around the cord" in titles
    assert "Resection: cuts and margins" not in titles


def test_the_report_stays_small_and_repeats(report: str) -> None:
    """Contract: at most 10 MB."""
    assert len(report.encode()) <= 10_000_000
    assert report == render_report(a_resected_plan())
    assert Page(report).open == []


def test_hostile_words_stay_text() -> None:
    hostile = "</svg></style><script>alert(1)</script>{{ 7*7 }}"
    found = a_resection()
    alternative = replace(found.alternatives[0], says=hostile, because=hostile)
    cut = replace(found.cuts[0], name=hostile)
    text = render_report(replace(a_plan(), resection=replace(found, cuts=(cut,), alternatives=(alternative,))))
    assert Page(text).open == []
    assert len(re.findall(r"<script\b", text)) == 2  # the scene's data and our own script
    assert text.count("</style>") == 1


def test_boxes_of_cuts_are_ticked_and_of_pieces_not(report: str) -> None:
    boxes = re.findall(r'<input type="checkbox" data-kind="([a-z-]+)" autocomplete="off"( checked)?>', report)
    ticked = {kind: bool(checked) for kind, checked in boxes}
    assert ticked["cut"]
    assert ticked["vertebra"]
    assert not ticked["piece-anterior"]
    assert not ticked["piece-posterior"]


# --- pictures


def test_the_ring_is_seen_as_an_axial_image() -> None:
    """Right of the patient (90 degrees) on the viewer's left, front above; rows run downwards."""
    np.testing.assert_allclose(place(100.0, 90.0), (MIDDLE[0] - 100.0, MIDDLE[1]), atol=1e-9)
    np.testing.assert_allclose(place(100.0, 0.0), (MIDDLE[0], MIDDLE[1] - 100.0), atol=1e-9)
    (ring,) = rings(a_resection())
    right, left = (next(mark for mark in ring.chosen if mark.name == f"T12-{side}") for side in ("right", "left"))
    assert right.x < MIDDLE[0] < left.x
    assert (right.anchor, left.anchor) == ("end", "start")
    assert right.y < MIDDLE[1]  # 40 degrees from the front


def test_bars_are_as_long_as_margins() -> None:
    """Scale from -2 to 10 mm (twice enough): 0 lies at a sixth of the way from hub to rim, 5 mm at seven twelfths."""
    points = tuple(
        RingPoint(Level.T12, Gate.RIGHT, angle, margin)
        for angle, margin in ((85.0, -2.0), (90.0, 5.0), (95.0, 30.0), (100.0, 4.9), (105.0, None))
    )
    (ring,) = rings(replace(a_resection(), ring_profile=points))
    assert [bar.shows for bar in ring.bars] == ["tumour", "enough", "enough", "short"]
    assert ring.capped == 2.0 * ENOUGH_MM
    reach = []
    for bar in ring.bars:
        corners = [tuple(map(float, xy.split())) for xy in re.findall(r"-?[\d.]+ -?[\d.]+", bar.path)]
        reach.append([np.hypot(x - MIDDLE[0], y - MIDDLE[1]) for x, y in corners])
    zero, enough = HUB + (RIM - HUB) / 6.0, HUB + (RIM - HUB) * 7.0 / 12.0
    # Corners are printed with one decimal.
    np.testing.assert_allclose([max(reach[0]), min(reach[0])], [zero, HUB], atol=0.1)
    np.testing.assert_allclose([max(reach[1]), min(reach[1])], [enough, zero], atol=0.1)
    np.testing.assert_allclose(max(reach[2]), RIM, atol=0.1)
    dashed = [circle for circle in ring.circles if circle.shows == "enough"]
    assert [circle.radius for circle in dashed] == pytest.approx([enough], abs=0.05)


def test_angles_that_no_cut_reaches_stay_blank() -> None:
    (ring,) = rings(a_resection())
    reached = [point for point in a_resection().ring_profile if point.margin_mm is not None]
    assert len(ring.bars) == len(reached) < len(a_resection().ring_profile)


def test_a_level_without_a_profile_has_no_ring() -> None:
    assert rings(replace(a_resection(), ring_profile=())) == ()


def test_the_histogram_by_hand() -> None:
    """From 0 to 10 mm over the whole width; a quarter, a half and all of the height."""
    shares = (MarginShare(0.0, 0.0, 0.25), MarginShare(5.0, 0.0, 0.5), MarginShare(10.0, 0.0, 1.0))
    drawn = histogram(replace(a_resection(), margin_histogram=shares))
    assert drawn is not None
    left, top, right, bottom = PLOT
    quarter, half = bottom - (bottom - top) / 4.0, (top + bottom) / 2.0
    assert drawn.line == f"M{left:.1f} {quarter:.1f}L{(left + right) / 2:.1f} {half:.1f}L{right:.1f} {top:.1f}"
    assert drawn.enough_x == pytest.approx((left + right) / 2.0, abs=0.05)
    assert drawn.zero_x is None
    assert histogram(replace(a_resection(), margin_histogram=shares[:1])) is None


def test_bare_tumour_is_seen_on_its_own_side(scene: Scene) -> None:
    """The ball bulges out of the body's left and back."""
    by_name = {picture.name: picture for picture in specimen_pictures(a_resection(), scene)}
    assert set(by_name) == {f"specimen-{side}" for side in ("anterior", "posterior", "left-lateral", "right-lateral")}
    front, behind = red_share(by_name["specimen-anterior"]), red_share(by_name["specimen-posterior"])
    assert front.mean() > 0.6  # the patient's left is on the viewer's right
    assert behind.mean() < 0.4
    assert len(red_share(by_name["specimen-left-lateral"])) > 20 * len(red_share(by_name["specimen-right-lateral"]))


def test_what_counts_as_sawn() -> None:
    """Points on the left cut's section, a millimetre and a half off its plane, and beyond its border."""
    cut = a_resection().cuts[0]
    along = radial(LEFT_DEG)
    on = np.array([0.0, CANAL_Y_MM, 0.0]) + 0.5 * (INNER_MM + OUTER_MM) * along + [0.0, 0.0, 0.5 * (LOW_MM + HIGH_MM)]
    steps = ([0.0, 0.0, 0.0], 1.5 * np.array(cut.normal), 5.0 * along, [0.0, 0.0, 9.5])
    points = np.array([on + np.array(step) for step in steps])
    assert sawn_vertices(points, (cut,)).tolist() == [True, False, False, False]


def test_sawn_faces_are_hatched(scene: Scene) -> None:
    """Without cuts the same view lacks nothing but the hatching and its border."""
    found = a_resection()
    plain = specimen_pictures(replace(found, cuts=()), scene)[1]
    hatched = specimen_pictures(found, scene)[1]
    assert (pixels(hatched) != pixels(plain)).any(axis=-1).mean() > 0.01


def test_a_specimen_is_painted_pixel_by_pixel() -> None:
    """Twelve fine pixels make three: paper and bare tumour in equal parts; an outline; lines across a sawn face."""
    covered = np.array([[False, True, True, True, True, True], [False, True, True, True, True, True]])
    outline = np.zeros((2, 6), bool)
    outline[:, 2:4] = True
    margin = np.where(np.arange(6) < 2, -1.0, 2.0 * ENOUGH_MM).astype(np.float32) * np.ones((2, 1), np.float32)
    sawn = np.zeros((2, 6), np.float32)
    sawn[:, 4:] = 1.0
    light = np.full((2, 6), 0.5, np.float32)
    seen = Survey(light, light, covered, outline, (margin, sawn))
    enough = np.array(SCALE[-1], dtype=float)
    paper_and_tumour = (255.0 + 0.5 * np.array(IN_TUMOUR)) / 2.0
    # The face lies at the picture's edge, so that all of it is border; of its diagonals 4 to 6 none is a line.
    wanted = [paper_and_tumour, 0.4 * enough, 0.4 * enough]
    np.testing.assert_allclose(_painted(seen, ENOUGH_MM, 0.4)[0], wanted, atol=0.51)  # whole steps of colour


def test_lines_run_across_a_sawn_face() -> None:
    """Within the border two of fourteen diagonals are three quarters of the way to white."""
    fine = 40
    shape, ones = (fine, fine), np.ones((fine, fine), np.float32)
    inside = np.zeros(shape, np.float32)
    inside[4:-4, 4:-4] = 1.0
    seen = Survey(ones, ones, ones > 0.0, np.zeros(shape, bool), (np.full(shape, 40.0, np.float32), inside))
    whole = np.empty((fine, fine, 3))
    for y, x in np.ndindex(fine, fine):
        colour = np.array(SCALE[-1], dtype=float)
        if inside[y, x] and (y + x) % 14 < 2:
            colour = 255.0 - 0.25 * (255.0 - colour)
        border = inside[y, x] and not (inside[y - 1 : y + 2, x].all() and inside[y, x - 1 : x + 2].all())
        whole[y, x] = 0.4 * colour if border else colour
    wanted = whole.reshape(fine // 2, 2, fine // 2, 2, 3).mean(axis=(1, 3))
    np.testing.assert_allclose(_painted(seen, ENOUGH_MM, 0.4), wanted, atol=0.51)  # whole steps of colour


def test_the_colour_bar_ends_at_enough() -> None:
    key = margin_key(ENOUGH_MM)
    assert key.ticks[0] == (0.0, "0")
    assert key.ticks[-1] == (1.0, "5 and more")
    assert key.bare == "#{:02x}{:02x}{:02x}".format(*IN_TUMOUR)


def test_a_slice_meets_a_cut_where_geometry_says() -> None:
    """The axial slice crosses the ring cuts along their radii, from 9 to 15 mm off the canal's axis."""
    axial = next(plane.cut for plane in lesion_planes(a_resected_plan()) if plane.cut.name == "axial")
    for cut, angle in zip(a_resection().cuts[:2], (LEFT_DEG, RIGHT_DEG), strict=True):
        ((a, b),) = crossings(cut, axial)
        ends = sorted((a, b), key=lambda end: float(np.hypot(end[0], end[1] - CANAL_Y_MM)))
        for end, radius in zip(ends, (INNER_MM, OUTER_MM), strict=True):
            wanted = np.array([0.0, CANAL_Y_MM, 0.0]) + radius * radial(angle)
            np.testing.assert_allclose(end, [wanted[0], wanted[1], axial.centre_mm[2]], atol=1e-9)
    assert all(not list(crossings(cut, axial)) for cut in a_resection().cuts[2:])  # 16 mm above and 13 below


def test_saw_lines_are_drawn_in_slices_and_views(scene: Scene) -> None:
    for pictures, colour in (
        (slice_pictures(a_resected_plan()), STYLES["cut"].line),
        (surface_pictures(scene), STYLES["cut"].surface),
    ):
        for picture in pictures:
            assert (np.abs(pixels(picture) - np.array(colour)).max(axis=-1) < 24).sum() > 30, picture.name


def test_the_saw_line_of_the_right_side_is_on_the_viewers_left() -> None:
    found = a_resection()
    for cut, on_the_left in ((found.cuts[0], False), (found.cuts[1], True)):
        plan = replace(a_plan(), resection=replace(found, cuts=(cut,)))
        axial = next(picture for picture in slice_pictures(plan) if picture.name == "axial-1")
        line = np.abs(pixels(axial) - np.array(STYLES["cut"].line)).max(axis=-1) < 24
        yellow = np.abs(pixels(axial) - np.array(STYLES["no-go"].line)).max(axis=-1) < 24
        assert bool(np.nonzero(line)[1].mean() < np.nonzero(yellow)[1].mean()) is on_the_left


def test_bars_reach_half_way_to_their_neighbours() -> None:
    """Places on the canal's wall lie at uneven angles: 10, 20 and 50 degrees give 5-15, 15-35 and 35-65."""
    points = tuple(RingPoint(Level.T12, Gate.RIGHT, angle, 3.0) for angle in (20.0, 10.0, 50.0))
    (ring,) = rings(replace(a_resection(), ring_profile=points))
    found = []
    for bar in ring.bars:
        corners = [tuple(map(float, xy.split())) for xy in re.findall(r"-?[\d.]+ -?[\d.]+", bar.path)]
        turns = [np.degrees(np.arctan2(MIDDLE[0] - x, MIDDLE[1] - y)) for x, y in corners]
        found.append((min(turns), max(turns)))
    # Corners are printed with one decimal: 0.05 / 100 of a turn's radian.
    np.testing.assert_allclose(found, [(5.0, 15.0), (15.0, 35.0), (35.0, 65.0)], atol=0.1)


def test_advice_that_the_cuts_changed_is_shown() -> None:
    plan = a_resected_plan()
    margin = replace(plan.advice.margin, action="marginal")
    text = Page(render_report(replace(plan, revised={"margin": margin}))).text
    assert "What the cuts change in the advice Margin to aim at: marginal" in text
    assert "What the cuts change" not in Page(render_report(replace(plan, revised={}))).text


def test_a_side_that_runs_on_behind_the_canal_has_no_bar_across_it() -> None:
    """-170, 180 and 165 degrees lie 10 and 15 apart round the back: they stand for 185-195, 172.5-185, 157.5-172.5."""
    points = tuple(RingPoint(Level.T12, Gate.LEFT, angle, 3.0) for angle in (-170.0, 180.0, 165.0))
    (ring,) = rings(replace(a_resection(), ring_profile=points))
    spans = []
    for bar in ring.bars:
        corners = [tuple(map(float, xy.split())) for xy in re.findall(r"-?[\d.]+ -?[\d.]+", bar.path)]
        turns = [np.degrees(np.arctan2(MIDDLE[0] - x, MIDDLE[1] - y)) % 360.0 for x, y in corners]
        spans.append((min(turns), max(turns)))
    # Corners are printed with one decimal: 0.05 / 100 of a turn's radian.
    np.testing.assert_allclose(sorted(spans), [(157.5, 172.5), (172.5, 185.0), (185.0, 195.0)], atol=0.1)


def test_a_cut_on_the_other_side_is_not_called_by_its_gate() -> None:
    cut = replace(a_resection().cuts[0], level=Level.T12, gate=Gate.LEFT, name="T12-right-behind")
    assert gate(cut) == "ring, right side, behind"
    assert gate(replace(cut, name="T12-left")) == "ring, left side"
