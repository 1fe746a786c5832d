"""Mask to closed, smooth, light triangle mesh."""

from __future__ import annotations

from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Affine, Array
from enbloc.core.mesh import is_closed, smooth_surface
from enbloc.core.volume import Mask
from enbloc.scene.nouns import Faces, Vertices

TRIANGLES = 6000
"""Triangles a structure may cost."""
COARSE_MM = 1.2
"""Finer voxels are averaged up to, but not beyond, this size before meshing: a picture shows no more."""
ALONE = Lock()
"""The library that thins meshes keeps the one it works on in variables of its own, one for the whole process."""


def surface(mask: Mask, affine: Affine, triangles: int = TRIANGLES) -> tuple[Vertices, Faces]:
    """The surface of `mask` (cropped; indices mean `affine`) as (vertices RAS mm, faces), closed and facing outward.

    The smoothed marching-cubes surface, decimated by quadrics. Raises ValueError for an empty mask.
    """
    points, faces = smooth_surface(mask, affine, COARSE_MM)
    points, faces = _decimated(points, faces, triangles)
    return points.astype(np.float32), faces


def _decimated(points: Array, faces: Faces, triangles: int) -> tuple[Array, Faces]:
    """At most `triangles` faces where a closed mesh of that size is found; otherwise the lightest closed one tried."""
    for budget in (triangles, 2 * triangles, 4 * triangles):
        if len(faces) <= budget:
            break
        lighter, light = thinned(points, faces, budget, 5.0)
        if is_closed(light):
            return lighter, light
    return points, faces


def thinned(points: npt.NDArray[Any], faces: Faces, triangles: int, pressing: float = 7.0) -> tuple[Array, Faces]:
    """About as many `triangles`, by quadrics; not closed for certain, and less so the more `pressing`. One thread at a
    time, others wait.
    """
    from fast_simplification import simplify

    with ALONE:
        lighter, light = simplify(points, faces, target_count=triangles, agg=pressing)
    return np.asarray(lighter, dtype=np.float64), np.asarray(light, dtype=np.int32)
