"""Sizes of vertebrae: bricks counted by hand, phantoms of known truth, slow twins, and what must not matter."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from anatomy.bricks import BODY, CANAL, DISC_MM, PEDICLE, brick_column
from anatomy.labelled import relabelled, swapped, value
from anatomy.patients import patient
from enbloc.anatomy import LevelMorphometry, PedicleMorphometry, locate
from enbloc.anatomy.block import entries, mean_of_lines, sampled
from enbloc.anatomy.endplates import endplate_depth, windowed
from enbloc.anatomy.frames import make_frame
from enbloc.anatomy.morphometry import morphometry
from enbloc.anatomy.ranges import limits
from enbloc.anatomy.ring import canal_width, find_neck, find_ring
from enbloc.anatomy.sizes import body_at, disc_height
from enbloc.core.evidence import Measured
from enbloc.core.geometry import Affine, Box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid, LabelMap
from enbloc.knowledge import load_table
from enbloc.phantom import Collapse, PhantomSpec, erase, make_phantom
from enbloc.phantom.measures import measures

VOXELS, RELATIVE = 0.5, 0.02
"""What the issue allows: half a voxel along the measure and 2 % of it."""
AXIS = {"width": 0, "depth": 1, "hollow": 1, "height": 2, "at": 1}
HELD = ["straight", "upper-thoracic", "kyphotic", "wedged", "scoliotic", "oblique-scan", "turned-patient"]
REAL = Path(__file__).resolve().parents[3] / "shared" / "data"


def sizes(one: object) -> dict[str, object]:
    """Every size by its place, a dot leading into a pedicle."""
    found: dict[str, object] = {}
    for field in fields(one):  # type: ignore[arg-type]
        inner = getattr(one, field.name)
        if field.name.startswith("pedicle_"):
            found |= {f"{field.name}.{name}": size for name, size in sizes(inner).items()}
        elif field.name.endswith(("_mm", "_mm2", "_deg")):
            found[field.name] = inner
    return found


def allowed(name: str, truth: dict[str, object], spine, level: Level) -> float:
    """As the bench: an area from its width and height, an angle from its base, a sum from its parts."""
    axes = spine.vertebra(level).frame.axes @ spine.grid.affine.matrix[:3, :3]
    right, anterior, superior = np.linalg.norm(axes, axis=1)
    exact, side = truth[name], name.partition(".")[0]
    if name.endswith("transverse_angle_deg"):
        base = 0.225 * truth["canal_depth_mm"]
        return np.degrees(np.arctan(VOXELS * right / base)) + RELATIVE * abs(exact)
    if name.endswith("_deg"):
        base = 0.75 * truth["upper_endplate_depth_mm"]
        return 2.0 * np.degrees(np.arctan(VOXELS * superior / base)) + RELATIVE * abs(exact)
    if name.endswith("_mm2"):
        wide, high = truth[f"{side}.width_mm"], truth[f"{side}.height_mm"]
        return exact * (VOXELS * right / wide + VOXELS * superior / high + 2.0 * RELATIVE)
    along = next(axis for word, axis in AXIS.items() if word in name.replace(".", "_").split("_"))
    parts = 2.0 if name == "segment_height_mm" else 1.0
    return parts * VOXELS * (right, anterior, superior)[along] + RELATIVE * abs(exact)


@cache
def true_sizes(name: str) -> dict[Level, dict[str, object]]:
    return {one.level: sizes(one) for one in measures(patient(name)[0].truth)}


@cache
def read_sizes(name: str) -> tuple[LevelMorphometry, ...]:
    return morphometry(patient(name)[1])


@cache
def bricks(lost_front_mm: int = 0) -> dict[str, object]:
    return sizes(morphometry(locate(brick_column(lost_front_mm=lost_front_mm)))[0])


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("anterior_body_height_mm", BODY[2]),
        ("middle_body_height_mm", BODY[2]),
        ("posterior_body_height_mm", BODY[2]),
        ("body_wedge_deg", 0.0),
        ("upper_endplate_width_mm", BODY[0]),
        ("lower_endplate_width_mm", BODY[0]),
        ("upper_endplate_depth_mm", BODY[1]),
        ("lower_endplate_depth_mm", BODY[1]),
        ("posterior_wall_hollow_mm", 0.0),
        ("canal_width_mm", CANAL[0]),
        ("canal_depth_mm", CANAL[1]),
        ("pedicle_left.width_mm", PEDICLE[0]),
        ("pedicle_right.height_mm", PEDICLE[1]),
        ("pedicle_left.transverse_angle_deg", 0.0),
        ("pedicle_right.narrowest_area_mm2", PEDICLE[0] * PEDICLE[1]),
        ("disc_anterior_height_mm", DISC_MM),
        ("disc_middle_height_mm", DISC_MM),
        ("disc_posterior_height_mm", DISC_MM),
        ("segment_height_mm", BODY[2] + DISC_MM),
        ("kyphosis_below_deg", 0.0),
    ],
)
def test_bricks_are_counted(name, exact):
    """Borders lie between voxels, so counting is exact; 1 % for sharp edges read with a frame within 1 degree."""
    found = bricks()[name]
    assert found.value == pytest.approx(exact, rel=0.01, abs=0.15)
    assert found.low <= exact <= found.high


def test_a_collapsed_front_reads_low():
    """The front 10 mm of the body lose 8 of 24 mm of height: read there, and not at the back."""
    found = bricks(lost_front_mm=8)
    # The strip ends 1.5 mm inside the step's foot, and the surface fitted to it reaches over the step: 1 mm.
    assert found["anterior_body_height_mm"].value == pytest.approx(BODY[2] - 8, abs=1.0)
    assert found["posterior_body_height_mm"].value == pytest.approx(BODY[2], abs=0.5)
    assert found["body_wedge_deg"].value > 10.0


@pytest.mark.parametrize("name", HELD)
def test_every_size_is_the_phantoms(name):
    """Within what the issue allows, and within its own interval."""
    _, spine = patient(name)
    for one in read_sizes(name):
        truth = true_sizes(name)[one.level]
        for place, found in sizes(one).items():
            if truth[place] is None:
                assert found is None, (one.level, place)
                continue
            assert found is not None, (one.level, place)
            assert abs(found.value - truth[place]) <= allowed(place, truth, spine, one.level), (one.level, place)
            assert found.low <= truth[place] <= found.high, (one.level, place)


def test_sizes_grow_with_the_patient():
    """A scale of 1.2 makes every length 1.2 times as long, within a voxel of 1 mm for each of the two readings."""
    small, large = (
        sizes(morphometry(locate(make_phantom(PhantomSpec(levels=("T11", "T12"), tumour=None, scale=s)).imaging))[0])
        for s in (1.0, 1.2)
    )
    for place, found in small.items():
        # Fillets and waists keep their mm, and where along its axis a pedicle is narrowest hangs on them.
        if place.endswith("_mm") and not place.endswith("narrowest_at_mm"):
            assert large[place].value == pytest.approx(1.2 * found.value, abs=1.0), place


def test_eaten_bone_widens_or_withholds():
    """30 % of T12 gone: what is still given holds the truth of the whole vertebra in its interval."""
    whole = make_phantom(PhantomSpec(levels=("T10", "T11", "T12", "L1"), tumour=None))
    truth = {one.level: sizes(one) for one in measures(whole.truth)}
    intact = {one.level: sizes(one) for one in morphometry(locate(whole.imaging))}
    eaten = {one.level: one for one in morphometry(locate(erase(whole, "T12", 0.3, seed=3).imaging))}
    lost = 0
    for level, one in eaten.items():
        for place, found in sizes(one).items():
            if found is None:
                lost += intact[level][place] is not None
            else:
                assert found.low <= truth[level][place] <= found.high, (level, place)
    assert lost > 0
    assert any("eaten" in caveat.text for caveat in eaten[Level.T12].caveats)
    assert sizes(eaten[Level.T10])["middle_body_height_mm"] == intact[Level.T10]["middle_body_height_mm"]


def test_a_body_cut_by_the_image_is_not_measured():
    """The upper third of T10 lies outside: no height, and the reason beside it."""
    imaging = brick_column()
    box = Box((0, 0, 0), (80, 90, 80))
    grid = imaging.grid.crop(box)
    labels = LabelMap(imaging.labels[0].values[box.slices], grid, imaging.labels[0].structures)
    upper, lower = morphometry(locate(replace(imaging, grid=grid, labels=(labels,))))
    assert upper.middle_body_height_mm is None
    assert any("edge of the image" in caveat.text for caveat in upper.caveats)
    assert lower.middle_body_height_mm is not None


def test_a_body_crushed_below_a_voxel_says_so():
    """A fifth of T12 is left, about one voxel of 5 mm: no plane of the block lies in the lower zone."""
    collapse = Collapse(level="T12", loss=0.8, form="crush")
    phantom = make_phantom(PhantomSpec(levels=("T11", "T12", "L1"), spacing_mm=(5.0,) * 3, collapse=collapse))
    crushed = morphometry(locate(phantom.imaging))[1]
    assert crushed.level == "T12"
    assert crushed.lower_endplate_width_mm is None
    assert crushed.lower_endplate_depth_mm is None
    reasons = [caveat.text for caveat in crushed.caveats if "lower endplate width" in caveat.text]
    assert len(reasons) == 1
    assert reasons[0].endswith("too little of the body is left")


@pytest.mark.parametrize("shape", [(4, 0), (0, 4), (0, 0), (0,)])
def test_windows_over_nothing_keep_their_dimensions(shape):
    found = windowed(np.zeros(shape), 1.0, 0)
    assert found.ndim == len(shape)
    assert np.isnan(found).all()


def test_the_mean_of_no_lines_is_unknown():
    assert np.isnan(mean_of_lines(np.zeros((0, 4)), 0)).all()


def test_nothing_is_measured_where_no_line_runs():
    """A slab beside the block holds no plane; pedicles as high as a tenth of a step hold no row."""
    spine = locate(brick_column())
    body = body_at(spine, 1, spine.vertebrae[0])
    assert endplate_depth(replace(body, middle_mm=1000.0), 1.0) == "too little of the body's middle is left"
    ring, _ = find_ring(body)
    between = float(ring.block.places(2)[3]) + 0.1 * ring.block.step_mm
    necks = [replace(find_neck(ring, side), low_mm=between, high_mm=between) for side in (-1.0, 1.0)]
    assert canal_width(ring, necks) == "the pedicles do not close the canal at the sides"


def test_nothing_is_measured_along_lent_axes():
    """Only the body of T12 is labelled, so its axes are its neighbours': no size of it, none from T11 down to it."""
    phantom, _ = patient("straight")
    values = phantom.labels.values.copy()
    values[(values == value(phantom, "T12")) & (phantom.voxels.part > 1) & (phantom.voxels.part <= 10)] = 0
    spine = locate(relabelled(phantom, values))
    assert spine.vertebra(Level.T12).frame_basis == "neighbours"
    found = {one.level: one for one in morphometry(spine)}
    assert not any(sizes(found[Level.T12]).values())
    assert (found[Level.T11].disc_middle_height_mm, found[Level.T11].kyphosis_below_deg) == (None, None)
    assert any("lent" in caveat.text for caveat in found[Level.T11].caveats)
    assert found[Level.T11].middle_body_height_mm is not None


