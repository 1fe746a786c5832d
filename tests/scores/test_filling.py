"""What a case, its extent and its images make of the items; a statement before a measurement, before a table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enbloc.case import Case, parse_case
from enbloc.core.evidence import Skipped
from enbloc.core.levels import Level
from enbloc.knowledge import histologies, instrument, instrument_keys, load_table, radiosensitivity
from enbloc.scores import Score, evaluate_all, unlisted_histology
from enbloc.tumour import from_statement
from planning import stand_ins

HEAD = 'schema = "enbloc.case/1"\nid = "a"\n'


def case(text: str, extent: str = 'levels = ["T12"]') -> Case:
    return parse_case(f"{HEAD}[extent]\n{extent}\n{text}")


def scores(made: Case, **wishes: object) -> dict[str, Score | Skipped]:
    return evaluate_all(made, from_statement(made.extent), **wishes)  # type: ignore[arg-type]


def scored(key: str, made: Case, **wishes: object) -> Score:
    found = scores(made, **wishes)[key]
    assert isinstance(found, Score)
    return found


def test_histology_fills_growth_and_says_from_where() -> None:
    part = scored("tomita-2001", case('[tumour]\nhistology = "renal-cell-carcinoma"')).parts["growth"]
    assert (part.answer, part.basis, part.source, part.checked) == ("moderate", "derived", "tomita2001", "secondary")


def test_recalled_rows_are_shown_as_such() -> None:
    """The list of 2001 names the liver only as recalled."""
    found = scored("tomita-2001", case('[tumour]\nhistology = "hepatocellular-carcinoma"'))
    assert found.parts["growth"].checked == found.checked == "unverified"


def test_stated_growth_overrules_the_list_and_says_so() -> None:
    found = scored("tomita-2001", case('[tumour]\nhistology = "lung-carcinoma"\ngrowth = "slow"'))
    assert (found.parts["growth"].answer, found.parts["growth"].basis) == ("slow", "stated")
    assert [caveat.id for caveat in found.caveats] == ["stated-overrules-derived"]
    assert "stated as slow" in found.caveats[0].text


def test_lists_that_disagree_stand_side_by_side() -> None:
    """Colon: rapid (4) in the list of 2001 as recalled, moderate (2) in the later one."""
    made = case('[tumour]\nhistology = "colon-carcinoma"\n[status]\nvisceral_metastases = "none"')
    first, later = scored("tomita-2001", made), scored("tomita-later", made)
    assert (first.parts["growth"].low, later.parts["growth"].low) == (4, 2)


def test_unlisted_histology_fills_nothing_and_is_said() -> None:
    made = case('[tumour]\nhistology = "renal cell carcinoma"')
    assert scored("tomita-2001", made).parts["growth"].basis == "unknown"
    (caveat,) = unlisted_histology(made)
    assert caveat.id == "histology-not-listed"
    assert "did you mean 'renal-cell-carcinoma'?" in caveat.text
    assert list(unlisted_histology(case(""))) == []


def test_sins_location_follows_the_level() -> None:
    """T12 junctional, L3 mobile; two stated levels leave both open."""
    assert scored("sins-2010", case("")).parts["location"].answer == "junctional"
    assert scored("sins-2010", case("", 'levels = ["L3"]')).parts["location"].answer == "mobile"
    part = scored("sins-2010", case("", 'levels = ["T10", "T11"]')).parts["location"]
    assert (part.possible, part.low, part.high) == (("junctional", "semirigid"), 1, 3)


def test_a_measured_level_is_marked_as_measured() -> None:
    """Of several measured levels the one with most tumour is scored."""
    extent = replace(stand_ins.extent(), levels=(Level.T12, Level.L2), index_level=Level.L2)
    found = evaluate_all(stand_ins.case(), extent)["sins-2010"]
    assert isinstance(found, Score)
    assert (found.parts["location"].answer, found.parts["location"].basis) == ("mobile", "measured")


def test_measured_answers_fill_and_statements_overrule_them() -> None:
    measured = {"sins-2010": {"body-collapse": ("under-half", "over-half")}}
    found = scored("sins-2010", case(""), measured=measured)
    part = found.parts["body-collapse"]
    assert (part.possible, part.basis, part.low, part.high) == (("over-half", "under-half"), "measured", 2, 3)
    stated = scored("sins-2010", case('[status]\nbody_collapse = "none"'), measured=measured)
    assert (stated.parts["body-collapse"].answer, stated.parts["body-collapse"].basis) == ("none", "stated")
    assert [caveat.id for caveat in stated.caveats] == ["stated-overrules-measured"]
    agreeing = scored("sins-2010", case('[status]\nbody_collapse = "under-half"'), measured=measured)
    assert agreeing.caveats == ()


def test_type_narrows_the_epidural_grade() -> None:
    """Zones body and pedicle are type 2 (or more, where neighbours are not stated); the canal is free: grade 0."""
    closed = 'levels = ["T12"]\nskip_lesion = false\nadjacent_vertebra = false\n'
    inside = scored("escc-2010", case("", closed + 'zones = ["body", "pedicle-left"]'))
    assert (inside.parts["grade"].answer, inside.band) == ("0", "low-grade")
    reaching = scored("escc-2010", case("", closed + 'zones = ["body", "canal"]'))
    assert reaching.parts["grade"].possible == ("1a", "1b", "1c", "2", "3")


def test_vertebrae_are_counted_only_when_the_column_is_known() -> None:
    """One level seen: exactly one where no skip lesion is stated, at least one otherwise."""
    known = scored("tokuhashi-2005", case("", 'levels = ["T12"]\nskip_lesion = false'))
    assert known.parts["vertebral"].answer == "one"
    assert scored("tokuhashi-2005", case("")).parts["vertebral"].basis == "unknown"
    two = scored("tokuhashi-2005", case('[[lesions]]\nlevel = "T5"'))
    assert two.parts["vertebral"].possible == ("three-or-more", "two")
    three = scored("tokuhashi-2005", case('[[lesions]]\nlevel = "T5"\n[[lesions]]\nlevel = "L4"'))
    assert three.parts["vertebral"].answer == "three-or-more"


def test_instruments_speak_of_their_patients_only() -> None:
    """Stages are of primaries, prognostic scores of metastases; unknown kind leaves both."""
    metastasis = scores(case('[tumour]\nkind = "metastasis"'))
    assert metastasis["enneking"] == Skipped("made for primary tumours; tumour.kind = metastasis")
    primary = scores(case('[tumour]\nkind = "primary-malignant"'))
    assert isinstance(primary["tomita-2001"], Skipped)
    assert isinstance(primary["sins-2010"], Score)
    assert not any(isinstance(found, Skipped) for found in scores(case("")).values())


def test_rades_says_nothing_of_ecog_1() -> None:
    found = scores(case("[status]\necog = 1"))["rades-short-life"]
    assert isinstance(found, Skipped)
    assert "ECOG 2 to 4" in found.skipped


def test_values_that_an_instrument_has_no_option_for_are_flagged() -> None:
    """Tokuhashi's Karnofsky begins at 10."""
    found = scored("tokuhashi-2005", case("[status]\nkps = 0"))
    assert found.parts["general"].basis == "unknown"
    assert [caveat.id for caveat in found.caveats] == ["outside-the-instrument"]


