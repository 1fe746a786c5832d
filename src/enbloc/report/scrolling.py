"""Slices to scroll through: a block of the image around the lesion, small enough to travel inside the report.

The pixels are the patient's. They go into the file only where they were asked for.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from enbloc.core.geometry import Array
from enbloc.core.volume import Imaging, Volume
from enbloc.planning.plan import Drawing, Plan
from enbloc.report.pictures import BONE_WINDOW_HU, NOT_IMAGED, position
from enbloc.report.turnable import hexadecimal
from enbloc.scene import STYLES
from enbloc.scene.block import Block, offsets, sampled_block
from enbloc.scene.planes import LesionPlane, lesion_planes

MOST_VOXELS = 4_000_000
MOST_BYTES = 1_800_000
"""Of the packed image; base64 makes 2.4 MB of it."""
COARSER = 1.2
"""How much larger the voxels become when the packed image is too large."""
SOFT_TISSUE_WINDOW_HU = (-160.0, 240.0)
"""Display only, like the bone window."""
CT_STEPS_HU = ((1, -1000.0), (40, -200.0), (180, 260.0), (255, 1500.0))
"""Stored value and HU at the ends of stretches of equal steps: air, soft tissue, bone."""
ENDS_PER_CENT = (0.5, 99.5)
"""MR is stored and shown between these of its values."""
SIGNS = {"axial": "S", "sagittal": "R", "coronal": "A"}
"""The patient's side that a positive offset of a slice lies towards."""

Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Window:
    """Grey from black (`low`) to white (`high`)."""

    name: str
    title: str
    low: float
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Scrolling:
    """The slices as the page wants them: `payload` for the script, the rest for the words around it."""

    payload: dict[str, object]
    windows: tuple[Window, ...]
    structures: tuple[tuple[str, str, str, bool], ...]
    """(kind, title, colour, dashed) of what can be outlined."""
    planes: tuple[LesionPlane, ...]
    note: str


def without_slices(plan: Plan) -> str:
    """Why there can be no slices to scroll through; empty where there can."""
    if plan.drawing is None or plan.drawing.imaging.image is None:
        return "There are no slices to scroll through: the case has no image."
    return "" if lesion_planes(plan) else "There are no slices to scroll through: no lesion was measured."


def scrolling(plan: Plan, titles: dict[str, str]) -> Scrolling | None:
    """The block as wide as the report's slices; None where `without_slices` says why. `titles` names the kinds."""
    if without_slices(plan) or plan.drawing is None or plan.drawing.imaging.image is None:
        return None
    drawing, image = plan.drawing, plan.drawing.imaging.image
    planes = lesion_planes(plan)[:3]
    table = _table(drawing.imaging, image)
    block, image_bytes = _small_enough(drawing, image, planes[0], table)
    windows = _windows(drawing.imaging, table)
    kinds = [kind for kind in STYLES if kind in block.structures and block.structures[kind].any()]
    payload: dict[str, object] = {
        "shape": list(block.values.shape),
        "values": b64encode(image_bytes).decode("ascii"),
        "table": [round(float(value), 2) for value in table],
        "not_imaged": list(NOT_IMAGED),
        "masks": b64encode(zlib.compress(_bits(block, kinds).tobytes(), 9)).decode("ascii"),
        "structures": [_structure(kind, 1 << n) for n, kind in enumerate(kinds)],
        "windows": [{"name": window.name, "low": window.low, "high": window.high} for window in windows],
        "planes": [_plane(drawing, plane, block) for plane in planes],
    }
    named = tuple((kind, titles[kind], hexadecimal(STYLES[kind].line), kind == "estimated") for kind in kinds)
    return Scrolling(payload, windows, named, planes, _note(drawing.imaging, block, planes[0]))


def _table(imaging: Imaging, image: Volume) -> Array:
    """The image value that each stored value 0..255 stands for; 0 is kept for what was not imaged."""
    stored = np.arange(256)
    if imaging.modality == "ct":
        return np.interp(stored, [code for code, _ in CT_STEPS_HU], [hu for _, hu in CT_STEPS_HU])
    ends = np.percentile(image.values(image.grid.box), ENDS_PER_CENT)
    return np.interp(stored, [1, 255], ends)


def coded(block: Block, table: Array) -> Codes:
    """The nearest stored value of every voxel, 0 where there is no image."""
    middles = (table[1:-1] + table[2:]) / 2.0
    codes = 1 + np.searchsorted(middles, block.values)
    return np.where(block.inside, codes, 0).astype(np.uint8)


