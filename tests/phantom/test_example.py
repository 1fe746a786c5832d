"""The example and the code of the explanation run."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_example_makes_a_case(tmp_path, capsys):
    """A type 4 at T12 is what the example asks for by default."""
    runpy.run_path(str(ROOT / "examples" / "make_phantom.py"))["main"](str(tmp_path / "case"))
    assert (tmp_path / "case" / "case.toml").is_file()
    assert capsys.readouterr().out.startswith("type 4")


def test_code_in_the_explanation_runs():
    text = (ROOT / "docs" / "explanation" / "phantom.md").read_text("utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(compile(block, "phantom.md", "exec"), {})
