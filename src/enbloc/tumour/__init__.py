"""Extent of the tumour by level and zone, the Tomita type that follows from it, and what lies near: WBB clock, canal,
vessels.
"""

from enbloc.tumour.assess import measure
from enbloc.tumour.classify import Reading, classify, fitting_rule
from enbloc.tumour.contact import Contact
from enbloc.tumour.epidural import CanalExtent, EpiduralFindings, GradeHint, canal_findings
from enbloc.tumour.extent import Extent, Involvement, Lesion, TomitaType, Zone, ZoneExtent
from enbloc.tumour.field import TumourField, field_around
from enbloc.tumour.statement import from_statement
from enbloc.tumour.vessels import VesselFindings, vessel_contacts
from enbloc.tumour.wbb import WbbCell, WbbFindings, WbbLevel, clock

__all__ = [
    "CanalExtent",
    "Contact",
    "EpiduralFindings",
    "Extent",
    "GradeHint",
    "Involvement",
    "Lesion",
    "Reading",
    "TomitaType",
    "TumourField",
    "VesselFindings",
    "WbbCell",
    "WbbFindings",
    "WbbLevel",
    "Zone",
    "ZoneExtent",
    "canal_findings",
    "classify",
    "clock",
    "field_around",
    "fitting_rule",
    "from_statement",
    "measure",
    "vessel_contacts",
]