def _small_enough(drawing: Drawing, image: Volume, axial: LesionPlane, table: Array) -> tuple[Block, bytes]:
    """The block at the image's finest spacing, or as much coarser as the limits of size ask."""
    width_mm = axial.cut.pixels * axial.cut.mm_per_pixel
    step_mm = max(float(image.grid.spacing_mm.min()), width_mm / MOST_VOXELS ** (1.0 / 3.0))
    while True:
        block = sampled_block(drawing, image, axial, step_mm)
        small = zlib.compress(coded(block, table).tobytes(), 9)
        if len(small) <= MOST_BYTES:
            return block, small
        step_mm *= COARSER


def _windows(imaging: Imaging, table: Array) -> tuple[Window, ...]:
    if imaging.modality == "ct":
        return (
            Window("bone", f"Bone ({_range(BONE_WINDOW_HU)} HU)", *BONE_WINDOW_HU),
            Window("soft", f"Soft tissue ({_range(SOFT_TISSUE_WINDOW_HU)} HU)", *SOFT_TISSUE_WINDOW_HU),
        )
    low, high = float(table[1]), float(table[255])
    return Window("whole", "Whole range", low, high), Window("dark", "Darker half", low, (low + high) / 2.0)


def _range(window: tuple[float, float]) -> str:
    low, high = (f"{value:.0f}".replace("-", "−") for value in window)
    return f"{low} to {high}"


def _bits(block: Block, kinds: list[str]) -> Codes:
    """One bit per structure in the order of `kinds`."""
    bits = np.zeros(block.values.shape, dtype=np.uint8)
    for number, kind in enumerate(kinds):
        bits |= block.structures[kind].astype(np.uint8) << np.uint8(number)
    return bits


def _structure(kind: str, bit: int) -> dict[str, object]:
    width = 5.5 if kind == "tumour" else 3.8
    return {
        "kind": kind,
        "bit": bit,
        "colour": hexadecimal(STYLES[kind].line),
        "width": width,
        "dashed": kind == "estimated",
    }


AXES = {"axial": (0, 1, 2), "sagittal": (2, 0, 1), "coronal": (1, 0, 2)}
"""The block's index axes that run through, down and across each slice (see `Block`)."""


def _plane(drawing: Drawing, plane: LesionPlane, block: Block) -> dict[str, object]:
    """The block's axes are the negative ones of the frame, so an index further on is an offset further down."""
    through, down, across = AXES[plane.cut.name]
    steps = offsets(len(block.values), block.step_mm)
    return {
        "name": plane.cut.name,
        "through": through,
        "down": down,
        "across": across,
        "start": len(steps) // 2,
        "captions": [_caption(replace(plane, offset_mm=plane.offset_mm - float(step))) for step in steps],
        "levels": [] if plane.cut.name == "axial" else _levels(drawing, plane, block),
    }


def _caption(plane: LesionPlane) -> str:
    if plane.frame_of == "patient":
        return f"{SIGNS[plane.cut.name]} {plane.offset_mm:+.1f} mm in the image's own space"
    return position(plane, digits=1)


def _levels(drawing: Drawing, plane: LesionPlane, block: Block) -> list[dict[str, object]]:
    """Names of the vertebrae whose bodies' centres lie within the block's height, with their row."""
    found = []
    for vertebra in drawing.spine.vertebrae:
        if vertebra.frame is None:
            continue
        offset = float((np.array(vertebra.frame.origin_mm) - plane.cut.centre_mm) @ plane.cut.downward)
        row = offset / block.step_mm + (len(block.values) - 1) / 2.0
        if 0.0 <= row <= len(block.values) - 1:
            name = vertebra.level.value
            found.append({"text": name, "row": round(row, 1), "strong": name == plane.frame_of})
    return found


def _ct_steps_hu() -> list[float]:
    """HU between two stored values, in air, soft tissue and bone."""
    return [(high - low) / (last - first) for (first, low), (last, high) in pairwise(CT_STEPS_HU)]


def _note(imaging: Imaging, block: Block, axial: LesionPlane) -> str:
    """Field, resolution and precision, in words."""
    width = axial.cut.pixels * axial.cut.mm_per_pixel
    _, soft, bone = _ct_steps_hu()
    ct = f"in steps of {soft:.0f} HU in soft tissue and {bone:.0f} HU in bone"
    steps = ct if imaging.modality == "ct" else "in 255 steps of grey"
    return (
        f"A cube of {width:.0f} mm around the lesion, resampled to {block.step_mm:.2g} mm along the axes of the slices "
        f"above, {steps}. For orientation: measure in the images themselves."
    )
