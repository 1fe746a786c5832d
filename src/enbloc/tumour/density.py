"""Bone lesion quality: HU of tumour in bone against the same patient's bone without tumour."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.anatomy import BONE_PARTS, Part, Spine
from enbloc.core.evidence import Caveat, Measured, Step
from enbloc.core.geometry import Array, Box, indices_of
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, Mask, Volume
from enbloc.knowledge import SinsReading, sins_reading
from enbloc.tumour.sins import StabilityItem, read_item, scored, unread

ITEM = "bone-lesion"
NO_HU = "air-not-minus-1000"
"""The note of a CT whose numbers are not Hounsfield units as they left the scanner."""
Hounsfield = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Normal:
    """HU of this patient's bone without tumour: middle, the band it lies in, and where it was read."""

    hu: Measured
    where: str


def bone_lesion_item(level: Level, spine: Spine, imaging: Imaging) -> StabilityItem:
    obstacle = no_hounsfield(imaging)
    if obstacle is not None:
        return unread(ITEM, obstacle)
    image = imaging.image
    assert image is not None
    rule = sins_reading()
    lesion = inner_values(spine, image, level, rule, tumour=True)
    if lesion is None:
        text = f"too little of the tumour at {level} lies in bone behind its cortex and inside the image"
        return unread(ITEM, Caveat("too-little-bone", text))
    normal = normal_bone(level, spine, image, rule)
    if normal is None:
        text = "no bone without tumour is in view to compare its density with"
        return unread(ITEM, Caveat("no-reference-bone", text))
    low, high = shares(lesion, normal, rule)
    answer = option(low.value, high.value, rule)
    if answer is None:
        text = (
            f"the tumour at {level} is as dense as bone without tumour: is it infiltrating, or is the mask misplaced?"
        )
        return unread(ITEM, Caveat("density-as-normal-bone", text))
    return read_item(
        ITEM,
        answer,
        possible_options(low, high, rule),
        because=reasons(answer, lesion, low, high, normal),
        measured={
            "tumour_hu": spread(lesion),
            "reference_hu": normal.hu,
            "less_dense_share": low,
            "denser_share": high,
        },
    )


def no_hounsfield(imaging: Imaging) -> Caveat | None:
    """Why the image cannot be read as HU; None where it can."""
    if imaging.image is None:
        return Caveat("no-image", "there is no image, so density cannot be read")
    if imaging.modality != "ct":
        return Caveat("not-ct", "the image is not a CT, so density cannot be read")
    said = next((text for name, text in imaging.notes if name == NO_HU), None)
    return None if said is None else Caveat(NO_HU, f"{said}; density is not read from it")


def inner_values(
    spine: Spine, image: Volume, level: Level, rule: SinsReading, *, tumour: bool, parts: Collection[Part] = BONE_PARTS
) -> Hounsfield | None:
    """HU at voxel centres inside the bone of a level, with tumour or far from it; None where too few are left.

    The cortex is left out, and half a voxel of label map and image, across which it blurs. Tumour outside bone counts
    as inside here: where it broke through, there is no cortex.
    """
    box = level_box(spine, level)
    mine = spine.owner[box.slices] == spine.levels.index(level) + 1
    bone = mine & np.isin(spine.part[box.slices], [int(part) for part in parts])
    mask = spine.tumour[box.slices]
    blur = 0.5 * float(max(spine.grid.spacing_mm.max(), image.grid.spacing_mm.max()))
    inner = bone & (depth_mm(bone | mask, spine) > rule.cortex_mm + blur)
    inner &= mask if tumour else depth_mm(~mask, spine) > rule.cortex_mm + blur
    if np.count_nonzero(inner) * spine.grid.affine.voxel_volume_mm3 < rule.least_mm3:
        return None
    values = sampled(image, spine.grid.crop(box).affine.to_world(indices_of(inner)))
    seen = values[np.isfinite(values)]
    return seen if len(seen) > 0.5 * len(values) else None


def level_box(spine: Spine, level: Level) -> Box:
    vertebra = spine.vertebra(level)
    assert vertebra is not None
    return vertebra.box.grown((1, 1, 1), spine.grid.shape)


def depth_mm(mask: Mask, spine: Spine) -> npt.NDArray[np.float32]:
    """Distance from each voxel centre of `mask` to the surface of `mask`, half a voxel before the next centre."""
    import edt

    spacing = spine.grid.spacing_mm
    away: npt.NDArray[np.float32] = edt.edt(
        np.ascontiguousarray(mask), anisotropy=tuple(float(step) for step in spacing), black_border=False
    )
    return away - np.float32(0.5 * spacing.min())


