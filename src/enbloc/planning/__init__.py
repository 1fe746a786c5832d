"""The one place that calls rooms in order, and the documents a plan is written as.

The nouns that findings are made of are named here too, for the faces, which know a plan and not the rooms behind it.
"""

from enbloc.anatomy import Barrier, Frame, Part, Spine, Vertebra
from enbloc.planning.document import plan_document, plan_json, write_plan_json
from enbloc.planning.plan import SCHEMA, Drawing, Manifest, PatchArea, Plan, SpineFindings, TumourFindings
from enbloc.planning.schema import plan_schema
from enbloc.planning.stages import Settings, plan
from enbloc.planning.why import why
from enbloc.tumour import (
    BarrierFinding,
    Extent,
    Involvement,
    LeakPath,
    Lesion,
    LevelBarriers,
    LevelStability,
    Stability,
    StabilityItem,
    State,
    TomitaType,
    Zone,
    ZoneExtent,
)

__all__ = [
    "Barrier",
    "BarrierFinding",
    "Drawing",
    "Extent",
    "Frame",
    "Involvement",
    "LeakPath",
    "Lesion",
    "LevelBarriers",
    "LevelStability",
    "Manifest",
    "Part",
    "PatchArea",
    "Plan",
    "SCHEMA",
    "Settings",
    "Spine",
    "SpineFindings",
    "Stability",
    "StabilityItem",
    "State",
    "TomitaType",
    "TumourFindings",
    "Vertebra",
    "Zone",
    "ZoneExtent",
    "plan",
    "plan_document",
    "plan_json",
    "plan_schema",
    "why",
    "write_plan_json",
]
