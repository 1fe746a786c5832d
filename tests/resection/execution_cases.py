"""A field whose tumour is a formula, and square cuts in it. The frame is turned: no axis passes for another."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from enbloc.anatomy import Frame
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import ClassRange, Cut, Gate, Loss, MarginClass, Tissue

WIDE = ClassRange(MarginClass.WIDE, (MarginClass.WIDE,), ())
COS, SIN = np.cos(0.4), np.sin(0.4)
FRAME = Frame(
    origin_mm=(12.0, -30.0, 150.0), right=(COS, SIN, 0.0), anterior=(-SIN, COS, 0.0), superior=(0.0, 0.0, 1.0)
)
KERF_MM = 0.5


def field_of(tumour_mm: Callable[..., np.ndarray], half_mm: float = 30.0, step_mm: float = 0.5) -> OperativeField:
    """`tumour_mm` of x, y, z along the frame's axes, on a cube about its origin."""
    axis = np.arange(-half_mm, half_mm + 0.5 * step_mm, step_mm)
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij", sparse=True)
    shape = (len(axis),) * 3
    values = np.broadcast_to(tumour_mm(x, y, z), shape).astype(np.float32)
    none = np.zeros(shape, bool)
    codes = np.zeros(shape, np.uint8)
    return OperativeField(
        frame=FRAME,
        start_mm=np.full(3, -half_mm),
        step_mm=step_mm,
        levels=(Level.T12,),
        column=(Level.T12,),
        owner=codes,
        part=codes,
        tumour=values < 0.0,
        tumour_mm=values,
        no_go=none,
        no_go_mm=values,
        no_go_is_sac=True,
        no_go_basis="sac",
        vessel_mm={},
        ribs={},
        estimated=none,
        canal_centre_mm={},
        noise_mm=1.0,
        voxel_mm=1.0,
        thick_slices=False,
    )


def square_cut(at, normal, half: tuple[float, float] = (2.0, 2.0), name: str = "T12-left") -> Cut:
    """A rectangle about `at` with half edges `half`; both vectors along the frame's axes."""
    normal = np.array(normal, float) / np.linalg.norm(normal)
    across = np.cross(normal, [0.3, 0.5, 0.8] if abs(normal[0]) > 0.5 else [1.0, 0.0, 0.0])
    across /= np.linalg.norm(across)
    along = np.cross(normal, across)
    corners = [
        np.array(at) + i * half[0] * across + j * half[1] * along for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1))
    ]
    return cut_along([FRAME.to_world(corner) for corner in corners], normal @ FRAME.axes, name)


def cut_along(polygon_mm, normal, name: str = "T12-left") -> Cut:
    """A cut with this outline (RAS mm); what execution does not read is left plain."""
    none = Measured(0.0, 0.0, 0.0)
    return Cut(
        name=name, order=1, gate=Gate.LEFT, level=Level.T12, tissue=Tissue.PEDICLE,
        point_mm=tuple(np.mean(polygon_mm, axis=0)) if len(polygon_mm) else FRAME.origin_mm, normal=tuple(normal),
        polygon_mm=tuple(tuple(corner) for corner in polygon_mm), kerf_mm=KERF_MM, margin_mm=none, margin_class=WIDE,
        section_mm2=1.0, tumour_mm2=0.0, depth_mm=0.0, canal_angle_deg=None, sac_clearance_mm=None, vessels=(),
        loss=Loss(),
    )  # fmt: skip


def half_space():
    """Tumour left of the frame's origin: distances are linear, so reading between voxels is exact."""
    return lambda x, y, z: x + 0.0 * (y + z)


def ball(radius_mm: float):
    return lambda x, y, z: np.sqrt(x**2 + y**2 + z**2) - radius_mm