def sampled(image: Volume, points_mm: Array) -> Hounsfield:
    """Trilinear HU at points (n, 3); NaN outside the image."""
    position = image.grid.affine.to_index(points_mm)
    base = np.floor(position).astype(np.intp)
    rest = position - base
    last = np.array(image.grid.shape) - 1
    inside = np.all((position >= 0.0) & (position <= last), axis=1)
    total = np.zeros(len(points_mm))
    for corner in range(8):
        step = np.array([corner >> axis & 1 for axis in range(3)])
        weight = np.prod(np.where(step, rest, 1.0 - rest), axis=1)
        i, j, k = np.clip(base + step, 0, last).T
        total += weight * image.stored[i, j, k]
    values: Hounsfield = np.where(inside, total * image.slope + image.intercept, np.nan)
    return values


def normal_bone(level: Level, spine: Spine, image: Volume, rule: SinsReading) -> Normal | None:
    """Spongy bone of the nearest bodies without tumour, one on each side; failing those, the rest of this body."""
    number = spine.levels.index(level)
    free = [other for other in spine.levels if other.in_scope and not body_holds_tumour(other, spine)]
    above = [other for other in free if spine.levels.index(other) < number][-1:]
    below = [other for other in free if spine.levels.index(other) > number][:1]
    found = body_values([*above, *below], spine, image, rule)
    if not found:
        found = body_values([level], spine, image, rule)
    if not found:
        return None
    values = np.concatenate([hu for _, hu in found])
    low, middle, high = np.percentile(values, [rule.low_percentile, 50.0, rule.high_percentile])
    where = " and ".join(f"the body of {other}" for other, _ in found)
    return Normal(Measured(float(middle), float(low), float(high)), where)


def body_holds_tumour(level: Level, spine: Spine) -> bool:
    box = level_box(spine, level)
    body = (spine.owner[box.slices] == spine.levels.index(level) + 1) & (spine.part[box.slices] == Part.BODY)
    return bool((body & spine.tumour[box.slices]).any())


def body_values(
    levels: Sequence[Level], spine: Spine, image: Volume, rule: SinsReading
) -> list[tuple[Level, Hounsfield]]:
    read = [(other, inner_values(spine, image, other, rule, tumour=False, parts=(Part.BODY,))) for other in levels]
    return [(other, hu) for other, hu in read if hu is not None]


def shares(lesion: Hounsfield, normal: Normal, rule: SinsReading) -> tuple[Measured, Measured]:
    """Share of the lesion below and above the patient's normal band, give or take the doubt of the table."""
    low = float(np.mean(lesion < normal.hu.low))
    high = float(np.mean(lesion > normal.hu.high + rule.high_margin_hu))
    return with_doubt(low, rule), with_doubt(high, rule)


def with_doubt(share: float, rule: SinsReading) -> Measured:
    return Measured(share, max(0.0, share - rule.doubt), min(1.0, share + rule.doubt))


def option(low: float, high: float, rule: SinsReading) -> str | None:
    """The answer by which components make up enough of the lesion."""
    found = (low >= rule.component, high >= rule.component)
    return {(True, True): "mixed", (True, False): "lytic", (False, True): "blastic"}.get(found)


def possible_options(low: Measured, high: Measured, rule: SinsReading) -> Collection[str]:
    ends = [(a, b) for a in (low.low, low.value, low.high) for b in (high.low, high.value, high.high)]
    return {found for a, b in ends if (found := option(a, b, rule)) is not None}


def spread(values: Hounsfield) -> Measured:
    """Median with the tenth and ninetieth percentile."""
    low, middle, high = (float(v) for v in np.percentile(values, [10.0, 50.0, 90.0]))
    return Measured(middle, low, high)


def reasons(answer: str, lesion: Hounsfield, low: Measured, high: Measured, normal: Normal) -> tuple[Step, ...]:
    facts = (
        f"median of the tumour in bone {spread(lesion).value:.0f} HU",
        f"bone without tumour {normal.hu.low:.0f} to {normal.hu.high:.0f} HU, from {normal.where}",
        f"{100 * low.value:.0f} % of the tumour is less dense than that, {100 * high.value:.0f} % clearly denser",
    )
    return scored(ITEM, answer, facts)
