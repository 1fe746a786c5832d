"""Pictures: the patient's sides are where radiologists expect them, and slices lie where their captions say."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from enbloc.anatomy import Frame
from enbloc.core.geometry import Affine
from enbloc.core.volume import Grid, Volume
from enbloc.report import Picture, slice_pictures, surface_pictures
from enbloc.report.pictures import offset_words
from enbloc.scene import STYLES, build_scene
from enbloc.scene.planes import tumour_point
from enbloc.scene.slices import column_outlines, cuts, sampled_image
from scene.hand_made import TUMOUR_CENTRE_MM, TUMOUR_RADIUS_MM, a_drawing, a_plan, a_plan_without_images

AXES = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))


def pixels(picture: Picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")).astype(int)


def column_of(picture: Picture, kind: str) -> float:
    """Mean column of the pixels of the colour of `kind`, from 0 (viewer's left) to 1."""
    off = np.abs(pixels(picture) - np.array(STYLES[kind].line)).max(axis=-1)
    columns = np.nonzero(off < 24)[1]
    assert len(columns) > 30
    return float(columns.mean()) / picture.width


def named(pictures: tuple[Picture, ...], name: str) -> Picture:
    return next(picture for picture in pictures if picture.name == name)


@pytest.mark.parametrize("turn_degrees", [0.0, 25.0])
def test_patients_right_is_on_the_viewers_left(turn_degrees: float) -> None:
    """Slices run through the lesion, so the canal tells: it lies medial to it; and the cava lies right of the aorta."""
    for side, canal_is_left_of_lesion in (("left", True), ("right", False)):
        axial = named(slice_pictures(a_plan(side, turn_degrees=turn_degrees)), "axial-1")
        assert (column_of(axial, "no-go") < column_of(axial, "tumour")) is canal_is_left_of_lesion
        assert column_of(axial, "vein") < column_of(axial, "artery")


@pytest.mark.parametrize(("side", "half"), [("left", "right"), ("right", "left")])
def test_a_lesion_of_known_side_in_the_view_from_the_front(side: str, half: str) -> None:
    scene = build_scene(a_plan(side, spacing_mm=2.0))
    pictures = surface_pictures(replace(scene, meshes=scene.of_kind("tumour", "vertebra")))
    front, behind = named(pictures, "anterior"), named(pictures, "posterior")
    for picture, is_right in ((front, half == "right"), (behind, half == "left")):
        image = pixels(picture)
        red = (image[..., 0] > 1.35 * image[..., 1]) & (image[..., 0] > 1.6 * image[..., 2]) & (image[..., 0] > 90)
        columns = np.nonzero(red)[1]
        assert len(columns) > 100
        assert bool(columns.mean() > picture.width / 2) is is_right


def test_letters_of_the_slices() -> None:
    """A letter names the side that the picture's own direction vectors run to."""
    sides = {"R": (1, 0, 0), "L": (-1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
    for cut in cuts(AXES, np.zeros(3), 10, 1.0):
        left, right, top, bottom = cut.letters
        np.testing.assert_array_equal(cut.rightward, sides[right])
        np.testing.assert_array_equal(-cut.rightward, sides[left])
        np.testing.assert_array_equal(cut.downward, sides[bottom])
        np.testing.assert_array_equal(-cut.downward, sides[top])
    assert [cut.letters[:2] for cut in cuts(AXES, np.zeros(3), 10, 1.0)] == [("R", "L"), ("A", "P"), ("R", "L")]


def test_a_letter_is_drawn_at_every_edge() -> None:
    for picture in slice_pictures(a_plan()):
        image, edge, middle = pixels(picture), 60, picture.width // 2
        for strip in (
            image[middle - 30 : middle + 30, :edge],
            image[middle - 30 : middle + 30, -edge:],
            image[:edge, middle - 30 : middle + 30],
            image[-edge:, middle - 30 : middle + 30],
        ):
            assert (strip.min(axis=-1) > 240).sum() > 40


def test_sampling_reproduces_a_linear_image() -> None:
    """Trilinear interpolation is exact for a linear function at any obliquity; 1e-2 for float32 at values of 100."""
    turned = Frame((0.0, 0.0, 0.0), (0.8, 0.6, 0.0), (-0.6, 0.8, 0.0), (0.0, 0.0, 1.0))
    matrix = np.diag([0.7, 1.1, 2.3, 1.0])
    matrix[:3, 3] = (-60.0, -60.0, -60.0)
    grid = Grid((172, 110, 53), Affine(matrix))
    world = grid.affine.to_world(np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1))
    gradient = np.array([0.5, -1.2, 0.8])
    image = Volume((world @ gradient + 10.0).astype(np.float32), grid, slope=2.0, intercept=-3.0)
    for cut in cuts(turned, np.array([3.0, -4.0, 5.0]), 40, 1.3):
        values, inside = sampled_image(image, cut.points_mm)
        assert inside.all()
        np.testing.assert_allclose(values, 2.0 * (cut.points_mm @ gradient + 10.0) - 3.0, atol=1e-2)


def test_outside_the_image_is_told() -> None:
    grid = Grid((10, 10, 10), Affine(np.eye(4)))
    values, inside = sampled_image(Volume(np.ones((10, 10, 10), np.int16), grid), np.full((1, 1, 3), 200.0))
    assert not inside.any()
    assert np.isfinite(values).all()


@pytest.mark.parametrize("turn_degrees", [0.0, 30.0])
def test_area_of_the_tumour_in_the_middle_slice(turn_degrees: float) -> None:
    """A great circle of the ball: pi r^2 = 380 mm². The half level of trilinear membership lies within 0.25 voxel of
    the ball's border: 2 x 0.25 / 11 = 4.5 %."""
    drawing, vertebrae = a_drawing("left", 1.0, turn_degrees, with_image=False)
    frame = vertebrae[2].frame
    assert frame is not None
    centre = frame.to_world(np.multiply(TUMOUR_CENTRE_MM, (-1.0, 1.0, 1.0)))
    for cut in cuts(frame, centre, 120, 0.5):
        outlines = column_outlines(drawing.spine, cut.points_mm)
        tumour = next(outline for outline in outlines if outline.kind == "tumour")
        assert tumour.pixels * 0.25 == pytest.approx(np.pi * TUMOUR_RADIUS_MM**2, rel=0.045)


def test_captions_say_where_the_slice_lies() -> None:
    """The lesion's centre is 14 mm to the side, 8 mm behind and level with the body's; voxel centres of 1 mm."""
    axial, sagittal, coronal = slice_pictures(a_plan("left", turn_degrees=20.0))
    assert axial.caption == "through the centre of the T12 body"
    assert sagittal.caption == "14 mm to the patient's left of the centre of the T12 body"
    assert coronal.caption == "8 mm behind the centre of the T12 body"
    assert "14 mm to the patient's right" in slice_pictures(a_plan("right"))[1].caption


def test_offsets_in_words() -> None:
    assert offset_words(0.3, "above", "below") == "through"
    assert offset_words(-3.6, "above", "below") == "4 mm below"


def test_slices_pass_through_tumour_even_where_its_centre_is_healthy() -> None:
    """A ring has its centre outside itself."""
    plan = a_plan(with_image=False)
    assert plan.drawing is not None
    spine = plan.drawing.spine
    tumour = np.zeros_like(spine.tumour)
    tumour[40:80, 60:100, 80:84] = True
    tumour[45:75, 65:95] = False
    middle = tuple(spine.grid.affine.to_world(np.argwhere(tumour).mean(axis=0)))
    lesion = replace(plan.tumour.lesions[0], centre_mm=middle)  # type: ignore[union-attr]
    voxels_mm = spine.grid.affine.to_world(np.argwhere(tumour))
    point = spine.grid.affine.to_index(tumour_point(voxels_mm, spine, lesion))
    assert tumour[tuple(np.rint(point).astype(int))]


def test_labels_without_an_image_still_give_pictures() -> None:
    assert len(slice_pictures(a_plan(with_image=False))) == 3


def test_no_images_no_pictures() -> None:
    assert slice_pictures(a_plan_without_images()) == ()
    assert surface_pictures(build_scene(a_plan_without_images())) == ()


@pytest.mark.real_data
@pytest.mark.parametrize("number", [2, 5])
def test_side_on_a_real_spine(number: int, tmp_path: Path) -> None:
    """The mask's own record names the side; of a left-sided lesion the canal lies towards the viewer's left."""
    from enbloc.case import read_case
    from enbloc.images import load_images
    from enbloc.planning import plan
    from planning.stand_ins import NO_WAY_OUT

    data = Path(__file__).parents[3] / "shared" / "data" / "verse005"
    if not data.is_dir():
        pytest.skip("no real data beside the checkout")
    truth = json.loads((data / "tumours" / f"tumour_tomita{number}.json").read_text())
    files = ("sub-verse005_ct.nii.gz", "sub-verse005_seg-vert_msk.nii.gz", f"tumours/tumour_tomita{number}.nii.gz")
    for name in files:
        shutil.copy(data / name, tmp_path)
    (tmp_path / "case.toml").write_text(
        'schema = "enbloc.case/1"\nid = "v"\n'
        f'[imaging]\nimage = "{files[0]}"\nmodality = "ct"\ntumour = {{ file = "{Path(files[2]).name}" }}\n'
        f'[[imaging.labels]]\nfile = "{files[1]}"\nscheme = "verse"\n'
    )
    case = read_case(tmp_path)
    axial = named(slice_pictures(plan(case, load_images(case), NO_WAY_OUT)), "axial-1")
    assert (column_of(axial, "no-go") < column_of(axial, "tumour")) is (truth["side"] == "left")


def test_mr_is_shown_from_its_own_darkest_to_its_brightest() -> None:
    """MR has no fixed scale: the same picture must come out when all values are a thousand times larger."""
    plan = a_plan(spacing_mm=2.0)
    assert plan.drawing is not None
    imaging, image = plan.drawing.imaging, plan.drawing.imaging.image
    assert image is not None
    pictures = []
    for slope in (1.0, 1000.0):
        scaled = replace(imaging, modality="mr", image=replace(image, slope=slope))
        pictures.append(slice_pictures(replace(plan, drawing=replace(plan.drawing, imaging=scaled))))
    for one, other in zip(*pictures, strict=True):
        # float32 rounding may move a grey value by one step.
        assert np.abs(pixels(one) - pixels(other)).max() <= 2
        assert np.ptp(pixels(one)[200:400, 200:400]) > 60
