"""Published tables, the bibliography they cite, and their loader."""

from enbloc.knowledge.barrier_tables import (
    Borders,
    Tissue,
    barrier_borders,
    barrier_tissues,
    leak_near_mm,
)
from enbloc.knowledge.escc import (
    EsccGrade,
    EsccRule,
    escc_contact_mm,
    escc_grades,
    escc_rules,
    lowest_cord_level,
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
from enbloc.knowledge.vessels import asked_vessels, vessel_kind, vessel_limits
from enbloc.knowledge.wbb import SECTORS, WbbConvention, WbbLayer, wbb_conventions, wbb_layers

__all__ = [
    "Borders",
    "CHECKED",
    "EsccGrade",
    "EsccRule",
    "Instrument",
    "Item",
    "LabelScheme",
    "LeftOut",
    "Radiosensitivity",
    "Reference",
    "SECTORS",
    "SinsItem",
    "SinsReading",
    "Tissue",
    "TypeMeaning",
    "TypeRule",
    "WbbConvention",
    "WbbLayer",
    "ZoneMeaning",
    "asked_vessels",
    "barrier_borders",
    "barrier_tissues",
    "bibliography",
    "cite",
    "escc_contact_mm",
    "escc_grades",
    "escc_rules",
    "knowledge_sha256",
    "leak_near_mm",
    "histologies",
    "instrument",
    "instrument_keys",
    "knowledge_sha256",
    "left_out",
    "level_of",
    "load_scheme",
    "load_table",
    "lowest_cord_level",
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
    "vessel_kind",
    "vessel_limits",
    "wbb_conventions",
    "wbb_layers",
]
