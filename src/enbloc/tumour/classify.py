"""Tomita type from zones, by the decision table of the knowledge base. First row that fits wins."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations

from enbloc.core.evidence import Step
from enbloc.knowledge import TypeRule, tomita_rules
from enbloc.tumour.extent import TomitaType, Zone

TYPE_ZONES = {
    Zone.BODY: "body",
    Zone.PEDICLE_LEFT: "pedicle",
    Zone.PEDICLE_RIGHT: "pedicle",
    Zone.ARCH: "arch",
    Zone.CANAL: "canal",
    Zone.PARAVERTEBRAL: "paravertebral",
}
"""Zones as the decision table names them. The disc is not among them."""

ADJACENT, SKIP = "adjacent-vertebra", "skip-lesion"


@dataclass(frozen=True, slots=True)
class Reading:
    """One complete reading of the extent: the table's zones, and the two facts beyond the vertebra."""

    zones: frozenset[str]
    adjacent: bool
    skip: bool

    @classmethod
    def of(cls, features: Iterable[str]) -> Reading:
        """From feature names: the table's zones, ADJACENT and SKIP."""
        named = frozenset(features)
        return cls(named - {ADJACENT, SKIP}, ADJACENT in named, SKIP in named)


def fitting_rule(reading: Reading, rules: Collection[TypeRule] | None = None) -> TypeRule:
    """The row of the table that decides `reading`. The table's last row takes everything."""
    return next(rule for rule in (rules or tomita_rules()) if fits(rule, reading))


def fits(rule: TypeRule, reading: Reading) -> bool:
    return (
        set(rule.needs_all) <= reading.zones
        and (not rule.needs_any or not reading.zones.isdisjoint(rule.needs_any))
        and reading.zones.isdisjoint(rule.needs_none)
        and rule.adjacent in (None, reading.adjacent)
        and rule.skip in (None, reading.skip)
    )


def classify(
    certain: Collection[str], possible: Collection[str], best: Collection[str], left_open_by: str = "the noise floor"
) -> TomitaType:
    """The type of the `best` reading, with the lowest and highest type among all readings that the measurement
    allows.

    `certain` features are in every reading, `possible` ones in some. Borderline: the allowed readings give more than
    one answer.
    """
    rule = fitting_rule(Reading.of(best))
    allowed = [fitting_rule(Reading.of(features)) for features in readings(certain, possible)]
    types = [other.type for other in allowed if other.type is not None]
    low, high = (min(types), max(types)) if types else (None, None)
    answers = {other.type for other in (*allowed, rule)}
    return TomitaType(
        value=rule.type,
        low=low,
        high=high,
        borderline=len(answers) > 1,
        because=(step(rule, best), *_bounds(rule, allowed, (low, high), left_open_by)),
    )


def readings(certain: Collection[str], possible: Collection[str]) -> Iterator[frozenset[str]]:
    """Every set of features between `certain` and `certain` with all of `possible`; the empty one only if nothing
    else is.
    """
    base = frozenset(certain)
    open_ = sorted(set(possible) - base)
    for count in range(len(open_) + 1):
        for extra in combinations(open_, count):
            features = base | set(extra)
            if features or not open_:
                yield features


def step(rule: TypeRule, features: Collection[str]) -> Step:
    gives = f"type {rule.type}" if rule.type is not None else f"no type: {rule.outcome}"
    facts = tuple(sorted(features)) or ("no zone holds tumour",)
    return Step(f"tomita/{rule.id}: {rule.says}", facts, gives, rule.source, rule.checked)


def _bounds(
    rule: TypeRule, allowed: list[TypeRule], ends: tuple[int | None, int | None], left_open_by: str
) -> tuple[Step, ...]:
    """The rules behind the ends of the range, where they differ from the one that decided."""
    found = []
    for bound, name in zip(ends, ("lowest", "highest"), strict=True):
        other = next((r for r in allowed if r.type == bound), None)
        if bound is not None and bound != rule.type and other is not None:
            found.append(
                Step(
                    f"tomita/{other.id}: {other.says}",
                    (f"not found: the {name} reading that {left_open_by} leaves open",),
                    f"type {bound}",
                    other.source,
                    other.checked,
                )
            )
    return tuple(found)
