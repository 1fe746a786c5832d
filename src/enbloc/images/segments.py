"""What .seg.nrrd and DICOM SEG have in common: named masks on one grid."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import LabelError, nearest
from enbloc.core.geometry import Array
from enbloc.images.raw import Note

Binary = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class NamedSegments:
    """(name, id) of each segment; `mask` gives the voxels of the segment at a place in that list.

    `matrix` maps the index of a mask, of `shape`, to RAS mm. `empty`: the file says that nothing is segmented.
    """

    names: tuple[tuple[str, str], ...]
    shape: tuple[int, int, int]
    matrix: Array
    mask: Callable[[int], Binary]
    empty: bool = False
    notes: tuple[Note, ...] = ()


def pick_segment(segments: NamedSegments, wanted: str | None, file: str) -> Binary | None:
    """The voxels of one segment, by name or id; None when the file says that nothing is segmented."""
    place = pick_name(segments.names, wanted, file, "segment")
    return None if segments.empty else segments.mask(place)


def pick_name(names: tuple[tuple[str, str], ...], wanted: str | None, file: str, kind: str) -> int:
    """The place of a name or id. Raises LabelError when it is not there, or none was given and there are several."""
    field = "imaging.tumour.segment"
    listed = ", ".join(repr(name) for name, _ in names[:8]) + (", ..." if len(names) > 8 else "")
    if wanted is None and len(names) > 1:
        raise LabelError(f"holds the {kind}s {listed}", file=file, field=field, hint="name one of them")
    found = [place for place, both in enumerate(names) if wanted is None or wanted in both]
    if not found:
        hint = nearest(wanted or "", [name for name, _ in names]) or f"{kind}s: {listed}"
        raise LabelError(f"no {kind} is called {wanted!r}", file=file, field=field, hint=hint)
    if len(found) > 1:
        raise LabelError(f"two {kind}s are called {wanted!r}", file=file, field=field, hint="rename one")
    return found[0]
