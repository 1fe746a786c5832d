"""`enbloc shorten`: from a case, from a height, from a level; what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from enbloc.cli.shorten import as_json, sheet, shortened
from enbloc.core.errors import InputError

STATED = """schema = "enbloc.case/1"
id = "a"
[extent]
levels = ["T12"]
zones = ["body"]
[planned]
shortening_mm = 6
"""


def enbloc_shorten(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-X", "utf8", "-m", "enbloc", "shorten", *arguments]
    return subprocess.run(command, capture_output=True, encoding="utf-8", timeout=60)


def test_one_height() -> None:
    """A third of 30 mm is 10 mm."""
    text = sheet(shortened(None, 30.0, [], 6.0))
    assert "safe      up to 10.0 mm (10.0 to 10.0)" in text
    assert "planned   6 mm: phase 1, safe" in text
    assert "held-out" in text


def test_a_level_gives_the_expected_height_and_a_cage() -> None:
    found = shortened(None, None, ["T12"], 6.0)
    assert (found.height_is, found.possible_phases) == ("expected", (1, 2))
    assert found.compression.cage_height_mm is not None
    assert "not measured" in sheet(found)


def test_a_case_without_images(tmp_path: Path) -> None:
    """Levels of [extent], shortening of [planned]; the command line overrules the latter."""
    (tmp_path / "case.toml").write_text(STATED)
    found = shortened(str(tmp_path), None, [], None)
    assert (found.segments[0].level, found.height_is, found.planned_mm) == ("T12", "expected", 6.0)
    assert shortened(str(tmp_path), None, [], 3.0).planned_mm == 3.0


def test_a_case_that_names_no_level(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text('schema = "enbloc.case/1"\nid = "a"\n[extent]\ntomita_type = 4\n')
    with pytest.raises(InputError, match=r"planned\.levels: does not say which levels"):
        shortened(str(tmp_path), None, [], 5.0)


def test_json_holds_limits_curve_and_studies() -> None:
    document = json.loads(as_json(shortened(None, 24.0, ["T5"], 5.0)))
    assert document["schema"] == "enbloc.shortening/1"
    assert document["shortening"]["safe_mm"] == {"value": 8.0, "low": 8.0, "high": 8.0}
    assert document["shortening"]["phase"] == 1
    assert len(document["curve"]["points"]) == 101
    assert any(study["agrees"] is False for study in document["studies"])


def test_bad_input_is_one_line() -> None:
    done = enbloc_shorten("--segment-height-mm", "-3")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "enbloc: segment_height_mm: -3 is no height (a number of millimetres above 0)\n"


@pytest.mark.parametrize(
    ("height", "levels", "planned", "says"),
    [
        (None, [], 5.0, "CASE: no level is resected"),
        (None, ["T14"], 5.0, "'T14' is not a vertebral level"),
        (None, ["C5"], 5.0, "C5 lies outside"),
        (None, ["sacrum"], 5.0, "sacrum lies outside"),
        (30.0, ["T5", "T6"], 5.0, "one height, but several levels"),
        (30.0, [], -1.0, "planned_mm: -1 is no shortening"),
        (30.0, [], float("nan"), "planned_mm: nan is no shortening"),
        (0.0, [], 5.0, "segment_height_mm: 0 is no height"),
    ],
)
def test_bad_input(height: float | None, levels: list[str], planned: float, says: str) -> None:
    with pytest.raises(InputError, match=says):
        shortened(None, height, levels, planned)


def test_a_case_and_a_level_do_not_go_together() -> None:
    with pytest.raises(InputError, match="a case brings its own"):
        shortened("case.toml", None, ["T5"], None)


def test_unknown_height_is_said() -> None:
    text = sheet(shortened(None, None, ["T13"], 5.0))
    assert "segment   T13: not known" in text
    assert "not known limits in mm are not known" in text
