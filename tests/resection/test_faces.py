"""Dissected faces: blocks counted by hand, balls at known distances, phantoms by type, and what growth must not do."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from enbloc.anatomy import Spine, compartments, locate
from enbloc.core.evidence import Measured
from enbloc.core.levels import Level
from enbloc.phantom import Phantom, PhantomSpec, TumourSpec, make_phantom
from enbloc.resection.behind import vessel_masks
from enbloc.resection.classes import CLASSES
from enbloc.resection.faces import BARRIERS_OF, coarse, dissected_faces
from enbloc.resection.nouns import Face, FaceName, MarginClass
from enbloc.tumour import contacts
from enbloc.tumour.noise import NoiseFloor
from properties.test_invariance import imaging_of, other_side
from properties.test_invariance import patient as mirrored_patient
from tumour.near import block, framed
from tumour.toy import Toy

WIDE, MARGINAL, INTRALESIONAL = MarginClass.WIDE, MarginClass.MARGINAL, MarginClass.INTRALESIONAL
T12 = (Level.T12,)
Found = dict[tuple[Level, FaceName], Face]


def faces_of(spine: Spine, levels=T12, encapsulated=None, vessels=None, surfaces=None) -> Found:
    met = contacts(spine, compartments(spine) if surfaces is None else surfaces)
    found = dissected_faces(spine, met, levels, encapsulated, NoiseFloor.of(spine.grid), vessels)
    return {(face.level, face.face): face for face in found}


def toy_face(toy: Toy, name: FaceName, **wishes) -> Face:
    return faces_of(framed(toy), **wishes)[Level.T12, name]


def caveats(face: Face) -> set[str]:
    return {caveat.id for caveat in face.caveats}


INSIDE = {
    FaceName.DURA: 4.0,
    FaceName.LATERAL_LEFT: 5.0,
    FaceName.LATERAL_RIGHT: 5.0,
    FaceName.ANTERIOR: 6.0,
    FaceName.CRANIAL: 3.0,
    FaceName.CAUDAL: 3.0,
}
"""Body i 20-39, j 30-49, k 0-11; tumour i 25-34, j 34-43, k 3-8."""


@pytest.mark.parametrize("name", INSIDE)
def test_a_block_in_the_middle_of_the_body_is_as_far_as_counted(name):
    """Bone and tumour are each known to half a voxel at best, a quarter as a rule: half a voxel together."""
    face = toy_face(Toy().paint("T12", (25, 35), (34, 44)), name)
    assert face.margin_mm is not None
    assert face.margin_mm.value == pytest.approx(INSIDE[name], abs=0.5)
    assert face.margin_mm.low <= INSIDE[name] <= face.margin_mm.high
    assert face.to in face.barriers
    assert (face.margin_class.value, face.margin_class.possible) == (WIDE, (WIDE,))
    assert [step.rule for step in face.margin_class.because] == ["margin-classes/face-not-reached"] * len(face.barriers)


def test_every_level_has_its_seven_faces_and_none_between_two_that_leave():
    found = faces_of(framed(Toy().paint("T12", (25, 35), (34, 44), (-8, 9))), levels=(Level.L1, Level.T12))
    assert list(found) == [
        *((Level.T12, name) for name in BARRIERS_OF if name is not FaceName.CAUDAL),
        *((Level.L1, name) for name in BARRIERS_OF if name is not FaceName.CRANIAL),
    ]


def test_a_flush_wall_is_reached_in_doubt():
    """Tumour to j 30, the body's last layer: weak ligament, not certainly reached. So marginal, wide not excluded."""
    face = toy_face(Toy().paint("T12", (26, 34), (30, 40)), FaceName.DURA)
    assert face.margin_mm is not None
    assert (face.margin_mm.value, face.margin_mm.low) == (pytest.approx(0.0, abs=0.25), 0.0)  # a quarter of a voxel
    assert (face.margin_class.value, face.margin_class.possible) == (MARGINAL, (WIDE, MARGINAL))


def test_a_strong_barrier_reached_is_wide_and_a_weak_one_marginal():
    """One voxel past the surface: certainly to it, not certainly past it (the noise floor is 1.25)."""
    front = toy_face(Toy().paint("T12", (26, 34), (36, 51)), FaceName.ANTERIOR).margin_class
    back = toy_face(Toy().paint("T12", (26, 34), (29, 40)), FaceName.DURA).margin_class
    assert (front.value, front.possible[0]) == (WIDE, WIDE)
    assert (back.value, back.possible[0]) == (MARGINAL, MARGINAL)
    assert "margin-classes/face-strong-reached" in {step.rule for step in front.because}
    assert "margin-classes/face-weak-reached" in {step.rule for step in back.because}


