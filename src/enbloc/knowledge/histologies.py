"""The histologies that tables know by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

FILE = "histology.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Radiosensitivity:
    """Histologies that answer radiotherapy alike: `sensitive`, `intermediate` or `resistant`."""

    answer: str
    histologies: tuple[str, ...]
    source: str
    checked: str


@cache
def histologies() -> Mapping[str, str]:
    """Every histology by key, with its name in words."""
    names: dict[str, str] = load_table(FILE)["names"]
    return MappingProxyType(names)


@cache
def radiosensitivities() -> tuple[Radiosensitivity, ...]:
    return tuple(row_of(Radiosensitivity, row, FILE) for row in load_table(FILE)["radiosensitivity"])


def radiosensitivity(histology: str) -> Radiosensitivity | None:
    """The row that names this histology; None where no source does."""
    return next((row for row in radiosensitivities() if histology in row.histologies), None)
