"""SINS items from hand-made heights, blocks of bone and grey values, each counted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import map_coordinates

from enbloc.anatomy import ExpectedRange, LevelMorphometry, Part, PedicleMorphometry
from enbloc.case import StatedExtent
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Affine
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, Imaging, LabelMap, Volume
from enbloc.tumour import Extent, Involvement, Zone, ZoneExtent, measure, stability
from enbloc.tumour.collapse import collapse_item
from enbloc.tumour.density import sampled
from tumour.near import framed
from tumour.toy import BELOW, BODY, DISC, HEIGHT, PITCH, Toy

NOTHING = PedicleMorphometry(None, None, None, None, None)
EXACT_MM = 1e-6
"""Half width of a height's interval where its doubt is not the point."""


def body(level: str, anterior: float | None, middle: float | None = None, half_mm: float = EXACT_MM):
    """Sizes of one level with the heights given; the posterior one is 20 mm."""

    def height(mm: float | None) -> Measured | None:
        return None if mm is None else Measured(mm, mm - half_mm, mm + half_mm)

    nothing = {
        name: None for name in LevelMorphometry.__dataclass_fields__ if name not in ("level", "expected", "caveats")
    }
    nothing |= {"pedicle_left": NOTHING, "pedicle_right": NOTHING}
    return LevelMorphometry(
        Level(level),
        **{
            **nothing,
            "anterior_body_height_mm": height(anterior),
            "middle_body_height_mm": height(anterior if middle is None else middle),
            "posterior_body_height_mm": height(20.0),
        },
    )


def extent_with(*shares: tuple[str, float]) -> Extent:
    """An extent whose bodies are filled by the shares given."""
    empty = measure(Toy().paint("T12", (25, 30), (35, 40)).spine(), StatedExtent())
    rows = tuple(
        ZoneExtent(Level(level), Zone.BODY, 1.0, share, 9.0, 1.0, Involvement.INVOLVED) for level, share in shares
    )
    return replace(empty, zones=rows, levels=tuple(Level(level) for level, _ in shares))


def collapse(heights: dict[str, float], share: float = 0.2, level: str = "T12", half_mm: float = EXACT_MM, **others):
    sizes = [body(name, mm, half_mm=half_mm) for name, mm in heights.items()]
    return collapse_item(Level(level), sizes, extent_with((level, share), *others.get("filled", ())))


ROUND_T12 = {"T10": 20.0, "T11": 20.0, "L1": 20.0, "L2": 20.0}


@pytest.mark.parametrize(
    ("height", "share", "answer", "points"),
    [
        (20.0, 0.2, "none", 0),
        (20.0, 0.6, "body-involved", 1),
        (14.0, 0.6, "under-half", 2),
        (8.0, 0.2, "over-half", 3),
    ],
)
def test_options_far_from_every_border(height, share, answer, points):
    """Neighbours of 20 mm: 0, 30 and 60 % are lost; 6 % of doubt about neighbours reaches no border."""
    item = collapse({**ROUND_T12, "T12": height}, share)
    assert (item.answer, item.possible, item.low, item.high) == (answer, (answer,), points, points)
    assert item.measured["lost_share"].value == pytest.approx(1.0 - height / 20.0)


def test_a_loss_near_a_half_leaves_both_open():
    """48 %: 6 % of doubt about 52 % left is 3 %, so 45 to 51 %."""
    item = collapse({**ROUND_T12, "T12": 10.4})
    assert item.answer == "under-half"
    assert set(item.possible) == {"under-half", "over-half"}
    assert (item.low, item.high) == (2, 3)
    assert item.measured["lost_share"].high == pytest.approx(0.48 + 0.06 * 0.52, abs=1e-4)


@pytest.mark.parametrize(
    ("height", "answer", "said"),
    [(10.0, "under-half", True), (9.92, "under-half", True), (9.88, "over-half", False), (10.12, "under-half", False)],
)
def test_a_loss_of_exactly_half_counts_as_less_and_says_so(height, answer, said):
    """Of 20 mm: 50, 50.4, 50.6 and 49.4 % are lost; half is what rounds to 50 %."""
    item = collapse({**ROUND_T12, "T12": height})
    assert item.answer == answer
    told = [caveat.text for caveat in item.caveats if caveat.id == "collapse-exactly-half"]
    lost = "T12 has lost 50 % of its height, which the score does not define: taken as less than 50 %"
    assert told == ([lost] if said else [])