def test_no_neighbour_no_disc():
    last = read_sizes("straight")[-1]
    assert (last.disc_middle_height_mm, last.segment_height_mm, last.kyphosis_below_deg) == (None, None, None)
    assert any("no vertebra below" in caveat.text for caveat in last.caveats)


def disc_of_bricks_lowered(mm: float) -> Measured | str:
    """The disc, DISC_MM high, of bricks whose upper body's lower endplate is moved down; 0.5 mm and 1 % in doubt."""
    spine = locate(brick_column())
    body, lower = (body_at(spine, n, vertebra) for n, vertebra in enumerate(spine.vertebrae, start=1))
    moved = {strip: replace(plate, mm=plate.mm - mm) for strip, plate in body.lower.items()}
    return disc_height(replace(body, lower=moved), lower, "middle")


def test_bodies_that_overlap_have_no_disc():
    assert disc_of_bricks_lowered(DISC_MM + 2.0) == "the two bodies overlap"


def test_a_disc_is_not_lower_than_nothing():
    """-0.2 mm: from -0.7 to 0.3 as read, 0.15 mm as the bricks are."""
    found = disc_of_bricks_lowered(DISC_MM + 0.2)
    assert (found.value, found.low) == (0.0, 0.0)
    assert found.high == pytest.approx(0.3, abs=0.15)


