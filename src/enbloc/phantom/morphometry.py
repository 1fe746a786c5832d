"""Dimensions of the parametric patient, read from the knowledge table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

from enbloc.core.errors import KnowledgeError
from enbloc.core.levels import Level
from enbloc.knowledge import load_table


@dataclass(frozen=True, slots=True)
class Dimensions:
    """One level's dimensions in mm and degrees; the meaning of each stands in the table's `[column]`."""

    width: float
    depth: float
    height: float
    canal_width: float
    canal_depth: float
    pedicle_width: float
    pedicle_height: float
    pedicle_angle: float
    wedge: float
    disc: float
    disc_wedge: float
    transverse_span: float
    transverse_back: float
    transverse_up: float
    spinous_length: float
    spinous_angle: float
    facet_angle: float
    facet_size: float
    lamina_slope: float
    cord_width: float
    cord_depth: float
    rib_reach: float


@cache
def morphometry() -> dict[Level, Dimensions]:
    """The shipped table, T1 to S1."""
    table = load_table("phantom/morphometry.toml")
    names = [field.name for field in fields(Dimensions)]
    if table["table"]["columns"] != names:
        raise KnowledgeError(
            "columns differ from those the phantom reads", file="morphometry.toml", field="table.columns"
        )
    return {Level(name): Dimensions(*map(float, row)) for name, row in table["level"].items()}
