"""A phantom as a folder that the planner reads: ct.nii.gz, spine.nii.gz, tumour.nii.gz, case.toml, truth.json."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import InputError
from enbloc.core.volume import Grid
from enbloc.knowledge import load_scheme
from enbloc.phantom.collapse import CollapseTruth
from enbloc.phantom.make import Phantom
from enbloc.phantom.truth import LevelTruth, ZoneTruth

AXIS = {"R": (0, 1), "L": (0, -1), "A": (1, 1), "P": (1, -1), "S": (2, 1), "I": (2, -1)}
Stored = npt.NDArray[np.generic]


def write_phantom(phantom: Phantom, folder: Path, *, with_ct: bool = True, identifier: str = "phantom") -> Path:
    """Write the case folder and return it. Raises InputError when `folder` exists and is not empty.

    Everything is written beside and renamed, so that an interrupted run leaves no half-written case.
    """
    folder = Path(folder)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("exists and is not an empty folder", file=folder.name, hint="name a new folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        _fill(phantom, beside, with_ct, identifier)
        beside.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise
    return folder


def _fill(phantom: Phantom, folder: Path, with_ct: bool, identifier: str) -> None:
    order = phantom.spec.orientation
    if with_ct:
        _write_nifti(folder / "ct.nii.gz", phantom.ct.stored, phantom.grid, order)
    scheme = load_scheme(phantom.spec.scheme)
    spine = "spine" if scheme.form == "files" else "spine.nii.gz"
    if scheme.form == "files":
        _write_structures(folder / spine, phantom, scheme.files, order)
    else:
        _write_nifti(folder / spine, phantom.labels.values, phantom.grid, order)
    has_tumour = bool(phantom.tumour.any())
    if has_tumour:
        _write_nifti(folder / "tumour.nii.gz", phantom.tumour.astype(np.uint8), phantom.grid, order)
    (folder / "case.toml").write_text(_case(phantom, spine, with_ct, has_tumour, identifier), "utf-8")
    (folder / "truth.json").write_text(json.dumps(truth_record(phantom), indent=1) + "\n", "utf-8")


def _write_structures(folder: Path, phantom: Phantom, files: Mapping[str, str], order: str) -> None:
    """One binary file per structure in view."""
    folder.mkdir()
    for stem, structure in files.items():
        value = phantom.labels.value_of(structure)
        mask = phantom.labels.values == value
        if value is not None and mask.any():
            _write_nifti(folder / f"{stem}.nii.gz", mask.astype(np.uint8), phantom.grid, order)


def _write_nifti(path: Path, values: Stored, grid: Grid, order: str) -> None:
    """NIfTI with `values` stored in axis order `order`; equal input gives equal bytes."""
    import nibabel

    matrix = grid.affine.matrix.copy()
    axes = [AXIS[letter][0] for letter in order]
    for axis in range(3):
        if AXIS[order[axes.index(axis)]][1] < 0:
            values = np.flip(values, axis)
            matrix[:3, 3] += matrix[:3, axis] * (grid.shape[axis] - 1)
            matrix[:3, axis] *= -1.0
    matrix[:3, :3] = matrix[:3, axes]
    image: Any = nibabel.Nifti1Image(np.ascontiguousarray(values.transpose(axes)), matrix)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")
    image.set_sform(matrix, 1)
    image.set_qform(matrix, 1)
    with path.open("wb") as file, gzip.GzipFile("", "wb", 3, file, mtime=0) as packed:
        packed.write(image.to_bytes())
        packed.flush()
        os.fsync(file.fileno())


def _case(phantom: Phantom, spine: str, with_ct: bool, has_tumour: bool, identifier: str) -> str:
    lines = [
        'schema = "enbloc.case/1"',
        f'id = "{identifier}"',
        "",
        "[patient]",
        "age_years = 58",
        'sex = "female"',
        "",
        "[imaging]",
    ]
    lines += ['image = "ct.nii.gz"'] if with_ct else []
    lines += ['modality = "ct"', "", "[[imaging.labels]]", f'file = "{spine}"', f'scheme = "{phantom.spec.scheme}"']
    if any(name.startswith("instance-") for name in phantom.labels.structures.values()):
        lines += ["", "[imaging.anchor]", "label = 1", f'level = "{phantom.truth.names[0]}"']
    lines += ["", "[imaging.tumour]", 'file = "tumour.nii.gz"'] if has_tumour else []
    lines += [
        "",
        "[tumour]",
        'kind = "metastasis"',
        'histology = "renal-cell-carcinoma"',
        "",
        "[status]",
        "ecog = 1",
        "kps = 80",
    ]
    lines += ['frankel = "D"', 'visceral_metastases = "none"', 'bone_metastases = "isolated"']
    return "\n".join([*lines, "", "[history]", "prior_radiotherapy = false", "prior_surgery = false", ""])


def truth_record(phantom: Phantom) -> dict[str, object]:
    """What truth.json holds: frames, zones with volume and depth, type and deciding depth; RAS mm, rounded to 1e-4.

    `collapse` and `density` only where they were wished for.
    """
    truth = phantom.truth
    wished: dict[str, object] = {} if truth.collapse is None else {"collapse": _collapse(truth.collapse)}
    if phantom.spec.tumour is not None and phantom.spec.tumour.density != "lytic":
        wished["density"] = phantom.spec.tumour.density
    return {
        "schema": "enbloc.phantom-truth/1",
        "tomita_type": truth.tomita_type,
        "deciding_depth_mm": _rounded(truth.deciding_depth_mm),
        "volume_mm3": _rounded(truth.volume_mm3),
        "adjacent_vertebra": truth.adjacent_vertebra,
        "skip_lesion": truth.skip_lesion,
        "sampling_step_mm": _rounded(truth.step_mm),
        "zones": [_zone(z) for z in truth.zones],
        "levels": [_level(v) for v in truth.levels],
        **wished,
    }


def _collapse(c: CollapseTruth) -> dict[str, object]:
    shares = {"lost_anterior": c.lost[0], "lost_middle": c.lost[1], "lost_posterior": c.lost[2]}
    return {"level": c.level.value, "form": c.form, **{name: _rounded(share) for name, share in shares.items()}}


def _zone(z: ZoneTruth) -> dict[str, object]:
    record = {"lesion": z.lesion, "level": z.level.value, "zone": z.zone}
    return {**record, "volume_mm3": _rounded(z.volume_mm3), "depth_mm": _rounded(z.depth_mm)}


def _level(v: LevelTruth) -> dict[str, object]:
    axes = {"right": _triple(v.right), "anterior": _triple(v.anterior), "superior": _triple(v.superior)}
    places = {"origin_mm": _triple(v.origin_mm), "canal_centre_mm": _triple(v.canal_centre_mm)}
    return {"level": v.level.value, **places, **axes}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _triple(values: tuple[float, float, float]) -> list[float]:
    return [round(value, 6) for value in values]