def test_the_doubt_of_heights_adds_in_squares():
    """20 mm give or take 1: 5 % of the level; 5 % / sqrt 2 of the mean of two; 6 % in nature: 8.6 % together."""
    lost = collapse({**ROUND_T12, "T12": 20.0}, half_mm=1.0).measured["lost_share"]
    expected = (0.05**2 + 0.05**2 / 2.0 + 0.06**2) ** 0.5
    assert (lost.low, lost.high) == pytest.approx((-expected, expected), rel=1e-3)


def test_heights_are_interpolated_by_steps():
    """T11 holds tumour, so T10 (18 mm, two steps) and L1 (21 mm, one step) predict (18 + 2 x 21) / 3 = 20 mm."""
    heights = {"T9": 18.0, "T10": 18.0, "T11": 3.0, "T12": 10.0, "L1": 21.0, "L2": 21.0}
    item = collapse(heights, filled=(("T11", 0.4),))
    assert item.measured["lost_share"].value == pytest.approx(0.5)
    assert {"neighbour-passed-over", "distant-comparison"} <= {caveat.id for caveat in item.caveats}


def test_a_collapsed_neighbour_is_passed_over():
    """L1 has half the height of L2, so L2 is compared with instead; else T12 would seem to have lost a third less."""
    item = collapse({"T10": 20.0, "T11": 20.0, "T12": 12.0, "L1": 10.0, "L2": 20.0, "L3": 20.0})
    assert item.measured["lost_share"].value == pytest.approx(0.4)
    assert any("L1" in caveat.text for caveat in item.caveats)


LITTLE = extent_with(("T12", 0.2))


def outlying(row: LevelMorphometry) -> LevelMorphometry:
    """The same sizes, an anterior height that adults of the level do not have."""
    return replace(row, expected=(ExpectedRange("anterior_body_height_mm", 14.0, 35.0, True),))


def test_a_neighbour_of_a_height_that_adults_do_not_have_is_passed_over():
    """L1's label holds two bodies, 48 mm: T11, and L2 two steps below, give 20 mm, not (20 + 48) / 2. Beyond T11 or L2
    it makes no neighbour look low either.
    """
    sizes = [body(name, 20.0) for name in ("T10", "T11", "T12")]
    sizes += [outlying(body("L1", 48.0)), body("L2", 20.0), outlying(body("L3", 48.0))]
    item = collapse_item(Level.T12, sizes, extent_with(("T12", 0.2)))
    assert item.measured["lost_share"].value == pytest.approx(0.0)
    passed = [caveat.text for caveat in item.caveats if caveat.id == "neighbour-passed-over"]
    assert passed == ["L1 has a height outside what is expected, so heights are not compared with it"]


def test_an_own_height_above_what_adults_have_leaves_every_option_open():
    """48 mm against neighbours of 20 is no collapse, and no vertebra either: perhaps two under one label."""
    tall = collapse_item(Level.T12, [body("T11", 20.0), outlying(body("T12", 48.0)), body("L1", 20.0)], LITTLE)
    assert (tall.answer, tall.low, tall.high) == ("none", 0, 3)
    assert [caveat.id for caveat in tall.caveats] == ["own-height-outlier"]


def test_an_own_height_below_what_adults_have_is_collapse():
    """12 of 20 mm are 40 % lost: 6 % of doubt about 60 % left reaches no border."""
    low = collapse_item(Level.T12, [body("T11", 20.0), outlying(body("T12", 12.0)), body("L1", 20.0)], LITTLE)
    assert (low.answer, low.possible, low.caveats) == ("under-half", ("under-half",), ())


def test_a_natural_wedge_is_no_collapse():
    """Every body is lower in front than in the middle: like is compared with like."""
    sizes = [body(name, 16.0, 20.0) for name in ("T11", "T12", "L1")]
    assert collapse_item(Level.T12, sizes, extent_with(("T12", 0.2))).answer == "none"


def test_one_neighbour_is_less_sure_than_two():
    two = collapse({"T11": 20.0, "T12": 17.6, "L1": 20.0})
    one = collapse({"T11": 20.0, "T12": 17.6})
    assert two.possible == ("under-half", "none")  # 12 % lost, 6 % of 88 % is 5.3 %: 15 % lies within
    assert one.measured["lost_share"].high > two.measured["lost_share"].high
    assert "one-sided-comparison" in {caveat.id for caveat in one.caveats}


