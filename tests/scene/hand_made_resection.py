"""A resection of the hand-made patient, every number of it from plane geometry: nothing here was searched for.

T12 with its tumour on the left: radial cuts through the ring's left side and the right pedicle, a cut through the disc
above and one along the endplate below. The ring is the annulus of radii 9 and 15 mm about the canal's axis, 16 mm high.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np

from enbloc.core.evidence import Caveat, Measured, Skipped, Step
from enbloc.core.levels import Level
from enbloc.core.mesh import area_vectors, smooth_surface
from enbloc.planning.plan import Plan
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
    OpenSide,
    Piece,
    Pieces,
    Resection,
    RingPoint,
    Tissue,
)
from resection import hand_made_risk as risk
from scene.hand_made import TUMOUR_CENTRE_MM, TUMOUR_RADIUS_MM, a_plan

CANAL_Y_MM = -26.0
INNER_MM, OUTER_MM = 9.0, 15.0
LOW_MM, HIGH_MM = -5.0, 11.0
KERF_MM = 0.5
LEFT_DEG, RIGHT_DEG = -80.0, 40.0
ENOUGH_MM = 5.0
CENTRE = np.array(TUMOUR_CENTRE_MM) * (-1.0, 1.0, 1.0)
LATER = Skipped("arrives with the way out of the specimen")


def a_resected_plan(with_image: bool = True) -> Plan:
    return replace(a_plan(with_image=with_image), resection=a_resection())


@cache
def a_resection() -> Resection:
    cuts = (ring_cut(1, Gate.LEFT), ring_cut(2, Gate.RIGHT), column_cut(3, Gate.CRANIAL), column_cut(4, Gate.CAUDAL))
    drawing, pieces = taken_out()
    return Resection(
        levels=(Level.T12,),
        cuts=cuts,
        open_sides=(),
        releases=risk.releases(),
        pieces=pieces,
        faces=faces(),
        margin_mm=cuts[3].margin_mm,
        margin_class=_class(MarginClass.MARGINAL, MarginClass.INTRALESIONAL, gives="the dural face is marginal"),
        intralesional_area_mm2=0.0,
        certificate=Certificate(
            "planes at any angle and offset", {"azimuth_step_deg": 5.0, "offset_step_mm": 0.5}, 48230, 4.2, 4.6, 0.4,
            ENOUGH_MM, "",
        ),
        execution=risk.execution(tuple(cut.name for cut in cuts)),
        no_tumour_cut_probability=risk.CLEAR,
        contamination=risk.contamination(),
        removal=LATER,
        alternatives=(alternative(),),
        ring_profile=tuple(ring_profile()),
        margin_histogram=histogram(drawing),
        opening_needed_mm=13.5,
        caveats=(Caveat("cord-position-unknown", "the dural sac is not labelled: the whole canal is kept clear"),),
        drawing=drawing,
    )  # fmt: skip


def radial(angle_deg: float) -> np.ndarray:
    """From the canal's axis at this angle: 0 in front, 90 on the patient's right."""
    turn = np.radians(angle_deg)
    return np.array([np.sin(turn), np.cos(turn), 0.0])


def ring_normal(angle_deg: float) -> np.ndarray:
    """Square to the radial cut, towards the front."""
    turn = np.radians(angle_deg)
    return np.array([np.cos(turn), -np.sin(turn), 0.0]) * (1.0 if angle_deg < 0 else -1.0)


def ring_outline(angle_deg: float) -> np.ndarray:
    """The section's four corners, counter-clockwise seen from the front."""
    axis, up = np.array([0.0, CANAL_Y_MM, 0.0]), np.array([0.0, 0.0, 1.0])
    inner, outer = (axis + radius * radial(angle_deg) for radius in (INNER_MM, OUTER_MM))
    corners = np.array([inner + LOW_MM * up, outer + LOW_MM * up, outer + HIGH_MM * up, inner + HIGH_MM * up])
    return corners if angle_deg < 0 else corners[::-1]


def ring_margin(angle_deg: float) -> float:
    """From the ball to the nearest point of the radial section, which at the ball's height is a segment."""
    line = np.array([0.0, CANAL_Y_MM, 0.0])
    along = float(np.clip((CENTRE - line) @ radial(angle_deg), INNER_MM, OUTER_MM))
    distance = float(np.linalg.norm(line + along * radial(angle_deg) - CENTRE))
    return distance - TUMOUR_RADIUS_MM - KERF_MM / 2.0


