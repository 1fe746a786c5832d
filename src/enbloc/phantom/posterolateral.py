"""Which posterolateral elements of a vertebra hold tumour: pedicle, facet, and the joints with the ribs, by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from numba import njit

from enbloc.core.geometry import Array
from enbloc.core.levels import Level
from enbloc.phantom import evaluate
from enbloc.phantom.primitives import limb
from enbloc.phantom.surroundings import surroundings
from enbloc.phantom.truth import Truth, ZoneCode
from enbloc.phantom.tumour import Lesion

STEP_MM = 0.5
JOINT_MM = 2.0
"""Tumour in bone this near to a rib's head or tubercle lies at their joint: cartilage and capsule of a small joint."""
NECK = 2
"""The first rods of a rib's chain: head to neck, neck to tubercle."""
ELEMENTS = {
    "pedicle": (ZoneCode.PEDICLE_LEFT, ZoneCode.PEDICLE_RIGHT),
    "facet": (ZoneCode.ARTICULAR_LEFT, ZoneCode.ARTICULAR_RIGHT),
}
SIDES = ("left", "right")


def posterolateral(truth: Truth, level: Level | str) -> Mapping[str, Mapping[str, float]]:
    """Tumour in mm³ by side (`left`, `right`) and element (`pedicle`, `facet`, `rib-joint`); what holds none is left
    out.
    """
    found: dict[str, dict[str, float]] = {side: {} for side in SIDES}
    for lesion in truth.lesions:
        points, codes = _inside(truth, lesion, Level(level))
        for n, side in enumerate(SIDES):
            masks = {name: codes == sides[n] for name, sides in ELEMENTS.items()}
            masks["rib-joint"] = _near(points, _rib_ends(truth, Level(level), side)) < JOINT_MM
            for name, mask in masks.items():
                volume = float(np.count_nonzero(mask)) * STEP_MM**3
                if volume > 0.0:
                    found[side][name] = found[side].get(name, 0.0) + volume
    return found


def _inside(truth: Truth, lesion: Lesion, level: Level) -> tuple[Array, npt.NDArray[np.uint8]]:
    """Points of a fine grid that lie in the lesion and in the bone of `level` (patient mm), and their zone codes."""
    low, high = lesion.box_mm(truth.column)
    axes = [np.arange(a, b, STEP_MM) for a, b in zip(low, high, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    distance = np.empty(len(points))
    evaluate.lesion_field(truth.column.arrays, lesion.blobs, lesion.bumps, lesion.rules, points, 0.0, distance)
    points = np.ascontiguousarray(points[distance < 0.0])
    codes, owners = np.empty(len(points), np.uint8), np.empty(len(points), np.uint8)
    evaluate.zone_codes(truth.column.arrays, points, codes, owners)
    bone = (owners == truth.names.index(level) + 1) & (codes >= ZoneCode.BODY) & (codes <= ZoneCode.ARTICULAR_RIGHT)
    return np.ascontiguousarray(points[bone]), codes[bone]


def _rib_ends(truth: Truth, level: Level, side: str) -> Array:
    """Head and neck of the ribs that may meet this vertebra: its own and the next one's."""
    i = truth.names.index(level)
    wanted = {f"rib-{side}-{name.value[1:]}" for name in truth.names[i : i + 2] if name.region == "thoracic"}
    rods = [rod.rows[:NECK] for rod in surroundings(truth.column, False) if rod.structure in wanted]
    return np.concatenate(rods) if rods else np.empty((0, 12))


def _near(points: Array, rods: Array) -> Array:
    """Distance-like value of the nearest rod; large without any."""
    out = np.full(len(points), 1e3)
    _nearest_rod(points, np.ascontiguousarray(rods), out)
    return out


@njit(cache=True)
def _nearest_rod(points: Array, rods: Array, out: Array) -> None:
    for n in range(points.shape[0]):
        for r in range(rods.shape[0]):
            out[n] = min(out[n], limb(points[n, 0], points[n, 1], points[n, 2], rods[r]))
