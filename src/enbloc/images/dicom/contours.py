"""RTSTRUCT: the closed contours of one named region."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from enbloc.core.errors import ImageError, LabelError
from enbloc.core.geometry import Array, Vector
from enbloc.images.dicom.header import DicomFile, Header
from enbloc.images.dicom.reference import Reference
from enbloc.images.raw import LPS_TO_RAS, Note
from enbloc.images.segments import pick_name

RTSTRUCT = "RTSTRUCT"
CLOSED = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")
OPEN = ("POINT", "OPEN_PLANAR", "OPEN_NONPLANAR")
FLAT_MM = 0.2
"""Farthest that a point may lie from its contour's plane, and that plane's turn at the contour's rim."""
MERGE_MM = 0.1
"""Contours closer than this along their normal lie in one plane."""


@dataclass(frozen=True, slots=True)
class Regions:
    """(name, number) of each region of the file, and how many contours it has."""

    names: tuple[tuple[str, str], ...]
    contours: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Contours:
    """Closed contours in parallel planes. `axes`: two directions in the planes, then their normal (rows, RAS).

    `heights_mm` of the planes, ascending; `edges` of each plane, shape (n, 4): u1, v1, u2, v2 in mm; `points_mm` are
    all corners in RAS.
    """

    axes: Array
    heights_mm: Vector
    edges: tuple[Array, ...]
    points_mm: Array


def regions_in(found: DicomFile) -> Regions:
    header = found.header
    rows = header.items("StructureSetROISequence")
    names = tuple((row.text("ROIName"), str(row.needed("ROINumber"))) for row in rows)
    if not names:
        raise ImageError("holds no region", file=header.file, field="StructureSetROISequence")
    drawn = Counter({str(row.needed("ReferencedROINumber")): len(row.items("ContourSequence"))
                     for row in header.items("ROIContourSequence")})  # fmt: skip
    return Regions(names, tuple(drawn[number] for _, number in names))


def read_contours(found: DicomFile, file: str, wanted: str | None) -> tuple[Contours, Reference, list[Note]]:
    """The region called `wanted` (or the only one). Raises when a contour is open, not flat, or not parallel."""
    header = found.header
    regions = regions_in(found)
    place = pick_name(regions.names, wanted, file, "region")
    number = regions.names[place][1]
    rows = [row for row in header.items("ROIContourSequence") if str(row.needed("ReferencedROINumber")) == number]
    drawn = [contour for row in rows for contour in row.items("ContourSequence")]
    if not drawn:
        raise LabelError("the region has no contour", file=file, field="imaging.tumour.segment")
    _refuse_open(drawn, file)
    rings, notes = _rings([_points(contour) for contour in drawn], file)
    return _in_planes(rings, file), _reference(header, number, file), notes


def _refuse_open(drawn: list[Header], file: str) -> None:
    kinds = Counter(contour.text("ContourGeometricType") for contour in drawn)
    odd = sum(count for kind, count in kinds.items() if kind not in CLOSED)
    if odd:
        said = ", ".join(kind for kind in OPEN if kinds[kind]) or "of unknown kind"
        message = f"{odd} of {len(drawn)} contours are not closed ({said})"
        hint = "a tumour needs closed contours; close them, or export them as a SEG"
        raise ImageError(message, file=file, field="ContourGeometricType", hint=hint)


