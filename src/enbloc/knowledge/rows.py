"""A row of a table to a frozen dataclass, unknown keys refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from enbloc.core.errors import KnowledgeError, nearest

Row = TypeVar("Row")


def row_of(kind: type[Row], row: Mapping[str, Any], file: str) -> Row:
    """`row` as a `kind`; lists become tuples. Raises KnowledgeError for a key that is unknown or missing."""
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    name = str(row.get("id"))
    for key in row:
        if key not in known:
            raise KnowledgeError(f"unknown key {key!r}", file=file, field=name, hint=nearest(key, known))
    for key, field in known.items():
        if key not in row and field.default is MISSING and field.default_factory is MISSING:
            raise KnowledgeError(f"key {key!r} is missing", file=file, field=name)
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in row.items()})
