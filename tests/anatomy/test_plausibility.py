"""Labels with one thing wrong: what cannot be is refused, what is odd is said, nothing is repaired."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from anatomy.labelled import relabelled, swapped, value
from enbloc.anatomy import Part, locate
from enbloc.core.errors import LabelError
from enbloc.core.geometry import Box
from enbloc.core.levels import Level
from enbloc.core.volume import Imaging, LabelMap

FIVE = ("T10", "T11", "T12", "L1", "L2")


@pytest.fixture(scope="module")
def column(phantom):
    return phantom(levels=FIVE, tumour=None, spacing_mm=(1.5, 1.5, 1.5))


def column_ids(spine) -> set[str]:
    return {caveat.id for caveat in spine.caveats}


def ids(spine, level: str) -> set[str]:
    return {caveat.id for caveat in spine.vertebra(Level(level)).caveats}


def cropped(imaging: Imaging, box: Box) -> Imaging:
    labels = imaging.labels[0]
    grid = imaging.grid.crop(box)
    return replace(
        imaging, grid=grid, labels=(LabelMap(labels.values[box.slices], grid, labels.structures),), tumour=None
    )


def test_a_sound_column_raises_no_doubt(column):
    spine = locate(relabelled(column, column.labels.values))
    assert spine.levels == FIVE
    assert spine.caveats == ()
    assert all(vertebra.caveats == () for vertebra in spine.vertebrae)


def test_volumes_are_the_labels_voxels(column):
    """Nothing is repaired: what is reported is what was labelled. 1e-9: one multiplication."""
    spine = locate(relabelled(column, column.labels.values))
    for level in FIVE:
        voxels = np.count_nonzero(column.labels.values == value(column, level))
        assert spine.vertebra(Level(level)).volume_mm3 == pytest.approx(voxels * 1.5**3, rel=1e-9)


def test_two_vertebrae_under_one_label(column):
    """T12 and T11 both called T12: more than 1.7 times its neighbours, and T11 is missing."""
    spine = locate(swapped(column, {"T11": "T12"}))
    assert "merged-vertebrae" in ids(spine, "T12")
    assert "level-missing" in column_ids(spine)
    assert not ids(spine, "L2") & {"merged-vertebrae", "label-fragments"}


def test_one_vertebra_under_two_labels(column):
    """The left half of T12's voxels called L1, whole of it kept there: T12 is small."""
    values = column.labels.values.copy()
    index = np.argwhere(values == value(column, "T12"))
    left = index[index[:, 2] < np.median(index[:, 2])]
    values[tuple(left.T)] = value(column, "L1")
    spine = locate(relabelled(column, values))
    assert "small-vertebra" in ids(spine, "T12")


def test_a_second_piece_far_off(column):
    """A block of another vertebra's bone carries T11's number."""
    values = column.labels.values.copy()
    index = np.argwhere(values == value(column, "L2"))
    lowest = index[index[:, 2] < np.quantile(index[:, 2], 0.3)]
    values[tuple(lowest.T)] = value(column, "T11")
    spine = locate(relabelled(column, values))
    assert "label-fragments" in ids(spine, "T11")
    assert "label-fragments" not in ids(spine, "T12")


def test_a_few_stray_voxels_are_no_fragment(column):
    values = column.labels.values.copy()
    values[2:4, 2:4, 2:4] = value(column, "T11")
    assert "label-fragments" not in ids(locate(relabelled(column, values)), "T11")


def test_a_level_left_out_of_the_labels(column):
    """The bone is there, its label is not."""
    values = np.where(column.labels.values == value(column, "T12"), 0, column.labels.values)
    spine = locate(relabelled(column, values.astype(np.uint8)))
    assert spine.levels == ("T10", "T11", "L1", "L2")
    told = next(caveat for caveat in spine.caveats if caveat.id == "level-missing")
    assert "T12" in told.text


def test_a_name_that_was_skipped_shows_in_the_spacing(column):
    """T11's bone unlabelled and the upper one renamed, so that the names follow but the distance is two segments."""
    values = column.labels.values.copy()
    values[values == value(column, "T11")] = 0
    values[values == value(column, "T10")] = value(column, "T11")
    spine = locate(relabelled(column, values))
    assert spine.levels == ("T11", "T12", "L1", "L2")
    told = [caveat.text for caveat in spine.caveats if caveat.id == "level-spacing"]
    assert len(told) == 1
    assert "T11 and T12" in told[0]


