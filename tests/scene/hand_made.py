"""A hand-made patient: five vertebrae of plain solids whose sizes are known, with a tumour on a known side.

Used where a picture or a report must be tested against something that `anatomy` had no part in.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from enbloc.anatomy import Frame, Numbering, Part, Spine, Vertebra
from enbloc.case import Case, parse_case
from enbloc.core.evidence import Caveat, Skipped, Step
from enbloc.core.geometry import Affine, Box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Imaging, InputFile, LabelMap, Volume
from enbloc.decisions import recommend
from enbloc.planning.plan import Drawing, Manifest, Plan, SpineFindings, TumourFindings
from enbloc.tumour import Involvement, Lesion, TomitaType, Zone, ZoneExtent

LEVELS = (Level.T10, Level.T11, Level.T12, Level.L1, Level.L2)
PITCH_MM = 32.0
TUMOUR_CENTRE_MM = (14.0, -8.0, 0.0)
"""For a lesion on the right; x changes sign on the left."""
TUMOUR_RADIUS_MM = 11.0
LATER = Skipped("not built yet: arrives with a later stage")
CASE = """schema = "enbloc.case/1"
id = "{id}"
[patient]
age_years = 58
sex = "female"
[extent]
levels = ["T12"]
tomita_type = 4
[tumour]
kind = "metastasis"
histology = "{histology}"
"""


def rotation(degrees: float) -> np.ndarray:
    """A turn about the patient's x axis (as in an oblique acquisition), 4 x 4."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1.0]])


def a_case(case_id: str = "hand-made", histology: str = "renal-cell-carcinoma") -> Case:
    return parse_case(CASE.format(id=case_id, histology=histology))


def a_plan(
    side: str = "left",
    spacing_mm: float = 1.0,
    turn_degrees: float = 0.0,
    with_image: bool = True,
    case: Case | None = None,
) -> Plan:
    """A plan with drawing; the whole patient is turned by `turn_degrees` about the x axis of RAS."""
    drawing, vertebrae = a_drawing(side, spacing_mm, turn_degrees, with_image)
    spine = SpineFindings(vertebrae, tuple(drawing.imaging.grid.spacing_mm), "canal", ("aorta",), ())
    centre = drawing.spine.grid.affine.to_world(np.argwhere(drawing.spine.tumour).mean(axis=0))
    return replace(a_plan_without_images(case), spine=spine, tumour=findings(side, tuple(centre)), drawing=drawing)


def a_plan_without_images(case: Case | None = None) -> Plan:
    inputs = (InputFile("image", "ct.nii.gz", "ab" * 32), InputFile("labels", "spine.nii.gz", "cd" * 32))
    return Plan(
        case=case or a_case(),
        manifest=Manifest("0.1.0", "ef" * 32, inputs, {"region_mm": 0.8}, {}, {}),
        spine=Skipped("the case has no images"),
        tumour=replace(findings("left", (0.0, 0.0, 0.0)), basis="stated", zones=(), lesions=(), volume_mm3=None),
        scores={},
        advice=recommend(case or a_case(), LATER, {}),
        outcomes=(),
        revised=LATER,
        resection=LATER,
        perfusion=LATER,
        shortening=LATER,
        mechanics=LATER,
        warnings=(Caveat("skip-not-excluded", "the spine is only partly in view"),),
    )


def findings(side: str, centre_mm: tuple[float, float, float]) -> TumourFindings:
    zone = Zone.PEDICLE_LEFT if side == "left" else Zone.PEDICLE_RIGHT
    zones = (
        ZoneExtent(Level.T12, Zone.BODY, 4100.0, 0.16, 18.0, 1.7, Involvement.INVOLVED),
        ZoneExtent(Level.T12, zone, 900.0, 0.45, 6.1, 1.7, Involvement.INVOLVED),
        ZoneExtent(Level.T12, Zone.CANAL, 61.0, 0.02, 1.2, 1.7, Involvement.POSSIBLE),
        ZoneExtent(Level.T12, Zone.ARCH, 0.0, 0.0, 0.0, 1.7, Involvement.FREE),
        ZoneExtent(Level.T12, Zone.PARAVERTEBRAL, 240.0, None, 0.9, 1.7, Involvement.POSSIBLE),
    )
    because = (
        Step("tomita@C8", ("T12 body involved", f"T12 {zone.value} involved"), "type 2", "tomita2006"),
        Step("tomita@C4", ("T12 canal possible: 1.2 mm of 1.7 mm noise",), "type 4 cannot be excluded", "tomita2006"),
    )
    return TumourFindings(
        basis="mask",
        volume_mm3=5301.0,
        index_level=Level.T12,
        levels=(Level.T12,),
        zones=zones,
        lesions=(Lesion(5301.0, centre_mm, (Level.T12,)),),
        adjacent_vertebra=Involvement.FREE,
        skip_lesion=None,
        tomita_type=TomitaType(2, 2, 4, True, because),
        noise="one voxel shell of 1.0 mm and a border uncertainty of 0.7 mm",
        caveats=(),
        barriers=LATER,
        wbb=LATER,
        epidural=LATER,
        vessels=LATER,
        stability=LATER,
    )


