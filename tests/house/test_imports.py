"""Imports point inward: the table of the design, no cycles, no catch-all module, no module too long to hold in mind."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import enbloc

PACKAGE = Path(enbloc.__file__).parent
BEFORE_PLANNING = {"case", "knowledge", "survival", "anatomy", "tumour", "scores", "decisions"}
MAY_IMPORT: dict[str, set[str]] = {
    "core": set(),
    "case": set(),
    "knowledge": set(),
    "survival": set(),
    "phantom": {"knowledge"},
    "images": {"case", "knowledge"},
    "anatomy": {"knowledge"},
    "tumour": {"anatomy", "case", "knowledge"},
    "scores": {"case", "tumour", "knowledge"},
    "decisions": {"case", "tumour", "scores", "knowledge"},
    "resection": {"anatomy", "tumour", "knowledge"},
    "perfusion": {"anatomy", "knowledge"},
    "mechanics": {"anatomy", "resection", "knowledge"},
    "registry": {"case", "survival", "knowledge"},
    "planning": BEFORE_PLANNING | {"resection", "perfusion", "mechanics"},
    "scene": {"anatomy", "tumour", "resection", "perfusion", "mechanics", "planning"},
    "report": {"planning", "scene", "knowledge", "registry"},
}
FACES = {"cli", "web"}
ROOMS = set(MAY_IMPORT) | FACES
MODULES = sorted(PACKAGE.rglob("*.py"))
LONGEST = 450


def name_of(module: Path) -> str:
    """Dotted name of a module file."""
    return ".".join(module.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imported(module: Path) -> set[str]:
    """Dotted names of ours that a module imports anywhere in it, inside functions and TYPE_CHECKING blocks too."""
    found = set()
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return {name for name in found if name.split(".")[0] == "enbloc"}


def rooms_in(names: set[str]) -> set[str]:
    return {parts[1] for name in names if len(parts := name.split(".")) > 1 and parts[1] in ROOMS}


def at_import_time(module: Path) -> set[str]:
    """Modules of ours that loading `module` loads: only statements that run then."""
    names, known = set(), {name_of(m) for m in MODULES}
    todo: list[ast.AST] = [ast.parse(module.read_text(encoding="utf-8"))]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            todo += node.orelse
            continue
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        todo += ast.iter_child_nodes(node)
    return names & known


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_imports_point_inward(module: Path) -> None:
    parts = module.relative_to(PACKAGE).parts
    if len(parts) == 1:
        assert module.name in {"__init__.py", "__main__.py"}, "a module outside of every room"
        return
    room = parts[0]
    assert room in ROOMS, f"{room} is not a room of the design"
    stray = rooms_in(imported(module)) - {"core", room}
    if room in FACES:
        assert not stray & FACES, f"{name_of(module)} imports another face"
    else:
        assert not stray - MAY_IMPORT[room], f"{name_of(module)} imports {sorted(stray - MAY_IMPORT[room])}"


def test_core_imports_nothing_of_ours() -> None:
    for module in (PACKAGE / "core").glob("*.py"):
        assert all(name.startswith("enbloc.core") for name in imported(module)), module.name


def test_no_import_cycles() -> None:
    graph = {name_of(module): at_import_time(module) - {name_of(module)} for module in MODULES}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " -> ".join((*trail[trail.index(name) :], name))
        if name not in done:
            for inner in sorted(graph[name]):
                if inner != "enbloc" and not is_own_package(inner, name):
                    visit(inner, (*trail, name))
            done.add(name)

    for name in sorted(graph):
        visit(name, ())


def is_own_package(package: str, name: str) -> bool:
    """A module may name siblings through its package (`from enbloc.core import errors`)."""
    return name.startswith(package + ".")


def test_rooms_do_not_import_each_other_in_circles() -> None:
    """Follows from the table itself, whoever edits it."""
    order: list[str] = []
    left = dict(MAY_IMPORT)
    while left:
        free = [room for room, needs in left.items() if not needs & set(left)]
        assert free, f"the table has a circle among {sorted(left)}"
        order += free
        left = {room: needs for room, needs in left.items() if room not in free}


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_module_fits_in_the_head(module: Path) -> None:
    assert module.name not in {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}
    assert len(module.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_nobody_imports_the_faces() -> None:
    for module in MODULES:
        room = module.relative_to(PACKAGE).parts[0]
        if room not in FACES | {"__main__.py"}:
            assert not rooms_in(imported(module)) & FACES, name_of(module)


def test_public_names_are_the_five_verbs() -> None:
    assert set(enbloc.__all__) == {"__version__", "read_case", "load_images", "plan", "why", "write_report"}
    for name in enbloc.__all__:
        assert getattr(enbloc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'plans'"):
        _ = enbloc.plans
