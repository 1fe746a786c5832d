"""How near something comes to what it must not harm."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.core.evidence import Measured


@dataclass(frozen=True, slots=True)
class Clearance:
    """Distance from a cut, or from a piece on its way out, to a structure that it must not harm."""

    structure: str
    distance_mm: Measured
