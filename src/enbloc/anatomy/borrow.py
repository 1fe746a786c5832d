"""Poses lent by neighbours to vertebrae whose own bone does not show one."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from enbloc.anatomy.bones import Bone
from enbloc.anatomy.frames import Pose, make_frame
from enbloc.core.geometry import Vector
from enbloc.core.levels import Level

SEGMENT_PER_HEIGHT = 1.25
"""Distance between neighbouring bodies over body height, where only one neighbour is known [body plus a disc a
quarter of its height].
"""


def borrow_poses(
    bones: Sequence[Bone], own: Sequence[Pose | None], not_modelled: Collection[Level]
) -> tuple[Pose | None, ...]:
    """`own` with gaps filled: halfway between the nearest known poses, or carried on from the last one at an end."""
    known = [n for n, pose in enumerate(own) if pose is not None]
    filled: list[Pose | None] = []
    for n, (bone, pose) in enumerate(zip(bones, own, strict=True)):
        if pose is not None or bone.level in not_modelled:
            filled.append(pose)
            continue
        above, below = [m for m in known if m < n], [m for m in known if m > n]
        if above and below:
            share = (n - above[-1]) / (below[0] - above[-1])
            filled.append(between(own[above[-1]], own[below[0]], share))
        elif above:
            filled.append(beyond(own[above[-1]], n - above[-1]))
        elif below:
            filled.append(beyond(own[below[0]], n - below[0]))
        else:
            filled.append(None)
    return tuple(filled)


def between(upper: Pose | None, lower: Pose | None, share: float) -> Pose:
    """The pose a `share` of the way from `upper` to `lower`; directions and lengths are blended linearly."""
    assert upper is not None
    assert lower is not None

    def blend(a: Vector | tuple[float, ...] | float, b: Vector | tuple[float, ...] | float) -> Vector:
        mixed: Vector = (1.0 - share) * np.asarray(a) + share * np.asarray(b)
        return mixed

    frame = make_frame(
        blend(upper.frame.origin_mm, lower.frame.origin_mm),
        blend(upper.frame.superior, lower.frame.superior),
        blend(upper.frame.anterior, lower.frame.anterior),
    )
    canal = blend(upper.frame.to_local(upper.canal_point_mm), lower.frame.to_local(lower.canal_point_mm))
    axis = blend(upper.canal_axis, lower.canal_axis)
    return Pose(
        frame=frame,
        canal_point_mm=frame.to_world(canal),
        canal_axis=axis / np.linalg.norm(axis),
        hole_mm2=float(blend(upper.hole_mm2, lower.hole_mm2)),
        body_radius_mm=float(blend(upper.body_radius_mm, lower.body_radius_mm)),
        top_mm=float(blend(upper.top_mm, lower.top_mm)),
        bottom_mm=float(blend(upper.bottom_mm, lower.bottom_mm)),
    )


def beyond(last: Pose | None, steps: int) -> Pose:
    """`last` moved along its own superior axis by `steps` segments (positive towards the feet)."""
    assert last is not None
    shift = -steps * SEGMENT_PER_HEIGHT * last.height_mm * np.array(last.frame.superior)
    frame = make_frame(
        np.array(last.frame.origin_mm) + shift, np.array(last.frame.superior), np.array(last.frame.anterior)
    )
    return Pose(
        frame,
        last.canal_point_mm + shift,
        last.canal_axis,
        last.hole_mm2,
        last.body_radius_mm,
        last.top_mm,
        last.bottom_mm,
    )