def ring_cut(order: int, gate: Gate) -> Cut:
    angle = LEFT_DEG if gate is Gate.LEFT else RIGHT_DEG
    outline, margin = ring_outline(angle), ring_margin(angle)
    return Cut(
        name=f"T12-{gate.value}", order=order, gate=gate, level=Level.T12,
        tissue=Tissue.LAMINA if gate is Gate.LEFT else Tissue.PEDICLE,
        point_mm=_triple(outline.mean(axis=0)), normal=_triple(ring_normal(angle)),
        polygon_mm=tuple(_triple(corner) for corner in outline), kerf_mm=KERF_MM,
        margin_mm=Measured(margin, margin - 0.9, margin + 0.9),
        margin_class=_class(MarginClass.WIDE, gives=f"cut through healthy bone, {margin:.1f} mm from tumour"),
        section_mm2=(OUTER_MM - INNER_MM) * (HIGH_MM - LOW_MM), tumour_mm2=0.0, depth_mm=0.0, canal_angle_deg=angle,
        sac_clearance_mm=Measured(0.0, 0.0, 0.4), vessels=(Clearance("aorta", Measured(31.0, 30.1, 31.9)),),
        loss=Loss(ribs=("rib-left-12",) if gate is Gate.LEFT else ()),
    )  # fmt: skip


def column_cut(order: int, gate: Gate) -> Cut:
    """An ellipse of half axes 22 and 16 mm square to the vertebra's axis; the ball reaches from -11 to 11 mm."""
    above = gate is Gate.CRANIAL
    height = 16.0 if above else -13.0
    turn = np.linspace(0.0, 2.0 * np.pi, 48, endpoint=False)
    outline = np.stack([22.0 * np.cos(turn), 16.0 * np.sin(turn), np.full(turn.size, height)], axis=1)
    margin = abs(height) - TUMOUR_RADIUS_MM - KERF_MM / 2.0
    return Cut(
        name=f"T12-{gate.value}", order=order, gate=gate, level=Level.T12,
        tissue=Tissue.DISC if above else Tissue.ENDPLATE,
        point_mm=(0.0, 0.0, height), normal=(0.0, 0.0, -1.0 if above else 1.0),
        polygon_mm=tuple(_triple(corner) for corner in (outline[::-1] if above else outline)), kerf_mm=KERF_MM,
        margin_mm=Measured(margin, margin - 0.9, margin + 0.9),
        margin_class=_class(MarginClass.WIDE, MarginClass.MARGINAL, gives="the endplate lies between"),
        section_mm2=np.pi * 22.0 * 16.0, tumour_mm2=0.0, depth_mm=0.0, canal_angle_deg=None,
        sac_clearance_mm=Measured(1.0, 0.4, 1.6), vessels=(Clearance("aorta", Measured(3.0, 2.1, 3.9)),),
        loss=Loss(segmental_artery=Level.T12) if above else Loss(),
    )  # fmt: skip


def in_tumour(cut: Cut) -> Cut:
    """The same cut, said to run through tumour."""
    return replace(
        cut,
        margin_mm=Measured(-2.0, -2.9, -1.1),
        tumour_mm2=24.0,
        depth_mm=2.0,
        margin_class=_class(MarginClass.INTRALESIONAL, gives="the cut runs through tumour"),
    )


def intralesional() -> Resection:
    """The left cut in tumour, the right side open, no bound and no pieces drawn."""
    found = a_resection()
    left = in_tumour(found.cuts[0])
    return replace(
        found,
        cuts=(left, *found.cuts[2:]),
        open_sides=(
            OpenSide(Gate.RIGHT, Level.T12, "nothing joins front and back there: tumour has eaten the pedicle"),
        ),
        margin_mm=left.margin_mm,
        margin_class=left.margin_class,
        intralesional_area_mm2=24.0,
        contamination=risk.contamination(24.0),
        certificate=replace(found.certificate, margin_mm=-2.0, bound_mm=None, gap_mm=None, because="no path was found"),
        opening_needed_mm=None,
        drawing=None,
    )


