"""The reference pages say what the program does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from enbloc.case import case_schema, parse_case
from enbloc.knowledge import load_table
from enbloc.planning import plan_schema

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


@pytest.mark.parametrize(("name", "schema"), [("case", case_schema), ("plan", plan_schema)])
def test_schema_file_is_what_the_command_prints(name: str, schema: object) -> None:
    """Renew with `enbloc schema case > docs/reference/case.schema.json`."""
    assert callable(schema)
    assert json.loads((REFERENCE / f"{name}.schema.json").read_text(encoding="utf-8")) == schema()


def test_example_case_is_a_case_and_names_every_table() -> None:
    example = re.search(r"```toml\n(.*?)```", (REFERENCE / "case.md").read_text(encoding="utf-8"), re.DOTALL)
    assert example is not None
    case = parse_case(example[1])
    assert case.model_fields_set == set(type(case).model_fields), "a table of the contract is missing from the page"


def test_every_status_item_is_in_the_page() -> None:
    page = (REFERENCE / "case.md").read_text(encoding="utf-8")
    for row in load_table("case/status_items.toml")["item"]:
        assert f"| `{row['key']}` |" in page


def test_every_command_is_in_the_page() -> None:
    from enbloc.cli.app import app

    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    names = {c.name or getattr(c.callback, "__name__", "") for c in app.registered_commands}
    commands = "plan check demo phantom score resect perfuse shorten why facts schema"
    assert names == set(commands.split())
    for name in names:
        assert f"`enbloc {name}" in page


def test_every_option_is_in_the_row_of_its_command() -> None:
    import typer

    from enbloc.cli.app import app

    page = (REFERENCE / "cli.md").read_text(encoding="utf-8")
    rows = {words[1]: row for row in page.splitlines() if len(words := row.replace("`", "").split()[1:]) > 1}
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
        assert [option for option in options if option not in rows[name]] == [], name
