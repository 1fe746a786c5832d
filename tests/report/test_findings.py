"""The report's clock, canal and vessels: shapes lie where a surgeon expects them; nothing unknown is called free."""

from __future__ import annotations

import re

import pytest

from enbloc.case import parse_case
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level
from enbloc.planning import plan
from enbloc.planning.nouns import WbbFindings
from enbloc.report import render_report
from enbloc.report.findings import RIM, SIZE, clocks, measured
from enbloc.tumour import Involvement, WbbCell, WbbLevel
from planning.stand_ins import NO_WAY_OUT

CASE = 'schema = "enbloc.case/1"\nid = "a"\n[imaging]\nmodality = "ct"\n[[imaging.labels]]\nfile = "a.nii.gz"\n'
CASE += 'scheme = "totalsegmentator-v2"\n[imaging.tumour]\nfile = "t.nii.gz"\n'


def one_cell(sector: int, layer: str, unknown=()) -> WbbFindings:
    cell = WbbCell(sector, 13 - sector, layer, 10.0, Involvement.INVOLVED)
    level = WbbLevel(Level.T12, (cell,), (sector,), (13 - sector,), (layer,))
    return WbbFindings((level,), (), unknown, (), ())


def middle(path: str) -> tuple[float, float]:
    """Mean of the four corners of a segment."""
    found = [float(number) for number in re.findall(r"-?[\d.]+", path)]
    corners = [(found[n], found[n + 1]) for n in (0, 7, 9, 16)]  # between them radii and flags of two arcs
    return sum(x for x, _ in corners) / 4 - SIZE / 2, sum(y for _, y in corners) / 4 - SIZE / 2


@pytest.mark.parametrize(
    ("sector", "left_of_picture", "above"), [(1, True, False), (3, True, False), (6, True, True), (7, False, True),
    (9, False, True), (12, False, False)]
)  # fmt: skip
def test_the_patients_right_is_on_the_viewers_left_and_the_back_below(sector, left_of_picture, above):
    """Sectors 1 to 6 of 1997 are the patient's right as they are read here; 4 to 9 lie in front."""
    (clock,) = clocks(one_cell(sector, "B"))
    (segment,) = [s for s in clock.segments if s.shows == "involved"]
    x, y = middle(segment.path)
    assert (x < 0) == left_of_picture
    assert (y < 0) == above  # SVG counts downwards


def test_layers_lie_from_outside_in_and_both_numbers_stand_at_their_sector():
    radii = []
    for layer in "ABCDE":
        (clock,) = clocks(one_cell(7, layer))
        (segment,) = [s for s in clock.segments if s.shows == "involved"]
        x, y = middle(segment.path)
        radii.append((x * x + y * y) ** 0.5)
        assert segment.title.startswith(f"sector 7 (6), layer {layer}")
        seven = next(mark for mark in clock.numbers if mark.text == "7")
        other = next(mark for mark in clock.second_numbers if mark.text == "(6)")
        for mark in (seven, other):  # on the same ray, outside the rim
            u, v = mark.x - SIZE / 2, mark.y - SIZE / 2
            assert abs(u * y - v * x) < 0.02 * (u * u + v * v) ** 0.5 * radii[-1]
            assert (u * u + v * v) ** 0.5 > RIM
    assert radii == sorted(radii, reverse=True)


def test_a_layer_that_was_not_looked_at_is_not_drawn_as_free():
    (clock,) = clocks(one_cell(7, "B", unknown=("E",)))
    shown = [segment.shows for segment in clock.segments]
    assert (shown.count("unknown"), shown.count("free"), shown.count("involved")) == (12, 47, 1)


def test_a_number_is_shown_with_its_range():
    assert measured(Measured(0.5, 0.4, 0.65), "%", scale=100.0) == "50 % (40 to 65)"
    assert measured(Measured(0.0, 0.0, 0.0), "°") == "0 °"
    assert measured(None, "mm") == "not measured"


@pytest.fixture(scope="module")
def page(phantom) -> str:
    made = phantom(levels=("T11", "T12", "L1"))
    return render_report(plan(parse_case(CASE), made.imaging, NO_WAY_OUT))


def test_the_sections_are_there_with_what_was_not_looked_at(page):
    assert [name for name in ("wbb", "epidural", "vessels") if f'<h2 id="{name}">' in page] == [
        "wbb",
        "epidural",
        "vessels",
    ]
    assert "not verified" in page.split('id="wbb"')[1].split("</section>")[0]
    assert "segmental artery" in page.split("<strong>Not looked at</strong>")[1].split("</p>")[0]
    assert "grade 1a to 3 left open by the labels" in page


def test_a_stated_extent_says_why_there_is_no_clock():
    text = 'schema = "enbloc.case/1"\nid = "a"\n[extent]\nlevels = ["T12"]\nzones = ["body", "canal"]\n'
    made = plan(parse_case(text))
    assert made.tumour.wbb.skipped == "no images were given"
    shown = render_report(made)
    assert 'id="wbb"' not in shown
    assert "WBB clock" in shown.split('id="not-done"')[1]
