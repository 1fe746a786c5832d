"""Finer labels (arch, processes, body) override the geometric partition where the label map has them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from enbloc.anatomy.frames import Pose
from enbloc.anatomy.parts import PartMap
from enbloc.anatomy.spine import Part, is_bone
from enbloc.anatomy.surroundings import structure_mask
from enbloc.core.geometry import Box, indices_of
from enbloc.core.volume import Imaging

SIDED = {
    "part-transverse-left": Part.TRANSVERSE_LEFT,
    "part-transverse-right": Part.TRANSVERSE_RIGHT,
    "part-articular-superior-left": Part.ARTICULAR_LEFT,
    "part-articular-superior-right": Part.ARTICULAR_RIGHT,
    "part-articular-inferior-left": Part.ARTICULAR_LEFT,
    "part-articular-inferior-right": Part.ARTICULAR_RIGHT,
    "part-spinous": Part.SPINOUS,
}
BODY = ("part-body", "part-body-border")


def apply_finer_labels(
    part: PartMap, owner: PartMap, poses: Sequence[Pose | None], imaging: Imaging, region: Box
) -> None:
    """Rewrites `part` of bone voxels that a finer label names.

    Schemes with an arch label hold pedicle and lamina in one; there the geometric border between the two stays, but
    bone called body by geometry and arch by the label becomes pedicle, and the reverse.
    """
    bone = is_bone(part)
    for name, code in SIDED.items():
        mask = structure_mask(imaging, name, region)
        if mask is not None:
            part[mask & bone] = code
    for name in BODY:
        mask = structure_mask(imaging, name, region)
        if mask is not None:
            part[mask & bone] = Part.BODY
    arch = structure_mask(imaging, "part-arch", region)
    if arch is not None:
        _body_to_pedicle(part, owner, arch & (part == Part.BODY), poses, imaging, region)


def _body_to_pedicle(
    part: PartMap,
    owner: PartMap,
    voxels: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    poses: Sequence[Pose | None],
    imaging: Imaging,
    region: Box,
) -> None:
    index = indices_of(voxels)
    if len(index) == 0:
        return
    world = imaging.grid.crop(region).affine.to_world(index)
    for n, pose in enumerate(poses, start=1):
        mine = owner[tuple(index.T)] == n
        if pose is None or not mine.any():
            continue
        left = pose.frame.to_local(world[mine])[:, 0] < pose.canal_local()[0]
        part[tuple(index[mine].T)] = np.where(left, Part.PEDICLE_LEFT, Part.PEDICLE_RIGHT)
