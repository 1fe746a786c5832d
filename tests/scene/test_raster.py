"""The rasteriser against solids whose silhouette is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy import Frame
from enbloc.scene.build import views
from enbloc.scene.nouns import Mesh, Scene
from enbloc.scene.raster import render, vertex_normals

AXES = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
FRONT, BACK, LEFT, RIGHT, _ = views(AXES)
RED, GREEN = (255, 0, 0), (0, 255, 0)


def sphere(
    centre: tuple[float, float, float], radius: float, colour: tuple[int, int, int], opacity: float = 1.0
) -> Mesh:
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=5, radius=radius)
    vertices = (ball.vertices + np.array(centre)).astype(np.float32)
    kind = "tumour" if opacity == 1.0 else "vertebra"
    return Mesh("s", "s", kind, colour, opacity, vertices, ball.faces.astype(np.int32))


def drawn(*meshes: Mesh, view: object = FRONT) -> np.ndarray:
    return render(Scene(meshes, (), AXES, "patient"), view, 200, 160, np.zeros(3), 0.5)  # type: ignore[arg-type]


def is_coloured(picture: np.ndarray) -> np.ndarray:
    return np.asarray((picture != 255).any(axis=-1))


def test_sphere_silhouette() -> None:
    """A ball of radius 20 mm at 0.5 mm per pixel is a disc of radius 40 pixels: pi 40^2 = 5026.5. Half-covered
    border pixels count as covered, which adds about half a pixel of the rim: 2 pi 40 x 0.5 / 5026.5 = 2.5 %."""
    covered = is_coloured(drawn(sphere((0.0, 0.0, 0.0), 20.0, RED)))
    assert covered.sum() == pytest.approx(np.pi * 40.0**2, rel=0.025)
    rows, columns = np.nonzero(covered)
    # The centre lies between the two middle pixels; symmetric to well within one pixel.
    assert rows.mean() == pytest.approx(79.5, abs=0.1)
    assert columns.mean() == pytest.approx(99.5, abs=0.1)


@pytest.mark.parametrize(
    ("view", "centre", "side"),
    [
        (FRONT, (-20.0, 0.0, 0.0), "right"),  # the patient's left, seen from the front, is on the viewer's right
        (BACK, (-20.0, 0.0, 0.0), "left"),
        (LEFT, (0.0, 20.0, 0.0), "left"),  # seen from the patient's left the face looks to the viewer's left
        (RIGHT, (0.0, 20.0, 0.0), "right"),
    ],
)
def test_sides_of_the_views(view: object, centre: tuple[float, float, float], side: str) -> None:
    covered = is_coloured(drawn(sphere(centre, 6.0, RED), view=view))
    half = covered[:, :100] if side == "left" else covered[:, 100:]
    assert half.sum() == covered.sum() > 0


@pytest.mark.parametrize("view", [FRONT, BACK, LEFT, RIGHT])
def test_the_head_is_up(view: object) -> None:
    covered = is_coloured(drawn(sphere((0.0, 0.0, 20.0), 6.0, RED), view=view))
    assert covered[:80].sum() == covered.sum() > 0


def test_letters_agree_with_the_directions() -> None:
    sides = {"R": (1, 0, 0), "L": (-1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0), "S": (0, 0, 1), "I": (0, 0, -1)}
    for view in views(AXES):
        np.testing.assert_allclose(view.rightward, sides[view.letter_right], atol=1e-12)  # exact but for signed zeros
        np.testing.assert_allclose(-view.rightward, sides[view.letter_left], atol=1e-12)
        np.testing.assert_allclose(view.up, sides[view.letter_top], atol=1e-12)


def test_the_nearer_solid_hides_the_farther() -> None:
    both = (sphere((0.0, 20.0, 0.0), 5.0, RED), sphere((0.0, -20.0, 0.0), 5.0, GREEN))
    red, green, _ = drawn(*both)[80, 100]
    assert red > green == 0
    red, green, _ = drawn(*both, view=BACK)[80, 100]
    assert green > red == 0


def test_a_solid_shows_through_a_see_through_shell_and_not_the_other_way_round() -> None:
    inside = drawn(sphere((0.0, 0.0, 0.0), 5.0, RED), sphere((0.0, 0.0, 0.0), 20.0, GREEN, opacity=0.5))[80, 100]
    assert inside[0] > 60
    assert inside[1] > 60
    behind = drawn(sphere((0.0, 30.0, 0.0), 5.0, RED), sphere((0.0, 0.0, 0.0), 20.0, GREEN, opacity=0.5))[80, 100]
    assert behind[1] == 0


def test_normals_of_a_sphere_point_away_from_its_centre() -> None:
    """Area-weighted means over 10,242 vertices; the icosphere's facets bend 1-2 degrees: cosine above 0.999."""
    ball = sphere((0.0, 0.0, 0.0), 10.0, RED)
    cosine = (vertex_normals(ball) * ball.vertices_mm / 10.0).sum(axis=1)
    assert cosine.min() > 0.999


def test_pictures_repeat_byte_for_byte() -> None:
    scene = (sphere((3.0, 0.0, 0.0), 12.0, RED), sphere((0.0, 5.0, 2.0), 20.0, GREEN, opacity=0.4))
    assert drawn(*scene).tobytes() == drawn(*scene).tobytes()


def test_an_empty_scene_is_white_paper() -> None:
    assert (drawn() == 255).all()
