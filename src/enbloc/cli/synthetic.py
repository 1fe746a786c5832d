"""Synthetic patients for `enbloc demo` and `enbloc phantom`."""

from __future__ import annotations

from pathlib import Path

from enbloc.cli.outputs import beside, refuse_unwritable
from enbloc.cli.progress import Clock, showing
from enbloc.core.levels import Level

BESIDE = 2
"""Levels shown above and below the one that carries the tumour."""


def make(
    folder: Path,
    *,
    level: Level,
    kind: int,
    side: str,
    spacing_mm: tuple[float, float, float] = (1.0, 1.0, 1.0),
    scheme: str = "totalsegmentator-v2",
    orientation: str = "RAS",
    density: str = "lytic",
    both_sides: bool = False,
    collapse: tuple[float, str] | None = None,
    seed: int = 0,
) -> None:
    """Writes a patient with a tumour of type `kind` at `level` into `folder`. Raises InputError for wrong wishes.

    `collapse`: share of height that the vertebra has lost, and the form of the loss.
    """
    from enbloc.phantom import Collapse, PhantomSpec, TumourSpec, make_phantom, write_phantom

    refuse_unwritable(folder)
    spec = PhantomSpec(
        levels=around(level),
        tumour=TumourSpec(type=kind, level=level, side=side, density=density, both_sides=both_sides),
        collapse=None if collapse is None else Collapse(level=level, loss=collapse[0], form=collapse[1]),
        spacing_mm=spacing_mm,
        scheme=scheme,
        orientation=orientation,
        seed=seed,
    )
    with showing(Clock()) as clock:
        clock("making a synthetic patient")
        write_phantom(make_phantom(spec), folder, identifier=f"phantom-{level}-type-{kind}-{side}")


def make_demo(folder: Path) -> None:
    """Writes the shipped synthetic patient into `folder`, over an earlier one: always the same bytes."""
    refuse_unwritable(folder)
    with beside(folder) as staged:
        make(staged / "case", level=Level.T12, kind=4, side="left")
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted((staged / "case").iterdir()):
            file.replace(folder / file.name)


def around(level: Level) -> tuple[Level, ...]:
    """`level` with its neighbours, as far as a phantom has them; a level it cannot have stays alone, to be refused."""
    from enbloc.phantom import COLUMN

    if level not in COLUMN:
        return (level,)
    place = COLUMN.index(level)
    return COLUMN[max(0, place - BESIDE) : place + BESIDE + 1]
