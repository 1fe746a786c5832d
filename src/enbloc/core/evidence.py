"""How a claim carries its reasons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a reason: the rule that fired, the facts it read, what it gives, and where the rule is published.

    `checked` is the mark of the rule's row; None where the rule has no row of its own.
    """

    rule: str
    facts: tuple[str, ...]
    gives: str
    source: str
    checked: str | None = None


@dataclass(frozen=True, slots=True)
class Caveat:
    """Something the reader must know beside a result. `id` is kebab-case and stable; `text` is for people."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured number, and the range within which the resolution of the data leaves it: `low <= value <= high`.

    The name of the field that holds it carries the unit.
    """

    value: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value:g} does not lie between {self.low:g} and {self.high:g}")


@dataclass(frozen=True, slots=True)
class Skipped:
    """Stands where a stage's result would stand, with the reason why it did not run."""

    skipped: str


Progress = Callable[[str], None]
"""Called with the name of the step that begins."""


def silent(step: str) -> None:
    """The progress that shows nothing."""
