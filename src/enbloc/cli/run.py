"""One planning run: read, plan, write, with a clock and a progress bar."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from enbloc.case import read_case
from enbloc.cli.outputs import refuse_unwritable, write_outputs
from enbloc.cli.progress import Clock, showing
from enbloc.cli.surfaces import surfaces_meanwhile
from enbloc.planning import Plan, Settings, plan
from enbloc.resection.removal_nouns import RemovalSettings
from enbloc.resection.settings import ResectionSettings

BY_DEFAULT = Settings()
READ_FIRST = ("report.html",)


@dataclass(frozen=True, slots=True)
class Done:
    """A finished plan and the files that were written, relative to `folder` (None: nothing was asked for)."""

    plan: Plan
    folder: Path | None
    files: tuple[str, ...]
    pixels: str = ""
    """What is to be known about the image's pixels in the report; empty where slices were not asked for."""

    @property
    def where(self) -> str:
        if self.folder is None:
            return "Nothing was written; --out DIR writes report, plan.json, scene and labels."
        shown = sorted(
            (name for name in self.files if "/" not in name), key=lambda name: (name not in READ_FIRST, name)
        )
        lines = [f"  {self.folder / name}" for name in shown]
        meshes = sum(name.startswith("meshes/") for name in self.files)
        lines += [f"  {self.folder / 'meshes'} ({meshes} surfaces)"] if meshes else []
        lines += [self.pixels] if self.pixels else []
        return "\n".join(["Written:", *lines])


def run(case_path: str, out: Path | None, with_slices: bool = False, settings: Settings = BY_DEFAULT) -> Done:
    """Plans the case and writes everything into `out`. Raises InputError before anything is written."""
    if out is not None:
        refuse_unwritable(out)
    case = read_case(case_path)
    with showing(Clock()) as clock, surfaces_meanwhile(out is not None) as surfaces:
        imaging = None
        if case.imaging is not None:
            from enbloc.images import load_images

            clock("reading the images")
            imaging = load_images(case, clock)
        planned = plan(case, imaging, settings, clock, surfaces.begin)
        files = () if out is None else write_outputs(planned, out, clock, with_slices, surfaces.made)
    return Done(planned, out, files, about_pixels(planned) if with_slices else "")


def chosen(without_removal: bool) -> Settings:
    """The settings that the command line asks for."""
    return Settings(resection=ResectionSettings(removal=RemovalSettings(sought=not without_removal)))


def about_pixels(planned: Plan) -> str:
    from enbloc.report import without_slices

    return (
        without_slices(planned)
        or "report.html holds pixels of the patient's image: keep and send it as you would the images."
    )
