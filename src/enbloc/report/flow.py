"""Blood flow and shortening in the report: what there is to draw of each."""

from __future__ import annotations

from enbloc.planning.flow_nouns import Perfusion, Shortening


def shown(perfusion: object, shortening: object) -> dict[str, object]:
    """For the template: `perfusion` and `shortening` where the stage ran, else None."""
    return {
        "perfusion": perfusion if isinstance(perfusion, Perfusion) else None,
        "shortening": shortening if isinstance(shortening, Shortening) else None,
    }
