"""Plan to scene: which structures are drawn near the lesion, and from where they are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Frame, Part, Spine, Vertebra, is_bone
from enbloc.core.evidence import Skipped
from enbloc.core.levels import Level
from enbloc.planning.plan import Drawing, Plan
from enbloc.scene.barriers import barrier_meshes
from enbloc.scene.cuts import cut_meshes
from enbloc.scene.masks import boxes_of, column_box, labelled_masks, mesh_of
from enbloc.scene.nouns import Mesh, Scene, View
from enbloc.scene.operation import operation_meshes, operation_of
from enbloc.scene.piece_surfaces import piece_meshes

NEIGHBOURS = 2
"""Vertebrae drawn above and below the involved ones."""
PATIENT_AXES = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def build_scene(plan: Plan) -> Scene:
    """The surfaces near the lesion as closed meshes in RAS mm, and five views in the index vertebra's own frame.

    An empty scene with a note when the plan has no voxels behind it (a case without images).
    """
    drawing, scene = plan.drawing, empty_scene(plan)
    if drawing is None:
        return scene
    spine = drawing.spine
    drawn = vertebrae_near(plan, spine)
    meshes = (
        *_tumour(spine),
        *_vertebrae(spine, drawn),
        *_no_go(spine, drawn),
        *_discs(spine, drawn),
        *_labelled(drawing, drawn),
        *barrier_meshes(drawing),
        *cut_meshes(plan),
        *piece_meshes(plan),
        *operation_meshes(plan, drawn),
    )
    return replace(scene, meshes=meshes, operation=operation_of(plan, meshes))


def empty_scene(plan: Plan) -> Scene:
    """The scene before anything is drawn in it: from where it is looked at, and what is left out."""
    if plan.drawing is None:
        return Scene((), views(PATIENT_AXES), PATIENT_AXES, "patient", ("there is no label map, so nothing is drawn",))
    spine = plan.drawing.spine
    frame, frame_of = index_frame(plan, spine)
    return Scene((), views(frame), frame, frame_of, _notes(spine, vertebrae_near(plan, spine)))


def index_frame(plan: Plan, spine: Spine) -> tuple[Frame, str]:
    """The frame that orients the pictures and whose it is: a level's name, or `patient` for the axes of RAS."""
    index = index_vertebra(plan, spine)
    framed = [v for v in spine.vertebrae if v.frame is not None]
    if index is None or not framed:
        return PATIENT_AXES, "patient"
    nearest = min(framed, key=lambda v: abs(v.level.rank - index.level.rank))
    return nearest.frame or PATIENT_AXES, nearest.level.value


def index_vertebra(plan: Plan, spine: Spine) -> Vertebra | None:
    """The index level's vertebra, else the one nearest to the tumour, else the middle one; None without vertebrae."""
    level = None if isinstance(plan.tumour, Skipped) else plan.tumour.index_level
    named = spine.vertebra(level) if level else None
    if named or not spine.vertebrae:
        return named
    if isinstance(plan.tumour, Skipped) or not plan.tumour.lesions:
        return spine.vertebrae[len(spine.vertebrae) // 2]
    centre = np.array(plan.tumour.lesions[0].centre_mm)
    middles = [(spine.grid.affine.to_world(np.add(v.box.lower, v.box.upper) / 2.0), v) for v in spine.vertebrae]
    return min(middles, key=lambda pair: float(np.linalg.norm(pair[0] - centre)))[1]


def vertebrae_near(plan: Plan, spine: Spine) -> tuple[Vertebra, ...]:
    """The involved vertebrae with `NEIGHBOURS` above and below each, in the order of the spine."""
    involved = set() if isinstance(plan.tumour, Skipped) else set(plan.tumour.levels)
    index = index_vertebra(plan, spine)
    if index:
        involved.add(index.level)
    wanted = {
        other
        for i, vertebra in enumerate(spine.vertebrae)
        if vertebra.level in involved
        for other in range(i - NEIGHBOURS, i + NEIGHBOURS + 1)
    }
    return tuple(v for i, v in enumerate(spine.vertebrae) if i in wanted)


def views(frame: Frame) -> tuple[View, ...]:
    """From the front, the back, the patient's left and right with the head up; and from below, the front up.

    The axial view is that of an axial slice: seen from the feet, so that the patient's right is on the viewer's left.
    """
    right, anterior, superior = (np.array(axis) for axis in (frame.right, frame.anterior, frame.superior))
    looks = (
        ("anterior", "From the front", anterior, superior, "RLSI"),
        ("posterior", "From behind", -anterior, superior, "LRSI"),
        ("left-lateral", "From the patient's left", -right, superior, "APSI"),
        ("right-lateral", "From the patient's right", right, superior, "PASI"),
        ("axial", "From below", -superior, anterior, "RLAP"),
    )
    return tuple(
        View(name, title, _triple(viewer), _triple(up), *letters) for name, title, viewer, up, letters in looks
    )


def _triple(vector: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in vector)
    return x, y, z


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


def _notes(spine: Spine, drawn: tuple[Vertebra, ...]) -> tuple[str, ...]:
    """The vertebrae left out, as runs: `not drawn: T1 to T6, L1`."""
    runs: list[list[Level]] = [[]]
    for vertebra in spine.vertebrae:
        if vertebra in drawn:
            runs.append([])
        else:
            runs[-1].append(vertebra.level)
    spans = [run[0].value if len(run) == 1 else f"{run[0].value} to {run[-1].value}" for run in runs if run]
    return (f"not drawn: {', '.join(spans)}",) if spans else ()