def test_healthy_patients_are_as_expected():
    for name in HELD[:2]:
        for one in read_sizes(name):
            assert {caveat.id for caveat in one.caveats} <= {"not-measured"}, one.level
            assert not any(span.outside for span in one.expected)


def test_two_vertebrae_under_one_label_are_flagged():
    """T11 and T12 called T12: a body of two bodies and a disc."""
    phantom, _ = patient("straight")
    found = {one.level: one for one in morphometry(locate(swapped(phantom, {"T11": "T12"})))}
    assert "morphometry-outlier" in {caveat.id for caveat in found[Level.T12].caveats}


def test_half_a_vertebra_is_flagged():
    """The lower half of T12 carries L1's number: heights halved."""
    phantom, _ = patient("straight")
    values = phantom.labels.values.copy()
    index = np.argwhere(values == value(phantom, "T12"))
    truth = phantom.truth.frame("T12")
    height = (phantom.grid.affine.to_world(index) - np.array(truth.origin_mm)) @ np.array(truth.superior)
    values[tuple(index[height < 0.0].T)] = value(phantom, "L1")
    found = {one.level: one for one in morphometry(locate(relabelled(phantom, values)))}
    ids = {level: {caveat.id for caveat in one.caveats} for level, one in found.items()}
    assert "morphometry-outlier" in ids[Level.T12] | ids[Level.L1]