@pytest.mark.parametrize(("first", "possible"), [(31, (WIDE, MARGINAL)), (32, (WIDE,))])
def test_a_margin_whose_range_begins_at_zero_is_in_doubt(first, possible):
    """One free layer: 1 mm, 0 to 2; two: 2 mm, 1 to 3."""
    face = toy_face(Toy().paint("T12", (26, 34), (first, 42)), FaceName.DURA)
    assert face.margin_mm is not None
    assert face.margin_mm.value == pytest.approx(first - 30.0, abs=0.1)  # smoothing of the mask at its corners
    assert face.margin_class.possible == possible
    assert face.margin_class.value is possible[-1]


@pytest.mark.parametrize(
    ("wide", "value", "possible"), [(2, WIDE, (WIDE, MARGINAL, INTRALESIONAL)), (3, None, (MARGINAL, INTRALESIONAL))]
)
def test_a_speck_behind_a_barrier_is_possible_and_more_is_passed(wide, value, possible):
    """8 voxels or fewer are a speck: 2 x 2 x 2 in soft tissue on the left, then 3 x 2 x 2."""
    toy = Toy().paint("T12", (25, 35), (34, 44)).paint("T12", (8, 8 + wide), (38, 40), (5, 7))
    found = toy_face(toy, FaceName.LATERAL_LEFT).margin_class
    assert (found.value, found.possible) == (value, possible)


def test_what_stays_is_entered_only_beyond_doubt():
    """One layer of the front vessel: 1 mm deep, 0 to 2. A capsule may still hold it; two layers, and none helps."""
    for first, value in ((51, MARGINAL), (50, INTRALESIONAL)):
        vessels = {"aorta": block(FRONT, (20, 40), (first, 55))}
        face = toy_face(FRONT, FaceName.ANTERIOR, encapsulated=True, vessels=vessels)
        assert face.margin_mm == Measured(first - 52.0, first - 53.0, first - 51.0)
        assert face.margin_class.value is value


CANAL = Toy().paint("T12", (26, 34), (26, 40))
"""4 mm into the canal."""


def test_the_whole_canal_is_measured_into_where_no_sac_is_labelled():
    face = toy_face(CANAL, FaceName.DURA)
    assert (face.to, face.margin_mm) == ("canal", Measured(-4.0, -5.0, -3.0))
    assert caveats(face) == {"dura-not-labelled"}
    assert (face.margin_class.value, face.margin_class.possible) == (None, (MARGINAL, INTRALESIONAL))


@pytest.mark.parametrize(("rows", "gap", "value"), [((18, 23), 3.0, MARGINAL), ((18, 30), -4.0, INTRALESIONAL)])
def test_the_sac_is_what_the_margin_is_to(rows, gap, value):
    """Sac j 18-22: j 23-25 are free, 3 mm. Sac that fills the canal: 4 mm deep, no capsule helps."""
    spine = replace(framed(CANAL), no_go=block(CANAL, (24, 36), rows), no_go_basis="dural sac, from its label")
    face = faces_of(spine, encapsulated=True)[Level.T12, FaceName.DURA]
    assert (face.to, face.margin_mm) == ("dural-sac", Measured(gap, gap - 1.0, gap + 1.0))
    assert caveats(face) == set()
    assert face.margin_class.value is value


FRONT = Toy().paint("T12", (26, 34), (36, 52))
"""Past the body's front (j 49) to j 51."""


@pytest.mark.parametrize(("rows", "gap", "value"), [((54, 56), 2.0, MARGINAL), ((49, 55), -3.0, INTRALESIONAL)])
def test_in_front_the_nearest_vessel_counts(rows, gap, value):
    """Free j 52, 53: 2 mm. Vessel from j 49: tumour is three layers deep in it."""
    vessels = {"aorta": block(FRONT, (20, 40), rows), "azygos-vein": block(FRONT, (0, 3), (54, 56))}
    face = toy_face(FRONT, FaceName.ANTERIOR, encapsulated=True, vessels=vessels)
    assert (face.to, face.margin_mm) == ("aorta", Measured(gap, gap - 1.0, gap + 1.0))
    assert face.margin_class.value is value


def test_without_a_labelled_vessel_the_margin_in_front_is_unknown():
    face = toy_face(FRONT, FaceName.ANTERIOR, encapsulated=False)
    assert (face.margin_mm, face.to) == (None, "nothing labelled")
    assert caveats(face) == {"margin-unknown"}
    assert face.margin_class.value is INTRALESIONAL


