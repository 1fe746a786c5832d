"""Mask to closed, smooth, light triangle mesh."""

from __future__ import annotations

import numpy as np

from enbloc.core.geometry import Affine, Array
from enbloc.core.mesh import is_closed, smooth_surface
from enbloc.core.volume import Mask
from enbloc.scene.nouns import Faces, Vertices

TRIANGLES = 6000
"""Triangles a structure may cost."""
COARSE_MM = 1.2
"""Finer voxels are averaged up to, but not beyond, this size before meshing: a picture shows no more."""


def surface(mask: Mask, affine: Affine, triangles: int = TRIANGLES) -> tuple[Vertices, Faces]:
    """The surface of `mask` (cropped; indices mean `affine`) as (vertices RAS mm, faces), closed and facing outward.

    The smoothed marching-cubes surface, decimated by quadrics. Raises ValueError for an empty mask.
    """
    points, faces = smooth_surface(mask, affine, COARSE_MM)
    points, faces = _decimated(points, faces, triangles)
    return points.astype(np.float32), faces


def _decimated(points: Array, faces: Faces, triangles: int) -> tuple[Array, Faces]:
    """At most `triangles` faces where a closed mesh of that size is found; otherwise the lightest closed one tried."""
    from fast_simplification import simplify

    for budget in (triangles, 2 * triangles, 4 * triangles):
        if len(faces) <= budget:
            break
        lighter, light = simplify(points, faces, target_count=budget, agg=5.0)
        if is_closed(light):
            return np.asarray(lighter, dtype=np.float64), np.asarray(light, dtype=np.int32)
    return points, faces
