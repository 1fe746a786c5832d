"""The patient as he is before any cut: the surfaces that need no cuts, and which vertebrae are drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from enbloc.anatomy import Part, Spine, Vertebra, is_bone
from enbloc.core.evidence import Skipped
from enbloc.planning.plan import Drawing
from enbloc.scene.barriers import barrier_meshes
from enbloc.scene.masks import boxes_of, column_box, labelled_masks, mesh_of
from enbloc.scene.nouns import Mesh
from enbloc.tumour import Extent

NEIGHBOURS = 2
"""Vertebrae drawn above and below the involved ones."""


def anatomy_meshes(drawing: Drawing, tumour: Extent | Skipped) -> tuple[Mesh, ...]:
    """What a scene begins with, in RAS mm: tumour, vertebrae, no-go body, discs, vessels and ribs, barriers."""
    spine = drawing.spine
    drawn = vertebrae_near(tumour, spine)
    return (
        *_tumour(spine),
        *_vertebrae(spine, drawn),
        *_no_go(spine, drawn),
        *_discs(spine, drawn),
        *_labelled(drawing, drawn),
        *barrier_meshes(drawing),
    )


def index_vertebra(tumour: Extent | Skipped, spine: Spine) -> Vertebra | None:
    """The index level's vertebra, else the one nearest to the tumour, else the middle one; None without vertebrae."""
    level = None if isinstance(tumour, Skipped) else tumour.index_level
    named = spine.vertebra(level) if level else None
    if named or not spine.vertebrae:
        return named
    if isinstance(tumour, Skipped) or not tumour.lesions:
        return spine.vertebrae[len(spine.vertebrae) // 2]
    centre = np.array(tumour.lesions[0].centre_mm)
    middles = [(spine.grid.affine.to_world(np.add(v.box.lower, v.box.upper) / 2.0), v) for v in spine.vertebrae]
    return min(middles, key=lambda pair: float(np.linalg.norm(pair[0] - centre)))[1]


def vertebrae_near(tumour: Extent | Skipped, spine: Spine) -> tuple[Vertebra, ...]:
    """The involved vertebrae with `NEIGHBOURS` above and below each, in the order of the spine."""
    involved = set() if isinstance(tumour, Skipped) else set(tumour.levels)
    index = index_vertebra(tumour, spine)
    if index:
        involved.add(index.level)
    wanted = {
        other
        for i, vertebra in enumerate(spine.vertebrae)
        if vertebra.level in involved
        for other in range(i - NEIGHBOURS, i + NEIGHBOURS + 1)
    }
    return tuple(v for i, v in enumerate(spine.vertebrae) if i in wanted)


def _tumour(spine: Spine) -> Iterator[Mesh]:
    yield from mesh_of("tumour", "tumour", "tumour", spine.tumour, spine.grid)


def _vertebrae(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    """One mesh per vertebra, and one more for the part of its outline that was estimated."""
    for vertebra, box in boxes_of(spine, drawn):
        owner = spine.owner[box.slices] == 1 + spine.vertebrae.index(vertebra)
        bone = owner & is_bone(spine.part[box.slices])
        guessed = bone & spine.estimated[box.slices]
        grid, name = spine.grid.crop(box), vertebra.level.value
        yield from mesh_of(f"vertebra-{name}", name, "vertebra", bone, grid)
        yield from mesh_of(f"estimated-{name}", f"{name}, estimated outline", "estimated", guessed, grid)


def _no_go(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    column = column_box(spine, drawn)
    title = spine.no_go_basis.replace("-", " ")
    yield from mesh_of("no-go", title, "no-go", spine.no_go[column.slices], spine.grid.crop(column))


def _discs(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    for vertebra, box in boxes_of(spine, drawn[:-1]):
        owner = spine.owner[box.slices] == 1 + spine.vertebrae.index(vertebra)
        disc = owner & (spine.part[box.slices] == Part.DISC)
        name = vertebra.level.value
        yield from mesh_of(f"disc-{name}", f"disc below {name}", "disc", disc, spine.grid.crop(box))


def _labelled(drawing: Drawing, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    """Vessels and ribs."""
    for name, kind, mask, grid in labelled_masks(drawing, drawn):
        yield from mesh_of(name, name.replace("-", " "), kind, mask, grid)
