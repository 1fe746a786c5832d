"""The pages of the instruments say what the tables and specs say."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from enbloc.knowledge import instrument_keys

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "reference" / "instruments"


def test_pages_are_what_make_docs_writes(tmp_path: Path) -> None:
    """Renew with `make docs`."""
    script = ROOT / "scripts" / "instrument_pages.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=60)
    written = {page.name: page.read_text("utf-8") for page in tmp_path.iterdir()}
    assert written == {page.name: page.read_text("utf-8") for page in PAGES.iterdir()}
    assert set(written) == {f"{key}.md" for key in (*instrument_keys(), "index", "histology")}


@pytest.mark.parametrize("key", instrument_keys())
def test_every_instrument_has_a_spec(key: str) -> None:
    tree = ast.parse((ROOT / "tests" / "spec" / f"{key.replace('-', '_')}.py").read_text("utf-8"))
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    assert tests
    assert all(ast.get_docstring(node) for node in tests)
