"""The steps of the operation in words and pictures; numbers and places are those of the hand-made resection."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from enbloc.core.evidence import Measured, Skipped
from enbloc.planning.nouns import Clearance, Resection
from enbloc.report import carrying_out, leaving, render_report
from enbloc.report.pictures import Picture
from enbloc.report.steps import Step, steps
from enbloc.report.turnable import operation_payload
from enbloc.resection.removal_nouns import Way
from enbloc.scene import STYLES, build_scene
from report.test_report import Page
from resection.hand_made_removal import NOT_SOUGHT, PRICE, a_block, a_removal, stuck_beside_a_way
from scene.hand_made import a_plan
from scene.hand_made_resection import a_resection
from scene.test_operation import a_leaving_plan


@pytest.fixture(scope="module")
def shown() -> tuple[Step, ...]:
    plan = a_leaving_plan()
    return steps(plan, build_scene(plan))


def in_words(resection: Resection) -> str:
    """The report's text alone: without voxels nothing is drawn."""
    return Page(render_report(replace(a_plan(), resection=resection, drawing=None))).text


@pytest.fixture(scope="module")
def text() -> str:
    return in_words(replace(a_resection(), removal=a_removal()))


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def reddish(picture: Picture) -> np.ndarray:
    """Columns and rows (0 to 1) of pixels in the tumour's hue, see-through or not."""
    red, green, blue = (pixels(picture)[..., i] for i in range(3))
    rows, columns = np.nonzero((red > 1.35 * green) & (red > 1.4 * blue) & (red > 90) & (green > 30))
    return np.stack([columns / picture.width, rows / picture.height], axis=1)


def test_the_steps_follow_the_operation(shown: tuple[Step, ...]) -> None:
    assert [step.title.partition(":")[0] for step in shown] == ["Approach", "Arch", "Block", "Block", "What is left"]
    assert [[release.order for release in step.releases] for step in shown] == [[1, 2], [3], [4], [], []]
    assert [[cut.name for cut in step.cuts] for step in shown[1:3]] == [
        ["T12-left", "T12-right"],
        ["T12-cranial", "T12-caudal"],
    ]
    assert [[piece.piece for piece in step.pieces] for step in shown] == [
        [], ["posterior-arch"], [], ["anterior-block"], [],
    ]  # fmt: skip
    assert all(step.pictures for step in shown)


def test_pictures_name_the_patients_sides(shown: tuple[Step, ...]) -> None:
    captions = {picture.name: picture.caption for step in shown for picture in step.pictures}
    assert captions["step-1-posterior"].startswith("From behind, L on the left, R on the right.")
    assert captions["step-1-axial"].startswith("From below, R on the left, L on the right.")
    assert captions["step-4-anterior-block-2"].endswith("Anterior block turned by 90° and moved by 0 mm.")


def test_the_tumour_travels_to_the_patients_left_and_back(shown: tuple[Step, ...]) -> None:
    """Seen from below the left is on the viewer's right and the back is below."""
    before, turned, out = (
        reddish(next(p for p in shown[3].pictures if p.name.endswith(f"block-{n}"))).mean(axis=0) for n in (1, 2, 3)
    )
    assert turned[0] > before[0]
    assert turned[1] > before[1] + 0.05
    assert out[1] > turned[1] + 0.1


def test_numbers_stand_where_the_plan_has_the_release(shown: tuple[Step, ...]) -> None:
    """Release 1 lies 40 mm to the right: from behind on the viewer's right of the middle."""
    posterior = next(picture for picture in shown[0].pictures if picture.name == "step-1-posterior")
    ink = np.abs(pixels(posterior) - np.array([150, 20, 20])).max(axis=-1) < 12
    columns = np.nonzero(ink)[1] / posterior.width
    assert columns.max() > 0.75


def test_the_page_tells_how_the_pieces_leave(text: str) -> None:
    for said in (
        "Step 2. Arch: sawn and lifted off",
        "How the pieces leave: posterior arch lifted straight back; anterior block turned out to the left.",
        "Posterior arch: lifted straight back.",
        "Anterior block: turned around the dural sac to the patient's left, then back.",
        "Least room beyond what gives way: 0.4 mm. The path runs through the root T12 left: to be divided before.",
        "aorta 31.0 mm (30.1 to 31.9)",
        "aorta has to give way by 1.2 mm (0.4 to 2.0)",
        "T11 bone 0.1 mm away (−0.7 to 0.9)",
        "Turned out to the right: none found, held by rib.",
        "Corridor for the cage: 31.4 mm",
        "taken as rigid within what they yield.",
    ):
        assert said in text, said
    assert "impossible" not in text.lower()


def test_where_no_way_was_found_the_page_says_so_and_what_was_tried() -> None:
    plan = a_leaving_plan(None)
    text = in_words(plan.resection)
    assert "Anterior block: no way out found in the searched motions." in text
    assert "Delivered to the front: none found, held by rib." in text
    assert "Shown as if the anterior block were out." in text
    assert "No corridor for a cage was measured" in text
    assert "impossible" not in text.lower()
    payload = operation_payload(plan, build_scene(plan))
    assert payload is not None
    assert [len(motion["keys"]) for motion in payload["motions"]] == [2, 0]


