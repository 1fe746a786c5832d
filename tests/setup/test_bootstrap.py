"""scripts/bootstrap and the Makefile, run with stand-ins for uv, python and apt-get: nothing is fetched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ["demo", "test", "lint", "types", "format", "bench", "clean"]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX shell")

# Stands for uv: notes its arguments; `uv venv` makes a folder that looks like an environment.
UV = """#!/bin/sh
echo "$*" >>"$CALLS"
case "$1 $*" in
    venv*) for last; do :; done; mkdir -p "$last/bin"; ln -s "$REAL_PYTHON" "$last/bin/python" ;;
    *--require-hashes*) exit "${FAIL_PACKAGES:-0}" ;;
    *-e*) exit "${FAIL_PROJECT:-0}" ;;
esac
"""
PROGRAMS = ["cat", "chmod", "cksum", "dirname", "grep", "id", "ln", "mkdir", "mktemp", "rm", "sed", "sh", "touch"]
OLD_PYTHON = "#!/bin/sh\nexit 1\n"

# Stands for a system python: answers the probe by its own name, has venv only when the file `venv-module` is there,
# and makes environments whose python notes what pip was asked to do.
BARE_PYTHON = """#!/bin/sh
case "$*" in
    "-I - "*) printf '%s\\n' "{programs}/python3" key "key $(cksum <requirements.lock)" ;;
    *ensurepip*) [ -f "{programs}/venv-module" ] ;;
    "-I -m venv "*)
        mkdir -p "$4/bin"
        printf '#!/bin/sh\\necho "$*" >>"$CALLS"\\n' >"$4/bin/python"
        chmod +x "$4/bin/python" ;;
    *) exec "{real}" "$@" ;;
esac
"""
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
touch "${0%/*}/venv-module"
"""


