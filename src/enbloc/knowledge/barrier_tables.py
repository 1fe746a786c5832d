"""The barriers around a vertebra: their strength, what lies behind them, and the borders between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar

from enbloc.core.errors import KnowledgeError
from enbloc.knowledge.loader import bibliography, check_source, load_table

TISSUES = "barriers/tissues.toml"
BORDERS = "barriers/borders.toml"
STRENGTHS = ("strong", "weak")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tissue:
    """One barrier. `strength`: `strong`, `weak`, or None where the source does not grade it.

    `leads_to`: what lies on its other side, which stands under its own source and mark.
    """

    id: str
    title: str
    leads_to: str
    leads_to_source: str
    leads_to_checked: str
    source: str
    checked: str
    strength: str | None = None

    def __post_init__(self) -> None:
        if self.strength not in (None, *STRENGTHS):
            hint = " or ".join(STRENGTHS)
            raise KnowledgeError(f"strength is {self.strength!r}", file=TISSUES, field=self.id, hint=hint)
        check_source(
            {"source": self.leads_to_source, "checked": self.leads_to_checked}, self.id, TISSUES, bibliography()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Borders:
    """Numbers of the borders between barriers; the meaning of each stands in the table."""

    rim_deg: float
    posterior_wall_deg: float
    anterior_width_share: float
    canal_within_mm: float
    canal_beyond_mm: float
    flavum_share: float
    process_root_mm: float
    supraspinous_mm: float
    interspinous_mm: float
    source: str
    checked: str


@cache
def barrier_tissues() -> dict[str, Tissue]:
    """The barriers by id, in the order of the table."""
    return {row["id"]: _made(Tissue, row, TISSUES) for row in load_table(TISSUES)["barrier"]}


@cache
def barrier_borders() -> Borders:
    return _made(Borders, load_table(BORDERS)["border"], BORDERS)


@cache
def leak_near_mm() -> float:
    """How near to a weak barrier tumour counts as on its way to it."""
    return float(load_table(TISSUES)["leak"]["near_mm"])


def _made(kind: type[Row], row: dict[str, Any], file: str) -> Row:
    try:
        return kind(**row)
    except TypeError as error:
        raise KnowledgeError(f"a key is missing or unknown: {error}", file=file, field=row.get("id")) from None
