"""What is said of roots and of handling the cord: the nouns."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.evidence import Caveat, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class CordFinding:
    """One thing to know. `weight`: `stop`, `caution` or `note`; `id` is kebab-case and stable."""

    id: str
    weight: str
    says: str
    because: tuple[Step, ...]
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CordHandling:
    """Findings by weight, gravest first, and what was not known."""

    findings: tuple[CordFinding, ...]
    missing: tuple[str, ...]