@pytest.mark.parametrize(
    ("toy", "name"),
    [
        (Toy().paint("T12", (10, 34), (34, 44)), FaceName.LATERAL_LEFT),
        (Toy().paint("T12", (26, 50), (34, 44)), FaceName.LATERAL_RIGHT),
        (Toy().paint("T12", (26, 34), (2, 14)), FaceName.POSTERIOR),
    ],
)
def test_beside_and_behind_nothing_is_labelled(toy, name):
    found = faces_of(framed(toy))
    assert (found[Level.T12, name].margin_mm, caveats(found[Level.T12, name])) == (None, {"margin-unknown"})
    for other in {FaceName.LATERAL_LEFT, FaceName.LATERAL_RIGHT} - {name}:
        assert found[Level.T12, other].margin_mm is not None


def test_beside_the_body_the_vessel_of_that_side_counts():
    """Past the body's left side (i 15) to i 10; the aorta from i 7 down, so 2 mm are free. It lies on no other side."""
    toy = Toy().paint("T12", (10, 34), (34, 44))
    vessels = {"aorta": block(toy, (2, 8), (34, 44)), "inferior-vena-cava": block(toy, (52, 58), (34, 44))}
    face = toy_face(toy, FaceName.LATERAL_LEFT, encapsulated=True, vessels=vessels)
    assert (face.to, face.margin_mm) == ("aorta", Measured(2.0, 1.0, 3.0))
    only = {"inferior-vena-cava": vessels["inferior-vena-cava"]}
    assert toy_face(toy, FaceName.LATERAL_LEFT, encapsulated=True, vessels=only).margin_mm is None


@pytest.mark.parametrize(
    ("heights", "name", "to"), [((-8, 9), FaceName.CAUDAL, "L1"), ((3, 20), FaceName.CRANIAL, "T11")]
)
def test_tumour_in_the_next_vertebra_is_left_there(heights, name, to):
    """Disc 4 voxels, then 4 layers of the next body: 4 mm deep, and no capsule helps."""
    face = toy_face(Toy().paint("T12", (26, 34), (34, 44), heights), name, encapsulated=True)
    assert (face.to, face.margin_mm) == (to, Measured(-4.0, -5.0, -3.0))
    assert face.margin_class.value is INTRALESIONAL


def test_tumour_in_the_disc_is_measured_to_the_next_vertebra():
    """Three of the disc's four layers: one free, 1 mm to L1."""
    face = toy_face(Toy().paint("T12", (26, 34), (34, 44), (-3, 9)), FaceName.CAUDAL, encapsulated=True)
    assert (face.to, face.margin_mm) == ("L1", Measured(1.0, 0.0, 2.0))
    assert face.margin_class.value is MARGINAL


def test_without_a_next_vertebra_the_margin_there_is_unknown():
    toy = Toy(("T11", "T12")).paint("T12", (26, 34), (34, 44), (-3, 9))
    assert toy_face(toy, FaceName.CAUDAL).margin_mm is None


def test_the_neighbours_bone_alone_passes_the_endplate():
    """A second lesion in L1, which stays: the face below is not clear, though T12's endplate is."""
    toy = Toy().paint("T12", (25, 35), (34, 44)).paint("L1", (25, 35), (34, 44))
    face = toy_face(toy, FaceName.CAUDAL)
    assert (face.to, face.margin_class.value) == ("L1", INTRALESIONAL)


def test_thick_slices_give_whole_slices():
    """5 mm slices, body 12 of them high, tumour from the third: 15 mm; never finer than a slice."""
    toy = Toy(spacing_mm=(1.0, 1.0, 5.0)).paint("T12", (25, 35), (34, 44))
    for face in faces_of(framed(toy)).values():
        assert face.margin_mm is not None
        assert face.margin_mm.value % 5.0 == 0.0
        assert face.margin_mm.high - face.margin_mm.low >= 10.0
        assert "thick-slices" in caveats(face)
    below = faces_of(framed(toy))[Level.T12, FaceName.CAUDAL].margin_mm
    assert below.low <= 15.0 <= below.high


@pytest.mark.parametrize(
    ("voxel", "value", "expected"),
    [(3.0, 4.4, (4.4, 1.4, 7.4)), (5.0, 4.4, (0.0, -5.0, 9.4)), (5.0, 12.0, (10.0, 5.0, 17.0)),
     (5.0, -2.0, (-5.0, -10.0, 3.0))],
)  # fmt: skip
def test_whole_slices_by_hand(voxel, value, expected):
    """Rounded down, a slice to either side and no less than what was measured."""
    found = coarse(Measured(value, value - voxel, value + voxel), NoiseFloor(voxel))
    assert (found.value, found.low, found.high) == pytest.approx(expected, abs=1e-12)


