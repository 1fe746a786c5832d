"""What else could be chosen, in words, better or worse as it says; and the body split beside tumour on one side."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt, map_coordinates

from enbloc.anatomy import BONE_PARTS, Spine, locate
from enbloc.case import StatedExtent
from enbloc.core.evidence import Skipped
from enbloc.core.volume import Imaging
from enbloc.phantom import PhantomSpec, make_phantom
from enbloc.resection.instead import cuts_with
from enbloc.resection.nouns import Alternative, Gate, Resection, Tissue
from enbloc.resection.parted import NOT_SOUGHT, whole_pieces
from enbloc.resection.pieces import pieces_of
from enbloc.resection.playback import between
from enbloc.resection.removal_nouns import PieceWay, RemovalSettings, Way, WayInstead
from enbloc.resection.resect import resect
from enbloc.resection.settings import ResectionSettings
from enbloc.resection.theatre import theatre_of
from enbloc.tumour import measure
from properties.confirm_cut import Confirmer, Outline
from resection.hand_made_removal import a_removal

WITHOUT = RemovalSettings(sought=False)
QUICK = ResectionSettings(step_mm=1.2, azimuth_step_deg=15.0, tilt_step_deg=15.0, offset_step_mm=1.0, removal=WITHOUT)


@cache
def column() -> tuple[Imaging, Spine]:
    imaging = make_phantom(PhantomSpec(levels=("T11", "T12", "L1"), spacing_mm=(1.2, 1.2, 1.2))).imaging
    return imaging, locate(imaging)


@cache
def planned(side: str) -> tuple[Spine, Resection]:
    """A ball of 7 mm radius in the body of T12, its middle 12 mm from the mid-plane on that side, or on the plane."""
    imaging, spine = column()
    vertebra = spine.vertebra(spine.levels[1])
    right, ahead, _ = vertebra.frame.axes
    aside_mm = {"left": -12.0, "right": 12.0, "middle": 0.0}[side]
    centre = np.array(vertebra.frame.origin_mm) + aside_mm * right - 4.0 * ahead
    index = np.moveaxis(np.indices(imaging.grid.shape), 0, -1)
    tumour = np.linalg.norm(imaging.grid.affine.to_world(index) - centre, axis=-1) < 7.0
    imaging = replace(imaging, tumour=tumour)
    spine = locate(imaging)
    found = resect(spine, imaging, measure(spine, StatedExtent()), settings=QUICK)
    assert isinstance(found, Resection), found
    return spine, found


def hemivertebrectomy(side: str) -> Alternative:
    (found,) = (each for each in planned(side)[1].alternatives if each.name == "T12-hemivertebrectomy")
    return found


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_tumour_on_one_side_may_leave_by_half_the_vertebra(side):
    """The split lies between tumour and mid-plane or just beyond; by hand the ball begins 5 mm from the mid-plane. Its
    margins are those of the slow check: half a voxel (0.6 mm), the outline's 0.15 mm and the field's own voxel.
    """
    spine, _ = planned(side)
    found, sign = hemivertebrectomy(side), 1.0 if side == "right" else -1.0
    assert found.says.startswith(f"T12: hemivertebrectomy on the {side}, body split beside the tumour")
    lamina, split = found.cuts
    assert (lamina.gate, lamina.tissue) == (Gate.RIGHT if side == "right" else Gate.LEFT, Tissue.LAMINA)
    assert (split.gate, split.tissue) == (Gate.SPLIT, Tissue.BODY)
    confirm = Confirmer(spine)
    for cut in found.cuts:
        assert cut.tumour_mm2 == 0.0
        slow = float(confirm.read(confirm.tumour_mm, Outline(cut).points_mm).min()) - 0.5 * cut.kerf_mm
        assert slow == pytest.approx(cut.margin_mm.value, abs=0.6 + 0.15 + 0.2)
    frame = spine.vertebra(cut.level).frame
    assert sign * float((np.array(split.point_mm) - frame.origin_mm) @ frame.axes[0]) < 5.0
    assert sign * float(np.array(split.normal) @ frame.axes[0]) > 0.7, "towards the half that leaves, within 45 degrees"


def test_a_tumour_across_the_middle_has_no_such_half():
    assert not [each for each in planned("middle")[1].alternatives if "hemivertebrectomy" in each.name]


def stand_in(monkeypatch, answer) -> None:
    """`answer` (of the cuts and the pieces that they leave) stands in for the search for ways out."""
    monkeypatch.setattr("enbloc.resection.parted.seen_around", lambda _label, cuts, *_: cuts)
    monkeypatch.setattr("enbloc.resection.parted.taken_out", lambda cuts, pieces, _known=None: answer(cuts, pieces))


def test_where_a_piece_has_no_way_out_half_the_vertebra_is_said_to_have_one(monkeypatch):
    """The search stands in: none but for half the vertebra."""
    spine, found = planned("left")
    asked = []

    def answer(cuts, pieces):
        names = {piece.name for piece in pieces}
        asked.append((names, {cut.name for cut in cuts}))
        return a_removal(Way.TURNED_LEFT if "remaining-half" in names else None)

    stand_in(monkeypatch, answer)
    settings = replace(QUICK, removal=RemovalSettings())
    again = resect(spine, column()[0], measure(spine, StatedExtent()), settings=settings, known=found)
    whole = {"T12-left", "T12-cranial", "T12-caudal"}
    block = ({"anterior-block", "posterior-arch"}, whole | {"T12-right"})
    half = ({"specimen", "remaining-half"}, whole | {"T12-split"})
    singles = [each for each in found.alternatives if len(each.cuts) == 1]
    assert {each.cuts[0].gate for each in singles} > {Gate.CRANIAL}, "of ring and column"
    assert asked.count(block) == len(asked) - 1 == 2 + len(singles), "as chosen, opened wider, each single cut"
    assert asked.count(half) == 1
    assert again.cuts == found.cuts, "the surgeon decides"
    assert all(isinstance(each.removal, WayInstead) for each in again.alternatives)
    (said,) = (caveat for caveat in again.caveats if caveat.id == "way-out-by-alternative")
    assert "hemivertebrectomy on the left" in said.text


def test_no_way_is_sought_for_anything_where_nobody_asks():
    assert {each.removal for each in planned("left")[1].alternatives} == {Skipped(NOT_SOUGHT)}


def test_ring_cuts_stand_wider_apart_where_the_block_does_not_get_out_otherwise(monkeypatch):
    """The search stands in: a way for any other ring cuts than those that come first. How far apart they stand is
    measured on their outlines.
    """
    spine, found = planned("left")
    stand_in(
        monkeypatch,
        lambda cuts, _: a_removal(Way.TURNED_LEFT if ring_points(cuts) != ring_points(found.cuts) else None),
    )
    settings = replace(QUICK, removal=RemovalSettings())
    wider = resect(spine, column()[0], measure(spine, StatedExtent()), settings=settings, known=found)
    assert all(piece.found for piece in wider.removal.pieces)
    assert apart_mm(wider) > apart_mm(found) + 0.5
    enough = settings.enough_mm
    least = [min(*(cut.margin_mm.value for cut in ring(each)), enough) for each in (wider, found)]
    assert least[0] >= least[1] - 0.05, "as much margin, up to what is enough; told to a tenth"
    assert wider.intralesional_area_mm2 == 0.0
    (said,) = (caveat for caveat in wider.caveats if caveat.id == "opening-widened")
    assert said.text.startswith("T12: with the ring cuts that come first in the order no way out was found")
    (closer,) = (each for each in wider.alternatives if each.name == "T12-closer")
    assert ring_points(closer.cuts) == ring_points(found.cuts)
    assert closer.removal.found is False
    assert "way-out-by-alternative" not in {caveat.id for caveat in wider.caveats}
    again = resect(spine, column()[0], measure(spine, StatedExtent()), settings=settings, known=wider)
    assert (again.cuts, again.removal) == (wider.cuts, wider.removal)


def test_the_ways_of_alternatives_hold_under_a_check_of_every_voxel_that_shares_no_code():
    """As the plan's own in test_removal_phantom.py: the canal gives way by an eighth of its depth and the fat around
    the sac, bone of the vertebra below by what touches; 0.25 mm may fall between looks, an eighth of a voxel on top.
    """
    spine, found = planned("left")
    settings = replace(QUICK, removal=RemovalSettings())
    again = resect(spine, column()[0], measure(spine, StatedExtent()), settings=settings, known=found)
    told = [each for each in again.alternatives if each.removal.found]
    assert {each.cuts[-1].gate for each in told} > {Gate.CRANIAL}, "of ring and column"
    for other in told:
        pieces, drawing = pieces_of(found.search.field, cuts_with(other, again.cuts))
        pieces, _, label = whole_pieces(pieces, drawing.label)
        theatre = theatre_of(found.search.field, label, spine, column()[0])
        named = {piece.name: piece.label for piece in pieces}
        assert {way.piece for way in other.removal.ways} == set(named) - {"remaining-half"}
        for n, way in enumerate(other.removal.ways):
            stays = {named[later.piece] for later in other.removal.ways[n + 1 :]} | {named.get("remaining-half", 0)}
            mm = least_mm(theatre, named[way.piece], way, stays - {0})
            assert mm >= -0.25 - theatre.step_mm / 8.0, (other.name, way.piece)


def least_mm(theatre, label: int, way: PieceWay, stays: set[int]) -> float:
    """Least distance of the piece's voxels along its path to canal, vertebra below and pieces still in place, beyond
    what gives way.
    """
    step = theatre.step_mm
    bone = np.isin(theatre.part, BONE_PARTS) & (theatre.pieces == 0)
    layers = np.flatnonzero(theatre.no_go.any(axis=(0, 1)))
    middle = theatre.no_go[:, :, layers[len(layers) // 2]]
    depth_mm = (np.ptp(np.flatnonzero(middle.any(axis=0))) + 1) * step
    below = bone & (theatre.owner == theatre.number(theatre.column[-1]))
    points = theatre.frame.to_world(np.argwhere(theatre.rigid(label)) * step + theatre.start_mm)
    piece = replace(a_removal().pieces[0], poses=way.poses, about_mm=way.about_mm)
    least = np.inf
    beside = [(theatre.rigid(other), theatre.touch_mm) for other in stays]
    for obstacle, allowed in ((theatre.no_go, depth_mm / 8.0 + 1.5), (below, theatre.touch_mm), *beside):
        outside, inside = distance_transform_edt(~obstacle), distance_transform_edt(obstacle)
        signed = step * np.where(obstacle, -inside, outside - 1.0)
        for pose in between(piece, 0.7):
            local = theatre.frame.to_local(pose.carry(points, way.about_mm))
            at = ((local - theatre.start_mm) / step).T
            near = map_coordinates(signed, at, order=1, mode="nearest")
            least = min(least, float(near.min()) + allowed)
    return least


def ring(found: Resection):
    return [cut for cut in found.cuts if cut.gate in (Gate.LEFT, Gate.RIGHT)]


def ring_points(cuts):
    return {cut.point_mm for cut in cuts if cut.gate in (Gate.LEFT, Gate.RIGHT)}


def apart_mm(found: Resection) -> float:
    """The least distance between the two ring cuts' outlines."""
    left, right = (np.array(cut.polygon_mm) for cut in ring(found))
    return float(np.linalg.norm(left[:, None] - right[None], axis=-1).min())


def test_alternatives_say_in_words_what_they_gain_and_cost():
    """Each line is what its own cut is against the chosen one, through another tissue, and worth a line."""
    _, found = planned("left")
    chosen = {cut.name: cut for cut in found.cuts}
    others = [each for each in found.alternatives if len(each.cuts) == 1]
    assert others
    for each in others:
        (cut,) = each.cuts
        ours = chosen[cut.name]
        assert cut.tissue is not ours.tissue
        assert each.margin_gain_mm == pytest.approx(cut.margin_mm.value - ours.margin_mm.value)
        assert each.section_cost_mm2 == pytest.approx(cut.section_mm2 - ours.section_mm2)
        words = f"{cut.tissue.replace('-', ' ')} instead of {ours.tissue.replace('-', ' ')}"
        assert words in each.says
        assert f"margin {each.margin_gain_mm:+.1f} mm" in each.says
        assert f"section {each.section_cost_mm2:+.0f} mm²" in each.says
        assert each.because
