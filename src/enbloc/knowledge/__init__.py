"""Published tables, the bibliography they cite, and their loader."""

from enbloc.knowledge.barrier_tables import (
    Borders,
    Tissue,
    barrier_borders,
    barrier_rule_checked,
    barrier_tissues,
    leak_near_mm,
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
from enbloc.knowledge.sins import SinsItem, SinsReading, sins_items, sins_location, sins_reading
from enbloc.knowledge.tomita_types import (
    TypeMeaning,
    TypeRule,
    ZoneMeaning,
    tomita_rules,
    tomita_types,
    tomita_zones,
)

__all__ = [
    "Borders",
    "CHECKED",
    "LabelScheme",
    "Reference",
    "SinsItem",
    "SinsReading",
    "Tissue",
    "TypeMeaning",
    "TypeRule",
    "ZoneMeaning",
    "barrier_borders",
    "barrier_rule_checked",
    "barrier_tissues",
    "bibliography",
    "cite",
    "knowledge_sha256",
    "leak_near_mm",
    "level_of",
    "load_scheme",
    "load_table",
    "parse_bibliography",
    "parse_scheme",
    "parse_table",
    "read_scheme",
    "scheme_names",
    "sins_items",
    "sins_location",
    "sins_reading",
    "table_names",
    "tomita_rules",
    "tomita_types",
    "tomita_zones",
]
