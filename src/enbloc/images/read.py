"""A file name's ending to its reader."""

from __future__ import annotations

from pathlib import Path

from enbloc.core.errors import ImageError
from enbloc.images.metaimage import read_metaimage
from enbloc.images.nifti import read_nifti
from enbloc.images.nrrd import read_nrrd
from enbloc.images.raw import RawImage

_READERS = {
    ".nii.gz": read_nifti,
    ".nii": read_nifti,
    ".nrrd": read_nrrd,
    ".nhdr": read_nrrd,
    ".mha": read_metaimage,
    ".mhd": read_metaimage,
}
VOLUME_ENDINGS = tuple(_READERS)


def ending_of(name: str) -> str | None:
    """The known ending of `name`, in lower case; None when there is none."""
    return next((ending for ending in VOLUME_ENDINGS if name.lower().endswith(ending)), None)


def read_image(path: Path, file: str) -> RawImage:
    """One volume in its own axis order; raises ImageError naming `file` and the header field at fault."""
    ending = None if path.is_dir() else ending_of(path.name)
    if ending is None:
        hint = f"known endings: {', '.join(VOLUME_ENDINGS)}; DICOM may have any"
        raise ImageError("is of no known image format", file=file, field="format", hint=hint)
    return _READERS[ending](path, file)
