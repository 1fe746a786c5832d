"""A table that does not say where it comes from is refused, and the shipped ones all say it."""

from __future__ import annotations

import pytest

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge import (
    CHECKED,
    bibliography,
    cite,
    knowledge_sha256,
    load_table,
    parse_bibliography,
    parse_table,
    table_names,
)

BOOKS = parse_bibliography(
    '[smith1999]\ntitle = "T"\nauthors = "Smith J"\nyear = 1999\ndoi = "10.1/x"\nchecked = "primary"', "b"
)
HEAD = '[table]\nsource = "smith1999"\nchecked = "primary"\n'

BAD_TABLES = {
    "no source in the head": ("[table]\nchecked = 'primary'", "table: has no source"),
    "head's source unknown": (
        "[table]\nsource = 'jones2000'\nchecked = 'primary'",
        "'jones2000' is not in the bibliography",
    ),
    "misspelt source": ("[table]\nsource = 'smith1998'\nchecked = 'primary'", "did you mean 'smith1999'"),
    "head not checked": ("[table]\nsource = 'smith1999'", "table: checked is None"),
    "checked by hearsay": ("[table]\nsource = 'smith1999'\nchecked = 'yes'", "checked is 'yes'"),
    "row without source": (HEAD + "[[row]]\nid = 'a'\nchecked = 'primary'", "row.a: has no source"),
    "row not checked": (HEAD + "[[row]]\nid = 'a'\nsource = 'smith1999'", "row.a: checked is None"),
    "second row without source": (
        HEAD + "[[row]]\nsource = 'smith1999'\nchecked = 'seed'\n[[row]]\nvalue = 3",
        "row.1: has no source",
    ),
    "later table with a wrong source": (HEAD + "[more]\nsource = 'x'\nchecked = 'seed'", "more: source 'x'"),
    "source is a number": ("[table]\nsource = 3\nchecked = 'seed'", "table: has no source"),
    "a list of no sources": ("[table]\nsource = []\nchecked = 'seed'", "table: has no source"),
    "one of two sources unknown": ("[table]\nsource = ['smith1999', 'x']\nchecked = 'seed'", "source 'x' is not"),
    "nothing in it": ("", "holds no table"),
    "not TOML": ("[table", "is not TOML"),
}


@pytest.mark.parametrize(("text", "words"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_table(text: str, words: str) -> None:
    with pytest.raises(KnowledgeError) as caught:
        parse_table(text, "t.toml", BOOKS)
    assert str(caught.value).startswith("t.toml: ")
    assert words in str(caught.value)


def test_good_table() -> None:
    text = (
        HEAD
        + "[values]\na = 1\n[[row]]\nid = 'x'\nsource = 'smith1999'\nchecked = 'unverified'\n[[trap]]\ntext = 'mind'"
    )
    assert parse_table(text, "t.toml", BOOKS)["values"] == {"a": 1}


@pytest.mark.parametrize("missing", ["title", "authors", "doi", "checked"])
def test_bibliography_entry_must_be_whole(missing: str) -> None:
    lines = {"title": '"T"', "authors": '"A B"', "year": "1999", "doi": '"10.1/x"', "checked": '"primary"'}
    text = "[a]\n" + "\n".join(f"{key} = {value}" for key, value in lines.items() if key != missing)
    with pytest.raises(KnowledgeError):
        parse_bibliography(text, "b.toml")


def test_every_shipped_table_has_its_sources() -> None:
    assert "tomita/types.toml" in table_names()
    for name in table_names():
        load_table(name)


def test_bibliography_is_whole() -> None:
    seed = bibliography()["tomita2006"]
    assert (seed.doi, seed.year, seed.checked) == ("10.1007/s00776-005-0964-y", 2006, "seed")
    assert [key for key, entry in bibliography().items() if entry.checked == "seed"] == ["tomita2006"]
    assert {entry.checked for entry in bibliography().values()} <= set(CHECKED)


def test_citation_is_short() -> None:
    assert cite("tomita2006") == "Tomita K et al. 2006, doi:10.1007/s00776-005-0964-y"
    assert cite("smith1999") == "smith1999"


def test_hash_is_one_of_contents() -> None:
    assert len(knowledge_sha256()) == 64
    knowledge_sha256.cache_clear()
    before = knowledge_sha256()
    knowledge_sha256.cache_clear()
    assert knowledge_sha256() == before


def test_a_work_whose_year_was_not_seen_has_none() -> None:
    entry = '[a]\ntitle = "T"\nauthors = "A B"\njournal = "J"\nchecked = "secondary"\n'
    assert parse_bibliography(entry, "b.toml")["a"].short == "A B undated, J"
    with pytest.raises(KnowledgeError, match="is no year"):
        parse_bibliography(entry + 'year = "1999"\n', "b.toml")
