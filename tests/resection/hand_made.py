"""A resection made by hand for the patient of tests/scene/hand_made.py: T12, tumour on the left, all from solids.

The tumour is a ball of 11 mm about (-14, -8, 0). The left cut stands behind it, across the lamina (y = -28), the right
one across the pedicle (y = -20), the others halve the discs (z = +-16). Distances from plane to ball, less half the
kerf: left 20 - 11 - 0.25, right |(20.7, -12, 0)| - 11 - 0.25, above and below 16 - 11 - 0.25.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from enbloc.core.evidence import Caveat, Measured, Skipped, Step
from enbloc.core.geometry import Affine
from enbloc.core.levels import Level
from enbloc.core.mesh import smooth_surface
from enbloc.resection.clearance import Clearance
from enbloc.resection.nouns import (
    Alternative,
    Certificate,
    ClassRange,
    Cut,
    Face,
    FaceName,
    Gate,
    Loss,
    MarginClass,
    MarginShare,
    Piece,
    Pieces,
    Resection,
    RingPoint,
    Tissue,
)
from resection import hand_made_risk as risk

KERF_MM = 0.5
NOISE_MM = 1.0
CENTRE_MM, RADIUS_MM = np.array([-14.0, -8.0, 0.0]), 11.0
SPECIMEN, ARCH = 1, 2
STEP_MM = 2.0
LATER = Skipped("not built yet: arrives with the way out of the specimen")
RIGHT_MM = round(float(np.hypot(20.7, 12.0)) - RADIUS_MM - KERF_MM / 2, 6)


def around(value_mm: float) -> Measured:
    return Measured(value_mm, value_mm - NOISE_MM, value_mm + NOISE_MM)


def classed(value: MarginClass, *others: MarginClass, why: str = "healthy bone stays on the tumour") -> ClassRange:
    step = Step("margin/bone: a cuff of normal tissue", (why,), str(value), "tomita2006", "seed")
    return ClassRange(value, (value, *others), (step,))


def section(point_mm, first, second, normal) -> tuple[tuple[float, float, float], ...]:
    """A rectangle with half edges `first` and `second` (vectors), counter-clockwise seen from the tip of the normal."""
    middle, a, b = (np.array(v, float) for v in (point_mm, first, second))
    if np.dot(np.cross(a, b), normal) < 0.0:
        a, b = b, a
    return tuple(tuple(float(v) for v in middle + i * a + j * b) for i, j in ((1, 1), (-1, 1), (-1, -1), (1, -1)))


def a_cut(gate: Gate, order: int, tissue: Tissue, point_mm, normal, first, second, margin_mm: float, **more) -> Cut:
    values = {
        "name": f"T12-{gate}",
        "order": order,
        "gate": gate,
        "level": Level.T12,
        "tissue": tissue,
        "point_mm": point_mm,
        "normal": normal,
        "polygon_mm": section(point_mm, first, second, normal),
        "kerf_mm": KERF_MM,
        "margin_mm": around(margin_mm),
        "margin_class": classed(MarginClass.WIDE),
        "section_mm2": float(4.0 * np.linalg.norm(np.cross(first, second))),
        "tumour_mm2": 0.0,
        "depth_mm": 0.0,
        "canal_angle_deg": None,
        "sac_clearance_mm": around(2.0),
        "vessels": (),
        "loss": Loss(),
    }
    return Cut(**{**values, **more})


def cuts() -> tuple[Cut, ...]:
    """By hand: sections 6 x 16, 7 x 16 and twice 40 x 28 mm."""
    aorta = (Clearance("aorta", around(9.0)),)
    artery = Loss(segmental_artery=Level.T12)
    return (
        a_cut(
            Gate.LEFT, 1, Tissue.LAMINA, (-12.0, -28.0, 3.0), (0.0, 1.0, 0.0), (3, 0, 0), (0, 0, 8), 8.75,
            canal_angle_deg=-103.0,
        ),
        a_cut(
            Gate.RIGHT, 2, Tissue.PEDICLE, (10.0, -20.0, 3.0), (0.0, 1.0, 0.0), (3.5, 0, 0), (0, 0, 8), RIGHT_MM,
            canal_angle_deg=48.0,
        ),
        a_cut(
            Gate.CRANIAL, 3, Tissue.DISC, (0.0, 0.0, 16.0), (0.0, 0.0, -1.0), (20, 0, 0), (0, 14, 0), 4.75,
            vessels=aorta,
        ),
        a_cut(
            Gate.CAUDAL, 4, Tissue.DISC, (0.0, 0.0, -16.0), (0.0, 0.0, 1.0), (20, 0, 0), (0, 14, 0), 4.75,
            vessels=aorta, loss=artery,
        ),
    )  # fmt: skip


def faces() -> tuple[Face, ...]:
    """The dura is 9 mm from the canal's centre, the ball reaches to within 1 mm of it on the left."""
    near = Caveat("dura-not-labelled", "the canal stands for the dural sac")
    return (
        Face(
            FaceName.DURA, Level.T12, ("posterior-longitudinal-ligament",), "dural sac", around(0.6),
            classed(MarginClass.MARGINAL, MarginClass.INTRALESIONAL, why="the reactive zone is entered"), (near,),
        ),
        Face(
            FaceName.ANTERIOR, Level.T12, ("anterior-longitudinal-ligament",), "anterior-longitudinal-ligament",
            around(3.0), classed(MarginClass.WIDE),
        ),
    )  # fmt: skip


