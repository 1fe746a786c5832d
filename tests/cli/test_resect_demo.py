"""The shipped patient through `enbloc resect`: files that agree with each other and with the tumour mask itself."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import nibabel
import numpy as np
import pytest

from enbloc.cli.cuts import parse_cuts
from enbloc.cli.outputs import write_outputs
from enbloc.cli.progress import Clock
from enbloc.cli.resect import Resected, resected, sheet
from enbloc.cli.synthetic import make_demo
from enbloc.core.errors import InputError
from enbloc.core.evidence import Skipped
from enbloc.planning import Settings, Written, own_cuts, plan_schema, why
from enbloc.resection.nouns import RING_GATES

RING = ("T12-left", "T12-right")


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Resected:
    """The demo's patient, planned once, its files written by `enbloc plan`."""
    folder = tmp_path_factory.mktemp("resect")
    make_demo(folder / "case")
    found = resected(str(folder / "case"), None, ())
    write_outputs(found.plan, folder / "out", Clock())
    return Resected(found.plan, None, folder / "out", ())


@pytest.fixture(scope="module")
def document(done: Resected) -> dict:
    return json.loads((done.folder / "plan.json").read_text(encoding="utf-8"))


def test_the_demo_has_its_cuts(document: dict) -> None:
    jsonschema.validate(document, plan_schema(), cls=jsonschema.Draft202012Validator)
    names = [cut["name"] for cut in document["resection"]["cuts"]]
    assert sorted(names) == ["T12-caudal", "T12-cranial", "T12-left", "T12-right"]
    assert document["resection"]["intralesional_area_mm2"] == 0.0
    assert document["manifest"]["settings"]["resection.step_mm"] == Settings().resection.step_mm


def test_everything_of_it_can_be_shown_and_asked_why(done: Resected) -> None:
    assert "T12 leaves by 4 cuts" in sheet(done)
    tree = why(done.folder / "plan.json", "resection")
    assert all(name in tree for name in RING)


def outlines(folder: Path) -> dict[str, np.ndarray]:
    """Corners of each section, RAS, from the file that 3D Slicer reads."""
    markups = json.loads((folder / "cuts.mrk.json").read_text())["markups"]
    curves = {m["name"].removesuffix("-section"): m["controlPoints"] for m in markups if m["type"] == "ClosedCurve"}
    return {name: np.array([p["position"] for p in points]) * [-1, -1, 1] for name, points in curves.items()}


def points_of(outline: np.ndarray, step_mm: float = 0.5) -> np.ndarray:
    """Points within a flat outline, and along it."""
    middle = outline.mean(axis=0)
    axes = np.linalg.svd(outline - middle)[2][:2]
    flat = (outline - middle) @ axes.T
    low, high = flat.min(axis=0), flat.max(axis=0)
    grid = np.stack(np.meshgrid(*(np.arange(a, b, step_mm) for a, b in zip(low, high, strict=True))), -1).reshape(-1, 2)
    inside = np.zeros(len(grid), bool)
    for (ax, ay), (bx, by) in zip(flat, np.roll(flat, -1, axis=0), strict=True):
        crosses = (ay > grid[:, 1]) != (by > grid[:, 1])
        with np.errstate(divide="ignore", invalid="ignore"):
            inside ^= crosses & (grid[:, 0] < ax + (grid[:, 1] - ay) / (by - ay) * (bx - ax))
    return np.vstack([outline, middle + grid[inside] @ axes])


def test_margins_are_those_to_the_mask(done: Resected, document: dict) -> None:
    """Slowly, from the files alone: the least distance of a section to a tumour voxel's cube, less half the kerf.

    Each voxel counts as a ball of half its side about its centre: at most (sqrt 3 - 1) / 2 = 0.37 mm from its cube; the
    label map is read between its voxels (up to half a voxel, 0.5 mm) and sections at points 0.5 mm apart (0.35 mm):
    1.2 mm.
    """
    image = nibabel.load(next((done.folder.parent / "case").glob("tumour*.nii.gz")))
    tumour = nibabel.affines.apply_affine(image.affine, np.argwhere(np.asarray(image.dataobj) > 0))
    for cut in document["resection"]["cuts"]:
        section = points_of(outlines(done.folder)[cut["name"]])
        least = min(float(np.linalg.norm(tumour - point, axis=1).min()) for point in section)
        by_hand = least - 0.5 - 0.5 * cut["kerf_mm"]
        assert cut["margin_mm"]["value"] == pytest.approx(by_hand, abs=1.2), cut["name"]


