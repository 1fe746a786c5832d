"""A vertebra as a compartment: its closed surface, divided into the barriers that close it off.

Every triangle of the surface carries exactly one barrier, so that the patches are disjoint and cover the surface.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array, Vector
from enbloc.core.levels import Level
from enbloc.core.mesh import Faces, Vertices, area_vectors, vertex_vectors
from enbloc.core.volume import Mask


class Barrier(StrEnum):
    """What closes a vertebra off. `image-border` is no barrier: bone is cut there by the edge of the image."""

    ANTERIOR_LIGAMENT = "anterior-longitudinal-ligament"
    POSTERIOR_LIGAMENT = "posterior-longitudinal-ligament"
    CRANIAL_ENDPLATE = "cranial-endplate"
    CAUDAL_ENDPLATE = "caudal-endplate"
    LATERAL_LEFT = "lateral-periosteum-left"
    LATERAL_RIGHT = "lateral-periosteum-right"
    CANAL = "canal-periosteum"
    FLAVUM = "ligamentum-flavum"
    LAMINAR = "laminar-and-spinous-periosteum"
    INTERSPINOUS = "interspinous-ligament"
    SUPRASPINOUS = "supraspinous-ligament"
    IMAGE_BORDER = "image-border"


BARRIERS = tuple(Barrier)
CODES = {barrier: code for code, barrier in enumerate(BARRIERS)}
"""Codes of `Compartment.patch`."""


@dataclass(frozen=True, eq=False)
class Compartment:
    """One vertebra's closed surface. `vertices_mm` (n, 3) RAS; `faces` (m, 3) counter-clockwise from outside.

    `patch` (m,) holds the code of each triangle's barrier; `estimated` (m,) is true where the bone beneath was inferred
    and not labelled.
    """

    level: Level
    vertices_mm: Vertices
    faces: Faces
    patch: npt.NDArray[np.uint8]
    estimated: Mask

    @cached_property
    def area_vectors(self) -> Array:
        return area_vectors(self.vertices_mm.astype(np.float64), self.faces)

    @cached_property
    def areas_mm2(self) -> Vector:
        """Area of each triangle."""
        areas: Vector = np.linalg.norm(self.area_vectors, axis=1)
        return areas

    @cached_property
    def centroids_mm(self) -> Array:
        """Middle of each triangle, RAS, (m, 3)."""
        middles: Array = self.vertices_mm[self.faces].astype(np.float64).mean(axis=1)
        return middles

    @cached_property
    def vertex_normals(self) -> Array:
        """Outward unit normal at each vertex: the mean of its triangles' normals weighted by their area, (n, 3)."""
        normals = vertex_vectors(self.area_vectors, self.faces, len(self.vertices_mm))
        unit: Array = normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
        return unit

    def area_mm2(self, barrier: Barrier) -> float:
        return float(self.areas_mm2[self.patch == CODES[barrier]].sum())
