"""`enbloc resect`: what it prints, what it writes, and what it makes of a cut that cannot be read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest

from cli.test_cli import STATED, enbloc_says, files_in
from enbloc.cli.cuts import parse_cuts
from enbloc.cli.outputs import write_outputs, write_resection
from enbloc.cli.progress import Clock
from enbloc.cli.resect import Resected, as_json, sheet
from enbloc.cli.summary import summary
from enbloc.core.errors import InputError
from enbloc.core.evidence import Caveat, Skipped
from enbloc.planning import OwnCuts, Written, why
from enbloc.planning.own_cuts import compare
from enbloc.resection.nouns import ClassRange, MarginClass
from resection.hand_made import a_resection, with_ring_margin
from resection.hand_made_removal import NOT_SOUGHT, PRICE, stuck_beside_a_way
from scene.hand_made import a_plan


@pytest.fixture(scope="module")
def cut():
    """The hand-made patient with the hand-made cuts."""
    return replace(a_plan(), resection=a_resection(), revised={})


@pytest.fixture
def own():
    worse = with_ring_margin(-2.0)
    severs_not = Caveat("does-not-sever", "body and arch stay joined")
    worse = replace(worse, cuts=(replace(worse.cuts[0], given=True, caveats=(severs_not,)), *worse.cuts[1:]))
    return OwnCuts(worse, tuple(compare(["T12-left"], worse, a_resection())))


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_cuts_stand_in_a_table(cut) -> None:
    shown = lines(sheet(Resected(cut, None, None, ())))
    assert "T12 leaves by 4 cuts: marginal (intralesional possible), least margin 4.8 mm (3.8 to 5.8)" in shown
    assert "order cut through margin class section in tumour dural sac" in shown
    assert "1 T12-left lamina 8.8 mm (7.8 to 9.8) wide 96 mm² none 2.0 mm (1.0 to 3.0)" in shown
    assert "4 T12-caudal disc 4.8 mm (3.8 to 5.8) wide 1120 mm² none 2.0 mm (1.0 to 3.0)" in shown
    assert any(line.startswith("Dissected T12 dura: marginal") for line in shown)
    assert any(line.startswith("Certificate at most 0.00 mm more margin among planes") for line in shown)
    assert any(line.startswith("Instead T12 left: pedicle instead of lamina: margin -4.0 mm") for line in shown)
    assert max(map(len, sheet(Resected(cut, None, None, ())).splitlines()[:10])) <= 120


def test_tumour_in_a_section_is_said(cut) -> None:
    shown = lines(sheet(Resected(replace(cut, resection=with_ring_margin(-2.0)), None, None, ())))
    assert any("T12-left lamina -2.0 mm (-3.0 to -1.0) intralesional 96 mm² 21 mm², 2.0 mm deep" in x for x in shown)


def test_the_sheet_counts_releases_and_says_how_likely_the_saw_is_right(cut) -> None:
    shown = lines(sheet(Resected(cut, None, None, ())))
    assert "Releases 3 before the pieces come out (2 approach, 1 arch); 1 kept" in shown
    assert "Likelihood no cut enters tumour in 62% of trials (61% to 63%), freehand" in shown


def test_own_cuts_stand_against_those_found(cut, own) -> None:
    shown = lines(sheet(Resected(cut, own, None, ())))
    assert "T12-left -10.8 mm +21 mm² +2.0 mm +0 mm² +0.0 mm +0 mm³" in shown
    assert "T12-left body and arch stay joined; scored all the same" in shown
    assert "With your cuts: intralesional, least margin -2.0 mm (-3.0 to -1.0)" in shown
    refused = sheet(Resected(cut, Skipped("the labels\nallow none"), None, ()))
    assert refused.splitlines()[-1] == "  Your cuts were not scored: the labels allow none"


def test_the_summary_of_a_plan_says_the_cuts(cut) -> None:
    shown = lines(summary(cut))
    at = shown.index("Cuts T12: margin marginal (intralesional possible)")
    assert shown[at + 1 : at + 6] == [
        "T12-left by lamina 8.8 mm, T12-right by pedicle 12.7 mm",
        "T12-cranial by disc 4.8 mm, T12-caudal by disc 4.8 mm",
        "marginal where dissected: T12 dura",
        "margins beyond 5 mm were not sought (123,456 planes compared)",
        "no cut enters tumour in 62% of trials (61% to 63%), freehand",
    ]
    assert "resection" not in next(line for line in shown if line.startswith("Not done"))


def test_a_way_out_by_an_alternative_is_said_beside_it_and_in_the_summary(cut) -> None:
    stuck = replace(cut, resection=stuck_beside_a_way(a_resection()))
    shown = lines(sheet(Resected(stuck, None, None, ())))
    at = next(n for n, line in enumerate(shown) if line.startswith(f"Instead {PRICE}"))
    assert shown[at + 1 : at + 3] == [
        "- way out: every piece gets out (and how)",
        "! kept-root-in-the-way: no way was found that spares T12-left-root",
    ]
    assert f"- way out not sought: {NOT_SOUGHT}" in shown
    assert any(line.startswith("Note way-out-by-alternative: no way out of anterior-block was found") for line in shown)
    said = f"! no way out of anterior-block was found, and with other cuts one was: {PRICE}"
    assert said in lines(summary(stuck))
    assert not any("way out:" in line for line in lines(sheet(Resected(cut, None, None, ()))))


def test_json_is_the_resection_and_nothing_else(cut, own) -> None:
    document = json.loads(as_json(Resected(cut, own, None, ())))
    assert list(document) == ["schema", "case", "resection", "revised", "own"]
    assert [one["name"] for one in document["resection"]["cuts"]] == [
        "T12-left",
        "T12-right",
        "T12-cranial",
        "T12-caudal",
    ]
    assert document["own"]["compared"][0]["own"]["given"] is True


CUTS = {
    "left=1,2,3:0,1,0": Written("left", point_mm=(1.0, 2.0, 3.0), normal=(0.0, 1.0, 0.0)),
    "T12-left = -12.5, -28, 3e0 : 0, 0, -2": Written("T12-left", point_mm=(-12.5, -28.0, 3.0), normal=(0.0, 0.0, -2.0)),
    "right=95:-7.5:4": Written("right", angles_deg=(95.0, -7.5), offset_mm=4.0),
}


@pytest.mark.parametrize("text", CUTS)
def test_a_cut_is_read(text: str) -> None:
    assert parse_cuts([text]) == (CUTS[text],)


WRONG = {
    "left": "is no cut",
    "=1:2:3": "is no cut",
    "left=": "is no cut",
    "left=1,2,3": "is no cut",
    "left=1:2:3:4": "is no cut",
    "left=1,2:0,1,0": "three numbers each",
    "left=1,2,x:0,1,0": "'x' is no number",
    "left=1,2,3:0,0,0": "no direction",
    "left=1,2,nan:0,1,0": "no length and no angle",
    "left=1,2,inf:0,1,0": "no length and no angle",
    "left=1,2,1e300:0,1,0": "no length and no angle",
    "left=90:90:0": "between -90 and 90",
    "left=90::0": "'' is no number",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_cut_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InputError, match=WRONG[text]) as caught:
        parse_cuts([text])
    assert str(caught.value).startswith("--cut: ")


def test_a_cut_given_twice() -> None:
    with pytest.raises(InputError, match="left is given twice"):
        parse_cuts(["left=1:2:3", "left=1:2:4"])


def test_a_wrong_cut_is_one_line_and_two(tmp_path: Path) -> None:
    """Before the case is read."""
    ended = enbloc_says("resect", tmp_path / "nowhere", "--cut", "left=\nall is well")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("enbloc: --cut: ")
    assert ended.err.count("\n") == 1


def test_a_case_without_images_has_no_cuts(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(STATED, encoding="utf-8")
    ended = enbloc_says("resect", tmp_path, "--out", tmp_path / "out", "--cut", "left=90:0:0")
    assert (ended.code, ended.err) == (0, "")
    assert "Research use only" in ended.out
    assert "There are no cuts: no images were given" in ended.out
    assert files_in(tmp_path / "out") == {"resection.json", "run.json"}
    assert (
        json.loads((tmp_path / "out" / "resection.json").read_text())["resection"]["skipped"] == "no images were given"
    )


@pytest.fixture(scope="module")
def written(cut, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("written") / "out"
    write_outputs(cut, out, Clock())
    return out


def test_a_plan_with_cuts_writes_them(written: Path) -> None:
    assert {"plan.json", "cuts.mrk.json", "labels.nii.gz", "pieces.nii.gz", "pieces.txt"} <= files_in(written)
    names = [markup["name"] for markup in json.loads((written / "cuts.mrk.json").read_text())["markups"]]
    assert names[:2] == ["T12-left", "T12-left-section"]
    assert len(names) == 8


def test_every_file_is_listed_with_its_sum(written: Path) -> None:
    record = json.loads((written / "run.json").read_text())
    assert set(record["files"]) == files_in(written)
    assert set(record["sha256"]) == files_in(written) - {"run.json"}
    for name, said in record["sha256"].items():
        assert hashlib.sha256((written / name).read_bytes()).hexdigest() == said, name


def test_labels_hold_parts_pieces_and_tumour(written: Path, cut) -> None:
    """Tumour over pieces over parts; the other levels keep their parts, and every value has its name."""
    values = np.asarray(nibabel.load(written / "labels.nii.gz").dataobj)
    drawing = cut.drawing
    assert np.array_equal(values == 20, drawing.spine.tumour)
    assert {20, 21, 22} <= set(np.unique(values).tolist())
    z = drawing.spine.grid.affine.to_world(np.indices(values.shape).reshape(3, -1).T)[:, 2].reshape(values.shape)
    others = (np.abs(z) > 20.0) & ~drawing.spine.tumour
    assert np.array_equal(values[others], drawing.spine.part[others])
    names = (written / "labels.txt").read_text()
    assert '"piece anterior-block"' in names
    assert '"piece posterior-arch"' in names


def test_pieces_have_their_own_file_and_grid(written: Path) -> None:
    image = nibabel.load(written / "pieces.nii.gz")
    drawn = a_resection().drawing
    assert np.array_equal(np.asarray(image.dataobj), drawn.label)
    np.testing.assert_allclose(image.affine, drawn.affine.matrix, atol=1e-5)  # a NIfTI header holds 32-bit numbers
    assert '"anterior-block"' in (written / "pieces.txt").read_text()


def test_files_of_resect_hold_the_own_cuts(cut, own, tmp_path: Path) -> None:
    write_resection(cut, own, tmp_path / "out", Clock())
    files = files_in(tmp_path / "out")
    assert {"resection.json", "cuts.mrk.json", "labels.nii.gz", "pieces.nii.gz", "scene.json", "run.json"} <= files
    assert not {"plan.json", "report.html"} & files
    plane = json.loads((tmp_path / "out" / "cuts.mrk.json").read_text())["markups"][0]
    found = json.loads((tmp_path / "out" / "resection.json").read_text())
    assert plane["display"]["color"] == [0.9, 0.6, 0.0], "one's own"
    assert found["own"]["resection"]["cuts"][0]["margin_mm"]["value"] == -2.0
    assert found["resection"]["cuts"][0]["margin_mm"]["value"] == 8.75


def test_equal_plans_give_equal_files(written: Path, cut, tmp_path: Path) -> None:
    write_outputs(cut, tmp_path / "again", Clock())
    for name in ("cuts.mrk.json", "pieces.nii.gz", "labels.nii.gz", "plan.json"):
        assert (tmp_path / "again" / name).read_bytes() == (written / name).read_bytes(), name


def test_a_margin_that_stays_open_is_said_so(cut) -> None:
    """Tumour has passed a barrier, and nobody knows of a capsule."""
    made = a_resection()
    torn = ClassRange(None, (MarginClass.MARGINAL, MarginClass.INTRALESIONAL), made.margin_class.because)
    faces = (replace(made.faces[0], margin_class=torn), *made.faces[1:])
    unsure = replace(cut, resection=replace(made, margin_class=torn, faces=faces))
    assert "Cuts T12: margin open (marginal or intralesional)" in lines(summary(unsure))
    assert "open where dissected: T12 dura" in lines(summary(unsure))
    assert "Dissected T12 dura: open (marginal or intralesional), margin 0.6 mm (-0.4 to 1.6) to dural sac" in lines(
        sheet(Resected(unsure, None, None, ()))
    )
    assert why(unsure, "resection").startswith(
        "resection of T12: open (marginal or intralesional), least margin 4.8 mm"
    )