def test_where_other_cuts_have_a_way_the_headline_the_list_and_the_step_say_so() -> None:
    text = in_words(stuck_beside_a_way(a_resection()))
    heard, _, rest = text.partition("Where around the canal a cut is best")
    listed, _, stepwise = rest.partition("The operation step by step")
    assert f"With other cuts every piece gets out: {PRICE}." in heard
    out = "Way out: posterior arch lifted straight back; anterior block turned out to the left."
    price = " Least room beyond what gives way: 0.2 mm. The path runs through the root T12 left: to be divided before."
    assert out + price in listed
    assert "No way was found that spares T12-left-root." in listed
    assert f"Way out not sought: {NOT_SOUGHT}." in listed
    assert f"No way out of anterior-block was found, and with other cuts one was: {PRICE}." in stepwise
    half = "Instead, T12: half the vertebra. Way out: posterior arch lifted straight back; anterior block no way out"
    assert half in stepwise
    assert "impossible" not in text.lower()
    assert "With other cuts" not in in_words(replace(a_resection(), removal=a_removal(None)))


def test_where_the_plan_has_its_ways_an_alternative_without_one_is_bold_in_the_list_alone() -> None:
    """Of the three: one with a way, as the plan; one that parts nothing; one without a way."""
    found = replace(stuck_beside_a_way(a_resection()), removal=a_removal(Way.TURNED_LEFT), caveats=())
    text = in_words(found)
    assert "Instead, " not in text
    assert "With other cuts" not in text
    assert [leaving.differs(found, other) for other in found.alternatives] == [False, False, True]
    lost = leaving.instead(found.alternatives[2])
    assert lost.endswith("lifted straight back; anterior block no way out found in the searched motions.")


def test_where_nothing_is_parted_an_alternative_with_ways_stands_out() -> None:
    unparted = replace(stuck_beside_a_way(a_resection()), removal=Skipped("the cuts part no piece"), caveats=())
    assert [leaving.differs(unparted, other) for other in unparted.alternatives] == [True, False, False]
    assert f"With other cuts every piece gets out: {PRICE}." not in in_words(unparted)


def test_without_a_search_the_reason_stands_in_its_place() -> None:
    plan = replace(a_plan(), resection=replace(a_resection(), removal=Skipped("the settings ask for none")))
    text = in_words(plan.resection)
    assert text.count("The way out was not searched: the settings ask for none.") == 2
    assert operation_payload(plan, build_scene(plan)) is None


def test_without_a_resection_there_are_no_steps() -> None:
    text = in_words(Skipped("the advice leaves none possible"))
    assert "The operation step by step" not in text
    assert "No resection is planned here: the advice leaves none possible." in text


def test_without_voxels_the_steps_are_words() -> None:
    plan = replace(a_plan(), resection=replace(a_resection(), removal=a_removal()), drawing=None)
    shown = steps(plan, build_scene(plan))
    assert [step.pictures for step in shown] == [()] * 5
    assert [piece.piece for piece in shown[3].pieces] == ["anterior-block"]


def test_two_arches_leave_one_after_the_other() -> None:
    """Named by their levels, as in a plan of several."""
    arch = a_removal().pieces[0]
    upper, lower = (replace(arch, piece=f"posterior-arch-{level}") for level in ("T11", "T12"))
    removal = replace(a_removal(), pieces=(upper, lower, a_block(Way.TURNED_LEFT)))
    plan = replace(a_plan(), resection=replace(a_resection(), removal=removal), drawing=None)
    assert [piece.piece for piece in steps(plan, build_scene(plan))[1].pieces] == [upper.piece, lower.piece]
    assert leaving.name(upper) == "Posterior arch T11"
    boxes = [box.text for _, stage in carrying_out.checklist(plan.resection) for box in stage]
    assert [text for text in boxes if "arch" in text] == [
        "posterior arch T11: lifted straight back",
        "posterior arch T12: lifted straight back",
    ]


def test_rooms_in_words() -> None:
    assert leaving.room(Measured(-3.66, -4.46, -2.86)) == "has to give way by 3.7 mm (2.9 to 4.5)"
    assert leaving.room(Measured(0.0, -0.8, 0.8)) == "touches (−0.8 to 0.8 mm)"
    assert leaving.room(Measured(2.97, 2.17, 3.77)) == "3.0 mm away (2.2 to 3.8)"
    piece = replace(a_block(Way.TURNED_LEFT), clearances=(Clearance("b", Measured(2.0, 1.0, 3.0)),))
    assert [near.structure for near in leaving.passed(piece)] == ["b"]


def test_one_margin_is_shown_for_one_cut() -> None:
    """The trials sample the section anew; beside them stands the margin of the table of cuts."""
    found = a_resection()
    cut, risk = found.cuts[0], found.execution.cuts[0]
    off = replace(risk, margin_mm=cut.margin_mm.value - 0.07)
    assert carrying_out.planned(found, off) == f"{cut.margin_mm.value:.1f}".replace("-", "−")
    assert carrying_out.planned(replace(found, cuts=()), off) == f"{off.margin_mm:.1f}".replace("-", "−")


def test_the_player_is_told_what_the_plan_says() -> None:
    plan = a_leaving_plan()
    payload = operation_payload(plan, build_scene(plan))
    assert payload is not None
    arch, block = payload["motions"]
    assert arch["says"].startswith("Posterior arch: lifted straight back. Least room beyond what gives way: 0.5 mm.")
    assert block["keys"][2] == [1.0, 0.0, 0.0, 90.0, 0.0, -80.0, 0.0]
    assert block["stops"][-1] == 1.0
    assert set(payload["gone"]).isdisjoint(payload["stays"])
    assert STYLES["stays"].shown is False
