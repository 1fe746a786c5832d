"""Voxel values to structure names under the declared scheme."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError, LabelError, nearest
from enbloc.core.levels import Level
from enbloc.images.census import Labels
from enbloc.images.raw import Note, RawImage
from enbloc.knowledge.schemes import LabelScheme

MOST_LABELS = 250
"""A file with more different values than any scheme has labels is not a label map."""
_SLAB = 1 << 22
_COUNTED = tuple(level for level in Level if level.region != "sacral" and level is not Level.T13)


def whole_numbers(raw: RawImage, file: str) -> Labels:
    """The values as uint8, or uint16 where one is above 255. Floats that are whole numbers are taken.

    Raises ImageError for fractional, negative, infinite or NaN values and for values above 65535.
    """
    stored = raw.stored
    if stored.dtype.kind in "iu" and raw.slope == 1.0 and raw.intercept == 0.0:
        low, high = int(stored.min()), int(stored.max())
        _refuse_range(low, high, file)
        return stored.astype(np.uint8 if high <= 255 else np.uint16, copy=False)  # type: ignore[return-value]
    flat = stored.reshape(-1, order="F")
    wide = np.empty(flat.size, dtype=np.uint16)
    for start in range(0, flat.size, _SLAB):
        with np.errstate(invalid="ignore"):  # a signalling NaN warns in the cast; it is refused below
            part = flat[start : start + _SLAB].astype(np.float64) * raw.slope + raw.intercept
        _refuse_fractions(part, file)
        _refuse_range(float(part.min()), float(part.max()), file)
        wide[start : start + _SLAB] = part
    narrow = wide if wide.max() > 255 else wide.astype(np.uint8)
    return narrow.reshape(stored.shape, order="F")


def _refuse_fractions(part: npt.NDArray[np.float64], file: str) -> None:
    if not np.isfinite(part).all():
        raise ImageError("labels hold NaN or infinite values", file=file, field="voxel values")
    odd = part[part != np.rint(part)]
    if odd.size:
        hint = "a probability map must be thresholded first; an image is no label map"
        raise ImageError(f"{odd[0]:.6g} is no whole number", file=file, field="voxel values", hint=hint)


def _refuse_range(low: float, high: float, file: str) -> None:
    if low < 0:
        hint = "is this the image instead of its labels?"
        raise ImageError(f"{low:g} is negative, labels cannot be", file=file, field="voxel values", hint=hint)
    if high > 65535:
        raise ImageError(f"{high:g} is too large for a label", file=file, field="voxel values")


def named(
    values: Labels, present: tuple[int, ...], scheme: LabelScheme, file: str, fits: Callable[[], tuple[str, ...]]
) -> tuple[Labels, dict[int, str]]:
    """The values with their structures. Values that share a structure are put under the first of them.

    Values the scheme does not know stay without a name. Raises LabelError when it knows none of them; `fits` then tells
    which schemes would do.
    """
    if not present:
        raise LabelError("holds no labels, every voxel is 0", file=file, field="voxel values")
    known = [value for value in present if value in scheme.values]
    if not known:
        shown = ", ".join(map(str, present[:8])) + (", ..." if len(present) > 8 else "")
        hint = f"the values would fit {', '.join(found)}" if (found := fits()) else "no shipped scheme fits them"
        if len(present) > MOST_LABELS:
            hint = f"{len(present)} different values: is this an image and not a label map?"
        raise LabelError(f"{scheme.id} knows none of the values found: {shown}", file=file, field="scheme", hint=hint)
    first: dict[str, int] = {}
    moved: dict[int, int] = {}
    for value in known:
        keeper = first.setdefault(scheme.values[value], value)
        if keeper != value:
            moved[value] = keeper
    return (_moved(values, moved) if moved else values), {value: name for name, value in first.items()}


def _moved(values: Labels, moved: Mapping[int, int]) -> Labels:
    table = np.arange(np.iinfo(values.dtype).max + 1, dtype=values.dtype)
    for value, keeper in moved.items():
        table[value] = keeper
    return table[values]  # type: ignore[return-value]


def levels_from_anchor(
    structures: Mapping[int, str], label: int, level: str, file: str
) -> tuple[dict[int, str], tuple[Note, ...]]:
    """Names for instance numbers, counted from the anchor: one number further is one vertebra further towards the feet.

    A number that is not in the map still counts as a vertebra. T13 is never counted, L6 and L7 only below an L5 that
    is there. Raises LabelError when the anchor is not in the map or the count leaves the spine.
    """
    instances = {value: int(name.removeprefix("instance-")) for value, name in structures.items() if _is_instance(name)}
    if label not in instances:
        have = ", ".join(map(str, sorted(instances))) or "none"
        message = f"label {label} is none of the vertebrae found: {have}"
        raise LabelError(message, file=file, field="imaging.anchor.label")
    if level not in _COUNTED:
        hint = nearest(level, [known.value for known in _COUNTED])
        raise LabelError(f"cannot count from {level!r}", file=file, field="imaging.anchor.level", hint=hint)
    base = _COUNTED.index(Level(level)) - instances[label]
    names = dict(structures)
    for value, name in structures.items():
        prefix, found, number = name.rpartition("instance-")
        if not found:
            continue
        place = base + int(number)
        if not 0 <= place < len(_COUNTED):
            if prefix:
                del names[value]
                continue
            message = f"label {value} would lie beyond {'L7' if place > 0 else 'C1'} counted from {label} = {level}"
            raise LabelError(message, file=file, field="imaging.anchor")
        names[value] = f"{prefix}{_COUNTED[place]}"
    text = f"{file}: levels are counted from label {label} = {level} as the case states, not read from the labels"
    return names, (("numbering-from-anchor", text),)


def _is_instance(name: str) -> bool:
    return name.startswith("instance-")


def refuse_other_anchor(structures: Mapping[int, str], label: int, level: str, file: str) -> None:
    """An anchor beside labels that are levels already must say the same as they do."""
    said = structures.get(label)
    if said is not None and said.removeprefix("body-") != level:
        message = f"the case says label {label} is {level}, the scheme says {said}"
        hint = "the scheme is wrong, or leave the anchor out"
        raise LabelError(message, file=file, field="imaging.anchor", hint=hint)
