"""Extent of the tumour by level and zone, and the Tomita type that follows from it."""

from enbloc.tumour.assess import measure
from enbloc.tumour.barriers import BarrierFinding, LeakPath, LevelBarriers, State, barrier_findings
from enbloc.tumour.classify import Reading, classify, fitting_rule
from enbloc.tumour.contact import Contact, Touch, contacts
from enbloc.tumour.extent import Extent, Involvement, Lesion, TomitaType, Zone, ZoneExtent
from enbloc.tumour.sins import LevelStability, Stability, StabilityItem
from enbloc.tumour.stability import stability
from enbloc.tumour.statement import from_statement

__all__ = [
    "BarrierFinding",
    "Contact",
    "Extent",
    "Involvement",
    "LeakPath",
    "Lesion",
    "LevelBarriers",
    "LevelStability",
    "Reading",
    "Stability",
    "StabilityItem",
    "State",
    "TomitaType",
    "Touch",
    "Zone",
    "ZoneExtent",
    "barrier_findings",
    "classify",
    "contacts",
    "fitting_rule",
    "from_statement",
    "measure",
    "stability",
]
