"""A small patient without any image file: two vertebrae as boxes, enough to carry findings through a plan."""

from __future__ import annotations

import numpy as np

from enbloc.anatomy import Frame, Numbering, Part, Spine, Vertebra
from enbloc.case import Case, parse_case
from enbloc.core.evidence import Caveat, Step
from enbloc.core.geometry import Affine, Box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Imaging, InputFile, LabelMap
from enbloc.planning import Settings
from enbloc.resection.removal_nouns import RemovalSettings
from enbloc.resection.settings import ResectionSettings
from enbloc.tumour import Extent, Involvement, Lesion, TomitaType, Zone, ZoneExtent

CASE = """
schema = "enbloc.case/1"
id = "stand-in"
[imaging]
[[imaging.labels]]
file = "spine.nii.gz"
scheme = "verse"
[imaging.tumour]
file = "tumour.nii.gz"
[tumour]
kind = "metastasis"
enneking_stage = "IIB"
"""

GRID = Grid((6, 6, 12), Affine(np.diag([1.0, 1.0, 2.5, 1.0])))
NO_WAY_OUT = Settings(resection=ResectionSettings(removal=RemovalSettings(sought=False)))
"""For tests that do not look at the way out: seeking it takes a good part of a plan."""
TWICE = Caveat("cut-at-border", "T12 reaches the border of the image")


def case() -> Case:
    return parse_case(CASE)


def imaging() -> Imaging:
    labels = LabelMap(np.zeros(GRID.shape, np.uint8), GRID, {19: "T12", 20: "L1"})
    tumour = np.zeros(GRID.shape, bool)
    tumour[2:4, 2:4, 7:9] = True
    files = (InputFile("labels", "spine.nii.gz", "0" * 64),)
    return Imaging(GRID, (labels,), tumour, None, "ct", files, notes=(("resampled", "the tumour mask was resampled"),))


def vertebra(level: Level, z: int) -> Vertebra:
    return Vertebra(
        level=level,
        numbering=Numbering("label-map", ("no sacrum in view",)),
        frame=Frame((2.5, 2.5, z / 3), (1.0, 0.0, -0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 0.99999999)),
        frame_basis="own-bone",
        box=Box((0, 0, z), (6, 6, z + 5)),
        volume_mm3=1234.56789,
        estimated_mm3=0.0,
        cut_at_border=False,
        canal_centre_mm=(2.54567, 0.0, z * 1.0),
        canal_closed=True,
        canal_width_mm=None,
        canal_depth_mm=12.34567,
        caveats=(TWICE,),
    )


def spine() -> Spine:
    """Body in front, canal behind; tumour at the border between the two of T12."""
    nothing = np.zeros(GRID.shape, bool)
    part = np.zeros(GRID.shape, np.uint8)
    part[1:5, :3], part[1:5, 3:] = Part.CANAL, Part.BODY
    owner = np.where(part > 0, np.where(np.arange(GRID.shape[2]) < 6, 2, 1), 0).astype(np.uint8)
    return Spine(
        grid=GRID,
        region=GRID.box,
        vertebrae=(vertebra(Level.T12, 6), vertebra(Level.L1, 0)),
        part=part,
        owner=owner,
        estimated=nothing,
        tumour=imaging().tumour,
        no_go=nothing,
        no_go_basis="canal (cord position unknown)",
        structures=("aorta",),
        caveats=(TWICE,),
    )


def extent() -> Extent:
    because = (Step("tomita/C5: tumour in the spinal canal", ("T12 canal involved",), "type 4", "tomita2006"),)
    return Extent(
        basis="mask",
        volume_mm3=20.0,
        index_level=Level.T12,
        levels=(Level.T12,),
        zones=(ZoneExtent(Level.T12, Zone.CANAL, 20.0004, 0.123456, 3.0, 1.0, Involvement.INVOLVED),),
        lesions=(Lesion(20.0, (2.5, 2.5, 18.0), (Level.T12,)),),
        adjacent_vertebra=Involvement.FREE,
        skip_lesion=None,
        tomita_type=TomitaType(4, 4, 5, True, because),
        noise="one voxel",
        caveats=(Caveat("skip-not-excluded", "only part of the spine is in view"),),
    )
