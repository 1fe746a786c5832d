"""Writes what `enbloc plan --out` promises: everything into a folder beside the target, then moved in file by file."""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from enbloc import __version__
from enbloc.case import Case
from enbloc.cli.progress import Clock
from enbloc.core.errors import InputError
from enbloc.core.evidence import Skipped
from enbloc.core.files import write_whole
from enbloc.planning import Drawing, OwnCuts, Plan, resection_document, write_plan_json
from enbloc.resection.nouns import Resection

if TYPE_CHECKING:
    from enbloc.cli.surfaces import Anatomy
    from enbloc.scene import Scene

RUN = "run.json"
RUN_SCHEMA = "enbloc.run/1"
TUMOUR_VALUE = 20
"""Value of tumour in labels.nii.gz; lower values are parts of the vertebrae, higher ones the pieces."""
CUTS, PIECES, RESECTION = "cuts.mrk.json", "pieces.nii.gz", "resection.json"

LIBRARIES = ("numpy", "scipy", "numba", "nibabel", "scikit-image", "pydantic", "edt")


def refuse_unwritable(out: Path) -> None:
    """Raises InputError when `out` cannot become a folder to write into, before any work is done."""
    nearest_there = next((folder for folder in (out, *out.absolute().parents) if folder.exists()), None)
    if nearest_there is None or not nearest_there.is_dir():
        raise InputError(f"{nearest_there} is not a folder", file=out, field="--out")
    if not os.access(nearest_there, os.W_OK | os.X_OK):
        raise InputError("the folder may not be written to", file=out, field="--out")


def write_outputs(
    plan: Plan, out: Path, clock: Clock, with_slices: bool = False, anatomy: Anatomy | None = None
) -> tuple[str, ...]:
    """Writes plan.json, report.html, scene, labels and run.json into `out`; returns their names in it.

    `anatomy`: the plan's surfaces that need no cuts, where they are being made already.
    Files of an earlier run that this one does not make are removed, so that no old picture stands beside a new plan;
    files that are not ours stay. An interrupted run leaves every file whole. Raises InputError, with nothing written,
    where a result would take the place of a file that the case reads.
    """
    return moved_in(plan.case, out, clock, lambda staged: produce(plan, staged, clock, with_slices, anatomy))


def write_resection(
    plan: Plan, own: OwnCuts | Skipped | None, out: Path, clock: Clock, anatomy: Anatomy | None = None
) -> tuple[str, ...]:
    """Writes resection.json and, where there are cuts, these with their pieces and the scene; as `write_outputs` does.

    The files hold the surgeon's own cuts where any were scored.
    """
    shown = replace(plan, resection=own.resection) if isinstance(own, OwnCuts) else plan

    def write(staged: Path) -> None:
        clock("writing resection.json")
        document = json.dumps(resection_document(plan, own), ensure_ascii=False, indent=2, allow_nan=False)
        write_whole(staged / RESECTION, document + "\n")
        if shown.drawing is not None:
            write_drawn(shown, shown.drawing, staged, clock, anatomy)

    return moved_in(plan.case, out, clock, write)


def moved_in(case: Case, out: Path, clock: Clock, write: Callable[[Path], object]) -> tuple[str, ...]:
    """Lets `write` fill a folder beside `out`, then moves its files in, with run.json."""
    try:
        with beside(out) as staged:
            write(staged)
            names = sorted(str(PurePosixPath(p.relative_to(staged))) for p in staged.rglob("*") if p.is_file())
            (staged / RUN).write_text(run_json(clock, [*names, RUN], hashes(staged, names)), encoding="utf-8")
            refuse_replacing_inputs(case, [out / name for name in (*names, RUN)])
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


def produce(plan: Plan, folder: Path, clock: Clock, with_slices: bool, anatomy: Anatomy | None) -> None:
    from enbloc.report import early_pictures, write_report

    with ThreadPoolExecutor(1) as meanwhile:
        early = meanwhile.submit(early_pictures, plan)
        clock("writing plan.json")
        write_plan_json(plan, folder / "plan.json")
        scene = None if plan.drawing is None else write_drawn(plan, plan.drawing, folder, clock, anatomy)
        clock("drawing the report")
        write_report(plan, folder / "report.html", scene, early=early.result(), with_slices=with_slices)


def write_drawn(plan: Plan, drawing: Drawing, folder: Path, clock: Clock, anatomy: Anatomy | None) -> Scene:
    """Scene, labels and, where there are cuts, these and their pieces."""
    from enbloc.scene import build_scene, markups_json, write_scene

    clock("building the scene")
    scene = build_scene(plan, None if anatomy is None else anatomy.result())
    write_scene(plan, folder, scene)
    clock("writing the labels")
    resection = plan.resection if isinstance(plan.resection, Resection) else None
    write_label_file(drawing, folder / "labels.nii.gz", resection)
    if resection is not None:
        write_whole(folder / CUTS, markups_json(resection.cuts))
        write_pieces(resection, folder / PIECES)
    return scene


def write_label_file(drawing: Drawing, path: Path, resection: Resection | None = None) -> None:
    """Parts of all vertebrae, over them the pieces taken out, over all the tumour, on the grid of the spine."""
    from enbloc.anatomy import Part
    from enbloc.images import write_labels

    values = drawing.spine.part.copy()
    names = {int(part): part.label for part in Part if part is not Part.NONE} | {TUMOUR_VALUE: "tumour"}
    if resection is not None and resection.drawing is not None:
        from enbloc.scene import pieces_on

        found = pieces_on(drawing.spine.grid, resection.drawing)
        values = np.where(found > 0, found + np.uint8(TUMOUR_VALUE), values)
        names |= {TUMOUR_VALUE + piece.label: f"piece {piece.name}" for piece in resection.pieces}
    values[drawing.spine.tumour] = TUMOUR_VALUE
    write_labels(path, values, drawing.spine.grid, names)


def write_pieces(resection: Resection, path: Path) -> None:
    """The whole pieces, tumour included, on the grid that the cuts were sought on."""
    from enbloc.core.volume import Grid
    from enbloc.images import write_labels

    if resection.drawing is not None:
        i, j, k = resection.drawing.label.shape
        names = {piece.label: piece.name for piece in resection.pieces}
        write_labels(path, resection.drawing.label, Grid((i, j, k), resection.drawing.affine), names)


def files_of_last_run(out: Path) -> set[str]:
    """Names that the run.json in `out` lists; nothing when there is none or it is not ours."""
    try:
        record = json.loads((out / RUN).read_text(encoding="utf-8"))
        listed = record["files"] if record["schema"] == RUN_SCHEMA else []
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()
    names = [PurePosixPath(name) for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    return {str(name) for name in names if not name.is_absolute() and ".." not in name.parts}


def hashes(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """SHA-256 of each file's bytes, by name."""
    return {name: sha256((folder / name).read_bytes()).hexdigest() for name in names}


def run_json(clock: Clock, files: list[str], sha256_of: Mapping[str, str]) -> str:
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
        "sha256": sha256_of,
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
