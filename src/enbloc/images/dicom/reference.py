"""What an object says it belongs to. UIDs are compared in memory and go nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field

from enbloc.core.errors import SpaceMismatch
from enbloc.images.raw import Note


@dataclass(frozen=True, slots=True)
class Reference:
    """`file` as the case names it; `frame` of reference and the `series` it is, or was drawn on. Empty: not said."""

    file: str
    frame: str = field(repr=False)
    series: frozenset[str] = field(repr=False)


def refuse_other_reference(own: Reference, other: Reference | None) -> list[Note]:
    """Raises SpaceMismatch when `own` states another frame of reference, or other series, than `other` does.

    A note where neither can be compared.
    """
    if other is None:
        return []
    hint = "was it drawn on another scan?"
    frames, series = own.frame and other.frame, own.series and other.series
    if frames and own.frame != other.frame:
        message = f"lies in another frame of reference than {other.file}"
        raise SpaceMismatch(message, file=own.file, field="FrameOfReferenceUID", hint=hint)
    if series and own.series.isdisjoint(other.series):
        message = f"refers to another series than {other.file}"
        raise SpaceMismatch(message, file=own.file, field="ReferencedSeriesSequence", hint=hint)
    if frames or series:
        return []
    text = f"{own.file}: cannot be checked to belong to {other.file}, because identifiers were removed from one of them"
    return [("reference-unknown", text)]
