"""What a case file says arrives; what it writes reads back; what contradicts itself is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enbloc.case import case_schema, case_toml, contradictions, facts, parse_case, read_case, write_case
from enbloc.core.levels import Level

CONTRACT = """\
schema = "enbloc.case/1"
id = "t12-renal"

[patient]
age_years = 58
sex = "female"

[imaging]
image = "ct.nii.gz"
modality = "ct"
[[imaging.labels]]
file = "spine.nii.gz"
scheme = "totalsegmentator-v2"
[imaging.anchor]
label = 6
level = "L1"
[imaging.tumour]
file = "Tumor Größe.seg.nrrd"
segment = "GTV \\"1\\""

[extent]
levels = ["T12"]
zones = ["body", "pedicle-left"]
adjacent_vertebra = false
skip_lesion = false
encapsulated = true
major_vessel_involved = false
segmental_artery_involved = false

[tumour]
kind = "metastasis"
histology = "renal-cell-carcinoma"
growth = "moderate"

[[lesions]]
level = "T5"
size_mm = 8
symptomatic = false

[status]
ecog = 1
kps = 80
frankel = "D"
visceral_metastases = "none"
bone_metastases = "multiple"
pain = "mechanical"
albumin_g_dl = 3.9
ambulatory = true

[history]
prior_radiotherapy = false
prior_surgery = false

[vessels]
cord_feeders = ["T9-left"]
adamkiewicz = "T9-left"

