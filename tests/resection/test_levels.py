"""Which levels leave: phantoms of every type, and a column of blocks for what must not be planned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from enbloc.anatomy import Frame, Part, Spine, locate
from enbloc.case import StatedExtent
from enbloc.core.evidence import Skipped
from enbloc.core.levels import Level
from enbloc.phantom import TumourSpec
from enbloc.resection.levels import resected_levels
from enbloc.tumour import measure
from tumour.toy import ARCH, BODY, CANAL, Toy

FRAME = Frame((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
INSIDE = {"i": (24, 36), "j": (34, 46)}
"""Columns well within a body of the toy."""
Levels = tuple[Level, ...]


def modelled(toy: Toy) -> Spine:
    """The toy's vertebrae with frames, as anatomy gives whole ones."""
    spine = toy.spine()
    seen = tuple(replace(v, frame=FRAME, canal_centre_mm=(0.0, 0.0, 0.0)) for v in spine.vertebrae)
    return replace(spine, vertebrae=seen)


def answer(spine: Spine, planned: tuple[str, ...] | None = None) -> Levels | Skipped:
    extent = measure(spine, StatedExtent())
    wanted = None if planned is None else tuple(Level(name) for name in planned)
    return resected_levels(extent, spine, wanted, extent.tomita_type.value)


def reason(found: Levels | Skipped) -> str:
    assert isinstance(found, Skipped), found
    assert found.skipped.count(".") == 0  # one clause, without a full stop
    return found.skipped


@pytest.mark.parametrize(
    ("kind", "gives"),
    [
        (TumourSpec(type=1, level="T12"), ("T12",)),
        (TumourSpec(type=2, level="T12"), ("T12",)),
        (TumourSpec(type=3, level="T12"), ("T12",)),
        (TumourSpec(type=4, level="T12"), ("T12",)),
        (TumourSpec(type=5, level="T12"), ("T12",)),
        (TumourSpec(type=6, level="T12"), ("T12", "L1")),
        (TumourSpec(type=6, level="T12", variant="above"), ("T11", "T12")),
        (TumourSpec(type=7, level="T12"), "type 7"),
        (TumourSpec(type=None, level="T12", variant="canal"), "not in the bone"),
        (TumourSpec(type=None, level="T12", variant="paravertebral"), "not in the bone"),
    ],
    ids=lambda value: f"{value.type}-{value.kind}" if isinstance(value, TumourSpec) else "",
)
def test_types(phantom, kind, gives):
    levels = ("T10", "T11", "T12", "L1", "L2") if kind.type == 7 else ("T11", "T12", "L1")
    found = answer(locate(phantom(levels=levels, tumour=kind, spacing_mm=(1.5, 1.5, 1.5)).imaging))
    if isinstance(gives, str):
        assert gives in reason(found)
    else:
        assert found == gives


def test_a_body_alone():
    assert answer(modelled(Toy().paint("T12", **INSIDE))) == (Level.T12,)


def test_a_level_with_tumour_only_in_its_canal_stays():
    """T12's body and canal, and on through the canal of L1."""
    toy = Toy().paint("T12", (26, 34), (20, 46)).paint("L1", (26, 34), (20, 28), (0, 16))
    assert answer(modelled(toy)) == (Level.T12,)


def test_a_level_whose_bone_tumour_only_touches_stays():
    """Through the disc of T12, up to the endplate of L1 and a voxel into it."""
    toy = Toy().paint("T12", **INSIDE, k=(-4, 9)).paint("L1", **INSIDE, k=(11, 12))
    assert answer(modelled(toy)) == (Level.T12,)


def column(levels: tuple[str, ...], held: tuple[str, ...], all_of: tuple[str, ...] = ()) -> Spine:
    """A column with tumour inside the bodies of `held`, from endplate to endplate and through the discs of `all_of`."""
    toy = Toy(levels)
    for level in held:
        toy.paint(level, **INSIDE, k=(-4 if level in all_of else 0, 12))
    return modelled(toy)


def test_three_levels_and_not_four():
    levels = ("T10", "T11", "T12", "L1")
    assert answer(column(levels, levels[:3], levels[:2])) == levels[:3]
    assert "4 levels" in reason(answer(column(levels, levels, levels[:3])))


def test_what_lies_between_involved_levels_leaves_with_them():
    """One lesion beside the column from T10 to T12, in the bodies of these two and not in T11's."""
    toy = Toy(("T10", "T11", "T12"))
    toy.paint("T12", (30, 48), (34, 46), (0, 12)).paint("T10", (30, 48), (34, 46), (0, 12))
    toy.paint("T11", (41, 48), (34, 46), (-4, 16)).paint("T12", (41, 48), (34, 46), (0, 16))
    spine = modelled(toy)
    extent = measure(spine, StatedExtent())
    assert resected_levels(extent, spine, None, 6) == (Level.T10, Level.T11, Level.T12)


