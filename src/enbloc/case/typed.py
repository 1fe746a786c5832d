"""A case from fields as they are typed on a command line."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from enbloc.case.model import SCHEMA, Case
from enbloc.case.problems import case_error, options


def typed_case(fields: Mapping[str, str], file: str) -> Case:
    """A case that states these fields and nothing else, by path such as `status.kps`, with the text typed for each.

    Raises CaseError, naming `file` and the field, for a value that a case file could not hold.
    """
    tables: dict[str, Any] = {"schema": SCHEMA, "id": "typed", "extent": {}}
    for path, text in fields.items():
        table, _, key = path.partition(".")
        tables.setdefault(table, {})[key] = value_of(path, text)
    if not tables["extent"]:
        tables["extent"] = {"zones": ()}  # a case must say something of the extent
    try:
        return Case.model_validate(tables)
    except ValidationError as error:
        raise case_error(error, file) from None


def value_of(path: str, text: str) -> object:
    """Text for fields of text, several levels parted by commas, else what TOML makes of it."""
    if path == "extent.levels":
        return text.split(",")
    if any(isinstance(option, str) for option in options(tuple(path.split(".")))):
        return text
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