[planned]
levels = ["T12"]
shortening_mm = 6
systolic_mmhg = 90
"""
STATED = 'schema = "enbloc.case/1"\nid = "x"\n'


def test_every_key_of_the_contract_arrives(tmp_path: Path) -> None:
    (tmp_path / "case.toml").write_text(CONTRACT, encoding="utf-8")
    case = read_case(tmp_path)
    assert case.folder == tmp_path
    assert case.imaging is not None
    assert case.imaging.labels[0].scheme == "totalsegmentator-v2"
    assert case.imaging.anchor is not None
    assert case.imaging.anchor.level is Level.L1
    assert case.imaging.tumour is not None
    assert case.imaging.tumour.segment == 'GTV "1"'
    assert case.extent.zones == ("body", "pedicle-left")
    assert case.status.answers["pain"] == "mechanical"
    assert case.status.answers["albumin_g_dl"] == 3.9
    assert case.planned.shortening_mm == 6
    assert case.extent.tomita_type is None


def test_unknown_stays_unknown() -> None:
    case = parse_case(STATED + "[extent]\ntomita_type = 4")
    assert case.imaging is None
    assert case.patient.age_years is None
    assert case.status.answers == {}
    assert facts(case) == {"schema": "enbloc.case/1", "id": "x", "extent": {"tomita_type": 4}}


def test_no_zone_is_not_the_same_as_unknown_zones() -> None:
    assert parse_case(STATED + "[extent]\nzones = []").extent.zones == ()
    assert parse_case(STATED + "[extent]\nlevels = ['T12']").extent.zones is None


def test_facts_hold_no_folder(tmp_path: Path) -> None:
    write_case(parse_case(CONTRACT), tmp_path / "case.toml")
    assert str(tmp_path) not in json.dumps(facts(read_case(tmp_path)))


def test_write_then_read(tmp_path: Path) -> None:
    case = parse_case(CONTRACT)
    write_case(case, tmp_path / "copy.toml")
    assert facts(read_case(tmp_path / "copy.toml")) == facts(case)
    assert [p.name for p in tmp_path.iterdir()] == ["copy.toml"]


text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40).filter(
    lambda s: s.isprintable() and s.strip() != ""
)
names = text.filter(lambda s: not s.startswith("~") and not set(s) & set("/\\:"))
paths = names.filter(lambda s: s != "..")
truth = st.booleans()
levels = st.sampled_from([str(level) for level in Level])
sided = st.builds("{}-{}".format, levels, st.sampled_from(["left", "right"]))


def table(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=keys)


cases = st.fixed_dictionaries(
    {
        "schema": st.just("enbloc.case/1"),
        "id": st.from_regex(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}\Z"),
        "imaging": st.fixed_dictionaries(
            {
                "labels": st.lists(st.fixed_dictionaries({"file": paths, "scheme": paths}), min_size=1, max_size=3),
            },
            optional={
                "image": paths,
                "tumour": st.fixed_dictionaries({"file": paths}, optional={"segment": text}),
                "anchor": st.fixed_dictionaries({"label": st.integers(1, 65535), "level": levels}),
            },
        ),
    },
    optional={
        "patient": table(age_years=st.integers(0, 130), sex=st.sampled_from(["female", "male", "other"])),
        "extent": table(levels=st.lists(levels, unique=True), skip_lesion=truth, encapsulated=truth),
        "tumour": table(kind=st.sampled_from(["metastasis", "primary-benign"]), histology=text),
        "lesions": st.lists(
            st.fixed_dictionaries({"level": levels}, optional={"size_mm": st.floats(1e-9, 500)}), max_size=3
        ),
        "status": table(
            ecog=st.integers(0, 5),
            kps=st.sampled_from(range(0, 101, 10)),
            albumin_g_dl=st.floats(0, 10),
            myelopathy=truth,
            vertebral_metastases=st.integers(0, 33),
            epidural_grade=st.sampled_from(["0", "1a", "3"]),
        ),
        "vessels": table(cord_feeders=st.lists(sided, unique=True), adamkiewicz=sided),
        "planned": table(shortening_mm=st.floats(0, 200), systolic_mmhg=st.floats(1e-300, 300)),
    },
)


VALIDATOR = jsonschema.Draft202012Validator(case_schema())


@settings(deadline=None)  # times say more about the machine than about us
@given(cases)
def test_any_case_survives_writing_and_reading(tables: dict[str, Any]) -> None:
    from enbloc.case import Case

    case = Case.model_validate(tables)
    again = parse_case(case_toml(case))
    assert facts(again) == facts(case)
    assert again == case
    VALIDATOR.validate(facts(case))


def test_schema_refuses_what_the_reader_refuses() -> None:
    VALIDATOR.check_schema(case_schema())
    good = facts(parse_case(CONTRACT))
    assert VALIDATOR.is_valid(good)
    for broken in ({"patient": {"age": 1}}, {"extent": {"levels": ["T14"]}}, {"id": "a/b"}, {"status": {"kps": 85}}):
        assert not VALIDATOR.is_valid({**good, **broken}), broken


CONTRADICTING = {
    "enneking-on-metastasis": 'tumour = {kind = "metastasis", enneking_stage = "IIB"}',
    "stage-contradicts-kind": 'tumour = {kind = "primary-malignant", enneking_stage = "S3"}',
    "primary-with-metastases": 'tumour = {kind = "primary-benign"}\nstatus = {visceral_metastases = "treatable"}',
    "isolated-with-skip-lesion": 'status = {bone_metastases = "isolated"}\nextent = {skip_lesion = true}',
    "isolated-with-further-lesions": 'status = {bone_metastases = "isolated"}\nlesions = [{level = "T5"}]',
    "lesion-contradicts-no-skip": 'extent = {levels = ["T12"], skip_lesion = false}\nlesions = [{level = "T5"}]',
    "levels-contradict-no-skip": 'extent = {levels = ["T5", "T12"], skip_lesion = false}',
    "levels-contradict-adjacent": 'extent = {levels = ["T11", "T12"], adjacent_vertebra = false}',
    "adjacent-level-not-named": 'extent = {levels = ["T11"], adjacent_vertebra = true}',
    "type-contradicts-extent": "extent = {tomita_type = 3, adjacent_vertebra = true}",
    "adamkiewicz-not-a-feeder": 'vessels = {cord_feeders = ["T9-left"], adamkiewicz = "T9-right"}',
    "planned-levels-miss-tumour": 'extent = {levels = ["T12"]}\nplanned = {levels = ["L1"]}',
}


@pytest.mark.parametrize(("name", "tables"), CONTRADICTING.items(), ids=CONTRADICTING)
def test_contradictions_are_said(name: str, tables: str) -> None:
    if "extent" not in tables:
        tables += "\nextent = {tomita_type = 4}"
    assert name in [caveat.id for caveat in contradictions(parse_case(STATED + tables))]


@pytest.mark.parametrize(
    "tables",
    [
        'extent = {levels = ["T12"], zones = ["body"], adjacent_vertebra = false, skip_lesion = false}',
        'extent = {levels = ["T11", "T12"], adjacent_vertebra = true, skip_lesion = false}',
        'extent = {levels = ["T12", "L1"]}\nplanned = {levels = ["T12", "L1"]}',
        'tumour = {kind = "primary-malignant", enneking_stage = "III"}\nextent = {tomita_type = 7, skip_lesion = true}',
        'lesions = [{level = "T11"}]\nextent = {levels = ["T12"], skip_lesion = false}',
        'extent = {levels = ["T12", "L1"], adjacent_vertebra = true}\nvessels = {adamkiewicz = "T9-left"}',
    ],
)
def test_a_case_at_peace_with_itself(tables: str) -> None:
    assert contradictions(parse_case(STATED + tables)) == ()