def test_published_means_lie_in_the_ranges():
    table = load_table("anatomy/morphometry_ranges.toml")
    for row in table["published"]:
        for level, mean in row["levels"].items():
            low, high = limits(Level(level))[row["measure"]]
            assert low < mean < high, (row["measure"], level)


def test_every_measure_with_a_range_is_one_that_is_measured():
    names = {name.split(".")[-1] for name in sizes(read_sizes("straight")[0])}
    pedicle = {f"pedicle_{name}" for name in PedicleMorphometry.__dataclass_fields__}
    assert set(limits(Level.T12)) <= names | pedicle
    assert limits(Level.C5) == {}


def test_sampling_agrees_with_scipy():
    """Trilinear, nothing outside; 32-bit sums of eight products: 1e-6."""
    rng = np.random.default_rng(3)
    bone = ndimage.binary_opening(rng.random((14, 12, 10)) < 0.8)
    matrix = np.eye(4)
    matrix[:3, :3] = np.diag([0.8, 1.1, 1.7])
    matrix[:3, 3] = [3.0, -5.0, 7.0]
    frame = make_frame(np.array([8.0, 1.0, 15.0]), np.array([0.1, 0.2, 1.0]), np.array([0.3, 1.0, 0.0]))
    affine = Affine(matrix)
    block = sampled(bone, affine, frame, np.array([-9.0, -8.0, -9.0]), np.array([9.0, 8.0, 9.0]))
    local = np.stack(np.meshgrid(*(block.places(axis) for axis in range(3)), indexing="ij"), axis=-1)
    index = np.moveaxis(affine.to_index(frame.to_world(local)), -1, 0)
    padded = np.pad(bone.astype(np.float64), 2)
    expected = ndimage.map_coordinates(padded, index + 2.0, order=1, mode="constant")
    np.testing.assert_allclose(block.share, expected, atol=1e-6)


def test_entries_agree_with_a_walk_along_the_line():
    rng = np.random.default_rng(5)
    lines = rng.random((40, 25)).astype(np.float32)
    lines[0], lines[1] = 0.2, 0.9
    np.testing.assert_allclose(entries(lines, -3.0, 0.5), [walked(line, -3.0, 0.5) for line in lines], rtol=1e-6)


def walked(line, start, step):
    for n in range(len(line) - 1):
        if line[n] < 0.5 <= line[n + 1]:
            return start + step * (n + (0.5 - float(line[n])) / (float(line[n + 1]) - float(line[n])))
    return float("nan")


def same(one: Measured | None, other: Measured | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one.value - other.value) <= tolerance


@pytest.mark.parametrize("flipped", [(0,), (1, 2), (0, 1, 2)])
def test_storage_order_changes_nothing(flipped):
    """The same voxels, stored the other way round: frames agree to 1e-6 mm, and so do the sizes; 1e-3 for borders that
    lie on a sample.
    """
    phantom, _ = patient("straight")
    matrix, values = phantom.grid.affine.matrix.copy(), phantom.labels.values
    for axis in flipped:
        values = np.flip(values, axis)
        matrix[:3, 3] += matrix[:3, axis] * (phantom.grid.shape[axis] - 1)
        matrix[:3, axis] *= -1.0
    from enbloc.images.raw import closest_ras

    turned, grid = closest_ras(np.ascontiguousarray(values), matrix, "labels")
    imaging = replace(
        phantom.imaging, grid=grid, tumour=None, labels=(LabelMap(turned, grid, phantom.labels.structures),)
    )
    for one, other in zip(read_sizes("straight"), morphometry(locate(imaging)), strict=True):
        for place, found in sizes(one).items():
            assert same(found, sizes(other)[place], 1e-3), (one.level, place)


