"""The type's range by brute force: every reading between what is certain and what may be, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Collection

FEATURES = ("body", "pedicle", "arch", "canal", "paravertebral", "adjacent-vertebra", "skip-lesion")


def all_sets(features: Collection[str]) -> list[frozenset[str]]:
    """Every subset, by counting in binary."""
    names = list(features)
    return [
        frozenset(names[bit] for bit in range(len(names)) if number >> bit & 1) for number in range(1 << len(names))
    ]


def answers(
    certain: Collection[str], possible: Collection[str], type_of: Callable[[frozenset[str]], int | None]
) -> list[int | None]:
    """The type of every allowed reading. The empty one counts only where it is the only one."""
    allowed = [reading for reading in all_sets(FEATURES) if set(certain) <= reading <= set(certain) | set(possible)]
    return [type_of(reading) for reading in allowed if reading or len(allowed) == 1]
