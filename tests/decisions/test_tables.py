"""The tables: no gap, no dead row, no unknown word, every row with its source; and the evaluator against its twin."""

from __future__ import annotations

import random
from itertools import product

import pytest

from decisions.slow_twin import deciding_rows, first_row
from enbloc.core.errors import KnowledgeError
from enbloc.decisions.evaluate import base_facts, deciding_in, decisive_facts, inputs
from enbloc.decisions.totals import totals
from enbloc.knowledge import bibliography, decision_caveats, decision_facts, decision_tables
from enbloc.knowledge.decision_tables import row_of
from enbloc.tumour import Reading, fitting_rule
from enbloc.tumour.classify import ADJACENT, SKIP

TABLES = list(decision_tables().values())
NEITHER_SCALE = {"ecog": "not-given", "kps": "not-given"}
"""Never both: where neither is given, both are open."""


def groups(table):
    """For each fact of a table one value of every set of values that its rows do not tell apart."""
    for fact in table.reads:
        seen = {}
        for value in decision_facts()[fact].domain:
            seen.setdefault(tuple(value in row.when.get(fact, ()) for row in table.rows), value)
        yield list(seen.values())


def combinations(table):
    for values in product(*groups(table)):
        facts = dict(zip(table.reads, values, strict=True))
        if any(facts.get(fact) != value for fact, value in NEITHER_SCALE.items()):
            yield facts


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_every_combination_is_decided_and_every_row_decides_one(table):
    """All combinations, values that no row tells apart taken once. A row that never decides is dead."""
    found = [first_row(table, facts) for facts in combinations(table)]
    assert None not in found
    assert {row.id for row in table.rows} == {row.id for row in found}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_evaluator_agrees_with_its_slow_twin(table):
    """300 random boxes of possible values for each table."""
    rng = random.Random(table.id)
    for _ in range(300):
        world = {fact: frozenset(rng.sample(group, rng.randint(1, len(group)))) for fact, group in pick(table)}
        if all(world.get(fact) == {value} for fact, value in NEITHER_SCALE.items()):
            continue
        expected = deciding_rows(table, world) - {None}
        assert set(deciding_in(table, tuple(world[fact] for fact in table.reads))) == expected


def pick(table):
    """Facts with values that occur together: neither scale is never open beside a scale that is not given."""
    for fact, group in zip(table.reads, groups(table), strict=True):
        yield fact, [value for value in group if value != "not-given" or fact not in NEITHER_SCALE] or group


def test_caveats_name_recommendations():
    for row in decision_caveats():
        assert row.on, row.id
        assert set(row.on) <= set(decision_tables()), row.id


def test_every_fact_is_read_or_decided():
    """A fact that no row asks about is a dead input."""
    rows = [row for table in TABLES for row in (*table.rows, *table.items)]
    asked = {fact for row in (*rows, *decision_caveats()) for fact in row.when}
    assert set(decision_facts()) == asked


def test_decided_facts_come_after_what_decides_them():
    names = list(decision_facts())
    for fact in decisive_facts():
        assert all(names.index(read) < names.index(fact) for read in inputs(fact)), fact


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.id)
def test_facts_of_a_table_are_independent(table):
    """Boxes are exact only where no stated fact stands below two facts of one table.

    Where it does (kind, ecog and others below TES by pathology and beside it), the answer may be wider than need be.
    """
    below = [base for read in table.reads for base in base_facts(read)]
    twice = {base for base in below if below.count(base) > 1}
    assert twice <= {"level"}, twice


