"""Exit codes, one line for wrong input, JSON and nothing else, nothing half-written, and a start that costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import enbloc.report
from enbloc.case import parse_case
from enbloc.cli.check import Seen, sheet
from enbloc.cli.outputs import files_of_last_run, refuse_replacing_inputs, write_outputs
from enbloc.cli.progress import Clock
from enbloc.core.errors import InputError
from enbloc.planning import plan, plan_schema

STATED = """
schema = "enbloc.case/1"
id = "stated"
[extent]
levels = ["T12"]
zones = ["body", "pedicle-left", "canal"]
skip_lesion = false
adjacent_vertebra = false
"""
RESEARCH_USE = "Research use only"


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str


def enbloc_says(*arguments: object) -> Ended:
    """The program as a user starts it; the file system's encoding is UTF-8 whatever the machine's locale."""
    command = [sys.executable, "-X", "utf8", "-m", "enbloc", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=240, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def case(tmp_path: Path) -> Path:
    folder = tmp_path / "case"
    folder.mkdir()
    (folder / "case.toml").write_text(STATED, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    """The stated case, planned once by the program with `--out` and `--json`; the folder is read and not written."""
    folder = tmp_path_factory.mktemp("planned")
    (folder / "case.toml").write_text(STATED, encoding="utf-8")
    out = folder / "a" / "b"
    return enbloc_says("plan", folder / "case.toml", "--out", out, "--json"), out


def files_in(folder: Path) -> set[str]:
    return {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}


def test_start_imports_nothing_heavy() -> None:
    """Help within 0.3 s rests on this; a time would hang on the machine, a list of modules does not."""
    heavy = ["numpy", "scipy", "numba", "nibabel", "matplotlib", "skimage", "trimesh", "pydantic", "jinja2", "nrrd"]
    code = (
        "import sys, enbloc, enbloc.cli\n"
        "sys.argv = ['enbloc', '--help']\n"
        "try: enbloc.cli.main()\n"
        "except SystemExit: pass\n"
        f"print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "phantom" in done.stdout
    assert done.stderr.strip() == "[]"


def test_version() -> None:
    assert enbloc_says("--version") == Ended(0, f"enbloc {enbloc.__version__}\n", "")


def test_no_command_shows_help() -> None:
    assert "Commands:" in enbloc_says().out + enbloc_says().err


def test_plan_in_words(case: Path) -> None:
    ended = enbloc_says("plan", case)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith(RESEARCH_USE)
    assert "Tomita type 4\n" in ended.out
    assert "Nothing was written" in ended.out
    assert files_in(case) == {"case.toml"}


def test_plan_as_json_and_nothing_else(planned: tuple[Ended, Path]) -> None:
    import jsonschema

    ended, _ = planned
    assert (ended.code, ended.err) == (0, "")
    document = json.loads(ended.out)
    jsonschema.validate(document, plan_schema(), cls=jsonschema.Draft202012Validator)
    assert document["tumour"]["tomita_type"]["value"] == 4


def test_plan_writes_what_it_promises(planned: tuple[Ended, Path]) -> None:
    ended, out = planned
    assert ended.code == 0
    assert files_in(out) == {"plan.json", "report.html", "run.json"}
    assert (out / "plan.json").read_text(encoding="utf-8") == ended.out
    assert set(json.loads((out / "run.json").read_text())["files"]) == files_in(out)
    assert [p.name for p in out.parent.iterdir()] == ["b"], "nothing left beside"


def test_slices_of_a_case_without_an_image_are_missed_aloud(case: Path, tmp_path: Path) -> None:
    ended = enbloc_says("plan", case, "--out", tmp_path / "out", "--with-slices")
    assert (ended.code, ended.err) == (0, "")
    assert "There are no slices to scroll through: the case has no image." in ended.out


def test_two_runs_differ_only_in_run_json(planned: tuple[Ended, Path], case: Path, tmp_path: Path) -> None:
    assert enbloc_says("plan", case, "--out", tmp_path / "out").code == 0
    for name in ("plan.json", "report.html"):
        assert (tmp_path / "out" / name).read_bytes() == (planned[1] / name).read_bytes()


WRONG_CALLS = {
    "no such case": (["plan", "nowhere"], "nowhere: no such file or folder"),
    "unknown schema": (["schema", "report"], "schema: there is no schema of 'report'"),
    "no such plan": (["why", "nowhere.json"], "nowhere.json: cannot be read"),
    "level that is none": (["phantom", "--out", "p", "--level", "T14"], "--level: 'T14' is not a vertebral level"),
    "slices without a report": (
        ["plan", "nowhere", "--with-slices"],
        "--with-slices: there is no report to put slices",
    ),
    "forged second line": (["plan", "a\nenbloc: all is well"], "a enbloc: all is well: no such file"),
}


@pytest.mark.parametrize(("arguments", "words"), WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_wrong_input_is_one_line_and_two(
    arguments: list[str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = enbloc_says(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("enbloc: ")
    assert words in ended.err
    assert ended.err.count("\n") == 1
    assert files_in(tmp_path) == set()


@pytest.mark.parametrize("arguments", [["plan"], ["plan", "a", "--wrong"], ["fly"], ["phantom", "--type", "8"]])
def test_wrong_usage_is_two_without_traceback(arguments: list[str]) -> None:
    ended = enbloc_says(*arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_a_wrong_case_writes_nothing(case: Path, tmp_path: Path) -> None:
    (case / "case.toml").write_text(STATED.replace("T12", "T14"))
    ended = enbloc_says("plan", case, "--out", tmp_path / "out")
    assert ended.code == 2
    assert "extent.levels[0]: 'T14'" in ended.err
    assert not (tmp_path / "out").exists()


def test_images_that_are_missing_are_named(case: Path, tmp_path: Path) -> None:
    (case / "case.toml").write_text(
        'schema = "enbloc.case/1"\nid = "x"\n[imaging]\n[[imaging.labels]]\nfile = "no.nii.gz"\nscheme = "verse"\n'
    )
    ended = enbloc_says("plan", case, "--out", tmp_path / "out")
    assert (ended.code, ended.out) == (2, "")
    assert "no.nii.gz" in ended.err
    assert ended.err.count("\n") == 1
    checked = enbloc_says("check", case)
    assert checked.code == 2
    assert "REFUSED" in checked.out
    assert "cannot be planned" in checked.out


def test_out_is_a_file(case: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    ended = enbloc_says("plan", case, "--out", tmp_path / "out")
    assert ended.code == 2
    assert "--out" in ended.err
    assert (tmp_path / "out").read_text() == "mine"


def test_check_shouts_contradictions_and_still_ends_well(case: Path) -> None:
    (case / "case.toml").write_text(STATED + '[tumour]\nkind = "metastasis"\nenneking_stage = "IA"\n')
    ended = enbloc_says("check", case)
    assert ended.code == 0
    assert "CONTRADICTION: case enneking-on-metastasis" in ended.out


def test_check_shows_what_is_stated(case: Path) -> None:
    (case / "case.toml").write_text(
        'schema = "enbloc.case/1"\nid = "x"\n[extent]\ntomita_type = 1\nskip_lesion = false\n'
    )
    shown = enbloc_says("check", case).out
    assert "tomita_type: 1" in shown
    assert "skip_lesion: no" in shown


def test_worst_findings_stand_last() -> None:
    text = sheet((Seen("refused", "a", "bad"), Seen("note", "b", "fine"), Seen("warning", "c\nd", "hm")))
    assert [line.strip() for line in text.splitlines()] == [
        *("b", "fine", "warning: c d", "hm", "REFUSED: a", "bad", "", "This case cannot be planned as it is."),
    ]


def test_why_and_schema(planned: tuple[Ended, Path]) -> None:
    ended = enbloc_says("why", planned[1] / "plan.json", "tumour.tomita_type")
    assert ended.code == 0
    assert "10.1007/s00776-005-0964-y [seed]" in ended.out
    assert json.loads(enbloc_says("schema", "plan").out) == plan_schema()


@pytest.fixture
def old_run(tmp_path: Path) -> Path:
    """A folder with an earlier run that had images, and a file of somebody else."""
    out = tmp_path / "out"
    (out / "meshes").mkdir(parents=True)
    for name in ("plan.json", "report.html", "labels.nii.gz", "meshes/vertebra-T12.stl", "mine.txt", "meshes/mine.stl"):
        (out / name).write_text("old")
    listed = ["plan.json", "report.html", "labels.nii.gz", "meshes/vertebra-T12.stl", "../mine", "/mine", 3, "run.json"]
    (out / "run.json").write_text(json.dumps({"schema": "enbloc.run/1", "files": listed}))
    return out


def test_a_new_run_replaces_ours_and_leaves_strangers(old_run: Path) -> None:
    write_outputs(plan(parse_case(STATED)), old_run, Clock())
    assert files_in(old_run) == {"plan.json", "report.html", "run.json", "mine.txt", "meshes/mine.stl"}
    assert (old_run / "plan.json").read_text() != "old"


def test_names_that_lead_out_of_the_folder_are_not_ours(old_run: Path) -> None:
    assert "../mine" not in files_of_last_run(old_run)
    assert "/mine" not in files_of_last_run(old_run)


@pytest.mark.parametrize(
    "content",
    [
        *("", "[]", '{"files": ["mine.txt"]}', '{"schema": "somebody/1", "files": ["mine.txt"]}'),
        *('{"schema": "enbloc.run/1", "files": 3}', '{"schema": "enbloc.run/1", "files": [{}]}'),
    ],
)
def test_a_strange_run_json_lists_nothing(content: str, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text(content)
    assert files_of_last_run(tmp_path) == set()


@pytest.mark.parametrize("read", ["plan.json", "meshes"], ids=["a file", "a folder"])
def test_a_result_never_takes_the_place_of_an_input(read: str, old_run: Path) -> None:
    """`--out` in the case's own folder, where labels or a folder of them carry the name of a result."""
    imaging = f'[imaging]\n[[imaging.labels]]\nfile = "{read}"\nscheme = "verse"\n'
    case = parse_case(STATED + imaging).in_folder(old_run)
    results = [old_run / "plan.json", old_run / "meshes" / "tumour.stl"]
    with pytest.raises(InputError, match=f"the input {read}"):
        refuse_replacing_inputs(case, results)
    refuse_replacing_inputs(case, [old_run.parent / "elsewhere" / result.name for result in results])


