"""What holds a piece: a column of blocks with joints counted by hand, and a phantom whose joints come from shapes."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from enbloc.anatomy import BONE_PARTS, locate
from enbloc.core.levels import Level
from enbloc.knowledge import joint_gap_mm
from enbloc.phantom import PhantomSpec, TumourSpec, make_phantom
from enbloc.resection.attachments import attachments, left_uncut
from enbloc.resection.field import OperativeField
from enbloc.resection.holding import still_attached
from enbloc.resection.lay import operative_field
from enbloc.resection.nouns import Cut, Gate, Pieces
from enbloc.resection.pieces import pieces_of, sawn
from enbloc.resection.release_nouns import Attachment, Holding, Release
from enbloc.resection.releases import releases, unexplained
from enbloc.resection.settings import ResectionSettings
from resection.column_with_ribs import across_left_lamina, across_pedicle, column, cut, through_disc, usual_cuts

SIDES = ("left", "right")
BLOCK, ARCH = "anterior-block", "posterior-arch"
T8_LIST = (
    *(f"T8-rib-{side}" for side in SIDES),
    *(f"T8-pleura-{side}" for side in SIDES),
    *(f"T7-T8-facet-tip-{side}" for side in SIDES),
    *(f"{pair}-facet-{side}" for pair in ("T7-T8", "T8-T9") for side in SIDES),
    *(f"{pair}-flavum-{side}" for pair in ("T7-T8", "T8-T9") for side in SIDES),
    *(f"{pair}-interspinous" for pair in ("T7-T8", "T8-T9")),
    *(f"{pair}-ligament-{side}" for pair in ("T7-rib-8", "T8-rib-9") for side in SIDES),
    *(f"T8-costotransverse-{side}" for side in SIDES),
    *(f"T8-root-thoracic-{side}" for side in SIDES),
    *(f"T8-rib-9-head-{side}" for side in SIDES),
    *(f"T7-rib-8-head-{side}" for side in SIDES),
    *(f"T8-segmental-artery-{side}" for side in SIDES),
    "T8-aorta",
    *(f"{pair}-anterior-ligament" for pair in ("T7-T8", "T8-T9")),
    *(f"{pair}-posterior-ligament" for pair in ("T7-T8", "T8-T9")),
    "T8-cranial",
    "T8-caudal",
)
"""Everything that holds T8 between T7 and T9, written down from anatomy in the order of the operation."""
RING = ("T8-left", "T8-right")


def held(field: OperativeField, cuts: tuple[Cut, ...]) -> Holding:
    return attachments(field, cuts, *pieces_of(field, cuts))


@cache
def usual() -> tuple[Holding, tuple[Release, ...]]:
    holding = held(column(), usual_cuts())
    return holding, releases((Level.T8,), holding)


def named(found: tuple[Release, ...]) -> dict[str, Release]:
    return {release.name: release for release in found}


def link(holding: Holding, name: str) -> Attachment:
    return next(each for each in holding.attachments if each.name == name)


def test_the_list_is_complete_and_in_order():
    found = usual()[1]
    assert tuple(release.name for release in found) == T8_LIST
    assert [release.order for release in found] == list(range(1, len(T8_LIST) + 1))


def test_nothing_holds_once_all_is_freed():
    assert still_attached(usual()[0], {*T8_LIST, *RING}) == ()


@pytest.mark.parametrize("left_out", [*T8_LIST, *RING])
def test_any_one_left_out_still_holds(left_out: str):
    assert still_attached(usual()[0], {*T8_LIST, *RING} - {left_out}) == (left_out,)


def test_gaps_are_those_of_the_blocks():
    """Between the centres of voxels less one step; sqrt(3² + 2²) - 1 from the head to the body above."""
    holding = usual()[0]
    for name, gap_mm in (
        ("T7-T8-facet-left", 1.0),
        ("T8-T9-facet-right", 1.0),
        ("T8-costotransverse-left", 2.0),
        ("T8-costovertebral-right", 2.0),
        ("T7-rib-8-head-left", 13.0**0.5 - 1.0),
    ):
        found = link(holding, name)
        assert found.gap_mm == pytest.approx(gap_mm, abs=1e-9)  # exact but for rounding
        assert found.basis == "labelled"


def test_tips_are_seen_where_they_lie_behind():
    found = named(usual()[1])
    assert {found[f"T7-T8-facet-tip-{side}"].basis for side in SIDES} == {"labelled"}


def test_places_are_at_the_joints():
    """Within the blocks that meet: x of the processes i 14-19, y between j 16 and 18, z of the overlap k 45-47."""
    x, y, z = link(usual()[0], "T7-T8-facet-left").point_mm
    assert (14.0 <= x <= 19.0, 16.0 <= y <= 18.0, 44.0 <= z <= 48.0) == (True, True, True)
    x, y, z = named(usual()[1])["T8-rib-right"].point_mm
    assert (x > 55.0, 23.0 <= y <= 26.0, 34.0 <= z <= 39.0) == (True, True, True)  # past the transverse process
    assert named(usual()[1])["T8-root-thoracic-left"].point_mm[2] == 30.0  # below the pedicle


def test_who_is_freed_and_who_keeps_the_stump():
    found = named(usual()[1])
    assert found["T7-T8-facet-left"].frees == (ARCH,)
    assert found["T8-cranial"].frees == (BLOCK,)
    assert set(found["T8-costotransverse-left"].frees) == {BLOCK, ARCH}
    assert {found[f"T8-rib-{side}"].keeps for side in SIDES} == {BLOCK}
    assert "anterior-block keeps the stump" in found["T8-rib-left"].says


def test_a_cut_across_the_lamina_leaves_the_joints_with_the_block():
    """Processes of the left go with the body: both joints of rib 8 are then its own and none is opened."""
    holding = held(column(), usual_cuts(across_left_lamina()))
    found = named(releases((Level.T8,), holding))
    assert set(T8_LIST) - set(found) == {"T8-costotransverse-left"}
    assert found["T7-T8-facet-left"].frees == (BLOCK,)
    assert found["T7-T8-facet-right"].frees == (ARCH,)
    assert still_attached(holding, {*found, *RING}) == ()
    assert still_attached(holding, {*found, *RING} - {"T8-rib-left"}) == ("T8-rib-left",)


def test_the_joint_next_to_tumour_stays_whole():
    """Tumour up to the transverse process: the stump leaves with the arch and is freed from the body."""
    field = column()
    field.tumour_mm[:] = np.abs(np.arange(56, dtype=np.float32) - 19.0)[None, :, None]
    holding = held(field, usual_cuts())
    found = named(releases((Level.T8,), holding))
    assert {f"T8-costovertebral-{side}" for side in SIDES} <= set(found)
    assert not {f"T8-costotransverse-{side}" for side in SIDES} & set(found)
    assert found["T8-rib-left"].keeps == ARCH
    assert still_attached(holding, {*found, *RING}) == ()


def test_ribs_without_labels_are_inferred_and_marked():
    holding = held(column(ribs=False), usual_cuts())
    found = named(releases((Level.T8,), holding))
    assert tuple(found) == T8_LIST
    ribs = [release for name, release in found.items() if "rib" in name or "costo" in name]
    assert {release.basis for release in ribs} == {"inferred"}
    assert all("rib-not-labelled" in [caveat.id for caveat in release.caveats] for release in ribs)
    assert found["T7-T8-facet-left"].basis == "labelled"
    assert found["T7-T8-flavum-left"].basis == "by-level"


def test_no_neighbour_in_view_is_said():
    names = (Level.T3, Level.T8, Level.T9)  # what stands above is not T7
    holding = held(column(names=names, ribs=False), (*usual_cuts()[:2], through_disc(Gate.CAUDAL)))
    found = named(releases((Level.T8,), holding))
    above = found["T7-T8-facet-left"]
    assert above.basis == "by-level"
    assert [caveat.id for caveat in above.caveats] == ["neighbour-not-in-view"]
    assert "T7-T8-disc" in found
    assert found["T8-T9-facet-left"].caveats == ()


@pytest.mark.parametrize(
    ("names", "has", "has_not"),
    [
        ((Level.C7, Level.T1, Level.T2), "T1-root-hand-left", "T1-segmental-artery-left"),
        ((Level.T3, Level.T4, Level.T5), "T4-segmental-artery-high-left", "T4-aorta"),
        ((Level.T9, Level.T10, Level.T11), "T9-rib-10-head-left", "T10-psoas-left"),
        ((Level.T10, Level.T11, Level.T12), "T11-costotransverse-tissue-left", "T11-costotransverse-left"),
        ((Level.T12, Level.L1, Level.L2), "L1-diaphragm-right", "L1-rib-left"),
        ((Level.L2, Level.L3, Level.L4), "L3-root-lower-lumbar-left", "L3-diaphragm-left"),
    ],
    ids=lambda value: str(value) if isinstance(value, str) else value[1],
)
def test_levels_have_their_own_rows(names, has, has_not):
    level = names[1]
    cuts = (
        across_pedicle(Gate.LEFT, level=level),
        across_pedicle(Gate.RIGHT, level=level),
        through_disc(Gate.CRANIAL, level),
        through_disc(Gate.CAUDAL, level),
    )
    holding = held(column((level,), names, ribs=level.region == "thoracic" and names[0] is not Level.C7), cuts)
    found = named(releases((level,), holding))
    assert has in found
    assert has_not not in found
    assert still_attached(holding, {*found, *(each.name for each in cuts)}) == ()


def test_kept_roots_hold_nothing_and_are_told():
    names = (Level.L2, Level.L3, Level.L4)
    cuts = (across_pedicle(Gate.LEFT, level=Level.L3), across_pedicle(Gate.RIGHT, level=Level.L3))
    found = named(releases((Level.L3,), held(column((Level.L3,), names, ribs=False), cuts)))
    root = found["L3-root-lower-lumbar-right"]
    assert (root.action, root.frees, root.source) == ("keep", (), "l2root2019")
    assert any("no table of roots" in caveat.text for caveat in root.caveats)


def test_bone_that_no_cut_parts_is_not_explained_away():
    """A cranial plane 4 mm up in T7 frees the slice of its body below, which the pedicles of T7 still hold: twice
    4 x 4 mm of bone at j 29 | 30.
    """
    corners = ((19.5, 29.5, 53.5), (39.5, 29.5, 53.5), (39.5, 49.5, 53.5), (19.5, 49.5, 53.5))
    high = cut(Gate.CRANIAL, corners[0], (0.0, 0.0, -1.0), corners)
    cuts = (*usual_cuts()[:2], high, through_disc(Gate.CAUDAL))
    holding = held(column(), cuts)
    done = {release.name for release in releases((Level.T8,), holding)} | {each.name for each in cuts}
    assert still_attached(holding, done) == ("T7-uncut-bone",)
    assert [caveat.text for caveat in unexplained(holding, done)] == [
        "32 mm² of bone of T7 join T7 and anterior-block uncut"
    ]
    made = sawn(column(), cuts)
    assert list(left_uncut(column(), made.cut_links, made.pieces, made.label)) == list(unexplained(holding, done))


def test_two_levels_hold_each_other_by_their_arches():
    """T7 and T8 leave: their arches are two pieces, parted at facets and ligaments; rib 8 frees T7's arch too."""
    levels = (Level.T7, Level.T8)
    ring = [across_pedicle(gate, floor, level) for level, floor in ((Level.T7, 50), (Level.T8, 30))
            for gate in (Gate.LEFT, Gate.RIGHT)]  # fmt: skip
    cuts = (*ring, through_disc(Gate.CAUDAL))
    holding = held(column(levels), cuts)
    found = named(releases(levels, holding))
    assert set(found["T7-T8-facet-left"].frees) == {f"{ARCH}-T7", f"{ARCH}-T8"}
    assert "T7-T8-facet-tip-left" not in found
    assert "T7-rib-8-head-left" not in found  # the stump and both bodies leave together
    done = {*found, *(each.name for each in cuts)}
    assert still_attached(holding, done) == ()
    for name in done:
        assert still_attached(holding, done - {name}) == (name,)


