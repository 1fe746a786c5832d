"""The table of releases: its order, its words, and that levels of shared facts come from the checklist alone."""

from __future__ import annotations

import pytest

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge import decision_tables, joint_gap_mm, release_row_at, release_rows
from enbloc.knowledge.release_tables import release_row

ROW = {
    "id": "diaphragm",
    "title": "insertion of the diaphragm",
    "stage": "block",
    "of": "side",
    "holds": "body",
    "to": "diaphragm",
    "action": "free",
    "says": "free it",
    "source": "tomita2006",
    "checked": "seed",
}
FACT = "free-diaphragm-before-lumbar-arteries"


def place(row_id: str) -> int:
    return [row.id for row in release_rows()].index(row_id)


def test_order_of_the_operation():
    """Approach before arch before block; the paper frees the diaphragm before the lumbar arteries; discs come last."""
    stages = [row.stage for row in release_rows()]
    assert stages == sorted(stages, key=("approach", "arch", "block").index)
    assert place("facet-tip") < place("facet") < place("flavum")
    assert place("diaphragm") < place("segmental-artery") < place("anterior-ligament") < place("disc")


def test_levels_of_a_fact_are_the_checklists():
    items = {item.id: item for item in decision_tables()["level_checklist"].items}
    for row in release_rows():
        if row.fact is not None:
            assert set(row.levels) == items[row.fact].when["level"]
            assert row.fact_says == items[row.fact].says
    assert release_row({**ROW, "fact": FACT}).levels == ("L1", "L2")


def test_every_thoracic_and_lumbar_level_has_one_rule_for_its_roots_and_its_artery():
    for n in [f"T{i}" for i in range(1, 14)] + [f"L{i}" for i in range(1, 8)]:
        for title in ("nerve root", "segmental artery"):
            assert len([row for row in release_rows() if row.title == title and n in row.levels]) == 1, (n, title)


def test_joints_of_ribs():
    """T1-T9 may share the next rib's head, T11 and T12 have no costotransverse joint."""
    assert [release_row_at("rib-next", level) is not None for level in ("T1", "T9", "T10")] == [True, True, False]
    assert [release_row_at("rib-transverse", level) is not None for level in ("T1", "T10", "T11", "T12")] == [
        True, True, False, False,
    ]  # fmt: skip
    assert joint_gap_mm() > 0.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"stage": "aproach"}, "unknown word 'aproach'"),
        ({"action": "rip"}, "unknown word 'rip'"),
        ({"levels": ["T14"]}, "'T14' is not a level"),
        ({"fact": "free-diafragm"}, "no item 'free-diafragm'"),
        ({"fact": FACT, "source": "enbloc-decision"}, "source or mark is not that of"),
        ({"colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_refuses(change, says):
    with pytest.raises(KnowledgeError, match=says):
        release_row({**ROW, **change})
