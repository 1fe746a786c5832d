"""The report: self-contained, safe against hostile text, complete, the same bytes every time."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from enbloc.core.evidence import Caveat, Skipped
from enbloc.core.volume import InputFile
from enbloc.planning.plan import Plan
from enbloc.report import render_report, write_report
from enbloc.report.html import css_string
from enbloc.report.script import bundle
from enbloc.report.stages import not_done
from enbloc.report.words import answer, certainty
from scene.hand_made import LATER, a_case, a_plan, a_plan_without_images

HOSTILE = "</style></title><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>\"'{{ 7*7 }}"
VOID = {"meta", "img", "br", "link", "input"}


class Page(HTMLParser):
    """Every tag with its attributes, the text, and whether tags nest."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


@pytest.fixture(scope="module")
def report() -> str:
    return render_report(a_plan())


def hostile_plan() -> Plan:
    plan = a_plan_without_images(a_case(histology="<b>x</b></style><script>"))
    tumour = a_plan(spacing_mm=3.0, with_image=False).tumour
    assert not isinstance(tumour, Skipped)
    steps = tuple(replace(step, rule=HOSTILE, facts=(HOSTILE,), gives=HOSTILE) for step in tumour.tomita_type.because)
    manifest = replace(plan.manifest, inputs=(InputFile("image", HOSTILE, HOSTILE),), settings={HOSTILE: HOSTILE})
    return replace(
        plan,
        tumour=replace(tumour, noise=HOSTILE, tomita_type=replace(tumour.tomita_type, because=steps)),
        warnings=(Caveat(HOSTILE, HOSTILE),),
        revised=Skipped(HOSTILE),
        advice=replace(plan.advice, aim=replace(plan.advice.aim, because=steps, alternatives=(HOSTILE,))),
        manifest=manifest,
    )


def test_nothing_is_fetched(report: str) -> None:
    page = Page(report)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "form", "base"}
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "scene-data"}, {}]
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in ("src", "srcset", "data", "poster", "background"):
                assert (value or "").startswith("data:image/png;base64,")
            if name in ("href", "action"):
                assert (value or "").startswith("#")
    style = report[report.index("<style>") : report.index("</style>")]
    assert re.findall(r"url\(([^)]*)\)", style) == ["#hatch", "#dots"], "patterns of the clock, in the page itself"
    assert "@import" not in style
    # tests/setup/test_web_bundle.py looks at the script, whose only addresses name XML vocabularies.
    assert not re.search(r"https?://", report.replace(bundle(), ""))


def test_policy_forbids_all_but_own_pictures_and_style(report: str) -> None:
    policy = next(
        attributes["content"]
        for tag, attributes in Page(report).tags
        if tag == "meta" and attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["style-src"] == "'unsafe-inline'"
    digest = hashlib.sha256(report[report.rindex("<script>") + 8 : report.rindex("</script>")].encode()).digest()
    assert rules["script-src"] == f"'sha256-{base64.b64encode(digest).decode()}'"
    assert set(rules) == {"default-src", "img-src", "style-src", "script-src", "base-uri", "form-action"}


def test_a_page_without_a_scene_has_no_script() -> None:
    text = render_report(a_plan_without_images())
    assert "<script" not in text
    assert "script-src" not in text


def test_hostile_text_stays_text() -> None:
    text = render_report(hostile_plan())
    page = Page(text)
    assert page.open == []
    assert not {tag for tag, _ in page.tags} & {"script", "img"}
    assert text.count("</style>") == 1
    assert "49" not in page.text.replace("0.49", "")  # {{ 7*7 }} was not evaluated
    assert page.text.count("alert(1)") >= 6  # shown, as text


def test_css_strings_cannot_be_left() -> None:
    escaped = str(css_string('a"b</style>\n\\'))
    assert escaped == '"a\\000022b\\00003c\\00002fstyle\\00003e\\00000a\\00005c"'


def test_size_and_pictures(report: str) -> None:
    """Contract: at most 10 MB."""
    assert len(report.encode()) <= 10_000_000
    pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", report)
    assert len(pictures) == 7  # three slices, four views
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for picture in pictures)
    assert all(attributes.get("alt") for tag, attributes in Page(report).tags if tag == "img")


def test_the_same_plan_gives_the_same_bytes() -> None:
    assert render_report(a_plan(spacing_mm=2.0)) == render_report(a_plan(spacing_mm=2.0))


def test_type_range_levels_and_reasons_are_said(report: str) -> None:
    text = Page(report).text
    for said in (
        "Research use only.",
        "the final decision is individual",
        "borderline 2 to 4 possible",
        "T12 canal possible: 1.2 mm of 1.7 mm noise",
        "type 4 cannot be excluded",
        "4.1 mL",
        "900 mm³",
        "45 %",
        "one voxel shell of 1.0 mm",
        "from its neighbours: too little of its own bone is left",
        "the spine is only partly in view",
        "ab" * 32,
        "ef" * 32,
    ):
        assert said in text, said


def test_what_a_mask_shows_free_is_no_more_than_none_seen() -> None:
    """Lesions out of view, and tumour below the noise floor, are never denied; a statement is shown as one."""
    assert (answer("free", "mask"), answer("free", "mask-and-stated"), answer("free", "stated")) == (
        "none seen",
        "none seen",
        "no",
    )
    assert certainty("mask") == "no other within the noise floor"
    assert certainty("stated") == "as stated"


def test_every_skipped_stage_is_listed_with_its_reason() -> None:
    plan = a_plan_without_images()
    left = not_done(plan)
    assert {title for group in left for title in group.titles} >= {
        "Spine", "Resection: cuts and margins", "WBB clock", "Mechanics of the reconstruction",
    }  # fmt: skip
    assert {group.reason for group in left} == {"the case has no images", LATER.skipped}
    text = Page(render_report(plan)).text
    assert all(title in text for group in left for title in group.titles)


def test_a_case_without_images_says_so_and_still_gives_the_type() -> None:
    text = Page(render_report(a_plan_without_images())).text
    assert "This case has no images, so there are no pictures." in text
    assert "as stated in the case file, not measured" in text


def test_a_plan_without_extent_says_why() -> None:
    plan = replace(a_plan_without_images(), tumour=Skipped("there is no tumour mask"))
    assert "No tumour extent: there is no tumour mask." in Page(render_report(plan)).text


def test_an_unclassifiable_tumour() -> None:
    plan = a_plan_without_images()
    assert not isinstance(plan.tumour, Skipped)
    open_type = replace(plan.tumour.tomita_type, value=None, low=None, high=None, borderline=False)
    text = Page(render_report(replace(plan, tumour=replace(plan.tumour, tomita_type=open_type)))).text
    assert "No type follows from the extent" in text


def test_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "r.html"
    assert write_report(a_plan_without_images(), target) == target
    before = target.read_bytes()

    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("enbloc.report.html.render_report", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_report(a_plan_without_images(), target)
    assert target.read_bytes() == before
    assert list(tmp_path.iterdir()) == [target]


def test_no_date_and_no_machine_path(report: str) -> None:
    assert not re.search(r"\b20\d\d-\d\d-\d\d\b", report)
    assert not re.search(r"(/(home|tmp|root|Users)/|C:\\\\)", report)
