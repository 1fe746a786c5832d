"""Published tables, the bibliography they cite, and their loader."""

from enbloc.knowledge.loader import (
    CHECKED,
    Reference,
    bibliography,
    cite,
    knowledge_sha256,
    load_table,
    parse_bibliography,
    parse_table,
    table_names,
)
from enbloc.knowledge.outcomes_table import (
    Applies,
    Figure,
    Series,
    Topic,
    outcome_figures,
    outcome_series,
    outcome_topics,
    outcomes_about,
)
from enbloc.knowledge.schemes import LabelScheme, level_of, load_scheme, parse_scheme, read_scheme, scheme_names
from enbloc.knowledge.tomita_types import (
    TypeMeaning,
    TypeRule,
    ZoneMeaning,
    tomita_rules,
    tomita_types,
    tomita_zones,
)

__all__ = [
    "Applies",
    "CHECKED",
    "Figure",
    "LabelScheme",
    "Reference",
    "Series",
    "Topic",
    "TypeMeaning",
    "TypeRule",
    "ZoneMeaning",
    "bibliography",
    "cite",
    "knowledge_sha256",
    "level_of",
    "load_scheme",
    "load_table",
    "outcome_figures",
    "outcome_series",
    "outcome_topics",
    "outcomes_about",
    "parse_bibliography",
    "parse_scheme",
    "parse_table",
    "read_scheme",
    "scheme_names",
    "table_names",
    "tomita_rules",
    "tomita_types",
    "tomita_zones",
]
