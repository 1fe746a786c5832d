"""Plan to a report for the tumour board: one HTML file that opens offline."""

from enbloc.report.early import EarlyPictures, early_pictures
from enbloc.report.html import render_report, write_report
from enbloc.report.pictures import Picture, slice_pictures, surface_pictures
from enbloc.report.scrolling import without_slices

__all__ = [
    "EarlyPictures",
    "Picture",
    "early_pictures",
    "render_report",
    "slice_pictures",
    "surface_pictures",
    "without_slices",
    "write_report",
]