def certificate() -> Certificate:
    return Certificate(
        family="planes across one side of the ring, at any angle and offset",
        grid={"azimuth_step_deg": 5.0, "tilt_step_deg": 7.5, "offset_step_mm": 0.5},
        planes=123_456,
        margin_mm=5.0,
        bound_mm=5.0,
        gap_mm=0.0,
        enough_mm=5.0,
        because="both cuts leave as much as counts",
    )


def alternatives() -> tuple[Alternative, ...]:
    left = replace(cuts()[0], tissue=Tissue.PEDICLE, point_mm=(-12.0, -24.0, 3.0), margin_mm=around(4.75))
    return (
        Alternative(
            name="T12-left-pedicle",
            says="T12 left: pedicle instead of lamina: margin -4.0 mm, section -12 mm²",
            cuts=(left, *cuts()[1:]),
            margin_gain_mm=-4.0, section_cost_mm2=-12.0, neighbour_bone_cost_mm3=0.0, feasible=True,
            because="it clears the tumour by less",
        ),
    )  # fmt: skip


def drawing() -> Pieces:
    """The body with what of the ring lies before the cuts, and the rest of the ring, as voxels of 2 mm."""
    start = np.array([-40.0, -70.0, -15.0])
    affine = Affine(np.block([[np.eye(3) * STEP_MM, start[:, None]], [np.zeros((1, 3)), np.ones((1, 1))]]))
    shape = (41, 46, 16)
    x, y, z = np.moveaxis(affine.to_world(np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)), -1, 0)
    from_canal = np.hypot(x, y + 26.0)
    body = (x / 22.0) ** 2 + (y / 16.0) ** 2 < 1.0
    ring = (from_canal >= 9.0) & (from_canal < 15.0) & (np.abs(z - 3.0) < 8.0) & ~body
    ball = np.linalg.norm(np.stack([x, y, z], axis=-1) - CENTRE_MM, axis=-1) < RADIUS_MM
    front = body | ball | (ring & (y > np.where(x < 0.0, -28.0, -20.0)))
    label = np.where(front, SPECIMEN, np.where(ring, ARCH, 0)).astype(np.uint8)
    vertices, triangles = smooth_surface(front, affine, STEP_MM)
    margin = np.linalg.norm(vertices - CENTRE_MM, axis=1) - RADIUS_MM
    return Pieces(label, affine, vertices.astype(np.float32), triangles, margin.astype(np.float32))


def pieces(drawn: Pieces) -> tuple[Piece, ...]:
    voxel = STEP_MM**3
    names = ((SPECIMEN, "anterior-block", 5575.28, around(0.6)), (ARCH, "posterior-arch", 0.0, None))  # 4/3 pi 11³
    sizes = {label: voxel * int((drawn.label == label).sum()) for label, *_ in names}
    return tuple(
        Piece(name, label, (Level.T12,), sizes[label], sizes[label] - tumour, tumour, margin)
        for label, name, tumour, margin in names
    )


def a_resection() -> Resection:
    drawn = drawing()
    return Resection(
        levels=(Level.T12,),
        cuts=cuts(),
        open_sides=(),
        releases=risk.releases(),
        pieces=pieces(drawn),
        faces=faces(),
        margin_mm=around(4.75),
        margin_class=classed(MarginClass.MARGINAL, MarginClass.INTRALESIONAL, why="T12 dura is marginal"),
        intralesional_area_mm2=0.0,
        certificate=certificate(),
        execution=risk.execution(tuple(cut.name for cut in cuts())),
        no_tumour_cut_probability=risk.CLEAR,
        contamination=risk.contamination(),
        removal=LATER,
        alternatives=alternatives(),
        ring_profile=tuple(profile()),
        margin_histogram=tuple(MarginShare(upto, 1000.0 * upto, 0.1 * upto) for upto in (1.0, 2.0, 5.0, 10.0)),
        opening_needed_mm=14.0,
        caveats=(Caveat("cord-position-unknown", "the whole canal is the no-go body"),),
        drawing=drawn,
    )


def profile():
    """Margins grow with the angle from the tumour; in front of the canal there is no ring to cut."""
    for gate, sign in ((Gate.LEFT, -1.0), (Gate.RIGHT, 1.0)):
        for degrees in range(0, 181, 15):
            margin = None if degrees < 30 else 0.08 * (degrees - (60 if gate is Gate.LEFT else 0))
            yield RingPoint(Level.T12, gate, sign * degrees, margin)


def with_ring_margin(margin_mm: float, gate: Gate = Gate.LEFT) -> Resection:
    """The same with one ring cut at another distance: tumour in its section where that is negative."""
    made = a_resection()
    inside = margin_mm < 0.0
    changed = tuple(
        replace(
            cut, margin_mm=around(margin_mm), depth_mm=max(0.0, -margin_mm), tumour_mm2=21.0 if inside else 0.0,
            margin_class=classed(MarginClass.INTRALESIONAL) if inside else cut.margin_class,
        ) if cut.gate is gate else cut
        for cut in made.cuts
    )  # fmt: skip
    return replace(
        made,
        cuts=changed,
        margin_mm=around(min(margin_mm, 4.75)),
        margin_class=classed(MarginClass.INTRALESIONAL) if inside else made.margin_class,
        intralesional_area_mm2=21.0 if inside else 0.0,
        contamination=risk.contamination(21.0 if inside else 0.0),
    )
