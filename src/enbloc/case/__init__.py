"""What is known of one patient: read, validate and write case.toml."""

from enbloc.case.contradictions import contradictions
from enbloc.case.model import (
    Anchor,
    Case,
    FurtherLesion,
    History,
    ImagingFiles,
    LabelFile,
    Patient,
    Planned,
    StatedExtent,
    TumourFacts,
    TumourFile,
    VesselFacts,
    case_schema,
    facts,
)
from enbloc.case.read import parse_case, read_case
from enbloc.case.status import Status
from enbloc.case.typed import typed_case
from enbloc.case.write import case_toml, write_case

__all__ = [
    "Anchor",
    "Case",
    "FurtherLesion",
    "History",
    "ImagingFiles",
    "LabelFile",
    "Patient",
    "Planned",
    "StatedExtent",
    "Status",
    "TumourFacts",
    "TumourFile",
    "VesselFacts",
    "case_schema",
    "case_toml",
    "contradictions",
    "facts",
    "parse_case",
    "read_case",
    "typed_case",
    "write_case",
]
