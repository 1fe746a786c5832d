"""DICOM written with pydicom: series, enhanced multi-frame files, segmentations and contours; stuffed with secrets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence as Items

CT, MR, ENHANCED_CT = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.2.1"
SEG, RTSTRUCT = "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.481.3"
IMPLICIT, EXPLICIT, BIG, DEFLATED = (f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".2", ".1.99"))
RLE, J2K, JPEG_LS, JPEG = (f"1.2.840.10008.1.2{end}" for end in (".5", ".4.90", ".4.80", ".4.70"))
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
SERIES, FRAME = "1.2.3.444555666.1", "1.2.3.444555666.2"
SECRETS = (
    "DOE^JANE", "PID-4711", "19570203", "20261122", "ACC-0815", "SECRET HOSPITAL", "PRIVATE-BLOB", "444555666",
    "DESCRIBED^HER",
)  # fmt: skip
"""What stands in every file made here, and may stand in nothing that enbloc writes."""


def secret(ds: Dataset) -> Dataset:
    ds.PatientName, ds.PatientID, ds.PatientBirthDate = SECRETS[0], SECRETS[1], SECRETS[2]
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = SECRETS[3]
    ds.AccessionNumber, ds.InstitutionName, ds.SeriesDescription = SECRETS[4], SECRETS[5], SECRETS[8]
    block = ds.private_block(0x0029, "MADE UP", create=True)
    block.add_new(0x01, "LO", SECRETS[6])
    ds.StudyInstanceUID = "1.2.3.444555666.9"
    return ds


def save(ds: Dataset, path: Path, syntax: str = EXPLICIT) -> Path:
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID or CT
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID or SERIES
    ds.save_as(path, enforce_file_format=True)
    return path


def pixel_module(ds: Dataset, values: np.ndarray, stored: int | None = None) -> None:
    """`values` (rows, columns) or (frames, rows, columns) of int16, uint16 or uint8."""
    bits = 8 * values.dtype.itemsize
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = values.shape[-2:]
    ds.BitsAllocated, ds.BitsStored = bits, stored or bits
    ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(values.dtype.kind == "i")
    if values.ndim == 3:
        ds.NumberOfFrames = len(values)
    ds.PixelData = values.astype(values.dtype.newbyteorder("<")).tobytes()
    ds["PixelData"].VR = "OW"


def compress(ds: Dataset, values: np.ndarray, syntax: str) -> None:
    """`values`: (frames, rows, columns)."""
    import imagecodecs

    def rle(frame: np.ndarray) -> bytes:
        planes = frame.astype(frame.dtype.newbyteorder(">")).view(np.uint8).reshape(*frame.shape, -1)
        packed = [
            b"".join(imagecodecs.packbits_encode(row.tobytes()) for row in planes[:, :, n])
            for n in range(planes.shape[2])
        ]
        packed = [segment + b"\0" * (len(segment) % 2) for segment in packed]
        starts = np.zeros(16, "<u4")
        starts[0] = len(packed)
        starts[1 : len(packed) + 1] = 64 + np.cumsum([0, *map(len, packed[:-1])])
        return starts.tobytes() + b"".join(packed)

    def jpeg(frame: np.ndarray) -> bytes:
        return imagecodecs.ljpeg_encode(frame.view(f"u{frame.dtype.itemsize}"), bitspersample=8 * frame.dtype.itemsize)

    def jpeg_ls(frame: np.ndarray) -> bytes:
        return imagecodecs.jpegls_encode(frame.view(f"u{frame.dtype.itemsize}"))

    def j2k(frame: np.ndarray) -> bytes:
        return imagecodecs.jpeg2k_encode(frame, level=0, codecformat="j2k", reversible=True)

    coder = {RLE: rle, JPEG: jpeg, JPEG_LS: jpeg_ls, J2K: j2k}[syntax]
    ds.PixelData = encapsulate([coder(np.ascontiguousarray(frame)) for frame in values])
    ds["PixelData"].VR = "OB"


def axes_of(affine: np.ndarray) -> tuple[list[float], list[float], np.ndarray]:
    """(row and column cosines, [between rows, between columns], LPS matrix) of an index (i, j, k) to RAS mm matrix."""
    matrix = LPS @ affine
    columns, rows = np.linalg.norm(matrix[:3, 0]), np.linalg.norm(matrix[:3, 1])
    return [*(matrix[:3, 0] / columns), *(matrix[:3, 1] / rows)], [rows, columns], matrix


def short(numbers: Sequence[float], digits: int = 10) -> list[str]:
    """As DICOM writes decimals: at most 16 characters."""
    return [f"{number:.{digits}f}"[:16] for number in numbers]


def write_series(
    folder: Path,
    values: np.ndarray,
    affine: np.ndarray,
    *,
    modality: str = "CT",
    number: int = 4,
    syntax: str = EXPLICIT,
    slope: float = 1.0,
    intercept: float = -1024.0,
    series: str = SERIES,
    frame: str = FRAME,
    names: Sequence[str] | None = None,
    stored: int | None = None,
    change: Callable[[Dataset, int], object] = lambda ds, k: None,
) -> list[Path]:
    """One file per slice of `values` (i, j, k), stored numbers, at `affine` (RAS). `change` gets each data set last."""
    folder.mkdir(exist_ok=True)
    cosines, spacing, matrix = axes_of(affine)
    paths = []
    for k in range(values.shape[2]):
        ds = secret(Dataset())
        ds.SOPClassUID, ds.Modality = (CT if modality == "CT" else MR), modality
        ds.SOPInstanceUID = f"{series}.{k + 1}"
        ds.SeriesInstanceUID, ds.FrameOfReferenceUID = series, frame
        ds.SeriesNumber, ds.InstanceNumber = number, k + 1
        ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
        ds.SliceThickness, ds.SliceLocation = "77", "0"
        ds.ImagePositionPatient = short(matrix[:3, 3] + k * matrix[:3, 2])
        ds.ImageOrientationPatient, ds.PixelSpacing = short(cosines), short(spacing)
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
        slice_values = np.ascontiguousarray(values[:, :, k].T)
        pixel_module(ds, slice_values, stored)
        if syntax in (RLE, J2K, JPEG_LS, JPEG):
            compress(ds, slice_values[np.newaxis], syntax)
        elif syntax == BIG:
            ds.PixelData = slice_values.astype(slice_values.dtype.newbyteorder(">")).tobytes()
        change(ds, k)
        paths.append(save(ds, folder / (names[k] if names else f"IM{k:04d}"), syntax))
    return paths


def plane(position: Sequence[float]) -> Dataset:
    item = Dataset()
    item.ImagePositionPatient = short(position)
    group = Dataset()
    group.PlanePositionSequence = Items([item])
    return group


def shared_groups(affine: np.ndarray, between: float | None = None) -> Dataset:
    cosines, spacing, _ = axes_of(affine)
    group, orientation, measures = Dataset(), Dataset(), Dataset()
    orientation.ImageOrientationPatient = short(cosines)
    measures.PixelSpacing, measures.SliceThickness = short(spacing), "77"
    if between is not None:
        measures.SpacingBetweenSlices = between
    group.PlaneOrientationSequence, group.PixelMeasuresSequence = Items([orientation]), Items([measures])
    return group


def write_enhanced(
    path: Path,
    values: np.ndarray,
    affine: np.ndarray,
    *,
    syntax: str = EXPLICIT,
    order: Sequence[int] | None = None,
    change: Callable[[Dataset], object] = lambda ds: None,
) -> Path:
    """An enhanced CT in one file; `order`: which slice each frame is."""
    order = range(values.shape[2]) if order is None else order
    _, _, matrix = axes_of(affine)
    ds = secret(Dataset())
    ds.SOPClassUID, ds.Modality, ds.SOPInstanceUID = ENHANCED_CT, "CT", f"{SERIES}.77"
    ds.SeriesInstanceUID, ds.FrameOfReferenceUID, ds.SeriesNumber = SERIES, FRAME, 4
    ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
    shared = shared_groups(affine)
    scale = Dataset()
    scale.RescaleSlope, scale.RescaleIntercept, scale.RescaleType = 1, -1024, "HU"
    shared.PixelValueTransformationSequence = Items([scale])
    ds.SharedFunctionalGroupsSequence = Items([shared])
    ds.PerFrameFunctionalGroupsSequence = Items([plane(matrix[:3, 3] + k * matrix[:3, 2]) for k in order])
    frames = np.ascontiguousarray(values.transpose(2, 1, 0)[list(order)])
    pixel_module(ds, frames)
    if syntax in (RLE, J2K, JPEG_LS, JPEG):
        compress(ds, frames, syntax)
    change(ds)
    return save(ds, path, syntax)


def write_seg(
    path: Path,
    masks: dict[str, np.ndarray],
    affine: np.ndarray,
    *,
    kind: str = "BINARY",
    series: str = SERIES,
    frame: str = FRAME,
    between: float | None = 2.0,
    keep_empty: bool = False,
    shuffle: int | None = None,
    change: Callable[[Dataset], object] = lambda ds: None,
    syntax: str = EXPLICIT,
) -> Path:
    """A SEG of boolean masks (i, j, k), or fractions from 0 to 1; empty frames are left out unless `keep_empty`."""
    _, _, matrix = axes_of(affine)
    ds = secret(Dataset())
    ds.SOPClassUID, ds.Modality, ds.SOPInstanceUID = SEG, "SEG", f"{SERIES}.88"
    ds.SeriesInstanceUID, ds.FrameOfReferenceUID, ds.SeriesNumber = f"{SERIES}.9", frame, 300
    refers = Dataset()
    refers.SeriesInstanceUID = series
    ds.ReferencedSeriesSequence = Items([refers])
    ds.SegmentationType, ds.SegmentSequence = kind, Items([])
    rows: list[tuple[Dataset, np.ndarray]] = []
    n_slices = next(iter(masks.values())).shape[2]
    for number, (name, mask) in enumerate(masks.items(), start=1):
        segment = Dataset()
        segment.SegmentNumber, segment.SegmentLabel = number, name
        ds.SegmentSequence.append(segment)
        for k in range(n_slices):
            if kind != "LABELMAP" and (mask[:, :, k].any() or keep_empty):
                group = plane(matrix[:3, 3] + k * matrix[:3, 2])
                owner = Dataset()
                owner.ReferencedSegmentNumber = number
                group.SegmentIdentificationSequence = Items([owner])
                rows.append((group, mask[:, :, k].T))
    if kind == "LABELMAP":
        numbered = sum(n * mask.astype(np.uint8) for n, mask in enumerate(masks.values(), start=1))
        rows = [(plane(matrix[:3, 3] + k * matrix[:3, 2]), numbered[:, :, k].T) for k in range(n_slices)]
    if shuffle is not None:
        rows = [rows[n] for n in np.random.default_rng(shuffle).permutation(len(rows))]
    ds.SharedFunctionalGroupsSequence = Items([shared_groups(affine, between)])
    ds.PerFrameFunctionalGroupsSequence = Items([group for group, _ in rows])
    frames = np.array([values for _, values in rows])
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.Rows, ds.Columns, ds.NumberOfFrames = *frames.shape[1:], len(frames)
    ds.BitsAllocated = ds.BitsStored = 1 if kind == "BINARY" else 8
    ds.HighBit = ds.BitsStored - 1
    if kind == "BINARY":
        data = np.packbits(frames.astype(bool).ravel(), bitorder="little").tobytes()
    elif kind == "FRACTIONAL":
        ds.SegmentationFractionalType, ds.MaximumFractionalValue = "PROBABILITY", 200
        data = np.rint(frames * 200).astype(np.uint8).tobytes()
    else:
        data = frames.astype(np.uint8).tobytes()
    ds.PixelData = data + b"\0" * (len(data) % 2)
    ds["PixelData"].VR = "OB"
    change(ds)
    return save(ds, path, syntax)


def write_rtstruct(
    path: Path,
    regions: dict[str, list[np.ndarray]],
    *,
    series: str = SERIES,
    frame: str = FRAME,
    kind: str = "CLOSED_PLANAR",
    change: Callable[[Dataset], object] = lambda ds: None,
) -> Path:
    """Contours (n, 3) in RAS mm by region."""
    ds = secret(Dataset())
    ds.SOPClassUID, ds.Modality, ds.SOPInstanceUID = RTSTRUCT, "RTSTRUCT", f"{SERIES}.99"
    ds.SeriesInstanceUID, ds.SeriesNumber = f"{SERIES}.8", 301
    row, study, frame_row = Dataset(), Dataset(), Dataset()
    row.SeriesInstanceUID = series
    study.RTReferencedSeriesSequence = Items([row])
    frame_row.FrameOfReferenceUID, frame_row.RTReferencedStudySequence = frame, Items([study])
    ds.ReferencedFrameOfReferenceSequence = Items([frame_row])
    ds.StructureSetROISequence, ds.ROIContourSequence = Items([]), Items([])
    for number, (name, contours) in enumerate(regions.items(), start=1):
        region, drawn = Dataset(), Dataset()
        region.ROINumber, region.ROIName, region.ReferencedFrameOfReferenceUID = number, name, frame
        drawn.ReferencedROINumber, drawn.ContourSequence = number, Items([])
        for points in contours:
            contour = Dataset()
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = short((points * [-1.0, -1.0, 1.0]).ravel(), 4)
            drawn.ContourSequence.append(contour)
        ds.StructureSetROISequence.append(region)
        ds.ROIContourSequence.append(drawn)
    change(ds)
    return save(ds, path)
