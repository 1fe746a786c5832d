"""What a 3-D picture shows: surfaces with names and colours, and the directions it is looked at from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import Frame
from enbloc.core.geometry import Vector

Vertices = npt.NDArray[np.float32]
Faces = npt.NDArray[np.int32]
Tints = npt.NDArray[np.uint8]
"""sRGB per vertex, shape (n, 3)."""
Colour = tuple[int, int, int]
"""sRGB, 0-255."""


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """A surface, closed but for kinds `barrier-*`.

    `vertices_mm` (n, 3) in RAS mm; `faces` (m, 3), counter-clockwise seen from outside. `name` is unique in a scene and
    safe as a file name; `title` is for people; `kind` is a key of `palette.STYLES`. `estimated`: the outline was
    inferred, not labelled. `tints`: a colour of its own for every vertex, in place of `colour`.
    """

    name: str
    title: str
    kind: str
    colour: Colour
    opacity: float
    vertices_mm: Vertices
    faces: Faces
    estimated: bool = False
    tints: Tints | None = None

    @property
    def volume_mm3(self) -> float:
        """Volume enclosed, by the divergence theorem: sum over faces of a . (b x c) / 6."""
        a, b, c = (self.vertices_mm[self.faces[:, i]].astype(np.float64) for i in range(3))
        return float(np.einsum("ij,ij->", a - a[0], np.cross(b - a[0], c - a[0])) / 6.0)


@dataclass(frozen=True, slots=True)
class View:
    """An orthographic view: unit vectors in RAS, `viewer` from the patient towards the eye, `up` up the picture.

    The letters say which side of the patient lies at each edge of the picture.
    """

    name: str
    title: str
    viewer: tuple[float, float, float]
    up: tuple[float, float, float]
    letter_left: str
    letter_right: str
    letter_top: str
    letter_bottom: str

    @property
    def rightward(self) -> Vector:
        """The patient direction (RAS) that runs to the right in the picture."""
        (ux, uy, uz), (vx, vy, vz) = self.up, self.viewer
        return np.array([uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx])


Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Key:
    """Where a mesh has got to: turned by the rotation vector `turn_deg` (along RAS, its length the angle in degrees)
    about the motion's `about_mm`, then moved by `moved_mm`. `at`: the share of the way that lies behind it, 0 to 1.
    """

    at: float
    turn_deg: Triple
    moved_mm: Triple


@dataclass(frozen=True, slots=True)
class Motion:
    """How one piece leaves. Between two keys turn and movement grow in proportion; none where no way was found.

    `piece` is its name in the plan, `meshes` are those of its surface and of the tumour in it. `way_mm`: how long the
    way is, where a turn counts as the way of a point 50 mm off.
    """

    piece: str
    meshes: tuple[str, ...]
    about_mm: Triple
    keys: tuple[Key, ...]
    way_mm: float


@dataclass(frozen=True, slots=True)
class Operation:
    """What changes in the scene once pieces leave. Names of meshes: `gone` are those that stand for the whole and make
    way for `pieces`, with the tumour in them, and for `stays`, which show from then on. `motions` in the order of the
    operation.
    """

    gone: tuple[str, ...]
    stays: tuple[str, ...]
    pieces: tuple[str, ...]
    motions: tuple[Motion, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """Surfaces near the lesion. `frame` is the index vertebra's own (or the patient's axes: `frame_of` says whose).

    `notes` say what is not drawn, and why. `operation`: how the pieces leave; None without pieces.
    """

    meshes: tuple[Mesh, ...]
    views: tuple[View, ...]
    frame: Frame
    frame_of: str
    notes: tuple[str, ...] = ()
    operation: Operation | None = None

    def named(self, name: str) -> Mesh | None:
        return next((mesh for mesh in self.meshes if mesh.name == name), None)

    def of_kind(self, *kinds: str) -> tuple[Mesh, ...]:
        return tuple(mesh for mesh in self.meshes if mesh.kind in kinds)
