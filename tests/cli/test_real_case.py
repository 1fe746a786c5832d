"""One real label map with a tumour of known type (verse005, made type 4 at L4), through the whole program."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import jsonschema
import pytest

from enbloc.cli.run import run
from enbloc.planning import plan_schema

DATA = Path(__file__).parents[3] / "shared" / "data" / "verse005"
CASE = """
schema = "enbloc.case/1"
id = "verse005"
[imaging]
image = "ct.nii.gz"
modality = "ct"
[[imaging.labels]]
file = "spine.nii.gz"
scheme = "verse"
[imaging.tumour]
file = "tumour.nii.gz"
"""

pytestmark = [pytest.mark.real_data, pytest.mark.skipif(not DATA.is_dir(), reason="the images are not there")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    case = tmp_path_factory.mktemp("verse005")
    for source, name in (
        ("sub-verse005_ct.nii.gz", "ct.nii.gz"),
        ("sub-verse005_seg-vert_msk.nii.gz", "spine.nii.gz"),
        ("tumours/tumour_tomita4.nii.gz", "tumour.nii.gz"),
    ):
        shutil.copy(DATA / source, case / name)
    (case / "case.toml").write_text(CASE)
    run(str(case), case / "out")
    return case


def test_the_plan_is_right_and_keeps_its_schema(folder: Path) -> None:
    document = json.loads((folder / "out" / "plan.json").read_text(encoding="utf-8"))
    jsonschema.validate(document, plan_schema(), cls=jsonschema.Draft202012Validator)
    truth = json.loads((DATA / "tumours" / "tumour_tomita4.json").read_text(encoding="utf-8"))
    assert document["tumour"]["tomita_type"]["value"] == truth["tomita_type"] == 4
    assert [level["level"] for level in document["spine"]["levels"]] == ["L1", "L2", "L3", "L4", "L5"]


def test_every_promised_file_is_there(folder: Path) -> None:
    names = {str(p.relative_to(folder / "out")) for p in (folder / "out").rglob("*") if p.is_file()}
    assert {"plan.json", "report.html", "scene.json", "labels.nii.gz", "labels.txt", "run.json"} < names
    assert any(name.startswith("meshes/") and name.endswith(".stl") for name in names)
    assert names == set(json.loads((folder / "out" / "run.json").read_text())["files"])


def test_input_hashes_are_those_of_the_files(folder: Path) -> None:
    document = json.loads((folder / "out" / "plan.json").read_text(encoding="utf-8"))
    listed = {entry["file"]: entry["sha256"] for entry in document["manifest"]["inputs"]}
    assert set(listed) == {"ct.nii.gz", "spine.nii.gz", "tumour.nii.gz"}
    for name, digest in listed.items():
        assert digest == hashlib.sha256((folder / name).read_bytes()).hexdigest()


def test_a_second_run_gives_the_same_bytes(folder: Path) -> None:
    """Everything but run.json, which is there for what may differ."""
    run(str(folder), folder / "again")
    for first in (folder / "out").rglob("*"):
        second = folder / "again" / first.relative_to(folder / "out")
        if first.is_file() and first.name != "run.json":
            assert first.read_bytes() == second.read_bytes(), first.name


def test_nothing_names_the_machine(folder: Path) -> None:
    for name in ("plan.json", "report.html", "scene.json"):
        assert str(folder) not in (folder / "out" / name).read_text(encoding="utf-8")
