"""Every size of every level, from blocks of bone sampled along each vertebra's own axes."""

from __future__ import annotations

import numpy as np

from enbloc.anatomy.block import Block, sampled
from enbloc.anatomy.endplates import STRIPS, Body, outline, surface_over
from enbloc.anatomy.morphometry import LevelMorphometry, PedicleMorphometry
from enbloc.anatomy.spine import BONE_PARTS, Part, Spine, Vertebra
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Array, Vector

SPARE_MM = 3.0


def level_sizes(spine: Spine) -> tuple[LevelMorphometry, ...]:
    return tuple(
        level_size(spine, number)
        for number, vertebra in enumerate(spine.vertebrae, start=1)
        if vertebra.frame is not None
    )


def level_size(spine: Spine, number: int) -> LevelMorphometry:
    vertebra = spine.vertebrae[number - 1]
    body = body_of(spine, vertebra, number)
    heights = {name: None if body is None else body_height(spine, vertebra, body, name) for name in STRIPS}
    nothing = PedicleMorphometry(None, None, None, None, None)
    return LevelMorphometry(
        level=vertebra.level,
        anterior_body_height_mm=heights["anterior"],
        middle_body_height_mm=heights["middle"],
        posterior_body_height_mm=heights["posterior"],
        body_wedge_deg=None,
        upper_endplate_width_mm=None,
        upper_endplate_depth_mm=None,
        lower_endplate_width_mm=None,
        lower_endplate_depth_mm=None,
        posterior_wall_hollow_mm=None,
        canal_width_mm=None,
        canal_depth_mm=None,
        pedicle_left=nothing,
        pedicle_right=nothing,
        disc_anterior_height_mm=None,
        disc_middle_height_mm=None,
        disc_posterior_height_mm=None,
        segment_height_mm=None,
        kyphosis_below_deg=None,
    )


def voxel_along_mm(spine: Spine, direction: Vector) -> float:
    """Voxel size along a direction in RAS: the root of the sum over the grid's axes of (cosine x spacing) squared."""
    axes = spine.grid.affine.matrix[:3, :3]
    return float(np.linalg.norm(direction @ axes))


def body_height(spine: Spine, vertebra: Vertebra, body: Body, strip: str) -> Measured | None:
    top, bottom = surface_over(body, strip, upper=True), surface_over(body, strip, upper=False)
    if top is None or bottom is None or vertebra.frame is None:
        return None
    value = top.height_mm - bottom.height_mm
    half = 0.5 * voxel_along_mm(spine, np.array(vertebra.frame.superior))
    return Measured(value, value - half, value + half)


def body_of(spine: Spine, vertebra: Vertebra, number: int) -> Body | None:
    """The body in its frame; None where too little of it is there."""
    frame, canal = vertebra.frame, vertebra.canal_centre_mm
    if frame is None or canal is None:
        return None
    mine = spine.owner[vertebra.box.slices] == number
    part = spine.part[vertebra.box.slices]
    index = np.argwhere(mine & (part == Part.BODY))
    if len(index) < 50:
        return None
    affine = spine.grid.crop(vertebra.box).affine
    local = frame.to_local(affine.to_world(index))
    canal_y = float(frame.to_local(np.array(canal))[1])
    low = np.array([local[:, 0].min(), canal_y + SPARE_MM, local[:, 2].min()]) - SPARE_MM
    high = local.max(axis=0) + SPARE_MM
    bone = mine & np.isin(part, [int(p) for p in BONE_PARTS])
    block = sampled(bone, affine, frame, low, high)
    found = outline(block, canal_y)
    if found is None:
        return None
    middle, width, rear, front = found
    top, bottom = block.last(2), block.first(2)
    return Body(
        block.places(0), block.places(1), middle, width, rear, front, top, bottom,
        sound_ends(spine, number, block, top, 1.0), sound_ends(spine, number, block, bottom, -1.0),
    )  # fmt: skip


def sound_ends(spine: Spine, number: int, block: Block, ends: Array, outwards: float) -> Array:
    """1 where a column's end is bone; 0 where the bone there is estimated, tumour lies beyond it, or the image ends."""
    beyond = 1.0 * voxel_along_mm(spine, np.array(block.frame.superior))
    x, y = np.meshgrid(block.places(0), block.places(1), indexing="ij")
    z = np.where(np.isfinite(ends), ends, 0.0)
    sound = np.isfinite(ends)
    for step in (0.6 * beyond, -0.6 * beyond):
        points = block.frame.to_world(np.stack([x, y, z + outwards * step], axis=-1))
        index = np.rint(spine.grid.affine.to_index(points)).astype(np.int64)
        within = np.all((index >= 0) & (index < np.array(spine.grid.shape)), axis=-1)
        i, j, k = np.moveaxis(np.where(within[..., None], index, 0), -1, 0)
        made = spine.estimated[i, j, k] if step < 0 else spine.tumour[i, j, k] & (spine.owner[i, j, k] != number)
        sound &= within & ~made
    return sound.astype(np.float64)