def test_planned_levels_hold_where_they_contain_the_tumour():
    spine = modelled(Toy().paint("T12", **INSIDE))
    assert answer(spine, ("T12",)) == ("T12",)
    assert answer(spine, ("L1", "T12")) == ("T12", "L1")
    assert answer(spine, ("T11", "T12", "L1")) == ("T11", "T12", "L1")


def test_planned_levels_that_leave_tumour_are_refused():
    spine = column(("T11", "T12", "L1"), ("T12", "L1"), ("T12",))
    assert answer(spine) == ("T12", "L1")
    text = reason(answer(spine, ("T12",)))
    assert "leave out L1" in text
    assert "leave out T12, L1" in reason(answer(spine, ("T11",)))


def test_planned_levels_must_be_a_piece_that_can_be_cut():
    spine = modelled(Toy(("T10", "T11", "T12", "L1")).paint("T12", **INSIDE))
    assert "T10 and T12 are no neighbours" in reason(answer(spine, ("T10", "T12")))
    assert "L2 is not labelled" in reason(answer(spine, ("T12", "L1", "L2")))
    assert "4 levels" in reason(answer(spine, ("T10", "T11", "T12", "L1")))


@pytest.mark.parametrize(("levels", "index"), [(("C6", "C7", "T1"), "C7"), (("L4", "L5", "S1"), "S1")])
def test_neck_and_sacrum_are_outside(levels, index):
    spine = modelled(Toy(levels).paint(index, **INSIDE))
    assert f"{index}: the operation is described for" in reason(answer(spine))


def test_no_mask():
    spine = modelled(Toy().paint("T12", **INSIDE))
    extent = measure(spine, StatedExtent())
    bare = replace(spine, tumour=np.zeros_like(spine.tumour))
    assert "no tumour mask" in reason(resected_levels(extent, bare, None, 1))
    assert "no tumour mask" in reason(resected_levels(replace(extent, basis="stated"), spine, None, 1))


def changed(spine: Spine, **changes: object) -> Spine:
    """`spine` with another T12."""
    seen = (replace(v, **changes) if v.level is Level.T12 else v for v in spine.vertebrae)
    return replace(spine, vertebrae=tuple(seen))


def test_open_ring():
    """Open although no tumour ate it: nothing tells where its sides are. Open for tumour: the estimate stands in."""
    spine = modelled(Toy().paint("T12", **INSIDE))
    assert "no closed ring" in reason(answer(changed(spine, canal_closed=False)))
    assert answer(changed(spine, canal_closed=False, estimated_mm3=900.0)) == ("T12",)
    assert "frame" in reason(answer(changed(spine, frame=None)))


def cut_off(where: tuple[slice, ...]) -> Spine:
    """The toy cut off by the image's edge at T12, which says so."""
    spine = modelled(Toy(("T11", "T12", "L1")).paint("T12", **INSIDE))
    crops = {name: getattr(spine, name)[where] for name in ("part", "owner", "estimated", "tumour", "no_go")}
    grid = replace(spine.grid, shape=crops["part"].shape)
    return changed(replace(spine, grid=grid, region=grid.box, **crops), cut_at_border=True)


ALL = slice(None)


@pytest.mark.parametrize(
    "where",
    [
        (ALL, ALL, slice(Toy().floor("T12") + 5, None)),
        (slice(None, BODY[0].stop - 5), ALL, ALL),
        (slice(CANAL[0].start - 3, None), ALL, ALL),
    ],
    ids=["half a body", "a side of the body", "through the left pedicle"],
)
def test_half_a_vertebra_at_the_border(where):
    spine = cut_off(where)
    assert "cut off by the edge" in reason(answer(spine))


def test_a_spinous_process_at_the_border_does_not_matter():
    (columns, part) = ARCH[0]
    assert part is Part.SPINOUS
    spine = cut_off((ALL, slice(columns[1].start + 4, None), ALL))
    assert answer(spine) == ("T12",)


def test_a_body_that_grazes_the_border_is_whole():
    """3 of 20 columns of the front, 12 high, stand on the edge: 36 mm2; a mean section is 4800^(2/3) = 285 mm2."""
    spine = cut_off((ALL, slice(None, BODY[1].stop), ALL))
    kept = spine.part[:, -1] != Part.BODY
    kept[28:31] = True
    spine.part[:, -1][~kept] = 0
    spine.owner[:, -1][~kept] = 0
    assert answer(spine) == ("T12",)
