"""Plan to scene: which structures are drawn near the lesion, and from where they are looked at."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Frame, Part, Spine, Vertebra, is_bone, vessel_kind
from enbloc.core.evidence import Skipped
from enbloc.core.geometry import Box, Index, bounding_box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Imaging, LabelMap, Mask
from enbloc.planning.plan import Drawing, Plan
from enbloc.scene.barriers import barrier_meshes
from enbloc.scene.cuts import cut_meshes
from enbloc.scene.nouns import Mesh, Scene, View
from enbloc.scene.palette import STYLES
from enbloc.scene.piece_surfaces import piece_meshes
from enbloc.scene.surface import surface

NEIGHBOURS = 2
"""Vertebrae drawn above and below the involved ones."""
AROUND_MM = (45.0, 70.0, 8.0)
"""How far vessels and ribs are followed beyond the vertebrae drawn: sideways, front to back, up and down."""
SMALLEST_VOXELS = 8
PATIENT_AXES = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def build_scene(plan: Plan) -> Scene:
    """The surfaces near the lesion as closed meshes in RAS mm, and five views in the index vertebra's own frame.

    An empty scene with a note when the plan has no voxels behind it (a case without images).
    """
    drawing = plan.drawing
    if drawing is None:
        return Scene((), views(PATIENT_AXES), PATIENT_AXES, "patient", ("there is no label map, so nothing is drawn",))
    spine = drawing.spine
    drawn = vertebrae_near(plan, spine)
    frame, frame_of = index_frame(plan, spine)
    meshes = (
        *_tumour(spine),
        *_vertebrae(spine, drawn),
        *_no_go(spine, drawn),
        *_discs(spine, drawn),
        *_labelled(drawing, drawn),
        *barrier_meshes(drawing),
        *cut_meshes(plan),
        *piece_meshes(plan),
    )
    return Scene(meshes, views(frame), frame, frame_of, _notes(spine, drawn))


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


def _mesh(name: str, title: str, kind: str, mask: Mask, grid: Grid) -> Iterator[Mesh]:
    """The surface of `mask` on `grid`, nothing where too few voxels are left to draw."""
    inner = bounding_box(mask)
    if inner is None or np.count_nonzero(mask[inner.slices]) < SMALLEST_VOXELS:
        return
    style = STYLES[kind]
    vertices, faces = surface(mask[inner.slices], grid.crop(inner).affine)
    yield Mesh(name, title, kind, style.surface, style.opacity, vertices, faces, estimated=kind == "estimated")


def _tumour(spine: Spine) -> Iterator[Mesh]:
    yield from _mesh("tumour", "tumour", "tumour", spine.tumour, spine.grid)


def _vertebrae(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    """One mesh per vertebra, and one more for the part of its outline that was estimated."""
    for vertebra, box in _boxes(spine, drawn):
        owner = spine.owner[box.slices] == 1 + spine.vertebrae.index(vertebra)
        bone = owner & is_bone(spine.part[box.slices])
        guessed = bone & spine.estimated[box.slices]
        grid, name = spine.grid.crop(box), vertebra.level.value
        yield from _mesh(f"vertebra-{name}", name, "vertebra", bone, grid)
        yield from _mesh(f"estimated-{name}", f"{name}, estimated outline", "estimated", guessed, grid)


def _boxes(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[tuple[Vertebra, Box]]:
    """Each drawn vertebra with the block of voxels it owns, found in one pass over the grid."""
    from scipy.ndimage import find_objects

    found = find_objects(spine.owner)
    for vertebra in drawn:
        position = spine.vertebrae.index(vertebra)
        if position < len(found) and found[position] is not None:
            yield vertebra, _box(found[position])


def _box(slices: tuple[slice, slice, slice]) -> Box:
    i, j, k = slices
    return Box((i.start, j.start, k.start), (i.stop, j.stop, k.stop))


def _column_box(spine: Spine, drawn: tuple[Vertebra, ...]) -> Box:
    """The block on the spine's grid that holds the drawn vertebrae; the whole grid where none owns a voxel."""
    boxes = [box for _, box in _boxes(spine, drawn)]
    column = boxes[0] if boxes else spine.grid.box
    for box in boxes:
        column = column.union(box)
    return column


def _no_go(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    column = _column_box(spine, drawn)
    title = spine.no_go_basis.replace("-", " ")
    yield from _mesh("no-go", title, "no-go", spine.no_go[column.slices], spine.grid.crop(column))


def _discs(spine: Spine, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    for vertebra, box in _boxes(spine, drawn[:-1]):
        owner = spine.owner[box.slices] == 1 + spine.vertebrae.index(vertebra)
        disc = owner & (spine.part[box.slices] == Part.DISC)
        name = vertebra.level.value
        yield from _mesh(f"disc-{name}", f"disc below {name}", "disc", disc, spine.grid.crop(box))


def _labelled(drawing: Drawing, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    """Vessels and ribs within the neighbourhood of the drawn vertebrae, each from the first label map that shows it."""
    shown: set[str] = set()
    for labels in drawing.imaging.labels:
        wanted = {value: name for value, name in labels.structures.items() if _kind(name) and name not in shown}
        if not wanted:
            continue
        box = _neighbourhood(drawing.spine, drawn, drawing.imaging)
        for value, inner in _found(labels, box, wanted):
            name = wanted[value]
            shown.add(name)
            mask = labels.values[inner.slices] == value
            yield from _mesh(name, name.replace("-", " "), _kind(name) or "", mask, labels.grid.crop(inner))


def _kind(structure: str) -> str | None:
    return "rib" if structure.startswith("rib-") else vessel_kind(structure)


def _neighbourhood(spine: Spine, drawn: tuple[Vertebra, ...], imaging: Imaging) -> Box:
    """The drawn column on the label maps' grid, grown by `AROUND_MM`."""
    column, corner = _column_box(spine, drawn), spine.region.lower
    low, high = (tuple(a + b for a, b in zip(end, corner, strict=True)) for end in (column.lower, column.upper))
    margin = [int(mm / spacing) for mm, spacing in zip(AROUND_MM, imaging.grid.spacing_mm, strict=True)]
    whole = Box((low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return whole.grown((margin[0], margin[1], margin[2]), imaging.grid.shape)


def _found(labels: LabelMap, box: Box, wanted: dict[int, str]) -> Iterator[tuple[int, Box]]:
    """Each wanted value present in `box` with the block that holds it; one pass over the box."""
    from scipy.ndimage import find_objects

    values = sorted(wanted)
    table = np.zeros(int(np.iinfo(labels.values.dtype).max) + 1, dtype=np.uint8)
    table[values] = np.arange(1, len(values) + 1)
    for value, slices in zip(values, find_objects(table[labels.values[box.slices]], len(values)), strict=True):
        if slices is not None:
            inner = _box(slices)
            yield value, Box(_plus(inner.lower, box.lower), _plus(inner.upper, box.lower))


def _plus(a: Index, b: Index) -> Index:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


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
