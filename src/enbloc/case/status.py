"""[status]: five fixed keys, and the items of the scoring instruments, whose names and options stand in a table."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, create_model

from enbloc.case.fields import Section

ITEMS_TABLE = "knowledge/case/status_items.toml"
"""Read as data, because this room imports nothing but `core`; the knowledge room's tests hold its sources."""

Answer = bool | int | float | str


class FixedStatus(Section):
    ecog: Annotated[int, Field(ge=0, le=5)] | None = None
    kps: Annotated[int, Field(ge=0, le=100, multiple_of=10)] | None = None
    frankel: Literal["A", "B", "C", "D", "E"] | None = None
    visceral_metastases: Literal["none", "treatable", "untreatable"] | None = None
    bone_metastases: Literal["isolated", "multiple"] | None = None

    @property
    def answers(self) -> dict[str, Answer]:
        """Every item that is known, fixed or from the table, by its key."""
        return {key: value for key, value in vars(self).items() if value is not None}


def status_with_items() -> type[FixedStatus]:
    rows = tomllib.loads((files("enbloc") / ITEMS_TABLE).read_text(encoding="utf-8"))["item"]
    fields: dict[str, Any] = {row["key"]: (field_type(row) | None, Field(None, description=row["ask"])) for row in rows}
    return create_model("Status", __base__=FixedStatus, __module__=__name__, **fields)


def field_type(row: dict[str, Any]) -> Any:
    match row["kind"]:
        case "boolean":
            return bool
        case "choice":
            return Literal[tuple(row["options"])]
    low, high = row["range"]
    number = int if row["kind"] == "integer" else float
    return Annotated[number, Field(ge=low, le=high)]


if TYPE_CHECKING:
    Status = FixedStatus
else:
    Status = status_with_items()