@cache
def a_drawing(
    side: str, spacing_mm: float, turn_degrees: float, with_image: bool
) -> tuple[Drawing, tuple[Vertebra, ...]]:
    turn = rotation(turn_degrees)
    shape = tuple(round(mm / spacing_mm) for mm in (130.0, 150.0, 180.0))
    corner = np.array([-65.0, -90.0, -90.0]) + spacing_mm / 2
    upright = Affine(np.block([[np.eye(3) * spacing_mm, corner[:, None]], [np.zeros((1, 3)), np.ones((1, 1))]]))
    grid = Grid(shape, Affine(turn @ upright.matrix))
    points = upright.to_world(np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1))
    part, owner = _parts(points)
    sign = -1.0 if side == "left" else 1.0
    tumour = np.linalg.norm(points - np.multiply(TUMOUR_CENTRE_MM, (sign, 1, 1)), axis=-1) < TUMOUR_RADIUS_MM
    vessels = _vessels(points)
    labels = LabelMap(vessels, grid, {1: "aorta", 2: "inferior-vena-cava", 3: "rib-left-12"})
    image = Volume(_hu(part, vessels, tumour, points), grid) if with_image else None
    imaging = Imaging(grid, (labels,), tumour, image, "ct" if with_image else None, ())
    vertebrae = tuple(_vertebra(i, level, turn, owner) for i, level in enumerate(LEVELS))
    estimated = tumour & (owner == 3) & (part > 0) & (part < Part.CANAL)
    spine = Spine(
        grid, grid.box, vertebrae, part, owner, estimated, tumour, part == Part.CANAL, "canal", ("aorta",), ()
    )
    return Drawing(imaging, spine), vertebrae


def _parts(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    part, owner = np.zeros(points.shape[:3], np.uint8), np.zeros(points.shape[:3], np.uint8)
    x, y = points[..., 0], points[..., 1]
    from_canal = np.hypot(x, y + 26.0)
    inside_body = (x / 22.0) ** 2 + (y / 16.0) ** 2 < 1.0
    for i in range(len(LEVELS)):
        z = points[..., 2] - (2 - i) * PITCH_MM
        body = inside_body & (np.abs(z) < 12.5)
        ring = (from_canal >= 9.0) & (from_canal < 15.0) & (np.abs(z - 3.0) < 8.0) & ~inside_body
        spinous = (np.abs(x) < 3.0) & (y < -38.0) & (y > -66.0) & (np.abs(z + 4.0 - (y + 38.0) * 0.3) < 6.0)
        wing = (np.abs(x) >= 13.0) & (np.abs(x) < 36.0) & (np.abs(y + 30.0) < 5.0) & (np.abs(z - 3.0) < 5.0)
        for mask, code in (
            (wing & (x < 0), Part.TRANSVERSE_LEFT),
            (wing & (x > 0), Part.TRANSVERSE_RIGHT),
            (spinous, Part.SPINOUS),
            (ring & (x < 0), Part.LAMINA_LEFT),
            (ring & (x >= 0), Part.LAMINA_RIGHT),
            (ring & (x < 0) & (y > -26.0), Part.PEDICLE_LEFT),
            (ring & (x >= 0) & (y > -26.0), Part.PEDICLE_RIGHT),
            (inside_body & (z > -19.5) & (z <= -12.5), Part.DISC),
            (body, Part.BODY),
            ((from_canal < 9.0) & ~inside_body & (z > -19.5) & (z <= 12.5), Part.CANAL),
        ):
            part[mask], owner[mask] = code, i + 1
    return part, owner


def _vessels(points: np.ndarray) -> np.ndarray:
    x, y = points[..., 0], points[..., 1]
    labels = np.zeros(points.shape[:3], np.uint8)
    labels[np.hypot(x + 12.0, y - 30.0) < 11.0] = 1
    labels[np.hypot(x - 16.0, y - 29.0) < 10.0] = 2
    return labels


def _hu(part: np.ndarray, vessels: np.ndarray, tumour: np.ndarray, points: np.ndarray) -> np.ndarray:
    hu = np.full(part.shape, 40, np.int16)
    hu[(part > 0) & (part < Part.CANAL)] = 420
    hu[vessels > 0] = 200
    hu[tumour] = 90
    hu[np.hypot(points[..., 0] / 62.0, (points[..., 1] + 12.0) / 75.0) > 1.0] = -1000
    noise = np.random.default_rng(7).normal(0.0, 18.0, part.shape)
    return (hu + noise).astype(np.int16)


def _vertebra(i: int, level: Level, turn: np.ndarray, owner: np.ndarray) -> Vertebra:
    axes = [tuple(float(v) for v in turn[:3, k]) for k in range(3)]
    centre = tuple(float(v) for v in turn[:3, :3] @ [0.0, 0.0, (2 - i) * PITCH_MM])
    canal = tuple(float(v) for v in turn[:3, :3] @ [0.0, -26.0, (2 - i) * PITCH_MM])
    found = np.argwhere(owner == i + 1)
    low, high = found.min(axis=0), found.max(axis=0) + 1
    box = Box(tuple(int(v) for v in low), tuple(int(v) for v in high))
    numbering = Numbering("label-map", ("named by the label map", "L5 not in view"))
    basis = "neighbours" if level is Level.T12 else "own-bone"
    caveats = (Caveat("canal-open", "no closed bony ring"),) if level is Level.L2 else ()
    return Vertebra(
        level, numbering, Frame(centre, *axes), basis, box, float(len(found)), 900.0 if i == 2 else 0.0, i == 4, canal,
        i != 4, 18.0, 17.5, caveats,
    )  # fmt: skip
