"""`--cut NAME=...` to numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from enbloc.core.errors import InputError

if TYPE_CHECKING:
    from enbloc.planning import Written

FORMS = "left=x,y,z:nx,ny,nz in RAS mm, or left=azimuth:tilt:offset in degrees and mm"
FIELD = "--cut"


def parse_cuts(texts: Sequence[str]) -> tuple[Written, ...]:
    """The cuts as written, each name once. Raises InputError for what cannot be read."""
    found: dict[str, Written] = {}
    for text in texts:
        cut = parse_cut(text)
        if cut.name in found:
            raise InputError(f"{cut.name} is given twice", field=FIELD)
        found[cut.name] = cut
    return tuple(found.values())


def parse_cut(text: str) -> Written:
    from enbloc.planning import Written

    name, equals, value = (part.strip() for part in text.partition("="))
    parts = value.split(":")
    if not (name and equals) or len(parts) not in (2, 3):
        raise InputError(f"{text!r} is no cut", field=FIELD, hint=FORMS)
    if len(parts) == 3:
        azimuth, tilt, offset = (number(part, text) for part in parts)
        if not -90.0 < tilt < 90.0:
            raise InputError(f"{text!r}: a tilt lies between -90 and 90 degrees", field=FIELD)
        return Written(name, angles_deg=(azimuth, tilt), offset_mm=offset)
    point, normal = (triple(part, text) for part in parts)
    if not any(normal):
        raise InputError(f"{text!r}: a normal of no length has no direction", field=FIELD)
    return Written(name, point_mm=point, normal=normal)


def triple(part: str, text: str) -> tuple[float, float, float]:
    numbers = [number(one, text) for one in part.split(",")]
    if len(numbers) != 3:
        raise InputError(f"{text!r}: a point and a normal have three numbers each", field=FIELD, hint=FORMS)
    x, y, z = numbers
    return x, y, z


MOST = 1e5
"""No patient, and no angle, is larger."""


def number(part: str, text: str) -> float:
    try:
        value = float(part)
    except ValueError:
        raise InputError(f"{text!r}: {part.strip()!r} is no number", field=FIELD, hint=FORMS) from None
    if not (math.isfinite(value) and abs(value) <= MOST):
        raise InputError(f"{text!r}: {part.strip()} is no length and no angle", field=FIELD)
    return value
