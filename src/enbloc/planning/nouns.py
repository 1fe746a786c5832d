"""The nouns that findings are made of, and what their intervals rest on, for the faces, which know a plan and not the
rooms behind it.
"""

from enbloc.anatomy import Barrier, Frame, Part, Spine, Vertebra
from enbloc.anatomy.morphometry import ERROR_SHARE, ERROR_VOXELS
from enbloc.decisions import Advice, Figure, Flip, Outcome, OutcomeTopic, Recommendation
from enbloc.scores import Score
from enbloc.tumour import (
    BarrierFinding,
    CanalExtent,
    EpiduralFindings,
    Extent,
    GradeHint,
    Involvement,
    LeakPath,
    Lesion,
    LevelBarriers,
    LevelStability,
    Stability,
    StabilityItem,
    State,
    TomitaType,
    TubeContact,
    VesselFindings,
    WbbCell,
    WbbFindings,
    WbbLevel,
    Zone,
    ZoneExtent,
)

__all__ = [
    "Advice",
    "Barrier",
    "BarrierFinding",
    "CanalExtent",
    "ERROR_SHARE",
    "ERROR_VOXELS",
    "EpiduralFindings",
    "Extent",
    "Figure",
    "Flip",
    "Frame",
    "GradeHint",
    "Involvement",
    "LeakPath",
    "Lesion",
    "LevelBarriers",
    "LevelStability",
    "Outcome",
    "OutcomeTopic",
    "Part",
    "Recommendation",
    "Score",
    "Spine",
    "Stability",
    "StabilityItem",
    "State",
    "TomitaType",
    "TubeContact",
    "Vertebra",
    "VesselFindings",
    "WbbCell",
    "WbbFindings",
    "WbbLevel",
    "Zone",
    "ZoneExtent",
]
