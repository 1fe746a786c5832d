"""What DICOM inputs hold, for `enbloc check`: series, segments, regions. No UID is shown."""

from __future__ import annotations

from enbloc.case import Case
from enbloc.images.dicom.contours import RTSTRUCT, regions_in
from enbloc.images.dicom.header import looks_like_dicom, read_dicom
from enbloc.images.dicom.segmentation import SEG, read_segmentation
from enbloc.images.dicom.series import describe_fully, find_series
from enbloc.images.finding import Finding
from enbloc.images.paths import resolve
from enbloc.images.read import ending_of

MOST_SHOWN = 40


def look_at_scan(case: Case, file: str) -> list[Finding]:
    """Every series of the image's folder, and what was passed over."""
    path = resolve(case.folder, file, "imaging.image")
    if path.is_file() and not _is_dicom(file, case):
        return []
    source = find_series(path, file)
    found = [Finding("note", file, "series", describe_fully(series)) for series in source.series]
    if source.ignored:
        found.append(Finding("note", file, "files-ignored", ", ".join(source.ignored)))
    return found


def look_at_object(case: Case, file: str) -> list[Finding]:
    """The segments of a SEG, the regions of an RTSTRUCT; nothing for other files."""
    if not _is_dicom(file, case):
        return []
    found = read_dicom(resolve(case.folder, file, "imaging"), file)
    kind = found.header.text("Modality")
    if kind == SEG:
        segments, _ = read_segmentation(found, file)
        return [Finding("note", file, "segments", _listed([name for name, _ in segments.names]))]
    if kind == RTSTRUCT:
        regions = regions_in(found)
        rows = zip(regions.names, regions.contours, strict=True)
        return [Finding("note", file, "regions", _listed([f"{name} ({n} contours)" for (name, _), n in rows]))]
    return []


def _is_dicom(file: str, case: Case) -> bool:
    path = resolve(case.folder, file, "imaging")
    return path.is_file() and ending_of(path.name) is None and looks_like_dicom(path)


def _listed(names: list[str]) -> str:
    return ", ".join(names[:MOST_SHOWN]) + (f" and {len(names) - MOST_SHOWN} more" if len(names) > MOST_SHOWN else "")
