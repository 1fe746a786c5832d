"""Extent of the tumour by level and zone, and the Tomita type that follows from it."""

from enbloc.tumour.assess import measure
from enbloc.tumour.classify import Reading, classify, fitting_rule
from enbloc.tumour.extent import Extent, Involvement, Lesion, TomitaType, Zone, ZoneExtent
from enbloc.tumour.sins import LevelStability, Stability, StabilityItem
from enbloc.tumour.stability import stability
from enbloc.tumour.statement import from_statement

__all__ = [
    "Extent",
    "Involvement",
    "Lesion",
    "LevelStability",
    "Reading",
    "Stability",
    "StabilityItem",
    "TomitaType",
    "Zone",
    "ZoneExtent",
    "classify",
    "fitting_rule",
    "from_statement",
    "measure",
    "stability",
]