def test_gives_only_words_of_the_contract():
    """The words that other programs may rely on, design 5.2."""
    words = {
        "eligibility": {"eligible", "not-eligible", "unknown", "not-applicable"},
        "aim": {
            "long-term-local-control",
            "middle-term-local-control",
            "short-term-palliation",
            "terminal-care",
            "cure",
            "unknown",
        },
        "surgery": {
            "en-bloc",
            "debulking",
            "palliative-decompression",
            "intralesional-curettage",
            "observation",
            "no-surgery",
            "unknown",
        },
        "tes": {"recommended", "relatively-indicated", "not-recommended", "outside-scope", "unknown"},
        "approach": {"single-posterior", "anterior-then-posterior", "posterior-then-anterior", "none", "unknown"},
        "embolisation": {"embolise", "none", "unknown"},
    }
    also = {
        "radiotherapy",
        "chemotherapy",
        "corpectomy",
        "hemivertebrectomy",
        "systemic-treatment",
        "hospice-care",
    }
    for name, known in words.items():
        for row in decision_tables()[name].rows:
            assert set(row.gives) <= known, row.rule
            assert set(row.alternatives) <= words["surgery"] | also, row.rule
    margins = {margin for row in decision_tables()["margin"].rows for margin in row.achievable}
    assert margins == {"wide", "marginal", "intralesional"}


def test_agreement_names_actions_that_exist():
    for table in TABLES:
        if table.about:
            known = {given for row in decision_tables()[table.about].rows for given in row.gives}
            assert all(set(row.agrees_with) <= known for row in table.rows), table.id


@pytest.mark.parametrize("local", range(1, 6))
@pytest.mark.parametrize("adjacent", [False, True])
@pytest.mark.parametrize("skip", [False, True])
def test_type_table_follows_the_classification(local, adjacent, skip):
    """The classification's own rows for the neighbour and the skip lesion, over each type within the vertebra."""
    zones = {
        1: ["body"],
        2: ["body", "pedicle"],
        3: ["body", "pedicle", "arch"],
        4: ["body", "canal"],
        5: ["body", "paravertebral"],
    }
    features = [*zones[local], *([ADJACENT] if adjacent else []), *([SKIP] if skip else [])]
    facts = {"local_type": local, "adjacent": "yes" if adjacent else "no", "skip": "yes" if skip else "no"}
    row = first_row(decision_tables()["type"], facts)
    assert row is not None
    assert row.gives == (fitting_rule(Reading.of(features)).type,)


def test_totals_by_hand():
    """Growth 1, 2, 4; viscera 0, 2, 4; bone 1, 2."""
    one = frozenset
    assert totals(one({"slow"}), one({"none"}), one({"isolated"})) == {2}
    assert totals(one({"rapid"}), one({"untreatable"}), one({"multiple"})) == {10}
    assert totals(one({"slow", "moderate", "rapid"}), one({"none"}), one({"isolated"})) == {2, 3, 5}


def test_low_totals_need_slow_or_moderate_growth():
    """By the dossier's corollary: 4 or less only as (1,0,1) (1,0,2) (2,0,1) (2,0,2) (1,2,1)."""
    low = set()
    for growth, viscera, bone in product(
        ("slow", "moderate", "rapid"), ("none", "treatable", "untreatable"), ("isolated", "multiple")
    ):
        if max(totals(frozenset({growth}), frozenset({viscera}), frozenset({bone}))) <= 4:
            low.add((growth, viscera, bone))
    assert low == {
        ("slow", "none", "isolated"),
        ("slow", "none", "multiple"),
        ("moderate", "none", "isolated"),
        ("moderate", "none", "multiple"),
        ("slow", "treatable", "isolated"),
    }


@pytest.mark.parametrize(
    ("when", "words"),
    [({"kindd": ["metastasis"]}, "did you mean 'kind'"), ({"ecog": [6]}, "6 is not a value of ecog")],
)
def test_a_row_with_an_unknown_word_is_refused(when, words):
    row = {"id": "x", "when": when, "gives": "pass", "says": "s", "source": "tomita2006", "checked": "seed"}
    with pytest.raises(KnowledgeError, match=words):
        row_of("performance", row, "t.toml")


def test_every_source_is_in_the_bibliography():
    for table in TABLES:
        assert all(row.source in bibliography() for row in (*table.rows, *table.items)), table.id
