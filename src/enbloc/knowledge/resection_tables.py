"""What a resection looks up: the tools that cut, and the rules that give a face of the specimen its margin class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from enbloc.core.errors import InputError, KnowledgeError, nearest
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

LOSSES = "resection/losses.toml"
TOOLS = "resection/tools.toml"
CLASSES = "resection/margin_classes.toml"
MARGINS = ("wide", "marginal", "intralesional")
"""Best first."""
FACTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "cut": {
        "tumour": ("entered", "likely-entered", "barely-clear", "clear"),
        "through": (
            "pedicle", "lamina", "body-side", "body", "disc", "endplate", "neighbour-body", "tumour",
        ),
    },
    "face": {
        "reach": ("not-reached", "reached", "passed"),
        "strength": ("strong", "weak", "not-graded"),
        "capsule": ("yes", "no", "unknown"),
        "behind": ("kept", "entered"),
    },
}  # fmt: skip
"""The facts that rows of cuts and of dissected faces read, each with its values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """What cuts. `width_mm` is the kerf."""

    id: str
    title: str
    width_mm: float
    source: str
    checked: str

    def __post_init__(self) -> None:
        if not 0.0 < self.width_mm <= 10.0:
            raise KnowledgeError(f"width_mm is {self.width_mm:g}, not above 0 and up to 10", file=TOOLS, field=self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MarginRule:
    """One row: it fits when every fact in `when` has one of the values named.

    `gives`: the class, None where nothing is known; `possible`: what the row leaves open, best first.
    """

    id: str
    of: str
    when: Mapping[str, list[str]]
    possible: tuple[str, ...]
    says: str
    source: str
    checked: str
    gives: str | None = None

    def __post_init__(self) -> None:
        self._expect(self.of, FACTS)
        for fact, values in self.when.items():
            self._expect(fact, FACTS[self.of])
            for value in values:
                self._expect(value, FACTS[self.of][fact])
        for name in self.possible:
            self._expect(name, MARGINS)
        if list(self.possible) != sorted(set(self.possible), key=MARGINS.index) or not self.possible:
            raise KnowledgeError("possible is empty or not best first", file=CLASSES, field=self.id)
        if self.gives is not None:
            self._expect(self.gives, self.possible)

    def _expect(self, word: str, known: Mapping[str, object] | tuple[str, ...]) -> None:
        if word not in known:
            raise KnowledgeError(f"unknown word {word!r}", file=CLASSES, field=self.id, hint=nearest(word, known))

    def fits(self, facts: Mapping[str, str]) -> bool:
        return all(facts[fact] in values for fact, values in self.when.items())


@cache
def resection_tools() -> dict[str, Tool]:
    """The tools by id, in the order of the table."""
    return {row["id"]: row_of(Tool, row, TOOLS) for row in load_table(TOOLS)["tool"]}


def resection_tool(name: str) -> Tool:
    """Raises InputError for a tool that the table does not hold."""
    tools = resection_tools()
    if name not in tools:
        hint = nearest(name, tools) or ", ".join(tools)
        raise InputError(f"{name!r} is not a tool", field="resection.tool", hint=hint)
    return tools[name]


@cache
def margin_rules() -> tuple[MarginRule, ...]:
    """The rows in the order in which they are tried."""
    return tuple(row_of(MarginRule, row, CLASSES) for row in load_table(CLASSES)["row"])


def margin_rule(of: str, facts: Mapping[str, str]) -> MarginRule:
    """The first row of `cut` or `face` that fits. Raises KnowledgeError where the table leaves a gap."""
    found = next((rule for rule in margin_rules() if rule.of == of and rule.fits(facts)), None)
    if found is None:
        raise KnowledgeError(f"no row fits {dict(facts)}", file=CLASSES, field=of)
    return found


@cache
def segmental_artery_share() -> float:
    """The share of the next body beyond which a cut through it reaches that level's segmental arteries."""
    return float(load_table(LOSSES)["segmental_artery"]["share"])


@cache
def tumour_cut_says() -> str:
    """When the paper accepts a cut through tumour."""
    return str(load_table(LOSSES)["tumour_cut"]["says"])