class Checkout:
    """A copy of the set-up files under a path with spaces, and a PATH that holds only what the script may use."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "my checkout (1)"
        self.programs = folder / "programs"
        self.calls_file = folder / "calls"
        self.programs.mkdir()
        self.calls_file.touch()
        for name in ("scripts/bootstrap", "requirements.lock", "pyproject.toml", "Makefile"):
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, self.root / name)
        for name in PROGRAMS:
            (self.programs / name).symlink_to(shutil.which(name) or name)

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def real_python(self) -> None:
        self.program("python3", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')

    def run(self, **extra: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "PATH": str(self.programs),
            "HOME": str(self.programs),
            "CALLS": str(self.calls_file),
            "UV_DEFAULT_INDEX": "stand-in",  # uv has a source of its own, so pip's configuration here does not matter
            "REAL_PYTHON": sys.executable,
            **extra,
        }
        command = ["sh", str(self.root / "scripts" / "bootstrap")]
        return subprocess.run(command, cwd="/", env=environment, capture_output=True, text=True, timeout=60)

    def calls(self) -> list[str]:
        lines = self.calls_file.read_text().splitlines()
        self.calls_file.write_text("")
        return lines

    @property
    def stamp(self) -> Path:
        return self.root / ".venv" / ".stamp"


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    made = Checkout(tmp_path)
    made.real_python()
    made.program("uv", UV)
    return made


def test_first_run_makes_and_second_does_nothing(checkout):
    assert checkout.run().returncode == 0
    make, packages, project = checkout.calls()
    assert make.startswith("venv")
    assert packages.endswith("--require-hashes -r requirements.lock")
    assert project.endswith("--no-deps --no-build-isolation -e .")
    assert checkout.stamp.is_file()

    again = checkout.run()
    assert (again.returncode, again.stderr, checkout.calls()) == (0, "", [])


def test_new_project_file_reinstalls_the_project_only(checkout):
    checkout.run()
    checkout.calls()
    with (checkout.root / "pyproject.toml").open("a") as file:
        file.write("\n")
    assert checkout.run().returncode == 0
    assert [call.split()[-2:] for call in checkout.calls()] == [["-e", "."]]


def test_new_lock_makes_the_environment_afresh(checkout):
    checkout.run()
    left_over = checkout.root / ".venv" / "left-over"
    left_over.touch()
    with (checkout.root / "requirements.lock").open("a") as file:
        file.write("# changed\n")
    assert checkout.run().returncode == 0
    assert not left_over.exists()


def test_moved_checkout_is_made_afresh(checkout):
    """Scripts in an environment name it by its full path."""
    checkout.run()
    checkout.calls()
    checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))
    assert checkout.run().returncode == 0
    assert len(checkout.calls()) == 3


@pytest.mark.parametrize("step", ["FAIL_PACKAGES", "FAIL_PROJECT"])
def test_a_failed_run_leaves_no_stamp_and_is_taken_up_again(checkout, step):
    assert checkout.run(**{step: "7"}).returncode == 7
    assert not checkout.stamp.exists()
    assert checkout.run().returncode == 0
    assert checkout.stamp.is_file()


def test_too_old_python_says_what_to_install(checkout):
    checkout.program("python3", OLD_PYTHON)
    result = checkout.run()
    assert result.returncode == 3
    assert "Python 3.11 or newer" in result.stderr
    assert checkout.calls() == []


def test_newer_python_beside_an_old_default_is_found(checkout):
    (checkout.programs / "python3").rename(checkout.programs / "python3.12")
    checkout.program("python3", OLD_PYTHON)
    assert checkout.run().returncode == 0


def test_named_python_comes_first(checkout):
    (checkout.programs / "python3").rename(checkout.programs / "mine")
    checkout.program("python3", OLD_PYTHON)
    assert checkout.run(ENBLOC_PYTHON=str(checkout.programs / "mine")).returncode == 0


def without_venv_module(checkout: Checkout) -> None:
    """No uv, and a python3 as on bare Debian: new enough, but without venv until apt-get has run."""
    (checkout.programs / "uv").unlink(missing_ok=True)
    checkout.program("python3", BARE_PYTHON.format(real=sys.executable, programs=checkout.programs))


def test_no_venv_module_and_not_root_says_what_to_install(checkout):
    without_venv_module(checkout)
    checkout.program("id", "#!/bin/sh\necho 1000\n")
    checkout.program("apt-get", APT_GET)
    result = checkout.run()
    assert result.returncode == 3
    assert f"apt-get install python{sys.version_info[0]}.{sys.version_info[1]}-venv" in result.stderr
    assert checkout.calls() == []


def test_no_venv_module_and_no_apt_says_what_to_install(checkout):
    without_venv_module(checkout)
    checkout.program("id", "#!/bin/sh\necho 0\n")
    result = checkout.run()
    assert result.returncode == 3
    assert "-venv" in result.stderr


def test_root_with_apt_gets_the_venv_module_and_goes_on_with_pip(checkout):
    without_venv_module(checkout)
    checkout.program("id", "#!/bin/sh\necho 0\n")
    checkout.program("apt-get", APT_GET)
    result = checkout.run()
    assert result.returncode == 0, result.stderr
    update, install, packages, project = checkout.calls()
    assert update == "apt-get -q update"
    assert install.endswith(f"install python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    assert packages.endswith("--require-hashes -r requirements.lock")
    assert project.endswith("--no-deps --no-build-isolation -e .")
    assert checkout.run().stderr == ""


def test_failing_apt_shows_what_it_said(checkout):
    without_venv_module(checkout)
    checkout.program("id", "#!/bin/sh\necho 0\n")
    checkout.program("apt-get", "#!/bin/sh\necho 'E: no network'\nexit 100\n")
    result = checkout.run()
    assert result.returncode == 3
    assert "E: no network" in result.stderr


@pytest.mark.parametrize("told", [{"PIP_CONFIG_FILE": "/nonexistent"}, {"PIP_NO_INDEX": "1"}])
def test_pip_source_of_the_user_wins_over_uv(checkout, told):
    """uv does not read pip's configuration; here pip was told of a source and uv was not, so pip must be used."""
    without_venv_module(checkout)
    (checkout.programs / "venv-module").touch()
    checkout.program("uv", UV)
    assert checkout.run(UV_DEFAULT_INDEX="", **told).returncode == 0
    assert all(" -m pip install " in call for call in checkout.calls())


def test_make_knows_every_target():
    if shutil.which("make") is None:
        pytest.skip("no make")
    result = subprocess.run(["make", "--dry-run", *TARGETS], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("script", ["scripts/bootstrap", ".ci/run"])
def test_shell_scripts_parse_and_may_be_run(script):
    assert subprocess.run(["sh", "-n", str(ROOT / script)]).returncode == 0
    assert os.access(ROOT / script, os.X_OK)
