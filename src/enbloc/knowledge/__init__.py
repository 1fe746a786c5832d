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
from enbloc.knowledge.histologies import Radiosensitivity, histologies, radiosensitivity
from enbloc.knowledge.instrument_tables import instrument, instrument_keys, left_out
from enbloc.knowledge.instruments import Instrument, Item, LeftOut
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
from enbloc.knowledge.sins import SinsReading, sins_items, sins_location, sins_reading
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
    "Instrument",
    "Item",
    "LabelScheme",
    "LeftOut",
    "Radiosensitivity",
    "Reference",
    "SinsReading",
    "TypeMeaning",
    "TypeRule",
    "ZoneMeaning",
    "bibliography",
    "cite",
    "decision_caveats",
    "decision_facts",
    "decision_head",
    "decision_tables",
    "histologies",
    "instrument",
    "instrument_keys",
    "knowledge_sha256",
    "left_out",
    "level_of",
    "load_scheme",
    "load_table",
    "parse_bibliography",
    "parse_scheme",
    "parse_table",
    "radiosensitivity",
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
