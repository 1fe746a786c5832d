"""The resection in a plan: when cuts are sought, what the plan says of them, and what they change in the advice."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from types import ModuleType

import jsonschema
import pytest

import enbloc.anatomy
import enbloc.tumour
from enbloc.case import parse_case
from enbloc.core.errors import InputError, LabelError
from enbloc.core.evidence import Caveat, Skipped, Step
from enbloc.decisions import recommend
from enbloc.planning import Settings, plan, plan_document, plan_json, plan_schema, why
from enbloc.planning.document import plain
from enbloc.planning.resecting import speaks_against
from enbloc.planning.revise import healthy_cut, revise
from enbloc.resection.nouns import Gate, MarginClass, OpenSide
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import TomitaType, from_statement
from planning import stand_ins
from resection.hand_made import a_resection, classed, with_ring_margin

TYPE_3 = 'schema = "enbloc.case/1"\nid = "a"\n[extent]\nlevels = ["T12"]\ntomita_type = 3\nadjacent_vertebra = false\n'
NO_SKIP = "skip_lesion = false\n"
BY_DEFAULT = Settings()


def advised(text: str):
    case = parse_case(text)
    extent = from_statement(case.extent)
    return case, extent, recommend(case, extent, {})


def revised(text: str, resection):
    case, extent, advice = advised(text)
    return revise(case, extent, {}, advice, resection, Settings())


@pytest.fixture
def seeking(monkeypatch: pytest.MonkeyPatch):
    """`seeking(answer)` plans the stand-in; the search answers with `answer`, or raises it. Returns plan and call."""
    monkeypatch.setattr(enbloc.anatomy, "locate", lambda imaging, progress: stand_ins.spine())
    monkeypatch.setattr(enbloc.tumour, "measure", lambda spine, stated: stand_ins.extent())

    def run(answer, case=None, imaging=None, settings=BY_DEFAULT):
        asked = []

        def resect(*arguments, **named):
            asked.append((arguments, named))
            if isinstance(answer, Exception):
                raise answer
            return answer

        module = ModuleType("enbloc.resection.resect")
        module.resect = resect
        monkeypatch.setitem(sys.modules, "enbloc.resection.resect", module)
        made = plan(case or stand_ins.case(), imaging or stand_ins.imaging(), settings)
        return made, asked

    return run


def test_the_search_is_given_what_the_case_decides(seeking) -> None:
    text = stand_ins.CASE + '[extent]\nencapsulated = true\n[planned]\nlevels = ["T12", "L1"]\n'
    settings = Settings(resection=ResectionSettings(tool="chisel"))
    made, ((arguments, named),) = seeking(a_resection(), parse_case(text), settings=settings)
    assert [type(value).__name__ for value in arguments] == ["Spine", "Imaging", "Extent"]
    assert named["encapsulated"] is True
    assert named["planned"] == ("T12", "L1")
    assert named["settings"].tool == "chisel"
    assert named["given"] is None
    assert made.resection is not None
    assert made.resection.levels == ("T12",)


def test_settings_stand_flat_in_the_manifest(seeking) -> None:
    made, _ = seeking(a_resection(), settings=Settings(resection=ResectionSettings(enough_mm=4.0)))
    assert made.manifest.settings["resection.enough_mm"] == 4.0
    assert made.manifest.settings["resection.tool"] == "t-saw"
    assert made.manifest.settings["band_system"] == "2001"
    assert not any(isinstance(value, dict) for value in made.manifest.settings.values())


def test_without_a_mask_or_images_nothing_is_sought(seeking) -> None:
    made, asked = seeking(a_resection(), imaging=replace(stand_ins.imaging(), tumour=None))
    assert (made.resection, asked) == (Skipped("there is no tumour mask"), [])
    assert plan(parse_case(TYPE_3)).resection == Skipped("no images were given")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('levels = ["C5"]\ntomita_type = 3\n', "outside scope: the operation is described for thoracic and lumbar"),
        ('levels = ["T12"]\ntomita_type = 3\nskip_lesion = true\n', "for type 7"),
        (
            (
                'levels = ["T12"]\ntomita_type = 3\nadjacent_vertebra = false\nskip_lesion = false\n'
                '[status]\necog = 4\n[tumour]\nkind = "metastasis"\n'
            ),
            "not recommended: the pathology speaks against TES (the performance gate comes before",
        ),
    ],
    ids=["outside scope", "type 7", "not recommended"],
)
def test_advice_against_the_operation_is_the_reason(text: str, words: str) -> None:
    _, extent, advice = advised('schema = "enbloc.case/1"\nid = "a"\n[extent]\n' + text)
    said = speaks_against(extent, advice)
    assert said is not None
    assert words in said


@pytest.mark.parametrize(("kind", "status"), [(3, "recommended"), (1, "relatively-indicated")])
def test_where_the_operation_stays_possible_cuts_are_sought(kind: int, status: str) -> None:
    text = TYPE_3.replace("= 3", f"= {kind}") + NO_SKIP
    _, extent, advice = advised(text + '[tumour]\nkind = "primary-malignant"\nenneking_stage = "IIB"\n')
    assert advice.tes.action == status
    assert speaks_against(extent, advice) is None
    _, extent, advice = advised(text)
    assert advice.tes.action == "unknown"
    assert speaks_against(extent, advice) is None


def test_labels_that_allow_no_cuts_are_a_reason_and_no_end(seeking) -> None:
    made, _ = seeking(LabelError("the ring is not closed", field="imaging.labels"))
    assert made.resection == Skipped("the labels allow no cuts: the ring is not closed")
    assert made.revised == made.resection, "one reason, said once"


def test_a_wrong_setting_is_wrong_input(seeking) -> None:
    with pytest.raises(InputError, match="no tool"):
        seeking(InputError("no tool is called 'saw'", field="settings.resection.tool"))


def test_document_of_a_resection_keeps_its_schema(seeking) -> None:
    made, _ = seeking(a_resection())
    document = plan_document(made)
    jsonschema.validate(document, plan_schema(), cls=jsonschema.Draft202012Validator)
    found = document["resection"]
    assert {
        "cuts",
        "releases",
        "pieces",
        "faces",
        "margin_mm",
        "margin_class",
        "intralesional_area_mm2",
    } <= found.keys()
    assert {"certificate", "no_tumour_cut_probability", "removal", "alternatives"} <= found.keys()
    assert '"drawing"' not in plan_json(made)
    cut = found["cuts"][0]
    assert (cut["name"], cut["gate"], cut["point_mm"]) == ("T12-left", "left", [-12.0, -28.0, 3.0])
    assert cut["margin_mm"] == {"value": 8.75, "low": 7.75, "high": 9.75}
    assert len(cut["polygon_mm"]) == 4


def test_directions_are_rounded_as_directions() -> None:
    """A point to 0.001 mm, a direction to 0.000001: 1/3, 2/3, 2/3 has length 1."""
    tilted = replace(a_resection().cuts[0], normal=(1 / 3, 2 / 3, 2 / 3), point_mm=(1 / 3, 0.0, 0.0))
    document = plain(tilted, "cut")
    assert document["normal"] == [0.333333, 0.666667, 0.666667]
    assert document["point_mm"] == [0.333, 0.0, 0.0]


def test_caveats_of_the_whole_and_of_cuts_are_among_the_warnings(seeking) -> None:
    found = a_resection()
    flawed = replace(found.cuts[0], caveats=(Caveat("enters-canal", "no cut here keeps out of the canal"),))
    made, _ = seeking(replace(found, cuts=(flawed, *found.cuts[1:])))
    said = {caveat.id: caveat.text for caveat in made.warnings}
    assert said["cord-position-unknown"] == "the whole canal is the no-go body"
    assert said["enters-canal"] == "T12-left: no cut here keeps out of the canal"
    assert "dura-not-labelled" not in said, "it stands beside its face"


def test_why_says_what_each_cut_comes_to(seeking) -> None:
    tree = why(seeking(a_resection())[0], "resection").splitlines()
    assert tree[0] == "resection of T12: marginal (intralesional possible), least margin 4.8 mm (3.8 to 5.8)"
    assert "├─ resection.cuts.0 (T12-left): through lamina, margin 8.8 mm (7.8 to 9.8), wide, section 96 mm²" in tree
    assert any("resection.faces.0 (T12 dura, dissected): marginal" in line for line in tree)
    assert any("at most 0.00 mm more" in line for line in tree)
    assert any(
        "T12 left: pedicle instead of lamina: margin -4.0 mm, section -12 mm² (possible" in line for line in tree
    )
    assert any("removal: did not run" in line for line in tree)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("resection.cuts.1", "(T12-right): through pedicle"),
        ("resection.faces.0", "T12 dura, dissected"),
        ("resection.certificate", "123456 planes compared"),
        ("resection.alternatives", "T12 left: pedicle instead of lamina"),
        ("resection.margin_class", "rule margin/bone"),
        ("resection.removal", "did not run"),
        ("resection.execution", "(freehand): no cut enters tumour, 62.0% (61.0% to 63.0%)"),
        ("resection.execution", "rule saw-error/offset"),
        ("resection.execution", "T12-left: stays clear, 65.0% (64.0% to 66.0%); 8.5 mm needed for 95 %"),
        ("resection.contamination", "no cut enters tumour; no tumour stays by the plan"),
        ("resection.releases.0", "(rib-right-12-sawn, approach): saw rib shaft"),
        ("resection", "resection.execution (freehand)"),
    ],
)
def test_why_of_a_part(path: str, words: str, seeking) -> None:
    assert words in why(seeking(a_resection())[0], path)


def test_why_of_a_side_without_a_cut_and_of_a_tampered_plan(seeking, tmp_path) -> None:
    side = OpenSide(Gate.LEFT, "T12", "tumour has eaten the ring")
    made, _ = seeking(replace(a_resection(), open_sides=(side,)))
    assert "(T12-left): no cut, tumour has eaten the ring" in why(made, "resection.open_sides.0")
    document = plan_document(made)
    document["resection"]["cuts"][0]["margin_mm"]["value"] = "wide"
    (tmp_path / "plan.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="not of the form"):
        why(tmp_path / "plan.json", "resection")


@pytest.mark.parametrize(
    ("margin_mm", "found"),
    [(1.5, "yes"), (0.5, None), (-0.5, None), (-1.5, "no")],
    ids=["clear", "may touch", "may be clear", "in tumour"],
)
def test_a_healthy_cut_is_clear_beyond_what_resolution_leaves(margin_mm: float, found: str | None) -> None:
    """The hand-made margins are open by 1 mm to both sides."""
    assert healthy_cut(with_ring_margin(margin_mm)) == found
    assert healthy_cut(with_ring_margin(margin_mm, Gate.RIGHT)) == found


def test_a_side_without_a_cut_proves_no_healthy_one() -> None:
    made = a_resection()
    assert healthy_cut(replace(made, cuts=made.cuts[1:])) is None


def test_cuts_through_bone_confirm_the_margin() -> None:
    """By the table: type 3 and a healthy place to cut is wide; the request to confirm it goes."""
    _, _, advice = advised(TYPE_3 + NO_SKIP)
    assert "healthy-cut-not-confirmed" in {caveat.id for caveat in advice.margin.caveats}
    found = revised(TYPE_3 + NO_SKIP, a_resection())
    assert list(found) == ["margin"]
    assert (found["margin"].action, found["margin"].achievable) == ("wide", ("wide", "marginal"))
    assert {"healthy-cut-not-confirmed", "margin-worse-than-advised"}.isdisjoint(c.id for c in found["margin"].caveats)
    first = found["margin"].because[0]
    assert first.gives == "the cuts found: a healthy place to cut on both sides: yes, margin marginal"
    assert first.facts[0] == "T12-left through lamina: margin 8.8 mm (7.8 to 9.8)"
    assert found["margin"].strength == "unverified", "no published row turns a distance into a healthy place"


def test_cuts_through_tumour_turn_the_margin() -> None:
    """By the table: type 3 without a healthy place to cut is intralesional."""
    found = revised(TYPE_3 + NO_SKIP, with_ring_margin(-3.0))
    assert found["margin"].action == "intralesional"
    assert found["margin"].achievable == ("intralesional",)


def test_a_statement_stands_against_the_cuts_and_is_questioned() -> None:
    stated = TYPE_3 + NO_SKIP + "healthy_cut = true\n"
    found = revised(stated, with_ring_margin(-3.0))
    assert found["margin"].action == "wide"
    texts = {caveat.id: caveat.text for caveat in found["margin"].caveats}
    assert "T12-left -3.0 mm (-4.0 to -2.0)" in texts["healthy-cut-contradicted"]
    assert "extent.healthy_cut = true" in texts["healthy-cut-contradicted"]
    assert "T12-left, " not in texts["margin-worse-than-advised"], "the only one"
    assert texts["margin-worse-than-advised"].endswith("intralesional here: T12-left")


def test_a_statement_that_the_cuts_confirm_changes_nothing() -> None:
    assert revised(TYPE_3 + NO_SKIP + "healthy_cut = true\n", a_resection()) == {}
    denied = revised(TYPE_3 + NO_SKIP + "healthy_cut = false\n", a_resection())
    assert [caveat.id for caveat in denied["margin"].caveats][-1] == "healthy-cut-contradicted"


def test_a_face_worse_than_the_advice_is_said() -> None:
    """Type 4 with a capsule: the table holds a marginal margin to be within reach."""
    text = TYPE_3.replace("= 3", "= 4") + NO_SKIP + "encapsulated = true\n"
    assert revised(text, a_resection()) == {}, "marginal, as the table says; the healthy cut decides nothing in type 4"
    torn = classed(MarginClass.INTRALESIONAL, MarginClass.MARGINAL)
    made = a_resection()
    faces = (replace(made.faces[0], margin_class=torn), *made.faces[1:])
    found = revised(text, replace(made, faces=faces, margin_class=torn))
    (caveat,) = (caveat for caveat in found["margin"].caveats if caveat.id == "margin-worse-than-advised")
    assert caveat.text.endswith("intralesional here: T12 dura; resolution leaves marginal open")
    assert found["margin"].action == "marginal"


def test_the_plan_keeps_both_and_warns(seeking) -> None:
    made, _ = seeking(a_resection())
    assert made.advice.margin == recommend(made.case, stand_ins.extent(), made.scores, Settings()).margin
    assert isinstance(made.revised, dict)
    worse = with_ring_margin(-3.0)
    made, _ = seeking(worse, parse_case(stand_ins.CASE + "[extent]\nencapsulated = true\n"))
    assert "margin-worse-than-advised" in {caveat.id for caveat in made.warnings}
    assert plan_document(made)["revised"]["margin"]["because"][0]["rule"].startswith("resection/cuts-found")
    assert "the cuts found" in why(made, "revised")


def test_the_type_may_say_seven_before_the_advice_does() -> None:
    _, extent, advice = advised(TYPE_3 + NO_SKIP)
    because = (Step("tomita/C1: a separate lesion elsewhere", (), "type 7", "tomita2006"),)
    said = speaks_against(replace(extent, tomita_type=TomitaType(7, 3, 7, True, because)), advice)
    assert said == "no cuts are sought for type 7: a separate lesion elsewhere"
