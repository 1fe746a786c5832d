"""A folder with one binary file per structure, or a file with named segments, to one label map."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from enbloc.core.errors import ImageError, LabelError, SpaceMismatch
from enbloc.core.levels import is_level
from enbloc.core.side_by_side import side_by_side
from enbloc.core.volume import Grid, axes_as_stored
from enbloc.images.labels import whole_numbers
from enbloc.images.raw import Note, closest_ras
from enbloc.images.read import ending_of, read_image
from enbloc.images.segments import Binary, NamedSegments
from enbloc.images.space import rounding_note, same_voxels
from enbloc.knowledge.schemes import LabelScheme
from enbloc.knowledge.vessels import vessel_kind

Places = npt.NDArray[np.intp]
"""Voxels by their number in memory."""
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
    """One map of the structures that are used, closest to RAS; files are read two at a time.

    Where files overlap the first in the scheme's order keeps the voxel. Raises SpaceMismatch when a file has another
    grid than the first one, LabelError when no file of the scheme is there.
    """
    found, strangers = _listed(folder, scheme)
    wanted = [(stem, name) for stem, name in scheme.files.items() if stem in found and is_needed(name)]
    if not wanted:
        hint = "files are named as in " + ", ".join(list(scheme.files)[:2])
        raise LabelError(f"holds no structure of scheme {scheme.id}", file=file, field="scheme", hint=hint)
    first, *others = (found[stem] for stem, _ in wanted)
    mask, grid = _binary(first, file)
    order = axes_as_stored(mask)

    def read(path: Path) -> tuple[Places, Grid]:
        mask, own = _binary(path, file)
        _refuse_other_grid(own, grid, f"{file}/{path.name}")
        return np.flatnonzero(mask.transpose(order)), own

    voxels = [(np.flatnonzero(mask.transpose(order)), grid), *side_by_side(read, others)]
    values = np.zeros_like(mask, dtype=np.uint8)
    flat = values.transpose(order).reshape(-1)
    rounding: list[Note] = []
    structures: dict[int, str] = {}
    overlap: dict[str, int] = {}
    for (stem, name), (places, own) in zip(wanted, voxels, strict=True):
        rounding += rounding_note(own, grid, f"{file}/{found[stem].name}", "the folder's first file")
        free = flat[places] == 0
        _count_overlap(overlap, flat[places[~free]], structures, name)
        if free.any():
            number = len(structures) + 1
            flat[places[free]] = number
            structures[number] = name
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


def _binary(path: Path, folder: str) -> tuple[Binary, Grid]:
    shown = f"{folder}/{path.name}"
    raw = read_image(path, shown)
    values = whole_numbers(raw, shown)
    view, grid = closest_ras(values, raw.matrix, shown)
    return np.asarray(view) != 0, grid


def _refuse_other_grid(own: Grid, grid: Grid, shown: str) -> None:
    if not same_voxels(own, grid):
        shift = f"{grid.corner_shift_mm(own):.1f} mm"
        message = f"shape {own.shape} against {grid.shape}, farthest corner {shift} off the folder's first file"
        raise SpaceMismatch(message, file=shown, field="grid", hint="export all structures on one grid")


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


def read_segments(
    segments: NamedSegments, file: str, scheme: LabelScheme
) -> tuple[npt.NDArray[np.uint8], Grid, dict[int, str], tuple[Note, ...]]:
    """Segments whose names are file stems or structures of `scheme` to one map, as `read_folder` does for files."""
    names = [name for name, _ in segments.names]
    known = {**{name: name for name in scheme.structures}, **scheme.files}
    wanted = [(known[name], place) for place, name in enumerate(names) if name in known]
    if not wanted or segments.empty:
        hint = "enbloc check lists the names that are known"
        raise LabelError(f"holds no segment named as in scheme {scheme.id}", file=file, field="scheme", hint=hint)
    if len(wanted) > MOST_STRUCTURES:
        hint = f"at most {MOST_STRUCTURES} are read"
        raise LabelError(f"holds {len(wanted)} segments of scheme {scheme.id}", file=file, field="segments", hint=hint)
    twice = [structure for structure, count in Counter(structure for structure, _ in wanted).items() if count > 1]
    if twice:
        raise LabelError(f"two segments are called {twice[0]}", file=file, field="segments", hint="rename one")
    values = np.zeros(segments.shape, dtype=np.uint8, order="F")
    structures: dict[int, str] = {}
    overlap: dict[str, int] = {}
    for structure, place in wanted:
        mask = segments.mask(place)
        taken = mask & (values != 0)
        _count_overlap(overlap, values[taken], structures, structure)
        mask = mask & ~taken
        if mask.any():
            number = len(structures) + 1
            values[mask] = number
            structures[number] = structure
    if not structures:
        raise LabelError("every segment is empty", file=file, field="voxel values")
    view, grid = closest_ras(values, segments.matrix, file)
    strangers = [name for name in names if name not in known]
    notes = (*segments.notes, *_notes(file, {}, scheme, strangers, overlap))
    return view.astype(np.uint8, copy=False), grid, structures, notes
