"""Ribs and vessels: what lies around the column, as chains of tapered rods in the patient's own mm."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import cos, pi, sin

import numpy as np

from enbloc.core.geometry import Array
from enbloc.core.levels import Level
from enbloc.phantom.column import Column

RIB_STEPS = 16


@dataclass(frozen=True, slots=True, eq=False)
class Rod:
    """One named structure as a chain of rods: rows as `primitives.limb` reads them."""

    structure: str
    rows: Array


def surroundings(column: Column, mirror: bool) -> tuple[Rod, ...]:
    """Every rib and vessel in view. Ribs are drawn first: where shapes meet, the first keeps the voxel."""
    left = 1.0 if mirror else -1.0
    ribs = [
        _rib(column, i, side, name)
        for i, size in enumerate(column.sizes)
        if size.rib_reach > 0.0
        for side, name in ((-1.0, "left"), (1.0, "right"))
    ]
    return (*ribs, *_sacrum(column), *_great_vessels(column, left))


def segmental_arteries(column: Column, mirror: bool) -> tuple[Rod, ...]:
    """Segmental arteries of both sides at every level from T3 to L4: aorta, waist of the body, foramen."""
    left = 1.0 if mirror else -1.0
    rods = []
    for i, level in enumerate(column.levels):
        if not Level.T3.rank <= level.rank <= Level.L4.rank:
            continue
        v = column.shapes[i]
        waist = 1.0 - float(v["waist"])
        w, d = float(v["width_up"]) * waist + 2.5, float(v["depth_up"]) * (0.4 + 0.6 * waist) + 2.5
        aorta = _aorta_place(column, i, left)
        start = float(np.arctan2(aorta[1], aorta[0]))
        for side, name in ((-1.0, "left"), (1.0, "right")):
            end = pi * 0.5 - side * (0.5 * pi + 0.85)
            if side < 0.0 and start < -0.5 * pi:
                start += 2.0 * pi
            angles = np.linspace(start, end, 14)
            ring = np.column_stack([w * np.cos(angles), 1.08 * d * np.sin(angles) - 0.05 * d, np.zeros(14)])
            root = np.array([[*aorta[:2], -4.0]])
            exit_ = np.array(
                [[side * (float(v["canal_w"]) + 6.0), float(v["canal_y"]) - 1.0, -0.2 * float(v["height"])]]
            )
            path = column.to_patient(i, np.vstack([root, ring, exit_]))
            rods.append(Rod(f"segmental-artery-{name}-{level}", _chain(path, np.full(len(path), 1.2))))
    return tuple(rods)


def _chain(path: Array, radius: Array, axis: Array | None = None, stretch: float = 1.0) -> Array:
    """Rows of rods joining the points of `path` (n, 3)."""
    up = np.array([0.0, 0.0, 1.0]) if axis is None else axis
    rows: Array = np.array(
        [[*a, *b, ra, rb, *up, stretch] for (a, b), (ra, rb) in zip(pairwise(path), pairwise(radius), strict=True)]
    )
    return rows


def _rib(column: Column, i: int, side: float, name: str) -> Rod:
    """Head at the costal facet, neck, tubercle before the transverse process, then the arc of the chest."""
    size, v, level = column.sizes[i], column.shapes[i], column.levels[i]
    free = level.rank >= Level.T11.rank
    head_z = 0.5 * float(v["height"]) - (4.0 if free else 0.0)
    head = np.array([0.86 * float(v["width_up"]) + 2.0, float(v["wall_y"]) + 3.0, head_z])
    transverse = column.limbs[i, 1]
    tubercle = transverse[3:6] + np.array([1.5, transverse[7] + 3.6, 0.0])
    if free:
        tubercle = np.array([head[0] + 14.0, float(v["canal_y"]) - 4.0, head_z - 2.0])
    reach = size.rib_reach
    angle_point = np.array([0.46 * reach, tubercle[1] - 0.16 * reach, tubercle[2] - 0.10 * reach])
    centre_y, drop = angle_point[1] + 0.62 * reach, 0.75 * reach
    sweep = 0.5 if level is Level.T12 else (0.75 if free else 1.0)
    begin = np.arctan2((angle_point[1] - centre_y) / 0.8, angle_point[0] / 1.0)
    arc = begin + np.linspace(0.0, 1.0, RIB_STEPS) * sweep * (0.5 * pi - begin - 0.6)
    out = angle_point[0] / cos(begin)
    bend = (angle_point[1] - centre_y) / sin(begin)
    fall = angle_point[2] - drop * (np.sin(arc) - sin(begin)) * 0.55
    path = np.vstack(
        [
            head,
            0.5 * (head + tubercle),
            tubercle,
            np.column_stack([out * np.cos(arc), centre_y + bend * np.sin(arc), fall]),
        ]
    )
    path[:, 0] *= side
    radius = np.concatenate([[3.8, 2.8, 3.2], np.full(RIB_STEPS, 3.3)])
    thin = 1.7
    return Rod(f"rib-{name}-{level.value[1:]}", _chain(column.to_patient(i, path), radius, column.axes[i, 2], thin))


def _sacrum(column: Column) -> tuple[Rod, ...]:
    """S2 to S5 fused below S1, wide and curving backwards."""
    if column.levels[-1] is not Level.S1:
        return ()
    i = len(column.levels) - 1
    start = -0.5 * float(column.shapes[i]["height"]) - 4.0
    places = ((-6.0, 0.0), (-15.0, 22.0), (-27.0, 42.0), (-34.0, 60.0))
    path = column.to_patient(i, np.array([[0.0, y, start - down] for y, down in places]))
    wide = np.array([11.0, 10.0, 8.0, 6.0])
    return (Rod("sacrum", _chain(path, wide, column.axes[i, 0], 2.4)),)


def _aorta_place(column: Column, i: int, left: float) -> Array:
    """Centre of the aorta in the frame of vertebra `i`: beside the body in the chest, in front of it in the belly."""
    v = column.shapes[i]
    radius = _aorta_radius(column.levels[i])
    rank = column.levels[i].rank
    turn = np.interp(rank, [Level.T4.rank, Level.T8.rank, Level.T12.rank, Level.L4.rank], [0.25, 0.55, 1.15, 1.32])
    w, d = float(v["width_up"]) + radius + 1.5, float(v["depth_up"]) + radius + 2.5
    return np.array([left * w * cos(turn), d * sin(turn), 0.0])


def _aorta_radius(level: Level) -> float:
    return float(np.interp(level.rank, [Level.T4.rank, Level.T10.rank, Level.L4.rank], [12.5, 11.5, 9.0]))


def _cava_place(column: Column, i: int, left: float) -> Array:
    v = column.shapes[i]
    rank = column.levels[i].rank
    turn = np.interp(rank, [Level.T9.rank, Level.L1.rank, Level.L4.rank], [0.95, 0.9, 0.95])
    forward = np.interp(rank, [Level.T9.rank, Level.L1.rank], [16.0, 0.0])
    w, d = float(v["width_up"]) + 11.0, float(v["depth_up"]) + 13.0
    return np.array([-left * w * cos(turn), d * sin(turn) + forward, 0.0])


def _great_vessels(column: Column, left: float) -> list[Rod]:
    levels = column.levels
    sides = ("left", "right")
    rods = []
    aorta = [i for i, level in enumerate(levels) if Level.T4.rank <= level.rank <= Level.L4.rank]
    cava = [i for i, level in enumerate(levels) if Level.T9.rank <= level.rank <= Level.L5.rank]
    pelvic = [i for i, level in enumerate(levels) if level in (Level.L5, Level.S1)]
    if aorta:
        path = _ends(column, aorta, [_aorta_place(column, i, left) for i in aorta])
        radius = np.interp(
            np.arange(len(path)),
            [0, len(path) - 1],
            [_aorta_radius(levels[aorta[0]]), _aorta_radius(levels[aorta[-1]])],
        )
        rods.append(Rod("aorta", _chain(path, radius)))
    if cava:
        path = _ends(column, cava, [_cava_place(column, i, left) for i in cava])
        rods.append(Rod("inferior-vena-cava", _chain(path, np.full(len(path), 10.5), np.array([1.0, 0.0, 0.0]), 1.15)))
    if pelvic:
        for kind, radius_mm, lift, fork in (("artery", 5.0, 6.0, 0.0), ("vein", 6.5, -5.0, -10.0)):
            for side, name in zip((-1.0, 1.0), sides, strict=True):
                path = _iliac(column, pelvic, side, left, lift, fork)
                rods.append(Rod(f"iliac-{kind}-{name}", _chain(path, np.full(len(path), radius_mm))))
    return rods


def _iliac(column: Column, pelvic: list[int], side: float, left: float, lift: float, fork: float) -> Array:
    """From the fork in front of L4/L5 down and outwards over the wing of the sacrum."""
    first = pelvic[0]
    v = column.shapes[first]
    front = float(v["depth_up"]) + 13.0 + lift
    middle = left * (6.0 if lift > 0.0 else -9.0)
    top = np.array([middle, front, 0.5 * float(v["height"]) + 8.0 + fork])
    path = [
        top,
        np.array([0.5 * middle + side * 14.0, front - 3.0, -12.0]),
        np.array([side * 36.0, front - 12.0, -48.0]),
    ]
    path.append(np.array([side * 52.0, front - 14.0, -85.0]))
    return _smooth(column.to_patient(first, np.array(path)))


def _ends(column: Column, which: list[int], places: list[Array]) -> Array:
    """Points of a long vessel, carried straight on past the first and last vertebra (the scan cuts it there)."""
    points = [column.to_patient(i, place) for i, place in zip(which, places, strict=True)]
    up = points[0] + 150.0 * column.axes[which[0], 2]
    down = points[-1] - 0.9 * float(column.shapes[which[-1]]["height"]) * column.axes[which[-1], 2]
    if column.levels[which[-1]] not in (Level.L4, Level.L5):
        down = points[-1] - 150.0 * column.axes[which[-1], 2]
    return _smooth(np.array([up, *points, down]))


def _smooth(points: Array, steps: int = 4) -> Array:
    """A Catmull-Rom curve through `points`, `steps` pieces between neighbours."""
    padded = np.vstack([2.0 * points[0] - points[1], points, 2.0 * points[-1] - points[-2]])
    curve = [points[0]]
    for p0, p1, p2, p3 in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        a, b = 2.0 * p0 - 5.0 * p1 + 4.0 * p2 - p3, 3.0 * p1 - p0 - 3.0 * p2 + p3
        curve.extend(0.5 * (2.0 * p1 + (p2 - p0) * t + a * t**2 + b * t**3) for t in np.arange(1, steps + 1) / steps)
    return np.array(curve)
