"""Random damage to small good files: read or refused on one line, never another exception, never gigabytes."""

from __future__ import annotations

import gzip
import zlib

import nrrd
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enbloc.core.errors import InputError
from enbloc.images import load_images
from images.making import AFFINE, cube_stl, mha, spine_labels, tumour_mask, write_case, write_nifti

LPS = np.diag([-1.0, -1.0, 1.0, 1.0]) @ AFFINE


def nii(folder):
    return write_nifti(folder / "x.nii", tumour_mask()).read_bytes()


def nii_gz(folder):
    return gzip.compress(nii(folder), mtime=0)


def plain_nrrd(folder):
    keys = {"Segment0_Name": "Tumour", "Segment0_ID": "s", "Segment0_LabelValue": "1", "Segment0_Layer": "0"}
    header = {"space": "LPS", "space directions": LPS[:3, :3].T, "space origin": LPS[:3, 3]}
    nrrd.write(str(folder / "x.seg.nrrd"), tumour_mask(), header | keys)
    return (folder / "x.seg.nrrd").read_bytes()


def plain_mha(folder):
    data = zlib.compress(tumour_mask().tobytes(order="F"))
    return mha(tumour_mask(), LPS, "MET_UCHAR", extra="CompressedData = True\n", data=data)


def stl(folder):
    return cube_stl(folder / "x.stl", (-4, -5, 20), (4, 7, 60), frame="SPACE=RAS").read_bytes()


def obj(folder):
    corners = [((-4, 4)[b & 1], (-5, 7)[b >> 1 & 1], (20, 60)[b >> 2 & 1]) for b in range(8)]
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    lines = [
        "# SPACE=RAS",
        *(f"v {x} {y} {z}" for x, y, z in corners),
        *("f " + " ".join(str(c + 1) for c in q) for q in quads),
    ]
    return "\n".join(lines).encode()


MAKERS = {"t.nii": nii, "t.nii.gz": nii_gz, "t.seg.nrrd": plain_nrrd, "t.mha": plain_mha, "t.stl": stl, "t.obj": obj}


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_refused_or_harmless(name, tmp_path, data):
    write_nifti(tmp_path / "spine.nii", spine_labels())
    good = MAKERS[name](tmp_path)
    bad = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3), "how many")):
        place = data.draw(st.one_of(st.integers(0, min(500, len(bad) - 1)), st.integers(0, len(bad) - 1)), "where")
        bad[place] = data.draw(st.integers(0, 255), "byte")
    bad = bad[: data.draw(st.one_of(st.just(len(bad)), st.integers(0, len(bad))), "length")]
    (tmp_path / name).write_bytes(bad)
    refusal = _refusal(write_case(tmp_path, tumour=name))
    if refusal is not None:
        assert "\n" not in str(refusal)
        assert refusal.file == name
        assert refusal.field


def _refusal(case):
    try:
        imaging = load_images(case)
    except InputError as refusal:
        return refusal
    assert imaging.tumour.shape == imaging.grid.shape
    return None
