"""Plan to scene: which structures are drawn near the lesion, and from where they are looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Frame, Spine, Vertebra
from enbloc.core.levels import Level
from enbloc.planning.plan import Plan
from enbloc.scene.anatomy import anatomy_meshes, index_vertebra, vertebrae_near
from enbloc.scene.cuts import cut_meshes
from enbloc.scene.nouns import Mesh, Scene, View
from enbloc.scene.operation import operation_meshes, operation_of
from enbloc.scene.piece_surfaces import piece_meshes

PATIENT_AXES = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def build_scene(plan: Plan, anatomy: tuple[Mesh, ...] | None = None) -> Scene:
    """The surfaces near the lesion as closed meshes in RAS mm, and five views in the index vertebra's own frame.

    `anatomy`: what `anatomy_meshes` gave for this plan's drawing and tumour, if it was made before; else it is made.
    An empty scene with a note when the plan has no voxels behind it (a case without images).
    """
    drawing, scene = plan.drawing, empty_scene(plan)
    if drawing is None:
        return scene
    meshes = (
        *(anatomy_meshes(drawing, plan.tumour) if anatomy is None else anatomy),
        *cut_meshes(plan),
        *piece_meshes(plan),
        *operation_meshes(plan, vertebrae_near(plan.tumour, drawing.spine)),
    )
    return replace(scene, meshes=meshes, operation=operation_of(plan, meshes))


def empty_scene(plan: Plan) -> Scene:
    """The scene before anything is drawn in it: from where it is looked at, and what is left out."""
    if plan.drawing is None:
        return Scene((), views(PATIENT_AXES), PATIENT_AXES, "patient", ("there is no label map, so nothing is drawn",))
    spine = plan.drawing.spine
    frame, frame_of = index_frame(plan, spine)
    return Scene((), views(frame), frame, frame_of, _notes(spine, vertebrae_near(plan.tumour, spine)))


def index_frame(plan: Plan, spine: Spine) -> tuple[Frame, str]:
    """The frame that orients the pictures and whose it is: a level's name, or `patient` for the axes of RAS."""
    index = index_vertebra(plan.tumour, spine)
    framed = [v for v in spine.vertebrae if v.frame is not None]
    if index is None or not framed:
        return PATIENT_AXES, "patient"
    nearest = min(framed, key=lambda v: abs(v.level.rank - index.level.rank))
    return nearest.frame or PATIENT_AXES, nearest.level.value


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