def test_nesms_takes_the_bauer_score_that_was_worked_out() -> None:
    """Kidney, isolated, no viscera: modified Bauer 4, so at least one point."""
    text = '[tumour]\nhistology = "renal-cell-carcinoma"\n[status]\nbone_metastases = "isolated"\n'
    found = scored("nesms", case(text + 'visceral_metastases = "none"'))
    assert (found.parts["bauer"].answer, found.parts["bauer"].basis) == ("yes", "derived")
    assert scored("nesms", case(text)).parts["bauer"].answer == "yes", "3 or 4 without the viscera"
    assert scored("nesms", case("")).parts["bauer"].low == 0


def test_missing_names_the_fields_that_would_answer() -> None:
    found = scored("katagiri-2014", case('[tumour]\nhistology = "breast-carcinoma"'))
    fields = {missing.item: missing.fields for missing in found.missing}
    assert fields["primary"] == ("status.hormone_dependent",)
    assert fields["performance"] == ("status.ecog",)
    assert "status.platelets_per_ul" in fields["laboratory"]


def test_cauda_equina_has_no_epidural_scale() -> None:
    assert [c.id for c in scored("escc-2010", case("", 'levels = ["L3"]')).caveats] == ["epidural-scale-below-the-cord"]
    assert scored("escc-2010", case("")).caveats == ()


def test_case_is_the_same_without_an_extent() -> None:
    """`enbloc score` has no extent and reads the statement itself."""
    made = case('[tumour]\nhistology = "chordoma"', "tomita_type = 5")
    assert evaluate_all(made, None) == evaluate_all(made, from_statement(made.extent))