def test_a_missing_height_bounds_nothing_from_above():
    sizes = [body("T11", 20.0), replace(body("T12", 20.0), anterior_body_height_mm=None), body("L1", 20.0)]
    item = collapse_item(Level.T12, sizes, extent_with(("T12", 0.2)))
    assert item.answer == "none"
    assert item.possible == ("over-half", "under-half", "none")


@pytest.mark.parametrize("heights", [{"T12": 20.0}, {"T11": 20.0, "L1": 20.0}])
def test_without_a_comparison_nothing_is_answered(heights):
    item = collapse(heights)
    assert item.answer is None
    assert (item.low, item.high) == (0, 3)
    assert item.caveats[0].id == "height-not-measured"


@pytest.mark.parametrize(("level", "lacks_frame"), [("S1", False), ("sacrum", False), ("C2", True)])
def test_the_reason_is_a_frame_only_where_a_frame_is_what_is_missing(level, lacks_frame):
    """S1 has a frame; sacral bodies are left out by design."""
    item = collapse({"L4": 20.0, "L5": 20.0}, level=level)
    assert item.answer is None
    assert ("frame" in item.caveats[0].text) is lacks_frame


def imaging_of(toy: Toy, image: Volume | None = None, modality: str = "ct", ribs: np.ndarray | None = None, notes=()):
    maps = () if ribs is None else (LabelMap(ribs.astype(np.uint8), toy.grid, {1: "rib-left-12", 2: "rib-right-12"}),)
    return Imaging(toy.grid, maps, toy.tumour, image, modality, (), notes)


def items_of(toy: Toy, **given):
    spine = framed(toy)
    found = stability(spine, imaging_of(toy, **given), measure(spine, StatedExtent()), ())
    assert (found.instrument, found.edition) == ("sins", "2010")
    row = next(row for row in found.levels if row.level is Level.T12)
    return {item.id: item for item in row.items}


IN_BODY = ((24, 36), (32, 48))
PEDICLE_IJ = {"left": ((14, 24), (24, 34)), "right": ((36, 46), (24, 34))}
"""From the body through one pedicle, down to where the arch begins."""


def sided(*sides: str) -> Toy:
    toy = Toy().paint("T12", *IN_BODY)
    for side in sides:
        toy.paint("T12", *PEDICLE_IJ[side])
    return toy


@pytest.mark.parametrize(
    ("sides", "answer"),
    [((), "none"), (("left",), "unilateral"), (("right",), "unilateral"), (("left", "right"), "bilateral")],
)
def test_pedicles_by_side(sides, answer):
    ribs = np.zeros(Toy().grid.shape)
    ribs[0, 0, 0], ribs[1, 0, 0] = 1, 2  # labelled, and far away
    item = items_of(sided(*sides), ribs=ribs)["posterolateral"]
    assert item.answer == answer
    assert {name.split("_")[1] for name, depth in item.measured.items() if depth.value > 3.0} == set(sides)


@pytest.mark.parametrize(("rows", "depth_mm", "answer"), [(2, 1.5, "none"), (4, 3.5, "unilateral")])
def test_a_facet_counts_when_tumour_reaches_more_than_2_mm_into_it(rows, depth_mm, answer):
    """The left lamina's place is the facet; tumour comes from the bone behind it. The farthest centre lies
    `rows` mm from the last one behind the border, the border half a voxel nearer. Both hold more than a speck.
    """
    toy = Toy().paint("T12", (14, 24), (12, 18 + rows))
    toy.part[toy.part == Part.LAMINA_LEFT] = Part.ARTICULAR_LEFT
    item = items_of(toy)["posterolateral"]
    assert item.measured["facet_left_depth_mm"].value == pytest.approx(depth_mm, abs=1e-5)
    assert item.answer == answer
    assert "unilateral" in item.possible


