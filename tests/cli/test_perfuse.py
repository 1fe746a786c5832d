"""`enbloc perfuse`: from levels and from a case; what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from enbloc.cli.perfuse import Asked, as_json, perfused, sheet
from enbloc.core.errors import InputError

NOTHING = {
    "levels": [],
    "embolise": None,
    "feeders": None,
    "systolic_mmhg": None,
    "histology": None,
    "particles": False,
    "close_feeders": False,
}
STATED = """schema = "enbloc.case/1"
id = "a"
[extent]
levels = ["T9"]
zones = ["body"]
[vessels]
adamkiewicz = "T10-left"
[planned]
systolic_mmhg = 85
"""


def asked(**more: object) -> Asked:
    return Asked(**{**NOTHING, **more})


def enbloc_perfuse(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", "-m", "enbloc", "perfuse", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=120)


def test_levels_alone() -> None:
    text = sheet(perfused(None, asked(levels=["T12"])))
    assert "Taking out T12" in text
    assert "T11-left, T11-right, T12-left, T12-right, L1-left, L1-right (as published)" in text
    assert "held-out" in text
    assert "blood loss" in text


def test_a_case_and_what_overrules_it(tmp_path: Path) -> None:
    """The case's feeder keeps its level open; an angiogram that found none, said on the command line, does not."""
    (tmp_path / "case.toml").write_text(STATED)
    found = perfused(str(tmp_path), asked()).perfusion
    assert set(found.embolised) == {"T8-left", "T8-right", "T9-left", "T9-right"}
    assert found.pressure.systolic_mmhg == 85.0
    other = perfused(str(tmp_path), asked(feeders=[], systolic_mmhg=100.0)).perfusion
    assert len(other.embolised) == 6
    assert other.pressure.systolic_mmhg == 100.0


def test_five_levels_have_no_plan_but_options() -> None:
    text = sheet(perfused(None, asked(levels=["T10", "T11", "T12"])))
    assert "no proposal (no automatic plan)" in text
    assert "flow        no number" in text
    assert "days apart" in text


def test_nothing_is_closed_where_every_level_feeds_the_cord() -> None:
    text = sheet(perfused(None, asked(levels=["T12"], feeders=["T11-left", "T12-left", "L1-left"])))
    assert "close       nothing: each level" in text
    assert "as published" not in text


def test_json_and_nothing_else() -> None:
    done = enbloc_perfuse("--level", "T12", "--embolise", "T12", "--json")
    document = json.loads(done.stdout)
    assert document["schema"] == "enbloc.perfusion/1"
    assert document["perfusion"]["embolised"] == ["T12-left", "T12-right"]
    assert document["blood_loss"]["blood_loss_ml"]["low"] > 0.0
    assert json.loads(as_json(perfused(None, asked(levels=["T12"], embolise=["T12"])))) == document


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({}, r"^resected: names no level"),
        ({"levels": ["C5"]}, r"^resected: C5 is cervical"),
        ({"levels": ["T14"]}, r"^resected: 'T14' is no vertebra"),
        ({"levels": ["t12"]}, r"^resected: 't12' is no vertebra \(did you mean 'T12'\?\)"),
        ({"levels": ["T12"], "systolic_mmhg": 0.0}, r"^systolic_mmhg: 0 mmHg"),
        ({"levels": ["T12"], "systolic_mmhg": float("nan")}, r"^systolic_mmhg: nan mmHg"),
        ({"levels": ["T12"], "feeders": ["T9-middle"]}, r"^cord_feeders: 'T9-middle' names no side"),
        ({"levels": ["T12"], "embolise": ["sacrum"]}, r"^embolised: sacrum is sacral"),
    ],
)
def test_wrong_questions(more: dict[str, object], says: str) -> None:
    with pytest.raises(InputError, match=says):
        perfused(None, asked(**more))


def test_a_case_that_names_no_level(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text('schema = "enbloc.case/1"\nid = "a"\n[extent]\ntomita_type = 4\n')
    with pytest.raises(InputError, match=r"planned\.levels: does not say which levels"):
        perfused(str(tmp_path), asked())


def test_two_answers_about_the_feeder() -> None:
    done = enbloc_perfuse("--level", "T12", "--feeder", "T9-left", "--no-feeder")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "--no-feeder" in done.stderr
