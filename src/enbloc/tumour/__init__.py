"""Extent of the tumour by level and zone, the Tomita type that follows from it, and what lies near: WBB clock, canal,
vessels.
"""

from enbloc.tumour.assess import measure
from enbloc.tumour.barriers import BarrierFinding, LeakPath, LevelBarriers, State, barrier_findings
from enbloc.tumour.classify import Reading, classify, fitting_rule
from enbloc.tumour.contact import Contact, Touch, contacts
from enbloc.tumour.epidural import CanalExtent, EpiduralFindings, GradeHint, canal_findings
from enbloc.tumour.extent import Extent, Involvement, Lesion, TomitaType, Zone, ZoneExtent
from enbloc.tumour.field import TumourField, field_around
from enbloc.tumour.sins import LevelStability, Stability, StabilityItem
from enbloc.tumour.stability import stability
from enbloc.tumour.statement import from_statement
from enbloc.tumour.tube_contact import TubeContact
from enbloc.tumour.vessels import VesselFindings, vessel_contacts
from enbloc.tumour.wbb import WbbCell, WbbFindings, WbbLevel, clock

__all__ = [
    "BarrierFinding",
    "CanalExtent",
    "Contact",
    "EpiduralFindings",
    "Extent",
    "GradeHint",
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
    "TubeContact",
    "TumourField",
    "VesselFindings",
    "WbbCell",
    "WbbFindings",
    "WbbLevel",
    "Zone",
    "ZoneExtent",
    "barrier_findings",
    "canal_findings",
    "classify",
    "clock",
    "contacts",
    "field_around",
    "fitting_rule",
    "from_statement",
    "measure",
    "stability",
    "vessel_contacts",
]
