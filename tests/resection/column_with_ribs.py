"""Three vertebrae of blocks with processes and ribs, whose joints are counted by hand; 1 mm voxels, RAS.

T9, T8 and T7 stand 20 mm apart, from k = 10 on. Heights below count from each vertebra's floor.
body          i 20-39  j 30-49  k 0-13, disc above it k 14-19
pedicle       i 20-23 and 36-39  j 22-29  k 0-13
lamina        i 20-29 and 30-39  j 16-21  k 0-9
spinous       i 28-31  j 4-15  k 0-9
articular     i 14-19 and 40-45; superior j 18-20  k 0-17, inferior j 14-16  k -5-9
transverse    i 4-13 and 46-55  j 18-20  k 4-9
rib: head     i 14-17 and 42-45  j 32-35  k 12-18;  tubercle and shaft  i 0-7 and 52-59  j 23-26  k 4-9

Gaps between faces: facet joint 1 mm (j 17); head to its own body 2 mm, to the body above 2.6 mm; tubercle to the
transverse process 2 mm. The inferior process lies behind the superior one of the vertebra below.
"""

from __future__ import annotations

import numpy as np

from enbloc.anatomy import Frame, Part
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level
from enbloc.resection.field import OperativeField
from enbloc.resection.nouns import ClassRange, Cut, Gate, Loss, MarginClass, Tissue

SHAPE = (60, 56, 78)
COLUMN = (Level.T7, Level.T8, Level.T9)
FLOOR = {Level.T9: 10, Level.T8: 30, Level.T7: 50}
SOLIDS = (
    ("BODY", (20, 39), (30, 49), (0, 13)),
    ("PEDICLE", (20, 23), (22, 29), (0, 13)),
    ("LAMINA", (20, 29), (16, 21), (0, 9)),
    ("SPINOUS", (28, 31), (4, 15), (0, 9)),
    ("ARTICULAR", (14, 19), (18, 20), (0, 17)),
    ("ARTICULAR", (14, 19), (14, 16), (-5, 9)),
    ("TRANSVERSE", (4, 13), (18, 20), (4, 9)),
)
RIB = (((14, 17), (32, 35), (12, 18)), ((0, 7), (23, 26), (4, 9)))
WIDE = ClassRange(MarginClass.WIDE, (MarginClass.WIDE,), ())
FREE = Measured(20.0, 20.0, 20.0)
Range = tuple[int, int]


def box(i: Range, j: Range, k: Range, floor: int, *, right: bool = False) -> tuple[slice, slice, slice]:
    first, last = (59 - i[1], 59 - i[0]) if right else i
    return (slice(first, last + 1), slice(j[0], j[1] + 1), slice(floor + k[0], floor + k[1] + 1))


def column(
    levels: tuple[Level, ...] = (Level.T8,),
    names: tuple[Level, ...] = COLUMN,
    tumour_at_j: int = 40,
    ribs: bool = True,
) -> OperativeField:
    """Tumour is the bone of T8 from `tumour_at_j` on forwards. `names`: what the three are called, cranial first; the
    ribs are labelled with their numbers.
    """
    part, owner = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    labelled = {}
    for place, (name, floor) in enumerate(zip(names, (50, 30, 10), strict=True), start=1):
        for word, i, j, k in SOLIDS:
            for right in (False, True):
                own = word if word in ("BODY", "SPINOUS") else f"{word}_{'RIGHT' if right else 'LEFT'}"
                where = box(i, j, k, floor, right=right)
                part[where], owner[where] = Part[own], place
        if place > 1:
            disc = box((20, 39), (30, 49), (14, 19), floor)
            part[disc], owner[disc] = Part.DISC, place - 1
        for side in ("left", "right") if ribs else ():
            mask = np.zeros(SHAPE, bool)
            for solid in RIB:
                mask[box(*solid, floor, right=side == "right")] = True
            labelled[f"rib-{side}-{name[1:]}"] = mask
    empty = np.zeros(SHAPE, bool)
    away = np.broadcast_to((tumour_at_j - 0.5 - np.arange(SHAPE[1], dtype=np.float32))[None, :, None], SHAPE).copy()
    return OperativeField(
        frame=Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
        start_mm=np.zeros(3),
        step_mm=1.0,
        levels=levels,
        column=names,
        owner=owner,
        part=part,
        tumour=(owner == 2) & (part == Part.BODY) & (away < 0.0),
        tumour_mm=away,
        no_go=empty,
        no_go_mm=np.full(SHAPE, 1e3, np.float32),
        no_go_is_sac=False,
        no_go_basis="",
        vessel_mm={},
        ribs=labelled,
        estimated=empty,
        canal_centre_mm={},
        noise_mm=1.25,
        voxel_mm=1.0,
        thick_slices=False,
    )


def cut(gate: Gate, point, normal, polygon, tissue: Tissue = Tissue.PEDICLE, level: Level = Level.T8) -> Cut:
    return Cut(
        name=f"{level}-{gate}", order=1, gate=gate, level=level, tissue=tissue, point_mm=point, normal=normal,
        polygon_mm=polygon, kerf_mm=0.5, margin_mm=FREE, margin_class=WIDE, section_mm2=1.0, tumour_mm2=0.0,
        depth_mm=0.0, canal_angle_deg=None, sac_clearance_mm=FREE, vessels=(), loss=Loss(),
    )  # fmt: skip


def across_pedicle(gate: Gate, floor: int = 30, level: Level = Level.T8) -> Cut:
    """Coronal, y = 25.5."""
    left, right = (19.5, 23.5) if gate is Gate.LEFT else (35.5, 39.5)
    low, high = floor - 0.5, floor + 13.5
    corners = ((left, 25.5, low), (right, 25.5, low), (right, 25.5, high), (left, 25.5, high))
    return cut(gate, corners[0], (0.0, 1.0, 0.0), corners, level=level)


def across_left_lamina() -> Cut:
    """Sagittal, x = 24.5: processes of the left stay with the body."""
    corners = ((24.5, 13.5, 29.5), (24.5, 13.5, 39.5), (24.5, 22.0, 39.5), (24.5, 22.0, 29.5))
    return cut(Gate.LEFT, corners[0], (-1.0, 0.0, 0.0), corners, Tissue.LAMINA)


def through_disc(gate: Gate, level: Level = Level.T8, floor: int = 30) -> Cut:
    """Axial, in the middle of the disc."""
    z, up = (floor + 16.5, -1.0) if gate is Gate.CRANIAL else (floor - 3.5, 1.0)
    corners = ((19.5, 29.5, z), (39.5, 29.5, z), (39.5, 49.5, z), (19.5, 49.5, z))
    return cut(gate, corners[0], (0.0, 0.0, up), corners, Tissue.DISC, level)


def usual_cuts(first: Cut | None = None) -> tuple[Cut, ...]:
    """Both pedicles (or `first` on the left) and both discs."""
    left = across_pedicle(Gate.LEFT) if first is None else first
    return (left, across_pedicle(Gate.RIGHT), through_disc(Gate.CRANIAL), through_disc(Gate.CAUDAL))
