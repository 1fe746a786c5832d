"""The script that is shipped is the one that its sources give: their hashes stand beside it."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WEB, STATIC = ROOT / "web", ROOT / "src" / "enbloc" / "report" / "static"
BUNDLE = STATIC / "page.js"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def recorded() -> dict[str, str]:
    lines = (STATIC / "page.js.sources.sha256").read_text("ascii").splitlines()
    return {name: found for found, name in (line.split("  ") for line in lines)}


def test_hashes_beside_the_bundle_are_those_of_the_sources() -> None:
    """A changed source without `make web`, or a bundle changed by hand, shows here."""
    sources = [WEB / "build.sh", WEB / "package.json", WEB / "package-lock.json", *(WEB / "src").glob("*.js")]
    wanted = {path.relative_to(WEB).as_posix(): digest(path) for path in sources}
    assert recorded() == wanted | {"page.js": digest(BUNDLE)}


def test_the_lock_is_exact_hashed_and_without_addresses() -> None:
    lock = json.loads((WEB / "package-lock.json").read_text("utf-8"))
    wanted = json.loads((WEB / "package.json").read_text("utf-8"))["devDependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert "://" not in json.dumps(lock)


def test_licences_travel_with_the_code() -> None:
    """In the wheel beside the bundle, and in the bundle itself, because every report is a copy of it."""
    licence = (STATIC / "page.js.three-LICENSE.txt").read_text("utf-8")
    assert "Permission is hereby granted" in licence
    assert licence.strip() in BUNDLE.read_text("utf-8")
    assert "three" in (STATIC / "page.js.LEGAL.txt").read_text("utf-8")


def test_the_bundle_can_stand_inside_a_page() -> None:
    """It ends no script element, and names no address but those that name XML vocabularies."""
    text = BUNDLE.read_text("utf-8")
    assert not re.search(r"</script|<!--|<script", text, re.IGNORECASE)
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= {
        "http://www.w3.org/1999/xhtml",
        "http://www.w3.org/2000/svg",
    }
    assert "\r" not in text


@pytest.mark.slow
def test_a_fresh_build_gives_the_same_bytes() -> None:
    if shutil.which("node") is None or not (WEB / "node_modules").is_dir():
        pytest.skip("node or its packages are not there: run make web")
    done = subprocess.run(["sh", "web/build.sh", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
