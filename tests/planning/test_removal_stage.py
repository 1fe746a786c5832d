"""The ways out of the pieces in a plan: what is said of them, and what they change in the advice."""

from __future__ import annotations

from dataclasses import replace

import jsonschema
import pytest

from enbloc.cli.summary import ways_out
from enbloc.core.errors import InputError
from enbloc.core.evidence import Skipped
from enbloc.planning import Settings, plan, plan_document, plan_schema, why
from enbloc.planning.document import plain
from enbloc.resection.removal_nouns import RemovalSettings, Way
from enbloc.resection.settings import ResectionSettings
from planning.test_resection_stage import NO_SKIP, TYPE_3, advised, revised, seeking  # noqa: F401  a fixture
from resection.hand_made import a_resection
from resection.hand_made_removal import NOT_SOUGHT, PRICE, a_removal, stuck_beside_a_way

FRONT, LEFT = Way.ANTERIORLY, Way.TURNED_LEFT
TYPE_5 = TYPE_3.replace("= 3", "= 5") + NO_SKIP


def leaving(way: Way | None):
    return replace(a_resection(), removal=a_removal(way))


def test_document_of_a_removal_keeps_its_schema(seeking) -> None:  # noqa: F811
    made, _ = seeking(leaving(LEFT))
    document = plan_document(made)
    jsonschema.validate(document, plan_schema(), cls=jsonschema.Draft202012Validator)
    arch, block = document["resection"]["removal"]["pieces"]
    assert (arch["way"], block["way"]) == ("dorsally", "turned-left")
    assert block["poses"][-1] == {"turn_deg": [0.0, 0.0, 90.0], "moved_mm": [0.0, -80.0, 0.0]}
    assert block["roots_that_must_go"] == [{"level": "T12", "side": "left"}]
    assert "removal-modelled" in {caveat["id"] for caveat in document["warnings"]}


def test_settings_of_the_removal_stand_in_the_manifest_without_what_a_table_decides() -> None:
    settings = Settings(resection=ResectionSettings(removal=RemovalSettings(turn_step_deg=2.5, root_yield_mm=1.0)))
    found = plan(advised(TYPE_3)[0], settings=settings).manifest.settings
    assert found["resection.removal.sought"] is True
    assert found["resection.removal.turn_step_deg"] == 2.5
    assert found["resection.removal.root_yield_mm"] == 1.0
    assert "resection.removal.vessel_yield_mm" not in found


def test_the_sac_yields_to_a_piece_as_it_is_asked_to_of_the_ring_cuts() -> None:
    assert ResectionSettings(sac_yield=0.1).way_out.sac_yield == 0.1
    assert ResectionSettings(sac_yield=0.1, removal=RemovalSettings(sac_yield=0.2)).way_out.sac_yield == 0.2


@pytest.mark.parametrize(("name", "value"), [("check_mm", 0.0), ("turn_step_deg", 90.0), ("sac_yield", 1.0)])
def test_a_setting_out_of_range_is_wrong_input(name, value) -> None:
    with pytest.raises(InputError, match=f"resection.removal.{name}"):
        RemovalSettings(**{name: value})


def test_why_tells_the_way_what_was_tried_and_what_lies_near() -> None:
    tree = why(leaving(LEFT), "removal")
    assert "every piece gets out" in tree
    assert "turned-right: none found, held by rib (900 poses)" in tree
    assert "turned-left: a way, 0.4 mm to spare beyond what gives way (900 poses)" in tree
    assert "aorta at -1.2 mm (-2.0 to -0.4)" in tree
    assert "31.4 mm wide stays the way in for the cage" in tree
    assert "note removal-modelled" in tree
    assert "anterior-block: a way out was not found" in why(leaving(None), "removal.pieces.1")
    assert "removal.pieces.1: anterior-block: turned-left" in why(leaving(LEFT))


def test_the_summary_has_a_line_for_each_piece() -> None:
    assert list(ways_out(a_removal(FRONT)))[1] == "anterior-block: anteriorly"
    assert list(ways_out(a_removal(LEFT)))[2] == "31 mm wide stays the way in from behind"
    assert list(ways_out(Skipped("nobody asked"))) == ["way out of the pieces: nobody asked"]


