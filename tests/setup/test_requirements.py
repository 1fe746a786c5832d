"""The lock installs the project anywhere: complete, hashed, no address, licences that Apache-2.0 can live with."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

# Weak copyleft, used unchanged as a separate library: Apache-2.0 code may depend on it.
LESSER_GPL_ALLOWED = {"edt": "distance transforms; imported, never copied or linked into our files"}


def lock_entries() -> list[str]:
    """One string per pin: the requirement, then its hashes."""
    joined = LOCK.replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.startswith("#")]


def pins() -> list[Requirement]:
    return [Requirement(entry.split("--hash=")[0].strip()) for entry in lock_entries()]


def stated(path: str) -> set[str]:
    lines = (ROOT / path).read_text().splitlines()
    return {canonicalize_name(Requirement(line).name) for line in lines if line and not line.startswith("#")}


def dependencies() -> list[Requirement]:
    return [Requirement(text) for text in PROJECT["dependencies"]]


@pytest.mark.parametrize("entry", lock_entries(), ids=lambda entry: entry.split(" ")[0])
def test_every_pin_is_exact_and_hashed(entry):
    assert re.match(r"[a-z0-9.-]+==\S+ ", entry)
    assert re.findall(r"--hash=sha256:[0-9a-f]{64}(?= |$)", entry)


def test_lock_holds_no_address():
    assert "://" not in LOCK
    assert "@" not in LOCK


@pytest.mark.parametrize("wanted", dependencies(), ids=str)
def test_every_dependency_is_pinned_within_its_bounds(wanted):
    found = [pin for pin in pins() if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
    assert found
    for pin in found:
        (exact,) = pin.specifier
        assert Version(exact.version) in wanted.specifier


def test_lock_input_names_every_dependency_and_the_build_backend():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    wanted = {canonicalize_name(requirement.name) for requirement in dependencies()}
    wanted |= {canonicalize_name(Requirement(text).name) for text in build}
    assert wanted <= stated("requirements.in")


def test_everything_stated_is_pinned():
    assert stated("requirements.in") <= {canonicalize_name(pin.name) for pin in pins()}


def test_markers_leave_one_pin_of_each_package_on_every_supported_python():
    """Two pins of one package must exclude each other, else pip refuses the file."""
    for minor in (11, 12, 13):
        here = {"python_full_version": f"3.{minor}.2", "python_version": f"3.{minor}", "sys_platform": "linux"}
        names = [canonicalize_name(pin.name) for pin in pins() if pin.marker is None or pin.marker.evaluate(here)]
        assert len(names) == len(set(names))


def installed(requirement: Requirement) -> Distribution | None:
    try:
        return distribution(requirement.name)
    except PackageNotFoundError:
        return None


def runtime_distributions() -> Iterator[Distribution]:
    """What the run-time dependencies bring, followed through their own requirements."""
    queue, seen = dependencies(), set()
    while queue:
        requirement = queue.pop()
        name = canonicalize_name(requirement.name)
        wanted_here = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if name in seen or not wanted_here:
            continue
        seen.add(name)
        found = installed(requirement)
        assert found is not None, f"{name} is required and not installed"
        yield found
        queue += [Requirement(text) for text in found.requires or ()]


def licence(found: Distribution) -> str:
    """The stated licence in short form: expression, else classifiers, else the first line of the free field."""
    meta = found.metadata
    classifiers = [text for text in meta.get_all("Classifier") or () if text.startswith("License ::")]
    free = (meta.get("License") or "").strip().splitlines()
    return meta.get("License-Expression") or "; ".join(classifiers) or (free[0] if free else "")


COPYLEFT = re.compile(r"\b(A|L)?GPL|General Public License", re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "strong"),
    [
        ("GPL-3.0-or-later", True),
        ("AGPLv3", True),
        ("License :: OSI Approved :: GNU Affero General Public License v3", True),
        ("LGPL-3.0-or-later", True),
        ("BSD-3-Clause AND MIT", False),
        ("License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)", False),
    ],
)
def test_copyleft_is_recognised(text, strong):
    assert bool(COPYLEFT.search(text)) == strong


def test_runtime_dependencies_carry_no_copyleft_but_the_named_one():
    stated_licences = {canonicalize_name(found.name): licence(found) for found in runtime_distributions()}
    assert len(stated_licences) > len(PROJECT["dependencies"])  # the walk went further than the first step
    assert [name for name, text in stated_licences.items() if not text] == []
    copyleft = {name: text for name, text in stated_licences.items() if COPYLEFT.search(text)}
    assert set(copyleft) <= set(LESSER_GPL_ALLOWED), copyleft
    assert all("LGPL" in text for text in copyleft.values()), copyleft