def test_a_rib_out_of_its_place_is_not_explained():
    field = column()
    ribs = {**field.ribs, "rib-left-12": field.ribs["rib-left-8"], "rib-left-8": np.zeros_like(field.owner, bool)}
    holding = held(OperativeField(**{name: getattr(field, name) for name in field.__slots__} | {"ribs": ribs}),
                   usual_cuts())  # fmt: skip
    left = still_attached(holding, {release.name for release in releases((Level.T8,), holding)} | set(RING))
    assert left == ("T8-rib-left-12-contact",)


def joined(holding: Holding, done: set[str]) -> bool:
    """The slow twin: whether a piece shares a component with another piece or with anything that stays."""
    left = [each for each in holding.attachments if each.kept or each.name not in done]
    nodes = {*holding.pieces, *holding.stumps, "patient"}
    order = {name: n for n, name in enumerate(sorted(nodes))}
    ends = [[order.get(end, order["patient"]) for end in each.between] for each in left]
    rows, columns = np.array(ends).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(len(order), len(order)))
    _, part = connected_components(graph, directed=False)
    taken = [part[order[name]] for name in (*holding.pieces, "patient")]
    return len(set(taken)) < len(taken)


def test_agrees_with_components_for_any_choice_of_releases():
    holding, _ = usual()
    chance = np.random.default_rng(6)
    names = np.array([*T8_LIST, *RING])
    for _ in range(200):
        done = {str(name) for name in chance.permutation(names)[: chance.integers(len(names) - 4, len(names) + 1)]}
        assert bool(still_attached(holding, done)) == joined(holding, done)


