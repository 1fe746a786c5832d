"""What holds a vertebra: the table of everything that must be released, in the order of the operation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from enbloc.core.errors import KnowledgeError, nearest
from enbloc.core.levels import Level, is_level
from enbloc.knowledge.decision_tables import DecisionRow, decision_tables
from enbloc.knowledge.loader import load_table
from enbloc.knowledge.rows import row_of

RELEASES = "resection/releases.toml"
CHECKLIST = "level_checklist"
WORDS: Mapping[str, tuple[str, ...]] = {
    "stage": ("approach", "arch", "block"),
    "of": (
        "between", "between-sides", "column", "side", "level",
        "rib-shaft", "rib-transverse", "rib-near", "rib-body", "rib-next", "rib-above", "rib-ligament",
    ),
    "holds": ("rib", "body", "front", "back", "pedicle", "lamina", "spinous", "articular", "transverse"),
    "action": ("cut", "saw", "remove", "open", "divide", "free", "clip", "ligate", "keep"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """One row: what is freed (`holds` at the piece, `to` what stays), where, by what action, and where that is said.

    `remark`: shown beside the release. `fact`: the item of the level checklist that gives the row its levels, source
    and mark; `fact_says` is its text.
    """

    id: str
    title: str
    stage: str
    of: str
    holds: str
    to: str
    action: str
    says: str
    source: str
    checked: str
    levels: tuple[str, ...] = ()
    tissue: tuple[str, ...] = ()
    remark: str | None = None
    fact: str | None = None
    fact_says: str | None = None

    def __post_init__(self) -> None:
        for key, known in WORDS.items():
            word = getattr(self, key)
            if word not in known:
                hint = nearest(word, known)
                raise KnowledgeError(f"unknown word {word!r}", file=RELEASES, field=f"{self.id}.{key}", hint=hint)
        strange = [level for level in self.levels if not is_level(level)]
        if strange:
            raise KnowledgeError(f"{strange[0]!r} is not a level", file=RELEASES, field=f"{self.id}.levels")


@cache
def release_rows() -> tuple[ReleaseRow, ...]:
    """The rows in the order of the operation, those with a `fact` filled in from it."""
    return tuple(release_row(row) for row in load_table(RELEASES)["row"])


def release_row(row: Mapping[str, Any]) -> ReleaseRow:
    """One row of the table. Raises KnowledgeError for a word, level, fact or source that does not fit."""
    made = row_of(ReleaseRow, row, RELEASES)
    if made.fact is None:
        return made
    item = _item(made)
    if (item.source, item.checked) != (made.source, made.checked):
        raise KnowledgeError(f"source or mark is not that of {made.fact!r}", file=RELEASES, field=made.id)
    levels = tuple(sorted((str(level) for level in item.when["level"]), key=lambda level: Level(level).rank))
    return replace(made, levels=levels, fact_says=item.says)


def _item(row: ReleaseRow) -> DecisionRow:
    items = {item.id: item for item in decision_tables()[CHECKLIST].items}
    if row.fact not in items:
        hint = nearest(str(row.fact), items)
        raise KnowledgeError(f"no item {row.fact!r} in the level checklist", file=RELEASES, field=row.id, hint=hint)
    return items[row.fact]


def release_row_at(of: str, level: str) -> ReleaseRow | None:
    """The row of one kind that stands at `level`; None where there is none."""
    return next((row for row in release_rows() if row.of == of and level in row.levels), None)


@cache
def joint_gap_mm() -> float:
    """Structures whose voxels come this near meet in a joint."""
    return float(load_table(RELEASES)["contact"]["gap_mm"])