def test_nothing_is_written_where_an_input_would_be_lost(old_run: Path) -> None:
    planned = replace(
        plan(parse_case(STATED)),
        case=parse_case(STATED + '[imaging]\n[[imaging.labels]]\nfile = "plan.json"\nscheme = "verse"\n').in_folder(
            old_run
        ),
    )
    before = {name: (old_run / name).read_bytes() for name in files_in(old_run)}
    with pytest.raises(InputError, match="would take the place"):
        write_outputs(planned, old_run, Clock())
    assert {name: (old_run / name).read_bytes() for name in files_in(old_run)} == before


def test_interrupted_writing_leaves_the_old_run(old_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(planned: object, path: Path, scene: object, **_: object) -> None:
        path.write_text("half a rep")
        raise KeyboardInterrupt

    monkeypatch.setattr(enbloc.report, "write_report", interrupted)
    before = {name: (old_run / name).read_bytes() for name in files_in(old_run)}
    with pytest.raises(KeyboardInterrupt):
        write_outputs(plan(parse_case(STATED)), old_run, Clock())
    assert {name: (old_run / name).read_bytes() for name in files_in(old_run)} == before
    assert [p.name for p in old_run.parent.iterdir()] == ["out"]


def test_pictures_that_fail_leave_the_old_run(old_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are drawn beside the rest."""

    def broken(planned: object) -> None:
        raise ValueError("no such colour")

    monkeypatch.setattr(enbloc.report, "early_pictures", broken)
    before = {name: (old_run / name).read_bytes() for name in files_in(old_run)}
    with pytest.raises(ValueError, match="no such colour"):
        write_outputs(plan(parse_case(STATED)), old_run, Clock())
    assert {name: (old_run / name).read_bytes() for name in files_in(old_run)} == before
    assert [p.name for p in old_run.parent.iterdir()] == ["out"]


def test_a_full_disk_is_said(old_run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(planned: object, path: Path, scene: object, **_: object) -> None:
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(enbloc.report, "write_report", full)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        write_outputs(plan(parse_case(STATED)), old_run, Clock())


def test_clock_sums_steps_of_one_name() -> None:
    clock = Clock()
    for step in ("a", "b", "a"):
        clock(step)
    assert list(clock.seconds) == ["a", "b"]
    assert all(seconds >= 0 for seconds in clock.seconds.values())


@pytest.mark.parametrize(("sign", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_stopped_from_outside(sign: str, code: int, case: Path, tmp_path: Path) -> None:
    """The program is held where it draws the report and stopped there."""
    import signal

    hold = (
        "import signal, sys, time, enbloc.report, enbloc.cli\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored where a shell started the tests with &
        "def slow(planned, path, scene, **_):\n"
        "    print('drawing', flush=True); time.sleep(60)\n"
        "enbloc.report.write_report = slow\n"
        f"sys.argv = ['enbloc', 'plan', {str(case)!r}, '--out', {str(tmp_path / 'out')!r}]\n"
        "enbloc.cli.main()"
    )
    command = [sys.executable, "-c", hold]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout is not None
            assert program.stdout.readline() == "drawing\n"
            program.send_signal(getattr(signal, sign))
            _, err = program.communicate(timeout=30)
        finally:
            program.kill()
    assert program.returncode == code
    assert "Traceback" not in err
    assert files_in(tmp_path) == {"case/case.toml"}


def test_facts_lists_topics_and_shows_a_topic_whole() -> None:
    assert "local-recurrence" in enbloc_says("facts").out
    shown = enbloc_says("facts", "rod-breakage").out
    assert "broken rods" in shown
    assert "42.6 % (26 of 61)" in shown
    refused = enbloc_says("facts", "bleeding-los")
    assert refused.code == 2
    assert refused.err.count("\n") == 1