def planned(spec: PhantomSpec, level: Level) -> tuple[OperativeField, tuple[Cut, ...], Pieces, Holding]:
    """A phantom cut by hand: both pedicles 2 mm before the middle of the canal, and half way to its neighbours."""
    phantom = make_phantom(spec)
    spine = locate(phantom.imaging)
    field = operative_field(spine, phantom.imaging, (level,), ResectionSettings(step_mm=1.0))
    x, y, z = field.canal_centre_mm[level]
    world = field.frame.to_world

    def plane(gate: Gate, corners) -> Cut:
        normal = {Gate.CRANIAL: (0.0, 0.0, -1.0), Gate.CAUDAL: (0.0, 0.0, 1.0)}.get(gate, (0.0, 1.0, 0.0))
        outline = tuple(tuple(point) for point in world(np.array(corners)).tolist())
        return cut(gate, outline[0], tuple((np.array(normal) @ field.frame.axes).tolist()), outline, level=level)

    bodies = {each: field.places(np.argwhere((field.owner == field.number(each)) & (field.part == 1)))[:, 2]
              for each in field.column}  # fmt: skip
    above, below = field.column[0], field.column[2]
    top = 0.5 * (bodies[level].max() + bodies[above].min())
    bottom = 0.5 * (bodies[level].min() + bodies[below].max())
    assert bottom < z < top
    ring = [
        plane(gate, [(a, y + 2.0, bottom), (b, y + 2.0, bottom), (b, y + 2.0, top), (a, y + 2.0, top)])
        for gate, a, b in ((Gate.LEFT, x - 60.0, x), (Gate.RIGHT, x, x + 60.0))
    ]
    column_cuts = [
        plane(gate, [(x - 30.0, y, h), (x + 30.0, y, h), (x + 30.0, y + 60.0, h), (x - 30.0, y + 60.0, h)])
        for gate, h in ((Gate.CRANIAL, top), (Gate.CAUDAL, bottom))
    ]
    cuts = (*ring, *column_cuts)
    pieces, drawing = pieces_of(field, cuts)
    return field, cuts, drawing, attachments(field, cuts, pieces, drawing)


