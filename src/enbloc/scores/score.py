"""The nouns of scoring: a score that may still be open, its parts, and what would close it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from enbloc.core.evidence import Caveat, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One item of an instrument as it was read.

    `possible` are the options that the facts leave open, `low` and `high` the points they range over; `answer` is the
    option when only one is left. `basis`: `stated` (in the case), `measured` (in the images), `derived` (by a row of a
    table) or `unknown`.
    """

    item: str
    low: int
    high: int
    answer: str | None
    possible: tuple[str, ...]
    basis: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """An item that is still open: what is asked, the case fields that would answer it, and the answers that would leave
    one band only, each with that band.
    """

    item: str
    ask: str
    fields: tuple[str, ...]
    settles: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """An instrument's total, at least `low` and at most `high`; of a scale of grades, their ranks.

    `band` is named only when every total that the facts allow lies in it; `bands` are all that remain possible.
    `lowest` and `highest` are the ends of the instrument's own range; `higher_is` is `worse` or `better`. `checked` is
    the weakest mark among the rows that were used.
    """

    instrument: str
    edition: str | None
    title: str
    higher_is: str
    lowest: int
    highest: int
    low: int
    high: int
    band: str | None
    bands: tuple[str, ...]
    missing: tuple[Missing, ...]
    parts: Mapping[str, Part]
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...]
    source: str
    checked: str

    @property
    def shown(self) -> str:
        """The total in words: `3`, `3 to 5`; of a scale its grades, `IA or IB`."""
        if "grade" in self.parts:
            return " or ".join(self.parts["grade"].possible)
        return str(self.low) if self.low == self.high else f"{self.low} to {self.high}"

    @property
    def reach(self) -> str:
        """The range in which the total lies; of a scale nothing, because its grades speak for themselves."""
        return "" if "grade" in self.parts else f"{self.lowest} to {self.highest}"
