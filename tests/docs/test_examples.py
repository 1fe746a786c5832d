"""The examples run, stay short, and print what is known by construction."""

from __future__ import annotations

import runpy
from pathlib import Path

import nibabel
import numpy as np
import pytest

from enbloc.core.levels import Level
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom, write_phantom

EXAMPLES = Path(__file__).parents[2] / "examples"


def run(name: str, *arguments: str) -> None:
    runpy.run_path(str(EXAMPLES / name))["main"](*arguments)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.name)
def test_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 60


def test_a_tumour_of_known_volume_and_type(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Wished: type 4 at T12. Voxels of 1 mm: a thousand of them in the file are one millilitre."""
    tumour = TumourSpec(type=4, level=Level.T12, side="left")
    write_phantom(make_phantom(PhantomSpec(levels=("T11", "T12", "L1"), tumour=tumour)), tmp_path / "case")
    voxels = np.count_nonzero(np.asarray(nibabel.load(tmp_path / "case" / "tumour.nii.gz").dataobj))
    run("plan_a_case.py", str(tmp_path / "case"), str(tmp_path / "report.html"))
    shown = capsys.readouterr().out
    assert f"tumour {voxels / 1000:.2f} mL at T12" in shown
    assert "tumour.tomita_type: 4" in shown
    assert (tmp_path / "report.html").is_file()
