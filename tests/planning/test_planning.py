"""Stages in order, every warning once, the same bytes every time, and a schema that real documents keep."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import enbloc.anatomy
import enbloc.tumour
from enbloc.case import parse_case
from enbloc.core.errors import InputError
from enbloc.core.evidence import Measured, Skipped
from enbloc.core.levels import Level
from enbloc.phantom import TumourSpec
from enbloc.planning import (
    Plan,
    SpineFindings,
    TumourFindings,
    plan,
    plan_document,
    plan_json,
    plan_schema,
    why,
    write_plan_json,
)
from enbloc.planning.document import plain
from planning import stand_ins

HEAD = 'schema = "enbloc.case/1"\nid = "a"\n'
REACHED = ("1a", "1b", "1c", "2", "3")
"""Grades of a tumour in the canal."""
STATED = """
schema = "enbloc.case/1"
id = "stated"
[extent]
levels = ["T12"]
zones = ["body", "pedicle-left", "canal"]
skip_lesion = false
adjacent_vertebra = false
"""
TOP_LEVEL = [
    "schema",
    "case",
    "manifest",
    "spine",
    "tumour",
    "scores",
    "advice",
    "outcomes",
    "revised",
    "resection",
    "perfusion",
    "shortening",
    "mechanics",
    "warnings",
]


@pytest.fixture
def stated() -> Plan:
    return plan(parse_case(STATED))


@pytest.fixture
def imaged(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """The stages' wiring, with stand-ins where anatomy and tumour do their work."""
    monkeypatch.setattr(enbloc.anatomy, "locate", lambda imaging, progress: stand_ins.spine())
    monkeypatch.setattr(enbloc.tumour, "measure", lambda spine, stated: stand_ins.extent())
    return plan(stand_ins.case(), stand_ins.imaging())


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with unknown fields refused: ours stays open to later fields, a document of today has none."""
    strict: dict[str, Any] = json.loads(json.dumps(schema))
    for part in (strict, *strict["$defs"].values()):
        if "properties" in part:
            part["additionalProperties"] = False
    return strict


def test_a_case_without_images_is_a_whole_case(stated: Plan) -> None:
    """Zones body, pedicle, canal, neighbours and column stated free: row C5 of the decision table, type 4."""
    assert isinstance(stated.tumour, TumourFindings)
    assert stated.tumour.tomita_type.value == 4
    assert (stated.tumour.tomita_type.low, stated.tumour.tomita_type.high) == (4, 4)
    assert isinstance(stated.spine, Skipped)
    assert stated.drawing is None


def test_no_mask_and_no_statement(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    monkeypatch.setattr(enbloc.anatomy, "locate", lambda imaging, progress: stand_ins.spine())
    made = plan(stand_ins.case(), replace(stand_ins.imaging(), tumour=None))
    assert isinstance(made.spine, SpineFindings)
    assert made.tumour == Skipped("there is no tumour mask, and [extent] does not say where the tumour is")


def test_every_warning_once_and_none_lost(imaged: Plan) -> None:
    """Case, reading, spine and vertebrae (three times the same), extent, canal, and one of many from the advice."""
    assert [caveat.id for caveat in imaged.warnings][:6] == [
        "enneking-on-metastasis",
        "resampled",
        "cut-at-border",
        "skip-not-excluded",
        "epidural-on-ct",
        "guideline-only",
    ]
    assert len(set(imaged.warnings)) == len(imaged.warnings)


def test_steps_are_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enbloc.anatomy, "locate", lambda imaging, progress: stand_ins.spine())
    monkeypatch.setattr(enbloc.tumour, "measure", lambda spine, stated: stand_ins.extent())
    steps: list[str] = []
    plan(stand_ins.case(), stand_ins.imaging(), progress=steps.append)
    assert steps == [
        "finding the vertebrae",
        "closing the compartments",
        "measuring the tumour",
        "laying the tumour against the barriers",
        "reading clock, canal and vessels",
        "reading the stability items",
        "seeking the cuts",
        "following the blood",
    ]


def test_where_all_lies_is_told_once_before_cuts_are_sought(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enbloc.anatomy, "locate", lambda imaging, progress: stand_ins.spine())
    monkeypatch.setattr(enbloc.tumour, "measure", lambda spine, stated: stand_ins.extent())
    events: list[Any] = []
    made = plan(
        stand_ins.case(), stand_ins.imaging(), progress=events.append, located=lambda *told: events.append(told)
    )
    (told,) = (event for event in events if isinstance(event, tuple))
    assert told[0] is made.drawing
    assert told[1] == stand_ins.extent()
    assert events.index("reading the stability items") < events.index(told) < events.index("seeking the cuts")


def test_without_images_nothing_is_told() -> None:
    told: list[Any] = []
    plan(parse_case(STATED), located=lambda *places: told.append(places))
    assert not told


def test_without_a_mask_the_spine_is_told_and_why_there_is_no_extent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enbloc.anatomy, "locate", lambda imaging, progress: stand_ins.spine())
    told: list[Any] = []
    imaging = replace(stand_ins.imaging(), tumour=None)
    made = plan(stand_ins.case(), imaging, located=lambda *places: told.append(places))
    assert told == [(made.drawing, made.tumour)]
    assert isinstance(made.tumour, Skipped)


@pytest.mark.parametrize("kind", ["stated", "imaged"])
def test_document_keeps_the_contract(kind: str, request: pytest.FixtureRequest) -> None:
    document = plan_document(request.getfixturevalue(kind))
    assert list(document) == TOP_LEVEL
    assert document["schema"] == "enbloc.plan/1"
    validator = jsonschema.Draft202012Validator(closed(plan_schema()))
    validator.check_schema(plan_schema())
    validator.validate(document)


def test_schema_refuses_a_wrong_document(imaged: Plan) -> None:
    validator = jsonschema.Draft202012Validator(plan_schema())
    for path, value in (("tumour", {}), ("warnings", None), ("schema", "enbloc.plan/2"), ("spine", {"skipped": 3})):
        assert not validator.is_valid({**plan_document(imaged), path: value}), path
    assert validator.is_valid({**plan_document(imaged), "new_field": 1}), "fields may be added"


def test_numbers_are_rounded_once_and_by_kind(imaged: Plan) -> None:
    """By hand from the stand-in: 1234.56789 mm3, a share of 0.123456, an origin at 6/3 mm, an axis of 0.99999999."""
    document = plan_document(imaged)
    level = document["spine"]["levels"][0]
    assert level["volume_mm3"] == 1234.568
    assert level["canal_centre_mm"] == [2.546, 0.0, 6.0]
    assert level["canal_width_mm"] is None, "it comes from the sizes, and the stand-in has no voxels to measure"
    assert level["frame"]["superior"] == [0.0, 0.0, 1.0]
    assert json.dumps(level["frame"]["right"]) == "[1.0, 0.0, 0.0]", "no minus zero"
    assert document["tumour"]["zones"][0]["share"] == 0.1235
    assert document["spine"]["grid_spacing_mm"] == [1.0, 1.0, 2.5]


def test_no_voxels_and_no_machine_in_the_document(imaged: Plan) -> None:
    text = plan_json(imaged)
    assert '"box"' not in text
    assert '"drawing"' not in text
    assert str(Path.cwd()) not in text


def test_not_a_number_is_a_bug_not_a_value(imaged: Plan) -> None:
    from dataclasses import replace

    broken = replace(imaged, manifest=replace(imaged.manifest, residuals={"solver": float("nan")}))
    with pytest.raises(ValueError, match="solver: nan"):
        plan_json(broken)


def test_same_plan_same_bytes(imaged: Plan, tmp_path: Path) -> None:
    write_plan_json(imaged, tmp_path / "a.json")
    write_plan_json(imaged, tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes() == plan_json(imaged).encode()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.json", "b.json"]


def test_a_failed_write_leaves_the_old_file(imaged: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plan.json").write_text("old")

    def interrupted(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_plan_json(imaged, tmp_path / "plan.json")
    assert {p.name: p.read_text() for p in tmp_path.iterdir()} == {"plan.json": "old"}


def test_why_names_rule_facts_and_source(imaged: Plan) -> None:
    assert why(imaged, "tumour.tomita_type") == (
        "tumour.tomita_type: 4 (4 to 5 possible), borderline\n"
        "└─ type 4\n"
        "   ├─ because T12 canal involved\n"
        "   └─ rule tomita/C5: tumour in the spinal canal; "
        "Tomita K et al. 2006, doi:10.1007/s00776-005-0964-y [seed]"
    )


def test_why_from_plan_file_and_part_agree(imaged: Plan, tmp_path: Path) -> None:
    write_plan_json(imaged, tmp_path / "plan.json")
    assert why(imaged) == why(tmp_path / "plan.json") == why(str(tmp_path / "plan.json"))
    assert "tomita_type: 4" in why(imaged.tumour)
    assert "mechanics: did not run" in why(imaged)


def test_why_says_when_there_is_nothing_to_say(imaged: Plan) -> None:
    assert "no reasons of its own" in why(imaged, "manifest")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("tumor", "did you mean 'tumour'?"),
        ("tumour.tomita_type.valu", "did you mean 'value'?"),
        ("spine.levels.9", "known here: 0, 1"),
        ("schema.x", "nothing lies below"),
        ("..", "the plan has no ''"),
    ],
)
def test_why_path_that_leads_nowhere(imaged: Plan, path: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        why(imaged, path)
    assert words in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": "enbloc.case/1"}', b"\xff", b"[" * 100_000])
def test_why_of_a_file_that_is_no_plan(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(InputError, match=r"plan\.json: "):
        why(tmp_path / "plan.json")


def test_why_of_a_tampered_plan_ends_in_words(imaged: Plan, tmp_path: Path) -> None:
    document = plan_document(imaged)
    document["tumour"]["tomita_type"]["because"] = ["nonsense"]
    (tmp_path / "plan.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="because"):
        why(tmp_path / "plan.json")


def test_a_measured_number_is_rounded_by_the_field_that_holds_it() -> None:
    """0.001 for lengths, six significant digits where the name carries no unit of length."""
    measured = Measured(12.34567, 11.0004, 13.0)
    assert plain(measured, "height_mm") == {"value": 12.346, "low": 11.0, "high": 13.0}
    assert plain(measured, "angle_deg")["value"] == 12.3457


def test_a_plan_states_one_canal_and_its_sizes(phantom):
    """The levels' canal is the one of the morphometry, and a healthy patient's sizes raise no warning."""
    patient = phantom(levels=("T12", "L1"), tumour=None, spacing_mm=(1.2, 1.2, 1.2))
    found = plan(stand_ins.case(), replace(patient.imaging, tumour=None))
    for vertebra, one in zip(found.spine.levels, found.spine.morphometry, strict=True):
        assert vertebra.canal_width_mm == one.canal_width_mm.value
        assert vertebra.canal_depth_mm == one.canal_depth_mm.value
    assert not any(caveat.id == "morphometry-outlier" for caveat in found.warnings)


def test_measured_stability_answers_items_of_sins() -> None:
    """What was read of the level with most tumour, all options that the measurement leaves; unread items stay open."""
    from enbloc.planning.stages import measured_answers
    from enbloc.tumour import LevelStability, Stability
    from enbloc.tumour.sins import read_item

    items = (read_item("body-collapse", "under-half", ("under-half", "over-half")), read_item("pain", None, ()))
    other = (read_item("body-collapse", "none", ("none",)),)
    levels = (LevelStability(Level.L1, other, 0, 0, ()), LevelStability(Level.T12, items, 2, 6, ()))
    found = measured_answers(stand_ins.extent(), Stability("sins", "2010", levels), Skipped("no canal"))
    assert found == {"sins-2010": {"body-collapse": ("over-half", "under-half")}}
    assert measured_answers(Skipped("none"), Stability("sins", "2010", levels), Skipped("none")) == {}


@pytest.mark.parametrize(
    ("low", "high", "grades"),
    [
        ("0", "0", ("0",)),
        ("0", "1c", ("0", "1a", "1b", "1c")),
        ("1a", "3", REACHED),
        ("0", "3", None),
    ],
)
def test_measured_epidural_grades_answer_the_scale(low: str, high: str, grades: tuple[str, ...] | None) -> None:
    """Every grade of the range, both ends among them; a range of all six says nothing, so the type may still tell."""
    from enbloc.planning.stages import measured_answers
    from enbloc.scores import Score, evaluate_all
    from enbloc.tumour import EpiduralFindings, GradeHint

    hint = GradeHint(low if low == high else None, low, high, (), ())
    answers = measured_answers(stand_ins.extent(), Skipped("no"), EpiduralFindings((), "none", 1.0, (), hint))
    assert answers == {"escc-2010": {} if grades is None else {"grade": grades}}
    score = evaluate_all(parse_case(HEAD + "[extent]\ntomita_type = 4\n"), None, answers)["escc-2010"]
    assert isinstance(score, Score)
    part = score.parts["grade"]
    assert (part.possible, part.basis) == ((grades, "measured") if grades else (REACHED, "derived"))
    assert part.checked == "unverified"


def test_images_fill_the_epidural_scale(phantom) -> None:
    """A tumour of type 4 is painted into the canal; on CT the table leaves 1a to 3 open (row E7)."""
    made = phantom(levels=("T11", "T12", "L1"), tumour=TumourSpec(type=4, level="T12"), margin_mm=(14.0, 14.0, 6.0))
    found = plan(stand_ins.case(), made.imaging, stand_ins.NO_WAY_OUT).scores["escc-2010"].parts["grade"]
    assert (found.possible, found.basis) == (REACHED, "measured")
    assert (found.low, found.high, found.checked) == (1, 5, "unverified")


def test_scores_are_in_the_plan_and_their_caveats_among_the_warnings() -> None:
    text = STATED + '[tumour]\nhistology = "kidney"\n[status]\nkps = 0\n'
    made = plan(parse_case(text))
    assert {"histology-not-listed", "outside-the-instrument"} <= {caveat.id for caveat in made.warnings}
    document = plan_document(made)["scores"]["tomita-2001"]
    assert (document["low"], document["high"], document["band"]) == (2, 10, None)
    assert set(document["parts"]) == {"growth", "visceral", "bone"}


def test_why_of_a_score(stated: Plan) -> None:
    """T12 is junctional by the table of SINS: 3 points; five items are open."""
    tree = why(stated, "scores.sins-2010")
    assert tree.startswith("scores.sins-2010: 3 to 18, stable or potentially-unstable or unstable")
    assert "because extent.levels = T12" in tree
    assert "not known: pain (status.pain)" in tree
