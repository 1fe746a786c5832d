"""case.toml to Case."""

from __future__ import annotations

import re
import tomllib
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from enbloc.case.model import SCHEMA, Case
from enbloc.case.problems import case_error
from enbloc.core.errors import CaseError

FILE_NAME = "case.toml"
MAX_BYTES = 1 << 20


def read_case(path: str | PathLike[str]) -> Case:
    """The case in `path`, a case file or a folder that holds `case.toml`.

    Raises CaseError, in one line naming file and field, for anything that is not a case.
    """
    file = case_file(path)
    return parse_case(case_text(file), file=str(file)).in_folder(file.parent)


def case_file(path: str | PathLike[str]) -> Path:
    given = Path(path)
    try:
        file = given / FILE_NAME if given.is_dir() else given
        if not file.exists():
            what = f"no {FILE_NAME} in this folder" if given.is_dir() else "no such file or folder"
            raise CaseError(what, file=given)
        if not file.is_file():
            raise CaseError("is not a regular file", file=file)
        if file.stat().st_size > MAX_BYTES:
            raise CaseError("is larger than 1 MiB, which no case file is", file=file, hint="was an image meant?")
    except (OSError, ValueError) as error:
        raise CaseError(f"cannot be opened: {reason(error)}", file=given) from error
    return file


def case_text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise CaseError(f"cannot be read: {reason(error)}", file=file) from error
    except UnicodeDecodeError as error:
        raise CaseError(f"is not UTF-8 text (byte {error.start})", file=file) from error


def reason(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()


def parse_case(text: str, *, file: str = FILE_NAME) -> Case:
    """The case in a text of the form of case.toml; `file` is the name that errors show."""
    tables = toml_tables(text, file)
    if tables.get("schema", SCHEMA) != SCHEMA:
        found = repr(tables["schema"])[:60]
        raise CaseError(
            f"{found} is not a schema this version reads", file=file, field="schema", hint=f'write "{SCHEMA}"'
        )
    try:
        return Case.model_validate(tables)
    except ValidationError as error:
        raise case_error(error, file) from None


def toml_tables(text: str, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CaseError(*toml_problem(error), file=file, field=toml_line(error)) from None
    except (ValueError, RecursionError):
        raise CaseError("is not a case file: a number too long or brackets nested too deep", file=file) from None


def toml_line(error: tomllib.TOMLDecodeError) -> str | None:
    found = re.search(r"at line (\d+)", str(error))
    return f"line {found[1]}" if found else None


def toml_problem(error: tomllib.TOMLDecodeError) -> tuple[str]:
    plain = re.sub(r"\s*\(at [^()]*\)$", "", str(error))
    return (f"is not valid TOML: {plain[0].lower()}{plain[1:]}",)