def test_sections_are_as_large_as_their_outlines(done: Resected, document: dict) -> None:
    """The shoelace formula on the flat outline; it is simplified by less than 0.15 mm and holds its holes: 10 %."""
    for cut in document["resection"]["cuts"]:
        corners = outlines(done.folder)[cut["name"]]
        area = 0.5 * np.linalg.norm(np.cross(corners, np.roll(corners, -1, axis=0)).sum(axis=0))
        assert cut["section_mm2"] == pytest.approx(area, rel=0.1), cut["name"]


def test_pieces_hold_what_the_plan_says(done: Resected, document: dict) -> None:
    image = nibabel.load(done.folder / "pieces.nii.gz")
    values, voxel_mm3 = np.asarray(image.dataobj), abs(np.linalg.det(image.affine[:3, :3]))
    for piece in document["resection"]["pieces"]:
        count = np.count_nonzero(values == piece["label"])
        assert count * voxel_mm3 == pytest.approx(piece["volume_mm3"], rel=1e-5)  # a header holds 32-bit numbers
    labels = np.asarray(nibabel.load(done.folder / "labels.nii.gz").dataobj)
    assert {20 + piece["label"] for piece in document["resection"]["pieces"]} <= set(np.unique(labels).tolist())


def test_our_cut_given_back_scores_as_ours(done: Resected, document: dict) -> None:
    """Point and normal come back from plan.json with 0.001 mm and six digits: over 30 mm of section 0.03 mm."""
    (left,) = (cut for cut in document["resection"]["cuts"] if cut["name"] == "T12-left")
    text = f"left={','.join(map(str, left['point_mm']))}:{','.join(map(str, left['normal']))}"
    own = own_cuts(done.plan, parse_cuts([text]), Settings().resection)
    (one,) = own.compared
    assert one.own.given
    assert one.margin_mm == pytest.approx(0.0, abs=0.03)
    assert one.section_mm2 == pytest.approx(0.0, abs=0.02 * left["section_mm2"])  # a rim of pixels of 0.2 mm
    assert one.remarks == ()
    assert own.resection.margin_class.value == done.plan.resection.margin_class.value


def test_own_cuts_are_scored_without_another_search(done: Resected, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("searched again")

    monkeypatch.setattr("enbloc.resection.resect.searched", never)
    own = own_cuts(done.plan, parse_cuts(["left=90:0:-9"]), Settings().resection)
    kept = {cut.name: cut for cut in own.resection.cuts if not cut.given}
    assert kept == {cut.name: cut for cut in done.plan.resection.cuts if cut.name in kept}
    assert own.resection.certificate.bound_mm == done.plan.resection.certificate.bound_mm


def test_an_own_cut_stands_where_the_search_finds_none(done: Resected, monkeypatch: pytest.MonkeyPatch) -> None:
    """A family of axial planes severs no ring. Ring cuts given as one's own are scored as they were when found, and
    stand in the order of sawing; one alone leaves the other side without a cut.
    """
    monkeypatch.setattr("enbloc.resection.gates.ring_angles", lambda _: np.array([[0.0, 90.0]]))
    refused = replace(done.plan, resection=Skipped("no plane of the family parts body and arch"))
    rings = [cut for cut in done.plan.resection.cuts if cut.gate in RING_GATES]
    given = [Written(cut.name, point_mm=cut.point_mm, normal=cut.normal) for cut in rings]
    own = own_cuts(refused, given, Settings().resection)
    assert [one.found for one in own.compared] == [None, None]
    margins = [one.own.margin_mm.value for one in own.compared]
    assert margins == pytest.approx([cut.margin_mm.value for cut in rings], abs=1e-6)
    assert [cut.name for cut in own.resection.cuts] == [cut.name for cut in done.plan.resection.cuts]
    assert [cut.order for cut in own.resection.cuts] == [1, 2, 3, 4]
    assert "T12: no plane of the family" in own_cuts(refused, given[:1], Settings().resection).skipped


def test_a_worse_cut_and_one_that_misses(done: Resected) -> None:
    """Through the front of the left pedicle, towards the tumour of the body; and 30 mm above the body's centre."""
    own = own_cuts(done.plan, parse_cuts(["left=90:0:4", "cranial=0:0:60"]), Settings().resection)
    left, cranial = own.compared
    assert left.margin_mm < 0.0
    assert cranial.own is None
    assert [caveat.id for caveat in cranial.remarks] == ["own-cut-meets-nothing"]
    shown = sheet(Resected(done.plan, own, None, ()))
    assert "the given plane does not pass what there is to cut" in shown
    with pytest.raises(InputError, match="is no cut of this resection"):
        own_cuts(done.plan, parse_cuts(["T11-left=90:0:0"]), Settings().resection)
