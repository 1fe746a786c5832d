"""The one place that calls rooms in order, and the documents a plan is written as."""

from enbloc.planning.document import plan_document, plan_json, write_plan_json
from enbloc.planning.nouns import (
    Barrier,
    BarrierFinding,
    CanalExtent,
    EpiduralFindings,
from enbloc.planning.plan import SCHEMA, Drawing, Manifest, Plan, SpineFindings, TumourFindings
from enbloc.planning.schema import plan_schema
from enbloc.planning.stages import Settings, plan
from enbloc.planning.why import why
from enbloc.scores import Score
from enbloc.tumour import (
    Extent,
    Frame,
    GradeHint,
    Involvement,
    LeakPath,
    Lesion,
    LevelBarriers,
    LevelStability,
    Part,
    Spine,
    Stability,
    StabilityItem,
    State,
    TomitaType,
    TubeContact,
    Vertebra,
    VesselFindings,
    WbbCell,
    WbbFindings,
    WbbLevel,
    Zone,
    ZoneExtent,
)
from enbloc.planning.plan import SCHEMA, Drawing, Manifest, PatchArea, Plan, SpineFindings, TumourFindings
from enbloc.planning.schema import plan_schema
from enbloc.planning.stages import Settings, plan
from enbloc.planning.why import why

__all__ = [
    "Barrier",
    "BarrierFinding",
    "CanalExtent",
    "Drawing",
    "EpiduralFindings",
    "Extent",
    "Frame",
    "GradeHint",
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
    "Score",
    "Settings",
    "Spine",
    "SpineFindings",
    "Stability",
    "StabilityItem",
    "State",
    "TomitaType",
    "TubeContact",
    "TumourFindings",
    "Vertebra",
    "VesselFindings",
    "WbbCell",
    "WbbFindings",
    "WbbLevel",
    "Zone",
    "ZoneExtent",
    "plan",
    "plan_document",
    "plan_json",
    "plan_schema",
    "why",
    "write_plan_json",
]
