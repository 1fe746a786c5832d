"""A tree of text: branches, the steps of a reason as branches, and how it is drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from enbloc.core.errors import one_line
from enbloc.knowledge import bibliography, cite


class Branch(NamedTuple):
    """A line of the tree and what stands under it."""

    text: str
    under: tuple[Branch, ...] = ()


def step_branch(step: dict[str, Any]) -> Branch:
    facts = (f"because {fact}" for fact in step["facts"])
    source = f"rule {step['rule']}; {cite(step['source'])} [{step['checked'] or checked(step['source'])}]"
    return Branch(step["gives"], tuple(map(Branch, (*facts, source))))


def checked(source: str) -> str:
    """How a work itself was seen: the mark of a rule that has no row of its own."""
    work = bibliography().get(source)
    return work.checked if work else "unverified"


def drawn(branches: Sequence[Branch], indent: str = "") -> Iterator[str]:
    """The lines of the tree; text from files cannot start a line of its own."""
    for i, branch in enumerate(branches):
        last = i == len(branches) - 1
        mark = "" if not indent else ("└─ " if last else "├─ ")
        yield indent[3:] + mark + one_line(branch.text)
        yield from drawn(branch.under, indent + ("   " if last or not indent else "│  "))
