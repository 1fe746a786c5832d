"""Make a synthetic patient with a known tumour, write it as a case folder, and print what is true of it.

Usage: python make_phantom.py FOLDER [LEVEL] [TYPE] [SIDE]
"""

# ruff: noqa: INP001, T201 - a script that prints
from __future__ import annotations

import sys
from pathlib import Path

from enbloc.core.levels import Level
from enbloc.phantom import COLUMN, PhantomSpec, TumourSpec, make_phantom, write_phantom


def main(folder: str, level: str = "T12", kind: str = "4", side: str = "left") -> None:
    centre = COLUMN.index(Level(level))
    spec = PhantomSpec(
        levels=COLUMN[max(0, centre - 2) : centre + 3],
        tumour=TumourSpec(type=int(kind), level=level, side=side),
        kyphosis_deg=10.0,
    )
    patient = make_phantom(spec)
    write_phantom(patient, Path(folder))
    print(f"type {patient.truth.tomita_type}, decided by {patient.truth.deciding_depth_mm:.1f} mm")
    for zone in patient.truth.zones:
        print(f"  {zone.level} {zone.zone}: {zone.volume_mm3 / 1000:.2f} ml, reaching {zone.depth_mm:.1f} mm")


if __name__ == "__main__":
    main(*sys.argv[1:])
