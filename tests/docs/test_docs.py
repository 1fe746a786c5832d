"""README and docs say what is so: code runs, commands parse, links lead somewhere, shown output is what is printed."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import typer

from enbloc.case import Case, facts, parse_case, read_case
from enbloc.cli.app import app
from enbloc.cli.summary import summary
from enbloc.cli.synthetic import make_demo
from enbloc.core.volume import Imaging
from enbloc.knowledge.schemes import parse_scheme

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
HEAD = 'schema = "enbloc.case/1"\nid = "a"\n'


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def having(language: str) -> list[Path]:
    return [page for page in PAGES if blocks(page, language)]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demo's patient as `my-case`; pages run in it one after the other, as a reader would."""
    place = tmp_path_factory.mktemp("docs")
    make_demo(place / "my-case")
    return place


@pytest.fixture(scope="module", autouse=True)
def plans() -> Iterator[None]:
    """One patient stands on several pages: what is equal to the last digit of its files is planned once."""
    from enbloc import planning

    planned, made = planning.plan, {}

    def plan(case: Case, imaging: Imaging) -> object:
        key = json.dumps([facts(case), [(entry.file, entry.sha256) for entry in imaging.inputs]])
        if key not in made:
            made[key] = planned(case, imaging)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "plan", plan)
        yield


@pytest.fixture(scope="module")
def read(folder: Path) -> Callable[[Path], None]:
    """Runs the Python blocks of a page, once; they share their names, in order."""

    @cache
    def run(page: Path) -> None:
        names: dict[str, object] = {"__name__": page.stem}
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for block in blocks(page, "python"):
                exec(compile(block, named(page), "exec"), names)

    return run


@pytest.fixture(scope="module")
def printed(folder: Path) -> str:
    """What `make demo` prints about the patient."""
    from enbloc.images import load_images
    from enbloc.planning import plan

    case = read_case(folder / "my-case")
    return summary(plan(case, load_images(case)))


@pytest.mark.parametrize("page", having("python"), ids=named)
def test_python_runs(page: Path, read: Callable[[Path], None]) -> None:
    read(page)


def test_front_page_writes_its_report(folder: Path, read: Callable[[Path], None]) -> None:
    read(ROOT / "README.md")
    assert (folder / "t12.html").stat().st_size > 0


@pytest.mark.parametrize("page", having("console"), ids=named)
def test_commands_parse(page: Path) -> None:
    """Parsed down to options and values by the program's own parser; nothing is run."""
    group = typer.main.get_command(app)
    for line in "".join(blocks(page, "console")).splitlines():
        program, name, *arguments = shlex.split(line, comments=True)
        assert program == "enbloc"
        command = group.get_command(None, name)  # type: ignore[attr-defined]
        assert command is not None, line
        command.make_context(name, arguments)


@pytest.mark.parametrize("page", having("toml"), ids=named)
def test_toml_is_a_case_or_a_scheme(page: Path) -> None:
    """Pieces of a case are completed by its head, and by an extent where they hold no images."""
    for block in blocks(page, "toml"):
        if "[structures]" in block:
            assert parse_scheme(block, "own.toml").value_of("T12") == 12  # as the page says
        elif block.startswith("schema") and "[" not in block:
            parse_case(block + '[extent]\nlevels = ["T12"]\n')
        else:
            parse_case(block if block.startswith("schema") else HEAD + block)


@pytest.mark.parametrize("page", [ROOT / "README.md", ROOT / "docs/tutorial/first-plan.md"], ids=named)
def test_shown_output_is_what_the_demo_prints(page: Path, printed: str) -> None:
    shown = "".join(blocks(page, "text"))
    assert [line for line in shown.splitlines() if line not in printed.splitlines()] == []


def test_shown_reasons_are_what_why_prints(folder: Path) -> None:
    import enbloc

    case = read_case(folder / "my-case")
    tree = enbloc.why(enbloc.plan(case, enbloc.load_images(case)), "tumour.tomita_type")
    assert blocks(ROOT / "docs/how-to/read-why.md", "text")[0].strip() == tree.strip()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text("utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE))
    inside = [link for link in links if "://" not in link]
    assert [link for link in inside if not (page.parent / link.partition("#")[0]).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_named_files_and_tests_exist(page: Path) -> None:
    for name, test in re.findall(
        r"`((?:src|tests|docs|bench|examples|scripts)/[\w/.-]*\w)(?:::(\w+))?`", page.read_text("utf-8")
    ):
        assert (ROOT / name).exists(), name
        if test:
            assert f"def {test}(" in (ROOT / name).read_text("utf-8"), f"{name}::{test}"


def test_every_page_is_in_the_index() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    pages = {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")} - {"index.md"}
    assert {page for page in pages if f"({page})" not in index} == set()


def test_front_page_is_short_and_its_picture_small() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 150
    assert (ROOT / "docs" / "images" / "demo.png").stat().st_size < 150_000
