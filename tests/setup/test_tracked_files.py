"""What git tracks: no registry host, no package-source flag, no path of a machine, valid Python 3.11."""

import ast
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

# Written in pieces, so that this file passes its own test.
FORBIDDEN = {
    "package-registry host": "|".join(
        (
            r"py" + r"pi\.(org|python)",
            r"python" + r"hosted\.org",
            r"registry\.npm" + r"js\.org",
            r"registry\.yarn" + r"pkg\.com",
            r"artifact" + r"ory",
            r"conda\.ana" + r"conda\.org",
            r"proxy\.gol" + r"ang\.org",
        )
    ),
    "package-source flag": r"--(extra-)?index" + r"-url|--find" + r"-links|--trusted" + r"-host",
    "path of a machine": r"(?<![\w.])/(ro" + r"ot|ho" + r"me|wo" + r"rk|Us" + r"ers)/\w",
    "git host in a hook": r"repo:\s*htt" + r"ps?:",
}


@cache
def tracked() -> list[Path]:
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, or no git")
    # In a container the checkout may belong to another user; git then wants to be told that this is meant.
    command = [git, "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return [path for name in listed.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def texts() -> dict[Path, str]:
    """Every tracked text file; a file with a NUL byte is data."""
    contents = {path: path.read_bytes() for path in tracked()}
    return {path: data.decode("utf-8", "replace") for path, data in contents.items() if b"\0" not in data}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_carries(what):
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE)
    found = {
        f"{path.relative_to(ROOT)}:{number}": line.strip()[:120]
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    }
    assert not found


@pytest.mark.parametrize(
    ("what", "sample"),
    [
        ("package-registry host", "see https://py" + "pi.org/simple"),
        ("package-source flag", "pip install --index" + "-url x"),
        ("path of a machine", 'open("/ro' + 'ot/data")'),
        ("path of a machine", "cd /ho" + "me/someone"),
        ("git host in a hook", "- repo: htt" + "ps://example.org/x"),
    ],
)
def test_the_patterns_find_what_they_are_for(what, sample):
    assert re.search(FORBIDDEN[what], sample, re.IGNORECASE)


def test_no_tracked_path_is_generated_or_large():
    """Images of patients and environments stay out; 2 MB is twice the largest file we mean to ship."""
    assert not [path for path in tracked() if {".venv", "demo-out", "__pycache__", "node_modules"} & set(path.parts)]
    assert not {str(path): path.stat().st_size for path in tracked() if path.stat().st_size > 2_000_000}


def test_python_sources_parse_as_the_oldest_supported_version():
    sources = [path for path in tracked() if path.suffix == ".py"]
    assert sources
    for path in sources:
        ast.parse(path.read_text(encoding="utf-8"), filename=str(path), feature_version=(3, 11))