def _points(contour: Header) -> Array:
    """Corners in RAS mm, shape (n, 3); no corner follows itself."""
    flat = contour.decimals("ContourData")
    count = contour.whole("NumberOfContourPoints")
    if flat.size % 3 or count not in (flat.size // 3, None):
        message = f"holds {flat.size} numbers, {count} points are declared"
        raise ImageError(message, file=contour.file, field="ContourData", hint="the file is damaged")
    points = flat.reshape(-1, 3) @ LPS_TO_RAS[:3, :3].T
    kept: Array = points[(points != np.roll(points, 1, axis=0)).any(axis=1)]
    return kept


def _rings(all_points: list[Array], file: str) -> tuple[list[Array], list[Note]]:
    """Contours with an area, each once: under the even-odd rule a contour that is there twice would be a hole."""
    rings: dict[bytes, Array] = {}
    thin = twice = 0
    for points in all_points:
        if len(points) < 3 or np.linalg.norm(_area(points)) < 1e-6:
            thin += 1
            continue
        key = np.round(points[np.lexsort(points.T)], 2).tobytes()
        twice += key in rings
        rings.setdefault(key, points)
    if not rings:
        raise LabelError("no contour of the region encloses an area", file=file, field="ContourData")
    notes: list[Note] = []
    if thin or twice:
        text = f"{file}: {thin} contours without an area and {twice} that are there twice were left out"
        notes.append(("contours-left-out", text))
    return list(rings.values()), notes


def _area(ring: Array) -> Vector:
    """Normal of length twice the area (Newell)."""
    centred = ring - ring.mean(axis=0)
    area: Vector = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    return area


def _in_planes(rings: list[Array], file: str) -> Contours:
    """Every ring in the common plane coordinates; the largest one gives the normal."""
    areas = [_area(ring) for ring in rings]
    normal = max(areas, key=lambda area: float(np.linalg.norm(area)))
    normal = normal / np.linalg.norm(normal)
    normal = normal * np.sign(normal[np.abs(normal).argmax()])
    first = np.eye(3)[[1, 2, 0][int(np.abs(normal).argmax())]]
    first = first - normal * (normal @ first)
    first = first / np.linalg.norm(first)
    axes = np.array([first, np.cross(normal, first), normal])
    turned = [ring @ axes.T for ring in rings]
    bent = max(float(np.ptp(ring[:, 2])) for ring in turned)
    if bent > FLAT_MM:
        message = f"contours are not flat and parallel: one reaches {bent:.2f} mm out of the common plane"
        hint = f"{FLAT_MM:g} mm are allowed; draw them on one set of slices"
        raise ImageError(message, file=file, field="ContourData", hint=hint)
    heights = np.array([ring[:, 2].mean() for ring in turned])
    order = np.argsort(heights, kind="stable")
    plane = np.concatenate([[0], np.cumsum(np.diff(heights[order]) > MERGE_MM)])
    planes = [[turned[n] for n in order[plane == p]] for p in range(int(plane[-1]) + 1)]
    return Contours(
        axes,
        np.array([float(np.mean([ring[:, 2].mean() for ring in rings_here])) for rings_here in planes]),
        tuple(_edges(rings_here) for rings_here in planes),
        np.concatenate(rings),
    )


def _edges(rings: list[Array]) -> Array:
    """Of all rings of a plane; an edge walked there and back (the channel of a keyhole) bounds nothing and goes."""
    edges = np.concatenate([np.hstack([ring[:, :2], np.roll(ring[:, :2], -1, axis=0)]) for ring in rings])
    there = [tuple(edge) for edge in np.round(edges, 2).tolist()]
    count = Counter(there)
    spare = {edge: min(n, count[(*edge[2:], *edge[:2])]) for edge, n in count.items()}
    keep = []
    for place, edge in enumerate(there):
        if spare[edge]:
            spare[edge] -= 1
        else:
            keep.append(place)
    return edges[keep]


def _reference(header: Header, number: str, file: str) -> Reference:
    region = next(row for row in header.items("StructureSetROISequence") if str(row.needed("ROINumber")) == number)
    series = {
        row.text("SeriesInstanceUID")
        for frame in header.items("ReferencedFrameOfReferenceSequence")
        for study in frame.items("RTReferencedStudySequence")
        for row in study.items("RTReferencedSeriesSequence")
    }
    return Reference(file, region.text("ReferencedFrameOfReferenceUID"), frozenset(series - {""}))
