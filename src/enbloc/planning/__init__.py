"""The one place that calls rooms in order, and the documents a plan is written as.

The nouns that findings are made of are named here too, for the faces, which know a plan and not the rooms behind it.
"""

from enbloc.anatomy import Frame, Part, Spine, Vertebra
from enbloc.decisions import Advice, Figure, Flip, Recommendation
from enbloc.planning.document import plan_document, plan_json, write_plan_json
from enbloc.planning.plan import SCHEMA, Drawing, Manifest, Plan, SpineFindings, TumourFindings
from enbloc.planning.schema import plan_schema
from enbloc.planning.stages import Settings, plan
from enbloc.planning.why import why
from enbloc.scores import Score
from enbloc.tumour import (
    Extent,
    Involvement,
    Lesion,
    LevelStability,
    Stability,
    StabilityItem,
    TomitaType,
    Zone,
    ZoneExtent,
)

__all__ = [
    "SCHEMA",
    "Advice",
    "Drawing",
    "Extent",
    "Figure",
    "Flip",
    "Frame",
    "Involvement",
    "Lesion",
    "LevelStability",
    "Manifest",
    "Part",
    "Plan",
    "Recommendation",
    "Score",
    "Settings",
    "Spine",
    "SpineFindings",
    "Stability",
    "StabilityItem",
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
