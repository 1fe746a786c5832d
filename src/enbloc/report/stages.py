"""What has not been done: every stage of the plan that was skipped, with its reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from enbloc.core.evidence import Skipped
from enbloc.planning.plan import Plan

TITLES = {
    "spine": "Spine",
    "tumour": "Tumour extent and type",
    "revised": "Advice after the resection is known",
    "resection": "Resection: cuts and margins",
    "perfusion": "Embolisation, cord blood flow, blood loss",
    "shortening": "Shortening of the column",
    "mechanics": "Mechanics of the reconstruction",
    "resection.removal": "Resection: the way out around the cord",
    "tumour.barriers": "Barriers touched and breached",
    "tumour.wbb": "WBB clock",
    "tumour.epidural": "Epidural grade",
    "tumour.vessels": "Contact with vessels",
    "tumour.stability": "Stability items (SINS)",
}


@dataclass(frozen=True, slots=True)
class NotDone:
    """Stages that share one reason."""

    reason: str
    titles: tuple[str, ...]


def not_done(plan: Plan) -> tuple[NotDone, ...]:
    """Skipped stages gathered by reason, in the order of the plan."""
    by_reason: dict[str, list[str]] = {}
    for name, stage in _skipped(plan, ""):
        by_reason.setdefault(stage.skipped, []).append(TITLES.get(name, name.replace(".", ": ")))
    return tuple(NotDone(reason, tuple(titles)) for reason, titles in by_reason.items())


def _skipped(part: object, prefix: str) -> Iterator[tuple[str, Skipped]]:
    """Skipped fields of `part` and of its findings, one level down."""
    if not is_dataclass(part):
        return
    for field in fields(part):
        value = getattr(part, field.name)
        name = f"{prefix}{field.name}"
        if isinstance(value, Skipped):
            yield name, value
        elif not prefix and name in TITLES:
            yield from _skipped(value, f"{name}.")
