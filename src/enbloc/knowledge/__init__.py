"""Published tables, the bibliography they cite, and their loader."""

from enbloc.knowledge.decision_tables import (
    DecisionRow,
    DecisionTable,
    FactMeaning,
    decision_caveats,
    decision_facts,
    decision_head,
    decision_tables,
)
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
    "CHECKED",
    "DecisionRow",
    "DecisionTable",
    "FactMeaning",
    "LabelScheme",
    "Reference",
    "TypeMeaning",
    "TypeRule",
    "ZoneMeaning",
    "bibliography",
    "cite",
    "decision_caveats",
    "decision_facts",
    "decision_head",
    "decision_tables",
    "knowledge_sha256",
    "level_of",
    "load_scheme",
    "load_table",
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
