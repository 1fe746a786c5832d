"""The built wheel holds what the program reads at run time, and nothing it does not need."""

import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DATA = {".toml", ".csv", ".html", ".css", ".js", ".svg", ".woff2", ".ttf", ".typed", ".txt", ".j2", ".sha256"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    from hatchling.builders.wheel import WheelBuilder

    folder = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    return zipfile.ZipFile(path)


def test_wheel_holds_every_module_and_every_data_file(wheel):
    package = ROOT / "src" / "enbloc"
    wanted = {
        f"enbloc/{path.relative_to(package).as_posix()}"
        for path in package.rglob("*")
        if path.is_file() and path.suffix in DATA | {".py"} and "__pycache__" not in path.parts
    }
    assert wanted <= set(wheel.namelist())


def test_wheel_holds_the_licence_the_types_and_the_command(wheel):
    names = wheel.namelist()
    (entry_points,) = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
    assert any(name.endswith("/LICENSE") for name in names)
    assert "enbloc/py.typed" in names
    assert "enbloc = enbloc.cli:main" in wheel.read(entry_points).decode()


def test_wheel_holds_the_package_only(wheel):
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert tops == {"enbloc", *(top for top in tops if top.endswith(".dist-info"))}
    assert not [name for name in wheel.namelist() if name.endswith((".pyc", ".nbi", ".nbc"))]