PHANTOM = PhantomSpec(levels=("T7", "T8", "T9"), tumour=TumourSpec(type=1, level="T8"))


@cache
def phantom_held() -> tuple[OperativeField, tuple[Cut, ...], Pieces, Holding]:
    return planned(PHANTOM, Level.T8)


def test_a_phantom_shows_the_joints_that_its_shapes_make():
    """Shapes put facets a cartilage's width apart, heads of ribs at the upper edge of their bodies (and so beside the
    disc above), tubercles before the transverse processes: all of these within the joints' gap.
    """
    holding = phantom_held()[3]
    for side in SIDES:
        for name in ("T7-T8-facet", "T8-T9-facet", "T8-costotransverse", "T8-costovertebral", "T7-rib-8-head",
                     "T8-rib-9-head"):  # fmt: skip
            assert link(holding, f"{name}-{side}").basis == "labelled", name


def test_a_phantom_comes_free_by_the_whole_list_only():
    _, cuts, _, holding = phantom_held()
    found = releases((Level.T8,), holding)
    done = {*(release.name for release in found), *(each.name for each in cuts)}
    assert set(T8_LIST) <= done
    assert still_attached(holding, done) == ()
    for name in done:
        assert still_attached(holding, done - {name}) == (name,)


def test_whatever_touches_a_piece_of_a_phantom_is_among_the_links():
    """Every pair of labels within the joints' gap of each other, searched without regard to parts or joints."""
    field, _, drawing, holding = phantom_held()
    linked = {frozenset(each.between) for each in holding.attachments}
    bone = np.isin(field.part, BONE_PARTS)
    stays = {level: np.argwhere(bone & (field.owner == field.number(level)) & (drawing.label == 0))
             for level in (Level.T7, Level.T9)}  # fmt: skip
    stays |= {f"{name}-stump" if name.endswith("-8") else name: np.argwhere(mask) for name, mask in field.ribs.items()}
    reach = joint_gap_mm() / field.step_mm + 1.0
    touching = 0
    for number, piece in enumerate(holding.pieces, start=1):
        tree = cKDTree(np.argwhere(bone & (drawing.label == number)))
        for name, voxels in stays.items():
            if np.isfinite(tree.query(voxels, distance_upper_bound=reach)[0]).any():
                touching += 1
                assert frozenset((piece, str(name))) in linked, (piece, name)
    assert touching >= 8  # both pieces, two neighbours, four ribs
