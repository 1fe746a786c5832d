"""A folder with one binary file per structure, or a .seg.nrrd with named segments, to one label map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError, LabelError, SpaceMismatch, nearest
from enbloc.core.levels import is_level
from enbloc.core.volume import Grid
from enbloc.images.labels import whole_numbers
from enbloc.images.nrrd import Nrrd, Segment
from enbloc.images.raw import Note, RawImage, closest_ras
from enbloc.images.read import ending_of, read_image
from enbloc.images.space import rounding_note, same_voxels
from enbloc.knowledge.schemes import LabelScheme
from enbloc.knowledge.vessels import vessel_kind

Binary = npt.NDArray[np.bool_]

MOST_STRUCTURES = 255
"""As many as eight bits can number."""
_NEEDED = ("canal", "cord", "dural-sac", "vertebrae", "disc")
_NEEDED_PREFIXES = ("body-", "disc-", "endplate", "part-", "rib-", "instance-")


def is_needed(structure: str) -> bool:
    """Whether anything uses the structure (every vessel is); the others in a folder are listed but not read."""
    known = is_level(structure) or structure in _NEEDED or structure.startswith(_NEEDED_PREFIXES)
    return known or vessel_kind(structure) is not None


def read_folder(
    folder: Path, file: str, scheme: LabelScheme
) -> tuple[npt.NDArray[np.uint8], Grid, dict[int, str], tuple[Note, ...]]:
    """One map of the structures that are used, closest to RAS; files are read one by one.

    Where files overlap the first in the scheme's order keeps the voxel. Raises SpaceMismatch when a file has another
    grid than the first one, LabelError when no file of the scheme is there.
    """
    found, strangers = _listed(folder, scheme)
    wanted = [(stem, name) for stem, name in scheme.files.items() if stem in found and is_needed(name)]
    if not wanted:
        hint = "files are named as in " + ", ".join(list(scheme.files)[:2])
        raise LabelError(f"holds no structure of scheme {scheme.id}", file=file, field="scheme", hint=hint)
    values: npt.NDArray[np.uint8] | None = None
    rounding: list[Note] = []
    grid: Grid | None = None
    structures: dict[int, str] = {}
    overlap: dict[str, int] = {}
    for stem, name in wanted:
        shown = f"{file}/{found[stem].name}"
        mask, own = _binary(found[stem], shown)
        if values is None or grid is None:
            values, grid = np.zeros_like(mask, dtype=np.uint8), own
        elif not same_voxels(own, grid):
            shift = f"{grid.corner_shift_mm(own):.1f} mm"
            message = f"shape {own.shape} against {grid.shape}, farthest corner {shift} off the folder's first file"
            raise SpaceMismatch(message, file=shown, field="grid", hint="export all structures on one grid")
        else:
            rounding += rounding_note(own, grid, shown, "the folder's first file")
        taken = mask & (values != 0)
        _count_overlap(overlap, values[taken], structures, name)
        n_taken = int(np.count_nonzero(taken))
        n_voxels = int(np.count_nonzero(mask))
        if n_voxels > n_taken:
            number = len(structures) + 1
            values[mask & ~taken] = number
            structures[number] = name
    assert values is not None
    assert grid is not None
    if not structures:
        raise LabelError("every file is empty", file=file, field="voxel values")
    return values, grid, structures, (*rounding, *_notes(file, found, scheme, strangers, overlap))


def _listed(folder: Path, scheme: LabelScheme) -> tuple[dict[str, Path], list[str]]:
    """(stem to file of the scheme, other names in the folder)."""
    found: dict[str, Path] = {}
    strangers: list[str] = []
    home = folder.resolve()
    for entry in sorted(folder.iterdir()):
        ending = ending_of(entry.name)
        stem = entry.name[: -len(ending)] if ending else ""
        if stem not in scheme.files or not entry.is_file():
            strangers.append(entry.name)
        elif stem in found:
            message = f"{found[stem].name} and {entry.name} are the same structure"
            raise ImageError(message, file=folder.name, field="file names")
        elif entry.resolve().parent != home:
            raise ImageError("is a link that leads out of its folder", file=f"{folder.name}/{entry.name}", field="path")
        else:
            found[stem] = entry
    return found, strangers


def _binary(path: Path, shown: str) -> tuple[Binary, Grid]:
    raw = read_image(path, shown)
    values = whole_numbers(raw, shown)
    view, grid = closest_ras(values, raw.matrix, shown)
    return np.asarray(view) != 0, grid


def _count_overlap(
    overlap: dict[str, int], rivals: npt.NDArray[np.uint8], structures: dict[int, str], name: str
) -> None:
    """Adds the voxels that `name` shares with structures read before it, by pair of names."""
    for rival, count in zip(*np.unique(rivals, return_counts=True), strict=True):
        pair = f"{structures[int(rival)]} and {name}"
        overlap[pair] = overlap.get(pair, 0) + int(count)


def _notes(
    file: str, found: dict[str, Path], scheme: LabelScheme, strangers: list[str], overlap: dict[str, int]
) -> tuple[Note, ...]:
    notes: list[Note] = []
    unread = [name for stem, name in scheme.files.items() if stem in found and not is_needed(name)]
    if unread:
        notes.append(("structures-not-read", f"{file}: {len(unread)} further structures are present and not used"))
    if strangers:
        shown = ", ".join(strangers[:8]) + (", ..." if len(strangers) > 8 else "")
        notes.append(("files-unknown", f"{file}: not in scheme {scheme.id}, ignored: {shown}"))
    if overlap:
        worst = sorted(overlap, key=lambda pair: (-overlap[pair], pair))[:3]
        pairs = ", ".join(f"{pair} ({overlap[pair]})" for pair in worst)
        text = (
            f"{file}: {sum(overlap.values())} voxels lie in two structures, most in {pairs}; "
            "the first in the scheme's order keeps them"
        )
        notes.append(("structures-overlap", text))
    return tuple(notes)


def pick_segment(nrrd: Nrrd, wanted: str | None, file: str) -> Binary | None:
    """The voxels of one segment, by name or id; None when the file says that nothing is segmented.

    Raises LabelError when the name is not there, or when none was given and there are several.
    """
    names = ", ".join(repr(s.name) for s in nrrd.segments[:8])
    if wanted is None and len(nrrd.segments) > 1:
        raise LabelError(
            f"holds the segments {names}", file=file, field="imaging.tumour.segment", hint="name one of them"
        )
    chosen = [s for s in nrrd.segments if wanted is None or wanted in (s.name, s.id)]
    if not chosen:
        hint = nearest(wanted or "", [s.name for s in nrrd.segments]) or f"segments: {names}"
        raise LabelError(f"no segment is called {wanted!r}", file=file, field="imaging.tumour.segment", hint=hint)
    if len(chosen) > 1:
        raise LabelError(
            f"two segments are called {wanted!r}", file=file, field="imaging.tumour.segment", hint="rename one"
        )
    return None if nrrd.empty else segment_mask(nrrd, chosen[0], file)


def segment_mask(nrrd: Nrrd, segment: Segment, file: str) -> Binary:
    if not 0 <= segment.layer < nrrd.layers.shape[0]:
        message = f"segment {segment.name!r} lies in layer {segment.layer} of {nrrd.layers.shape[0]}"
        raise ImageError(message, file=file, field="SegmentN_Layer")
    mask: Binary = nrrd.layers[segment.layer] == segment.value
    return mask


def read_segments(
    nrrd: Nrrd, file: str, scheme: LabelScheme
) -> tuple[npt.NDArray[np.uint8], Grid, dict[int, str], tuple[Note, ...]]:
    """Segments whose names are file stems or structures of `scheme` to one map, as `read_folder` does for files."""
    by_name = {segment.name: segment for segment in nrrd.segments}
    known = {**{name: name for name in scheme.structures}, **scheme.files}
    wanted = [(known[name], segment) for name, segment in by_name.items() if name in known]
    if not wanted or nrrd.empty:
        hint = "enbloc check lists the names that are known"
        raise LabelError(f"holds no segment named as in scheme {scheme.id}", file=file, field="scheme", hint=hint)
    if len(wanted) > MOST_STRUCTURES:
        hint = f"at most {MOST_STRUCTURES} are read"
        raise LabelError(f"holds {len(wanted)} segments of scheme {scheme.id}", file=file, field="segments", hint=hint)
    values = np.zeros(nrrd.layers.shape[1:], dtype=np.uint8, order="F")
    structures: dict[int, str] = {}
    overlap: dict[str, int] = {}
    for structure, segment in wanted:
        mask = segment_mask(nrrd, segment, file)
        taken = mask & (values != 0)
        _count_overlap(overlap, values[taken], structures, structure)
        mask &= ~taken
        if mask.any():
            number = len(structures) + 1
            values[mask] = number
            structures[number] = structure
    raw = RawImage(values, nrrd.matrix)
    view, grid = closest_ras(raw.stored, raw.matrix, file)
    strangers = [name for name in by_name if name not in known]
    return view.astype(np.uint8, copy=False), grid, structures, _notes(file, {}, scheme, strangers, overlap)
