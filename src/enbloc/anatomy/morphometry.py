"""What is measured of each vertebra: the nouns, and the verb. Definitions: docs/explanation/morphometry.md."""

from __future__ import annotations

from dataclasses import dataclass

from enbloc.anatomy.spine import Spine
from enbloc.core.evidence import Caveat, Measured
from enbloc.core.levels import Level

ERROR_VOXELS = 0.5
"""Error of a distance between two borders, in voxels along it, where the bone's surface runs along the grid."""
ERROR_SHARE = 0.01
"""And as a share of the distance: how a rounded border is read depends on the voxel."""


@dataclass(frozen=True, slots=True)
class PedicleMorphometry:
    """One pedicle at its narrowest section, which is square to its axis and `narrowest_at_mm` behind the body's rear.

    `transverse_angle_deg`: how far the axis leans to the midline going forward.
    """

    width_mm: Measured | None
    height_mm: Measured | None
    transverse_angle_deg: Measured | None
    narrowest_area_mm2: Measured | None
    narrowest_at_mm: Measured | None


@dataclass(frozen=True, slots=True)
class ExpectedRange:
    """What adults of a level are expected to measure. `measure` names the field (`pedicle_left.width_mm`); `outside`:
    the measured interval and this range do not meet.
    """

    measure: str
    low: float
    high: float
    outside: bool


@dataclass(frozen=True, slots=True)
class LevelMorphometry:
    """One vertebra's sizes, on label bone and tumour as they are; None where it cannot be measured, with a caveat.

    Body heights and disc heights are those of the middle (left to right) at the front, middle and back of the body.
    `segment_height_mm`: posterior body and disc below. Angles are positive where the front is lower (kyphosis). A value
    outside what is `expected` carries a caveat.
    """

    level: Level
    anterior_body_height_mm: Measured | None
    middle_body_height_mm: Measured | None
    posterior_body_height_mm: Measured | None
    body_wedge_deg: Measured | None
    upper_endplate_width_mm: Measured | None
    upper_endplate_depth_mm: Measured | None
    lower_endplate_width_mm: Measured | None
    lower_endplate_depth_mm: Measured | None
    posterior_wall_hollow_mm: Measured | None
    canal_width_mm: Measured | None
    canal_depth_mm: Measured | None
    pedicle_left: PedicleMorphometry
    pedicle_right: PedicleMorphometry
    disc_anterior_height_mm: Measured | None
    disc_middle_height_mm: Measured | None
    disc_posterior_height_mm: Measured | None
    segment_height_mm: Measured | None
    kyphosis_below_deg: Measured | None
    expected: tuple[ExpectedRange, ...] = ()
    caveats: tuple[Caveat, ...] = ()


def morphometry(spine: Spine) -> tuple[LevelMorphometry, ...]:
    """The sizes of every vertebra that has a frame, cranial first, S1 and below left out."""
    from enbloc.anatomy.sizes import level_sizes

    return level_sizes(spine)
