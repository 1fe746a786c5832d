"""Blood flow and shortening in the report: what there is to draw of each."""

from __future__ import annotations

from enbloc.planning.blood import PerfusionFindings
from enbloc.planning.shortening import ShorteningFindings


def shown(perfusion: object, shortening: object) -> dict[str, object]:
    """For the template: `perfusion` and `shortening` where the stage ran, else None."""
    return {
        "perfusion": perfusion if isinstance(perfusion, PerfusionFindings) else None,
        "shortening": shortening if isinstance(shortening, ShorteningFindings) else None,
    }
