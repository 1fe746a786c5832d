"""What one set of cuts leaves: the pieces, what must be released, and how they get out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from enbloc.anatomy import Spine
from enbloc.core.evidence import Caveat, Progress, Skipped
from enbloc.core.geometry import Vector, unit
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging
from enbloc.resection.attachments import attachments, left_uncut
from enbloc.resection.field import Codes, OperativeField
from enbloc.resection.nouns import Cut, Gate, Piece, Pieces, Tissue
from enbloc.resection.pieces import FRAGMENT, REMAINING, SPECIMEN, pieces_of, sawn
from enbloc.resection.release_nouns import Release
from enbloc.resection.releases import KEEP, releases, unexplained
from enbloc.resection.removal import Scene, taken_out
from enbloc.resection.removal_nouns import Removal, Root
from enbloc.resection.searching import Search
from enbloc.resection.theatre import theatre_of
from enbloc.resection.ways import UP
from enbloc.tumour import Contact

SOFT = (Tissue.DISC,)
NOT_SOUGHT = "the settings ask for no way out of the pieces"
NOT_PARTED = "no way out is sought: the cuts part no piece that could leave by itself"


@dataclass(frozen=True, slots=True, eq=False)
class Patient:
    """What is read of one patient once the cuts are found."""

    spine: Spine
    imaging: Imaging
    levels: tuple[Level, ...]
    encapsulated: bool | None
    contacts: tuple[Contact, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Parted:
    """What a set of cuts leaves: pieces, what holds and must be released, how they get out past what `scene` shows."""

    pieces: tuple[Piece, ...]
    loose_mm3: float
    drawing: Pieces
    freed: tuple[Release, ...]
    uncut: tuple[Caveat, ...]
    scene: Scene | None
    removal: Removal | Skipped

    @classmethod
    def by(cls, cuts: tuple[Cut, ...], patient: Patient, search: Search, progress: Progress) -> Parted:
        field = search.field
        progress("taking out the pieces")
        pieces, drawing = pieces_of(field, cuts)
        pieces, loose_mm3, label = whole_pieces(pieces, drawing.label)
        drawing = replace(drawing, label=label)
        progress("listing what must be released")
        holding = attachments(field, cuts, pieces, drawing)
        freed = releases(patient.levels, holding)
        uncut = unexplained(holding, [cut.name for cut in cuts])
        skipped = why_not_sought(search, pieces)
        if skipped is not None:
            return cls(pieces, loose_mm3, drawing, freed, uncut, None, skipped)
        progress("seeking the way out of the pieces")
        scene = seen_around(label, cuts, patient, search, freed)
        return cls(pieces, loose_mm3, drawing, freed, uncut, scene, taken_out(scene, pieces))

    def instead(self, cuts: tuple[Cut, ...], patient: Patient, search: Search) -> Removal | Skipped:
        """How the pieces of other cuts leave, each as the piece of that name does here where that way is free for it;
        what those cuts leave uncut is said with it.
        """
        if not search.settings.removal.sought:
            return Skipped(NOT_SOUGHT)
        made = sawn(search.field, cuts)
        pieces, _, label = whole_pieces(made.pieces, made.label)
        skipped = why_not_sought(search, pieces)
        if skipped is not None:
            return skipped
        scene = seen_around(label, cuts, patient, search, self.freed, self.scene)
        removal = taken_out(scene, pieces, () if isinstance(self.removal, Skipped) else self.removal.pieces)
        uncut = left_uncut(search.field, made.cut_links, pieces, label)
        return replace(removal, caveats=(*uncut, *removal.caveats))


def why_not_sought(search: Search, pieces: Sequence[Piece]) -> Skipped | None:
    """Where nobody asks, or nothing is parted."""
    if not search.settings.removal.sought:
        return Skipped(NOT_SOUGHT)
    stays, whole = (any(piece.name.startswith(start) for piece in pieces) for start in (REMAINING, SPECIMEN))
    return Skipped(NOT_PARTED) if not pieces or (whole and not stays) else None


def seen_around(
    label: Codes,
    cuts: Sequence[Cut],
    patient: Patient,
    search: Search,
    freed: Sequence[Release],
    beside: Scene | None = None,
) -> Scene:
    """What the pieces have to get past, roots that the releases keep among it. `beside`: what those of other cuts have;
    of that, what stays the same is not laid out again, the roots to be kept among it.
    """
    field, axis = search.field, turn_axis(search.field, cuts)
    theatre = theatre_of(field, label, patient.spine, patient.imaging, None if beside is None else beside.theatre)
    if beside is not None:
        return beside.with_pieces(theatre, axis)
    kept = tuple(Root(each.level, each.side) for each in freed if each.action == KEEP and each.side is not None)
    return Scene.of(theatre, search.settings.way_out, kept, axis=axis)


def turn_axis(field: OperativeField, cuts: Sequence[Cut]) -> Vector:
    """The vertebra's own axis, made square to the cuts between vertebrae so that the block slides along them: to those
    through bone, or, where all pass through disc, which gives way, to all of them on average.
    """
    between = [cut for cut in cuts if cut.gate in (Gate.CRANIAL, Gate.CAUDAL)]
    bony = [cut for cut in between if cut.tissue not in SOFT]
    normals = [field.frame.axes @ np.array(cut.normal) for cut in bony or between]
    upward = [normal * np.sign(normal[2]) for normal in normals if normal[2] != 0.0]
    return unit(np.sum(upward, axis=0)) if upward else UP


def whole_pieces(pieces: tuple[Piece, ...], label: Codes) -> tuple[tuple[Piece, ...], float, Codes]:
    """Without the fragments that hold no tumour, whose volume (mm³) is told."""
    loose = [piece for piece in pieces if piece.name.startswith(FRAGMENT) and piece.tumour_mm3 == 0.0]
    whole = np.where(np.isin(label, [piece.label for piece in loose]), 0, label).astype(np.uint8)
    kept = tuple(piece for piece in pieces if piece not in loose)
    return kept, sum(piece.volume_mm3 for piece in loose), whole


def residual_mm3(field: OperativeField, pieces: Sequence[Piece]) -> float:
    """Tumour of the field that leaves with no piece."""
    whole = float(np.count_nonzero(field.tumour)) * field.step_mm**3
    return max(0.0, whole - sum(piece.tumour_mm3 for piece in pieces))
