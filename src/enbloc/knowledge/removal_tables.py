"""What the search for a way out looks up: what gives way by how much, where ribs are cut, how roots and rods run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from enbloc.core.errors import KnowledgeError
from enbloc.core.levels import Level
from enbloc.knowledge.loader import load_table

FILE = "resection/removal.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalTable:
    """Lengths in mm. `next_head_at`: levels with whose body the rib below shares its head. `other_leaves_says`: what is
    said where an alternative's pieces get out and the plan's do not, with `{stuck}` and `{others}` to be filled in.
    """

    vessel_yield_mm: float
    root_yield_mm: float
    epidural_mm: float
    rib_beside_joint_mm: float
    next_head_at: frozenset[Level]
    root_radius_mm: float
    root_below_pedicle_mm: float
    root_descent_deg: float
    root_beyond_mm: float
    rod_radius_mm: float
    rod_behind_pedicle_mm: float
    other_leaves_says: str
    source: str
    checked: str

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, float) and value < 0.0:
                raise KnowledgeError(f"{field.name} is negative", file=FILE, field=field.name)


@cache
def removal_table() -> RemovalTable:
    table: Mapping[str, Any] = load_table(FILE)
    yields, ribs, roots, rod = (table[name] for name in ("yields", "ribs", "roots", "rod"))
    return RemovalTable(
        vessel_yield_mm=float(yields["vessel_mm"]),
        root_yield_mm=float(yields["root_mm"]),
        epidural_mm=float(yields["epidural_mm"]),
        rib_beside_joint_mm=float(ribs["beside_joint_mm"]),
        next_head_at=frozenset(Level(name) for name in ribs["next_head_at"]),
        root_radius_mm=float(roots["radius_mm"]),
        root_below_pedicle_mm=float(roots["below_pedicle_mm"]),
        root_descent_deg=float(roots["descent_deg"]),
        root_beyond_mm=float(roots["beyond_mm"]),
        rod_radius_mm=float(rod["radius_mm"]),
        rod_behind_pedicle_mm=float(rod["behind_pedicle_mm"]),
        other_leaves_says=str(table["other_leaves"]["says"]),
        source=str(table["table"]["source"]),
        checked=str(table["table"]["checked"]),
    )