def test_reversed_order_is_refused(column):
    upside_down = dict(zip(FIVE, reversed(FIVE), strict=True))
    with pytest.raises(LabelError, match="reversed"):
        locate(swapped(column, upside_down))


@pytest.mark.parametrize(
    "names",
    [
        {"T11": "T12", "T12": "T11"},
        {"T10": "T12", "T12": "T10"},
        {"T11": "L1", "L1": "T11"},
        {"L1": "L2", "L2": "L1"},
    ],
    ids=str,
)
def test_shuffled_order_is_refused(column, names):
    with pytest.raises(LabelError, match="do not follow one another"):
        locate(swapped(column, names))


def test_no_vertebra_is_refused(column):
    empty = relabelled(column, np.zeros_like(column.labels.values))
    with pytest.raises(LabelError, match="no vertebra is labelled"):
        locate(empty)


def test_bodies_alone_are_refused(phantom):
    bodies = phantom(levels=FIVE, tumour=None, spacing_mm=(2.0, 2.0, 2.0), scheme="totalsegmentator-vertebrae-body")
    with pytest.raises(LabelError, match="no label map holds whole vertebrae"):
        locate(replace(bodies.imaging, tumour=None))


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_bone_at_the_edge_of_the_image(column, axis):
    """Cut through the middle of the region of T10: left half, back half, upper half lost."""
    whole = relabelled(column, column.labels.values)
    index = np.argwhere(column.labels.values == value(column, "T10"))
    low, high = [0, 0, 0], list(column.grid.shape)
    if axis == 2:
        high[2] = int(index[:, 2].max()) - 2
    else:
        low[axis] = int(np.quantile(index[:, axis], 0.02))
    spine = locate(cropped(whole, Box(tuple(low), tuple(high))))
    assert spine.vertebra(Level("T10")).cut_at_border
    told = next(caveat for caveat in spine.caveats if caveat.id == "cut-at-border")
    assert "T10" in told.text
    if axis == 2:
        assert not spine.vertebra(Level("L1")).cut_at_border


def test_one_vertebra_in_view(column):
    """Frame and parts need no neighbours."""
    values = np.where(column.labels.values == value(column, "T12"), column.labels.values, 0).astype(np.uint8)
    spine = locate(relabelled(column, values))
    assert spine.levels == ("T12",)
    vertebra = spine.vertebra(Level("T12"))
    true = column.truth.frame("T12")
    assert vertebra.frame_basis == "own-bone"
    # A voxel of 1.5 mm and 1 mm, as for vertebrae with neighbours.
    assert np.linalg.norm(np.subtract(vertebra.frame.origin_mm, true.origin_mm)) < 2.5
    assert {int(part) for part in np.unique(spine.part)} >= {Part.BODY, Part.PEDICLE_LEFT, Part.SPINOUS, Part.CANAL}
    assert not (spine.part == Part.DISC).any()


def test_a_vertebra_without_its_arch_borrows_its_frame(column):
    """Only the body of T12 is labelled: no ring, so the frame is taken from T11 and L1."""
    values = column.labels.values.copy()
    arch = (column.voxels.part > Part.BODY) & (column.voxels.part <= Part.ARTICULAR_RIGHT)
    values[(values == value(column, "T12")) & arch] = 0
    spine = locate(relabelled(column, values))
    vertebra = spine.vertebra(Level("T12"))
    true = column.truth.frame("T12")
    assert vertebra.frame_basis == "neighbours"
    assert not vertebra.canal_closed
    assert (vertebra.canal_width_mm, vertebra.canal_depth_mm) == (None, None)
    assert "frame-from-neighbours" in ids(spine, "T12")
    # Halfway between two neighbours: segments differ by some 2 mm from one to the next, and a voxel of 1.5 mm.
    assert np.linalg.norm(np.subtract(vertebra.frame.origin_mm, true.origin_mm)) < 4.0
    mine = (spine.owner == spine.levels.index("T12") + 1) & (spine.part > 0) & (spine.part <= Part.ARTICULAR_RIGHT)
    assert (spine.part[mine] == Part.BODY).mean() > 0.95


def test_no_arch_anywhere_is_refused(column):
    """Bodies under the names of whole vertebrae."""
    arch = (column.voxels.part > Part.BODY) & (column.voxels.part <= Part.ARTICULAR_RIGHT)
    values = np.where(arch, 0, column.labels.values).astype(np.uint8)
    with pytest.raises(LabelError, match="no labelled vertebra shows a closed canal"):
        locate(relabelled(column, values))
