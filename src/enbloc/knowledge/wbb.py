"""The Weinstein-Boriani-Biagini clock: two ways of numbering its sectors, and its layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from enbloc.knowledge.loader import load_table

FILE = "wbb/boriani-1997.toml"
SECTORS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class WbbConvention:
    """One numbering. `first_side`: the patient's side of the spinous process that holds sector 1."""

    id: str
    title: str
    first_side: str
    reading: str
    source: str
    checked: str

    def number(self, place: int) -> int:
        """The sector's number; `place` counts 0 to 11 from the back over the patient's right."""
        return place + 1 if self.first_side == "right" else SECTORS - place


@dataclass(frozen=True, slots=True, kw_only=True)
class WbbLayer:
    """A layer. `medium`: what it consists of (`soft`, `bone`, `epidural`, `intradural`)."""

    id: str
    says: str
    medium: str
    source: str
    checked: str


@cache
def wbb_conventions() -> tuple[WbbConvention, ...]:
    """The original of 1997 and the study group's."""
    return tuple(WbbConvention(**row) for row in load_table(FILE)["convention"])


@cache
def wbb_layers() -> tuple[WbbLayer, ...]:
    """A to E, from outside in."""
    return tuple(WbbLayer(**row) for row in load_table(FILE)["layer"])
