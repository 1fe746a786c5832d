"""Cuts as thin closed slabs: the outline of the section, as thick as the kerf."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.core.geometry import Array, Vector, unit
from enbloc.planning.plan import Plan
from enbloc.resection.nouns import Cut, Resection
from enbloc.scene.nouns import Faces, Mesh, Vertices
from enbloc.scene.palette import STYLES

SAME_MM = 1e-3
"""Corners closer together than this are one."""


def cut_meshes(plan: Plan) -> Iterator[Mesh]:
    """One slab for each cut whose section has an outline, in the order of sawing."""
    if not isinstance(plan.resection, Resection):
        return
    style = STYLES["cut"]
    for cut in plan.resection.cuts:
        outline = corners(cut)
        if len(outline) >= 3:
            vertices, faces = slab(outline, np.array(cut.normal), cut.kerf_mm)
            yield Mesh(f"cut-{cut.name}", f"cut {cut.name}", "cut", style.surface, style.opacity, vertices, faces)


def corners(cut: Cut) -> Array:
    """The outline (n, 3), no corner twice: the last may be the first again in the plan."""
    points = np.array(cut.polygon_mm, dtype=np.float64).reshape(-1, 3)
    distinct: Array = points[np.linalg.norm(points - np.roll(points, 1, axis=0), axis=1) > SAME_MM]
    return distinct


def slab(outline: Array, normal: Vector, thickness_mm: float) -> tuple[Vertices, Faces]:
    """A closed prism about the flat `outline`, which runs counter-clockwise seen from the tip of `normal`."""
    count = len(outline)
    half = 0.5 * thickness_mm * normal
    lid = triangulated(in_plane(outline, normal))
    near = np.arange(count)
    after = np.roll(near, -1)
    below, below_after = near + count, after + count
    faces = np.concatenate(
        [
            lid,
            lid[:, ::-1] + count,
            np.stack([below, below_after, after], axis=1),
            np.stack([below, after, near], axis=1),
        ]
    )
    return np.concatenate([outline + half, outline - half]).astype(np.float32), faces.astype(np.int32)


def rim(mesh: Mesh) -> Array:
    """The outline (n, 3) that a cut's mesh was made of."""
    near, far = np.split(mesh.vertices_mm.astype(np.float64), 2)
    middle: Array = (near + far) / 2.0
    return middle


def in_plane(points: Array, normal: Vector) -> Array:
    """Points (n, 3) as (n, 2) in the plane square to `normal`, seen from its tip."""
    across = unit(np.cross(normal, np.eye(3)[int(np.abs(normal).argmin())]))
    flat: Array = np.stack([points @ across, points @ np.cross(normal, across)], axis=1)
    return flat


def triangulated(outline: Array) -> Faces:
    """Triangles (n - 2, 3) of a simple polygon (n, 2), counter-clockwise, by cutting off ears (Meisters 1975).

    A polygon that crosses itself still gives n - 2 triangles; they overlap.
    """
    left = list(range(len(outline)))
    faces = []
    while len(left) > 3:
        place = next((i for i in range(len(left)) if _is_ear(outline, left, i)), 0)
        faces.append((left[place - 1], left[place], left[(place + 1) % len(left)]))
        del left[place]
    return np.array([*faces, left], dtype=np.int32)


def _is_ear(outline: Array, left: list[int], place: int) -> bool:
    """Whether the corner is convex, and no other corner lies in the triangle it makes with its neighbours."""
    before, here, after = left[place - 1], left[place], left[(place + 1) % len(left)]
    a, b, c = outline[before], outline[here], outline[after]
    if _area(a, b, c) <= 0.0:
        return False
    others = outline[[i for i in left if i not in (before, here, after)]]
    inside = (_area(a, b, others) >= 0.0) & (_area(b, c, others) >= 0.0) & (_area(c, a, others) >= 0.0)
    return not bool(np.any(inside))


def _area(a: Array, b: Array, c: Array) -> Array:
    """Twice the signed area of the triangles a, b, c; c may be many points (n, 2)."""
    doubled: Array = (b[0] - a[0]) * (c[..., 1] - a[1]) - (b[1] - a[1]) * (c[..., 0] - a[0])
    return doubled
