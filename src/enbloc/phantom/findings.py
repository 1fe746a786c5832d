"""What is true of a phantom's clock, canal and vessels, sampled from its implicit shapes in its own frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import floor

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, unit
from enbloc.core.levels import Level
from enbloc.phantom import evaluate
from enbloc.phantom.make import Phantom
from enbloc.phantom.surroundings import surroundings
from enbloc.phantom.truth import LevelTruth, Truth, ZoneCode

STEP_MM = 0.5
RAY_MM = 80.0
TURNS = 120
HEIGHT_MM = 2.0
SECTION_PIXEL_MM = 0.4
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class CellTruth:
    """Tumour of one level in one sector (0 to 11, from the back over the patient's right) and layer (A, B, C, D, E)."""

    level: Level
    sector: int
    layer: str
    volume_mm3: float


def wbb_truth(phantom: Phantom) -> tuple[CellTruth, ...]:
    """Every cell that holds tumour. Layers B and C meet half way between the first and last bone on a ray from the
    canal's centre; tumour in discs has no layer.
    """
    truth = phantom.truth
    points = tumour_points(truth)
    codes, owners = truth.zone(points)
    found: list[CellTruth] = []
    for number, level in enumerate(truth.names, start=1):
        mine = (owners == number) & (codes != ZoneCode.DISC)
        if mine.any():
            found.extend(_cells(truth, level, points[mine], codes[mine]))
    return tuple(found)


def tumour_points(truth: Truth) -> Array:
    """Points `STEP_MM` apart that lie in the tumour, (n, 3) RAS mm."""
    kept = [np.empty((0, 3))]
    for lesion in truth.lesions:
        low, high = lesion.box_mm(truth.column)
        axes = [np.arange(a, b, STEP_MM) for a, b in zip(low, high, strict=True)]
        patient = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
        value = np.empty(len(patient))
        evaluate.lesion_field(truth.column.arrays, lesion.blobs, lesion.bumps, lesion.rules, patient, 0.0, value)
        kept.append(truth.pose.to_world(patient[value < 0.0]))
    return np.concatenate(kept)


def _cells(truth: Truth, level: Level, points: Array, codes: Codes) -> Iterator[CellTruth]:
    turn, radius, height = _polar(truth.frame(level), points)
    sector = np.floor(turn / (np.pi / 6.0)).astype(int) % 12
    middle = _middle_of_bone(truth, level, turn, height)
    sac = truth.dural_sac(points) < 0.0
    bone = (codes >= ZoneCode.BODY) & (codes <= ZoneCode.ARTICULAR_RIGHT)
    canal = codes == ZoneCode.CANAL
    layer = np.select([bone & (radius > middle), bone, canal & ~sac, canal], ["B", "C", "D", "E"], "A")
    for place, name in sorted(set(zip(sector.tolist(), layer.tolist(), strict=True))):
        count = int(np.count_nonzero((sector == place) & (layer == name)))
        yield CellTruth(level, place, name, count * STEP_MM**3)


def _polar(frame: LevelTruth, points: Array) -> tuple[Array, Array, Array]:
    """Turn from the back over the right, distance from the line through the canal's centre, height over it."""
    offset = points - np.array(frame.canal_centre_mm)
    right, front, up = (offset @ np.array(axis) for axis in (frame.right, frame.anterior, frame.superior))
    return np.arctan2(right, -front) % (2.0 * np.pi), np.hypot(right, front), up


def _middle_of_bone(truth: Truth, level: Level, turn: Array, height: Array) -> Array:
    """For each point, on the ray of its height and turn: half way between first and last bone."""
    column = np.floor(turn / (2.0 * np.pi) * TURNS).astype(int) % TURNS
    row = np.floor(height / HEIGHT_MM).astype(int)
    middle = np.full(len(turn), np.inf)
    out = np.arange(0.0, RAY_MM, STEP_MM)
    frame = truth.frame(level)
    for j, i in sorted(set(zip(row.tolist(), column.tolist(), strict=True))):
        angle, z = (i + 0.5) * 2.0 * np.pi / TURNS, (j + 0.5) * HEIGHT_MM
        ray = np.sin(angle) * np.array(frame.right) - np.cos(angle) * np.array(frame.anterior)
        start = np.array(frame.canal_centre_mm) + z * np.array(frame.superior)
        bone = np.flatnonzero(truth.bone(level, start + out[:, None] * ray) < 0.0)
        if bone.size:
            middle[(row == j) & (column == i)] = 0.5 * (out[bone[0]] + out[bone[-1]])
    return middle


def canal_section_share(phantom: Phantom, level: Level) -> float:
    """Largest share of the canal's cross-section that tumour fills, over the sections at the height of the body."""
    truth = phantom.truth
    frame, place = truth.frame(level), truth.names.index(level)
    ends = truth.levels[max(0, place - 1)], truth.levels[min(len(truth.levels) - 1, place + 1)]
    axis = np.array(frame.superior)
    if ends[0] is not ends[1]:
        axis = unit(np.array(ends[0].canal_centre_mm) - np.array(ends[1].canal_centre_mm))
    across = unit(np.cross(axis, np.array(frame.anterior)))
    side = np.arange(-20.0, 20.0, SECTION_PIXEL_MM)
    a, b = np.meshgrid(side, side, indexing="ij")
    flat = a[..., None] * across + b[..., None] * np.cross(axis, across)
    half = floor(0.5 * float(truth.column.shapes[place]["height"])) + 3
    worst = 0.0
    for height in np.arange(-half, half, 1.0):
        points = np.array(frame.canal_centre_mm) + height * axis + flat
        canal = truth.canal(points) < 0.0
        filled = canal & (truth.tumour(points) < 0.0)
        worst = max(worst, float(np.count_nonzero(filled)) / max(1, int(np.count_nonzero(canal))))
    return worst


def vessel_distance_mm(phantom: Phantom, structure: str) -> float | None:
    """Shortest distance from tumour to a vessel's surface, 0 where they meet; None without such a vessel or tumour."""
    truth = phantom.truth
    rods = [rod for rod in surroundings(truth.column, phantom.spec.mirror) if rod.structure == structure]
    points, inside_mm = _shell(truth)
    if not rods or not len(points):
        return None
    some = np.linspace(0, len(points) - 1, min(len(points), 20_000)).astype(int)
    least = min(
        _limb(row, point) - depth
        for rod in rods
        for row in rod.rows
        for point, depth in zip(points[some], inside_mm[some], strict=True)
    )
    return max(0.0, float(least))


def _limb(row: Array, point: Array) -> float:
    from enbloc.phantom.primitives import limb

    return float(limb(point[0], point[1], point[2], row))


def _shell(truth: Truth) -> tuple[Array, Array]:
    """Tumour points within a step of its surface, in the patient's own mm, and how deep under the surface they lie."""
    points = tumour_points(truth)
    depth = -truth.tumour(points) if len(points) else np.empty(0)
    return truth.pose.to_patient(points[depth < STEP_MM]), depth[depth < STEP_MM]
