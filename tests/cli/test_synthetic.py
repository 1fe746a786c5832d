"""`enbloc demo` and `enbloc phantom`: patients whose truth is known, planned by the program as a user runs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from enbloc.cli.outputs import write_outputs
from enbloc.cli.progress import Clock
from enbloc.cli.run import Done, chosen, run
from enbloc.cli.synthetic import around, make, make_demo
from enbloc.core.errors import InputError
from enbloc.core.levels import Level
from enbloc.planning import TumourFindings

NO_WAY_OUT = chosen(without_removal=True)
"""For tests that do not look at it: it takes a good part of a plan."""


def read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("demo") / "out"
    command = [sys.executable, "-X", "utf8", "-m", "enbloc", "demo", "--out", str(out)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=280, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Research use only")
    assert str(out / "report.html") in done.stdout
    return out


def test_demo_finds_what_was_put_in(demo: Path) -> None:
    truth, plan = read(demo / "case" / "truth.json"), read(demo / "plan.json")
    assert plan["tumour"]["tomita_type"]["value"] == truth["tomita_type"] == 4
    assert plan["tumour"]["levels"] == ["T12"]
    involved = {zone["zone"] for zone in plan["tumour"]["zones"] if zone["involvement"] == "involved"}
    assert involved == {zone["zone"] for zone in truth["zones"]} == {"body", "canal"}


def test_demo_writes_every_promised_file(demo: Path) -> None:
    names = {p.name for p in demo.iterdir()}
    assert names >= {"case", "plan.json", "report.html", "scene.json", "meshes", "labels.nii.gz", "run.json"}


def test_demo_may_be_repeated_and_leaves_strangers(demo: Path) -> None:
    (demo / "case" / "mine.txt").write_text("mine")
    before = {p.name: p.read_bytes() for p in (demo / "case").iterdir()}
    make_demo(demo / "case")
    assert {p.name: p.read_bytes() for p in (demo / "case").iterdir()} == before


@pytest.fixture(scope="module")
def sliced(demo: Path, tmp_path_factory: pytest.TempPathFactory) -> Done:
    """The demo's patient, planned with slices to scroll."""
    return run(str(demo / "case"), tmp_path_factory.mktemp("sliced") / "out", with_slices=True, settings=NO_WAY_OUT)


def test_pixels_in_the_report_are_said(demo: Path, sliced: Done) -> None:
    assert "slices-data" not in (demo / "report.html").read_text(encoding="utf-8")
    assert "report.html holds pixels of the patient's image" in sliced.where
    assert "slices-data" in (sliced.folder / "report.html").read_text(encoding="utf-8")


def test_surfaces_made_while_cuts_were_sought_change_no_byte(sliced: Done, tmp_path: Path) -> None:
    """Against the same plan's files with every surface made at the end."""
    assert set(write_outputs(sliced.plan, tmp_path / "late", Clock(), with_slices=True)) == set(sliced.files)
    for name in set(sliced.files) - {"run.json"}:
        assert (tmp_path / "late" / name).read_bytes() == (sliced.folder / name).read_bytes(), name


def test_phantom_refuses_to_write_over_a_case(demo: Path) -> None:
    with pytest.raises(InputError, match="not an empty folder"):
        make(demo / "case", level=Level.T12, kind=4, side="left")


@pytest.mark.slow
def test_scheme_orientation_and_slices_change_nothing(tmp_path: Path) -> None:
    """A right-sided type 5 at L2, stored front to back in 2 mm slices under the numbers of VerSe."""
    make(tmp_path / "p", level=Level.L2, kind=5, side="right", spacing_mm=(1, 1, 2), scheme="verse", orientation="PIR")
    found = run(str(tmp_path / "p"), None, settings=NO_WAY_OUT).plan.tumour
    assert isinstance(found, TumourFindings)
    assert found.tomita_type.value == read(tmp_path / "p" / "truth.json")["tomita_type"] == 5
    assert found.index_level is Level.L2


def test_wrong_wishes_are_refused(tmp_path: Path) -> None:
    for wish in ({"side": "up"}, {"spacing_mm": (0.0, 1.0, 1.0)}, {"orientation": "XYZ"}, {"scheme": "vers"}):
        with pytest.raises(InputError):
            make(tmp_path / "p", **{"level": Level.T12, "kind": 4, "side": "left", **wish})  # type: ignore[arg-type]
    with pytest.raises(InputError):
        make(tmp_path / "p", level=Level.C5, kind=4, side="left")
    assert list(tmp_path.iterdir()) == []


def test_neighbours_are_those_that_everyone_has() -> None:
    assert around(Level.T12) == (Level.T10, Level.T11, Level.T12, Level.L1, Level.L2)
    assert around(Level.T1) == (Level.T1, Level.T2, Level.T3)
    assert around(Level.L5) == (Level.L3, Level.L4, Level.L5, Level.S1)


def test_a_collapsed_patient_says_so_in_its_truth(tmp_path: Path) -> None:
    """A crush takes the same share everywhere; the rounding of the rim adds less than a hundredth."""
    make(
        tmp_path / "p", level=Level.T8, kind=2, side="left", spacing_mm=(2, 2, 2), density="blastic", both_sides=True,
        collapse=(0.4, "crush"),
    )  # fmt: skip
    truth = read(tmp_path / "p" / "truth.json")
    assert truth["density"] == "blastic"
    assert (truth["collapse"]["level"], truth["collapse"]["form"]) == ("T8", "crush")
    assert truth["collapse"]["lost_anterior"] == pytest.approx(0.4, abs=0.01)
    assert {"pedicle-left", "pedicle-right"} <= {zone["zone"] for zone in truth["zones"]}


def test_the_usual_patient_has_no_word_of_collapse(demo: Path) -> None:
    assert {"collapse", "density"}.isdisjoint(read(demo / "case" / "truth.json"))
