"""The pieces that leave the patient, as surfaces; the one that holds most tumour carries its margin as colour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.core.geometry import Affine, bounding_box
from enbloc.planning.plan import Plan
from enbloc.resection.nouns import Piece, Pieces, Resection
from enbloc.scene.margins import bare_mm, margin_colours
from enbloc.scene.nouns import Mesh, Tints, Vertices
from enbloc.scene.palette import STYLES
from enbloc.scene.surface import surface


def piece_meshes(plan: Plan) -> Iterator[Mesh]:
    """One closed surface for each piece that has voxels."""
    if not isinstance(plan.resection, Resection) or plan.resection.drawing is None:
        return
    drawing, enough_mm = plan.resection.drawing, plan.resection.certificate.enough_mm
    bearer = max(plan.resection.pieces, key=lambda piece: piece.tumour_mm3, default=None)
    for piece in plan.resection.pieces:
        mask = drawing.label == piece.label
        inner = bounding_box(mask)
        if inner is None:
            continue
        kind = kind_of(piece)
        style = STYLES[kind]
        corner = np.eye(4)
        corner[:3, 3] = inner.lower
        vertices, faces = surface(mask[inner.slices], Affine(drawing.affine.matrix @ corner))
        tints = _tints(drawing, vertices, enough_mm) if piece is bearer else None
        title = piece.name.replace("-", " ") + (", coloured by margin" if tints is not None else "")
        name = f"piece-{piece.name}"
        yield Mesh(name, title, kind, style.surface, style.opacity, vertices, faces, tints=tints)


def kind_of(piece: Piece) -> str:
    """Of the palette: pieces without an arch of their own count as pieces in front."""
    return "piece-posterior" if "posterior" in piece.name else "piece-anterior"


def _tints(drawing: Pieces, vertices: Vertices, enough_mm: float) -> Tints:
    """The colour of the specimen's nearest vertex."""
    from scipy.spatial import cKDTree

    nearest = cKDTree(drawing.vertices_mm).query(vertices)[1]
    return margin_colours(drawing.margin_mm[nearest], enough_mm, bare_mm(drawing))