FACTS = {
    "status": {
        "ecog": st.integers(2, 4),
        "kps": st.integers(2, 10).map(lambda tens: 10 * tens),
        "frankel": st.sampled_from("ABCDE"),
        "visceral_metastases": st.sampled_from(["none", "treatable", "untreatable"]),
        "bone_metastases": st.sampled_from(["isolated", "multiple"]),
        "hormone_dependent": st.booleans(),
        "molecular_target": st.booleans(),
        "crp_mg_dl": st.floats(0, 1),
        "platelets_per_ul": st.floats(5e4, 2e5),
        "albumin_g_dl": st.floats(3, 4),
        "ambulatory": st.booleans(),
        "pain": st.sampled_from(["mechanical", "occasional", "none"]),
        "epidural_grade": st.sampled_from(["0", "1a", "1b", "1c", "2", "3"]),
    },
    "tumour": {
        "histology": st.sampled_from(sorted(histologies())),
        "kind": st.sampled_from(["metastasis", "primary-malignant", "primary-benign"]),
    },
}


@st.composite
def stated_facts(draw: st.DrawFn) -> dict[str, dict[str, object]]:
    return {
        table: {key: value for key, values in fields.items() if (value := draw(st.none() | values)) is not None}
        for table, fields in FACTS.items()
    }


def built(facts: dict[str, dict[str, object]]) -> Case:
    return Case.model_validate({"schema": "enbloc.case/1", "id": "a", "extent": {"levels": ["T12"]}, **facts})


@given(stated_facts())
def test_forgetting_a_fact_never_narrows_a_score(facts: dict[str, dict[str, object]]) -> None:
    """Where a fact is forgotten whose table gave way to nothing else, the interval stays or grows.

    Statements that overrule a table are left out: without them the table speaks again, and differently.
    """
    full = scores(built(facts))
    for table, held in facts.items():
        for key in held:
            fewer = scores(built({**facts, table: {k: v for k, v in held.items() if k != key}}))
            for name, wide in fewer.items():
                close = full[name]
                if isinstance(close, Skipped) or close.caveats:
                    continue
                assert isinstance(wide, Score)
                if overruled(wide, close):
                    continue
                assert wide.low <= close.low <= close.high <= wide.high
                for item in close.parts:
                    assert set(close.parts[item].possible) <= set(wide.parts[item].possible)


def overruled(wide: Score, close: Score) -> bool:
    """Whether forgetting let a row of a table speak for an item that was stated before."""
    return any(close.parts[name].basis == "stated" and wide.parts[name].basis == "derived" for name in close.parts)


def test_every_status_item_is_read_by_what_it_is_for() -> None:
    """`for` names an instrument, which then reads the key; `noms` is one of the schools beside the advice."""
    for row in load_table("case/status_items.toml")["item"]:
        readers = {key for key in instrument_keys() if f"status.{row['key']}" in instrument(key).fields}
        named = set(row["for"]) - {"noms"}
        assert named <= readers, row["key"]
        assert readers - {"bauer-1995", "tomita-later"} <= named, row["key"]
        assert readers or "noms" in row["for"], row["key"]


def test_every_field_that_is_read_exists() -> None:
    follow = {"histology.listed", "extent.vertebrae", "score.bauer-modified"}
    for key in instrument_keys():
        for path in set(instrument(key).fields) - follow:
            table, _, field = path.partition(".")
            assert field in type(getattr(case(""), table)).model_fields, (key, path)


def test_histologies_named_in_tables_are_listed() -> None:
    """A misspelt one would fill nothing, and nobody would notice."""
    for key in instrument_keys():
        for rows in instrument(key).fills.values():
            for row in rows:
                test = row.when.get("tumour.histology")
                assert test is None or set(test.values or ()) <= set(histologies()), (key, row.says)
    for row in load_table("histology.toml")["radiosensitivity"]:
        assert set(row["histologies"]) <= set(histologies())


def test_every_listed_histology_fills_something() -> None:
    for name in set(histologies()) - {"schwannoma"}:  # no bone tumour: named so that free text is not suggested for it
        found = scores(case(f'[tumour]\nhistology = "{name}"'))
        parts = [part for score in found.values() if isinstance(score, Score) for part in score.parts.values()]
        assert any(part.basis == "derived" for part in parts) or radiosensitivity(name), name


@pytest.mark.parametrize("name", ["lymphoma", "myeloma", "plasmacytoma"])
def test_outside_enneking(name: str) -> None:
    found = scored("enneking", case(f'[tumour]\nhistology = "{name}"\nkind = "primary-malignant"'))
    assert [caveat.id for caveat in found.caveats] == ["outside-enneking"]
