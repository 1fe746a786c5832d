"""The one place that calls rooms in order, and the documents a plan is written as.

The nouns that findings are made of are in `nouns`.
"""

from enbloc.planning.blood import PerfusionFindings
from enbloc.planning.document import plan_document, plan_json, resection_document, write_plan_json
from enbloc.planning.own_cuts import Compared, OwnCuts, Written, own_cuts
from enbloc.planning.plan import SCHEMA, Drawing, Manifest, PatchArea, Plan, SpineFindings, TumourFindings
from enbloc.planning.schema import plan_schema
from enbloc.planning.shortening import ShorteningFindings
from enbloc.planning.stages import Settings, plan
from enbloc.planning.why import why

__all__ = [
    "Compared",
    "Drawing",
    "Manifest",
    "OwnCuts",
    "PatchArea",
    "PerfusionFindings",
    "Plan",
    "SCHEMA",
    "Settings",
    "ShorteningFindings",
    "SpineFindings",
    "TumourFindings",
    "Written",
    "own_cuts",
    "plan",
    "plan_document",
    "plan_json",
    "plan_schema",
    "resection_document",
    "why",
    "write_plan_json",
]
