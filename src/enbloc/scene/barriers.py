"""The triangles of a vertebra's surface that tumour touches or breaches, as open surfaces."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.core.volume import Mask
from enbloc.planning.plan import Drawing
from enbloc.scene.nouns import Faces, Mesh
from enbloc.scene.palette import STYLES
from enbloc.scene.surface import thinned
from enbloc.tumour import Contact, Touch

RAISED_MM = 0.3
"""Lifted off the bone so that they are seen on it."""
TRIANGLES = 3000
"""Above this a patch is thinned out to about as many."""


def barrier_meshes(drawing: Drawing) -> Iterator[Mesh]:
    """Two for each vertebra that tumour meets: what it touches, from either side, and what it breaches."""
    for contact in drawing.contacts:
        state = contact.state
        touched = (state == Touch.TOUCHED) | (state == Touch.TOUCHED_OUTSIDE)
        for kind, where in (("barrier-touched", touched), ("barrier-breached", state == Touch.BREACHED)):
            if where.any():
                yield _patch(contact, kind, where)


def _patch(contact: Contact, kind: str, where: Mask) -> Mesh:
    compartment = contact.compartment
    used, corners = np.unique(compartment.faces[where], return_inverse=True)
    faces: Faces = corners.reshape(-1, 3).astype(np.int32)
    vertices = compartment.vertices_mm[used] + RAISED_MM * compartment.vertex_normals[used].astype(np.float32)
    if len(faces) > TRIANGLES:
        points, faces = thinned(vertices, faces, TRIANGLES)
        vertices = points.astype(np.float32)
    style, name = STYLES[kind], compartment.level.value
    return Mesh(f"{kind}-{name}", f"{name}, {style.title}", kind, style.surface, style.opacity, vertices, faces)
