"""Wrong case files: each ends in one line that names the file, the field and, for a slip, the right word."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.case import parse_case, read_case
from enbloc.core.errors import CaseError

GOOD = """\
schema = "enbloc.case/1"
id = "t12-renal"

[patient]
age_years = 58

[imaging]
image = "ct.nii.gz"
modality = "ct"
[[imaging.labels]]
file = "spine.nii.gz"
scheme = "verse"
[imaging.tumour]
file = "tumour.nii.gz"

[extent]
levels = ["T12"]
zones = ["body", "pedicle-left"]
skip_lesion = false

[tumour]
kind = "primary-benign"
enneking_stage = "S3"
growth = "slow"

[[lesions]]
level = "T5"
size_mm = 8

[status]
ecog = 1
kps = 80
frankel = "D"

[vessels]
cord_feeders = ["T9-left"]

[planned]
shortening_mm = 6
systolic_mmhg = 90
"""

# (what is replaced, by what, the field named, words in the message)
WRONG = {
    "no schema": ('schema = "enbloc.case/1"', "", "schema", "missing"),
    "schema of tomorrow": ("enbloc.case/1", "enbloc.case/2", "schema", "enbloc.case/1"),
    "no id": ('id = "t12-renal"', "", "id", "missing"),
    "id with a slash": ("t12-renal", "a/b", "id", "A-Z"),
    "id of dots": ("t12-renal", "..", "id", "dots"),
    "id too long": ("t12-renal", "x" * 65, "id", "64"),
    "id with a line break": ("t12-renal", "a\\nb", "id", "A-Z"),
    "id is a number": ('"t12-renal"', "12", "id", "text in quotes"),
    "misspelt key": ("age_years", "age_year", "patient.age_year", "'age_years'"),
    "misspelt table": ("[patient]", "[pateint]", "pateint", "'patient'"),
    "key in the wrong table": ('growth = "slow"', "ecog = 1", "tumour.ecog", "[status]"),
    "misspelt status item": ("kps = 80", 'paim = "none"', "status.paim", "'pain'"),
    "negative age": ("= 58", "= -1", "patient.age_years", "at least 0"),
    "Methuselah": ("= 58", "= 969", "patient.age_years", "at most 130"),
    "age not a number": ("= 58", "= nan", "patient.age_years", "whole number"),
    "age in quotes": ("= 58", '= "58"', "patient.age_years", "whole number"),
    "age as truth value": ("= 58", "= true", "patient.age_years", "whole number"),
    "age as date": ("= 58", "= 1968-01-01", "patient.age_years", "whole number"),
    "sex of another spelling": ("age_years = 58", 'sex = "Female"', "patient.sex", "'female'"),
    "unknown modality": ('"ct"', '"pet"', "imaging.modality", "'ct' or 'mr'"),
    "path out of the folder": ("ct.nii.gz", "../ct.nii.gz", "imaging.image", "leaves the folder"),
    "path out by a detour": ("spine.nii.gz", "a/../../b", "imaging.labels[0].file", "leaves the folder"),
    "absolute path": ("tumour.nii.gz", "/etc/passwd", "imaging.tumour.file", "relative"),
    "path with a drive": ("tumour.nii.gz", "C:/x.nii", "imaging.tumour.file", "relative"),
    "path with backslashes": ("tumour.nii.gz", "\\\\\\\\host\\\\x", "imaging.tumour.file", "forward slashes"),
    "path with a null": ("tumour.nii.gz", "a\\u0000b", "imaging.tumour.file", "printable"),
    "home folder": ("tumour.nii.gz", "~/x.nii", "imaging.tumour.file", "relative"),
    "empty path": ("tumour.nii.gz", "", "imaging.tumour.file", "1 to 1024"),
    "scheme out of the folder": ('"verse"', '"../my.toml"', "imaging.labels[0].scheme", "leaves the folder"),
    "labels not a list": ("[[imaging.labels]]", "[imaging.labels]", "imaging.labels", "list"),
    "no labels": ('[[imaging.labels]]\nfile = "spine.nii.gz"\nscheme = "verse"', "", "imaging.labels", "missing"),
    "level that does not exist": ('["T12"]', '["T14"]', "extent.levels[0]", "T1 to T13"),
    "level in German": ('["T12"]', '["Th12"]', "extent.levels[0]", "'T12'"),
    "level in small letters": ('["T12"]', '["t12"]', "extent.levels[0]", "'T12'"),
    "level as number": ('["T12"]', "[12]", "extent.levels[0]", "T12"),
    "level twice": ('["T12"]', '["T12", "T12"]', "extent.levels", "twice"),
    "levels without brackets": ('["T12"]', '"T12"', "extent.levels", "list"),
    "unknown zone": ('"body"', '"corpus"', "extent.zones[0]", "'body'"),
    "unsided pedicle": ("pedicle-left", "pedicle", "extent.zones[1]", "'pedicle-left'"),
    "zone twice": ('"body", ', '"pedicle-left", ', "extent.zones", "twice"),
    "type beside zones": ("skip_lesion = false", "tomita_type = 4", "extent", "both"),
    "type 8": ('zones = ["body", "pedicle-left"]', "tomita_type = 8", "extent.tomita_type", "at most 7"),
    "truth as number": ("skip_lesion = false", "skip_lesion = 0", "extent.skip_lesion", "true or false"),
    "unknown kind": ("primary-benign", "primary", "tumour.kind", "'primary-"),
    "stage 3 for III or S3": ('"S3"', '"3"', "tumour.enneking_stage", "S3 and III are opposites"),
    "stage 3 as a number": ('"S3"', "3", "tumour.enneking_stage", "S3 and III are opposites"),
    "stage IIIA": ('"S3"', '"IIIA"', "tumour.enneking_stage", "'III'"),
    "growth 3": ('"slow"', "3", "tumour.growth", "'slow', 'moderate' or 'rapid'"),
    "size of nothing": ("size_mm = 8", "size_mm = 0", "lesions[0].size_mm", "more than 0"),
    "infinite size": ("size_mm = 8", "size_mm = inf", "lesions[0].size_mm", "finite"),
    "lesion nowhere": ('level = "T5"', "", "lesions[0].level", "missing"),
    "ECOG 6": ("ecog = 1", "ecog = 6", "status.ecog", "at most 5"),
    "KPS between the tens": ("kps = 80", "kps = 85", "status.kps", "multiple of 10"),
    "Frankel F": ('"D"', '"F"', "status.frankel", "'A'"),
    "side before level": ("T9-left", "left-T9", "vessels.cord_feeders[0]", "T9-left"),
    "artery without side": ('["T9-left"]', '["T9"]', "vessels.cord_feeders[0]", "T9-left"),
    "negative shortening": ("shortening_mm = 6", "shortening_mm = -6", "planned.shortening_mm", "at least 0"),
    "endless shortening": ("shortening_mm = 6", "shortening_mm = inf", "planned.shortening_mm", "finite"),
    "no pressure": ("systolic_mmhg = 90", "systolic_mmhg = 0", "planned.systolic_mmhg", "more than 0"),
    "bracket left open": ("[patient]", "[patient", "line 4", "not valid TOML"),
    "key twice": ("ecog = 1", "ecog = 1\necog = 2", "line 32", "not valid TOML"),
}


def test_the_good_case_is_good() -> None:
    assert parse_case(GOOD).id == "t12-renal"


@pytest.mark.parametrize(("old", "new", "field", "words"), WRONG.values(), ids=WRONG)
def test_wrong_case(old: str, new: str, field: str, words: str) -> None:
    assert GOOD.count(old) >= 1
    with pytest.raises(CaseError) as caught:
        parse_case(GOOD.replace(old, new, 1), file="my.toml")
    text = str(caught.value)
    assert caught.value.field == field
    assert text.startswith(f"my.toml: {field}: ")
    assert words in text
    assert "\n" not in text
    assert len(text) < 400


def test_several_problems_are_one_line_and_counted() -> None:
    text = GOOD.replace("= 58", "= 580").replace("ecog = 1", "ecog = 9").replace("kps", "kpss")
    with pytest.raises(CaseError, match=r"status\.kpss: unknown key; 2 more in this file"):
        parse_case(text)


def test_without_images_the_extent_must_be_said() -> None:
    with pytest.raises(CaseError, match=r"must say in \[extent\] where"):
        parse_case('schema = "enbloc.case/1"\nid = "x"')


@pytest.mark.parametrize(
    "text",
    ["a = " + "[" * 100_000, "a = " + "1" * 5000, "a." * 20_000 + "b = 1"],
    ids=["brackets nested deep", "a number without end", "a key without end"],
)
def test_bombs(text: str) -> None:
    with pytest.raises(CaseError):
        parse_case(text)


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_bytes(GOOD.encode().replace(b"renal", b"ren\xe9l"))
    with pytest.raises(CaseError, match=r"case\.toml: is not UTF-8 text"):
        read_case(tmp_path)


def test_too_large(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(CaseError, match="larger than 1 MiB"):
        read_case(tmp_path / "case.toml")


def test_folder_without_case(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"no case\.toml in this folder"):
        read_case(tmp_path)


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="no such file"):
        read_case(tmp_path / "nowhere.toml")


def test_name_with_a_null() -> None:
    with pytest.raises(CaseError):
        read_case("a\0b")


def test_name_with_a_line_break_stays_one_line(tmp_path: Path) -> None:
    with pytest.raises(CaseError) as caught:
        read_case(tmp_path / "a\nenbloc: forged: line")
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "case.toml")
    with pytest.raises(CaseError, match="not a regular file"):
        read_case(tmp_path)


def test_windows_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert read_case(tmp_path).id == "t12-renal"


LINES = GOOD.splitlines()
junk = st.one_of(
    st.sampled_from(LINES),
    st.text(max_size=30),
    st.sampled_from(
        ["[status]", "x = 1", "[[lesions]]", "level = 12", "a.b.c = {}", '"" = 0', "kps = 1e400", "id = 1979-05-27"]
    ),
)


@settings(deadline=None)  # times say more about the machine than about us
@given(st.lists(st.tuples(st.integers(0, len(LINES)), junk, st.booleans()), max_size=6))
def test_any_other_text_is_a_case_or_a_case_error(edits: list[tuple[int, str, bool]]) -> None:
    lines = list(LINES)
    for place, line, replace in edits:
        lines[place : place + replace] = [line]
    with suppress(CaseError):
        parse_case("\n".join(lines))


def test_a_key_of_a_million_letters_does_not_fill_the_screen() -> None:
    with pytest.raises(CaseError) as caught:
        parse_case(GOOD + "\n" + "x" * 1_000_000 + " = 1")
    assert len(str(caught.value)) < 500