def test_bone_that_was_not_divided_is_not_read():
    """As anatomy leaves C2: without a frame, all of its bone booked as body, tumour where a pedicle would be."""
    toy = Toy(("C2", "C3")).paint("C2", *IN_BODY).paint("C2", *PEDICLE_IJ["left"])
    bone = (toy.owner == 1) & (toy.part <= Part.ARTICULAR_RIGHT)
    toy.part[bone] = Part.BODY
    spine = framed(toy)
    whole = replace(spine, vertebrae=(replace(spine.vertebrae[0], frame=None), spine.vertebrae[1]))
    found = stability(whole, imaging_of(toy), measure(whole, StatedExtent()), ()).levels[0]
    item = next(item for item in found.items if item.id == "posterolateral")
    assert (found.level, item.answer, item.low, item.high) == ("C2", None, 0, 3)
    assert [caveat.id for caveat in item.caveats] == ["not-divided"]


def test_tumour_at_a_rib_head_is_at_a_joint():
    """Tumour fills the left part of the body to its side at i = 20; the rib begins at i = 17: 2 mm between surfaces."""
    toy = Toy().paint("T12", (20, 30), (32, 48))
    ribs = np.zeros(toy.grid.shape)
    floor = toy.floor("T12")
    ribs[8:18, 34:44, floor + 2 : floor + 10] = 1
    ribs[59, 0, 0] = 2
    item = items_of(toy, ribs=ribs)["posterolateral"]
    assert item.answer == "unilateral"
    assert item.measured["rib_joint_left_distance_mm"].value == pytest.approx(2.0)
    assert set(item.possible) == {"unilateral", "none"}  # the doubt is a voxel: 1 mm either way of 2 mm


@pytest.mark.parametrize(("last", "distance_mm", "answer"), [(17, 2.0, "unilateral"), (14, None, "none")])
def test_thick_slices_bring_no_rib_nearer_across_them(last, distance_mm, answer):
    """Slices of 4 mm, voxels 1 mm wide; tumour begins at i = 20. A rib that ends at 14 has 5 mm between, along a row of
    1 mm voxels; less a slice it would be 2.
    """
    toy = Toy(spacing_mm=(1.0, 1.0, 4.0)).paint("T12", (20, 30), (32, 48))
    ribs = np.zeros(toy.grid.shape)
    floor = toy.floor("T12")
    ribs[8 : last + 1, 34:44, floor + 2 : floor + 10] = 1
    ribs[59, 0, 0] = 2
    item = items_of(toy, ribs=ribs)["posterolateral"]
    found = item.measured.get("rib_joint_left_distance_mm")
    assert item.answer == answer
    assert (None if found is None else found.value) == (distance_mm and pytest.approx(distance_mm))


def test_without_labelled_ribs_the_joints_stay_open():
    item = items_of(sided())["posterolateral"]
    assert item.answer == "none"
    assert item.possible == ("bilateral", "unilateral", "none")
    assert item.caveats[0].id == "ribs-not-labelled"


def image_of(toy: Toy, tumour_hu: float | tuple[float, float], slope: float = 1.0, intercept: float = 0.0) -> Volume:
    """Bone of 150 to 250 HU, a cortex is not drawn; tumour of one value, or of two in layers of equal share."""
    hu = np.where(toy.part > 0, 200.0, 0.0)
    hu += np.where(np.arange(toy.grid.shape[0])[:, None, None] % 2, 50.0, -50.0)
    low, high = (tumour_hu, tumour_hu) if isinstance(tumour_hu, float) else tumour_hu
    layers = np.where(np.arange(toy.grid.shape[1])[None, :, None] // 2 % 2, low, high)
    hu = np.where(toy.tumour, layers, hu)
    return Volume(np.rint((hu - intercept) / slope).astype(np.int16), toy.grid, slope, intercept)


DENSITIES = [(40.0, "lytic"), (700.0, "blastic"), ((40.0, 700.0), "mixed")]


@pytest.mark.parametrize(("hu", "answer"), DENSITIES)
def test_density(hu, answer):
    toy = sided()
    item = items_of(toy, image=image_of(toy, hu))["bone-lesion"]
    assert (item.answer, item.possible) == (answer, (answer,))
    assert item.measured["reference_hu"].value == pytest.approx(200.0, abs=50.0)  # the layers themselves


@pytest.mark.parametrize(("hu", "answer"), DENSITIES)
def test_rescaled_storage_changes_nothing(hu, answer):
    """Slope 0.5 stores whole half units, so no value moves."""
    toy = sided()
    plain, scaled = (items_of(toy, image=image_of(toy, hu, *how))["bone-lesion"] for how in ((), (0.5, -1024.0)))
    assert scaled == plain


@pytest.mark.parametrize(("hu", "answer"), DENSITIES[:2])
def test_an_image_on_another_grid_gives_the_same_answer(hu, answer):
    """Twice the voxels at half the size, shifted by a quarter voxel: values between centres are mixed, no answer is."""
    toy = sided()
    image = image_of(toy, hu)
    matrix = np.diag([0.5, 0.5, 0.5, 1.0])
    matrix[:3, 3] = -0.25
    fine = np.repeat(np.repeat(np.repeat(image.stored, 2, 0), 2, 1), 2, 2)
    other = Volume(fine, Grid(fine.shape, Affine(matrix)), image.slope, image.intercept)
    assert items_of(toy, image=other)["bone-lesion"].answer == answer


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "no-image"),
        ({"modality": "mr"}, "not-ct"),
        ({"modality": None}, "not-ct"),
        ({"notes": (("air-not-minus-1000", "ct.nii.gz: its lowest value is 0"),)}, "air-not-minus-1000"),
    ],
)
def test_density_is_not_read_where_there_are_no_hounsfield_units(given, reason):
    toy = sided()
    image = None if reason == "no-image" else image_of(toy, 40.0)
    item = items_of(toy, image=image, **given)["bone-lesion"]
    assert (item.answer, item.low, item.high) == (None, 0, 2)
    assert item.caveats[0].id == reason


