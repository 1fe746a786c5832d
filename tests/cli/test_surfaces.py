"""Surfaces made while the cuts are sought: the same files, no error lost, and nothing begun that nobody wants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread, current_thread, main_thread

import pytest

import enbloc.cli.resect
import enbloc.cli.run
import enbloc.scene
from cli.test_cli import STATED, files_in
from enbloc.cli.outputs import write_outputs, write_resection
from enbloc.cli.progress import Clock
from enbloc.cli.resect import resected
from enbloc.cli.run import run
from enbloc.cli.surfaces import surfaces_meanwhile
from enbloc.core.errors import InputError
from enbloc.planning import Plan
from enbloc.scene import anatomy_meshes
from resection.hand_made import a_resection
from scene.hand_made import a_plan, a_plan_without_images

Command = Callable[[Path, Path | None], tuple[str, ...]]


def planned_into(case: Path, out: Path | None) -> tuple[str, ...]:
    return run(str(case), out).files


def resected_into(case: Path, out: Path | None) -> tuple[str, ...]:
    return resected(str(case), out, ()).files


BOTH = pytest.mark.parametrize("command", [planned_into, resected_into], ids=["plan", "resect"])


@pytest.fixture(scope="module")
def cut() -> Plan:
    """The hand-made patient with the hand-made cuts."""
    return replace(a_plan(spacing_mm=2.0), resection=a_resection(), revised={})


@pytest.fixture
def case(tmp_path: Path) -> Path:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "case.toml").write_text(STATED, encoding="utf-8")
    return tmp_path / "case"


@pytest.fixture
def made_in(monkeypatch: pytest.MonkeyPatch) -> list[Thread]:
    """The threads in which the commands, or the scene itself, had surfaces made."""
    threads: list[Thread] = []

    def noted(*told: object) -> object:
        threads.append(current_thread())
        return anatomy_meshes(*told)

    monkeypatch.setattr(enbloc.scene, "anatomy_meshes", noted)
    monkeypatch.setattr("enbloc.scene.build.anatomy_meshes", noted)
    return threads


def stand_in(monkeypatch: pytest.MonkeyPatch, made: Plan, then: Callable[[], object] = lambda: None) -> None:
    """In place of planning: where all lies is told, something happens, and this plan comes out."""

    def plan(case: object, imaging: object, settings: object, progress: object, located: Callable) -> Plan:
        if made.drawing is not None:
            located(made.drawing, made.tumour)
        then()
        return made

    for face in (enbloc.cli.run, enbloc.cli.resect):
        monkeypatch.setattr(face, "plan", plan)


@BOTH
def test_files_are_those_of_a_scene_built_at_the_end(
    command: Command, cut: Plan, case: Path, made_in: list[Thread], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, cut)
    early, late = tmp_path / "early", tmp_path / "late"
    files = command(case, early)
    (thread,) = made_in
    assert thread is not main_thread()
    if command is planned_into:
        write_outputs(cut, late, Clock())
    else:
        write_resection(cut, None, late, Clock())
    assert made_in == [thread, main_thread()]
    assert files_in(late) == files_in(early) == set(files)
    assert "meshes/vertebra-T12.stl" in files
    for name in set(files) - {"run.json"}:
        assert (early / name).read_bytes() == (late / name).read_bytes(), name


@BOTH
def test_an_error_of_the_thread_comes_out_and_nothing_is_written(
    command: Command, cut: Plan, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(*told: object) -> None:
        raise ValueError("a hole in the mesh")

    stand_in(monkeypatch, cut)
    monkeypatch.setattr(enbloc.scene, "anatomy_meshes", broken)
    with pytest.raises(ValueError, match="a hole in the mesh"):
        command(case, tmp_path / "out")
    assert files_in(tmp_path) == {"case/case.toml"}


@BOTH
@pytest.mark.parametrize("problem", [InputError("no such guidance"), KeyboardInterrupt(), SystemExit(143)], ids=repr)
def test_what_ends_the_planning_comes_out_whatever_becomes_of_the_surfaces(
    command: Command, problem: BaseException, cut: Plan, case: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """They are in the making when planning ends, and fail after that."""
    begun, ended = Event(), Event()

    def broken(*told: object) -> None:
        begun.set()
        ended.wait(10.0)
        raise ValueError("a hole in the mesh")

    def stopped() -> None:
        assert begun.wait(10.0)
        ended.set()
        raise problem

    stand_in(monkeypatch, cut, stopped)
    monkeypatch.setattr(enbloc.scene, "anatomy_meshes", broken)
    with pytest.raises(type(problem)) as raised:
        command(case, tmp_path / "out")
    assert raised.value is problem
    assert files_in(tmp_path) == {"case/case.toml"}


@BOTH
def test_nothing_is_begun_where_nothing_is_written(
    command: Command, cut: Plan, case: Path, made_in: list[Thread], monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(monkeypatch, cut)
    assert command(case, None) == ()
    assert made_in == []


@BOTH
def test_a_case_without_images_begins_nothing(
    command: Command, case: Path, made_in: list[Thread], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in(monkeypatch, a_plan_without_images())
    assert "run.json" in command(case, tmp_path / "out")
    assert made_in == []


def test_surfaces_are_made_while_the_caller_goes_on(cut: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those made wait for the caller, who could not go on if `begin` made them itself."""
    went_on = Event()

    def waiting(*told: object) -> bool:
        return went_on.wait(10.0)

    monkeypatch.setattr(enbloc.scene, "anatomy_meshes", waiting)
    with surfaces_meanwhile(wanted=True) as surfaces:
        surfaces.begin(cut.drawing, cut.tumour)
        went_on.set()
        assert surfaces.made.result() is True