def test_a_way_out_behind_changes_nothing() -> None:
    without = revised(TYPE_3 + NO_SKIP, a_resection())
    assert revised(TYPE_3 + NO_SKIP, leaving(LEFT)) == without


def test_a_piece_that_leaves_to_the_front_only_turns_the_approach() -> None:
    """By the table: from behind first, because the arch has to be off before the block can go to the front."""
    _, _, before = advised(TYPE_3 + NO_SKIP)
    now = revised(TYPE_3 + NO_SKIP, leaving(FRONT))["approach"]
    assert (before.approach.action, now.action) == ("single-posterior", "posterior-then-anterior")
    assert now.because[0].gives == "an anterior approach for anterior-block"
    assert now.because[0].rule == "removal/from-the-front-only"
    assert any(step.rule.startswith("approach/front-only") for step in now.because)
    assert now.strength == "unverified"
    assert "leaves-to-the-front-only" in {caveat.id for caveat in now.caveats}


def test_what_a_stated_vessel_asks_for_stays_and_is_remarked_upon() -> None:
    """Anterior dissection first, as the paper says of involved vessels; the case stands above the model."""
    text = TYPE_5 + "major_vessel_involved = true\n"
    _, _, before = advised(text)
    now = revised(text, leaving(FRONT))["approach"]
    assert now.action == before.approach.action == "anterior-then-posterior"
    assert now.strength == before.approach.strength
    assert now.because[0].rule == "removal/from-the-front-only"
    assert {caveat.id for caveat in now.caveats} - {caveat.id for caveat in before.approach.caveats} == {
        "leaves-to-the-front-only"
    }


def test_no_way_found_is_a_remark_and_turns_nothing() -> None:
    _, _, before = advised(TYPE_3 + NO_SKIP)
    found = revised(TYPE_3 + NO_SKIP, leaving(None))
    for name in ("approach", "tes"):
        now, was = found[name], getattr(before, name)
        assert (now.action, now.possible, now.strength) == (was.action, was.possible, was.strength)
        assert now.because[0].rule == "removal/none-found"
        assert "anterior-block, turned-left: none found, held by rib" in now.because[0].facts
        assert [caveat.id for caveat in now.caveats if caveat not in was.caveats] == ["no-way-out-found"]
    assert "impossible" not in str(plain(found["tes"], "tes"))


def test_a_way_out_by_an_alternative_stands_in_plan_and_warnings(seeking) -> None:  # noqa: F811
    made, _ = seeking(stuck_beside_a_way(a_resection()))
    document = plan_document(made)
    jsonschema.validate(document, plan_schema(), cls=jsonschema.Draft202012Validator)
    pair, one_cut, half = (other["removal"] for other in document["resection"]["alternatives"])
    assert (pair["found"], pair["least_mm"], half["found"]) == (True, 0.2, False)
    assert [(way["piece"], way["way"], way["least_mm"]) for way in pair["ways"]] == [
        ("posterior-arch", "dorsally", 0.5),
        ("anterior-block", "turned-left", 0.2),
    ]
    assert pair["ways"][1]["poses"][1]["turn_deg"] == [0.0, 0.0, 90.0]
    assert (half["ways"][1]["way"], half["ways"][1]["least_mm"], half["ways"][1]["poses"]) == (None, None, [])
    assert pair["roots_that_must_go"] == [{"level": "T12", "side": "left"}]
    assert one_cut == {"skipped": NOT_SOUGHT}
    assert "way-out-by-alternative" in {caveat["id"] for caveat in document["warnings"]}
    made, _ = seeking(leaving(LEFT))
    assert [other["removal"] for other in plan_document(made)["resection"]["alternatives"]] == [None]


def test_why_tells_the_way_out_of_an_alternative() -> None:
    found = stuck_beside_a_way(a_resection())
    tree = why(found)
    assert "note way-out-by-alternative: no way out of anterior-block was found, and with other cuts one was" in tree
    assert f"(instead): {PRICE}" in tree
    assert "removal: every piece gets out (and how)" in tree
    assert "anterior-block: turned-left" in tree
    assert "note kept-root-in-the-way" in tree
    assert f"removal: not sought, {NOT_SOUGHT}" in tree
    assert "anterior-block: none found in the searched motions" in why(found, "alternatives.2.removal")
