"""The rasteriser against solids whose silhouette is known in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy import Frame
from enbloc.scene import raster
from enbloc.scene.build import views
from enbloc.scene.nouns import Mesh, Scene
from enbloc.scene.raster import render, survey, vertex_normals

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


def rough(centre: tuple[float, float, float], radius: float, kind: str, opacity: float = 1.0) -> Mesh:
    """A ball of 80 faces."""
    import trimesh

    ball = trimesh.creation.icosphere(subdivisions=1, radius=radius)
    vertices = (ball.vertices + np.array(centre)).astype(np.float32)
    return Mesh(kind, kind, kind, (200, 90, 40), opacity, vertices, ball.faces.astype(np.int32))


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


Sample = tuple[float, float, int]
"""Depth, brightness and number of the mesh in front."""


def shown_at(x: int, y: int, seen: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]]) -> Sample | None:
    """What is in front at a sample, of meshes as (number, projected vertices, brightness, faces)."""
    best: Sample | None = None
    for number, screen, bright, faces in seen:
        for face in faces:
            a, b, c = screen[face]
            area = (b[0] - a[0]) * (c[1] - a[1]) - (c[0] - a[0]) * (b[1] - a[1])
            if area >= 0.0:
                continue
            u = ((b[0] - x) * (c[1] - y) - (c[0] - x) * (b[1] - y)) / area
            v = ((c[0] - x) * (a[1] - y) - (a[0] - x) * (c[1] - y)) / area
            weights = np.array([u, v, 1.0 - u - v])
            z = float(weights @ screen[face, 2])
            if weights.min() >= -1e-5 and (best is None or z > best[0]):
                best = (z, float(weights @ bright[face]), number)
    return best


def lined(sheet: dict[tuple[int, int], Sample], x: int, y: int, size: tuple[int, int]) -> bool:
    here = sheet[x, y]
    for nx, ny in ((x + 1, y), (x, y + 1), (x - 1, y), (x, y - 1)):
        if 0 <= nx < size[1] and 0 <= ny < size[0]:
            beside = sheet.get((nx, ny), (-np.inf, 0.0, -1))
            jump = here[0] - beside[0]
            if (beside[2] != here[2] and jump >= 0.0) or jump > raster.CREASE_MM:
                return True
    return False


def slow_picture(meshes: list[Mesh], width: int, height: int, mm_per_pixel: float) -> np.ndarray:
    """The rasteriser's twin: every face tried at every sample, sheets sorted at every sample."""
    size, scale = (2 * height, 2 * width), 2.0 / mm_per_pixel
    sheets: dict[str, dict[tuple[int, int], Sample]] = {}
    for kind in {"solid" if mesh.opacity == 1.0 else mesh.kind for mesh in meshes}:
        seen = [
            (n, raster._projected(mesh, FRONT, np.zeros(3), scale, size), raster._brightness(mesh, FRONT), mesh.faces)
            for n, mesh in enumerate(meshes)
            if ("solid" if mesh.opacity == 1.0 else mesh.kind) == kind
        ]
        places = ((x, y) for y in range(size[0]) for x in range(size[1]))
        sheets[kind] = {place: found for place in places if (found := shown_at(*place, seen)) is not None}
    image = np.full((*size, 3), 255.0)
    for y in range(size[0]):
        for x in range(size[1]):
            solid = sheets["solid"].get((x, y))
            wall = -np.inf if solid is None else solid[0]
            if solid is not None:
                dark = raster.SILHOUETTE if lined(sheets["solid"], x, y, size) else 1.0
                image[y, x] = np.array(meshes[solid[2]].colour) * solid[1] * dark
            over = [sheet for kind, sheet in sheets.items() if kind != "solid" and (x, y) in sheet]
            for sheet in sorted(over, key=lambda each: each[x, y][0]):
                depth, light, number = sheet[x, y]
                if depth <= wall + raster.TOUCHING_MM:
                    continue
                alpha = meshes[number].opacity
                if lined(sheet, x, y, size):
                    alpha, light = min(1.0, 1.6 * alpha), light * raster.SILHOUETTE
                image[y, x] = (1.0 - alpha) * image[y, x] + alpha * light * np.array(meshes[number].colour)
    return image.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))


def test_a_picture_agrees_with_its_slow_twin() -> None:
    """Two solids, two kinds that are seen through; one ball reaches beyond the picture's edge."""
    meshes = [
        rough((-4.0, 0.0, 0.0), 5.0, "tumour"),
        rough((3.0, 3.0, 1.0), 4.0, "no-go"),
        rough((0.0, 0.0, 0.0), 9.0, "vertebra", 0.5),
        rough((6.0, -3.0, 4.0), 6.0, "disc", 0.42),
    ]
    fast = render(Scene(tuple(meshes), (), AXES, "patient"), FRONT, 14, 11, np.zeros(3), 1.6)
    # Rounded to whole steps of grey, from single precision.
    np.testing.assert_allclose(fast, slow_picture(meshes, 14, 11, 1.6), atol=0.51)


def test_a_survey_reads_values_between_vertices() -> None:
    """Values that run straight across space are read at each pixel as space has them; its outline is its rim."""
    ball = rough((0.0, 0.0, 0.0), 8.0, "piece-anterior")
    to_the_right = (ball.vertices_mm @ FRONT.rightward).astype(np.float32)
    seen = survey(ball, (to_the_right, 3.0 - to_the_right), FRONT, (30, 40), np.zeros(3), 0.5)
    wanted = np.broadcast_to((np.arange(40) - 19.5) * 0.5, (30, 40))
    # Single precision of numbers up to 20; pixels of the rim lie up to 1e-5 of a face beyond it.
    np.testing.assert_allclose(seen.values[0][seen.covered], wanted[seen.covered], atol=1e-4)
    np.testing.assert_allclose(seen.values[1][seen.covered], 3.0 - wanted[seen.covered], atol=1e-4)
    beside = np.pad(seen.covered, 1, mode="edge")
    inner = beside[:-2, 1:-1] & beside[2:, 1:-1] & beside[1:-1, :-2] & beside[1:-1, 2:]
    assert np.array_equal(seen.outline, seen.covered & ~inner)


def test_normals_are_those_of_the_faces_around() -> None:
    ball = rough((1.0, 2.0, 3.0), 4.0, "tumour")
    sums = np.zeros(ball.vertices_mm.shape)
    for face in ball.faces:
        a, b, c = ball.vertices_mm[face].astype(np.float64)
        sums[face] += np.cross(b - a, c - a)
    wanted = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    np.testing.assert_allclose(vertex_normals(ball), wanted, atol=1e-12)  # another order of adding
