"""Writes what `enbloc plan --out` promises: everything into a folder beside the target, then moved in file by file."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Any

from enbloc import __version__
from enbloc.case import Case
from enbloc.cli.progress import Clock
from enbloc.core.errors import InputError
from enbloc.planning import Drawing, Plan, write_plan_json

RUN = "run.json"
RUN_SCHEMA = "enbloc.run/1"
TUMOUR_VALUE = 20
"""Value of tumour in labels.nii.gz; lower values are parts of the vertebrae, higher ones are kept for the pieces."""

LIBRARIES = ("numpy", "scipy", "numba", "nibabel", "scikit-image", "pydantic", "edt")


def refuse_unwritable(out: Path) -> None:
    """Raises InputError when `out` cannot become a folder to write into, before any work is done."""
    nearest_there = next((folder for folder in (out, *out.absolute().parents) if folder.exists()), None)
    if nearest_there is None or not nearest_there.is_dir():
        raise InputError(f"{nearest_there} is not a folder", file=out, field="--out")
    if not os.access(nearest_there, os.W_OK | os.X_OK):
        raise InputError("the folder may not be written to", file=out, field="--out")


def write_outputs(plan: Plan, out: Path, clock: Clock, with_slices: bool = False) -> tuple[str, ...]:
    """Writes plan.json, report.html, scene, labels and run.json into `out`; returns their names in it.

    Files of an earlier run that this one does not make are removed, so that no old picture stands beside a new plan;
    files that are not ours stay. An interrupted run leaves every file whole. Raises InputError, with nothing written,
    where a result would take the place of a file that the case reads.
    """
    try:
        with beside(out) as staged:
            produce(plan, staged, clock, with_slices)
            names = sorted(str(PurePosixPath(p.relative_to(staged))) for p in staged.rglob("*") if p.is_file())
            (staged / RUN).write_text(run_json(clock, [*names, RUN]), encoding="utf-8")
            refuse_replacing_inputs(plan.case, [out / name for name in (*names, RUN)])
            old = files_of_last_run(out)
            for name in (*names, RUN):
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (staged / name).replace(out / name)
            for name in old - {*names, RUN}:
                (out / name).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"cannot be written: {error.strerror or error}", file=out, field="--out") from error
    return (*names, RUN)


def refuse_replacing_inputs(case: Case, results: Iterable[Path]) -> None:
    """Raises InputError when one of `results` is a file that the case reads, or lies in a folder that it reads."""
    files = case.imaging
    if files is None:
        return
    named = [*(entry.file for entry in files.labels), files.image, files.tumour.file if files.tumour else None]
    inputs = {(case.folder / name).resolve(): name for name in named if name is not None}
    for result in results:
        there = result.resolve()
        taken = next((inputs[place] for place in (there, *there.parents) if place in inputs), None)
        if taken is not None:
            hint = "name another folder"
            raise InputError(f"{result.name} would take the place of the input {taken}", field="--out", hint=hint)


@contextmanager
def beside(out: Path) -> Iterator[Path]:
    """A new hidden folder next to `out`, on the same disk, gone afterwards whatever happens."""
    parent = out.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".part", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def produce(plan: Plan, folder: Path, clock: Clock, with_slices: bool) -> None:
    from enbloc.report import write_report

    clock("writing plan.json")
    write_plan_json(plan, folder / "plan.json")
    scene = None
    if plan.drawing is not None:
        from enbloc.scene import build_scene, write_scene

        clock("building the scene")
        scene = build_scene(plan)
        write_scene(plan, folder, scene)
        clock("writing the labels")
        write_label_file(plan.drawing, folder / "labels.nii.gz")
    clock("drawing the report")
    write_report(plan, folder / "report.html", scene, with_slices=with_slices)


def write_label_file(drawing: Drawing, path: Path) -> None:
    """Parts of all vertebrae, with the tumour over them, on the grid of the spine."""
    from enbloc.anatomy import Part
    from enbloc.images import write_labels

    values = drawing.spine.part.copy()
    values[drawing.spine.tumour] = TUMOUR_VALUE
    names = {int(part): part.label for part in Part if part is not Part.NONE} | {TUMOUR_VALUE: "tumour"}
    write_labels(path, values, drawing.spine.grid, names)


def files_of_last_run(out: Path) -> set[str]:
    """Names that the run.json in `out` lists; nothing when there is none or it is not ours."""
    try:
        record = json.loads((out / RUN).read_text(encoding="utf-8"))
        listed = record["files"] if record["schema"] == RUN_SCHEMA else []
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    names = [PurePosixPath(name) for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    return {str(name) for name in names if not name.is_absolute() and ".." not in name.parts}


def run_json(clock: Clock, files: list[str]) -> str:
    """Everything that may differ between two equal runs."""
    record: Mapping[str, Any] = {
        "schema": RUN_SCHEMA,
        "enbloc": __version__,
        "seconds": clock.seconds,
        "peak_memory_mib": peak_memory_mib(),
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "python": platform.python_version(),
        "libraries": {name: found for name in LIBRARIES if (found := library_version(name))},
        "files": files,
    }
    return json.dumps(record, indent=2) + "\n"


def library_version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def peak_memory_mib() -> float | None:
    """Largest resident size of this process so far; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
