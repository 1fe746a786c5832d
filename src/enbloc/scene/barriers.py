"""The triangles of a vertebra's surface that tumour touches or breaches, as open surfaces."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.core.volume import Mask
from enbloc.planning.plan import Drawing
from enbloc.scene.nouns import Mesh
from enbloc.scene.palette import STYLES
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
    from fast_simplification import simplify

    compartment = contact.compartment
    used, faces = np.unique(compartment.faces[where], return_inverse=True)
    faces = faces.reshape(-1, 3).astype(np.int32)
    points = compartment.vertices_mm[used] + RAISED_MM * compartment.vertex_normals[used].astype(np.float32)
    if len(faces) > TRIANGLES:
        points, faces = simplify(points, faces, target_count=TRIANGLES)
    style, name = STYLES[kind], compartment.level.value
    vertices, triangles = np.asarray(points, dtype=np.float32), np.asarray(faces, dtype=np.int32)
    return Mesh(f"{kind}-{name}", f"{name}, {style.title}", kind, style.surface, style.opacity, vertices, triangles)