def test_a_mirrored_patient_has_its_pedicles_swapped():
    """Voxels at -x. A border on a sample falls to either side of it: 0.05 mm, and 0.5 degrees over a neck of 4 mm."""
    phantom = make_phantom(PhantomSpec(levels=("T12", "L1"), tumour=None, asymmetry=0.06, oblique_deg=(4.0, 7.0, 3.0)))
    grid = phantom.grid
    mirrored = Grid(grid.shape, Affine(np.diag([-1.0, 1.0, 1.0, 1.0]) @ grid.affine.matrix))
    from enbloc.images.raw import closest_ras

    values, turned = closest_ras(phantom.labels.values, mirrored.affine.matrix, "labels")
    imaging = replace(phantom.imaging, grid=turned, labels=(LabelMap(values, turned, phantom.labels.structures),))
    plain = morphometry(locate(replace(phantom.imaging, tumour=None)))
    swap = {"pedicle_left": "pedicle_right", "pedicle_right": "pedicle_left"}
    for one, other in zip(plain, morphometry(locate(replace(imaging, tumour=None))), strict=True):
        for place, found in sizes(one).items():
            side, _, inner = place.partition(".")
            there = f"{swap[side]}.{inner}" if inner else place
            tolerance = {"mm": 0.05, "mm2": 0.5, "deg": 0.5}[place.rsplit("_", 1)[1]]
            assert same(found, sizes(other)[there], tolerance), (one.level, place)


def test_a_turned_patient_keeps_its_sizes():
    """The same voxels under a turned affine. Frames agree within 2 degrees (tests/properties), so sizes within 0.35 mm
    (25 mm times the sine of 2 degrees is 0.9, its cosine 0.02), 2 degrees and 5 mm2.
    """
    from enbloc.phantom.pose import turned

    phantom, _ = patient("straight")
    matrix = np.eye(4)
    matrix[:3, :3] = turned((6.0, 9.0, 20.0))
    grid = Grid(phantom.grid.shape, Affine(matrix @ phantom.grid.affine.matrix))
    labels = LabelMap(phantom.labels.values, grid, phantom.labels.structures)
    moved = morphometry(locate(replace(phantom.imaging, grid=grid, labels=(labels,), tumour=None)))
    for one, other in zip(read_sizes("straight"), moved, strict=True):
        for place, found in sizes(one).items():
            tolerance = {"mm": 0.35, "mm2": 5.0, "deg": 2.0}[place.rsplit("_", 1)[1]]
            if not place.endswith(("transverse_angle_deg", "narrowest_at_mm")):
                assert same(found, sizes(other)[place], tolerance), (one.level, place)


@pytest.mark.skipif(not REAL.exists(), reason="real data not present")
def test_a_real_spine_looks_human():
    """s0327, labels of a program, 1.5 mm. Facts about people: bodies grow downwards, and stay between 12 and 40 mm."""
    from enbloc.core.volume import Imaging
    from enbloc.images.label_file import read_labels
    from enbloc.knowledge import load_scheme

    read = read_labels(REAL / "totalseg_s0327/segmentations", "segmentations", load_scheme("totalsegmentator-files"))
    imaging = Imaging(read.grid, (LabelMap(read.values, read.grid, read.structures),), None, None, "ct", ())
    found = {one.level: one for one in morphometry(locate(imaging))}
    levels = [Level(f"T{n}") for n in range(2, 13)] + [Level(f"L{n}") for n in range(1, 6)]
    heights = [found[level].posterior_body_height_mm.value for level in levels]
    widths = [found[level].upper_endplate_width_mm.value for level in levels]
    assert all(12.0 < height < 40.0 for height in heights)
    assert np.mean(heights[:5]) < np.mean(heights[5:10]) < np.mean(heights[10:13])
    assert np.mean(widths[:5]) < np.mean(widths[5:10]) < np.mean(widths[10:])
    for level in levels:
        outside = [span for span in found[level].expected if span.outside]
        assert bool(outside) == any(caveat.id == "morphometry-outlier" for caveat in found[level].caveats)
