"""DICOM in: CT and MR series, segmentations (SEG) and contours (RTSTRUCT). Nothing identifying leaves here."""
