"""The DICOM beside the checkout (skipped where absent), against its label maps and against other readers."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread

from enbloc.images import load_images
from enbloc.images.dicom.header import read_dicom
from enbloc.images.dicom.segmentation import read_segmentation
from enbloc.images.dicom.series import choose, find_series, read_series
from enbloc.images.label_file import read_values
from enbloc.images.raw import closest_ras
from images.making import write_case

DATA = Path(__file__).parents[3] / "shared" / "data"
TS, DCMQI = DATA / "totalseg_example_dicom", DATA / "dcmqi_ct3slice"
pytestmark = [
    pytest.mark.real_data,
    pytest.mark.skipif(not DATA.is_dir(), reason="real images are not beside the checkout"),
]
FIGURE_MM = 0.01


def scan(folder: Path):
    raw = read_series(choose(find_series(folder, folder.name), None))
    return raw, *closest_ras(raw.stored, raw.matrix, folder.name)


def by_pydicom(folder: Path) -> np.ndarray:
    """Stacked upwards, axes to RAS: pydicom's own pixels (JPEG 2000 through Pillow), none of our geometry."""
    slices = sorted(map(dcmread, folder.iterdir()), key=lambda ds: ds.ImagePositionPatient[2])
    assert all(list(ds.ImageOrientationPatient) == [1, 0, 0, 0, 1, 0] for ds in slices)
    return np.stack([ds.pixel_array for ds in slices], axis=-1).transpose(1, 0, 2)[::-1, ::-1]


def test_jpeg_2000_series_without_uids_lies_on_its_label_map():
    """Thickness 3, distance 2 mm, no .dcm, UIDs empty."""
    raw, view, grid = scan(TS / "dicom")
    _, labels = read_values(TS / "example_seg_dicom_v2labels.nii.gz", "labels")
    assert grid.shape == labels.shape
    assert grid.corner_shift_mm(labels) <= FIGURE_MM
    np.testing.assert_array_equal(view, by_pydicom(TS / "dicom"))
    assert raw.stored.dtype == np.int16
    assert raw.notes == ()


def test_three_slices_lie_on_their_label_maps():
    """Thickness 1.25, distance 1 mm. What is padding there is air here, and nothing else differs."""
    _, view, grid = scan(DCMQI / "ct")
    for name in ("liver_seg", "spine_seg", "heart_seg", "liver_spine_seg"):
        _, labels = read_values(DCMQI / "seg" / f"{name}.nrrd", name)
        assert grid.shape == labels.shape
        assert grid.corner_shift_mm(labels) <= FIGURE_MM
    theirs = by_pydicom(DCMQI / "ct")
    padding = dcmread(DCMQI / "ct" / "01.dcm").PixelPaddingValue
    np.testing.assert_array_equal(view, np.where(theirs == padding, 0, theirs))


@pytest.mark.parametrize("name", ["liver", "partial_overlaps"])
def test_segmentations_as_highdicom_reads_them(name):
    path = DCMQI / "seg" / f"{name}.dcm"
    segments, _ = read_segmentation(read_dicom(path, name), name)
    theirs = hd.seg.segread(path)
    assert [label for label, _ in segments.names] == [row.SegmentLabel for row in theirs.SegmentSequence]
    where = theirs.get_volume(combine_segments=False)
    matrix = np.diag([-1.0, -1.0, 1.0, 1.0]) @ where.affine
    for place in range(len(segments.names)):
        own = segments.mask(place)
        assert own.any()
        there = where.array[..., place].astype(bool)
        a = np.argwhere(own) @ segments.matrix[:3, :3].T + segments.matrix[:3, 3]
        b = np.argwhere(there) @ matrix[:3, :3].T + matrix[:3, 3]
        assert len(a) == len(b)
        order_a, order_b = (np.lexsort(np.round(points, 2).T) for points in (a, b))
        np.testing.assert_allclose(a[order_a], b[order_b], atol=FIGURE_MM)


def test_dicom_seg_and_its_nrrd_are_the_same_mask():
    path = DCMQI / "seg" / "liver.dcm"
    segments, _ = read_segmentation(read_dicom(path, "liver"), "liver")
    view, grid = closest_ras(segments.mask(0), segments.matrix, "liver")
    values, labels = read_values(DCMQI / "seg" / "liver_seg.nrrd", "liver_seg")
    assert grid.corner_shift_mm(labels) <= FIGURE_MM
    np.testing.assert_array_equal(view, values > 0)


def test_plan_from_the_folder(tmp_path):
    """Series, version 2 labels, no tumour: the two vertebrae in view, and an image that is asked for HU."""
    from enbloc.planning import plan

    case = write_case(tmp_path, [("example_seg_dicom_v2labels.nii.gz", "totalsegmentator-v2")], image="dicom")
    case = case.in_folder(TS)
    imaging = load_images(case)
    assert imaging.image.grid.same_as(imaging.grid, FIGURE_MM)
    assert [level.level for level in plan(case, imaging).spine.levels] == ["T11", "T12"]