def test_far_levels_and_unmodelled_ones():
    """A level that tumour does not come near is wide, unmeasured; one without a surface is unknown."""
    spine = framed(Toy().paint("T12", (25, 35), (34, 44)))
    far = faces_of(spine, levels=(Level.T11,))
    assert {caveat for face in far.values() for caveat in caveats(face)} == {"far"}
    assert {face.margin_class.possible for face in far.values()} == {(WIDE,)}
    bare = replace(spine, vertebrae=tuple(replace(v, frame=None) if v.level in T12 else v for v in spine.vertebrae))
    assert {face.margin_class.possible for face in faces_of(bare).values()} == {CLASSES}


def test_an_estimated_outline_is_said():
    spine = framed(Toy().paint("T12", (10, 34), (34, 44)))
    spine = replace(spine, estimated=spine.tumour & (spine.owner > 0))
    found = faces_of(spine)
    assert "outline-estimated" in caveats(found[Level.T12, FaceName.LATERAL_LEFT])
    assert "outline-estimated" not in caveats(found[Level.T12, FaceName.LATERAL_RIGHT])


def ball(phantom: Phantom, centre: np.ndarray, radius: float) -> np.ndarray:
    index = np.stack(np.meshgrid(*map(np.arange, phantom.grid.shape), indexing="ij"), axis=-1)
    return np.asarray(np.linalg.norm(phantom.grid.affine.to_world(index) - centre, axis=-1) < radius)


@cache
def healthy() -> Phantom:
    return make_phantom(PhantomSpec(levels=("T11", "T12", "L1"), tumour=None, spacing_mm=(0.8, 0.8, 0.8)))


@cache
def true_mm() -> dict[FaceName, float]:
    """From the middle of T12's body to canal, discs and whatever lies beside or in front, on rays 0.1 mm fine.

    Directions are 1.5 degrees apart, which lengthens the shortest way by under 0.03 %.
    """
    phantom = healthy()
    frame = phantom.truth.frame("T12")
    axes = np.array([frame.right, frame.anterior, frame.superior])
    turn, rise = np.meshgrid(np.radians(np.arange(0.0, 360.0, 1.5)), np.radians(np.arange(-89.0, 90.0, 1.5)))
    local = np.stack([np.cos(turn) * np.cos(rise), np.sin(turn) * np.cos(rise), np.sin(rise)], axis=-1).reshape(-1, 3)
    steps = np.arange(2.0, 30.0, 0.1)
    points = np.array(frame.origin_mm) + steps[None, :, None] * (local @ axes)[:, None, :]
    body = phantom.truth.body("T12", points) < 0.0
    out = steps[np.argmin(body, axis=1)]
    canal = phantom.truth.canal(points) < 0.0
    into_canal = np.where(canal.any(axis=1), steps[np.argmax(canal, axis=1)], np.inf)
    up, down = np.degrees(rise.ravel()) > 45.0, np.degrees(rise.ravel()) < -45.0
    flat = np.abs(np.degrees(rise.ravel())) < 30.0
    return {
        FaceName.DURA: float(into_canal.min()),
        FaceName.CRANIAL: float(out[up].min()),
        FaceName.CAUDAL: float(out[down].min()),
        FaceName.ANTERIOR: float(out[flat & (local[:, 1] > 0.95)].min()),
    }


@pytest.mark.parametrize("radius", [3.0, 6.0])
def test_a_ball_in_a_phantoms_body_keeps_its_true_distance(radius):
    """Voxels of 0.8 mm: half a voxel for the ball and half for the bone, 0.8 mm, is the most that voxels move it."""
    phantom = healthy()
    tumour = ball(phantom, np.array(phantom.truth.frame("T12").origin_mm), radius)
    found = faces_of(locate(replace(phantom.imaging, tumour=tumour)))
    for name, mm in true_mm().items():
        margin, truth = found[Level.T12, name].margin_mm, mm - radius
        assert margin is not None
        assert margin.value == pytest.approx(truth, abs=0.8), name
        assert margin.low <= truth <= margin.high, name


TYPES = [
    (TumourSpec(type=4, level="T12"), FaceName.DURA),
    (TumourSpec(type=5, level="T12", side="left"), FaceName.LATERAL_LEFT),
    (TumourSpec(type=5, level="T12", side="right"), FaceName.LATERAL_RIGHT),
    (TumourSpec(type=6, variant="below", level="T12"), FaceName.CAUDAL),
    (TumourSpec(type=6, variant="above", level="T12"), FaceName.CRANIAL),
]


