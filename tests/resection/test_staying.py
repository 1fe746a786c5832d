"""What stays beside a piece that leaves, counted by hand on vertebrae of blocks; and the courses of roots and rod."""

from __future__ import annotations

import numpy as np
import pytest

from enbloc.anatomy import Frame, Numbering, Spine, Vertebra
from enbloc.core.geometry import Affine, Box
from enbloc.core.levels import Level
from enbloc.core.volume import Grid
from enbloc.resection.staying import Site, rib_goes_mm, rib_left, rod, roots, site_of, tips_off
from resection.column_with_ribs import COLUMN, SHAPE, column

MIDDLE = 29.5
"""Of the column, along i."""


@pytest.fixture(scope="module")
def site() -> Site:
    field = column()
    grid, box = Grid(SHAPE, Affine(np.eye(4))), Box((0, 0, 0), SHAPE)
    none = np.zeros(SHAPE, bool)
    vertebrae = tuple(
        Vertebra(
            level, Numbering("label-map", ()), Frame((0.0,) * 3, (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
            "own-bone", box, 1.0, 0.0, False, (MIDDLE, 25.0, 35.0), None, None, True, (),
        )
        for level in COLUMN
    )  # fmt: skip
    return site_of(Spine(grid, box, vertebrae, field.part, field.owner, none, none, none, "canal", (), ()), (Level.T8,))


def test_tips_of_the_level_above_go_up_to_the_top_of_the_facets(site: Site) -> None:
    """T7's inferior processes reach down to k 45, T8's superior ones up to k 47: 6 x 3 x 3 voxels on either side."""
    part, owner = site.spine.part, site.spine.owner
    t7 = np.where(owner == 1, part, 0)
    gone = tips_off(site, Level.T7, site.spine.grid.affine, t7)
    assert int(gone.sum()) == 2 * 6 * 3 * 3
    assert np.argwhere(gone)[:, 2].max() == 47
    assert not tips_off(site, Level.T9, site.spine.grid.affine, np.where(owner == 3, part, 0)).any()


def test_ribs_go_as_far_as_they_are_cut(site: Site) -> None:
    """The transverse process ends 25.5 mm beside the middle (i 4). The level's own rib is cut 30 mm beyond that, past
    its end; the head of the next goes up to there: columns i 0 to 4 of its shaft stay, 4 x 6 voxels each.
    """
    ribs = column().ribs
    assert rib_goes_mm(site, "rib-left-8") == pytest.approx(55.5)
    left = {name: rib_left(site, name, site.spine.grid.affine, mask) for name, mask in ribs.items()}
    assert not left["rib-left-8"].any()
    assert int(left["rib-left-9"].sum()) == int(left["rib-right-9"].sum()) == 5 * 4 * 6
    assert np.array_equal(left["rib-left-7"], ribs["rib-left-7"])


def test_roots_start_below_their_pedicles_and_leave_to_their_sides(site: Site) -> None:
    """Pedicles stand on their level's floor, i 20 to 23. A root passes 3 mm below, then 25 mm out, 30 degrees down."""
    found = {root.name: course for root, course in roots(site)}
    assert set(found) == {f"{level}-{side}-root" for level in ("T7", "T8") for side in ("left", "right")}
    at_sac, below, end = np.array(found["T8-left-root"].corners_mm)
    assert at_sac == pytest.approx((0.5 * (21.5 + MIDDLE), 25.5, 30.0))
    assert below == pytest.approx((21.5, 25.5, 27.0))
    assert end == pytest.approx((21.5 - 25.0 * np.cos(np.pi / 6), 25.5, 27.0 - 12.5))
    mirrored = np.array(found["T8-right-root"].corners_mm)
    assert mirrored[:, 0] == pytest.approx(2 * MIDDLE - np.array([at_sac[0], below[0], end[0]]))


def test_the_rod_runs_behind_the_pedicles_above_and_below(site: Site) -> None:
    course = rod(site, "right")
    assert course is not None
    corners = np.array(course.corners_mm)
    assert corners[:, 0] == pytest.approx((37.5, 37.5))  # the middle of i 36 to 39
    assert corners[:, 1] == pytest.approx((5.5, 5.5))  # 20 mm behind the pedicles' middle
    assert sorted(corners[:, 2]) == pytest.approx((16.5 - 15.0, 56.5 + 15.0))  # 15 mm beyond either
