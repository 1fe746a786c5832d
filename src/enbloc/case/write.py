"""Case to case.toml."""

from __future__ import annotations

import json
from os import PathLike
from pathlib import Path
from typing import Any

from enbloc.case.model import Case, facts
from enbloc.core.files import write_whole


def write_case(case: Case, path: str | PathLike[str]) -> None:
    """Writes what the case states to `path`; whole or not at all."""
    write_whole(Path(path), case_toml(case))


def case_toml(case: Case) -> str:
    """The text of case.toml; reading it gives the same facts."""
    return "\n".join(table_lines((), facts(case))).lstrip("\n") + "\n"


def table_lines(name: tuple[str, ...], table: dict[str, Any]) -> list[str]:
    """Plain values first, then the tables inside, as TOML demands."""
    lines = [f"{key} = {toml_value(value)}" for key, value in table.items() if is_plain(value)]
    for key, value in table.items():
        inner = (*name, key)
        if isinstance(value, dict):
            lines += ["", f"[{'.'.join(inner)}]", *table_lines(inner, value)]
        elif not is_plain(value):
            for row in value:
                lines += ["", f"[[{'.'.join(inner)}]]", *table_lines(inner, row)]
    return lines


def is_plain(value: object) -> bool:
    return not isinstance(value, dict) and not (isinstance(value, list) and value and isinstance(value[0], dict))


def toml_value(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(toml_value(item) for item in value)}]"
        case _:
            return repr(value)
