"""How the pieces leave, as data: each piece's poses, what makes way for them, and what they have to pass."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from enbloc.anatomy import Spine, Vertebra, is_bone
from enbloc.core.geometry import Array, bounding_box, unit
from enbloc.planning.plan import Plan
from enbloc.resection.nouns import Pieces, Resection
from enbloc.resection.pieces import REMAINING
from enbloc.resection.playback import apart_mm, part_way
from enbloc.resection.removal_nouns import PieceRemoval, Pose, Removal, Way
from enbloc.resection.staying import Course, Site, rib_left, rod, roots, site_of, tips_off
from enbloc.scene.masks import SMALLEST_VOXELS, boxes_of, labelled_masks, mesh_of
from enbloc.scene.nouns import Faces, Key, Mesh, Motion, Operation, Vertices
from enbloc.scene.palette import STYLES
from enbloc.scene.pieces import pieces_on

STANDING = ("stays", "residual", "root", "root-divided", "rod")
PIECE_KINDS = ("piece-anterior", "piece-posterior")
MADE_WAY = ("tumour", "cut", "barrier-touched", "barrier-breached")
"""Kinds that show the patient as he is: they make way for the pieces."""
SIDES_OF_TUBE = 12
ROD_SIDE = {Way.TURNED_LEFT: "right", Way.TURNED_RIGHT: "left"}
"""The rod stands on the side away from which a block is turned."""


def operation_meshes(plan: Plan, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    """What is seen only while pieces leave: the neighbours without what is taken off, ribs without what is cut away,
    tumour that leaves with no piece, and the roots and the rod that the search took to be there.
    """
    found = plan.resection
    if not isinstance(found, Resection) or found.drawing is None or plan.drawing is None:
        return
    site = site_of(plan.drawing.spine, found.levels)
    yield from _neighbours(site, found.drawing, drawn)
    for name, kind, mask, grid in labelled_masks(plan.drawing, drawn):
        left = rib_left(site, name, grid.affine, mask) if kind == "rib" else mask
        if np.count_nonzero(mask) - np.count_nonzero(left) >= SMALLEST_VOXELS:
            yield from mesh_of(f"stays-{name}", name.replace("-", " "), "stays", left, grid)
    yield from _tumour(site.spine, found, found.drawing)
    if isinstance(found.removal, Removal):
        yield from _modelled(site, found.removal)


def operation_of(plan: Plan, meshes: tuple[Mesh, ...]) -> Operation | None:
    """None where no piece has a surface."""
    found = plan.resection
    names = {mesh.name for mesh in meshes}
    if not isinstance(found, Resection) or not any(mesh.kind in PIECE_KINDS for mesh in meshes):
        return None
    removal = found.removal if isinstance(found.removal, Removal) else None
    rest = {name for piece in found.pieces if piece.name.startswith(REMAINING) for name in meshes_of(piece.name)}
    stays = tuple(mesh.name for mesh in meshes if mesh.kind in STANDING or mesh.name in rest)
    return Operation(
        gone=tuple(_gone(plan, found, meshes, stays)),
        stays=stays,
        pieces=tuple(
            name for piece in found.pieces for name in meshes_of(piece.name) if name in names and name not in rest
        ),
        motions=() if removal is None else tuple(_motion(piece, names) for piece in removal.pieces),
    )


def meshes_of(piece: str) -> tuple[str, str]:
    """The names of the meshes of a piece, and of the tumour in it."""
    return f"piece-{piece}", f"tumour-in-{piece}"


def key_at(motion: Motion, share: float) -> Key:
    """Where the piece has got to after a share (0 to 1) of its way. The motion must have keys."""
    for one, two in pairwise(motion.keys):
        if share <= two.at:
            part = (share - one.at) / max(two.at - one.at, 1e-12)
            pose = part_way(Pose(one.turn_deg, one.moved_mm), Pose(two.turn_deg, two.moved_mm), max(part, 0.0))
            return Key(share, pose.turn_deg, pose.moved_mm)
    return motion.keys[-1]


def carried(mesh: Mesh, motion: Motion, key: Key) -> Mesh:
    """The mesh where the key puts it."""
    pose = Pose(key.turn_deg, key.moved_mm)
    points = pose.carry(mesh.vertices_mm.astype(np.float64), motion.about_mm)
    return replace(mesh, vertices_mm=points.astype(np.float32))


def _gone(plan: Plan, found: Resection, meshes: tuple[Mesh, ...], stays: tuple[str, ...]) -> Iterator[str]:
    """What makes way: the resected vertebrae, the discs at their ends and between, and all that has a stand-in."""
    assert plan.drawing is not None
    order = plan.drawing.spine.levels
    first = order.index(found.levels[0])
    discs = {f"disc-{level}" for level in (*order[max(0, first - 1) : first], *found.levels)}
    whole = {f"{word}-{level}" for level in found.levels for word in ("vertebra", "estimated")}
    stood_for = {name.removeprefix("stays-") for name in stays if name.startswith("stays-")}
    stood_for |= {f"vertebra-{name}" for name in stood_for}
    for mesh in meshes:
        if mesh.kind in MADE_WAY or mesh.name in discs | whole | stood_for:
            yield mesh.name


def _motion(piece: PieceRemoval, names: set[str]) -> Motion:
    steps = [apart_mm(one, two) for one, two in pairwise(piece.poses)]
    behind = np.concatenate([[0.0], np.cumsum(steps)]) if piece.poses else np.empty(0)
    way = float(behind[-1]) if len(behind) else 0.0
    keys = tuple(
        Key(float(mm) / max(way, 1e-9), pose.turn_deg, pose.moved_mm)
        for mm, pose in zip(behind, piece.poses, strict=True)
    )
    meshes = tuple(name for name in meshes_of(piece.piece) if name in names)
    return Motion(piece.piece, meshes, piece.about_mm, keys if piece.found else (), way)


def _neighbours(site: Site, drawing: Pieces, drawn: tuple[Vertebra, ...]) -> Iterator[Mesh]:
    """The vertebrae beside the resected levels, where tips or voxels of a piece are taken off."""
    beside = (site.beside(-1), site.beside(1))
    for vertebra, box in boxes_of(site.spine, drawn):
        if vertebra.level not in beside:
            continue
        grid, part = site.spine.grid.crop(box), site.spine.part[box.slices]
        bone = (site.spine.owner[box.slices] == 1 + site.spine.vertebrae.index(vertebra)) & is_bone(part)
        tips = tips_off(site, vertebra.level, grid.affine, np.where(bone, part, 0).astype(np.uint8))
        left = bone & ~tips & (pieces_on(grid, drawing) == 0)
        if np.count_nonzero(bone) - np.count_nonzero(left) >= SMALLEST_VOXELS:
            yield from mesh_of(f"stays-{vertebra.level}", vertebra.level.value, "stays", left, grid)


def _tumour(spine: Spine, found: Resection, drawing: Pieces) -> Iterator[Mesh]:
    """The tumour in each piece, and what the plan says that no piece takes along."""
    box = bounding_box(spine.tumour)
    if box is None:
        return
    grid, tumour = spine.grid.crop(box), spine.tumour[box.slices]
    label = pieces_on(grid, drawing)
    for piece in found.pieces:
        name = meshes_of(piece.name)[1]
        yield from mesh_of(name, "tumour", "tumour-piece", tumour & (label == piece.label), grid)
    if found.contamination.residual_mm3:
        yield from mesh_of("residual-tumour", "tumour that stays", "residual", tumour & (label == 0), grid)


def _modelled(site: Site, removal: Removal) -> Iterator[Mesh]:
    """Roots, those that must go told apart, and the rod of the first block that is turned."""
    must_go = {root for piece in removal.pieces for root in piece.roots_that_must_go}
    for root, course in roots(site):
        kind = "root-divided" if root in must_go else "root"
        yield tube(course, f"{root.level} {root.side} root", kind)
    side = next((ROD_SIDE[piece.way] for piece in removal.pieces if piece.way in ROD_SIDE), None)
    course_of_rod = rod(site, side) if side else None
    if course_of_rod is not None:
        yield tube(course_of_rod, f"rod on the {side}", "rod")


def tube(course: Course, title: str, kind: str) -> Mesh:
    """A closed round surface along the course."""
    corners = np.array(course.corners_mm)
    vertices, faces = around(corners, course.radius_mm)
    style = STYLES[kind]
    return Mesh(course.name, title, kind, style.surface, style.opacity, vertices, faces)


def around(corners: Array, radius_mm: float) -> tuple[Vertices, Faces]:
    """Rings about each of the corners (n, 3), n at least 2, joined and closed at both ends, facing outward."""
    steps = np.diff(corners, axis=0)
    ways = [unit(way) for way in (steps[0], *(steps[:-1] + steps[1:]), steps[-1])]
    side = unit(np.cross(ways[0], np.eye(3)[int(np.abs(ways[0]).argmin())]))
    turn = np.linspace(0.0, 2.0 * np.pi, SIDES_OF_TUBE, endpoint=False)
    rings = []
    for corner, way in zip(corners, ways, strict=True):
        side = unit(side - (side @ way) * way)
        rings.append(corner + radius_mm * (np.outer(np.cos(turn), side) + np.outer(np.sin(turn), np.cross(way, side))))
    here = np.arange(SIDES_OF_TUBE)
    after = np.roll(here, -1)
    faces = []
    for n in range(len(corners) - 1):
        low, high = n * SIDES_OF_TUBE, (n + 1) * SIDES_OF_TUBE
        faces.append(np.stack([low + here, low + after, high + after], axis=1))
        faces.append(np.stack([low + here, high + after, high + here], axis=1))
    first, last = len(corners) * SIDES_OF_TUBE, len(corners) * SIDES_OF_TUBE + 1
    end = (len(corners) - 1) * SIDES_OF_TUBE
    faces += [
        np.stack([np.full_like(here, first), after, here], 1),
        np.stack([np.full_like(here, last), end + here, end + after], 1),
    ]
    vertices = np.concatenate([*rings, corners[:1], corners[-1:]])
    return vertices.astype(np.float32), np.concatenate(faces).astype(np.int32)
