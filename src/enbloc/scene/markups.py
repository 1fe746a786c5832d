"""Cuts as markups of 3D Slicer: the plane of each cut and the outline of its section.

The form is that of Slicer's markups schema 1.0.3: a plane of type `pointNormal` takes its place from its one control
point and its axes from the columns of `baseToNode`; `planeBounds` say how far it is drawn. Positions and axes are LPS.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from enbloc.core.geometry import Array, unit
from enbloc.resection.nouns import Cut

SCHEMA = (
    "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/Markups/Resources/Schema/"
    "markups-schema-v1.0.3.json#"
)
TO_LPS = np.array([-1.0, -1.0, 1.0])
BEYOND_MM = 5.0
"""As far beyond its section a plane is drawn."""
OWN_RGB, FOUND_RGB = [0.9, 0.6, 0.0], [0.0, 0.45, 0.7]


def markups_json(cuts: Iterable[Cut]) -> str:
    """The text of a .mrk.json with two markups for each cut; equal cuts give equal bytes."""
    markups = [markup for cut in cuts for markup in (plane_of(cut), outline_of(cut))]
    return json.dumps({"@schema": SCHEMA, "markups": markups}, ensure_ascii=False, indent=1) + "\n"


def plane_of(cut: Cut) -> dict[str, object]:
    """Placed at `point_mm`, large enough for the section."""
    axes = axes_of(cut)
    across = (np.array(cut.polygon_mm).reshape(-1, 3) - np.array(cut.point_mm)) @ axes[:, :2]
    reach = np.vstack([across, np.zeros(2)])
    low, high = reach.min(axis=0) - BEYOND_MM, reach.max(axis=0) + BEYOND_MM
    matrix = np.eye(4)
    matrix[:3, :3] = TO_LPS[:, None] * axes
    return {
        **common("Plane", cut.name, cut),
        "planeType": "pointNormal",
        "sizeMode": "absolute",
        "baseToNode": [rounded(v, 9) for v in matrix.ravel()],
        "normal": [rounded(v, 9) for v in TO_LPS * np.array(cut.normal)],
        "planeBounds": [rounded(v, 3) for v in (low[0], high[0], low[1], high[1])],
        "controlPoints": [point("1", cut.name, cut.point_mm)],
    }


def outline_of(cut: Cut) -> dict[str, object]:
    name = f"{cut.name}-section"
    corners = [point(str(i), f"{name}-{i}", corner) for i, corner in enumerate(cut.polygon_mm, start=1)]
    return {**common("ClosedCurve", name, cut), "curveType": "linear", "controlPoints": corners}


def common(kind: str, name: str, cut: Cut) -> dict[str, object]:
    return {
        "type": kind,
        "name": name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": True,
        "display": {"visibility": True, "opacity": 0.6, "color": OWN_RGB if cut.given else FOUND_RGB},
    }


def point(identifier: str, label: str, place_mm: Iterable[float]) -> dict[str, object]:
    place = TO_LPS * np.array(tuple(place_mm))
    position = [rounded(v, 3) for v in place]
    return {"id": identifier, "label": label, "position": position, "positionStatus": "defined"}


def axes_of(cut: Cut) -> Array:
    """Two directions in the plane and its normal, as columns: right-handed, in RAS."""
    normal = unit(cut.normal)
    first = unit(np.cross(normal, np.eye(3)[int(np.abs(normal).argmin())]))
    axes: Array = np.stack([first, np.cross(normal, first), normal], axis=1)
    return axes


def rounded(value: float, digits: int) -> float:
    return round(float(value), digits) + 0.0