def test_tumour_as_dense_as_bone_is_not_called_anything():
    """A mask on healthy bone: layers of 150 and 250 HU are the patient's own band."""
    toy = sided()
    item = items_of(toy, image=image_of(toy, (151.0, 249.0)))["bone-lesion"]
    assert item.answer is None
    assert item.caveats[0].id == "density-as-normal-bone"


def test_sampling_agrees_with_another_program():
    """SciPy's order-1 spline is the same trilinear rule; 16-bit values up to 30,000 in doubles: rounding only."""
    rng = np.random.default_rng(3)
    matrix = np.array([[0.7, 0.1, 0.0, -5.0], [-0.1, 0.8, 0.2, 3.0], [0.0, -0.2, 1.5, 9.0], [0.0, 0.0, 0.0, 1.0]])
    image = Volume(rng.integers(-1000, 30_000, (9, 8, 7)).astype(np.int16), Grid((9, 8, 7), Affine(matrix)), 0.5, -3.0)
    index = rng.uniform(-1.0, 9.0, (500, 3))
    found = sampled(image, image.grid.affine.to_world(index))
    inside = ((index >= 0.0) & (index <= [8.0, 7.0, 6.0])).all(axis=1)
    expected = 0.5 * map_coordinates(image.stored.astype(np.float64), index[inside].T, order=1) - 3.0
    assert 100 < np.count_nonzero(inside) < 500
    np.testing.assert_allclose(found[inside], expected, rtol=1e-9, atol=1e-6)
    assert np.isnan(found[~inside]).all()


def test_an_image_that_does_not_reach_the_level_is_not_read():
    toy = sided()
    image = image_of(toy, 40.0)
    cut = Volume(image.stored[:, :, : BELOW + PITCH], Grid((60, 56, BELOW + PITCH), toy.grid.affine))
    assert items_of(toy, image=cut)["bone-lesion"].caveats[0].id == "too-little-bone"


def test_the_sum_is_a_range_until_people_are_asked():
    """Junctional 3, lytic 2; collapse, sides (no ribs are labelled) and pain 0 to 3, alignment 0 to 4."""
    toy = sided()
    spine = framed(toy)
    row = stability(spine, imaging_of(toy, image_of(toy, 40.0)), measure(spine, StatedExtent()), ()).levels[0]
    assert (row.low, row.high) == (3 + 2, 3 + 2 + 3 + 3 + 3 + 4)
    assert row.to_ask == ("pain", "alignment")
    assert [item.id for item in row.items if item.answer is None] == ["pain", "alignment", "body-collapse"]


def test_toy_is_as_its_page_says():
    """What the counts above rest on."""
    assert ((slice(20, 40), slice(30, 50)), 12, 4) == (BODY, HEIGHT, DISC)
    assert Part.ARTICULAR_LEFT not in np.unique(Toy().part)
