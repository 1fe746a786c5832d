"""Reads the shipped tables. A row without a source in the bibliography, or unsaid how it was checked, is refused."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

from enbloc.core.errors import KnowledgeError, nearest

CHECKED = ("seed", "primary", "secondary", "unverified")
BIBLIOGRAPHY = "bibliography.toml"
NOT_KNOWLEDGE = (".py", ".pyc")
REMARKS = ("trap",)
"""Row names that hold remarks on a table; they stand under the source of its head."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One entry of the bibliography. `checked` says how the work itself was seen."""

    key: str
    title: str
    authors: str
    year: int | None
    checked: str
    journal: str | None = None
    doi: str | None = None
    url: str | None = None

    @property
    def short(self) -> str:
        """First author, year, and where to find it, on one line."""
        first, _, others = self.authors.partition(",")
        name = f"{first} et al." if others else first
        place = f"doi:{self.doi}" if self.doi else self.journal or self.url
        return f"{name} {self.year or 'undated'}, {place}"


@cache
def bibliography() -> Mapping[str, Reference]:
    """Every work the tables cite, by key."""
    return parse_bibliography(shipped_text(BIBLIOGRAPHY), BIBLIOGRAPHY)


def parse_bibliography(text: str, file: str) -> Mapping[str, Reference]:
    return MappingProxyType({key: reference(key, entry, file) for key, entry in toml(text, file).items()})


def reference(key: str, entry: object, file: str) -> Reference:
    if not isinstance(entry, dict):
        raise KnowledgeError("is not a table", file=file, field=key)
    authors = entry.get("authors")
    fields = {**entry, "authors": ", ".join(authors) if isinstance(authors, list) else authors}
    for name, kind in (("title", str), ("authors", str), ("checked", str)):
        if not isinstance(fields.get(name), kind):
            raise KnowledgeError("missing, or of the wrong kind", file=file, field=f"{key}.{name}")
    if not isinstance(fields.get("year"), int | None):
        raise KnowledgeError("is no year", file=file, field=f"{key}.year")
    if fields["checked"] not in CHECKED:
        raise KnowledgeError(
            f"{fields['checked']!r} is none of {', '.join(CHECKED)}", file=file, field=f"{key}.checked"
        )
    places = {name: fields.get(name) for name in ("journal", "doi", "url")}
    if not any(places.values()):
        raise KnowledgeError("says neither journal nor doi nor url", file=file, field=key)
    return Reference(key, fields["title"], fields["authors"], fields.get("year"), fields["checked"], **places)


def cite(key: str) -> str:
    """The short citation of a source key; a key the bibliography does not hold is returned as it is."""
    found = bibliography().get(key)
    return found.short if found else key


def load_table(name: str) -> dict[str, Any]:
    """A shipped table by its path below this folder, its sources checked."""
    return parse_table(shipped_text(name), name, bibliography())


def parse_table(text: str, file: str, references: Mapping[str, Reference]) -> dict[str, Any]:
    """A table from TOML text.

    The head (its first table) and every row of a list of tables must carry `source`, a key of `references` or several,
    and `checked`; any other table may, and else stands under the head. Raises KnowledgeError naming file and row.
    """
    table = toml(text, file)
    places = list(sourced_places(table))
    if not places:
        raise KnowledgeError("holds no table, so nothing says where it comes from", file=file)
    for place, row in places:
        check_source(row, place, file, references)
    return table


def sourced_places(table: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The head, every row, and every table that names a source, each with its place in the file."""
    head = next((name for name, value in table.items() if isinstance(value, dict)), None)
    for name, value in table.items():
        if isinstance(value, dict) and (name == head or "source" in value or "checked" in value):
            yield name, value
        elif is_rows(value) and name not in REMARKS:
            yield from ((f"{name}.{row.get('id', i)}", row) for i, row in enumerate(value))


def is_rows(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def check_source(row: Mapping[str, Any], place: str, file: str, references: Mapping[str, Reference]) -> None:
    source, checked = row.get("source"), row.get("checked")
    named = source if isinstance(source, list) else [source]
    keys = [key for key in named if isinstance(key, str)]
    if not keys or len(keys) != len(named):
        raise KnowledgeError("has no source", file=file, field=place)
    for key in keys:
        if key not in references:
            hint = nearest(key, references) or "add it to bibliography.toml"
            raise KnowledgeError(f"source {key!r} is not in the bibliography", file=file, field=place, hint=hint)
    if checked not in CHECKED:
        raise KnowledgeError(f"checked is {checked!r}, none of {', '.join(CHECKED)}", file=file, field=place)


@cache
def knowledge_sha256() -> str:
    """One SHA-256 over the names and contents of every shipped table."""
    total = hashlib.sha256()
    for name, entry in sorted(shipped_files(files("enbloc.knowledge"))):
        total.update(name.encode() + b"\0" + hashlib.sha256(entry.read_bytes()).digest())
    return total.hexdigest()


def table_names() -> tuple[str, ...]:
    """Paths of every shipped TOML table below this folder, sorted, the bibliography left out."""
    names = (name for name, _ in shipped_files(files("enbloc.knowledge")))
    return tuple(sorted(name for name in names if name.endswith(".toml") and name != BIBLIOGRAPHY))


def shipped_files(folder: Traversable, prefix: str = "") -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if not entry.name.startswith(("_", ".")):
                yield from shipped_files(entry, f"{prefix}{entry.name}/")
        elif not entry.name.startswith(".") and not entry.name.endswith(NOT_KNOWLEDGE):
            yield prefix + entry.name, entry


def shipped_text(name: str) -> str:
    return files("enbloc.knowledge").joinpath(*name.split("/")).read_text(encoding="utf-8")


def toml(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"is not TOML: {error}", file=file) from None
