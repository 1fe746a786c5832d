"""Left and right: whether sided structures lie on the sides their names say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from enbloc.core.errors import LabelError
from enbloc.images.census import Census

_SIDE = re.compile(r"(?:^|-)(left|right)(?=-|$)")
_UNNAMED_PAIRS = (("aorta", "inferior-vena-cava"),)
"""The aorta descends left of the cava below the diaphragm (situs solitus)."""
LEAST_PAIRS = 2
LEAST_GAP_MM = 5.0
"""Pairs closer together than this along x say nothing about sides."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Pairs of structures whose left member lies left of its right member, and those where it does not."""

    right_way: tuple[str, ...]
    wrong_way: tuple[str, ...]

    @property
    def flipped(self) -> bool:
        return len(self.wrong_way) >= LEAST_PAIRS and len(self.wrong_way) > len(self.right_way)


def compare_sides(census: Census, structures: Mapping[int, str]) -> Sides:
    """RAS: +x is the patient's right, so a left structure must have the lower x."""
    values: dict[str, list[int]] = defaultdict(list)
    for value, name in structures.items():
        values[name].append(value)
    right_way: list[str] = []
    wrong_way: list[str] = []
    for left, right in [*_named_pairs(values), *_UNNAMED_PAIRS]:
        a, b = census.centroid_of(tuple(values.get(left, ()))), census.centroid_of(tuple(values.get(right, ())))
        if a is None or b is None or abs(b[0] - a[0]) < LEAST_GAP_MM:
            continue
        (right_way if a[0] < b[0] else wrong_way).append(f"{left}/{right}")
    return Sides(tuple(right_way), tuple(wrong_way))


def _named_pairs(values: Mapping[str, list[int]]) -> list[tuple[str, str]]:
    return [(name, _SIDE.sub(_swap, name)) for name in values if (found := _SIDE.search(name)) and found[1] == "left"]


def _swap(match: re.Match[str]) -> str:
    return match[0].replace("left", "right")


def refuse_flipped(sides: Sides, file: str) -> None:
    if sides.flipped:
        shown = ", ".join(sides.wrong_way[:4])
        message = f"left and right are flipped: {shown} lie on the wrong sides"
        hint = "the header's orientation is wrong, or the scheme is another one"
        raise LabelError(message, file=file, field="left/right", hint=hint)
