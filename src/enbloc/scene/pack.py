"""Meshes as little bytes: int16 steps about the mesh's own centre, and the shortest indices that reach every vertex."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.scene.nouns import Mesh, Vertices
from enbloc.scene.surface import thinned

STEPS = 32767
BYTES_PER_CORNER = {False: 2, True: 4}
WIDE_ABOVE = 1 << 16
SCENE_BYTES = 2_000_000
"""Vertices and indices of a whole scene; what costs more is drawn with fewer triangles."""
FEWEST = 400
"""Triangles that a structure keeps in any case."""


@dataclass(frozen=True, slots=True, eq=False)
class PackedMesh:
    """Vertex = `centre_mm` + step_mm * int16 triple (RAS); `faces` uint32 where `wide`, else uint16; little-endian."""

    centre_mm: Array
    step_mm: float
    vertices: bytes
    faces: bytes
    wide: bool


def packed(mesh: Mesh) -> PackedMesh:
    """Every coordinate is off by half a step at most: 1 / 65534 of the mesh's longest side."""
    points = mesh.vertices_mm.astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    centre = (low + high) / 2.0
    step = max(float((high - low).max()) / 2.0 / STEPS, 1e-6)
    steps = np.rint((points - centre) / step).clip(-STEPS, STEPS)
    wide = len(points) > WIDE_ABOVE
    faces = mesh.faces.astype("<u4" if wide else "<u2")
    return PackedMesh(centre, step, steps.astype("<i2").tobytes(), faces.tobytes(), wide)


def packed_bytes(mesh: Mesh) -> int:
    """Size of `packed(mesh)` with the tints beside it, without packing it."""
    tints = 0 if mesh.tints is None else mesh.tints.size
    return (
        tints + 6 * len(mesh.vertices_mm) + 3 * BYTES_PER_CORNER[len(mesh.vertices_mm) > WIDE_ABOVE] * len(mesh.faces)
    )


def within(meshes: tuple[Mesh, ...], budget: int = SCENE_BYTES) -> tuple[Mesh, ...]:
    """The meshes as they are where they cost no more than `budget` bytes, else all of them equally thinned.

    Thinned meshes need not be closed: they are for looking at.
    """
    share = budget / max(1, sum(packed_bytes(mesh) for mesh in meshes))
    return meshes if share >= 1.0 else tuple(_thinned(mesh, share) for mesh in meshes)


def _thinned(mesh: Mesh, share: float) -> Mesh:
    target = max(FEWEST, int(share * len(mesh.faces)))
    if target >= len(mesh.faces):
        return mesh
    points, faces = thinned(mesh.vertices_mm, mesh.faces, target)
    vertices = np.asarray(points, dtype=np.float32)
    return replace(
        mesh,
        vertices_mm=vertices,
        faces=faces,
        tints=None if mesh.tints is None else mesh.tints[_nearest(mesh, vertices)],
    )


def _nearest(mesh: Mesh, vertices: Vertices) -> npt.NDArray[np.intp]:
    """The vertex of `mesh` that lies nearest to each of `vertices`."""
    from scipy.spatial import cKDTree

    found: npt.NDArray[np.intp] = cKDTree(mesh.vertices_mm).query(vertices)[1]
    return found