@cache
def patient(wish: TumourSpec) -> tuple[Spine, dict]:
    """The spine, and what else faces are read from; the surfaces stay as they are when only the tumour grows."""
    imaging = make_phantom(PhantomSpec(levels=("T11", "T12", "L1"), tumour=wish)).imaging
    spine = locate(imaging)
    return spine, {"vessels": vessel_masks(imaging, spine), "surfaces": compartments(spine)}


@pytest.mark.parametrize(("wish", "name"), TYPES)
def test_a_type_shows_at_its_face_and_at_no_other(wish, name):
    """Types 4, 5, 6: dura, side, next level. The other faces are not passed: at worst reached in doubt."""
    spine, rest = patient(wish)
    for known, value in ((True, MARGINAL), (False, INTRALESIONAL), (None, None)):
        found = faces_of(spine, encapsulated=known, **rest)
        for (_, other), face in found.items():
            passed = INTRALESIONAL in face.margin_class.possible
            assert passed == (other is name), other
        expected = INTRALESIONAL if name in (FaceName.CRANIAL, FaceName.CAUDAL) else value
        assert found[Level.T12, name].margin_class.value is expected


def test_type_6_resected_over_both_levels_has_no_face_between():
    """Then no face is passed: the tumour leaves with both vertebrae."""
    spine, rest = patient(TYPES[3][0])
    found = faces_of(spine, levels=(Level.T12, Level.L1), **rest)
    assert len(found) == 12
    assert all(INTRALESIONAL not in face.margin_class.possible for face in found.values())


def badness(face: Face) -> tuple[int, float, int]:
    found = face.margin_class
    value = 1.5 if found.value is None else float(CLASSES.index(found.value))
    return CLASSES.index(found.possible[0]), value, CLASSES.index(found.possible[-1])


GROWN = [wish for wish, _ in TYPES[::2]] + [TumourSpec(type=1, level="T12")]


@pytest.mark.parametrize(("wish", "encapsulated"), [*((wish, True) for wish in GROWN), (GROWN[0], None)])
def test_growth_never_improves_a_class_or_a_margin(wish, encapsulated):
    """Layer by layer. A margin is compared while it is to the same place: past a barrier it is to another one."""
    spine, rest = patient(wish)
    before = faces_of(spine, encapsulated=encapsulated, **rest)
    for _ in range(5):
        spine = replace(spine, tumour=binary_dilation(spine.tumour))
        after = faces_of(spine, encapsulated=encapsulated, **rest)
        for key, old in before.items():
            new = after[key]
            assert all(b >= a for a, b in zip(badness(old), badness(new), strict=True)), key
            if old.margin_mm and new.margin_mm and (old.to in old.barriers) == (new.to in new.barriers):
                assert new.margin_mm.value <= old.margin_mm.value + 1e-6, key
            assert not (new.to in new.barriers and old.to not in old.barriers), key
        before = after


SWAPPED = {FaceName.LATERAL_LEFT: FaceName.LATERAL_RIGHT, FaceName.LATERAL_RIGHT: FaceName.LATERAL_LEFT}


def test_a_mirrored_patient_has_its_sides_swapped():
    """The invariance tests' oblique, lopsided patient with a tumour grown through one side.

    Gaps between voxels are equal. Marching cubes cuts some cubes differently in a mirror, and a triangle on the border
    of two barriers may change sides: half of its 1.5 mm voxels.
    """
    grid, labels = mirrored_patient().grid, mirrored_patient().labels
    tumour = binary_dilation(mirrored_patient().tumour, iterations=4)
    names = {value: other_side(name) for value, name in labels.structures.items()}
    mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
    plain = locate(replace(mirrored_patient().imaging, tumour=tumour))
    other = locate(imaging_of(labels.values, tumour, mirror @ grid.affine.matrix, names))
    here, there = faces_of(plain), faces_of(other)
    for (level, name), face in here.items():
        twin = there[level, SWAPPED.get(name, name)]
        assert (twin.margin_class.value, twin.margin_class.possible) == (
            face.margin_class.value,
            face.margin_class.possible,
        )
        assert (twin.margin_mm is None) == (face.margin_mm is None)
        if face.margin_mm is not None:
            exact = face.to not in face.barriers
            assert twin.margin_mm.value == pytest.approx(face.margin_mm.value, abs=1e-9 if exact else 0.75)
    left, right = (here[Level.T12, name].margin_class for name in SWAPPED)
    assert left != right