def faces() -> tuple[Face, ...]:
    dura = _class(MarginClass.MARGINAL, MarginClass.INTRALESIONAL, gives="a weak barrier lies between")
    wide = _class(MarginClass.WIDE, gives="a strong barrier lies between")
    unknown = ClassRange(None, (MarginClass.WIDE, MarginClass.MARGINAL, MarginClass.INTRALESIONAL), ())
    dura_caveats = (Caveat("weak", "the ligament is not seen on CT"),)
    return (
        Face(FaceName.ANTERIOR, Level.T12, ("anterior-longitudinal-ligament",), "aorta", _mm(4.1), wide),
        Face(FaceName.LATERAL_LEFT, Level.T12, ("lateral-periosteum-left",), "", None, unknown),
        Face(FaceName.CRANIAL, Level.T12, ("cranial-endplate",), "T11", _mm(1.5), wide),
        Face(FaceName.DURA, Level.T12, ("posterior-longitudinal-ligament",), "dura", _mm(0.2), dura, dura_caveats),
    )


def alternative() -> Alternative:
    left = replace(ring_cut(1, Gate.LEFT), name="T12-left", tissue=Tissue.PEDICLE)
    return Alternative(
        "left-pedicle", "left pedicle instead of lamina: margin −1.3 mm, section −22 mm²", (left,), -1.3, -22.0, 0.0,
        False,
        "its opening is too narrow for the contents of the canal",
    )  # fmt: skip


def ring_profile() -> list[RingPoint]:
    """A point every 5 degrees where there is a ring: not in front, where the body is, nor behind, at the midline."""
    angles = [float(angle) for angle in range(-175, 180, 5) if angle]
    reached = {angle: 35.0 < abs(angle) < 165.0 for angle in angles}
    side = {angle: Gate.LEFT if angle < 0 else Gate.RIGHT for angle in angles}
    return [RingPoint(Level.T12, side[a], a, ring_margin(a) if reached[a] else None) for a in angles]


@cache
def taken_out() -> tuple[Pieces, tuple[Piece, ...]]:
    """What lies in front of both ring cuts comes out as the specimen; the rest of T12 as the posterior piece."""
    drawing = a_plan().drawing
    assert drawing is not None
    spine = drawing.spine
    points = spine.grid.affine.to_world(np.stack(np.meshgrid(*map(np.arange, spine.grid.shape), indexing="ij"), -1))
    solid = (spine.owner == 3) & (spine.part > 0) & (spine.part < 11) | spine.tumour
    front = np.zeros(solid.shape, dtype=bool)
    for angle, side in ((LEFT_DEG, points[..., 0] < 0), (RIGHT_DEG, points[..., 0] >= 0)):
        front |= side & ((points - [0.0, CANAL_Y_MM, 0.0]) @ ring_normal(angle) > 0.0)
    front &= (points[..., 2] > -13.0) & (points[..., 2] < 16.0)
    rear = solid & (points[..., 1] < CANAL_Y_MM + 12.0) & ~front
    label = np.where(solid & front, 1, np.where(rear, 2, 0)).astype(np.uint8)
    vertices, triangles = smooth_surface(label == 1, spine.grid.affine, 1.0)
    margin = (np.linalg.norm(vertices - CENTRE, axis=1) - TUMOUR_RADIUS_MM).astype(np.float32)
    pieces = Pieces(label, spine.grid.affine, vertices.astype(np.float32), triangles, margin)
    return pieces, (_piece("anterior-block", 1, label, spine.tumour), _piece("posterior-arch", 2, label, spine.tumour))


def _piece(name: str, number: int, label: np.ndarray, tumour: np.ndarray) -> Piece:
    inside = label == number
    in_it = float(np.count_nonzero(inside & tumour))
    whole = float(np.count_nonzero(inside))
    return Piece(name, number, (Level.T12,), whole, whole - in_it, in_it, _mm(1.75) if in_it else None)


def histogram(drawing: Pieces) -> tuple[MarginShare, ...]:
    area = np.linalg.norm(area_vectors(drawing.vertices_mm.astype(np.float64), drawing.faces), axis=1)
    margin = drawing.margin_mm[drawing.faces].mean(axis=1)
    total = float(area.sum())
    return tuple(
        MarginShare(float(upto), float(area[margin <= upto].sum()), float(area[margin <= upto].sum()) / total)
        for upto in range(11)
    )


def _class(value: MarginClass, *also: MarginClass, gives: str) -> ClassRange:
    return ClassRange(value, (value, *also), (Step("enneking@1980/margin", ("measured",), gives, "tomita2006"),))


def _mm(value: float) -> Measured:
    return Measured(value, value - 0.9, value + 0.9)


def _triple(vector: np.ndarray) -> tuple[float, float, float]:
    x, y, z = (float(v) for v in vector)
    return x, y, z
